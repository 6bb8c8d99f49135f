//! Real Kubernetes objects read from YAML or JSON, and the placement of a real template on a real node.

pub mod placement;
pub mod requirement;
pub mod tolerations;
