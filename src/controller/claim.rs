//! Claiming: which pods and revisions are ours, which are adopted and which released (section 14.1).
//!
//! Mirrors `ClaimObject`, `pkg/controller/controller_ref_manager.go`. One claim pass walks a list read once from a
//! store; its requests go out one after the other, and every object is tried even if another failed (ADOPT-7).

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::memory::Memory;
use super::record::{DaemonSet, Pod, Revision, Uid};
use super::request::{Causes, Reason, Reply, Request};
use super::sync::{Requests, Rules};
use crate::release::{AdoptRecheck, AdoptedVersion, ClaimOrder, ClaimedBy, Gate};

/// What [`Claim`] needs to know of a pod or a revision.
pub trait Claimable: Copy {
    /// Uid of the controller reference.
    fn controller(&self) -> Option<Uid>;
    /// Whether the selector matches.
    fn matches(&self) -> bool;
    /// Whether the deletion timestamp is set.
    fn deleting(&self) -> bool;
    /// The patch that puts in our owner reference.
    fn adopt(&self) -> Request;
    /// The patch that takes it out.
    fn release(&self) -> Request;
    /// The same object at the version that `reply` tells.
    #[must_use]
    fn answered(self, reply: Reply) -> Self;
}

macro_rules! claimable {
    ($object:ty, adopt = $adopt:ident, release = $release:ident, answer = $answer:ident) => {
        impl Claimable for $object {
            fn controller(&self) -> Option<Uid> {
                self.controller
            }
            fn matches(&self) -> bool {
                self.matches
            }
            fn deleting(&self) -> bool {
                self.deleting
            }
            fn adopt(&self) -> Request {
                Request::$adopt(self.name, self.uid)
            }
            fn release(&self) -> Request {
                Request::$release(self.name, self.uid)
            }
            fn answered(self, reply: Reply) -> Self {
                if let Reply::$answer(written) = reply {
                    return Self { resource_version: written.resource_version, ..self };
                }
                self
            }
        }
    };
}

claimable!(Pod, adopt = AdoptPod, release = ReleasePod, answer = Pod);
claimable!(Revision, adopt = AdoptRevision, release = ReleaseRevision, answer = Revision);

/// What the live check before the first adoption of a pass has found (ADOPT-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LiveCheck {
    /// Not asked yet: the first adoption asks.
    NotAsked,
    /// Just passed; the adoption that asked is sent next.
    JustPassed,
    /// Passed earlier in this pass.
    Passed,
    /// Failed: every adoption of this pass fails.
    Refused,
}

/// A claim pass under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim<T> {
    /// Claimed so far, as they were in the store when listed (ADOPT-8).
    pub claimed: SmallVec<[T; 4]>,
    /// Matching orphans still to be adopted.
    pub adoptions: SmallVec<[T; 2]>,
    /// Objects of ours that no longer match, still to be released.
    pub releases: SmallVec<[T; 2]>,
    /// The live check.
    pub live_check: LiveCheck,
    /// What has failed so far.
    pub causes: Causes,
}

impl<T: Claimable> Claim<T> {
    /// Begins a pass over `listed`.
    pub fn begin(rules: &Rules, ds: &DaemonSet, listed: impl IntoIterator<Item = T>) -> Self {
        let live_check = match rules.switches.adopt_recheck {
            AdoptRecheck::ReadThenPatch => LiveCheck::NotAsked,
            AdoptRecheck::None | AdoptRecheck::Atomic => LiveCheck::Passed,
        };
        let mut claim = Self {
            claimed: SmallVec::new(),
            adoptions: SmallVec::new(),
            releases: SmallVec::new(),
            live_check,
            causes: Causes::NONE,
        };
        let by_selector = rules.switches.claimed_by == ClaimedBy::Selector;
        for object in listed {
            match object.controller() {
                _ if by_selector && object.matches() => claim.claimed.push(object),
                _ if by_selector => {}
                Some(uid) if uid != ds.uid => {}                           // ADOPT-2
                Some(_) if object.matches() => claim.claimed.push(object), // ADOPT-3
                Some(_) => claim.releases.push(object),                    // ADOPT-4
                None if object.matches() && !object.deleting() => claim.adoptions.push(object), // ADOPT-5, ADOPT-6
                None => {}
            }
        }
        claim
    }

    /// Whether nothing is left to ask.
    pub fn is_done(&self) -> bool {
        self.adoptions.is_empty() && self.releases.is_empty()
    }

    /// The requests of which one is next. `order` is that of the list (ADOPT-1).
    pub fn next_requests(&self, order: ClaimOrder) -> Requests {
        let mut requests = Requests::new();
        if self.live_check == LiveCheck::JustPassed {
            requests.extend(self.adoptions.iter().map(Claimable::adopt));
            return requests;
        }
        requests.extend(self.releases.iter().map(Claimable::release));
        let orphans_wait = order == ClaimOrder::OwnedFirst && !self.releases.is_empty();
        if !orphans_wait && !self.adoptions.is_empty() {
            match self.live_check {
                LiveCheck::NotAsked => requests.push(Request::GetDaemonSet),
                LiveCheck::JustPassed | LiveCheck::Passed | LiveCheck::Refused => {
                    requests.extend(self.adoptions.iter().map(Claimable::adopt));
                }
            }
        }
        requests
    }

    /// Takes the reply to `request`.
    pub fn take_reply(&mut self, rules: &Rules, ds: &DaemonSet, request: Request, reply: Reply, memory: &mut Memory) {
        if request == Request::GetDaemonSet {
            let refusal = match reply {
                Reply::DaemonSet(live) if live.uid != ds.uid => Some(Reason::OwnerReplaced),
                Reply::DaemonSet(live) if live.deleting => Some(Reason::OwnerDeleting),
                Reply::Error(reason) => Some(reason),
                Reply::DaemonSet(_) | Reply::Done | Reply::Revision(_) | Reply::Pod(_) => None,
            };
            self.live_check = match refusal {
                None => LiveCheck::JustPassed,
                Some(reason) => {
                    self.causes = self.causes.with(reason);
                    self.adoptions.clear();
                    LiveCheck::Refused
                }
            };
            return;
        }
        record_pod_write(rules, reply, memory);
        if let Some(index) = self.adoptions.iter().position(|object| object.adopt() == request) {
            let object = self.adoptions.remove(index);
            if self.live_check == LiveCheck::JustPassed {
                self.live_check = LiveCheck::Passed;
            }
            match reply {
                Reply::Error(Reason::NotFound) => {} // gone meanwhile: not claimed, no error
                Reply::Error(reason) => self.causes = self.causes.with(reason),
                Reply::Done | Reply::DaemonSet(_) | Reply::Revision(_) | Reply::Pod(_) => {
                    self.claimed.push(match rules.switches.adopted_version {
                        AdoptedVersion::Cached => object,
                        AdoptedVersion::Answered => object.answered(reply),
                    });
                }
            }
        } else if let Some(index) = self.releases.iter().position(|object| object.release() == request) {
            self.releases.remove(index);
            match reply {
                // Gone, or no longer ours: there is nothing to release.
                Reply::Error(Reason::NotFound | Reason::Invalid)
                | Reply::Done
                | Reply::DaemonSet(_)
                | Reply::Revision(_)
                | Reply::Pod(_) => {}
                Reply::Error(reason) => self.causes = self.causes.with(reason),
            }
        }
    }
}

/// Records a successful pod write in the consistency store, for the controller that the stored pod then has (CONS-2;
/// a release is attributed to somebody else, DS-B57).
pub fn record_pod_write(rules: &Rules, reply: Reply, memory: &mut Memory) {
    if let Reply::Pod(written) = reply
        && let Some(uid) = written.recorded_for
        && rules.switches.gate != Gate::Off
    {
        memory.wrote_pod(uid, written.resource_version);
    }
}
