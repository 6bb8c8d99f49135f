//! Kubelets: what may happen to a pod on its node.

use serde::{Deserialize, Serialize};

use super::api_server::Store;
use super::moves::{Move, Moves};
use super::object::{OTHERS, Object, Objects, PodObject, PodPhase};
use super::presence::Presence;
use crate::manifest::resources::{HostPort, conflict};
use crate::scope::{KubeletKind, PodFate, Scope, TemplateSpec};

/// A machine: what the API server does not know of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// Whether its kubelet works.
    pub kubelet: Presence,
    /// Pods whose status was reported by a machine that bore the node's name before (DS-B19).
    pub strangers: Vec<u8>,
}

impl Machine {
    /// Whether the kubelet of the machine reports anything: it is there, and is not silent by its scope.
    pub fn reports(&self, kind: KubeletKind) -> bool {
        self.kubelet.is_here() && kind != KubeletKind::Silent
    }
}

/// Whether the kubelet of `machine` has a pod running, whose status it alone reports.
pub fn runs(store: &Store, scope: &Scope, machine: &Machine, pod: &PodObject) -> bool {
    machine.reports(scope.nodes[usize::from(pod.target)].kubelet)
        && store.nodes.get(pod.target).is_some()
        && !machine.strangers.contains(&pod.name)
        && pod.bound
        && !pod.deleting
        && pod.is_non_terminal()
}

/// What the kubelet of `machine` does about a pod of its node.
pub fn moves(store: &Store, scope: &Scope, machine: &Machine, pod: &PodObject) -> Moves {
    let mut moves = Moves::new();
    let kind = scope.nodes[usize::from(pod.target)].kubelet;
    if !machine.reports(kind) {
        return moves;
    }
    if store.nodes.get(pod.target).is_some() {
        if machine.strangers.contains(&pod.name) {
            moves.push(Move::TakeOver(pod.name));
        } else {
            // Room and port are looked at once more where the pod was created bound (LEG-11, LEG-15, NODE-12).
            let rejected = pod.bound
                && (port_is_taken(&store.pods, &scope.templates, pod) || came_to_a_full_node(&store.pods, pod));
            let kind = if rejected { KubeletKind::Rejects } else { kind };
            moves.extend(reports(pod, kind, scope.templates[usize::from(pod.template)].pods));
        }
    }
    if unready(pod).is_some() {
        moves.push(Move::PodUnready(pod.name));
    }
    if pod.bound && pod.deleting && kind != KubeletKind::Keeps {
        moves.push(Move::PodEnded(pod.name));
    }
    moves
}

/// What a kubelet reports of a pod that it is to run: ready, or failed because it rejects it (NODE-12) or its containers
/// end.
fn reports(pod: &PodObject, kind: KubeletKind, fate: PodFate) -> Moves {
    let mut moves = Moves::new();
    if !pod.bound || pod.deleting || !pod.is_non_terminal() {
        return moves;
    }
    let runs = matches!(kind, KubeletKind::Runs | KubeletKind::Keeps | KubeletKind::Away);
    if runs && fate == PodFate::Ready && !pod.ready {
        moves.push(Move::PodReady(pod.name));
    }
    if kind == KubeletKind::Rejects || fate == PodFate::Fail {
        moves.push(Move::PodFailed(pod.name));
    }
    moves
}

/// Whether a pod that came to its node before holds a host port that `pod` needs: the scheduler does not bind it, and the
/// kubelet rejects it where it was created bound.
pub fn port_is_taken(pods: &Objects<PodObject>, templates: &[TemplateSpec], pod: &PodObject) -> bool {
    let ports = |of: &PodObject| host_ports(templates, of.template);
    let holds = |other: &&PodObject| {
        other.template != OTHERS
            && other.bound
            && other.target == pod.target
            && other.is_non_terminal()
            && (other.name() < pod.name || !pod.bound && other.name() != pod.name)
    };
    pods.iter().filter(holds).any(|other| conflict(ports(other), ports(pod)))
}

/// The host ports of pods of a template; pods of others ([`OTHERS`]) have none.
pub fn host_ports(templates: &[TemplateSpec], template: u8) -> &[HostPort] {
    templates.get(usize::from(template)).map_or(&[], |one| &one.host_ports)
}

/// Whether others had filled the node of `pod` before it was created, as may be where it was created bound.
fn came_to_a_full_node(pods: &Objects<PodObject>, pod: &PodObject) -> bool {
    let filled = |other: &PodObject| other.template == OTHERS && other.target == pod.target && other.name() < pod.name;
    !pod.ready && pods.iter().any(filled)
}

/// A pod whose status a former machine reported, once the kubelet of the node's new machine has taken it over: its
/// containers start anew (DS-B19).
pub fn taken_over(pod: &PodObject) -> PodObject {
    PodObject { ready: false, matured: false, ..*pod }
}

/// The pod, started and ready.
pub fn started(pod: &PodObject) -> PodObject {
    PodObject { ready: true, matured: false, ..*pod }
}

/// The pod, failed.
pub fn fail(pod: &PodObject) -> PodObject {
    PodObject { phase: PodPhase::Failed, ready: false, matured: false, ..*pod }
}

/// A terminating pod that its kubelet reports not ready.
pub fn unready(pod: &PodObject) -> Option<PodObject> {
    (pod.bound && pod.deleting && pod.ready).then_some(PodObject { ready: false, matured: false, ..*pod })
}
