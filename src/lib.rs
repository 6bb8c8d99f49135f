//! `everynode`: a model-checked specification of the Kubernetes `DaemonSet`, and the test harness built on it.

pub mod check;
pub mod cli;
pub mod cluster;
pub mod controller;
pub mod manifest;
pub mod model;
pub mod property;
pub mod release;
pub mod report;
pub mod scope;
mod text;
pub mod trace;
pub mod vectors;
