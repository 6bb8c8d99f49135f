//! Where behaviours start, and what a new controller process shows.

use smallvec::SmallVec;

use super::informed;
use super::state::{Cluster, Laggard, Machine, Process, User, Work};
use super::view::revision_hash;
use crate::cluster::api_server::{Events, Store};
use crate::cluster::object::{DaemonSetObject, Deleting, NodeObject, PodObject, PodPhase, RevisionObject};
use crate::cluster::presence::Presence;
use crate::cluster::user;
use crate::cluster::watch::{Event, Informer, Notification, Versioned};
use crate::release::{AwaitRevisions, InitialList, Relist};
use crate::scope::{KubeletKind, NodeSpec, Scope, Start};

/// The first cluster of a behaviour; its controller has listed everything and is idle.
pub fn cluster(scope: &Scope) -> Cluster {
    let mut store = Store::default();
    let mut events = Events::new();
    for (name, node) in scope.nodes.iter().enumerate() {
        if let Some(variant) = node.variant {
            store.put_node(NodeObject { name: byte(name), variant }, &mut events);
        }
    }
    if scope.start == Start::Settled {
        settle(scope, &mut store, &mut events);
    }
    for (name, _) in scope.nodes.iter().enumerate().filter(|(_, node)| !node.room) {
        user::fill(&mut store, byte(name), &|_| 0, &mut events);
    }
    let mut controller = process(scope, &store, Laggard::default());
    for event in std::mem::take(&mut controller.revisions.stream) {
        controller.revisions.apply(event);
    }
    controller.node_queue.clear();
    for work in &mut controller.work {
        work.queue = super::state::Queued::No;
    }
    controller.daemon_sets.told.clear();
    controller.revisions.told.clear();
    controller.pods.told.clear();
    controller.nodes.told.clear();
    Cluster {
        machines: scope.nodes.iter().map(machine).collect(),
        controllers: SmallVec::from_iter([controller]),
        laggard: lists_from_the_past(scope).then(|| Box::new(laggard(scope, &store))),
        calls: SmallVec::new(),
        replies: SmallVec::new(),
        scheduler: Presence::Here,
        users: scope.users.iter().map(|_| User::default()).collect(),
        budgets: scope.faults,
        store,
    }
}

/// The machine behind a node name at the start.
fn machine(node: &NodeSpec) -> Machine {
    let kubelet = match node.kubelet {
        KubeletKind::Away => Presence::Away,
        KubeletKind::Runs | KubeletKind::Rejects | KubeletKind::Keeps | KubeletKind::Silent => Presence::Here,
    };
    Machine { kubelet, strangers: Vec::new() }
}

/// The first `DaemonSet` has rolled out its first template everywhere.
fn settle(scope: &Scope, store: &mut Store, events: &mut Events) {
    let (key, template, strategy) = (0, 0, 0);
    let hash = revision_hash(scope, key, template, 0);
    store.uids = 1;
    let placed = |node: &NodeObject| scope.placement[usize::from(template)][usize::from(node.variant)];
    let hosts: Vec<u8> = store.nodes.iter().filter(|node| placed(node).should_run).map(|node| node.name).collect();
    let revision = RevisionObject {
        name: hash,
        uid: 0,
        version: 0,
        key,
        owner: Some(1),
        template,
        number: 1,
        label: hash,
        deleting: false,
    };
    store.put_revision(revision, events);
    for (rank, target) in hosts.iter().enumerate() {
        let pod = PodObject {
            name: byte(rank + 1) * 2,
            owner: Some(1),
            owner_key: key,
            labelled: true,
            target: *target,
            bound: true,
            template,
            hash,
            generation: 1,
            phase: PodPhase::Active,
            ready: true,
            matured: scope.strategies[usize::from(strategy)].min_ready_seconds > 0,
            deleting: false,
            version: 0,
        };
        store.put_pod(pod, events);
    }
    let running = byte(hosts.len());
    let object = DaemonSetObject {
        key,
        uid: 1,
        version: 0,
        generation: 1,
        template,
        template_generation: 1,
        strategy,
        deleting: Deleting::No,
        collisions: 0,
        observed_generation: 1,
        counters: [running, running, 0, running, running, running],
    };
    store.put_daemon_set(object, events);
}

/// Whether anything may list from a lagging API server: the fault, or the release by itself (API-15).
fn lists_from_the_past(scope: &Scope) -> bool {
    let faults = &scope.faults;
    let breaks =
        [faults.daemon_set_watch_break, faults.revision_watch_break, faults.pod_watch_break, faults.node_watch_break];
    let initially = scope.switches.initial_list == InitialList::Any && faults.crash > 0;
    let again = scope.switches.relist == Relist::MayGoBack && breaks.iter().any(|budget| *budget > 0);
    faults.stale_list > 0 || initially || again
}

/// The lagging API server before anything has happened.
fn laggard(scope: &Scope, store: &Store) -> Laggard {
    let lists = scope.lagging_lists;
    let [daemon_sets, revisions, pods, nodes] = store.versions;
    Laggard {
        daemon_sets: lists.daemon_sets.then(|| Informer::listed(&store.daemon_sets, daemon_sets)),
        revisions: lists.revisions.then(|| Informer::listed(&store.revisions, revisions)),
        pods: lists.pods.then(|| Informer::listed(&store.pods, pods)),
        nodes: lists.nodes.then(|| Informer::listed(&store.nodes, nodes)),
    }
}

/// Revisions whose list is still on its way, object by object: each takes the place of an undelivered commit.
fn arriving(listed: Informer<RevisionObject>) -> Informer<RevisionObject> {
    let event = |object: &RevisionObject| Versioned { version: object.version, event: Event::Put(*object) };
    let stream = listed.store.iter().map(event).chain(listed.stream).collect();
    Informer { stream, ..Informer::default() }
}

/// A new process: its lists are fresh, but for those that `past` shows. Workers start once all four lists are there (Q-5;
/// but for the revisions where they do not wait for these, DS-B45); every listed object goes through its add handler, at once unless handlers lag.
pub fn process(scope: &Scope, store: &Store, past: Laggard) -> Process {
    let [daemon_sets, revisions, pods, nodes] = store.versions;
    let listed = past.revisions.unwrap_or_else(|| Informer::listed(&store.revisions, revisions));
    let mut process = Process {
        running: true,
        retiring: false,
        daemon_sets: past.daemon_sets.unwrap_or_else(|| Informer::listed(&store.daemon_sets, daemon_sets)),
        revisions: match scope.switches.await_revisions {
            AwaitRevisions::Yes => listed,
            AwaitRevisions::No => arriving(listed),
        },
        pods: past.pods.unwrap_or_else(|| Informer::listed(&store.pods, pods)),
        nodes: past.nodes.unwrap_or_else(|| Informer::listed(&store.nodes, nodes)),
        node_queue: SmallVec::new(),
        work: scope.daemon_sets.iter().map(|_| Work::default()).collect(),
    };
    for object in &process.daemon_sets.store.clone() {
        informed::daemon_set(scope, &mut process, Notification::Added(*object));
    }
    for object in &process.revisions.store.clone() {
        informed::revision(scope, &mut process, Notification::Added(*object));
    }
    for object in &process.pods.store.clone() {
        informed::pod(scope, &mut process, Notification::Added(*object));
    }
    for object in &process.nodes.store.clone() {
        informed::node(scope, &mut process, Notification::Added(*object));
    }
    process
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).expect("the model's numbers fit a byte")
}
