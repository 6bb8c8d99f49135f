//! The search tells the truth: counts, verdicts, least traces, and what it did not look at.
//!
//! Toy models whose graphs are known are checked against stateright's own checker, against published counts, and
//! against a dumb search by relaxation that shares nothing with ours, not even the order of visits.

mod limits;
mod report;
mod toys;

use std::num::NonZeroUsize;
use std::time::Duration;

use everynode::check::{
    Bounded, Claim, Ending, Goal, Limits, Options, Outcome, Plain, StopReason, Successors, Trace,
    Verdict, check, stock,
};
use proptest::prelude::*;
use stateright::Model;
use toys::{Counters, Dining, Graph, Manager, Transaction, TwoPhase};

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
    |_, state: &Transaction| {
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
        .map(|_| (0..next(12)).map(|_| next(60_000)).collect())
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
    agrees_with(&Brute::new(graph), graph, options);
}

fn agrees_with(brute: &Brute, graph: &Graph, options: &Options) {
    let outcome = check(graph, &GRAPH_CLAIMS, options, &mut |_| ()).unwrap();
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
            let told = &cut_answer.verdict;
            match cut.ending {
                // What a cut run finds is what the whole run finds, and else it says why it was cut.
                Ending::Cut(reason) => prop_assert!(
                    *told == Verdict::NoneFound(reason) || told.trace().is_some() && *told == answer.verdict
                ),
                Ending::WholeGraph => prop_assert_eq!(told, &answer.verdict),
                Ending::Answered => prop_assert!(false, "nobody asked for the first answers"),
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
    let brute = Brute::new(&graph);
    agrees_with(&brute, &graph, &options(1));
    agrees_with(&brute, &graph, &options(3));
    // Late nodes, each alone, have a least parent among many.
    for node in (0..60_000).step_by(4_999) {
        graph.marked_nodes = [node].into();
        agrees_with(&brute, &graph, &options(2));
    }
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
        whole.states_by_level.iter().any(|states| *states > 20_000),
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
fn of_the_answers_of_several_threads_the_least_is_told() {
    /// Wide and slow, so that every thread finds an answer of its own in the first batch.
    struct Wide;
    impl Model for Wide {
        type State = u32;
        type Action = u8;
        fn init_states(&self) -> Vec<u32> {
            (0..2_000).collect()
        }
        fn actions(&self, _: &u32, actions: &mut Vec<u8>) {
            std::thread::sleep(Duration::from_micros(50));
            actions.extend([0, 1]);
        }
        fn next_state(&self, state: &u32, _: u8) -> Option<u32> {
            Some(*state)
        }
    }
    let claims = [
        Claim::invariant("small", "states are small", |_: &Plain<Wide>, state| {
            *state < 3
        }),
        Claim::sometimes_step(
            "one",
            "action one is taken",
            |_: &Plain<Wide>, _, action, _| *action == 1,
        ),
    ];
    let outcome = check(&Plain(Wide), &claims, &options(4), &mut |_| ()).unwrap();
    let traces: Vec<_> = outcome
        .answers
        .iter()
        .filter_map(|answer| answer.verdict.trace())
        .collect();
    assert_eq!(
        *traces[0],
        Trace {
            initial: 3,
            steps: vec![]
        }
    );
    assert_eq!(
        *traces[1],
        Trace {
            initial: 0,
            steps: vec![(1, 0)]
        }
    );
}
