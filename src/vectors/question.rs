//! One line of a vector file, of any kind.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use std::collections::BTreeMap;

use super::wire::{Backoff, Outcome};

/// A line.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Line {
    /// Unique.
    pub id: String,
    /// The release that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The generator's intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The question that this one was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What it is about, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Feature gates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gates: BTreeMap<String, bool>,
    /// The controller's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// The input; none in an answer to a question of another file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
    /// The answer, where it is a set of outcomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<Outcome>>,
    /// The answer, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// The same with `ScheduleDaemonSetPods` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_on: Option<Value>,
    /// What the scheduler says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<Value>,
    /// The answer of another release is that of the question's file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same: bool,
    /// Why the question was not put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Asked without the consistency gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<bool>,
    /// Members of the input that the release does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
}

/// An input.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Given {
    /// The key of the sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The informer stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// The hash of the current template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub current_hash: String,
    /// sync: a record; handlers: records by key.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub expectations: Value,
    /// Back-off records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backoff: Vec<Backoff>,
    /// sync: a record; handlers: records by key.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub consistency: Value,
    /// How far the stores have come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced: Option<Synced>,
    /// Creates and deletes per call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<usize>,
    /// Whether created pods are shown whole.
    #[serde(default, skip_serializing_if = "is_false")]
    pub full_pods: bool,
    /// How the API server differs from the stores.
    #[serde(default, skip_serializing_if = "ApiDifference::is_empty")]
    pub api: ApiDifference,
    /// Requests that fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Events in the middle of the sync.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// handlers: what happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// handlers: the work queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueState>,
    /// handlers: the node queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_queue: Option<QueueState>,
    /// handlers: how often the key has failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// placement: the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Value>,
    /// placement, wake: the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Value>,
    /// placement: all pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub existing_pods: Vec<Value>,
    /// placement: the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// counts: the strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Value>,
    /// counts: nodes that should run the pod.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub desired: i32,
    /// wake: the `DaemonSet`s in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon_sets: Option<Vec<Value>>,
    /// wake: the pod in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Value>,
    /// wake: nodes on which `ns/ds` waits for room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<String>,
}

/// The informer stores.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cache {
    /// sync: the `DaemonSet` of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon_set: Option<Value>,
    /// handlers: every `DaemonSet`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daemon_sets: Vec<Value>,
    /// Revisions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Value>,
    /// Pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Value>,
    /// Nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Value>,
}

/// How far the stores have come.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Synced {
    /// Pods.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pods: String,
    /// `DaemonSet`s.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub daemonsets: String,
}

/// How the API server differs from the stores.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiDifference {
    /// In place of the cached one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon_set: Option<Value>,
    /// Added or in place of those of the same name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Value>,
    /// The same for pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Value>,
    /// `Kind/name` of what is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// Requests that fail.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// Which verb; absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// Which kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Which name; of a created pod the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many pass first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: u32,
    /// How many fail then; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Why.
    pub error: String,
    /// Whether they take effect all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub committed: bool,
}

/// Events in the middle of a sync.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// When.
    pub at: Moment,
    /// What.
    pub events: Vec<Change>,
}

/// A moment of a sync.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Moment {
    /// Before a store is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Before the expectations are examined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Before a request is executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Which one; absent: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
}

/// A change of the API server that a store learns of.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// Kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What happens to it.
    #[serde(rename = "do")]
    pub action: Action,
    /// What is put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Value>,
    /// A JSON merge patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Value>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It is stored.
    Put,
    /// It is patched.
    Patch,
    /// It is removed.
    Delete,
    /// Nothing; what is there arrives.
    Arrive,
}

/// An event, or an item of a queue.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Event {
    /// Which handler.
    pub handler: String,
    /// The object as it is, or was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Value>,
    /// The object as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The key of a "final state unknown".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<String>,
    /// The node of a node item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The key of a work item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The state of a queue: sets of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QueueState {
    /// Waiting for a worker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// In work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processing: Vec<String>,
    /// In work and added meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
}

impl ApiDifference {
    /// Whether the API server has what the stores have.
    pub fn is_empty(&self) -> bool {
        self.daemon_set.is_none() && self.revisions.is_empty() && self.pods.is_empty() && self.gone.is_empty()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
