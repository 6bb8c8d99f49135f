//! Every bundled model, searched: its verdicts, the lengths of its counterexamples and the size of its graph are those
//! that its file pins. Every counterexample is told, and its words are kept as a snapshot.

use std::fmt::Write;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Explored, Settings, StopReason, Verdict, search};
use everynode::model::compose::DaemonSetModel;
use everynode::model::narrative::tell;
use everynode::model::step_name::{StepName, name_steps, take_named};
use everynode::property::{ALL, Property, wrong_in_the_end};
use everynode::scope::{ExpectedVerdict, ModelFile, bundled};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn settings(threads: usize, stop_when_broken: u32) -> Settings<'static> {
    Settings {
        threads,
        seed: 0,
        states_max: 20_000_000,
        time_max: Duration::from_mins(15),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken,
        interrupt: &GO_ON,
    }
}

fn models() -> Vec<ModelFile> {
    bundled::paths()
        .into_iter()
        .map(|path| bundled::read(path, None).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .collect()
}

fn claims(file: &ModelFile) -> Vec<Property> {
    file.expect.iter().map(|expectation| expectation.property).collect()
}

fn searched(
    file: &ModelFile,
    threads: usize,
) -> (DaemonSetModel, everynode::check::Report<everynode::model::action::Action>) {
    let model = DaemonSetModel::new(file.scope.clone(), &claims(file));
    let violated = file.expect.iter().filter(|one| matches!(one.verdict, ExpectedVerdict::Violated(_)));
    let until = if file.until_broken { violated.fold(0, |bits, one| bits | one.property.bit()) } else { 0 };
    let report = search(&model, ALL.len(), &settings(threads, until), &mut |_| {}).expect("a function of its state");
    (model, report)
}

#[test]
fn every_model_gives_the_verdicts_that_its_file_expects() {
    let mut surprises = Vec::new();
    for file in models() {
        let (model, report) = searched(&file, 2);
        let mut told = String::new();
        for expectation in &file.expect {
            let id = expectation.property.id();
            let finding = &report.findings[expectation.property as usize];
            let as_expected = match (&finding.verdict, expectation.verdict) {
                (Verdict::Holds, ExpectedVerdict::Holds) => finding.premise_reached,
                (Verdict::Holds, ExpectedVerdict::Vacuous) => !finding.premise_reached,
                (Verdict::NoneFound(StopReason::Capacity(_)), ExpectedVerdict::NoneFound) => true,
                (Verdict::Violated(trace), ExpectedVerdict::Violated(length)) => Some(trace.actions.len()) == length,
                (Verdict::Holds | Verdict::Violated(_) | Verdict::NoneFound(_), _) => false,
            };
            if !as_expected {
                surprises.push(format!("{}:{}: {id}: {:?}", file.path.display(), expectation.line, finding.verdict));
            }
            if let Verdict::Violated(trace) = &finding.verdict {
                let names = name_steps(&model, &trace.actions).expect("its own steps");
                let read: Vec<StepName> = serde_json::from_str(&serde_json::to_string(&names).expect("names are JSON"))
                    .expect("what was written is read");
                let taken = take_named(&model, &read).expect("its own names");
                assert_eq!(taken, trace.actions, "{}: {id}: the names are those of other steps", file.path.display());
                let wrong = wrong_in_the_end(&model, &trace.actions, expectation.property);
                let stays = trace.cycle.as_ref().is_some_and(|cycle| cycle.begins == trace.actions.len());
                let ends_at_rest =
                    AT_REST.contains(&expectation.property) || (expectation.property == Property::Converges && stays);
                assert_eq!(!wrong.is_empty(), ends_at_rest, "{}: {id}: {wrong:?}", file.path.display());
                let _ = writeln!(told, "{id} is violated");
                for (index, line) in tell(&model, &trace.actions).expect("its own steps").lines.iter().enumerate() {
                    let _ = writeln!(told, "{:3} {}: {}", index + 1, line.who, line.what);
                }
            }
        }
        if let Some(pinned) = file.pinned {
            let found = (report.unique_states, report.depth());
            if found != (pinned.unique_states, pinned.depth) {
                surprises.push(format!("{}: {found:?} states and depth, pinned {pinned:?}", file.path.display()));
            }
        } else if !file.until_broken && report.stopped.is_none() {
            surprises.push(format!("{}: its size is not pinned", file.path.display()));
        }
        if !told.is_empty() {
            insta::assert_snapshot!(format!("told_{}", file.scope.name), told);
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// The claims whose counterexamples end at rest.
const AT_REST: [Property; 4] =
    [Property::CurrentIsMax, Property::StatusTruth, Property::NeverWedged, Property::RolledOut];

/// Rollouts, undos, faults, node events, surge and deletions.
const SMALL: [&str; 12] = [
    "rollout/two-nodes.toml",
    "undo/a-b-a-in-quick-succession.toml",
    "faults/lost-reply.toml",
    "faults/watch-gap.toml",
    "nodes/leave.toml",
    "nodes/label-flip.toml",
    "surge/one-node.toml",
    "lifecycle/manual-pod.toml",
    "rollout/failing-pods-without-end.toml",
    "faults/refused-and-lost-requests.toml",
    "nodes/taint-manager.toml",
    "undo/undo-twice.toml",
];

fn small() -> impl Iterator<Item = ModelFile> {
    SMALL.iter().map(|path| bundled::read(std::path::Path::new(path), None).expect("a bundled model"))
}

#[test]
fn stock_stateright_finds_the_same_unique_states() {
    use stateright::{Checker, Model};
    for file in small() {
        let (model, report) = searched(&file, 2);
        let stock = model.checker().threads(2).spawn_bfs().join();
        assert_eq!(stock.unique_state_count() as u64, report.unique_states, "{}", file.path.display());
        stock.assert_properties();
    }
}

#[test]
fn threads_and_seeds_change_nothing() {
    for file in small() {
        let (_, one) = searched(&file, 1);
        for threads in [2, 4] {
            let (_, other) = searched(&file, threads);
            assert_eq!(one.findings, other.findings, "{} with {threads} threads", file.path.display());
            assert_eq!(one.states_by_depth, other.states_by_depth, "{} with {threads} threads", file.path.display());
            assert_eq!(one.transitions, other.transitions, "{} with {threads} threads", file.path.display());
        }
        let model = DaemonSetModel::new(file.scope.clone(), &claims(&file));
        let seeded = Settings { seed: 12_345, ..settings(2, 0) };
        let other = search(&model, ALL.len(), &seeded, &mut |_| {}).expect("a function of its state");
        assert_eq!(one.states_by_depth, other.states_by_depth, "{} with another seed", file.path.display());
    }
}

#[test]
fn a_cut_search_never_says_holds() {
    for file in small() {
        let model = DaemonSetModel::new(file.scope.clone(), &claims(&file));
        let cut = Settings { states_max: 50, ..settings(2, 0) };
        let report = search(&model, ALL.len(), &cut, &mut |_| {}).expect("a function of its state");
        assert!(report.findings.iter().all(|finding| finding.verdict != Verdict::Holds), "{}", file.path.display());
    }
}

#[test]
fn a_state_is_small_and_opens_to_what_was_sealed() {
    for file in small() {
        let model = DaemonSetModel::new(file.scope.clone(), &[]);
        let mut cluster = model.initial();
        for step in 0..40 {
            let sealed = model.seal(cluster.clone());
            assert_eq!(*model.open(&sealed), cluster, "{}", file.path.display());
            assert!(sealed.bytes().len() <= 256, "{}: {} bytes", file.path.display(), sealed.bytes().len());
            let mut steps = Vec::new();
            model.steps(&cluster, &mut steps);
            if steps.is_empty() {
                break;
            }
            let at = (step * 7) % steps.len();
            cluster = steps.swap_remove(at).1;
        }
    }
}
