//! A view as a line of a vector file: the question, and what our functions of that release answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::objects::{NOW, Objects};
use super::versions::Versions;
use crate::cluster::api_server::Store;
use crate::cluster::object::{Key, Object};
use crate::cluster::watch::{Event as WatchEvent, Informer};
use crate::controller::memory;
use crate::controller::queue::Queued;
use crate::controller::record::{ResourceVersion, Symbol};
use crate::model::action::Resource;
use crate::model::state::{Cluster, Process};
use crate::release::{Gate, Profile, UPSTREAM_TAG};
use crate::scope::{ControllerKind, ModelFile};
use crate::vectors::json::time;
use crate::vectors::question::{
    Action, ApiDifference, Cache, Change, Delivery, Event, Fault, Given, Line, Moment, QueueState, Synced,
};
use crate::vectors::subject::Subject;
use crate::vectors::wire::{Backoff, Expectations, OwnWrites};
use crate::vectors::{BadVector, handlers, sync};

/// How old an expectation is that has expired, and one that has not (EXP-5). Unit: seconds.
const EXPIRED_AGE: i64 = 400;
const FRESH_AGE: i64 = 5;

/// What is asked of one process in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// A sync of this key begins; nothing reaches the stores until it ends.
    Sync(Key),
    /// The same, but what is on its way ([`Arrivals`]) reaches the stores in its middle.
    Midsync(Key, Pause),
    /// The oldest watch event of the stream enters the store, and its handler runs.
    Event(Resource),
    /// A worker takes this node from the node queue.
    NodeItem(u8),
}

/// A place at which the model's syncs wait, and events may come between (D-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pause {
    /// Before the expectations are examined for the rolling update (SYNC-12).
    Rollout,
    /// Before the pods are listed for the status.
    Status,
}

/// How many events at the head of each stream a delivery can state: each is the only one of its object on its way, so that
/// what arrives is what the API server has, and changes what the cache shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arrivals {
    /// Of `DaemonSet`s.
    pub daemon_sets: usize,
    /// Of revisions.
    pub revisions: usize,
    /// Of pods.
    pub pods: usize,
    /// Of nodes.
    pub nodes: usize,
}

impl Arrivals {
    /// Those on their way to `process` that a sync of `key` can state: of `DaemonSet`s it has only its own.
    pub fn of(process: &Process, key: Key) -> Self {
        let own = process.daemon_sets.stream.iter().take(head(&process.daemon_sets));
        let own = own.take_while(|versioned| match versioned.event {
            WatchEvent::Put(ds) | WatchEvent::Deleted(ds) => ds.key == key,
            WatchEvent::Bookmark => false,
        });
        Self {
            daemon_sets: own.count(),
            revisions: head(&process.revisions),
            pods: head(&process.pods),
            nodes: head(&process.nodes),
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self { daemon_sets: 0, revisions: 0, pods: 0, nodes: 0 }
    }
}

fn head<T: Object>(informer: &Informer<T>) -> usize {
    let name = |event: &WatchEvent<T>| match event {
        WatchEvent::Put(object) | WatchEvent::Deleted(object) => Some(object.name()),
        WatchEvent::Bookmark => None,
    };
    let stated = |event: &WatchEvent<T>| {
        let of_it = informer.stream.iter().filter(|other| name(&other.event) == name(event)).count();
        of_it == 1
            && match event {
                WatchEvent::Put(object) => informer.store.get(object.name()) != Some(object),
                WatchEvent::Deleted(object) => informer.store.get(object.name()).is_some(),
                WatchEvent::Bookmark => false,
            }
    };
    informer.stream.iter().take_while(|versioned| stated(&versioned.event)).count()
}

/// The release whose functions a model's questions are for.
pub fn release(profile: &Profile) -> &'static str {
    match profile.name {
        "v1.36" => UPSTREAM_TAG,
        "v1.28" => "v1.28.15",
        "v1.20" => "v1.20.15",
        "v1.12" => "v1.12.10",
        "v1.11-scheduler" => "v1.11.10",
        other => other,
    }
}

/// Makes the lines of one model.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    file: &'a ModelFile,
    /// The model's objects.
    pub objects: Objects<'a>,
}

impl<'a> Lines<'a> {
    /// Those of `file`.
    pub fn of(file: &'a ModelFile) -> Self {
        Self { file, objects: Objects::of(file) }
    }

    /// The question, without an answer.
    pub fn question(&self, cluster: &Cluster, controller: usize, asked: Asked) -> Line {
        let process = &cluster.controllers[controller];
        let versions = Versions::of(process, &cluster.store);
        let (given, now) = match asked {
            Asked::Sync(key) => (self.sync(process, &cluster.store, &versions, key), Some(time(NOW))),
            Asked::Midsync(key, pause) => {
                (self.midsync(process, &cluster.store, &versions, key, pause), Some(time(NOW)))
            }
            Asked::Event(resource) => (self.event(process, &versions, resource), None),
            Asked::NodeItem(node) => (self.node_item(process, &versions, node), None),
        };
        let gate = self.objects.scope.switches.gate != Gate::Off;
        let mut gates = BTreeMap::from([("StaleControllerConsistencyDaemonSet".to_owned(), gate)]);
        if self.file.profile.name.ends_with("-scheduler") || self.file.profile.name == "v1.12" {
            gates.insert("ScheduleDaemonSetPods".to_owned(), true);
        }
        Line {
            id: String::new(),
            release: Some(release(self.file.profile).to_owned()),
            family: Some(self.objects.scope.name.clone()),
            of: None,
            what: None,
            gates,
            now,
            given: Some(given),
            outcomes: None,
            expected: None,
            gate_on: None,
            scheduler: None,
            same: false,
            skipped: None,
            gate: None,
            lost: Vec::new(),
        }
    }

    /// Answers a question as the release does whose name it bears.
    ///
    /// # Errors
    ///
    /// If it is no question.
    pub fn answer(&self, line: &mut Line) -> Result<(), BadVector> {
        let subject = Subject::of(self.file.profile).with_gates(&line.gates);
        let given = line.given.as_ref().ok_or_else(|| BadVector::new("`given` is missing"))?;
        if given.event.is_some() {
            line.expected = Some(serde_json::to_value(handlers::answer(&subject, given)?)?);
        } else {
            line.outcomes = Some(sync::outcomes(&subject, line, given)?.into_iter().collect());
        }
        Ok(())
    }

    fn sync(&self, process: &Process, store: &Store, versions: &Versions, key: Key) -> Given {
        let objects = &self.objects;
        let work = &process.work[usize::from(key)];
        let cached = process.daemon_sets.store.get(key);
        let backoff = work.backoff.iter().filter(|record| {
            cached.is_some_and(|ds| record.uid == ds.uid && record.observed_generation == ds.observed_generation)
        });
        let backoff = backoff.map(|record| Backoff {
            node: objects.node_name(record.node).to_owned(),
            seconds: 1, // D-07: the first of its kind.
            age_seconds: 0,
        });
        let hash = |ds| crate::model::view::daemon_set(objects.scope, ds).template_hash;
        Given {
            key: Some(objects.key(key)),
            cache: Some(Cache {
                daemon_set: cached.map(|ds| objects.daemon_set(ds)),
                daemon_sets: Vec::new(),
                revisions: process.revisions.store.iter().map(|revision| objects.revision(revision)).collect(),
                pods: process.pods.store.iter().map(|pod| objects.pod(pod, versions.cached_pod(pod))).collect(),
                nodes: process.nodes.store.iter().map(|node| objects.node(node)).collect(),
            }),
            current_hash: cached
                .map(|ds| {
                    let Symbol(hash) = hash(ds);
                    Objects::hash(hash)
                })
                .unwrap_or_default(),
            expectations: json!(work.memory.expectations.map(expectations)),
            backoff: backoff.collect(),
            consistency: json!(work.memory.own_writes.map(|own| own_writes(versions, &own))),
            // Only compared with own writes.
            synced: work.memory.own_writes.map(|_| Synced {
                pods: versions.pods(process.pods.synced).to_string(),
                daemonsets: Versions::daemon_sets(process.daemon_sets.synced).to_string(),
            }),
            api: if cached.is_some() {
                self.difference(process, store, versions, key)
            } else {
                ApiDifference::default()
            },
            faults: self.taken_names(process, store, key),
            ..Given::default()
        }
    }

    /// What the API server has that the caches do not show, or show differently.
    fn difference(&self, process: &Process, store: &Store, versions: &Versions, key: Key) -> ApiDifference {
        let objects = &self.objects;
        let daemon_set = store.daemon_sets.get(key);
        let mut gone = Vec::new();
        if daemon_set.is_none() {
            gone.push(format!("DaemonSet/{}", objects.daemon_set_name(key)));
        }
        let missing = process.revisions.store.iter().filter(|cached| store.revisions.get(cached.name).is_none());
        gone.extend(missing.map(|one| format!("ControllerRevision/{}", objects.revision_name(u32::from(one.name)))));
        let missing = process.pods.store.iter().filter(|cached| store.pods.get(cached.name).is_none());
        gone.extend(missing.map(|pod| format!("Pod/{}", objects.pod_name(pod))));
        let daemon_set = daemon_set.filter(|ds| process.daemon_sets.store.get(key) != Some(ds));
        let revisions = store.revisions.iter().filter(|one| process.revisions.store.get(one.name) != Some(one));
        let pods = store.pods.iter().filter(|pod| process.pods.store.get(pod.name) != Some(pod));
        ApiDifference {
            daemon_set: daemon_set.map(|ds| objects.daemon_set(ds)),
            revisions: revisions.map(|revision| objects.revision(revision)).collect(),
            pods: pods.map(|pod| objects.pod(pod, versions.stored_pod(pod))).collect(),
            gone,
        }
    }

    /// Names that are taken when the controller chooses them itself (section 18.4 of the reference).
    fn taken_names(&self, process: &Process, store: &Store, key: Key) -> Vec<Fault> {
        let Some(ds) = process.daemon_sets.store.get(key) else { return Vec::new() };
        if self.objects.scope.controller == ControllerKind::Upstream {
            return Vec::new();
        }
        let mut nodes: Vec<u8> =
            store.pods.iter().filter(|pod| pod.owner == Some(ds.uid)).map(|pod| pod.target).collect();
        nodes.dedup();
        let taken = |node: &u8| Fault {
            verb: Some("create".to_owned()),
            kind: Some("Pod".to_owned()),
            name: Some(self.objects.node_name(*node).to_owned()),
            skip: 0,
            times: None,
            error: "AlreadyExists".to_owned(),
            committed: false,
        };
        nodes.iter().map(taken).collect()
    }

    fn midsync(&self, process: &Process, store: &Store, versions: &Versions, key: Key, pause: Pause) -> Given {
        let objects = &self.objects;
        let arrivals = Arrivals::of(process, key);
        let mut given = self.sync(process, store, versions, key);
        let arrive = |kind: &str, name: String| Change {
            kind: kind.to_owned(),
            name,
            action: Action::Arrive,
            object: None,
            patch: None,
        };
        let mut events = Vec::new();
        for event in &process.daemon_sets.stream[..arrivals.daemon_sets] {
            if let WatchEvent::Put(ds) | WatchEvent::Deleted(ds) = &event.event {
                events.push(arrive("DaemonSet", objects.daemon_set_name(ds.key).to_owned()));
            }
        }
        for event in &process.revisions.stream[..arrivals.revisions] {
            if let WatchEvent::Put(revision) | WatchEvent::Deleted(revision) = &event.event {
                events.push(arrive("ControllerRevision", objects.revision_name(u32::from(revision.name))));
            }
        }
        for event in &process.pods.stream[..arrivals.pods] {
            if let WatchEvent::Put(pod) | WatchEvent::Deleted(pod) = &event.event {
                events.push(arrive("Pod", objects.pod_name(pod)));
            }
        }
        for event in &process.nodes.stream[..arrivals.nodes] {
            // The nodes of the API server are those of the cache at first.
            let (action, node) = match &event.event {
                WatchEvent::Put(node) => (Action::Put, node),
                WatchEvent::Deleted(node) => (Action::Delete, node),
                WatchEvent::Bookmark => continue,
            };
            let object = (action == Action::Put).then(|| objects.node(node));
            let name = objects.node_name(node.name).to_owned();
            events.push(Change { kind: "Node".to_owned(), name, action, object, patch: None });
        }
        let at = match pause {
            Pause::Rollout => Moment { check: Some("rollout".to_owned()), ..Moment::default() },
            Pause::Status => Moment { read: Some("status".to_owned()), ..Moment::default() },
        };
        given.deliveries = vec![Delivery { at, events }];
        given
    }

    /// The stores and memories that a handler finds. `stores` tells which others than that of `DaemonSet`s it can look into.
    fn stores(&self, process: &Process, versions: &Versions, stores: Looks) -> Given {
        let objects = &self.objects;
        let (mut pods, mut nodes) = (Vec::new(), Vec::new());
        if stores == Looks::Everywhere {
            pods.extend(process.pods.store.iter().map(|pod| objects.pod(pod, versions.cached_pod(pod))));
            nodes.extend(process.nodes.store.iter().map(|node| objects.node(node)));
        }
        let works = || (0..).zip(&process.work);
        let expected =
            works().filter_map(|(key, work)| Some((objects.key(key), expectations(work.memory.expectations?))));
        let written =
            works().filter_map(|(key, work)| Some((objects.key(key), own_writes(versions, &work.memory.own_writes?))));
        let queue = |wanted: &[Queued]| -> Vec<String> {
            works().filter(|(_, work)| wanted.contains(&work.queue)).map(|(key, _)| objects.key(key)).collect()
        };
        let waiting = process.node_queue.iter().map(|node| objects.node_name(*node).to_owned()).collect();
        Given {
            cache: Some(Cache {
                daemon_sets: process.daemon_sets.store.iter().map(|ds| objects.daemon_set(ds)).collect(),
                pods,
                nodes,
                ..Cache::default()
            }),
            expectations: records(&expected.collect()),
            consistency: records(&written.collect()),
            queue: Some(QueueState {
                waiting: queue(&[Queued::Waiting]),
                processing: queue(&[Queued::Processing, Queued::Again]),
                again: queue(&[Queued::Again]),
            }),
            node_queue: Some(QueueState { waiting, ..QueueState::default() }),
            ..Given::default()
        }
    }

    fn event(&self, process: &Process, versions: &Versions, resource: Resource) -> Given {
        let objects = &self.objects;
        let looks = if resource == Resource::Nodes { Looks::Everywhere } else { Looks::AtDaemonSets };
        let mut given = self.stores(process, versions, looks);
        let event = match resource {
            Resource::DaemonSets => {
                let show = |ds: &_| objects.daemon_set(ds);
                told("DaemonSet", &process.daemon_sets, &process.daemon_sets.stream[0].event, show, show)
            }
            Resource::Revisions => {
                let show = |revision: &_| objects.revision(revision);
                told("ControllerRevision", &process.revisions, &process.revisions.stream[0].event, show, show)
            }
            Resource::Pods => {
                let event = &process.pods.stream[0];
                let old = |pod: &_| objects.pod(pod, versions.cached_pod(pod));
                let new = |pod: &_| objects.pod(pod, versions.pods(event.version));
                told("Pod", &process.pods, &event.event, old, new)
            }
            Resource::Nodes => {
                let show = |node: &_| objects.node(node);
                told("Node", &process.nodes, &process.nodes.stream[0].event, show, show)
            }
        };
        // Its object is in the store already, or out of it, and not repeated.
        if let Some(cache) = &mut given.cache {
            let name = event.object.as_ref().map(|object| object["metadata"]["name"].clone());
            let others = |object: &Value| Some(&object["metadata"]["name"]) != name.as_ref();
            match resource {
                Resource::DaemonSets => cache.daemon_sets.retain(others),
                Resource::Nodes => cache.nodes.retain(others),
                Resource::Pods | Resource::Revisions => {}
            }
        }
        given.event = Some(event);
        given
    }

    fn node_item(&self, process: &Process, versions: &Versions, node: u8) -> Given {
        let mut given = self.stores(process, versions, Looks::Everywhere);
        given.event = Some(Event {
            handler: "nodeItem".to_owned(),
            object: None,
            old: None,
            tombstone: None,
            node: Some(self.objects.node_name(node).to_owned()),
            key: None,
        });
        given
    }
}

/// Which stores a handler can look into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    AtDaemonSets,
    Everywhere,
}

/// The event as its handler is told of it. `old` shows an object of the store, `new` one that the event brings.
fn told<T: Object>(
    kind: &str,
    informer: &Informer<T>,
    event: &WatchEvent<T>,
    old: impl Fn(&T) -> Value,
    new: impl Fn(&T) -> Value,
) -> Event {
    let (verb, before, object) = match event {
        WatchEvent::Put(object) => match informer.store.get(object.name()) {
            Some(before) => ("update", Some(old(before)), Some(new(object))),
            None => ("add", None, Some(new(object))),
        },
        WatchEvent::Deleted(object) => ("delete", None, Some(new(object))),
        WatchEvent::Bookmark => unreachable!("no handler is told of a bookmark"),
    };
    Event { handler: format!("{verb}{kind}"), object, old: before, tombstone: None, node: None, key: None }
}

/// Records by key; absent where there is none.
fn records<T: serde::Serialize>(records: &BTreeMap<String, T>) -> Value {
    if records.is_empty() { Value::Null } else { json!(records) }
}

fn expectations(record: memory::Expectations) -> Expectations {
    Expectations { add: record.add, del: record.del, age_seconds: if record.expired { EXPIRED_AGE } else { FRESH_AGE } }
}

fn own_writes(versions: &Versions, own: &memory::OwnWrites) -> OwnWrites {
    let rank = |version: ResourceVersion| u8::try_from(version.0).expect("ranks fit a byte");
    let text = |version: Option<u64>| version.map(|version| version.to_string()).unwrap_or_default();
    OwnWrites {
        uid: Objects::uid(own.uid.0),
        pods: text(own.pods.map(|version| versions.pods(rank(version)))),
        daemonsets: text(own.daemon_sets.map(|version| Versions::daemon_sets(rank(version)))),
    }
}
