//! Every claim can be broken: a mutant is a profile with one switch moved, or a fault let in, in a scope where the claim
//! holds without it. Each test names the claim, the scope and what is moved.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Settings, Verdict, search};
use everynode::model::compose::DaemonSetModel;
use everynode::property::{ALL, Property};
use everynode::scope::{ModelFile, bundled, parse};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// The verdict on `property` in the bundled model at `path`, after `change` to its text.
fn verdict(
    path: &str,
    property: Property,
    change: &dyn Fn(&str) -> String,
) -> Verdict<everynode::model::action::Action> {
    let original = bundled::read(Path::new(path), None).expect("a bundled model");
    let text = change(&original.text);
    let file: ModelFile = parse(Path::new(path), &text, None, &|name| Err(format!("no manifest {name}")))
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    let model = DaemonSetModel::new(file.scope, &[property]);
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
    report.findings[property as usize].verdict.clone()
}

/// Asserts that the claim holds as the file stands and is broken once `line` is put before its nodes.
fn broken_by(path: &str, property: Property, line: &str) {
    let before = verdict(path, property, &str::to_owned);
    assert_eq!(before, Verdict::Holds, "{path}: {} without the mutation", property.id());
    let after = verdict(path, property, &|text| {
        let kept: Vec<&str> =
            text.lines().filter(|old| !old.starts_with(line.split('=').next().unwrap_or(line))).collect();
        kept.join("\n").replacen("[nodes]", &format!("{line}\n\n[nodes]"), 1)
    });
    assert!(matches!(after, Verdict::Violated(_)), "{path}: {} with `{line}`: {after:?}", property.id());
}

#[test]
fn without_occupying_terminating_pods_a_node_gets_two() {
    broken_by("rollout/two-nodes.toml", Property::OnePerNode, r#"switches = { terminating_occupies = "No" }"#);
}

#[test]
fn a_lost_reply_gives_a_node_two_pods() {
    broken_by("staleness/pod-lag.toml", Property::OnePerNode, "faults = { lost_reply = 1 }");
}

#[test]
fn without_the_gate_expiry_gives_a_node_two_pods() {
    broken_by("staleness/expiry-with-the-gate.toml", Property::OnePerNode, r#"switches = { gate = "Off" }"#);
}

#[test]
fn a_failing_rollout_that_does_not_count_old_unavailable_pods_exceeds_the_budget() {
    broken_by("rollout/two-bad-updates.toml", Property::Budget, r#"switches = { old_unavailable = "NotCounted" }"#);
}

#[test]
fn without_asking_for_eligibility_a_surge_creates_where_it_must_not() {
    broken_by("surge/tainted-node.toml", Property::EligibleOnly, r#"switches = { rollout_eligibility = "Never" }"#);
}

#[test]
fn without_cleaning_unscheduled_pods_up_the_controller_is_done_with_a_node_that_is_gone() {
    // The status is wrong either way (NOG-27); what the switch adds is that the pending pod is nobody's any more.
    let path = "nodes/leave.toml";
    let today = verdict(path, Property::NeverWedged, &str::to_owned);
    let mutant = verdict(path, Property::NeverWedged, &|text| {
        text.replacen("[nodes]", "switches = { clean_unscheduled = \"No\" }\n\n[nodes]", 1)
    });
    assert!(matches!(today, Verdict::Violated(_)));
    assert_eq!(mutant, Verdict::Holds);
}

#[test]
fn a_copied_revision_makes_hashes_lie_only_while_every_pod_is_relabelled() {
    let path = "undo/copied-revision.toml";
    let today = verdict(path, Property::HashTruth, &str::to_owned);
    assert!(matches!(today, Verdict::Violated(_)), "{today:?}");
    let fixed = verdict(path, Property::HashTruth, &|text| {
        text.replacen("[nodes]", "switches = { dedup_relabel = \"OnlyDuplicates\" }\n\n[nodes]", 1)
    });
    assert_eq!(fixed, Verdict::Holds);
}

#[test]
fn adopted_pods_count_as_updated_only_by_their_generation() {
    let path = "lifecycle/orphan-and-recreate.toml";
    let today = verdict(path, Property::StatusTruth, &str::to_owned);
    assert!(matches!(today, Verdict::Violated(_)), "{today:?}");
    let fixed = verdict(path, Property::StatusTruth, &|text| {
        text.replacen("[nodes]", "switches = { updated_by = \"Hash\" }\n\n[nodes]", 1)
    });
    assert_eq!(fixed, Verdict::Holds);
}

#[test]
fn a_node_event_counted_by_uid_wakes_the_recreated_daemon_set() {
    let path = "lifecycle/label-flip-and-recreate.toml";
    let today = verdict(path, Property::NeverWedged, &str::to_owned);
    let Verdict::Violated(today) = today else { panic!("{today:?}") };
    let fixed = verdict(path, Property::NeverWedged, &|text| {
        text.replacen("[nodes]", "switches = { node_wake_owner = \"Uid\" }\n\n[nodes]", 1)
    });
    // Other stalls remain (DS-B21), but not this one.
    assert!(!matches!(&fixed, Verdict::Violated(trace) if trace.actions == today.actions), "{fixed:?}");
}

#[test]
fn refusing_revisions_without_labels_keeps_the_process_alive() {
    let path = "faults/unlabelled-revision.toml";
    assert!(matches!(verdict(path, Property::NoPanic, &str::to_owned), Verdict::Violated(_)));
    let fixed = verdict(path, Property::NoPanic, &|text| {
        text.replacen("[nodes]", "switches = { nil_labels = \"Refuse\" }\n\n[nodes]", 1)
    });
    assert_eq!(fixed, Verdict::Holds);
}
