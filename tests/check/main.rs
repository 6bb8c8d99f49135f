//! The search tells the truth: counts, verdicts, least traces, and what it did not look at.
//!
//! Toy models whose graphs are known are checked against stateright's own breadth-first checker, against published
//! counts, and against a dumb search by relaxation that shares nothing with ours, not even the order of visits.

mod examples;
mod fingerprints;
mod limits;
mod live;
mod registers;
mod report;
mod toys;
mod two_phase;

use std::fmt::Debug;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Report, Settings, StopReason, Trace, Verdict, search};
use proptest::prelude::*;
use stateright::{Checker, Model};
use toys::{Counters, Dining, Graph, Sealing, Toy, TwoPhase, Wide};

static NEVER: AtomicBool = AtomicBool::new(false);

/// No limits.
fn settings(threads: usize) -> Settings<'static> {
    Settings {
        threads,
        seed: 0,
        states_max: u64::from(u32::MAX) - 1,
        time_max: Duration::from_hours(1),
        memory_max: u64::MAX,
        depth_max: u64::MAX,
        stop_when_broken: 0,
        interrupt: &NEVER,
    }
}

fn run_with<T: Toy + Sync>(toy: &Sealing<T>, settings: &Settings<'_>) -> Report<T::Action> {
    search(toy, T::CLAIMS, settings, &mut |_| ()).expect("the model is a function of its state")
}

/// A run without limits, to the whole graph.
fn run<T: Toy + Sync + Clone>(toy: &T) -> Report<T::Action> {
    run_with(&Sealing(toy.clone()), &settings(2))
}

fn trace_of<A: Debug>(report: &Report<A>, claim: usize) -> &Trace<A> {
    let Verdict::Violated(trace) = &report.findings[claim].verdict else {
        panic!("claim {claim} is not violated: {:?}", report.findings[claim].verdict);
    };
    trace
}

/// Unique states and depth, as stateright counts them on one thread.
fn stock<T>(toy: T) -> (u64, u64)
where
    T: Toy + Send + Sync + 'static,
    T::State: Sync,
{
    let checker = toy.checker().spawn_bfs().join();
    (checker.unique_state_count() as u64, checker.max_depth() as u64 - 1)
}

fn size<A>(report: &Report<A>) -> (u64, u64) {
    (report.unique_states, report.depth())
}

/// A graph with large levels, joins and cycles, the same in every run.
fn large_graph() -> Graph {
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from((random >> 33) % below).expect("below 2^16")
    };
    let mut graph = Graph::new(&[0, 5, 0], &[]);
    graph.edges = (0..60_000).map(|_| (0..next(12)).map(|_| next(60_000)).collect()).collect();
    graph.marked_nodes = (0..40).map(|_| next(60_000)).collect();
    let some: Vec<u16> = (7..60_000).step_by(997).collect();
    let last_edges = some.iter().filter_map(|from| Some((*from, *graph.edges[usize::from(*from)].last()?)));
    graph.marked_steps = last_edges.collect();
    graph
}

/// For each node, the least path that leads there, by length and then item by item: index of the initial node, then
/// action indices. Found by relaxing every edge until nothing changes.
struct Brute {
    paths: Vec<Option<Vec<usize>>>,
    transitions: u64,
}

impl Brute {
    fn new(graph: &Graph) -> Self {
        let mut paths = vec![None; graph.edges.len()];
        let mut changed = true;
        for (index, node) in graph.initial.iter().enumerate() {
            relax(&mut paths, *node, vec![index]);
        }
        while changed {
            changed = false;
            for (from, action, to) in edges(graph) {
                if let Some(path) = &paths[usize::from(from)] {
                    let longer = [path.as_slice(), &[action]].concat();
                    changed |= relax(&mut paths, to, longer);
                }
            }
        }
        let transitions = edges(graph).filter(|(from, ..)| paths[usize::from(*from)].is_some()).count() as u64;
        Self { paths, transitions }
    }

    fn levels(&self) -> Vec<u64> {
        let mut levels = Vec::new();
        for path in self.paths.iter().flatten() {
            levels.resize(levels.len().max(path.len()), 0);
            levels[path.len() - 1] += 1;
        }
        levels
    }

    /// The least path that breaks `claim`. Of a step and a state at its end the step is told.
    fn broken(&self, graph: &Graph, claim: usize) -> Option<Vec<usize>> {
        let nodes = graph.marked_nodes.iter().filter_map(|node| self.paths[usize::from(*node)].clone());
        let steps = edges(graph).filter(|(from, _, to)| graph.marked_steps.contains(&(*from, *to)));
        let steps =
            steps.filter_map(|(from, action, _)| Some([self.paths[usize::from(from)].as_deref()?, &[action]].concat()));
        let nodes = nodes.map(|path| (path.len(), true, path)).filter(|_| claim != Graph::STEP);
        let steps = steps.map(|path| (path.len(), false, path)).filter(|_| claim != Graph::NODE);
        nodes.chain(steps).min().map(|(.., path)| path)
    }

    fn is_over(&self, graph: &Graph) -> bool {
        graph.over.iter().any(|node| self.paths[usize::from(*node)].is_some())
    }
}

/// The steps that a search may take.
fn edges(graph: &Graph) -> impl Iterator<Item = (u16, usize, u16)> {
    let from = (0..).zip(&graph.edges).filter(|(from, _)| !graph.over.contains(from));
    from.flat_map(|(from, to)| to.iter().enumerate().map(move |(action, to)| (from, action, *to)))
}

fn relax(paths: &mut [Option<Vec<usize>>], node: u16, path: Vec<usize>) -> bool {
    let known = &mut paths[usize::from(node)];
    let better = known.as_ref().is_none_or(|known| (path.len(), &path) < (known.len(), known));
    if better {
        *known = Some(path);
    }
    better
}

/// A verdict's trace in the terms of the brute search, after following it through the graph.
fn path_of(graph: &Graph, verdict: &Verdict<usize>) -> Option<Vec<usize>> {
    let Verdict::Violated(trace) = verdict else {
        return None;
    };
    let mut at = graph.initial[trace.initial];
    for action in &trace.actions {
        at = graph.edges[usize::from(at)][*action];
    }
    Some([&[trace.initial], trace.actions.as_slice()].concat())
}

fn agrees_with_brute_force(graph: &Graph, settings: &Settings<'_>) {
    let report = run_with(&Sealing(graph.clone()), settings);
    let brute = Brute::new(graph);
    assert_eq!(report.states_by_depth, brute.levels());
    assert_eq!(report.unique_states, brute.levels().iter().sum::<u64>());
    assert_eq!(report.transitions, brute.transitions);
    assert_eq!(report.steps_by_kind.iter().map(|(_, count)| count).sum::<u64>(), brute.transitions);
    let capacity = brute.is_over(graph).then_some(StopReason::Capacity("nodes"));
    assert_eq!(report.stopped, capacity);
    for (claim, finding) in report.findings.iter().enumerate() {
        let expected = brute.broken(graph, claim);
        assert_eq!(path_of(graph, &finding.verdict), expected, "claim {claim}");
        if expected.is_none() {
            assert_eq!(finding.verdict, capacity.map_or(Verdict::Holds, Verdict::NoneFound), "claim {claim}");
        }
        // In the graph, the premise of a claim about one of the two is met where it is broken.
        assert_eq!(finding.premise_reached, expected.is_some() && claim != Graph::EITHER, "claim {claim}");
    }
}

fn small_graphs() -> impl Strategy<Value = Graph> {
    (1_u16..12).prop_flat_map(|nodes| {
        (
            prop::collection::vec(0..nodes, 1..4),
            prop::collection::vec(prop::collection::vec(0..nodes, 0..4), usize::from(nodes)),
            prop::collection::btree_set(0..nodes, 0..3),
            prop::collection::btree_set((0..nodes, 0..nodes), 0..6),
            prop::collection::btree_set(0..nodes, 0..2),
        )
            .prop_map(|(initial, edges, marked_nodes, marked_steps, over)| Graph {
                initial,
                edges,
                marked_nodes,
                marked_steps,
                over,
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn small_graphs_agree_with_brute_force(graph in small_graphs(), threads in 1_usize..4, seed: u64) {
        agrees_with_brute_force(&graph, &Settings { seed, ..settings(threads) });
    }

    #[test]
    fn a_cut_run_never_holds_and_finds_nothing_else(
        graph in small_graphs(),
        states_max in 0_u64..8,
        depth_max in 0_u64..5,
    ) {
        let whole = run(&graph);
        let limits = Settings { states_max, depth_max, ..settings(2) };
        let cut = run_with(&Sealing(graph.clone()), &limits);
        prop_assert!(cut.unique_states <= states_max.min(whole.unique_states));
        prop_assert!(cut.depth() <= depth_max);
        prop_assert_eq!(cut.states_by_depth.iter().sum::<u64>(), cut.unique_states);
        prop_assert!(cut.states_by_depth.iter().all(|states| *states > 0));
        for (told, all) in cut.findings.iter().zip(&whole.findings) {
            // What a cut run finds is what the whole run finds, and else it says why it was cut.
            match (&told.verdict, cut.stopped) {
                (Verdict::Violated(_), _) | (Verdict::Holds, None) => prop_assert_eq!(&told.verdict, &all.verdict),
                (Verdict::NoneFound(reason), Some(stopped)) => prop_assert_eq!(*reason, stopped),
                (verdict, stopped) => prop_assert!(false, "{:?}, but {:?}", verdict, stopped),
            }
        }
        if cut.unique_states < whole.unique_states || cut.transitions < whole.transitions {
            prop_assert!(cut.stopped.is_some());
        }
    }

    #[test]
    fn every_violation_within_the_depth_is_found(graph in small_graphs(), depth_max in 0_u64..5) {
        let brute = Brute::new(&graph);
        let cut = run_with(&Sealing(graph.clone()), &Settings { depth_max, ..settings(2) });
        for (claim, finding) in cut.findings.iter().enumerate() {
            let within = brute.broken(&graph, claim).filter(|path| path.len() as u64 - 1 <= depth_max);
            prop_assert_eq!(path_of(&graph, &finding.verdict), within);
        }
    }

    #[test]
    fn small_graphs_agree_with_stock(mut graph in small_graphs()) {
        graph.over.clear();
        prop_assert_eq!(size(&run(&graph)), stock(graph));
    }
}

#[test]
fn a_large_graph_agrees_with_brute_force() {
    let mut graph = large_graph();
    agrees_with_brute_force(&graph, &settings(1));
    agrees_with_brute_force(&graph, &settings(3));
    graph.over = (100..60_000).step_by(777).collect();
    agrees_with_brute_force(&graph, &settings(2));
}

/// A report but for its times, in words; without the memory, which depends a little on the seed.
fn told<A: Debug>(report: &Report<A>) -> String {
    let Report { findings, unique_states, transitions, states_by_depth, steps_by_kind, stopped, .. } = report;
    let Report { state_bytes, collision_probability, .. } = report;
    format!(
        "{findings:?}\n{unique_states} {transitions}\n{states_by_depth:?}\n{steps_by_kind:?}\n{stopped:?}\n\
         {state_bytes} {collision_probability}"
    )
}

/// Runs with several numbers of threads and seeds, which make no difference.
fn same_for_all<T: Toy + Sync + Clone>(toy: &T, limits: &Settings<'_>) -> Report<T::Action> {
    let toy = Sealing(toy.clone());
    let first = run_with(&toy, &Settings { threads: 1, seed: 0, ..*limits });
    for (threads, seed) in [(2, 0), (4, 0), (2, 1), (1, u64::MAX)] {
        let other = run_with(&toy, &Settings { threads, seed, ..*limits });
        assert_eq!(told(&other), told(&first), "{threads} threads, seed {seed}");
        assert!(seed != 0 || other.memory == first.memory, "{threads} threads");
    }
    first
}

#[test]
fn nothing_depends_on_the_number_of_threads_or_the_seed() {
    let whole = same_for_all(&large_graph(), &settings(1));
    assert!(whole.states_by_depth.iter().any(|states| *states > 10_000), "some level has several batches");
    for claim in 0..Graph::CLAIMS {
        assert!(!trace_of(&whole, claim).actions.is_empty());
    }
    let hasty = TwoPhase::<5> { hasty: Some(4) };
    let report = same_for_all(&hasty, &settings(1));
    assert!(!trace_of(&report, TwoPhase::<5>::CONSISTENT).actions.is_empty());
    same_for_all(&Dining::<7>, &settings(1));
}

#[test]
fn a_cut_run_does_not_depend_on_the_number_of_threads_either() {
    let cut = same_for_all(&large_graph(), &Settings { states_max: 20_000, ..settings(1) });
    assert_eq!((cut.stopped, cut.unique_states), (Some(StopReason::States(20_000)), 20_000));
    let depth = same_for_all(&large_graph(), &Settings { depth_max: 6, ..settings(1) });
    assert_eq!((depth.stopped, depth.depth()), (Some(StopReason::Depth(6)), 6));
    // Where a limit on memory cuts depends on the seed.
    let memory = |threads| Settings { memory_max: 1 << 20, ..settings(threads) };
    let cut = |threads| run_with(&Sealing(Counters::<3> { to: 60 }), &memory(threads));
    assert_eq!(cut(1).stopped, Some(StopReason::Memory(1 << 20)));
    assert_eq!(told(&cut(1)), told(&cut(3)));
    let graph = large_graph();
    let broken = 1 << Graph::NODE | 1 << Graph::STEP;
    let satisfied = same_for_all(&graph, &Settings { stop_when_broken: broken, ..settings(1) });
    assert_eq!(satisfied.stopped, Some(StopReason::Satisfied(satisfied.depth())));
}

#[test]
fn two_phase_commit_has_its_published_number_of_states() {
    let report = run(&TwoPhase::<3>::default());
    assert_eq!(size(&report), (288, 10));
    assert_eq!(report.findings[TwoPhase::<3>::CONSISTENT].verdict, Verdict::Holds);
    let report = run(&TwoPhase::<5>::default());
    assert_eq!(size(&report), (8_832, 16));
    assert_eq!(report.findings[TwoPhase::<5>::CONSISTENT].verdict, Verdict::Holds);
}

#[test]
fn stock_counts_the_same_states_and_depth() {
    assert_eq!(stock(TwoPhase::<3>::default()), size(&run(&TwoPhase::<3>::default())));
    assert_eq!(stock(TwoPhase::<5>::default()), size(&run(&TwoPhase::<5>::default())));
    assert_eq!(stock(Dining::<6>), size(&run(&Dining::<6>)));
    let counters = Counters::<3> { to: 30 };
    assert_eq!(size(&run(&counters)), (27_000, 87));
    assert_eq!(stock(counters), (27_000, 87));
    let graph = large_graph();
    assert_eq!(size(&run(&graph)), stock(graph));
}

#[test]
fn stock_answers_with_a_trace_of_the_same_length() {
    let hasty = TwoPhase::<3> { hasty: Some(1) };
    let report = run(&hasty);
    let trace = trace_of(&report, TwoPhase::<3>::CONSISTENT);
    let path = hasty.checker().spawn_bfs().join().discovery("consistent").expect("the mutant is inconsistent");
    assert_eq!(trace.actions.len(), path.into_actions().len());
    // The trace is a behaviour, and only its last state is inconsistent.
    let mut state = hasty.init_states()[trace.initial];
    for action in &trace.actions {
        assert!(state.is_consistent());
        assert!(hasty.next_steps(&state).iter().any(|(enabled, _)| enabled == action));
        state = hasty.next_state(&state, *action).expect("the step is enabled");
    }
    assert!(!state.is_consistent());
}

#[test]
fn all_philosophers_starve_after_one_fork_each() {
    let report = run(&Dining::<5>);
    assert_eq!(trace_of(&report, 0).actions, [0, 1, 2, 3, 4]);
}

#[test]
fn a_step_into_a_visited_state_is_judged() {
    // 0 -> 1 -> 2, and 2 -> 1 is the only marked step: it reaches no new state.
    let mut graph = Graph::new(&[0], &[&[1], &[2], &[1]]);
    graph.marked_steps = [(2, 1)].into();
    let report = run(&graph);
    assert_eq!(trace_of(&report, Graph::STEP).actions, [0, 0, 0]);
    assert_eq!(report.findings[Graph::NODE].verdict, Verdict::Holds);
    // A loop is a step too.
    let mut graph = Graph::new(&[0], &[&[0]]);
    graph.marked_steps = [(0, 0)].into();
    let report = run(&graph);
    assert_eq!(trace_of(&report, Graph::STEP).actions, [0]);
    assert_eq!((report.unique_states, report.transitions), (1, 1));
}

#[test]
fn of_a_step_and_a_state_the_shorter_witness_is_told() {
    // Nodes 1 and 2 are one step away. The step 1 -> 3 is met before node 2 is looked at, but is one step longer.
    let mut graph = Graph::new(&[0], &[&[1, 2], &[3], &[], &[]]);
    graph.marked_steps = [(1, 3)].into();
    graph.marked_nodes = [2].into();
    let report = run(&graph);
    assert_eq!(trace_of(&report, Graph::STEP).actions, [0, 0]);
    assert_eq!(trace_of(&report, Graph::NODE).actions, [1]);
    assert_eq!(trace_of(&report, Graph::EITHER).actions, [1]);
    // And the other way round.
    graph.marked_steps = [(0, 2)].into();
    graph.marked_nodes = [3].into();
    let report = run(&graph);
    assert_eq!(trace_of(&report, Graph::NODE).actions, [0, 0]);
    assert_eq!(trace_of(&report, Graph::EITHER).actions, [1]);
}

#[test]
fn the_least_parent_is_kept() {
    // Both 1 and 2 lead to 3; 2 ranks before 1, because its action comes first.
    let mut graph = Graph::new(&[0], &[&[2, 1], &[3], &[0, 3, 3], &[]]);
    graph.marked_nodes = [3].into();
    assert_eq!(trace_of(&run(&graph), Graph::NODE).actions, [0, 1]);
}

#[test]
fn of_the_witnesses_of_several_threads_the_least_is_told() {
    let report = run_with(&Sealing(Wide::new(2_000)), &settings(4));
    assert_eq!(*trace_of(&report, 0), Trace { initial: 3, actions: vec![], cycle: None });
    assert_eq!(*trace_of(&report, 1), Trace { initial: 0, actions: vec![1], cycle: None });
}
