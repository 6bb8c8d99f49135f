//! The status counters (section 12).
//!
//! Mirrors `updateDaemonSetStatus`, `pkg/controller/daemon/daemon_controller.go`.

use super::node_pods::{NodePods, by_creation_timestamp_and_phase};
use super::record::{Counters, DaemonSet, Node, Pod, Symbol};
use super::rolling_update::is_pod_updated;
use super::sync::Rules;
use crate::release::StatusPod;

/// STAT-1 to STAT-7. Every count is of nodes.
pub fn count(rules: &Rules, ds: &DaemonSet, nodes: &[Node], node_pods: &NodePods, hash: Symbol) -> Counters {
    let mut counters = Counters::default();
    for node in nodes {
        let first = first_pod(rules, node_pods, node);
        if !node.placement.wanted {
            counters.number_misscheduled += i32::from(first.is_some());
            continue;
        }
        counters.desired_number_scheduled += 1;
        let Some(pod) = first else { continue };
        counters.current_number_scheduled += 1;
        counters.number_ready += i32::from(pod.ready);
        counters.number_available += i32::from(pod.ready && pod.available);
        counters.updated_number_scheduled += i32::from(is_pod_updated(rules, ds, &pod, hash));
    }
    counters.number_unavailable = counters.desired_number_scheduled - counters.number_available;
    counters
}

/// The pod of a node that the status looks at (STAT-8).
fn first_pod(rules: &Rules, node_pods: &NodePods, node: &Node) -> Option<Pod> {
    match rules.switches.status_pod {
        StatusPod::Oldest => node_pods.on(node.name).copied().min_by(by_creation_timestamp_and_phase),
        StatusPod::Best => node_pods
            .on(node.name)
            .copied()
            .max_by_key(|pod| (!pod.deleting, pod.available, pod.ready, std::cmp::Reverse(pod.created))),
    }
}
