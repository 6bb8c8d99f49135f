//! One requirement on a label, as label selectors and node selectors are made of.
//!
//! Mirrors `Requirement` and `NewRequirement` of `k8s.io/apimachinery/pkg/labels/selector.go`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// The labels of an object that may have none.
pub fn or_none(labels: Option<&Labels>) -> &Labels {
    static NONE: LazyLock<Labels> = LazyLock::new(Labels::new);
    labels.unwrap_or(&NONE)
}

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The label is there and its value is listed.
    In,
    /// The label is absent, or its value is not listed.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label is there and its value is a greater number.
    Gt,
    /// The label is there and its value is a smaller number.
    Lt,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
        })
    }
}

/// Why a selector cannot be evaluated; API validation refuses such objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum SelectorError {
    /// The operator is not one of this kind of selector.
    #[error("{operator:?} is not an operator here")]
    Operator {
        /// What stands there.
        operator: String,
    },
    /// The key is no qualified name.
    #[error("{key:?} is not a valid label key")]
    Key {
        /// What stands there.
        key: String,
    },
    /// A value is no label value.
    #[error("{value:?} is not a valid label value")]
    Value {
        /// What stands there.
        value: String,
    },
    /// `Gt` and `Lt` compare integers.
    #[error("{value:?} is not an integer, which {operator} needs")]
    Number {
        /// The operator that needs one.
        operator: Operator,
        /// What stands there.
        value: String,
    },
    /// The operator takes another number of values.
    #[error("{operator} does not take {count} values")]
    Count {
        /// The operator.
        operator: Operator,
        /// How many values stand there.
        count: usize,
    },
}

/// One requirement on a label, checked and ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
    /// The number of `Gt` and `Lt`.
    bound: Option<i64>,
}

impl Requirement {
    /// The requirement, if it is one.
    ///
    /// # Errors
    /// If key, operator and values do not fit together.
    pub fn new(key: &str, operator: Operator, values: &[String]) -> Result<Self, SelectorError> {
        if !is_qualified_name(key) {
            return Err(SelectorError::Key { key: key.to_owned() });
        }
        let count = values.len();
        let fits = match operator {
            Operator::In | Operator::NotIn => count > 0,
            Operator::Exists | Operator::DoesNotExist => count == 0,
            Operator::Gt | Operator::Lt => count == 1,
        };
        if !fits {
            return Err(SelectorError::Count { operator, count });
        }
        let bound = match operator {
            Operator::Gt | Operator::Lt => {
                let value = &values[0];
                let number = value.parse().map_err(|_| SelectorError::Number { operator, value: value.clone() })?;
                Some(number)
            }
            Operator::In | Operator::NotIn | Operator::Exists | Operator::DoesNotExist => None,
        };
        if let Some(value) = values.iter().find(|value| !is_label_value(value)) {
            return Err(SelectorError::Value { value: value.clone() });
        }
        Ok(Self { key: key.to_owned(), operator, values: values.to_vec(), bound })
    }

    /// The label's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether `labels` meet the requirement. Mirrors `Requirement.Matches`.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok()).zip(self.bound);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => number().is_some_and(|(value, bound)| value > bound),
            Operator::Lt => number().is_some_and(|(value, bound)| value < bound),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.operator)?;
        match self.operator {
            Operator::In | Operator::NotIn => write!(f, " [{}]", self.values.join(", ")),
            Operator::Gt | Operator::Lt => write!(f, " {}", self.values.join(", ")),
            Operator::Exists | Operator::DoesNotExist => Ok(()),
        }
    }
}

/// Longest name part of a key, and longest label value. Unit: bytes.
const NAME_BYTES_MAX: usize = 63;
/// Longest prefix of a key, a DNS subdomain. Unit: bytes.
const PREFIX_BYTES_MAX: usize = 253;

/// Whether `key` is `[prefix/]name`. Mirrors `validation.IsQualifiedName`.
pub fn is_qualified_name(key: &str) -> bool {
    match key.split_once('/') {
        None => is_name(key),
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_name(name),
    }
}

/// Whether `value` may be a label's value. Mirrors `validation.IsValidLabelValue`.
pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_name(value)
}

/// Letters and digits at both ends; between them also `-`, `_` and `.`.
fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    bytes.len() <= NAME_BYTES_MAX
        && ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Whether `name` may be an object's name: lower-case labels with inner hyphens, joined by dots. Mirrors
/// `validation.IsDNS1123Subdomain`.
pub fn is_dns_subdomain(name: &str) -> bool {
    let lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= PREFIX_BYTES_MAX
        && name.split('.').all(|label| {
            let bytes = label.as_bytes();
            bytes.first().is_some_and(lower)
                && bytes.last().is_some_and(lower)
                && bytes.iter().all(|byte| lower(byte) || *byte == b'-')
        })
}
