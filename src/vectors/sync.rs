//! Runs `sync.jsonl` and `midsync.jsonl`: drives a [`Sync`] over the API server of a vector and collects every outcome.
//!
//! The search is depth-first over the alternatives of each step and over which of several offered requests goes first. An
//! order is tried out only where it can matter: where a fault counts requests, where a delivery waits for one of them, or
//! where the record of own writes changes hands in between.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use serde::Deserialize;

use super::BadVector;
use super::api_server::{ApiServer, describe};
use super::handlers::{expectations, own_writes, split_key};
use super::object::{Kind, Object};
use super::question::{Cache, Given, Line};
use super::render;
use super::setting::{Setting, Shelf, find};
use super::subject::Subject;
use super::view::{Eye, synced};
use super::wire;
use super::world::{BackoffRecord, Entry, Group, Now, Records, World};
use crate::controller::memory::Memory;
use crate::controller::record::{ResourceVersion, Uid};
use crate::controller::request::{Failure, Reason, Reply, Request, Stage};
use crate::controller::sync::{DedupStep, Outcome, Point, State, Step, Sync, View, Wait};
use crate::release::Gate;

/// Every outcome of the sync of a question.
///
/// # Errors
///
/// If it is no such question.
pub fn outcomes(subject: &Subject, line: &Line, given: &Given) -> Result<BTreeSet<wire::Outcome>, BadVector> {
    let key = given.key.as_deref().ok_or_else(|| BadVector::new("`given.key` is missing"))?;
    let cache = given.cache.as_ref().ok_or_else(|| BadVector::new("`given.cache` is missing"))?;
    let now = line.now.as_deref().ok_or_else(|| BadVector::new("`now` is missing"))?;
    let place = split_key(key);
    let setting = Setting::new(subject, given, place.unwrap_or_default(), now);
    let cached = read_cache(&setting, cache)?;
    let daemon_set =
        find(&cached, Kind::DaemonSet, setting.name).filter(|ds| ds.namespace == setting.namespace).cloned();
    let world = World {
        api: ApiServer::new(&setting, &cached)?,
        cache: cached,
        records: None,
        memory: read_memory(&setting)?,
        backoff: (given.backoff.iter())
            .map(|record| BackoffRecord {
                node: setting.names.node(&record.node),
                length: record.seconds,
                age: record.age_seconds,
            })
            .collect(),
        matched: given.faults.iter().map(|_| 0).collect(),
        delivered: given.deliveries.iter().map(|_| false).collect(),
        counts: smallvec::SmallVec::new(),
        log: Vec::new(),
        group: (0, None),
        listed: Shelf::new(),
        requeues: Vec::new(),
        events: Vec::new(),
        queued: Vec::new(),
        suspended: Vec::new(),
    };
    if place.is_none() {
        let ending = Err(Failure::new(Stage::Key, Reason::BadKey));
        return Ok(BTreeSet::from([render::outcome(&setting, None, &world, &ending)?]));
    }
    let view = View {
        daemon_set: daemon_set.as_ref().map(|ds| setting.daemon_set_record(ds)).transpose()?,
        nodes: &[],
        pods: &[],
        revisions: &[],
        synced: synced(&setting.names, given),
    };
    let first = Sync::start(&setting.rules, &view, world.memory.clone());
    let eye = daemon_set.map(|ds| Eye::new(subject, ds, setting.now)).transpose()?;
    let mut search =
        Search { setting: &setting, eye: eye.as_ref(), outcomes: BTreeSet::new(), seen: FxHashSet::default() };
    search.follow(world, first)?;
    Ok(search.outcomes)
}

fn read_cache(setting: &Setting<'_>, cache: &Cache) -> Result<Shelf, BadVector> {
    let objects = (cache.daemon_set.iter().map(|object| (Kind::DaemonSet, object)))
        .chain(cache.revisions.iter().map(|object| (Kind::Revision, object)))
        .chain(cache.pods.iter().map(|object| (Kind::Pod, object)))
        .chain(cache.nodes.iter().map(|object| (Kind::Node, object)));
    objects.map(|(kind, object)| Ok((kind, Object::read(&setting.names, kind, object.clone())?))).collect()
}

fn read_memory(setting: &Setting<'_>) -> Result<Memory, BadVector> {
    let given = setting.given;
    let record: Option<wire::Expectations> = Deserialize::deserialize(&given.expectations)?;
    let own: Option<wire::OwnWrites> = Deserialize::deserialize(&given.consistency)?;
    let gate = setting.subject.switches.gate != Gate::Off;
    Ok(Memory {
        expectations: record.as_ref().map(expectations),
        own_writes: own.filter(|_| gate).map(|own| own_writes(&setting.names, &own)),
        ..Memory::default()
    })
}

/// A request, and why it failed if it did.
type Fared = (Request, Option<Reason>);

/// A batch that the API server has executed, and the replies to it.
type Executed = (World, Vec<(Request, Reply)>);

/// What tells two states of the search apart, as far as outcomes go.
#[derive(PartialEq, Eq, Hash)]
struct Seen {
    sync: Sync,
    memory: Memory,
    matched: Vec<u32>,
    delivered: Vec<bool>,
    counts: Vec<(&'static str, Kind, u32)>,
    log: Vec<(u32, Option<Fared>)>,
    effects: (Vec<i64>, usize, usize),
    /// Only while deliveries can still show them.
    versions: Vec<(Kind, Uid, ResourceVersion)>,
}

struct Search<'a> {
    setting: &'a Setting<'a>,
    /// None: there is no `DaemonSet`, so no sync goes beyond its start.
    eye: Option<&'a Eye>,
    outcomes: BTreeSet<wire::Outcome>,
    seen: FxHashSet<Seen>,
}

impl Search<'_> {
    /// Follows one alternative to its ends.
    fn follow(&mut self, mut world: World, outcome: Outcome) -> Result<(), BadVector> {
        let setting = self.setting;
        let mut outcome = outcome;
        loop {
            world.memory = outcome.memory;
            let min_ready_seconds = self.eye.map_or(0, |eye| eye.daemon_set().daemon_set().min_ready_seconds);
            world.take_effects(min_ready_seconds, &outcome.effects);
            let sync = match outcome.state {
                State::Finished(result) => return self.finish(&world, &result),
                State::Waiting(sync) => sync,
            };
            let eye = self.eye.expect("a sync waits only if there is a DaemonSet");
            let mut alternatives = Vec::new();
            match sync.wait(&setting.rules) {
                Wait::Point(point) => {
                    world.close_group();
                    world.deliver(setting, Now::At(point))?;
                    let records = self.read(&mut world, eye, point)?;
                    let view = View {
                        daemon_set: None,
                        nodes: &records.nodes,
                        pods: &records.pods,
                        revisions: &records.revisions,
                        synced: synced(&setting.names, setting.given),
                    };
                    sync.proceed(&setting.rules, &view, world.memory.clone(), &mut alternatives);
                }
                Wait::OneOf(requests) => {
                    let group = group(&sync);
                    if requests.len() > 1 && self.order_matters(&world, eye, group, &requests)? {
                        if self.seen.insert(seen(&world, &sync)) {
                            for request in requests {
                                let mut world = world.clone();
                                let alternatives = self.ask(&mut world, &sync, group, request)?;
                                self.follow_each(&world, alternatives)?;
                            }
                        }
                        return Ok(());
                    }
                    alternatives = self.ask(&mut world, &sync, group, requests[0])?;
                }
                Wait::Batch(requests) => {
                    let group = group(&sync);
                    let (verb, kind, _) = describe(setting, requests[0]);
                    let n = world.count(verb, kind);
                    world.deliver(setting, Now::Before(verb, kind, n))?;
                    for (mut world, replies) in self.execute_batch(world, eye, group, &requests)? {
                        world.deliver(setting, Now::After(verb, kind, n))?;
                        self.take_replies(world, &sync, &replies)?;
                    }
                    return Ok(());
                }
            }
            let Some(last) = alternatives.pop() else { return Ok(()) };
            self.follow_each(&world, alternatives)?;
            outcome = last;
        }
    }

    fn follow_each(&mut self, world: &World, alternatives: Vec<Outcome>) -> Result<(), BadVector> {
        alternatives.into_iter().try_for_each(|alternative| self.follow(world.clone(), alternative))
    }

    fn read(&self, world: &mut World, eye: &Eye, point: Point) -> Result<Rc<Records>, BadVector> {
        world.list(point);
        match point {
            // Nothing is read from these stores.
            Point::GateCheck | Point::RolloutCheck => Ok(Rc::default()),
            Point::Nodes
            | Point::History
            | Point::Dedup
            | Point::Manage
            | Point::RollingUpdate
            | Point::Node
            | Point::Pod
            | Point::Cleanup
            | Point::Status => world.records(self.setting, eye),
        }
    }

    /// Sends one request and gives the reply to the sync.
    fn ask(
        &self,
        world: &mut World,
        sync: &Sync,
        group: Option<Group>,
        request: Request,
    ) -> Result<Vec<Outcome>, BadVector> {
        let setting = self.setting;
        let eye = self.eye.expect("a sync waits only if there is a DaemonSet");
        let (verb, kind, _) = describe(setting, request);
        let n = world.count(verb, kind);
        world.deliver(setting, Now::Before(verb, kind, n))?;
        let reply = world.send(setting, eye, group, request)?;
        world.deliver(setting, Now::After(verb, kind, n))?;
        let mut alternatives = Vec::new();
        sync.reply(&setting.rules, request, reply, world.memory.clone(), &mut alternatives);
        Ok(alternatives)
    }

    /// Every way in which a batch can fare: concurrent requests reach the API server in any order.
    fn execute_batch(
        &self,
        world: World,
        eye: &Eye,
        group: Option<Group>,
        requests: &[Request],
    ) -> Result<Vec<Executed>, BadVector> {
        let free = requests.len() > 1 && self.faults_count(requests);
        let mut done = vec![(world, Vec::new())];
        for _ in 0..requests.len() {
            let mut next: Vec<Executed> = Vec::new();
            let mut seen = BTreeSet::new();
            for (world, replies) in done {
                let left = || {
                    requests.iter().filter(|request| !replies.iter().any(|(answered, _)| answered == *request)).copied()
                };
                for request in left().take(if free { usize::MAX } else { 1 }) {
                    let (mut world, mut replies) = (world.clone(), replies.clone());
                    replies.push((request, world.send(self.setting, eye, group, request)?));
                    let mut fared: Vec<Fared> =
                        replies.iter().map(|(request, reply)| (*request, refusal(*reply))).collect();
                    fared.sort_unstable();
                    let newest = replies.iter().filter_map(|(_, reply)| match reply {
                        Reply::Pod(written) => Some(written.resource_version),
                        Reply::Done | Reply::DaemonSet(_) | Reply::Revision(_) | Reply::Error(_) => None,
                    });
                    if seen.insert((fared, newest.max(), world.matched.to_vec())) {
                        next.push((world, replies));
                    }
                }
            }
            done = next;
        }
        Ok(done)
    }

    /// Gives the replies of a batch to the sync, one after the other.
    fn take_replies(&mut self, mut world: World, sync: &Sync, replies: &[(Request, Reply)]) -> Result<(), BadVector> {
        let rules = &self.setting.rules;
        let mut sync = sync.clone();
        for (index, (request, reply)) in replies.iter().enumerate() {
            let mut alternatives = Vec::new();
            sync.reply(rules, *request, *reply, world.memory.clone(), &mut alternatives);
            if index + 1 == replies.len() {
                return self.follow_each(&world, alternatives);
            }
            let Some(Outcome { state: State::Waiting(waiting), memory, .. }) = alternatives.pop() else {
                return Err(BadVector::new("the sync does not wait for the rest of its batch"));
            };
            world.memory = memory;
            sync = *waiting;
        }
        Ok(())
    }

    /// Whether a fault that depends on the order of requests matches one of these.
    fn faults_count(&self, requests: &[Request]) -> bool {
        let counts: Vec<_> = (self.setting.given.faults.iter())
            // A committed request takes a resourceVersion that the sync does not see.
            .filter(|fault| fault.skip > 0 || fault.times.is_some() || fault.committed)
            .collect();
        !counts.is_empty()
            && requests.iter().any(|request| {
                let (verb, kind, _) = describe(self.setting, *request);
                counts.iter().any(|fault| {
                    fault.verb.as_deref().is_none_or(|wanted| wanted == verb)
                        && fault.kind.as_deref().is_none_or(|wanted| wanted == kind.text())
                })
            })
    }

    /// Whether it can matter in which order these requests go.
    fn order_matters(
        &self,
        world: &World,
        eye: &Eye,
        group: Option<Group>,
        requests: &[Request],
    ) -> Result<bool, BadVector> {
        let awaited = || {
            requests.iter().any(|request| {
                let (verb, kind, _) = describe(self.setting, *request);
                let names = |text: &Option<String>| {
                    text.as_deref().and_then(|text| text.split_once(' ')) == Some((verb, kind.text()))
                };
                world.awaits(self.setting, |moment| names(&moment.before) || names(&moment.after))
            })
        };
        // A patched pod whose controller is somebody else of this name makes the record of own writes theirs (CONS-6).
        let foreign = || {
            let us = eye.daemon_set();
            self.setting.subject.switches.gate != Gate::Off
                && requests.iter().any(|request| {
                    let (_, kind, name) = describe(self.setting, *request);
                    kind == Kind::Pod
                        && world
                            .api
                            .get(kind, &name)
                            .and_then(|pod| pod.controller.as_ref())
                            .is_some_and(|(_, owner, uid)| *owner == us.name && *uid != us.uid)
                })
        };
        if self.faults_count(requests) || awaited() || foreign() {
            return Ok(true);
        }
        // A claim pass tries every object (ADOPT-7); elsewhere the first refusal is the last request.
        let ends_with_refusal = match group {
            Some(Group::Label | Group::Relabel | Group::Duplicates) => true,
            Some(Group::Claim | Group::Creates | Group::Deletes) | None => false,
        };
        for request in requests.iter().filter(|_| ends_with_refusal) {
            let reply = world.clone().send(self.setting, eye, group, *request)?;
            if refusal(reply).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn finish(&mut self, world: &World, ending: &Result<(), Failure>) -> Result<(), BadVector> {
        let outcome = render::outcome(self.setting, self.eye, world, ending)?;
        self.outcomes.insert(outcome);
        Ok(())
    }
}

fn refusal(reply: Reply) -> Option<Reason> {
    match reply {
        Reply::Error(reason) => Some(reason),
        Reply::Done | Reply::DaemonSet(_) | Reply::Revision(_) | Reply::Pod(_) => None,
    }
}

fn seen(world: &World, sync: &Sync) -> Seen {
    let mut log: Vec<_> = world
        .log
        .iter()
        .map(|logged| {
            let request = match &logged.entry {
                Entry::Request(request, error, _) => Some((*request, *error)),
                Entry::Delivery(_) => None,
            };
            (logged.group, request)
        })
        .collect();
    log.sort_unstable();
    let pending = world.delivered.iter().any(|delivered| !delivered);
    Seen {
        sync: sync.clone(),
        memory: world.memory.clone(),
        matched: world.matched.to_vec(),
        delivered: world.delivered.to_vec(),
        counts: world.counts.to_vec(),
        log,
        effects: (world.requeues.clone(), world.events.len(), world.queued.len()),
        versions: if pending { world.api.versions() } else { Vec::new() },
    }
}

/// The group that a request of this step belongs to; none: it is one of its own.
fn group(sync: &Sync) -> Option<Group> {
    match &sync.step {
        Step::ClaimRevisions(_) | Step::ClaimPods(..) | Step::Dedup(_, DedupStep::ClaimPods(_)) => Some(Group::Claim),
        Step::LabelRevisions(_) => Some(Group::Label),
        Step::Dedup(_, DedupStep::Relabel(_)) => Some(Group::Relabel),
        Step::Dedup(_, DedupStep::Delete) => Some(Group::Duplicates),
        Step::SyncNodes(call) => match call.in_flight.first() {
            Some(Request::DeletePod(..)) => Some(Group::Deletes),
            _ => Some(Group::Creates),
        },
        Step::At(_)
        | Step::Dedup(_, DedupStep::AtPods)
        | Step::Renumber(..)
        | Step::CreateRevision(_)
        | Step::ReadExisting(_)
        | Step::ReadForCollision
        | Step::RaiseCollisionCount(_)
        | Step::LookUpNodes(..)
        | Step::LookUpPods(_)
        | Step::CleanUp(_)
        | Step::WriteStatus(..)
        | Step::ReadForStatus(..) => None,
    }
}
