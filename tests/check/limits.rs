//! What was not looked at is never called good: limits, interrupts, capacities, early ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use everynode::check::{
    Claim, Ending, Goal, Limits, Options, Plain, StopReason, Verdict, check, stock,
};
use stateright::Model;

use crate::toys::{Counters, Graph};
use crate::{GRAPH_CLAIMS, limited, options, path_of, run};

#[test]
fn every_limit_ends_in_none_found_with_its_reason() {
    fn check_reason(limits: Limits, expected: StopReason) {
        let counters = Counters::<3> { to: 60 };
        let full = |_: &Counters<3>, state: &[u8; 3]| *state == [59; 3];
        let claims = [
            Claim::invariant("below", "no counter exceeds 59", |_, state: &[u8; 3]| {
                state.iter().all(|count| *count < 60)
            }),
            Claim::step("grows", "some counter grows", |_, before, _, after| {
                before < after
            }),
            Claim::sometimes("full", "all are full", full),
            Claim::invariant("zero", "the first counter stays", |_, state: &[u8; 3]| {
                state[0] == 0
            }),
        ];
        let outcome = check(&counters, &claims, &limited(limits), &mut |_| ()).unwrap();
        assert_eq!(outcome.ending, Ending::Cut(expected));
        assert!(outcome.unique_states < 216_000);
        for answer in &outcome.answers[..3] {
            assert_eq!(
                answer.verdict,
                Verdict::NoneFound(expected),
                "{}",
                answer.id
            );
        }
        // A violation that was found before the cut counts.
        if expected != StopReason::Time {
            assert_eq!(outcome.answers[3].verdict.trace().unwrap().len(), 1);
        }
    }
    check_reason(
        Limits {
            states: Some(1_000),
            ..Limits::default()
        },
        StopReason::States,
    );
    check_reason(
        Limits {
            depth: Some(20),
            ..Limits::default()
        },
        StopReason::Depth,
    );
    check_reason(
        Limits {
            memory_bytes: Some(1 << 20),
            ..Limits::default()
        },
        StopReason::Memory,
    );
    check_reason(
        Limits {
            time: Some(Duration::ZERO),
            ..Limits::default()
        },
        StopReason::Time,
    );
}

#[test]
fn limits_that_are_not_met_do_not_cut() {
    let limits = Limits {
        states: Some(64_000),
        time: Some(Duration::from_hours(1)),
        memory_bytes: Some(1 << 30),
        depth: Some(119),
    };
    let outcome = check(
        &Counters::<3> { to: 40 },
        &[],
        &limited(limits),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(
        (outcome.ending, outcome.unique_states),
        (Ending::WholeGraph, 64_000)
    );
    let one_less = Limits {
        states: Some(63_999),
        ..limits
    };
    let outcome = check(
        &Counters::<3> { to: 40 },
        &[],
        &limited(one_less),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(
        (outcome.ending, outcome.unique_states),
        (Ending::Cut(StopReason::States), 63_999)
    );
}

#[test]
fn states_that_wait_when_a_limit_cuts_are_judged() {
    let mut graph = Graph::new(&[0], &[&[1, 2], &[3], &[], &[]]);
    graph.marked_nodes = [2].into();
    for limits in [
        Limits {
            depth: Some(2),
            ..Limits::default()
        },
        Limits {
            states: Some(3),
            ..Limits::default()
        },
    ] {
        let outcome = check(&graph, &GRAPH_CLAIMS, &limited(limits), &mut |_| ()).unwrap();
        assert!(matches!(outcome.ending, Ending::Cut(_)));
        assert_eq!(
            path_of(&graph, &outcome.answer("node").unwrap().verdict),
            Some(vec![0, 1])
        );
    }
}

#[test]
fn an_interrupt_ends_the_run() {
    let interrupt = Arc::new(AtomicBool::new(false));
    let options = Options {
        interrupt: Some(Arc::clone(&interrupt)),
        ..options(2)
    };
    let claim = Claim::invariant("any", "anything", |_: &Counters<4>, _| true);
    let mut calls = 0;
    let outcome = check(
        &Counters::<4> { to: 100 },
        &[claim],
        &options,
        &mut |progress| {
            calls += 1;
            if progress.unique_states > 50_000 {
                interrupt.store(true, Ordering::Relaxed);
            }
        },
    )
    .unwrap();
    assert_eq!(outcome.ending, Ending::Cut(StopReason::Interrupted));
    assert_eq!(
        outcome.answers[0].verdict,
        Verdict::NoneFound(StopReason::Interrupted)
    );
    assert!(outcome.unique_states > 50_000 && outcome.unique_states < 200_000 && calls > 10);
}

#[test]
fn a_time_limit_is_kept_within_a_batch() {
    /// Many initial states that take long to expand, and how many were expanded.
    struct Slow(AtomicU32);
    impl Model for Slow {
        type State = u32;
        type Action = ();
        fn init_states(&self) -> Vec<u32> {
            (0..8_000).collect()
        }
        fn actions(&self, _: &u32, _: &mut Vec<()>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_micros(100));
        }
        fn next_state(&self, state: &u32, (): ()) -> Option<u32> {
            Some(*state)
        }
    }
    let limits = Limits {
        time: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    let model = Plain(Slow(AtomicU32::new(0)));
    let outcome = check(&model, &[], &limited(limits), &mut |_| ()).unwrap();
    assert_eq!(
        (outcome.ending, outcome.unique_states),
        (Ending::Cut(StopReason::Time), 8_000)
    );
    // Two threads, each less than 500 states before the limit and a chunk of 256 beyond it.
    let expanded = model.0.0.into_inner();
    assert!(
        expanded < 2_000,
        "{expanded} states were expanded, the batch has 8,000"
    );
}

#[test]
fn a_state_over_capacity_is_neither_expanded_nor_judged() {
    let mut graph = Graph::new(&[0], &[&[1, 2], &[3], &[], &[]]);
    graph.over = [1].into();
    graph.marked_nodes = [1, 3].into();
    graph.marked_steps = [(0, 1), (1, 3)].into();
    let outcome = run(&graph, &GRAPH_CLAIMS);
    let capacity = StopReason::Capacity("nodes");
    assert_eq!(
        (outcome.unique_states, outcome.ending),
        (3, Ending::Cut(capacity))
    );
    assert_eq!(outcome.capacities, [("nodes", 1)].into());
    assert!(
        outcome
            .answers
            .iter()
            .all(|answer| answer.verdict == Verdict::NoneFound(capacity))
    );
    graph.marked_nodes.insert(2);
    let outcome = run(&graph, &GRAPH_CLAIMS);
    assert_eq!(
        path_of(&graph, &outcome.answer("node").unwrap().verdict),
        Some(vec![0, 1]),
        "violations still count"
    );
}

#[test]
fn a_boundary_of_stateright_is_a_capacity() {
    struct Below(u8);
    impl Model for Below {
        type State = u8;
        type Action = ();
        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }
        fn actions(&self, _: &u8, actions: &mut Vec<()>) {
            actions.push(());
        }
        fn next_state(&self, state: &u8, (): ()) -> Option<u8> {
            Some(state.wrapping_add(1))
        }
        fn within_boundary(&self, state: &u8) -> bool {
            *state < self.0
        }
    }
    let outcome = run(&Plain(Below(10)), &[]);
    assert_eq!(
        (outcome.unique_states, outcome.ending),
        (11, Ending::Cut(StopReason::Capacity("boundary")))
    );
    assert_eq!(stock::unique_states(Plain(Below(10)), 1), 11);
    assert_eq!(run(&Plain(Below(u8::MAX)), &[]).unique_states, 256);
}

#[test]
fn first_answers_stop_early_and_only_when_asked() {
    let claim = Claim::sometimes(
        "one",
        "the first counter is one",
        |_: &Counters<4>, state| state[0] == 1,
    );
    let options = Options {
        goal: Goal::FirstAnswers,
        ..options(2)
    };
    let early = check(&Counters::<4> { to: 20 }, &[claim], &options, &mut |_| ()).unwrap();
    assert_eq!(early.ending, Ending::Answered);
    assert!(early.unique_states < 160_000);
    let whole = run(&Counters::<4> { to: 20 }, &[claim]);
    assert_eq!(
        (whole.ending, whole.unique_states),
        (Ending::WholeGraph, 160_000)
    );
    assert_eq!(early.answers, whole.answers);
    // One open claim is enough to go on.
    let never = Claim::sometimes("never", "never", |_: &Counters<4>, _| false);
    let both = check(
        &Counters::<4> { to: 20 },
        &[claim, never],
        &options,
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(
        (both.ending, &both.answers[1].verdict),
        (Ending::WholeGraph, &Verdict::Unreached)
    );
}
