//! The hosts put together: which steps are enabled in a state, and what each leads to.
//!
//! Guard and effect are one function, so they cannot drift apart: [`DaemonSetModel::steps`] lists every enabled step with
//! the cluster it leads to, and stateright's `actions` and `next_state` are read off it.

use super::action::Action;
use super::canonical::canonicalise;
use super::faults::crashed;
use super::informed;
use super::process::{self, Alternative};
use super::serialisation::read_by;
use super::start;
use super::state::{Cluster, Laggard, Machine, Process, Queued, ReadyTimer, State, Undo};
use crate::cluster::api_server::{Answer, AnyEvent, Binds, Call, Events, Shown, Sorts, Store};
use crate::cluster::node_lifecycle::leaving_taints_alone;
use crate::cluster::object::{Key, Object};
use crate::cluster::presence::Presence;
use crate::cluster::user::{self, Found};
use crate::cluster::watch::{Informer, Versioned};
use crate::controller::request::{Reason, Request};
use crate::property::Property;
use crate::release::{AdoptRecheck, DeletePrecondition, Gate, InitialList, PlacedBy, RelabelVerb};
use crate::scope::{Cascade, Command, ControllerKind, Scope};

/// A scope as a stateright model.
#[derive(Clone, Debug)]
pub struct DaemonSetModel {
    /// What is checked.
    pub scope: Scope,
    /// The claims that are judged, as bits ([`Property::bit`]).
    pub claims: u32,
    /// What becomes of dead local variables of syncs.
    pub dead_locals: DeadLocals,
}

/// What becomes of the local variables of a sync that the rest of it cannot read (reduction R-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLocals {
    /// They are cleared: behaviours that differ only in them meet.
    Cleared,
    /// They stay, as in Go; for comparing the two.
    Kept,
}

/// What is being put together: the steps found so far.
pub type Steps = Vec<(Action, Cluster)>;

impl DaemonSetModel {
    /// The model of `scope`.
    ///
    /// Judges `claims`.
    pub fn new(scope: Scope, claims: &[Property]) -> Self {
        let claims = claims.iter().fold(0, |bits, property| bits | property.bit());
        Self { scope, claims, dead_locals: DeadLocals::Cleared }
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
                || !process.daemon_sets.told.is_empty()
                || !process.revisions.told.is_empty()
                || !process.pods.told.is_empty()
                || !process.nodes.told.is_empty()
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
    pub(super) fn commit(
        &self,
        steps: &mut Steps,
        cluster: &Cluster,
        action: Action,
        write: impl FnOnce(&mut Cluster, &mut Events) -> bool,
    ) {
        let mut next = cluster.clone();
        let mut events = Events::new();
        if !write(&mut next, &mut events) {
            return;
        }
        if compares_pod_versions(&self.scope) {
            next.store.stamp_pods(&mut events);
        }
        if self.has_room(cluster, &events) {
            self.publish(&mut next, &events);
            steps.push((action, next));
        }
    }

    /// As [`DaemonSetModel::commit`] of what is in the store already; nothing else is copied while a stream has no room.
    /// `besides` is what else the step changes.
    pub(super) fn commit_stored(
        &self,
        steps: &mut Steps,
        cluster: &Cluster,
        action: Action,
        (mut store, mut events): (Store, Events),
        besides: impl FnOnce(&mut Cluster),
    ) {
        if compares_pod_versions(&self.scope) {
            store.stamp_pods(&mut events);
        }
        if self.has_room(cluster, &events) {
            let mut next = cluster.with_store(store);
            besides(&mut next);
            self.publish(&mut next, &events);
            steps.push((action, next));
        }
    }

    /// Whether no stream that `events` go to is full; otherwise the step has to wait.
    fn has_room(&self, before: &Cluster, events: &Events) -> bool {
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
        true
    }

    /// Sends `events` to every subscriber.
    fn publish(&self, next: &mut Cluster, events: &Events) {
        let lag = &self.scope.lag;
        for event in events {
            for process in next.controllers.iter_mut().filter(|process| process.running) {
                match event {
                    AnyEvent::DaemonSet(event) => {
                        let event = event.map(|object| read_by(&self.scope, process, object));
                        process.daemon_sets.stream.push(event);
                    }
                    AnyEvent::Revision(event) => process.revisions.stream.push(*event),
                    AnyEvent::Pod(event) => process.pods.stream.push(*event),
                    AnyEvent::Node(event) => process.nodes.stream.push(*event),
                }
            }
            if let Some(laggard) = &mut next.laggard {
                match event {
                    AnyEvent::DaemonSet(event) => fall_behind(&mut laggard.daemon_sets, *event, lag.daemon_sets),
                    AnyEvent::Revision(event) => fall_behind(&mut laggard.revisions, *event, lag.revisions),
                    AnyEvent::Pod(event) => fall_behind(&mut laggard.pods, *event, lag.pods),
                    AnyEvent::Node(event) => fall_behind(&mut laggard.nodes, *event, lag.nodes),
                }
            }
        }
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
                next.controllers[index] = start::process(&self.scope, &next.store, Laggard::default());
                steps.push((Action::Restart { controller }, next));
                if self.scope.switches.initial_list == InitialList::Any {
                    self.restart_onto_the_past(cluster, controller, steps);
                }
            }
        }
        self.calls(cluster, steps);
        self.replies(cluster, steps);
        self.host_steps(cluster, steps);
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
                let action = |choice| Action::Begin { controller, key, choice };
                self.alternatives(cluster, (index, None), alternatives, steps, action);
            }
            if self.is_due(cluster, key, work.ready_timer) {
                let mut next = cluster.clone();
                let work = &mut next.controllers[index].work[usize::from(key)];
                work.ready_timer = ReadyTimer::Off;
                work.queue = work.queue.added();
                steps.push((Action::ReadyTimer { controller, key }, next));
            }
            for backoff in &work.backoff {
                let mut next = cluster.clone();
                let work = &mut next.controllers[index].work[usize::from(key)];
                work.backoff.retain(|other| other != backoff);
                process::learn_of_backoffs(work);
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
                self.alternatives(cluster, (index, None), alternatives, steps, action);
            }
        }
    }

    /// Whether the timer of the `DaemonSet` falls due: what it was armed for is ready so long, or ready no more.
    fn is_due(&self, cluster: &Cluster, key: Key, timer: ReadyTimer) -> bool {
        let waits_for = |name: Option<u8>| {
            let mut ours = cluster.store.pods.iter().filter(|pod| pod.owner_key == key);
            ours.any(|pod| name.is_none_or(|name| pod.name == name) && self.matures(cluster, pod))
        };
        match timer {
            ReadyTimer::Off => false,
            ReadyTimer::Since(pod) => !waits_for(Some(pod)),
            ReadyTimer::Now => !waits_for(None),
        }
    }

    /// Adds a step for each of `alternatives` of a process, which may have taken a reply.
    fn alternatives(
        &self,
        cluster: &Cluster,
        (index, taken): (usize, Option<usize>),
        alternatives: Vec<Alternative>,
        steps: &mut Steps,
        action: impl Fn(u8) -> Action,
    ) {
        for (choice, alternative) in alternatives.into_iter().enumerate() {
            let mut process = alternative.process;
            if self.dead_locals == DeadLocals::Cleared {
                process::clear_dead_locals(&mut process);
            }
            let mut next = cluster.with_controller(index, process);
            if let Some(taken) = taken {
                next.replies.remove(taken);
            }
            next.calls.extend(alternative.calls);
            if cluster.controllers[index].running && !next.controllers[index].running {
                next = crashed(&next, index); // a Go panic ends every sync of the process
            }
            steps.push((action(byte(choice)), next));
        }
    }

    /// Where a pod created by `call` may sort among those of its node.
    pub(super) fn sortings(cluster: &Cluster, call: &Call) -> &'static [Sorts] {
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
    pub(super) fn handle(&self, next: &mut Cluster, call: &Call, sorts: Sorts, events: &mut Events) -> Answer {
        let Cluster { store, controllers, laggard, .. } = next;
        let shown = |target| youngest_shown(controllers, laggard.as_deref(), target);
        carry_out(&self.scope, store, call, sorts, &shown, events)
    }

    /// Requests on their way: the API server carries them out.
    fn calls(&self, cluster: &Cluster, steps: &mut Steps) {
        for (at, call) in cluster.calls.iter().enumerate() {
            let (controller, key, request) = (call.controller, call.key, call.request);
            for sorts in Self::sortings(cluster, call) {
                let action = Action::Handle { controller, key, request, orphaned: call.orphaned(), sorts: *sorts };
                let (mut store, mut events) = (cluster.store.clone(), Events::new());
                let shown = |target| youngest_shown(&cluster.controllers, cluster.laggard.as_deref(), target);
                let answer = carry_out(&self.scope, &mut store, call, *sorts, &shown, &mut events);
                self.commit_stored(steps, cluster, action, (store, events), |next| {
                    next.calls.remove(at);
                    if call.awaited {
                        next.replies.push((*call, answer));
                    }
                });
            }
            if !call.awaited {
                let mut next = cluster.clone();
                next.calls.remove(at);
                steps.push((Action::Drop { controller, key, request, orphaned: call.orphaned() }, next));
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
            let (controller, key, request) = (call.controller, call.key, call.request);
            let action = |choice| Action::Reply { controller, key, request, choice };
            self.alternatives(cluster, (index, Some(at)), alternatives, steps, action);
        }
    }

    fn user_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        for (index, user) in cluster.users.iter().enumerate() {
            let Some(command) = self.scope.users[index].get(usize::from(user.done)).copied() else { continue };
            if command == Command::AwaitRest && !self.is_at_rest(cluster) {
                continue;
            }
            if let (Command::Undo(_, to), Undo::Read(uid, template)) = (command, user.undo) {
                self.undo_chooses(cluster, index, (uid, template, to), steps);
                continue;
            }
            let action = Action::User { user: byte(index) };
            self.commit(steps, cluster, action, |next, events| self.user(next, index, command, events));
        }
    }

    /// `rollout undo` has listed the revisions, and picks.
    fn undo_chooses(
        &self,
        cluster: &Cluster,
        index: usize,
        (uid, template, to): (u8, u8, Option<u8>),
        steps: &mut Steps,
    ) {
        let (rule, as_written) = (self.scope.switches.undo_choice, |template| self.scope.as_written(template));
        let choices = user::choose_revision(rule, &cluster.store, uid, template, to, as_written);
        for found in &choices {
            let mut next = cluster.clone();
            let user = &mut next.users[index];
            let picked = match found {
                Found::Template(chosen) => {
                    user.undo = Undo::Chosen(*chosen);
                    Some(*chosen)
                }
                Found::Skipped | Found::Error => {
                    user.undo = Undo::Idle;
                    user.done += 1;
                    None
                }
            };
            let user = byte(index);
            let only = choices.len() == 1;
            steps.push((
                if only { Action::User { user } } else { Action::UndoChooses { user, template: picked } },
                next,
            ));
        }
    }

    /// One step of a user; false: it cannot be taken now.
    fn user(&self, next: &mut Cluster, index: usize, command: Command, events: &mut Events) -> bool {
        let Command::Undo(key, _) = command else {
            next.users[index].done += 1;
            let Cluster { store, controllers, laggard, .. } = next;
            let shown = |target| youngest_shown(controllers, laggard.as_deref(), target);
            let seen = leaving_taints_alone(&self.scope, store, command);
            let ran = user::run(store, seen, &shown, events).is_some();
            if let Command::Join(node, _) = command {
                // The machine is a new one: what pods of that node name report, a former one reported.
                let reported = next.store.pods.iter().filter(|pod| pod.bound && pod.target == node && pod.ready);
                let strangers = reported.map(|pod| pod.name).collect();
                next.machines[usize::from(node)] = Machine { kubelet: Presence::Here, strangers };
            }
            return ran;
        };
        let user = &mut next.users[index];
        match user.undo {
            Undo::Idle => {
                let Some(object) = next.store.daemon_sets.get(key) else { return false };
                user.undo = Undo::Read(object.uid, object.template);
            }
            Undo::Read(..) => return false, // see `undo_chooses`
            Undo::Chosen(chosen) => {
                user.undo = Undo::Idle;
                user.done += 1;
                user::patch_template(&mut next.store, key, chosen, events);
            }
        }
        true
    }
}

/// Whether somebody looks at the version of a single pod; otherwise pods bear none. Where pods may be adopted or released
/// the gate does: a patch that changes nothing answers with the version that the pod has (CONS-3). Where there may be
/// duplicate revisions and relabelling is an update, the API server does (HIST-15).
fn compares_pod_versions(scope: &Scope) -> bool {
    let switches = &scope.switches;
    let claims = |command: &Command| {
        matches!(
            command,
            Command::Delete(_, Cascade::Orphan)
                | Command::CreateOrphan(..)
                | Command::UnlabelPod(..)
                | Command::LabelPod(..)
                | Command::ReleasePod(..)
        )
    };
    let duplicates = |command: &Command| matches!(command, Command::CopyRevision(..));
    let relabels = || {
        scope.users.iter().flatten().any(duplicates)
            || scope.templates.iter().any(|template| template.collides_with.is_some())
    };
    switches.gate == Gate::AndDeletes
        || switches.relabel_verb == RelabelVerb::Update && relabels()
        || switches.delete_precondition == DeletePrecondition::UidAndVersion
        || switches.gate != Gate::Off && scope.users.iter().flatten().any(claims)
}

/// The API server of the scope carries a request out.
pub fn carry_out(
    scope: &Scope,
    store: &mut Store,
    call: &Call,
    sorts: Sorts,
    shown: Shown<'_>,
    events: &mut Events,
) -> Answer {
    if scope.controller == ControllerKind::DeterministicNames
        && let Request::CreatePod(node, ..) = call.request
    {
        // The name is that of the uid and the node, so a second create finds it taken (section 18.4).
        let taken = store.pods.iter().any(|pod| pod.owner == Some(call.uid) && u32::from(pod.target) == node.0);
        if taken {
            return Answer::Error(Reason::AlreadyExists);
        }
    }
    if scope.switches.adopt_recheck == AdoptRecheck::Atomic
        && let Some(reason) = store.refuses_adoption(call)
    {
        return Answer::Error(reason);
    }
    let binds = match scope.switches.placed_by {
        PlacedBy::Scheduler => Binds::Later,
        PlacedBy::Controller => Binds::AtCreation,
    };
    let answer = store.handle(call, binds, sorts, shown, events);
    if compares_pod_versions(scope) {
        store.stamp_pods(events);
    }
    match (answer, call.request) {
        // Nobody looks at what a deletion answers.
        (Answer::Pod { .. }, Request::DeletePod(..)) if scope.switches.gate != Gate::AndDeletes => Answer::Done,
        (answer, _) => answer,
    }
}

/// The largest name of a pod of a node up to `target` that a cache or an event shows: one created now sorts after it.
fn youngest_shown(controllers: &[Process], laggard: Option<&Laggard>, target: u8) -> u8 {
    let past = laggard.and_then(|laggard| laggard.pods.as_ref());
    let shown = controllers.iter().map(|process| &process.pods).chain(past).flat_map(Informer::shown);
    shown.filter(|pod| pod.target <= target).map(|pod| pod.name).max().unwrap_or(0)
}

/// A lagging API server learns of an event: what it is further behind than `lag` events it takes in.
fn fall_behind<T: Object>(informer: &mut Option<Informer<T>>, event: Versioned<T>, lag: u8) {
    let Some(informer) = informer else { return };
    informer.stream.push(event);
    while informer.stream.len() > usize::from(lag) {
        let oldest = informer.stream.remove(0);
        informer.apply(oldest);
    }
}

pub(super) fn byte(number: usize) -> u8 {
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
        self.raw_steps(&state.open(), &mut steps);
        let (_, mut next) = steps.into_iter().find(|(other, _)| *other == action)?;
        canonicalise(&mut next);
        Some(State::of(&next))
    }
}
