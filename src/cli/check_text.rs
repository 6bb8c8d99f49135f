//! What `check` found, for people.

use std::collections::BTreeMap;

use anstyle::Style;

use super::args::CheckArgs;
use super::check::{Checked, Standing, file_name, shell_word};
use super::layout::{GOOD, HEADING, KNOWN, UNTOLD, WRONG, counted, padded, painted};
use super::output::{self, say, say_wrapped};
use super::tale;
use crate::check::{StopReason, Verdict};
use crate::model::action::{Action, KINDS};
use crate::model::narrative::tell;
use crate::model::used::name;
use crate::property::{Property, wrong_in_the_end};
use crate::scope::ExpectedVerdict;
use crate::text::grouped;

/// The widest that the column of verdicts becomes; longer ones push their standing to the right.
const VERDICT_WIDTH_MAX: usize = 24;

/// Everything that was found: one table of all models, the stories, and the sum of it; `asked` models were to be checked.
pub fn print(args: &CheckArgs, checked: &[Checked], asked: usize) {
    let widths = Widths::of(checked);
    let mut told = false;
    for one in checked {
        if told {
            say!();
        }
        told = print_model(args, one, widths);
    }
    print_summary(args, checked, asked);
}

/// Columns of the table.
#[derive(Clone, Copy)]
struct Widths {
    claim: usize,
    verdict: usize,
}

impl Widths {
    fn of(checked: &[Checked]) -> Self {
        let claims = || checked.iter().flat_map(|one| one.properties.iter().map(move |property| (one, *property)));
        let claim = claims().map(|(_, property)| property.id().len()).max().unwrap_or(0);
        let verdicts = claims().map(|(one, property)| verdict_text(one, property).chars().count());
        Self { claim, verdict: verdicts.filter(|width| *width <= VERDICT_WIDTH_MAX).max().unwrap_or(0) }
    }
}

/// One model: its claims, what never happened, and the stories that nobody expected or that were asked for. Whether there
/// were any.
fn print_model(args: &CheckArgs, one: &Checked, widths: Widths) -> bool {
    let under = one.instead.map_or_else(String::new, |profile| format!(" under {}", profile.name));
    let report = &one.report;
    let early = if report.stopped.is_some() { ", ended early" } else { "" };
    let size = format!(
        "{}, depth {}, {:.1} s{early}",
        counted(report.unique_states, "state", "states"),
        report.depth(),
        report.elapsed.as_secs_f64()
    );
    say_wrapped!(2, "{}: {size}", painted(&format!("{}{under}", one.file.scope.name), HEADING));
    for property in &one.properties {
        let (standing, style) = standing_text(one, *property);
        let verdict = verdict_text(one, *property);
        let verdict = if standing.is_empty() { verdict } else { padded(&verdict, widths.verdict) };
        let row = format!(
            "  {}  {}  {}",
            padded(property.id(), widths.claim),
            painted(&verdict, style),
            painted(&standing, style)
        );
        say_wrapped!(widths.claim + 6, "{}", row.trim_end());
    }
    print_never_happened(one);
    print_not_pinned(one);
    if args.coverage {
        say!("  {} steps generated:", grouped(report.transitions));
        for (kind, count) in &report.steps_by_kind {
            say!("  {:>12}  {kind}", grouped(*count));
        }
        let taken = |kind: &&&str| report.steps_by_kind.iter().any(|(other, _)| other == *kind);
        let never: Vec<&str> = KINDS.iter().filter(|kind| !taken(kind)).copied().collect();
        if !never.is_empty() {
            let enabled = if report.stopped.is_some() { "not met before the search ended" } else { "never enabled" };
            say_wrapped!(4, "  {enabled}: {}", never.join(", "));
        }
    }
    print_unexpected(one);
    let stories = stories(args, one);
    for property in &stories {
        print_story(one, *property);
    }
    let others = one.properties.iter().filter(|property| is_free_violation(one, **property));
    let others: Vec<&str> = others.filter(|other| !stories.contains(other)).map(|other| other.id()).collect();
    if !others.is_empty() {
        let model = shell_word(&one.file.path.display().to_string());
        say_wrapped!(2, "  to tell one of the others: everynode check {model} -p {}", others.join(" | "));
    }
    !stories.is_empty()
}

/// The violations that are told: those that nobody expected, all that were asked for, and of those of which nothing is
/// expected the shortest.
fn stories(args: &CheckArgs, one: &Checked) -> Vec<Property> {
    let length = |property: &Property| match &one.finding(*property).verdict {
        Verdict::Violated(trace) => Some(trace.actions.len()),
        Verdict::Holds | Verdict::NoneFound(_) => None,
    };
    let free = one.properties.iter().copied().filter(|property| is_free_violation(one, *property));
    let shortest = free.min_by_key(length);
    let all = args.traces || !args.properties.is_empty();
    let is_told = |property: &Property| match one.standing(*property) {
        Standing::Unexpected => true,
        Standing::Free => all || shortest == Some(*property),
        Standing::Expected | Standing::CutShort => args.traces,
    };
    one.properties.iter().copied().filter(|property| length(property).is_some() && is_told(property)).collect()
}

/// Whether a claim is violated of which nothing is expected.
fn is_free_violation(one: &Checked, property: Property) -> bool {
    one.standing(property) == Standing::Free && matches!(one.finding(property).verdict, Verdict::Violated(_))
}

/// What the scope provides for and no behaviour does.
fn print_never_happened(one: &Checked) {
    for (provided, line) in one.never_happened() {
        let what = name(&one.file.scope, provided);
        let text = format!("never happened in any behaviour: {what} ({}:{line})", one.file.path.display());
        say_wrapped!(4, "  {}", painted(&text, UNTOLD));
    }
}

/// What was found and a file that expects something could pin.
fn print_not_pinned(one: &Checked) {
    if one.instead.is_some() || one.file.expect.is_empty() {
        return;
    }
    let unpinned = |property: &Property| {
        let expectation = one.expectation(*property)?;
        let Verdict::Violated(trace) = &one.finding(*property).verdict else { return None };
        let is_unpinned = expectation.verdict == ExpectedVerdict::Violated(None);
        is_unpinned.then(|| format!("{} length = {}", property.id(), trace.actions.len()))
    };
    let mut found: Vec<String> = one.properties.iter().filter_map(unpinned).collect();
    if one.file.pinned.is_none() && one.report.stopped.is_none() {
        found.push(format!("graph unique_states = {}, depth = {}", one.report.unique_states, one.report.depth()));
    }
    if !found.is_empty() {
        say_wrapped!(4, "  not pinned: {}", found.join("; "));
    }
}

/// What is not as expected, with its place in the file.
fn print_unexpected(one: &Checked) {
    for text in unexpected(one) {
        say_wrapped!(4, "{}", painted(&text, WRONG));
    }
}

fn unexpected(one: &Checked) -> Vec<String> {
    let path = one.file.path.display();
    let wrong = one.properties.iter().filter(|property| one.standing(**property) == Standing::Unexpected);
    let claims = wrong.filter_map(|property| {
        let expectation = one.expectation(*property)?;
        let expected = match expectation.verdict {
            ExpectedVerdict::Holds => "holds".to_owned(),
            ExpectedVerdict::Vacuous => "vacuous".to_owned(),
            ExpectedVerdict::Violated(None) => "violated".to_owned(),
            ExpectedVerdict::Violated(Some(length)) => format!("violated in {length} steps"),
            ExpectedVerdict::NoneFound => "none found before a capacity is exceeded".to_owned(),
        };
        let help = match (one.is_vacuous(*property), expectation.verdict) {
            (true, ExpectedVerdict::Holds) => {
                "; no behaviour meets the premise of the claim: mend the model, or expect `vacuous`"
            }
            _ => "",
        };
        let verdict = verdict_text(one, *property);
        Some(format!("{path}:{}: {}: {verdict}; expected: {expected}{help}", expectation.line, property.id()))
    });
    let mut texts: Vec<String> = claims.collect();
    if let Some(pinned) = one.file.pinned.filter(|_| one.size_as_pinned() == Some(false)) {
        texts.push(format!(
            "{path}:{}: the graph has {} unique states and depth {}, pinned are {} and {}",
            pinned.line,
            grouped(one.report.unique_states),
            one.report.depth(),
            grouped(pinned.unique_states),
            pinned.depth
        ));
    }
    texts
}

/// A shortest counterexample, and what can be done with it.
fn print_story(one: &Checked, property: Property) {
    let Verdict::Violated(trace) = &one.finding(property).verdict else { return };
    let title = format!("{}: {} is violated:", one.file.scope.name, property.id());
    say!();
    say_wrapped!(2, "{} {}", painted(&title, HEADING), property.sentence());
    match tell(&one.model, &trace.actions) {
        Ok(told) => {
            let wrong = wrong_in_the_end(&one.model, &trace.actions, property);
            let tale = match &trace.cycle {
                None => tale::tale(&told, &wrong, output::width()),
                Some(cycle) => tale::for_ever(&told, &wrong, cycle, &one.file.scope, output::width()),
            };
            output::write(format_args!("{tale}"));
        }
        Err(error) => say!("  (it cannot be told: {error})"),
    }
    // Commands are never wrapped: they are there to be copied.
    let model = shell_word(&one.file.path.display().to_string());
    let profile = one.instead.map_or_else(String::new, |profile| format!(" --profile {}", profile.name));
    say!(
        "  to keep it:    everynode check {model} -p {}{profile} --save counterexamples\n  to replay it:  everynode replay {}\n  to walk there: everynode explore {model}{profile}",
        property.id(),
        shell_word(&format!("counterexamples/{}", file_name(one, property, 1))),
    );
}

fn verdict_text(one: &Checked, property: Property) -> String {
    let verdict: &Verdict<Action> = &one.finding(property).verdict;
    match verdict {
        Verdict::Holds if one.is_vacuous(property) => "holds vacuously".to_owned(),
        Verdict::Holds => "holds".to_owned(),
        Verdict::NoneFound(reason) => format!("none found: {reason}"),
        Verdict::Violated(trace) => match &trace.cycle {
            Some(cycle) if cycle.begins < trace.actions.len() => {
                format!("violated in {} + {} steps", cycle.begins, trace.actions.len() - cycle.begins)
            }
            Some(_) | None => format!("violated in {} steps", trace.actions.len()),
        },
    }
}

/// How a verdict stands, in words, and the style of both.
fn standing_text(one: &Checked, property: Property) -> (String, Style) {
    let because = one.expectation(property).and_then(|expectation| expectation.because.as_deref());
    let expected = because.map_or_else(|| "as expected".to_owned(), |id| format!("as expected: {id}"));
    let text = match one.standing(property) {
        Standing::Free => String::new(),
        Standing::Expected => expected,
        Standing::Unexpected => "NOT AS EXPECTED".to_owned(),
        Standing::CutShort => "cut short".to_owned(),
    };
    let style = match (one.standing(property), &one.finding(property).verdict) {
        (Standing::Unexpected, _) | (Standing::Free, Verdict::Violated(_)) => WRONG,
        (Standing::CutShort, _) | (Standing::Free, Verdict::NoneFound(_)) => UNTOLD,
        (Standing::Free, Verdict::Holds) if one.is_vacuous(property) => UNTOLD,
        (Standing::Free | Standing::Expected, Verdict::Holds) => GOOD,
        (Standing::Expected, Verdict::Violated(_) | Verdict::NoneFound(_)) => KNOWN,
    };
    (text, style)
}

/// All models together; `asked` of them were to be checked.
fn print_summary(args: &CheckArgs, checked: &[Checked], asked: usize) {
    let standings: Vec<Standing> =
        checked.iter().flat_map(|one| one.properties.iter().map(|property| one.standing(*property))).collect();
    let count = |wanted: Standing| standings.iter().filter(|standing| **standing == wanted).count();
    let states: u64 = checked.iter().map(|one| one.report.unique_states).sum();
    let seconds: f64 = checked.iter().map(|one| one.report.elapsed.as_secs_f64()).sum();
    let chance: f64 = checked.iter().map(|one| one.report.collision_probability).sum();
    let largest = checked.iter().map(|one| one.report.state_bytes).max().unwrap_or(0);
    let sizes = checked.iter().filter(|one| one.size_as_pinned() == Some(false)).count();
    say!();
    let texts: Vec<String> = checked.iter().flat_map(unexpected).collect();
    if !texts.is_empty() && checked.len() > 1 {
        say!("{}", painted("not as expected:", WRONG));
        for text in &texts {
            say_wrapped!(4, "  {text}");
        }
        say!();
    }
    let styled = |count: usize, what: &str, style: Style| {
        let text = format!("{} {what}", grouped(count as u64));
        if count == 0 { text } else { painted(&text, style) }
    };
    let others = [
        (count(Standing::Free), "not compared"),
        (sizes, "of another size than pinned"),
        (asked - checked.len(), "models not checked"),
    ];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others = others.map(|(count, what)| format!(", {} {what}", grouped(*count as u64)));
    say_wrapped!(
        2,
        "{}, {}: {}, {}, {}{}",
        counted(checked.len() as u64, "model", "models"),
        counted(standings.len() as u64, "verdict", "verdicts"),
        styled(count(Standing::Expected), "as expected", GOOD),
        styled(count(Standing::Unexpected), "not", WRONG),
        styled(count(Standing::CutShort), "cut short", UNTOLD),
        others.collect::<String>(),
    );
    say_wrapped!(
        2,
        "{} states of at most {largest} bytes in {seconds:.1} s; one was missed by a fingerprint collision with probability below {:.0e}",
        grouped(states),
        chance.max(1e-18)
    );
    let is_known = |one: &Checked, property: Property| {
        one.standing(property) == Standing::Expected && matches!(one.finding(property).verdict, Verdict::Violated(_))
    };
    let known = checked.iter().map(|one| one.properties.iter().filter(|property| is_known(one, **property)).count());
    let known: usize = known.sum();
    if known > 0 && !args.traces {
        let many = "verdicts are violations, as expected; `--traces` tells the shortest way to each";
        let one = "verdict is a violation, as expected; `--traces` tells the shortest way to it";
        say_wrapped!(2, "{}.", counted(known as u64, one, many));
    }
    let never = checked.iter().filter(|one| !one.never_happened().is_empty()).count();
    if never > 0 {
        let text = format!(
            "{} something that never happened: see above.",
            counted(never as u64, "model provides for", "models provide for")
        );
        say_wrapped!(2, "{}", painted(&text, UNTOLD));
    }
    say_wrapped!(
        2,
        "A verdict is about the graph of its scope: the bounds and budgets of the model file.{}",
        early(checked)
    );
}

/// How many searches ended before the whole graph was visited, and why.
fn early(checked: &[Checked]) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for one in checked {
        let reason = match one.report.stopped {
            None => continue,
            Some(StopReason::Satisfied(_)) => {
                "once every claim was broken that its model expects to be (`until_broken`)"
            }
            Some(StopReason::Capacity(_)) => "where a capacity of the scope was exceeded",
            Some(StopReason::Interrupted) => "when it was interrupted",
            Some(StopReason::States(_) | StopReason::Time(_) | StopReason::Memory(_) | StopReason::Depth(_)) => {
                "at a limit"
            }
        };
        *reasons.entry(reason).or_default() += 1;
    }
    if reasons.is_empty() {
        return String::new();
    }
    let count: u64 = reasons.values().sum();
    let reasons: Vec<String> = match reasons.len() {
        1 => reasons.into_keys().map(ToOwned::to_owned).collect(),
        _ => reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect(),
    };
    let what =
        if count == 1 { "of it is about the states it visited" } else { "of them is about the states they visited" };
    format!(" {} ended early, {}: what is said {what}.", counted(count, "search", "searches"), reasons.join(", "))
}
