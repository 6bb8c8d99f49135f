//! Placement: the answers of the real controller, dumb versions of the same decisions, manifests as people have them,
//! and the command.

mod cli;
mod documents;
mod properties;
mod vectors;
