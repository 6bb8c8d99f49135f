//! Model files: a scope and what is expected of it, as TOML.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use k8s_openapi::api::apps::v1::DaemonSet as RealDaemonSet;
use k8s_openapi::api::core::v1::{Node as RealNode, NodeSpec as RealNodeSpec, PodSpec, PodTemplateSpec, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use toml::Spanned;

use super::command;
use super::node_lifecycle;
use super::types::{
    Capacity, ControllerKind, DaemonSetSpec, FAULTS, Faults, KubeletKind, LIFECYCLE_RULES_MAX, Lag, LaggingLists,
    LifecycleRule, NodeLifecycle, NodeSpec, PodFate, Scope, Start, StrategySpec, TemplateSpec,
};
use crate::controller::budget::{Limit, RollingUpdate};
use crate::controller::record::{Placement, UpdateStrategy};
use crate::manifest::documents::with_unknown_fields;
use crate::manifest::node::NodeView;
use crate::manifest::placement::Placement as PlacementCheck;
use crate::property::Property;
use crate::release::{Profile, Serialisation, SwitchError, Switches};
use crate::text;

/// A model file that was read.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Where it is, as the user named it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What it is about: its `about` text.
    pub about: String,
    /// The profile it is checked under.
    pub profile: &'static Profile,
    /// The scope.
    pub scope: Scope,
    /// The real pod specs behind `scope.templates`.
    pub pod_specs: Vec<PodSpec>,
    /// The real nodes behind `scope.variants`: labels and taints only.
    pub node_variants: Vec<RealNode>,
    /// What is claimed, and what is expected of each claim.
    pub expect: Vec<Expectation>,
    /// Pinned size of the whole graph, where the search is to be complete.
    pub pinned: Option<Pinned>,
    /// Whether the search ends once every claim expected to be violated is: for graphs beyond reach.
    pub until_broken: bool,
    /// Where in the file things stand.
    pub lines: Lines,
}

/// Lines of a model file, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// `commands[user][command]`, as `scope.users`.
    pub commands: Vec<Vec<usize>>,
    /// Of each budget, in the order of [`FAULTS`]; 0 for those that the file does not name.
    pub faults: [usize; FAULTS.len()],
    /// Of each lifecycle rule.
    pub lifecycle: Vec<usize>,
}

/// What a model file expects of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The claim.
    pub property: Property,
    /// The verdict.
    pub verdict: ExpectedVerdict,
    /// The catalogue entry that explains a violation, such as `DS-B01`.
    pub because: Option<String>,
    /// Where it stands in the file.
    pub line: usize,
}

/// An expected verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedVerdict {
    /// It holds, over the whole graph, and its premise is met somewhere.
    Holds,
    /// It holds, over the whole graph, because its premise is met nowhere.
    Vacuous,
    /// It is violated, and the shortest counterexample has this many steps, if the file says how many.
    Violated(Option<usize>),
    /// Nothing is found before a capacity of the scope is exceeded.
    NoneFound,
}

/// The pinned size of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Unique states.
    pub unique_states: u64,
    /// Steps to the farthest of them.
    pub depth: u64,
    /// Where it stands in the file.
    pub line: usize,
}

/// What is wrong with a model file.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What, starting in lower case.
    pub message: String,
    /// Where: the file.
    pub path: PathBuf,
    /// Its text, if it was read.
    pub text: String,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    profile: Option<Spanned<String>>,
    #[serde(default)]
    switches: BTreeMap<String, Spanned<String>>,
    controller: Option<Spanned<String>>,
    nodes: toml::Table,
    #[serde(default)]
    variants: toml::Table,
    templates: toml::Table,
    #[serde(default)]
    strategies: toml::Table,
    #[serde(default)]
    daemon_sets: toml::Table,
    start: Option<Spanned<String>>,
    #[serde(default)]
    users: Vec<Vec<Spanned<String>>>,
    #[serde(default)]
    overlapping_selectors: bool,
    #[serde(default)]
    lag: LagFile,
    #[serde(default = "pods_only")]
    lagging_lists: Vec<Spanned<String>>,
    #[serde(default)]
    faults: Faults<Budget>,
    #[serde(default)]
    lifecycle: Vec<Spanned<LifecycleFile>>,
    #[serde(default)]
    node_lifecycle: bool,
    #[serde(default)]
    capacity: CapacityFile,
    #[serde(default)]
    expect: BTreeMap<String, Spanned<ExpectFile>>,
    graph: Option<Spanned<GraphFile>>,
    #[serde(default)]
    until_broken: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LagFile {
    daemon_sets: u8,
    revisions: u8,
    pods: u8,
    nodes: u8,
    handlers: u8,
}

impl Default for LagFile {
    fn default() -> Self {
        Self { daemon_sets: 1, revisions: 1, pods: 1, nodes: 1, handlers: 0 }
    }
}

/// Pods are the type whose stale list duplicates.
fn pods_only() -> Vec<Spanned<String>> {
    vec![Spanned::new(0..0, "pods".to_owned())]
}

/// How often a fault may happen, and where that is said.
type Budget = Option<Spanned<u8>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifecycleFile {
    daemon_set: Option<String>,
    when_ready: bool,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CapacityFile {
    pods: u8,
    revision_number: u8,
}

impl Default for CapacityFile {
    fn default() -> Self {
        Self { pods: 8, revision_number: 12 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectFile {
    verdict: String,
    length: Option<usize>,
    because: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphFile {
    unique_states: u64,
    depth: u64,
}

/// Switches that profiles have and no step of the model depends on, and why; see `ARCHITECTURE.md`.
const NOT_EXPRESSED: &[(&str, &str)] = &[
    ("available_at", "the model has no clock, so no pod is ready for exactly minReadySeconds"),
    ("history_listing", "the model has one namespace"),
    ("invalid_selectors", "the model's API server accepts no selector that does not parse"),
];

/// Commands of all scripts: what counts them, such as generations and uids, fits a byte.
const COMMANDS_MAX: usize = 60;

/// The largest model file that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// Reads the model file at `path`; under `profile` instead of its own, if one is given.
///
/// # Errors
///
/// If it cannot be read, is not TOML, or describes no scope.
pub fn read(path: &Path, profile: Option<&'static Profile>) -> Result<ModelFile, ModelError> {
    let fail =
        |message: String| ModelError { message, path: path.to_owned(), text: String::new(), span: None, help: None };
    let unread = |error: std::io::Error| fail(format!("cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(unread)?.len();
    if size > SIZE_MAX {
        return Err(fail(format!("it has {size} bytes; a model file has at most {SIZE_MAX}")));
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let text = text::decode(bytes).map_err(|line| fail(format!("line {line} is not UTF-8")))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    parse(path, &text, profile, &|name| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    })
}

/// Where a model's manifests come from: the text of one, by the name that the model gives it.
pub type Manifests<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Reads a model file's `text`; `manifests` finds the manifests it names.
///
/// # Errors
///
/// As [`read`].
pub fn parse(
    path: &Path,
    text: &str,
    profile: Option<&'static Profile>,
    manifests: Manifests<'_>,
) -> Result<ModelFile, ModelError> {
    let reader = Reader { path, text, manifests };
    if text.trim().is_empty() {
        return Err(reader.error("the file is empty", None));
    }
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().to_owned();
        ModelError { help: text::meant_by_serde(&message), ..reader.error(message, error.span()) }
    })?;
    reader.model(&file, profile)
}

/// `spec` of a `DaemonSet`.
type DaemonSetSpecification = k8s_openapi::api::apps::v1::DaemonSetSpec;

/// A template of the file, with what its manifest says beside it.
#[derive(Clone)]
struct ReadTemplate {
    spec: TemplateSpec,
    pod_spec: PodSpec,
    manifest: Option<DaemonSetSpecification>,
}

/// Adds every template once more, as an upgraded controller serialises it (DS-B52).
fn reserialise(templates: &mut Vec<ReadTemplate>) {
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

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    manifests: Manifests<'a>,
}

type Read<T> = Result<T, ModelError>;

impl Reader<'_> {
    fn error(&self, message: impl Into<String>, span: Option<Range<usize>>) -> ModelError {
        ModelError { message: message.into(), path: self.path.to_owned(), text: self.text.to_owned(), span, help: None }
    }

    /// An error about a key that is somewhere in the text.
    fn at_key(&self, key: &str, message: impl Into<String>) -> ModelError {
        let part_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let is_whole = |at: usize| {
            !self.text[..at].ends_with(part_of_name) && !self.text[at + key.len()..].starts_with(part_of_name)
        };
        let found = self.text.match_indices(key).map(|(at, _)| at).filter(|at| is_whole(*at)).find(|at| {
            let line = &self.text[self.text[..*at].rfind('\n').map_or(0, |newline| newline + 1)..*at];
            line.trim().is_empty() || line.contains('[') || line.contains('{') || line.contains(',')
        });
        self.error(message, found.map(|at| at..at + key.len()))
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }

    fn model(&self, file: &File, instead: Option<&'static Profile>) -> Read<ModelFile> {
        let own = match &file.profile {
            None => Profile::named("v1.36").expect("the default profile exists"),
            Some(name) => Profile::named(name.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name).collect();
                let error = self.error(format!("no profile is called `{}`", name.get_ref()), Some(name.span()));
                let all = format!("profiles: {}", known.join(", "));
                ModelError { help: Some(text::did_you_mean(name.get_ref(), known, all)), ..error }
            })?,
        };
        let profile = instead.unwrap_or(own);
        let mut switches = profile.switches;
        for (name, value) in &file.switches {
            if let Some((_, reason)) = NOT_EXPRESSED.iter().find(|(refused, _)| refused == name) {
                let message = format!("the model does not express switch `{name}`: {reason}");
                return Err(self.error(message, Some(value.span())));
            }
            switches.set(name, value.get_ref()).map_err(|error| {
                let meant = match &error {
                    SwitchError::UnknownSwitch { switch } => {
                        text::meant(switch, Switches::alphabet().into_iter().map(|(known, _)| known))
                    }
                    SwitchError::UnknownValue { value, values, .. } => text::meant(value, values.iter().copied()),
                };
                let help = meant.map(|known| format!("did you mean `{known}`?"));
                ModelError { help, ..self.error(error.to_string(), Some(value.span())) }
            })?;
        }
        let rules = profile.placement;
        let mut variants = self.variants(&file.variants)?;
        let declared_names: Vec<String> = variants.iter().map(|(name, _)| name.clone()).collect();
        let nodes = self.nodes(&file.nodes, &declared_names)?;
        if file.node_lifecycle {
            variants.extend(node_lifecycle::unreachable(&variants));
        }
        let variant_names: Vec<String> = variants.iter().map(|(name, _)| name.clone()).collect();
        let mut templates = self.templates(&file.templates)?;
        let declared_templates = templates.len();
        if switches.serialisation == Serialisation::Versioned {
            reserialise(&mut templates);
        }
        let placement = templates
            .iter()
            .map(|read| {
                let template = PodTemplateSpec { spec: Some(read.pod_spec.clone()), ..PodTemplateSpec::default() };
                let check = PlacementCheck::compile(&template, rules);
                let on = |node: &RealNode| Placement::from(check.node_should_run_daemon_pod(&NodeView::of(node)));
                variants.iter().map(|(_, node)| on(node)).collect()
            })
            .collect();
        let (strategies, own_strategies) = if file.strategies.is_empty() {
            self.strategies_of_manifests(&templates)?
        } else {
            (self.strategies(&file.strategies)?, vec![0; templates.len()])
        };
        let daemon_sets = self.daemon_sets(&file.daemon_sets)?;
        let names = command::Names {
            nodes: nodes.iter().map(|node: &NodeSpec| node.name.as_str()).collect(),
            variants: declared_names.iter().map(String::as_str).collect(),
            templates: templates[..declared_templates].iter().map(|template| template.spec.name.as_str()).collect(),
            own_strategies,
            strategies: strategies.iter().map(|strategy: &StrategySpec| strategy.name.as_str()).collect(),
            daemon_sets: daemon_sets.iter().map(|one: &DaemonSetSpec| one.name.as_str()).collect(),
        };
        let mut users = Vec::new();
        for script in &file.users {
            let mut commands = Vec::new();
            for text in script {
                let command =
                    command::parse(text.get_ref(), &names).map_err(|message| self.error(message, Some(text.span())))?;
                commands.push(command);
            }
            users.push(commands);
        }
        let lifecycle = self.lifecycle(&file.lifecycle, &names)?;
        let start = match file.start.as_ref().map(|start| (start.get_ref().as_str(), start.span())) {
            None | Some(("empty", _)) => Start::Empty,
            Some(("settled", _)) => Start::Settled,
            Some((other, span)) => {
                return Err(self.error(format!("start is `empty` or `settled`, not `{other}`"), Some(span)));
            }
        };
        let controller = match file.controller.as_ref().map(|one| (one.get_ref().as_str(), one.span())) {
            None | Some(("upstream", _)) => ControllerKind::Upstream,
            Some(("deterministic-names", _)) => ControllerKind::DeterministicNames,
            Some((other, span)) => {
                let message = format!("controller is `upstream` or `deterministic-names`, not `{other}`");
                return Err(self.error(message, Some(span)));
            }
        };
        let lag = Lag {
            daemon_sets: file.lag.daemon_sets,
            revisions: file.lag.revisions,
            pods: file.lag.pods,
            nodes: file.lag.nodes,
            handlers: file.lag.handlers,
        };
        if [lag.daemon_sets, lag.revisions, lag.pods, lag.nodes].contains(&0) {
            return Err(self.at_key("lag", "a watch holds at least one undelivered commit: 0 would never deliver any"));
        }
        let lagging_lists = self.lagging_lists(&file.lagging_lists)?;
        let name = self.path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let node_lifecycle = file.node_lifecycle.then(|| NodeLifecycle {
            declared: u8::try_from(declared_names.len()).unwrap_or(u8::MAX),
            evicts: node_lifecycle::evictions(templates.iter().map(|read| &read.pod_spec), &variants, rules),
        });
        let pod_specs = templates.iter().map(|template| template.pod_spec.clone()).collect();
        let scope = Scope {
            name,
            switches,
            controller,
            nodes,
            variants: variant_names,
            templates: templates.into_iter().map(|template| template.spec).collect(),
            placement,
            strategies,
            daemon_sets,
            users,
            overlapping_selectors: file.overlapping_selectors,
            lag,
            lagging_lists,
            faults: file.faults.map(|budget| budget.as_ref().map_or(0, |one| *one.get_ref())),
            lifecycle,
            node_lifecycle,
            capacity: Capacity { pods: file.capacity.pods, revision_number: file.capacity.revision_number },
            start,
        };
        self.limits(&scope)?;
        Ok(ModelFile {
            path: self.path.to_owned(),
            text: self.text.to_owned(),
            about: file.about.trim().to_owned(),
            profile,
            scope,
            pod_specs,
            node_variants: variants.into_iter().map(|(_, node)| node).collect(),
            expect: self.expectations(&file.expect)?,
            until_broken: file.until_broken,
            lines: self.lines(file),
            pinned: file.graph.as_ref().map(|graph| Pinned {
                unique_states: graph.get_ref().unique_states,
                depth: graph.get_ref().depth,
                line: self.line_of(graph.span().start),
            }),
        })
    }

    fn lines(&self, file: &File) -> Lines {
        let script = |script: &Vec<Spanned<String>>| script.iter().map(|one| self.line_of(one.span().start)).collect();
        let budget = |budget: &Budget| budget.as_ref().map_or(0, |one| self.line_of(one.span().start));
        Lines {
            commands: file.users.iter().map(script).collect(),
            faults: file.faults.map(budget).to_array(),
            lifecycle: file.lifecycle.iter().map(|rule| self.line_of(rule.span().start)).collect(),
        }
    }

    /// What the model's numbers can hold.
    fn limits(&self, scope: &Scope) -> Read<()> {
        let limit = |key: &str, what: &str, count: usize, most: usize| {
            if count == 0 || count > most {
                return Err(self.at_key(key, format!("a model has 1 to {most} {what}, not {count}")));
            }
            Ok(())
        };
        limit("nodes", "nodes", scope.nodes.len(), 6)?;
        let declared = scope.node_lifecycle.as_ref().map_or(scope.variants.len(), |one| usize::from(one.declared));
        limit("variants", "node variants", declared, 8)?;
        let twice = usize::from(scope.switches.serialisation == Serialisation::Versioned);
        limit("templates", "templates", scope.templates.len() >> twice, 8 >> twice)?;
        limit("strategies", "strategies", scope.strategies.len(), 8)?;
        limit("daemon_sets", "DaemonSets", scope.daemon_sets.len(), 2)?;
        if scope.users.len() > 4 {
            return Err(self.at_key("users", format!("a model has at most 4 users, not {}", scope.users.len())));
        }
        let commands: usize = scope.users.iter().map(Vec::len).sum();
        if commands > COMMANDS_MAX {
            let message = format!("the scripts of a model have at most {COMMANDS_MAX} commands, not {commands}");
            return Err(self.at_key("users", message));
        }
        if scope.lifecycle.len() > LIFECYCLE_RULES_MAX {
            let count = scope.lifecycle.len();
            let message = format!("a model has at most {LIFECYCLE_RULES_MAX} lifecycle rules, not {count}");
            return Err(self.at_key("lifecycle", message));
        }
        if scope.capacity.pods > 40 {
            return Err(self.at_key("capacity", "a model holds at most 40 pods"));
        }
        Ok(())
    }

    fn lagging_lists(&self, types: &[Spanned<String>]) -> Read<LaggingLists> {
        let mut lists = LaggingLists { daemon_sets: false, revisions: false, pods: false, nodes: false };
        for one in types {
            match one.get_ref().as_str() {
                "daemon_sets" => lists.daemon_sets = true,
                "revisions" => lists.revisions = true,
                "pods" => lists.pods = true,
                "nodes" => lists.nodes = true,
                other => {
                    let message =
                        format!("a lagging list is of daemon_sets, revisions, pods or nodes, not of `{other}`");
                    return Err(self.error(message, Some(one.span())));
                }
            }
        }
        Ok(lists)
    }

    fn variants(&self, table: &toml::Table) -> Read<Vec<(String, RealNode)>> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Variant {
            labels: BTreeMap<String, String>,
            taints: Vec<String>,
        }
        if table.is_empty() {
            return Ok(vec![("plain".to_owned(), RealNode::default())]);
        }
        let mut variants = Vec::new();
        for (name, value) in table {
            let variant: Variant = self.section(name, value)?;
            let mut taints = Vec::new();
            for text in &variant.taints {
                taints.push(parse_taint(text).ok_or_else(|| {
                    self.at_key(text, format!("`{text}` is no taint; write key=value:NoSchedule or key:NoExecute"))
                })?);
            }
            let node = RealNode {
                metadata: ObjectMeta { labels: Some(variant.labels), ..ObjectMeta::default() },
                spec: Some(RealNodeSpec { taints: Some(taints), ..RealNodeSpec::default() }),
                ..RealNode::default()
            };
            variants.push((name.clone(), node));
        }
        Ok(variants)
    }

    fn section<T: serde::de::DeserializeOwned>(&self, name: &str, value: &toml::Value) -> Read<T> {
        value.clone().try_into().map_err(|error: toml::de::Error| {
            let help = text::meant_by_serde(error.message());
            ModelError { help, ..self.at_key(name, format!("in `{name}`: {}", error.message().trim())) }
        })
    }

    fn nodes(&self, table: &toml::Table, variants: &[String]) -> Read<Vec<NodeSpec>> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Node {
            variant: Option<String>,
            #[serde(default)]
            absent: bool,
            kubelet: Option<String>,
            room: Option<bool>,
        }
        let mut nodes = Vec::new();
        for (name, value) in table {
            let node = if let toml::Value::String(variant) = value {
                Node { variant: Some(variant.clone()), absent: false, kubelet: None, room: None }
            } else {
                self.section(name, value)?
            };
            let variant = node.variant.as_deref().unwrap_or(&variants[0]);
            let index = variants.iter().position(|known| known == variant).ok_or_else(|| {
                self.at_key(
                    name,
                    format!("node `{name}`: no variant is called `{variant}`; there are {}", variants.join(", ")),
                )
            })?;
            let kubelet = match node.kubelet.as_deref() {
                None | Some("runs") => KubeletKind::Runs,
                Some("rejects") => KubeletKind::Rejects,
                Some("silent") => KubeletKind::Silent,
                Some("away") => KubeletKind::Away,
                Some("keeps") => KubeletKind::Keeps,
                Some(other) => {
                    let message = format!(
                        "node `{name}`: a kubelet `runs`, `rejects`, `keeps`, or is `silent` or `away`, not `{other}`"
                    );
                    return Err(self.at_key(name, message));
                }
            };
            nodes.push(NodeSpec {
                name: name.clone(),
                variant: (!node.absent).then(|| u8::try_from(index).unwrap_or(u8::MAX)),
                kubelet,
                room: node.room.unwrap_or(true),
            });
        }
        Ok(nodes)
    }

    fn templates(&self, table: &toml::Table) -> Read<Vec<ReadTemplate>> {
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
        let named = |of: Option<&str>| {
            of.map(|name| {
                command::position(&known, name)
                    .ok_or_else(|| self.at_key(name, format!("no template is called `{name}`")))
            })
            .transpose()
        };
        let mut templates = Vec::new();
        for (name, value) in table {
            let template: Template = self.section(name, value)?;
            let mut of_manifest = None;
            let mut spec = match (&template.manifest, template.spec) {
                (Some(_), Some(_)) => {
                    return Err(self.at_key(name, format!("template `{name}` has both a manifest and a spec")));
                }
                (Some(manifest), None) => {
                    let specification = self.manifest(name, manifest)?;
                    let spec = specification.template.spec.clone().unwrap_or_default();
                    of_manifest = Some(specification);
                    spec
                }
                (None, spec) => {
                    let spec = spec.unwrap_or_else(|| serde_json::json!({}));
                    let (spec, unknown) = with_unknown_fields(spec)
                        .map_err(|error| self.at_key(name, format!("template `{name}`: {error}")))?;
                    if let Some(field) = unknown.first() {
                        let message = format!("template `{name}`: a pod spec has no field `{field}`");
                        return Err(self.at_key(field.rsplit('.').next().unwrap_or(field), message));
                    }
                    spec
                }
            };
            if let (Some(image), Some(container)) = (&template.image, spec.containers.first_mut()) {
                container.image = Some(image.clone());
            }
            let pods = match template.pods.as_deref() {
                None | Some("ready") => PodFate::Ready,
                Some("never-ready") => PodFate::NeverReady,
                Some("fail") => PodFate::Fail,
                Some(other) => {
                    let message =
                        format!("template `{name}`: pods become `ready`, are `never-ready` or `fail`, not `{other}`");
                    return Err(self.at_key(name, message));
                }
            };
            let collides_with = named(template.collides_with.as_deref())?;
            let normalised = named(template.normalised.as_deref())?;
            let host_ports = host_ports(&spec);
            let template =
                TemplateSpec { name: name.clone(), pods, collides_with, normalised, reserialised: None, host_ports };
            templates.push(ReadTemplate { spec: template, pod_spec: spec, manifest: of_manifest });
        }
        Ok(templates)
    }

    /// The spec of the only `DaemonSet` in a manifest: YAML or JSON, of one document, several, or a `List`.
    fn manifest(&self, name: &str, manifest: &str) -> Read<DaemonSetSpecification> {
        let fail = |message: String| self.at_key(manifest, format!("template `{name}`: {message}"));
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
        let (daemon_set, unknown): (RealDaemonSet, _) =
            with_unknown_fields(found.remove(0)).map_err(|error| fail(format!("{manifest}: {error}")))?;
        if let Some(field) = unknown.first() {
            return Err(fail(format!("{manifest}: a DaemonSet has no field `{field}`")));
        }
        daemon_set
            .spec
            .filter(|spec| spec.template.spec.is_some())
            .ok_or_else(|| fail(format!("the DaemonSet of {manifest} has no template")))
    }

    /// The strategies of the manifests of `templates`, in their order and each once, for a file that states none; and for
    /// each template which of them is its own.
    fn strategies_of_manifests(&self, templates: &[ReadTemplate]) -> Read<(Vec<StrategySpec>, Vec<u8>)> {
        let mut tables: Vec<(String, toml::Table)> = Vec::new();
        let mut own = Vec::new();
        for template in templates {
            let table = template.manifest.as_ref().map(strategy_table).unwrap_or_default();
            let known = tables.iter().position(|(_, other)| *other == table);
            let index = known.unwrap_or(tables.len());
            if known.is_none() {
                let name = if table.is_empty() { "rolling".to_owned() } else { template.spec.name.clone() };
                tables.push((name, table));
            }
            own.push(u8::try_from(index).unwrap_or(u8::MAX));
        }
        let tables = tables.into_iter().map(|(name, table)| (name, toml::Value::Table(table)));
        Ok((self.strategies(&tables.collect())?, own))
    }

    fn strategies(&self, table: &toml::Table) -> Read<Vec<StrategySpec>> {
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
        let mut strategies = Vec::new();
        for (name, value) in table {
            let strategy: Strategy = self.section(name, value)?;
            let limit = |value: &Option<toml::Value>, default: i32| match value {
                None => Ok(Limit::Number(default)),
                Some(toml::Value::Integer(number)) => {
                    i32::try_from(*number).ok().filter(|number| *number >= 0).map(Limit::Number).ok_or(())
                }
                Some(toml::Value::String(text)) => {
                    let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
                    percent.filter(|percent| (0..=100).contains(percent)).map(Limit::Percent).ok_or(()) // OBJ-6
                }
                Some(_) => Err(()),
            };
            let invalid = |()| {
                let message =
                    format!("strategy `{name}`: a limit is a number from 0 or a percentage from \"0%\" to \"100%\"");
                self.at_key(name, message)
            };
            for (field, value) in [
                ("minReadySeconds", strategy.min_ready_seconds),
                ("revisionHistoryLimit", strategy.revision_history_limit),
            ] {
                if value < 0 {
                    let message = format!("strategy `{name}`: {field} is at least 0, not {value}"); // OBJ-7
                    return Err(self.at_key(name, message));
                }
            }
            // Defaulting (OBJ-5): maxSurge 0, and maxUnavailable 1 unless surge is asked for.
            let surges = strategy.max_surge.is_some();
            let max_unavailable = limit(&strategy.max_unavailable, i32::from(!surges)).map_err(invalid)?;
            let max_surge = limit(&strategy.max_surge, 0).map_err(invalid)?;
            let nothing = |limit| matches!(limit, Limit::Number(0) | Limit::Percent(0));
            if nothing(max_unavailable) == nothing(max_surge) && strategy.r#type == "RollingUpdate" {
                let message = format!(
                    "strategy `{name}`: exactly one of maxUnavailable and maxSurge is not 0 (the API server refuses the rest)"
                );
                return Err(self.at_key(name, message));
            }
            let kind = match strategy.r#type.as_str() {
                "RollingUpdate" => UpdateStrategy::RollingUpdate(Some(RollingUpdate { max_unavailable, max_surge })),
                "OnDelete" => UpdateStrategy::OnDelete,
                other => {
                    let message = format!("strategy `{name}`: type is RollingUpdate or OnDelete, not `{other}`");
                    return Err(self.at_key(name, message));
                }
            };
            strategies.push(StrategySpec {
                name: name.clone(),
                strategy: kind,
                min_ready_seconds: strategy.min_ready_seconds,
                revision_history_limit: strategy.revision_history_limit,
            });
        }
        Ok(strategies)
    }

    fn daemon_sets(&self, table: &toml::Table) -> Read<Vec<DaemonSetSpec>> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct One {
            selects_unlabelled: bool,
        }
        if table.is_empty() {
            return Ok(vec![DaemonSetSpec { name: "ds".to_owned(), selects_unlabelled: false }]);
        }
        table
            .iter()
            .map(|(name, value)| {
                let one: One = self.section(name, value)?;
                Ok(DaemonSetSpec { name: name.clone(), selects_unlabelled: one.selects_unlabelled })
            })
            .collect()
    }

    fn lifecycle(&self, rules: &[Spanned<LifecycleFile>], names: &command::Names<'_>) -> Read<Vec<LifecycleRule>> {
        rules
            .iter()
            .map(Spanned::get_ref)
            .map(|rule| {
                let index_of = |kind: &str, list: &[&str], name: &str| {
                    command::position(list, name)
                        .ok_or_else(|| self.at_key(name, format!("no {kind} is called `{name}`")))
                };
                Ok(LifecycleRule {
                    daemon_set: rule
                        .daemon_set
                        .as_deref()
                        .map_or(Ok(0), |name| index_of("DaemonSet", &names.daemon_sets, name))?,
                    when_ready: rule.when_ready,
                    from: index_of("variant", &names.variants, &rule.from)?,
                    to: index_of("variant", &names.variants, &rule.to)?,
                })
            })
            .collect()
    }

    fn expectations(&self, expect: &BTreeMap<String, Spanned<ExpectFile>>) -> Read<Vec<Expectation>> {
        let mut expectations = Vec::new();
        for (id, spanned) in expect {
            let at = spanned.span();
            let property = Property::named(id).ok_or_else(|| {
                let known: Vec<&str> = crate::property::ALL.iter().map(|property| property.id()).collect();
                let all = format!("properties: {}", known.join(", "));
                let help = Some(text::did_you_mean(id, known, all));
                ModelError { help, ..self.at_key(id, format!("no property is called `{id}`")) }
            })?;
            let file = spanned.get_ref();
            let verdict = match (file.verdict.as_str(), file.length) {
                ("none-found", None) => ExpectedVerdict::NoneFound,
                ("holds", None) => ExpectedVerdict::Holds,
                ("vacuous", None) => ExpectedVerdict::Vacuous,
                ("violated", length) => ExpectedVerdict::Violated(length),
                ("none-found" | "holds" | "vacuous", Some(_)) => {
                    let message = format!("`{id}` is expected `{}`, which has no length", file.verdict);
                    return Err(self.error(message, Some(at)));
                }
                (other, _) => {
                    let message = format!(
                        "`{id}` is expected to be `holds`, `vacuous`, `none-found` or `violated`, not `{other}`"
                    );
                    return Err(self.error(message, Some(at)));
                }
            };
            expectations.push(Expectation {
                property,
                verdict,
                because: file.because.clone(),
                line: self.line_of(at.start),
            });
        }
        expectations.sort_by_key(|expectation| expectation.property);
        Ok(expectations)
    }
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

/// `key=value:Effect` or `key:Effect`.
fn parse_taint(text: &str) -> Option<Taint> {
    let (left, effect) = text.rsplit_once(':')?;
    if !matches!(effect, "NoSchedule" | "NoExecute" | "PreferNoSchedule") || left.is_empty() {
        return None;
    }
    let (key, value) = match left.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (left, None),
    };
    Some(Taint { key: key.to_owned(), value, effect: effect.to_owned(), ..Taint::default() })
}
