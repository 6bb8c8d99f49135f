//! What reviews found, kept from coming back: each test is a scope in which the model was once wrong.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Settings, Verdict, search};
use everynode::model::action::Action;
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::State;
use everynode::property::{ALL, Property};
use everynode::scope::{Scope, parse};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// A scope of one node that has rolled out template a; `head` goes before the tables, `tables` after them.
fn scope(head: &str, tables: &str) -> Scope {
    let text = format!("about = \"found\"\n{head}\n[nodes]\nn1 = \"plain\"\n{tables}\n");
    let file = parse(Path::new("found.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope
}

/// The verdict on `property` after at most so many states.
fn verdict(scope: Scope, property: Property, states_max: u64) -> Verdict<Action> {
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max,
        time_max: Duration::from_mins(5),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: property.bit(),
        interrupt: &GO_ON,
    };
    let model = DaemonSetModel::new(scope, &[property]);
    let report = search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state");
    report.findings[property as usize].verdict.clone()
}

const TEMPLATES: &str = "[variants]\nplain = {}\n[templates]\na = {}\nb = {}\nc = {}";

#[test]
fn a_leader_that_lost_its_lease_does_not_panic_when_it_exits() {
    let two = scope("users = [[\"create a\"]]\nfaults = { second_leader = 1 }", TEMPLATES);
    assert!(!matches!(verdict(two, Property::NoPanic, 50_000), Verdict::Violated(_)));
}

#[test]
fn a_panic_ends_the_syncs_of_every_daemon_set() {
    let tables = format!("{TEMPLATES}\n[daemon_sets]\none = {{ selects_unlabelled = true }}\ntwo = {{}}");
    let both = scope("users = [[\"create a of one\", \"unlabelled-revision of one\"], [\"create a of two\"]]", &tables);
    assert!(matches!(verdict(both, Property::NoPanic, 100_000), Verdict::Violated(_)));
}

#[test]
fn the_order_of_templates_in_the_file_decides_nothing() {
    let head = "start = \"settled\"\nusers = [[\"apply b\", \"apply c\", \"undo\"]]\nlag = { revisions = 2 }";
    let lengths: Vec<usize> = ["a = {}\nb = {}\nc = {}", "a = {}\nc = {}\nb = {}"]
        .iter()
        .map(|templates| {
            let tables = format!(
                "[variants]\nplain = {{}}\n[strategies]\nby-hand = {{ type = \"OnDelete\" }}\n[templates]\n{templates}"
            );
            match verdict(scope(head, &tables), Property::UndoActs, 1_000_000) {
                Verdict::Violated(trace) => trace.actions.len(),
                other @ (Verdict::Holds | Verdict::NoneFound(_)) => panic!("{templates}: {other:?}"),
            }
        })
        .collect();
    assert_eq!(lengths[0], lengths[1]);
}

#[test]
fn a_surge_pod_is_judged_by_the_look_up_that_it_came_from() {
    let text = "about = \"found\"\nstart = \"settled\"\n\
        users = [[\"apply b\"], [\"node n1 tainted\", \"node n1 plain\"]]\nlag = { nodes = 2 }\n\
        [nodes]\nn1 = \"plain\"\n\
        [variants]\nplain = {}\ntainted = { taints = [\"x=y:NoSchedule\"] }\n\
        [templates]\na = {}\nb = {}\n[strategies]\nsurge = { maxSurge = 1 }\n";
    let file = parse(Path::new("found.toml"), text, None, &|name| Err(format!("no manifest {name}"))).expect("a model");
    assert!(!matches!(verdict(file.scope, Property::EligibleOnly, 60_000), Verdict::Violated(_)));
}

#[test]
fn no_two_steps_of_one_name_lead_apart() {
    let head = "start = \"settled\"\nusers = [[\"delete background\", \"create a\"]]\nfaults = { crash = 2 }";
    let model = DaemonSetModel::new(scope(head, TEMPLATES), &[]);
    let mut seen = std::collections::BTreeSet::from([State::of(&model.initial())]);
    let mut waiting = std::collections::VecDeque::from([model.initial()]);
    while let Some(cluster) = waiting.pop_front() {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        let mut named: BTreeMap<Action, State> = BTreeMap::new();
        for (action, next) in steps {
            let sealed = State::of(&next);
            let other = named.insert(action, sealed.clone());
            assert!(other.is_none_or(|other| other == sealed), "{action:?} leads to two states");
            if seen.len() < 60_000 && seen.insert(sealed) {
                waiting.push_back(next);
            }
        }
    }
}

#[test]
fn a_script_is_no_longer_than_its_counters_reach() {
    let commands = vec!["\"wait\""; 300].join(", ");
    let text =
        format!("about = \"found\"\nusers = [[{commands}, \"create a\"]]\n[nodes]\nn1 = \"plain\"\n{TEMPLATES}\n");
    let error = parse(Path::new("found.toml"), &text, None, &|name| Err(format!("no manifest {name}")))
        .expect_err("300 commands are too many");
    assert!(error.message.contains("at most 60 commands"), "{error}");
}

#[test]
fn every_claim_that_a_model_expects_to_hold_has_met_its_premise() {
    use everynode::scope::{ExpectedVerdict, bundled};
    for path in bundled::paths() {
        let file = bundled::read(path, None).expect("a bundled model");
        let claims: Vec<Property> =
            file.expect.iter().filter(|one| one.verdict == ExpectedVerdict::Holds).map(|one| one.property).collect();
        if file.until_broken || claims.is_empty() {
            continue;
        }
        let settings = Settings {
            threads: 2,
            seed: 0,
            states_max: 60_000,
            time_max: Duration::from_mins(5),
            memory_max: 6 << 30,
            depth_max: u64::MAX,
            stop_when_broken: 0,
            interrupt: &GO_ON,
        };
        let report = search(&DaemonSetModel::new(file.scope, &claims), ALL.len(), &settings, &mut |_| {})
            .expect("a function of its state");
        for claim in claims {
            let met = report.findings[claim as usize].premise_reached;
            assert!(met, "{}: {} holds vacuously", path.display(), claim.id());
        }
    }
}

#[test]
fn a_leader_that_lost_its_lease_is_shown_nothing_more() {
    let two = scope("start = \"settled\"\nusers = [[\"apply b\"]]\nfaults = { second_leader = 1 }", TEMPLATES);
    let model = DaemonSetModel::new(two, &[]);
    let (mut waiting, mut overlaps) = (vec![model.initial()], 0);
    let mut seen = std::collections::BTreeSet::from([State::of(&model.initial())]);
    while let Some(cluster) = waiting.pop() {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        for (action, next) in steps {
            if action == Action::SecondLeader {
                let first = &next.controllers[0];
                assert!(first.pods.stream.is_empty() && first.daemon_sets.stream.is_empty(), "{first:?}");
                overlaps += u32::from(!cluster.controllers[0].pods.stream.is_empty());
            } else if seen.len() < 5_000 && seen.insert(State::of(&next)) {
                waiting.push(next);
            }
        }
    }
    assert!(overlaps > 10, "only {overlaps} leases were lost with an event on its way");
}

#[test]
fn a_template_may_be_called_like_the_default_strategy() {
    let manifest = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: ds}\nspec:\n  minReadySeconds: 5\n  \
        selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    \
        spec: {containers: [{name: c, image: i}]}\n";
    for templates in ["rolling = { manifest = \"ds.yaml\" }\nz = {}", "z = {}\nrolling = { manifest = \"ds.yaml\" }"] {
        let text = format!(
            "about = \"found\"\nusers = [[\"create z\"], [\"apply rolling\"]]\n[nodes]\nn1 = \"plain\"\n[variants]\nplain = {{}}\n[templates]\n{templates}\n"
        );
        let file = parse(Path::new("found.toml"), &text, None, &|_| Ok(manifest.to_owned()));
        let scope = file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope;
        let mut seconds: Vec<_> = scope.strategies.iter().map(|strategy| strategy.min_ready_seconds).collect();
        seconds.sort_unstable();
        assert_eq!(seconds, [0, 5], "{templates}");
    }
}

#[test]
fn undo_to_0_is_undo_to_the_previous_one() {
    let [zero, none] =
        ["undo 0", "undo"].map(|undo| scope(&format!("users = [[\"create a\", \"{undo}\"]]"), TEMPLATES));
    assert_eq!(zero.users, none.users);
}
