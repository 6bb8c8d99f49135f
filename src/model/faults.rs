//! What may go wrong, each as often as its budget says: nothing that rest waits for.

use super::action::Action;
use super::compose::{DaemonSetModel, Steps, byte};
use super::start;
use super::state::{Cluster, Laggard, Process, Queued, ReadyTimer};
use crate::cluster::api_server::{Answer, Call, Events};
use crate::cluster::kubelet;
use crate::cluster::object::{DaemonSetObject, Key, Object, PodObject};
use crate::cluster::presence::Presence;
use crate::cluster::watch::Informer;
use crate::controller::record::{PodName, Symbol, Uid};
use crate::controller::request::{Reason, Request};
use crate::release::{Expiry, ExpiryWakeup, RelabelVerb};
use crate::scope::Faults;

impl DaemonSetModel {
    /// Every fault whose budget is not spent.
    pub(super) fn fault_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        for (index, process) in cluster.controllers.iter().enumerate().filter(|(_, process)| process.running) {
            let controller = byte(index);
            self.crash(cluster, controller, steps);
            self.watch_faults(cluster, controller, steps);
            self.memory_faults(cluster, process, controller, steps);
        }
        self.second_leader(cluster, steps);
        self.call_faults(cluster, steps);
        self.pod_faults(cluster, steps);
        Self::machine_faults(cluster, steps);
    }

    fn crash(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        let index = usize::from(controller);
        if cluster.budgets.crash > 0 {
            let mut next = crashed(cluster, index);
            next.budgets.crash -= 1;
            next.controllers[index] = Process::default();
            steps.push((Action::Crash { controller }, next));
        }
        if cluster.budgets.stale_list > 0 {
            let mut next = crashed(cluster, index);
            next.budgets.stale_list -= 1;
            self.restart_onto_the_past(&next, controller, steps);
        }
    }

    /// A new process takes the place of the dead one, and its lists are those of the lagging API server (API-13): each
    /// type at any moment of its past.
    pub(super) fn restart_onto_the_past(&self, cluster: &Cluster, controller: u8, steps: &mut Steps) {
        let Some(laggard) = &cluster.laggard else { return };
        for daemon_sets in 0..=pending(laggard.daemon_sets.as_ref()) {
            for revisions in 0..=pending(laggard.revisions.as_ref()) {
                for pods in 0..=pending(laggard.pods.as_ref()) {
                    for nodes in 0..=pending(laggard.nodes.as_ref()) {
                        let past = Laggard {
                            daemon_sets: at(laggard.daemon_sets.as_ref(), daemon_sets),
                            revisions: at(laggard.revisions.as_ref(), revisions),
                            pods: at(laggard.pods.as_ref(), pods),
                            nodes: at(laggard.nodes.as_ref(), nodes),
                        };
                        let mut next = cluster.clone();
                        let process = start::process(&self.scope, &next.store, past);
                        next.controllers[usize::from(controller)] = process;
                        let seen = [daemon_sets, revisions, pods, nodes];
                        steps.push((Action::StaleRestart { controller, seen }, next));
                    }
                }
            }
        }
    }

    /// Expectations that expire, and the resync.
    fn memory_faults(&self, cluster: &Cluster, process: &Process, controller: u8, steps: &mut Steps) {
        let index = usize::from(controller);
        for (key, work) in process.work.iter().enumerate() {
            let key = byte(key);
            let unfulfilled = work.memory.expectations.is_some_and(|one| !one.fulfilled() && !one.expired);
            if cluster.budgets.expiry > 0 && unfulfilled {
                let mut next = cluster.clone();
                next.budgets.expiry -= 1;
                self.expire(&mut next, index, key);
                steps.push((Action::Expire { controller, key }, next));
            }
            if cluster.budgets.resync > 0 && process.daemon_sets.store.get(key).is_some() {
                let mut next = cluster.clone();
                next.budgets.resync -= 1;
                let work = &mut next.controllers[index].work[usize::from(key)];
                work.queue = work.queue.added();
                steps.push((Action::Resync { controller, key }, next));
            }
        }
    }

    fn expire(&self, next: &mut Cluster, index: usize, key: Key) {
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

    fn second_leader(&self, cluster: &Cluster, steps: &mut Steps) {
        if cluster.budgets.second_leader > 0 && cluster.controllers.len() == 1 && cluster.controllers[0].running {
            let mut next = cluster.clone();
            next.budgets.second_leader -= 1;
            let second = start::process(&self.scope, &next.store, Laggard::default());
            retire(&mut next.controllers[0]);
            next.controllers.push(second);
            steps.push((Action::SecondLeader, next));
        }
    }

    fn call_faults(&self, cluster: &Cluster, steps: &mut Steps) {
        let budgets = cluster.budgets;
        for (at, call) in cluster.calls.iter().enumerate().filter(|(_, call)| call.awaited) {
            let (controller, key, request) = (call.controller, call.key, call.request);
            let mut fail = |action, reason, spend: &dyn Fn(&mut Faults)| {
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
            if budgets.conflict > 0 {
                self.commit(steps, cluster, Action::Conflict { controller, key, request }, |next, events| {
                    next.budgets.conflict -= 1;
                    next.calls.remove(at);
                    next.replies.push((*call, Answer::Error(Reason::Conflict)));
                    self.touch(next, call, events)
                });
            }
        }
    }

    /// Somebody else writes the object that a versioned write is about, without changing what the model knows of it; false:
    /// the write carries no version, or the object is gone.
    fn touch(&self, next: &mut Cluster, call: &Call, events: &mut Events) -> bool {
        match call.request {
            Request::UpdateStatus(Uid(uid), ..) => {
                let same = |object: &&DaemonSetObject| u32::from(object.uid) == uid;
                let Some(object) = next.store.daemon_sets.get(call.key).filter(same).copied() else { return false };
                next.store.put_daemon_set(object, events);
                true
            }
            Request::LabelRevision(Symbol(name), _) | Request::RenumberRevision(Symbol(name), ..) => {
                let found = next.store.revisions.iter().find(|one| u32::from(one.name) == name).copied();
                let Some(object) = found else { return false };
                next.store.put_revision(object, events);
                true
            }
            Request::RelabelPod(name, ..) if self.scope.switches.relabel_verb == RelabelVerb::Update => {
                touch_pod(next, name, events)
            }
            Request::DeletePod(name, Some(_)) => touch_pod(next, name, events),
            Request::GetDaemonSet
            | Request::GetRevision(_)
            | Request::AdoptPod(..)
            | Request::ReleasePod(..)
            | Request::AdoptRevision(..)
            | Request::ReleaseRevision(..)
            | Request::CreateRevision(_)
            | Request::DeleteRevision(_)
            | Request::RelabelPod(..)
            | Request::CreatePod(..)
            | Request::DeletePod(_, None) => false,
        }
    }

    fn pod_faults(&self, cluster: &Cluster, steps: &mut Steps) {
        let budgets = cluster.budgets;
        let running = |pod: &&PodObject| {
            let machine = &cluster.machines[usize::from(pod.target)];
            pod.owner.is_some() && kubelet::runs(&cluster.store, &self.scope, machine, pod)
        };
        for pod in cluster.store.pods.iter().filter(running) {
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
    }

    fn machine_faults(cluster: &Cluster, steps: &mut Steps) {
        for (node, machine) in cluster.machines.iter().enumerate() {
            if cluster.budgets.kubelet_silent > 0 && machine.kubelet.is_here() {
                let mut next = cluster.clone();
                next.budgets.kubelet_silent -= 1;
                next.machines[node].kubelet = Presence::Gone;
                steps.push((Action::Silence { node: byte(node) }, next));
            }
            if cluster.budgets.kubelet_outage > 0 && machine.kubelet.is_here() {
                let mut next = cluster.clone();
                next.budgets.kubelet_outage -= 1;
                next.machines[node].kubelet = Presence::Away;
                steps.push((Action::KubeletOutage { node: byte(node) }, next));
            }
        }
        if cluster.budgets.scheduler_away > 0 && cluster.scheduler.is_here() {
            let mut next = cluster.clone();
            next.budgets.scheduler_away -= 1;
            next.scheduler = Presence::Gone;
            steps.push((Action::SchedulerAway, next));
        }
        if cluster.budgets.scheduler_outage > 0 && cluster.scheduler.is_here() {
            let mut next = cluster.clone();
            next.budgets.scheduler_outage -= 1;
            next.scheduler = Presence::Away;
            steps.push((Action::SchedulerOutage, next));
        }
    }
}

/// How many events are on their way to a lagging API server.
fn pending<T: Copy>(informer: Option<&Informer<T>>) -> u8 {
    informer.map_or(0, |informer| byte(informer.stream.len()))
}

/// What it shows of one type once it has seen some of them.
fn at<T: Object>(informer: Option<&Informer<T>>, seen: u8) -> Option<Informer<T>> {
    informer.map(|informer| informer.advanced(usize::from(seen)))
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
    quiet(&mut process.daemon_sets);
    quiet(&mut process.revisions);
    quiet(&mut process.pods);
    quiet(&mut process.nodes);
    for work in &mut process.work {
        work.queue = Queued::No;
        work.ready_timer = ReadyTimer::Off;
        work.backoff_timer = false;
    }
}

/// Nothing more reaches this informer.
fn quiet<T: Copy>(informer: &mut Informer<T>) {
    informer.stream.clear();
    informer.told.clear();
}

/// The cluster once the process is dead: nobody waits for its requests and replies any more.
pub(super) fn crashed(cluster: &Cluster, index: usize) -> Cluster {
    let mut next = cluster.clone();
    for call in next.calls.iter_mut().filter(|call| usize::from(call.controller) == index) {
        call.awaited = false;
    }
    next.replies.retain(|(call, _)| usize::from(call.controller) != index);
    next
}

/// Somebody else writes a pod without changing what the model knows of it; false: it is gone.
fn touch_pod(next: &mut Cluster, name: PodName, events: &mut Events) -> bool {
    let found = next.store.pods.iter().find(|pod| u32::from(pod.name) == name.0).copied();
    let Some(object) = found else { return false };
    next.store.put_pod(object, events);
    true
}
