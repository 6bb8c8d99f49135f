//! What the default scheduler of 1.11 and 1.12 says about the daemon pod created for a node (LEG-15).
//!
//! Its predicates as far as daemon pods meet them: resources, host ports, `nodeSelector`, taints, node conditions,
//! exclusive disks of the two clouds' volumes, and required pod anti-affinity between pods of the one node. Pod
//! affinity and volume claims are not looked at. This shows what was lost and won when placement moved (LEG-4); the
//! controller itself never asks it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, Pod, PodAffinityTerm, PodSpec, PodTemplateSpec, Toleration, Volume};

use super::label::{self, Labels};
use super::node::NodeView;
use super::node_selector::RequiredNodeAffinity;
use super::pod::PodsByNode;
use super::quantity::{QuantityError, value};
use super::resources::{Amounts, host_ports, shortages, taken_port};
use super::selector::Selector;
use super::tolerations::{NO_EXECUTE, NO_SCHEDULE, untolerated};
use crate::release::placement::{NodeConditions, PlacementRules};

/// The pod as the scheduler sees it: from this template, in this namespace, with these tolerations.
#[derive(Clone, Copy, Debug)]
pub struct CreatedPod<'a> {
    /// The template it was made from.
    pub template: &'a PodTemplateSpec,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its tolerations.
    pub tolerations: &'a [Toleration],
}

/// Every reason for which the predicates refuse the pod on the node, in the scheduler's words; none if it fits.
///
/// The pod's affinity is taken to name this very node (PLACE-9), so of selector and affinity only `nodeSelector` is
/// left to ask.
///
/// # Errors
/// If an amount of template, node or pod is no quantity.
pub fn refusals(
    created: &CreatedPod<'_>,
    node: &Node,
    pods: &PodsByNode<'_>,
    rules: PlacementRules,
) -> Result<BTreeSet<String>, QuantityError> {
    let spec = created.template.spec.clone().unwrap_or_default();
    let view = NodeView::of(node);
    let there = pods.on(view.name);
    let mut refusals = BTreeSet::new();
    let mut refuse = |reason: &str| refusals.insert(reason.to_owned());

    for shortage in shortages(node, &Amounts::requested(&spec)?, there)? {
        refuse(&format!("Insufficient {}", shortage.resource));
    }
    if taken_port(&host_ports(&spec), there).is_some() {
        refuse("node(s) didn't have free ports for the requested pod ports");
    }
    let selector = PodSpec { node_selector: spec.node_selector.clone(), ..PodSpec::default() };
    if !RequiredNodeAffinity::of(&selector).matches(&view) {
        refuse("node(s) didn't match node selector");
    }
    let effects = [NO_EXECUTE, NO_SCHEDULE];
    if untolerated(created.tolerations, view.taints, &effects, rules.comparison_operators).next().is_some() {
        refuse("node(s) had taints that the pod didn't tolerate");
    }
    match rules.node_conditions {
        NodeConditions::Read => condition_refusals(node, &spec, &mut refuse)?,
        NodeConditions::AsTaints => {}
    }
    if there.iter().any(|pod| disks_conflict(&spec, pod)) {
        refuse("node(s) had no available disk");
    }
    let labels = created.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let incoming = Party { namespace: created.namespace, labels: &labels, spec: &spec };
    let existing: Vec<_> = there.iter().filter_map(|pod| Party::of(pod)).collect();
    if existing.iter().any(|party| party.repels(&incoming, &view)) {
        refuse("node(s) didn't match pod affinity/anti-affinity");
        refuse("node(s) didn't satisfy existing pods anti-affinity rules");
    } else if existing.iter().any(|party| incoming.repels(party, &view)) {
        refuse("node(s) didn't match pod affinity/anti-affinity");
        refuse("node(s) didn't match pod anti-affinity rules");
    }
    Ok(refusals)
}

/// Mirrors the predicates `CheckNodeCondition`, `CheckNodeMemoryPressure`, `CheckNodeDiskPressure` and
/// `CheckNodePIDPressure`.
fn condition_refusals(node: &Node, spec: &PodSpec, refuse: &mut impl FnMut(&str) -> bool) -> Result<(), QuantityError> {
    let best_effort = is_best_effort(spec)?;
    for condition in node.status.iter().flat_map(|status| status.conditions.iter().flatten()) {
        let (is_true, is_false) = (condition.status == "True", condition.status == "False");
        match condition.type_.as_str() {
            "Ready" if !is_true => refuse("node(s) were not ready"),
            "OutOfDisk" if !is_false => refuse("node(s) were out of disk space"),
            "NetworkUnavailable" if !is_false => refuse("node(s) had unavailable network"),
            "MemoryPressure" if is_true && best_effort => refuse("node(s) had memory pressure"),
            "DiskPressure" if is_true => refuse("node(s) had disk pressure"),
            "PIDPressure" if is_true => refuse("node(s) had pid pressure"),
            _ => false,
        };
    }
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        refuse("node(s) were unschedulable");
    }
    Ok(())
}

/// No container asks for, or is limited in, cpu or memory.
fn is_best_effort(spec: &PodSpec) -> Result<bool, QuantityError> {
    let resources = spec.containers.iter().filter_map(|container| container.resources.as_ref());
    let amounts = resources.flat_map(|resources| [&resources.requests, &resources.limits]).flatten();
    for amounts in amounts {
        for quantity in ["cpu", "memory"].iter().filter_map(|name| amounts.get(*name)) {
            if value(quantity)? > 0 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Mirrors the predicate `NoDiskConflict` for GCE persistent disks and EBS volumes.
fn disks_conflict(spec: &PodSpec, other: &Pod) -> bool {
    let others = other.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    others.into_iter().any(|other| spec.volumes.iter().flatten().any(|volume| volumes_conflict(volume, other)))
}

fn volumes_conflict(volume: &Volume, other: &Volume) -> bool {
    let gce = volume.gce_persistent_disk.as_ref().zip(other.gce_persistent_disk.as_ref());
    let both_read = |left: Option<bool>, right: Option<bool>| left == Some(true) && right == Some(true);
    let ebs = volume.aws_elastic_block_store.as_ref().zip(other.aws_elastic_block_store.as_ref());
    gce.is_some_and(|(left, right)| left.pd_name == right.pd_name && !both_read(left.read_only, right.read_only))
        || ebs.is_some_and(|(left, right)| left.volume_id == right.volume_id)
}

/// A pod as anti-affinity sees it.
struct Party<'a> {
    namespace: &'a str,
    labels: &'a Labels,
    spec: &'a PodSpec,
}

impl<'a> Party<'a> {
    fn of(pod: &'a Pod) -> Option<Self> {
        Some(Self {
            namespace: pod.metadata.namespace.as_deref().unwrap_or_default(),
            labels: label::or_none(pod.metadata.labels.as_ref()),
            spec: pod.spec.as_ref()?,
        })
    }

    /// Whether a required anti-affinity term of this pod excludes `other` from its own node.
    fn repels(&self, other: &Self, node: &NodeView<'_>) -> bool {
        let affinity = self.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let terms = affinity.and_then(|anti| anti.required_during_scheduling_ignored_during_execution.as_ref());
        terms.into_iter().flatten().any(|term| self.term_repels(term, other, node))
    }

    fn term_repels(&self, term: &PodAffinityTerm, other: &Self, node: &NodeView<'_>) -> bool {
        let namespaces = term.namespaces.as_deref().unwrap_or_default();
        let namespace_counts = if namespaces.is_empty() {
            self.namespace == other.namespace
        } else {
            namespaces.iter().any(|name| name == other.namespace)
        };
        let selected = Selector::parse(term.label_selector.as_ref()).is_ok_and(|s| s.matches(other.labels));
        namespace_counts && selected && node.labels.contains_key(&term.topology_key)
    }
}
