//! What happens besides the controller, its watches and users: scheduler, kubelets, garbage collector, node lifecycle,
//! time.

use super::action::Action;
use super::compose::{DaemonSetModel, Steps};
use super::state::{Cluster, Machine};
use crate::cluster::garbage_collector as gc;
use crate::cluster::kubelet;
use crate::cluster::object::{NodeObject, OTHERS, Object, PodObject};
use crate::cluster::user;
use crate::cluster::watch::{Event, Informer, Notification};
use crate::scope::{KubeletKind, PodFate};

impl DaemonSetModel {
    /// One move of each of them.
    pub(super) fn host_steps(&self, cluster: &Cluster, steps: &mut Steps) {
        for pod in &cluster.store.pods {
            if pod.template != OTHERS {
                self.scheduler(cluster, pod, steps);
                self.kubelet(cluster, pod, steps);
                self.time(cluster, pod, steps);
            }
            self.pod_gc(cluster, pod, steps);
        }
        self.garbage_collector(cluster, steps);
        self.lifecycle(cluster, steps);
    }

    /// Adds the step after which the API server stores `changed`.
    fn put_pod(&self, cluster: &Cluster, action: Action, changed: Option<PodObject>, steps: &mut Steps) {
        if let Some(changed) = changed {
            self.commit(steps, cluster, action, |next, events| {
                next.store.put_pod(changed, events);
                true
            });
        }
    }

    fn scheduler(&self, cluster: &Cluster, pod: &PodObject, steps: &mut Steps) {
        let node = cluster.store.nodes.get(pod.target);
        let admits = node
            .is_some_and(|node| self.scope.placement[usize::from(pod.template)][usize::from(node.variant)].should_run);
        let room = !user::is_full(&cluster.store, pod.target)
            && !kubelet::port_is_taken(&cluster.store.pods, &self.scope.templates, pod);
        if cluster.scheduler_up && kubelet::may_bind(pod, admits, room) {
            self.put_pod(cluster, Action::Bind { pod: pod.name }, Some(PodObject { bound: true, ..*pod }), steps);
        }
    }

    fn kubelet(&self, cluster: &Cluster, pod: &PodObject, steps: &mut Steps) {
        let name = pod.name;
        let kind = self.scope.nodes[usize::from(pod.target)].kubelet;
        let machine: &Machine = &cluster.machines[usize::from(pod.target)];
        if !machine.kubelet_up || kind == KubeletKind::Silent {
            return;
        }
        if cluster.store.nodes.get(pod.target).is_some() {
            self.running_pod(cluster, pod, kind, steps);
        }
        self.put_pod(cluster, Action::PodUnready { pod: name }, kubelet::unready(pod), steps);
        if kubelet::may_end(pod, kind) {
            self.commit(steps, cluster, Action::PodEnded { pod: name }, |next, events| {
                next.store.end_pod(name, events);
                true
            });
        }
    }

    /// What a kubelet reports of a pod that it is to run.
    fn running_pod(&self, cluster: &Cluster, pod: &PodObject, kind: KubeletKind, steps: &mut Steps) {
        let name = pod.name;
        let strangers = &cluster.machines[usize::from(pod.target)].strangers;
        if strangers.contains(&name) {
            self.commit(steps, cluster, Action::TakeOver { pod: name }, |next, events| {
                next.machines[usize::from(pod.target)].strangers.retain(|stranger| *stranger != name);
                if !pod.deleting {
                    next.store.put_pod(kubelet::taken_over(pod), events);
                }
                true
            });
            return;
        }
        let fate: PodFate = self.scope.templates[usize::from(pod.template)].pods;
        // The port is looked at once more where the pod was created bound (LEG-11).
        let rejected = pod.bound && kubelet::port_is_taken(&cluster.store.pods, &self.scope.templates, pod);
        let kind = if rejected { KubeletKind::Rejects } else { kind };
        self.put_pod(cluster, Action::PodReady { pod: name }, kubelet::ready(pod, kind, fate), steps);
        self.put_pod(cluster, Action::PodFailed { pod: name }, kubelet::failed(pod, kind, fate), steps);
    }

    fn time(&self, cluster: &Cluster, pod: &PodObject, steps: &mut Steps) {
        if self.matures(cluster, pod) {
            let mut next = cluster.clone();
            mature(&mut next, pod.name);
            steps.push((Action::Mature { pod: pod.name }, next));
        }
    }

    fn pod_gc(&self, cluster: &Cluster, pod: &PodObject, steps: &mut Steps) {
        if gc::is_stranded(&cluster.store, pod) {
            self.commit(steps, cluster, Action::PodGc { pod: pod.name }, |next, events| {
                gc::pod_gc(&mut next.store, pod, self.scope.switches.pod_gc, events);
                true
            });
        }
    }

    fn garbage_collector(&self, cluster: &Cluster, steps: &mut Steps) {
        for pod in &cluster.store.pods {
            if gc::pod_fate(&cluster.store, pod) != gc::Fate::Kept {
                self.commit(steps, cluster, Action::CollectPod { pod: pod.name }, |next, events| {
                    gc::collect_pod(&mut next.store, pod, events)
                });
            }
        }
        for revision in &cluster.store.revisions {
            if gc::fate(&cluster.store, revision.owner) != gc::Fate::Kept {
                self.commit(steps, cluster, Action::CollectRevision { name: revision.name() }, |next, events| {
                    gc::collect_revision(&mut next.store, revision, events)
                });
            }
        }
        for object in cluster.store.daemon_sets.iter().filter(|object| gc::may_go(&cluster.store, object)) {
            let key = object.key;
            self.commit(steps, cluster, Action::FinishDelete { key }, |next, events| {
                next.store.remove_daemon_set(key, events);
                true
            });
        }
    }

    /// Whether a ready pod has yet to be ready for minReadySeconds.
    pub(super) fn matures(&self, cluster: &Cluster, pod: &PodObject) -> bool {
        let min_ready = cluster
            .daemon_set(pod.owner_key)
            .map_or(0, |object| self.scope.strategies[usize::from(object.strategy)].min_ready_seconds);
        pod.ready && !pod.matured && !pod.deleting && min_ready > 0
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
                    next.store.put_node(NodeObject { variant: rule.to, ..*node }, events);
                    true
                });
            }
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
