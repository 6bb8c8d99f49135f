//! The claims: what is promised of every state, of every step, and at rest.

mod judge;
mod rest;
mod state;
mod step;

pub use judge::{ALL, Judged, Property, judge_state, judge_step};
