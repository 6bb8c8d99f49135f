//! The rolling update (section 9).
//!
//! Mirrors `rollingUpdate`, `updatedDesiredNodeCounts` and `findUpdatedPodsOnNode`, `pkg/controller/daemon/update.go`.

use serde::{Deserialize, Serialize};

use std::collections::BTreeSet;

use super::budget::{self, BudgetError, DesiredNodeCounts, LimitError};
use super::choice::{Few, Segments, prefixes, subsets};
use super::node_pods::NodePods;
use super::record::{DaemonSet, Node, NodeName, Pod, PodName, Symbol, UpdateStrategy};
use super::request::{Failure, Reason, Stage};
use super::sync::Rules;
use crate::release::{
    AbsentLimit, DeadNodeBudget, MissingNode, OldUnavailable, ReplaceUnavailable, RolloutCount, RolloutEligibility,
    UpdatedBy,
};

/// What one call of the rolling update does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plan {
    /// Old pods to delete.
    pub deletes: Few<PodName>,
    /// Nodes to create a new pod on (surge), in segments that keep their order (EXEC-3).
    pub creates: Segments<NodeName>,
}

/// `updatedDesiredNodeCounts`: the budgets of a rolling update over these nodes.
///
/// # Errors
///
/// If a limit does not parse; `maxUnavailable` is examined first (ROLL-32).
pub fn updated_desired_node_counts(
    rules: &Rules,
    ds: &DaemonSet,
    nodes: &[Node],
) -> Result<DesiredNodeCounts, Failure> {
    let wanted = nodes.iter().filter(|node| node.placement.should_run).count();
    let limits = ds.strategy.limits(rules.switches.surge);
    budget::updated_desired_node_counts(limits, count(wanted)).map_err(invalid_budget)
}

fn invalid_budget(error: BudgetError) -> Failure {
    match error {
        BudgetError::InvalidMaxUnavailable(_) => Failure::new(Stage::Budget, Reason::InvalidMaxUnavailable),
        BudgetError::InvalidMaxSurge(_) => Failure::new(Stage::Budget, Reason::InvalidMaxSurge),
        BudgetError::NilPointer => Failure::new(Stage::Panic, Reason::NilPointer),
    }
}

/// A number of nodes as the budgets count.
fn count(nodes: usize) -> i64 {
    i64::try_from(nodes).unwrap_or(i64::MAX)
}

/// `IsPodUpdated` (HIST-20).
pub fn is_pod_updated(rules: &Rules, ds: &DaemonSet, pod: &Pod, hash: Symbol) -> bool {
    let generation_matches = rules.switches.updated_by == UpdatedBy::HashOrGeneration
        && ds.template_generation.is_some()
        && pod.generation == ds.template_generation;
    generation_matches || (hash != Symbol::EMPTY && pod.hash == hash)
}

/// `findUpdatedPodsOnNode`: the new and the old live pod of a node; none if there is more than one of a kind.
fn find_updated_pods_on_node<'a>(
    rules: &Rules,
    ds: &DaemonSet,
    pods: impl Iterator<Item = &'a Pod>,
    hash: Symbol,
) -> Option<(Option<Pod>, Option<Pod>)> {
    let (mut new, mut old) = (None, None);
    for pod in pods.filter(|pod| !pod.deleting) {
        let slot = if is_pod_updated(rules, ds, pod, hash) { &mut new } else { &mut old };
        if slot.replace(*pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

/// The nodes that the rolling update walks: those with pods, and those that should run one.
fn walked_nodes(nodes: &[Node], node_pods: &NodePods) -> BTreeSet<NodeName> {
    node_pods.nodes().chain(nodes.iter().filter(|node| node.placement.should_run).map(|node| node.name)).collect()
}

/// Every plan without surge, 1.21+ (section 9.2).
pub fn roll_unavailable(
    rules: &Rules,
    ds: &DaemonSet,
    nodes: &[Node],
    node_pods: &NodePods,
    hash: Symbol,
    max_unavailable: i64,
) -> Vec<Plan> {
    let switches = &rules.switches;
    let should_run = |name: NodeName| nodes.iter().any(|node| node.name == name && node.placement.should_run);
    let mut unavailable = 0_i64;
    let mut replacements: Few<PodName> = Few::new();
    let mut candidates: Few<PodName> = Few::new();
    for name in walked_nodes(nodes, node_pods) {
        let Some((new, old)) = find_updated_pods_on_node(rules, ds, node_pods.on(name), hash) else {
            unavailable += 1; // ROLL-6
            continue;
        };
        match (new, old) {
            (None, None) if switches.dead_node_budget == DeadNodeBudget::Excluded && !should_run(name) => {}
            (None, None) | (Some(_), Some(_)) => unavailable += 1, // ROLL-7, ROLL-8
            (Some(new), None) => unavailable += i64::from(!new.available), // ROLL-9, ROLL-10
            (None, Some(_)) if switches.rollout_eligibility == RolloutEligibility::Always && !should_run(name) => {}
            (None, Some(old)) if old.available => candidates.push(old.name), // ROLL-12
            (None, Some(old)) => {
                replacements.push(old.name); // ROLL-11
                unavailable += i64::from(switches.old_unavailable == OldUnavailable::Counted);
            }
        }
    }
    let spared = usize::try_from(max_unavailable - unavailable).unwrap_or(0);
    let bounded = match switches.replace_unavailable {
        ReplaceUnavailable::Unbounded => vec![replacements],
        ReplaceUnavailable::Bounded => subsets(&replacements, usize::try_from(max_unavailable).unwrap_or(0)),
    };
    let mut plans = BTreeSet::new();
    for replacements in bounded {
        for chosen in subsets(&candidates, spared) {
            let list: [Few<PodName>; 2] = [replacements.clone(), chosen];
            for mut deletes in prefixes(&list, rules.burst) {
                deletes.sort_unstable();
                plans.insert(Plan { deletes, creates: Segments::new() });
            }
        }
    }
    plans.into_iter().collect()
}

/// Every plan of 1.20 and before (section 9.3).
///
/// # Errors
///
/// If `maxUnavailable` does not parse, or the process crashes on an absent limit (ROLL-21).
pub fn roll_wanted_nodes(
    rules: &Rules,
    ds: &DaemonSet,
    nodes: &[Node],
    node_pods: &NodePods,
    hash: Symbol,
) -> Result<Vec<Plan>, Failure> {
    let UpdateStrategy::RollingUpdate(Some(rolling)) = ds.strategy else {
        return Err(Failure::new(Stage::Panic, Reason::NilPointer)); // ROLL-21
    };
    let wanted = nodes.iter().filter(|node| node.placement.wanted);
    let desired = count(wanted.clone().count());
    let refused = |error| match (error, rules.switches.absent_limit) {
        (LimitError::Nil, AbsentLimit::Crashes) => Failure::new(Stage::Panic, Reason::NilPointer),
        (LimitError::Nil | LimitError::NotPercentage | LimitError::BadNumber, _) => {
            Failure::new(Stage::Budget, Reason::InvalidMaxUnavailable)
        }
    };
    let max_unavailable = rolling.max_unavailable.scaled(desired).map_err(refused)?;
    let mut unavailable = 0_i64;
    for node in wanted {
        let served = node_pods.on(node.name).any(|pod| pod.available && !pod.deleting);
        unavailable += i64::from(!served); // ROLL-19
    }
    let old = || node_pods.all().filter(|pod| !is_pod_updated(rules, ds, pod, hash));
    let replacements: Few<PodName> = old().filter(|pod| !pod.available && !pod.deleting).map(|pod| pod.name).collect();
    let candidates: Few<PodName> = old().filter(|pod| pod.available).map(|pod| pod.name).collect();
    let spared = usize::try_from(max_unavailable - unavailable).unwrap_or(0); // ROLL-20
    let mut plans = BTreeSet::new();
    for chosen in subsets(&candidates, spared) {
        let list: [Few<PodName>; 2] = [replacements.clone(), chosen];
        for mut deletes in prefixes(&list, rules.burst) {
            deletes.sort_unstable();
            plans.insert(Plan { deletes, creates: Segments::new() });
        }
    }
    Ok(plans.into_iter().collect())
}

/// What the surge rolling update knows before it looks up single nodes (section 9.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SurgeSurvey {
    /// Nodes that hold a pod beyond the usual one (ROLL-22, ROLL-26).
    pub surging: i64,
    /// Available nodes (ROLL-28).
    pub available: i64,
    /// Old pods whose successor is available (ROLL-27), and later those of ROLL-24.
    pub deletes: Few<PodName>,
    /// Nodes with an old pod only: node, pod, whether it is available.
    pub old_only: Few<(NodeName, PodName, bool)>,
}

/// Counts and sorts the nodes of a surge rolling update.
pub fn survey_surge(rules: &Rules, ds: &DaemonSet, nodes: &[Node], node_pods: &NodePods, hash: Symbol) -> SurgeSurvey {
    let mut survey = SurgeSurvey::default();
    for name in walked_nodes(nodes, node_pods) {
        let Some((new, old)) = find_updated_pods_on_node(rules, ds, node_pods.on(name), hash) else {
            survey.surging += 1; // ROLL-22
            continue;
        };
        survey.available += i64::from(old.or(new).is_some_and(|pod| pod.available));
        match (new, old) {
            (_, None) => {} // ROLL-23
            (None, Some(old)) => survey.old_only.push((name, old.name, old.available)),
            (Some(new), Some(_)) if !new.available => survey.surging += 1, // ROLL-26
            (Some(_), Some(old)) => survey.deletes.push(old.name),         // ROLL-27
        }
    }
    survey
}

/// A surge rolling update after the node look-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SurgePlan {
    /// Pods to delete whatever the rest says.
    pub deletes: Few<PodName>,
    /// Old available pods on nodes that should not run one (ROLL-25).
    pub should_not_run: Few<PodName>,
    /// How many of them may go (ROLL-28).
    pub deletable: usize,
    /// Nodes that get a new pod without limit (ROLL-24).
    pub allowed: Few<NodeName>,
    /// Nodes that may get one (ROLL-25).
    pub candidates: Few<NodeName>,
    /// How many of them do.
    pub remaining: usize,
}

/// ROLL-24, ROLL-25 and ROLL-28, with the nodes as the store has them at that moment.
///
/// # Errors
///
/// If a node is missing (ROLL-29).
pub fn look_up_nodes(
    rules: &Rules,
    survey: &SurgeSurvey,
    limits: DesiredNodeCounts,
    nodes: &[Node],
) -> Result<SurgePlan, Failure> {
    let mut plan = SurgePlan { deletes: survey.deletes.clone(), ..SurgePlan::default() };
    for (name, pod, available) in &survey.old_only {
        let should_run = match rules.switches.rollout_eligibility {
            RolloutEligibility::Never => true,
            RolloutEligibility::SurgeOnly | RolloutEligibility::Always => {
                match (nodes.iter().find(|node| node.name == *name), rules.switches.missing_node) {
                    (Some(node), _) => node.placement.should_run,
                    (None, MissingNode::Skip) => continue,
                    (None, MissingNode::Abort) => return Err(Failure::new(Stage::Node, Reason::NodeMissing)),
                }
            }
        };
        match (should_run, available) {
            (false, false) => plan.deletes.push(*pod),
            (false, true) => plan.should_not_run.push(*pod),
            (true, false) => plan.allowed.push(*name),
            (true, true) => plan.candidates.push(*name),
        }
    }
    let spare = usize::try_from(survey.available - limits.desired).unwrap_or(0);
    plan.deletable = spare.min(plan.should_not_run.len());
    plan.remaining = usize::try_from(limits.max_surge - survey.surging).unwrap_or(0).min(plan.candidates.len());
    Ok(plan)
}

/// Every plan with surge. `pods` are those of the store at this moment: of the pods that should not run, those gone or
/// terminating meanwhile are passed over.
pub fn roll_surge(rules: &Rules, surge: &SurgePlan, pods: &[Pod]) -> Vec<Plan> {
    let mut plans = BTreeSet::new();
    for sunset in subsets(&surge.should_not_run, surge.deletable) {
        let still_there: Few<PodName> =
            sunset.into_iter().filter(|name| pods.iter().any(|pod| pod.name == *name && !pod.deleting)).collect();
        let list: [Few<PodName>; 2] = [surge.deletes.clone(), still_there];
        for mut deletes in prefixes(&list, rules.burst) {
            deletes.sort_unstable();
            for chosen in subsets(&surge.candidates, surge.remaining) {
                for creates in truncated(&surge.allowed, &chosen, rules.burst) {
                    plans.insert(Plan { deletes: deletes.clone(), creates });
                }
            }
        }
    }
    plans.into_iter().collect()
}

/// The list `allowed` then `chosen`, cut to `limit`, as segments.
fn truncated(allowed: &Few<NodeName>, chosen: &Few<NodeName>, limit: usize) -> Vec<Segments<NodeName>> {
    if allowed.len() >= limit {
        return subsets(allowed, limit).into_iter().map(|first| Segments::from_iter([first])).collect();
    }
    subsets(chosen, limit - allowed.len())
        .into_iter()
        .map(|second| [allowed.clone(), second].into_iter().filter(|segment| !segment.is_empty()).collect())
        .collect()
}

/// Whether this release counts over wanted nodes (section 9.3).
pub fn counts_wanted_nodes(rules: &Rules) -> bool {
    rules.switches.rollout_count == RolloutCount::WantedNodes
}
