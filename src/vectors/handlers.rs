//! Runs `handlers.jsonl`: one event or one queue item, and what the controller does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use serde::{Deserialize, Serialize};

use super::BadVector;
use super::json::{at, list, object_mut, text};
use super::names::Names;
use super::object::{Detail, Kind, Object};
use super::question::{Event, Given, QueueState};
use super::subject::Subject;
use super::view::{PlacementCheck, daemon_set_record, synced, typed_pods};
use super::wire::{Expectations, OwnWrites, Queued};
use crate::controller::handlers::{
    self, CachedDaemonSet, Change, Controller, Effect, Effects, Key, NodeChange, PlacedDaemonSet, Selects,
};
use crate::controller::memory::{self, Memory};
use crate::controller::queue::{self, rate_limit};
use crate::controller::sync::{self, Batches, Rules, State, Sync, View};
use crate::manifest::label::or_none;
use crate::release::{Gate, NodeUpdates, NodeWake, Switches};

/// The answer to a question of this kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answer {
    /// Additions to the work queue: a set.
    #[serde(default)]
    pub queued: Vec<Queued>,
    /// Additions to the node queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_queued: Vec<Queued>,
    /// Keys whose failure count was reset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<String>,
    /// The failure count of the key.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Expectations left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expectations: BTreeMap<String, Expectations>,
    /// Records of own writes left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consistency: BTreeMap<String, OwnWrites>,
    /// The work queue afterwards, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueState>,
    /// The node queue afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_queue: Option<QueueState>,
    /// Reasons of events about the `DaemonSet`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde wants")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Answer {
    /// Sorts what is a set.
    pub fn normalise(&mut self) {
        for queued in [&mut self.queued, &mut self.node_queued] {
            queued.sort();
            queued.dedup();
        }
        self.forgotten.sort();
        self.events.sort();
        for state in [&mut self.queue, &mut self.node_queue].into_iter().flatten() {
            state.waiting.sort();
            state.processing.sort();
            state.again.sort();
        }
    }
}

/// The informer stores that handlers read.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// `DaemonSet`s.
    pub daemon_sets: Vec<Rc<Object>>,
    /// Pods.
    pub pods: Vec<Rc<Object>>,
    /// Nodes.
    pub nodes: Vec<Rc<Object>>,
}

impl Stores {
    /// Stores an object in place of the one of its kind, namespace and name, or takes that one away.
    pub fn put(&mut self, kind: Kind, object: &Rc<Object>, stays: bool) {
        let store = match kind {
            Kind::DaemonSet => &mut self.daemon_sets,
            Kind::Pod => &mut self.pods,
            Kind::Node => &mut self.nodes,
            Kind::Revision => return, // Not read by any handler.
        };
        store.retain(|other| other.name != object.name || other.namespace != object.namespace);
        if stays {
            store.push(object.clone());
        }
    }

    /// The pods that the legacy placement check looks at.
    ///
    /// # Errors
    ///
    /// If one is no pod.
    pub fn typed_pods(&self, subject: &Subject) -> Result<Vec<Pod>, BadVector> {
        typed_pods(subject, &self.pods)
    }
}

/// What the stores and the controller hold.
struct World<'a> {
    names: &'a Names,
    subject: Subject,
    stores: Stores,
    memory: BTreeMap<Key, Memory>,
    /// Keys whose sync is under way.
    syncing: Vec<String>,
}

/// Answers a question of this kind.
///
/// # Errors
///
/// If it is not one.
pub fn answer(subject: &Subject, given: &Given) -> Result<Answer, BadVector> {
    let event = given.event.as_ref().ok_or_else(|| BadVector::new("`given.event` is missing"))?;
    let cache = given.cache.as_ref().ok_or_else(|| BadVector::new("`given.cache` is missing"))?;
    let names = Names::new(Vec::new());
    let read = |kind, values: &[serde_json::Value]| -> Result<Vec<Rc<Object>>, BadVector> {
        values.iter().map(|value| Ok(Object::read(&names, kind, value.clone())?)).collect()
    };
    let mut world = World {
        names: &names,
        subject: *subject,
        stores: Stores {
            daemon_sets: read(Kind::DaemonSet, &cache.daemon_sets)?,
            pods: read(Kind::Pod, &cache.pods)?,
            nodes: read(Kind::Node, &cache.nodes)?,
        },
        memory: read_memory(&names, &subject.switches, given)?,
        syncing: given.queue.iter().flat_map(|queue| queue.processing.iter().chain(&queue.again)).cloned().collect(),
    };
    let mut answer = Answer { failures: given.failures, ..Answer::default() };
    let mut queue = given.queue.clone();
    let mut node_queue = given.node_queue.clone();
    let mut synced_key = None;
    let effects = match event.handler.as_str() {
        "nodeItem" => {
            let node = event.node.as_deref().ok_or_else(|| BadVector::new("`event.node` is missing"))?;
            answer.forgotten.push(node.to_owned());
            take(&mut node_queue, node)?;
            world.node_item(node)?
        }
        "workItem" => {
            let key = event.key.as_deref().ok_or_else(|| BadVector::new("`event.key` is missing"))?;
            take(&mut queue, key)?;
            synced_key = Some(key);
            world.work_item(key, given, &mut answer)?
        }
        _ => world.handle(event)?,
    };
    for effect in &effects {
        for (key, memory) in &mut world.memory {
            effect.apply(*key, memory);
        }
        match queued(&names, *effect) {
            Some((true, queued)) => answer.node_queued.push(queued),
            Some((false, queued)) => answer.queued.push(queued),
            None => {}
        }
    }
    // A delayed addition arrives later: no time passes here.
    for queued in answer.queued.iter().filter(|queued| queued.how == "now") {
        add(&mut queue, &queued.key);
    }
    for queued in &answer.node_queued {
        add(&mut node_queue, &queued.key);
    }
    done(&mut queue, synced_key);
    done(&mut node_queue, event.node.as_deref().filter(|_| event.handler == "nodeItem"));
    answer.queue = queue;
    answer.node_queue = node_queue;
    world.write_memory(&mut answer);
    answer.normalise();
    Ok(answer)
}

/// Moves one key of a queue, if its state is given.
fn step(queue: &mut Option<QueueState>, key: &str, next: impl Fn(queue::Queued) -> queue::Queued) {
    let Some(state) = queue else { return };
    let has = |keys: &[String]| keys.iter().any(|other| other == key);
    let now = if has(&state.again) {
        queue::Queued::Again
    } else if has(&state.processing) {
        queue::Queued::Processing
    } else if has(&state.waiting) {
        queue::Queued::Waiting
    } else {
        queue::Queued::No
    };
    for keys in [&mut state.waiting, &mut state.processing, &mut state.again] {
        keys.retain(|other| other != key);
    }
    match next(now) {
        queue::Queued::No => {}
        queue::Queued::Waiting => state.waiting.push(key.to_owned()),
        queue::Queued::Processing => state.processing.push(key.to_owned()),
        queue::Queued::Again => {
            state.processing.push(key.to_owned());
            state.again.push(key.to_owned());
        }
    }
}

fn take(queue: &mut Option<QueueState>, key: &str) -> Result<(), BadVector> {
    if queue.as_ref().is_some_and(|state| !state.waiting.iter().any(|waiting| waiting == key)) {
        return Err(BadVector::new(format!("`{key}` does not wait in its queue")));
    }
    step(queue, key, |now| now.taken().unwrap_or(now));
    Ok(())
}

fn add(queue: &mut Option<QueueState>, key: &str) {
    step(queue, key, queue::Queued::added);
}

fn done(queue: &mut Option<QueueState>, key: Option<&str>) {
    if let Some(key) = key {
        step(queue, key, queue::Queued::done);
    }
}

fn read_memory(names: &Names, switches: &Switches, given: &Given) -> Result<BTreeMap<Key, Memory>, BadVector> {
    let mut memory: BTreeMap<Key, Memory> = BTreeMap::new();
    if !given.expectations.is_null() {
        let records: BTreeMap<String, Expectations> = Deserialize::deserialize(&given.expectations)?;
        for (key, record) in records {
            memory.entry(names.key("", &key)).or_default().expectations = Some(expectations(&record));
        }
    }
    if !given.consistency.is_null() && switches.gate != Gate::Off {
        let records: BTreeMap<String, OwnWrites> = Deserialize::deserialize(&given.consistency)?;
        for (key, record) in records {
            memory.entry(names.key("", &key)).or_default().own_writes = Some(own_writes(names, &record));
        }
    }
    Ok(memory)
}

/// Expectations of a question.
pub fn expectations(record: &Expectations) -> memory::Expectations {
    memory::Expectations { add: record.add, del: record.del, expired: record.age_seconds > 300 }
}

/// A record of own writes of a question.
pub fn own_writes(names: &Names, record: &OwnWrites) -> memory::OwnWrites {
    memory::OwnWrites {
        uid: names.uid(&record.uid),
        pods: names.version(&record.pods),
        daemon_sets: names.version(&record.daemonsets),
        revisions: None, // no release records its revision writes
    }
}

/// How it is written in an answer.
pub fn own_writes_text(names: &Names, own: &memory::OwnWrites) -> OwnWrites {
    OwnWrites {
        uid: names.uid_text(own.uid),
        pods: names.version_text(own.pods),
        daemonsets: names.version_text(own.daemon_sets),
    }
}

/// What the selector of `ds` says of `object`.
pub fn selects(ds: &Object, object: &Object) -> Selects {
    if ds.namespace != object.namespace {
        return Selects::No;
    }
    match &ds.daemon_set().selector {
        Err(_) => Selects::Invalid,
        Ok(selector) => {
            let matches = !selector.is_empty() && selector.matches(or_none(object.labels.as_ref()));
            if matches { Selects::Yes } else { Selects::No }
        }
    }
}

/// The `DaemonSet`s of the store, for an event of `object`.
pub fn cached(names: &Names, daemon_sets: &[Rc<Object>], object: &Object) -> Vec<CachedDaemonSet> {
    daemon_sets
        .iter()
        .map(|ds| CachedDaemonSet {
            key: names.key(&ds.namespace, &ds.name),
            uid: ds.uid,
            min_ready_seconds: ds.daemon_set().min_ready_seconds,
            selects: selects(ds, object),
        })
        .collect()
}

/// How two versions of a pod or a revision compare.
pub fn change(old: &Object, new: &Object) -> Change {
    let controller = |object: &Object| {
        let owners = list(&object.json, &["metadata", "ownerReferences"]);
        owners.iter().find(|owner| owner["controller"] == true).cloned()
    };
    Change {
        same_version: old.version == new.version,
        controller: controller(old) != controller(new),
        labels: old.labels != new.labels,
    }
}

/// How two versions of a node compare.
pub fn node_change(switches: &Switches, old: &Object, new: &Object) -> NodeChange {
    let differs = |path: &[&str]| at(&old.json, path) != at(&new.json, path);
    let labels_or_taints = old.labels != new.labels || differs(&["spec", "taints"]);
    let true_conditions = |node: &Object| -> BTreeSet<String> {
        (list(&node.json, &["status", "conditions"]).iter())
            .filter(|condition| condition["status"] == "True")
            .map(|condition| text(condition, &["type"]).to_owned())
            .collect()
    };
    let rest = |node: &Object| {
        let mut rest = node.json.clone();
        object_mut(&mut rest, &["metadata"]).remove("resourceVersion");
        object_mut(&mut rest, &["status"]).remove("conditions");
        rest
    };
    let same = match switches.node_updates {
        NodeUpdates::Everything => rest(old) == rest(new),
        NodeUpdates::LabelsAndTaints => !labels_or_taints,
    };
    NodeChange { labels_or_taints, ignored: same && true_conditions(old) == true_conditions(new) }
}

/// The `DaemonSet`s of the store with their placement on a node, as it was and as it is.
///
/// # Errors
///
/// If a template is none.
pub fn placed(
    names: &Names,
    subject: &Subject,
    stores: &Stores,
    before: &Object,
    now: &Object,
) -> Result<Vec<PlacedDaemonSet>, BadVector> {
    let pods = stores.typed_pods(subject)?;
    (stores.daemon_sets.iter())
        .map(|ds| {
            let check = PlacementCheck::of(subject, ds)?;
            Ok(PlacedDaemonSet {
                key: names.key(&ds.namespace, &ds.name),
                uid: ds.uid,
                number_misscheduled: ds.daemon_set().status.counters.number_misscheduled,
                before: check.on(before.node(), &pods)?,
                now: check.on(now.node(), &pods)?,
            })
        })
        .collect()
}

/// The kind whose handler this is.
///
/// # Errors
///
/// If there is no such handler.
pub fn kind_of_handler(handler: &str) -> Result<Kind, BadVector> {
    match handler.trim_start_matches(|letter: char| letter.is_ascii_lowercase()) {
        "DaemonSet" => Some(Kind::DaemonSet),
        "ControllerRevision" => Some(Kind::Revision),
        "Pod" => Some(Kind::Pod),
        "Node" => Some(Kind::Node),
        _ => None,
    }
    .filter(|_| ["add", "update", "delete"].iter().any(|verb| handler.starts_with(verb)))
    .ok_or_else(|| BadVector::new(format!("no handler is called `{handler}`")))
}

/// A change of a store.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// The object as it was; none: it is new.
    pub old: Option<&'a Object>,
    /// The object as it is; none: it is gone.
    pub new: Option<&'a Object>,
    /// Whether a sync of that `DaemonSet` is under way.
    pub syncing: bool,
    /// The `DaemonSet`s that wait for room on the node of the pod (LEG-14).
    pub suspended: &'a [Key],
}

/// Calls the handler of a change. The stores have it already.
///
/// # Errors
///
/// If a template is none.
pub fn notify(
    names: &Names,
    subject: &Subject,
    stores: &Stores,
    event: Notification<'_>,
) -> Result<Effects, BadVector> {
    let switches = &subject.switches;
    let Some(object) = event.new.or(event.old) else { return Ok(Effects::new()) };
    let as_seen = object.for_handlers(names);
    Ok(match &object.detail {
        Detail::DaemonSet(_) => {
            let key = names.key(&object.namespace, &object.name);
            match (event.old, event.new) {
                (Some(old), Some(new)) => handlers::update_daemon_set(switches, key, old.uid, new.uid, event.syncing),
                (Some(old), None) => handlers::delete_daemon_set(switches, key, old.uid, event.syncing),
                (None, _) => handlers::add_daemon_set(key),
            }
        }
        Detail::Revision(..) => {
            let cached = cached(names, &stores.daemon_sets, object);
            match (event.old, event.new) {
                (Some(old), Some(new)) => {
                    handlers::update_revision(switches, &cached, &old.for_handlers(names), &as_seen, change(old, new))
                }
                (Some(_), None) => handlers::delete_revision(&cached, &as_seen),
                (None, _) => handlers::add_revision(switches, &cached, &as_seen),
            }
        }
        Detail::Pod(_) => {
            let cached = cached(names, &stores.daemon_sets, object);
            let name = names.pod_of_event(&object.name);
            match (event.old, event.new) {
                (Some(old), Some(new)) => {
                    let before = old.for_handlers(names);
                    let versions = (&before, &as_seen);
                    handlers::update_pod(switches, &cached, name, versions, change(old, new), event.suspended)
                }
                (Some(_), None) => handlers::delete_pod(&cached, name, &as_seen, event.suspended),
                (None, _) => handlers::add_pod(switches, &cached, name, &as_seen, event.suspended),
            }
        }
        Detail::Node(_) => {
            let node = names.node(&object.name);
            let placed = |before, now| match switches.node_wake {
                NodeWake::Compare => placed(names, subject, stores, before, now),
                NodeWake::V133 | NodeWake::Today | NodeWake::Any => Ok(Vec::new()),
            };
            match (event.old, event.new) {
                (Some(old), Some(new)) => {
                    handlers::update_node(switches, node, node_change(switches, old, new), &placed(old, new)?)
                }
                (Some(_), None) => Effects::new(), // EVT-19
                (None, _) => handlers::add_node(switches, node, &placed(object, object)?),
            }
        }
    })
}

impl World<'_> {
    /// Runs the handler of an event.
    fn handle(&mut self, event: &Event) -> Result<Effects, BadVector> {
        let kind = kind_of_handler(&event.handler)?;
        let read = |value: &Option<serde_json::Value>| -> Result<Option<Rc<Object>>, BadVector> {
            Ok(value.as_ref().map(|value| Object::read(self.names, kind, value.clone())).transpose()?)
        };
        let (old, object) = (read(&event.old)?, read(&event.object)?);
        let (old, new) = match (&event.handler[..3], old, object) {
            ("add", None, Some(object)) => (None, Some(object)),
            ("upd", Some(old), Some(object)) => (Some(old), Some(object)),
            ("del", None, Some(object)) => (Some(object), None),
            // An empty wrapper: there is nothing that the handler could do with it.
            ("del", None, None) if event.tombstone.is_some() => return Ok(Effects::new()),
            _ => return Err(BadVector::new("the event's objects do not fit its handler")),
        };
        let syncing = old
            .iter()
            .chain(&new)
            .any(|object| self.syncing.iter().any(|key| split_key(key) == Some((&object.namespace, &object.name))));
        if let Some(object) = new.as_ref().or(old.as_ref()) {
            self.stores.put(kind, object, new.is_some());
        }
        let event = Notification { old: old.as_deref(), new: new.as_deref(), syncing, suspended: &[] };
        notify(self.names, &self.subject, &self.stores, event)
    }

    /// The next item of the node queue (EVT-16).
    fn node_item(&self, name: &str) -> Result<Effects, BadVector> {
        let Some(node) = self.stores.nodes.iter().find(|node| node.name == name) else { return Ok(Effects::new()) };
        let bound: Vec<Controller> = (self.stores.pods.iter())
            .filter(|pod| text(&pod.json, &["spec", "nodeName"]) == name)
            .map(|pod| pod.controller_for_handlers(self.names))
            .collect();
        let placed = placed(self.names, &self.subject, &self.stores, node, node)?;
        Ok(handlers::node_item(&self.subject.switches, &placed, &bound))
    }

    /// The next item of the work queue: a sync that sends no request, and what becomes of its key.
    fn work_item(&mut self, key: &str, given: &Given, answer: &mut Answer) -> Result<Effects, BadVector> {
        let id = self.names.key("", key);
        let (result, effects) = self.short_sync(key, given)?;
        answer.events = effects
            .iter()
            .filter(|effect| **effect == sync::Effect::SelectingAll)
            .map(|_| "SelectingAll".to_owned())
            .collect();
        if result {
            answer.failures = 0;
            answer.forgotten.push(key.to_owned());
            return Ok(Effects::new());
        }
        let delay = rate_limit(given.failures);
        answer.failures = given.failures + 1;
        let seconds = Some(delay.as_secs_f64());
        answer.queued.push(Queued { key: self.names.key_text(id), how: "rateLimited".to_owned(), seconds });
        Ok(Effects::new())
    }

    /// Whether the sync of `key` succeeds, and its effects.
    fn short_sync(&mut self, key: &str, given: &Given) -> Result<(bool, sync::Effects), BadVector> {
        let Some((namespace, name)) = split_key(key) else { return Ok((false, sync::Effects::new())) };
        let names = self.names;
        let cached = self.stores.daemon_sets.iter().find(|ds| ds.namespace == namespace && ds.name == name);
        let view = View {
            daemon_set: cached.map(|ds| daemon_set_record(names, &self.subject, ds, "")).transpose()?,
            nodes: &[],
            pods: &[],
            revisions: &[],
            synced: synced(names, given),
        };
        let rules = Rules { switches: self.subject.switches, burst: 250, batches: Batches::Representative };
        let id = names.key("", key);
        let mut outcomes = vec![Sync::start(&rules, &view, self.memory.get(&id).cloned().unwrap_or_default())];
        let mut effects = sync::Effects::new();
        loop {
            let outcome = outcomes.pop().ok_or_else(|| BadVector::new("the sync has no outcome"))?;
            self.memory.insert(id, outcome.memory);
            effects.extend(outcome.effects);
            match outcome.state {
                State::Finished(result) => return Ok((result.is_ok(), effects)),
                State::Waiting(sync) => match sync.wait(&rules) {
                    sync::Wait::Point(_) => sync.proceed(&rules, &view, self.memory[&id].clone(), &mut outcomes),
                    sync::Wait::OneOf(_) | sync::Wait::Batch(_) => {
                        return Err(BadVector::new("the sync of this work item sends requests"));
                    }
                },
            }
        }
    }

    fn write_memory(&self, answer: &mut Answer) {
        for (key, memory) in &self.memory {
            let key = self.names.key_text(*key);
            if let Some(record) = &memory.expectations {
                let record = Expectations { add: record.add, del: record.del, age_seconds: 0 };
                answer.expectations.insert(key.clone(), record);
            }
            if let Some(own) = &memory.own_writes {
                answer.consistency.insert(key, own_writes_text(self.names, own));
            }
        }
    }
}

/// `SplitMetaNamespaceKey`: namespace and name; none if the key is malformed (SYNC-1).
pub fn split_key(key: &str) -> Option<(&str, &str)> {
    let mut parts = key.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => Some(("", name)),
        (Some(namespace), Some(name), None) => Some((namespace, name)),
        _ => None,
    }
}

/// How an effect on a queue is written; true: it is the node queue.
pub fn queued(names: &Names, effect: Effect) -> Option<(bool, Queued)> {
    let entry = |key, how: &str, seconds| Queued { key, how: how.to_owned(), seconds };
    match effect {
        Effect::Enqueue(key) => Some((false, entry(names.key_text(key), "now", None))),
        Effect::EnqueueAfter(key, seconds) => {
            Some((false, entry(names.key_text(key), "after", Some(f64::from(seconds)))))
        }
        Effect::EnqueueRateLimited(key) => Some((false, entry(names.key_text(key), "rateLimited", None))),
        Effect::EnqueueNode(node) => Some((true, entry(names.node_text(node), "now", None))),
        Effect::CreationObserved(..)
        | Effect::DeletionObserved(..)
        | Effect::ForgetExpectations(..)
        | Effect::ForgetOwnWrites(..) => None,
    }
}
