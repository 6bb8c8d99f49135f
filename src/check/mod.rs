//! Search, verdicts and counterexamples. Knows no Kubernetes.

mod explored;
pub mod fair;
mod fingerprint;
mod lasso;
mod search;
mod table;
mod verdict;

pub use explored::{Explored, Findings};
pub use fingerprint::{collision_probability, fingerprint};
pub use lasso::Lasso;
pub use search::{NotAFunction, Progress, Settings, census, search};
pub use verdict::{Finding, Report, StopReason, Trace, Verdict};
