//! PROP-8: under v1.36, whatever the watch lag, no node gets two non-terminal pods of one `DaemonSet` as long as no create
//! is ambiguous, one leader acts alone, the first list is consistent, the consistency gate is on, nothing is adopted,
//! nothing is created anew under its name, and nothing surges. Each assumption is needed: without it, and with all the
//! others, the claim is broken. The positive control (section 18.4) keeps it where the first four are dropped.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Settings, Verdict, search};
use everynode::model::action::Action;
use everynode::model::compose::DaemonSetModel;
use everynode::property::{ALL, Property};
use everynode::scope::parse;

static GO_ON: AtomicBool = AtomicBool::new(false);

/// A scope; `[..]` are the places where an assumption is dropped.
const BASE: &str = r#"
about = "PROP-8"
start = "[start]"
users = [[users]]
lag = { pods = [lag], handlers = [handlers] }
faults = { [faults] }
[more]

[nodes]
n1 = "plain"

[variants]
plain = {}

[strategies]
rolling = { [strategy] }

[templates]
a = {}
b = {}
"#;

/// What fills the places.
#[derive(Clone, Copy)]
struct Scope {
    start: &'static str,
    users: &'static str,
    lag: u8,
    handlers: u8,
    faults: &'static str,
    strategy: &'static str,
    more: &'static str,
}

/// The `DaemonSet` is created.
const CREATED: Scope = Scope {
    start: "empty",
    users: r#"["create a"]"#,
    lag: 2,
    handlers: 0,
    faults: "expiry = 1",
    strategy: "maxUnavailable = 1",
    more: "",
};

/// It has rolled out, and is updated.
const UPDATED: Scope = Scope { start: "settled", users: r#"["apply b"], ["annotate"]"#, ..CREATED };

/// The verdict on `property`; a search for a violation ends with the first.
fn verdict(scope: Scope, property: Property) -> Verdict<Action> {
    let text = BASE
        .replace("[start]", scope.start)
        .replace("[users]", scope.users)
        .replace("[lag]", &scope.lag.to_string())
        .replace("[handlers]", &scope.handlers.to_string())
        .replace("[faults]", scope.faults)
        .replace("[strategy]", scope.strategy)
        .replace("[more]", scope.more);
    let file = parse(Path::new("assumptions.toml"), &text, None, &|name| Err(format!("no manifest {name}")))
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let model = DaemonSetModel::new(file.scope, &[property]);
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max: 3_000_000,
        time_max: Duration::from_mins(10),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: property.bit(),
        interrupt: &GO_ON,
    };
    let report = search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state");
    report.findings[property as usize].verdict.clone()
}

fn assert_needed(dropped: Scope, property: Property) {
    let found = verdict(dropped, property);
    assert!(matches!(found, Verdict::Violated(_)), "{}: {found:?}", property.id());
}

#[test]
fn under_all_of_them_no_node_gets_two_pods() {
    let created = Scope { faults: "expiry = 1, refused = 1", ..CREATED };
    let updated = Scope { faults: "expiry = 1, pod_watch_break = 1", ..UPDATED };
    let deleted = Scope { users: r#"["create a", "delete-pod n1"]"#, ..CREATED };
    let handlers = Scope { handlers: 1, ..CREATED };
    for scope in [created, updated, deleted, handlers] {
        assert_eq!(verdict(scope, Property::OnePerNode), Verdict::Holds, "{} {}", scope.users, scope.faults);
    }
}

#[test]
fn needs_unambiguous_creates() {
    assert_needed(Scope { faults: "lost_reply = 1", ..CREATED }, Property::OnePerNode); // NOG-3
}

#[test]
fn needs_a_single_leader() {
    assert_needed(Scope { faults: "second_leader = 1", lag: 1, ..CREATED }, Property::OnePerNode); // NOG-4
    // A process that died counts as long as its requests are on their way.
    assert_needed(Scope { faults: "crash = 1", ..CREATED }, Property::OnePerNode);
}

#[test]
fn needs_a_consistent_first_list() {
    assert_needed(Scope { faults: "stale_list = 1", ..CREATED }, Property::OnePerNode); // NOG-1
}

#[test]
fn needs_the_gate() {
    let off = Scope { more: r#"switches = { gate = "Off" }"#, users: r#"["create a"], ["annotate"]"#, ..CREATED };
    assert_needed(off, Property::OnePerNode); // NOG-2
}

#[test]
fn needs_that_nothing_is_adopted() {
    assert_needed(Scope { users: r#"["create a"], ["orphan-pod n1 a"]"#, ..CREATED }, Property::OnePerNode); // NOG-6
}

#[test]
fn needs_that_nothing_is_created_anew_under_its_name() {
    let recreated = Scope { users: r#"["delete background", "create a"]"#, faults: "", lag: 1, ..UPDATED };
    // NOG-7: by uid the claim holds, by name it does not.
    assert_eq!(verdict(recreated, Property::OnePerNode), Verdict::Holds);
    assert_needed(recreated, Property::OnePerName);
}

#[test]
fn needs_that_nothing_surges() {
    assert_needed(Scope { strategy: "maxSurge = 1", ..UPDATED }, Property::OnePerNode);
}

#[test]
fn deterministic_names_need_none_of_them() {
    let named = Scope { more: r#"controller = "deterministic-names""#, ..CREATED };
    let off = "controller = \"deterministic-names\"\nswitches = { gate = \"Off\" }";
    for scope in [
        Scope { faults: "lost_reply = 1", ..named },
        Scope { faults: "second_leader = 1", lag: 1, ..named },
        Scope { faults: "crash = 1", ..named },
        Scope { faults: "stale_list = 1", ..named },
        Scope { users: r#"["create a"], ["annotate"]"#, more: off, ..named },
    ] {
        assert_eq!(verdict(scope, Property::OnePerNode), Verdict::Holds, "{} {}", scope.faults, scope.more);
    }
}
