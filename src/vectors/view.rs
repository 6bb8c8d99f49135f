//! The records that a sync reads, made from the objects of a vector.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod, PodTemplateSpec};
use serde::Deserialize;

use super::BadVector;
use super::json::{at, text};
use super::names::Names;
use super::object::{Detail, Object, read_strategy};
use super::question::Given;
use super::subject::Subject;
use crate::controller::memory::Synced;
use crate::controller::record::{self, DaemonSet, Placement, ResourceVersion};
use crate::manifest;
use crate::manifest::label::{Labels, or_none};
use crate::manifest::legacy::LegacyPlacement;
use crate::manifest::node::NodeView;
use crate::manifest::pod::PodsByNode;
use crate::release::AvailableAt;
use crate::release::placement::PlacedBy;

/// How far the stores have come.
pub fn synced(names: &Names, given: &Given) -> Synced {
    let synced = given.synced.as_ref();
    let reached = |text: Option<&String>| -> Option<ResourceVersion> { text.and_then(|text| names.version(text)) };
    Synced {
        pods: reached(synced.map(|synced| &synced.pods)),
        daemon_sets: reached(synced.map(|synced| &synced.daemonsets)),
        revisions: None, // no release records its revision writes
    }
}

/// The placement check of a `DaemonSet`, in the way of its release.
#[derive(Debug)]
pub enum PlacementCheck {
    /// Selector, affinity and taints.
    Scheduler(Box<manifest::placement::Placement>),
    /// Room and ports too.
    Controller(Box<LegacyPlacement>),
}

impl PlacementCheck {
    /// The check of this `DaemonSet`'s template.
    ///
    /// # Errors
    ///
    /// If the template is none.
    pub fn of(subject: &Subject, daemon_set: &Object) -> Result<Self, BadVector> {
        let template: PodTemplateSpec = Deserialize::deserialize(at(&daemon_set.json, &["spec", "template"]))?;
        let rules = subject.placement;
        Ok(match rules.placed_by {
            PlacedBy::Controller => {
                let uid = text(&daemon_set.json, &["metadata", "uid"]);
                Self::Controller(Box::new(LegacyPlacement::compile(&template, &daemon_set.namespace, uid, rules)?))
            }
            PlacedBy::Scheduler | PlacedBy::SchedulerIgnoringTaints => {
                Self::Scheduler(Box::new(manifest::placement::Placement::compile(&template, rules)))
            }
        })
    }

    /// What it says of a node. `pods` are those of [`typed_pods`].
    ///
    /// # Errors
    ///
    /// If an amount of the node or of a pod is none.
    pub fn on(&self, node: &Node, pods: &[Pod]) -> Result<Placement, BadVector> {
        let eligibility = match self {
            Self::Scheduler(check) => check.node_should_run_daemon_pod(&NodeView::of(node)),
            Self::Controller(check) => check.explain(node, &PodsByNode::of(pods))?.eligibility,
        };
        Ok(Placement::from(eligibility))
    }
}

/// The pods that the check of this release looks at: none where the scheduler sees to room and ports.
///
/// # Errors
///
/// If one is no pod.
pub fn typed_pods<'a>(
    subject: &Subject,
    pods: impl IntoIterator<Item = &'a Rc<Object>>,
) -> Result<Vec<Pod>, BadVector> {
    match subject.placement.placed_by {
        PlacedBy::Controller => pods.into_iter().map(|pod| Ok(Deserialize::deserialize(&pod.json)?)).collect(),
        PlacedBy::Scheduler | PlacedBy::SchedulerIgnoringTaints => Ok(Vec::new()),
    }
}

/// A `DaemonSet` as a sync sees it. `hash` is that of its template and collision count.
///
/// # Errors
///
/// If its strategy is none.
pub fn daemon_set_record(
    names: &Names,
    subject: &Subject,
    object: &Object,
    hash: &str,
) -> Result<DaemonSet, BadVector> {
    let detail = object.daemon_set();
    Ok(DaemonSet {
        uid: object.uid,
        resource_version: object.version,
        generation: detail.generation,
        deleting: object.deleting,
        template: detail.template,
        template_generation: detail.template_generation,
        template_hash: names.symbol(hash),
        revision_name: names.symbol(&format!("{}-{hash}", object.name)),
        selector: match &detail.selector {
            Ok(selector) if selector.is_empty() => record::Selector::Everything,
            Ok(_) => record::Selector::Valid,
            Err(_) => record::Selector::Invalid,
        },
        strategy: read_strategy(at(&object.json, &["spec", "updateStrategy"]), subject.budget)?,
        min_ready_seconds: detail.min_ready_seconds,
        revision_history_limit: detail.revision_history_limit,
        status: detail.status,
    })
}

/// A `DaemonSet` as its sync uses it to look at other objects.
#[derive(Debug)]
pub struct Eye {
    daemon_set: Rc<Object>,
    placement: PlacementCheck,
    now: i64,
    available_at: AvailableAt,
}

impl Eye {
    /// The eye of a sync whose own copy is `daemon_set`, at time `now`.
    ///
    /// # Errors
    ///
    /// If its template is none.
    pub fn new(subject: &Subject, daemon_set: Rc<Object>, now: i64) -> Result<Self, BadVector> {
        let placement = PlacementCheck::of(subject, &daemon_set)?;
        Ok(Self { daemon_set, placement, now, available_at: subject.switches.available_at })
    }

    /// The object behind the sync's own copy.
    pub fn daemon_set(&self) -> &Rc<Object> {
        &self.daemon_set
    }

    fn matches(&self, labels: Option<&Labels>) -> bool {
        match &self.daemon_set.daemon_set().selector {
            Ok(selector) => selector.matches(or_none(labels)),
            Err(_) => false,
        }
    }

    /// A pod as the sync sees it.
    pub fn pod(&self, names: &Names, object: &Object) -> record::Pod {
        let detail = object.pod();
        let wait = i64::from(self.daemon_set.daemon_set().min_ready_seconds);
        // ROLL-4
        let ripe = detail.ready_since.is_some_and(|since| match self.available_at {
            AvailableAt::Equal => since + wait <= self.now,
            AvailableAt::After => since + wait < self.now,
        });
        record::Pod {
            name: names.pod(&object.name),
            uid: object.uid,
            resource_version: object.version,
            created: detail.created,
            controller: object.controller.as_ref().map(|(_, _, uid)| *uid),
            matches: self.matches(object.labels.as_ref()),
            deleting: object.deleting,
            phase: detail.phase,
            ready: detail.ready,
            available: detail.ready && (wait == 0 || ripe),
            bound: detail.bound,
            target: detail.target,
            hash: detail.hash,
            generation: detail.generation,
        }
    }

    /// A revision as the sync sees it.
    ///
    /// # Panics
    ///
    /// If the object is none.
    pub fn revision(&self, names: &Names, object: &Object) -> record::Revision {
        let Detail::Revision(data, number) = object.detail else { panic!("{} is a revision", object.name) };
        let same_namespace = object.namespace == self.daemon_set.namespace;
        let name = if same_namespace {
            names.symbol(&object.name)
        } else {
            // Two namespaces may have a revision of one name.
            names.symbol(&format!("{}/{}", object.namespace, object.name))
        };
        record::Revision {
            name,
            uid: object.uid,
            resource_version: object.version,
            controller: object.controller.as_ref().map(|(_, _, uid)| *uid),
            matches: self.matches(object.labels.as_ref()),
            deleting: object.deleting,
            same_namespace,
            label: object.hash_label(names),
            data,
            number,
        }
    }

    /// A node as the sync sees it. `pods` are those of [`typed_pods`].
    ///
    /// # Errors
    ///
    /// If an amount of the node or of a pod is none.
    pub fn node(
        &self,
        names: &Names,
        object: &Object,
        in_backoff: bool,
        pods: &[Pod],
    ) -> Result<record::Node, BadVector> {
        let placement = self.placement.on(object.node(), pods)?;
        Ok(record::Node { name: names.node(&object.name), placement, in_backoff })
    }
}
