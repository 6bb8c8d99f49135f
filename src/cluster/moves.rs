//! What the hosts other than the controller ask of the API server: one move, one write.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::api_server::{Events, Store};
use super::garbage_collector as gc;
use super::kubelet::{self, Machine};
use super::node_lifecycle;
use super::object::{Key, List, NodeObject, PodObject};
use crate::release::PodGc;

/// A move of scheduler, kubelet, garbage collector or node lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Move {
    /// The scheduler binds a pod.
    Bind(u8),
    /// The kubelet reports a pod ready.
    PodReady(u8),
    /// The kubelet reports a pod failed.
    PodFailed(u8),
    /// The kubelet reports a terminating pod not ready.
    PodUnready(u8),
    /// The kubelet has ended a terminating pod.
    PodEnded(u8),
    /// The kubelet of a new machine takes over a pod that a former one of that name ran.
    TakeOver(u8),
    /// Pod GC removes a pod of a vanished node.
    PodGc(u8),
    /// The garbage collector deletes or orphans a pod.
    CollectPod(u8),
    /// The garbage collector deletes or orphans a revision.
    CollectRevision(u8),
    /// The garbage collector lets a `DaemonSet` go.
    FinishDelete(Key),
    /// A node changes to another variant: node, variant.
    Lifecycle(u8, u8),
    /// The node lifecycle controller marks a pod of a silent node not ready.
    MarkPodNotReady(u8),
    /// The taint manager deletes a pod that does not tolerate a `NoExecute` taint of its node.
    Evict(u8),
}

/// The moves that one object gives rise to.
pub type Moves = SmallVec<[Move; 4]>;

impl Move {
    /// Carries the move out against what is stored now; false: the object has changed since the host looked, and nothing
    /// happens (API-1).
    pub fn carry_out(
        self,
        store: &mut Store,
        machines: &mut List<Machine>,
        pod_gc: PodGc,
        events: &mut Events,
    ) -> bool {
        match self {
            Self::Bind(name) => put(store, name, events, |pod| {
                (!pod.bound && !pod.deleting).then_some(PodObject { bound: true, ..*pod })
            }),
            Self::PodReady(name) => put(store, name, events, |pod| {
                (!pod.deleting && !pod.ready && pod.is_non_terminal()).then(|| kubelet::started(pod))
            }),
            Self::PodFailed(name) => {
                put(store, name, events, |pod| (!pod.deleting && pod.is_non_terminal()).then(|| kubelet::fail(pod)))
            }
            Self::PodUnready(name) => put(store, name, events, kubelet::unready),
            Self::PodEnded(name) => {
                let there = store.pods.get(name).is_some_and(|pod| pod.deleting);
                if there {
                    store.end_pod(name, events);
                }
                there
            }
            Self::TakeOver(name) => {
                let Some(pod) = store.pods.get(name).copied() else { return false };
                machines[usize::from(pod.target)].strangers.retain(|stranger| *stranger != name);
                if !pod.deleting {
                    store.put_pod(kubelet::taken_over(&pod), events);
                }
                true
            }
            Self::PodGc(name) => {
                let Some(pod) = store.pods.get(name).copied().filter(|pod| gc::is_stranded(store, pod)) else {
                    return false;
                };
                gc::pod_gc(store, &pod, pod_gc, events);
                true
            }
            Self::CollectPod(name) => {
                store.pods.get(name).copied().is_some_and(|pod| gc::collect_pod(store, &pod, events))
            }
            Self::CollectRevision(name) => store
                .revisions
                .get(name)
                .copied()
                .is_some_and(|revision| gc::collect_revision(store, &revision, events)),
            Self::FinishDelete(key) => {
                let goes = store.daemon_sets.get(key).is_some_and(|object| gc::may_go(store, object));
                if goes {
                    store.remove_daemon_set(key, events);
                }
                goes
            }
            Self::Lifecycle(name, variant) => {
                let Some(node) = store.nodes.get(name).copied().filter(|node| node.variant != variant) else {
                    return false;
                };
                store.put_node(NodeObject { variant, ..node }, events);
                true
            }
            Self::MarkPodNotReady(name) => put(store, name, events, node_lifecycle::marked_not_ready),
            Self::Evict(name) => {
                let stays = store.pods.get(name).is_some_and(|pod| !pod.deleting);
                stays && store.delete_pod(name, events).is_ok()
            }
        }
    }
}

/// Stores what `changed` makes of a pod, if it makes anything.
fn put(
    store: &mut Store,
    name: u8,
    events: &mut Events,
    changed: impl FnOnce(&PodObject) -> Option<PodObject>,
) -> bool {
    match store.pods.get(name).and_then(changed) {
        Some(pod) => {
            store.put_pod(pod, events);
            true
        }
        None => false,
    }
}
