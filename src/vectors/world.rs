//! Everything that changes while a vector's sync runs, and the events delivered in the middle of it.

use std::rc::Rc;

use smallvec::SmallVec;

use super::BadVector;
use super::api_server::{ApiServer, describe};
use super::handlers::{Notification, Stores, notify};
use super::object::{Kind, Object};
use super::question::{Action, Change, Moment};
use super::setting::{Setting, Shelf, find, remove, replace};
use super::view::{Eye, typed_pods};
use crate::controller::handlers;
use crate::controller::memory::Memory;
use crate::controller::record::{Node, NodeName, Pod, Revision};
use crate::controller::request::{Reason, Reply, Request};
use crate::controller::sync::{Effect, Point};

/// A back-off record of failed pods (MAN-19), in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackoffRecord {
    /// The node.
    pub node: NodeName,
    /// Its present length.
    pub length: i64,
    /// Time since its last update.
    pub age: i64,
}

/// A record of back-off longer than this without update is forgotten (MAN-19).
const BACKOFF_FORGOTTEN: i64 = 2 * BACKOFF_LONGEST;
/// The longest back-off.
const BACKOFF_LONGEST: i64 = 15 * 60;

impl BackoffRecord {
    /// `IsInBackOffSinceUpdate`.
    pub fn in_force(&self) -> bool {
        self.age <= BACKOFF_FORGOTTEN && self.age < self.length
    }
}

/// One line of the record of what happened.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Requests of one group are a set.
    pub group: u32,
    /// What happened.
    pub entry: Entry,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A request, why it failed, and the object that it was made from.
    Request(Request, Option<Reason>, Option<Rc<Object>>),
    /// A delivery.
    Delivery(usize),
}

/// What makes requests one group of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One claim pass.
    Claim,
    /// Hash labels of revisions.
    Label,
    /// Relabelling of pods.
    Relabel,
    /// Duplicates.
    Duplicates,
    /// Creates of one call.
    Creates,
    /// Deletes of one call.
    Deletes,
}

/// A moment of the sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// About to read.
    At(Point),
    /// This request has arrived: verb, kind, which one.
    Before(&'static str, Kind, u32),
    /// It has been executed.
    After(&'static str, Kind, u32),
}

/// The stores as the sync sees them.
#[derive(Debug, Default)]
pub struct Records {
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Revisions.
    pub revisions: Vec<Revision>,
}

/// Everything that changes while the sync runs.
#[derive(Clone, Debug)]
pub struct World {
    /// The API server.
    pub api: ApiServer,
    /// The informer stores.
    pub cache: Shelf,
    /// Their objects as the sync sees them, until they change.
    pub records: Option<Rc<Records>>,
    /// The controller's memory of the key.
    pub memory: Memory,
    /// Back-off records.
    pub backoff: SmallVec<[BackoffRecord; 4]>,
    /// How many requests each fault has matched.
    pub matched: SmallVec<[u32; 4]>,
    /// Deliveries that have happened.
    pub delivered: SmallVec<[bool; 4]>,
    /// How many requests (of creates and deletes of pods: batches) there were.
    pub counts: SmallVec<[(&'static str, Kind, u32); 6]>,
    /// What happened.
    pub log: Vec<Logged>,
    /// The last group begun, and what may still join it.
    pub group: (u32, Option<Group>),
    /// Revisions and pods as the sync listed them, for updates made from them.
    pub listed: Shelf,
    /// Delays passed to `AddAfter`.
    pub requeues: Vec<i64>,
    /// Reasons of events.
    pub events: Vec<&'static str>,
    /// What handlers added to the queues.
    pub queued: Vec<handlers::Effect>,
    /// Nodes without room.
    pub suspended: Vec<NodeName>,
}

impl World {
    /// The stores as the sync sees them.
    ///
    /// # Errors
    ///
    /// If an object is not what its kind says.
    pub fn records(&mut self, setting: &Setting<'_>, eye: &Eye) -> Result<Rc<Records>, BadVector> {
        if let Some(records) = &self.records {
            return Ok(records.clone());
        }
        let pods = self.cache.iter().filter(|(kind, _)| *kind == Kind::Pod).map(|(_, object)| object);
        let pods = typed_pods(&setting.subject, pods)?;
        let names = &setting.names;
        let mut records = Records::default();
        for (kind, object) in &self.cache {
            match kind {
                Kind::Pod => records.pods.push(eye.pod(names, object)),
                Kind::Revision => records.revisions.push(eye.revision(names, object)),
                Kind::Node => {
                    let name = names.node(&object.name);
                    let waits = self.backoff.iter().any(|record| record.node == name && record.in_force());
                    records.nodes.push(eye.node(names, object, waits, &pods)?);
                }
                Kind::DaemonSet => {}
            }
        }
        let records = Rc::new(records);
        self.records = Some(records.clone());
        Ok(records)
    }

    /// Notes the effects of a step.
    pub fn take_effects(&mut self, min_ready_seconds: i32, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::ArmBackoff(node) => self.arm_backoff(*node),
                Effect::RequeueAfterBackoff(node) => {
                    let length =
                        self.backoff.iter().find(|record| record.node == *node).map_or(0, |record| record.length);
                    self.requeues.push(length);
                }
                Effect::RequeueAfterMinReady => self.requeues.push(i64::from(min_ready_seconds)),
                Effect::FailedDaemonPod => self.events.push("FailedDaemonPod"),
                Effect::SucceededDaemonPod => self.events.push("SucceededDaemonPod"),
                Effect::SelectingAll => self.events.push("SelectingAll"),
                Effect::Suspended(node) => self.suspended.push(*node),
                Effect::FailedPlacement => self.events.push("FailedPlacement"),
                Effect::TemplateNormalised => {} // no release with vectors does it
            }
        }
    }

    /// `Next` of the back-off (MAN-19): one second, then twice as long each time.
    fn arm_backoff(&mut self, node: NodeName) {
        match self.backoff.iter_mut().find(|record| record.node == node) {
            Some(record) if record.age <= BACKOFF_FORGOTTEN => {
                record.length = (record.length * 2).min(BACKOFF_LONGEST);
                record.age = 0;
            }
            Some(record) => *record = BackoffRecord { node, length: 1, age: 0 },
            None => self.backoff.push(BackoffRecord { node, length: 1, age: 0 }),
        }
    }

    /// Begins a new group with the next request.
    pub fn close_group(&mut self) {
        self.group.1 = None;
    }

    fn log(&mut self, group: Option<Group>, entry: Entry) {
        if group.is_none() || self.group.1 != group {
            self.group = (self.group.0 + 1, group);
        }
        self.log.push(Logged { group: self.group.0, entry });
    }

    /// Counts a request or a batch, and tells which one it is.
    pub fn count(&mut self, verb: &'static str, kind: Kind) -> u32 {
        if let Some((_, _, count)) = self.counts.iter_mut().find(|(known, of, _)| *known == verb && *of == kind) {
            *count += 1;
            return *count;
        }
        self.counts.push((verb, kind, 1));
        1
    }

    /// Why a request fails before the API server looks at it, and whether it takes effect all the same.
    fn fault(&mut self, setting: &Setting<'_>, request: Request) -> Result<Option<(Reason, bool)>, BadVector> {
        if setting.given.faults.is_empty() {
            return Ok(None);
        }
        let (verb, kind, name) = describe(setting, request);
        for (fault, matched) in setting.given.faults.iter().zip(&mut self.matched) {
            let fits = |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|wanted| wanted == actual);
            if !(fits(&fault.verb, verb) && fits(&fault.kind, kind.text()) && fits(&fault.name, &name)) {
                continue;
            }
            let before = *matched;
            *matched += 1;
            let spent = fault.times.is_some_and(|times| before >= fault.skip + times);
            if before >= fault.skip && !spent {
                return Ok(Some((reason(&fault.error)?, fault.committed)));
            }
        }
        Ok(None)
    }

    /// Sends a request, and returns its reply.
    ///
    /// # Errors
    ///
    /// If the vector's objects or faults make no sense.
    pub fn send(
        &mut self,
        setting: &Setting<'_>,
        eye: &Eye,
        group: Option<Group>,
        request: Request,
    ) -> Result<Reply, BadVector> {
        let base = match request {
            Request::LabelRevision(name, _) | Request::RenumberRevision(name, ..) => {
                find(&self.listed, Kind::Revision, &setting.names.symbol_text(name)).cloned()
            }
            Request::RelabelPod(name, _, _) => find(&self.listed, Kind::Pod, setting.names.pod_text(name)).cloned(),
            Request::GetDaemonSet
            | Request::GetRevision(_)
            | Request::AdoptPod(..)
            | Request::ReleasePod(..)
            | Request::AdoptRevision(..)
            | Request::ReleaseRevision(..)
            | Request::CreateRevision(_)
            | Request::DeleteRevision(_)
            | Request::CreatePod(..)
            | Request::DeletePod(..)
            | Request::UpdateStatus(..) => None,
        };
        let reply = match self.fault(setting, request)? {
            Some((reason, committed)) => {
                if committed {
                    self.api.execute(setting, eye, request, base.as_ref())?;
                }
                Reply::Error(reason)
            }
            None => self.api.execute(setting, eye, request, base.as_ref())?,
        };
        let error = match reply {
            Reply::Error(reason) => Some(reason),
            Reply::Done | Reply::DaemonSet(_) | Reply::Revision(_) | Reply::Pod(_) => None,
        };
        if let (Request::LabelRevision(name, _) | Request::GetRevision(name), None) = (request, error)
            && let Some(stored) = self.api.get(Kind::Revision, &setting.names.symbol_text(name))
        {
            let stored = stored.clone();
            replace(&mut self.listed, Kind::Revision, stored);
        }
        self.log(group, Entry::Request(request, error, base));
        Ok(reply)
    }

    /// Remembers what the sync lists now, for updates made from it.
    pub fn list(&mut self, point: Point) {
        let kind = match point {
            Point::History => Kind::Revision,
            Point::Dedup => Kind::Pod,
            Point::Nodes
            | Point::GateCheck
            | Point::Manage
            | Point::RolloutCheck
            | Point::RollingUpdate
            | Point::Node
            | Point::Pod
            | Point::Cleanup
            | Point::Status => return,
        };
        self.listed.retain(|(listed, _)| *listed != kind);
        self.listed.extend(self.cache.iter().filter(|(cached, _)| *cached == kind).cloned());
    }

    /// Whether some delivery that has not happened yet satisfies `wanted`.
    pub fn awaits(&self, setting: &Setting<'_>, wanted: impl Fn(&Moment) -> bool) -> bool {
        setting.given.deliveries.iter().zip(&self.delivered).any(|(delivery, done)| !done && wanted(&delivery.at))
    }

    /// The deliveries of this moment.
    ///
    /// # Errors
    ///
    /// If an event makes no sense.
    pub fn deliver(&mut self, setting: &Setting<'_>, now: Now) -> Result<(), BadVector> {
        for (index, delivery) in setting.given.deliveries.iter().enumerate() {
            if self.delivered[index] || !is_now(&delivery.at, now)? {
                continue;
            }
            self.delivered[index] = true;
            self.log(None, Entry::Delivery(index));
            for event in &delivery.events {
                self.happen(setting, event)?;
            }
        }
        Ok(())
    }

    /// One event: the API server, then the store, then the handler.
    fn happen(&mut self, setting: &Setting<'_>, event: &Change) -> Result<(), BadVector> {
        let kind =
            Kind::named(&event.kind).ok_or_else(|| BadVector::new(format!("no kind is called `{}`", event.kind)))?;
        let missing = |what: &str| BadVector::new(format!("an event lacks `{what}`"));
        match event.action {
            Action::Put => self.api.put(setting, kind, event.object.as_ref().ok_or_else(|| missing("object"))?)?,
            Action::Patch => {
                let patch = event.patch.as_ref().ok_or_else(|| missing("patch"))?;
                if !self.api.patch(setting, kind, &event.name, patch)? {
                    return Ok(()); // Not even what is gone arrives.
                }
            }
            Action::Delete => self.api.delete_at_once(kind, &event.name),
            Action::Arrive => {}
        }
        let old = find(&self.cache, kind, &event.name).cloned();
        let new = self.api.get(kind, &event.name).cloned();
        let last = match (&old, &new) {
            (None, None) => return Ok(()),
            (Some(old), Some(new)) if old.version == new.version => return Ok(()),
            (_, Some(new)) => {
                replace(&mut self.cache, kind, new.clone());
                old
            }
            (Some(old), None) => {
                remove(&mut self.cache, kind, &event.name);
                Some(self.api.last_state(kind, &event.name).unwrap_or(old).clone())
            }
        };
        self.records = None;
        let mut stores = Stores::default();
        self.cache.iter().for_each(|(kind, object)| stores.put(*kind, object, true));
        let change = Notification { old: last.as_deref(), new: new.as_deref(), syncing: true, suspended: &[] };
        let effects = notify(&setting.names, &setting.subject, &stores, change)?;
        let key = setting.names.key(setting.namespace, setting.name);
        for effect in effects {
            effect.apply(key, &mut self.memory);
            if !self.queued.contains(&effect) {
                self.queued.push(effect);
            }
        }
        Ok(())
    }
}

/// Whether a moment is `now`.
fn is_now(moment: &Moment, now: Now) -> Result<bool, BadVector> {
    let nth = moment.n.unwrap_or(1);
    let names = |text: &Option<String>, verb: &str, kind: Kind| {
        text.as_deref().and_then(|text| text.split_once(' ')) == Some((verb, kind.text()))
    };
    Ok(match (now, &moment.read, &moment.check) {
        (Now::At(point), Some(read), None) => point == read_point(read)?,
        (Now::At(point), None, Some(check)) => match check.as_str() {
            "gate" => point == Point::GateCheck,
            "rollout" => point == Point::RolloutCheck,
            other => return Err(BadVector::new(format!("no check is called `{other}`"))),
        },
        (Now::Before(verb, kind, n), ..) => n == nth && names(&moment.before, verb, kind),
        (Now::After(verb, kind, n), ..) => n == nth && names(&moment.after, verb, kind),
        (Now::At(_), ..) => false,
    })
}

fn read_point(read: &str) -> Result<Point, BadVector> {
    Ok(match read {
        "nodes" => Point::Nodes,
        "history" => Point::History,
        "dedup" => Point::Dedup,
        "manage" => Point::Manage,
        "rollingUpdate" => Point::RollingUpdate,
        "cleanup" => Point::Cleanup,
        "status" => Point::Status,
        "node" => Point::Node,
        "pod" => Point::Pod,
        other => return Err(BadVector::new(format!("nothing read is called `{other}`"))),
    })
}

/// The API reason that a fault names.
fn reason(text: &str) -> Result<Reason, BadVector> {
    [
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
    ]
    .into_iter()
    .find(|reason| reason_text(*reason) == text)
    .ok_or_else(|| BadVector::new(format!("no reason is called `{text}`")))
}

/// A reason as the vectors write it.
pub fn reason_text(reason: Reason) -> String {
    format!("{reason:?}")
}
