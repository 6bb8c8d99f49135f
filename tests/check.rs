//! The search tells the truth: counts, verdicts, least traces, and what it did not look at.
//!
//! Toy models whose graphs are known are checked against stateright's own checker, against published counts, and
//! against a dumb search by relaxation that shares nothing with ours, not even the order of visits.

mod toys;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use everynode::check::{
    Bounded, CheckError, Claim, Ending, Goal, Limits, Options, Outcome, Plain, Premise, StopReason,
    Successors, Verdict, census, check, fingerprint, stock,
};
use proptest::prelude::*;
use stateright::Model;
use toys::{Counters, Dining, Forgetful, Graph, Manager, Transaction, TwoPhase};

const GRAPH_CLAIMS: [Claim<Graph>; 4] = [
    Claim::invariant("node", "no node is marked", |graph, node| {
        !graph.marked_nodes.contains(node)
    }),
    Claim::step("step", "no step is marked", |graph, from, _, to| {
        !graph.marked_steps.contains(&(*from, *to))
    }),
    Claim::sometimes("a node", "some node is marked", |graph, node| {
        graph.marked_nodes.contains(node)
    }),
    Claim::sometimes_step("a step", "some step is marked", |graph, from, _, to| {
        graph.marked_steps.contains(&(*from, *to))
    }),
];

const CONSISTENT: Claim<TwoPhase> = Claim::invariant(
    "consistent",
    "nobody commits what another aborts",
    |_, state| {
        !(state.managers.contains(&Manager::Aborted)
            && state.managers.contains(&Manager::Committed))
    },
);

fn options(threads: usize) -> Options {
    Options {
        threads: NonZeroUsize::new(threads).unwrap(),
        ..Options::default()
    }
}

fn limited(limits: Limits) -> Options {
    Options {
        limits,
        ..options(2)
    }
}

/// A run without limits, to the whole graph.
fn run<M>(model: &M, claims: &[Claim<M>]) -> Outcome<M>
where
    M: Successors + Bounded + Sync,
    M::State: std::hash::Hash + Send + Sync,
{
    check(model, claims, &options(2), &mut |_| ()).unwrap()
}

/// A graph with large levels, joins and cycles, the same in every run.
fn large_graph() -> Graph {
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u16::try_from((random >> 33) % below).unwrap()
    };
    let mut graph = Graph::new(&[0, 5, 0], &[]);
    graph.edges = (0..60_000)
        .map(|_| (0..next(6)).map(|_| next(60_000)).collect())
        .collect();
    graph.marked_nodes = (0..40).map(|_| next(60_000)).collect();
    graph.marked_steps = (0..30_000).map(|_| (next(60_000), next(60_000))).collect();
    let some: Vec<_> = (0..60_000).step_by(997).collect();
    graph.marked_steps.extend(
        some.iter()
            .filter_map(|from: &u16| Some((*from, *graph.edges[usize::from(*from)].last()?))),
    );
    graph
}

/// For each node, the least sequence of (index of the initial node, action index, ...) by length, then item by item;
/// and the same for the marked steps. Found by relaxing every edge until nothing changes.
struct Brute {
    paths: Vec<Option<Vec<usize>>>,
    generated: u64,
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
        let generated = edges(graph)
            .filter(|(from, ..)| paths[usize::from(*from)].is_some())
            .count() as u64;
        Self { paths, generated }
    }

    fn levels(&self) -> Vec<u64> {
        let mut levels = Vec::new();
        for path in self.paths.iter().flatten() {
            levels.resize(levels.len().max(path.len()), 0);
            levels[path.len() - 1] += 1;
        }
        levels
    }

    fn marked_node(&self, graph: &Graph) -> Option<Vec<usize>> {
        let nodes = graph.marked_nodes.difference(&graph.over);
        nodes
            .filter_map(|node| self.paths[usize::from(*node)].clone())
            .min_by_key(|path| (path.len(), path.clone()))
    }

    fn marked_step(&self, graph: &Graph) -> Option<Vec<usize>> {
        let steps = edges(graph)
            .filter(|(from, _, to)| {
                graph.marked_steps.contains(&(*from, *to)) && !graph.over.contains(to)
            })
            .filter_map(|(from, action, _)| {
                Some([self.paths[usize::from(from)].as_deref()?, &[action]].concat())
            });
        steps.min_by_key(|path| (path.len(), path.clone()))
    }
}

/// The steps that a search may take.
fn edges(graph: &Graph) -> impl Iterator<Item = (u16, usize, u16)> {
    let from = (0..)
        .zip(&graph.edges)
        .filter(|(from, _)| !graph.over.contains(from));
    from.flat_map(|(from, to)| {
        to.iter()
            .enumerate()
            .map(move |(action, to)| (from, action, *to))
    })
}

fn relax(paths: &mut [Option<Vec<usize>>], node: u16, path: Vec<usize>) -> bool {
    let known = &mut paths[usize::from(node)];
    let better = known
        .as_ref()
        .is_none_or(|known| (path.len(), &path) < (known.len(), known));
    if better {
        *known = Some(path);
    }
    better
}

/// A verdict's trace in the terms of the brute search, after following it through the graph.
fn path_of(graph: &Graph, verdict: &Verdict<u16, usize>) -> Option<Vec<usize>> {
    let trace = verdict.trace()?;
    let mut path = vec![
        graph
            .initial
            .iter()
            .position(|node| *node == trace.initial)
            .unwrap(),
    ];
    let mut at = trace.initial;
    for (action, to) in &trace.steps {
        at = graph.edges[usize::from(at)][*action];
        assert_eq!(at, *to, "the trace is a path of the graph");
        path.push(*action);
    }
    Some(path)
}

fn agrees_with_brute_force(graph: &Graph, options: &Options) {
    let outcome = check(graph, &GRAPH_CLAIMS, options, &mut |_| ()).unwrap();
    let brute = Brute::new(graph);
    assert_eq!(outcome.states_by_level, brute.levels());
    assert_eq!(outcome.unique_states, brute.levels().iter().sum::<u64>());
    assert_eq!(outcome.generated_transitions, brute.generated);
    assert_eq!(outcome.actions.values().sum::<u64>(), brute.generated);
    let over = graph
        .over
        .iter()
        .filter(|node| brute.paths[usize::from(**node)].is_some())
        .count() as u64;
    assert_eq!(outcome.capacities.values().sum::<u64>(), over);
    let ending = if over > 0 {
        Ending::Cut(StopReason::Capacity("nodes"))
    } else {
        Ending::WholeGraph
    };
    assert_eq!(outcome.ending, ending);
    for answer in &outcome.answers {
        let (is_node, is_witness) = (answer.id.ends_with("node"), answer.id.starts_with('a'));
        let expected = if is_node {
            brute.marked_node(graph)
        } else {
            brute.marked_step(graph)
        };
        assert_eq!(path_of(graph, &answer.verdict), expected, "{}", answer.id);
        let found = expected.is_some();
        let kind = match answer.verdict {
            Verdict::Holds => !is_witness && !found && over == 0,
            Verdict::Unreached => is_witness && !found && over == 0,
            Verdict::NoneFound(reason) => {
                !found && reason == StopReason::Capacity("nodes") && over > 0
            }
            Verdict::Violated(_) => !is_witness && found,
            Verdict::Reached(_) => is_witness && found,
        };
        assert!(kind, "{}: {:?}", answer.id, answer.verdict);
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
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn small_graphs_agree_with_brute_force(graph in small_graphs(), threads in 1_usize..4, seed: u64) {
        agrees_with_brute_force(&graph, &Options { seed, ..options(threads) });
    }

    #[test]
    fn a_cut_run_never_holds_and_finds_nothing_else(graph in small_graphs(), states in 0_u64..8, depth in 0_u32..5) {
        let whole = run(&graph, &GRAPH_CLAIMS);
        let limits = Limits { states: Some(states), depth: Some(depth), ..Limits::default() };
        let cut = check(&graph, &GRAPH_CLAIMS, &limited(limits), &mut |_| ()).unwrap();
        prop_assert!(cut.unique_states <= states.min(whole.unique_states));
        prop_assert!(cut.depth() <= usize::try_from(depth).unwrap().max(1));
        prop_assert_eq!(cut.states_by_level.iter().sum::<u64>(), cut.unique_states);
        for (cut_answer, answer) in cut.answers.iter().zip(&whole.answers) {
            match (cut.ending, &cut_answer.verdict) {
                (Ending::Cut(reason), Verdict::NoneFound(told)) => prop_assert_eq!(reason, *told),
                // What a cut run finds is what the whole run finds.
                _ => prop_assert_eq!(&cut_answer.verdict, &answer.verdict),
            }
        }
        if cut.unique_states < whole.unique_states {
            prop_assert!(matches!(cut.ending, Ending::Cut(_)));
        }
    }

    #[test]
    fn small_graphs_agree_with_stock(graph in small_graphs()) {
        prop_assert_eq!(run(&graph, &[]).unique_states, stock::unique_states(graph, 1) as u64);
    }
}

#[test]
fn a_large_graph_agrees_with_brute_force() {
    let mut graph = large_graph();
    agrees_with_brute_force(&graph, &options(1));
    agrees_with_brute_force(&graph, &options(3));
    graph.over = (100..60_000).step_by(777).collect();
    agrees_with_brute_force(&graph, &options(2));
}

#[test]
fn nothing_depends_on_the_number_of_threads_or_the_seed() {
    fn same_for_all<M>(model: &M, claims: &[Claim<M>], limits: Limits, goal: Goal) -> Outcome<M>
    where
        M: Successors + Bounded + Sync,
        M::State: std::hash::Hash + Send + Sync + PartialEq + std::fmt::Debug,
        M::Action: PartialEq + std::fmt::Debug,
    {
        let mut outcomes = [(1, 0), (2, 0), (4, 0), (2, 1)].map(|(threads, seed)| {
            let options = Options {
                seed,
                goal,
                limits,
                ..options(threads)
            };
            let mut outcome = check(model, claims, &options, &mut |_| ()).unwrap();
            outcome.elapsed = Duration::ZERO;
            outcome
        });
        // The visited set's shards grow by what the seed puts into them.
        outcomes[3].memory_peak_bytes = outcomes[0].memory_peak_bytes;
        for outcome in &outcomes[1..] {
            assert_eq!(*outcome, outcomes[0]);
            assert_eq!(format!("{outcome:?}"), format!("{:?}", outcomes[0]));
        }
        outcomes.into_iter().next().unwrap()
    }

    let whole = same_for_all(
        &large_graph(),
        &GRAPH_CLAIMS,
        Limits::default(),
        Goal::WholeGraph,
    );
    assert!(
        whole.states_by_level.iter().any(|states| *states > 16_384),
        "some level has several batches"
    );
    assert!(
        whole
            .answers
            .iter()
            .all(|answer| answer.verdict.trace().is_some())
    );
    let states = Limits {
        states: Some(20_000),
        ..Limits::default()
    };
    let cut = same_for_all(&large_graph(), &GRAPH_CLAIMS, states, Goal::WholeGraph);
    assert_eq!(cut.unique_states, 20_000);
    let answered = same_for_all(
        &large_graph(),
        &GRAPH_CLAIMS,
        Limits::default(),
        Goal::FirstAnswers,
    );
    assert_eq!(answered.answers, whole.answers);
    let hasty = TwoPhase {
        managers: 5,
        hasty: Some(4),
    };
    same_for_all(&hasty, &[CONSISTENT], Limits::default(), Goal::WholeGraph);
    let memory = Limits {
        memory_bytes: Some(1 << 20),
        ..Limits::default()
    };
    let counters = Counters::<3> { to: 60 };
    let cut = [1, 4].map(|threads| {
        check(
            &counters,
            &[],
            &Options {
                limits: memory,
                ..options(threads)
            },
            &mut |_| (),
        )
        .unwrap()
        .unique_states
    });
    assert_eq!(cut[0], cut[1]);
}

#[test]
fn published_counts_and_stock_agree() {
    for (managers, states) in [(3, 288), (5, 8_832)] {
        let model = TwoPhase {
            managers,
            hasty: None,
        };
        let outcome = run(&model, &[CONSISTENT]);
        assert_eq!(
            (outcome.unique_states, outcome.depth()),
            (states, 3 * managers + 2)
        );
        assert_eq!(outcome.answers[0].verdict, Verdict::Holds);
        assert_eq!(stock::unique_states(model, 2) as u64, states);
    }
    let counters = Counters::<3> { to: 40 };
    let outcome = run(&counters, &[]);
    assert_eq!((outcome.unique_states, outcome.depth()), (64_000, 118));
    assert_eq!(stock::unique_states(counters, 2), 64_000);
    let dining = Dining::<6>;
    assert_eq!(
        run(&dining, &[]).unique_states,
        stock::unique_states(dining, 1) as u64
    );
    let mut graph = large_graph();
    graph.over = (100..60_000).step_by(777).collect();
    assert_eq!(
        run(&graph, &[]).unique_states,
        stock::unique_states(graph, 1) as u64
    );
}

#[test]
fn stock_answers_with_traces_of_the_same_length() {
    let hasty = TwoPhase {
        managers: 3,
        hasty: Some(1),
    };
    let ours = run(&hasty, &[CONSISTENT]);
    let trace = ours.answers[0].verdict.trace().unwrap();
    assert_eq!(Some(trace.len()), stock::answer_len(hasty, CONSISTENT));
    assert!(!(CONSISTENT_OF)(trace.last()));
    assert!(
        trace.states().take(trace.len()).all(CONSISTENT_OF),
        "the violation is the last state"
    );
    assert_eq!(
        stock::answer_len(
            TwoPhase {
                managers: 3,
                hasty: None
            },
            CONSISTENT
        ),
        None
    );

    let stuck = Claim::invariant(
        "not-stuck",
        "somebody can move",
        |dining: &Dining<5>, state| !dining.is_stuck(state),
    );
    let ours = run(&Dining::<5>, &[stuck]);
    assert_eq!(ours.answers[0].verdict.trace().unwrap().len(), 5);
    assert_eq!(stock::answer_len(Dining::<5>, stuck), Some(5));
}

const CONSISTENT_OF: fn(&Transaction) -> bool = |state| {
    !(state.managers.contains(&Manager::Aborted) && state.managers.contains(&Manager::Committed))
};

#[test]
fn a_step_into_a_visited_state_is_judged() {
    // 0 -> 1 -> 2, and 2 -> 1 is the only marked step: it reaches no new state.
    let mut graph = Graph::new(&[0], &[&[1], &[2], &[1]]);
    graph.marked_steps = [(2, 1)].into();
    let outcome = run(&graph, &GRAPH_CLAIMS);
    assert_eq!(
        path_of(&graph, &outcome.answer("step").unwrap().verdict),
        Some(vec![0, 0, 0, 0])
    );
    assert_eq!(
        path_of(&graph, &outcome.answer("a step").unwrap().verdict),
        Some(vec![0, 0, 0, 0])
    );
    // A loop is a step too.
    let mut graph = Graph::new(&[0], &[&[0]]);
    graph.marked_steps = [(0, 0)].into();
    let outcome = run(&graph, &GRAPH_CLAIMS);
    assert_eq!(
        path_of(&graph, &outcome.answer("step").unwrap().verdict),
        Some(vec![0, 0])
    );
    assert_eq!(
        (outcome.unique_states, outcome.generated_transitions),
        (1, 1)
    );
}

#[test]
fn the_least_parent_is_kept() {
    // Both 1 and 2 lead to 3; 2 ranks before 1, because its action comes first.
    let mut graph = Graph::new(&[0], &[&[2, 1], &[3], &[0, 3, 3], &[]]);
    graph.marked_nodes = [3].into();
    let outcome = run(&graph, &GRAPH_CLAIMS);
    assert_eq!(
        path_of(&graph, &outcome.answer("node").unwrap().verdict),
        Some(vec![0, 0, 1])
    );
}

#[test]
fn every_limit_ends_in_none_found_with_its_reason() {
    fn check_reason(limits: Limits, expected: StopReason) {
        let counters = Counters::<3> { to: 60 };
        let full = |_: &Counters<3>, state: &[u8; 3]| *state == [59; 3];
        let claims = [
            Claim::invariant("below", "no counter exceeds 59", |_, state| {
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
        time: Some(Duration::from_secs(3_600)),
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
    /// One state with many slow children.
    struct Slow;
    impl Model for Slow {
        type State = u32;
        type Action = u32;
        fn init_states(&self) -> Vec<u32> {
            (0..16_000).collect()
        }
        fn actions(&self, _: &u32, _: &mut Vec<u32>) {
            std::thread::sleep(Duration::from_micros(100));
        }
        fn next_state(&self, _: &u32, action: u32) -> Option<u32> {
            Some(action)
        }
    }
    let limits = Limits {
        time: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    let outcome = check(&Plain(Slow), &[], &limited(limits), &mut |_| ()).unwrap();
    assert_eq!(outcome.ending, Ending::Cut(StopReason::Time));
    assert!(
        outcome.elapsed < Duration::from_millis(700),
        "the whole batch would take 0.8 s: {:?}",
        outcome.elapsed
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
            |_, before, _, after| before == after && after.decision == Some(Manager::Working),
            |_, _, _, _| false,
        ),
        Claim::step_given(
            "kept",
            "a decision is kept",
            |_, before, _, _| before.decision.is_some(),
            |_, before, _, after| before.decision == after.decision,
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
    assert_eq!(
        stock::first_difference(&Counters::<3> { to: 10 }, usize::MAX),
        None
    );
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

#[test]
fn fingerprints_are_the_same_everywhere() {
    let state = (
        1_u8,
        2_u16,
        [3_u8; 11],
        "node",
        Some(Manager::Prepared),
        5_u64,
    );
    let pinned = [
        fingerprint(0, &state),
        fingerprint(1, &state),
        fingerprint(0, &()),
    ]
    .map(std::num::NonZero::get);
    assert_eq!(pinned, [0, 0, 0]);
}

/// Half a fingerprint, of inputs that differ in few bits: as many equal pairs as chance would have, and no more.
#[test]
fn halves_of_fingerprints_collide_as_seldom_as_chance() {
    let inputs: Vec<[u8; 48]> = (0..=255_u8)
        .flat_map(|value| {
            (0..48).flat_map(move |first| (0..24).map(move |second| (value, first, second)))
        })
        .filter(|(value, first, second)| *value != 0 && first / 2 != *second)
        .map(|(value, first, second)| {
            let mut bytes = [0; 48];
            bytes[first] = value;
            bytes[second * 2] = value.rotate_left(3);
            bytes
        })
        .collect();
    let mut distinct = inputs.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let count = f64::from(u32::try_from(distinct.len()).unwrap());
    let expected = count * count / 2.0 / 2f64.powi(32);
    for shift in [0, 16, 32] {
        let mut halves: Vec<_> = distinct
            .iter()
            .map(|bytes| {
                u32::try_from(fingerprint(0, bytes).get() >> shift & u64::from(u32::MAX)).unwrap()
            })
            .collect();
        halves.sort_unstable();
        let equal = f64::from(
            u32::try_from(halves.windows(2).filter(|pair| pair[0] == pair[1]).count()).unwrap(),
        );
        assert!(
            (equal - expected).abs() < 5.0 * expected.sqrt() + 3.0,
            "{equal} equal pairs, {expected} by chance"
        );
    }
}
