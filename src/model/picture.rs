//! A state in words: what is true, what each controller's caches show, what is on its way, what a controller remembers.

use std::fmt;

use super::action::Resource;
use super::state::{Cluster, Process, Queued};
use super::step_name::request_words;
use super::walk::PodNames;
use crate::cluster::api_server::Answer;
use crate::cluster::object::{
    DaemonSetObject, Deleting, NO_LABELS, NodeObject, OTHERS, Object, PodObject, PodPhase, RevisionObject,
};
use crate::cluster::watch::{Event, Informer};
use crate::controller::request::Request;
use crate::controller::sync::{Point, Step};
use crate::scope::Scope;

/// A state, to be printed over several lines.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Whose names are used.
    pub scope: &'a Scope,
    /// The state.
    pub cluster: &'a Cluster,
    /// The names of its pods.
    pub pods: &'a PodNames,
}

/// What the API server has, an object a line, and what controllers still expect.
pub fn in_the_end(scope: &Scope, cluster: &Cluster, pods: &PodNames) -> Vec<String> {
    let picture = Picture { scope, cluster, pods };
    let store = &cluster.store;
    let mut lines = picture.objects(&store.daemon_sets.0, &store.revisions.0, &store.pods.0, &store.nodes.0);
    let expected = cluster.controllers.iter().enumerate().flat_map(|(index, process)| {
        process.work.iter().enumerate().filter_map(move |(key, work)| {
            let one = work.memory.expectations.filter(|one| !one.fulfilled())?;
            let expired = if one.expired { ", which has expired" } else { "" };
            let name = &scope.daemon_sets[key].name;
            let (add, del) = (one.add, one.del);
            Some(format!(
                "controller {}: for {name} it expects {add} creations and {del} deletions{expired}",
                index + 1
            ))
        })
    });
    lines.extend(expected);
    lines
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = &self.cluster.store;
        writeln!(out, "API server")?;
        for line in self.objects(&store.daemon_sets.0, &store.revisions.0, &store.pods.0, &store.nodes.0) {
            writeln!(out, "  {line}")?;
        }
        for (index, machine) in self.cluster.machines.iter().enumerate() {
            if !machine.kubelet.is_here() {
                writeln!(out, "  the kubelet of {} is silent", self.node(index))?;
            }
        }
        if !self.cluster.scheduler.is_here() {
            writeln!(out, "  there is no scheduler")?;
        }
        for (index, process) in self.cluster.controllers.iter().enumerate() {
            self.process(out, index, process)?;
        }
        for call in &self.cluster.calls {
            let whose = if call.awaited { "" } else { ", of a dead process" };
            writeln!(out, "on its way to the API server{whose}: {}", self.request(&call.request))?;
        }
        for (call, answer) in &self.cluster.replies {
            let answer = match answer {
                Answer::Error(reason) => format!("{reason:?}"),
                Answer::Done | Answer::DaemonSet(_) | Answer::Revision(_) | Answer::Pod { .. } => "done".to_owned(),
            };
            writeln!(out, "on its way back: {answer}, to the request to {}", self.request(&call.request))?;
        }
        for (index, user) in self.cluster.users.iter().enumerate() {
            let script = self.scope.users[index].len();
            writeln!(out, "user {}: {} of {script} commands done", index + 1, user.done)?;
        }
        Ok(())
    }
}

impl Picture<'_> {
    /// One line an object.
    fn objects(
        &self,
        daemon_sets: &[DaemonSetObject],
        revisions: &[RevisionObject],
        pods: &[PodObject],
        nodes: &[NodeObject],
    ) -> Vec<String> {
        let daemon_sets = daemon_sets.iter().map(|one| self.daemon_set(one));
        let revisions = revisions.iter().map(|one| self.revision(one));
        let pods = pods.iter().map(|one| self.pod(one));
        let nodes = nodes.iter().map(|one| self.node_object(one));
        daemon_sets.chain(revisions).chain(pods).chain(nodes).collect()
    }

    fn process(&self, out: &mut fmt::Formatter<'_>, index: usize, process: &Process) -> fmt::Result {
        let standing = match (process.running, process.retiring) {
            (true, _) => "",
            (false, true) => ", its lease lost",
            (false, false) => ", dead",
        };
        writeln!(out, "controller {}{standing}", index + 1)?;
        if !process.running && !process.retiring {
            return Ok(());
        }
        writeln!(out, " its caches show")?;
        let (daemon_sets, revisions) = (&process.daemon_sets, &process.revisions);
        let (pods, nodes) = (&process.pods, &process.nodes);
        for line in self.objects(&daemon_sets.store.0, &revisions.store.0, &pods.store.0, &nodes.store.0) {
            writeln!(out, "  {line}")?;
        }
        Self::stream(out, Resource::DaemonSets, daemon_sets, |one| self.daemon_set(one))?;
        Self::stream(out, Resource::Revisions, revisions, |one| self.revision(one))?;
        Self::stream(out, Resource::Pods, pods, |one| self.pod(one))?;
        Self::stream(out, Resource::Nodes, nodes, |one| self.node_object(one))?;
        for node in &process.node_queue {
            writeln!(out, " its node queue holds {}", self.node(usize::from(*node)))?;
        }
        for (key, work) in process.work.iter().enumerate() {
            let name = self.name(key);
            match work.queue {
                Queued::No | Queued::Processing => {}
                Queued::Waiting => writeln!(out, " {name} is queued")?,
                Queued::Again => writeln!(out, " {name} is queued again while it is synced")?,
            }
            if let Some(one) = work.memory.expectations {
                let expired = if one.expired { ", expired" } else { "" };
                writeln!(out, " for {name} it expects {} creations and {} deletions{expired}", one.add, one.del)?;
            }
            if let Some(sync) = &work.sync {
                writeln!(out, " its sync of {name} {}", at(&sync.step))?;
            }
        }
        Ok(())
    }

    fn stream<T: Object>(
        out: &mut fmt::Formatter<'_>,
        resource: Resource,
        informer: &Informer<T>,
        told: impl Fn(&T) -> String,
    ) -> fmt::Result {
        for versioned in &informer.stream {
            let event = match &versioned.event {
                Event::Put(object) => told(object),
                Event::Deleted(object) => format!("{} is gone", told(object)),
                Event::Bookmark => format!("a bookmark of {resource:?}"),
            };
            writeln!(out, " on its way to it: {event}")?;
        }
        for _ in &informer.told {
            writeln!(out, " its handler has still to take a notification of {resource:?}")?;
        }
        Ok(())
    }

    fn request(&self, request: &Request) -> String {
        request_words(self.scope, self.pods, request)
    }

    fn name(&self, key: usize) -> String {
        self.scope.daemon_sets[key].name.clone()
    }

    fn node(&self, index: usize) -> String {
        self.scope.nodes[index].name.clone()
    }

    fn template(&self, index: u8) -> String {
        self.scope.templates.get(usize::from(index)).map_or_else(|| "no template".to_owned(), |one| one.name.clone())
    }

    fn daemon_set(&self, one: &DaemonSetObject) -> String {
        let [desired, current, misscheduled, ready, updated, available] = one.counters;
        let deleting = match one.deleting {
            Deleting::No => "",
            Deleting::Foreground => ", being deleted in the foreground",
            Deleting::Orphan => ", being deleted, keeping its pods",
        };
        format!(
            "{} (uid {}) at {}, generation {}{deleting}; status: observedGeneration {}, {desired} desired, {current} \
             current, {misscheduled} misscheduled, {ready} ready, {updated} updated, {available} available",
            self.name(usize::from(one.key)),
            one.uid,
            self.template(one.template),
            one.generation,
            one.observed_generation,
        )
    }

    fn revision(&self, one: &RevisionObject) -> String {
        let owner = one.owner.map_or_else(|| ", without owner".to_owned(), |uid| format!(", of uid {uid}"));
        let label = match one.label {
            0 => ", without hash label",
            NO_LABELS => ", without labels",
            _ => "",
        };
        format!("revision {} ({}){owner}{label}", one.number, self.template(one.template))
    }

    fn pod(&self, one: &PodObject) -> String {
        let node = self.node(usize::from(one.target));
        if one.template == OTHERS {
            return format!("other pods fill {node}");
        }
        let mut words = vec![match (one.phase, one.ready, one.bound) {
            (PodPhase::Failed, ..) => "failed",
            (PodPhase::Succeeded, ..) => "succeeded",
            (PodPhase::Active, true, _) => "ready",
            (PodPhase::Active, false, true) => "not ready",
            (PodPhase::Active, false, false) => "pending",
        }];
        let more = [(one.matured, "available"), (one.deleting, "terminating"), (!one.labelled, "without labels")];
        words.extend(more.into_iter().filter(|(is, _)| *is).map(|(_, word)| word));
        let owner = one.owner.map_or_else(|| "no owner".to_owned(), |uid| format!("uid {uid}"));
        format!(
            "pod {} on {node}, of {}, {owner}: {}",
            self.pods.of(one.name.into()),
            self.template(one.template),
            words.join(", ")
        )
    }

    fn node_object(&self, one: &NodeObject) -> String {
        let variant = &self.scope.variants[usize::from(one.variant)];
        format!("node {} is {variant}", self.node(usize::from(one.name)))
    }
}

/// Where a sync is.
fn at(step: &Step) -> &'static str {
    match step {
        Step::At(point) => match point {
            Point::Nodes => "is about to read the nodes",
            Point::History => "is about to read the revisions",
            Point::GateCheck | Point::Manage => "is about to read the pods, and to decide what should be on each node",
            Point::Dedup => "is about to read the pods, to relabel them",
            Point::RolloutCheck | Point::RollingUpdate => "is about to go on to the rolling update",
            Point::Node => "is about to look up nodes of old pods",
            Point::Pod => "is about to look up pods that should not run",
            Point::Cleanup => "is about to clean up revisions",
            Point::Status => "is about to compute the status",
        },
        Step::ClaimRevisions(_) => "claims revisions",
        Step::LabelRevisions(_) => "labels revisions",
        Step::Dedup(..) => "removes duplicate revisions",
        Step::Renumber(..) => "renumbers its current revision",
        Step::CreateRevision(_) => "creates its current revision",
        Step::ReadExisting(_) => "reads the revision that has its name",
        Step::ReadForCollision | Step::RaiseCollisionCount(_) => "raises the collision count",
        Step::ClaimPods(..) => "claims pods",
        Step::LookUpNodes(..) => "is about to look up nodes of old pods",
        Step::LookUpPods(_) => "is about to look up pods that should not run",
        Step::SyncNodes(_) => "creates and deletes pods",
        Step::CleanUp(_) => "deletes old revisions",
        Step::WriteStatus(..) | Step::ReadForStatus(..) => "writes the status",
    }
}
