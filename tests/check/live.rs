//! Claims about behaviours for ever, through the search: against a dumb search for fair loops, whole and cut.
//!
//! The dumb version walks (state, what the loop has met) from every reachable state until it comes back with nothing owed.
//! It knows no components, and nothing of ranks, levels or logs.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use everynode::check::fair::{Class, Classes, UNFAIR};
use everynode::check::{Cycle, Explored, Findings, Forbidden, Report, Settings, StopReason, Trace, Verdict};
use everynode::check::{fingerprint, search};
use proptest::prelude::*;

use crate::settings;

const CLASSES: u8 = 3;
/// The claims: nothing marked for ever; no step of class 0 for ever; none but with steps of class 1; something is marked some
/// time.
const MARKED: usize = 0;
const TAKING: usize = 1;
const TAKING_ALONE: usize = 2;
const AVOIDING: usize = 3;

/// A graph with classes: each node lists class and target of its steps.
#[derive(Clone, Debug)]
struct Classed {
    initial: Vec<u8>,
    edges: Vec<Vec<(Class, u8)>>,
    /// Per node, the classes whose steps wait for room.
    waiting: Vec<BTreeSet<Class>>,
    marked: Vec<bool>,
    over: BTreeSet<u8>,
}

impl Explored for Classed {
    type Sealed = u8;
    type Open = u8;
    type Action = usize;

    fn initial(&self) -> Vec<u8> {
        self.initial.clone()
    }
    fn seal(&self, open: u8) -> u8 {
        open
    }
    fn open<'a>(&self, sealed: &'a u8) -> Cow<'a, u8> {
        Cow::Borrowed(sealed)
    }
    fn fingerprint(&self, sealed: &u8, seed: u64) -> u64 {
        fingerprint(&[*sealed], seed)
    }
    fn state_bytes(&self, _: &u8) -> usize {
        1
    }
    fn successors(&self, open: &u8, out: &mut Vec<(usize, u8)>) {
        out.extend(self.edges[usize::from(*open)].iter().map(|(_, target)| *target).enumerate());
    }
    fn exceeded(&self, open: &u8) -> Option<&'static str> {
        self.over.contains(open).then_some("nodes")
    }
    fn judge_state(&self, _: &u8) -> Findings {
        Findings { broken: 0, premise: 1 << MARKED }
    }
    fn live(&self) -> Vec<(usize, Forbidden)> {
        let (mut zero, mut one) = (Classes::default(), Classes::default());
        zero.insert(0);
        one.insert(1);
        vec![
            (MARKED, Forbidden::Marked(2)),
            (TAKING, Forbidden::Taking { steps: zero, with: Classes::default() }),
            (TAKING_ALONE, Forbidden::Taking { steps: zero, with: one }),
            (AVOIDING, Forbidden::Avoiding(2)),
        ]
    }
    fn class(&self, before: &u8, action: &usize) -> Class {
        self.edges[usize::from(*before)][*action].0
    }
    fn waiting(&self, open: &u8, out: &mut Vec<Class>) {
        out.extend(&self.waiting[usize::from(*open)]);
    }
    fn marks(&self, open: &u8) -> u8 {
        if self.marked[usize::from(*open)] { 2 } else { 5 }
    }
}

/// What a loop has met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Met {
    taken: [bool; CLASSES as usize],
    disabled: [bool; CLASSES as usize],
    marked: bool,
}

impl Classed {
    fn enabled(&self, node: u8, class: Class) -> bool {
        let node = usize::from(node);
        self.edges[node].iter().any(|(other, _)| *other == class) || self.waiting[node].contains(&class)
    }

    fn meet(&self, mut met: Met, node: u8) -> Met {
        for class in 0..CLASSES {
            met.disabled[usize::from(class)] |= !self.enabled(node, class);
        }
        met.marked |= self.marked[usize::from(node)];
        met
    }

    fn breaks(claim: usize, met: Met) -> bool {
        let fair = (0..usize::from(CLASSES)).all(|class| met.taken[class] || met.disabled[class]);
        fair && match claim {
            MARKED => met.marked,
            TAKING => met.taken[0],
            TAKING_ALONE => met.taken[0] && !met.taken[1],
            _ => !met.marked,
        }
    }

    /// Distance of each node from the start, by steps out of nodes within capacity; for the claim that something is marked, by
    /// nodes that are not.
    fn distances(&self, claim: usize) -> Vec<Option<usize>> {
        let mut distances = vec![None; self.edges.len()];
        let mut open: VecDeque<(u8, usize)> = self.initial.iter().map(|node| (*node, 0)).collect();
        while let Some((node, distance)) = open.pop_front() {
            let is_out = claim == AVOIDING && self.marked[usize::from(node)];
            if distances[usize::from(node)].is_some() || is_out {
                continue;
            }
            distances[usize::from(node)] = Some(distance);
            if !self.over.contains(&node) {
                open.extend(self.edges[usize::from(node)].iter().map(|(_, target)| (*target, distance + 1)));
            }
        }
        distances
    }

    fn loops_through(&self, start: u8, claim: usize) -> bool {
        if self.over.contains(&start) {
            return false;
        }
        let first = self.meet(Met::default(), start);
        if (0..CLASSES).all(|class| !self.enabled(start, class)) && Self::breaks(claim, first) {
            return true; // it stops there
        }
        let mut seen = BTreeSet::from([(start, first)]);
        let mut open = vec![(start, first)];
        while let Some((node, met)) = open.pop() {
            for (class, target) in &self.edges[usize::from(node)] {
                if self.over.contains(target) {
                    continue;
                }
                let mut met = self.meet(met, *target);
                if *class != UNFAIR {
                    met.taken[usize::from(*class)] = true;
                }
                if *target == start && Self::breaks(claim, met) {
                    return true;
                }
                if seen.insert((*target, met)) {
                    open.push((*target, met));
                }
            }
        }
        false
    }

    /// The length of the shortest stem, if the claim is broken.
    fn broken(&self, claim: usize) -> Option<usize> {
        let distances = self.distances(claim);
        let nodes = (0_u8..).zip(&distances).filter_map(|(node, distance)| Some((node, (*distance)?)));
        nodes.filter(|(node, _)| self.loops_through(*node, claim)).map(|(_, distance)| distance).min()
    }

    /// Walks the behaviour, and holds it against every word of what a violation is.
    fn check(&self, trace: &Trace<usize>, claim: usize) {
        let Cycle { begins, taken, passed } = trace.cycle.as_ref().expect("these claims are broken for ever only");
        let mut at = self.initial[trace.initial];
        let is_out = |node: u8| claim == AVOIDING && self.marked[usize::from(node)];
        assert!(!is_out(at));
        let (stem, cycle) = trace.actions.split_at(*begins);
        for action in stem {
            at = self.edges[usize::from(at)][*action].1;
            assert!(!is_out(at));
        }
        let entry = at;
        let mut met = self.meet(Met::default(), at);
        let mut enabled: BTreeSet<Class> = (0..CLASSES).filter(|class| self.enabled(at, *class)).collect();
        for action in cycle {
            let (class, target) = self.edges[usize::from(at)][*action];
            if class != UNFAIR {
                met.taken[usize::from(class)] = true;
            }
            at = target;
            met = self.meet(met, at);
            enabled.extend((0..CLASSES).filter(|class| self.enabled(at, *class)));
        }
        assert_eq!(at, entry, "the loop comes back");
        assert!(!cycle.is_empty() || enabled.is_empty(), "where it stops nobody has to go on");
        assert!(Self::breaks(claim, met), "{met:?}");
        let (took, passed_by): (Vec<Class>, Vec<Class>) =
            enabled.into_iter().partition(|class| met.taken[usize::from(*class)]);
        assert_eq!((&took, &passed_by), (taken, passed));
    }
}

fn classed() -> impl Strategy<Value = Classed> {
    (1_u8..=7).prop_flat_map(|nodes| {
        let class = prop_oneof![8 => 0..CLASSES, 1 => Just(UNFAIR)];
        let count = usize::from(nodes);
        (
            prop::collection::vec(0..nodes, 1..3),
            prop::collection::vec(prop::collection::vec((class, 0..nodes), 0..4), count),
            prop::collection::vec(
                prop_oneof![4 => Just(BTreeSet::new()), 1 => prop::collection::btree_set(0..CLASSES, 1..3)],
                count,
            ),
            prop::collection::vec(prop::bool::weighted(0.4), count),
            prop_oneof![3 => Just(BTreeSet::new()), 1 => prop::collection::btree_set(0..nodes, 1..2)],
        )
            .prop_map(|(initial, edges, waiting, marked, over)| Classed {
                initial,
                edges,
                waiting,
                marked,
                over,
            })
    })
}

fn run(graph: &Classed, settings: &Settings<'_>) -> Report<usize> {
    search(graph, 4, settings, &mut |_| ()).expect("a function of its state")
}

fn stem(verdict: &Verdict<usize>) -> Option<usize> {
    match verdict {
        Verdict::Violated(trace) => Some(trace.cycle.as_ref().expect("a behaviour for ever").begins),
        Verdict::Holds | Verdict::NoneFound(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn what_is_found_for_ever_agrees_with_a_dumb_search(graph in classed(), threads in 1_usize..4, seed: u64) {
        let report = run(&graph, &Settings { seed, ..settings(threads) });
        for (claim, finding) in report.findings.iter().enumerate() {
            prop_assert_eq!(stem(&finding.verdict), graph.broken(claim), "claim {}", claim);
            match &finding.verdict {
                Verdict::Violated(trace) => graph.check(trace, claim),
                Verdict::Holds => prop_assert_eq!(report.stopped, None),
                Verdict::NoneFound(reason) => prop_assert_eq!(Some(*reason), report.stopped),
            }
        }
    }

    #[test]
    fn a_cut_graph_never_holds_and_what_breaks_it_breaks_the_whole(
        graph in classed(),
        states_max in 0_u64..6,
        depth_max in 0_u64..4,
    ) {
        let cut = run(&graph, &Settings { states_max, depth_max, ..settings(2) });
        for (claim, finding) in cut.findings.iter().enumerate() {
            match &finding.verdict {
                Verdict::Violated(trace) => {
                    graph.check(trace, claim);
                    prop_assert!(graph.broken(claim).is_some());
                }
                Verdict::Holds => prop_assert_eq!(cut.stopped, None),
                Verdict::NoneFound(reason) => prop_assert_eq!(Some(*reason), cut.stopped),
            }
        }
    }
}

/// A node that leads to itself by a marked step.
fn spin(class: Class) -> Classed {
    Classed {
        initial: vec![0],
        edges: vec![vec![(class, 0)]],
        waiting: vec![BTreeSet::new()],
        marked: vec![true],
        over: BTreeSet::new(),
    }
}

#[test]
fn a_step_that_waits_for_room_excuses_nobody() {
    // 0 and 1 lead to each other by class 0, and class 2 could leave from 0 only: at 1 it is disabled, or waits for room.
    let mut graph = spin(0);
    graph.edges = vec![vec![(0, 1), (2, 2)], vec![(0, 0)], vec![]];
    graph.waiting = vec![BTreeSet::new(); 3];
    graph.marked = vec![true, true, false];
    assert_eq!(stem(&run(&graph, &settings(1)).findings[MARKED].verdict), Some(0));
    graph.waiting[1] = [2].into();
    assert_eq!(run(&graph, &settings(1)).findings[MARKED].verdict, Verdict::Holds);
}

#[test]
fn a_loop_in_a_graph_that_was_cut_is_told() {
    // The loop 0, 1 is whole before the chain behind it is cut.
    let mut graph = spin(0);
    graph.edges = vec![vec![(0, 1)], vec![(0, 0), (UNFAIR, 2)], vec![(0, 3)], vec![(0, 4)], vec![]];
    graph.waiting = vec![BTreeSet::new(); 5];
    graph.marked = vec![false, false, false, false, true];
    let cut = run(&graph, &Settings { depth_max: 3, ..settings(1) });
    assert_eq!(cut.stopped, Some(StopReason::Depth(3)));
    assert_eq!(stem(&cut.findings[TAKING].verdict), Some(0));
    assert_eq!(cut.findings[MARKED].verdict, Verdict::NoneFound(StopReason::Depth(3)));
    assert_eq!(stem(&run(&graph, &settings(1)).findings[MARKED].verdict), Some(4));
}

#[test]
fn a_claim_about_behaviours_for_ever_ends_no_search() {
    let mut graph = spin(0);
    graph.edges = vec![vec![(0, 0), (0, 1)], vec![]];
    graph.waiting = vec![BTreeSet::new(); 2];
    graph.marked = vec![true, false];
    let report = run(&graph, &Settings { stop_when_broken: 1 << MARKED, ..settings(1) });
    assert_eq!((report.stopped, report.unique_states), (None, 2));
    assert_eq!(stem(&report.findings[MARKED].verdict), Some(0));
}

#[test]
fn neither_threads_nor_seeds_change_what_is_found_for_ever() {
    // 100 x 100 nodes on a torus: right by class 0, down by class 1; marked on one row.
    let side = 100_u8;
    let torus = Torus { side };
    let first = search(&torus, 1, &settings(1), &mut |_| ()).expect("a function of its state");
    let Verdict::Violated(trace) = &first.findings[0].verdict else { panic!("{:?}", first.findings[0].verdict) };
    let cycle = trace.cycle.as_ref().expect("a behaviour for ever");
    assert_eq!((cycle.begins, cycle.taken.as_slice()), (0, &[0, 1][..]));
    for (threads, seed) in [(2, 0), (4, 0), (2, 7)] {
        let other = search(&torus, 1, &Settings { seed, ..settings(threads) }, &mut |_| ()).expect("a function");
        assert_eq!(other.findings, first.findings);
    }
}

struct Torus {
    side: u8,
}

impl Explored for Torus {
    type Sealed = [u8; 2];
    type Open = [u8; 2];
    type Action = Class;

    fn initial(&self) -> Vec<[u8; 2]> {
        vec![[0, 0]]
    }
    fn seal(&self, open: [u8; 2]) -> [u8; 2] {
        open
    }
    fn open<'a>(&self, sealed: &'a [u8; 2]) -> Cow<'a, [u8; 2]> {
        Cow::Borrowed(sealed)
    }
    fn fingerprint(&self, sealed: &[u8; 2], seed: u64) -> u64 {
        fingerprint(sealed, seed)
    }
    fn state_bytes(&self, _: &[u8; 2]) -> usize {
        2
    }
    fn successors(&self, &[right, down]: &[u8; 2], out: &mut Vec<(Class, [u8; 2])>) {
        out.extend([(0, [(right + 1) % self.side, down]), (1, [right, (down + 1) % self.side])]);
    }
    fn judge_state(&self, _: &[u8; 2]) -> Findings {
        Findings::default()
    }
    fn live(&self) -> Vec<(usize, Forbidden)> {
        vec![(0, Forbidden::Marked(1))]
    }
    fn class(&self, _: &[u8; 2], action: &Class) -> Class {
        *action
    }
    fn marks(&self, [_, down]: &[u8; 2]) -> u8 {
        u8::from(*down == 70)
    }
}
