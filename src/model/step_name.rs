//! Steps by name and arguments: what a saved behaviour is written in.
//!
//! An [`Action`] is what the search moves by: small numbers, and the place of an alternative in the canonical order of its
//! decision. A [`StepName`] says the same in the names of the scope: nodes, templates, `DaemonSet`s and users as the model
//! file calls them, pods as the behaviour met them (`p1` is the first), and of a decision what was decided: the requests
//! that are sent, those that follow them, the revision that is kept. It is read back by naming what is enabled and looking
//! for the same name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::{Action, Resource};
use super::state::{Cluster, Process, Queued};
use super::walk::{PodNames, Walk};
use crate::cluster::api_server::{Call, Origin, Sorts};
use crate::cluster::object::{COPIES, NAMED, Object};
use crate::cluster::watch::{Event, Informer};
use crate::controller::record::{PodName, ResourceVersion, Symbol};
use crate::controller::request::Request;
use crate::controller::sync::Step as SyncStep;
use crate::controller::sync_nodes::SyncNodes;
use crate::scope::{Scope, command};

/// A step by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepName {
    /// What kind of step it is ([`Action::kind`]).
    pub step: String,
    /// Who, to what, and what was decided: each by the name of the argument.
    #[serde(flatten)]
    pub arguments: BTreeMap<String, String>,
}

impl std::fmt::Display for StepName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.step)?;
        for (index, (argument, value)) in self.arguments.iter().enumerate() {
            write!(formatter, "{}{argument}: {value}", if index == 0 { " (" } else { "; " })?;
        }
        if self.arguments.is_empty() { Ok(()) } else { write!(formatter, ")") }
    }
}

/// A step that cannot be taken, or read, where its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// No enabled step is called so.
    #[error("step {number}, {step}, is not enabled there")]
    NotEnabled {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        step: StepName,
    },
    /// Two enabled steps are, and lead to different states.
    #[error("step {number}, {step}, is the name of two steps there")]
    Ambiguous {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        step: StepName,
    },
}

/// The names of the steps of a behaviour.
///
/// # Errors
///
/// If a step is not enabled where its turn comes, or another one would bear the same name.
pub fn name_steps(model: &super::compose::DaemonSetModel, actions: &[Action]) -> Result<Vec<StepName>, Untaken> {
    let mut walk = Walk::new(model);
    let mut names = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let number = index + 1;
        let untaken = || Untaken::NotEnabled { number, step: bare(action) };
        let after = walk.after(action).ok_or_else(untaken)?;
        let step = name(&walk, action, &after);
        let (found, after) = find(&walk, number, &step)?;
        debug_assert_eq!(found, *action, "the name finds the step");
        names.push(step);
        walk.go_on(after);
    }
    Ok(names)
}

/// The actions that `names` name.
///
/// # Errors
///
/// If a step is not enabled where its turn comes, or its name is that of two.
pub fn take_named(model: &super::compose::DaemonSetModel, names: &[StepName]) -> Result<Vec<Action>, Untaken> {
    let mut walk = Walk::new(model);
    let mut actions = Vec::new();
    for (index, step) in names.iter().enumerate() {
        let (action, after) = find(&walk, index + 1, step)?;
        actions.push(action);
        walk.go_on(after);
    }
    Ok(actions)
}

/// The one enabled step called `step`.
fn find(walk: &Walk<'_>, number: usize, step: &StepName) -> Result<(Action, Cluster), Untaken> {
    let mut named = walk.enabled().into_iter().filter(|(action, after)| name(walk, action, after) == *step);
    let found = named.next().ok_or_else(|| Untaken::NotEnabled { number, step: step.clone() })?;
    if named.any(|(_, after)| after != found.1) {
        return Err(Untaken::Ambiguous { number, step: step.clone() });
    }
    Ok(found)
}

/// A step whose arguments cannot be told, because it is not enabled.
fn bare(action: &Action) -> StepName {
    StepName { step: action.kind().to_owned(), arguments: BTreeMap::new() }
}

/// The name of the step `action`, which leads to `after`, not yet renumbered ([`Walk::enabled`]).
pub fn name(walk: &Walk<'_>, action: &Action, after: &Cluster) -> StepName {
    let around = Some((&walk.cluster, after));
    let mut named = Named { scope: &walk.model.scope, pods: &walk.pods, around, step: bare(action) };
    named.add(action);
    named.step
}

/// What can be told of `action` without knowing where it is taken: pods by rank, an alternative by its number.
pub fn label(scope: &Scope, action: &Action) -> StepName {
    let mut named = Named { scope, pods: &PodNames::by_rank(), around: None, step: bare(action) };
    named.add(action);
    if let Action::Begin { choice, .. } | Action::Proceed { choice, .. } | Action::Reply { choice, .. } = *action {
        named.argument("alternative", (u16::from(choice) + 1).to_string());
    }
    named.step
}

/// A request with all that it says.
pub fn request_words(scope: &Scope, pods: &PodNames, request: &Request) -> String {
    let step = StepName { step: String::new(), arguments: BTreeMap::new() };
    Named { scope, pods, around: None, step }.asked(request)
}

struct Named<'a> {
    scope: &'a Scope,
    pods: &'a PodNames,
    /// The clusters before and after the step, where they are known.
    around: Option<(&'a Cluster, &'a Cluster)>,
    step: StepName,
}

impl Named<'_> {
    fn add(&mut self, action: &Action) {
        match *action {
            Action::Deliver { controller, resource, name, together } => {
                self.controller(controller);
                self.argument("watch", resource_name(resource).to_owned());
                let object = self.delivered(controller, resource, name);
                self.argument("object", object);
                if together {
                    self.argument("then", "its next event, before older ones of others".to_owned());
                }
            }
            Action::Notify { controller, resource } => {
                self.controller(controller);
                self.argument("handler", resource_name(resource).to_owned());
            }
            Action::NodeItem { controller, node } => {
                self.controller(controller);
                self.node(node);
            }
            Action::Begin { controller, key, .. } | Action::Proceed { controller, key, .. } => {
                self.sender(controller, key);
                self.decided(controller, key);
            }
            Action::Reply { controller, key, request, .. } => {
                self.request(controller, key, &request);
                self.decided(controller, key);
            }
            Action::Handle { controller, key, request, orphaned, sorts } => {
                self.request(controller, key, &request);
                self.orphaned(orphaned);
                self.sorts(sorts);
            }
            Action::Drop { controller, key, request, orphaned } => {
                self.request(controller, key, &request);
                self.orphaned(orphaned);
            }
            Action::LoseReply { controller, key, request, sorts } => {
                self.request(controller, key, &request);
                self.sorts(sorts);
            }
            Action::Refuse { controller, key, request, reason } => {
                self.request(controller, key, &request);
                self.argument("reason", format!("{reason:?}"));
            }
            Action::Conflict { controller, key, request } | Action::LoseRequest { controller, key, request } => {
                self.request(controller, key, &request);
            }
            Action::ReadyTimer { controller, key }
            | Action::Expire { controller, key }
            | Action::Resync { controller, key } => self.sender(controller, key),
            Action::BackoffEnds { controller, key, node } => {
                self.sender(controller, key);
                self.node(node);
            }
            Action::Restart { controller } | Action::Crash { controller } => self.controller(controller),
            Action::StaleRestart { controller, seen } => {
                self.controller(controller);
                for (resource, seen) in Resource::ALL.iter().zip(seen) {
                    self.argument(&format!("eventsSeenOf{}s", resource_name(*resource)), seen.to_string());
                }
            }
            Action::BreakWatch { controller, resource, lagging, seen } => {
                self.controller(controller);
                self.argument("watch", resource_name(resource).to_owned());
                self.argument("lists", if lagging { "from a lagging API server" } else { "on its way" }.to_owned());
                self.argument("eventsSeen", seen.to_string());
            }
            Action::Bookmark { controller, resource } => {
                self.controller(controller);
                self.argument("watch", resource_name(resource).to_owned());
            }
            Action::Bind { pod }
            | Action::PodReady { pod }
            | Action::PodUnready { pod }
            | Action::PodFailed { pod }
            | Action::PodEnded { pod }
            | Action::TakeOver { pod }
            | Action::MarkPodNotReady { pod }
            | Action::Evict { pod }
            | Action::Mature { pod }
            | Action::PodGc { pod }
            | Action::CollectPod { pod }
            | Action::Blip { pod }
            | Action::FailPod { pod } => self.argument("pod", self.pods.of(u32::from(pod))),
            Action::CollectRevision { name } => self.argument("revision", self.revision(u32::from(name))),
            Action::FinishDelete { key } => self.daemon_set(key),
            Action::Lifecycle { node, variant } => {
                self.node(node);
                self.argument("becomes", self.scope.variants[usize::from(variant)].clone());
            }
            Action::Silence { node } | Action::KubeletOutage { node } | Action::KubeletReturns { node } => {
                self.node(node);
            }
            Action::User { user } => {
                self.argument("user", user_name(user));
                self.command(user);
            }
            Action::UndoChooses { user, template } => {
                self.argument("user", user_name(user));
                let chosen = template.map_or_else(|| "nothing".to_owned(), |template| self.template(template));
                self.argument("chooses", chosen);
                self.command(user);
            }
            Action::SecondLeader | Action::SchedulerAway | Action::SchedulerOutage | Action::SchedulerReturns => {}
        }
    }

    /// The command that the user is at, as its script has it.
    fn command(&mut self, user: u8) {
        let Some((before, _)) = self.around else { return };
        let done = usize::from(before.users[usize::from(user)].done);
        if let Some(command) = self.scope.users[usize::from(user)].get(done) {
            self.argument("command", command::write(self.scope, *command));
        }
    }

    fn argument(&mut self, name: &str, value: String) {
        self.step.arguments.insert(name.to_owned(), value);
    }

    fn controller(&mut self, index: u8) {
        self.argument("controller", (u16::from(index) + 1).to_string());
    }

    fn daemon_set(&mut self, key: u8) {
        self.argument("daemonSet", self.scope.daemon_sets[usize::from(key)].name.clone());
    }

    fn sender(&mut self, controller: u8, key: u8) {
        self.controller(controller);
        self.daemon_set(key);
    }

    fn node(&mut self, node: u8) {
        self.argument("node", self.scope.nodes[usize::from(node)].name.clone());
    }

    fn request(&mut self, controller: u8, key: u8, request: &Request) {
        self.sender(controller, key);
        self.argument("request", self.asked(request));
    }

    fn sorts(&mut self, sorts: Sorts) {
        if sorts == Sorts::BeforeLast {
            self.argument("newPodSorts", "before the youngest of its node".to_owned());
        }
    }

    /// Which sync of a dead process a request came from.
    fn orphaned(&mut self, orphaned: Option<(u8, u8, u8, Origin)>) {
        let Some((uid, template, revision, origin)) = orphaned else { return };
        let phase = phase(origin);
        let (template, revision) = (self.template(template), self.revision(u32::from(revision)));
        self.argument("sentBy", format!("a dead process, in {phase}, for uid {uid} at {template}, {revision}"));
    }

    /// What the sync of `key` decided: what it sends now, what it sends after that, how it ended.
    fn decided(&mut self, controller: u8, key: u8) {
        let Some((before, after)) = self.around else { return };
        let mut sent = after.calls.clone();
        for call in &before.calls {
            if let Some(at) = sent.iter().position(|other| other == call) {
                sent.remove(at);
            }
        }
        let mut sent: Vec<String> = sent
            .iter()
            .filter(|call| call.awaited && call.controller == controller)
            .map(|call| self.sent(call))
            .collect();
        sent.sort_unstable();
        if !sent.is_empty() {
            self.argument("sends", sent.join(", "));
        }
        let process = &after.controllers[usize::from(controller)];
        let Some(work) = process.work.get(usize::from(key)).filter(|_| process.running || process.retiring) else {
            let how = if process.retiring { "the process exits" } else { "the process crashes" };
            return self.argument("ends", how.to_owned());
        };
        let Some(sync) = &work.sync else {
            let how = if work.queue == Queued::Waiting { "the key is queued again" } else { "done" };
            return self.argument("ends", how.to_owned());
        };
        let later = self.later(&sync.step);
        if !later.is_empty() {
            self.argument("then", later.join(", "));
        }
    }

    /// What a sync at `step` has decided and not sent yet.
    fn later(&self, step: &SyncStep) -> Vec<String> {
        let deletes = |names: &[PodName]| -> Vec<String> {
            names.iter().map(|name| format!("delete {}", self.pods.of(name.0))).collect()
        };
        match step {
            SyncStep::SyncNodes(SyncNodes { waiting, deletes, .. }) => {
                let nodes = waiting.iter().flatten().map(|node| self.node_name(node.0));
                let creates = nodes.map(|node| format!("create a pod on {node}"));
                let deletes = deletes.iter().map(|(name, _)| format!("delete {}", self.pods.of(name.0)));
                creates.chain(deletes).collect()
            }
            SyncStep::Dedup(dedup, _) => vec![format!("keep {}", self.revision(dedup.kept.name.0))],
            SyncStep::CleanUp(names) => names.iter().map(|name| format!("delete {}", self.revision(name.0))).collect(),
            SyncStep::LookUpNodes(survey, _) => deletes(&survey.deletes),
            SyncStep::LookUpPods(plan) => {
                let nodes = plan.allowed.iter().map(|node| self.node_name(node.0));
                let creates = nodes.map(|node| format!("create a pod on {node}"));
                creates.chain(deletes(&plan.deletes)).collect()
            }
            SyncStep::At(_)
            | SyncStep::ClaimRevisions(_)
            | SyncStep::LabelRevisions(_)
            | SyncStep::Renumber(..)
            | SyncStep::CreateRevision(_)
            | SyncStep::ReadExisting(_)
            | SyncStep::ReadForCollision
            | SyncStep::RaiseCollisionCount(_)
            | SyncStep::ClaimPods(..)
            | SyncStep::WriteStatus(..)
            | SyncStep::ReadForStatus(..) => Vec::new(),
        }
    }

    fn sent(&self, call: &Call) -> String {
        let request = self.asked(&call.request);
        match call.origin {
            Origin::Manage => request,
            Origin::RollingUpdate | Origin::CleanUp => format!("{request} in {}", phase(call.origin)),
        }
    }

    /// A request with all that it says.
    fn asked(&self, request: &Request) -> String {
        let guard = |version: Option<ResourceVersion>| {
            version.map_or_else(String::new, |version| format!(" at version {}", version.0))
        };
        let pod = |name: PodName| self.pods.of(name.0);
        match *request {
            Request::GetDaemonSet => "read the DaemonSet".to_owned(),
            Request::GetRevision(name) => format!("read {}", self.revision(name.0)),
            Request::AdoptPod(name, _) => format!("adopt {}", pod(name)),
            Request::ReleasePod(name, _) => format!("release {}", pod(name)),
            Request::AdoptRevision(name, uid) => format!("adopt {}, uid {}", self.revision(name.0), uid.0),
            Request::ReleaseRevision(name, uid) => format!("release {}, uid {}", self.revision(name.0), uid.0),
            Request::LabelRevision(name, version) => {
                format!("label {}{}", self.revision(name.0), guard(Some(version)))
            }
            Request::RenumberRevision(name, version, number) => {
                format!("renumber {} to {number}{}", self.revision(name.0), guard(Some(version)))
            }
            Request::CreateRevision(number) => format!("create revision {number}"),
            Request::DeleteRevision(name) => format!("delete {}", self.revision(name.0)),
            Request::RelabelPod(name, hash, version) => {
                format!("relabel {} with {}{}", pod(name), self.hash(hash), guard(version))
            }
            Request::CreatePod(node, hash, generation) => {
                let generation =
                    generation.map_or_else(String::new, |number| format!(" and template generation {number}"));
                format!("create a pod on {} with {}{generation}", self.node_name(node.0), self.hash(hash))
            }
            Request::DeletePod(name, version) => format!("delete {}{}", pod(name), guard(version)),
            Request::UpdateStatus(uid, version, status) => {
                let counters = &status.counters;
                let collisions =
                    status.collision_count.map_or_else(String::new, |count| format!(", collisionCount {count}"));
                format!(
                    "write the status of uid {}{}: observedGeneration {}, {} desired, {} current, {} misscheduled, \
                     {} ready, {} updated, {} available{collisions}",
                    uid.0,
                    guard(Some(version)),
                    status.observed_generation,
                    counters.desired_number_scheduled,
                    counters.current_number_scheduled,
                    counters.number_misscheduled,
                    counters.number_ready,
                    counters.updated_number_scheduled,
                    counters.number_available,
                )
            }
        }
    }

    fn node_name(&self, index: u32) -> &str {
        usize::try_from(index).ok().and_then(|index| self.scope.nodes.get(index)).map_or("?", |node| &node.name)
    }

    fn template(&self, index: u8) -> String {
        self.scope.templates.get(usize::from(index)).map_or_else(|| "no template".to_owned(), |one| one.name.clone())
    }

    /// A revision's object name: the template and the collision count that its hash was made of.
    fn revision(&self, name: u32) -> String {
        match u8::try_from(name) {
            Ok(0) | Err(_) => "no revision".to_owned(),
            Ok(name) if name >= COPIES => format!("copied revision {}", name - COPIES + 1),
            Ok(name) => format!("the revision of {}", self.hashed(name)),
        }
    }

    fn hash(&self, hash: Symbol) -> String {
        match u8::try_from(hash.0) {
            Ok(0) | Err(_) => "no hash".to_owned(),
            Ok(label) if label >= COPIES => format!("the name of copied revision {}", label - COPIES + 1),
            Ok(label) if label > NAMED => format!("the whole name of the revision of {}", self.hashed(label - NAMED)),
            Ok(label) => format!("the hash of {}", self.hashed(label)),
        }
    }

    /// What [`crate::cluster::object::revision_hash`] made `hash` of.
    fn hashed(&self, hash: u8) -> String {
        let (key, rest) = ((hash - 1) / 64, (hash - 1) % 64);
        let template = self.template(rest / 4);
        let owner = match self.scope.daemon_sets.len() {
            1 => String::new(),
            _ => self.scope.daemon_sets.get(usize::from(key)).map_or_else(String::new, |one| format!("{}/", one.name)),
        };
        let collisions = match rest % 4 {
            0 => String::new(),
            count => format!(" after {count} collisions"),
        };
        format!("{owner}{template}{collisions}")
    }

    /// The object of the event that is delivered: the first called `name` in the stream.
    fn delivered(&self, controller: u8, resource: Resource, name: u8) -> String {
        fn is_bookmark<T: Object>(informer: &Informer<T>, name: u8) -> bool {
            let of = |event: &Event<T>| match event {
                Event::Put(object) | Event::Deleted(object) => object.name(),
                Event::Bookmark => 0,
            };
            let first = informer.stream.iter().find(|versioned| of(&versioned.event) == name);
            first.is_some_and(|versioned| versioned.event == Event::Bookmark)
        }
        let bookmark = |process: &Process| match resource {
            Resource::DaemonSets => is_bookmark(&process.daemon_sets, name),
            Resource::Revisions => is_bookmark(&process.revisions, name),
            Resource::Pods => is_bookmark(&process.pods, name),
            Resource::Nodes => is_bookmark(&process.nodes, name),
        };
        if self.around.is_some_and(|(before, _)| bookmark(&before.controllers[usize::from(controller)])) {
            return "a bookmark".to_owned();
        }
        match resource {
            Resource::DaemonSets => self.scope.daemon_sets[usize::from(name)].name.clone(),
            Resource::Revisions => self.revision(u32::from(name)),
            Resource::Pods => self.pods.of(u32::from(name)),
            Resource::Nodes => self.node_name(u32::from(name)).to_owned(),
        }
    }
}

fn resource_name(resource: Resource) -> &'static str {
    match resource {
        Resource::DaemonSets => "DaemonSet",
        Resource::Revisions => "ControllerRevision",
        Resource::Pods => "Pod",
        Resource::Nodes => "Node",
    }
}

fn user_name(index: u8) -> String {
    (u16::from(index) + 1).to_string()
}

fn phase(origin: Origin) -> &'static str {
    match origin {
        Origin::Manage => "manage",
        Origin::RollingUpdate => "the rolling update",
        Origin::CleanUp => "the clean-up",
    }
}
