//! The scheduler (API-10, LEG-6): it binds a pod to the node that the pod's affinity names, or leaves it Pending.

use super::api_server::Store;
use super::kubelet::port_is_taken;
use super::moves::Move;
use super::object::PodObject;
use super::user::is_full;
use crate::scope::Scope;

/// The binding of a pod: it is unbound and live, its node is there and admits it, and has room and ports for it.
pub fn binds(store: &Store, scope: &Scope, pod: &PodObject) -> Option<Move> {
    if pod.bound || pod.deleting || !pod.is_non_terminal() {
        return None;
    }
    let node = store.nodes.get(pod.target)?;
    let admits = scope.admits[usize::from(pod.template)][usize::from(node.variant)];
    let room = !is_full(store, pod.target) && !port_is_taken(&store.pods, &scope.templates, pod);
    (admits && room).then_some(Move::Bind(pod.name))
}
