//! What happens besides the controller, its watches and users: scheduler, kubelets, garbage collector, node lifecycle,
//! time. Each host decides by what is true (deviation D-06).

use super::action::Action;
use super::compose::{DaemonSetModel, Steps, byte};
use super::state::Cluster;
use crate::cluster::api_server::Events;
use crate::cluster::moves::Move;
use crate::cluster::object::{NodeObject, OTHERS, PodObject};
use crate::cluster::presence::Presence;
use crate::cluster::watch::{Event, Informer, Notification};
use crate::cluster::{garbage_collector, kubelet, node_lifecycle, scheduler};

impl DaemonSetModel {
    /// One move of each of them.
    pub(super) fn host_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        let (store, scope) = (&cluster.store, &self.scope);
        for pod in store.pods.iter().filter(|pod| pod.template != OTHERS) {
            if cluster.scheduler.is_here()
                && let Some(bind) = scheduler::binds(store, scope, pod)
            {
                self.host_step(cluster, bind, steps);
            }
            let machine = &cluster.machines[usize::from(pod.target)];
            for one in kubelet::moves(store, scope, machine, pod) {
                self.host_step(cluster, one, steps);
            }
            self.time(cluster, pod, steps);
        }
        for one in store.pods.iter().flat_map(|pod| garbage_collector::pod_moves(store, pod)) {
            self.host_step(cluster, one, steps);
        }
        for one in garbage_collector::other_moves(store) {
            self.host_step(cluster, one, steps);
        }
        let machine = |node: &NodeObject| &cluster.machines[usize::from(node.name)];
        for one in store.nodes.iter().flat_map(|node| node_lifecycle::moves(store, scope, machine(node), node)) {
            self.host_step(cluster, one, steps);
        }
        returns(cluster, steps);
    }

    fn host_step(&self, cluster: &Cluster, one: Move, steps: &mut Steps) {
        let (mut store, mut machines, mut events) = (cluster.store.clone(), cluster.machines.clone(), Events::new());
        if one.carry_out(&mut store, &mut machines, self.scope.switches.pod_gc, &mut events) {
            self.commit_stored(steps, cluster, one.into(), (store, events), |next| next.machines = machines);
        }
    }

    fn time(&self, cluster: &Cluster, pod: &PodObject, steps: &mut Steps) {
        if self.matures(cluster, pod) {
            let mut next = cluster.clone();
            mature(&mut next, pod.name);
            steps.push((Action::Mature { pod: pod.name }, next));
        }
    }

    /// Whether a ready pod has yet to be ready for minReadySeconds.
    pub(super) fn matures(&self, cluster: &Cluster, pod: &PodObject) -> bool {
        let min_ready = cluster
            .daemon_set(pod.owner_key)
            .map_or(0, |object| self.scope.strategies[usize::from(object.strategy)].min_ready_seconds);
        pod.ready && !pod.matured && !pod.deleting && min_ready > 0
    }
}

/// Kubelets and the scheduler come back from an outage.
fn returns(cluster: &Cluster, steps: &mut Steps) {
    for (node, machine) in cluster.machines.iter().enumerate() {
        if machine.kubelet == Presence::Away {
            let mut next = cluster.clone();
            next.machines[node].kubelet = Presence::Here;
            steps.push((Action::KubeletReturns { node: byte(node) }, next));
        }
    }
    if cluster.scheduler == Presence::Away {
        steps.push((Action::SchedulerReturns, Cluster { scheduler: Presence::Here, ..cluster.clone() }));
    }
}

impl From<Move> for Action {
    fn from(one: Move) -> Self {
        match one {
            Move::Bind(pod) => Self::Bind { pod },
            Move::PodReady(pod) => Self::PodReady { pod },
            Move::PodFailed(pod) => Self::PodFailed { pod },
            Move::PodUnready(pod) => Self::PodUnready { pod },
            Move::PodEnded(pod) => Self::PodEnded { pod },
            Move::TakeOver(pod) => Self::TakeOver { pod },
            Move::PodGc(pod) => Self::PodGc { pod },
            Move::CollectPod(pod) => Self::CollectPod { pod },
            Move::CollectRevision(name) => Self::CollectRevision { name },
            Move::FinishDelete(key) => Self::FinishDelete { key },
            Move::Lifecycle(node, variant) => Self::Lifecycle { node, variant },
            Move::MarkPodNotReady(pod) => Self::MarkPodNotReady { pod },
            Move::Evict(pod) => Self::Evict { pod },
        }
    }
}

/// Every copy of the pod that shows it ready shows it matured (time is the same for all).
fn mature(cluster: &mut Cluster, name: u8) {
    let touch = |pod: &mut PodObject| {
        if pod.name == name && pod.ready {
            pod.matured = true;
        }
    };
    let touch_all = |informer: &mut Informer<PodObject>| {
        informer.store.0.iter_mut().for_each(touch);
        for versioned in &mut informer.stream {
            match &mut versioned.event {
                Event::Put(pod) | Event::Deleted(pod) => touch(pod),
                Event::Bookmark => {}
            }
        }
        for notification in &mut informer.told {
            match notification {
                Notification::Added(pod) | Notification::Deleted(pod) => touch(pod),
                Notification::Updated(old, new) => {
                    touch(old);
                    touch(new);
                }
            }
        }
    };
    cluster.store.pods.0.iter_mut().for_each(touch);
    cluster.controllers.iter_mut().for_each(|process| touch_all(&mut process.pods));
    let laggard = cluster.laggard.as_mut().and_then(|laggard| laggard.pods.as_mut());
    laggard.into_iter().for_each(touch_all);
}
