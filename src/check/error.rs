//! Why a run has no result.

use thiserror::Error;

/// The model cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckError {
    /// The model names no initial state.
    #[error("model has no initial state")]
    NoInitialState,
    /// One state listed different successors when asked twice, so that no count and no trace means anything.
    #[error(
        "model is not a function of its state: state {state} of level {level}, expanded twice, had {first} then {second} successors, the first difference at action index {action}"
    )]
    NotAFunction {
        /// Rank of the state in the whole search, from 0.
        state: u64,
        /// Its level, from 0 for initial states.
        level: usize,
        /// How many successors it had at first.
        first: usize,
        /// How many it had then.
        second: usize,
        /// The first action index at which the lists differ.
        action: usize,
    },
    /// Following the recorded actions from the initial state did not lead to what was found.
    #[error(
        "trace of claim {claim} cannot be replayed: step {step} leads elsewhere than during the search"
    )]
    NotReplayable {
        /// Id of the claim.
        claim: &'static str,
        /// Number of the step, from 1; 0 is the initial state.
        step: usize,
    },
}
