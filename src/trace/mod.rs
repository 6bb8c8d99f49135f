//! Behaviours written down: the counterexample format.

mod counterexample;

pub use counterexample::{Counterexample, CounterexampleError, FORMAT_VERSION, scope_hash};
