//! Each decision of the controller against a dumb and obviously right version, written from the rules of the reference
//! and not from the code: it enumerates orders where upstream leaves them free, and tries every subset where upstream
//! picks one. Each test also counts how often it met the branches that matter, and fails if it never met one.
//!
//! Cases are a function of a seed: `EVERYNODE_SEED=n cargo test --test decisions` tries others.

mod choices;
mod claims;
mod expectations;
mod history;
mod manage;
mod node_pods;
mod rolling_update;
mod status;
mod sync_nodes;
mod world;
