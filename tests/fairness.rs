//! The fairness of the model: what waits for room counts as enabled and nothing else does, users and faults are in no loop,
//! and every behaviour that is told to go on for ever does, fairly, by a walk that knows no graph.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::fair::{Class as Turn, UNFAIR};
use everynode::check::{Explored, Settings, Verdict, search};
use everynode::model::action::{Action, Class};
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::fairness::{class, name};
use everynode::model::state::{Cluster, Undo};
use everynode::property::{ALL, Property, for_ever};
use everynode::release::InformerOrder;
use everynode::scope::{Lag, bundled};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// Rollouts, faults, laggards, node events, deletions, and a release without stream order.
const MODELS: [&str; 12] = [
    "rollout/two-nodes.toml",
    "rollout/failing-pods-without-end.toml",
    "rollout/min-ready-seconds.toml",
    "faults/lost-reply.toml",
    "faults/restart-onto-older-list.toml",
    "faults/two-leaders.toml",
    "staleness/handlers-lag.toml",
    "nodes/taint-manager.toml",
    "nodes/kubelet-outage.toml",
    "lifecycle/orphan-and-recreate.toml",
    "surge/vanished-node.toml",
    "undo/undo-races-update.toml",
];

fn model(path: &str) -> DaemonSetModel {
    let file = bundled::read(Path::new(path), None).unwrap_or_else(|error| panic!("{path}: {error}"));
    DaemonSetModel::new(file.scope, &[Property::Converges, Property::NoHotLoop])
}

/// Shows `visit` states of the model with their steps, the first of a walk breadth-first.
fn states(model: &DaemonSetModel, visit: &mut dyn FnMut(&Cluster, &Steps)) {
    let mut seen = BTreeSet::new();
    let mut level = vec![model.initial()];
    while !level.is_empty() && seen.len() < 3_000 {
        let mut next = Vec::new();
        for cluster in level {
            if !seen.insert(model.seal(cluster.clone())) || model.exceeded(&cluster).is_some() {
                continue;
            }
            let mut steps = Steps::new();
            model.steps(&cluster, &mut steps);
            visit(&cluster, &steps);
            next.extend(steps.into_iter().map(|(_, after)| after));
        }
        level = next;
    }
}

fn turns(cluster: &Cluster, steps: &Steps) -> BTreeSet<Turn> {
    steps.iter().map(|(action, _)| class(cluster, action)).filter(|turn| *turn != UNFAIR).collect()
}

#[test]
fn what_waits_is_what_more_room_would_enable() {
    let mut waited = 0;
    for path in MODELS {
        let model = model(path);
        let mut roomy = model.clone();
        let handlers = if model.scope.lag.handlers == 0 { 0 } else { 100 };
        roomy.scope.lag = Lag { daemon_sets: 100, revisions: 100, pods: 100, nodes: 100, handlers };
        states(&model, &mut |cluster, steps| {
            let mut waiting = Vec::new();
            model.waiting(cluster, &mut waiting);
            let enabled = turns(cluster, steps);
            let counted: BTreeSet<Turn> = enabled.iter().copied().chain(waiting).collect();
            let mut unhindered = Steps::new();
            roomy.steps(cluster, &mut unhindered);
            let names = |turns: &BTreeSet<Turn>| -> Vec<String> {
                turns.iter().map(|turn| name(&model.scope, *turn)).collect()
            };
            assert_eq!(names(&counted), names(&turns(cluster, &unhindered)), "{path}");
            waited += counted.len() - enabled.len();
        });
    }
    assert!(waited > 1_000, "only {waited} turns waited");
}

/// What users and faults have left to do.
fn left(model: &DaemonSetModel, cluster: &Cluster) -> usize {
    let budgets: usize = cluster.budgets.to_array().into_iter().map(usize::from).sum();
    let commands = model.scope.users.iter().zip(&cluster.users).map(|(script, user)| {
        let under_way = match user.undo {
            Undo::Idle => 0,
            Undo::Read(..) => 1,
            Undo::Chosen(_) => 2,
        };
        (script.len() - usize::from(user.done)) * 3 - under_way
    });
    budgets + commands.sum::<usize>()
}

#[test]
fn users_and_faults_are_in_no_loop_and_the_system_has_a_class_for_each_step() {
    let (mut unfair, mut fair) = (BTreeSet::new(), BTreeSet::new());
    for path in MODELS {
        let model = model(path);
        states(&model, &mut |cluster, steps| {
            for (action, after) in steps {
                let (before, after) = (left(&model, cluster), left(&model, after));
                let counts_down = after < before;
                let turn = class(cluster, action);
                let overtakes = model.scope.switches.informer_order == InformerOrder::PerObject
                    && matches!(action, Action::Deliver { .. });
                assert!(after <= before, "{path}: {action:?}");
                assert!(turn != UNFAIR || counts_down || overtakes, "{path}: {action:?} could be in a loop");
                match action.class() {
                    Class::System => assert!(turn != UNFAIR || overtakes, "{path}: {action:?}"),
                    Class::User => assert_eq!(turn, UNFAIR, "{path}: {action:?}"),
                    // Time passes over expectations; and a restart may list from the past where the release allows it.
                    Class::Fault => assert!(
                        turn == UNFAIR || matches!(action, Action::Expire { .. } | Action::StaleRestart { .. }),
                        "{path}: {action:?}"
                    ),
                }
                if turn == UNFAIR {
                    unfair.insert(action.kind())
                } else {
                    fair.insert(action.kind())
                };
            }
        });
    }
    assert!(unfair.len() > 4 && fair.len() > 20, "{unfair:?} {fair:?}");
}

#[test]
fn events_that_overtake_others_are_nobodys_turn() {
    let file = bundled::read(
        Path::new("staleness/deletion-counted-twice-small.toml"),
        everynode::release::Profile::named("v1.20"),
    );
    let mut scope = file.expect("a bundled model").scope;
    scope.lag.pods = 4; // one of another object between two of one takes three
    let model = DaemonSetModel::new(scope, &[]);
    let (mut first, mut overtaking) = (0, 0);
    states(&model, &mut |cluster, steps| {
        let delivered = |steps: &Steps| -> Vec<Turn> {
            let pods = steps.iter().filter(|(action, _)| action.kind() == "deliver Pod");
            pods.map(|(action, _)| class(cluster, action)).collect()
        };
        let turns = delivered(steps);
        let fair = turns.iter().filter(|turn| **turn != UNFAIR).count();
        assert_eq!(fair, usize::from(!turns.is_empty()), "one event is the oldest");
        first += fair;
        overtaking += turns.len() - fair;
    });
    assert!(first > 100 && overtaking > 10, "{first} oldest events, {overtaking} others");
}

#[test]
fn what_is_told_to_go_on_for_ever_does() {
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max: 400_000,
        time_max: Duration::from_mins(5),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: 0,
        interrupt: &GO_ON,
    };
    let (mut stops, mut loops) = (0, 0);
    for (path, profile) in [
        ("faults/watch-gap.toml", None),
        ("faults/namespace-terminating.toml", None),
        ("nodes/dead-node.toml", None),
        ("nodes/taint-manager.toml", None),
        ("surge/tainted-node.toml", None),
        ("undo/copied-revision.toml", None),
        ("lifecycle/label-flip-and-recreate.toml", None),
        ("rollout/failing-pods-without-end.toml", Some("v1.11")),
    ] {
        let profile = profile.map(|profile| everynode::release::Profile::named(profile).expect("a profile"));
        let file = bundled::read(Path::new(path), profile).expect("a bundled model");
        let model = DaemonSetModel::new(file.scope, &[Property::Converges, Property::NoHotLoop]);
        let report = search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state");
        let mut told = 0;
        for property in [Property::Converges, Property::NoHotLoop] {
            let Verdict::Violated(trace) = &report.findings[property as usize].verdict else { continue };
            let begins = trace.cycle.as_ref().expect("these claims are about behaviours for ever").begins;
            assert!(for_ever::is_broken_by(&model, property, &trace.actions, begins), "{path}: {}", property.id());
            // A loop entered one step too late, or one step early, is none, and neither is one that is cut short.
            let (early, end) = (begins.checked_sub(1), trace.actions.len());
            let shifted = early.is_some_and(|early| for_ever::is_broken_by(&model, property, &trace.actions, early));
            assert!(!shifted, "{path}: {}", property.id());
            if begins < end {
                let cut = &trace.actions[..end - 1];
                assert!(!for_ever::is_broken_by(&model, property, cut, begins), "{path}: {}", property.id());
            }
            stops += usize::from(begins == end);
            loops += usize::from(begins < end);
            told += 1;
        }
        assert!(told > 0, "{path}: nothing is violated");
    }
    assert!(stops > 4 && loops > 1, "{stops} stop, {loops} loop");
}
