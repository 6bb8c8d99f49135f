//! Whether a daemon pod of a template should run on a node, may stay there, must go, and why (section 6).
//!
//! Mirrors `NodeShouldRunDaemonPod` and `Predicates`, `pkg/controller/daemon/daemon_controller.go`.

use std::fmt;

use k8s_openapi::api::core::v1::{
    Affinity, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

use super::requirement::{Labels, Term};
use super::tolerations::{AddedTolerations, ComparisonOperators, daemon_pod_tolerations, tolerates};
use crate::controller::record::Placement;

/// What of placement differs between releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlacementRules {
    /// Toleration operators `Lt` and `Gt`.
    pub operators: ComparisonOperators,
    /// The tolerations added.
    pub added: AddedTolerations,
    /// Whether taints count at all (LEG-9).
    pub taints: Taints,
}

/// Whether taints count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taints {
    /// They do.
    Considered,
    /// They do not: 1.11 with placement by the scheduler (LEG-9).
    Ignored,
}

impl PlacementRules {
    /// Current upstream; the comparison operators are behind a gate that is off.
    pub const TODAY: Self = Self {
        operators: ComparisonOperators::Unsupported,
        added: AddedTolerations::WithPidPressure,
        taints: Taints::Considered,
    };
}

/// Why a node is not one on which the pod should run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The template names another node.
    NodeName(String),
    /// A label of the node selector is missing or different.
    NodeSelector(String, String),
    /// No term of the required node affinity matches: for each term what fails first.
    Affinity(Vec<String>),
    /// A taint that is not tolerated.
    Taint {
        /// `key=value:effect`.
        taint: String,
        /// Whether it also ends running pods.
        evicts: bool,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeName(name) => write!(formatter, "the template names node {name}"),
            Self::NodeSelector(key, value) => write!(formatter, "node selector {key}={value} does not match"),
            Self::Affinity(terms) => match terms.as_slice() {
                [] => formatter.write_str("the required node affinity has no term that can match"),
                [one] => write!(formatter, "required node affinity does not match: {one}"),
                several => write!(formatter, "no term of the required node affinity matches: {}", several.join("; ")),
            },
            Self::Taint { taint, .. } => write!(formatter, "taint {taint} is not tolerated"),
        }
    }
}

/// A template whose placement rules have been read once, to be asked about many nodes.
#[derive(Clone, Debug)]
pub struct PlacementCheck {
    node_name: String,
    node_selector: Labels,
    /// Of each term of the required node affinity: parsed, or why it can never match. None: no required affinity.
    terms: Option<Vec<Result<Term, String>>>,
    tolerations: Vec<Toleration>,
    rules: PlacementRules,
}

impl PlacementCheck {
    /// Reads the template `spec`.
    pub fn new(spec: &PodSpec, rules: PlacementRules) -> Self {
        Self {
            node_name: spec.node_name.clone().unwrap_or_default(),
            node_selector: spec.node_selector.clone().unwrap_or_default(),
            terms: required_terms(spec),
            tolerations: daemon_pod_tolerations(spec, rules.added),
            rules,
        }
    }

    /// PLACE-1, with every reason against the node.
    pub fn on(&self, node: &Node) -> (Placement, Vec<Reason>) {
        let never = Placement { wanted: false, should_run: false, should_continue_running: false };
        let name = node.metadata.name.as_deref().unwrap_or_default();
        if !self.node_name.is_empty() && self.node_name != name {
            return (never, vec![Reason::NodeName(self.node_name.clone())]);
        }
        let no_labels = Labels::new();
        let labels = node.metadata.labels.as_ref().unwrap_or(&no_labels);
        let mut reasons = self.selector_reasons(labels, name);
        let misfits = !reasons.is_empty();
        let untolerated = self.untolerated_taints(node);
        let evicted = untolerated.iter().any(|taint| taint.effect == "NoExecute");
        let tainted = !untolerated.is_empty();
        reasons.extend(
            untolerated
                .into_iter()
                .map(|taint| Reason::Taint { taint: taint_text(taint), evicts: taint.effect == "NoExecute" }),
        );
        let placement = Placement {
            wanted: !misfits && !tainted,
            should_run: !misfits && !tainted,
            should_continue_running: !misfits && !evicted,
        };
        (placement, reasons)
    }

    fn selector_reasons(&self, labels: &Labels, name: &str) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self
            .node_selector
            .iter()
            .filter(|(key, value)| labels.get(*key) != Some(value))
            .map(|(key, value)| Reason::NodeSelector(key.clone(), value.clone()))
            .collect();
        if let Some(terms) = &self.terms {
            let failures: Vec<String> = terms
                .iter()
                .filter_map(|term| match term {
                    Ok(term) => term.check(labels, name).err(),
                    Err(invalid) => Some(invalid.clone()),
                })
                .collect();
            if failures.len() == terms.len() {
                reasons.push(Reason::Affinity(failures));
            }
        }
        reasons
    }

    /// Taints with effect NoSchedule or NoExecute that no toleration covers (PLACE-3).
    fn untolerated_taints<'a>(&self, node: &'a Node) -> Vec<&'a Taint> {
        if self.rules.taints == Taints::Ignored {
            return Vec::new();
        }
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        taints
            .iter()
            .filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"))
            .filter(|taint| !self.tolerations.iter().any(|one| tolerates(one, taint, self.rules.operators)))
            .collect()
    }
}

fn required_terms(spec: &PodSpec) -> Option<Vec<Result<Term, String>>> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(
        required
            .node_selector_terms
            .iter()
            .map(|term| match Term::parse(term) {
                Ok(Some(term)) => Ok(term),
                Ok(None) => Err("an empty term matches no node".to_owned()),
                Err(invalid) => Err(invalid.to_string()),
            })
            .collect(),
    )
}

/// `key=value:effect`, as `kubectl` writes taints.
pub fn taint_text(taint: &Taint) -> String {
    match taint.value.as_deref() {
        None | Some("") => format!("{}:{}", taint.key, taint.effect),
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
    }
}

/// The affinity of the pod created for `node` (PLACE-9): its required node affinity is replaced.
pub fn pinned_affinity(affinity: Option<&Affinity>, node: &str) -> Affinity {
    let pin = NodeSelector {
        node_selector_terms: vec![NodeSelectorTerm {
            match_fields: Some(vec![NodeSelectorRequirement {
                key: "metadata.name".to_owned(),
                operator: "In".to_owned(),
                values: Some(vec![node.to_owned()]),
            }]),
            ..NodeSelectorTerm::default()
        }],
    };
    let mut affinity = affinity.cloned().unwrap_or_default();
    let node_affinity = affinity.node_affinity.get_or_insert_with(NodeAffinity::default);
    node_affinity.required_during_scheduling_ignored_during_execution = Some(pin);
    affinity
}

/// `GetTargetNodeName` (PLACE-10): the node name, else what the first `metadata.name In` requirement says.
pub fn target_node(spec: &PodSpec) -> Option<&str> {
    if let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    let requirement = required
        .node_selector_terms
        .iter()
        .flat_map(|term| term.match_fields.iter().flatten())
        .find(|requirement| requirement.key == "metadata.name" && requirement.operator == "In")?;
    match requirement.values.as_deref() {
        Some([name]) => Some(name),
        _ => None,
    }
}
