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

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::choice::Few;
use super::claim::Claim;
use super::history::{OldRevision, Revisions};
use super::memory::{Memory, Synced};
use super::record::{Counters, DaemonSet, Node, NodeName, Pod, Revision, Symbol};
use super::request::{Failure, Request};
use super::rolling_update::{SurgePlan, SurgeSurvey};
use super::sync_nodes::SyncNodes;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// Making pods has changed the template that the cache shares with the sync (DS-B43).
    TemplateNormalised,
    /// An event about the `DaemonSet`: its selector is empty (SYNC-5).
    SelectingAll,
    /// The node wants the pod and has no room for it (LEG-13).
    Suspended(NodeName),
    /// An event about the `DaemonSet`: a node has too few resources (LEG-3). Every look at the node gives one.
    FailedPlacement,
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

/// Whether a status write raises observedGeneration (STAT-13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Observe {
    /// It does.
    Raise,
    /// It keeps the old one (SYNC-8).
    Keep,
}

/// The local variables of one sync.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sync {
    /// The copy read in step 3 (SYNC-9).
    pub ds: DaemonSet,
    /// The node list read in step 4.
    pub nodes: SmallVec<[Node; 4]>,
    /// The hash label of the current revision; known after the history.
    pub hash: Symbol,
    /// The old revisions, as they were at the start (HIST-18).
    pub old: Few<OldRevision>,
    /// Whether the status write raises observedGeneration.
    pub observe: Observe,
    /// What the sync will return once the status is written (SYNC-14).
    pub failure: Option<Failure>,
    /// Where it is.
    pub step: Step,
}

impl Clone for Sync {
    fn clone(&self) -> Self {
        let Self { ds, nodes, hash, old, observe, failure, step } = self;
        // Lists of plain values at once; their own clone goes by element.
        let (nodes, old) = (SmallVec::from_slice(nodes), SmallVec::from_slice(old));
        Self { ds: *ds, nodes, hash: *hash, old, observe: *observe, failure: *failure, step: step.clone() }
    }
}

/// Where a sync is, with what only that place needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a sync is stored once per key, and packed in a state")]
pub enum Step {
    /// About to read.
    At(Point),
    /// Claiming revisions (HIST-1).
    ClaimRevisions(Claim<Revision>),
    /// Adding missing hash labels (HIST-2).
    LabelRevisions(Revisions),
    /// De-duplicating (HIST-15).
    Dedup(Dedup, DedupStep),
    /// Renumbering the current revision (HIST-7).
    Renumber(Revision, i64),
    /// Creating the current revision with this number (HIST-6).
    CreateRevision(i64),
    /// Reading the revision that has its name (HIST-11).
    ReadExisting(i64),
    /// Reading the `DaemonSet` before the collision count is raised (HIST-13).
    ReadForCollision,
    /// Raising it.
    RaiseCollisionCount(Request),
    /// Claiming pods for a phase.
    ClaimPods(Claim<Pod>, PodPhase),
    /// About to look up nodes in the surge rolling update.
    LookUpNodes(SurgeSurvey, (i64, i64)),
    /// About to look up pods there.
    LookUpPods(SurgePlan),
    /// Creating and deleting pods.
    SyncNodes(SyncNodes),
    /// Deleting old revisions, in this order (HIST-17).
    CleanUp(Few<Symbol>),
    /// Writing the status.
    WriteStatus(Request, Counters, StatusTry),
    /// Reading the `DaemonSet` for the second attempt (STAT-11).
    ReadForStatus(Counters, Failure),
}

/// De-duplication under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dedup {
    /// The revision kept.
    pub kept: Revision,
    /// The duplicates still to be deleted.
    pub removed: Revisions,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "as for `Step`")]
pub enum DedupStep {
    /// About to list pods.
    AtPods,
    /// Claiming them.
    ClaimPods(Claim<Pod>),
    /// Relabelling these.
    Relabel(Few<Request>),
    /// Deleting duplicates.
    Delete,
}

/// A phase that lists pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PodPhase {
    /// Section 7.
    Manage,
    /// Section 9.
    RollingUpdate,
    /// HIST-17.
    Cleanup,
    /// Section 12.
    Status,
}

/// The first or the second attempt of a status write (STAT-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatusTry {
    /// The first.
    First,
    /// The second, on the live object.
    Second,
}
