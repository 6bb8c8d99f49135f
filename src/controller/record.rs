//! The records that decisions read: Kubernetes objects cut to what the controller looks at.
//!
//! Whoever asks for a decision (model, vectors, a recorded history, a plan) makes these from its own objects.
//! Names, uids and labels are interned by the caller as small numbers; the caller guarantees that two names are
//! equal exactly if the numbers are, and that pod names sort as their numbers do (MAN-16 compares names).

use serde::{Deserialize, Serialize};

use super::budget::{Limit, RollingUpdate};
use crate::release::Surge;

/// An interned label value or object name; [`Symbol::EMPTY`] stands for `""` and for "no such label".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Symbol(pub u32);

impl Symbol {
    /// The empty string, which Go code cannot tell from an absent label.
    pub const EMPTY: Self = Self(0);
}

/// An interned pod name; sorts as the name does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodName(pub u32);

/// An interned node name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeName(pub u32);

/// An interned object uid. Never reused (OBJ-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uid(pub u32);

/// A resourceVersion; only compared with others of the same resource type (API-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceVersion(pub u64);

impl ResourceVersion {
    /// A version that is no number, by whatever number the caller calls it (CONS-4).
    pub fn incomparable(number: u32) -> Self {
        Self(u64::MAX - u64::from(number))
    }

    /// The number of one that is none.
    pub fn as_incomparable(self) -> Option<u32> {
        u32::try_from(u64::MAX - self.0).ok()
    }
}

/// A pod template, interned by its serialised bytes (HIST-3 compares bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TemplateId(pub u32);

/// What `spec.selector` of a `DaemonSet` is, as far as a sync tells selectors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Selector {
    /// Selects what the records' `matches` says.
    Valid,
    /// The empty selector (SYNC-5).
    Everything,
    /// Cannot be parsed; only objects that validation refuses.
    Invalid,
}

/// `spec.updateStrategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UpdateStrategy {
    /// Old pods stay until somebody else deletes them (OND-1).
    OnDelete,
    /// Section 9 of the reference. `rollingUpdate` itself may be absent only in objects that defaulting never leaves.
    RollingUpdate(Option<RollingUpdate>),
    /// A type that validation refuses: nothing is rolled.
    Unknown,
}

impl UpdateStrategy {
    /// The limits in force (ROLL-1, OND-3): those of a strategy that does not roll are both 0, and a release without surge
    /// does not know `maxSurge` (OBJ-5).
    pub fn limits(self, surge: Surge) -> RollingUpdate {
        let nothing = RollingUpdate { max_unavailable: Limit::Number(0), max_surge: Limit::Number(0) };
        match (self, surge) {
            (Self::RollingUpdate(Some(limits)), Surge::Supported) => limits,
            (Self::RollingUpdate(Some(limits)), Surge::Unknown) => {
                RollingUpdate { max_surge: Limit::Number(0), ..limits }
            }
            (Self::RollingUpdate(None) | Self::OnDelete | Self::Unknown, _) => nothing,
        }
    }
}

/// The seven counters of `status` (STAT-1 to STAT-7), in nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Counters {
    /// STAT-1.
    pub desired_number_scheduled: i32,
    /// STAT-2.
    pub current_number_scheduled: i32,
    /// STAT-3.
    pub number_misscheduled: i32,
    /// STAT-4.
    pub number_ready: i32,
    /// STAT-6.
    pub updated_number_scheduled: i32,
    /// STAT-5.
    pub number_available: i32,
    /// STAT-7.
    pub number_unavailable: i32,
}

/// `status` of a `DaemonSet`, without conditions, which the controller never writes (OBJ-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Status {
    /// The seven counters.
    pub counters: Counters,
    /// `observedGeneration`.
    pub observed_generation: i64,
    /// `collisionCount`; absent until the first hash collision (HIST-13).
    pub collision_count: Option<i32>,
}

/// A `DaemonSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DaemonSet {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.resourceVersion`.
    pub resource_version: ResourceVersion,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.template`.
    pub template: TemplateId,
    /// The deprecated `templateGeneration` annotation, where it parses (OBJ-10).
    pub template_generation: Option<i64>,
    /// The label hash of the template together with `status.collisionCount` (HIST-6).
    pub template_hash: Symbol,
    /// The name of the revision that [`Self::template_hash`] gives.
    pub revision_name: Symbol,
    /// `spec.selector`.
    pub selector: Selector,
    /// `spec.updateStrategy`.
    pub strategy: UpdateStrategy,
    /// `spec.minReadySeconds`, in seconds.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`: old revisions to keep.
    pub revision_history_limit: i32,
    /// `status`.
    pub status: Status,
}

/// `status.phase` of a pod; `Pending`, `Running` and `Unknown` are one to the controller (MAN-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Pending, Running or Unknown.
    Active,
    /// Failed.
    Failed,
    /// Succeeded.
    Succeeded,
}

impl Phase {
    /// Failed or Succeeded.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Active => false,
            Self::Failed | Self::Succeeded => true,
        }
    }
}

/// A pod, of any owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pod {
    /// `metadata.name`.
    pub name: PodName,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.resourceVersion`; sent back only by releases that relabel with an Update (HIST-15).
    pub resource_version: ResourceVersion,
    /// `metadata.creationTimestamp` in whole seconds (OBJ-12).
    pub created: i64,
    /// Uid of the owner reference with `controller: true`.
    pub controller: Option<Uid>,
    /// Whether the `DaemonSet`'s selector matches the labels.
    pub matches: bool,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `status.phase`.
    pub phase: Phase,
    /// Whether the Ready condition is True.
    pub ready: bool,
    /// Whether it is available now (ROLL-4); implies `ready`.
    pub available: bool,
    /// Whether `spec.nodeName` is set.
    pub bound: bool,
    /// The target node (PLACE-10); none: invisible to every node map (NOG-9).
    pub target: Option<NodeName>,
    /// The `controller-revision-hash` label.
    pub hash: Symbol,
    /// The `pod-template-generation` label, where it is a number in canonical form.
    pub generation: Option<i64>,
}

/// A `ControllerRevision`, of any owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// `metadata.name`.
    pub name: Symbol,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.resourceVersion`.
    pub resource_version: ResourceVersion,
    /// Uid of the owner reference with `controller: true`.
    pub controller: Option<Uid>,
    /// Whether the `DaemonSet`'s selector matches the labels.
    pub matches: bool,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether it is in the `DaemonSet`'s namespace (HIST-1).
    pub same_namespace: bool,
    /// Its labels as far as the controller tells them apart.
    pub label: HashLabel,
    /// `data`: the template it records.
    pub data: TemplateId,
    /// `revision`.
    pub number: i64,
}

/// The `controller-revision-hash` label of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HashLabel {
    /// No label map at all: writing into it crashes the process (HIST-2, DS-B53).
    NoLabels,
    /// Labels, but not this one.
    Absent,
    /// Present; may be empty.
    Value(Symbol),
}

impl HashLabel {
    /// What Go's map lookup gives: the empty string where there is none.
    pub fn value(self) -> Symbol {
        match self {
            Self::NoLabels | Self::Absent => Symbol::EMPTY,
            Self::Value(value) => value,
        }
    }
}

/// What the placement check says of one `DaemonSet` on one node: PLACE-1, and LEG-3 for the legacy way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Placement {
    /// Counted as desired (legacy `wantToRun`; otherwise the same as `should_schedule`).
    pub wanted: bool,
    /// A pod is created if there is none.
    pub should_run: bool,
    /// A pod that is there may stay.
    pub should_continue_running: bool,
}

/// A node, with the placement of the sync's own copy of the `DaemonSet` on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Node {
    /// `metadata.name`.
    pub name: NodeName,
    /// What the placement check says.
    pub placement: Placement,
    /// Whether a failed pod of this `DaemonSet` on this node is in back-off (MAN-19).
    pub in_backoff: bool,
}
