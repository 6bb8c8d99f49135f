//! Pods by target node.
//!
//! Mirrors `getNodesToDaemonPods`, `pkg/controller/daemon/daemon_controller.go`.

use super::record::{NodeName, Pod};
use super::sync::Rules;
use crate::release::{AvailabilityTimer, Target, TerminalTerminating, TerminatingOccupies};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// The pods of one node, unsorted.
pub type PodList = SmallVec<[Pod; 4]>;

/// Claimed pods grouped by target node (PLACE-10); pods without one are left out (NOG-9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodePods {
    /// Sorted by node, then by name.
    pods: SmallVec<[(NodeName, Pod); 8]>,
}

/// Which terminal terminating pods stay in the map (section 7, HIST-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalPods {
    /// As the release decides.
    ByRelease,
    /// All (`includeDeletedTerminal`).
    Included,
}

impl NodePods {
    /// Groups `claimed`.
    pub fn group(rules: &Rules, claimed: &[Pod], terminal: TerminalPods) -> Self {
        let mut pods: SmallVec<[(NodeName, Pod); 8]> = claimed
            .iter()
            .filter(|pod| {
                let dropped = terminal == TerminalPods::ByRelease
                    && pod.deleting
                    && (pod.phase.is_terminal() && rules.switches.terminal_terminating == TerminalTerminating::Ignored
                        || rules.switches.terminating_occupies == TerminatingOccupies::No);
                !dropped
            })
            .filter_map(|pod| target_node(rules, pod).map(|node| (node, *pod)))
            .collect();
        pods.sort_unstable_by_key(|(node, pod)| (*node, pod.name));
        Self { pods }
    }

    /// The pods of `node`, sorted by name.
    pub fn on(&self, node: NodeName) -> impl Iterator<Item = &Pod> {
        let from = self.pods.partition_point(|(other, _)| *other < node);
        self.pods[from..].iter().take_while(move |(other, _)| *other == node).map(|(_, pod)| pod)
    }

    /// Whether `node` has an entry.
    pub fn has(&self, node: NodeName) -> bool {
        self.on(node).next().is_some()
    }

    /// Every node with an entry, ascending.
    pub fn nodes(&self) -> impl Iterator<Item = NodeName> {
        let mut last = None;
        self.pods.iter().filter_map(move |(node, _)| {
            let new = last != Some(*node);
            last = Some(*node);
            new.then_some(*node)
        })
    }

    /// Every pod in the map.
    pub fn all(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().map(|(_, pod)| pod)
    }
}

/// The target node of a pod (PLACE-10).
fn target_node(rules: &Rules, pod: &Pod) -> Option<NodeName> {
    match rules.switches.target {
        Target::AffinityOrBound => pod.target,
        Target::BoundOnly => pod.target.filter(|_| pod.bound),
    }
}

/// `podByCreationTimestampAndPhase` (MAN-16): bound ones first, then older, then smaller name.
pub fn by_creation_timestamp_and_phase(one: &Pod, other: &Pod) -> Ordering {
    other.bound.cmp(&one.bound).then(one.created.cmp(&other.created)).then(one.name.cmp(&other.name))
}

/// Whether syncs re-arm the timer for minReadySeconds (STAT-12).
pub fn syncs_rearm_timer(timer: AvailabilityTimer) -> bool {
    match timer {
        AvailabilityTimer::Rearmed => true,
        AvailabilityTimer::Once | AvailabilityTimer::None => false,
    }
}
