//! The hosts put together: which steps are enabled in a state, and what each leads to.
//!
//! Guard and effect are one function, so they cannot drift apart: [`DaemonSetModel::steps`] lists every enabled step with
//! the cluster it leads to, and stateright's `actions` and `next_state` are read off it.

use super::action::{Action, Resource};
use super::canonical::canonicalise;
use super::informed;
use super::process::{self, Alternative};
use super::start;
use super::state::{Cluster, Process, Queued, State, Undo};
use crate::cluster::api_server::{Answer, AnyEvent, Binds, Call, Events, Sorts};
use crate::cluster::garbage_collector as gc;
use crate::cluster::kubelet;
use crate::cluster::object::{Key, Object, PodObject};
use crate::cluster::user::{self, Found};
use crate::cluster::watch::{Event, Informer, Versioned};
use crate::controller::request::{Reason, Request};
use crate::property::Property;
use crate::release::{AdoptRecheck, DeletePrecondition, Gate, InformerOrder, PlacedBy};
use crate::scope::{Command, ControllerKind, KubeletKind, Scope};

/// A scope as a stateright model.
#[derive(Clone, Debug)]
pub struct DaemonSetModel {
    /// What is checked.
    pub scope: Scope,
    /// The claims that are judged, as bits ([`Property::bit`]).
    pub claims: u32,
}

/// What is being put together: the steps found so far.
pub type Steps = Vec<(Action, Cluster)>;

impl DaemonSetModel {
    /// The model of `scope`.
    ///
    /// Judges `claims`.
    pub fn new(scope: Scope, claims: &[Property]) -> Self {
        Self { scope, claims: claims.iter().fold(0, |bits, property| bits | property.bit()) }
    }

    /// The state in which behaviours start.
    pub fn initial(&self) -> Cluster {
        let mut cluster = start::cluster(&self.scope);
        canonicalise(&mut cluster);
        cluster
    }

    /// Every enabled step with the cluster it leads to, in a canonical order.
    pub fn steps(&self, cluster: &Cluster, steps: &mut Steps) {
        let before = steps.len();
        self.raw_steps(cluster, steps);
        for (_, next) in &mut steps[before..] {
            canonicalise(next);
        }
    }

    /// As [`DaemonSetModel::steps`], before names and versions are renumbered.
    pub fn raw_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        self.system_steps(cluster, steps);
        self.user_steps(cluster, steps);
        self.fault_steps(cluster, steps);
    }

    /// Whether nothing is enabled but user commands, unspent faults and resync.
    pub fn is_at_rest(&self, cluster: &Cluster) -> bool {
        let busy = |process: &Process| {
            (!process.running && !process.retiring)
                || !process.daemon_sets.stream.is_empty()
                || !process.revisions.stream.is_empty()
                || !process.pods.stream.is_empty()
                || !process.nodes.stream.is_empty()
                || !process.node_queue.is_empty()
                || process.work.iter().any(|work| work.queue != Queued::No)
        };
        if !cluster.calls.is_empty() || !cluster.replies.is_empty() || cluster.controllers.iter().any(busy) {
            return false;
        }
        let mut steps = Steps::new();
        self.system_steps(cluster, &mut steps);
        steps.is_empty()
    }

    /// Which capacity `cluster` exceeds.
    pub fn exceeded(&self, cluster: &Cluster) -> Option<&'static str> {
        if cluster.store.pods.0.len() > usize::from(self.scope.capacity.pods) {
            return Some("pods");
        }
        let numbered = cluster.store.revisions.iter().any(|one| one.number > self.scope.capacity.revision_number);
        numbered.then_some("revision numbers")
    }

    /// Adds the step `action` that commits what `write` does to the store, if it does anything.
    fn commit(
        &self,
        steps: &mut Steps,
        cluster: &Cluster,
        action: Action,
        write: impl FnOnce(&mut Cluster, &mut Events) -> bool,
    ) {
        let mut next = cluster.clone();
        let mut events = Events::new();
        let written = write(&mut next, &mut events);
        if self.compares_pod_versions() {
            next.store.stamp_pods(&mut events);
        }
        if written && self.publish(cluster, &mut next, &events) {
            steps.push((action, next));
        }
    }

    /// Whether the controller looks at the version of a single pod; otherwise pods bear none.
    fn compares_pod_versions(&self) -> bool {
        let switches = &self.scope.switches;
        switches.gate == Gate::AndDeletes || switches.delete_precondition == DeletePrecondition::UidAndVersion
    }

    /// Sends `events` to every subscriber. False: a stream had no room before, so the step has to wait.
    fn publish(&self, before: &Cluster, next: &mut Cluster, events: &Events) -> bool {
        let lag = &self.scope.lag;
        for process in before.controllers.iter().filter(|process| process.running) {
            let full = |event: &AnyEvent| match event {
                AnyEvent::DaemonSet(_) => process.daemon_sets.stream.len() >= usize::from(lag.daemon_sets),
                AnyEvent::Revision(_) => process.revisions.stream.len() >= usize::from(lag.revisions),
                AnyEvent::Pod(_) => process.pods.stream.len() >= usize::from(lag.pods),
                AnyEvent::Node(_) => process.nodes.stream.len() >= usize::from(lag.nodes),
            };
            if events.iter().any(full) {
                return false;
            }
        }
        for event in events {
            for process in next.controllers.iter_mut().filter(|process| process.running) {
                match event {
                    AnyEvent::DaemonSet(event) => process.daemon_sets.stream.push(*event),
                    AnyEvent::Revision(event) => process.revisions.stream.push(*event),
                    AnyEvent::Pod(event) => process.pods.stream.push(*event),
                    AnyEvent::Node(event) => process.nodes.stream.push(*event),
                }
            }
            if let (AnyEvent::Pod(event), Some(laggard)) = (event, &mut next.laggard) {
                laggard.stream.push(*event);
                while laggard.stream.len() > usize::from(lag.pods) {
                    let oldest = laggard.stream.remove(0);
                    laggard.apply(oldest);
                }
            }
        }
        true
    }

    fn system_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        for (index, process) in cluster.controllers.iter().enumerate() {
            let controller = byte(index);
            if process.retiring {
                self.syncs(cluster, controller, steps);
            } else if process.running {
                self.deliveries(cluster, controller, steps);
                self.workers(cluster, controller, steps);
            } else {
                let mut next = cluster.clone();
                next.controllers[index] = start::process(&self.scope, &next.store, None);
                steps.push((Action::Restart { controller }, next));
            }
        }
        self.calls(cluster, steps);
        self.replies(cluster, steps);
        self.pods(cluster, steps);
        self.collector(cluster, steps);
        self.lifecycle(cluster, steps);
    }

    /// Watch events entering the stores of a process.
    fn deliveries(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        let index = usize::from(controller);
        let process = &cluster.controllers[index];
        let order = self.scope.switches.informer_order;
        let scope = &self.scope;
        let mut deliver = |resource, name, apply: &dyn Fn(&mut Process)| {
            let mut next = cluster.clone();
            apply(&mut next.controllers[index]);
            steps.push((Action::Deliver { controller, resource, name }, next));
        };
        for (at, name) in deliverable(&process.daemon_sets, order) {
            deliver(Resource::DaemonSets, name, &|process| {
                let event = process.daemon_sets.stream.remove(at);
                if let Some(told) = process.daemon_sets.apply(event) {
                    informed::daemon_set(scope, process, told);
                }
            });
        }
        for (at, name) in deliverable(&process.revisions, order) {
            deliver(Resource::Revisions, name, &|process| {
                let event = process.revisions.stream.remove(at);
                if let Some(told) = process.revisions.apply(event) {
                    informed::revision(scope, process, told);
                }
            });
        }
        for (at, name) in deliverable(&process.pods, order) {
            deliver(Resource::Pods, name, &|process| {
                let event = process.pods.stream.remove(at);
                if let Some(told) = process.pods.apply(event) {
                    informed::pod(scope, process, told);
                }
            });
        }
        for (at, name) in deliverable(&process.nodes, order) {
            deliver(Resource::Nodes, name, &|process| {
                let event = process.nodes.stream.remove(at);
                if let Some(told) = process.nodes.apply(event) {
                    informed::node(scope, process, told);
                }
            });
        }
    }

    /// The workers and timers of a process.
    fn workers(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        let index = usize::from(controller);
        let process = &cluster.controllers[index];
        for node in process.node_queue.clone() {
            let mut next = cluster.clone();
            informed::node_item(&self.scope, &mut next.controllers[index], node);
            steps.push((Action::NodeItem { controller, node }, next));
        }
        self.syncs(cluster, controller, steps);
        for (key, work) in process.work.iter().enumerate() {
            let key = byte(key);
            if work.queue == Queued::Waiting && work.sync.is_none() {
                let alternatives = process::begin(&self.scope, process, controller, key);
                Self::alternatives(cluster, index, alternatives, steps, |choice| Action::Begin {
                    controller,
                    key,
                    choice,
                });
            }
            if work.ready_timer && !self.is_maturing(cluster, key) {
                let mut next = cluster.clone();
                let work = &mut next.controllers[index].work[usize::from(key)];
                work.ready_timer = false;
                work.queue = work.queue.added();
                steps.push((Action::ReadyTimer { controller, key }, next));
            }
            for backoff in &work.backoff {
                let mut next = cluster.clone();
                let work = &mut next.controllers[index].work[usize::from(key)];
                work.backoff.retain(|other| other != backoff);
                if std::mem::take(&mut work.backoff_timer) {
                    work.queue = work.queue.added();
                }
                steps.push((Action::BackoffEnds { controller, key, node: backoff.node }, next));
            }
        }
    }

    /// Syncs under way that read on.
    fn syncs(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        let index = usize::from(controller);
        let process = &cluster.controllers[index];
        for key in 0..process.work.len() {
            let key = byte(key);
            if process::waits_at_point(&self.scope, process, key) {
                let alternatives = process::proceed(&self.scope, process, controller, key);
                let action = |choice| Action::Proceed { controller, key, choice };
                Self::alternatives(cluster, index, alternatives, steps, action);
            }
        }
    }

    /// Whether some ready pod of the `DaemonSet` has not matured yet: the timers fall due after it.
    fn is_maturing(&self, cluster: &Cluster, key: Key) -> bool {
        cluster.store.pods.iter().any(|pod| pod.owner_key == key && self.matures(cluster, pod))
    }

    fn matures(&self, cluster: &Cluster, pod: &PodObject) -> bool {
        let min_ready = cluster
            .daemon_set(pod.owner_key)
            .map_or(0, |object| self.scope.strategies[usize::from(object.strategy)].min_ready_seconds);
        pod.ready && !pod.matured && !pod.deleting && min_ready > 0
    }

    fn alternatives(
        cluster: &Cluster,
        index: usize,
        alternatives: Vec<Alternative>,
        steps: &mut Steps,
        action: impl Fn(u8) -> Action,
    ) {
        for (choice, alternative) in alternatives.into_iter().enumerate() {
            let mut next = cluster.clone();
            next.controllers[index] = alternative.process;
            next.calls.extend(alternative.calls);
            steps.push((action(byte(choice)), next));
        }
    }

    fn binds(&self) -> Binds {
        match self.scope.switches.placed_by {
            PlacedBy::Scheduler => Binds::Later,
            PlacedBy::Controller => Binds::AtCreation,
        }
    }

    /// Where a pod created by `call` may sort among those of its node.
    fn sortings(cluster: &Cluster, call: &Call) -> &'static [Sorts] {
        match call.request {
            Request::CreatePod(node, ..)
                if cluster
                    .store
                    .pods
                    .iter()
                    .any(|pod| u32::from(pod.target) == node.0 && pod.owner_key == call.key) =>
            {
                &[Sorts::Last, Sorts::BeforeLast]
            }
            Request::CreatePod(..)
            | Request::GetDaemonSet
            | Request::GetRevision(_)
            | Request::AdoptPod(..)
            | Request::ReleasePod(..)
            | Request::AdoptRevision(..)
            | Request::ReleaseRevision(..)
            | Request::LabelRevision(..)
            | Request::RenumberRevision(..)
            | Request::CreateRevision(_)
            | Request::DeleteRevision(_)
            | Request::RelabelPod(..)
            | Request::DeletePod(..)
            | Request::UpdateStatus(..) => &[Sorts::Last],
        }
    }

    /// Carries a request out, in `next`.
    fn handle(&self, next: &mut Cluster, call: &Call, sorts: Sorts, events: &mut Events) -> Answer {
        if self.scope.controller == ControllerKind::DeterministicNames
            && let Request::CreatePod(node, ..) = call.request
        {
            // The name is that of the uid and the node, so a second create finds it taken (section 18.4).
            let taken =
                next.store.pods.iter().any(|pod| pod.owner == Some(call.uid) && u32::from(pod.target) == node.0);
            if taken {
                return Answer::Error(Reason::AlreadyExists);
            }
        }
        if self.scope.switches.adopt_recheck == AdoptRecheck::Atomic
            && let Some(reason) = next.store.refuses_adoption(call)
        {
            return Answer::Error(reason);
        }
        match (next.store.handle(call, self.binds(), sorts, events), call.request) {
            // Nobody looks at what a deletion answers.
            (Answer::Pod { .. }, Request::DeletePod(..)) if self.scope.switches.gate != Gate::AndDeletes => {
                Answer::Done
            }
            (answer, _) => answer,
        }
    }

    /// Requests on their way: the API server carries them out.
    fn calls(&self, cluster: &Cluster, steps: &mut Steps) {
        for (at, call) in cluster.calls.iter().enumerate() {
            let (controller, key, request) = (call.controller, call.key, call.request);
            for sorts in Self::sortings(cluster, call) {
                let action = Action::Handle { controller, key, request, sorts: *sorts };
                self.commit(steps, cluster, action, |next, events| {
                    next.calls.remove(at);
                    let answer = self.handle(next, call, *sorts, events);
                    if call.awaited {
                        next.replies.push((*call, answer));
                    }
                    true
                });
            }
            if !call.awaited {
                let mut next = cluster.clone();
                next.calls.remove(at);
                steps.push((Action::Drop { controller, key, request }, next));
            }
        }
    }

    /// Replies on their way: the sync takes them.
    fn replies(&self, cluster: &Cluster, steps: &mut Steps) {
        for (at, (call, answer)) in cluster.replies.iter().enumerate() {
            let index = usize::from(call.controller);
            let same = |other: &Call| other.controller == call.controller && other.key == call.key && other.awaited;
            let others = cluster.calls.iter().any(same)
                || cluster.replies.iter().enumerate().any(|(other, (pending, _))| other != at && same(pending));
            let alternatives = process::take_reply(&self.scope, &cluster.controllers[index], call, answer, others);
            let mut rest = cluster.clone();
            rest.replies.remove(at);
            Self::alternatives(&rest, index, alternatives, steps, |choice| Action::Reply {
                controller: call.controller,
                key: call.key,
                request: call.request,
                choice,
            });
        }
    }

    /// Scheduler, kubelets, Pod GC, time.
    fn pods(&self, cluster: &Cluster, steps: &mut Steps) {
        for pod in &cluster.store.pods {
            let name = pod.name;
            let machine = cluster.machines[usize::from(pod.target)];
            let kind = self.scope.nodes[usize::from(pod.target)].kubelet;
            let fate = self.scope.templates[usize::from(pod.template)].pods;
            let works = machine.kubelet_up && kind != KubeletKind::Silent;
            let node = cluster.store.nodes.get(pod.target);
            let admits = node.is_some_and(|node| {
                self.scope.placement[usize::from(pod.template)][usize::from(node.variant)].should_run
            });
            let mut put = |action, changed: Option<PodObject>| {
                if let Some(changed) = changed {
                    self.commit(steps, cluster, action, |next, events| {
                        next.store.put_pod(changed, events);
                        true
                    });
                }
            };
            let bound = kubelet::may_bind(pod, admits, machine.room).then_some(PodObject { bound: true, ..*pod });
            put(Action::Bind { pod: name }, bound);
            if works && node.is_some() {
                put(Action::PodReady { pod: name }, kubelet::ready(pod, kind, fate));
                put(Action::PodFailed { pod: name }, kubelet::failed(pod, kind, fate));
            }
            if works {
                put(Action::PodUnready { pod: name }, kubelet::unready(pod));
            }
            if works && kubelet::may_end(pod) {
                self.commit(steps, cluster, Action::PodEnded { pod: name }, |next, events| {
                    next.store.end_pod(name, events);
                    true
                });
            }
            if self.matures(cluster, pod) {
                let mut next = cluster.clone();
                mature(&mut next, name);
                steps.push((Action::Mature { pod: name }, next));
            }
            self.commit(steps, cluster, Action::PodGc { pod: name }, |next, events| {
                gc::pod_gc(&mut next.store, name, self.scope.switches.pod_gc, events)
            });
        }
    }

    fn collector(&self, cluster: &Cluster, steps: &mut Steps) {
        for pod in cluster.store.pods.iter().map(Object::name) {
            self.commit(steps, cluster, Action::CollectPod { pod }, |next, events| {
                gc::collect_pod(&mut next.store, pod, events)
            });
        }
        for name in cluster.store.revisions.iter().map(Object::name) {
            self.commit(steps, cluster, Action::CollectRevision { name }, |next, events| {
                gc::collect_revision(&mut next.store, name, events)
            });
        }
        for object in cluster.store.daemon_sets.iter().filter(|object| gc::may_go(&cluster.store, object)) {
            let key = object.key;
            self.commit(steps, cluster, Action::FinishDelete { key }, |next, events| {
                next.store.remove_daemon_set(key, events);
                true
            });
        }
    }

    fn lifecycle(&self, cluster: &Cluster, steps: &mut Steps) {
        for rule in &self.scope.lifecycle {
            for node in cluster.store.nodes.iter().filter(|node| node.variant == rule.from) {
                let served = cluster.store.pods.iter().any(|pod| {
                    pod.owner_key == rule.daemon_set && pod.target == node.name && pod.ready && !pod.deleting
                });
                if served != rule.when_ready {
                    continue;
                }
                let action = Action::Lifecycle { node: node.name, variant: rule.to };
                self.commit(steps, cluster, action, |next, events| {
                    next.store.put_node(crate::cluster::object::NodeObject { variant: rule.to, ..*node }, events);
                    true
                });
            }
        }
    }

    fn user_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        for (index, user) in cluster.users.iter().enumerate() {
            let Some(command) = self.scope.users[index].get(usize::from(user.done)).copied() else { continue };
            if command == Command::AwaitRest && !self.is_at_rest(cluster) {
                continue;
            }
            let action = Action::User { user: byte(index) };
            self.commit(steps, cluster, action, |next, events| self.user(next, index, command, events));
        }
    }

    /// One step of a user; false: it cannot be taken now.
    fn user(&self, next: &mut Cluster, index: usize, command: Command, events: &mut Events) -> bool {
        let Command::Undo(key, to) = command else {
            if let Command::SetRoom(node, room) = command {
                next.machines[usize::from(node)].room = room;
            }
            next.users[index].done += 1;
            return user::run(&mut next.store, command, events).is_some();
        };
        let user = &mut next.users[index];
        match user.undo {
            Undo::Idle => {
                let Some(object) = next.store.daemon_sets.get(key) else { return false };
                user.undo = Undo::Read(object.uid, object.template);
            }
            Undo::Read(uid, template) => {
                match user::choose_revision(self.scope.switches.undo_choice, &next.store, uid, template, to) {
                    Found::Template(chosen) => user.undo = Undo::Chosen(chosen),
                    Found::Skipped | Found::Error => {
                        user.undo = Undo::Idle;
                        user.done += 1;
                    }
                }
            }
            Undo::Chosen(chosen) => {
                user.undo = Undo::Idle;
                user.done += 1;
                user::patch_template(&mut next.store, key, chosen, events);
            }
        }
        true
    }

    fn fault_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        let budgets = cluster.budgets;
        for (index, process) in cluster.controllers.iter().enumerate().filter(|(_, process)| process.running) {
            let controller = byte(index);
            if budgets.crash > 0 {
                let mut next = crashed(cluster, index);
                next.budgets.crash -= 1;
                next.controllers[index] = Process { work: smallvec::SmallVec::new(), ..Process::default() };
                steps.push((Action::Crash { controller }, next));
            }
            if let (true, Some(laggard)) = (budgets.stale_list > 0, &cluster.laggard) {
                for seen in 0..=laggard.stream.len() {
                    let mut next = crashed(cluster, index);
                    next.budgets.stale_list -= 1;
                    let mut pods = laggard.clone();
                    for event in pods.stream.drain(..seen).collect::<Vec<_>>() {
                        pods.apply(event);
                    }
                    next.controllers[index] = start::process(&self.scope, &next.store, Some(pods));
                    steps.push((Action::StaleRestart { controller, seen: byte(seen) }, next));
                }
            }
            if budgets.pod_watch_break > 0 && !process.pods.stream.is_empty() {
                let mut next = cluster.clone();
                next.budgets.pod_watch_break -= 1;
                let (listed, version) = (next.store.pods.clone(), next.store.versions[2]);
                let process = &mut next.controllers[index];
                for told in process.pods.replace(&listed, version) {
                    informed::pod(&self.scope, process, told);
                }
                steps.push((Action::BreakPodWatch { controller }, next));
            }
            if budgets.bookmark > 0 {
                let mut next = cluster.clone();
                next.budgets.bookmark -= 1;
                let version = next.store.versions[2];
                next.controllers[index].pods.stream.push(Versioned { version, event: Event::Bookmark });
                steps.push((Action::Bookmark { controller }, next));
            }
            for (key, work) in process.work.iter().enumerate() {
                let key = byte(key);
                let unfulfilled = work.memory.expectations.is_some_and(|one| !one.fulfilled() && !one.expired);
                if budgets.expiry > 0 && unfulfilled {
                    let mut next = cluster.clone();
                    next.budgets.expiry -= 1;
                    self.expire(&mut next, index, key);
                    steps.push((Action::Expire { controller, key }, next));
                }
                if budgets.resync > 0 && process.daemon_sets.store.get(key).is_some() {
                    let mut next = cluster.clone();
                    next.budgets.resync -= 1;
                    let work = &mut next.controllers[index].work[usize::from(key)];
                    work.queue = work.queue.added();
                    steps.push((Action::Resync { controller, key }, next));
                }
            }
        }
        if budgets.second_leader > 0 && cluster.controllers.len() == 1 && cluster.controllers[0].running {
            let mut next = cluster.clone();
            next.budgets.second_leader -= 1;
            let second = start::process(&self.scope, &next.store, None);
            retire(&mut next.controllers[0]);
            next.controllers.push(second);
            steps.push((Action::SecondLeader, next));
        }
        self.call_faults(cluster, steps);
        self.pod_faults(cluster, steps);
    }

    fn expire(&self, next: &mut Cluster, index: usize, key: Key) {
        use crate::release::{Expiry, ExpiryWakeup};
        let work = &mut next.controllers[index].work[usize::from(key)];
        if self.scope.switches.expiry == Expiry::On
            && let Some(expectations) = &mut work.memory.expectations
        {
            expectations.expired = true;
        }
        if self.scope.switches.expiry_wakeup == ExpiryWakeup::On {
            work.queue = work.queue.added();
        }
    }

    fn call_faults(&self, cluster: &Cluster, steps: &mut Steps) {
        let budgets = cluster.budgets;
        for (at, call) in cluster.calls.iter().enumerate().filter(|(_, call)| call.awaited) {
            let (controller, key, request) = (call.controller, call.key, call.request);
            let mut fail = |action, reason, spend: &dyn Fn(&mut crate::scope::Faults)| {
                let mut next = cluster.clone();
                spend(&mut next.budgets);
                next.calls.remove(at);
                next.replies.push((*call, Answer::Error(reason)));
                steps.push((action, next));
            };
            if budgets.refused > 0 {
                let reason = Reason::InternalError;
                fail(Action::Refuse { controller, key, request, reason }, reason, &|budgets| budgets.refused -= 1);
            }
            if budgets.lost_request > 0 {
                let action = Action::LoseRequest { controller, key, request };
                fail(action, Reason::Timeout, &|budgets| budgets.lost_request -= 1);
            }
            if budgets.lost_reply > 0 {
                for sorts in Self::sortings(cluster, call) {
                    let action = Action::LoseReply { controller, key, request, sorts: *sorts };
                    self.commit(steps, cluster, action, |next, events| {
                        next.budgets.lost_reply -= 1;
                        next.calls.remove(at);
                        self.handle(next, call, *sorts, events);
                        next.replies.push((*call, Answer::Error(Reason::Timeout)));
                        true
                    });
                }
            }
        }
    }

    fn pod_faults(&self, cluster: &Cluster, steps: &mut Steps) {
        let budgets = cluster.budgets;
        for pod in cluster.store.pods.iter().filter(|pod| pod.bound && !pod.deleting && pod.is_non_terminal()) {
            if budgets.readiness_blip > 0 && pod.ready {
                self.commit(steps, cluster, Action::Blip { pod: pod.name }, |next, events| {
                    next.budgets.readiness_blip -= 1;
                    next.store.put_pod(PodObject { ready: false, matured: false, ..*pod }, events);
                    true
                });
            }
            if budgets.pod_failure > 0 {
                self.commit(steps, cluster, Action::FailPod { pod: pod.name }, |next, events| {
                    next.budgets.pod_failure -= 1;
                    next.store.put_pod(kubelet::fail(pod), events);
                    true
                });
            }
        }
        for (node, machine) in cluster.machines.iter().enumerate() {
            if budgets.kubelet_silent > 0 && machine.kubelet_up {
                let mut next = cluster.clone();
                next.budgets.kubelet_silent -= 1;
                next.machines[node].kubelet_up = false;
                steps.push((Action::Silence { node: byte(node) }, next));
            }
        }
    }
}

/// The events that may be delivered next: position and object name (API-14, API-22).
fn deliverable<T: Object>(informer: &Informer<T>, order: InformerOrder) -> Vec<(usize, u8)> {
    let named = |versioned: &Versioned<T>| match &versioned.event {
        Event::Put(object) | Event::Deleted(object) => object.name(),
        Event::Bookmark => 0,
    };
    let mut found: Vec<(usize, u8)> = Vec::new();
    for (at, event) in informer.stream.iter().enumerate() {
        let name = named(event);
        let first = match order {
            InformerOrder::Stream => at == 0,
            InformerOrder::PerObject => found.iter().all(|(_, earlier)| *earlier != name),
        };
        if first {
            found.push((at, name));
        }
    }
    found
}

/// Every copy of the pod that shows it ready shows it matured (time is the same for all).
fn mature(cluster: &mut Cluster, name: u8) {
    let touch = |pod: &mut PodObject| {
        if pod.name == name && pod.ready {
            pod.matured = true;
        }
    };
    cluster.store.pods.0.iter_mut().for_each(touch);
    let informers = cluster.controllers.iter_mut().map(|process| &mut process.pods).chain(cluster.laggard.as_mut());
    for informer in informers {
        informer.store.0.iter_mut().for_each(touch);
        for versioned in &mut informer.stream {
            match &mut versioned.event {
                Event::Put(pod) | Event::Deleted(pod) => touch(pod),
                Event::Bookmark => {}
            }
        }
    }
}

/// The lease of a paused process is lost: what it showed stays as it was, and of its work only the sync it is in.
fn retire(process: &mut Process) {
    if process.work.iter().all(|work| work.sync.is_none()) {
        *process = Process { retiring: true, ..Process::default() };
        return;
    }
    process.running = false;
    process.retiring = true;
    process.node_queue.clear();
    process.daemon_sets.stream.clear();
    process.revisions.stream.clear();
    process.pods.stream.clear();
    process.nodes.stream.clear();
    for work in &mut process.work {
        work.queue = Queued::No;
        work.ready_timer = false;
        work.backoff_timer = false;
    }
}

/// The cluster once the process is dead: nobody waits for its requests and replies any more.
fn crashed(cluster: &Cluster, index: usize) -> Cluster {
    let mut next = cluster.clone();
    for call in next.calls.iter_mut().filter(|call| usize::from(call.controller) == index) {
        call.awaited = false;
    }
    next.replies.retain(|(call, _)| usize::from(call.controller) != index);
    next
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).expect("the model's numbers fit a byte")
}

impl stateright::Model for DaemonSetModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::of(&self.initial())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut steps = Steps::new();
        let cluster = state.open();
        if self.exceeded(&cluster).is_none() {
            self.steps(&cluster, &mut steps);
        }
        actions.extend(steps.into_iter().map(|(action, _)| action));
    }

    /// What stateright's own checkers and its Explorer look at; the claims are judged by [`crate::property`].
    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::always("a state opens to what was sealed", |_, state: &State| {
            State::of(&state.open()) == *state
        })]
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut steps = Steps::new();
        self.steps(&state.open(), &mut steps);
        steps.into_iter().find(|(other, _)| *other == action).map(|(_, cluster)| State::of(&cluster))
    }
}
