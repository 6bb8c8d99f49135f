//! Pods: which node one is for, whom it belongs to, and what placement gives a created one (PLACE-9, PLACE-10, LEG-1).

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{
    Affinity, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodTemplateSpec,
};

use super::node_selector::NAME_FIELD;
use crate::release::placement::{OldKubelets, PlacedBy, PlacementRules};

/// The node a pod is for: the one it is bound to, else the one its affinity names (PLACE-10).
///
/// Mirrors `GetTargetNodeName`: the first `metadata.name In` requirement decides, and none if it has not exactly one
/// value.
pub fn target_node_name(pod: &Pod) -> Option<&str> {
    let spec = pod.spec.as_ref()?;
    if let Some(name) = spec.node_name.as_deref().filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let mut fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let decisive = fields.find(|field| field.key == NAME_FIELD && field.operator == "In")?;
    match decisive.values.as_deref() {
        Some([name]) => Some(name),
        _ => None,
    }
}

/// The affinity of the pod created for a node: its required node affinity is replaced, the rest stays (PLACE-9).
///
/// Mirrors `ReplaceDaemonSetPodNodeNameNodeAffinity`.
#[must_use]
pub fn replace_daemon_set_pod_node_name_node_affinity(affinity: Option<&Affinity>, node_name: &str) -> Affinity {
    let named = NodeSelectorRequirement {
        key: NAME_FIELD.to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node_name.to_owned()]),
    };
    let term = NodeSelectorTerm { match_fields: Some(vec![named]), ..NodeSelectorTerm::default() };
    let mut affinity = affinity.cloned().unwrap_or_default();
    affinity.node_affinity = Some(NodeAffinity {
        required_during_scheduling_ignored_during_execution: Some(NodeSelector { node_selector_terms: vec![term] }),
        ..affinity.node_affinity.unwrap_or_default()
    });
    affinity
}

/// How a created pod comes to its node.
#[derive(Clone, Debug, PartialEq)]
pub enum Binding {
    /// The controller has bound it; its affinity is the template's.
    Bound {
        /// `spec.nodeName`.
        node_name: String,
    },
    /// The scheduler binds it to the node its affinity names.
    Scheduled {
        /// The pod's affinity.
        affinity: Affinity,
        /// `spec.nodeName`, if the template sets one: then the scheduler has nothing left to do (LEG-8).
        node_name: Option<String>,
    },
}

/// How a pod created from the template for this node comes there (LEG-1, LEG-2, LEG-8, PLACE-9).
pub fn binding(template: &PodTemplateSpec, node: &Node, rules: PlacementRules) -> Binding {
    let name = super::node::name(node).to_owned();
    let by_controller = match (rules.placed_by, rules.old_kubelets) {
        (PlacedBy::Controller, _) => true,
        (PlacedBy::Scheduler | PlacedBy::SchedulerIgnoringTaints, OldKubelets::BoundByController) => {
            kubelet_is_old(node)
        }
        (PlacedBy::Scheduler | PlacedBy::SchedulerIgnoringTaints, OldKubelets::AsAnyOther) => false,
    };
    if by_controller {
        return Binding::Bound { node_name: name };
    }
    let spec = template.spec.as_ref();
    let affinity = spec.and_then(|spec| spec.affinity.as_ref());
    Binding::Scheduled {
        affinity: replace_daemon_set_pod_node_name_node_affinity(affinity, &name),
        node_name: spec.and_then(|spec| spec.node_name.clone()).filter(|name| !name.is_empty()),
    }
}

/// Whether the kubelet's version is unknown or below 1.11 (LEG-2).
fn kubelet_is_old(node: &Node) -> bool {
    let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
    let version = info.map(|info| info.kubelet_version.as_str()).unwrap_or_default();
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']).map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (1, 11),
        _ => true,
    }
}

/// Whether the pod has ended.
pub fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Whether the pod's controller is the object with this uid.
pub fn is_controlled_by(pod: &Pod, uid: &str) -> bool {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

/// `namespace/name` of a pod.
pub fn key(pod: &Pod) -> String {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
    format!("{namespace}/{}", pod.metadata.name.as_deref().unwrap_or_default())
}

/// Pods that take room on a node: bound and not ended, by node name. Mirrors `indexByPodNodeName`.
#[derive(Debug, Default)]
pub struct PodsByNode<'a>(HashMap<&'a str, Vec<&'a Pod>>);

impl<'a> PodsByNode<'a> {
    /// The index of these pods.
    pub fn of(pods: impl IntoIterator<Item = &'a Pod>) -> Self {
        let mut index: HashMap<&str, Vec<&Pod>> = HashMap::new();
        for pod in pods {
            let name = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
            if !name.is_empty() && !has_ended(pod) {
                index.entry(name).or_default().push(pod);
            }
        }
        Self(index)
    }

    /// The pods on one node.
    pub fn on(&self, node_name: &str) -> &[&'a Pod] {
        self.0.get(node_name).map(Vec::as_slice).unwrap_or_default()
    }
}
