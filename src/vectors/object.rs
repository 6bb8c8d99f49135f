//! Kubernetes objects of a vector: their JSON, and what of it the controller reads.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use serde_json::Value;

use super::json::{at, list, number, seconds, text, texts};
use super::names::Names;
use crate::controller::budget::{Limit, RollingUpdate};
use crate::controller::handlers::{self, Controller};
use crate::controller::record::{
    Counters, HashLabel, NodeName, Phase, ResourceVersion, Status, Symbol, TemplateId, Uid, UpdateStrategy,
};
use crate::manifest::daemon_set::limit;
use crate::manifest::label::{Labels, SelectorError};
use crate::manifest::pod::target_node_name;
use crate::manifest::selector::Selector;
use crate::release::budget::BudgetRules;

/// The label with the hash of a pod's or revision's template.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// The label with the template generation of a pod.
pub const GENERATION_LABEL: &str = "pod-template-generation";
/// The annotation with the template generation of a `DaemonSet` (OBJ-10).
pub const GENERATION_ANNOTATION: &str = "deprecated.daemonset.template.generation";

/// The kinds that the controller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A `DaemonSet`.
    DaemonSet,
    /// A `ControllerRevision`.
    Revision,
    /// A pod.
    Pod,
    /// A node.
    Node,
}

impl Kind {
    /// As the API calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::DaemonSet => "DaemonSet",
            Self::Revision => "ControllerRevision",
            Self::Pod => "Pod",
            Self::Node => "Node",
        }
    }

    /// The kind that the API calls so.
    pub fn named(text: &str) -> Option<Self> {
        [Self::DaemonSet, Self::Revision, Self::Pod, Self::Node].into_iter().find(|kind| kind.text() == text)
    }
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// As the API has it.
    pub json: Value,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.resourceVersion`.
    pub version: ResourceVersion,
    /// `metadata.labels`; none if there is no map.
    pub labels: Option<Labels>,
    /// The owner reference with `controller: true`: kind, name, uid.
    pub controller: Option<(String, String, Uid)>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// What is peculiar to its kind.
    pub detail: Detail,
}

/// What is peculiar to a kind.
#[derive(Clone, Debug)]
pub enum Detail {
    /// A pod.
    Pod(PodDetail),
    /// A revision: the template it records, and its number.
    Revision(TemplateId, i64),
    /// A `DaemonSet`.
    DaemonSet(Box<DaemonSetDetail>),
    /// A node.
    Node(Box<k8s_openapi::api::core::v1::Node>),
}

/// What is peculiar to a pod.
#[derive(Clone, Copy, Debug)]
pub struct PodDetail {
    /// `metadata.creationTimestamp`.
    pub created: i64,
    /// `status.phase`.
    pub phase: Phase,
    /// Whether the Ready condition is True.
    pub ready: bool,
    /// Since when the Ready condition is what it is.
    pub ready_since: Option<i64>,
    /// Whether `spec.nodeName` is set.
    pub bound: bool,
    /// The target node.
    pub target: Option<NodeName>,
    /// The hash label.
    pub hash: Symbol,
    /// The generation label, where it is a number in canonical form.
    pub generation: Option<i64>,
}

/// What is peculiar to a `DaemonSet`.
#[derive(Clone, Debug)]
pub struct DaemonSetDetail {
    /// `metadata.generation`.
    pub generation: i64,
    /// The template generation, where its annotation parses.
    pub template_generation: Option<i64>,
    /// `spec.template`.
    pub template: TemplateId,
    /// `spec.selector`.
    pub selector: Result<Selector, SelectorError>,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// `status`.
    pub status: Status,
}

impl Object {
    /// Reads an object of this kind.
    ///
    /// # Errors
    ///
    /// If it is no such object.
    pub fn read(names: &Names, kind: Kind, json: Value) -> Result<Rc<Self>, serde_json::Error> {
        let metadata = &json["metadata"];
        let labels = texts(metadata, &["labels"]);
        let controller =
            list(metadata, &["ownerReferences"]).iter().find(|owner| owner["controller"] == true).map(|owner| {
                (text(owner, &["kind"]).to_owned(), text(owner, &["name"]).to_owned(), names.uid(text(owner, &["uid"])))
            });
        let detail = match kind {
            Kind::Pod => Detail::Pod(read_pod(names, &json, labels.as_ref())?),
            Kind::Revision => Detail::Revision(names.template(&recorded_template(&json)), number(&json, &["revision"])),
            Kind::DaemonSet => Detail::DaemonSet(Box::new(read_daemon_set(names, &json)?)),
            Kind::Node => Detail::Node(Box::new(Deserialize::deserialize(&json)?)),
        };
        Ok(Rc::new(Self {
            name: text(metadata, &["name"]).to_owned(),
            namespace: text(metadata, &["namespace"]).to_owned(),
            uid: names.uid(text(metadata, &["uid"])),
            version: names.version(text(metadata, &["resourceVersion"])).unwrap_or(ResourceVersion(0)),
            labels,
            controller,
            deleting: metadata["deletionTimestamp"].is_string(),
            detail,
            json,
        }))
    }

    /// Its label `name`, where it is set.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// Whether it carries finalizers.
    pub fn has_finalizers(&self) -> bool {
        !list(&self.json, &["metadata", "finalizers"]).is_empty()
    }

    /// The hash label of a revision.
    pub fn hash_label(&self, names: &Names) -> HashLabel {
        match (&self.labels, self.label(HASH_LABEL)) {
            (None, _) => HashLabel::NoLabels,
            (Some(_), None) => HashLabel::Absent,
            (Some(_), Some(value)) => HashLabel::Value(names.symbol(value)),
        }
    }

    /// Its details as a pod.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn pod(&self) -> &PodDetail {
        let Detail::Pod(detail) = &self.detail else { panic!("{} is a pod", self.name) };
        detail
    }

    /// Its details as a `DaemonSet`.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn daemon_set(&self) -> &DaemonSetDetail {
        let Detail::DaemonSet(detail) = &self.detail else { panic!("{} is a DaemonSet", self.name) };
        detail
    }

    /// Itself as a node.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn node(&self) -> &k8s_openapi::api::core::v1::Node {
        let Detail::Node(node) = &self.detail else { panic!("{} is a node", self.name) };
        node
    }

    /// Its controller reference, as the handlers see it.
    pub fn controller_for_handlers(&self, names: &Names) -> Controller {
        match &self.controller {
            None => Controller::None,
            Some((kind, name, uid)) if kind == "DaemonSet" => {
                Controller::DaemonSet(names.key(&self.namespace, name), *uid)
            }
            Some(_) => Controller::Other,
        }
    }

    /// As the handlers see it.
    pub fn for_handlers(&self, names: &Names) -> handlers::Object {
        handlers::Object {
            controller: self.controller_for_handlers(names),
            deleting: self.deleting,
            labelled: self.labels.as_ref().is_some_and(|labels| !labels.is_empty()),
            ready: match &self.detail {
                Detail::Pod(pod) => pod.ready,
                Detail::Revision(..) | Detail::DaemonSet(_) | Detail::Node(_) => false,
            },
        }
    }
}

/// The template that a revision records.
fn recorded_template(revision: &Value) -> Value {
    let mut template = at(revision, &["data", "spec", "template"]).clone();
    if let Some(template) = template.as_object_mut() {
        template.remove("$patch");
    }
    template
}

fn read_pod(names: &Names, json: &Value, labels: Option<&Labels>) -> Result<PodDetail, serde_json::Error> {
    let label = |name| labels.and_then(|labels| labels.get(name)).map_or("", String::as_str);
    let node_name = text(json, &["spec", "nodeName"]);
    let target = if !node_name.is_empty() {
        Some(names.node(node_name))
    } else if at(json, &["spec", "affinity"]).is_null() {
        None
    } else {
        let pod: Pod = Deserialize::deserialize(json)?;
        target_node_name(&pod).map(|node| names.node(node))
    };
    let condition = list(json, &["status", "conditions"]).iter().find(|condition| condition["type"] == "Ready");
    Ok(PodDetail {
        created: seconds(text(json, &["metadata", "creationTimestamp"])).unwrap_or(i64::MIN),
        phase: match text(json, &["status", "phase"]) {
            "Failed" => Phase::Failed,
            "Succeeded" => Phase::Succeeded,
            _ => Phase::Active,
        },
        ready: condition.is_some_and(|condition| condition["status"] == "True"),
        ready_since: condition.and_then(|condition| seconds(text(condition, &["lastTransitionTime"]))),
        bound: !node_name.is_empty(),
        target,
        hash: names.symbol(label(HASH_LABEL)),
        generation: parse_int(label(GENERATION_LABEL)).filter(|number| number.to_string() == label(GENERATION_LABEL)),
    })
}

fn read_daemon_set(names: &Names, json: &Value) -> Result<DaemonSetDetail, serde_json::Error> {
    let selector: Option<LabelSelector> = Deserialize::deserialize(at(json, &["spec", "selector"]))?;
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let status = &json["status"];
    let counter = |name| small(number(status, &[name]));
    Ok(DaemonSetDetail {
        generation: number(json, &["metadata", "generation"]),
        template_generation: parse_int(text(json, &["metadata", "annotations", GENERATION_ANNOTATION])),
        template: names.template(at(json, &["spec", "template"])),
        selector: Selector::parse(selector.as_ref()),
        min_ready_seconds: small(number(json, &["spec", "minReadySeconds"])),
        revision_history_limit: small(at(json, &["spec", "revisionHistoryLimit"]).as_i64().unwrap_or(10)),
        status: Status {
            counters: Counters {
                desired_number_scheduled: counter("desiredNumberScheduled"),
                current_number_scheduled: counter("currentNumberScheduled"),
                number_misscheduled: counter("numberMisscheduled"),
                number_ready: counter("numberReady"),
                updated_number_scheduled: counter("updatedNumberScheduled"),
                number_available: counter("numberAvailable"),
                number_unavailable: counter("numberUnavailable"),
            },
            observed_generation: number(status, &["observedGeneration"]),
            collision_count: status["collisionCount"].as_i64().map(small),
        },
    })
}

/// Go's `strconv.ParseInt(_, 10, 64)`.
fn parse_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| text.parse().ok()).flatten()
}

/// Reads `spec.updateStrategy`.
///
/// # Errors
///
/// If a limit is neither a number nor text.
pub fn read_strategy(strategy: &Value, rules: BudgetRules) -> Result<UpdateStrategy, serde_json::Error> {
    let read = |limits: &Value, name: &str| -> Result<Limit, serde_json::Error> {
        let given: Option<IntOrString> = Deserialize::deserialize(&limits[name])?;
        Ok(limit(given.as_ref(), rules))
    };
    Ok(match (text(strategy, &["type"]), &strategy["rollingUpdate"]) {
        ("RollingUpdate", Value::Null) => UpdateStrategy::RollingUpdate(None),
        ("RollingUpdate", limits) => UpdateStrategy::RollingUpdate(Some(RollingUpdate {
            max_unavailable: read(limits, "maxUnavailable")?,
            max_surge: read(limits, "maxSurge")?,
        })),
        ("OnDelete", _) => UpdateStrategy::OnDelete,
        _ => UpdateStrategy::Unknown,
    })
}
