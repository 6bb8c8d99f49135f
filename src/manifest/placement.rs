//! May a daemon pod of this template run on this node, and why not (PLACE-1 to PLACE-8)?
//!
//! A template is compiled once and asked per node. What the controller looked at besides, when it placed pods itself,
//! is in [`super::legacy`].

use std::fmt;

use k8s_openapi::api::core::v1::{PodTemplateSpec, Taint, Toleration};

use super::node::{NodeView, taint_text};
use super::node_selector::{NodeMismatch, RequiredNodeAffinity};
use super::resources::{HostPort, Shortage};
use super::tolerations::{Critical, NO_EXECUTE, NO_SCHEDULE, daemon_pod_tolerations, untolerated};
use crate::release::placement::{ComparisonOperators, PlacedBy, PlacementRules};

/// What the controller does with a template on a node (PLACE-2; the second one only where it places itself, LEG-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Eligibility {
    /// The node should run a pod: create one if there is none.
    ShouldRun,
    /// The node should run a pod and has no room: count it, create nothing, keep what is there.
    NoRoom,
    /// The node should not get a pod; one that is there may stay.
    MayStay,
    /// The node should not get a pod; one that is there must go.
    MustGo,
}

impl Eligibility {
    /// Whether the node counts as desired: `wantToRun` up to 1.16, `shouldRun` afterwards.
    pub const fn want_to_run(self) -> bool {
        matches!(self, Self::ShouldRun | Self::NoRoom)
    }

    /// Whether a pod is created if there is none: `shouldSchedule` up to 1.16, `shouldRun` afterwards.
    pub const fn should_schedule(self) -> bool {
        matches!(self, Self::ShouldRun)
    }

    /// Whether a pod that is there stays: `shouldContinueRunning`.
    pub const fn should_continue_running(self) -> bool {
        !matches!(self, Self::MustGo)
    }
}

impl From<Eligibility> for crate::controller::record::Placement {
    fn from(eligibility: Eligibility) -> Self {
        Self {
            wanted: eligibility.want_to_run(),
            should_run: eligibility.should_schedule(),
            should_continue_running: eligibility.should_continue_running(),
        }
    }
}

impl fmt::Display for Eligibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ShouldRun => "should run",
            Self::NoRoom => "no room",
            Self::MayStay => "may stay",
            Self::MustGo => "must go",
        })
    }
}

/// One thing that keeps a pod from a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The template names another node.
    NodeName {
        /// The node it names.
        wanted: String,
    },
    /// Selector or affinity does not match.
    NodeMismatch(NodeMismatch),
    /// A taint is not tolerated.
    Taint {
        /// The taint as `key=value:effect`.
        taint: String,
    },
    /// A host port is taken (LEG-10).
    HostPort {
        /// The port.
        port: HostPort,
        /// The pod that holds it, as `namespace/name`.
        pod: String,
    },
    /// The node has too little of a resource (LEG-3).
    Shortage(Shortage),
}

/// With `{:#}` without what is particular to the node, so that many nodes share one text.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeName { wanted } => write!(f, "the template names node {wanted}"),
            Self::NodeMismatch(mismatch) => mismatch.fmt(f),
            Self::Taint { taint } => write!(f, "taint {taint} is not tolerated"),
            Self::HostPort { port: HostPort { ip, protocol, port }, pod } => {
                write!(f, "host port {protocol} {ip}:{port} is taken")?;
                if f.alternate() { Ok(()) } else { write!(f, " by pod {pod}") }
            }
            Self::Shortage(Shortage { resource, .. }) if f.alternate() => {
                write!(f, "insufficient {resource}")
            }
            Self::Shortage(Shortage { resource, requested, used, allocatable }) => {
                let unit = match resource.as_str() {
                    "cpu" => " millicores",
                    "memory" | "ephemeral-storage" => " bytes",
                    _ => "",
                };
                write!(f, "insufficient {resource}: {requested}{unit} needed, {used} of {allocatable} in use")
            }
        }
    }
}

/// The answer for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlacement {
    /// What the controller does.
    pub eligibility: Eligibility,
    /// Everything that keeps a pod away; empty exactly if nothing does.
    pub reasons: Vec<Reason>,
}

/// A template, compiled to be asked on many nodes.
#[derive(Clone, Debug)]
pub struct Placement {
    node_name: Option<String>,
    required: RequiredNodeAffinity,
    tolerations: Vec<Toleration>,
    operators: ComparisonOperators,
    taints: TaintsLookedAt,
}

/// Whether the check looks at taints (LEG-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaintsLookedAt {
    All,
    None,
}

impl Placement {
    /// Compiles a template.
    pub fn compile(template: &PodTemplateSpec, rules: PlacementRules) -> Self {
        Self::compile_critical(template, Critical::No, rules)
    }

    /// Compiles a template of which it is known whether its pods are critical (LEG-12).
    pub(super) fn compile_critical(template: &PodTemplateSpec, critical: Critical, rules: PlacementRules) -> Self {
        let spec = template.spec.clone().unwrap_or_default();
        Self {
            node_name: spec.node_name.clone().filter(|name| !name.is_empty()),
            required: RequiredNodeAffinity::of(&spec),
            tolerations: daemon_pod_tolerations(&spec, critical, rules),
            operators: rules.comparison_operators,
            taints: match rules.placed_by {
                PlacedBy::SchedulerIgnoringTaints => TaintsLookedAt::None,
                PlacedBy::Controller | PlacedBy::Scheduler => TaintsLookedAt::All,
            },
        }
    }

    /// The tolerations of the check (PLACE-4).
    pub fn tolerations(&self) -> &[Toleration] {
        &self.tolerations
    }

    /// What the controller does on a node, without the reasons.
    ///
    /// Mirrors `NodeShouldRunDaemonPod`, `pkg/controller/daemon/daemon_controller.go`.
    pub fn node_should_run_daemon_pod(&self, node: &NodeView<'_>) -> Eligibility {
        if self.node_name.as_deref().is_some_and(|wanted| wanted != node.name) || !self.required.matches(node) {
            return Eligibility::MustGo;
        }
        self.by_taints(node)
    }

    /// What the controller does on a node, with every reason.
    pub fn explain(&self, node: &NodeView<'_>) -> NodePlacement {
        let other = self.node_name.as_ref().filter(|wanted| *wanted != node.name);
        let other = other.map(|wanted| Reason::NodeName { wanted: wanted.clone() });
        let mismatch = self.required.mismatch(node).map(Reason::NodeMismatch);
        let taints = self.untolerated(node, &[NO_EXECUTE, NO_SCHEDULE]);
        let taints = taints.map(|taint| Reason::Taint { taint: taint_text(taint) });
        NodePlacement {
            eligibility: self.node_should_run_daemon_pod(node),
            reasons: other.into_iter().chain(mismatch).chain(taints).collect(),
        }
    }

    fn by_taints(&self, node: &NodeView<'_>) -> Eligibility {
        if self.untolerated(node, &[NO_EXECUTE]).next().is_some() {
            Eligibility::MustGo
        } else if self.untolerated(node, &[NO_SCHEDULE]).next().is_some() {
            Eligibility::MayStay
        } else {
            Eligibility::ShouldRun
        }
    }

    fn untolerated<'a>(&'a self, node: &NodeView<'a>, effects: &'a [&str]) -> impl Iterator<Item = &'a Taint> {
        let taints = match self.taints {
            TaintsLookedAt::All => node.taints,
            TaintsLookedAt::None => &[],
        };
        untolerated(&self.tolerations, taints, effects, self.operators)
    }
}
