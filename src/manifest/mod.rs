//! Real Kubernetes objects read from YAML or JSON, and the placement of a real template on a real node.

pub mod daemon_set;
pub mod documents;
pub mod excerpt;
pub mod label;
pub mod legacy;
pub mod node;
pub mod node_selector;
pub mod place;
pub mod placement;
pub mod pod;
pub mod quantity;
pub mod resources;
pub mod scheduler;
pub mod selector;
pub mod tolerations;
