//! The parts of a `DaemonSet` object that the other modules read, and what the API server would have filled in.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::label::{is_dns_subdomain, or_none};
use super::selector::Selector;
use super::tolerations::refused_toleration;
use crate::controller::budget::{Limit, RollingUpdate, Strategy, StrategyType};
use crate::release::budget::{BudgetRules, PercentSign};

/// `metadata.name`; absent is "".
pub fn name(daemon_set: &DaemonSet) -> &str {
    daemon_set.metadata.name.as_deref().unwrap_or_default()
}

/// `metadata.namespace`; absent is `default`, as a client would fill in.
pub fn namespace(daemon_set: &DaemonSet) -> &str {
    daemon_set.metadata.namespace.as_deref().unwrap_or("default")
}

/// `metadata.uid`; absent is "", which no owner reference has.
pub fn uid(daemon_set: &DaemonSet) -> &str {
    daemon_set.metadata.uid.as_deref().unwrap_or_default()
}

/// What the API server refuses of a `DaemonSet` of `api_version`, of those that decide where its pods run; in words.
///
/// Mirrors parts of `ValidateDaemonSet` (OBJ-2). In `extensions/v1beta1` an absent selector was the template's labels.
pub fn refused(daemon_set: &DaemonSet, api_version: Option<&str>) -> Option<String> {
    if !is_dns_subdomain(name(daemon_set)) {
        return Some(match name(daemon_set) {
            "" => "it has no metadata.name".to_owned(),
            name => format!("`{name}` is no name of an object"),
        });
    }
    let Some(spec) = &daemon_set.spec else { return Some("it has no spec".to_owned()) };
    let Some(pod) = &spec.template.spec else { return Some("it has no spec.template.spec".to_owned()) };
    let selector = match Selector::parse(Some(&spec.selector)) {
        Ok(selector) => selector,
        Err(error) => return Some(format!("its selector is refused: {error}")),
    };
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    match (selector.is_empty(), api_version) {
        (true, Some("extensions/v1beta1")) => {}
        (true, _) => return Some("it has no spec.selector, or an empty one".to_owned()),
        (false, _) if selector.matches(or_none(labels)) => {}
        (false, _) => return Some("its selector does not select the labels of its template".to_owned()),
    }
    if let Some(policy) = pod.restart_policy.as_deref().filter(|policy| !matches!(*policy, "" | "Always")) {
        return Some(format!("the restartPolicy of its template is Always, not `{policy}`"));
    }
    refused_toleration(pod.tolerations.as_deref().unwrap_or_default())
}

/// The template as the API server of 1.11 and 1.12 stores it: with `hostNetwork`, a container port is a host port too.
///
/// Mirrors the part of `SetDefaults_PodSpec` that placement looks at (LEG-3). An object read from a cluster has it
/// already.
#[must_use]
pub fn defaulted_template(daemon_set: &DaemonSet) -> PodTemplateSpec {
    let mut template = daemon_set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    if let Some(spec) = template.spec.as_mut().filter(|spec| spec.host_network == Some(true)) {
        spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()).for_each(default_host_ports);
    }
    template
}

fn default_host_ports(container: &mut Container) {
    for port in container.ports.iter_mut().flatten() {
        if port.host_port.unwrap_or(0) == 0 {
            port.host_port = Some(port.container_port);
        }
    }
}

/// The update strategy as the budgets read it (ROLL-1).
pub fn strategy(strategy: &DaemonSetUpdateStrategy, rules: BudgetRules) -> Strategy {
    let rolling_update = strategy.rolling_update.as_ref().map(|limits| RollingUpdate {
        max_unavailable: limit(limits.max_unavailable.as_ref(), rules),
        max_surge: limit(limits.max_surge.as_ref(), rules),
    });
    let strategy_type = match strategy.type_.as_deref() {
        Some("RollingUpdate") => StrategyType::RollingUpdate,
        Some(_) | None => StrategyType::Other,
    };
    Strategy { strategy_type, rolling_update }
}

/// A number or percentage as the budgets read it.
pub fn limit(limit: Option<&IntOrString>, rules: BudgetRules) -> Limit {
    match (limit, rules.percent_sign) {
        (None, _) => Limit::Absent,
        (Some(IntOrString::Int(number)), _) => Limit::Number(*number),
        (Some(IntOrString::String(text)), PercentSign::Required) => Limit::percentage(text),
        (Some(IntOrString::String(text)), PercentSign::Optional) => Limit::percentage_without_sign(text),
    }
}
