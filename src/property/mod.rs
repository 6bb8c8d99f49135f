//! The claims: what is promised of every state, of every step, at rest, and in the long run.

pub mod for_ever;
mod judge;
mod rest;
mod state;
mod step;
mod wrong;

pub use judge::{ALL, FINITE, Judged, Property, judge_state, judge_step};
pub use wrong::wrong_in_the_end;
