//! What differs between releases in deciding where daemon pods go (LEG-*, PLACE-4, PLACE-11).

/// Who gives a created daemon pod its node (LEG-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlacedBy {
    /// The controller: it looks for room itself and creates the pod with `spec.nodeName` set. Up to 1.11, and 1.12
    /// with `ScheduleDaemonSetPods` off.
    Controller,
    /// The scheduler, the controller looking at selector and affinity and at no taint: 1.11 with the gate on (LEG-9).
    SchedulerIgnoringTaints,
    /// The scheduler, the controller looking at selector, affinity and taints: from 1.12.
    Scheduler,
}

/// Who binds a pod to a node whose kubelet is older than 1.11 (LEG-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OldKubelets {
    /// The controller does, and nobody looks for room: 1.12 after 1.12.0, gate on.
    BoundByController,
    /// The kubelet's version makes no difference: every other release.
    AsAnyOther,
}

/// Whether every daemon pod tolerates `node.kubernetes.io/pid-pressure` (PLACE-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PidPressure {
    /// The toleration is added: from 1.14.
    Tolerated,
    /// It is not: 1.11 and 1.12.
    NotTolerated,
}

/// Whether the toleration operators `Lt` and `Gt` compare numbers (PLACE-11, gate `TaintTolerationComparisonOperators`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComparisonOperators {
    /// They compare.
    Supported,
    /// They tolerate nothing, like any operator that is not known.
    Unsupported,
}

/// Which daemon pods are critical: these skip the legacy look at resources and tolerate `out-of-disk` (LEG-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CriticalPods {
    /// None; the release has no such notion here.
    None,
    /// Those with an explicit priority of at least 2,000,000,000.
    ByPriority,
    /// Those, and those with the annotation in `kube-system` (gate `ExperimentalCriticalPodAnnotation`).
    ByPriorityOrAnnotation,
}

/// How the default scheduler of a release learns about node conditions (LEG-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeConditions {
    /// It reads them: 1.11.
    Read,
    /// They count only as the taints made of them (`TaintNodesByCondition`): from 1.12.
    AsTaints,
}

/// The switches that decide placement in one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlacementRules {
    /// Who gives a created pod its node.
    pub placed_by: PlacedBy,
    /// Who binds pods to nodes with an old kubelet.
    pub old_kubelets: OldKubelets,
    /// Whether pid pressure is tolerated.
    pub pid_pressure: PidPressure,
    /// Whether `Lt` and `Gt` tolerate anything.
    pub comparison_operators: ComparisonOperators,
    /// Which pods are critical.
    pub critical_pods: CriticalPods,
    /// What the scheduler makes of node conditions.
    pub node_conditions: NodeConditions,
}

impl PlacementRules {
    /// 1.11 as it comes: the controller places.
    pub const fn v1_11_controller() -> Self {
        Self {
            placed_by: PlacedBy::Controller,
            old_kubelets: OldKubelets::AsAnyOther,
            pid_pressure: PidPressure::NotTolerated,
            comparison_operators: ComparisonOperators::Unsupported,
            critical_pods: CriticalPods::ByPriority,
            node_conditions: NodeConditions::Read,
        }
    }

    /// 1.11 with `ScheduleDaemonSetPods` on.
    pub const fn v1_11_scheduler() -> Self {
        Self { placed_by: PlacedBy::SchedulerIgnoringTaints, ..Self::v1_11_controller() }
    }

    /// 1.12 with `ScheduleDaemonSetPods` off.
    pub const fn v1_12_controller() -> Self {
        Self { node_conditions: NodeConditions::AsTaints, ..Self::v1_11_controller() }
    }

    /// 1.12 as it comes: the scheduler places.
    pub const fn v1_12_scheduler() -> Self {
        Self {
            placed_by: PlacedBy::Scheduler,
            old_kubelets: OldKubelets::BoundByController,
            ..Self::v1_12_controller()
        }
    }

    /// 1.20.
    pub const fn v1_20() -> Self {
        Self {
            placed_by: PlacedBy::Scheduler,
            old_kubelets: OldKubelets::AsAnyOther,
            pid_pressure: PidPressure::Tolerated,
            comparison_operators: ComparisonOperators::Unsupported,
            critical_pods: CriticalPods::None,
            node_conditions: NodeConditions::AsTaints,
        }
    }

    /// 1.28.
    pub const fn v1_28() -> Self {
        Self::v1_20()
    }

    /// 1.34.
    pub const fn v1_34() -> Self {
        Self::v1_20()
    }

    /// 1.36 as it comes. The comparison operators are behind a gate: [`Self::with_comparison_operators`].
    pub const fn v1_36() -> Self {
        Self::v1_20()
    }

    /// The same release with its gate `TaintTolerationComparisonOperators` set.
    #[must_use]
    pub const fn with_comparison_operators(self, comparison_operators: ComparisonOperators) -> Self {
        Self { comparison_operators, ..self }
    }

    /// The same release with another set of critical pods.
    #[must_use]
    pub const fn with_critical_pods(self, critical_pods: CriticalPods) -> Self {
        Self { critical_pods, ..self }
    }
}
