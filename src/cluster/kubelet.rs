//! Kubelets and the scheduler: what may happen to a pod on its node.

use super::object::{PodObject, PodPhase};
use crate::scope::{KubeletKind, PodFate};

/// Whether the scheduler binds the pod now (API-10, LEG-6): unbound, live, its node there, admitted and with room.
pub fn may_bind(pod: &PodObject, node_admits: bool, room: bool) -> bool {
    !pod.bound && !pod.deleting && pod.is_non_terminal() && node_admits && room
}

/// The pod once its kubelet has started it and it has become ready.
pub fn ready(pod: &PodObject, kind: KubeletKind, fate: PodFate) -> Option<PodObject> {
    let starts = pod.bound && !pod.deleting && pod.is_non_terminal() && !pod.ready;
    (starts && kind == KubeletKind::Runs && fate == PodFate::Ready).then_some(PodObject {
        ready: true,
        matured: false,
        ..*pod
    })
}

/// The pod once its kubelet has rejected it (NODE-12) or its containers have failed.
pub fn failed(pod: &PodObject, kind: KubeletKind, fate: PodFate) -> Option<PodObject> {
    let starts = pod.bound && !pod.deleting && pod.is_non_terminal();
    (starts && (kind == KubeletKind::Rejects || fate == PodFate::Fail)).then(|| fail(pod))
}

/// The pod, failed.
pub fn fail(pod: &PodObject) -> PodObject {
    PodObject { phase: PodPhase::Failed, ready: false, matured: false, ..*pod }
}

/// A terminating pod that its kubelet reports not ready.
pub fn unready(pod: &PodObject) -> Option<PodObject> {
    (pod.bound && pod.deleting && pod.ready).then_some(PodObject { ready: false, matured: false, ..*pod })
}

/// Whether the kubelet may end the pod: it terminates.
pub fn may_end(pod: &PodObject) -> bool {
    pod.bound && pod.deleting
}
