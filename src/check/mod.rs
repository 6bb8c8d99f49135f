//! Search, verdicts and counterexamples. Knows no Kubernetes.
//!
//! [`check`] visits the reachable states of any [`stateright::Model`] level by level and judges [`Claim`]s on the way.
//! What it says can be relied on:
//!
//! - [`Verdict::Holds`] and [`Verdict::Unreached`] mean that the whole graph was visited; a run that was cut says
//!   [`Verdict::NoneFound`] and why.
//! - A trace is a shortest one, the least in strict breadth-first order: states rank by (rank of the least parent,
//!   index of the action). Verdicts, counts and traces are the same whatever the number of threads, except where time
//!   or an interrupt cut the run.
//! - A claim about steps is judged on every generated transition, those into visited states included.
//! - Visited states are remembered by a 64-bit fingerprint; the probability that two shared one is reported.
//!
//! | file | concept |
//! |---|---|
//! | `claim` | what is asked |
//! | `successors`, `bounded`, `plain` | what a model may offer beside stateright's `Model` |
//! | `options`, `summary`, `verdict`, `error` | what a run is told and what it tells |
//! | `search`, `expand` | the level loop; the work of one thread |
//! | `fingerprint`, `visited`, `segments` | what is remembered |
//! | `census` | distinct values of each field |
//! | `stock` | the same questions put to stateright's own checker |

mod bounded;
mod census;
mod claim;
mod error;
mod expand;
mod fingerprint;
mod options;
mod plain;
mod search;
mod segments;
pub mod stock;
mod successors;
mod summary;
mod verdict;
mod visited;

pub use bounded::Bounded;
pub use census::{Census, CensusReport, FieldCount, census};
pub use claim::{Claim, Judge, StateTest, StepTest};
pub use error::CheckError;
pub use fingerprint::{Fingerprinter, fingerprint};
pub use options::{Goal, Limits, Options};
pub use plain::Plain;
pub use search::{Outcome, check};
pub use successors::Successors;
pub use summary::{Answer, Progress, Summary};
pub use verdict::{Ending, Premise, StopReason, Trace, Verdict};
