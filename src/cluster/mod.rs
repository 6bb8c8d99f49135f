//! The other hosts' behaviour as pure functions.

pub mod api_server;
pub mod garbage_collector;
pub mod kubelet;
pub mod moves;
pub mod node_lifecycle;
pub mod object;
pub mod presence;
pub mod scheduler;
pub mod user;
pub mod watch;
