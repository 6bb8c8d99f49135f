//! Scheduler, kubelets, garbage collector and node lifecycle as actors: each keeps what its watches have shown, and asks
//! for the moves that this calls for.

use stateright::actor::{Id, Out};

use super::{Host, HostState, Message};
use crate::cluster::api_server::{AnyEvent, Store};
use crate::cluster::kubelet::Machine;
use crate::cluster::moves::Move;
use crate::cluster::object::{OTHERS, Object, Objects, PodObject};
use crate::cluster::presence::Presence;
use crate::cluster::watch::Event;
use crate::cluster::{garbage_collector, kubelet, node_lifecycle, scheduler};
use crate::scope::Scope;

/// A host that watches and acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watcher {
    /// The scheduler.
    Scheduler,
    /// The kubelet of a node.
    Kubelet(u8),
    /// The garbage collector and Pod GC.
    GarbageCollector,
    /// The node lifecycle controller.
    NodeLifecycle,
}

/// The moves that `shown` calls for.
pub fn moves(watcher: Watcher, scope: &Scope, shown: &Store) -> Vec<Move> {
    let pods = || shown.pods.iter().filter(|pod: &&PodObject| pod.template != OTHERS);
    match watcher {
        Watcher::Scheduler => pods().filter_map(|pod| scheduler::binds(shown, scope, pod)).collect(),
        Watcher::Kubelet(node) => {
            let machine = Machine { kubelet: Presence::Here, strangers: Vec::new() };
            let mine = pods().filter(|pod| pod.target == node);
            mine.flat_map(|pod| kubelet::moves(shown, scope, &machine, pod)).collect()
        }
        Watcher::GarbageCollector => {
            let of_pods = shown.pods.iter().flat_map(|pod| garbage_collector::pod_moves(shown, pod));
            of_pods.chain(garbage_collector::other_moves(shown)).collect()
        }
        Watcher::NodeLifecycle => {
            let machine = Machine { kubelet: Presence::Here, strangers: Vec::new() };
            shown.nodes.iter().flat_map(|node| node_lifecycle::moves(shown, scope, &machine, node)).collect()
        }
    }
}

pub(super) fn started(watcher: Watcher, scope: &Scope, api_server: Id, shown: Store, out: &mut Out<Host>) -> HostState {
    let mut asked = Vec::new();
    ask(watcher, scope, api_server, &shown, &mut asked, out);
    HostState::Watcher(Box::new(shown), asked)
}

pub(super) fn on_event(
    watcher: Watcher,
    scope: &Scope,
    api_server: Id,
    shown: &mut Store,
    asked: &mut Vec<Move>,
    event: AnyEvent,
    out: &mut Out<Host>,
) {
    match event {
        AnyEvent::DaemonSet(event) => take(&mut shown.daemon_sets, event.event),
        AnyEvent::Revision(event) => take(&mut shown.revisions, event.event),
        AnyEvent::Pod(event) => take(&mut shown.pods, event.event),
        AnyEvent::Node(event) => take(&mut shown.nodes, event.event),
    }
    ask(watcher, scope, api_server, shown, asked, out);
}

fn take<T: Object>(objects: &mut Objects<T>, event: Event<T>) {
    match event {
        Event::Put(object) => {
            objects.put(object);
        }
        Event::Deleted(object) => {
            objects.remove(object.name());
        }
        Event::Bookmark => {}
    }
}

/// Asks for what is called for and was not asked for already.
fn ask(watcher: Watcher, scope: &Scope, api_server: Id, shown: &Store, asked: &mut Vec<Move>, out: &mut Out<Host>) {
    let due = moves(watcher, scope, shown);
    for one in due.iter().filter(|one| !asked.contains(one)) {
        out.send(api_server, Message::Move(*one));
    }
    *asked = due;
}
