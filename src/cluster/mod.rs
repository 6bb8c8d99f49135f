//! The other hosts' behaviour as pure functions.

pub mod api_server;
pub mod garbage_collector;
pub mod kubelet;
pub mod object;
pub mod user;
pub mod watch;
