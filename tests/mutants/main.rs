//! Every claim can be broken, and every switch that the model has moves something: a mutant is a profile with one switch
//! moved, or a fault let in, in a scope where the claim holds without it; a fix is the reverse.
//!
//! `claims` has the mutants of each claim, `fixes` what mends a claim that is broken today, `steps` the switches whose
//! effect no claim names.

mod claims;
mod fixes;
mod steps;

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Settings, Verdict, search};
use everynode::model::action::Action;
use everynode::model::compose::DaemonSetModel;
use everynode::property::{ALL, Property};
use everynode::scope::{Scope, bundled, parse};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// The scope of the bundled model at `path` with each of `lines` put before its nodes, in place of what the file says of
/// the same.
fn scope(path: &str, lines: &[&str]) -> Scope {
    let original = bundled::read(Path::new(path), None).expect("a bundled model");
    let name = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
    let moved: Vec<String> = lines.iter().copied().map(name).collect();
    let kept: Vec<&str> = original.text.lines().filter(|old| !moved.contains(&name(old))).collect();
    let text = kept.join("\n").replacen("[nodes]", &format!("{}\n\n[nodes]", lines.join("\n")), 1);
    parse(Path::new(path), &text, None, &|name| Err(format!("no manifest {name}")))
        .unwrap_or_else(|error| panic!("{path} with {lines:?}: {error}"))
        .scope
}

/// The verdict on `property` in that scope.
fn verdict(path: &str, property: Property, lines: &[&str]) -> Verdict<Action> {
    let model = DaemonSetModel::new(scope(path, lines), &[property]);
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max: 3_000_000,
        time_max: Duration::from_mins(5),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: property.bit(),
        interrupt: &GO_ON,
    };
    let report = search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state");
    let finding = &report.findings[property as usize];
    assert!(finding.verdict != Verdict::Holds || finding.premise_reached, "{path}: {} is vacuous", property.id());
    finding.verdict.clone()
}

/// Asserts that the claim holds as the file stands and is broken with `line`.
fn broken_by(path: &str, property: Property, line: &str) {
    assert_eq!(verdict(path, property, &[]), Verdict::Holds, "{path}: {} without the mutation", property.id());
    let after = verdict(path, property, &[line]);
    assert!(matches!(after, Verdict::Violated(_)), "{path}: {} with `{line}`: {after:?}", property.id());
}

/// Asserts that the claim is broken as the file stands and holds with `line`.
fn mended_by(path: &str, property: Property, line: &str) {
    mended_in(path, &[], property, line);
}

/// As [`mended_by`], where `lines` make another scope of the file.
fn mended_in(path: &str, lines: &[&str], property: Property, line: &str) {
    let today = verdict(path, property, lines);
    assert!(matches!(today, Verdict::Violated(_)), "{path}: {} today: {today:?}", property.id());
    let moved = [lines, &[line]].concat();
    assert_eq!(verdict(path, property, &moved), Verdict::Holds, "{path}: {} with `{line}`", property.id());
}
