//! What of a claim about rest is wrong in a state at rest, in words: which node, pod, counter or revision.

use super::for_ever::{converged, must_go};
use super::judge::{Property, judge_state, living};
use super::rest::{NodeFault, StillToDo, could_run, counters, live_pods, node_fault, still_to_do, unused_revisions};
use crate::cluster::object::{DaemonSetObject, PodObject, RevisionObject};
use crate::controller::record::Counters;
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::state::Cluster;
use crate::model::walk::{PodNames, Walk};

/// What is wrong where the behaviour that takes `actions` ends, one text a fault; none where it does not end at rest, or
/// ends in a state that does not break the claim.
pub fn wrong_in_the_end(model: &DaemonSetModel, actions: &[Action], property: Property) -> Vec<String> {
    let mut walk = Walk::new(model);
    for action in actions {
        let Some(after) = walk.after(action) else { return Vec::new() };
        walk.go_on(after);
    }
    At { model, cluster: &walk.cluster, pods: &walk.pods }.wrong(property)
}

struct At<'a> {
    model: &'a DaemonSetModel,
    cluster: &'a Cluster,
    pods: &'a PodNames,
}

impl At<'_> {
    fn wrong(&self, property: Property) -> Vec<String> {
        let is_broken = if property == Property::Converges {
            // No state breaks it, but that a cluster stays in one, as it does at rest.
            self.model.is_at_rest(self.cluster) && converged(self.model, self.cluster) == Some(false)
        } else {
            judge_state(self.model, self.cluster, property.bit()).broken != 0
        };
        if !is_broken {
            return Vec::new();
        }
        let of = |object: &DaemonSetObject| match property {
            Property::CurrentIsMax => self.revisions(object),
            Property::HistoryKept => self.history(object),
            Property::StatusTruth => self.status(object),
            Property::NeverWedged => self.to_do(object),
            Property::RolledOut => self.nodes(object),
            Property::Converges => [self.nodes(object), self.kept(object)].concat(),
            Property::OnePerNode
            | Property::SurgeTwo
            | Property::RevisionIncreases
            | Property::UndoRestores
            | Property::HashTruth
            | Property::Budget
            | Property::OwnerOnly
            | Property::EligibleOnly
            | Property::GenerationOrder
            | Property::NoPanic
            | Property::OnePerName
            | Property::FewPods
            | Property::RolloutReplaces
            | Property::RolloutProceeds
            | Property::ReadyBudget
            | Property::UndoActs
            | Property::OrphansSurvive
            | Property::NoSelfConflict
            | Property::HashPresent
            | Property::SlowStart
            | Property::ViewBudget
            | Property::PodBudget
            | Property::NoHotLoop => Vec::new(),
        };
        living(self.cluster).flat_map(of).collect()
    }

    fn revisions(&self, object: &DaemonSetObject) -> Vec<String> {
        let scope = &self.model.scope;
        let owned = || self.cluster.store.revisions.iter().filter(|one| one.owner == Some(object.uid));
        let (holding, others): (Vec<&RevisionObject>, Vec<&RevisionObject>) =
            owned().partition(|one| scope.as_written(one.template) == object.template);
        let (ds, template) = (self.daemon_set(object), self.template(object.template));
        let text = match holding.as_slice() {
            [] => format!("no revision of {ds} holds its template {template}"),
            [one] => {
                let greater = others.iter().filter(|other| other.number >= one.number).max_by_key(|other| other.number);
                let Some(other) = greater else { return Vec::new() };
                let (held, number) = (self.template(scope.as_written(other.template)), other.number);
                format!(
                    "{ds} is at template {template} of revision {}, and revision {number} ({held}) is there too",
                    one.number
                )
            }
            several => {
                let numbers: Vec<String> = several.iter().map(|one| one.number.to_string()).collect();
                format!("{} revisions of {ds} hold its template {template}: {}", several.len(), numbers.join(" and "))
            }
        };
        vec![text]
    }

    fn history(&self, object: &DaemonSetObject) -> Vec<String> {
        let limit = self.model.scope.strategies[usize::from(object.strategy)].revision_history_limit;
        let unused = unused_revisions(self.model, self.cluster, object);
        if unused <= usize::try_from(limit).unwrap_or(0) {
            return Vec::new();
        }
        let ds = self.daemon_set(object);
        vec![format!("old revisions of {ds} without pods: {unused}, and revisionHistoryLimit is {limit}")]
    }

    fn status(&self, object: &DaemonSetObject) -> Vec<String> {
        let (said, is) = counters(self.model, self.cluster, object);
        let list = |of: Counters| {
            [
                ("desired", of.desired_number_scheduled),
                ("current", of.current_number_scheduled),
                ("misscheduled", of.number_misscheduled),
                ("ready", of.number_ready),
                ("updated", of.updated_number_scheduled),
                ("available", of.number_available),
                ("unavailable", of.number_unavailable),
            ]
        };
        let differing = list(said).into_iter().zip(list(is)).filter(|(said, is)| said != is);
        let counters: Vec<String> =
            differing.map(|((word, said), (_, is))| format!("{said} {word} (in truth {is})")).collect();
        if counters.is_empty() {
            return Vec::new();
        }
        vec![format!("the status of {} says {}", self.daemon_set(object), counters.join(", "))]
    }

    fn to_do(&self, object: &DaemonSetObject) -> Vec<String> {
        let ds = self.daemon_set(object);
        match still_to_do(self.model, self.cluster, object) {
            None => Vec::new(),
            Some(StillToDo::Fail) => {
                vec![format!("a sync of {ds} that sees all this would fail in its rolling update")]
            }
            Some(StillToDo::Pods(creates, deletes)) => {
                let on = |node: u32| format!("create a pod on {}", self.node(u8::try_from(node).unwrap_or(u8::MAX)));
                let creates = creates.iter().map(|node| on(node.0));
                let deletes = deletes.iter().map(|pod| format!("delete pod {}", self.pods.of(pod.0)));
                let deeds: Vec<String> = creates.chain(deletes).collect();
                vec![format!("nobody wakes {ds}; a sync that sees all this would {}", deeds.join(" and "))]
            }
        }
    }

    fn nodes(&self, object: &DaemonSetObject) -> Vec<String> {
        let ds = self.daemon_set(object);
        let pod = |pod: &PodObject| self.pods.of(u32::from(pod.name));
        let template = |pod: &PodObject| self.template(self.model.scope.as_written(pod.template));
        let of = |node: u8| {
            let on = self.node(node);
            Some(match node_fault(self.model, self.cluster, object, node)? {
                NodeFault::NoPod => format!("node {on} should run a pod of {ds} and has no live one"),
                NodeFault::Several(one, other) => {
                    let told = |one: &PodObject| format!("{} ({}, of {})", pod(one), standing(one), template(one));
                    format!("node {on} has more than one live pod of {ds}: {} and {}", told(one), told(other))
                }
                NodeFault::Unavailable(one) => {
                    format!("pod {} on node {on} is not available: {}", pod(one), standing(one))
                }
                NodeFault::Former(one) => {
                    let (made_from, wanted) = (template(one), self.template(object.template));
                    format!("pod {} on node {on} is of template {made_from}, and {ds} is at {wanted}", pod(one))
                }
            })
        };
        could_run(self.model, self.cluster, object).filter_map(of).collect()
    }

    /// The pods on nodes that must not keep one.
    fn kept(&self, object: &DaemonSetObject) -> Vec<String> {
        let nodes = self.cluster.store.nodes.iter().filter(|node| must_go(self.model, object, node));
        let kept = nodes.filter_map(|node| {
            let pod = self.pods.of(u32::from(live_pods(self.cluster, object, node.name).next()?.name));
            Some(format!("node {} must not keep a pod, and pod {pod} is alive there", self.node(node.name)))
        });
        kept.collect()
    }

    fn daemon_set(&self, object: &DaemonSetObject) -> &str {
        &self.model.scope.daemon_sets[usize::from(object.key)].name
    }

    fn template(&self, index: u8) -> &str {
        self.model.scope.templates.get(usize::from(index)).map_or("of others", |one| &one.name)
    }

    fn node(&self, index: u8) -> &str {
        &self.model.scope.nodes[usize::from(index)].name
    }
}

/// Where a live pod has come to.
fn standing(pod: &PodObject) -> &'static str {
    match (pod.bound, pod.ready, pod.matured) {
        (false, ..) => "pending",
        (true, false, _) => "not ready",
        (true, true, false) => "ready",
        (true, true, true) => "ready for minReadySeconds",
    }
}
