//! Release profiles: everything that differs between Kubernetes releases, one enum a switch.

pub mod budget;
pub mod placement;
mod profile;
mod switches;

pub use profile::{Profile, UPSTREAM_TAG};
pub use switches::*;
