//! `everynode check`: searches models and compares what is found with what their files expect.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use miette::Report;

use super::args::{CheckArgs, Format};
use super::output::{obstacle, say};
use super::{AS_EXPECTED, CUT_SHORT, NOT_AS_EXPECTED, bad_input, check_json, check_text, select};
use crate::check::{self, Finding, Progress, Settings, StopReason, Verdict, census, search};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::step_name::name_steps;
use crate::model::used::{Provided, unused};
use crate::property::Property;
use crate::release::Profile;
use crate::scope::{Expectation, ExpectedVerdict, ModelFile};
use crate::text::grouped;
use crate::trace::{Counterexample, FORMAT_VERSION, scope_hash};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How a verdict stands to what the model file expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is expected.
    Free,
    /// As expected.
    Expected,
    /// Not as expected.
    Unexpected,
    /// The search was cut before it could tell.
    CutShort,
}

/// One checked model.
pub struct Checked {
    /// Its file.
    pub file: ModelFile,
    /// What was searched.
    pub model: DaemonSetModel,
    /// The claims that were asked about.
    pub properties: Vec<Property>,
    /// What the search found.
    pub report: check::Report<Action>,
    /// The profile it was checked under instead of its own; nothing is compared then.
    pub instead: Option<&'static Profile>,
}

/// Checks the models asked for.
pub fn run(args: &CheckArgs) -> Result<u8, Report> {
    let models = select::models(&args.models, args.profile)?;
    if let Some((folder, obstacle)) = args.save.as_deref().and_then(|folder| Some((folder, obstacle(folder)?))) {
        return Err(bad_input::message(format!("cannot write to {}: {obstacle}", folder.display())));
    }
    let asked = models.len();
    if args.census {
        let states_max = args.max_states.unwrap_or(1_000_000);
        let cut: Vec<bool> = models.into_iter().map(|file| print_census(file, states_max)).collect();
        return Ok(if cut.contains(&true) { CUT_SHORT } else { AS_EXPECTED });
    }
    // A second handler is refused, and then the first still works.
    drop(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)));
    let mut saved = Vec::new();
    let bar = progress_bar(args, asked);
    let mut checked = Vec::new();
    for file in models {
        bar.set_message(file.scope.name.clone());
        let one = check_one(args, file, &bar)?;
        bar.inc(1);
        if let Some(folder) = &args.save {
            save(folder, &one, &mut saved)?;
        }
        checked.push(one);
        if INTERRUPTED.load(Ordering::Relaxed) {
            break;
        }
    }
    bar.finish_and_clear();
    for path in &saved {
        eprintln!("saved {}", path.display());
    }
    match args.format {
        Format::Human => check_text::print(args, &checked, asked),
        Format::Json => say!("{}", check_json::json(&checked)),
    }
    Ok(exit_code(&checked, asked))
}

fn progress_bar(args: &CheckArgs, models: usize) -> ProgressBar {
    if args.format == Format::Json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} {msg}").expect("the template is valid");
    let bar = ProgressBar::new(models as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn check_one(args: &CheckArgs, file: ModelFile, bar: &ProgressBar) -> Result<Checked, Report> {
    let properties: Vec<Property> = if args.properties.is_empty() && file.expect.is_empty() {
        crate::property::ALL.to_vec() // a file that expects nothing asks about everything
    } else if args.properties.is_empty() {
        file.expect.iter().map(|expectation| expectation.property).collect()
    } else {
        let mut named = args.properties.clone();
        named.sort_unstable();
        named.dedup();
        named
    };
    let model = DaemonSetModel::new(file.scope.clone(), &properties);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let settings = Settings {
        threads: args.threads.map_or(cores, usize::from),
        seed: args.seed,
        states_max: args.max_states.unwrap_or(u64::from(u32::MAX) - 1),
        time_max: Duration::from_secs(args.max_seconds.unwrap_or(3600)),
        memory_max: args.max_memory.map_or(6 << 30, |mebibytes| mebibytes << 20),
        depth_max: args.max_depth.unwrap_or(u64::MAX),
        stop_when_broken: if file.until_broken { expected_broken(&file, &properties) } else { 0 },
        interrupt: &INTERRUPTED,
    };
    let name = file.scope.name.clone();
    let found = search(&model, crate::property::ALL.len(), &settings, &mut |progress| {
        bar.set_message(format!("{name}: {}", how_far(&progress)));
    });
    let report = found.map_err(|error| bad_input::message(format!("{}: {error}", file.path.display())))?;
    Ok(Checked { file, model, properties, report, instead: args.profile })
}

/// How far a search has come, and how fast.
fn how_far(progress: &Progress) -> String {
    let millis = u64::try_from(progress.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    format!(
        "{} states, {} a second, {} of them to expand, depth {}, {} MiB",
        grouped(progress.unique_states),
        grouped(progress.unique_states.saturating_mul(1000) / millis),
        grouped(progress.waiting),
        progress.depth,
        progress.memory >> 20
    )
}

/// The claims among `properties` that the file expects to be violated, as bits.
fn expected_broken(file: &ModelFile, properties: &[Property]) -> u32 {
    let violated = file.expect.iter().filter(|one| matches!(one.verdict, ExpectedVerdict::Violated(_)));
    violated.filter(|one| properties.contains(&one.property)).fold(0, |bits, one| bits | one.property.bit())
}

impl Checked {
    /// What was found of a claim.
    pub fn finding(&self, property: Property) -> &Finding<Action> {
        &self.report.findings[property as usize]
    }

    /// Whether a claim holds only because its premise was never met.
    pub fn is_vacuous(&self, property: Property) -> bool {
        let finding = self.finding(property);
        finding.verdict == Verdict::Holds && !finding.premise_reached
    }

    /// What the file expects of a claim, where that is compared.
    pub fn expectation(&self, property: Property) -> Option<&Expectation> {
        self.file.expect.iter().find(|one| one.property == property).filter(|_| self.instead.is_none())
    }

    /// How the verdict on a claim stands to what is expected.
    pub fn standing(&self, property: Property) -> Standing {
        let Some(expectation) = self.expectation(property) else { return Standing::Free };
        let as_expected = match (&self.finding(property).verdict, expectation.verdict) {
            (Verdict::Holds, ExpectedVerdict::Holds) => !self.is_vacuous(property),
            (Verdict::Holds, ExpectedVerdict::Vacuous) => self.is_vacuous(property),
            (Verdict::NoneFound(StopReason::Capacity(_)), ExpectedVerdict::NoneFound) => true,
            (Verdict::Violated(trace), ExpectedVerdict::Violated(length)) => {
                length.is_none_or(|length| trace.actions.len() == length)
            }
            (Verdict::NoneFound(_), _) => return Standing::CutShort,
            (Verdict::Holds | Verdict::Violated(_), _) => false,
        };
        if as_expected { Standing::Expected } else { Standing::Unexpected }
    }

    /// Whether the graph has the pinned size.
    pub fn size_as_pinned(&self) -> Option<bool> {
        let pinned = self.file.pinned.filter(|_| self.instead.is_none() && self.report.stopped.is_none())?;
        Some(pinned.unique_states == self.report.unique_states && pinned.depth == self.report.depth())
    }

    /// What the scope provides for and no behaviour makes use of, with its line in the file; none unless the whole graph
    /// was visited.
    pub fn never_happened(&self) -> Vec<(Provided, usize)> {
        if self.report.stopped.is_some() {
            return Vec::new();
        }
        let lines = &self.file.lines;
        let line = |provided: Provided| match provided {
            Provided::Command(user, command) => lines.commands[user][command],
            Provided::Fault(fault) => lines.faults[fault],
            Provided::Rule(rule) => lines.lifecycle[rule],
        };
        let unused = unused(&self.file.scope, self.report.used);
        unused.into_iter().map(|provided| (provided, line(provided))).collect()
    }
}

/// `asked` models were to be checked.
fn exit_code(checked: &[Checked], asked: usize) -> u8 {
    let standings = |one: &Checked| one.properties.iter().map(|property| one.standing(*property)).collect::<Vec<_>>();
    let any = |wanted: Standing| checked.iter().any(|one| standings(one).contains(&wanted));
    // What was not compared is cut short if the search ended before it could tell.
    let cut = |one: &Checked| {
        let untold = |property: &&Property| {
            let found = &one.finding(**property).verdict;
            matches!(found, Verdict::NoneFound(_)) && one.standing(**property) != Standing::Expected
        };
        one.properties.iter().any(|property| untold(&property))
    };
    if checked.iter().any(|one| one.size_as_pinned() == Some(false)) || any(Standing::Unexpected) {
        NOT_AS_EXPECTED
    } else if any(Standing::CutShort) || checked.iter().any(cut) || checked.len() < asked {
        CUT_SHORT
    } else {
        AS_EXPECTED
    }
}

/// `text` as one word of a command line.
pub fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The name of a saved counterexample; `copy` counts the models of one name in one run.
pub fn file_name(one: &Checked, property: Property, copy: usize) -> String {
    let copy = if copy > 1 { format!("-{copy}") } else { String::new() };
    format!("{}{copy}.{}.{}.json", one.file.scope.name, property.id(), one.file.profile.name)
}

/// Writes the counterexamples of one model, each to a file that no other model of this run has written.
fn save(folder: &Path, one: &Checked, written: &mut Vec<PathBuf>) -> Result<(), Report> {
    for property in &one.properties {
        let Verdict::Violated(trace) = &one.finding(*property).verdict else { continue };
        let steps = name_steps(&one.model, &trace.actions).map_err(|error| bad_input::message(error.to_string()))?;
        let saved = Counterexample {
            everynode_counterexample: FORMAT_VERSION,
            model: one.file.path.display().to_string(),
            scope: scope_hash(&one.file.scope),
            profile: one.file.profile.name.to_owned(),
            property: property.id().to_owned(),
            steps,
            loop_begins: trace.cycle.as_ref().map(|cycle| cycle.begins),
        };
        let mut names = (1..).map(|copy| folder.join(file_name(one, *property, copy)));
        let path = names.find(|path| !written.contains(path)).expect("there is always one more");
        std::fs::create_dir_all(folder)
            .map_err(|error| bad_input::message(format!("cannot make the folder {}: {error}", folder.display())))?;
        let text = serde_json::to_string_pretty(&saved).map_err(|error| bad_input::message(error.to_string()))?;
        std::fs::write(&path, text + "\n")
            .map_err(|error| bad_input::message(format!("cannot write {}: {error}", path.display())))?;
        written.push(path);
    }
    Ok(())
}

/// Prints the census of a model; whether it was cut.
fn print_census(file: ModelFile, states_max: u64) -> bool {
    let name = file.scope.name.clone();
    let model = DaemonSetModel::new(file.scope, &[]);
    let census = census(&model, states_max);
    let whole = if census.cut { ", where it was cut" } else { ", the whole graph" };
    say!("{name}: distinct values of each field, over {} states{whole}", grouped(census.states));
    for (field, count) in census.fields {
        say!("  {:>10}  {field}", grouped(count));
    }
    census.cut
}
