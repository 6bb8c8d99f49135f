//! Release profiles: everything that differs between Kubernetes releases, one enum a switch.

pub mod budget;
pub mod placement;
