//! Release profiles: everything that differs between Kubernetes releases, one enum a switch.

mod profile;
mod switches;

pub use profile::{Profile, UPSTREAM_TAG};
pub use switches::*;
