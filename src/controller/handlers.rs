//! The informer event handlers and the node queue's work (sections 3.1 to 3.4).
//!
//! Mirrors `addDaemonset`, `updateDaemonset`, `deleteDaemonset`, `addHistory`, `updateHistory`, `deleteHistory`, `addPod`,
//! `updatePod`, `deletePod`, `addNode`, `updateNode` and `syncNodeUpdate`, `pkg/controller/daemon/daemon_controller.go`.
//!
//! A handler runs after its object has entered or left the store (API-21) and sends no request. It is a function of the
//! event and of the `DaemonSet` store; what it does is a list of [`Effect`]s, in upstream's order where that is fixed.

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::memory::Memory;
use super::record::{NodeName, Placement, PodName, Uid};
use crate::release::{
    AvailabilityTimer, DeletionSeen, Gate, InvalidSelectors, NodeWake, NodeWakeOwner, RecreateSeen, Switches, Wipe,
};

/// An interned work-queue key: namespace and name of a `DaemonSet` (OBJ-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub u32);

/// Something a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// The key is added to the work queue.
    Enqueue(Key),
    /// The key is added after this many seconds (EVT-10).
    EnqueueAfter(Key, i32),
    /// The key is added after its rate limit (LEG-14).
    EnqueueRateLimited(Key),
    /// The node's name is added to the node queue (EVT-15).
    EnqueueNode(NodeName),
    /// A creation is counted (EXP-3) for the `DaemonSet` of this key and uid.
    CreationObserved(Key, Uid),
    /// The deletion of this pod is counted.
    DeletionObserved(Key, Uid, PodName),
    /// The expectations are dropped (EVT-4).
    ForgetExpectations(Key, Uid),
    /// The record of own writes of the key is dropped, if it is of this uid (EVT-4).
    ForgetOwnWrites(Key, Uid),
}

impl Effect {
    /// What it does to the memory of `key`.
    pub fn apply(self, key: Key, memory: &mut Memory) {
        match self {
            Self::CreationObserved(of, uid) if of == key => memory.creation_observed(uid),
            Self::DeletionObserved(of, uid, pod) if of == key => memory.deletion_observed(uid, pod),
            Self::ForgetExpectations(of, uid) if of == key => memory.forget_expectations(uid),
            Self::ForgetOwnWrites(of, uid) if of == key => {
                memory.own_writes = memory.own_writes.filter(|own| own.uid != uid);
            }
            Self::CreationObserved(..)
            | Self::DeletionObserved(..)
            | Self::ForgetExpectations(..)
            | Self::ForgetOwnWrites(..)
            | Self::Enqueue(_)
            | Self::EnqueueAfter(..)
            | Self::EnqueueRateLimited(_)
            | Self::EnqueueNode(_) => {}
        }
    }
}

/// The effects of one event.
pub type Effects = SmallVec<[Effect; 4]>;

/// The owner reference with `controller: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Controller {
    /// There is none: the object is an orphan.
    None,
    /// Kind `DaemonSet`, of whatever API group (EVT-13): the object's namespace with the reference's name, and its uid.
    DaemonSet(Key, Uid),
    /// Another kind: resolves to nothing.
    Other,
}

/// What a `DaemonSet`'s selector says of the object of an event (EVT-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Selects {
    /// It does not match, is empty, or is of another namespace.
    No,
    /// It matches.
    Yes,
    /// It does not parse, and is of the same namespace.
    Invalid,
}

/// A `DaemonSet` of the store, as pod and revision handlers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CachedDaemonSet {
    /// Its key.
    pub key: Key,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `spec.minReadySeconds`, in seconds.
    pub min_ready_seconds: i32,
    /// What its selector says of the event's (new) object; only read for orphans.
    pub selects: Selects,
}

/// A pod or a revision, as the handlers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Object {
    /// Its controller reference.
    pub controller: Controller,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether it has a label; an orphan without any wakes nobody, whatever a selector says (EVT-5).
    pub labelled: bool,
    /// Whether the Ready condition is True; false for a revision.
    pub ready: bool,
}

/// How two versions of a pod or a revision compare, beyond what [`Object`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Change {
    /// The resourceVersions are equal: a resync (API-20).
    pub same_version: bool,
    /// The controller references differ in any field.
    pub controller: bool,
    /// The labels differ.
    pub labels: bool,
}

/// `addDaemonset` (EVT-1).
pub fn add_daemon_set(key: Key) -> Effects {
    Effects::from_slice(&[Effect::Enqueue(key)])
}

/// `updateDaemonset` (EVT-2, EVT-3). `syncing`: whether a sync of `key` is under way.
pub fn update_daemon_set(switches: &Switches, key: Key, old: Uid, new: Uid, syncing: bool) -> Effects {
    if old != new && switches.recreate_seen == RecreateSeen::UidCompared {
        // The two parameters of the Go function are bound in reverse order: it is the new object that it takes for gone.
        let mut effects = delete_daemon_set(switches, key, new, syncing);
        effects.push(Effect::Enqueue(key));
        return effects;
    }
    Effects::from_slice(&[Effect::Enqueue(key)])
}

/// `deleteDaemonset` (EVT-4). `syncing`: whether a sync of `key` is under way.
pub fn delete_daemon_set(switches: &Switches, key: Key, uid: Uid, syncing: bool) -> Effects {
    let mut effects = Effects::new();
    let forgets = match switches.wipe {
        Wipe::OnNotFoundOnly => false,
        Wipe::InHandler => true,
        Wipe::UnderKeyLock => !syncing,
    };
    if forgets {
        effects.push(Effect::ForgetExpectations(key, uid));
        if switches.gate != Gate::Off {
            effects.push(Effect::ForgetOwnWrites(key, uid));
        }
    }
    effects.push(Effect::Enqueue(key));
    effects
}

/// `addHistory` (EVT-5): an owned revision wakes nobody.
pub fn add_revision(switches: &Switches, daemon_sets: &[CachedDaemonSet], object: &Object) -> Effects {
    if object.deleting {
        return delete_revision(daemon_sets, object);
    }
    match object.controller {
        Controller::None => enqueue_matching(switches, daemon_sets, object),
        Controller::DaemonSet(..) | Controller::Other => Effects::new(),
    }
}

/// `updateHistory` (EVT-6).
pub fn update_revision(
    switches: &Switches,
    daemon_sets: &[CachedDaemonSet],
    old: &Object,
    new: &Object,
    change: Change,
) -> Effects {
    if change.same_version {
        return Effects::new();
    }
    enqueue_owners(switches, daemon_sets, old, new, change)
}

/// `deleteHistory` (EVT-7).
pub fn delete_revision(daemon_sets: &[CachedDaemonSet], object: &Object) -> Effects {
    resolve(daemon_sets, object.controller).map(|ds| Effect::Enqueue(ds.key)).into_iter().collect()
}

/// `addPod` (EVT-8). `suspended` as in [`delete_pod`].
pub fn add_pod(
    switches: &Switches,
    daemon_sets: &[CachedDaemonSet],
    name: PodName,
    object: &Object,
    suspended: &[Key],
) -> Effects {
    if object.deleting {
        return delete_pod(daemon_sets, name, object, suspended);
    }
    if object.controller == Controller::None {
        return enqueue_matching(switches, daemon_sets, object);
    }
    match resolve(daemon_sets, object.controller) {
        Some(ds) => Effects::from_slice(&[Effect::CreationObserved(ds.key, ds.uid), Effect::Enqueue(ds.key)]),
        None => Effects::new(),
    }
}

/// `updatePod` (EVT-9, EVT-10). `suspended` as in [`delete_pod`].
pub fn update_pod(
    switches: &Switches,
    daemon_sets: &[CachedDaemonSet],
    name: PodName,
    (old, new): (&Object, &Object),
    change: Change,
    suspended: &[Key],
) -> Effects {
    if change.same_version {
        return Effects::new();
    }
    let counts = match switches.deletion_seen {
        DeletionSeen::EveryUpdate => true,
        DeletionSeen::TimestampOnce => !old.deleting,
        DeletionSeen::Removal => false,
    };
    if new.deleting && counts {
        return delete_pod(daemon_sets, name, new, suspended);
    }
    let mut effects = enqueue_owners(switches, daemon_sets, old, new, change);
    let timed = match switches.availability_timer {
        AvailabilityTimer::Rearmed | AvailabilityTimer::Once => true,
        AvailabilityTimer::None => false,
    };
    if let Some(ds) = resolve(daemon_sets, new.controller)
        && timed
        && !old.ready
        && new.ready
        && ds.min_ready_seconds > 0
    {
        // A second is added because AddAfter and the kubelet's timestamps disagree by fractions of one.
        effects.push(Effect::EnqueueAfter(ds.key, ds.min_ready_seconds.saturating_add(1)));
    }
    effects
}

/// `deletePod` (EVT-11). `suspended`: the `DaemonSet`s of the store that wait for room on the pod's node (LEG-14); empty
/// for an unbound pod and in releases without such a list (EVT-20).
pub fn delete_pod(daemon_sets: &[CachedDaemonSet], name: PodName, object: &Object, suspended: &[Key]) -> Effects {
    match resolve(daemon_sets, object.controller) {
        Some(ds) => Effects::from_slice(&[Effect::DeletionObserved(ds.key, ds.uid, name), Effect::Enqueue(ds.key)]),
        None => suspended.iter().map(|key| Effect::EnqueueRateLimited(*key)).collect(),
    }
}

/// `resolveControllerRef` (EVT-13): by name in the store, and the uid must be the same.
fn resolve(daemon_sets: &[CachedDaemonSet], controller: Controller) -> Option<&CachedDaemonSet> {
    match controller {
        Controller::DaemonSet(key, uid) => daemon_sets.iter().find(|ds| ds.key == key && ds.uid == uid),
        Controller::None | Controller::Other => None,
    }
}

/// What an update of a pod and one of a revision have in common: the old and the new controller, or whom an orphan wakes.
fn enqueue_owners(
    switches: &Switches,
    daemon_sets: &[CachedDaemonSet],
    old: &Object,
    new: &Object,
    change: Change,
) -> Effects {
    let mut effects = Effects::new();
    if change.controller {
        effects.extend(resolve(daemon_sets, old.controller).map(|ds| Effect::Enqueue(ds.key)));
    }
    if new.controller != Controller::None {
        effects.extend(resolve(daemon_sets, new.controller).map(|ds| Effect::Enqueue(ds.key)));
    } else if change.controller || change.labels {
        effects.extend(enqueue_matching(switches, daemon_sets, new));
    }
    effects
}

/// `getDaemonSetsForHistory`, `getPodDaemonSets`: everyone whose non-empty selector matches the orphan (EVT-5).
fn enqueue_matching(switches: &Switches, daemon_sets: &[CachedDaemonSet], object: &Object) -> Effects {
    let invalid = daemon_sets.iter().any(|ds| ds.selects == Selects::Invalid);
    if !object.labelled || invalid && switches.invalid_selectors == InvalidSelectors::EndsSearch {
        return Effects::new();
    }
    daemon_sets.iter().filter(|ds| ds.selects == Selects::Yes).map(|ds| Effect::Enqueue(ds.key)).collect()
}

/// A `DaemonSet` of the store with its placement on the node of an event or of a node item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlacedDaemonSet {
    /// Its key.
    pub key: Key,
    /// `metadata.uid`.
    pub uid: Uid,
    /// `status.numberMisscheduled`, in nodes.
    pub number_misscheduled: i32,
    /// The placement on the node as it was before the event; otherwise the same as `now`.
    pub before: Placement,
    /// The placement on the node as it is.
    pub now: Placement,
}

/// How two versions of a node compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeChange {
    /// Labels or taints differ in any way (EVT-15).
    pub labels_or_taints: bool,
    /// `shouldIgnoreNodeUpdate` (EVT-14): nothing that the release looks at has changed.
    pub ignored: bool,
}

/// `addNode` (EVT-14, EVT-15). `daemon_sets` is read by releases without node queue only.
pub fn add_node(switches: &Switches, node: NodeName, daemon_sets: &[PlacedDaemonSet]) -> Effects {
    match switches.node_wake {
        NodeWake::Compare => {
            daemon_sets.iter().filter(|ds| ds.now.should_run).map(|ds| Effect::Enqueue(ds.key)).collect()
        }
        NodeWake::V133 | NodeWake::Today | NodeWake::Any => Effects::from_slice(&[Effect::EnqueueNode(node)]),
    }
}

/// `updateNode` (EVT-14, EVT-15). There is no handler for the deletion of a node (EVT-19).
pub fn update_node(
    switches: &Switches,
    node: NodeName,
    change: NodeChange,
    daemon_sets: &[PlacedDaemonSet],
) -> Effects {
    match switches.node_wake {
        NodeWake::Compare if change.ignored => Effects::new(),
        NodeWake::Compare => daemon_sets
            .iter()
            .filter(|ds| {
                ds.before.should_run != ds.now.should_run
                    || ds.before.should_continue_running != ds.now.should_continue_running
            })
            .map(|ds| Effect::Enqueue(ds.key))
            .collect(),
        NodeWake::V133 | NodeWake::Today | NodeWake::Any if !change.labels_or_taints => Effects::new(),
        NodeWake::V133 | NodeWake::Today | NodeWake::Any => Effects::from_slice(&[Effect::EnqueueNode(node)]),
    }
}

/// `syncNodeUpdate` (EVT-16) for a node that is in the store. `bound` are the controllers of the pods whose
/// `spec.nodeName` is the node.
pub fn node_item(switches: &Switches, daemon_sets: &[PlacedDaemonSet], bound: &[Controller]) -> Effects {
    let occupied = |ds: &PlacedDaemonSet| {
        bound.iter().any(|controller| match (controller, switches.node_wake_owner) {
            (Controller::DaemonSet(key, _), NodeWakeOwner::Name) => *key == ds.key, // EVT-18
            (Controller::DaemonSet(key, uid), NodeWakeOwner::Uid) => *key == ds.key && *uid == ds.uid,
            (Controller::None | Controller::Other, _) => false,
        })
    };
    let wakes = |ds: &PlacedDaemonSet| {
        let here = occupied(ds);
        let misscheduled = here && ds.number_misscheduled > 0;
        ds.now.should_run && !here
            || !ds.now.should_continue_running && here
            || match switches.node_wake {
                NodeWake::Today => misscheduled,
                NodeWake::V133 | NodeWake::Compare => false,
                NodeWake::Any => true,
            }
    };
    daemon_sets.iter().filter(|ds| wakes(ds)).map(|ds| Effect::Enqueue(ds.key)).collect()
}
