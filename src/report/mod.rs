//! Generated evidence: the guarantee matrix and its counterexamples.
//!
//! [`matrix`] holds what is asked (base scopes, faults, releases), [`minimal`] in which order so that only minimal fault
//! combinations are found, [`run`] asks it of the search, [`backing`] says what stands behind a broken claim besides the
//! model, [`cells`] sorts what was found, and [`markdown`] writes it down.

pub mod backing;
pub mod cells;
pub mod markdown;
pub mod matrix;
pub mod minimal;
pub mod run;
