//! The model's objects as the API has them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::versions::Versions;
use crate::cluster::object::{
    COPIES, DaemonSetObject, Deleting, FOREIGN, Key, NAMED, NO_LABELS, NodeObject, PodObject, PodPhase, RevisionObject,
};
use crate::controller::budget::Limit;
use crate::controller::record::UpdateStrategy;
use crate::manifest::pod::replace_daemon_set_pod_node_name_node_affinity;
use crate::release::placement::OldKubelets;
use crate::scope::{ModelFile, Scope};
use crate::vectors::json::time;
use crate::vectors::object::{GENERATION_ANNOTATION, GENERATION_LABEL, HASH_LABEL};
use crate::vectors::wire::Status;

/// The controller's clock: 2026-01-15T12:00:00Z, in seconds since 1970.
pub const NOW: i64 = 1_768_478_400;
/// Every object of the model is in this namespace.
const NAMESPACE: &str = "ns";
/// The label by which `DaemonSet`s select; its value is the `DaemonSet`'s name.
const LABEL: &str = "app";
/// Its value on a pod that a user took out of every selection.
const QUARANTINED: &str = "quarantined";
/// How long ago a pod became ready whose minReadySeconds have passed, at least. Unit: seconds.
const MATURED_AGO: i64 = 3600;

/// What the objects of one model are made of.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    /// The scope.
    pub scope: &'a Scope,
    /// By template: `metadata` without labels, and `spec`.
    templates: Vec<Value>,
    /// By variant: `metadata.labels` and `spec.taints`.
    variants: Vec<(Map<String, Value>, Value)>,
    /// How long ago matured pods became ready, in seconds.
    matured_ago: i64,
    /// Whether the release asks a node for its kubelet's version.
    old_kubelets: OldKubelets,
}

impl<'a> Objects<'a> {
    /// Those of `file`.
    ///
    /// Templates without containers get one, whose image is called after the template: the scope's own name for it.
    ///
    /// # Panics
    ///
    /// Never: pod specs and nodes are JSON.
    pub fn of(file: &'a ModelFile) -> Self {
        let scope = &file.scope;
        let mut templates: Vec<Value> = Vec::new();
        for (template, spec) in scope.templates.iter().zip(&file.pod_specs) {
            let mut spec = serde_json::to_value(spec).expect("a pod spec is JSON");
            if spec["containers"].as_array().is_none_or(Vec::is_empty) {
                spec["containers"] = json!([{"image": format!("app:{}", template.name), "name": "c"}]);
            }
            for list in ["containers", "initContainers"] {
                for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    if container["resources"].is_null() {
                        container["resources"] = json!({}); // Go writes the empty struct too.
                    }
                }
            }
            let mut made = json!({"metadata": {}, "spec": spec});
            if templates.contains(&made) {
                // To the scope they are two: a `rollout restart` differs by an annotation too (UNDO-17).
                made["metadata"]["annotations"] = json!({"template": template.name});
            }
            templates.push(made);
        }
        let mut variants: Vec<(Map<String, Value>, Value)> = Vec::new();
        for (name, node) in scope.variants.iter().zip(&file.node_variants) {
            let labels = node.metadata.labels.iter().flatten();
            let mut labels: Map<String, Value> =
                labels.map(|(label, value)| (label.clone(), Value::from(value.as_str()))).collect();
            let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
            let taints = serde_json::to_value(taints).expect("taints are JSON");
            if variants.contains(&(labels.clone(), taints.clone())) {
                // To the scope going from one to the other is a change of the node (EVT-15).
                labels.insert("variant".to_owned(), Value::from(name.as_str()));
            }
            variants.push((labels, taints));
        }
        let waits = scope.strategies.iter().map(|strategy| i64::from(strategy.min_ready_seconds));
        let matured_ago = waits.max().unwrap_or(0) + MATURED_AGO;
        let old_kubelets = file.profile.placement.old_kubelets;
        Self { scope, templates, variants, matured_ago, old_kubelets }
    }

    /// The name of a `DaemonSet`.
    pub fn daemon_set_name(&self, key: Key) -> &str {
        &self.scope.daemon_sets[usize::from(key)].name
    }

    /// Its work-queue key.
    pub fn key(&self, key: Key) -> String {
        format!("{NAMESPACE}/{}", self.daemon_set_name(key))
    }

    /// The name of a node.
    pub fn node_name(&self, node: u8) -> &str {
        &self.scope.nodes[usize::from(node)].name
    }

    /// The uid of a `DaemonSet`.
    pub fn uid(uid: impl Into<u32>) -> String {
        format!("u{}", uid.into())
    }

    /// The uid of a pod or a revision, by its name and the number that tells it from others of that name.
    pub fn uid_of(name: &str, number: impl Into<u32>) -> String {
        format!("u-{name}-{}", number.into())
    }

    /// The name of a pod.
    pub fn pod_name(&self, pod: &PodObject) -> String {
        format!("{}-{:03}", self.daemon_set_name(pod.owner_key), pod.name)
    }

    /// A hash as the controller writes them. Equal only for equal numbers: an odd factor permutes the numbers of 32 bits,
    /// and every digit becomes a letter of its own (`SafeEncodeString`).
    pub fn hash(number: u32) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let scattered = number.wrapping_mul(2_654_435_761).to_string();
        scattered.bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
    }

    /// The value of a hash label; empty for none. One added to a revision is its name (HIST-2).
    pub fn label(&self, number: u32) -> String {
        match number {
            0 => String::new(),
            _ if number >= u32::from(COPIES) => self.revision_name(number),
            _ if number > u32::from(NAMED) => self.revision_name(number - u32::from(NAMED)),
            _ => Self::hash(number),
        }
    }

    /// The name of a revision.
    ///
    /// # Panics
    ///
    /// If it is none of this scope.
    pub fn revision_name(&self, number: u32) -> String {
        if number >= u32::from(COPIES) {
            return format!("copied-{number}");
        }
        // `revision_hash` leaves 64 numbers to each `DaemonSet`.
        let key = Key::try_from((number - 1) / 64).expect("few DaemonSets");
        format!("{}-{}", self.daemon_set_name(key), Self::hash(number))
    }

    /// A template of a `DaemonSet`, as Go serialises it.
    pub fn template(&self, key: Key, template: u8) -> Value {
        let mut made = self.templates[usize::from(template)].clone();
        made["metadata"]["labels"] = json!({LABEL: self.daemon_set_name(key)});
        made
    }

    /// The annotations of a `DaemonSet` (OBJ-10).
    pub fn annotations(template_generation: impl Into<i64>) -> BTreeMap<String, String> {
        BTreeMap::from([(GENERATION_ANNOTATION.to_owned(), template_generation.into().to_string())])
    }

    /// The selector of a `DaemonSet`. One that matches objects without labels too names those that it does not match.
    fn selector(&self, key: Key) -> Value {
        let own = &self.scope.daemon_sets[usize::from(key)];
        if !own.selects_unlabelled {
            return json!({"matchLabels": {LABEL: own.name}});
        }
        let others = self.scope.daemon_sets.iter().map(|other| other.name.as_str()).filter(|name| *name != own.name);
        let values: Vec<&str> = others.chain([QUARANTINED]).collect();
        json!({"matchExpressions": [{"key": LABEL, "operator": "NotIn", "values": values}]})
    }

    /// A `DaemonSet`.
    ///
    /// # Panics
    ///
    /// Never: its status is JSON.
    pub fn daemon_set(&self, object: &DaemonSetObject) -> Value {
        let strategy = &self.scope.strategies[usize::from(object.strategy)];
        let mut metadata = json!({
            "annotations": Self::annotations(object.template_generation),
            "generation": object.generation,
            "name": self.daemon_set_name(object.key),
            "namespace": NAMESPACE,
            "resourceVersion": Versions::daemon_sets(object.version).to_string(),
            "uid": Self::uid(object.uid),
        });
        let finalizer = match object.deleting {
            Deleting::No => None,
            Deleting::Foreground => Some("foregroundDeletion"),
            Deleting::Orphan => Some("orphan"),
        };
        if let Some(finalizer) = finalizer {
            metadata["deletionTimestamp"] = Value::from(time(NOW));
            metadata["finalizers"] = json!([finalizer]);
        }
        let mut spec = json!({
            "revisionHistoryLimit": strategy.revision_history_limit,
            "selector": self.selector(object.key),
            "template": self.template(object.key, object.template),
            "updateStrategy": update_strategy(strategy.strategy),
        });
        if strategy.min_ready_seconds > 0 {
            spec["minReadySeconds"] = Value::from(strategy.min_ready_seconds);
        }
        let [desired, current, misscheduled, ready, updated, available] = object.counters.map(i32::from);
        let status = Status {
            current_number_scheduled: current,
            desired_number_scheduled: desired,
            number_available: available,
            number_misscheduled: misscheduled,
            number_ready: ready,
            number_unavailable: desired - available,
            updated_number_scheduled: updated,
            observed_generation: i64::from(object.observed_generation),
            collision_count: (object.collisions > 0).then(|| i32::from(object.collisions)),
        };
        let mut made = json!({"metadata": metadata, "spec": spec});
        if status != Status::default() {
            made["status"] = serde_json::to_value(status).expect("a status is JSON");
        }
        made
    }

    fn owner_references(&self, key: Key, owner: u8) -> Value {
        if owner == FOREIGN {
            return json!([{
                "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
                "kind": "ReplicaSet", "name": "other", "uid": "u-other",
            }]);
        }
        json!([{
            "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
            "kind": "DaemonSet", "name": self.daemon_set_name(key), "uid": Self::uid(owner),
        }])
    }

    /// The labels of a revision; none: it has no label map.
    pub fn revision_labels(&self, object: &RevisionObject) -> Option<BTreeMap<String, String>> {
        if object.label == NO_LABELS {
            return None;
        }
        let mut labels = BTreeMap::from([(LABEL.to_owned(), self.daemon_set_name(object.key).to_owned())]);
        if object.label != 0 {
            labels.insert(HASH_LABEL.to_owned(), self.label(u32::from(object.label)));
        }
        Some(labels)
    }

    /// A revision.
    pub fn revision(&self, object: &RevisionObject) -> Value {
        let name = self.revision_name(u32::from(object.name));
        let mut template = self.template(object.key, object.template);
        template["$patch"] = Value::from("replace");
        let mut metadata = json!({
            "name": name,
            "namespace": NAMESPACE,
            "resourceVersion": Versions::revisions(object.version).to_string(),
            "uid": Self::uid_of(&name, object.uid),
        });
        if let Some(labels) = self.revision_labels(object) {
            metadata["labels"] = json!(labels);
        }
        if let Some(owner) = object.owner {
            metadata["ownerReferences"] = self.owner_references(object.key, owner);
        }
        if object.deleting {
            metadata["deletionTimestamp"] = Value::from(time(NOW));
        }
        json!({"data": {"spec": {"template": template}}, "metadata": metadata, "revision": object.number})
    }

    /// A pod. Names and creation times sort as the model's names do (MAN-16).
    ///
    /// # Panics
    ///
    /// Never: an affinity is JSON.
    pub fn pod(&self, object: &PodObject, version: u64) -> Value {
        let name = self.pod_name(object);
        let app = if object.labelled { self.daemon_set_name(object.owner_key) } else { QUARANTINED };
        let mut labels = BTreeMap::from([(LABEL, app.to_owned())]);
        if object.hash != 0 {
            labels.insert(HASH_LABEL, self.label(u32::from(object.hash)));
        }
        if object.generation > 0 {
            labels.insert(GENERATION_LABEL, object.generation.to_string());
        }
        let created = NOW - 2 * self.matured_ago + i64::from(object.name);
        let mut metadata = json!({
            "creationTimestamp": time(created),
            "labels": labels,
            "name": name,
            "namespace": NAMESPACE,
            "resourceVersion": version.to_string(),
            "uid": Self::uid_of(&name, object.name),
        });
        if let Some(owner) = object.owner {
            metadata["ownerReferences"] = self.owner_references(object.owner_key, owner);
        }
        if object.deleting {
            metadata["deletionTimestamp"] = Value::from(time(NOW + 30));
        }
        let node = self.node_name(object.target);
        let spec = if object.bound {
            json!({"nodeName": node})
        } else {
            let affinity = replace_daemon_set_pod_node_name_node_affinity(None, node);
            json!({"affinity": serde_json::to_value(affinity).expect("an affinity is JSON")})
        };
        let phase = match object.phase {
            PodPhase::Active if object.bound => "Running",
            PodPhase::Active => "Pending",
            PodPhase::Failed => "Failed",
            PodPhase::Succeeded => "Succeeded",
        };
        let mut status = json!({"phase": phase});
        if object.bound {
            let (ready, since) = match (object.ready, object.matured) {
                (false, _) => ("False", NOW),
                (true, false) => ("True", NOW),
                (true, true) => ("True", NOW - self.matured_ago),
            };
            status["conditions"] = json!([{"lastTransitionTime": time(since), "status": ready, "type": "Ready"}]);
        }
        json!({"metadata": metadata, "spec": spec, "status": status})
    }

    /// A node.
    pub fn node(&self, object: &NodeObject) -> Value {
        let (labels, taints) = &self.variants[usize::from(object.variant)];
        let mut metadata = json!({
            "name": self.node_name(object.name),
            "resourceVersion": Versions::node(object).to_string(),
        });
        if !labels.is_empty() {
            metadata["labels"] = Value::from(labels.clone());
        }
        let mut made = json!({"metadata": metadata});
        if taints.as_array().is_some_and(|taints| !taints.is_empty()) {
            made["spec"] = json!({"taints": taints});
        }
        if self.old_kubelets == OldKubelets::BoundByController {
            // A node that names no version has an old kubelet (LEG-2), and a model's nodes have none.
            made["status"] = json!({"nodeInfo": {"kubeletVersion": "v1.12.10"}});
        }
        made
    }
}

fn update_strategy(strategy: UpdateStrategy) -> Value {
    let limit = |limit: Limit| match limit {
        Limit::Absent => Value::Null,
        Limit::Number(number) => Value::from(number),
        Limit::Percent(percent) => Value::from(format!("{percent}%")),
        Limit::NotPercentage => Value::from("some"),
        Limit::BadNumber => Value::from("some%"),
    };
    match strategy {
        UpdateStrategy::OnDelete => json!({"type": "OnDelete"}),
        UpdateStrategy::Unknown => json!({}),
        UpdateStrategy::RollingUpdate(None) => json!({"type": "RollingUpdate"}),
        UpdateStrategy::RollingUpdate(Some(limits)) => {
            let named = [("maxSurge", limits.max_surge), ("maxUnavailable", limits.max_unavailable)];
            let given = named.into_iter().filter(|(_, given)| *given != Limit::Absent);
            let given: Map<String, Value> = given.map(|(name, given)| (name.to_owned(), limit(given))).collect();
            json!({"rollingUpdate": given, "type": "RollingUpdate"})
        }
    }
}
