//! Taints and tolerations (PLACE-1, PLACE-3, PLACE-4, PLACE-11).

use k8s_openapi::api::core::v1::{PodSpec, Taint, Toleration};

use super::requirement::parse_int;

/// Whether the toleration operators `Lt` and `Gt` compare numbers (PLACE-11) or tolerate nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComparisonOperators {
    /// They compare.
    Supported,
    /// They tolerate nothing.
    Unsupported,
}

/// Which tolerations a release adds (PLACE-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddedTolerations {
    /// With pid-pressure (1.14+).
    WithPidPressure,
    /// Without it.
    WithoutPidPressure,
}

/// `Toleration.ToleratesTaint`.
pub fn tolerates(toleration: &Toleration, taint: &Taint, operators: ComparisonOperators) -> bool {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
    let effect = text(&toleration.effect);
    let key = text(&toleration.key);
    if !effect.is_empty() && effect != taint.effect || !key.is_empty() && key != taint.key {
        return false;
    }
    let (ours, theirs) = (text(&toleration.value), text(&taint.value));
    match (toleration.operator.as_deref().unwrap_or_default(), operators) {
        ("" | "Equal", _) => ours == theirs,
        ("Exists", _) => true,
        ("Lt", ComparisonOperators::Supported) => compared(&theirs, &ours).is_some_and(|(taint, bound)| taint < bound),
        ("Gt", ComparisonOperators::Supported) => compared(&theirs, &ours).is_some_and(|(taint, bound)| taint > bound),
        _ => false,
    }
}

fn compared(taint: &str, bound: &str) -> Option<(i64, i64)> {
    Some((parse_int(taint)?, parse_int(bound)?))
}

/// The tolerations of a pod created from the template (`AddOrUpdateDaemonPodTolerations`): those of the template, of which
/// one equal in key, effect, operator and value to an added one is replaced in place, then the rest of the added ones.
pub fn daemon_pod_tolerations(spec: &PodSpec, added: AddedTolerations) -> Vec<Toleration> {
    let mut tolerations = spec.tolerations.clone().unwrap_or_default();
    let host_network = spec.host_network.unwrap_or(false);
    for (condition, effect) in [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        ("network-unavailable", "NoSchedule"),
    ] {
        if condition == "pid-pressure" && added == AddedTolerations::WithoutPidPressure
            || condition == "network-unavailable" && !host_network
        {
            continue;
        }
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{condition}")),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        let equal = |other: &Toleration| {
            let same = |one: &Option<String>, other: &Option<String>| {
                one.as_deref().unwrap_or_default() == other.as_deref().unwrap_or_default()
            };
            same(&other.key, &toleration.key)
                && same(&other.effect, &toleration.effect)
                && same(&other.operator, &toleration.operator)
                && same(&other.value, &toleration.value)
        };
        if tolerations.iter().any(equal) {
            for other in tolerations.iter_mut().filter(|other| equal(other)) {
                *other = toleration.clone();
            }
        } else {
            tolerations.push(toleration);
        }
    }
    tolerations
}
