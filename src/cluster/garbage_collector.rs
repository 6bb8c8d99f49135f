//! The garbage collector and Pod GC (section 14.4).

use super::api_server::{Events, Store};
use super::object::{DaemonSetObject, Deleting, FOREIGN};
use crate::release::PodGc;

/// What the collector does with a dependent whose owner has this uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Its owner lives: nothing.
    Kept,
    /// It is deleted (GC-1, GC-3, DEL-3).
    Deleted,
    /// Its owner reference is taken out (DEL-4).
    Orphaned,
}

/// The fate of a dependent.
pub fn fate(store: &Store, owner: Option<u8>) -> Fate {
    let Some(uid) = owner.filter(|uid| *uid != FOREIGN) else { return Fate::Kept };
    match store.daemon_sets.iter().find(|object| object.uid == uid).map(|object| object.deleting) {
        None | Some(Deleting::Foreground) => Fate::Deleted,
        Some(Deleting::Orphan) => Fate::Orphaned,
        Some(Deleting::No) => Fate::Kept,
    }
}

/// Deletes or orphans a pod; false if there is nothing to do.
pub fn collect_pod(store: &mut Store, name: u8, events: &mut Events) -> bool {
    let Some(mut pod) = store.pods.get(name).copied() else { return false };
    match fate(store, pod.owner) {
        Fate::Kept => false,
        Fate::Deleted if pod.deleting => false,
        Fate::Deleted => store.delete_pod(name, events).is_ok(),
        Fate::Orphaned => {
            pod.owner = None;
            store.put_pod(pod, events);
            true
        }
    }
}

/// Deletes or orphans a revision; false if there is nothing to do.
pub fn collect_revision(store: &mut Store, name: u8, events: &mut Events) -> bool {
    let Some(mut revision) = store.revisions.get(name).copied() else { return false };
    match fate(store, revision.owner) {
        Fate::Kept => false,
        Fate::Deleted => store.remove_revision(name, events).is_some(),
        Fate::Orphaned => {
            revision.owner = None;
            store.put_revision(revision, events);
            true
        }
    }
}

/// Whether a `DaemonSet` under deletion has no dependents left, so that it goes.
pub fn may_go(store: &Store, object: &DaemonSetObject) -> bool {
    object.deleting != Deleting::No
        && store.pods.iter().all(|pod| pod.owner != Some(object.uid))
        && store.revisions.iter().all(|revision| revision.owner != Some(object.uid))
}

/// Removes a bound pod whose node is gone (GC-6); false if that does not apply.
pub fn pod_gc(store: &mut Store, name: u8, rule: PodGc, events: &mut Events) -> bool {
    let Some(pod) = store.pods.get(name).copied() else { return false };
    if !pod.bound || store.nodes.get(pod.target).is_some() {
        return false;
    }
    if rule == PodGc::MarksFailed && pod.is_non_terminal() {
        store.put_pod(super::kubelet::fail(&pod), events);
    }
    store.end_pod(name, events);
    true
}
