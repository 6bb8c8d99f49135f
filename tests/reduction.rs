//! Reduction R-1 (`model::process::clear_dead_locals`) against the search without it: the same verdicts, counterexamples of
//! the same lengths, no state more. What it spares is printed (`cargo test --test reduction -- --nocapture`).
//!
//! Expectation counters that never fall below 0 (`model::canonical`) against those of Go, which do (EXP-3): in every state
//! the same steps are enabled, lead to the same states, and are judged the same.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Report, Settings, StopReason, Verdict, search};
use everynode::controller::memory::Expectations;
use everynode::controller::record::Symbol;
use everynode::controller::sync::{Point, Step};
use everynode::model::action::Action;
use everynode::model::canonical::canonicalise;
use everynode::model::compose::{DaemonSetModel, DeadLocals, Steps};
use everynode::model::process::clear_dead_locals;
use everynode::model::state::{Cluster, State};
use everynode::property::{ALL, judge_state, judge_step};
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

/// What is left of nodes, back-offs, old revisions and hash, by the step at which a sync waits.
#[test]
fn a_local_variable_is_cleared_once_the_rest_of_the_sync_cannot_read_it() {
    let file = bundled::read(Path::new("rollout/history-limit-0.toml"), None).expect("a bundled model");
    let model = DaemonSetModel { dead_locals: DeadLocals::Kept, ..DaemonSetModel::new(file.scope, &[]) };
    let (mut open, mut found) = (vec![model.initial()], None);
    let mut seen = HashSet::new();
    while let Some(cluster) = open.pop() {
        let sync = cluster.controllers.first().and_then(|process| process.work[0].sync.as_deref());
        if sync.is_some_and(|sync| matches!(sync.step, Step::WriteStatus(..)) && !sync.old.is_empty()) {
            found = Some(cluster);
            break;
        }
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        open.extend(steps.into_iter().map(|(_, next)| next).filter(|next| seen.insert(State::of(next))));
    }
    let found = found.expect("a sync with old revisions writes the status");
    let kept_at = |step: Option<Step>| {
        let mut process = found.controllers[0].clone();
        let sync = process.work[0].sync.as_deref_mut().expect("a sync is under way");
        sync.step = step.unwrap_or_else(|| sync.step.clone());
        sync.nodes[0].in_backoff = true;
        clear_dead_locals(&mut process);
        let sync = process.work[0].sync.as_deref().expect("it goes on");
        let backoff = sync.nodes.iter().any(|node| node.in_backoff);
        [!sync.nodes.is_empty(), backoff, !sync.old.is_empty(), sync.hash != Symbol::EMPTY]
    };
    assert_eq!(kept_at(Some(Step::CreateRevision(2))), [true; 4], "manage is to come (MAN-6)");
    assert_eq!(kept_at(Some(Step::At(Point::Manage))), [true; 4]);
    assert_eq!(kept_at(Some(Step::At(Point::RolloutCheck))), [true, false, true, true], "manage is past");
    assert_eq!(kept_at(Some(Step::At(Point::Cleanup))), [true, false, true, true], "the clean-up reads old revisions");
    assert_eq!(kept_at(Some(Step::At(Point::Status))), [true, false, false, true], "the status counts nodes");
    assert_eq!(kept_at(None), [false; 4], "it is counted");
}

/// Models in which more is seen than was expected: deletions counted again, failed pods, lost replies, restarts, new owners,
/// evictions.
const COUNTED: [&str; 8] = [
    "staleness/deletion-counted-twice-small.toml",
    "staleness/expiry-with-the-gate.toml",
    "rollout/failed-pods.toml",
    "faults/lost-reply.toml",
    "faults/restart.toml",
    "lifecycle/orphan-and-recreate.toml",
    "nodes/label-flip.toml",
    "nodes/taint-manager.toml",
];

/// The counters of every process and key.
fn counters(cluster: &Cluster) -> Vec<Option<Expectations>> {
    let work = cluster.controllers.iter().flat_map(|process| &process.work);
    work.map(|work| work.memory.expectations).collect()
}

/// Puts `counters` in the place of those in `cluster`.
fn put_counters(cluster: &mut Cluster, counters: Vec<Option<Expectations>>) {
    let work = cluster.controllers.iter_mut().flat_map(|process| &mut process.work);
    for (work, counters) in work.zip(counters) {
        work.memory.expectations = counters;
    }
}

/// Every step out of `cluster`, as the model has it but for the counters, which may be below 0.
fn steps_below_zero(model: &DaemonSetModel, cluster: &Cluster) -> Steps {
    let mut steps = Steps::new();
    model.raw_steps(cluster, &mut steps);
    for (_, next) in &mut steps {
        let fallen = counters(next);
        canonicalise(next);
        put_counters(next, fallen);
    }
    steps
}

#[test]
fn expectations_that_stop_at_zero_allow_the_same_steps_with_the_same_verdicts() {
    let every = ALL.iter().fold(0, |bits, property| bits | property.bit());
    for path in COUNTED {
        let file = bundled::read(Path::new(path), None).expect("a bundled model");
        let model = DaemonSetModel::new(file.scope, ALL);
        let (mut signed, mut unsigned, mut below) = (HashSet::new(), HashSet::new(), 0);
        let mut open = vec![model.initial()];
        signed.insert(State::of(&open[0]));
        while let Some(cluster) = open.pop() {
            let mut clamped = cluster.clone();
            canonicalise(&mut clamped);
            unsigned.insert(State::of(&clamped));
            let is_below = counters(&cluster).iter().flatten().any(|one| one.add < 0 || one.del < 0);
            if is_below {
                below += 1;
                assert_eq!(
                    judge_state(&model, &cluster, every),
                    judge_state(&model, &clamped, every),
                    "{path}: {cluster:?}"
                );
                let (from_signed, mut from_clamped) = (steps_below_zero(&model, &cluster), Steps::new());
                model.steps(&clamped, &mut from_clamped);
                assert_eq!(from_signed.len(), from_clamped.len(), "{path}: {cluster:?}");
                for ((action, after), (other, expected)) in from_signed.iter().zip(&from_clamped) {
                    assert_eq!(action, other, "{path}: {cluster:?}");
                    let mut stopped = after.clone();
                    canonicalise(&mut stopped);
                    assert_eq!(stopped, *expected, "{path}: {action:?} out of {cluster:?}");
                    let judged = judge_step(&model, &cluster, action, after, every);
                    assert_eq!(judged, judge_step(&model, &clamped, action, expected, every), "{path}: {action:?}");
                }
            }
            if model.exceeded(&cluster).is_none() {
                for (_, next) in steps_below_zero(&model, &cluster) {
                    if signed.insert(State::of(&next)) {
                        open.push(next);
                    }
                }
            }
        }
        println!("{path}: {} states, {} with signed counters, {below} below 0", unsigned.len(), signed.len());
        assert!(below > 0, "{path}: no counter falls below 0");
        assert!(unsigned.len() < signed.len(), "{path}: stopping at 0 spares nothing");
    }
}
