//! The answers of a sync as the vectors write them: outcomes, groups of requests, records left behind.
//!
//! Sets of the schema are sorted lists without repetition here, so that equal answers are equal values.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// JSON that is compared as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Value);

impl PartialOrd for Json {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Json {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 { Ordering::Equal } else { self.0.to_string().cmp(&other.0.to_string()) }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One thing that a sync was seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Outcome {
    /// Groups of requests in time order; each group is a set.
    pub writes: Vec<Vec<Request>>,
    /// The record left behind.
    pub expectations: Option<Expectations>,
    /// Delays passed to `AddAfter`, sorted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requeue_after_seconds: Vec<i64>,
    /// Reasons of events about the `DaemonSet`, sorted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub events: Vec<String>,
    /// Back-off records left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backoff: Vec<Backoff>,
    /// With the gate on, the record left.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "present")]
    pub consistency: Option<Option<OwnWrites>>,
    /// What the sync returned.
    pub error: Option<Failure>,
    /// What handlers added to the work queue meanwhile.
    #[serde(default, skip_serializing_if = "is_default")]
    pub queued: Vec<Queued>,
    /// What handlers added to the node queue meanwhile.
    #[serde(default, skip_serializing_if = "is_default")]
    pub node_queued: Vec<Queued>,
    /// Nodes that wanted the pod and could not take it (LEG-13).
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspended: Vec<String>,
}

/// A member that is there, perhaps null.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Outcome {
    /// Sorts what is a set.
    pub fn normalise(&mut self) {
        fn sort<T: Ord>(items: &mut Vec<T>) {
            items.sort();
            items.dedup();
        }
        self.writes.iter_mut().for_each(sort);
        self.requeue_after_seconds.sort_unstable();
        self.events.sort();
        sort(&mut self.backoff);
        sort(&mut self.queued);
        sort(&mut self.node_queued);
        sort(&mut self.suspended);
        if let Some(failure) = &mut self.error {
            sort(&mut failure.causes);
        }
    }
}

/// A request, or a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Request {
    /// `get`, `create`, `update`, `updateStatus`, `patch`, `delete`; `deliver`.
    pub verb: String,
    /// Kind of the object.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: String,
    /// Its namespace, where it is not that of the key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: String,
    /// Its name; none for a created pod.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error: String,
    /// The node that a pod is created for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub node: String,
    /// Its hash label.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hash: String,
    /// Its generation label.
    #[serde(default, skip_serializing_if = "is_default")]
    pub generation: String,
    /// Whether it is created with `spec.nodeName` set.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bound: bool,
    /// It as a whole, if asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub object: Option<Json>,
    /// Number of a revision.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revision: i64,
    /// Labels as sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// Annotations as sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
    /// Uid of the owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub owner: String,
    /// The resourceVersion as sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resource_version: String,
    /// Kind of patch.
    #[serde(default, skip_serializing_if = "is_default", rename = "type")]
    pub patch_type: String,
    /// Its body.
    #[serde(default, skip_serializing_if = "is_default")]
    pub patch: Option<Json>,
    /// The status as sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Option<Status>,
    /// Which delivery happened.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delivery: Option<usize>,
}

/// A status as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the API's status")]
pub struct Status {
    #[serde(default, skip_serializing_if = "is_default")]
    pub current_number_scheduled: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub desired_number_scheduled: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub number_available: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub number_misscheduled: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub number_ready: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub number_unavailable: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub updated_number_scheduled: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub observed_generation: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub collision_count: Option<i32>,
}

/// Expectations.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expectations {
    /// Creations still to be seen.
    #[serde(default)]
    pub add: i32,
    /// Deletions still to be seen.
    #[serde(default)]
    pub del: i32,
    /// Age, in questions only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub age_seconds: i64,
}

/// A back-off record of failed pods on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Backoff {
    /// The node.
    pub node: String,
    /// Its present length.
    #[serde(default)]
    pub seconds: i64,
    /// Time since its last update.
    #[serde(default)]
    pub age_seconds: i64,
}

/// The record of own writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OwnWrites {
    /// The owner's uid.
    #[serde(default)]
    pub uid: String,
    /// Newest version of its pods.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pods: String,
    /// Newest version of itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub daemonsets: String,
}

/// What a sync returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Failure {
    /// Where.
    pub stage: String,
    /// Why: a set.
    pub causes: Vec<String>,
}

/// An addition to a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Queued {
    /// The key.
    pub key: String,
    /// `now`, `after` or `rateLimited`.
    pub how: String,
    /// The delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        let seconds = |queued: &Self| queued.seconds.unwrap_or(0.0);
        (self.key.cmp(&other.key))
            .then_with(|| self.how.cmp(&other.how))
            .then_with(|| seconds(self).total_cmp(&seconds(other)))
    }
}
