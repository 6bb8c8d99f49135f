//! Golden vectors: questions put to the real controller, and whether ours gives the same answers.

pub mod answers;
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
pub mod run;
pub mod setting;
pub mod subject;
pub mod sync;
pub mod view;
pub mod wake;
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

impl From<difference::VectorError> for BadVector {
    fn from(error: difference::VectorError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::manifest::quantity::QuantityError> for BadVector {
    fn from(error: crate::manifest::quantity::QuantityError) -> Self {
        Self(error.to_string())
    }
}
