//! What a process does when an event has entered one of its stores: the handlers of section 3, shown the model's objects.
//!
//! [`daemon_set`], [`revision`], [`pod`] and [`node`] tell a handler; where handlers lag (API-21) the notification waits in
//! the informer until [`handle`] takes it.

use super::action::Resource;
use super::state::{Process, ReadyTimer, Work};
use super::view;
use crate::cluster::object::{DaemonSetObject, FOREIGN, NO_LABELS, NodeObject, PodObject, RevisionObject};
use crate::cluster::watch::Notification;
use crate::controller::handlers::{
    self, CachedDaemonSet, Change, Controller, Effect, Effects, Key, NodeChange, Object, PlacedDaemonSet, Selects,
};
use crate::controller::record::{NodeName, PodName, Uid};
use crate::scope::Scope;

/// The key of a `DaemonSet` name of the scope, as the handlers know it.
fn key(of: u8) -> Key {
    Key(u32::from(of))
}

/// Tells the handler of `DaemonSet`s.
pub fn daemon_set(scope: &Scope, process: &mut Process, notification: Notification<DaemonSetObject>) {
    if scope.lag.handlers > 0 {
        process.daemon_sets.told.push(notification);
    } else {
        handle_daemon_set(scope, process, notification);
    }
}

/// Tells the handler of revisions.
pub fn revision(scope: &Scope, process: &mut Process, notification: Notification<RevisionObject>) {
    if scope.lag.handlers > 0 {
        process.revisions.told.push(notification);
    } else {
        handle_revision(scope, process, notification);
    }
}

/// Tells the handler of pods.
pub fn pod(scope: &Scope, process: &mut Process, notification: Notification<PodObject>) {
    if scope.lag.handlers > 0 {
        process.pods.told.push(notification);
    } else {
        handle_pod(scope, process, notification);
    }
}

/// Tells the handler of nodes.
pub fn node(scope: &Scope, process: &mut Process, notification: Notification<NodeObject>) {
    if scope.lag.handlers > 0 {
        process.nodes.told.push(notification);
    } else {
        handle_node(scope, process, notification);
    }
}

/// The handler of `resource` takes the notification that has waited longest; false if none waits.
pub fn handle(scope: &Scope, process: &mut Process, resource: Resource) -> bool {
    fn first<T>(told: &mut Vec<T>) -> Option<T> {
        (!told.is_empty()).then(|| told.remove(0))
    }
    let taken = match resource {
        Resource::DaemonSets => {
            first(&mut process.daemon_sets.told).map(|notification| handle_daemon_set(scope, process, notification))
        }
        Resource::Revisions => {
            first(&mut process.revisions.told).map(|notification| handle_revision(scope, process, notification))
        }
        Resource::Pods => first(&mut process.pods.told).map(|notification| handle_pod(scope, process, notification)),
        Resource::Nodes => first(&mut process.nodes.told).map(|notification| handle_node(scope, process, notification)),
    };
    taken.is_some()
}

/// EVT-1 to EVT-4.
fn handle_daemon_set(scope: &Scope, process: &mut Process, notification: Notification<DaemonSetObject>) {
    let uid = |object: &DaemonSetObject| Uid(u32::from(object.uid));
    let syncing = |process: &Process, of: u8| process.work[usize::from(of)].sync.is_some();
    let switches = &scope.switches;
    let effects = match notification {
        Notification::Added(object) => handlers::add_daemon_set(key(object.key)),
        Notification::Updated(old, new) => {
            handlers::update_daemon_set(switches, key(new.key), uid(&old), uid(&new), syncing(process, new.key))
        }
        Notification::Deleted(object) => {
            handlers::delete_daemon_set(switches, key(object.key), uid(&object), syncing(process, object.key))
        }
    };
    apply(process, &effects);
}

/// EVT-5 to EVT-7.
fn handle_revision(scope: &Scope, process: &mut Process, notification: Notification<RevisionObject>) {
    let object = |revision: &RevisionObject| Object {
        controller: controller(revision.key, revision.owner),
        deleting: revision.deleting,
        labelled: revision.label != NO_LABELS,
        ready: false,
    };
    let selected = |process: &Process, revision: &RevisionObject| {
        let unlabelled = scope.daemon_sets[usize::from(revision.key)].selects_unlabelled;
        cached(scope, process, revision.key, revision.label != NO_LABELS || unlabelled)
    };
    let switches = &scope.switches;
    let effects = match &notification {
        Notification::Added(new) => handlers::add_revision(switches, &selected(process, new), &object(new)),
        Notification::Updated(old, new) => {
            let change = Change {
                same_version: old.version == new.version,
                controller: old.owner != new.owner,
                labels: old.label != new.label,
            };
            handlers::update_revision(switches, &selected(process, new), &object(old), &object(new), change)
        }
        Notification::Deleted(old) => handlers::delete_revision(&selected(process, old), &object(old)),
    };
    apply(process, &effects);
}

/// EVT-8 to EVT-12. Every event of a stream has a version of its own, so none is taken for a resync.
fn handle_pod(scope: &Scope, process: &mut Process, notification: Notification<PodObject>) {
    let object = |pod: &PodObject| Object {
        controller: controller(pod.owner_key, pod.owner),
        deleting: pod.deleting,
        labelled: pod.labelled,
        ready: pod.ready,
    };
    let name = |pod: &PodObject| PodName(u32::from(pod.name));
    let selected = |process: &Process, pod: &PodObject| cached(scope, process, pod.owner_key, pod.labelled);
    let switches = &scope.switches;
    let (Notification::Added(about) | Notification::Updated(_, about) | Notification::Deleted(about)) = &notification;
    let since = ReadyTimer::Since(about.name);
    let effects = match &notification {
        Notification::Added(new) => {
            handlers::add_pod(switches, &selected(process, new), name(new), &object(new), &suspended(process, new))
        }
        Notification::Updated(old, new) => {
            let change = Change {
                same_version: false,
                controller: old.owner != new.owner,
                labels: old.labelled != new.labelled || old.hash != new.hash,
            };
            let versions = (&object(old), &object(new));
            let waiting = suspended(process, new);
            handlers::update_pod(switches, &selected(process, new), name(new), versions, change, &waiting)
        }
        Notification::Deleted(old) => {
            handlers::delete_pod(&selected(process, old), name(old), &object(old), &suspended(process, old))
        }
    };
    for effect in &effects {
        if let Effect::EnqueueAfter(Key(index), _) = effect {
            let work = &mut process.work[*index as usize];
            work.ready_timer = work.ready_timer.armed(since);
        }
    }
    apply(process, &effects);
}

/// EVT-14, EVT-15, EVT-19.
fn handle_node(scope: &Scope, process: &mut Process, notification: Notification<NodeObject>) {
    let name = |node: &NodeObject| NodeName(u32::from(node.name));
    let switches = &scope.switches;
    let effects = match &notification {
        Notification::Added(new) => handlers::add_node(switches, name(new), &placed(scope, process, new, new)),
        Notification::Updated(old, new) => {
            let changed = old.variant != new.variant;
            let change = NodeChange { labels_or_taints: changed, ignored: !changed };
            handlers::update_node(switches, name(new), change, &placed(scope, process, old, new))
        }
        Notification::Deleted(_) => Effects::new(),
    };
    apply(process, &effects);
}

/// `syncNodeUpdate` (EVT-16): a worker takes a node name.
pub fn node_item(scope: &Scope, process: &mut Process, name: u8) {
    process.node_queue.retain(|queued| *queued != name);
    let Some(node) = process.nodes.store.get(name).copied() else { return };
    let bound: Vec<Controller> = process
        .pods
        .store
        .iter()
        .filter(|pod| pod.bound && pod.target == name)
        .map(|pod| controller(pod.owner_key, pod.owner))
        .collect();
    let effects = handlers::node_item(&scope.switches, &placed(scope, process, &node, &node), &bound);
    apply(process, &effects);
}

/// The `DaemonSet`s that wait for room on the node of `pod` (LEG-14).
fn suspended(process: &Process, pod: &PodObject) -> Vec<Key> {
    let waits = |(of, work): (usize, &Work)| {
        let cached = u8::try_from(of).ok().and_then(|of| process.daemon_sets.store.get(of));
        cached.filter(|_| pod.bound && work.suspended.contains(&pod.target)).map(|object| key(object.key))
    };
    process.work.iter().enumerate().filter_map(waits).collect()
}

/// The owner reference of an object whose owner bears the name of `of`.
fn controller(of: u8, owner: Option<u8>) -> Controller {
    match owner {
        None => Controller::None,
        Some(FOREIGN) => Controller::Other,
        Some(uid) => Controller::DaemonSet(key(of), Uid(u32::from(uid))),
    }
}

/// The `DaemonSet`s of the store; the selector of the one called `of` says `matches` of the event's object.
fn cached(scope: &Scope, process: &Process, of: u8, matches: bool) -> Vec<CachedDaemonSet> {
    let selects = |object: &DaemonSetObject| {
        if matches && (object.key == of || scope.overlapping_selectors) { Selects::Yes } else { Selects::No }
    };
    process
        .daemon_sets
        .store
        .iter()
        .map(|object| CachedDaemonSet {
            key: key(object.key),
            uid: Uid(u32::from(object.uid)),
            min_ready_seconds: scope.strategies[usize::from(object.strategy)].min_ready_seconds,
            selects: selects(object),
        })
        .collect()
}

/// The `DaemonSet`s of the store with their placement on a node before and after an event.
fn placed(scope: &Scope, process: &Process, before: &NodeObject, now: &NodeObject) -> Vec<PlacedDaemonSet> {
    process
        .daemon_sets
        .store
        .iter()
        .map(|object| {
            let on = |node: &NodeObject| view::placement(scope, process, (object.template, object.uid), node);
            PlacedDaemonSet {
                key: key(object.key),
                uid: Uid(u32::from(object.uid)),
                number_misscheduled: i32::from(object.counters[2]),
                before: on(before),
                now: on(now),
            }
        })
        .collect()
}

/// Carries out what a handler does.
fn apply(process: &mut Process, effects: &[Effect]) {
    for effect in effects {
        for (index, work) in process.work.iter_mut().enumerate() {
            effect.apply(Key(u32::try_from(index).expect("few DaemonSets")), &mut work.memory);
        }
        match effect {
            Effect::Enqueue(Key(index)) | Effect::EnqueueRateLimited(Key(index)) => {
                let work = &mut process.work[*index as usize];
                work.queue = work.queue.added();
            }
            Effect::EnqueueNode(NodeName(name)) => {
                let name = u8::try_from(*name).expect("few nodes");
                if !process.node_queue.contains(&name) {
                    process.node_queue.push(name);
                    process.node_queue.sort_unstable();
                }
            }
            Effect::EnqueueAfter(..) // by whoever knows the pod
            | Effect::CreationObserved(..)
            | Effect::DeletionObserved(..)
            | Effect::ForgetExpectations(..)
            | Effect::ForgetOwnWrites(..) => {}
        }
    }
}
