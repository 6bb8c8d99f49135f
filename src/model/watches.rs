//! The four watches of a process: events that enter its stores, and watches that break.

use super::action::{Action, Resource};
use super::compose::{DaemonSetModel, Steps, byte};
use super::informed;
use super::serialisation::read_by;
use super::state::{Cluster, Laggard, Process};
use crate::cluster::object::{DaemonSetObject, NodeObject, Object, PodObject, RevisionObject};
use crate::cluster::watch::{Event, Informer, Notification, Versioned};
use crate::release::{InformerOrder, Relist};
use crate::scope::{Faults, Scope};

/// One watch of a process: where to find it, how it reads what an API server lists, whom it tells, and how often it may
/// break.
struct Watch<T: Copy> {
    resource: Resource,
    of: fn(&Process) -> &Informer<T>,
    of_mut: fn(&mut Process) -> &mut Informer<T>,
    past: fn(&Laggard) -> Option<&Informer<T>>,
    read: fn(&Scope, &Process, T) -> T,
    tell: fn(&Scope, &mut Process, Notification<T>),
    budget: fn(&mut Faults) -> &mut u8,
}

const DAEMON_SETS: Watch<DaemonSetObject> = Watch {
    resource: Resource::DaemonSets,
    of: |process| &process.daemon_sets,
    of_mut: |process| &mut process.daemon_sets,
    past: |laggard| laggard.daemon_sets.as_ref(),
    read: read_by,
    tell: informed::daemon_set,
    budget: |budgets| &mut budgets.daemon_set_watch_break,
};

const REVISIONS: Watch<RevisionObject> = Watch {
    resource: Resource::Revisions,
    of: |process| &process.revisions,
    of_mut: |process| &mut process.revisions,
    past: |laggard| laggard.revisions.as_ref(),
    read: |_, _, object| object,
    tell: informed::revision,
    budget: |budgets| &mut budgets.revision_watch_break,
};

const PODS: Watch<PodObject> = Watch {
    resource: Resource::Pods,
    of: |process| &process.pods,
    of_mut: |process| &mut process.pods,
    past: |laggard| laggard.pods.as_ref(),
    read: |_, _, object| object,
    tell: informed::pod,
    budget: |budgets| &mut budgets.pod_watch_break,
};

const NODES: Watch<NodeObject> = Watch {
    resource: Resource::Nodes,
    of: |process| &process.nodes,
    of_mut: |process| &mut process.nodes,
    past: |laggard| laggard.nodes.as_ref(),
    read: |_, _, object| object,
    tell: informed::node,
    budget: |budgets| &mut budgets.node_watch_break,
};

impl DaemonSetModel {
    /// Watch events entering the stores of a process.
    pub(super) fn deliveries(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        self.handlers(cluster, controller, steps);
        self.events_of(cluster, controller, &DAEMON_SETS, steps);
        self.events_of(cluster, controller, &REVISIONS, steps);
        self.events_of(cluster, controller, &PODS, steps);
        self.events_of(cluster, controller, &NODES, steps);
    }

    fn events_of<T: Object>(&self, cluster: &Cluster, controller: u8, watch: &Watch<T>, steps: &mut Steps) {
        let index = usize::from(controller);
        let informer = (watch.of)(&cluster.controllers[index]);
        let Some(name) = deliverable(informer, self.scope.lag.handlers) else { return };
        let follower = follower(informer, self.scope.switches.informer_order);
        for follower in [None].into_iter().chain(follower.map(Some)) {
            let mut next = cluster.clone();
            let process = &mut next.controllers[index];
            let informer = (watch.of_mut)(process);
            let event = informer.stream.remove(0);
            if let Some(at) = follower {
                let follower = informer.stream.remove(at - 1);
                informer.stream.insert(0, follower);
            }
            if let Some(told) = informer.apply(event) {
                (watch.tell)(&self.scope, process, told);
            }
            let together = follower.is_some();
            steps.push((Action::Deliver { controller, resource: watch.resource, name, together }, next));
        }
    }

    /// Handlers that take a notification, where they lag behind the stores.
    fn handlers(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        if self.scope.lag.handlers == 0 {
            return;
        }
        let process = &cluster.controllers[usize::from(controller)];
        let told = |resource: &Resource| match resource {
            Resource::DaemonSets => process.daemon_sets.told.len(),
            Resource::Revisions => process.revisions.told.len(),
            Resource::Pods => process.pods.told.len(),
            Resource::Nodes => process.nodes.told.len(),
        };
        for resource in Resource::ALL.into_iter().filter(|resource| told(resource) > 0) {
            let mut next = cluster.clone();
            if informed::handle(&self.scope, &mut next.controllers[usize::from(controller)], resource) {
                steps.push((Action::Notify { controller, resource }, next));
            }
        }
    }

    /// Watches that break, and bookmarks.
    pub(super) fn watch_faults(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        self.broken_watch(cluster, controller, &DAEMON_SETS, steps);
        self.broken_watch(cluster, controller, &REVISIONS, steps);
        self.broken_watch(cluster, controller, &PODS, steps);
        self.broken_watch(cluster, controller, &NODES, steps);
        Self::bookmarks(cluster, controller, steps);
    }

    /// A watch breaks, and lists again.
    fn broken_watch<T: Object>(&self, cluster: &Cluster, controller: u8, watch: &Watch<T>, steps: &mut Steps) {
        let mut spent = cluster.budgets;
        let budget = (watch.budget)(&mut spent);
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        let before = Cluster { budgets: spent, ..cluster.clone() };
        let index = usize::from(controller);
        let back = self.scope.switches.relist == Relist::MayGoBack;
        let past = cluster.laggard.as_deref().filter(|_| back).and_then(watch.past);
        for (lagging, seen, list) in lists((watch.of)(&before.controllers[index]), past) {
            let mut next = before.clone();
            let process = &mut next.controllers[index];
            let list = list.map(|object| (watch.read)(&self.scope, process, object));
            for told in (watch.of_mut)(process).replace(list) {
                (watch.tell)(&self.scope, process, told);
            }
            steps.push((Action::BreakWatch { controller, resource: watch.resource, lagging, seen }, next));
        }
    }

    fn bookmarks(cluster: &Cluster, controller: u8, steps: &mut Steps) {
        if cluster.budgets.bookmark == 0 {
            return;
        }
        let [daemon_sets, _, pods, _] = cluster.store.versions;
        let mut next = cluster.clone();
        next.budgets.bookmark -= 1;
        let mut other = next.clone();
        let bookmark = Versioned { version: pods, event: Event::Bookmark };
        next.controllers[usize::from(controller)].pods.stream.push(bookmark);
        steps.push((Action::Bookmark { controller, resource: Resource::Pods }, next));
        let bookmark = Versioned { version: daemon_sets, event: Event::Bookmark };
        other.controllers[usize::from(controller)].daemon_sets.stream.push(bookmark);
        steps.push((Action::Bookmark { controller, resource: Resource::DaemonSets }, other));
    }
}

/// The object of the event that is delivered next (API-14). None while as many notifications wait for the handler as may.
fn deliverable<T: Object>(informer: &Informer<T>, handlers: u8) -> Option<u8> {
    let has_room = handlers == 0 || informer.told.len() < usize::from(handlers);
    informer.stream.first().filter(|_| has_room).map(subject)
}

/// Where in the stream the event is that may come together with the first one, before older ones of other objects. Up to 1.32
/// the queue of an informer is one of objects, at the place of the oldest event of each, and all that has arrived of the
/// first object is taken at once (API-22).
fn follower<T: Object>(informer: &Informer<T>, order: InformerOrder) -> Option<usize> {
    let first = match order {
        InformerOrder::Stream => return None,
        InformerOrder::PerObject => informer.stream.first().map(subject)?,
    };
    let follows = informer.stream.iter().skip(1).position(|event| subject(event) == first)? + 1;
    (follows > 1).then_some(follows)
}

/// The name of the object that an event is about; 0 for a bookmark.
fn subject<T: Object>(versioned: &Versioned<T>) -> u8 {
    match &versioned.event {
        Event::Put(object) | Event::Deleted(object) => object.name(),
        Event::Bookmark => 0,
    }
}

/// The lists that a broken watch may be followed by: not older than what the store shows (API-15), and, from the lagging
/// API server `past` if it is given, older ones.
fn lists<T: Object>(informer: &Informer<T>, past: Option<&Informer<T>>) -> Vec<(bool, u8, Informer<T>)> {
    let newer = (1..=informer.stream.len()).map(|seen| (false, byte(seen), informer.advanced(seen)));
    let older = past.into_iter().flat_map(|past| {
        (0..=past.stream.len())
            .map(|seen| (true, byte(seen), past.advanced(seen)))
            .filter(|(_, _, list)| list.synced < informer.synced)
    });
    newer.chain(older).collect()
}
