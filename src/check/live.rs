//! Claims about behaviours for ever: convergence, and what must not go on without end.
//!
//! While a search visits the graph, it keeps every step with its class; when it has visited all of it, [`fair`](super::fair)
//! looks for fair loops.

use super::expand::Slot;
use super::fair::{Class, Classes, Edge, Fairness, Graph, NOWHERE, Touches, Wanted, violation};
use super::lasso::Lasso;
use super::verdict::StopReason;
use super::visited::Visited;

/// What no fair behaviour may do again and again for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// Be in a state that has one of these marks ([`Explored::marks`](super::Explored::marks)).
    Marked(u8),
    /// Take a step of one of these classes.
    Taking(Classes),
}

/// Claims about behaviours for ever, and the assumption they are made under.
#[derive(Clone, Copy, Debug, Default)]
pub struct Live<'a> {
    /// The claims.
    pub claims: &'a [Forbidden],
    /// Of each class how it is treated; one beyond it weakly.
    pub fairness: &'a [Fairness],
}

/// What was found of one claim about behaviours for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveVerdict<A> {
    /// The whole graph was visited, and no fair behaviour does it.
    Holds,
    /// Not everything was looked at.
    NoneFound(StopReason),
    /// A fair behaviour does it: this one, whose stem is as short as any.
    Violated(Behaviour<A>),
}

/// A behaviour for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour<A> {
    /// Which initial state.
    pub initial: usize,
    /// The steps to the loop.
    pub stem: Vec<A>,
    /// The steps of the loop, which are taken again and again; none: the behaviour stops there, and nobody has to go on.
    pub cycle: Vec<A>,
    /// The classes that are enabled somewhere in the loop, and those of them that it takes.
    pub enabled: Vec<Class>,
    /// Those that it takes.
    pub taken: Vec<Class>,
}

/// The graph as it is being visited.
#[derive(Debug, Default)]
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
                // One that leads to a state that was left out, where the search is not complete, leads nowhere either.
                let target = fingerprint.and_then(|fingerprint| visited.rank(fingerprint)).unwrap_or(NOWHERE);
                Edge { class: *class, target }
            });
            self.graph.push(edges);
            self.marks.push(*marks);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.graph.bytes() + self.marks.len() as u64
    }

    /// A fair behaviour that does again and again what is `forbidden`, with the shortest stem.
    pub(super) fn violation(&self, levels: &[u64], live: &Live<'_>, forbidden: Forbidden) -> Option<Lasso> {
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
        let everywhere = |_: u32| true;
        let (state, edge);
        let touches = match forbidden {
            Forbidden::Marked(mask) => {
                state = marked(mask);
                Touches::State(&state)
            }
            Forbidden::Taking(classes) => {
                edge = taking(classes);
                Touches::Edge(&edge)
            }
        };
        violation(&self.graph, live.fairness, &depth, &Wanted { from: None, within: &everywhere, touches })
    }

    /// The classes enabled somewhere in the loop of `lasso`, and those that it takes.
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
        (enabled.iter().collect(), taken.iter().collect())
    }
}
