//! Claims about behaviours for ever: convergence, and what must not go on without end.
//!
//! While a search visits the graph, it keeps every step with its class; at its end, [`fair`](super::fair) looks for fair
//! loops in what it has visited. What is found in a graph that was cut is a violation all the same: a state that was not
//! expanded lies in no loop, and of the others every step is known.

use super::expand::Slot;
use super::fair::{Class, Classes, Edge, Fairness, Graph, NOWHERE, Touches, Wanted, violation};
use super::lasso::Lasso;
use super::visited::Visited;

/// What no fair behaviour may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// Be again and again in a state that has one of these marks ([`Explored::marks`](super::Explored::marks)).
    Marked(u8),
    /// Never be in a state that has one of these marks.
    Avoiding(u8),
    /// Take again and again a step of one class without one of others.
    Taking {
        /// The classes that are not taken for ever.
        steps: Classes,
        /// But they may be, together with one of these.
        with: Classes,
    },
}

/// The graph as it is being visited.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) graph: Graph,
    marks: Vec<u8>,
}

impl Reached {
    pub(super) fn new() -> Self {
        Self { graph: Graph::new(), marks: Vec::new() }
    }

    /// Adds the states of `slot`, in the order of their ranks, once every state that they lead to has its own.
    pub(super) fn add<S>(&mut self, slot: &Slot<S>, visited: &Visited) {
        let mut steps = slot.steps_kept.iter();
        for (degree, marks) in &slot.states_kept {
            let edges = steps.by_ref().take(*degree as usize).map(|(fingerprint, class)| {
                // A state that was left out, where the search is not complete, has no rank.
                let target = fingerprint.and_then(|fingerprint| visited.rank(fingerprint)).unwrap_or(NOWHERE);
                Edge { class: *class, target }
            });
            self.graph.push(edges);
            self.marks.push(*marks);
        }
    }

    /// Adds the states up to `states` that were not expanded: in none of them is it known that a behaviour may stop.
    pub(super) fn complete(&mut self, states: usize) {
        while self.marks.len() < states {
            self.graph.push([UNKNOWN]);
            self.marks.push(0);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.graph.bytes() + self.marks.len() as u64
    }

    /// A fair behaviour that does what is `forbidden`, with the shortest stem.
    pub(super) fn violation(&self, levels: &[u64], fairness: &[Fairness], forbidden: Forbidden) -> Option<Lasso> {
        let initial = levels.first().copied().unwrap_or(0);
        let mut ends = Vec::with_capacity(levels.len());
        let mut end = 0;
        for level in levels {
            end += level;
            ends.push(end);
        }
        let depth = |state: u32| {
            let depth = ends.partition_point(|end| *end <= u64::from(state));
            u32::try_from(depth).expect("fewer than 2^32 levels")
        };
        let marked = |mask: u8| move |state: u32| self.marks[state as usize] & mask != 0;
        let taking = |classes: Classes| move |edge: usize| classes.contains(self.graph.edge(edge).class);
        let unmarked = |mask: u8| move |state: u32| self.marks[state as usize] & mask == 0;
        let everywhere = |_: u32| true;
        let first = |state: u32| u64::from(state) < initial;
        let none = Classes::default();
        let find = |wanted: &Wanted<'_>| violation(&self.graph, fairness, &depth, wanted);
        match forbidden {
            Forbidden::Marked(mask) => {
                let touches = Touches::State(&marked(mask));
                find(&Wanted { from: None, within: &everywhere, avoids: none, touches })
            }
            Forbidden::Avoiding(mask) => {
                let touches = Touches::State(&everywhere);
                find(&Wanted { from: Some(&first), within: &unmarked(mask), avoids: none, touches })
            }
            Forbidden::Taking { steps, with } => {
                let touches = Touches::Edge(&taking(steps));
                find(&Wanted { from: None, within: &everywhere, avoids: with, touches })
            }
        }
    }

    /// The classes that the loop of `lasso` takes, and the others that are enabled somewhere in it.
    pub(super) fn classes(&self, lasso: &Lasso) -> (Vec<Class>, Vec<Class>) {
        let (mut enabled, mut taken) = (Classes::default(), Classes::default());
        let mut at = lasso.entry(&self.graph);
        enabled = enabled.or(self.graph.enabled(at));
        for edge in &lasso.cycle {
            let Edge { class, target } = self.graph.edge(*edge);
            taken.insert(class);
            at = target;
            enabled = enabled.or(self.graph.enabled(at));
        }
        (taken.and(enabled).iter().collect(), enabled.without(taken).iter().collect())
    }
}

/// Stands for whatever a state that was not expanded leads to: some class is enabled there, and no loop is known.
pub(super) const UNKNOWN: Edge = Edge { class: 0, target: NOWHERE };
