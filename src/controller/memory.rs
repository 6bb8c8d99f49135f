//! What the controller process remembers of one `DaemonSet` between syncs: expectations (section 5.1) and the
//! record of its own writes (section 5.2). Both are lost in a crash.

use serde::{Deserialize, Serialize};

use super::choice::Few;
use super::record::{PodName, ResourceVersion, Uid};
use crate::release::{CounterKey, Expect, Switches};

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
    /// Newest version of its revisions; recorded only by a fix for DS-B09.
    pub revisions: Option<ResourceVersion>,
}

/// The versions that the informer stores have reached; none where a store reports none (CONS-4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Synced {
    /// Pods.
    pub pods: Option<ResourceVersion>,
    /// `DaemonSet`s.
    pub daemon_sets: Option<ResourceVersion>,
    /// Revisions; asked for only by a fix for DS-B09.
    pub revisions: Option<ResourceVersion>,
}

/// Everything remembered of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Memory {
    /// Expectations; none before the first sync.
    pub expectations: Option<Expectations>,
    /// Whose they are where they are keyed by uid; none where the name is the key (EXP-14).
    pub expected_for: Option<Uid>,
    /// The pods whose deletion is still to be seen, sorted; none where deletions are only counted (DS-B02).
    pub expected_deletions: Option<Few<PodName>>,
    /// Own writes not yet known to be in the stores.
    pub own_writes: Option<OwnWrites>,
}

impl Memory {
    /// `SatisfiedExpectations` (EXP-5) of the `DaemonSet` with this uid: no record, fulfilled, or expired.
    pub fn satisfied_expectations(&self, uid: Uid) -> bool {
        !self.expects_for(uid)
            || self.expectations.is_none_or(|expectations| expectations.fulfilled() || expectations.expired)
    }

    /// `SetExpectations` (EXP-2) for the `DaemonSet` with this uid, which creates `add` pods and deletes these.
    ///
    /// Uids of one key never come back and its syncs are serial, so a record of an earlier uid has no reader any more.
    pub fn set_expectations(
        &mut self,
        switches: &Switches,
        uid: Uid,
        add: i32,
        deletes: impl Iterator<Item = PodName>,
    ) {
        let mut deletes: Few<PodName> = deletes.collect();
        deletes.sort_unstable();
        let del = i32::try_from(deletes.len()).unwrap_or(i32::MAX);
        self.expectations = Some(Expectations { add, del, expired: false });
        self.expected_for = (switches.counter_key == CounterKey::Uid).then_some(uid);
        self.expected_deletions = (switches.expect == Expect::Uid).then_some(deletes);
    }

    /// Drops the expectations of the `DaemonSet` with this uid (EVT-4).
    pub fn forget_expectations(&mut self, uid: Uid) {
        if self.expects_for(uid) {
            self.expectations = None;
            self.expected_for = None;
            self.expected_deletions = None;
        }
    }

    /// Whether a record, if there is one, is that of the `DaemonSet` with this uid.
    fn expects_for(&self, uid: Uid) -> bool {
        self.expected_for.is_none_or(|of| of == uid)
    }

    /// `LowerExpectations` (EXP-3): no effect without a record, no lower bound with one.
    pub fn lower_expectations(&mut self, uid: Uid, add: i32, del: i32) {
        if self.expects_for(uid)
            && let Some(expectations) = &mut self.expectations
        {
            expectations.add -= add;
            expectations.del -= del;
        }
    }

    /// `CreationObserved`.
    pub fn creation_observed(&mut self, uid: Uid) {
        self.lower_expectations(uid, 1, 0);
    }

    /// `DeletionObserved` of a pod; where deletions are expected by name, of each expected one once.
    pub fn deletion_observed(&mut self, uid: Uid, pod: PodName) {
        if self.expects_for(uid)
            && let Some(expected) = &mut self.expected_deletions
        {
            let Some(index) = expected.iter().position(|name| *name == pod) else { return };
            expected.remove(index);
        }
        self.lower_expectations(uid, 0, 1);
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
        let ready = reached(own.pods, synced.pods)
            && reached(own.daemon_sets, synced.daemon_sets)
            && reached(own.revisions, synced.revisions);
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

    /// As [`Memory::wrote_daemon_set`] for a revision.
    pub fn wrote_revision(&mut self, uid: Uid, version: ResourceVersion) {
        let own = self.record_for(uid);
        own.revisions = own.revisions.max(Some(version));
    }

    /// The record of `uid`; one of another uid is thrown away first (CONS-6).
    fn record_for(&mut self, uid: Uid) -> &mut OwnWrites {
        let fresh = OwnWrites { uid, pods: None, daemon_sets: None, revisions: None };
        let own = self.own_writes.get_or_insert(fresh);
        if own.uid != uid {
            *own = fresh;
        }
        own
    }
}
