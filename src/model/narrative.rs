//! A behaviour told as a numbered interleaving: who did what to which object, and what the controller's caches showed.

use super::action::{Action, Resource};
use super::compose::DaemonSetModel;
use super::picture::in_the_end;
use super::state::{Cluster, Process, Undo};
use super::walk::{PodNames, Walk};
use crate::cluster::api_server::{Answer, Call, Origin};
use crate::cluster::object::{Deleting, OTHERS, PodObject, PodPhase, RevisionObject, labelled_template};
use crate::cluster::watch::{Event, Versioned};
use crate::controller::record::Symbol;
use crate::controller::request::{Reason, Request};
use crate::controller::sync::{DedupStep, Point, Step as SyncStep};
use crate::scope::{Cascade, Command, Scope};

/// One step, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who takes the step.
    pub who: String,
    /// What happens.
    pub what: String,
    /// What the controller's caches showed, where it matters.
    pub sees: Option<String>,
}

/// A behaviour, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The steps.
    pub lines: Vec<Line>,
    /// What the API server has after the last, and what controllers still expect: an object a line.
    pub end: Vec<String>,
}

/// A step that is not enabled where it is told to be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {number} ({}) is not enabled there", action.kind())]
pub struct NotEnabled {
    /// Its number, from 1.
    pub number: usize,
    /// The step.
    pub action: Action,
}

/// Tells the behaviour that takes `actions` from the initial state.
///
/// # Errors
///
/// If one of them is not enabled where its turn comes.
pub fn tell(model: &DaemonSetModel, actions: &[Action]) -> Result<Told, NotEnabled> {
    let mut walk = Walk::new(model);
    let mut lines = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let after = walk.after(action).ok_or(NotEnabled { number: index + 1, action: *action })?;
        walk.meet(&after);
        lines.push(line(&walk, action, &after));
        walk.go_on(after);
    }
    let end = in_the_end(&model.scope, &walk.cluster, &walk.pods);
    Ok(Told { lines, end })
}

/// The step `action` told, which leads from where `walk` is to `after`, whose pods the walk has met.
pub fn line(walk: &Walk<'_>, action: &Action, after: &Cluster) -> Line {
    Teller { scope: &walk.model.scope, pods: &walk.pods, before: &walk.cluster, after }.line(action)
}

struct Teller<'a> {
    scope: &'a Scope,
    pods: &'a PodNames,
    before: &'a Cluster,
    after: &'a Cluster,
}

impl Teller<'_> {
    fn line(&self, action: &Action) -> Line {
        let plain = |who: &str, what: String| Line { who: who.to_owned(), what, sees: None };
        match *action {
            Action::Deliver { controller, resource, together, .. } => {
                let mut what = self.delivered(controller, resource);
                if together {
                    what.push_str(", its next event right after it");
                }
                plain(&format!("{} watch", resource_name(resource)), format!("{what}{}", self.woken(controller)))
            }
            Action::Notify { controller, resource } => {
                let wakes = self.woken(controller);
                let what = format!("its {} handler learns of an event{wakes}", resource_name(resource));
                plain(&self.controller(controller), what)
            }
            Action::NodeItem { controller, node } => {
                let wakes = self.woken(controller);
                let effect = if wakes.is_empty() { "; nothing to do there" } else { &wakes };
                plain(&self.controller(controller), format!("looks at node {}{effect}", self.node(node)))
            }
            Action::Begin { controller, key, .. } => Line {
                who: self.controller(controller),
                what: format!("begins a sync of {}{}", self.daemon_set(key), self.consequence(controller, key)),
                sees: Some(self.sees(&self.before.controllers[usize::from(controller)], key)),
            },
            Action::Proceed { controller, key, .. } => Line {
                who: self.controller(controller),
                what: format!("{}{}", self.reads(controller, key), self.consequence(controller, key)),
                sees: Some(self.sees(&self.before.controllers[usize::from(controller)], key)),
            },
            Action::Handle { controller, key, request, orphaned: None, .. } => {
                plain("API server", self.handled(controller, key, &request))
            }
            Action::Handle { key, request, orphaned: Some(_), .. } => plain("API server", self.done(&request, key)),
            Action::Reply { controller, key, request, .. } => {
                let answer = self.answer(controller, key, &request);
                let what =
                    format!("learns of {}: {answer}{}", self.request(&request, key), self.consequence(controller, key));
                plain(&self.controller(controller), what)
            }
            Action::Drop { key, request, .. } => {
                plain("network", format!("{} of the dead process never arrives", self.request(&request, key)))
            }
            Action::ReadyTimer { controller, key } => plain(
                &self.controller(controller),
                format!("minReadySeconds are over: {} is queued", self.daemon_set(key)),
            ),
            Action::BackoffEnds { controller, node, .. } => plain(
                &self.controller(controller),
                format!("the back-off of failed pods on {} ends{}", self.node(node), self.woken(controller)),
            ),
            Action::Restart { controller } => {
                plain(&self.controller(controller), "a new process starts, with fresh lists".to_owned())
            }
            Action::Bind { pod } => plain("scheduler", format!("binds {}", self.pod(pod))),
            Action::PodReady { pod } => plain("kubelet", format!("{} is ready", self.pod(pod))),
            Action::PodUnready { pod } => {
                plain("kubelet", format!("{}, terminating, is no longer ready", self.pod(pod)))
            }
            Action::PodFailed { pod } => plain("kubelet", format!("{} has failed", self.pod(pod))),
            Action::PodEnded { pod } => plain("kubelet", format!("{} has ended and is gone", self.pod(pod))),
            Action::TakeOver { pod } => {
                plain("kubelet", format!("the new machine of that name starts {} anew", self.pod(pod)))
            }
            Action::Mature { pod } => plain("time", format!("{} has been ready for minReadySeconds", self.pod(pod))),
            Action::PodGc { pod } => plain("Pod GC", format!("removes {}, whose node is gone", self.pod(pod))),
            Action::CollectPod { pod } => plain("garbage collector", self.collected(&self.pod(pod), pod)),
            Action::CollectRevision { name } => {
                let gone = self.after.store.revisions.get(name).is_none();
                let revision = self.revision(u32::from(name));
                let what = if gone { format!("deletes {revision}") } else { format!("takes the owner off {revision}") };
                plain("garbage collector", what)
            }
            Action::FinishDelete { key } => {
                plain("garbage collector", format!("{} has no dependents left and is gone", self.daemon_set(key)))
            }
            Action::Lifecycle { node, variant } => {
                plain("node lifecycle", format!("{} becomes {}", self.node(node), self.variant(variant)))
            }
            Action::MarkPodNotReady { pod } => {
                plain("node lifecycle", format!("marks {} not ready: its node's kubelet is silent", self.pod(pod)))
            }
            Action::Evict { pod } => {
                plain("taint manager", format!("deletes {}, which does not tolerate its node", self.pod(pod)))
            }
            Action::KubeletReturns { node } => plain("kubelet", format!("that of {} reports again", self.node(node))),
            Action::SchedulerReturns => plain("scheduler", "is back".to_owned()),
            Action::User { user } | Action::UndoChooses { user, .. } => plain(&self.user(user), self.command(user)),
            Action::Crash { controller } => plain("fault", format!("{} dies", self.controller(controller))),
            Action::StaleRestart { controller, .. } => {
                let dead = !self.before.controllers[usize::from(controller)].running;
                let dies = if dead { String::new() } else { format!("{} dies; ", self.controller(controller)) };
                let lists = self.lagging_lists();
                plain("fault", format!("{dies}a new process lists {lists} from a lagging API server"))
            }
            Action::SecondLeader => plain("fault", "a second controller starts while the first still runs".to_owned()),
            Action::BreakWatch { controller, resource, lagging, .. } => {
                let from = if lagging { ", from a lagging API server" } else { "" };
                let (watch, controller) = (resource_name(resource), self.controller(controller));
                plain("fault", format!("the {watch} watch of {controller} breaks, and it lists again{from}"))
            }
            Action::Resync { controller, key } => plain(
                "resync",
                format!("{} is delivered again to {}", self.daemon_set(key), self.controller(controller)),
            ),
            Action::Bookmark { resource, .. } => {
                plain(&format!("{} watch", resource_name(resource)), "a bookmark is sent".to_owned())
            }
            Action::Refuse { key, request, reason, .. } => {
                plain("fault", format!("{} is refused ({reason:?})", self.request(&request, key)))
            }
            Action::Conflict { key, request, .. } => plain(
                "fault",
                format!(
                    "somebody else writes the object first: Conflict is the answer to {}",
                    self.request(&request, key)
                ),
            ),
            Action::LoseRequest { key, request, .. } => plain(
                "fault",
                format!("{} is lost on the way; the controller sees a timeout", self.request(&request, key)),
            ),
            Action::LoseReply { key, request, .. } => plain(
                "fault",
                format!(
                    "the API server {}, but the reply is lost: the controller sees a timeout",
                    self.done(&request, key)
                ),
            ),
            Action::Expire { key, .. } => {
                plain("time", format!("five minutes pass: the expectations of {} expire", self.daemon_set(key)))
            }
            Action::Blip { pod } => plain("fault", format!("{} is not ready for a moment", self.pod(pod))),
            Action::FailPod { pod } => plain("fault", format!("{} fails", self.pod(pod))),
            Action::SchedulerAway => plain("fault", "the scheduler goes away".to_owned()),
            Action::Silence { node } => plain("fault", format!("the kubelet of {} goes silent", self.node(node))),
            Action::KubeletOutage { node } => {
                plain("fault", format!("the kubelet of {} goes silent for a while", self.node(node)))
            }
            Action::SchedulerOutage => plain("fault", "the scheduler goes away for a while".to_owned()),
        }
    }

    /// The types that a lagging API server lists from its past.
    fn lagging_lists(&self) -> String {
        let lists = self.scope.lagging_lists;
        let types = [
            (lists.daemon_sets, "DaemonSets"),
            (lists.revisions, "ControllerRevisions"),
            (lists.pods, "pods"),
            (lists.nodes, "nodes"),
        ];
        let names: Vec<&str> = types.iter().filter(|(lags, _)| *lags).map(|(_, name)| *name).collect();
        names.join(" and ")
    }

    fn controller(&self, index: u8) -> String {
        if self.after.controllers.len() > 1 { format!("controller {}", index + 1) } else { "controller".to_owned() }
    }

    fn user(&self, index: u8) -> String {
        if self.scope.users.len() > 1 { format!("user {}", index + 1) } else { "user".to_owned() }
    }

    fn daemon_set(&self, key: u8) -> &str {
        &self.scope.daemon_sets[usize::from(key)].name
    }

    fn node(&self, name: u8) -> &str {
        &self.scope.nodes[usize::from(name)].name
    }

    fn variant(&self, index: u8) -> &str {
        &self.scope.variants[usize::from(index)]
    }

    fn template(&self, index: u8) -> &str {
        &self.scope.templates[usize::from(index)].name
    }

    fn find(&self, name: u8) -> Option<&PodObject> {
        let caches = self.before.controllers.iter().filter_map(|process| process.pods.store.get(name));
        self.after
            .store
            .pods
            .get(name)
            .or_else(|| self.before.store.pods.get(name))
            .or_else(|| caches.into_iter().next())
    }

    fn pod(&self, name: u8) -> String {
        let known = self.pods.of(u32::from(name));
        self.find(name).map_or_else(
            || known.clone(),
            |pod| match pod.template {
                OTHERS => format!("the other pods on {}", self.node(pod.target)),
                _ => format!("pod {known} on {}", self.node(pod.target)),
            },
        )
    }

    fn pod_state(&self, pod: &PodObject) -> String {
        let mut words = vec![match (pod.phase, pod.ready, pod.bound) {
            (PodPhase::Failed, ..) => "failed",
            (PodPhase::Succeeded, ..) => "succeeded",
            (PodPhase::Active, true, _) => "ready",
            (PodPhase::Active, false, true) => "not ready",
            (PodPhase::Active, false, false) => "pending",
        }];
        if pod.deleting {
            words.push("terminating");
        }
        if pod.owner.is_none() {
            words.push("without owner");
        }
        format!("{}, {}", words.join(", "), self.hash(pod.hash))
    }

    fn hash(&self, hash: u8) -> String {
        if hash == 0 {
            return "without hash".to_owned();
        }
        let recorded = self.after.store.revisions.iter().find(|one: &&RevisionObject| one.label == hash);
        let template = recorded.map(|one| one.template).or_else(|| labelled_template(hash));
        template
            .and_then(|template| self.scope.templates.get(usize::from(template)))
            .map_or_else(|| "of a copy".to_owned(), |one| format!("of {}", one.name))
    }

    fn revision(&self, name: u32) -> String {
        let find = |cluster: &Cluster| {
            cluster.store.revisions.iter().find(|revision| u32::from(revision.name) == name).copied()
        };
        match find(self.before).or_else(|| find(self.after)) {
            Some(one) if one.name >= crate::cluster::object::COPIES => {
                format!("the copied revision of {}", self.template(one.template))
            }
            Some(one) => format!("revision {} ({})", one.number, self.template(one.template)),
            None => "a revision long gone".to_owned(),
        }
    }

    /// What a watch event brings.
    fn delivered(&self, controller: u8, resource: Resource) -> String {
        fn taken<'a, T: Copy + PartialEq>(before: &'a [Versioned<T>], after: &[Versioned<T>]) -> Option<&'a Event<T>> {
            before.iter().enumerate().find(|(at, event)| after.get(*at) != Some(*event)).map(|(_, event)| &event.event)
        }
        let index = usize::from(controller);
        let (before, after) = (&self.before.controllers[index], &self.after.controllers[index]);
        let found = match resource {
            Resource::DaemonSets => {
                taken(&before.daemon_sets.stream, &after.daemon_sets.stream).map(|event| match event {
                    Event::Put(object) => {
                        let deleting = if object.deleting == Deleting::No { "" } else { ", being deleted" };
                        format!(
                            "{} at {} (generation {}{deleting})",
                            self.daemon_set(object.key),
                            self.template(object.template),
                            object.generation
                        )
                    }
                    Event::Deleted(object) => format!("{} is gone", self.daemon_set(object.key)),
                    Event::Bookmark => "a bookmark".to_owned(),
                })
            }
            Resource::Revisions => taken(&before.revisions.stream, &after.revisions.stream).map(|event| match event {
                Event::Put(one) => format!("revision {} ({})", one.number, self.template(one.template)),
                Event::Deleted(one) => format!("revision {} ({}) is gone", one.number, self.template(one.template)),
                Event::Bookmark => "a bookmark".to_owned(),
            }),
            Resource::Pods => taken(&before.pods.stream, &after.pods.stream).map(|event| match event {
                Event::Put(pod) => format!("{}: {}", self.pod(pod.name), self.pod_state(pod)),
                Event::Deleted(pod) => format!("{} is gone", self.pod(pod.name)),
                Event::Bookmark => "a bookmark".to_owned(),
            }),
            Resource::Nodes => taken(&before.nodes.stream, &after.nodes.stream).map(|event| match event {
                Event::Put(node) => format!("node {} is {}", self.node(node.name), self.variant(node.variant)),
                Event::Deleted(node) => format!("node {} is gone", self.node(node.name)),
                Event::Bookmark => "a bookmark".to_owned(),
            }),
        };
        format!("reaches {}: {}", self.controller(controller), found.unwrap_or_else(|| "an event".to_owned()))
    }

    /// Which keys the step put into the queue.
    fn woken(&self, controller: u8) -> String {
        let index = usize::from(controller);
        let (before, after) = (&self.before.controllers[index], &self.after.controllers[index]);
        let woken =
            (0..after.work.len()).any(|key| before.work.get(key).map(|work| work.queue) != Some(after.work[key].queue));
        if woken { "; it is queued".to_owned() } else { String::new() }
    }

    fn reads(&self, controller: u8, key: u8) -> String {
        let sync = self.before.controllers[usize::from(controller)].work[usize::from(key)].sync.as_deref();
        let point = match sync.map(|sync| &sync.step) {
            Some(SyncStep::At(point)) => *point,
            Some(SyncStep::Dedup(_, DedupStep::AtPods)) => Point::Dedup,
            Some(SyncStep::LookUpNodes(..)) => Point::Node,
            _ => Point::Pod,
        };
        match point {
            Point::Nodes | Point::History => "reads the revisions",
            Point::Dedup => "reads the pods, to relabel them",
            Point::GateCheck | Point::Manage => "reads the pods and decides what should be on each node",
            Point::RolloutCheck | Point::RollingUpdate => "goes on to the rolling update",
            Point::Node => "looks up the nodes of old pods",
            Point::Pod => "looks up pods that should not run",
            Point::Cleanup => "cleans up old revisions",
            Point::Status => "computes the status",
        }
        .to_owned()
    }

    /// What the controller did then: requests, or the end of the sync.
    fn consequence(&self, controller: u8, key: u8) -> String {
        let sent: Vec<String> = self
            .after
            .calls
            .iter()
            .filter(|call| call.controller == controller && !self.before.calls.contains(call))
            .map(|call| self.sent(call))
            .collect();
        if !sent.is_empty() {
            return format!("; asks: {}", sent.join(", "));
        }
        let process = &self.after.controllers[usize::from(controller)];
        if !process.running && self.before.controllers[usize::from(controller)].running {
            return "; the process crashes".to_owned();
        }
        if process.work.is_empty() {
            return "; its lease is lost, and the process exits".to_owned();
        }
        match &process.work[usize::from(key)].sync {
            None if process.work[usize::from(key)].queue == super::state::Queued::Waiting => {
                "; the sync ends, and the key is queued again".to_owned()
            }
            None => "; the sync ends".to_owned(),
            Some(_) => String::new(),
        }
    }

    fn sent(&self, call: &Call) -> String {
        let origin = if call.origin == Origin::RollingUpdate { " (rolling update)" } else { "" };
        format!("{}{origin}", self.request(&call.request, call.key))
    }

    fn request(&self, request: &Request, key: u8) -> String {
        match request {
            Request::GetDaemonSet => format!("read {}", self.daemon_set(key)),
            Request::GetRevision(_) => "read the revision of that name".to_owned(),
            Request::AdoptPod(name, _) => format!("adopt pod {}", self.pods.of(name.0)),
            Request::ReleasePod(name, _) => format!("release pod {}", self.pods.of(name.0)),
            Request::AdoptRevision(Symbol(name), _) => format!("adopt {}", self.revision(*name)),
            Request::ReleaseRevision(Symbol(name), _) => format!("release {}", self.revision(*name)),
            Request::LabelRevision(Symbol(name), _) => format!("label {}", self.revision(*name)),
            Request::RenumberRevision(Symbol(name), _, number) => {
                format!("renumber {} to {number}", self.revision(*name))
            }
            Request::CreateRevision(number) => format!("create revision {number}"),
            Request::DeleteRevision(Symbol(name)) => format!("delete {}", self.revision(*name)),
            Request::RelabelPod(name, _, _) => format!("relabel pod {}", self.pods.of(name.0)),
            Request::CreatePod(node, ..) => {
                format!("create a pod on {}", self.node(u8::try_from(node.0).unwrap_or_default()))
            }
            Request::DeletePod(name, _) => format!("delete pod {}", self.pods.of(name.0)),
            Request::UpdateStatus(_, _, status) => format!(
                "write status (observedGeneration {}, {} desired, {} updated, {} available)",
                status.observed_generation,
                status.counters.desired_number_scheduled,
                status.counters.updated_number_scheduled,
                status.counters.number_available
            ),
        }
    }

    /// What a request that was carried out did.
    fn done(&self, request: &Request, key: u8) -> String {
        if let Request::CreatePod(..) = request {
            let new = self.after.store.pods.iter().find(|pod| self.before.store.pods.get(pod.name).is_none());
            return new.map_or_else(
                || "creates no pod".to_owned(),
                |pod| format!("creates {}, {}", self.pod(pod.name), self.hash(pod.hash)),
            );
        }
        if let Request::DeletePod(name, _) = request {
            return format!("deletes {}", self.pod(u8::try_from(name.0).unwrap_or_default()));
        }
        format!("carries out: {}", self.request(request, key))
    }

    fn handled(&self, controller: u8, key: u8, request: &Request) -> String {
        let refused = self
            .after
            .replies
            .iter()
            .find(|(call, _)| call.controller == controller && call.key == key && call.request == *request);
        match refused {
            Some((_, Answer::Error(reason))) => format!("answers {reason:?} to: {}", self.request(request, key)),
            _ => self.done(request, key),
        }
    }

    fn answer(&self, controller: u8, key: u8, request: &Request) -> String {
        let reply = self
            .before
            .replies
            .iter()
            .find(|(call, _)| call.controller == controller && call.key == key && call.request == *request);
        match reply.map(|(_, answer)| answer) {
            Some(Answer::Error(Reason::Timeout)) => "timeout".to_owned(),
            Some(Answer::Error(reason)) => format!("{reason:?}"),
            _ => "done".to_owned(),
        }
    }

    /// What the process's caches show of the pods and of the `DaemonSet`.
    fn sees(&self, process: &Process, key: u8) -> String {
        let ds = process.daemon_sets.store.get(key).map_or_else(
            || format!("no {}", self.daemon_set(key)),
            |object| format!("{} at {}", self.daemon_set(key), self.template(object.template)),
        );
        let pods: Vec<String> =
            process.pods.store.iter().map(|pod| format!("{} ({})", self.pod(pod.name), self.pod_state(pod))).collect();
        let pods = if pods.is_empty() { "no pods".to_owned() } else { pods.join("; ") };
        let memory = process.work[usize::from(key)].memory.expectations.map_or_else(String::new, |one| {
            let expired = if one.expired { ", expired" } else { "" };
            format!("; expects {} creations and {} deletions{expired}", one.add, one.del)
        });
        format!("{ds}; {pods}{memory}")
    }

    fn collected(&self, pod: &str, name: u8) -> String {
        match self.after.store.pods.get(name) {
            Some(object) if !object.deleting => format!("takes the owner off {pod}"),
            _ => format!("deletes {pod}"),
        }
    }

    fn command(&self, user: u8) -> String {
        let index = usize::from(user);
        let progress = self.before.users[index];
        let command = self.scope.users[index][usize::from(progress.done)];
        let ds = |key: u8| self.daemon_set(key);
        match command {
            Command::Create(key, template, _) => {
                format!("creates {} with template {}", ds(key), self.template(template))
            }
            Command::Apply(key, template) => format!("applies template {} to {}", self.template(template), ds(key)),
            Command::SetStrategy(key, strategy) => {
                format!("changes the strategy of {} to {}", ds(key), self.scope.strategies[usize::from(strategy)].name)
            }
            Command::Annotate(key) => format!("annotates {}", ds(key)),
            Command::Undo(key, to) => {
                let target = to.map_or_else(String::new, |number| format!(" to revision {number}"));
                match (progress.undo, self.after.users[index].undo) {
                    (Undo::Idle, _) => format!("rollout undo{target} of {}: reads the DaemonSet", ds(key)),
                    (Undo::Read(..), Undo::Chosen(chosen)) => {
                        format!(
                            "rollout undo{target} of {}: lists the revisions, chooses {}",
                            ds(key),
                            self.template(chosen)
                        )
                    }
                    (Undo::Read(..), _) => {
                        format!("rollout undo{target} of {}: lists the revisions, and does nothing", ds(key))
                    }
                    (Undo::Chosen(chosen), _) => format!(
                        "rollout undo{target} of {}: patches the template to {}",
                        ds(key),
                        self.template(chosen)
                    ),
                }
            }
            Command::Delete(key, cascade) => {
                let how = match cascade {
                    Cascade::Background => "in the background",
                    Cascade::Foreground => "in the foreground",
                    Cascade::Orphan => "keeping its pods",
                };
                format!("deletes {} {how}", ds(key))
            }
            Command::DeletePod(_, node) => format!("deletes the pod on {}", self.node(node)),
            Command::UnlabelPod(_, node) => format!("takes the labels off the pod on {}", self.node(node)),
            Command::LabelPod(_, node) => format!("puts the labels back on the pod on {}", self.node(node)),
            Command::ReleasePod(_, node) => format!("takes labels and owner off the pod on {}", self.node(node)),
            Command::CreateOrphan(_, node, _) => format!("creates a matching pod by hand on {}", self.node(node)),
            Command::CopyRevision(_, template) => format!("copies the revision of {}", self.template(template)),
            Command::CreateUnlabelledRevision(key) => format!("creates a revision without labels beside {}", ds(key)),
            Command::StripRevision(_, template) => {
                format!("takes the hash label off the revision of {}", self.template(template))
            }
            Command::TerminateNamespace => "deletes the namespace: it takes no new object".to_owned(),
            Command::SetNode(node, variant) => format!("makes node {} {}", self.node(node), self.variant(variant)),
            Command::Join(node, variant) => format!("node {} joins as {}", self.node(node), self.variant(variant)),
            Command::Leave(node) => format!("deletes node {}", self.node(node)),
            Command::AwaitRest => "sees the system at rest".to_owned(),
            Command::SetRoom(node, true) => format!("other pods leave {}", self.node(node)),
            Command::SetRoom(node, false) => format!("other pods fill {}", self.node(node)),
        }
    }
}

fn resource_name(resource: Resource) -> &'static str {
    match resource {
        Resource::DaemonSets => "DaemonSet",
        Resource::Revisions => "ControllerRevision",
        Resource::Pods => "pod",
        Resource::Nodes => "node",
    }
}
