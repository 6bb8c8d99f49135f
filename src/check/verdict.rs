//! What a search may say.

use std::fmt;
use std::time::Duration;

use super::fair::Class;
use crate::text::grouped;

/// Why a search stopped before the whole graph was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The limit on unique states.
    States(u64),
    /// The limit on time.
    Time(Duration),
    /// The limit on memory, in bytes.
    Memory(u64),
    /// The limit on depth, in steps.
    Depth(u64),
    /// Every claim was broken that was to end it, at this depth.
    Satisfied(u64),
    /// A capacity of the scope was exceeded.
    Capacity(&'static str),
    /// Somebody interrupted it.
    Interrupted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States(states) => write!(formatter, "stopped at {} states", grouped(*states)),
            Self::Time(time) => write!(formatter, "stopped after {} s", time.as_secs()),
            Self::Memory(bytes) => write!(formatter, "stopped at {} MiB", bytes >> 20),
            Self::Depth(depth) => write!(formatter, "stopped at depth {depth}"),
            Self::Satisfied(depth) => write!(formatter, "ended at depth {depth}, once others were violated"),
            Self::Capacity(what) => write!(formatter, "the scope's capacity for {what} was exceeded"),
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

/// A behaviour that breaks a claim: the steps from the initial state on, shortest first in rank. One for ever has a loop at
/// its end, to whose first state no behaviour is shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace<A> {
    /// Which initial state.
    pub initial: usize,
    /// The steps.
    pub actions: Vec<A>,
    /// The loop, if the behaviour goes on for ever.
    pub cycle: Option<Cycle>,
}

/// The loop of a behaviour for ever: its last steps, again and again. With none of them the behaviour stops there, and
/// nobody has to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// How many steps come before it.
    pub begins: usize,
    /// The classes of which it takes a step.
    pub taken: Vec<Class>,
    /// The other classes that are enabled somewhere in it: each is disabled somewhere, too, so nobody has to take it.
    pub passed: Vec<Class>,
}

/// What was found of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<A> {
    /// The whole graph was visited, and no bound cut it.
    Holds,
    /// Nothing was found, but not everything was looked at.
    NoneFound(StopReason),
    /// Broken, with a shortest behaviour that breaks it.
    Violated(Trace<A>),
}

/// A claim's verdict, and whether its premise was ever met: if not, it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<A> {
    /// The verdict.
    pub verdict: Verdict<A>,
    /// Whether the premise was met somewhere.
    pub premise_reached: bool,
}

/// What a search did.
#[derive(Clone, Debug)]
pub struct Report<A> {
    /// Per claim, by bit.
    pub findings: Vec<Finding<A>>,
    /// Unique states.
    pub unique_states: u64,
    /// Generated transitions.
    pub transitions: u64,
    /// Unique states by their distance from the start, in steps.
    pub states_by_depth: Vec<u64>,
    /// How often each kind of step was taken.
    pub steps_by_kind: Vec<(&'static str, u64)>,
    /// What of the model's configuration some step used, as bits ([`super::Explored::used`]).
    pub used: u128,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
    /// Elapsed.
    pub elapsed: Duration,
    /// Largest memory accounted for, in bytes.
    pub memory: u64,
    /// Largest sealed state, in bytes.
    pub state_bytes: usize,
    /// At most the probability that a state was missed by a fingerprint collision.
    pub collision_probability: f64,
}

impl<A> Report<A> {
    /// Steps to the farthest state.
    pub fn depth(&self) -> u64 {
        (self.states_by_depth.len() as u64).saturating_sub(1)
    }
}
