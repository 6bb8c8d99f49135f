//! The `DaemonSet` controller's decisions as pure functions over a view and its own memory.
//!
//! One file is one upstream concern. Nothing here knows the model, the API server's state or Kubernetes JSON.

pub mod budget;
pub mod choice;
pub mod claim;
mod drive;
pub mod handlers;
pub mod history;
pub mod manage;
pub mod memory;
pub mod node_pods;
pub mod queue;
pub mod record;
pub mod request;
pub mod rolling_update;
pub mod status;
pub mod sync;
pub mod sync_nodes;
pub mod visit;
