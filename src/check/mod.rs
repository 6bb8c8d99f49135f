//! Search, verdicts and counterexamples. Knows no Kubernetes.

mod expand;
mod explored;
pub mod fair;
mod fingerprint;
mod lasso;
mod live;
mod log;
mod plain;
mod search;
mod segments;
mod verdict;
mod visited;

pub use explored::{Explored, Findings};
pub use fingerprint::{collision_probability, fingerprint, fingerprint_of};
pub use lasso::Lasso;
pub use live::Forbidden;
pub use plain::Plain;
pub use search::{NotAFunction, Progress, Settings, census, search};
pub use verdict::{Cycle, Finding, Report, StopReason, Trace, Verdict};
