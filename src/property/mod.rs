//! The claims: what is promised of every state, of every step, at rest, and in the long run.

pub mod for_ever;
mod judge;
mod rest;
mod state;
mod step;

pub use judge::{ALL, FINITE, Judged, Property, judge_state, judge_step};
