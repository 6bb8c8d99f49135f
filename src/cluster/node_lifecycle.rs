//! The node lifecycle controller and agents on the nodes: a node changes when a pod on it is ready, or is not.

use super::api_server::Store;
use super::moves::{Move, Moves};
use super::object::NodeObject;
use crate::scope::Scope;

/// What becomes of a node by the rules of the scope.
pub fn moves(store: &Store, scope: &Scope, node: &NodeObject) -> Moves {
    rule_moves(store, scope, node).map(|(_, one)| one).collect()
}

/// The same, each move with the number of its rule.
pub fn rule_moves(store: &Store, scope: &Scope, node: &NodeObject) -> impl Iterator<Item = (usize, Move)> {
    let rules = scope.lifecycle.iter().enumerate().filter(|(_, rule)| rule.from == node.variant);
    let due = rules.filter(|(_, rule)| {
        let served = store
            .pods
            .iter()
            .any(|pod| pod.owner_key == rule.daemon_set && pod.target == node.name && pod.ready && !pod.deleting);
        served == rule.when_ready
    });
    due.map(|(number, rule)| (number, Move::Lifecycle(node.name, rule.to)))
}
