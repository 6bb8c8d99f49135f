//! Questions made from models: read back and asked of the controller by way of real JSON, each gives what the model itself
//! does from the state that the question came from.
//!
//! The model's side is driven here: its process, its API server, its handlers, with its stores as frozen as those of a
//! vector. Its small numbers are told in the question's words at the end, so nothing but names is shared by the two sides.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use everynode::cluster::api_server::{Answer, Call, Events, Sorts, Store};
use everynode::cluster::object::Object;
use everynode::cluster::watch::Event;
use everynode::controller::memory::Memory;
use everynode::controller::queue::Queued;
use everynode::controller::record::{NodeName, PodName, ResourceVersion, Symbol, Uid};
use everynode::controller::request::{Reason, Request, Stage};
use everynode::controller::sync::{DedupStep, Point, Step, Wait};
use everynode::model::action::{Action, Resource};
use everynode::model::compose::{DaemonSetModel, Steps, carry_out};
use everynode::model::informed;
use everynode::model::process::{self, Alternative, begin, proceed, take_reply};
use everynode::model::state::{Cluster, Process, ReadyTimer};
use everynode::model::view::revision_hash;
use everynode::release::Gate;
use everynode::scope::{ModelFile, Scope, bundled};
use everynode::vectors::emit::collect::{Kind, View, Views, collect};
use everynode::vectors::emit::line::{Arrivals, Asked, Lines, Pause};
use everynode::vectors::emit::objects::Objects;
use everynode::vectors::emit::versions::Versions;
use everynode::vectors::question::Line;
use everynode::vectors::subject::Subject;
use everynode::vectors::wire::{self, Outcome};
use everynode::vectors::{handlers, sync};
use serde_json::{Value, json};
use tempfile::TempDir;

/// States of each model that are visited: enough for every model's first rollout under its faults.
const STATES: u64 = 6_000;
/// Views of each model that are asked both ways.
const SAMPLE: usize = 240;

fn models() -> Vec<ModelFile> {
    bundled::paths()
        .into_iter()
        .map(|path| bundled::read(path, None).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .collect()
}

/// What a sync did, as far as both sides know it: events about the `DaemonSet` and lengths of back-offs are not in the model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Did {
    writes: Vec<Vec<wire::Request>>,
    error: Option<wire::Failure>,
    /// None: the process has crashed, and nothing is left.
    left: Option<Left>,
}

/// What is left of a sync that ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Left {
    expectations: Option<(i32, i32)>,
    own_writes: Option<wire::OwnWrites>,
    backoff: BTreeSet<String>,
    /// Some delayed add is pending: for minReadySeconds, for a back-off.
    timers: (bool, bool),
    /// What handlers have queued meanwhile: the key, nodes.
    queued: (bool, BTreeSet<String>),
}

/// An outcome of the vectors' side.
fn did(outcome: Outcome, scope: &Scope, min_ready_seconds: i64) -> Did {
    let gate = scope.switches.gate != Gate::Off;
    let timers = |delay: &i64| *delay == min_ready_seconds;
    let handlers_timer = outcome.queued.iter().any(|queued| queued.how == "after");
    let crashed = outcome.error.as_ref().is_some_and(|failure| failure.stage == "panic");
    let left = Left {
        expectations: outcome.expectations.map(|record| (record.add, record.del)),
        own_writes: if gate { outcome.consistency.expect("the gate is on") } else { None },
        backoff: outcome.backoff.into_iter().map(|record| record.node).collect(),
        timers: (
            outcome.requeue_after_seconds.iter().any(timers) || handlers_timer,
            outcome.requeue_after_seconds.iter().any(|delay| !timers(delay)),
        ),
        queued: (
            outcome.queued.iter().any(|queued| queued.how != "after"),
            outcome.node_queued.into_iter().map(|queued| queued.key).collect(),
        ),
    };
    Did { writes: outcome.writes, error: outcome.error, left: (!crashed).then_some(left) }
}

/// Which requests of one sync are one group.
type GroupKey = Option<String>;

/// One way on which the model is.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    process: Process,
    store: Store,
    calls: Vec<Call>,
    /// Requests by group.
    log: Vec<(GroupKey, Vec<Logged>)>,
    /// The resourceVersions of the writes so far, by type and rank of the model.
    versions: BTreeMap<(usize, u64), u64>,
    last_version: u64,
    delivered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Logged {
    Request(Request, Option<Reason>, Vec<(usize, u64, u64)>),
    Delivery,
}

struct Driver<'a> {
    scope: &'a Scope,
    lines: &'a Lines<'a>,
    /// The state that the question came from.
    cluster: &'a Cluster,
    controller: u8,
    key: u8,
    pause: Option<Pause>,
    versions: Versions,
}

impl Driver<'_> {
    /// Everything the sync of the model can do.
    fn outcomes(&self) -> BTreeSet<Did> {
        let mut start = self.cluster.controllers[usize::from(self.controller)].clone();
        start.node_queue.clear();
        for work in &mut start.work {
            work.ready_timer = ReadyTimer::Off;
            work.backoff_timer = false;
        }
        let first = Way {
            process: start.clone(),
            store: self.cluster.store.clone(),
            calls: Vec::new(),
            log: Vec::new(),
            versions: BTreeMap::new(),
            last_version: 1000,
            delivered: false,
        };
        let mut seen = HashSet::new();
        let mut done = BTreeSet::new();
        let mut open = Vec::new();
        self.branch(&first, begin(self.scope, &start, self.controller, self.key), &mut open, &mut done);
        while let Some(way) = open.pop() {
            if seen.insert(way.clone()) {
                self.go_on(way, &mut open, &mut done);
            }
        }
        done
    }

    fn branch(&self, way: &Way, alternatives: Vec<Alternative>, open: &mut Vec<Way>, done: &mut BTreeSet<Did>) {
        for alternative in alternatives {
            let mut next = way.clone();
            next.process = alternative.process;
            next.calls.extend(alternative.calls);
            match alternative.ended {
                None => open.push(next),
                Some(result) => {
                    done.insert(self.ended(&next, result));
                }
            }
        }
    }

    fn go_on(&self, mut way: Way, open: &mut Vec<Way>, done: &mut BTreeSet<Did>) {
        if way.calls.is_empty() {
            assert!(process::waits_at_point(self.scope, &way.process, self.key), "a sync waits for something");
            let work = &way.process.work[usize::from(self.key)];
            let wait = work.sync.as_ref().expect("under way").wait(&process::rules(self.scope));
            let due = match self.pause {
                Some(Pause::Rollout) => wait == Wait::Point(Point::RolloutCheck),
                Some(Pause::Status) => wait == Wait::Point(Point::Status),
                None => false,
            };
            if due && !way.delivered {
                self.deliver(&mut way);
            }
            // Two phases are two groups, whatever they do.
            way.log.push((None, Vec::new()));
            let alternatives = proceed(self.scope, &way.process, self.controller, self.key);
            return self.branch(&way, alternatives, open, done);
        }
        for at in 0..way.calls.len() {
            let mut next = way.clone();
            let call = next.calls.remove(at);
            let answer = self.handle(&mut next, &call);
            let others = !next.calls.is_empty();
            let alternatives = take_reply(self.scope, &next.process, &call, &answer, others);
            self.branch(&next, alternatives, open, done);
        }
    }

    /// The model's API server carries a request out.
    fn handle(&self, way: &mut Way, call: &Call) -> Answer {
        let before = way.store.clone();
        let step = &way.process.work[usize::from(self.key)].sync.as_ref().expect("under way").step;
        let group = group(step);
        let created = matches!(call.request, Request::CreatePod(..));
        let answer = carry_out(self.scope, &mut way.store, call, Sorts::Last, &|_| 0, &mut Events::new());
        if created {
            // Nobody sees it before the sync ends, and its name would have to be renumbered.
            way.store.pods = before.pods.clone();
        }
        // The API server of a vector counts one version for each write, and none for a removal.
        let removal = if let Request::DeletePod(PodName(name), _) = call.request {
            let name = u8::try_from(name).expect("small");
            self.pause.is_none() || way.store.pods.get(name).is_none()
        } else {
            matches!(call.request, Request::DeleteRevision(_))
        };
        for kind in 0..4 {
            if way.store.versions[kind] != before.versions[kind] && !removal {
                way.last_version += 1;
                way.versions.insert((kind, u64::from(way.store.versions[kind])), way.last_version);
            }
        }
        let error = if let Answer::Error(reason) = answer { Some(reason) } else { None };
        let written = way.versions.iter().map(|((kind, rank), text)| (*kind, *rank, *text)).collect();
        let logged = Logged::Request(call.request, error, written);
        match way.log.last_mut() {
            Some((last, requests)) if group.is_some() && *last == group => {
                requests.push(logged);
                requests.sort();
            }
            _ => way.log.push((group, vec![logged])),
        }
        answer
    }

    /// What is on its way reaches the stores, each event with its handler.
    fn deliver(&self, way: &mut Way) {
        way.delivered = true;
        way.log.push((None, vec![Logged::Delivery]));
        let arrivals = Arrivals::of(&way.process, self.key);
        for _ in 0..arrivals.daemon_sets {
            let event = way.process.daemon_sets.stream.remove(0);
            let told = way.process.daemon_sets.apply(event).expect("a handler is told");
            informed::daemon_set(self.scope, &mut way.process, told);
        }
        for _ in 0..arrivals.revisions {
            let event = way.process.revisions.stream.remove(0);
            let told = way.process.revisions.apply(event).expect("a handler is told");
            informed::revision(self.scope, &mut way.process, told);
        }
        for _ in 0..arrivals.pods {
            let event = way.process.pods.stream.remove(0);
            let told = way.process.pods.apply(event).expect("a handler is told");
            informed::pod(self.scope, &mut way.process, told);
        }
        for _ in 0..arrivals.nodes {
            let event = way.process.nodes.stream.remove(0);
            // A vector puts the node at this moment.
            way.last_version += u64::from(matches!(event.event, Event::Put(_)));
            let told = way.process.nodes.apply(event).expect("a handler is told");
            informed::node(self.scope, &mut way.process, told);
        }
    }

    fn ended(&self, way: &Way, result: Result<(), everynode::controller::request::Failure>) -> Did {
        let mut writes: Vec<Vec<wire::Request>> = Vec::new();
        for (_, requests) in way.log.iter().filter(|(_, requests)| !requests.is_empty()) {
            let mut group: Vec<wire::Request> = requests.iter().map(|logged| self.written(logged)).collect();
            group.sort();
            group.dedup();
            writes.push(group);
        }
        let error = result.err().map(|failure| wire::Failure {
            stage: format!("{:?}", failure.stage).to_lowercase(),
            causes: REASONS.iter().filter(|one| failure.causes.contains(**one)).map(|one| format!("{one:?}")).collect(),
        });
        let error = error.map(|mut failure| {
            failure.causes.sort();
            failure
        });
        if result.is_err_and(|failure| failure.stage == Stage::Panic) {
            return Did { writes, error, left: None };
        }
        let objects = &self.lines.objects;
        let work = &way.process.work[usize::from(self.key)];
        let Memory { expectations, own_writes, .. } = work.memory.clone();
        let written: Vec<(usize, u64, u64)> =
            way.versions.iter().map(|((kind, rank), text)| (*kind, *rank, *text)).collect();
        let text = |kind, version: Option<ResourceVersion>| {
            version.map(|version| self.version(kind, version, &written)).unwrap_or_default()
        };
        let own_writes = own_writes.map(|own| wire::OwnWrites {
            uid: Objects::uid(own.uid.0),
            pods: text(2, own.pods),
            daemonsets: text(0, own.daemon_sets),
        });
        // Only records of the copy that the sync went by: those of other generations are not in the question.
        let copy = self.cluster.controllers[usize::from(self.controller)].daemon_sets.store.get(self.key);
        let current = work.backoff.iter().filter(|record| {
            copy.is_some_and(|ds| ds.uid == record.uid && ds.observed_generation == record.observed_generation)
        });
        let again = match (result, work.queue) {
            // An error brings the key back anyhow; what handlers did cannot be told from it.
            (Err(_), _) => None,
            (Ok(()), Queued::No) => Some(false),
            (Ok(()), _) => Some(true),
        };
        let nodes = way.process.node_queue.iter().map(|node| objects.node_name(*node).to_owned()).collect();
        Did {
            writes,
            error,
            left: Some(Left {
                expectations: expectations.map(|record| (record.add, record.del)),
                own_writes,
                backoff: current.map(|record| objects.node_name(record.node).to_owned()).collect(),
                timers: (work.ready_timer != ReadyTimer::Off, work.backoff_timer),
                queued: (again.unwrap_or(false), nodes),
            }),
        }
    }

    fn version(&self, kind: usize, version: ResourceVersion, written: &[(usize, u64, u64)]) -> String {
        let rank = u8::try_from(version.0).expect("small");
        let new = written.iter().find(|(of, rank, _)| *of == kind && *rank == version.0).map(|(_, _, text)| *text);
        new.unwrap_or_else(|| match kind {
            0 => Versions::daemon_sets(rank),
            1 => Versions::revisions(rank),
            2 => self.versions.pods(rank),
            _ => unreachable!("no request names a node's version"),
        })
        .to_string()
    }

    /// A request in the question's words.
    fn written(&self, logged: &Logged) -> wire::Request {
        let Logged::Request(request, error, versions) = logged else {
            return wire::Request { verb: "deliver".to_owned(), delivery: Some(0), ..wire::Request::default() };
        };
        let objects = &self.lines.objects;
        let process = &self.cluster.controllers[usize::from(self.controller)];
        let ds = process.daemon_sets.store.get(self.key).expect("a sync has its DaemonSet");
        let name = objects.daemon_set_name(self.key).to_owned();
        let pod = |PodName(number): PodName| {
            let number = u8::try_from(number).expect("small");
            let arriving = process.pods.stream.iter().filter_map(|event| match event.event {
                Event::Put(pod) | Event::Deleted(pod) => Some(pod),
                Event::Bookmark => None,
            });
            let mut shown = process.pods.store.iter().copied().chain(arriving);
            objects.pod_name(&shown.find(|pod| pod.name() == number).expect("it was shown"))
        };
        let revision = |Symbol(number): Symbol| objects.revision_name(number);
        let labels = |Symbol(number): Symbol| {
            let number = u8::try_from(number).expect("small");
            objects.revision_labels(process.revisions.store.get(number).expect("it was shown")).unwrap_or_default()
        };
        let owner = |adopts: bool, name: &str, Uid(uid): Uid| {
            let ours = Objects::uid(ds.uid);
            let reference = if adopts {
                json!({"apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "DaemonSet",
                    "name": objects.daemon_set_name(self.key), "uid": ours})
            } else {
                json!({"$patch": "delete", "uid": ours})
            };
            Some(wire::Json(json!({"metadata": {"ownerReferences": [reference], "uid": Objects::uid_of(name, uid)}})))
        };
        let new = |verb: &str, kind: &str, name: String| wire::Request {
            verb: verb.to_owned(),
            kind: kind.to_owned(),
            name,
            error: error.map(|reason| format!("{reason:?}")).unwrap_or_default(),
            ..wire::Request::default()
        };
        let patch = |kind: &str, adopts, name: String, uid| wire::Request {
            patch_type: "strategic".to_owned(),
            patch: owner(adopts, &name, uid),
            ..new("patch", kind, name)
        };
        match *request {
            Request::GetDaemonSet => new("get", "DaemonSet", name),
            Request::GetRevision(of) => new("get", "ControllerRevision", revision(of)),
            Request::AdoptPod(of, uid) => patch("Pod", true, pod(of), uid),
            Request::ReleasePod(of, uid) => patch("Pod", false, pod(of), uid),
            Request::AdoptRevision(of, uid) => patch("ControllerRevision", true, revision(of), uid),
            Request::ReleaseRevision(of, uid) => patch("ControllerRevision", false, revision(of), uid),
            Request::LabelRevision(of, version) => {
                let number = u8::try_from(of.0).expect("small");
                let shown = process.revisions.store.get(number).expect("it was shown");
                let mut labels = labels(of);
                labels.insert("controller-revision-hash".to_owned(), revision(of));
                wire::Request {
                    labels,
                    resource_version: self.version(1, version, versions),
                    revision: i64::from(shown.number),
                    ..new("update", "ControllerRevision", revision(of))
                }
            }
            Request::RenumberRevision(of, version, number) => wire::Request {
                labels: labels(of),
                resource_version: self.version(1, version, versions),
                revision: number,
                ..new("update", "ControllerRevision", revision(of))
            },
            Request::CreateRevision(number) => {
                let hash = revision_hash(self.lines.objects.scope, self.key, ds.template, ds.collisions);
                let hash = Objects::hash(u32::from(hash));
                wire::Request {
                    revision: number,
                    labels: BTreeMap::from([
                        ("app".to_owned(), name.clone()),
                        ("controller-revision-hash".to_owned(), hash.clone()),
                    ]),
                    annotations: Objects::annotations(ds.template_generation),
                    owner: Objects::uid(ds.uid),
                    ..new("create", "ControllerRevision", format!("{name}-{hash}"))
                }
            }
            Request::DeleteRevision(of) => new("delete", "ControllerRevision", revision(of)),
            Request::RelabelPod(of, Symbol(hash), version) => {
                assert_eq!(version, None, "releases that relabel with an update are not among the bundled models");
                wire::Request {
                    patch_type: "merge".to_owned(),
                    patch: Some(wire::Json(
                        json!({"metadata": {"labels": {"controller-revision-hash": objects.label(hash)}}}),
                    )),
                    ..new("patch", "Pod", pod(of))
                }
            }
            Request::CreatePod(NodeName(node), Symbol(hash), generation) => wire::Request {
                node: objects.node_name(u8::try_from(node).expect("small")).to_owned(),
                hash: objects.label(hash),
                generation: generation.map(|generation| generation.to_string()).unwrap_or_default(),
                ..new("create", "Pod", String::new())
            },
            Request::DeletePod(of, _) => new("delete", "Pod", pod(of)),
            Request::UpdateStatus(_, version, status) => wire::Request {
                resource_version: self.version(0, version, versions),
                status: Some(wire::Status {
                    current_number_scheduled: status.counters.current_number_scheduled,
                    desired_number_scheduled: status.counters.desired_number_scheduled,
                    number_available: status.counters.number_available,
                    number_misscheduled: status.counters.number_misscheduled,
                    number_ready: status.counters.number_ready,
                    number_unavailable: status.counters.number_unavailable,
                    updated_number_scheduled: status.counters.updated_number_scheduled,
                    observed_generation: status.observed_generation,
                    collision_count: status.collision_count,
                }),
                ..new("updateStatus", "DaemonSet", name)
            },
        }
    }
}

const REASONS: [Reason; 22] = [
    Reason::Conflict,
    Reason::AlreadyExists,
    Reason::NotFound,
    Reason::Invalid,
    Reason::Forbidden,
    Reason::InternalError,
    Reason::Timeout,
    Reason::TooManyRequests,
    Reason::ServiceUnavailable,
    Reason::NamespaceTerminating,
    Reason::OwnerReplaced,
    Reason::OwnerDeleting,
    Reason::StaleCollisionCount,
    Reason::InvalidSelector,
    Reason::NotReady,
    Reason::BadKey,
    Reason::InvalidMaxUnavailable,
    Reason::InvalidMaxSurge,
    Reason::NodeMissing,
    Reason::FailedPods,
    Reason::NilMap,
    Reason::NilPointer,
];

/// The schema's groups: one claim pass, the creates of a call, its deletes, ...; none: the request is alone.
fn group(step: &Step) -> GroupKey {
    match step {
        Step::ClaimRevisions(_) => Some("claim revisions".to_owned()),
        Step::ClaimPods(_, phase) => Some(format!("claim pods {phase:?}")),
        Step::Dedup(_, DedupStep::ClaimPods(_)) => Some("claim pods to relabel".to_owned()),
        Step::Dedup(_, DedupStep::Relabel(_)) => Some("relabel".to_owned()),
        Step::Dedup(_, DedupStep::Delete) => Some("duplicates".to_owned()),
        Step::LabelRevisions(_) => Some("label".to_owned()),
        Step::SyncNodes(call) => {
            let deletes = matches!(call.in_flight.first(), Some(Request::DeletePod(..)));
            Some(format!("{:?} {deletes}", call.caller))
        }
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

/// The controller of the model, asked by way of the vectors.
fn subject(file: &ModelFile) -> Subject {
    Subject { switches: file.scope.switches, placement: file.profile.placement, budget: file.profile.budget }
}

/// Reads a line back as `everynode vectors` does.
fn read_back(line: &Line) -> Line {
    let text = serde_json::to_string(line).expect("a line is JSON");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn check_sync(file: &ModelFile, lines: &Lines<'_>, view: &View, key: u8, pause: Option<Pause>) -> Option<String> {
    let cluster = view.state.open();
    let line = read_back(&lines.question(&cluster, view.controller, view.asked));
    let given = line.given.as_ref().expect("a question");
    let theirs = sync::outcomes(&subject(file), &line, given).expect("a question");
    let process = &cluster.controllers[view.controller];
    let copy = process.daemon_sets.store.get(key);
    let min_ready = copy.map_or(0, |ds| file.scope.strategies[usize::from(ds.strategy)].min_ready_seconds);
    let theirs: BTreeSet<Did> = theirs
        .into_iter()
        .map(|outcome| did(outcome, &file.scope, i64::from(min_ready)))
        .map(|mut did| {
            // As in `ended`: an error brings the key back anyhow.
            if let (Some(_), Some(left)) = (&did.error, &mut did.left) {
                left.queued.0 = false;
            }
            did
        })
        .collect();
    let driver = Driver {
        scope: &file.scope,
        lines,
        cluster: &cluster,
        controller: u8::try_from(view.controller).expect("few"),
        key,
        pause,
        versions: Versions::of(process, &cluster.store),
    };
    let ours = driver.outcomes();
    differs(file, view, &line, &theirs, &ours)
}

/// None: both sides do the same.
fn differs<T: PartialEq + std::fmt::Debug>(
    file: &ModelFile,
    view: &View,
    line: &Line,
    theirs: &T,
    ours: &T,
) -> Option<String> {
    let line = serde_json::to_string(line).expect("a line is JSON");
    let model = &file.scope.name;
    (theirs != ours)
        .then(|| format!("{model}, {:?}\n by way of JSON {theirs:?}\n the model      {ours:?}\n{line}\n", view.asked))
}

/// What an event or a node item changed.
#[derive(Debug, PartialEq, Eq)]
struct Handled {
    queue: BTreeMap<String, Queued>,
    node_queue: BTreeSet<String>,
    timers: BTreeSet<String>,
    expectations: BTreeMap<String, (i32, i32)>,
    own_writes: BTreeMap<String, wire::OwnWrites>,
}

fn check_handler(
    file: &ModelFile,
    model: &DaemonSetModel,
    lines: &Lines<'_>,
    view: &View,
    wanted: Action,
) -> Option<String> {
    let mut cluster = view.state.open();
    let line = read_back(&lines.question(&cluster, view.controller, view.asked));
    let given = line.given.as_ref().expect("a question");
    let answer = handlers::answer(&subject(file), given).expect("a question");
    let versions = Versions::of(&cluster.controllers[view.controller], &cluster.store);
    for work in &mut cluster.controllers[view.controller].work {
        work.ready_timer = ReadyTimer::Off;
    }
    let mut steps = Steps::new();
    model.raw_steps(&cluster, &mut steps);
    let (_, after) = steps.into_iter().find(|(action, _)| *action == wanted).expect("the step is enabled");
    let process = &after.controllers[view.controller];
    let objects = &lines.objects;
    let keys = || (0..).zip(&process.work).map(|(key, work)| (objects.key(key), work));
    let rank = |version: ResourceVersion| u8::try_from(version.0).expect("small");
    let ours = Handled {
        queue: keys().filter(|(_, work)| work.queue != Queued::No).map(|(key, work)| (key, work.queue)).collect(),
        node_queue: process.node_queue.iter().map(|node| objects.node_name(*node).to_owned()).collect(),
        timers: keys().filter(|(_, work)| work.ready_timer != ReadyTimer::Off).map(|(key, _)| key).collect(),
        expectations: keys()
            .filter_map(|(key, work)| work.memory.expectations.map(|record| (key, (record.add, record.del))))
            .collect(),
        own_writes: keys()
            .filter_map(|(key, work)| Some((key, work.memory.own_writes?)))
            .map(|(key, own)| {
                let text = |version: Option<u64>| version.map(|version| version.to_string()).unwrap_or_default();
                let own = wire::OwnWrites {
                    uid: Objects::uid(own.uid.0),
                    pods: text(own.pods.map(|version| versions.pods(rank(version)))),
                    daemonsets: text(own.daemon_sets.map(|version| Versions::daemon_sets(rank(version)))),
                };
                (key, own)
            })
            .collect(),
    };
    let queue = answer.queue.expect("it was given");
    let mut places: BTreeMap<String, Queued> = BTreeMap::new();
    places.extend(queue.waiting.into_iter().map(|key| (key, Queued::Waiting)));
    places.extend(queue.processing.into_iter().map(|key| (key, Queued::Processing)));
    places.extend(queue.again.into_iter().map(|key| (key, Queued::Again)));
    let node_queue = answer.node_queue.expect("it was given");
    let theirs = Handled {
        queue: places,
        node_queue: node_queue.waiting.into_iter().collect(),
        timers: answer.queued.into_iter().filter(|queued| queued.how == "after").map(|queued| queued.key).collect(),
        expectations: answer.expectations.into_iter().map(|(key, one)| (key, (one.add, one.del))).collect(),
        own_writes: answer.consistency,
    };
    differs(file, view, &line, &theirs, &ours)
}

/// The model's step that the question is about.
fn step_of(cluster: &Cluster, controller: usize, asked: Asked) -> Action {
    fn name<T: Object>(event: &Event<T>) -> u8 {
        match event {
            Event::Put(object) | Event::Deleted(object) => object.name(),
            Event::Bookmark => unreachable!("no handler is told of a bookmark"),
        }
    }
    let process = &cluster.controllers[controller];
    let controller = u8::try_from(controller).expect("few");
    match asked {
        Asked::NodeItem(node) => Action::NodeItem { controller, node },
        Asked::Event(resource) => {
            let name = match resource {
                Resource::DaemonSets => name(&process.daemon_sets.stream[0].event),
                Resource::Revisions => name(&process.revisions.stream[0].event),
                Resource::Pods => name(&process.pods.stream[0].event),
                Resource::Nodes => name(&process.nodes.stream[0].event),
            };
            Action::Deliver { controller, resource, name, together: false }
        }
        Asked::Sync(_) | Asked::Midsync(..) => unreachable!("a sync is many steps"),
    }
}

/// Asks the sampled views of a model both ways: how many of each kind there were, and those that differ.
fn round_trip(file: &ModelFile, states: u64, sample: usize) -> (BTreeMap<Kind, usize>, Vec<String>) {
    let views = collect(file, states).unwrap_or_else(|error| panic!("{}: {error}", file.scope.name));
    let lines = Lines::of(file);
    let model = DaemonSetModel::new(file.scope.clone(), &[]);
    let mut asked: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut differing = Vec::new();
    for (kind, _, view) in views.sample(sample) {
        *asked.entry(kind).or_default() += 1;
        differing.extend(match view.asked {
            Asked::Sync(key) => check_sync(file, &lines, view, key, None),
            Asked::Midsync(key, pause) => check_sync(file, &lines, view, key, Some(pause)),
            Asked::Event(..) | Asked::NodeItem(_) => {
                let wanted = step_of(&view.state.open(), view.controller, view.asked);
                check_handler(file, &model, &lines, view, wanted)
            }
        });
    }
    (asked, differing)
}

#[test]
fn a_view_asked_by_way_of_json_gives_what_the_model_does() {
    let mut all: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut all_differing = Vec::new();
    for file in models() {
        let (asked, differing) = round_trip(&file, STATES, SAMPLE);
        for (kind, count) in asked {
            *all.entry(kind).or_default() += count;
        }
        all_differing.extend(differing);
    }
    assert!(all_differing.is_empty(), "{} differ; the first: {}", all_differing.len(), all_differing[0]);
    for kind in Kind::ALL {
        assert!(all.get(&kind).is_some_and(|count| *count > 1000), "{all:?}");
    }
}

/// The questions that the command writes for `arguments` beside `vectors`.
fn everynode(arguments: &[&str]) -> Output {
    Command::cargo_bin("everynode").expect("the binary is built").args(arguments).output().expect("it runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    // Messages are wrapped and drawn with lines; words are compared without them.
    String::from_utf8_lossy(&output.stderr).replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_written_agrees_when_it_is_read_as_vectors() {
    for (model, count) in [("restart", 150), ("surge-without-eligibility", 90), ("manual-pod", 400)] {
        let folder = TempDir::new().expect("a scratch folder");
        let path = folder.path().join("questions.jsonl");
        let path = path.to_str().expect("a plain path");
        let sample = count.to_string();
        let output =
            everynode(&["vectors", "--emit", model, "--sample", &sample, "--max-states", "3000", "--out", path]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        let written = fs::read_to_string(path).expect("it was written").lines().count();
        assert!(written == count || model == "manual-pod" && written > 50, "{model}: {written}");
        assert!(stderr(&output).contains(&format!("{written} questions written")), "{}", stderr(&output));
        let output = everynode(&["vectors", path]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let agree: usize = stdout(&output)
            .lines()
            .map(|line| {
                let (kind, tally) = line.rsplit_once(": ").expect("kind and tally");
                assert!(tally.ends_with(" agree, 0 differ"), "{kind}: {tally}");
                tally.split(' ').next().and_then(|count| count.parse::<usize>().ok()).expect("a count")
            })
            .sum();
        assert_eq!(agree, written, "{model}");
    }
}

/// Where members are named by the data: labels, keys of queues, gates.
const OPEN: [&str; 9] = [
    ".labels",
    ".annotations",
    ".matchLabels",
    "given.expectations",
    "given.consistency",
    "expected.expectations",
    "expected.consistency",
    ".template.spec",
    "gates",
];
/// Where Kubernetes objects stand; a member of one is the same wherever the object stands.
const OBJECTS: [&str; 7] = ["daemonSet", "daemonSets", "revisions", "pods", "nodes", "object", "old"];

/// The path of every member of a line, from the line or from the object that it is in; elements of lists are one.
fn members(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !OPEN.iter().any(|open| path.ends_with(open)) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                found.insert(path.clone());
                let is_object = OBJECTS.contains(&name.as_str()) && !path.contains("consistency");
                members(if is_object { "object" } else { &path }, value, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| members(path, element, found)),
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn lines_have_no_member_that_recorded_lines_have_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/v1.36.3");
    assert!(folder.is_dir(), "the golden vectors are missing: {} is no folder", folder.display());
    let mut recorded: BTreeSet<String> = BTreeSet::new();
    for kind in Kind::ALL {
        let path: PathBuf = folder.join(format!("{}.jsonl", kind.text()));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for line in text.lines() {
            members(kind.text(), &serde_json::from_str(line).expect("a line is JSON"), &mut recorded);
        }
    }
    // Questions of releases that place pods themselves tell more of nodes.
    let path = folder.join("../v1.11.10/suspended.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in text.lines() {
        members(Kind::Sync.text(), &serde_json::from_str(line).expect("a line is JSON"), &mut recorded);
    }
    let mut written: BTreeSet<String> = BTreeSet::new();
    for file in models() {
        let views = collect(&file, 1_500).unwrap_or_else(|error| panic!("{}: {error}", file.scope.name));
        let lines = Lines::of(&file);
        for (kind, number, view) in views.sample(60) {
            let line = Views::line(&lines, (kind, number, view)).expect("a question");
            let text = serde_json::to_string(&line).expect("a line is JSON");
            // Every type of a line denies members that it does not know.
            let strict: Line = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(serde_json::to_string(&strict).expect("JSON"), text);
            members(kind.text(), &serde_json::from_str(&text).expect("a line is JSON"), &mut written);
        }
    }
    let strange: Vec<&String> = written.difference(&recorded).collect();
    assert!(strange.is_empty(), "{strange:#?}");
    for member in ["sync.given.api.pods", "midsync.given.deliveries.at.check", "handlers.given.event.old", "sync.id"] {
        assert!(written.contains(member), "{member} of {written:#?}");
    }
}

#[test]
fn a_sample_is_spread_over_all_views_of_each_kind() {
    let file = models().into_iter().find(|file| file.scope.name == "restart").expect("it is bundled");
    let views = collect(&file, 2_000).expect("questions");
    for most in [1, 2, 3, 7, 100, usize::MAX] {
        let sample = views.sample(most);
        let all: usize = views.views.values().map(Vec::len).sum();
        assert_eq!(sample.len(), most.min(all));
        for kind in Kind::ALL {
            let numbers: Vec<usize> =
                sample.iter().filter(|(of, ..)| *of == kind).map(|(_, number, _)| *number).collect();
            let (share, whole) = (numbers.len(), views.views[&kind].len());
            // No two neighbours are farther apart than an even spread makes them.
            let widest = numbers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            assert!(share == 0 || widest <= whole.div_ceil(share), "{kind:?}: {widest} of {whole}, {share} taken");
            assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{kind:?}: {numbers:?}");
        }
    }
    let again = collect(&file, 2_000).expect("questions");
    let places = |views: &Views| -> Vec<(Kind, usize, String)> {
        let text = |view: &View| format!("{view:?}");
        views.sample(50).into_iter().map(|(kind, number, view)| (kind, number, text(view))).collect()
    };
    assert_eq!(places(&views), places(&again));
}

#[test]
fn bad_input_is_one_message_and_writes_nothing() {
    let folder = TempDir::new().expect("a scratch folder");
    let missing = folder.path().join("missing").join("questions.jsonl");
    let missing = missing.to_str().expect("a plain path");
    let here = folder.path().to_str().expect("a plain path");
    let target = folder.path().join("questions.jsonl");
    let target = target.to_str().expect("a plain path");
    let emit = |rest: &[&str]| everynode(&[&["vectors", "--emit"], rest].concat());
    for (arguments, words) in [
        (vec!["no-such-model", "--out", target], "`no-such-model` is neither a file nor a bundled model"),
        (vec!["rollout", "--out", target], "`rollout` means several models"),
        (vec!["join", "--sample", "0", "--out", target], "'0' for '--sample <N>'"),
        (vec!["join", "--max-states", "0", "--out", target], "'0' for '--max-states <N>'"),
        (vec!["join", "--profile", "v1.99", "--out", target], "invalid value 'v1.99'"),
        (vec!["join", "--profile", "v1.11", "--out", target], "no view of `join` can be stated as a question"),
        (vec!["join", "--out", missing], "cannot write to"),
        (vec!["join", "--out", here], "it is no file"),
        (vec!["join", "--out", "/dev/full"], "cannot write to /dev/full"),
        (vec!["join", target], "cannot be used with"),
    ] {
        let output = emit(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        let left = fs::read_dir(folder.path()).expect("the scratch folder").count();
        assert_eq!(left, 0, "{arguments:?} left something behind");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let output = everynode(&["vectors", "--emit", "manual-pod", "--sample", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    assert!(stderr(&output).contains("the whole graph"), "{}", stderr(&output));
    let output = everynode(&["vectors", "--emit", "surge-without-eligibility", "--sample", "2", "--max-states", "50"]);
    assert_eq!(stdout(&output).lines().count(), 2);
    assert!(stderr(&output).contains("50 states visited, cut at 50 states"), "{}", stderr(&output));
    assert!(stderr(&output).contains("the answers are those of v1.36.3"), "{}", stderr(&output));
}
