//! What a run says about a claim.

use std::fmt;

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<S, A> {
    /// True in the whole reachable graph.
    Holds,
    /// No violation, or no example, in the part of the graph that was visited.
    NoneFound(StopReason),
    /// The shortest trace to a violation.
    Violated(Trace<S, A>),
    /// The shortest trace to the example that a witness asks for.
    Reached(Trace<S, A>),
    /// The whole reachable graph has no example.
    Unreached,
}

impl<S, A> Verdict<S, A> {
    /// The trace, if this answer has one.
    pub const fn trace(&self) -> Option<&Trace<S, A>> {
        match self {
            Self::Violated(trace) | Self::Reached(trace) => Some(trace),
            Self::Holds | Self::NoneFound(_) | Self::Unreached => None,
        }
    }
}

/// Why a run did not visit the whole graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The limit on unique states.
    States,
    /// The limit on time.
    Time,
    /// The limit on memory.
    Memory,
    /// The limit on depth.
    Depth,
    /// Some state exceeded this capacity of the model, and was not expanded.
    Capacity(&'static str),
    /// The caller asked to stop.
    Interrupted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States => f.write_str("limit on states"),
            Self::Time => f.write_str("limit on time"),
            Self::Memory => f.write_str("limit on memory"),
            Self::Depth => f.write_str("limit on depth"),
            Self::Capacity(name) => write!(f, "capacity: {name}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The whole reachable graph was visited.
    WholeGraph,
    /// Part of the graph was not visited.
    Cut(StopReason),
    /// Every claim had its answer before, as [`Goal::FirstAnswers`](super::Goal::FirstAnswers) asks.
    Answered,
}

/// Whether a claim said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Premise {
    /// The claim has no premise.
    Unstated,
    /// The premise was true somewhere.
    Reached,
    /// The premise was true nowhere that was visited.
    NeverReached,
}

/// A behaviour written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace<S, A> {
    /// Where it starts.
    pub initial: S,
    /// Each action and the state it led to.
    pub steps: Vec<(A, S)>,
}

impl<S, A> Trace<S, A> {
    /// Number of steps.
    pub const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has no step.
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Where it ends.
    pub fn last(&self) -> &S {
        self.steps.last().map_or(&self.initial, |(_, state)| state)
    }

    /// Its last step, if it has one: the state before, the action, the state after.
    pub fn last_step(&self) -> Option<(&S, &A, &S)> {
        let ((action, after), rest) = self.steps.split_last()?;
        let before = rest.last().map_or(&self.initial, |(_, state)| state);
        Some((before, action, after))
    }

    /// Every state, in order.
    pub fn states(&self) -> impl Iterator<Item = &S> {
        std::iter::once(&self.initial).chain(self.steps.iter().map(|(_, state)| state))
    }
}
