//! Grouping by target node, and the sort order of MAN-16.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use everynode::controller::node_pods::{NodePods, TerminalPods, by_creation_timestamp_and_phase};
use everynode::controller::record::{NodeName, Pod, PodName};
use proptest::prelude::*;

use super::manage::{before, in_node_maps, target};
use super::world::{World, check, pods, sorted, world};

const MOVED: &[&str] = &["target", "terminal_terminating", "terminating_occupies"];

fn entries(grouped: &NodePods) -> BTreeMap<NodeName, BTreeSet<PodName>> {
    grouped.nodes().map(|node| (node, grouped.on(node).map(|pod| pod.name).collect())).collect()
}

#[test]
fn pods_are_grouped_by_where_they_are_or_are_to_be() {
    let branches = ["NOG-9: no target", "section 7: terminal and terminating", "an unbound pod has an entry"];
    check(1024, (world(MOVED, 8), any::<bool>()), &branches, |(world, included), coverage| {
        let terminal = if included { TerminalPods::Included } else { TerminalPods::ByRelease };
        let grouped = NodePods::group(&world.rules(), &world.pods, terminal);
        let mut expected: BTreeMap<NodeName, BTreeSet<PodName>> = BTreeMap::new();
        for pod in &world.pods {
            coverage.met("NOG-9: no target", target(&world, pod).is_none());
            coverage.met("section 7: terminal and terminating", !included && !in_node_maps(&world, pod));
            if let Some(node) = target(&world, pod)
                && (included || in_node_maps(&world, pod))
            {
                coverage.met("an unbound pod has an entry", !pod.bound);
                expected.entry(node).or_default().insert(pod.name);
            }
        }
        prop_assert_eq!(entries(&grouped), expected.clone());
        for name in (0..4).map(NodeName) {
            prop_assert_eq!(grouped.has(name), expected.contains_key(&name));
        }
        prop_assert!(grouped.nodes().collect::<Vec<_>>().is_sorted());
        let all: Vec<PodName> = sorted(grouped.all().map(|pod| pod.name));
        prop_assert_eq!(all, sorted(expected.into_values().flatten()));
        Ok(())
    });
}

#[test]
fn the_order_of_the_list_does_not_change_the_groups() {
    let strategy = world(MOVED, 8).prop_flat_map(|world| (Just(world.pods.clone()).prop_shuffle(), Just(world)));
    check(512, strategy, &["another order"], |(pods, world), coverage| {
        coverage.met("another order", pods != world.pods);
        prop_assert_eq!(World { pods, ..world.clone() }.grouped(), world.grouped());
        Ok(())
    });
}

#[test]
fn bound_pods_come_first_then_older_ones_then_smaller_names() {
    let branches = ["decided by the node name", "decided by age", "decided by the name"];
    check(1024, pods(6), &branches, |pods, coverage| {
        let mut sorted: Vec<Pod> = pods.clone();
        sorted.sort_by(by_creation_timestamp_and_phase);
        for (place, one) in sorted.iter().enumerate() {
            for other in &sorted[place + 1..] {
                coverage.met("decided by the node name", one.bound != other.bound);
                coverage.met("decided by age", one.bound == other.bound && one.created != other.created);
                coverage.met("decided by the name", one.bound == other.bound && one.created == other.created);
                prop_assert!(before(one, other) && !before(other, one), "MAN-16: {:?} before {:?}", one, other);
            }
        }
        for one in &pods {
            for other in &pods {
                let (there, back) =
                    (by_creation_timestamp_and_phase(one, other), by_creation_timestamp_and_phase(other, one));
                prop_assert_eq!(there, back.reverse());
                prop_assert_eq!(there == Ordering::Equal, one.name == other.name, "a total order on names");
            }
        }
        Ok(())
    });
}
