//! Label selectors: `metav1.LabelSelector`, as a `DaemonSet` selects its pods with it (OBJ-2).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::label::{Labels, Operator, Requirement, SelectorError};

/// A label selector, checked and ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// No selector: selects nothing.
    Nothing,
    /// All of these; none of them selects everything.
    All(Vec<Requirement>),
}

impl Selector {
    /// The selector of an object. Mirrors `metav1.LabelSelectorAsSelector`.
    ///
    /// # Errors
    /// If a key, a value, an operator or a number of values is not valid.
    pub fn parse(selector: Option<&LabelSelector>) -> Result<Self, SelectorError> {
        let Some(selector) = selector else {
            return Ok(Self::Nothing);
        };
        let labels = selector.match_labels.iter().flatten();
        let equal = labels.map(|(key, value)| Requirement::new(key, Operator::In, std::slice::from_ref(value)));
        let expressions = selector.match_expressions.iter().flatten().map(|expression| {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(SelectorError::Operator { operator: other.to_owned() });
                }
            };
            Requirement::new(&expression.key, operator, expression.values.as_deref().unwrap_or_default())
        });
        equal.chain(expressions).collect::<Result<_, _>>().map(Self::All)
    }

    /// Whether an object with `labels` is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(requirements) => requirements.iter().all(|requirement| requirement.matches(labels)),
        }
    }

    /// Whether the selector has no requirement and so selects everything. Mirrors `Selector.Empty`.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(requirements) if requirements.is_empty())
    }
}
