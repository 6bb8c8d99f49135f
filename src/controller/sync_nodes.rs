//! Executing creates and deletes (section 8).
//!
//! Mirrors `syncNodes`, `pkg/controller/daemon/daemon_controller.go`.

use serde::{Deserialize, Serialize};

use super::choice::{Few, Segments, subsets};
use super::memory::Memory;
use super::record::{NodeName, Pod, PodName, ResourceVersion, Uid};
use super::request::{Causes, Reason, Reply, Request};
use super::sync::{Batches, Rules};
use crate::release::{CreateError, DeleteNotFound, DeletePrecondition, NamespaceTerminating, SkippedCreates};

/// On whose behalf pods are created and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Caller {
    /// Manage; failed pods seen make it fail afterwards (MAN-24).
    Manage {
        /// Whether one was seen.
        failed_seen: bool,
    },
    /// The rolling update.
    RollingUpdate,
}

/// One call of `syncNodes` under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SyncNodes {
    /// Who called.
    pub caller: Caller,
    /// Nodes whose create was not attempted yet.
    pub waiting: Segments<NodeName>,
    /// Pods still to be deleted, once the creates are done (EXEC-7).
    pub deletes: Few<Deletion>,
    /// Creates or deletes in flight.
    pub in_flight: Few<Request>,
    /// Size of the present slow-start batch (EXEC-3).
    pub batch: u16,
    /// Creates in the whole call.
    pub total: u16,
    /// Whether a create of the present batch failed.
    pub batch_failed: bool,
    /// What has failed so far.
    pub causes: Causes,
}

/// A pod to be deleted, and the version in the cache that guards it, if any does (API-9).
pub type Deletion = (PodName, Option<ResourceVersion>);

/// The deletions of the pods called `names`, which are among `listed`.
pub fn deletions(rules: &Rules, names: Few<PodName>, listed: &[Pod]) -> Few<Deletion> {
    let guard = |name: PodName| match rules.switches.delete_precondition {
        DeletePrecondition::None => None,
        DeletePrecondition::UidAndVersion => listed.iter().find(|pod| pod.name == name).map(|pod| pod.resource_version),
    };
    names.into_iter().map(|name| (name, guard(name))).collect()
}

/// What is next after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A batch is in flight; every way to choose it.
    InFlight(Vec<SyncNodes>),
    /// The call has returned.
    Returned(Caller, Causes),
}

impl SyncNodes {
    /// Begins a call: sets the expectations (EXEC-2) and sends the first batch.
    pub fn begin(
        rules: &Rules,
        caller: Caller,
        creates: Segments<NodeName>,
        deletes: Few<Deletion>,
        labels: Labels,
        memory: &mut Memory,
    ) -> Next {
        let total: usize = creates.iter().map(Few::len).sum();
        let add = i32::try_from(total).unwrap_or(i32::MAX);
        memory.set_expectations(&rules.switches, labels.owner, add, deletes.iter().map(|(name, _)| *name));
        let call = Self {
            caller,
            waiting: creates,
            deletes,
            in_flight: Few::new(),
            batch: 0,
            total: u16::try_from(total).unwrap_or(u16::MAX),
            batch_failed: false,
            causes: Causes::NONE,
        };
        call.advance(rules, labels, memory)
    }

    /// Sends what comes next once nothing is in flight.
    fn advance(mut self, rules: &Rules, labels: Labels, memory: &mut Memory) -> Next {
        let left: usize = self.waiting.iter().map(Few::len).sum();
        if self.batch_failed {
            let skipped = match rules.switches.skipped_creates {
                SkippedCreates::Once => left,
                SkippedCreates::Never => 0,
                // The batches before this one are taken for skipped too, even if nothing is left.
                SkippedCreates::OverSubtracted => usize::from(self.total - self.batch),
            };
            self.batch_failed = false;
            memory.lower_expectations(labels.owner, i32::try_from(skipped).unwrap_or(i32::MAX), 0); // EXEC-4
            self.waiting.clear();
        }
        let left: usize = self.waiting.iter().map(Few::len).sum();
        if left > 0 {
            let size = if self.batch == 0 { 1 } else { usize::from(self.batch) * 2 }.min(left);
            self.batch = u16::try_from(size).unwrap_or(u16::MAX);
            self.batch_failed = false;
            return Next::InFlight(self.choose_batch(rules, labels, size));
        }
        if !self.deletes.is_empty() {
            let deletes = std::mem::take(&mut self.deletes);
            self.in_flight = deletes.into_iter().map(|(name, guard)| Request::DeletePod(name, guard)).collect();
            return Next::InFlight(vec![self]);
        }
        Next::Returned(self.caller, self.causes)
    }

    /// Every choice of the next `size` creates: earlier segments first, within a segment any.
    fn choose_batch(self, rules: &Rules, labels: Labels, size: usize) -> Vec<Self> {
        let mut fixed: Few<NodeName> = Few::new();
        let mut waiting = self.waiting.clone();
        while waiting.first().is_some_and(|segment| fixed.len() + segment.len() <= size) {
            fixed.extend(waiting.remove(0));
        }
        let segment = waiting.first().cloned().unwrap_or_default();
        let mut choices = subsets(&segment, size - fixed.len());
        if rules.batches == Batches::Representative {
            choices.truncate(1);
        }
        choices
            .into_iter()
            .map(|chosen| {
                let mut call = self.clone();
                call.waiting.clone_from(&waiting);
                if let Some(first) = call.waiting.first_mut() {
                    first.retain(|node| !chosen.contains(node));
                }
                call.waiting.retain(|segment| !segment.is_empty());
                call.in_flight = fixed.iter().chain(&chosen).map(|node| labels.create(*node)).collect();
                call
            })
            .collect()
    }

    /// Takes the reply to one request of the batch in flight. None: others are still in flight.
    pub fn take_reply(
        &mut self,
        rules: &Rules,
        labels: Labels,
        request: Request,
        reply: Reply,
        memory: &mut Memory,
    ) -> Option<Next> {
        self.in_flight.retain(|pending| *pending != request);
        if let Reply::Error(reason) = reply {
            match request {
                Request::CreatePod(..) => self.create_failed(rules, labels.owner, reason, memory),
                Request::DeletePod(name, _) => self.delete_failed(rules, labels.owner, name, reason, memory),
                Request::GetDaemonSet
                | Request::GetRevision(_)
                | Request::AdoptPod(..)
                | Request::ReleasePod(..)
                | Request::AdoptRevision(..)
                | Request::ReleaseRevision(..)
                | Request::LabelRevision(..)
                | Request::RenumberRevision(..)
                | Request::CreateRevision(_)
                | Request::DeleteRevision(_)
                | Request::RelabelPod(..)
                | Request::UpdateStatus(..) => {}
            }
        }
        self.in_flight.is_empty().then(|| self.clone().advance(rules, labels, memory))
    }

    /// EXEC-6, EXP-12, EXP-13.
    fn create_failed(&mut self, rules: &Rules, owner: Uid, reason: Reason, memory: &mut Memory) {
        if reason == Reason::NamespaceTerminating
            && rules.switches.namespace_terminating == NamespaceTerminating::Ignored
        {
            return;
        }
        match rules.switches.create_error {
            CreateError::SwallowTimeout if reason == Reason::Timeout => return,
            CreateError::KeepOnAmbiguous if is_ambiguous(reason) => {}
            CreateError::LowerAlways | CreateError::SwallowTimeout | CreateError::KeepOnAmbiguous => {
                memory.creation_observed(owner);
            }
        }
        self.batch_failed = true;
        self.causes = self.causes.with(reason);
    }

    /// EXEC-8.
    fn delete_failed(&mut self, rules: &Rules, owner: Uid, pod: PodName, reason: Reason, memory: &mut Memory) {
        if reason == Reason::NotFound {
            match rules.switches.delete_not_found {
                DeleteNotFound::Ignore => return,
                DeleteNotFound::Lower => {
                    memory.deletion_observed(owner, pod);
                    return;
                }
                DeleteNotFound::Report => {}
            }
        }
        memory.deletion_observed(owner, pod);
        self.causes = self.causes.with(reason);
    }
}

/// Whether the request may have taken effect although it failed (API-5).
fn is_ambiguous(reason: Reason) -> bool {
    matches!(reason, Reason::Timeout | Reason::InternalError | Reason::ServiceUnavailable)
}

/// The labels of created pods (OBJ-13), and their owner.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    /// The uid of the `DaemonSet` that the call is made for.
    pub owner: Uid,
    /// The hash of the current revision.
    pub hash: super::record::Symbol,
    /// The template generation, where its annotation parses.
    pub generation: Option<i64>,
}

impl Labels {
    /// The create of a pod for `node`.
    fn create(self, node: NodeName) -> Request {
        Request::CreatePod(node, self.hash, self.generation)
    }
}
