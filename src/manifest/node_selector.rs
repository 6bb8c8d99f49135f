//! What a template demands of its nodes: `nodeSelector` and required node affinity (PLACE-1, PLACE-7).
//!
//! Mirrors `GetRequiredNodeAffinity` and `LazyErrorNodeSelector` of
//! `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`: a term that does not parse matches no node, and the
//! others still count.

use std::fmt;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec};

use super::label::{Labels, Operator, Requirement, SelectorError};
use super::node::NodeView;

/// The one field that `matchFields` knows.
pub const NAME_FIELD: &str = "metadata.name";

/// A template's demands on nodes, parsed once and asked per node.
#[derive(Clone, Debug)]
pub struct RequiredNodeAffinity {
    node_selector: Labels,
    /// Absent: no demand. Present and empty: no node matches.
    terms: Option<Vec<Term>>,
}

/// One term of the required node affinity.
#[derive(Clone, Debug)]
enum Term {
    /// A term without requirements selects nothing.
    Empty,
    /// A term that does not parse selects nothing.
    Invalid(SelectorError),
    /// All requirements must hold.
    Requirements(Vec<Requirement>, Vec<FieldRequirement>),
}

/// One requirement on a field of the node.
#[derive(Clone, Debug)]
struct FieldRequirement {
    key: String,
    operator: FieldOperator,
    value: String,
}

/// The operators that fields know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldOperator {
    In,
    NotIn,
}

/// Why one term does not match a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermMismatch {
    /// Place of the term in `nodeSelectorTerms`, from 0.
    pub term: usize,
    /// What is not met, as one would say it.
    pub unmet: String,
    /// The value of the label in question on this node, if the requirement is on a label that the node has.
    pub found: Option<String>,
}

/// The first demand that a node does not meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeMismatch {
    /// A label of `nodeSelector`.
    NodeSelector {
        /// The label's key.
        key: String,
        /// The value it must have.
        value: String,
    },
    /// No term of the required node affinity matches; why, term by term.
    NodeAffinity(Vec<TermMismatch>),
}

impl RequiredNodeAffinity {
    /// The demands of a pod or template.
    pub fn of(spec: &PodSpec) -> Self {
        let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required = affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
        Self {
            node_selector: spec.node_selector.clone().unwrap_or_default(),
            terms: required.map(|selector| selector.node_selector_terms.iter().map(Term::parse).collect()),
        }
    }

    /// Whether the node meets every demand.
    pub fn matches(&self, node: &NodeView<'_>) -> bool {
        self.unmet_label(node).is_none()
            && self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }

    /// The first demand that the node does not meet, if there is one.
    pub fn mismatch(&self, node: &NodeView<'_>) -> Option<NodeMismatch> {
        if let Some((key, value)) = self.unmet_label(node) {
            return Some(NodeMismatch::NodeSelector { key: key.clone(), value: value.clone() });
        }
        let terms = self.terms.as_ref()?;
        if terms.iter().any(|term| term.matches(node)) {
            return None;
        }
        let unmet = terms.iter().enumerate().map(|(term, body)| {
            let (unmet, found) = body.unmet(node);
            TermMismatch { term, unmet, found }
        });
        Some(NodeMismatch::NodeAffinity(unmet.collect()))
    }

    fn unmet_label(&self, node: &NodeView<'_>) -> Option<(&String, &String)> {
        self.node_selector.iter().find(|(key, value)| node.labels.get(*key) != Some(value))
    }
}

impl Term {
    fn parse(term: &NodeSelectorTerm) -> Self {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        if expressions.is_empty() && fields.is_empty() {
            return Self::Empty;
        }
        let labels = expressions.iter().map(label_requirement).collect::<Result<_, _>>();
        let fields = fields.iter().map(FieldRequirement::parse).collect::<Result<_, _>>();
        match labels.and_then(|labels| Ok((labels, fields?))) {
            Ok((labels, fields)) => Self::Requirements(labels, fields),
            Err(error) => Self::Invalid(error),
        }
    }

    fn matches(&self, node: &NodeView<'_>) -> bool {
        match self {
            Self::Empty | Self::Invalid(_) => false,
            Self::Requirements(labels, fields) => {
                labels.iter().all(|requirement| requirement.matches(node.labels))
                    && fields.iter().all(|requirement| requirement.matches(node.name))
            }
        }
    }

    /// What keeps the term from matching, as one would say it, and the value that the node has instead.
    fn unmet(&self, node: &NodeView<'_>) -> (String, Option<String>) {
        match self {
            Self::Empty => ("an empty term matches no node".to_owned(), None),
            Self::Invalid(error) => (format!("an invalid term matches no node: {error}"), None),
            Self::Requirements(labels, fields) => {
                let label = labels.iter().find(|requirement| !requirement.matches(node.labels));
                let label = label.map(|label| (label.to_string(), node.labels.get(label.key()).cloned()));
                let field = || fields.iter().find(|requirement| !requirement.matches(node.name));
                label.or_else(|| field().map(|field| (field.to_string(), None))).unwrap_or_default()
            }
        }
    }
}

impl FieldRequirement {
    fn parse(requirement: &NodeSelectorRequirement) -> Result<Self, SelectorError> {
        let (operator, named) = match requirement.operator.as_str() {
            "In" => (FieldOperator::In, Operator::In),
            "NotIn" => (FieldOperator::NotIn, Operator::NotIn),
            other => {
                return Err(SelectorError::Operator { operator: other.to_owned() });
            }
        };
        match requirement.values.as_deref().unwrap_or_default() {
            [value] => Ok(Self { key: requirement.key.clone(), operator, value: value.clone() }),
            values => Err(SelectorError::Count { operator: named, count: values.len() }),
        }
    }

    /// Whether a node of this name meets the requirement. Fields other than the name read as "".
    fn matches(&self, name: &str) -> bool {
        if name.is_empty() {
            // A node without a name has no fields, and requirements on fields are then not looked at.
            return true;
        }
        let value = if self.key == NAME_FIELD { name } else { "" };
        match self.operator {
            FieldOperator::In => value == self.value,
            FieldOperator::NotIn => value != self.value,
        }
    }
}

impl fmt::Display for FieldRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            FieldOperator::In => "In",
            FieldOperator::NotIn => "NotIn",
        };
        write!(f, "field {} {operator} [{}]", self.key, self.value)
    }
}

fn label_requirement(requirement: &NodeSelectorRequirement) -> Result<Requirement, SelectorError> {
    let operator = match requirement.operator.as_str() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        other => {
            return Err(SelectorError::Operator { operator: other.to_owned() });
        }
    };
    Requirement::new(&requirement.key, operator, requirement.values.as_deref().unwrap_or_default())
}

/// With `{:#}` without what is particular to the node, so that many nodes share one text.
impl fmt::Display for NodeMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeSelector { key, value } => {
                write!(f, "nodeSelector {key}={value} does not match")
            }
            Self::NodeAffinity(terms) if terms.is_empty() => f.write_str("required node affinity has no terms"),
            Self::NodeAffinity(terms) => {
                f.write_str("required node affinity does not match: ")?;
                for (place, TermMismatch { term, unmet, found }) in terms.iter().enumerate() {
                    let separator = if place == 0 { "" } else { "; " };
                    write!(f, "{separator}term {}: {unmet}", term + 1)?;
                    match found {
                        Some(found) if !f.alternate() => write!(f, " (it is {found:?})")?,
                        Some(_) | None => {}
                    }
                }
                Ok(())
            }
        }
    }
}
