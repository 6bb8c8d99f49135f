//! What a run tells.

use std::collections::BTreeMap;
use std::time::Duration;

use super::verdict::{Ending, Premise, Verdict};

/// The result of a run.
///
/// All but `elapsed` is the same for any number of threads, unless time or an interrupt cut the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary<S, A> {
    /// How the run ended.
    pub ending: Ending,
    /// States that were reached, each counted once; those that exceed a capacity included.
    pub unique_states: u64,
    /// Transitions from the states that were expanded, those into visited states and loops included.
    pub generated_transitions: u64,
    /// Unique states of each level; the initial states are the first.
    pub states_by_level: Vec<u64>,
    /// How often each kind of action was taken.
    pub actions: BTreeMap<&'static str, u64>,
    /// How many states exceeded each capacity.
    pub capacities: BTreeMap<&'static str, u64>,
    /// The claims in the order of the request.
    pub answers: Vec<Answer<S, A>>,
    /// Wall time.
    pub elapsed: Duration,
    /// Largest estimate of memory in use, in bytes: visited set, parents, frontier and buffers. What states own on the
    /// heap is not in it.
    pub memory_peak_bytes: u64,
    /// Probability that two of the states share a fingerprint and one was missed, if fingerprints were ideal.
    pub collision_probability: f64,
}

impl<S, A> Summary<S, A> {
    /// Number of levels; 1 if there are initial states only.
    pub const fn depth(&self) -> usize {
        self.states_by_level.len()
    }

    /// The answer to the claim with this id.
    pub fn answer(&self, id: &str) -> Option<&Answer<S, A>> {
        self.answers.iter().find(|answer| answer.id == id)
    }
}

/// A claim and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<S, A> {
    /// Id of the claim.
    pub id: &'static str,
    /// The claim in words.
    pub sentence: &'static str,
    /// What was found.
    pub verdict: Verdict<S, A>,
    /// Whether its premise was reached.
    pub premise: Premise,
}

impl<S, A> Answer<S, A> {
    /// Whether the claim holds only because its premise is never true.
    pub const fn is_vacuous(&self) -> bool {
        matches!(self.verdict, Verdict::Holds) && matches!(self.premise, Premise::NeverReached)
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Unique states so far.
    pub unique_states: u64,
    /// Generated transitions so far.
    pub generated_transitions: u64,
    /// Levels so far, the one being filled included.
    pub depth: usize,
    /// States that wait to be expanded.
    pub waiting_states: u64,
    /// Estimate of memory in use, in bytes.
    pub memory_bytes: u64,
    /// Time since the start.
    pub elapsed: Duration,
}

impl Progress {
    /// Unique states per second since the start.
    pub fn states_per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let states = self.unique_states as f64;
        states / self.elapsed.as_secs_f64().max(1e-6)
    }
}

/// The probability that among `states` ideal 64-bit fingerprints two are equal.
pub(super) fn collision_probability(states: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let n = states as f64;
    let expected_pairs = n * (n - 1.0).max(0.0) / 2.0 / 2f64.powi(64);
    -(-expected_pairs).exp_m1()
}
