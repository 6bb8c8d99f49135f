//! Reduction R-1 (`model::process::clear_dead_locals`) against the search without it: the same verdicts, counterexamples of
//! the same lengths, no state more. What it spares is printed (`cargo test --test reduction -- --nocapture`).

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Report, Settings, StopReason, Verdict, search};
use everynode::model::action::Action;
use everynode::model::compose::{DaemonSetModel, DeadLocals};
use everynode::property::ALL;
use everynode::scope::bundled;

static GO_ON: AtomicBool = AtomicBool::new(false);

/// Models whose syncs keep revisions, nodes and back-off beside them: rollouts, undo, faults, surge, deletion, nodes.
const MODELS: [&str; 14] = [
    "rollout/two-nodes.toml",
    "rollout/seed-story.toml",
    "rollout/history-limit-0.toml",
    "rollout/failed-pods.toml",
    "rollout/min-ready-seconds.toml",
    "undo/a-b-a-in-quick-succession.toml",
    "undo/copied-revision.toml",
    "faults/lost-reply.toml",
    "faults/restart.toml",
    "faults/watch-gap.toml",
    "surge/one-node.toml",
    "lifecycle/orphan-and-recreate.toml",
    "lifecycle/quarantined-pod.toml",
    "nodes/label-flip.toml",
];

/// The whole graph of a bundled model, every claim of the catalogue judged.
fn searched(path: &str, dead_locals: DeadLocals) -> Report<Action> {
    let file = bundled::read(Path::new(path), None).expect("a bundled model");
    let model = DaemonSetModel { dead_locals, ..DaemonSetModel::new(file.scope, ALL) };
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max: 20_000_000,
        time_max: Duration::from_mins(15),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: 0,
        interrupt: &GO_ON,
    };
    search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state")
}

/// A verdict without the steps, of which there may be several shortest.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Holds,
    Unknown(StopReason),
    Violated(usize),
}

/// The verdict of each claim, and whether its premise was reached.
fn verdicts(report: &Report<Action>) -> Vec<(&'static str, Found, bool)> {
    let found = |verdict: &Verdict<Action>| match verdict {
        Verdict::Holds => Found::Holds,
        Verdict::NoneFound(reason) => Found::Unknown(*reason),
        Verdict::Violated(trace) => Found::Violated(trace.actions.len()),
    };
    ALL.iter()
        .map(|property| {
            let finding = &report.findings[*property as usize];
            (property.id(), found(&finding.verdict), finding.premise_reached)
        })
        .collect()
}

#[test]
fn clearing_dead_locals_changes_no_verdict_and_spares_states() {
    let (mut with, mut without, mut violated) = (0, 0, 0);
    for path in MODELS {
        let kept = searched(path, DeadLocals::Kept);
        let cleared = searched(path, DeadLocals::Cleared);
        assert_eq!(verdicts(&cleared), verdicts(&kept), "{path}");
        assert_eq!((cleared.stopped, kept.stopped), (None, None), "{path}: only whole graphs compare");
        assert!(cleared.unique_states <= kept.unique_states, "{path}");
        println!("{path}: {} states, {} without the reduction", cleared.unique_states, kept.unique_states);
        with += cleared.unique_states;
        without += kept.unique_states;
        violated += verdicts(&cleared).iter().filter(|(_, found, _)| matches!(found, Found::Violated(_))).count();
    }
    println!("together: {with} states, {without} without the reduction; {violated} violations in both");
    assert!(with < without, "the reduction spares nothing: it can go");
    assert!(violated > 0, "no counterexample was compared");
}
