//! Templates, their manifests, and strategies.

use std::ops::Range;

use k8s_openapi::api::apps::v1::DaemonSet as RealDaemonSet;
use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;

use super::{Read, Reader};
use crate::controller::budget::{Limit, RollingUpdate};
use crate::controller::record::UpdateStrategy;
use crate::manifest::daemon_set::refused;
use crate::manifest::documents::with_unknown_fields;
use crate::manifest::tolerations::refused_toleration;
use crate::scope::command;
use crate::scope::types::{PodFate, StrategySpec, TemplateSpec};

impl Reader<'_> {
    pub(super) fn templates(&self, table: &toml::Table) -> Read<Vec<ReadTemplate>> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Template {
            manifest: Option<String>,
            image: Option<String>,
            pods: Option<String>,
            spec: Option<serde_json::Value>,
            collides_with: Option<String>,
            normalised: Option<String>,
        }
        let known: Vec<&str> = table.keys().map(String::as_str).collect();
        let named = |template: &str, key: &str, of: Option<&str>| {
            let Some(other) = of else { return Ok(None) };
            let fail = |message: String| Err(self.at(&["templates", template, key], message));
            let Some(position) = command::position(&known, other) else {
                return fail(format!("no template is called `{other}`"));
            };
            if table[other].get(key).is_some() {
                return fail(format!("`{other}` has `{key}` itself: name the template that it names"));
            }
            Ok(Some(position))
        };
        let mut templates = Vec::new();
        for name in table.keys() {
            let template: Template = self.section("templates", name)?;
            let mut of_manifest = None;
            let mut spec = match (&template.manifest, template.spec) {
                (Some(_), Some(_)) => {
                    let message = format!("template `{name}` has both a manifest and a spec");
                    return Err(self.at(&["templates", name, "spec"], message));
                }
                (Some(manifest), None) => {
                    let specification = self.manifest(name, manifest)?;
                    let spec = specification.template.spec.clone().unwrap_or_default();
                    of_manifest = Some(specification);
                    spec
                }
                (None, spec) => {
                    let spec = spec.unwrap_or_else(|| serde_json::json!({}));
                    let (spec, unknown): (PodSpec, _) = with_unknown_fields(spec).map_err(|error| {
                        self.at(&["templates", name, "spec"], format!("template `{name}`: {error}"))
                    })?;
                    if let Some(field) = unknown.first() {
                        let message = format!("template `{name}`: a pod spec has no field `{field}`");
                        let place = ["templates", name, "spec"].into_iter();
                        let place: Vec<&str> = place
                            .chain(field.split(['.', '[', ']']).filter(|part| !matches!(*part, "" | "?")))
                            .collect();
                        return Err(self.error(message, self.places.key_span(&place)));
                    }
                    if let Some(what) = refused_toleration(spec.tolerations.as_deref().unwrap_or_default()) {
                        let message = format!("template `{name}`: {what}");
                        return Err(self.at(&["templates", name, "spec", "tolerations"], message));
                    }
                    spec
                }
            };
            if let Some(image) = &template.image {
                let Some(container) = spec.containers.first_mut() else {
                    let message = format!("template `{name}` has no container that could have an image");
                    return Err(self.at(&["templates", name, "image"], message));
                };
                container.image = Some(image.clone());
            }
            let pods = match template.pods.as_deref() {
                None | Some("ready") => PodFate::Ready,
                Some("never-ready") => PodFate::NeverReady,
                Some("fail") => PodFate::Fail,
                Some(other) => {
                    let message =
                        format!("template `{name}`: pods become `ready`, are `never-ready` or `fail`, not `{other}`");
                    return Err(self.at(&["templates", name, "pods"], message));
                }
            };
            let collides_with = named(name, "collides_with", template.collides_with.as_deref())?;
            let normalised = named(name, "normalised", template.normalised.as_deref())?;
            let host_ports = host_ports(&spec);
            let template =
                TemplateSpec { name: name.clone(), pods, collides_with, normalised, reserialised: None, host_ports };
            templates.push(ReadTemplate { spec: template, pod_spec: spec, manifest: of_manifest });
        }
        Ok(templates)
    }

    /// The spec of the only `DaemonSet` in a manifest: YAML or JSON, of one document, several, or a `List`.
    pub(super) fn manifest(&self, name: &str, manifest: &str) -> Read<DaemonSetSpecification> {
        let fail = |message: String| self.at(&["templates", name, "manifest"], format!("template `{name}`: {message}"));
        let text = (self.manifests)(manifest).map_err(&fail)?;
        let documents: Vec<serde_json::Value> =
            serde_saphyr::from_multiple(&text).map_err(|error| fail(format!("{manifest}: {error}")))?;
        let items = documents.into_iter().flat_map(|document| match document["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![document],
        });
        let mut found: Vec<serde_json::Value> = items.filter(|item| item["kind"] == "DaemonSet").collect();
        if found.len() != 1 {
            return Err(fail(format!("{manifest} has {} DaemonSets, and a template is of one", found.len())));
        }
        let found = found.remove(0);
        let api_version = found["apiVersion"].as_str().map(ToOwned::to_owned);
        let (daemon_set, unknown): (RealDaemonSet, _) =
            with_unknown_fields(found).map_err(|error| fail(format!("{manifest}: {error}")))?;
        if let Some(field) = unknown.first() {
            return Err(fail(format!("{manifest}: a DaemonSet has no field `{field}`")));
        }
        if let Some(what) = refused(&daemon_set, api_version.as_deref()) {
            return Err(fail(format!("the API server would refuse the DaemonSet of {manifest}: {what}")));
        }
        Ok(daemon_set.spec.unwrap_or_default())
    }

    /// The strategies of the manifests of `templates`, in their order and each once, for a file that states none; and for
    /// each template which of them is its own.
    pub(super) fn strategies_of_manifests(&self, templates: &[ReadTemplate]) -> Read<(Vec<StrategySpec>, Vec<u8>)> {
        let mut tables: Vec<toml::Table> = Vec::new();
        let mut strategies = Vec::new();
        let mut own = Vec::new();
        let mut default_name = "rolling".to_owned();
        while templates.iter().any(|template| template.spec.name == default_name) {
            default_name.push_str("-default");
        }
        for template in templates {
            let table = template.manifest.as_ref().map(strategy_table).unwrap_or_default();
            let known = tables.iter().position(|other| *other == table);
            let index = known.unwrap_or(tables.len());
            if known.is_none() {
                let source = template.spec.name.as_str();
                let place = |_: &str| self.places.span(&["templates", source, "manifest"]);
                let name = if table.is_empty() { default_name.clone() } else { source.to_owned() };
                let stated: Strategy =
                    table.clone().try_into().expect("a table of the strategy's own fields, with their types");
                strategies.push(self.strategy(&name, &stated, &place)?);
                tables.push(table);
            }
            own.push(u8::try_from(index).unwrap_or(u8::MAX));
        }
        Ok((strategies, own))
    }

    pub(super) fn strategies(&self, table: &toml::Table) -> Read<Vec<StrategySpec>> {
        let read = |name: &String| {
            let stated: Strategy = self.section("strategies", name)?;
            self.strategy(name, &stated, &|field| self.places.span(&["strategies", name, field]))
        };
        table.keys().map(read).collect()
    }

    /// A strategy as the API server takes it; `place` says where a field of it stands.
    fn strategy(
        &self,
        name: &str,
        strategy: &Strategy,
        place: &dyn Fn(&str) -> Option<Range<usize>>,
    ) -> Read<StrategySpec> {
        let refusal = |field: &str, what: &str| self.error(format!("strategy `{name}`: {what}"), place(field));
        let limit = |field: &str, value: Option<&toml::Value>, default: i32| {
            let read = match value {
                None => Some(Limit::Number(default)),
                Some(toml::Value::Integer(number)) => {
                    i32::try_from(*number).ok().filter(|number| *number >= 0).map(Limit::Number)
                }
                Some(toml::Value::String(text)) => percentage(text).map(Limit::Percent), // OBJ-6
                Some(_) => None,
            };
            let what = "a limit is a number from 0 or a percentage from \"0%\" to \"100%\"";
            read.ok_or_else(|| refusal(field, what))
        };
        for (field, value) in
            [("minReadySeconds", strategy.min_ready_seconds), ("revisionHistoryLimit", strategy.revision_history_limit)]
        {
            if value < 0 {
                return Err(refusal(field, &format!("{field} is at least 0, not {value}"))); // OBJ-7
            }
        }
        // Defaulting (OBJ-5): maxSurge 0, and maxUnavailable 1 unless surge is asked for.
        let surges = strategy.max_surge.is_some();
        let max_unavailable = limit("maxUnavailable", strategy.max_unavailable.as_ref(), i32::from(!surges))?;
        let max_surge = limit("maxSurge", strategy.max_surge.as_ref(), 0)?;
        let nothing = |limit| matches!(limit, Limit::Number(0) | Limit::Percent(0));
        if nothing(max_unavailable) == nothing(max_surge) && strategy.r#type == "RollingUpdate" {
            let what = "exactly one of maxUnavailable and maxSurge is not 0 (the API server refuses the rest)";
            return Err(refusal("maxUnavailable", what));
        }
        let kind = match strategy.r#type.as_str() {
            "RollingUpdate" => UpdateStrategy::RollingUpdate(Some(RollingUpdate { max_unavailable, max_surge })),
            "OnDelete" => UpdateStrategy::OnDelete,
            other => {
                return Err(refusal("type", &format!("type is RollingUpdate or OnDelete, not `{other}`")));
            }
        };
        Ok(StrategySpec {
            name: name.to_owned(),
            strategy: kind,
            min_ready_seconds: strategy.min_ready_seconds,
            revision_history_limit: strategy.revision_history_limit,
        })
    }
}

/// A strategy as a model file states it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Strategy {
    r#type: String,
    max_unavailable: Option<toml::Value>,
    max_surge: Option<toml::Value>,
    min_ready_seconds: i32,
    revision_history_limit: i32,
}

impl Default for Strategy {
    fn default() -> Self {
        Self {
            r#type: "RollingUpdate".to_owned(),
            max_unavailable: None,
            max_surge: None,
            min_ready_seconds: 0,
            revision_history_limit: 10,
        }
    }
}

/// `N%` with N from 0 to 100, in digits alone (OBJ-6).
fn percentage(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|percent| (0..=100).contains(percent))
}

/// `spec` of a `DaemonSet`.
type DaemonSetSpecification = k8s_openapi::api::apps::v1::DaemonSetSpec;

/// A template of the file, with what its manifest says beside it.
#[derive(Clone)]
pub(super) struct ReadTemplate {
    pub(super) spec: TemplateSpec,
    pub(super) pod_spec: PodSpec,
    pub(super) manifest: Option<DaemonSetSpecification>,
}

/// Adds every template once more, as an upgraded controller serialises it (DS-B52).
pub(super) fn reserialise(templates: &mut Vec<ReadTemplate>) {
    let declared = templates.len();
    for index in 0..declared {
        let mut other = templates[index].clone();
        other.spec.name = format!("{} reserialised", other.spec.name);
        other.spec.collides_with = None;
        other.spec.normalised = None;
        templates[index].spec.reserialised = u8::try_from(declared + index).ok();
        templates.push(other);
    }
}

/// The strategy of a manifest as a model file would state it.
fn strategy_table(specification: &DaemonSetSpecification) -> toml::Table {
    let mut table = toml::Table::new();
    let limit = |limit: &IntOrString| match limit {
        IntOrString::Int(number) => toml::Value::Integer(i64::from(*number)),
        IntOrString::String(text) => toml::Value::String(text.clone()),
    };
    if let Some(strategy) = &specification.update_strategy {
        table.extend(strategy.type_.iter().map(|kind| ("type".to_owned(), toml::Value::String(kind.clone()))));
        if let Some(rolling) = &strategy.rolling_update {
            table.extend(rolling.max_unavailable.iter().map(|one| ("maxUnavailable".to_owned(), limit(one))));
            table.extend(rolling.max_surge.iter().map(|one| ("maxSurge".to_owned(), limit(one))));
        }
    }
    let numbers = [
        ("minReadySeconds", specification.min_ready_seconds),
        ("revisionHistoryLimit", specification.revision_history_limit),
    ];
    for (key, number) in numbers {
        table.extend(number.map(|number| (key.to_owned(), toml::Value::Integer(i64::from(number)))));
    }
    table
}

/// The ports of a node that a pod takes: under hostNetwork every container port is one (defaulting).
fn host_ports(spec: &PodSpec) -> Vec<i32> {
    let on_host = spec.host_network.unwrap_or(false);
    let ports = spec.containers.iter().flat_map(|container| container.ports.iter().flatten());
    let mut taken: Vec<i32> =
        ports.filter_map(|port| port.host_port.or(on_host.then_some(port.container_port))).collect();
    taken.sort_unstable();
    taken.dedup();
    taken
}
