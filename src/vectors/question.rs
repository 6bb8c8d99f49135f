//! One line of a vector file, of any kind.

use serde::Deserialize;
use serde_json::Value;

use std::collections::BTreeMap;

use super::wire::{Backoff, Outcome};

/// A line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Line {
    /// Unique.
    pub id: String,
    /// The release that was asked.
    pub release: Option<String>,
    /// The generator's intent.
    pub family: Option<String>,
    /// Feature gates.
    #[serde(default)]
    pub gates: BTreeMap<String, bool>,
    /// The controller's clock.
    pub now: Option<String>,
    /// The input; none in an answer to a question of another file.
    pub given: Option<Given>,
    /// The answer, where it is a set of outcomes.
    pub outcomes: Option<Vec<Outcome>>,
    /// The answer, where there is one.
    pub expected: Option<Value>,
    /// The same with `ScheduleDaemonSetPods` on.
    pub gate_on: Option<Value>,
    /// What the scheduler says.
    pub scheduler: Option<Value>,
    /// The answer of another release is that of the question's file.
    #[serde(default)]
    pub same: bool,
    /// Why the question was not put.
    pub skipped: Option<String>,
    /// Asked without the consistency gate.
    pub gate: Option<bool>,
    /// Members of the input that the release does not know.
    #[serde(default)]
    pub lost: Vec<String>,
}

/// An input.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Given {
    /// The key of the sync.
    pub key: Option<String>,
    /// The informer stores.
    pub cache: Option<Cache>,
    /// The hash of the current template.
    #[serde(default)]
    pub current_hash: String,
    /// sync: a record; handlers: records by key.
    #[serde(default)]
    pub expectations: Value,
    /// Back-off records.
    #[serde(default)]
    pub backoff: Vec<Backoff>,
    /// sync: a record; handlers: records by key.
    #[serde(default)]
    pub consistency: Value,
    /// How far the stores have come.
    pub synced: Option<Synced>,
    /// Creates and deletes per call.
    pub burst: Option<usize>,
    /// Whether created pods are shown whole.
    #[serde(default)]
    pub full_pods: bool,
    /// How the API server differs from the stores.
    #[serde(default)]
    pub api: ApiDifference,
    /// Requests that fail.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Events in the middle of the sync.
    #[serde(default)]
    pub deliveries: Vec<Delivery>,
    /// handlers: what happens.
    pub event: Option<Event>,
    /// handlers: the work queue.
    pub queue: Option<QueueState>,
    /// handlers: the node queue.
    pub node_queue: Option<QueueState>,
    /// handlers: how often the key has failed.
    #[serde(default)]
    pub failures: u32,
    /// placement: the template.
    pub template: Option<Value>,
    /// placement, wake: the node.
    pub node: Option<Value>,
    /// placement: all pods.
    #[serde(default)]
    pub existing_pods: Vec<Value>,
    /// placement: the namespace.
    pub namespace: Option<String>,
    /// counts: the strategy.
    pub strategy: Option<Value>,
    /// counts: nodes that should run the pod.
    #[serde(default)]
    pub desired: i32,
    /// wake: the `DaemonSet`s in the store.
    pub daemon_sets: Option<Vec<Value>>,
    /// wake: the pod in the store.
    pub pod: Option<Value>,
    /// wake: nodes on which `ns/ds` waits for room.
    #[serde(default)]
    pub suspended: Vec<String>,
}

/// The informer stores.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cache {
    /// sync: the `DaemonSet` of the key.
    pub daemon_set: Option<Value>,
    /// handlers: every `DaemonSet`.
    #[serde(default)]
    pub daemon_sets: Vec<Value>,
    /// Revisions.
    #[serde(default)]
    pub revisions: Vec<Value>,
    /// Pods.
    #[serde(default)]
    pub pods: Vec<Value>,
    /// Nodes.
    #[serde(default)]
    pub nodes: Vec<Value>,
}

/// How far the stores have come.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Synced {
    /// Pods.
    #[serde(default)]
    pub pods: String,
    /// `DaemonSet`s.
    #[serde(default)]
    pub daemonsets: String,
}

/// How the API server differs from the stores.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiDifference {
    /// In place of the cached one.
    pub daemon_set: Option<Value>,
    /// Added or in place of those of the same name.
    #[serde(default)]
    pub revisions: Vec<Value>,
    /// The same for pods.
    #[serde(default)]
    pub pods: Vec<Value>,
    /// `Kind/name` of what is not there.
    #[serde(default)]
    pub gone: Vec<String>,
}

/// Requests that fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// Which verb; absent: any.
    pub verb: Option<String>,
    /// Which kind.
    pub kind: Option<String>,
    /// Which name; of a created pod the node.
    pub name: Option<String>,
    /// How many pass first.
    #[serde(default)]
    pub skip: u32,
    /// How many fail then; absent: all.
    pub times: Option<u32>,
    /// Why.
    pub error: String,
    /// Whether they take effect all the same.
    #[serde(default)]
    pub committed: bool,
}

/// Events in the middle of a sync.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// When.
    pub at: Moment,
    /// What.
    pub events: Vec<Change>,
}

/// A moment of a sync.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Moment {
    /// Before a store is read.
    pub read: Option<String>,
    /// Before the expectations are examined.
    pub check: Option<String>,
    /// Before a request is executed.
    pub before: Option<String>,
    /// After it.
    pub after: Option<String>,
    /// Which one; absent: the first.
    pub n: Option<u32>,
}

/// A change of the API server that a store learns of.
#[derive(Clone, Debug, Deserialize)]
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
    pub object: Option<Value>,
    /// A JSON merge patch.
    pub patch: Option<Value>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Event {
    /// Which handler.
    pub handler: String,
    /// The object as it is, or was last.
    pub object: Option<Value>,
    /// The object as it was.
    pub old: Option<Value>,
    /// The key of a "final state unknown".
    pub tombstone: Option<String>,
    /// The node of a node item.
    pub node: Option<String>,
    /// The key of a work item.
    pub key: Option<String>,
}

/// The state of a queue: sets of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
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
