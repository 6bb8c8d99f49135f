//! `everynode check`: searches models and compares what is found with what their files expect.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use miette::Report;

use super::args::{CheckArgs, Format};
use super::output::{self, say};
use super::{AS_EXPECTED, CUT_SHORT, NOT_AS_EXPECTED, bad_input, select, tale};
use crate::check::{self, Finding, Settings, StopReason, Verdict, census, search};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::narrative::tell;
use crate::model::step_name::name_steps;
use crate::property::Property;
use crate::release::Profile;
use crate::scope::{ExpectedVerdict, ModelFile};
use crate::trace::{Counterexample, FORMAT_VERSION, scope_hash};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How a verdict stands to what the model file expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
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
struct Checked {
    file: ModelFile,
    model: DaemonSetModel,
    properties: Vec<Property>,
    report: check::Report<Action>,
    compared: bool,
}

/// Checks the models asked for.
pub fn run(args: &CheckArgs) -> Result<u8, Report> {
    let profile = args.profile.as_deref().map(select::profile).transpose()?;
    let wanted = properties(&args.properties)?;
    let models = select::models(&args.models, profile)?;
    if args.census {
        let states_max = args.max_states.unwrap_or(1_000_000);
        let cut: Vec<bool> = models.into_iter().map(|file| print_census(file, states_max)).collect();
        return Ok(if cut.contains(&true) { CUT_SHORT } else { AS_EXPECTED });
    }
    // A second handler is refused, and then the first still works.
    drop(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)));
    let mut saved = Vec::new();
    let bar = progress_bar(args, models.len());
    let mut checked = Vec::new();
    for file in models {
        bar.set_message(file.scope.name.clone());
        let one = check_one(args, file, profile, &wanted, &bar)?;
        bar.inc(1);
        if args.format == Format::Human {
            bar.suspend(|| print_surprises(args, &one));
        }
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
        Format::Human => print_table(args, &checked),
        Format::Json => say!("{}", json(&checked)),
    }
    Ok(exit_code(&checked))
}

fn properties(names: &[String]) -> Result<Vec<Property>, Report> {
    names
        .iter()
        .map(|name| {
            Property::named(name).ok_or_else(|| {
                let known: Vec<&str> = crate::property::ALL.iter().map(|property| property.id()).collect();
                bad_input::with_help(
                    format!("no property is called `{name}`"),
                    format!("properties: {}", known.join(", ")),
                )
            })
        })
        .collect()
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

fn check_one(
    args: &CheckArgs,
    file: ModelFile,
    profile: Option<&'static Profile>,
    wanted: &[Property],
    bar: &ProgressBar,
) -> Result<Checked, Report> {
    let properties: Vec<Property> = if wanted.is_empty() && file.expect.is_empty() {
        crate::property::ALL.to_vec() // a file that expects nothing asks about everything
    } else if wanted.is_empty() {
        file.expect.iter().map(|expectation| expectation.property).collect()
    } else {
        wanted.to_vec()
    };
    let model = DaemonSetModel::new(file.scope.clone(), &properties);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let settings = Settings {
        threads: args.threads.unwrap_or(cores).max(1),
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
        bar.set_message(format!("{name}: {} states, depth {}", progress.unique_states, progress.depth));
    });
    let report = found.map_err(|error| bad_input::message(format!("{}: {error}", file.path.display())))?;
    let compared = profile.is_none();
    Ok(Checked { file, model, properties, report, compared })
}

/// The claims among `properties` that the file expects to be violated, as bits.
fn expected_broken(file: &ModelFile, properties: &[Property]) -> u32 {
    let violated = file.expect.iter().filter(|one| matches!(one.verdict, ExpectedVerdict::Violated(_)));
    violated.filter(|one| properties.contains(&one.property)).fold(0, |bits, one| bits | one.property.bit())
}

impl Checked {
    fn finding(&self, property: Property) -> &Finding<Action> {
        &self.report.findings[property as usize]
    }

    fn standing(&self, property: Property) -> Standing {
        let Some(expectation) = self.file.expect.iter().find(|one| one.property == property).filter(|_| self.compared)
        else {
            return Standing::Free;
        };
        match (&self.finding(property).verdict, expectation.verdict) {
            (Verdict::Holds, ExpectedVerdict::Holds)
            | (Verdict::NoneFound(StopReason::Capacity(_)), ExpectedVerdict::NoneFound) => Standing::Expected,
            (Verdict::Violated(trace), ExpectedVerdict::Violated(length)) if trace.actions.len() == length => {
                Standing::Expected
            }
            (Verdict::NoneFound(_), _) => Standing::CutShort,
            (Verdict::Holds | Verdict::Violated(_), _) => Standing::Unexpected,
        }
    }

    /// Whether the graph has the pinned size.
    fn size_as_pinned(&self) -> Option<bool> {
        let pinned = self.file.pinned.filter(|_| self.compared && self.report.stopped.is_none())?;
        Some(pinned.unique_states == self.report.unique_states && pinned.depth == self.report.depth())
    }
}

fn exit_code(checked: &[Checked]) -> u8 {
    let standings = |one: &Checked| one.properties.iter().map(|property| one.standing(*property)).collect::<Vec<_>>();
    let any = |wanted: Standing| checked.iter().any(|one| standings(one).contains(&wanted));
    // What was not compared is cut short if the search ended before it could tell.
    let cut = |one: &Checked| {
        let untold = |property: &&Property| {
            let reason = match one.finding(**property).verdict {
                Verdict::NoneFound(reason) => Some(reason),
                Verdict::Holds | Verdict::Violated(_) => None,
            };
            reason.is_some_and(|reason| !matches!(reason, StopReason::Capacity(_)))
        };
        one.properties.iter().any(|property| untold(&property))
    };
    if checked.iter().any(|one| one.size_as_pinned() == Some(false)) || any(Standing::Unexpected) {
        NOT_AS_EXPECTED
    } else if any(Standing::CutShort) || checked.iter().any(cut) {
        CUT_SHORT
    } else {
        AS_EXPECTED
    }
}

/// Tells what nobody expected, and on request every counterexample.
fn print_surprises(args: &CheckArgs, one: &Checked) {
    for property in &one.properties {
        let standing = one.standing(*property);
        let Verdict::Violated(trace) = &one.finding(*property).verdict else {
            if standing == Standing::Unexpected {
                print_unexpected(one, *property);
            }
            continue;
        };
        let surprising = standing == Standing::Unexpected || standing == Standing::Free;
        if !surprising && !args.traces {
            continue;
        }
        if standing == Standing::Unexpected {
            print_unexpected(one, *property);
        }
        say!("{}: {} is violated: {}", one.file.scope.name, property.id(), property.sentence());
        match tell(&one.model, &trace.actions) {
            Ok(told) => output::write(format_args!("{}", tale::tale(&told))),
            Err(error) => say!("  (it cannot be told: {error})"),
        }
        let model = shell_word(&one.file.path.display().to_string());
        let profile = args.profile.as_ref().map_or_else(String::new, |profile| format!(" --profile {profile}"));
        say!(
            "  to keep it: everynode check {model} -p {}{profile} --save counterexamples\n  to replay it: everynode replay {}\n  to walk there: everynode explore {model}{profile}\n",
            property.id(),
            shell_word(&format!("counterexamples/{}", file_name(one, *property, 1))),
        );
    }
    if one.size_as_pinned() == Some(false) {
        let pinned = one.file.pinned.expect("a size that differs was pinned");
        say!(
            "{}:{}: the graph has {} unique states and depth {}, pinned are {} and {}\n",
            one.file.path.display(),
            pinned.line,
            one.report.unique_states,
            one.report.depth(),
            pinned.unique_states,
            pinned.depth
        );
    }
}

fn print_unexpected(one: &Checked, property: Property) {
    let expectation = one.file.expect.iter().find(|expectation| expectation.property == property);
    let (line, expected) = expectation.map_or((1, "nothing".to_owned()), |one| {
        let expected = match one.verdict {
            ExpectedVerdict::Holds => "holds".to_owned(),
            ExpectedVerdict::Violated(length) => format!("violated in {length} steps"),
            ExpectedVerdict::NoneFound => "none found before a capacity is exceeded".to_owned(),
        };
        (one.line, expected)
    });
    say!(
        "{}:{line}: {}: {}; expected: {expected}",
        one.file.path.display(),
        property.id(),
        verdict_text(&one.finding(property).verdict)
    );
}

fn verdict_text(verdict: &Verdict<Action>) -> String {
    match verdict {
        Verdict::Holds => "holds".to_owned(),
        Verdict::NoneFound(reason) => format!("none found: {reason}"),
        Verdict::Violated(trace) => format!("violated in {} steps", trace.actions.len()),
    }
}

fn standing_text(one: &Checked, property: Property) -> String {
    let because = one.file.expect.iter().find(|expectation| expectation.property == property);
    let because = because.and_then(|expectation| expectation.because.as_deref());
    match one.standing(property) {
        Standing::Free => String::new(),
        Standing::Expected => because.map_or_else(|| "as expected".to_owned(), |id| format!("as expected: {id}")),
        Standing::Unexpected => "NOT AS EXPECTED".to_owned(),
        Standing::CutShort => "cut short".to_owned(),
    }
}

fn print_table(args: &CheckArgs, checked: &[Checked]) {
    let mut rows = vec![["model", "claim", "verdict", "", "states", "depth", "seconds"].map(str::to_owned)];
    for one in checked {
        for (index, property) in one.properties.iter().enumerate() {
            let finding = one.finding(*property);
            let vacuous = matches!(finding.verdict, Verdict::Holds) && !finding.premise_reached;
            let mut verdict = verdict_text(&finding.verdict);
            if vacuous {
                verdict.push_str(" (vacuously)");
            }
            let first = |text: String| if index == 0 { text } else { String::new() };
            rows.push([
                first(one.file.scope.name.clone()),
                property.id().to_owned(),
                verdict,
                standing_text(one, *property),
                first(one.report.unique_states.to_string()),
                first(one.report.depth().to_string()),
                first(format!("{:.1}", one.report.elapsed.as_secs_f64())),
            ]);
        }
    }
    let widths: Vec<usize> =
        (0..7).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in &rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say!("{}", line.join("  ").trim_end());
    }
    if args.coverage {
        for one in checked {
            say!("\n{}: {} steps generated", one.file.scope.name, one.report.transitions);
            for (kind, count) in &one.report.steps_by_kind {
                say!("  {count:>12}  {kind}");
            }
        }
    }
    print_summary(checked);
}

fn print_summary(checked: &[Checked]) {
    let standings: Vec<Standing> =
        checked.iter().flat_map(|one| one.properties.iter().map(|property| one.standing(*property))).collect();
    let count = |wanted: Standing| standings.iter().filter(|standing| **standing == wanted).count();
    let states: u64 = checked.iter().map(|one| one.report.unique_states).sum();
    let seconds: f64 = checked.iter().map(|one| one.report.elapsed.as_secs_f64()).sum();
    let chance: f64 = checked.iter().map(|one| one.report.collision_probability).sum();
    let largest = checked.iter().map(|one| one.report.state_bytes).max().unwrap_or(0);
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let sizes = checked.iter().filter(|one| one.size_as_pinned() == Some(false)).count();
    let others = [(count(Standing::Free), "not compared"), (sizes, "of another size than pinned")];
    let others: Vec<String> =
        others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    say!(
        "\n{}, {}: {} as expected, {} not, {} cut short{}",
        plural(checked.len(), "model"),
        plural(standings.len(), "verdict"),
        count(Standing::Expected),
        count(Standing::Unexpected),
        count(Standing::CutShort),
        others.concat(),
    );
    say!(
        "{states} states of at most {largest} bytes in {seconds:.1} s; one was missed by a fingerprint collision with probability below {:.0e}",
        chance.max(1e-18)
    );
    let early = checked.iter().filter(|one| one.report.stopped.is_some()).count();
    let early = match early {
        0 => String::new(),
        one => format!(
            " {} ended early: what is said of it is about the states it visited.",
            plural(one, "search").replace("searchs", "searches")
        ),
    };
    say!("A verdict is about the graph of its scope: the bounds and budgets of the model file.{early}");
}

fn json(checked: &[Checked]) -> serde_json::Value {
    let models: Vec<_> = checked
        .iter()
        .map(|one| {
            let claims: Vec<_> = one
                .properties
                .iter()
                .map(|property| {
                    let finding = one.finding(*property);
                    let (verdict, length, reason) = match &finding.verdict {
                        Verdict::Holds => ("holds", None, None),
                        Verdict::NoneFound(reason) => ("none-found", None, Some(reason.to_string())),
                        Verdict::Violated(trace) => ("violated", Some(trace.actions.len()), None),
                    };
                    let expected = match one.standing(*property) {
                        Standing::Free => None,
                        Standing::Expected => Some("as-expected"),
                        Standing::Unexpected => Some("not-as-expected"),
                        Standing::CutShort => Some("cut-short"),
                    };
                    serde_json::json!({
                        "property": property.id(),
                        "verdict": verdict,
                        "length": length,
                        "reason": reason,
                        "premiseReached": finding.premise_reached,
                        "standing": expected,
                    })
                })
                .collect();
            serde_json::json!({
                "model": one.file.scope.name,
                "path": one.file.path,
                "profile": one.file.profile.name,
                "uniqueStates": one.report.unique_states,
                "transitions": one.report.transitions,
                "depth": one.report.depth(),
                "seconds": one.report.elapsed.as_secs_f64(),
                "stopped": one.report.stopped.map(|reason| reason.to_string()),
                "claims": claims,
            })
        })
        .collect();
    serde_json::Value::Array(models)
}

/// `text` as one word of a command line.
fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The name of a saved counterexample; `copy` counts the models of one name in one run.
fn file_name(one: &Checked, property: Property, copy: usize) -> String {
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
    let counted = census(&model, states_max);
    let whole = if counted.cut { ", where it was cut" } else { ", the whole graph" };
    say!("{name}: distinct values of each field, over {} states{whole}", counted.states);
    for (field, count) in counted.fields {
        say!("  {count:>10}  {field}");
    }
    counted.cut
}
