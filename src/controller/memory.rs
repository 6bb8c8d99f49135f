//! What the controller process remembers of one `DaemonSet` between syncs: expectations (section 5.1) and the
//! record of its own writes (section 5.2). Both are lost in a crash.

use serde::{Deserialize, Serialize};

use super::record::{ResourceVersion, Uid};

/// Creations and deletions still to be seen (EXP-1). Signed: events can be counted that no request of ours caused
/// (EXP-3, EXP-8, EXP-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Expectations {
    /// Creations still to be seen.
    pub add: i32,
    /// Deletions still to be seen.
    pub del: i32,
    /// Whether five minutes have passed since they were set (EXP-5).
    pub expired: bool,
}

impl Expectations {
    /// EXP-4.
    pub fn fulfilled(self) -> bool {
        self.add <= 0 && self.del <= 0
    }
}

/// The newest versions that this process wrote for one owner (CONS-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OwnWrites {
    /// The owner's uid.
    pub uid: Uid,
    /// Newest pod version; none recorded otherwise.
    pub pods: Option<ResourceVersion>,
    /// Newest version of the `DaemonSet` itself.
    pub daemon_sets: Option<ResourceVersion>,
}

/// The versions that the informer stores have reached; none where a store reports none (CONS-4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Synced {
    /// Pods.
    pub pods: Option<ResourceVersion>,
    /// `DaemonSet`s.
    pub daemon_sets: Option<ResourceVersion>,
}

/// Everything remembered of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Memory {
    /// Expectations; none before the first sync.
    pub expectations: Option<Expectations>,
    /// Own writes not yet known to be in the stores.
    pub own_writes: Option<OwnWrites>,
}

impl Memory {
    /// `SatisfiedExpectations` (EXP-5): no record, fulfilled, or expired.
    pub fn satisfied_expectations(&self) -> bool {
        self.expectations.is_none_or(|expectations| expectations.fulfilled() || expectations.expired)
    }

    /// `SetExpectations` (EXP-2).
    pub fn set_expectations(&mut self, add: i32, del: i32) {
        self.expectations = Some(Expectations { add, del, expired: false });
    }

    /// `LowerExpectations` (EXP-3): no effect without a record, no lower bound with one.
    pub fn lower_expectations(&mut self, add: i32, del: i32) {
        if let Some(expectations) = &mut self.expectations {
            expectations.add -= add;
            expectations.del -= del;
        }
    }

    /// `CreationObserved`.
    pub fn creation_observed(&mut self) {
        self.lower_expectations(1, 0);
    }

    /// `DeletionObserved`.
    pub fn deletion_observed(&mut self) {
        self.lower_expectations(0, 1);
    }

    /// `EnsureReady` (CONS-4): whether the stores have reached every recorded write; if so the record is dropped.
    pub fn ensure_ready(&mut self, synced: Synced) -> bool {
        let Some(own) = self.own_writes else { return true };
        let reached = |written: Option<ResourceVersion>, store: Option<ResourceVersion>| match (written, store) {
            (Some(written), Some(store)) => {
                // Versions that cannot be compared are skipped.
                written.as_incomparable().is_some() || store.as_incomparable().is_some() || store >= written
            }
            (None, _) | (_, None) => true,
        };
        let ready = reached(own.pods, synced.pods) && reached(own.daemon_sets, synced.daemon_sets);
        if ready {
            self.own_writes = None;
        }
        ready
    }

    /// `WroteAt` for a pod (CONS-2, CONS-6).
    pub fn wrote_pod(&mut self, uid: Uid, version: ResourceVersion) {
        let own = self.record_for(uid);
        own.pods = own.pods.max(Some(version));
    }

    /// `WroteAt` for the `DaemonSet` (CONS-3).
    pub fn wrote_daemon_set(&mut self, uid: Uid, version: ResourceVersion) {
        let own = self.record_for(uid);
        own.daemon_sets = own.daemon_sets.max(Some(version));
    }

    /// The record of `uid`; one of another uid is thrown away first (CONS-6).
    fn record_for(&mut self, uid: Uid) -> &mut OwnWrites {
        let fresh = OwnWrites { uid, pods: None, daemon_sets: None };
        let own = self.own_writes.get_or_insert(fresh);
        if own.uid != uid {
            *own = fresh;
        }
        own
    }
}
