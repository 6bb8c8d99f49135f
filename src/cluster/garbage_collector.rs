//! The garbage collector and Pod GC (section 14.4).

use super::api_server::{Events, Store};
use super::moves::{Move, Moves};
use super::object::{DaemonSetObject, Deleting, FOREIGN, PodObject, RevisionObject};
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

/// The fate of a pod: one that terminates is not deleted again.
pub fn pod_fate(store: &Store, pod: &PodObject) -> Fate {
    match fate(store, pod.owner) {
        Fate::Deleted if pod.deleting => Fate::Kept,
        fate @ (Fate::Kept | Fate::Deleted | Fate::Orphaned) => fate,
    }
}

/// What Pod GC and the garbage collector do about a pod.
pub fn pod_moves(store: &Store, pod: &PodObject) -> Moves {
    let mut moves = Moves::new();
    if is_stranded(store, pod) {
        moves.push(Move::PodGc(pod.name));
    }
    if pod_fate(store, pod) != Fate::Kept {
        moves.push(Move::CollectPod(pod.name));
    }
    moves
}

/// What the garbage collector does about revisions, and about `DaemonSet`s whose dependents are gone.
pub fn other_moves(store: &Store) -> Moves {
    let revisions = store.revisions.iter().filter(|revision| fate(store, revision.owner) != Fate::Kept);
    let collected = revisions.map(|revision| Move::CollectRevision(revision.name));
    let gone = store.daemon_sets.iter().filter(|object| may_go(store, object));
    collected.chain(gone.map(|object| Move::FinishDelete(object.key))).collect()
}

/// Deletes or orphans a pod; false if there is nothing to do.
pub fn collect_pod(store: &mut Store, pod: &PodObject, events: &mut Events) -> bool {
    match pod_fate(store, pod) {
        Fate::Kept => false,
        Fate::Deleted => store.delete_pod(pod.name, events).is_ok(),
        Fate::Orphaned => {
            if !store.kept.contains(&pod.name) {
                store.kept.push(pod.name);
                store.kept.sort_unstable();
            }
            store.put_pod(PodObject { owner: None, ..*pod }, events);
            true
        }
    }
}

/// Deletes or orphans a revision; false if there is nothing to do.
pub fn collect_revision(store: &mut Store, revision: &RevisionObject, events: &mut Events) -> bool {
    match fate(store, revision.owner) {
        Fate::Kept => false,
        Fate::Deleted => store.remove_revision(revision.name, events).is_some(),
        Fate::Orphaned => {
            store.put_revision(RevisionObject { owner: None, ..*revision }, events);
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

/// Whether a pod is bound to a node that is gone: Pod GC removes it.
pub fn is_stranded(store: &Store, pod: &PodObject) -> bool {
    pod.bound && store.nodes.get(pod.target).is_none()
}

/// Removes a stranded pod (GC-6).
pub fn pod_gc(store: &mut Store, pod: &PodObject, rule: PodGc, events: &mut Events) {
    if rule == PodGc::MarksFailed && pod.is_non_terminal() {
        store.put_pod(super::kubelet::fail(pod), events);
    }
    store.end_pod(pod.name, events);
}
