//! One checked configuration: nodes, templates, budgets, user scripts, fault budgets, release profile.

pub mod bundled;
pub mod command;
mod node_lifecycle;
mod read;
mod types;

pub use read::{Expectation, ExpectedVerdict, Lines, Manifests, ModelError, ModelFile, Pinned, parse, read};
pub use types::*;
