//! State, actions, and the stateright actors and model that put the hosts together.

pub mod action;
pub mod actors;
pub mod canonical;
pub mod compose;
mod explored;
pub mod fairness;
mod faults;
mod hosts;
pub mod informed;
pub mod narrative;
mod nibbles;
pub mod picture;
pub mod process;
mod sealed;
pub mod serialisation;
pub mod start;
pub mod state;
pub mod step_name;
pub mod used;
pub mod view;
pub mod walk;
pub mod watches;
