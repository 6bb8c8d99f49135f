//! Which taints a pod tolerates, and the tolerations every daemon pod gets (PLACE-4, PLACE-5, PLACE-11, LEG-12).

use k8s_openapi::api::core::v1::{PodSpec, Taint, Toleration};

use super::label::{is_label_value, is_qualified_name};
use crate::release::placement::{ComparisonOperators, PidPressure, PlacementRules};

/// Effect that keeps new pods away.
pub const NO_SCHEDULE: &str = "NoSchedule";
/// Effect that also drives running pods away.
pub const NO_EXECUTE: &str = "NoExecute";

/// Whether a pod counts as critical for the `out-of-disk` tolerations (LEG-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Critical {
    /// It tolerates `out-of-disk` with both effects.
    Yes,
    /// It does not.
    No,
}

/// Whether the toleration covers the taint. Mirrors `Toleration.ToleratesTaint`.
pub fn tolerates_taint(toleration: &Toleration, taint: &Taint, operators: ComparisonOperators) -> bool {
    let effect = text(toleration.effect.as_ref());
    let key = text(toleration.key.as_ref());
    if !effect.is_empty() && effect != taint.effect || !key.is_empty() && key != taint.key {
        return false;
    }
    let (tolerated, value) = (text(toleration.value.as_ref()), text(taint.value.as_ref()));
    match text(toleration.operator.as_ref()) {
        "" | "Equal" => tolerated == value,
        "Exists" => true,
        "Lt" => compared(tolerated, value, operators).is_some_and(|(tolerated, value)| value < tolerated),
        "Gt" => compared(tolerated, value, operators).is_some_and(|(tolerated, value)| value > tolerated),
        _ => false,
    }
}

/// Both numbers, if the operators are supported and both are plain decimal integers.
fn compared(tolerated: &str, value: &str, operators: ComparisonOperators) -> Option<(i64, i64)> {
    match operators {
        ComparisonOperators::Supported => decimal_integer(tolerated).zip(decimal_integer(value)),
        ComparisonOperators::Unsupported => None,
    }
}

/// A 64-bit integer as one would write it: no `+`, no leading zeros, no `-0`.
fn decimal_integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// The taints with one of `effects` that no toleration covers.
pub fn untolerated<'a>(
    tolerations: &'a [Toleration],
    taints: &'a [Taint],
    effects: &'a [&str],
    operators: ComparisonOperators,
) -> impl Iterator<Item = &'a Taint> {
    taints.iter().filter(move |taint| {
        effects.contains(&taint.effect.as_str())
            && !tolerations.iter().any(|toleration| tolerates_taint(toleration, taint, operators))
    })
}

/// What the API server refuses of the tolerations of a pod, in words. Mirrors `ValidateTolerations`.
pub fn refused_toleration(tolerations: &[Toleration]) -> Option<String> {
    tolerations.iter().find_map(|toleration| {
        let (key, operator) = (text(toleration.key.as_ref()), text(toleration.operator.as_ref()));
        let (value, effect) = (text(toleration.value.as_ref()), text(toleration.effect.as_ref()));
        if !matches!(operator, "" | "Exists" | "Equal" | "Lt" | "Gt") {
            Some(format!("a toleration's operator is Exists, Equal, Lt or Gt, not `{operator}`"))
        } else if !matches!(effect, "" | "PreferNoSchedule" | NO_SCHEDULE | NO_EXECUTE) {
            Some(format!("a toleration's effect is NoSchedule, PreferNoSchedule or NoExecute, not `{effect}`"))
        } else if key.is_empty() && operator != "Exists" {
            Some("a toleration without key has the operator Exists".to_owned())
        } else if !key.is_empty() && !is_qualified_name(key) {
            Some(format!("a toleration's key is that of a taint, which `{key}` cannot be"))
        } else if operator == "Exists" && !value.is_empty() {
            Some(format!("a toleration with the operator Exists has no value, not `{value}`"))
        } else if matches!(operator, "" | "Equal") && !is_label_value(value) {
            Some(format!("a toleration's value is that of a taint, which `{value}` cannot be"))
        } else if toleration.toleration_seconds.is_some() && effect != NO_EXECUTE {
            Some("a toleration with tolerationSeconds has the effect NoExecute".to_owned())
        } else {
            None
        }
    })
}

/// All tolerations of a pod created from the template, in order (PLACE-4).
///
/// Mirrors `AddOrUpdateDaemonPodTolerations`, `pkg/controller/daemon/util/daemonset_util.go`.
pub fn daemon_pod_tolerations(spec: &PodSpec, critical: Critical, rules: PlacementRules) -> Vec<Toleration> {
    let mut tolerations = spec.tolerations.clone().unwrap_or_default();
    let mut add = |name: &str, effect: &str| add_or_update_toleration(&mut tolerations, exists(name, effect));
    add("not-ready", NO_EXECUTE);
    add("unreachable", NO_EXECUTE);
    add("disk-pressure", NO_SCHEDULE);
    add("memory-pressure", NO_SCHEDULE);
    match rules.pid_pressure {
        PidPressure::Tolerated => add("pid-pressure", NO_SCHEDULE),
        PidPressure::NotTolerated => {}
    }
    add("unschedulable", NO_SCHEDULE);
    if spec.host_network == Some(true) {
        add("network-unavailable", NO_SCHEDULE);
    }
    match critical {
        Critical::Yes => {
            add("out-of-disk", NO_EXECUTE);
            add("out-of-disk", NO_SCHEDULE);
        }
        Critical::No => {}
    }
    tolerations
}

fn exists(name: &str, effect: &str) -> Toleration {
    Toleration {
        key: Some(format!("node.kubernetes.io/{name}")),
        operator: Some("Exists".to_owned()),
        effect: Some(effect.to_owned()),
        ..Toleration::default()
    }
}

/// Mirrors `AddOrUpdateTolerationInPodSpec`: equal ones are replaced in place, and nothing at all changes when one
/// of them is the very same already.
fn add_or_update_toleration(tolerations: &mut Vec<Toleration>, added: Toleration) {
    if tolerations.iter().any(|toleration| same(toleration, &added) && toleration.toleration_seconds.is_none()) {
        return;
    }
    let mut updated = false;
    for toleration in tolerations.iter_mut().filter(|toleration| same(toleration, &added)) {
        *toleration = added.clone();
        updated = true;
    }
    if !updated {
        tolerations.push(added);
    }
}

/// Mirrors `MatchToleration`: everything but the seconds is equal.
fn same(left: &Toleration, right: &Toleration) -> bool {
    text(left.key.as_ref()) == text(right.key.as_ref())
        && text(left.effect.as_ref()) == text(right.effect.as_ref())
        && text(left.operator.as_ref()) == text(right.operator.as_ref())
        && text(left.value.as_ref()) == text(right.value.as_ref())
}

fn text(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}
