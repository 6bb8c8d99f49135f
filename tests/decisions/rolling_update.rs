//! The rolling update: budgets, both ways of counting without surge, and surge, by the tables of section 9.

use std::collections::{BTreeMap, BTreeSet};

use everynode::controller::budget::{DesiredNodeCounts, Limit, RollingUpdate};
use everynode::controller::node_pods::{NodePods, TerminalPods};
use everynode::controller::record::{Node, NodeName, Pod, PodName, UpdateStrategy};
use everynode::controller::request::{Failure, Reason, Stage};
use everynode::controller::rolling_update::{
    Plan, look_up_nodes, roll_surge, roll_unavailable, roll_wanted_nodes, survey_surge, updated_desired_node_counts,
};
use everynode::release::{
    AbsentLimit, DeadNodeBudget, MissingNode, OldUnavailable, ReplaceUnavailable, RolloutCount, RolloutEligibility,
    Surge,
};
use proptest::prelude::*;

use super::manage::{in_node_maps, target};
use super::status::is_updated;
use super::world::{Coverage, World, check, nodes, other_names, picks, sorted, world};

const MOVED: &[&str] = &[
    "dead_node_budget",
    "missing_node",
    "old_unavailable",
    "replace_unavailable",
    "rollout_eligibility",
    "surge",
    "target",
    "terminal_terminating",
    "updated_by",
    "absent_limit",
];

/// A plan without the order of its parts.
type Outcome = (Vec<PodName>, Vec<NodeName>);

fn outcome(plan: &Plan) -> Outcome {
    (sorted(plan.deletes.iter().copied()), sorted(plan.creates.iter().flatten().copied()))
}

fn outcomes(plans: &[Plan]) -> BTreeSet<Outcome> {
    plans.iter().map(outcome).collect()
}

/// ROLL-1: a number as it is, a percentage rounded up by counting up to it.
fn value(limit: Limit, desired: i64) -> Result<i64, ()> {
    match limit {
        Limit::Number(number) => Ok(i64::from(number)),
        Limit::Percent(percent) => {
            Ok((0..1000).find(|whole| whole * 100 >= percent * desired).expect("percentages are small"))
        }
        Limit::Absent | Limit::NotPercentage | Limit::BadNumber => Err(()),
    }
}

fn limits(world: &World) -> RollingUpdate {
    match (world.ds.strategy, world.switches.surge) {
        (UpdateStrategy::RollingUpdate(Some(limits)), Surge::Supported) => limits,
        (UpdateStrategy::RollingUpdate(Some(limits)), Surge::Unknown) => {
            RollingUpdate { max_surge: Limit::Number(0), ..limits }
        }
        (UpdateStrategy::RollingUpdate(None) | UpdateStrategy::OnDelete | UpdateStrategy::Unknown, _) => {
            RollingUpdate { max_unavailable: Limit::Number(0), max_surge: Limit::Number(0) }
        }
    }
}

/// ROLL-1, ROLL-2, ROLL-32.
fn budgets(world: &World) -> Result<DesiredNodeCounts, Failure> {
    let desired = world.nodes.iter().map(|node| i64::from(node.placement.should_run)).sum();
    let limits = limits(world);
    let refused = |reason| move |()| Failure::new(Stage::Budget, reason);
    let mut max_unavailable = value(limits.max_unavailable, desired).map_err(refused(Reason::InvalidMaxUnavailable))?;
    let max_surge = if limits.max_surge == Limit::Absent {
        0 // OBJ-5
    } else {
        value(limits.max_surge, desired).map_err(refused(Reason::InvalidMaxSurge))?
    };
    if desired > 0 && max_unavailable == 0 && max_surge == 0 {
        max_unavailable = 1;
    }
    Ok(DesiredNodeCounts { max_surge, max_unavailable, desired })
}

#[test]
fn budgets_are_rounded_up_and_never_both_zero() {
    let branches = ["ROLL-1 rounded up", "ROLL-2", "ROLL-32", "OND-3", "no nodes"];
    check(2048, world(&["surge"], 0), &branches, |world, coverage| {
        let found = updated_desired_node_counts(&world.rules(), &world.ds, &world.nodes);
        let expected = budgets(&world);
        prop_assert_eq!(found, expected);
        let Ok(counts) = expected else {
            coverage.met("ROLL-32", true);
            return Ok(());
        };
        let limits = limits(&world);
        if let Limit::Percent(percent) = limits.max_unavailable {
            coverage.met("ROLL-1 rounded up", percent * counts.desired % 100 != 0);
        }
        let zero = |limit| limit == Limit::Number(0) || limit == Limit::Percent(0);
        coverage.met("ROLL-2", counts.max_unavailable == 1 && zero(limits.max_unavailable));
        coverage.met("OND-3", world.ds.strategy == UpdateStrategy::OnDelete);
        coverage.met("no nodes", counts.desired == 0);
        Ok(())
    });
}

fn should_run(nodes: &[Node], name: NodeName) -> Option<bool> {
    nodes.iter().find(|node| node.name == name).map(|node| node.placement.should_run)
}

fn grouped_pods(world: &World) -> Vec<Pod> {
    world.pods.iter().filter(|pod| in_node_maps(world, pod) && target(world, pod).is_some()).copied().collect()
}

/// Section 9.2: nodes with an entry in the pod map, and those that should run one; live pods only, split by HIST-20.
fn walked(world: &World) -> Vec<(NodeName, Vec<Pod>, Vec<Pod>)> {
    let pods = grouped_pods(world);
    let mut walked = Vec::new();
    for name in (0..20).map(NodeName) {
        let here: Vec<&Pod> = pods.iter().filter(|pod| target(world, pod) == Some(name)).collect();
        if here.is_empty() && should_run(&world.nodes, name) != Some(true) {
            continue;
        }
        let live = here.into_iter().filter(|pod| !pod.deleting).copied();
        let (new, old): (Vec<Pod>, Vec<Pod>) = live.partition(|pod| is_updated(world, pod));
        walked.push((name, new, old));
    }
    walked
}

/// What the list `first` then `then` can be once it is cut to `limit`, where `first` and `then` are each in free order.
fn cut<T: Copy>(first: &[T], then: &[T], limit: usize) -> Vec<Vec<T>> {
    if first.len() >= limit {
        return picks(first, limit);
    }
    picks(then, limit - first.len()).into_iter().map(|rest| first.iter().copied().chain(rest).collect()).collect()
}

fn names(pods: &[Pod]) -> Vec<PodName> {
    pods.iter().map(|pod| pod.name).collect()
}

/// ROLL-6 to ROLL-13.
fn expected_unavailable(world: &World, max_unavailable: i64, coverage: &Coverage) -> BTreeSet<Outcome> {
    let switches = &world.switches;
    let (mut count, mut replacements, mut candidates) = (0_i64, Vec::new(), Vec::new());
    for (name, new, old) in walked(world) {
        let wanted = should_run(&world.nodes, name) == Some(true);
        match (new.as_slice(), old.as_slice()) {
            ([_, _, ..], _) | (_, [_, _, ..]) => {
                coverage.met("ROLL-6", true);
                count += 1;
            }
            ([], []) => {
                coverage.met("ROLL-16", !wanted);
                coverage.met("ROLL-7", wanted);
                count += i64::from(wanted || switches.dead_node_budget == DeadNodeBudget::Counts);
            }
            ([_], [_]) => {
                coverage.met("ROLL-8", true);
                count += 1;
            }
            ([new], []) => {
                coverage.met(if new.available { "ROLL-10" } else { "ROLL-9" }, true);
                count += i64::from(!new.available);
            }
            ([], [_]) if switches.rollout_eligibility == RolloutEligibility::Always && !wanted => {}
            ([], [old]) if old.available => {
                coverage.met("ROLL-12", true);
                coverage.met("ROLL-17", !wanted);
                candidates.push(*old);
            }
            ([], [old]) => {
                coverage.met("ROLL-11", true);
                replacements.push(*old);
                count += i64::from(switches.old_unavailable == OldUnavailable::Counted);
            }
        }
    }
    let room = usize::try_from((max_unavailable - count).max(0)).expect("small");
    let replaced = match switches.replace_unavailable {
        ReplaceUnavailable::Unbounded => vec![replacements],
        ReplaceUnavailable::Bounded => picks(&replacements, usize::try_from(max_unavailable).expect("not negative")),
    };
    let mut expected = BTreeSet::new();
    for replaced in replaced {
        coverage.met("ROLL-14", i64::try_from(replaced.len()).expect("few") > max_unavailable);
        for chosen in picks(&candidates, room) {
            for deletes in cut(&names(&replaced), &names(&chosen), world.burst) {
                coverage.met("truncated", deletes.len() < replaced.len() + chosen.len());
                expected.insert((sorted(deletes), Vec::new()));
            }
        }
    }
    coverage.met("ROLL-13 several outcomes", expected.len() > 1);
    expected
}

fn found_unavailable(world: &World, max_unavailable: i64) -> BTreeSet<Outcome> {
    outcomes(&roll_unavailable(&world.rules(), &world.ds, &world.nodes, &world.grouped(), world.hash, max_unavailable))
}

const UNAVAILABLE: &[&str] = &[
    "ROLL-6",
    "ROLL-7",
    "ROLL-8",
    "ROLL-9",
    "ROLL-10",
    "ROLL-11",
    "ROLL-12",
    "ROLL-13 several outcomes",
    "ROLL-14",
    "ROLL-16",
    "ROLL-17",
    "truncated",
];

#[test]
fn without_surge_the_rolling_update_follows_the_table_of_9_2() {
    check(2048, (world(MOVED, 7), 0..4_i64), UNAVAILABLE, |(world, max_unavailable), coverage| {
        prop_assert_eq!(
            found_unavailable(&world, max_unavailable),
            expected_unavailable(&world, max_unavailable, coverage)
        );
        Ok(())
    });
}

/// ROLL-19 to ROLL-21.
fn expected_wanted_nodes(world: &World, coverage: &Coverage) -> Result<BTreeSet<Outcome>, Failure> {
    let crash = Failure::new(Stage::Panic, Reason::NilPointer);
    let UpdateStrategy::RollingUpdate(Some(rolling)) = world.ds.strategy else {
        coverage.met("ROLL-21 crash", true);
        return Err(crash);
    };
    let wanted: Vec<&Node> = world.nodes.iter().filter(|node| node.placement.wanted).collect();
    let desired = i64::try_from(wanted.len()).expect("few nodes");
    let max_unavailable = value(rolling.max_unavailable, desired).map_err(|()| {
        coverage.met("no value", true);
        if rolling.max_unavailable == Limit::Absent && world.switches.absent_limit == AbsentLimit::Crashes {
            crash
        } else {
            Failure::new(Stage::Budget, Reason::InvalidMaxUnavailable)
        }
    })?;
    let pods = grouped_pods(world);
    let served =
        |node: &Node| pods.iter().any(|pod| target(world, pod) == Some(node.name) && pod.available && !pod.deleting);
    let count = i64::try_from(wanted.iter().filter(|node| !served(node)).count()).expect("few nodes");
    let old: Vec<Pod> = pods.iter().filter(|pod| !is_updated(world, pod)).copied().collect();
    let replaced: Vec<Pod> = old.iter().filter(|pod| !pod.available && !pod.deleting).copied().collect();
    let candidates: Vec<Pod> = old.iter().filter(|pod| pod.available).copied().collect();
    coverage.met("ROLL-19", count > 0);
    coverage.met("ROLL-20 unavailable", !replaced.is_empty());
    // ROLL-21: no rule makes a budget of 0 a 1.
    coverage.met("ROLL-21 nothing", max_unavailable == 0 && !candidates.is_empty());
    // One by one while the count is below the budget, +1 each.
    let (mut counted, mut room) = (count, 0);
    while counted < max_unavailable {
        counted += 1;
        room += 1;
    }
    let mut expected = BTreeSet::new();
    for chosen in picks(&candidates, room) {
        coverage.met("ROLL-20 a terminating pod", chosen.iter().any(|pod| pod.deleting));
        for deletes in cut(&names(&replaced), &names(&chosen), world.burst) {
            expected.insert((sorted(deletes), Vec::new()));
        }
    }
    coverage.met("several outcomes", expected.len() > 1);
    Ok(expected)
}

fn found_wanted_nodes(world: &World) -> Result<BTreeSet<Outcome>, Failure> {
    roll_wanted_nodes(&world.rules(), &world.ds, &world.nodes, &world.grouped(), world.hash)
        .map(|plans| outcomes(&plans))
}

const WANTED: &[&str] = &[
    "ROLL-19",
    "ROLL-20 unavailable",
    "ROLL-20 a terminating pod",
    "ROLL-21 crash",
    "ROLL-21 nothing",
    "no value",
    "several outcomes",
];

#[test]
fn up_to_1_20_the_rolling_update_counts_wanted_nodes_and_takes_old_pods_anywhere() {
    check(2048, world(MOVED, 7), WANTED, |mut world, coverage| {
        world.switches.rollout_count = RolloutCount::WantedNodes;
        prop_assert_eq!(found_wanted_nodes(&world), expected_wanted_nodes(&world, coverage));
        Ok(())
    });
}

/// What has become of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Terminates,
    Gone,
}

/// What the stores show when single nodes and pods are looked up (ROLL-29, ROLL-28).
#[derive(Clone, Debug)]
struct Later {
    nodes: Vec<Node>,
    fates: Vec<Fate>,
}

impl Later {
    fn pods(&self, world: &World) -> Vec<Pod> {
        let shown = |(pod, fate): (&Pod, &Fate)| match fate {
            Fate::Stays => Some(*pod),
            Fate::Terminates => Some(Pod { deleting: true, ..*pod }),
            Fate::Gone => None,
        };
        world.pods.iter().zip(&self.fates).filter_map(shown).collect()
    }
}

/// Mostly the nodes of the world, with other placements; sometimes one is missing.
fn surge_world() -> impl Strategy<Value = (World, Later)> {
    let fate = prop_oneof![5 => Just(Fate::Stays), 1 => Just(Fate::Terminates), 1 => Just(Fate::Gone)];
    let fates = proptest::collection::vec(fate, 7);
    (world(MOVED, 7), nodes(), fates, 0..10_u8).prop_map(|(world, other, fates, how)| {
        let now = match how {
            0..6 => world.nodes.clone(),
            6..8 => other,
            _ => {
                let missing = (0..4).filter(|name| world.nodes.iter().all(|node| node.name != NodeName(*name)));
                let added = missing.map(|name| Node { name: NodeName(name), ..other[0] });
                world.nodes.iter().copied().chain(added).collect()
            }
        };
        (world, Later { nodes: now, fates })
    })
}

/// ROLL-22 to ROLL-29.
fn expected_surge(
    world: &World,
    later: &Later,
    counts: DesiredNodeCounts,
    coverage: &Coverage,
) -> Result<BTreeSet<Outcome>, Failure> {
    let switches = &world.switches;
    let (mut surging, mut available) = (0_i64, 0_i64);
    let (mut deletes, mut should_not_run) = (Vec::new(), Vec::new());
    let (mut allowed, mut candidates) = (Vec::new(), Vec::new());
    for (name, new, old) in walked(world) {
        if new.len() > 1 || old.len() > 1 {
            coverage.met("ROLL-22", true);
            surging += 1;
            continue;
        }
        available += i64::from(old.first().or(new.first()).is_some_and(|pod| pod.available));
        match (new.first(), old.first()) {
            (_, None) => coverage.met("ROLL-23", true),
            (Some(new), Some(_)) if !new.available => {
                coverage.met("ROLL-26", true);
                surging += 1;
            }
            (Some(_), Some(old)) => {
                coverage.met("ROLL-27", true);
                deletes.push(old.name);
            }
            (None, Some(old)) => {
                let runs = if switches.rollout_eligibility == RolloutEligibility::Never {
                    true
                } else if let Some(runs) = should_run(&later.nodes, name) {
                    runs
                } else if switches.missing_node == MissingNode::Skip {
                    continue;
                } else {
                    coverage.met("ROLL-29", true);
                    return Err(Failure::new(Stage::Node, Reason::NodeMissing));
                };
                match (old.available, runs) {
                    (false, false) => {
                        coverage.met("ROLL-24 delete", true);
                        deletes.push(old.name);
                    }
                    (false, true) => {
                        coverage.met("ROLL-24 create", true);
                        allowed.push(name);
                    }
                    (true, false) => {
                        coverage.met("ROLL-25 should not run", true);
                        should_not_run.push(old.name);
                    }
                    (true, true) => {
                        coverage.met("ROLL-25 candidate", true);
                        candidates.push(name);
                    }
                }
            }
        }
    }
    let room = usize::try_from((counts.max_surge - surging).max(0)).expect("small");
    let spare = usize::try_from((available - counts.desired).max(0)).expect("small");
    coverage.met("ROLL-28 no room", room < candidates.len());
    coverage.met("ROLL-28 spare", spare > 0 && !should_not_run.is_empty());
    let pods = later.pods(world);
    let mut expected = BTreeSet::new();
    for sunset in picks(&should_not_run, spare) {
        let shown = |deleting| pods.iter().filter(move |pod| pod.deleting == deleting).map(|pod| pod.name);
        coverage.met("ROLL-28 gone", sunset.iter().any(|name| pods.iter().all(|pod| pod.name != *name)));
        coverage.met("ROLL-28 terminating", shown(true).any(|name| sunset.contains(&name)));
        let there: Vec<PodName> = sunset.into_iter().filter(|name| shown(false).any(|one| one == *name)).collect();
        for deletes in cut(&deletes, &there, world.burst) {
            for chosen in picks(&candidates, room) {
                for creates in cut(&allowed, &chosen, world.burst) {
                    expected.insert((sorted(deletes.clone()), sorted(creates)));
                }
            }
        }
    }
    coverage.met("several outcomes", expected.len() > 1);
    Ok(expected)
}

fn found_surge(world: &World, later: &Later, counts: DesiredNodeCounts) -> Result<BTreeSet<Outcome>, Failure> {
    let rules = world.rules();
    let survey = survey_surge(&rules, &world.ds, &world.nodes, &world.grouped(), world.hash);
    let plan = look_up_nodes(&rules, &survey, counts, &later.nodes)?;
    Ok(outcomes(&roll_surge(&rules, &plan, &later.pods(world))))
}

fn counts(world: &World, max_surge: i64) -> DesiredNodeCounts {
    let desired = world.nodes.iter().map(|node| i64::from(node.placement.should_run)).sum();
    DesiredNodeCounts { max_surge, max_unavailable: 0, desired }
}

const SURGE: &[&str] = &[
    "ROLL-22",
    "ROLL-23",
    "ROLL-24 create",
    "ROLL-24 delete",
    "ROLL-25 candidate",
    "ROLL-25 should not run",
    "ROLL-26",
    "ROLL-27",
    "ROLL-28 no room",
    "ROLL-28 spare",
    "ROLL-28 gone",
    "ROLL-28 terminating",
    "ROLL-29",
    "several outcomes",
];

#[test]
fn with_surge_the_rolling_update_follows_the_table_of_9_4() {
    check(4096, (surge_world(), 1..4_i64), SURGE, |((world, later), max_surge), coverage| {
        let counts = counts(&world, max_surge);
        prop_assert_eq!(found_surge(&world, &later, counts), expected_surge(&world, &later, counts, coverage));
        Ok(())
    });
}

#[test]
fn creates_without_limit_come_before_those_with_one() {
    check(2048, (surge_world(), 1..4_i64), &["both kinds"], |((mut world, later), max_surge), coverage| {
        world.burst = 250;
        let rules = world.rules();
        let survey = survey_surge(&rules, &world.ds, &world.nodes, &world.grouped(), world.hash);
        let Ok(plan) = look_up_nodes(&rules, &survey, counts(&world, max_surge), &later.nodes) else { return Ok(()) };
        for one in roll_surge(&rules, &plan, &later.pods(&world)) {
            let list: Vec<NodeName> = one.creates.iter().flatten().copied().collect();
            let (first, rest) = list.split_at(plan.allowed.len());
            prop_assert_eq!(sorted(first.to_vec()), sorted(plan.allowed.iter().copied()));
            prop_assert!(rest.iter().all(|name| plan.candidates.contains(name)));
            coverage.met("both kinds", !first.is_empty() && !rest.is_empty());
        }
        Ok(())
    });
}

#[test]
fn neither_orders_nor_names_change_what_the_rolling_update_may_do() {
    let strategy = (surge_world(), other_names(), 0..4_i64).prop_flat_map(|((world, later), names, limit)| {
        let shuffled = (Just(world.nodes.clone()).prop_shuffle(), Just(world.pods.clone()).prop_shuffle());
        (Just(world), Just(later), Just(names), Just(limit), shuffled)
    });
    let branches = ["without surge", "wanted nodes", "surge"];
    check(1024, strategy, &branches, |(world, later, names, limit, (nodes, pods)), coverage| {
        let there = names.world(&world);
        let renamed = |outcomes: BTreeSet<Outcome>| -> BTreeSet<Outcome> {
            let one = |(deletes, creates): Outcome| {
                let creates = sorted(creates.into_iter().map(|name| names.node(name)));
                (sorted(deletes.into_iter().map(|name| names.pod(name))), creates)
            };
            outcomes.into_iter().map(one).collect()
        };
        let shuffled = World { nodes, pods, ..world.clone() };
        let here = found_unavailable(&world, limit);
        coverage.met("without surge", here.len() > 1);
        prop_assert_eq!(&found_unavailable(&shuffled, limit), &here);
        prop_assert_eq!(found_unavailable(&there, limit), renamed(here));
        let here = found_wanted_nodes(&world);
        coverage.met("wanted nodes", here.as_ref().is_ok_and(|outcomes| outcomes.len() > 1));
        prop_assert_eq!(&found_wanted_nodes(&shuffled), &here);
        prop_assert_eq!(found_wanted_nodes(&there), here.map(renamed));
        let counts = counts(&world, limit);
        let here = found_surge(&world, &later, counts);
        coverage.met("surge", here.as_ref().is_ok_and(|outcomes| outcomes.len() > 1));
        // The same becomes of the same pods, under whichever order and name.
        let fates: BTreeMap<PodName, Fate> =
            world.pods.iter().map(|pod| pod.name).zip(later.fates.iter().copied()).collect();
        let shuffled_fates = shuffled.pods.iter().map(|pod| fates[&pod.name]).collect();
        let later_shuffled = Later { fates: shuffled_fates, ..later.clone() };
        prop_assert_eq!(&found_surge(&shuffled, &later_shuffled, counts), &here);
        let later_there = World { nodes: later.nodes.clone(), ..world.clone() };
        let later_there = Later { nodes: names.world(&later_there).nodes, ..later };
        prop_assert_eq!(found_surge(&there, &later_there, counts), here.map(renamed));
        Ok(())
    });
}

#[test]
fn terminal_pods_that_terminate_count_only_where_the_release_keeps_them() {
    // The same world grouped with and without them: section 7 says which of the two a release looks at.
    check(1024, world(MOVED, 7), &["they differ"], |world, coverage| {
        let rules = world.rules();
        let by_release = NodePods::group(&rules, &world.pods, TerminalPods::ByRelease);
        let kept: Vec<Pod> = world.pods.iter().filter(|pod| in_node_maps(&world, pod)).copied().collect();
        let of_kept = NodePods::group(&rules, &kept, TerminalPods::Included);
        coverage.met("they differ", kept.len() < world.pods.len());
        prop_assert_eq!(by_release, of_kept);
        Ok(())
    });
}
