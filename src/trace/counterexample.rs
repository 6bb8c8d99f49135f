//! A counterexample as a file: which scope, which claim, and the steps by name and arguments.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::check::fingerprint;
use crate::model::step_name::StepName;
use crate::scope::Scope;
use crate::text;

/// Version of the format; raised whenever a field is added or a step changes its meaning.
pub const FORMAT_VERSION: u32 = 4;

/// A counterexample, written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// [`FORMAT_VERSION`].
    pub everynode_counterexample: u32,
    /// The model: a bundled one's path, or the file's.
    pub model: String,
    /// [`scope_hash`] of the scope it was found in.
    pub scope: String,
    /// The release profile.
    pub profile: String,
    /// The claim it breaks.
    pub property: String,
    /// The steps by name.
    pub steps: Vec<StepName>,
    /// How many of them come before those that are taken again and again, if it is a behaviour for ever; all of them where it
    /// stops in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_begins: Option<usize>,
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Versioned {
    everynode_counterexample: u32,
}

/// A file that is no counterexample of this version.
#[derive(Debug, thiserror::Error)]
pub enum CounterexampleError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a counterexample can be.
    #[error("{path} has {bytes} bytes; a counterexample has at most {most}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The largest size.
        most: u64,
    },
    /// It is not text.
    #[error("{path}:{line}: the text is not UTF-8")]
    NotUtf8 {
        /// The file.
        path: String,
        /// Line of the first byte that is none, from 1.
        line: usize,
    },
    /// It is not JSON of this shape.
    #[error("{path}:{line}:{column}: not a counterexample: {message}")]
    Malformed {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It is of another version.
    #[error("{path} is of format version {found}; this is {FORMAT_VERSION}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
    },
}

/// Identifies a scope: a counterexample is only replayed in the scope it was found in.
pub fn scope_hash(scope: &Scope) -> String {
    format!("{:016x}", fingerprint(format!("{scope:?}").as_bytes(), 0))
}

impl Counterexample {
    /// Reads one from a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is no counterexample, or is of another version.
    pub fn read(file: &Path) -> Result<Self, CounterexampleError> {
        const MOST: u64 = 16 << 20;
        let path = file.display().to_string();
        let read = |source| CounterexampleError::Read { path: path.clone(), source };
        let bytes = std::fs::metadata(file).map_err(read)?.len();
        if bytes > MOST {
            return Err(CounterexampleError::TooLarge { path, bytes, most: MOST });
        }
        let bytes = std::fs::read(file).map_err(read)?;
        let text = text::decode(bytes).map_err(|line| CounterexampleError::NotUtf8 { path: path.clone(), line })?;
        // The version first: another one may have other fields.
        if let Ok(Versioned { everynode_counterexample: found }) = serde_json::from_str(&text)
            && found != FORMAT_VERSION
        {
            return Err(CounterexampleError::Version { path, found });
        }
        serde_json::from_str(&text).map_err(|error| {
            let place = format!(" at line {} column {}", error.line(), error.column());
            let whole = error.to_string();
            let message = whole.strip_suffix(&place).unwrap_or(&whole).to_owned();
            CounterexampleError::Malformed {
                path: path.clone(),
                line: error.line().max(1),
                column: error.column().max(1),
                message,
            }
        })
    }
}
