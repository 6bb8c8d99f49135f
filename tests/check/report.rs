//! What a run tells beside verdicts: premises, errors, census, progress.

use std::sync::atomic::{AtomicBool, Ordering};

use everynode::check::{
    Bounded, CheckError, Claim, Ending, Plain, Premise, Successors, Verdict, census, check, stock,
};
use stateright::Model;

use crate::toys::{Counters, Forgetful, Graph, Manager, Transaction, TwoPhase};
use crate::{CONSISTENT, GRAPH_CLAIMS, options, run};

#[test]
fn a_premise_that_is_never_true_is_told() {
    let model = TwoPhase {
        managers: 3,
        hasty: None,
    };
    let committed = |_: &TwoPhase, state: &Transaction| state.decision == Some(Manager::Committed);
    let undecided = |_: &TwoPhase, state: &Transaction| state.decision == Some(Manager::Working);
    let claims = [
        Claim::invariant_given(
            "told",
            "after a commit all had promised",
            committed,
            |_, state| state.promised.iter().all(|promised| *promised),
        ),
        Claim::invariant_given("vacuous", "no such decision", undecided, |_, _| false),
        Claim::step_given(
            "vacuous step",
            "no step back",
            |_, before, _, after: &Transaction| {
                before == after && after.decision == Some(Manager::Working)
            },
            |_, _, _, _| false,
        ),
        Claim::step_given(
            "kept",
            "a decision is kept",
            |_, before: &Transaction, _, _| before.decision.is_some(),
            |_, before: &Transaction, _, after: &Transaction| before.decision == after.decision,
        ),
        CONSISTENT,
    ];
    let outcome = run(&model, &claims);
    let told: Vec<_> = outcome
        .answers
        .iter()
        .map(|answer| (answer.premise, answer.is_vacuous()))
        .collect();
    let (reached, never) = ((Premise::Reached, false), (Premise::NeverReached, true));
    assert_eq!(
        told,
        [reached, never, never, reached, (Premise::Unstated, false)]
    );
    assert!(
        outcome
            .answers
            .iter()
            .all(|answer| answer.verdict == Verdict::Holds)
    );
    assert_eq!(
        outcome.actions.keys().copied().collect::<Vec<_>>(),
        ["become", "decide", "learn"]
    );
}

#[test]
fn a_model_that_is_not_a_function_of_its_state_is_an_error() {
    let error = check(&Forgetful::default(), &[], &options(2), &mut |_| ()).unwrap_err();
    assert_eq!(
        error,
        CheckError::NotAFunction {
            state: 0,
            level: 0,
            first: 1,
            second: 1,
            action: 0
        }
    );
}

#[test]
fn a_trace_that_cannot_be_replayed_is_an_error() {
    /// Leads to 2 from 1, but only once.
    struct Once(AtomicBool);
    impl Model for Once {
        type State = u8;
        type Action = ();
        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }
        fn actions(&self, state: &u8, actions: &mut Vec<()>) {
            actions.extend((*state < 2).then_some(()));
        }
        fn next_state(&self, state: &u8, (): ()) -> Option<u8> {
            Some(if *state == 1 && self.0.swap(true, Ordering::Relaxed) {
                3
            } else {
                state + 1
            })
        }
    }
    let claim = Claim::invariant("not-two", "never two", |_: &Plain<Once>, state| *state != 2);
    let error = check(
        &Plain(Once(AtomicBool::new(false))),
        &[claim],
        &options(1),
        &mut |_| (),
    )
    .unwrap_err();
    assert_eq!(
        error,
        CheckError::NotReplayable {
            claim: "not-two",
            step: 2
        }
    );
}

#[test]
fn a_model_without_initial_state_is_an_error() {
    let error = check(
        &Graph::new(&[], &[]),
        &GRAPH_CLAIMS,
        &options(1),
        &mut |_| (),
    )
    .unwrap_err();
    assert_eq!(error, CheckError::NoInitialState);
}

#[test]
fn a_panic_of_a_claim_is_passed_on() {
    let claim = Claim::invariant("panics", "panics", |_: &Counters<3>, state| {
        assert!(*state != [20, 20, 20], "the claim's own words");
        true
    });
    let run = || {
        check(
            &Counters::<3> { to: 40 },
            &[claim],
            &options(4),
            &mut |_| (),
        )
    };
    let panic = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the claim's own words"));
}

#[test]
fn a_census_counts_distinct_values() {
    for threads in [1, 3] {
        let report = census(&Counters::<3> { to: 30 }, &options(threads), &mut |_| ()).unwrap();
        let counts: Vec<_> = report
            .fields
            .iter()
            .map(|count| (count.field, count.distinct_values))
            .collect();
        assert_eq!(counts, [("sum", 88), ("first", 30), ("constant", 1)]);
        assert_eq!(
            (report.ending, report.unique_states),
            (Ending::WholeGraph, 27_000)
        );
    }
}

#[test]
fn other_ways_to_list_successors_are_compared() {
    /// Lists backwards.
    struct Backwards;
    impl Model for Backwards {
        type State = u8;
        type Action = u8;
        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }
        fn actions(&self, state: &u8, actions: &mut Vec<u8>) {
            actions.extend(if *state == 1 { vec![2, 3] } else { vec![1] });
        }
        fn next_state(&self, _: &u8, action: u8) -> Option<u8> {
            Some(action)
        }
    }
    impl Successors for Backwards {
        fn successors(&self, state: &u8, out: &mut Vec<(u8, u8)>) {
            out.extend(self.next_steps(state).into_iter().rev());
        }
    }
    impl Bounded for Backwards {}
    assert_eq!(
        stock::first_difference(&Counters::<3> { to: 10 }, usize::MAX),
        None
    );
    assert_eq!(
        stock::first_difference(&Counters::<3> { to: 10 }, usize::MAX),
        None
    );
    assert_eq!(stock::first_difference(&Backwards, usize::MAX), Some(1));
}

#[test]
fn progress_only_grows_and_ends_at_the_summary() {
    let mut seen = Vec::new();
    let outcome = check(
        &Counters::<3> { to: 60 },
        &[],
        &options(2),
        &mut |progress| seen.push(*progress),
    )
    .unwrap();
    assert!(seen.is_sorted_by_key(|progress| (progress.unique_states, progress.depth)));
    let last = seen.last().unwrap();
    assert_eq!(
        (last.unique_states, last.depth, last.waiting_states),
        (216_000, outcome.depth(), 0)
    );
    assert!(last.states_per_second() > 0.0);
    assert!(
        seen.iter()
            .all(|progress| progress.memory_bytes <= outcome.memory_peak_bytes)
    );
    // Fingerprint and parent of every state, at least.
    assert!(outcome.memory_peak_bytes > 216_000 * 16);
}

#[test]
fn the_probability_of_a_collision_is_that_of_the_birthday_problem() {
    let outcome = run(&Counters::<3> { to: 100 }, &[]);
    let expected = 1e6 * (1e6 - 1.0) / 2.0 / 2f64.powi(64);
    assert!(
        (outcome.collision_probability / expected - 1.0).abs() < 1e-6,
        "{}",
        outcome.collision_probability
    );
    assert!(
        run(&Graph::new(&[0], &[&[]]), &[])
            .collision_probability
            .abs()
            < f64::EPSILON
    );
}
