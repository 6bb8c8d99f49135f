//! What a run is told.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How a run is carried out. The default is one thread, seed 0, the whole graph and no limit.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads. No result depends on it.
    pub threads: NonZeroUsize,
    /// Seed of the fingerprints. Another seed gives the same counts unless fingerprints collided.
    pub seed: u64,
    /// When the run is done.
    pub goal: Goal,
    /// Where it ends if it is not done before.
    pub limits: Limits,
    /// Ends the run with [`StopReason::Interrupted`](super::StopReason::Interrupted) soon after it becomes true.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            seed: 0,
            goal: Goal::default(),
            limits: Limits::default(),
            interrupt: None,
        }
    }
}

/// When a run is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// When the whole graph was visited, so that counts and depth are those of the graph.
    #[default]
    WholeGraph,
    /// When every claim is violated or reached, if that is before.
    FirstAnswers,
}

/// Where a run ends. A limit that is absent does not end it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Unique states, exactly this many at most. All that are counted are judged.
    pub states: Option<u64>,
    /// Time since the start.
    pub time: Option<Duration>,
    /// Bytes of the estimate of [`Summary::memory_peak_bytes`](super::Summary::memory_peak_bytes); exceeded by one batch
    /// at most. All states that are counted are judged.
    pub memory_bytes: Option<u64>,
    /// Levels, the initial states being the first, which are always visited. The last is judged but not expanded, even
    /// if nothing new would follow.
    pub depth: Option<u32>,
}
