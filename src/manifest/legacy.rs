//! Placement when the controller places daemon pods itself: up to 1.11, and 1.12 with its gate off (LEG-3, LEG-8,
//! LEG-10 to LEG-13).

use k8s_openapi::api::core::v1::{Node, PodSpec, PodTemplateSpec, Toleration};

use super::node::NodeView;
use super::placement::{Eligibility, NodePlacement, Placement, Reason};
use super::pod::{PodsByNode, is_controlled_by, key};
use super::quantity::QuantityError;
use super::resources::{Amounts, HostPort, host_ports, shortages, taken_port};
use super::tolerations::{Critical, daemon_pod_tolerations};
use crate::release::placement::{CriticalPods, PlacementRules};

/// Annotation that makes a pod of `kube-system` critical, where its gate is on.
const CRITICAL_POD_ANNOTATION: &str = "scheduler.alpha.kubernetes.io/critical-pod";
/// Namespace in which that annotation counts.
const SYSTEM_NAMESPACE: &str = "kube-system";
/// Least priority of a critical pod.
const SYSTEM_CRITICAL_PRIORITY: i32 = 2_000_000_000;

/// Whether a pod's resources are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResourceCheck {
    Done,
    /// Critical pods skip it (LEG-12).
    Skipped,
}

/// A `DaemonSet`'s template, compiled to be asked on many nodes as the legacy controller did.
#[derive(Clone, Debug)]
pub struct LegacyPlacement {
    base: Placement,
    uid: String,
    resource_check: ResourceCheck,
    requested: Amounts,
    host_ports: Vec<HostPort>,
}

impl LegacyPlacement {
    /// Compiles the template of the `DaemonSet` with this namespace and uid.
    ///
    /// # Errors
    /// If a request of the template is no quantity.
    pub fn compile(
        template: &PodTemplateSpec,
        namespace: &str,
        uid: &str,
        rules: PlacementRules,
    ) -> Result<Self, QuantityError> {
        let spec = template.spec.clone().unwrap_or_default();
        let by_priority = is_critical(&spec, rules);
        let by_annotation = critical_by_annotation(template, namespace, rules) == Critical::Yes;
        let (critical, resource_check) = if by_priority || by_annotation {
            (Critical::Yes, ResourceCheck::Skipped)
        } else {
            (Critical::No, ResourceCheck::Done)
        };
        Ok(Self {
            base: Placement::compile_critical(template, critical, rules),
            uid: uid.to_owned(),
            resource_check,
            requested: Amounts::requested(&spec)?,
            host_ports: host_ports(&spec),
        })
    }

    /// What the controller does on a node as far as selector, affinity and taints decide.
    pub fn explain_without_room(&self, node: &NodeView<'_>) -> NodePlacement {
        self.base.explain(node)
    }

    /// What the controller does on a node that has these pods (LEG-3).
    ///
    /// Mirrors `nodeShouldRunDaemonPod` and `Predicates`, `pkg/controller/daemon/daemon_controller.go` of 1.11. Pods
    /// that this very `DaemonSet` controls take no room (LEG-11).
    ///
    /// # Errors
    /// If an amount of the node or of a pod there is no quantity.
    pub fn explain(&self, node: &Node, pods: &PodsByNode<'_>) -> Result<NodePlacement, QuantityError> {
        let view = NodeView::of(node);
        let mut placement = self.base.explain(&view);
        let on_node = pods.on(view.name).iter().copied();
        let foreign: Vec<_> = on_node.filter(|pod| !is_controlled_by(pod, &self.uid)).collect();
        if let Some((port, pod)) = taken_port(&self.host_ports, &foreign) {
            placement.eligibility = Eligibility::MustGo;
            placement.reasons.push(Reason::HostPort { port: port.clone(), pod: key(pod) });
        }
        let short = match self.resource_check {
            ResourceCheck::Done => shortages(node, &self.requested, &foreign)?,
            ResourceCheck::Skipped => Vec::new(),
        };
        if placement.eligibility == Eligibility::ShouldRun && !short.is_empty() {
            placement.eligibility = Eligibility::NoRoom;
        }
        placement.reasons.extend(short.into_iter().map(Reason::Shortage));
        Ok(placement)
    }
}

/// Whether the priority of its pods makes them critical: room is not looked at for them (LEG-12).
pub fn is_critical(spec: &PodSpec, rules: PlacementRules) -> bool {
    match rules.critical_pods {
        CriticalPods::None => false,
        CriticalPods::ByPriority | CriticalPods::ByPriorityOrAnnotation => {
            spec.priority.is_some_and(|priority| priority >= SYSTEM_CRITICAL_PRIORITY)
        }
    }
}

/// Whether the annotation makes this template's pods critical: the one thing a created pod's tolerations look at.
fn critical_by_annotation(template: &PodTemplateSpec, namespace: &str, rules: PlacementRules) -> Critical {
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    let annotation = annotations.and_then(|annotations| annotations.get(CRITICAL_POD_ANNOTATION));
    match rules.critical_pods {
        CriticalPods::ByPriorityOrAnnotation
            if namespace == SYSTEM_NAMESPACE && annotation.is_some_and(String::is_empty) =>
        {
            Critical::Yes
        }
        CriticalPods::None | CriticalPods::ByPriority | CriticalPods::ByPriorityOrAnnotation => Critical::No,
    }
}

/// The tolerations of a created pod (PLACE-4, LEG-12): of critical pods only those by annotation tolerate
/// `out-of-disk`. Mirrors `CreatePodTemplate`.
pub fn created_pod_tolerations(template: &PodTemplateSpec, namespace: &str, rules: PlacementRules) -> Vec<Toleration> {
    let spec = template.spec.clone().unwrap_or_default();
    daemon_pod_tolerations(&spec, critical_by_annotation(template, namespace, rules), rules)
}
