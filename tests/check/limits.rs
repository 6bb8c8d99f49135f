//! What was not looked at is never called good: limits, interrupts, capacities, early ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use everynode::check::{Report, Settings, StopReason, Trace, Verdict, search};

use crate::toys::{Counters, Graph, Sealing, Toy, Wide};
use crate::{path_of, run, run_with, settings, size, trace_of};

type Three = Counters<3>;

fn counters(limits: &Settings<'_>) -> Report<usize> {
    run_with(&Sealing(Three { to: 60 }), limits)
}

/// Neither what holds nor what is broken too far away is told, but what was found before the cut counts.
fn is_cut(limits: &Settings<'_>, reason: StopReason) {
    let report = counters(limits);
    assert_eq!(report.stopped, Some(reason));
    assert!(report.unique_states < 216_000);
    assert_eq!(report.findings[Three::BELOW].verdict, Verdict::NoneFound(reason));
    assert_eq!(report.findings[Three::NOT_FULL].verdict, Verdict::NoneFound(reason));
    if report.unique_states > 1 {
        assert_eq!(trace_of(&report, Three::STAYS).actions, [0]);
    } else {
        assert_eq!(report.findings[Three::STAYS].verdict, Verdict::NoneFound(reason));
    }
}

#[test]
fn without_a_limit_nothing_is_cut() {
    let report = counters(&settings(2));
    assert_eq!((report.stopped, report.unique_states), (None, 216_000));
    assert_eq!(report.findings[Three::BELOW].verdict, Verdict::Holds);
    assert_eq!(trace_of(&report, Three::NOT_FULL).actions.len(), 3 * 59);
}

#[test]
fn a_limit_on_states_ends_in_none_found() {
    for states_max in [0, 1, 1_000, 100_000, 215_999] {
        is_cut(&Settings { states_max, ..settings(2) }, StopReason::States(states_max));
    }
}

#[test]
fn a_limit_on_depth_ends_in_none_found() {
    for depth_max in [0, 1, 20, 176] {
        is_cut(&Settings { depth_max, ..settings(2) }, StopReason::Depth(depth_max));
    }
}

#[test]
fn a_limit_on_memory_ends_in_none_found() {
    for memory_max in [0, 1 << 16, 1 << 20] {
        is_cut(&Settings { memory_max, ..settings(2) }, StopReason::Memory(memory_max));
    }
}

#[test]
fn a_limit_on_time_ends_in_none_found() {
    is_cut(&Settings { time_max: Duration::ZERO, ..settings(2) }, StopReason::Time(Duration::ZERO));
}

#[test]
fn an_interrupt_before_the_start_ends_in_none_found() {
    is_cut(&Settings { interrupt: &AtomicBool::new(true), ..settings(2) }, StopReason::Interrupted);
}

#[test]
fn an_interrupt_on_the_way_ends_the_run() {
    let interrupt = AtomicBool::new(false);
    let limits = Settings { interrupt: &interrupt, ..settings(2) };
    let report = search(&Sealing(Three { to: 60 }), Three::CLAIMS, &limits, &mut |progress| {
        if progress.unique_states > 50_000 {
            interrupt.store(true, Ordering::Relaxed);
        }
    });
    let report = report.expect("counters are functions of their state");
    assert_eq!(report.stopped, Some(StopReason::Interrupted));
    assert_eq!(report.findings[Three::BELOW].verdict, Verdict::NoneFound(StopReason::Interrupted));
    assert!((50_001..60_000).contains(&report.unique_states), "{} states", report.unique_states);
}

#[test]
fn limits_that_are_just_met_do_not_cut() {
    let depth_max = 3 * 59 + 1;
    let report = counters(&Settings { states_max: 216_000, depth_max, ..settings(2) });
    assert_eq!((report.stopped, size(&report)), (None, (216_000, 177)));
    assert_eq!(report.findings[Three::BELOW].verdict, Verdict::Holds);
}

#[test]
fn a_limit_on_states_is_exact() {
    let report = counters(&Settings { states_max: 215_999, ..settings(2) });
    assert_eq!((report.stopped, report.unique_states), (Some(StopReason::States(215_999)), 215_999));
    // Initial states are states.
    let report = run_with(&Sealing(Wide::new(100)), &Settings { states_max: 10, ..settings(2) });
    assert_eq!((report.stopped, report.unique_states), (Some(StopReason::States(10)), 10));
    assert_eq!(trace_of(&report, 0).initial, 3);
}

#[test]
fn a_time_limit_is_kept_within_a_level() {
    let wide = Sealing(Wide::new(20_000));
    let limits = Settings { time_max: Duration::from_millis(50), ..settings(2) };
    let report = run_with(&wide, &limits);
    assert_eq!(report.stopped, Some(StopReason::Time(limits.time_max)));
    assert_eq!((report.unique_states, report.states_by_depth), (20_000, vec![20_000]));
    let expanded = wide.0.expanded.into_inner();
    assert!(expanded < 10_000, "{expanded} states were expanded, the level has 20,000");
}

#[test]
fn an_interrupt_within_a_level_ends_the_run() {
    let wide = Sealing(Wide::new(20_000));
    let report = run_with(&wide, &Settings { interrupt: &wide.0.interrupted, ..settings(2) });
    assert_eq!((report.stopped, report.unique_states), (Some(StopReason::Interrupted), 20_000));
    let expanded = wide.0.expanded.into_inner();
    assert!(expanded < 10_000, "{expanded} states were expanded, the level has 20,000");
}

#[test]
fn states_that_wait_when_a_limit_cuts_are_judged() {
    let mut graph = Graph::new(&[0], &[&[1, 2], &[3], &[], &[]]);
    graph.marked_nodes = [2].into();
    for limits in [Settings { depth_max: 1, ..settings(2) }, Settings { states_max: 3, ..settings(2) }] {
        let report = run_with(&Sealing(graph.clone()), &limits);
        assert!(report.stopped.is_some());
        assert_eq!(path_of(&graph, &report.findings[Graph::NODE].verdict), Some(vec![0, 1]));
        assert!(report.findings[Graph::NODE].premise_reached);
    }
}

#[test]
fn a_cut_within_a_level_tells_no_longer_witness_than_the_rest_of_the_level() {
    // 10,000 states in a level: the first has a marked step, the last is marked itself, which is shorter.
    let mut graph = Graph::new(&[], &[]);
    graph.initial = (0..10_000).collect();
    graph.edges = (1..=10_000).map(|to| vec![to]).collect();
    graph.edges.push(vec![]);
    graph.marked_steps = [(0, 1)].into();
    graph.marked_nodes = [9_999].into();
    let whole = run(&graph);
    assert_eq!(*trace_of(&whole, Graph::EITHER), *trace_of(&whole, Graph::NODE));
    // Memory is zero until the first batch has been expanded.
    let report = run_with(&Sealing(graph), &Settings { memory_max: 1, ..settings(2) });
    assert_eq!(report.stopped, Some(StopReason::Memory(1)));
    assert_eq!(*trace_of(&report, Graph::STEP), *trace_of(&whole, Graph::STEP));
    assert_eq!(*trace_of(&report, Graph::EITHER), *trace_of(&whole, Graph::EITHER));
    assert_eq!(report.states_by_depth, [10_000]);
}

#[test]
fn states_reached_before_a_cut_within_a_level_are_judged() {
    let mut graph = Graph::new(&[], &[]);
    graph.initial = (0..10_000).collect();
    graph.edges = vec![vec![]; 10_001];
    graph.edges[0].push(10_000);
    graph.marked_nodes = [10_000].into();
    let report = run_with(&Sealing(graph), &Settings { memory_max: 1, ..settings(2) });
    assert_eq!((report.stopped, &report.states_by_depth[..]), (Some(StopReason::Memory(1)), &[10_000, 1][..]));
    assert_eq!(*trace_of(&report, Graph::NODE), Trace { initial: 0, actions: vec![0], cycle: None });
}

#[test]
fn a_state_over_capacity_is_judged_but_not_expanded() {
    let mut graph = Graph::new(&[0], &[&[1, 2], &[3], &[], &[]]);
    graph.over = [1].into();
    graph.marked_nodes = [3].into();
    graph.marked_steps = [(1, 3)].into();
    let report = run(&graph);
    let capacity = StopReason::Capacity("nodes");
    assert_eq!((report.unique_states, report.stopped), (3, Some(capacity)));
    assert!(report.findings.iter().all(|finding| finding.verdict == Verdict::NoneFound(capacity)));
    graph.marked_nodes = [1].into();
    graph.marked_steps = [(0, 2)].into();
    let report = run(&graph);
    assert_eq!(trace_of(&report, Graph::NODE).actions, [0]);
    assert_eq!(trace_of(&report, Graph::STEP).actions, [1]);
}

#[test]
fn a_search_stops_once_what_was_wanted_is_broken_and_only_then() {
    let toy = Sealing(Three { to: 20 });
    let stays = 1 << Three::STAYS;
    let early = run_with(&toy, &Settings { stop_when_broken: stays, ..settings(2) });
    let whole = run(&Three { to: 20 });
    assert_eq!((whole.stopped, whole.unique_states), (None, 8_000));
    assert!(early.unique_states < 100, "{} states", early.unique_states);
    assert_eq!(early.findings[Three::STAYS], whole.findings[Three::STAYS]);
    assert!(early.stopped.is_some(), "it did not see the whole graph");
    assert!(matches!(early.findings[Three::BELOW].verdict, Verdict::NoneFound(_)));
    // One claim that is not broken is enough to go on, to the end.
    let both = stays | 1 << Three::BELOW;
    let report = run_with(&toy, &Settings { stop_when_broken: both, ..settings(2) });
    assert_eq!((report.stopped, report.unique_states), (None, 8_000));
    assert_eq!(report.findings, whole.findings);
    // And what is broken in the last state only stops nothing that was not over: the rest holds.
    let full = 1 << Three::NOT_FULL;
    let report = run_with(&toy, &Settings { stop_when_broken: full, ..settings(2) });
    assert_eq!((report.stopped, report.unique_states), (None, 8_000));
    assert_eq!(report.findings, whole.findings);
}
