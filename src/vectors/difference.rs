//! Comparing what the real controller answered with what this crate answers, field by field.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// One field in which two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path of the field: `expected.tolerations[2].key`.
    pub field: String,
    /// What the real controller answered; absent is null.
    pub expected: Value,
    /// What this crate answers; absent is null.
    pub answered: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, expected, answered } = self;
        write!(f, "{field}: upstream answers {expected}, this model {answered}")
    }
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Both answers are equal.
    Agreed,
    /// They differ, in these fields.
    Differs(Vec<Difference>),
    /// The question was not put to the release, for this reason.
    Skipped(String),
}

/// A line that is no vector of this kind.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// A member is missing.
    #[error("vector {id}: member {member} is missing")]
    Missing {
        /// `id` of the vector.
        id: String,
        /// Path of the member.
        member: &'static str,
    },
    /// A member is not what it should be.
    #[error("vector {id}: member {member} is not readable: {source}")]
    Unreadable {
        /// `id` of the vector.
        id: String,
        /// Path of the member.
        member: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A quantity in the input is none.
    #[error("vector {id}: {source}")]
    Quantity {
        /// `id` of the vector.
        id: String,
        /// Which one.
        source: crate::manifest::quantity::QuantityError,
    },
}

/// `id` of a vector or of an answer; absent is "".
pub fn id(line: &Value) -> &str {
    line.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// Reads the member at a path of names; absent is an error.
pub(super) fn member<T: DeserializeOwned>(line: &Value, path: &'static str) -> Result<T, VectorError> {
    optional(line, path)?.ok_or_else(|| VectorError::Missing { id: id(line).to_owned(), member: path })
}

/// Reads the member at a path of names, if it is there.
pub(super) fn optional<T: DeserializeOwned>(line: &Value, path: &'static str) -> Result<Option<T>, VectorError> {
    let mut value = line;
    for name in path.split('.') {
        match value.get(name) {
            Some(inner) => value = inner,
            None => return Ok(None),
        }
    }
    let read = T::deserialize(value);
    read.map(Some).map_err(|source| VectorError::Unreadable { id: id(line).to_owned(), member: path, source })
}

/// The answers that differ: every leaf at which `expected` and `answered` do.
pub fn compare(field: &str, expected: &Value, answered: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    descend(field.to_owned(), expected, answered, &mut differences);
    differences
}

fn descend(field: String, expected: &Value, answered: &Value, differences: &mut Vec<Difference>) {
    match (expected, answered) {
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                descend(format!("{field}.{name}"), &of(left), &of(right), differences);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for place in 0..left.len().max(right.len()) {
                let of = |list: &[Value]| list.get(place).cloned().unwrap_or_default();
                descend(format!("{field}[{place}]"), &of(left), &of(right), differences);
            }
        }
        _ if expected == answered => {}
        _ => differences.push(Difference { field, expected: expected.clone(), answered: answered.clone() }),
    }
}

/// The verdict on some differences.
pub(super) fn verdict(differences: Vec<Difference>) -> Comparison {
    if differences.is_empty() { Comparison::Agreed } else { Comparison::Differs(differences) }
}
