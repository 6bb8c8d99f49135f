//! Vectors of kind `placement`: may a daemon pod of this template run on this node, and what does a created pod carry?

use k8s_openapi::api::core::v1::{Node, Pod, PodTemplateSpec};
use serde_json::{Map, Value, json};

use super::difference::{Comparison, VectorError, compare, id, member, optional, verdict};
use crate::manifest::legacy::{LegacyPlacement, created_pod_tolerations};
use crate::manifest::node::NodeView;
use crate::manifest::placement::{Eligibility, Placement};
use crate::manifest::pod::{Binding, PodsByNode, binding, replace_daemon_set_pod_node_name_node_affinity};
use crate::manifest::quantity::QuantityError;
use crate::manifest::scheduler::{CreatedPod, refusals};
use crate::release::placement::{ComparisonOperators, CriticalPods, PlacementRules};

/// uid of the `DaemonSet` of every placement question.
const UID: &str = "u1";

/// The two ways of placing that one release has side by side.
#[derive(Clone, Copy, Debug)]
pub struct BothWays {
    /// Gate `ScheduleDaemonSetPods` off.
    pub legacy: PlacementRules,
    /// Gate on.
    pub scheduler: PlacementRules,
}

impl BothWays {
    /// 1.11.
    pub const fn v1_11() -> Self {
        Self { legacy: PlacementRules::v1_11_controller(), scheduler: PlacementRules::v1_11_scheduler() }
    }

    /// 1.12.
    pub const fn v1_12() -> Self {
        Self { legacy: PlacementRules::v1_12_controller(), scheduler: PlacementRules::v1_12_scheduler() }
    }

    const fn with_critical_pods(self, critical_pods: CriticalPods) -> Self {
        Self {
            legacy: self.legacy.with_critical_pods(critical_pods),
            scheduler: self.scheduler.with_critical_pods(critical_pods),
        }
    }
}

/// Puts one question and compares with its own answer, or with that of another release.
///
/// The gate of the comparison operators is taken from the question where the release is 1.36.
///
/// # Errors
/// If one of the lines is none of this kind.
pub fn run(question: &Value, answer: Option<&Value>, rules: PlacementRules) -> Result<Comparison, VectorError> {
    let expected = match answered_by(question, answer, &["expected"])? {
        Ok(expected) => expected,
        Err(skipped) => return Ok(Comparison::Skipped(skipped)),
    };
    let gate = optional::<bool>(question, "gates.TaintTolerationComparisonOperators")?;
    let rules = match (answer, gate) {
        // Other releases have no such gate.
        (None, Some(true)) => rules.with_comparison_operators(ComparisonOperators::Supported),
        (None, Some(false)) => rules.with_comparison_operators(ComparisonOperators::Unsupported),
        (None, None) | (Some(_), _) => rules,
    };
    let template: PodTemplateSpec = member(question, "given.template")?;
    let node: Node = member(question, "given.node")?;
    let view = NodeView::of(&node);
    let placement = Placement::compile(&template, rules);
    let eligibility = placement.node_should_run_daemon_pod(&view);
    let affinity = template.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
    let answered = json!({
        "shouldRun": eligibility.should_schedule(),
        "shouldContinueRunning": eligibility.should_continue_running(),
        "tolerations": placement.tolerations(),
        "createdAffinity": replace_daemon_set_pod_node_name_node_affinity(affinity, view.name),
    });
    Ok(verdict(compare("answer", &expected, &json!({ "expected": answered }))))
}

/// Puts one question to a release that places in both ways, and compares with its own answer or another release's.
///
/// # Errors
/// If one of the lines is none of this kind.
pub fn run_both_ways(question: &Value, answer: Option<&Value>, rules: BothWays) -> Result<Comparison, VectorError> {
    let expected = match answered_by(question, answer, &["expected", "gateOn", "scheduler"])? {
        Ok(expected) => expected,
        Err(skipped) => return Ok(Comparison::Skipped(skipped)),
    };
    let given = Given {
        template: member(question, "given.template")?,
        node: member(question, "given.node")?,
        namespace: optional(question, "given.namespace")?.unwrap_or_else(|| "ns".to_owned()),
        pods: optional(question, "given.existingPods")?.unwrap_or_default(),
    };
    let annotation = optional::<bool>(question, "gates.ExperimentalCriticalPodAnnotation")?;
    let rules = match annotation {
        Some(true) => rules.with_critical_pods(CriticalPods::ByPriorityOrAnnotation),
        Some(false) | None => rules,
    };
    let answered = given.answer(rules);
    let answered = answered.map_err(|source| VectorError::Quantity { id: id(question).to_owned(), source })?;
    Ok(verdict(compare("answer", &expected, &answered)))
}

struct Given {
    template: PodTemplateSpec,
    node: Node,
    namespace: String,
    pods: Vec<Pod>,
}

impl Given {
    fn answer(&self, rules: BothWays) -> Result<Value, QuantityError> {
        let pods = PodsByNode::of(&self.pods);
        let legacy = LegacyPlacement::compile(&self.template, &self.namespace, UID, rules.legacy)?;
        let legacy = legacy.explain(&self.node, &pods)?.eligibility;
        let tolerations = created_pod_tolerations(&self.template, &self.namespace, rules.legacy);
        let mut expected = booleans(legacy);
        if legacy == Eligibility::NoRoom {
            expected.insert("events".to_owned(), json!(["FailedPlacement"]));
        }
        expected.insert("tolerations".to_owned(), json!(tolerations));
        self.insert_binding(rules.legacy, &mut expected);

        let placement = Placement::compile(&self.template, rules.scheduler);
        let mut gate_on = booleans(placement.node_should_run_daemon_pod(&NodeView::of(&self.node)));
        let with_gate = created_pod_tolerations(&self.template, &self.namespace, rules.scheduler);
        if with_gate != tolerations {
            gate_on.insert("tolerations".to_owned(), json!(with_gate));
        }
        let created_bound = self.insert_binding(rules.scheduler, &mut gate_on);
        let created = CreatedPod { template: &self.template, namespace: &self.namespace, tolerations: &with_gate };
        let scheduler = if created_bound {
            json!({ "bypassed": true })
        } else {
            let reasons = refusals(&created, &self.node, &pods, rules.scheduler)?;
            if reasons.is_empty() { json!({ "fits": true }) } else { json!({ "fits": false, "reasons": reasons }) }
        };
        Ok(json!({ "expected": expected, "gateOn": gate_on, "scheduler": scheduler }))
    }

    /// How the created pod comes to its node; whether it is created bound.
    fn insert_binding(&self, rules: PlacementRules, answer: &mut Map<String, Value>) -> bool {
        match binding(&self.template, &self.node, rules) {
            Binding::Bound { node_name } => {
                answer.insert("createdNodeName".to_owned(), json!(node_name));
                true
            }
            Binding::Scheduled { affinity, node_name } => {
                // An answer shows only what differs from the template, whose affinity may name the node already.
                let of_template = self.template.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
                if of_template != Some(&affinity) {
                    answer.insert("createdAffinity".to_owned(), json!(affinity));
                }
                let bound = node_name.is_some();
                if let Some(node_name) = node_name {
                    answer.insert("createdNodeName".to_owned(), json!(node_name));
                }
                bound
            }
        }
    }
}

fn booleans(eligibility: Eligibility) -> Map<String, Value> {
    let members = [
        ("wantToRun", eligibility.want_to_run()),
        ("shouldSchedule", eligibility.should_schedule()),
        ("shouldContinueRunning", eligibility.should_continue_running()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// The named members of the question, those replaced that the other release answers differently; or why it was not
/// asked. Reasons are a set and are sorted.
fn answered_by(
    question: &Value,
    answer: Option<&Value>,
    members: &[&str],
) -> Result<Result<Value, String>, VectorError> {
    if let Some(skipped) = answer.map(|answer| optional::<String>(answer, "skipped")).transpose()?.flatten() {
        return Ok(Err(skipped));
    }
    let mut expected = Map::new();
    for name in members {
        let own = question.get(name);
        let value = answer.and_then(|answer| answer.get(name)).or(own);
        let missing = || VectorError::Missing { id: id(question).to_owned(), member: "expected" };
        let mut value = value.ok_or_else(missing)?.clone();
        if let Some(reasons) = value.get_mut("reasons").and_then(Value::as_array_mut) {
            reasons.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        }
        expected.insert((*name).to_owned(), value);
    }
    Ok(Ok(Value::Object(expected)))
}
