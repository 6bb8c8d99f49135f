//! Golden vectors: questions put to the real controller, and whether ours gives the same answers.

pub mod api_server;
pub mod counts;
pub mod difference;
pub mod handlers;
pub mod json;
pub mod names;
pub mod object;
pub mod placement;
pub mod question;
pub mod render;
pub mod setting;
pub mod subject;
pub mod sync;
pub mod view;
pub mod wire;
pub mod world;

/// A line that is no vector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadVector(String);

impl BadVector {
    /// One, and why.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<serde_json::Error> for BadVector {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
