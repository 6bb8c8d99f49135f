//! What a process does when an event has entered one of its stores: the handlers of section 3 on the model's objects.

use super::state::{Process, Work};
use crate::cluster::object::{DaemonSetObject, Key, NO_LABELS, NodeObject, PodObject, RevisionObject};
use crate::cluster::watch::Notification;
use crate::release::{AvailabilityTimer, DeletionSeen, Gate, NodeWake, NodeWakeOwner, RecreateSeen, Wipe};
use crate::scope::Scope;

/// The `DaemonSet` that an owner reference resolves to (EVT-13).
fn resolve(process: &Process, key: Key, owner: Option<u8>) -> Option<DaemonSetObject> {
    process.daemon_sets.store.get(key).copied().filter(|object| Some(object.uid) == owner)
}

fn enqueue(process: &mut Process, key: Key) {
    let work = &mut process.work[usize::from(key)];
    work.queue = work.queue.added();
}

/// Enqueues the `DaemonSet` of `key` for an orphan that its selector matches.
fn enqueue_matching(process: &mut Process, key: Key, matches: bool) {
    if matches && process.daemon_sets.store.get(key).is_some() {
        enqueue(process, key);
    }
}

/// EVT-1 to EVT-4.
pub fn daemon_set(scope: &Scope, process: &mut Process, notification: Notification<DaemonSetObject>) {
    let (key, gone) = match notification {
        Notification::Added(object) => (object.key, None),
        Notification::Updated(old, new) => {
            let recreated = old.uid != new.uid && scope.switches.recreate_seen == RecreateSeen::UidCompared;
            // The handler's parameters are bound in reverse order, so the new uid is passed on (EVT-3).
            (new.key, recreated.then_some(new.uid))
        }
        Notification::Deleted(object) => (object.key, Some(object.uid)),
    };
    if let Some(uid) = gone {
        forget(scope, &mut process.work[usize::from(key)], uid);
    }
    enqueue(process, key);
}

/// EVT-4: drops the expectations, and the record of own writes if it is of `uid`.
fn forget(scope: &Scope, work: &mut Work, uid: u8) {
    let now = match scope.switches.wipe {
        Wipe::OnNotFoundOnly => false,
        Wipe::InHandler => true,
        Wipe::UnderKeyLock => work.sync.is_none(),
    };
    if now {
        work.memory.expectations = None;
    }
    if scope.switches.gate != Gate::Off && work.memory.own_writes.is_some_and(|own| own.uid.0 == u32::from(uid)) {
        work.memory.own_writes = None;
    }
}

/// EVT-5 to EVT-7.
pub fn revision(scope: &Scope, process: &mut Process, notification: Notification<RevisionObject>) {
    let selected = |object: &RevisionObject| {
        // An orphan without labels enqueues none, whatever a selector says (EVT-5).
        object.label != NO_LABELS
    };
    let _ = scope;
    match notification {
        Notification::Added(object) if object.deleting => deleted_revision(process, &object),
        Notification::Added(object) => {
            if object.owner.is_none() {
                enqueue_matching(process, object.key, selected(&object));
            }
        }
        Notification::Updated(old, new) => {
            if old.owner != new.owner && resolve(process, old.key, old.owner).is_some() {
                enqueue(process, old.key);
            }
            if new.owner.is_some() {
                if resolve(process, new.key, new.owner).is_some() {
                    enqueue(process, new.key);
                }
            } else if old.owner != new.owner || old.label != new.label {
                enqueue_matching(process, new.key, selected(&new));
            }
        }
        Notification::Deleted(object) => deleted_revision(process, &object),
    }
}

fn deleted_revision(process: &mut Process, object: &RevisionObject) {
    if resolve(process, object.key, object.owner).is_some() {
        enqueue(process, object.key);
    }
}

/// EVT-8 to EVT-12.
pub fn pod(scope: &Scope, process: &mut Process, notification: Notification<PodObject>) {
    match notification {
        Notification::Added(object) if object.deleting => deleted_pod(process, &object),
        Notification::Added(object) => {
            if object.owner.is_none() {
                enqueue_matching(process, object.owner_key, object.labelled);
            } else if resolve(process, object.owner_key, object.owner).is_some() {
                process.work[usize::from(object.owner_key)].memory.creation_observed();
                enqueue(process, object.owner_key);
            }
        }
        Notification::Updated(old, new) if new.deleting && counts_as_deletion(scope, &old) => {
            deleted_pod(process, &new);
        }
        Notification::Updated(old, new) => updated_pod(scope, process, &old, &new),
        Notification::Deleted(object) => deleted_pod(process, &object),
    }
}

/// Whether an update to a terminating pod counts (EVT-9).
fn counts_as_deletion(scope: &Scope, old: &PodObject) -> bool {
    match scope.switches.deletion_seen {
        DeletionSeen::EveryUpdate => true,
        DeletionSeen::TimestampOnce => !old.deleting,
        DeletionSeen::Removal => false,
    }
}

fn updated_pod(scope: &Scope, process: &mut Process, old: &PodObject, new: &PodObject) {
    let moved = old.owner != new.owner;
    if moved && resolve(process, old.owner_key, old.owner).is_some() {
        enqueue(process, old.owner_key);
    }
    if new.owner.is_none() {
        if moved || old.labelled != new.labelled {
            enqueue_matching(process, new.owner_key, new.labelled);
        }
        return;
    }
    if let Some(ds) = resolve(process, new.owner_key, new.owner) {
        enqueue(process, new.owner_key);
        let min_ready = scope.strategies[usize::from(ds.strategy)].min_ready_seconds;
        let timed = scope.switches.availability_timer != AvailabilityTimer::None;
        if timed && !old.ready && new.ready && min_ready > 0 {
            process.work[usize::from(new.owner_key)].ready_timer = true; // EVT-10
        }
    }
}

/// EVT-11.
fn deleted_pod(process: &mut Process, object: &PodObject) {
    if resolve(process, object.owner_key, object.owner).is_some() {
        process.work[usize::from(object.owner_key)].memory.deletion_observed();
        enqueue(process, object.owner_key);
    }
}

/// EVT-14, EVT-15, EVT-19.
pub fn node(scope: &Scope, process: &mut Process, notification: Notification<NodeObject>) {
    let (old, new) = match notification {
        Notification::Added(object) => (None, object),
        Notification::Updated(old, new) if old.variant != new.variant => (Some(old), new),
        Notification::Updated(..) | Notification::Deleted(_) => return,
    };
    match scope.switches.node_wake {
        NodeWake::Compare => {
            for key in 0..process.work.len() {
                let key = u8::try_from(key).expect("few DaemonSets");
                let Some(ds) = process.daemon_sets.store.get(key) else { continue };
                let place = |node: &NodeObject| scope.placement[usize::from(ds.template)][usize::from(node.variant)];
                let wakes = match &old {
                    None => place(&new).should_run,
                    Some(old) => place(old) != place(&new),
                };
                if wakes {
                    enqueue(process, key);
                }
            }
        }
        NodeWake::V133 | NodeWake::Today | NodeWake::Any => {
            if !process.node_queue.contains(&new.name) {
                process.node_queue.push(new.name);
                process.node_queue.sort_unstable();
            }
        }
    }
}

/// `syncNodeUpdate` (EVT-16): a worker takes a node name.
pub fn node_item(scope: &Scope, process: &mut Process, name: u8) {
    process.node_queue.retain(|queued| *queued != name);
    let Some(node) = process.nodes.store.get(name).copied() else { return };
    for key in 0..process.work.len() {
        let key = u8::try_from(key).expect("few DaemonSets");
        let Some(ds) = process.daemon_sets.store.get(key).copied() else { continue };
        let place = scope.placement[usize::from(ds.template)][usize::from(node.variant)];
        let here = process.pods.store.iter().any(|pod| {
            pod.bound
                && pod.target == name
                && pod.owner_key == key
                && match scope.switches.node_wake_owner {
                    NodeWakeOwner::Name => pod.owner.is_some(),
                    NodeWakeOwner::Uid => pod.owner == Some(ds.uid),
                }
        });
        let misscheduled = ds.counters[2] > 0 && scope.switches.node_wake == NodeWake::Today;
        let wakes = place.should_run && !here
            || !place.should_continue_running && here
            || here && misscheduled
            || scope.switches.node_wake == NodeWake::Any;
        if wakes {
            enqueue(process, key);
        }
    }
}
