//! What should exist on each node (section 7).
//!
//! Mirrors `manage` and `podsShouldBeOnNode`, `pkg/controller/daemon/daemon_controller.go`.

use smallvec::SmallVec;

use super::budget::allows_surge;
use super::choice::{Few, Segments, prefixes, prefixes_of_groups};
use super::node_pods::{NodePods, by_creation_timestamp_and_phase};
use super::record::{DaemonSet, Node, NodeName, Phase, Pod, PodName, Symbol};
use super::sync::{Effect, Effects, Rules};
use crate::release::{
    ClaimOrder, CleanUnscheduled, FailedPods, MayContinue, RedeleteTerminating, SucceededPods, SurgeBackoff,
    SurgeTerminating,
};

/// What one call of manage does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes to create a pod on, truncated to the burst (EXEC-1).
    pub creates: Few<NodeName>,
    /// Pods to delete, truncated to the burst.
    pub deletes: Few<PodName>,
    /// Back-off records, delays and events.
    pub effects: Effects,
    /// Whether a failed pod was seen (MAN-24).
    pub failed_seen: bool,
}

/// What is to be done on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodePlan {
    /// Whether to create a pod (MAN-1, MAN-12).
    pub create: bool,
    /// The pods to delete, in the order of the list that goes to [`super::sync_nodes`].
    pub deletes: Segments<PodName>,
    /// Back-off records, delays and events.
    pub effects: Effects,
    /// Whether a failed pod was seen.
    pub failed_seen: bool,
}

/// Every plan that manage can come to for these nodes and pods.
pub fn manage(rules: &Rules, ds: &DaemonSet, nodes: &[Node], node_pods: &NodePods, hash: Symbol) -> Vec<Plan> {
    // The choices of different nodes are independent: the product of them.
    let mut alternatives: Vec<Vec<(Node, NodePlan)>> = vec![Vec::new()];
    for node in nodes {
        let pods: SmallVec<[Pod; 4]> = node_pods.on(node.name).copied().collect();
        let plans = pods_should_be_on_node(rules, ds, node, &pods, hash);
        if let [plan] = plans.as_slice() {
            for alternative in &mut alternatives {
                alternative.push((*node, plan.clone()));
            }
            continue;
        }
        alternatives = plans
            .iter()
            .flat_map(|plan| {
                alternatives.iter().map(|before| {
                    let mut longer = before.clone();
                    longer.push((*node, plan.clone()));
                    longer
                })
            })
            .collect();
    }
    let vanished = unscheduled_pods_without_node(rules, ds, nodes, node_pods);
    let mut plans = Vec::new();
    for alternative in alternatives {
        let wanting: Few<NodeName> =
            alternative.iter().filter(|(_, plan)| plan.create).map(|(node, _)| node.name).collect();
        let surplus: Vec<&(Node, NodePlan)> = alternative.iter().filter(|(_, plan)| !plan.deletes.is_empty()).collect();
        let groups: Vec<Segments<PodName>> =
            surplus.iter().map(|(_, plan)| plan.deletes.clone()).chain(vanished.iter().cloned()).collect();
        let effects: Effects = alternative.iter().flat_map(|(_, plan)| plan.effects.iter().copied()).collect();
        let failed_seen = alternative.iter().any(|(_, plan)| plan.failed_seen);
        for creates in prefixes(std::slice::from_ref(&wanting), rules.burst) {
            // One pass over the nodes fills both lists, so a node whose create is cut off comes after those whose are not.
            let cut = |index: usize| {
                surplus.get(index).filter(|(_, plan)| plan.create).map(|(node, _)| !creates.contains(&node.name))
            };
            let before = |one: usize, other: usize| {
                one < surplus.len() && other >= surplus.len() || cut(one) == Some(false) && cut(other) == Some(true)
            };
            for deletes in prefixes_of_groups(&groups, &before, rules.burst) {
                plans.push(Plan { creates: creates.clone(), deletes, effects: effects.clone(), failed_seen });
            }
        }
    }
    plans
}

/// The pods to create and to delete on one node: every possible answer.
///
/// Mirrors `podsShouldBeOnNode`. `pods` are the claimed pods whose target is this node, sorted by name.
///
/// - **Reads** what it is given only: a stale view gives the answer upstream would give.
/// - **Guarantees** at most one creation (MAN-23), and no deletion of a pod that already terminates (1.15+).
/// - **Branches** on which of several failed pods arms the back-off (MAN-20).
pub fn pods_should_be_on_node(rules: &Rules, ds: &DaemonSet, node: &Node, pods: &[Pod], hash: Symbol) -> Vec<NodePlan> {
    let switches = &rules.switches;
    let placement = node.placement;
    let may_continue = match switches.may_continue {
        MayContinue::NoExecuteOnly => placement.should_continue_running,
        MayContinue::ShouldRun => placement.should_run,
    };
    if placement.wanted && !placement.should_run {
        // MAN-26: there is no room, and nothing is done about this node.
        let effects = Effects::from_slice(&[Effect::Suspended(node.name), Effect::FailedPlacement]);
        return vec![NodePlan { effects, ..NodePlan::default() }];
    }
    if placement.should_run && pods.is_empty() {
        return vec![NodePlan { create: true, ..NodePlan::default() }]; // MAN-1
    }
    if may_continue {
        return classify_failed(rules, ds, node, pods)
            .into_iter()
            .map(|(plan, failed_deleted)| keep_one(rules, ds, node, pods, hash, plan, &failed_deleted))
            .collect(); // MAN-2
    }
    // MAN-3
    let unwanted = pods.iter().filter(|pod| !pod.deleting || switches.redelete_terminating == RedeleteTerminating::Yes);
    vec![NodePlan { deletes: in_list_order(rules, ds, unwanted), ..NodePlan::default() }]
}

/// The names of `pods` as they come in the list of claimed ones: owned ones first where the release has an index (MAN-20).
fn in_list_order<'a>(rules: &Rules, ds: &DaemonSet, pods: impl Iterator<Item = &'a Pod>) -> Segments<PodName> {
    let owned = |pod: &&Pod| match rules.switches.claim_order {
        ClaimOrder::OwnedFirst => pod.controller == Some(ds.uid),
        ClaimOrder::Any => true,
    };
    let (owned, orphans): (Few<&Pod>, Few<&Pod>) = pods.partition(owned);
    let segments = [owned, orphans].into_iter().filter(|segment| !segment.is_empty());
    segments.map(|segment| segment.iter().map(|pod| pod.name).collect()).collect()
}

/// What becomes of the failed pods of a node (MAN-6, MAN-7, MAN-20): for each possible answer the plan so far and the
/// failed pods deleted.
fn classify_failed(rules: &Rules, ds: &DaemonSet, node: &Node, pods: &[Pod]) -> Vec<(NodePlan, Few<PodName>)> {
    let failed: Few<Pod> = pods.iter().filter(|pod| !pod.deleting && pod.phase == Phase::Failed).copied().collect();
    let mut plan = NodePlan::default();
    if failed.is_empty() {
        return vec![(plan, Few::new())];
    }
    plan.failed_seen = true;
    match rules.switches.failed_pods {
        FailedPods::Kept => {
            plan.failed_seen = false;
            vec![(plan, Few::new())]
        }
        FailedPods::AtOnce => {
            plan.effects.extend(failed.iter().map(|_| Effect::FailedDaemonPod));
            vec![(plan, failed.iter().map(|pod| pod.name).collect())]
        }
        FailedPods::Backoff => {
            if node.in_backoff {
                plan.effects.extend(failed.iter().map(|_| Effect::RequeueAfterBackoff(node.name)));
                return vec![(plan, Few::new())];
            }
            // The first one in list order arms the back-off, the others wait for it.
            plan.effects.push(Effect::ArmBackoff(node.name));
            plan.effects.push(Effect::FailedDaemonPod);
            plan.effects.extend(failed.iter().skip(1).map(|_| Effect::RequeueAfterBackoff(node.name)));
            let owned: Few<Pod> = failed.iter().filter(|pod| pod.controller == Some(ds.uid)).copied().collect();
            let first = match rules.switches.claim_order {
                ClaimOrder::OwnedFirst if !owned.is_empty() => owned,
                ClaimOrder::OwnedFirst | ClaimOrder::Any => failed,
            };
            first.iter().map(|pod| (plan.clone(), Few::from_slice(&[pod.name]))).collect()
        }
    }
}

/// The rest of MAN-2: succeeded pods, and which of several running pods stay.
fn keep_one(
    rules: &Rules,
    ds: &DaemonSet,
    node: &Node,
    pods: &[Pod],
    hash: Symbol,
    mut plan: NodePlan,
    failed_deleted: &Few<PodName>,
) -> NodePlan {
    let switches = &rules.switches;
    let mut listed: Few<&Pod> = pods.iter().filter(|pod| failed_deleted.contains(&pod.name)).collect();
    let mut running: Few<Pod> = Few::new();
    for pod in pods.iter().filter(|pod| !pod.deleting) {
        match pod.phase {
            Phase::Failed if switches.failed_pods == FailedPods::Kept => running.push(*pod),
            Phase::Failed => {}
            Phase::Succeeded if switches.succeeded_pods == SucceededPods::Deleted => {
                plan.effects.push(Effect::SucceededDaemonPod); // MAN-8
                listed.push(pod);
            }
            Phase::Succeeded | Phase::Active => running.push(*pod), // MAN-9
        }
    }
    plan.deletes = in_list_order(rules, ds, listed.into_iter());
    running.sort_unstable_by(by_creation_timestamp_and_phase);
    if !allows_surge(ds.strategy.limits(switches.surge).max_surge) {
        plan.deletes.extend(running.iter().skip(1).map(|pod| Few::from_slice(&[pod.name]))); // MAN-10, MAN-11
        return plan;
    }
    if running.len() <= 1 {
        let held_back = switches.surge_backoff == SurgeBackoff::Honoured
            && pods
                .iter()
                .any(|pod| !pod.deleting && pod.phase == Phase::Failed && !failed_deleted.contains(&pod.name));
        let crowded = switches.surge_terminating == SurgeTerminating::Counted
            && pods.iter().filter(|pod| pod.deleting).count() >= 2;
        plan.create = running.is_empty() && node.placement.should_run && !held_back && !crowded; // MAN-12, MAN-13
        return plan;
    }
    // MAN-14: the oldest of the current hash, and the oldest of another.
    let newest = running.iter().find(|pod| pod.hash == hash).copied();
    let old = running.iter().find(|pod| pod.hash != hash).copied();
    for pod in &running {
        if Some(*pod) != newest && Some(*pod) != old {
            plan.deletes.push(Few::from_slice(&[pod.name]));
        }
    }
    if let (Some(new), Some(old)) = (newest, old)
        && (!old.ready || new.available)
    {
        plan.deletes.push(Few::from_slice(&[old.name])); // MAN-15
    }
    plan
}

/// `getUnscheduledPodsWithoutNode` (MAN-17): claimed pods without node name whose target is not in the node list, by target.
fn unscheduled_pods_without_node(
    rules: &Rules,
    ds: &DaemonSet,
    nodes: &[Node],
    node_pods: &NodePods,
) -> Vec<Segments<PodName>> {
    match rules.switches.clean_unscheduled {
        CleanUnscheduled::No => Vec::new(),
        CleanUnscheduled::Yes => node_pods
            .nodes()
            .filter(|name| nodes.iter().all(|node| node.name != *name))
            .map(|name| in_list_order(rules, ds, node_pods.on(name).filter(|pod| !pod.bound)))
            .collect(),
    }
}
