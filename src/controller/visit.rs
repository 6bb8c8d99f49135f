//! Every identifier inside a sync, a request or a memory, for whoever renumbers them.
//!
//! A model that names pods by rank and versions by rank must find all of them; matches here are exhaustive, so that a new
//! place cannot be forgotten.

use super::memory::Memory;
use super::record::{Pod, PodName, ResourceVersion, Revision, Uid};
use super::request::Request;
use super::sync::{DedupStep, Step, Sync};
use super::sync_nodes::SyncNodes;

/// What meets every identifier.
pub trait Visitor {
    /// A pod's name.
    fn pod(&mut self, name: &mut PodName);
    /// A version of the `DaemonSet` type.
    fn daemon_set_version(&mut self, version: &mut ResourceVersion);
    /// A version of the pod type.
    fn pod_version(&mut self, version: &mut ResourceVersion);
    /// A version of the revision type.
    fn revision_version(&mut self, version: &mut ResourceVersion);
    /// A revision's uid.
    fn revision_uid(&mut self, uid: &mut Uid);
}

/// A value with identifiers inside.
pub trait Visit {
    /// Shows each of them to `visitor`.
    fn visit(&mut self, visitor: &mut impl Visitor);
}

impl Visit for Pod {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        visitor.pod_version(&mut self.resource_version);
        let before = self.name;
        visitor.pod(&mut self.name);
        if self.name != before {
            // The model's pods have one number for name, uid and creation order.
            self.uid = Uid(self.name.0);
            self.created = i64::from(self.name.0);
        }
    }
}

impl Visit for Revision {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        visitor.revision_uid(&mut self.uid);
        visitor.revision_version(&mut self.resource_version);
    }
}

impl Visit for Request {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        match self {
            Self::AdoptPod(name, uid) | Self::ReleasePod(name, uid) => {
                visitor.pod(name);
                *uid = Uid(name.0);
            }
            Self::RelabelPod(name, _, version) | Self::DeletePod(name, version) => {
                visitor.pod(name);
                if let Some(version) = version {
                    visitor.pod_version(version);
                }
            }
            Self::AdoptRevision(_, uid) | Self::ReleaseRevision(_, uid) => visitor.revision_uid(uid),
            Self::LabelRevision(_, version) | Self::RenumberRevision(_, version, _) => {
                visitor.revision_version(version);
            }
            Self::UpdateStatus(_, version, _) => visitor.daemon_set_version(version),
            Self::GetDaemonSet
            | Self::GetRevision(_)
            | Self::CreateRevision(_)
            | Self::DeleteRevision(_)
            | Self::CreatePod(..) => {}
        }
    }
}

impl Visit for Memory {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        self.expected_deletions.iter_mut().flatten().for_each(|name| visitor.pod(name));
        if let Some(own) = &mut self.own_writes {
            if let Some(version) = &mut own.pods {
                visitor.pod_version(version);
            }
            if let Some(version) = &mut own.daemon_sets {
                visitor.daemon_set_version(version);
            }
            if let Some(version) = &mut own.revisions {
                visitor.revision_version(version);
            }
        }
    }
}

impl Visit for SyncNodes {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        for (name, version) in &mut self.deletes {
            visitor.pod(name);
            if let Some(version) = version {
                visitor.pod_version(version);
            }
        }
        self.in_flight.iter_mut().for_each(|request| request.visit(visitor));
    }
}

impl Visit for Sync {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        visitor.daemon_set_version(&mut self.ds.resource_version);
        match &mut self.step {
            Step::At(_)
            | Step::CreateRevision(_)
            | Step::ReadExisting(_)
            | Step::ReadForCollision
            | Step::CleanUp(_)
            | Step::ReadForStatus(..) => {}
            Step::ClaimRevisions(claim) => {
                let parts = claim.claimed.iter_mut().chain(&mut claim.adoptions).chain(&mut claim.releases);
                parts.for_each(|revision| revision.visit(visitor));
            }
            Step::LabelRevisions(revisions) => revisions.iter_mut().for_each(|revision| revision.visit(visitor)),
            Step::Dedup(dedup, step) => {
                dedup.kept.visit(visitor);
                dedup.removed.iter_mut().for_each(|revision| revision.visit(visitor));
                match step {
                    DedupStep::AtPods | DedupStep::Delete => {}
                    DedupStep::ClaimPods(claim) => {
                        let parts = claim.claimed.iter_mut().chain(&mut claim.adoptions).chain(&mut claim.releases);
                        parts.for_each(|pod| pod.visit(visitor));
                    }
                    DedupStep::Relabel(requests) => requests.iter_mut().for_each(|request| request.visit(visitor)),
                }
            }
            Step::Renumber(revision, _) => revision.visit(visitor),
            Step::RaiseCollisionCount(request) | Step::WriteStatus(request, ..) => request.visit(visitor),
            Step::ClaimPods(claim, _) => {
                let parts = claim.claimed.iter_mut().chain(&mut claim.adoptions).chain(&mut claim.releases);
                parts.for_each(|pod| pod.visit(visitor));
            }
            Step::LookUpNodes(survey, _) => {
                survey.deletes.iter_mut().for_each(|name| visitor.pod(name));
                survey.old_only.iter_mut().for_each(|(_, name, _)| visitor.pod(name));
            }
            Step::LookUpPods(plan) => {
                plan.deletes.iter_mut().chain(&mut plan.should_not_run).for_each(|name| visitor.pod(name));
            }
            Step::SyncNodes(call) => call.visit(visitor),
        }
    }
}
