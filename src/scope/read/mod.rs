//! Model files: a scope and what is expected of it, as TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Node as RealNode, PodSpec, PodTemplateSpec};
use serde::Deserialize;
use toml::Spanned;

mod nodes;
mod place;
mod shape;
mod templates;

use self::place::Places;
use self::shape::{Budget, ExpectFile, File, LifecycleFile};
use self::templates::{ReadTemplate, reserialise};
use super::command;
use super::node_lifecycle;
use super::types::{
    Capacity, ControllerKind, DaemonSetSpec, FAULTS, LIFECYCLE_RULES_MAX, Lag, LaggingLists, LifecycleRule,
    NodeLifecycle, NodeSpec, Scope, Start,
};
use crate::controller::record::Placement;
use crate::manifest::node::NodeView;
use crate::manifest::placement::Placement as PlacementCheck;
use crate::property::Property;
use crate::release::placement::{self, PlacementRules};
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
    /// Where its verdict stands in the file.
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

/// Switches that profiles have and no step of the model depends on, and why; see `ARCHITECTURE.md`.
const NOT_EXPRESSED: &[(&str, &str)] = &[
    ("absent_limit", "the API server fills in every limit"),
    ("node_updates", "only labels and taints of the model's nodes change"),
    ("succeeded_pods", "no pod of the model succeeds"),
    ("available_at", "the model has no clock, so no pod is ready for exactly minReadySeconds"),
    ("history_listing", "the model has one namespace"),
    ("invalid_selectors", "the model's API server accepts no selector that does not parse"),
];

/// Commands of all scripts: what counts them, such as generations and uids, fits a byte.
const COMMANDS_MAX: usize = 60;

/// Pods that a model may have room for.
const PODS_MAX: u8 = 40;
/// The largest number of a revision: a sync may give one number more, in a byte.
const REVISION_NUMBER_MAX: u8 = 200;
/// The most events that may wait in one stream, or notifications for one handler: with [`PODS_MAX`] a type's versions, store
/// and two processes together, fit a byte.
const LAG_MAX: u8 = 20;

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
    let text = text::decode(bytes).map_err(|line| fail(format!("line {line}: the text is not UTF-8")))?;
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
    let reader = Reader { path, text, manifests, places: Places::of(text) };
    if text.trim().is_empty() {
        return Err(reader.error("the file is empty", None));
    }
    let file: File = toml::from_str(text).map_err(|error| reader.of_toml(&error, String::new()))?;
    reader.model(&file, profile)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    manifests: Manifests<'a>,
    places: Places<'a>,
}

type Read<T> = Result<T, ModelError>;

impl Reader<'_> {
    fn error(&self, message: impl Into<String>, span: Option<Range<usize>>) -> ModelError {
        ModelError { message: message.into(), path: self.path.to_owned(), text: self.text.to_owned(), span, help: None }
    }

    /// An error about what stands at `path`: keys, and numbers of list items.
    fn at(&self, path: &[&str], message: impl Into<String>) -> ModelError {
        self.error(message, self.places.span(path))
    }

    /// An error that the TOML reader found; `context` goes before its words.
    fn of_toml(&self, error: &toml::de::Error, context: String) -> ModelError {
        let message = error.message().trim();
        let help = text::meant_by_serde(message);
        ModelError { help, ..self.error(context + &text::in_plain_words(message), error.span()) }
    }

    /// A name that scripts and messages can say: letters, digits, `-`, `_` and `.`.
    fn names(&self, section: &str, table: &toml::Table) -> Read<()> {
        let speakable = |name: &str| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        };
        match table.keys().find(|name| !speakable(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("a name is made of letters, digits, `-`, `_` and `.`: `{name}` is none");
                Err(self.at(&[section, name], message))
            }
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }

    fn model(&self, file: &File, instead: Option<&'static Profile>) -> Read<ModelFile> {
        let own = match &file.profile {
            None => Profile::named("v1.36").expect("the default profile exists"),
            Some(name) => Profile::named(name.get_ref()).ok_or_else(|| {
                let error = self.error(format!("no profile is called `{}`", name.get_ref()), Some(name.span()));
                ModelError { help: Some(Profile::instead_of(name.get_ref())), ..error }
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
                let (kind, word, known, span) = match &error {
                    SwitchError::UnknownSwitch { switch } => {
                        let known = Switches::alphabet().into_iter().map(|(known, _)| known).collect();
                        ("switches", switch, known, self.places.key_span(&["switches", name]))
                    }
                    SwitchError::UnknownValue { value: word, values, .. } => {
                        ("values", word, values.clone(), Some(value.span()))
                    }
                };
                let all = format!("{kind}: {}", known.join(", "));
                let help = Some(text::did_you_mean(word, known, all));
                ModelError { help, ..self.error(error.to_string(), span) }
            })?;
        }
        let sections = [
            ("nodes", &file.nodes),
            ("variants", &file.variants),
            ("templates", &file.templates),
            ("strategies", &file.strategies),
            ("daemon_sets", &file.daemon_sets),
        ];
        for (section, table) in sections {
            self.names(section, table)?;
        }
        let rules = profile.placement;
        let mut variants = self.variants(&file.variants)?;
        let declared_names: Vec<String> = variants.iter().map(|(name, _)| name.clone()).collect();
        let nodes = self.nodes(&file.nodes, &declared_names)?;
        if file.node_lifecycle {
            variants.extend(node_lifecycle::unreachable(&variants));
        }
        let variant_names: Vec<String> = variants.iter().map(|(name, _)| name.clone()).collect();
        let mut templates = self.templates(&file.templates, rules)?;
        let declared_templates = templates.len();
        if switches.serialisation == Serialisation::Versioned {
            reserialise(&mut templates);
        }
        let placed = |spec: &PodSpec, rules: PlacementRules| -> Vec<Placement> {
            let template = PodTemplateSpec { spec: Some(spec.clone()), ..PodTemplateSpec::default() };
            let check = PlacementCheck::compile(&template, rules);
            let on = |node: &RealNode| Placement::from(check.node_should_run_daemon_pod(&NodeView::of(node)));
            variants.iter().map(|(_, node)| on(node)).collect()
        };
        let placement = templates.iter().map(|read| placed(&read.pod_spec, rules)).collect();
        let admits = |read: &ReadTemplate| {
            let mut created = read.pod_spec.clone();
            if let Some(affinity) = created.affinity.as_mut().and_then(|affinity| affinity.node_affinity.as_mut()) {
                affinity.required_during_scheduling_ignored_during_execution = None;
            }
            // The scheduler looks at taints, whether or not the controller of the release does (LEG-9).
            let scheduler = PlacementRules { placed_by: placement::PlacedBy::Scheduler, ..rules };
            placed(&created, scheduler).iter().map(|placement| placement.should_run).collect()
        };
        let admits = templates.iter().map(admits).collect();
        let (strategies, own_strategies) = if file.strategies.is_empty() {
            self.strategies_of_manifests(&templates, switches.surge)?
        } else {
            (self.strategies(&file.strategies, switches.surge)?, vec![0; templates.len()])
        };
        let daemon_sets = self.daemon_sets(&file.daemon_sets)?;
        let names = command::Names {
            nodes: nodes.iter().map(|node: &NodeSpec| node.name.as_str()).collect(),
            variants: declared_names.iter().map(String::as_str).collect(),
            templates: templates[..declared_templates].iter().map(|template| template.spec.name.as_str()).collect(),
            own_strategies,
            strategies: strategies.iter().map(|strategy| strategy.name.as_str()).collect(),
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
        let lags =
            [("daemon_sets", lag.daemon_sets), ("revisions", lag.revisions), ("pods", lag.pods), ("nodes", lag.nodes)];
        if let Some((key, _)) = lags.into_iter().find(|(_, lag)| *lag == 0) {
            let message = "a watch holds at least one undelivered commit: 0 would never deliver any";
            return Err(self.at(&["lag", key], message));
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
            admits,
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
        let expect = self.expectations(&file.expect)?;
        let ends_early = expect.iter().any(|one| matches!(one.verdict, ExpectedVerdict::Violated(_)));
        if file.until_broken && !ends_early {
            let message = "no claim is expected to be violated, so the search would have nothing to end at";
            return Err(self.at(&["until_broken"], message));
        }
        Ok(ModelFile {
            path: self.path.to_owned(),
            text: self.text.to_owned(),
            about: file.about.trim().to_owned(),
            profile,
            scope,
            pod_specs,
            node_variants: variants.into_iter().map(|(_, node)| node).collect(),
            expect,
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
                return Err(self.at(&[key], format!("a model has 1 to {most} {what}, not {count}")));
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
            return Err(self.at(&["users"], format!("a model has at most 4 users, not {}", scope.users.len())));
        }
        let commands: usize = scope.users.iter().map(Vec::len).sum();
        if commands > COMMANDS_MAX {
            let message = format!("the scripts of a model have at most {COMMANDS_MAX} commands, not {commands}");
            return Err(self.at(&["users"], message));
        }
        if scope.lifecycle.len() > LIFECYCLE_RULES_MAX {
            let count = scope.lifecycle.len();
            let message = format!("a model has at most {LIFECYCLE_RULES_MAX} lifecycle rules, not {count}");
            return Err(self.at(&["lifecycle"], message));
        }
        let capacity = &scope.capacity;
        if capacity.pods == 0 || capacity.pods > PODS_MAX {
            let message = format!("a model has room for 1 to {PODS_MAX} pods, not {}", capacity.pods);
            return Err(self.at(&["capacity", "pods"], message));
        }
        if capacity.revision_number == 0 {
            return Err(
                self.at(&["capacity", "revision_number"], "the first revision has the number 1, so 0 is no bound")
            );
        }
        if capacity.revision_number > REVISION_NUMBER_MAX {
            let message =
                format!("revision numbers go up to {REVISION_NUMBER_MAX} in a model, not {}", capacity.revision_number);
            return Err(self.at(&["capacity", "revision_number"], message));
        }
        let Lag { daemon_sets, revisions, pods, nodes, handlers } = scope.lag;
        let lags = [
            ("daemon_sets", daemon_sets),
            ("revisions", revisions),
            ("pods", pods),
            ("nodes", nodes),
            ("handlers", handlers),
        ];
        if let Some((name, lag)) = lags.into_iter().find(|(_, lag)| *lag > LAG_MAX) {
            return Err(
                self.at(&["lag", name], format!("a watch or handler lags by at most {LAG_MAX} events, not {lag}"))
            );
        }
        if scope.faults.second_leader > 1 {
            let count = scope.faults.second_leader;
            return Err(
                self.at(&["faults", "second_leader"], format!("a model has at most one second leader, not {count}"))
            );
        }
        let waits: BTreeSet<i32> =
            scope.strategies.iter().map(|strategy| strategy.min_ready_seconds).filter(|wait| *wait > 0).collect();
        if waits.len() > 1 {
            let message = format!(
                "the strategies of a model may wait for one minReadySeconds beside 0, not for {}: a pod has been ready for \
                 so long or it has not",
                waits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
            );
            return Err(self.at(&["strategies"], message));
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

    /// The entry `name` of a section.
    fn section<T: serde::de::DeserializeOwned>(&self, section: &str, name: &str) -> Read<T> {
        let context = format!("in `{section}.{name}`: ");
        self.places.read(&[section, name]).map_err(|error| self.of_toml(&error, context))
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
            .keys()
            .map(|name| {
                let one: One = self.section("daemon_sets", name)?;
                Ok(DaemonSetSpec { name: name.clone(), selects_unlabelled: one.selects_unlabelled })
            })
            .collect()
    }

    fn lifecycle(&self, rules: &[Spanned<LifecycleFile>], names: &command::Names<'_>) -> Read<Vec<LifecycleRule>> {
        rules
            .iter()
            .map(Spanned::get_ref)
            .enumerate()
            .map(|(number, rule)| {
                let number = number.to_string();
                let index_of = |key: &str, kind: &str, list: &[&str], name: &str| {
                    command::position(list, name)
                        .ok_or_else(|| self.at(&["lifecycle", &number, key], format!("no {kind} is called `{name}`")))
                };
                if rule.from == rule.to {
                    let message = format!("this rule changes nothing: the node is `{}` before and after", rule.to);
                    return Err(self.at(&["lifecycle", &number, "to"], message));
                }
                Ok(LifecycleRule {
                    daemon_set: rule
                        .daemon_set
                        .as_deref()
                        .map_or(Ok(0), |name| index_of("daemon_set", "DaemonSet", &names.daemon_sets, name))?,
                    when_ready: rule.when_ready,
                    from: index_of("from", "variant", &names.variants, &rule.from)?,
                    to: index_of("to", "variant", &names.variants, &rule.to)?,
                })
            })
            .collect()
    }

    fn expectations(&self, expect: &BTreeMap<String, Spanned<ExpectFile>>) -> Read<Vec<Expectation>> {
        let mut expectations = Vec::new();
        for (id, spanned) in expect {
            let property = Property::named(id).ok_or_else(|| {
                let known: Vec<&str> = crate::property::ALL.iter().map(|property| property.id()).collect();
                let all = format!("properties: {}", known.join(", "));
                let help = Some(text::did_you_mean(id, known, all));
                ModelError {
                    help,
                    ..self.error(format!("no property is called `{id}`"), self.places.key_span(&["expect", id]))
                }
            })?;
            let file = spanned.get_ref();
            let stated = file.verdict.span();
            let verdict = match (file.verdict.get_ref().as_str(), file.length) {
                ("none-found", None) => ExpectedVerdict::NoneFound,
                ("holds", None) => ExpectedVerdict::Holds,
                ("vacuous", None) => ExpectedVerdict::Vacuous,
                ("violated", length) => ExpectedVerdict::Violated(length),
                ("none-found" | "holds" | "vacuous", Some(_)) => {
                    let message = format!("`{id}` is expected `{}`, which has no length", file.verdict.get_ref());
                    return Err(self.at(&["expect", id, "length"], message));
                }
                (other, _) => {
                    let message = format!(
                        "`{id}` is expected to be `holds`, `vacuous`, `none-found` or `violated`, not `{other}`"
                    );
                    return Err(self.error(message, Some(stated)));
                }
            };
            expectations.push(Expectation {
                property,
                verdict,
                because: file.because.clone(),
                line: self.line_of(stated.start),
            });
        }
        expectations.sort_by_key(|expectation| expectation.property);
        Ok(expectations)
    }
}
