//! One sync of one `DaemonSet` (section 4 of the reference), cut where the world can change under it.
//!
//! Mirrors `syncDaemonSet` and what it calls, `pkg/controller/daemon/daemon_controller.go` and `update.go`. A [`Sync`]
//! is what Go keeps in local variables between two such cuts; it waits either at a [`Point`], where the next thing it
//! does is to read a store or the expectations, or for replies. Whoever drives it (model, vectors, a recorded history)
//! decides what happens meanwhile, and asks for the next step with the view of that moment.
//!
//! A step is a set: where Go takes a map's order, or goroutines race, every possible [`Outcome`] is returned, in a
//! canonical order. Requests that Go sends one after the other in an order it does not fix are offered together
//! ([`Wait::OneOf`]): the driver chooses which goes first.

use smallvec::SmallVec;

use super::memory::{Memory, Synced};
use super::record::{DaemonSet, Node, NodeName, Pod, Revision};
use super::request::{Failure, Reply, Request};
use crate::release::Switches;

/// What a sync may see of the informer stores at one moment. `matches`, `placement` and `in_backoff` are those of the
/// sync's own copy of the `DaemonSet` ([`Sync::daemon_set`]).
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The `DaemonSet` of the key.
    pub daemon_set: Option<DaemonSet>,
    /// Every node.
    pub nodes: &'a [Node],
    /// Every pod of the namespace, of any owner.
    pub pods: &'a [Pod],
    /// Every revision, of any owner and namespace.
    pub revisions: &'a [Revision],
    /// How far the stores have come.
    pub synced: Synced,
}

/// A moment at which a sync is about to read something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// The node list (SYNC-4); the `DaemonSet` has been read.
    Nodes,
    /// The revisions (HIST-1).
    History,
    /// The expectations, before manage (SYNC-8).
    GateCheck,
    /// The pods, to relabel them (HIST-15).
    Dedup,
    /// The pods, in manage.
    Manage,
    /// The expectations, before the rolling update (SYNC-12).
    RolloutCheck,
    /// The pods, in the rolling update.
    RollingUpdate,
    /// Single nodes, in the surge rolling update (ROLL-29).
    Node,
    /// Single pods, in the surge rolling update (ROLL-28).
    Pod,
    /// The pods, in the clean-up of revisions (HIST-17).
    Cleanup,
    /// The pods, for the status (section 12).
    Status,
}

/// A few requests.
pub type Requests = SmallVec<[Request; 4]>;

/// What a [`Sync`] waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// To be driven on with [`Sync::proceed`].
    Point(Point),
    /// One of these is sent, and its reply given to [`Sync::reply`]; which one, Go does not fix.
    OneOf(Requests),
    /// All of these are in flight; replies may come in any order.
    Batch(Requests),
}

/// How far choices are spread out that only matter if requests of one kind fare differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Batches {
    /// Every way to split the creates into slow-start batches (EXEC-3).
    Every,
    /// One way; for drivers that treat all creates of a call alike.
    Representative,
}

/// What does not change while a sync runs.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The controller's release and mutations.
    pub switches: Switches,
    /// Creates and deletes per call (EXEC-1), upstream 250.
    pub burst: usize,
    /// How slow-start batches are spread out.
    pub batches: Batches,
}

/// Something a sync does besides requests, in time order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The back-off of failed pods on this node is recorded or doubled (MAN-6).
    ArmBackoff(NodeName),
    /// The key comes back after the node's current back-off (MAN-7).
    RequeueAfterBackoff(NodeName),
    /// The key comes back after minReadySeconds (STAT-12).
    RequeueAfterMinReady,
    /// An event about the `DaemonSet`: a failed pod is deleted.
    FailedDaemonPod,
    /// An event about the `DaemonSet`: a succeeded pod is deleted.
    SucceededDaemonPod,
    /// An event about the `DaemonSet`: its selector is empty (SYNC-5).
    SelectingAll,
    /// The node wants the pod and has no room for it (LEG-13).
    Suspended(NodeName),
}

/// The effects of one step.
pub type Effects = SmallVec<[Effect; 2]>;

/// One thing that a step can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where the sync is afterwards.
    pub state: State,
    /// The memory afterwards.
    pub memory: Memory,
    /// What else it did.
    pub effects: Effects,
}

/// Where a sync is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting, see [`Sync::wait`].
    Waiting(Box<Sync>),
    /// It has returned.
    Finished(Result<(), Failure>),
}
