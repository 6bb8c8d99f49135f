//! Golden vectors: questions put to the real controller, and whether ours gives the same answers.

pub mod answers;
pub mod api_server;
pub mod counts;
pub mod difference;
pub mod emit;
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

use std::fmt;

/// A line that is no vector: why, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVector {
    reason: String,
    /// The column of the line, from 1, where it is known.
    column: Option<usize>,
}

impl BadVector {
    /// One, and why.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), column: None }
    }

    /// The same fault in the question that a line answers.
    #[must_use]
    pub fn of_question(self, id: &str) -> Self {
        Self::new(format!("its question `{id}`: {}", self.reason))
    }

    /// The column of the line, from 1, where it is known.
    pub fn column(&self) -> Option<usize> {
        self.column
    }
}

impl fmt::Display for BadVector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for BadVector {}

impl From<serde_json::Error> for BadVector {
    fn from(error: serde_json::Error) -> Self {
        // The line of a vector file is one line to the parser; values that were read before have no place.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let reason = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self { reason, column: (error.line() > 0).then(|| error.column().max(1)) }
    }
}

impl From<difference::VectorError> for BadVector {
    fn from(error: difference::VectorError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<crate::manifest::quantity::QuantityError> for BadVector {
    fn from(error: crate::manifest::quantity::QuantityError) -> Self {
        Self::new(error.to_string())
    }
}
