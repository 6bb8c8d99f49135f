//! What a sync asks of the API server, and what it is told.

use serde::{Deserialize, Serialize};

use super::record::{DaemonSet, NodeName, PodName, ResourceVersion, Revision, Status, Symbol, Uid};

/// One request of a sync to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Request {
    /// GET of the `DaemonSet` by name, a quorum read.
    GetDaemonSet,
    /// GET of a revision by name, a quorum read (HIST-11).
    GetRevision(Symbol),
    /// Strategic merge patch that puts in the owner reference, guarded by the uid (ADOPT-5).
    AdoptPod(PodName, Uid),
    /// Strategic merge patch that takes out the owner reference, guarded by the uid (ADOPT-4).
    ReleasePod(PodName, Uid),
    /// As [`Self::AdoptPod`].
    AdoptRevision(Symbol, Uid),
    /// As [`Self::ReleasePod`].
    ReleaseRevision(Symbol, Uid),
    /// Update that adds the hash label, whose value is the revision's name (HIST-2).
    LabelRevision(Symbol, ResourceVersion),
    /// Update of the number (HIST-7).
    RenumberRevision(Symbol, ResourceVersion, i64),
    /// Creation of the revision of the current template (HIST-6).
    CreateRevision(i64),
    /// Deletion by name (HIST-15, HIST-18).
    DeleteRevision(Symbol),
    /// Relabelling of a pod with the kept hash (HIST-15). The version is sent only by releases that use an Update.
    RelabelPod(PodName, Symbol, Option<ResourceVersion>),
    /// Creation of a pod for a node (EXEC-5): hash and generation labels.
    CreatePod(NodeName, Symbol, Option<i64>),
    /// Deletion by name (API-9). The version is sent, with the uid, only under a precondition.
    DeletePod(PodName, Option<ResourceVersion>),
    /// Write of the status subresource (STAT-11, HIST-13).
    UpdateStatus(Uid, ResourceVersion, Status),
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reply {
    /// Done; nothing in the answer matters.
    Done,
    /// The `DaemonSet` as stored.
    DaemonSet(DaemonSet),
    /// The revision as stored.
    Revision(Revision),
    /// A pod was created or patched.
    Pod(WrittenPod),
    /// An error. The request may nevertheless have taken effect (API-5).
    Error(Reason),
}

/// What the consistency store learns of a pod write (CONS-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WrittenPod {
    /// The version of the stored pod.
    pub resource_version: ResourceVersion,
    /// The uid of its controller reference, if that names an object of the `DaemonSet`'s name.
    pub recorded_for: Option<Uid>,
}

/// Why a request failed, or what else an error of a sync carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Reason {
    /// 409: another version is stored.
    Conflict,
    /// 409: the name is taken.
    AlreadyExists,
    /// 404.
    NotFound,
    /// 422.
    Invalid,
    /// 403.
    Forbidden,
    /// 500.
    InternalError,
    /// 504.
    Timeout,
    /// 429.
    TooManyRequests,
    /// 503.
    ServiceUnavailable,
    /// 403, because the namespace is terminating (EXP-12).
    NamespaceTerminating,
    /// Adoption's live check found another uid (ADOPT-5).
    OwnerReplaced,
    /// Adoption's live check found a deletion timestamp.
    OwnerDeleting,
    /// HIST-13.
    StaleCollisionCount,
    /// The selector does not parse.
    InvalidSelector,
    /// The consistency gate is closed (SYNC-2).
    NotReady,
    /// The queue key does not parse (SYNC-1).
    BadKey,
    /// `maxUnavailable` does not parse (ROLL-32).
    InvalidMaxUnavailable,
    /// `maxSurge` does not parse.
    InvalidMaxSurge,
    /// A node is not in the store (ROLL-29).
    NodeMissing,
    /// Failed pods were deleted (MAN-24).
    FailedPods,
    /// The process writes into a nil map (HIST-2).
    NilMap,
    /// The process follows a nil pointer.
    NilPointer,
}

/// A set of [`Reason`]s: what one aggregated error carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Causes(u32);

impl Causes {
    /// The empty set: no error.
    pub const NONE: Self = Self(0);

    /// The set of one.
    pub fn of(reason: Reason) -> Self {
        Self(1 << reason as u32)
    }

    /// With one more.
    #[must_use]
    pub fn with(self, reason: Reason) -> Self {
        Self(self.0 | 1 << reason as u32)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `reason` is among them.
    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u32) != 0
    }

    /// The set as bits, for a compact state; [`Self::from_bits`] is its inverse.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The set whose bits were taken by [`Self::bits`].
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// Where a sync failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// The key does not parse (SYNC-1).
    Key,
    /// SYNC-2.
    Consistency,
    /// SYNC-7.
    History,
    /// Claiming pods in manage, rolling update or status (ADOPT-7).
    Claim,
    /// Creates and deletes of manage or rolling update.
    Pods,
    /// The budgets of the rolling update.
    Budget,
    /// ROLL-29.
    Node,
    /// HIST-17.
    Cleanup,
    /// STAT-11.
    Status,
    /// The process crashes.
    Panic,
}

/// The error that a sync returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub causes: Causes,
}

impl Failure {
    /// A failure with one cause.
    pub fn new(stage: Stage, reason: Reason) -> Self {
        Self { stage, causes: Causes::of(reason) }
    }
}
