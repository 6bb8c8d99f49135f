//! Label and node selectors, as the API machinery parses and matches them.
//!
//! Mirrors `labels.NewRequirement`, `metav1.LabelSelectorAsSelector` and `nodeaffinity`, with their errors: the controller
//! goes on where a selector does not parse (PLACE-7), so what does not parse matters.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A relation between a label and values.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Relation {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    Gt(i64),
    Lt(i64),
}

/// One parsed requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    relation: Relation,
}

/// A requirement that the API machinery refuses to parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key} {operator}` with {values} value(s) is not a valid requirement")]
pub struct InvalidRequirement {
    key: String,
    operator: String,
    values: usize,
}

impl Requirement {
    /// `labels.NewRequirement`.
    ///
    /// # Errors
    ///
    /// If the key, a value, or the number of values is not valid, or the operator is unknown.
    pub fn new(key: &str, operator: &str, values: &[String]) -> Result<Self, InvalidRequirement> {
        let number = || values.first().and_then(|value| parse_int(value));
        let relation = match (operator, values.len()) {
            ("In", 1..) => Some(Relation::In(values.to_vec())),
            ("NotIn", 1..) => Some(Relation::NotIn(values.to_vec())),
            ("Exists", 0) => Some(Relation::Exists),
            ("DoesNotExist", 0) => Some(Relation::DoesNotExist),
            ("Gt", 1) => number().map(Relation::Gt),
            ("Lt", 1) => number().map(Relation::Lt),
            _ => None,
        };
        relation
            .filter(|_| is_qualified_name(key) && values.iter().all(|value| is_label_value(value)))
            .map(|relation| Self { key: key.to_owned(), relation })
            .ok_or_else(|| InvalidRequirement {
                key: key.to_owned(),
                operator: operator.to_owned(),
                values: values.len(),
            })
    }

    /// Whether `labels` meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.relation {
            Relation::In(values) => value.is_some_and(|value| values.contains(value)),
            Relation::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Relation::Exists => value.is_some(),
            Relation::DoesNotExist => value.is_none(),
            Relation::Gt(bound) => value.and_then(|value| parse_int(value)).is_some_and(|number| number > *bound),
            Relation::Lt(bound) => value.and_then(|value| parse_int(value)).is_some_and(|number| number < *bound),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.relation {
            Relation::In(values) => write!(formatter, "{key} in ({})", values.join(", ")),
            Relation::NotIn(values) => write!(formatter, "{key} not in ({})", values.join(", ")),
            Relation::Exists => write!(formatter, "{key} exists"),
            Relation::DoesNotExist => write!(formatter, "{key} does not exist"),
            Relation::Gt(bound) => write!(formatter, "{key} > {bound}"),
            Relation::Lt(bound) => write!(formatter, "{key} < {bound}"),
        }
    }
}

/// A parsed `metav1.LabelSelector`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// No selector at all: matches nothing.
    Nothing,
    /// The empty selector (SYNC-5): matches everything.
    Everything,
    /// All of these.
    All(Vec<Requirement>),
}

impl Selector {
    /// `metav1.LabelSelectorAsSelector`.
    ///
    /// # Errors
    ///
    /// If a requirement is not valid.
    pub fn parse(selector: Option<&LabelSelector>) -> Result<Self, InvalidRequirement> {
        let Some(selector) = selector else { return Ok(Self::Nothing) };
        let labels = selector.match_labels.iter().flatten();
        let expressions = selector.match_expressions.iter().flatten();
        let mut requirements = Vec::new();
        for (key, value) in labels {
            requirements.push(Requirement::new(key, "In", std::slice::from_ref(value))?);
        }
        for expression in expressions {
            if matches!(expression.operator.as_str(), "Gt" | "Lt") {
                // Label selectors know four operators.
                return Err(InvalidRequirement {
                    key: expression.key.clone(),
                    operator: expression.operator.clone(),
                    values: expression.values.as_ref().map_or(0, Vec::len),
                });
            }
            let values = expression.values.as_deref().unwrap_or_default();
            requirements.push(Requirement::new(&expression.key, &expression.operator, values)?);
        }
        Ok(if requirements.is_empty() { Self::Everything } else { Self::All(requirements) })
    }

    /// Whether `labels` are selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::All(requirements) => requirements.iter().all(|requirement| requirement.matches(labels)),
        }
    }
}

/// A parsed term of a required node affinity. Terms that do not parse, and empty ones, match no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    labels: Vec<Requirement>,
    /// `metadata.name` (or another field, which no node has) equal or not equal to a value.
    fields: Vec<(String, bool, String)>,
}

impl Term {
    /// `newNodeSelectorTerm`; none: the term is empty.
    ///
    /// # Errors
    ///
    /// If a requirement is not valid.
    pub fn parse(term: &NodeSelectorTerm) -> Result<Option<Self>, InvalidRequirement> {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        if expressions.is_empty() && fields.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            labels: expressions.iter().map(label_requirement).collect::<Result<_, _>>()?,
            fields: fields.iter().map(field_requirement).collect::<Result<_, _>>()?,
        }))
    }

    /// Whether a node with these labels and this name matches; if not, the first requirement that fails.
    pub fn check(&self, labels: &Labels, name: &str) -> Result<(), String> {
        if let Some(requirement) = self.labels.iter().find(|requirement| !requirement.matches(labels)) {
            return Err(requirement.to_string());
        }
        let failing = self.fields.iter().filter(|_| !name.is_empty()).find(|(field, equal, value)| {
            let actual = if field == "metadata.name" { name } else { "" };
            (actual == value) != *equal
        });
        match failing {
            None => Ok(()),
            Some((field, equal, value)) => Err(format!("{field} {} {value}", if *equal { "=" } else { "!=" })),
        }
    }
}

fn label_requirement(requirement: &NodeSelectorRequirement) -> Result<Requirement, InvalidRequirement> {
    Requirement::new(&requirement.key, &requirement.operator, requirement.values.as_deref().unwrap_or_default())
}

fn field_requirement(requirement: &NodeSelectorRequirement) -> Result<(String, bool, String), InvalidRequirement> {
    let values = requirement.values.as_deref().unwrap_or_default();
    match (requirement.operator.as_str(), values) {
        ("In", [value]) => Ok((requirement.key.clone(), true, value.clone())),
        ("NotIn", [value]) => Ok((requirement.key.clone(), false, value.clone())),
        _ => Err(InvalidRequirement {
            key: requirement.key.clone(),
            operator: requirement.operator.clone(),
            values: values.len(),
        }),
    }
}

/// Go's `strconv.ParseInt(_, 10, 64)`.
pub fn parse_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| text.parse().ok()).flatten()
}

/// `validation.IsValidLabelValue`: at most 63 characters; empty is valid.
fn is_label_value(value: &str) -> bool {
    value.is_empty() || (value.len() <= 63 && is_name(value))
}

/// Alphanumeric at both ends, and `-_.` between.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bytes = text.as_bytes();
    text.bytes().all(inner)
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// `validation.IsQualifiedName`: an optional DNS subdomain and a slash, then a name of 1 to 63 characters.
fn is_qualified_name(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    prefix.is_none_or(is_subdomain) && !name.contains('/') && !name.is_empty() && name.len() <= 63 && is_name(name)
}

/// `validation.IsDNS1123Subdomain`.
fn is_subdomain(text: &str) -> bool {
    let label = |label: &str| {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = label.as_bytes();
        bytes.iter().all(|byte| lower(*byte) || *byte == b'-')
            && bytes.first().is_some_and(|byte| lower(*byte))
            && bytes.last().is_some_and(|byte| lower(*byte))
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(label)
}
