//! What a scope with a node lifecycle controller has besides what its model file declares.

use k8s_openapi::api::core::v1::{Node, PodSpec, PodTemplateSpec, Taint, Toleration};

use super::types::Unreachable;
use crate::manifest::placement::Placement;
use crate::manifest::tolerations::{NO_EXECUTE, NO_SCHEDULE, tolerates_taint};
use crate::release::placement::PlacementRules;

/// The key of the taints of a node whose kubelet is silent (NODE-6).
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// The variants that follow the `declared` ones: each once more for each of [`Unreachable::TAINTED`].
pub fn unreachable(declared: &[(String, Node)]) -> Vec<(String, Node)> {
    let tainted = |taints: Unreachable| {
        let effects = [(taints.no_schedule, NO_SCHEDULE), (taints.no_execute, NO_EXECUTE)];
        let effects: Vec<&str> = effects.iter().filter(|(has, _)| *has).map(|(_, effect)| *effect).collect();
        declared.iter().map(move |(name, node)| {
            let mut node = node.clone();
            let added = effects.iter().map(|effect| Taint {
                key: UNREACHABLE.to_owned(),
                effect: (*effect).to_owned(),
                ..Taint::default()
            });
            node.spec.get_or_insert_default().taints.get_or_insert_default().extend(added);
            (format!("{name} and unreachable:{}", effects.join(",")), node)
        })
    };
    Unreachable::TAINTED.into_iter().flat_map(tainted).collect()
}

/// By template and variant: whether the variant has a `NoExecute` taint that pods of the template do not tolerate (NODE-8).
/// They bear the tolerations of the placement check (PLACE-4).
pub fn evictions<'a>(
    pod_specs: impl Iterator<Item = &'a PodSpec>,
    variants: &[(String, Node)],
    rules: PlacementRules,
) -> Vec<Vec<bool>> {
    let evicts = |spec: &PodSpec| {
        let template = PodTemplateSpec { spec: Some(spec.clone()), ..PodTemplateSpec::default() };
        let check = Placement::compile(&template, rules);
        // Of the tolerations that cover a taint only the first is looked at. One with `tolerationSeconds` tolerates for a time,
        // and time is free here: such a pod is evicted as well.
        let stays = |taint: &Taint| {
            let covers = |one: &&Toleration| tolerates_taint(one, taint, rules.comparison_operators);
            check.tolerations().iter().find(covers).is_some_and(|first| first.toleration_seconds.is_none())
        };
        let drives_away = |(_, node): &(String, Node)| {
            let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
            taints.iter().any(|taint| taint.effect == NO_EXECUTE && !stays(taint))
        };
        variants.iter().map(drives_away).collect()
    };
    pod_specs.map(evicts).collect()
}
