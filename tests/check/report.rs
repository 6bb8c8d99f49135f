//! What a run tells beside verdicts: premises, errors, census, progress.

use everynode::check::{NotAFunction, Verdict, census, search};

use crate::toys::{Counters, Forgetful, Graph, Sealing, Toy, TwoPhase};
use crate::{run, run_with, settings};

type Commit = TwoPhase<3>;

#[test]
fn a_premise_that_is_never_met_is_told() {
    let report = run(&Commit::default());
    let reached = |claim: usize| report.findings[claim].premise_reached;
    assert!(reached(Commit::CONSISTENT) && reached(Commit::TOLD) && reached(Commit::KEPT));
    assert!(!reached(Commit::VACUOUS) && !reached(Commit::VACUOUS_STEP));
    assert!(report.findings.iter().all(|finding| finding.verdict == Verdict::Holds));
}

#[test]
fn steps_are_counted_by_kind() {
    let report = run(&Commit::default());
    let kinds: Vec<_> = report.steps_by_kind.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["become", "decide", "learn"]);
    let graph = Graph::new(&[0], &[&[1, 2, 0, 1], &[2, 2], &[]]);
    let report = run(&graph);
    assert_eq!(report.steps_by_kind, [("first", 2), ("later", 2), ("second", 2)]);
    assert_eq!(report.transitions, 6);
}

#[test]
fn a_model_that_is_not_a_function_of_its_state_is_refused() {
    for in_number in [false, true] {
        for threads in [1, 4] {
            let forgetful = Sealing(Forgetful { in_number, ..Forgetful::default() });
            let refused = search(&forgetful, 0, &settings(threads), &mut |_| ());
            assert_eq!(refused.err(), Some(NotAFunction), "{threads} threads");
        }
    }
}

#[test]
fn a_model_without_initial_states_has_no_states() {
    let report = run(&Graph::new(&[], &[]));
    assert_eq!((report.unique_states, report.depth(), report.states_by_depth.len()), (0, 0, 0));
    assert!(report.findings.iter().all(|finding| !finding.premise_reached));
}

#[test]
fn the_largest_state_is_told() {
    assert_eq!(run(&Counters::<3> { to: 4 }).state_bytes, 3);
    assert_eq!(run(&Commit::default()).state_bytes, 4);
    // Also if it is an initial one.
    assert_eq!(run(&Graph::new(&[0], &[&[]])).state_bytes, 2);
}

#[test]
fn memory_covers_what_is_kept_of_every_state() {
    let report = run(&Counters::<3> { to: 60 });
    // A fingerprint and two bytes of origin each, at least; the waiting states are few.
    assert!(report.memory >= 216_000 * 10, "{} bytes", report.memory);
    assert!(report.memory < 216_000 * 16, "{} bytes", report.memory);
}

#[test]
fn progress_only_grows_and_reaches_every_level() {
    let mut seen = Vec::new();
    let toy = Sealing(Counters::<3> { to: 30 });
    let report =
        search(&toy, Counters::<3>::CLAIMS, &settings(2), &mut |progress| seen.push(progress)).expect("a function");
    assert!(seen.is_sorted_by_key(|progress| (progress.unique_states, progress.elapsed)));
    assert!(seen.iter().map(|progress| progress.depth).eq(0..=87));
    assert_eq!(seen.last().map(|progress| progress.unique_states), Some(report.unique_states));
}

#[test]
fn a_census_counts_distinct_values() {
    let counts = census(&Sealing(Counters::<3> { to: 30 }), u64::MAX);
    assert_eq!(counts.fields, [("sum", 88), ("last", 30), ("constant", 1)]);
    assert!(!counts.cut, "the whole graph was counted");
}

#[test]
fn a_census_looks_at_no_more_states_than_it_may() {
    fn values(states_max: u64) -> u64 {
        let toy = Sealing(Counters::<3> { to: 30 });
        census(&toy, states_max).fields.iter().filter(|(field, _)| *field == "last").map(|(_, count)| *count).sum()
    }
    // The levels have 1, 3, 6 states; the last counter is 0, then 0, 0, 1, then 0, 0, 1, 0, 1, 2.
    assert_eq!([0, 1, 3, 4, 9, 10].map(values), [0, 1, 1, 2, 2, 3]);
    // A state is looked at once, however often it is initial or reached.
    let graph = Sealing(Graph::new(&[0, 0], &[&[0, 1], &[0]]));
    let counted = census(&graph, 2);
    assert_eq!((counted.fields, counted.states, counted.cut), (vec![("node", 2)], 2, false));
    assert!(census(&graph, 1).cut, "one of two");
}

#[test]
fn more_threads_than_states_do_no_harm() {
    let report = run_with(&Sealing(Counters::<1> { to: 100 }), &settings(64));
    assert_eq!((report.unique_states, report.depth()), (100, 99));
}
