//! `everynode placement`: on which nodes may the pods of a `DaemonSet` run, and why not on the others?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Node;
use serde::Serialize;

use super::args::Format;
use super::input::{InputError, Inputs, display_name};
use super::layout::{GOOD, KNOWN, UNTOLD, padded, painted, wrapped};
use super::placement_args::GateError;
pub use super::placement_args::PlacementArgs;
use crate::manifest::daemon_set::{defaulted_template, name, namespace, refused, uid};
use crate::manifest::documents::{Documents, Kind, UnknownField};
use crate::manifest::legacy::LegacyPlacement;
use crate::manifest::node::{self, NodeView};
use crate::manifest::placement::{Eligibility, NodePlacement, Placement};
use crate::manifest::pod::PodsByNode;
use crate::manifest::quantity::QuantityError;
use crate::release::placement::{PlacedBy, PlacementRules};

/// Up to this many nodes each has a row; more are summed up by reason.
const ROWS_MAX: usize = 50;
/// How many nodes a summed-up row names as examples.
const EXAMPLES_MAX: usize = 3;
/// How many unknown fields are warned about one by one.
const WARNINGS_MAX: usize = 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum PlacementError {
    #[error("no DaemonSet in {inputs}{skipped}")]
    #[diagnostic(help("kubectl get daemonset NAME -o yaml prints one"))]
    NoDaemonSet { inputs: String, skipped: String },
    #[error("no Node in {inputs}{skipped}")]
    #[diagnostic(help("kubectl get nodes -o yaml prints them; give the file as --nodes"))]
    NoNode { inputs: String, skipped: String },
    #[error("{place}: the API server would refuse DaemonSet {daemon_set}: {what}")]
    Refused { place: String, daemon_set: String, what: String },
    #[error("Node number {number} has no name")]
    NoName { number: usize },
    #[error("placing DaemonSet {daemon_set}: an amount of its template, of a node or of a pod is wrong")]
    Quantity { daemon_set: String, source: QuantityError },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Gate(#[from] GateError),
    #[error("{field}")]
    #[diagnostic(help("{others}without --strict it is left out of account, as an API server would"))]
    UnknownField { field: String, others: String },
    #[error("cannot write the answer")]
    Write(#[source] io::Error),
}

/// One answer as `--format json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRow<'a> {
    daemon_set: &'a str,
    namespace: &'a str,
    node: &'a str,
    /// A pod is created there if there is none.
    should_run: bool,
    should_continue_running: bool,
    reasons: Vec<String>,
    /// Counted as desired; only where that can differ from `shouldRun` (LEG-3).
    #[serde(skip_serializing_if = "Option::is_none")]
    want_to_run: Option<bool>,
}

/// Whether room and host ports are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Considered,
    /// The controller of the release does not look.
    LeftToScheduler,
    /// It does, but the pods are not known.
    PodsUnknown,
}

/// A `DaemonSet` to be placed, with its place and API version.
struct Asked<'a> {
    daemon_set: &'a DaemonSet,
    place: String,
    api_version: Option<&'a str>,
}

/// The answers for one `DaemonSet`.
struct Answers<'a> {
    asked: Asked<'a>,
    placements: Vec<(&'a Node, NodePlacement)>,
}

/// Answers what was asked, in lines of `width` columns; the exit code.
///
/// # Errors
/// On bad input; nothing has been written to `stdout` then.
pub fn run(
    args: &PlacementArgs,
    width: Option<usize>,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> miette::Result<u8> {
    let rules = args.rules().map_err(PlacementError::Gate)?;
    let mut inputs = Inputs::default();
    let node_files = if args.nodes.is_empty() { &args.filenames } else { &args.nodes };
    for path in args.filenames.iter().chain(node_files).chain(&args.pods) {
        inputs.documents(path).map_err(PlacementError::Input)?;
    }
    let mut daemon_sets = Vec::new();
    for (path, documents) in named(&inputs, &args.filenames) {
        for (daemon_set, origin) in documents.daemon_sets.iter().zip(&documents.origins) {
            let place = format!("{}:{}", display_name(path), origin.line);
            let api_version = origin.api_version.as_deref();
            if let Some(what) = refused(daemon_set, api_version) {
                return Err(PlacementError::Refused { place, daemon_set: key(daemon_set), what }.into());
            }
            daemon_sets.push(Asked { daemon_set, place, api_version });
        }
    }
    let nodes: Vec<_> = named(&inputs, node_files).flat_map(|(_, documents)| &documents.nodes).collect();
    let pods = PodsByNode::of(named(&inputs, &args.pods).flat_map(|(_, documents)| &documents.pods));
    if daemon_sets.is_empty() {
        let (inputs, skipped) = described(&inputs, &args.filenames);
        return Err(PlacementError::NoDaemonSet { inputs, skipped }.into());
    }
    if nodes.is_empty() {
        let (inputs, skipped) = described(&inputs, node_files);
        return Err(PlacementError::NoNode { inputs, skipped }.into());
    }

    if let Some(at) = nodes.iter().position(|node| node.metadata.name.as_ref().is_none_or(String::is_empty)) {
        return Err(PlacementError::NoName { number: at + 1 }.into());
    }

    let unknown = unknown_fields(&inputs, &args.filenames, node_files, &args.pods);
    if let Some(field) = unknown.first().filter(|_| args.strict) {
        let others = match unknown.len() - 1 {
            0 => String::new(),
            1 => "there is another unknown field; ".to_owned(),
            others => format!("there are {others} more unknown fields; "),
        };
        return Err(PlacementError::UnknownField { field: field.clone(), others }.into());
    }

    let room = match (rules.placed_by, args.pods.is_empty()) {
        (PlacedBy::Controller, false) => Room::Considered,
        (PlacedBy::Controller, true) => Room::PodsUnknown,
        (PlacedBy::Scheduler | PlacedBy::SchedulerIgnoringTaints, _) => Room::LeftToScheduler,
    };
    let answered = daemon_sets.into_iter().map(|asked| answer(asked, &nodes, &pods, rules, room));
    let answers = answered.collect::<Result<Vec<_>, _>>()?;

    let remarks = notes(&inputs, &answers, rules, room);
    let (answer, notes_to_stderr) = match args.format {
        Format::Human => (human(&answers, width) + &wrapped_lines(&remarks, width), String::new()),
        Format::Json => (json(&answers, room), remarks),
    };
    let notes_to_stderr = warnings(&unknown) + &notes_to_stderr;
    let written = stderr
        .write_all(notes_to_stderr.as_bytes())
        .and_then(|()| stdout.write_all(answer.as_bytes()))
        .and_then(|()| stdout.flush());
    match written {
        // A reader that has seen enough is content.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(PlacementError::Write(error).into()),
        Ok(()) => Ok(0),
    }
}

fn answer<'a>(
    asked: Asked<'a>,
    nodes: &[&'a Node],
    pods: &PodsByNode<'_>,
    rules: PlacementRules,
    room: Room,
) -> Result<Answers<'a>, PlacementError> {
    let daemon_set = asked.daemon_set;
    let (namespace, uid) = (namespace(daemon_set), uid(daemon_set));
    let legacy = || LegacyPlacement::compile(&defaulted_template(daemon_set), namespace, uid, rules);
    let nodes = nodes.iter().copied();
    let placements: Result<Vec<_>, _> = match room {
        Room::LeftToScheduler => {
            let template = daemon_set.spec.as_ref().map(|spec| &spec.template);
            let placement = Placement::compile(template.expect("the API server refuses others"), rules);
            let explain = |node| (node, placement.explain(&NodeView::of(node)));
            Ok(nodes.map(explain).collect())
        }
        Room::PodsUnknown => legacy().map(|placement| {
            let explain = |node| (node, placement.explain_without_room(&NodeView::of(node)));
            nodes.map(explain).collect()
        }),
        Room::Considered => legacy().and_then(|placement| {
            let explain = |node| Ok((node, placement.explain(node, pods)?));
            nodes.map(explain).collect()
        }),
    };
    let placements = placements.map_err(|source| PlacementError::Quantity { daemon_set: key(daemon_set), source })?;
    Ok(Answers { asked, placements })
}

/// What was read of `paths`, in the order in which it was first named.
fn named<'a>(inputs: &'a Inputs, paths: &'a [PathBuf]) -> impl Iterator<Item = (&'a Path, &'a Documents)> {
    inputs.all().filter(|(path, _)| paths.iter().any(|named| named == path))
}

/// Namespace and name.
fn key(daemon_set: &DaemonSet) -> String {
    format!("{}/{}", namespace(daemon_set), name(daemon_set))
}

/// Names of inputs and what is in them.
fn described(inputs: &Inputs, paths: &[PathBuf]) -> (String, String) {
    let names = paths.iter().map(|path| display_name(path)).collect::<Vec<_>>().join(", ");
    let documents: Vec<_> = named(inputs, paths).map(|(_, documents)| documents).collect();
    let count = |kind: &str, of: fn(&Documents) -> usize| {
        let count: usize = documents.iter().map(|documents| of(documents)).sum();
        (count > 0).then(|| format!("{count} {kind}"))
    };
    let known = [
        count("DaemonSet", |documents| documents.daemon_sets.len()),
        count("Node", |documents| documents.nodes.len()),
        count("Pod", |documents| documents.pods.len()),
    ];
    let skipped = skipped(documents.iter().map(|documents| &documents.skipped));
    let found: Vec<String> = known.into_iter().flatten().chain((!skipped.is_empty()).then_some(skipped)).collect();
    (names, if found.is_empty() { String::new() } else { format!(" (found: {})", found.join(", ")) })
}

/// The kinds that were skipped with their numbers: `3 ConfigMap, 1 Secret`.
fn skipped<'a>(counts: impl Iterator<Item = &'a BTreeMap<String, usize>>) -> String {
    let mut sum: BTreeMap<&str, usize> = BTreeMap::new();
    counts.flatten().for_each(|(kind, count)| *sum.entry(kind).or_default() += count);
    sum.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

fn notes(inputs: &Inputs, answers: &[Answers<'_>], rules: PlacementRules, room: Room) -> String {
    let mut notes = String::new();
    let mut note = |text: &str| {
        notes.push_str(text);
        notes.push('\n');
    };
    match room {
        Room::Considered => {
            note("note: room and host ports are considered as the controller of the release did");
        }
        Room::LeftToScheduler => {
            note(
                "note: resources and host ports are not considered; the scheduler looks at them when a pod is created",
            );
        }
        Room::PodsUnknown => note(
            "note: resources and host ports are not considered, which the controller of the release did; give --pods",
        ),
    }
    match rules.placed_by {
        PlacedBy::SchedulerIgnoringTaints => {
            note("note: the controller of this release looks at no taint here");
        }
        PlacedBy::Controller | PlacedBy::Scheduler => {}
    }
    let without_uid = answers.iter().map(|answers| answers.asked.daemon_set);
    let without_uid = without_uid.filter(|daemon_set| uid(daemon_set).is_empty());
    for daemon_set in without_uid.filter(|_| room == Room::Considered) {
        let name = name(daemon_set);
        note(&format!("note: DaemonSet {name} has no uid, so pods of its own count as others"));
    }
    for Asked { daemon_set, place, api_version } in answers.iter().map(|answers| &answers.asked) {
        let Some(version) = api_version.filter(|version| *version != "apps/v1") else { continue };
        note(&format!(
            "note: {place}: DaemonSet {} is of {version}, which Kubernetes 1.16 removed; it is read as apps/v1",
            name(daemon_set)
        ));
    }
    let skipped = skipped(inputs.all().map(|(_, documents)| &documents.skipped));
    if !skipped.is_empty() {
        note(&format!("note: objects of other kinds were skipped: {skipped}"));
    }
    notes
}

fn json(answers: &[Answers<'_>], room: Room) -> String {
    let rows = answers.iter().flat_map(|Answers { asked: Asked { daemon_set, .. }, placements }| {
        placements.iter().map(move |(node, NodePlacement { eligibility, reasons })| JsonRow {
            daemon_set: name(daemon_set),
            namespace: namespace(daemon_set),
            node: node::name(node),
            should_run: eligibility.should_schedule(),
            should_continue_running: eligibility.should_continue_running(),
            reasons: reasons.iter().map(ToString::to_string).collect(),
            want_to_run: (room == Room::Considered).then(|| eligibility.want_to_run()),
        })
    });
    let rows: Vec<_> = rows.collect();
    serde_json::to_string_pretty(&rows).expect("rows of texts and booleans are always JSON") + "\n"
}

/// The fields that their kinds do not have, of the objects that are used: what, and where.
fn unknown_fields(inputs: &Inputs, daemon_sets: &[PathBuf], nodes: &[PathBuf], pods: &[PathBuf]) -> Vec<String> {
    let mut texts = Vec::new();
    for (path, documents) in inputs.all() {
        let is_used = |kind: Kind| {
            let of_kind = match kind {
                Kind::DaemonSet => daemon_sets,
                Kind::Node => nodes,
                Kind::Pod => pods,
            };
            of_kind.iter().any(|named| named == path)
        };
        for ((kind, field), UnknownField { object, objects, line, .. }) in &documents.unknown_fields {
            if is_used(*kind) {
                let others = match objects - 1 {
                    0 => String::new(),
                    others => format!(", and {others} more like it"),
                };
                let place = format!("{}:{line}", display_name(path));
                texts.push(format!("{place}: {kind} {object}{others}: unknown field \"{field}\""));
            }
        }
    }
    texts
}

fn warnings(unknown: &[String]) -> String {
    let mut text = String::new();
    for field in unknown.iter().take(WARNINGS_MAX) {
        let _ = writeln!(text, "{} {field}", painted("warning:", UNTOLD));
    }
    if unknown.len() > WARNINGS_MAX {
        let _ = writeln!(text, "{} {} more unknown fields", painted("warning:", UNTOLD), unknown.len() - WARNINGS_MAX);
    }
    text
}

fn wrapped_lines(text: &str, width: Option<usize>) -> String {
    text.lines().map(|line| wrapped(line, 2, width) + "\n").collect()
}

fn painted_eligibility(eligibility: Eligibility) -> String {
    let style = match eligibility {
        Eligibility::ShouldRun => GOOD,
        Eligibility::NoRoom | Eligibility::MustGo => UNTOLD,
        Eligibility::MayStay => KNOWN,
    };
    padded(&painted(&eligibility.to_string(), style), 10)
}

fn human(answers: &[Answers<'_>], terminal: Option<usize>) -> String {
    let mut text = String::new();
    for Answers { asked: Asked { daemon_set, .. }, placements } in answers {
        let _ = writeln!(text, "DaemonSet {}/{}", namespace(daemon_set), name(daemon_set));
        if placements.len() > ROWS_MAX {
            by_reason(placements, terminal, &mut text);
        } else {
            by_node(placements, terminal, &mut text);
        }
        text.push_str(&totals(placements));
        text.push('\n');
    }
    text
}

fn joined(reasons: impl Iterator<Item = String>) -> String {
    reasons.collect::<Vec<_>>().join("; ")
}

fn by_node(placements: &[(&Node, NodePlacement)], terminal: Option<usize>, text: &mut String) {
    let longest = placements.iter().map(|(node, _)| node::name(node).len()).max();
    let width = longest.unwrap_or(0).max("NODE".len());
    let _ = writeln!(text, "  {:width$}  {:10}  WHY", "NODE", "PLACEMENT");
    for (node, NodePlacement { eligibility, reasons }) in placements {
        let why = joined(reasons.iter().map(ToString::to_string));
        let row = format!("  {:width$}  {}  {why}", node::name(node), painted_eligibility(*eligibility));
        let _ = writeln!(text, "{}", wrapped(row.trim_end(), width + 16, terminal));
    }
}

fn by_reason(placements: &[(&Node, NodePlacement)], terminal: Option<usize>, text: &mut String) {
    let mut groups: BTreeMap<(Eligibility, String), Vec<&str>> = BTreeMap::new();
    for (node, NodePlacement { eligibility, reasons }) in placements {
        let why = joined(reasons.iter().map(|reason| format!("{reason:#}")));
        groups.entry((*eligibility, why)).or_default().push(node::name(node));
    }
    let _ = writeln!(text, "  {:>6}  {:10}  WHY", "NODES", "PLACEMENT");
    for ((eligibility, why), nodes) in groups {
        let examples = nodes.iter().take(EXAMPLES_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = if nodes.len() > EXAMPLES_MAX { ", ..." } else { "" };
        let why = if why.is_empty() { why } else { format!("{why} ") };
        let eligibility = painted_eligibility(eligibility);
        let row = format!("  {:>6}  {eligibility}  {why}({examples}{more})", nodes.len());
        let _ = writeln!(text, "{}", wrapped(&row, 22, terminal));
    }
}

fn totals(placements: &[(&Node, NodePlacement)]) -> String {
    let kinds = [Eligibility::ShouldRun, Eligibility::NoRoom, Eligibility::MayStay, Eligibility::MustGo];
    let count = |kind| placements.iter().filter(|(_, placement)| placement.eligibility == kind).count();
    let counts = kinds.map(|kind| (kind, count(kind)));
    let counts = counts.iter().filter(|(kind, count)| *count > 0 || *kind != Eligibility::NoRoom);
    let counts = counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ");
    let nodes = if placements.len() == 1 { "node" } else { "nodes" };
    format!("  {} {nodes}: {counts}\n", placements.len())
}
