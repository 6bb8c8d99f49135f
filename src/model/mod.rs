//! State, actions, and the stateright actors and model that put the hosts together.

pub mod canonical;
pub mod state;
