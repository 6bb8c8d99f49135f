//! One checked configuration: nodes, templates, budgets, user scripts, fault budgets, release profile.

mod types;

pub use types::*;
