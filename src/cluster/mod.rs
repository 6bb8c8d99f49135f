//! The other hosts' behaviour as pure functions.

pub mod api_server;
pub mod object;
pub mod watch;
