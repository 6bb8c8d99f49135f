//! Manage: the whole outcome set, by playing the rules through for every order of nodes and of the pod list.

use std::collections::{BTreeMap, BTreeSet};

use everynode::controller::budget::{Limit, RollingUpdate};
use everynode::controller::manage::{Plan, manage};
use everynode::controller::record::{Node, NodeName, Phase, Pod, PodName, UpdateStrategy};
use everynode::controller::sync::Effect;
use everynode::release::{
    ClaimOrder, CleanUnscheduled, FailedPods, MayContinue, RedeleteTerminating, SucceededPods, Surge, SurgeBackoff,
    SurgeTerminating, Target, TerminalTerminating, TerminatingOccupies,
};
use proptest::prelude::*;

use super::world::{Coverage, OURS, World, check, crowded, orders, other_names, sorted, world};

/// The switches that manage knows.
const MOVED: &[&str] = &[
    "claim_order",
    "clean_unscheduled",
    "failed_pods",
    "may_continue",
    "redelete_terminating",
    "succeeded_pods",
    "surge",
    "surge_backoff",
    "surge_terminating",
    "target",
    "terminal_terminating",
    "terminating_occupies",
];

const BRANCHES: &[&str] = &[
    "MAN-1",
    "MAN-3",
    "MAN-5",
    "MAN-6",
    "MAN-7",
    "MAN-8",
    "MAN-10",
    "MAN-11",
    "MAN-12",
    "MAN-13",
    "MAN-14",
    "MAN-15 old is not ready",
    "MAN-15 new is available",
    "MAN-15 both stay",
    "MAN-17",
    "MAN-20",
    "MAN-26",
    "two terminating pods hold a surge pod back",
    "several outcomes",
    "creates truncated",
    "deletes truncated",
];

/// A plan without the order of its parts.
type Outcome = (Vec<NodeName>, Vec<PodName>, Vec<Effect>, bool);

fn outcome(plan: &Plan) -> Outcome {
    (
        sorted(plan.creates.iter().copied()),
        sorted(plan.deletes.iter().copied()),
        sorted(plan.effects.iter().copied()),
        plan.failed_seen,
    )
}

fn found(world: &World) -> BTreeSet<Outcome> {
    manage(&world.rules(), &world.ds, &world.nodes, &world.grouped(), world.hash).iter().map(outcome).collect()
}

/// ROLL-3: whether maxSurge of one node is positive; `OnDelete` and releases without surge have none (OND-3, OBJ-5).
fn allows_surge(world: &World) -> bool {
    match (world.ds.strategy, world.switches.surge) {
        (UpdateStrategy::RollingUpdate(Some(RollingUpdate { max_surge, .. })), Surge::Supported) => match max_surge {
            Limit::Number(number) => number > 0,
            Limit::Percent(percent) => percent > 0,
            Limit::Absent | Limit::NotPercentage | Limit::BadNumber => false,
        },
        (UpdateStrategy::RollingUpdate(_) | UpdateStrategy::OnDelete | UpdateStrategy::Unknown, _) => false,
    }
}

/// PLACE-10: where a pod is or is to be.
pub fn target(world: &World, pod: &Pod) -> Option<NodeName> {
    match world.switches.target {
        Target::AffinityOrBound => pod.target,
        Target::BoundOnly if pod.bound => pod.target,
        Target::BoundOnly => None,
    }
}

/// Section 7: whether the release leaves `pod` in the node maps.
pub fn in_node_maps(world: &World, pod: &Pod) -> bool {
    let terminal = pod.phase == Phase::Failed || pod.phase == Phase::Succeeded;
    let ignored = terminal && pod.deleting && world.switches.terminal_terminating == TerminalTerminating::Ignored;
    let free = pod.deleting && world.switches.terminating_occupies == TerminatingOccupies::No;
    !ignored && !free
}

/// MAN-16.
pub fn before(one: &Pod, other: &Pod) -> bool {
    if one.bound != other.bound {
        return one.bound;
    }
    if one.created != other.created {
        return one.created < other.created;
    }
    one.name < other.name
}

/// What one pass does with one node: `listed` are its pods in list order. Deletes are in the order in which they are listed.
struct Pass<'a> {
    world: &'a World,
    coverage: &'a Coverage,
    creates: Vec<NodeName>,
    deletes: Vec<PodName>,
    effects: Vec<Effect>,
    failed_seen: bool,
}

impl Pass<'_> {
    fn node(&mut self, node: &Node, listed: &[Pod]) {
        let (world, coverage) = (self.world, self.coverage);
        let runs = node.placement.should_run;
        let stays = match world.switches.may_continue {
            MayContinue::NoExecuteOnly => node.placement.should_continue_running,
            MayContinue::ShouldRun => node.placement.should_run,
        };
        if node.placement.wanted && !runs {
            coverage.met("MAN-26", true);
            self.effects.extend([Effect::Suspended(node.name), Effect::FailedPlacement]);
            return;
        }
        if runs && listed.is_empty() {
            coverage.met("MAN-1", true);
            self.creates.push(node.name);
            return;
        }
        if !stays {
            for pod in listed {
                if !pod.deleting || world.switches.redelete_terminating == RedeleteTerminating::Yes {
                    coverage.met("MAN-3", true);
                    self.deletes.push(pod.name);
                }
            }
            return;
        }
        let mut in_backoff = node.in_backoff;
        let mut running: Vec<Pod> = Vec::new();
        let mut failed_kept = 0;
        for pod in listed {
            if pod.deleting {
                coverage.met("MAN-5", true);
                continue;
            }
            match (pod.phase, world.switches.failed_pods) {
                (Phase::Failed, FailedPods::AtOnce) => {
                    self.failed_seen = true;
                    self.effects.push(Effect::FailedDaemonPod);
                    self.deletes.push(pod.name);
                }
                (Phase::Failed, FailedPods::Backoff) => {
                    self.failed_seen = true;
                    if in_backoff {
                        coverage.met(if node.in_backoff { "MAN-7" } else { "MAN-20" }, true);
                        self.effects.push(Effect::RequeueAfterBackoff(node.name));
                        failed_kept += 1;
                    } else {
                        coverage.met("MAN-6", true);
                        self.effects.extend([Effect::ArmBackoff(node.name), Effect::FailedDaemonPod]);
                        self.deletes.push(pod.name);
                        in_backoff = true;
                    }
                }
                (Phase::Succeeded, _) if world.switches.succeeded_pods == SucceededPods::Deleted => {
                    coverage.met("MAN-8", true);
                    self.effects.push(Effect::SucceededDaemonPod);
                    self.deletes.push(pod.name);
                }
                (Phase::Failed, FailedPods::Kept) | (Phase::Active | Phase::Succeeded, _) => running.push(*pod), // MAN-9
            }
        }
        // MAN-16, by picking the first again and again.
        let mut in_order: Vec<Pod> = Vec::new();
        while let Some(first) =
            running.iter().position(|pod| running.iter().all(|other| pod == other || before(pod, other)))
        {
            in_order.push(running.remove(first));
        }
        if !allows_surge(world) {
            coverage.met(if in_order.len() <= 1 { "MAN-10" } else { "MAN-11" }, true);
            self.deletes.extend(in_order.iter().skip(1).map(|pod| pod.name));
            return;
        }
        match in_order.len() {
            0 => {
                let waits = world.switches.surge_backoff == SurgeBackoff::Honoured && failed_kept > 0;
                let terminating = listed.iter().filter(|pod| pod.deleting).count();
                let crowded = world.switches.surge_terminating == SurgeTerminating::Counted && terminating >= 2;
                coverage
                    .met("two terminating pods hold a surge pod back", runs && !waits && crowded && terminating == 2);
                if runs && !waits && !crowded {
                    coverage.met("MAN-12", true);
                    self.creates.push(node.name);
                }
            }
            1 => coverage.met("MAN-13", true),
            _ => self.keep_new_and_old(&in_order),
        }
    }

    /// MAN-14, MAN-15; MAN-22: by the hash alone.
    fn keep_new_and_old(&mut self, in_order: &[Pod]) {
        let (mut new, mut old): (Option<Pod>, Option<Pod>) = (None, None);
        for pod in in_order {
            let kept = if pod.hash == self.world.hash { &mut new } else { &mut old };
            if kept.is_some() {
                self.coverage.met("MAN-14", true);
                self.deletes.push(pod.name);
            } else {
                *kept = Some(*pod);
            }
        }
        if let (Some(new), Some(old)) = (new, old) {
            if !old.ready {
                self.coverage.met("MAN-15 old is not ready", true);
                self.deletes.push(old.name);
            } else if new.available {
                self.coverage.met("MAN-15 new is available", true);
                self.deletes.push(old.name);
            } else {
                self.coverage.met("MAN-15 both stay", true);
            }
        }
    }
}

/// One pass over `nodes` in this order, with the claimed pods in this list order; then over the target nodes that are not in
/// the node list, a map's keys.
fn pass(world: &World, coverage: &Coverage, nodes: &[Node], listed: &[Pod], vanished: &[NodeName]) -> Outcome {
    let mut pass = Pass { world, coverage, creates: vec![], deletes: vec![], effects: vec![], failed_seen: false };
    let known: Vec<Pod> = listed.iter().filter(|pod| in_node_maps(world, pod)).copied().collect();
    for node in nodes {
        let here: Vec<Pod> = known.iter().filter(|pod| target(world, pod) == Some(node.name)).copied().collect();
        pass.node(node, &here);
    }
    if world.switches.clean_unscheduled == CleanUnscheduled::Yes {
        for name in vanished {
            for pod in known.iter().filter(|pod| target(world, pod) == Some(*name) && !pod.bound) {
                coverage.met("MAN-17", true);
                pass.deletes.push(pod.name);
            }
        }
    }
    coverage.met("both truncated", pass.creates.len() > world.burst && pass.deletes.len() > world.burst);
    coverage.met("creates truncated", pass.creates.len() > world.burst);
    coverage.met("deletes truncated", pass.deletes.len() > world.burst);
    pass.creates.truncate(world.burst); // EXEC-1
    pass.deletes.truncate(world.burst);
    (sorted(pass.creates), sorted(pass.deletes), sorted(pass.effects), pass.failed_seen)
}

/// Every outcome: over all orders of nodes, and of the list (MAN-20: where the release lists owned pods first, they are).
fn expected(world: &World, coverage: &Coverage) -> BTreeSet<Outcome> {
    let mut lists = orders(&world.pods);
    if world.switches.claim_order == ClaimOrder::OwnedFirst {
        lists.retain(|list| list.is_sorted_by_key(|pod| pod.controller != Some(OURS)));
    }
    let gone = |name: &NodeName| world.nodes.iter().all(|node| node.name != *name);
    let targets: BTreeSet<NodeName> = world.pods.iter().filter_map(|pod| target(world, pod)).filter(gone).collect();
    let vanished: Vec<NodeName> = targets.into_iter().collect();
    let mut outcomes = BTreeSet::new();
    for nodes in orders(&world.nodes) {
        for list in &lists {
            for vanished in orders(&vanished) {
                outcomes.insert(pass(world, coverage, &nodes, list, &vanished));
            }
        }
    }
    coverage.met("several outcomes", outcomes.len() > 1);
    outcomes
}

#[test]
fn manage_does_what_the_rules_of_section_7_say_in_every_order() {
    let strategy = prop_oneof![3 => world(MOVED, 5), 1 => crowded(MOVED, 5)];
    check(1024, strategy, BRANCHES, |world, coverage| {
        prop_assert_eq!(found(&world), expected(&world, coverage));
        Ok(())
    });
}

#[test]
fn manage_creates_at_most_one_pod_a_node_and_never_deletes_a_pod_twice() {
    let strategy = world(&[], 9);
    check(1024, strategy, &["something to do"], |world, coverage| {
        let terminating: Vec<PodName> = world.pods.iter().filter(|pod| pod.deleting).map(|pod| pod.name).collect();
        for (creates, deletes, _, _) in found(&world) {
            coverage.met("something to do", !creates.is_empty() && !deletes.is_empty());
            prop_assert!(creates.windows(2).all(|pair| pair[0] < pair[1]), "MAN-23: {:?}", creates);
            prop_assert!(deletes.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", deletes);
            // From 1.15 on only those on vanished nodes are deleted again (MAN-3, MAN-17).
            if world.switches.redelete_terminating == RedeleteTerminating::No {
                for name in deletes.iter().filter(|name| terminating.contains(name)) {
                    let pod = world.pods.iter().find(|pod| pod.name == *name).expect("a pod of the world");
                    prop_assert!(!pod.bound && world.nodes.iter().all(|node| Some(node.name) != pod.target));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn the_order_of_lists_does_not_change_what_manage_may_do() {
    let strategy = prop_oneof![3 => world(MOVED, 6), 1 => crowded(MOVED, 6)].prop_flat_map(|world| {
        let shuffled = (Just(world.nodes.clone()).prop_shuffle(), Just(world.pods.clone()).prop_shuffle());
        (Just(world), shuffled)
    });
    check(512, strategy, &["another order"], |(world, (nodes, pods)), coverage| {
        coverage.met("another order", pods != world.pods && nodes != world.nodes);
        let shuffled = World { nodes, pods, ..world.clone() };
        prop_assert_eq!(found(&shuffled), found(&world));
        Ok(())
    });
}

#[test]
fn other_names_lead_to_the_same_under_other_names() {
    let strategy = prop_oneof![3 => world(MOVED, 6), 1 => crowded(MOVED, 6)];
    check(1024, (strategy, other_names()), &["several outcomes"], |(world, names), coverage| {
        let node: BTreeMap<NodeName, NodeName> =
            (0..4).map(|name| (NodeName(name), names.node(NodeName(name)))).collect();
        let renamed: BTreeSet<Outcome> = found(&world)
            .into_iter()
            .map(|(creates, deletes, effects, failed_seen)| {
                let effects = effects.into_iter().map(|effect| match effect {
                    Effect::ArmBackoff(name) => Effect::ArmBackoff(node[&name]),
                    Effect::RequeueAfterBackoff(name) => Effect::RequeueAfterBackoff(node[&name]),
                    Effect::Suspended(name) => Effect::Suspended(node[&name]),
                    Effect::RequeueAfterMinReady
                    | Effect::TemplateNormalised
                    | Effect::FailedDaemonPod
                    | Effect::SucceededDaemonPod
                    | Effect::SelectingAll
                    | Effect::FailedPlacement => effect,
                });
                let creates = sorted(creates.iter().map(|name| node[name]));
                (creates, sorted(deletes.iter().map(|name| names.pod(*name))), sorted(effects), failed_seen)
            })
            .collect();
        coverage.met("several outcomes", renamed.len() > 1);
        prop_assert_eq!(found(&names.world(&world)), renamed);
        Ok(())
    });
}
