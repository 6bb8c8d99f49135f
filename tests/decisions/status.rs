//! The status counters, row by row of the table of section 12.

use everynode::controller::record::{Counters, Node, Pod, Symbol};
use everynode::controller::status::count;
use everynode::release::UpdatedBy;
use proptest::prelude::*;

use super::manage::{before, in_node_maps, target};
use super::world::{World, check, other_names, world};

const MOVED: &[&str] = &["target", "terminal_terminating", "updated_by"];

const BRANCHES: &[&str] = &[
    "STAT-1",
    "STAT-2",
    "STAT-3",
    "STAT-3 although it may stay",
    "STAT-4",
    "STAT-5",
    "STAT-6 by hash",
    "STAT-6 by generation",
    "STAT-7",
    "STAT-8 the first pod of several",
    "STAT-8 a terminating pod is ready",
    "STAT-9",
];

/// HIST-20.
pub fn is_updated(world: &World, pod: &Pod) -> bool {
    let by_hash = pod.hash == world.hash && world.hash != Symbol::EMPTY;
    let by_generation = match (pod.generation, world.ds.template_generation) {
        (Some(label), Some(annotation)) => label == annotation,
        (None, _) | (_, None) => false,
    };
    by_hash || world.switches.updated_by == UpdatedBy::HashOrGeneration && by_generation
}

/// The pods of a node that the release looks at, in the order of MAN-16.
fn pods_of(world: &World, node: &Node) -> Vec<Pod> {
    let mut left: Vec<Pod> = world
        .pods
        .iter()
        .filter(|pod| target(world, pod) == Some(node.name) && in_node_maps(world, pod))
        .copied()
        .collect();
    let mut in_order = Vec::new();
    while let Some(first) = left.iter().position(|pod| left.iter().all(|other| pod == other || before(pod, other))) {
        in_order.push(left.remove(first));
    }
    in_order
}

#[test]
fn the_counters_are_those_of_the_table() {
    check(2048, world(MOVED, 6), BRANCHES, |world, coverage| {
        let number = |of: &dyn Fn(&Node, &[Pod]) -> bool| {
            let matching = world.nodes.iter().filter(|node| of(node, &pods_of(&world, node))).count();
            i32::try_from(matching).expect("few nodes")
        };
        let wanted = |node: &Node| node.placement.wanted;
        let desired = number(&|node, _| wanted(node));
        let available =
            number(&|node, pods| wanted(node) && pods.first().is_some_and(|pod| pod.ready && pod.available));
        let expected = Counters {
            desired_number_scheduled: desired,
            current_number_scheduled: number(&|node, pods| wanted(node) && !pods.is_empty()),
            number_misscheduled: number(&|node, pods| !wanted(node) && !pods.is_empty()),
            number_ready: number(&|node, pods| wanted(node) && pods.first().is_some_and(|pod| pod.ready)),
            number_available: available,
            updated_number_scheduled: number(&|node, pods| {
                wanted(node) && pods.first().is_some_and(|pod| is_updated(&world, pod))
            }),
            number_unavailable: desired - available,
        };
        prop_assert_eq!(count(&world.rules(), &world.ds, &world.nodes, &world.grouped(), world.hash), expected);
        coverage.met("STAT-1", desired > 0);
        coverage.met("STAT-2", 0 < expected.current_number_scheduled && expected.current_number_scheduled < desired);
        coverage.met("STAT-3", expected.number_misscheduled > 0);
        coverage.met("STAT-4", expected.number_ready > available);
        coverage.met("STAT-5", available > 0);
        coverage.met("STAT-7", expected.number_unavailable > 0);
        for node in &world.nodes {
            let pods = pods_of(&world, node);
            let Some(first) = pods.first().filter(|_| wanted(node)) else {
                let stays = node.placement.should_continue_running;
                coverage.met("STAT-3 although it may stay", !pods.is_empty() && stays);
                continue;
            };
            coverage.met("STAT-6 by hash", first.hash == world.hash && is_updated(&world, first));
            coverage.met("STAT-6 by generation", first.hash != world.hash && is_updated(&world, first));
            coverage.met("STAT-8 the first pod of several", pods[1..].iter().any(|pod| pod.ready != first.ready));
            coverage.met("STAT-8 a terminating pod is ready", first.deleting && first.ready);
        }
        let known = |pod: &Pod| world.nodes.iter().any(|node| target(&world, pod) == Some(node.name));
        coverage.met("STAT-9", world.pods.iter().any(|pod| !known(pod)));
        Ok(())
    });
}

#[test]
fn neither_orders_nor_names_change_a_counter() {
    let strategy = (world(MOVED, 6), other_names()).prop_flat_map(|(world, names)| {
        let shuffled = (Just(world.nodes.clone()).prop_shuffle(), Just(world.pods.clone()).prop_shuffle());
        (Just(world), Just(names), shuffled)
    });
    check(512, strategy, &["something is counted"], |(world, names, (nodes, pods)), coverage| {
        let counted = |world: &World| count(&world.rules(), &world.ds, &world.nodes, &world.grouped(), world.hash);
        let counters = counted(&world);
        coverage.met("something is counted", counters.number_available > 0 && counters.number_misscheduled > 0);
        prop_assert_eq!(counted(&names.world(&world)), counters);
        prop_assert_eq!(counted(&World { nodes, pods, ..world.clone() }), counters);
        Ok(())
    });
}
