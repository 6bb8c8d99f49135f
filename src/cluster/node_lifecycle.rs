//! The node lifecycle controller and agents on the nodes: a node changes when a pod on it is ready, or is not.

use super::api_server::Store;
use super::moves::{Move, Moves};
use super::object::NodeObject;
use crate::scope::Scope;

/// What becomes of a node by the rules of the scope.
pub fn moves(store: &Store, scope: &Scope, node: &NodeObject) -> Moves {
    let rules = scope.lifecycle.iter().filter(|rule| rule.from == node.variant);
    let due = rules.filter(|rule| {
        let served = store
            .pods
            .iter()
            .any(|pod| pod.owner_key == rule.daemon_set && pod.target == node.name && pod.ready && !pod.deleting);
        served == rule.when_ready
    });
    due.map(|rule| Move::Lifecycle(node.name, rule.to)).collect()
}
