//! Where behaviours start, and what a new controller process shows.

use smallvec::SmallVec;

use super::informed;
use super::state::{Cluster, Machine, Process, User, Work};
use super::view::revision_hash;
use crate::cluster::api_server::{Events, Store};
use crate::cluster::object::{DaemonSetObject, Deleting, NodeObject, Objects, PodObject, PodPhase, RevisionObject};
use crate::cluster::watch::{Event, Informer, Notification, Versioned};
use crate::release::AwaitRevisions;
use crate::scope::{Scope, Start};

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
    let mut controller = process(scope, &store, None);
    for event in std::mem::take(&mut controller.revisions.stream) {
        controller.revisions.apply(event);
    }
    controller.node_queue.clear();
    for work in &mut controller.work {
        work.queue = super::state::Queued::No;
    }
    Cluster {
        machines: scope.nodes.iter().map(|node| Machine { kubelet_up: true, room: node.room }).collect(),
        controllers: SmallVec::from_iter([controller]),
        laggard: (scope.faults.stale_list > 0).then(|| informer(&store.pods, store.versions[2])),
        calls: SmallVec::new(),
        replies: SmallVec::new(),
        users: scope.users.iter().map(|_| User::default()).collect(),
        budgets: scope.faults,
        store,
    }
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

fn informer<T: crate::cluster::object::Object>(objects: &Objects<T>, version: u8) -> Informer<T> {
    Informer { store: objects.clone(), synced: version, stream: SmallVec::new() }
}

/// The revisions while their list is still on its way, object by object: each takes the place of an undelivered commit.
fn arriving(revisions: &Objects<RevisionObject>) -> Informer<RevisionObject> {
    let event = |object: &RevisionObject| Versioned { version: object.version, event: Event::Put(*object) };
    Informer { store: Objects::default(), synced: 0, stream: revisions.iter().map(event).collect() }
}

/// A new process: its lists are fresh, but for `pods` where it lists them from a lagging API server. Workers start once
/// all four lists are there (Q-5; but for the revisions where they do not wait for these, DS-B45), and every listed object
/// has gone through its add handler.
pub fn process(scope: &Scope, store: &Store, pods: Option<Informer<PodObject>>) -> Process {
    let mut process = Process {
        running: true,
        retiring: false,
        daemon_sets: informer(&store.daemon_sets, store.versions[0]),
        revisions: match scope.switches.await_revisions {
            AwaitRevisions::Yes => informer(&store.revisions, store.versions[1]),
            AwaitRevisions::No => arriving(&store.revisions),
        },
        pods: pods.unwrap_or_else(|| informer(&store.pods, store.versions[2])),
        nodes: informer(&store.nodes, store.versions[3]),
        node_queue: SmallVec::new(),
        work: scope.daemon_sets.iter().map(|_| Work::default()).collect(),
    };
    for object in &store.daemon_sets {
        informed::daemon_set(scope, &mut process, Notification::Added(*object));
    }
    for object in &process.revisions.store.clone() {
        informed::revision(scope, &mut process, Notification::Added(*object));
    }
    for object in &process.pods.store.clone() {
        informed::pod(scope, &mut process, Notification::Added(*object));
    }
    for object in &store.nodes {
        informed::node(scope, &mut process, Notification::Added(*object));
    }
    process
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).expect("the model's numbers fit a byte")
}
