//! What may go wrong, and where it may not: which faults are enabled in clusters made by hand, and what they leave behind.

use std::path::Path;

use everynode::cluster::api_server::{Call, Origin};
use everynode::cluster::presence::Presence;
use everynode::controller::record::{ResourceVersion, Status, Uid};
use everynode::controller::request::Request;
use everynode::model::action::Action;
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::Cluster;
use everynode::scope::parse;

/// One node, template a rolled out; these faults may happen once each.
fn model(faults: &[&str]) -> DaemonSetModel {
    let budgets: Vec<String> = faults.iter().map(|fault| format!("{fault} = 1")).collect();
    let text = format!(
        "about = \"by hand\"\nstart = \"settled\"\nfaults = {{ {} }}\n[nodes]\nn1 = \"plain\"\n[variants]\nplain = {{}}\n\
         [templates]\na = {{}}\n",
        budgets.join(", ")
    );
    let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    DaemonSetModel::new(file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope, &[])
}

/// Where the step that `is_it` leads to; none if there is none.
fn after(model: &DaemonSetModel, cluster: &Cluster, is_it: impl Fn(&Action) -> bool) -> Option<Cluster> {
    let mut steps = Steps::new();
    model.raw_steps(cluster, &mut steps);
    steps.into_iter().find(|(action, _)| is_it(action)).map(|(_, next)| next)
}

#[test]
fn only_a_kubelet_that_is_there_goes_away_and_one_that_is_gone_stays_so() {
    let model = model(&["kubelet_outage", "kubelet_silent"]);
    let possible = |kubelet: Presence| {
        let mut cluster = model.initial();
        cluster.machines[0].kubelet = kubelet;
        let is_possible = |is_it: fn(&Action) -> bool| after(&model, &cluster, is_it).is_some();
        [
            is_possible(|action| matches!(action, Action::KubeletOutage { .. })),
            is_possible(|action| matches!(action, Action::Silence { .. })),
            is_possible(|action| matches!(action, Action::KubeletReturns { .. })),
        ]
    };
    assert_eq!(possible(Presence::Here), [true, true, false]);
    assert_eq!(possible(Presence::Away), [false, false, true]);
    assert_eq!(possible(Presence::Gone), [false, false, false]);
}

#[test]
fn a_scheduler_goes_and_comes_back_as_a_kubelet_does() {
    let model = model(&["scheduler_outage", "scheduler_away"]);
    let possible = |scheduler: Presence| {
        let cluster = Cluster { scheduler, ..model.initial() };
        let is_possible = |is_it: fn(&Action) -> bool| after(&model, &cluster, is_it).is_some();
        [
            is_possible(|action| matches!(action, Action::SchedulerOutage)),
            is_possible(|action| matches!(action, Action::SchedulerAway)),
            is_possible(|action| matches!(action, Action::SchedulerReturns)),
        ]
    };
    assert_eq!(possible(Presence::Here), [true, true, false]);
    assert_eq!(possible(Presence::Away), [false, false, true]);
    assert_eq!(possible(Presence::Gone), [false, false, false]);
}

#[test]
fn a_conflict_is_somebody_elses_write_of_the_very_object() {
    let model = model(&["conflict"]);
    let object = model.initial().store.daemon_sets.0[0];
    let touched = |uid: u8| {
        let mut cluster = model.initial();
        let status = Status::default();
        let version = ResourceVersion(u64::from(object.version));
        cluster.calls.push(Call {
            controller: 0,
            awaited: true,
            key: 0,
            uid,
            template: 0,
            revision: 0,
            origin: Origin::Manage,
            request: Request::UpdateStatus(Uid(u32::from(uid)), version, status),
        });
        after(&model, &cluster, |action| matches!(action, Action::Conflict { .. }))
    };
    let next = touched(object.uid).expect("the object is there");
    let written = next.store.daemon_sets.0[0];
    assert!(written.version > object.version, "its version is another");
    assert_eq!(
        (written.generation, written.template, written.counters),
        (object.generation, object.template, object.counters)
    );
    assert_eq!((next.calls.len(), next.replies.len(), next.budgets.conflict), (0, 1, 0));
    assert!(touched(object.uid + 1).is_none(), "that object is gone, and another bears its name");
}

#[test]
fn a_leader_that_is_replaced_takes_up_nothing_new() {
    let model = model(&["second_leader"]);
    let second =
        after(&model, &model.initial(), |action| matches!(action, Action::SecondLeader)).expect("it is enabled");
    assert_eq!(second.controllers.len(), 2);
    let [old, new] = [&second.controllers[0], &second.controllers[1]];
    assert_eq!((old.running, old.retiring), (false, true), "its lease is lost");
    assert_eq!((new.running, new.retiring), (true, false));
    assert!(after(&model, &second, |action| matches!(action, Action::Begin { controller: 0, .. })).is_none());
    assert!(after(&model, &second, |action| matches!(action, Action::Begin { controller: 1, .. })).is_some());
    assert!(after(&model, &second, |action| matches!(action, Action::Restart { controller: 0 })).is_none());
    assert!(after(&model, &second, |action| matches!(action, Action::SecondLeader)).is_none(), "the budget is spent");
}
