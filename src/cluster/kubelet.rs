//! Kubelets and the scheduler: what may happen to a pod on its node.

use super::object::{OTHERS, Object, Objects, PodObject, PodPhase};
use crate::scope::{KubeletKind, PodFate, TemplateSpec};

/// Whether the scheduler binds the pod now (API-10, LEG-6): unbound, live, its node there, admitted and with room.
pub fn may_bind(pod: &PodObject, node_admits: bool, room: bool) -> bool {
    !pod.bound && !pod.deleting && pod.is_non_terminal() && node_admits && room
}

/// Whether a pod that came to its node before holds a host port that `pod` needs: the scheduler does not bind it, and the
/// kubelet rejects it where it was created bound.
pub fn port_is_taken(pods: &Objects<PodObject>, templates: &[TemplateSpec], pod: &PodObject) -> bool {
    let ports = |of: &PodObject| templates.get(usize::from(of.template)).map_or(&[] as &[i32], |one| &one.host_ports);
    let holds = |other: &&PodObject| {
        other.template != OTHERS
            && other.bound
            && other.target == pod.target
            && other.is_non_terminal()
            && (other.name() < pod.name || !pod.bound && other.name() != pod.name)
    };
    pods.iter().filter(holds).any(|other| ports(other).iter().any(|port| ports(pod).contains(port)))
}

/// A pod whose status a former machine reported, once the kubelet of the node's new machine has taken it over: its
/// containers start anew (DS-B19).
pub fn taken_over(pod: &PodObject) -> PodObject {
    PodObject { ready: false, matured: false, ..*pod }
}

/// The pod once its kubelet has started it and it has become ready.
pub fn ready(pod: &PodObject, kind: KubeletKind, fate: PodFate) -> Option<PodObject> {
    let starts = pod.bound && !pod.deleting && pod.is_non_terminal() && !pod.ready;
    (starts && matches!(kind, KubeletKind::Runs | KubeletKind::Keeps) && fate == PodFate::Ready).then_some(PodObject {
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
pub fn may_end(pod: &PodObject, kind: KubeletKind) -> bool {
    pod.bound && pod.deleting && kind != KubeletKind::Keeps
}
