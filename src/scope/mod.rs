//! One checked configuration: nodes, templates, budgets, user scripts, fault budgets, release profile.

pub mod command;
mod read;
mod types;

pub use read::{Expectation, ExpectedVerdict, ModelError, ModelFile, Pinned, parse, read};
pub use types::*;
