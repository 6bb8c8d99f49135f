//! The node lifecycle controller, its taint manager, and agents on the nodes.
//!
//! Rules of the scope stand for agents: a node changes when a pod on it is ready, or is not. Where the scope asks for the
//! controller itself, it acts on a silent kubelet and on what a pod does not tolerate, one write a move:
//!
//! - the node gets the unreachable taints, `NoSchedule` and then `NoExecute`, and loses them in that order once its kubelet
//!   reports again (NODE-6);
//! - each pod on it that is ready is marked not ready (NODE-7);
//! - a pod that does not tolerate a `NoExecute` taint of its node is deleted, whoever tainted it (NODE-8).

use super::api_server::Store;
use super::kubelet::Machine;
use super::moves::{Move, Moves};
use super::object::{NodeObject, OTHERS, PodObject};
use crate::scope::{Command, NodeLifecycle, Scope, Unreachable};

/// What becomes of a node and of the pods on it.
pub fn moves(store: &Store, scope: &Scope, machine: &Machine, node: &NodeObject) -> Moves {
    let mut moves: Moves = rule_moves(store, scope, node).map(|(_, one)| one).collect();
    let Some(lifecycle) = &scope.node_lifecycle else { return moves };
    let silent = !machine.reports(scope.nodes[usize::from(node.name)].kubelet);
    let (declared, taints) = lifecycle.parts(node.variant);
    let changed = [Unreachable { no_schedule: silent, ..taints }, Unreachable { no_execute: silent, ..taints }];
    let changed = changed.into_iter().find(|one| *one != taints);
    moves.extend(changed.map(|one| Move::Lifecycle(node.name, lifecycle.variant(declared, one))));
    for pod in store.pods.iter().filter(|pod| pod.bound && pod.target == node.name && pod.template != OTHERS) {
        if silent && pod.ready {
            moves.push(Move::MarkPodNotReady(pod.name));
        }
        if !pod.deleting && lifecycle.evicts[usize::from(pod.template)][usize::from(node.variant)] {
            moves.push(Move::Evict(pod.name));
        }
    }
    moves
}

/// What becomes of a node by the rules of the scope: each move with the number of its rule.
pub fn rule_moves(store: &Store, scope: &Scope, node: &NodeObject) -> impl Iterator<Item = (usize, Move)> {
    let parts = |variant| scope.node_lifecycle.as_ref().map_or((variant, Unreachable::NO), |one| one.parts(variant));
    let (declared, _) = parts(node.variant);
    let rules = scope.lifecycle.iter().enumerate().filter(move |(_, rule)| rule.from == declared);
    let due = rules.filter(|(_, rule)| {
        let served = store
            .pods
            .iter()
            .any(|pod| pod.owner_key == rule.daemon_set && pod.target == node.name && pod.ready && !pod.deleting);
        served == rule.when_ready
    });
    due.map(move |(number, rule)| {
        let to = keeping_taints(scope.node_lifecycle.as_ref(), node.variant, rule.to);
        (number, Move::Lifecycle(node.name, to))
    })
}

/// The command as the API server sees it: who changes a node otherwise leaves the taints of the controller alone.
pub fn leaving_taints_alone(scope: &Scope, store: &Store, command: Command) -> Command {
    match command {
        Command::SetNode(name, to) => {
            let now = store.nodes.get(name).map_or(to, |node| node.variant);
            Command::SetNode(name, keeping_taints(scope.node_lifecycle.as_ref(), now, to))
        }
        other @ (Command::Create(..)
        | Command::Apply(..)
        | Command::SetStrategy(..)
        | Command::Annotate(_)
        | Command::Undo(..)
        | Command::Delete(..)
        | Command::DeletePod(..)
        | Command::UnlabelPod(..)
        | Command::LabelPod(..)
        | Command::ReleasePod(..)
        | Command::CreateOrphan(..)
        | Command::CopyRevision(..)
        | Command::CreateUnlabelledRevision(_)
        | Command::StripRevision(..)
        | Command::Join(..)
        | Command::Leave(_)
        | Command::SetRoom(..)
        | Command::TerminateNamespace
        | Command::AwaitRest) => other,
    }
}

/// The declared variant `to` with the taints that the controller has put on `now`.
fn keeping_taints(lifecycle: Option<&NodeLifecycle>, now: u8, to: u8) -> u8 {
    lifecycle.map_or(to, |lifecycle| {
        let (_, taints) = lifecycle.parts(now);
        lifecycle.variant(to, taints)
    })
}

/// A ready pod of a silent node, marked not ready.
pub fn marked_not_ready(pod: &PodObject) -> Option<PodObject> {
    pod.ready.then_some(PodObject { ready: false, matured: false, ..*pod })
}
