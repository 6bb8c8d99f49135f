//! The `DaemonSet` controller's decisions as pure functions over a view and its own memory.

pub mod budget;
