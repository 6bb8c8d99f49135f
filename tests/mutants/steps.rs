//! Switches whose effect no claim names: whether a step of a certain kind is ever taken, over the whole graph.

use std::collections::{HashSet, VecDeque};

use everynode::cluster::object::Deleting;
use everynode::controller::request::Request;
use everynode::model::action::Action;
use everynode::model::compose::DaemonSetModel;
use everynode::model::state::{Cluster, State};
use everynode::scope::Scope;

use super::scope;

/// Whether a behaviour of `scope` reaches a state that `is_such`.
fn reaches(scope: Scope, is_such: impl Fn(&Cluster) -> bool) -> bool {
    takes(scope, |_, _, after| is_such(after))
}

/// Whether a behaviour of `scope` takes a step that `is_such`.
fn takes(scope: Scope, is_such: impl Fn(&Cluster, &Action, &Cluster) -> bool) -> bool {
    let model = DaemonSetModel::new(scope, &[]);
    let initial = model.initial();
    let mut seen = HashSet::from([State::of(&initial)]);
    let mut open = VecDeque::from([initial]);
    let mut steps = Vec::new();
    while let Some(cluster) = open.pop_front() {
        assert!(model.exceeded(&cluster).is_none(), "the graph is within its capacities");
        model.steps(&cluster, &mut steps);
        for (action, next) in steps.drain(..) {
            if is_such(&cluster, &action, &next) {
                return true;
            }
            if seen.insert(State::of(&next)) {
                open.push_back(next);
            }
        }
    }
    false
}

/// Something is asked for by a sync whose own copy of the `DaemonSet` is being deleted.
fn a_terminating_daemon_set_creates(cluster: &Cluster, created: impl Fn(&Request) -> bool) -> bool {
    cluster.controllers.iter().flat_map(|process| &process.work).any(|work| {
        let deleting = work.sync.as_ref().is_some_and(|sync| sync.daemon_set().deleting);
        deleting && cluster.calls.iter().any(|call| created(&call.request))
    })
}

const FOREGROUND: &str = r#"users = [["delete foreground"]]"#;

#[test]
fn what_a_sync_of_a_terminating_daemon_set_creates_is_told_by_the_switch() {
    // DS-B46: nothing; the revision that the status needs; pods too.
    for (value, revisions, pods) in [("None", false, false), ("Status", true, false), ("Full", true, true)] {
        let line = format!("switches = {{ sync_deleting = \"{value}\" }}");
        let scope = || scope("lifecycle/delete-and-recreate-foreground.toml", &[&line, FOREGROUND]);
        let revision = |request: &Request| matches!(request, Request::CreateRevision(_));
        let pod = |request: &Request| matches!(request, Request::CreatePod(..));
        assert_eq!(
            reaches(scope(), |cluster| a_terminating_daemon_set_creates(cluster, revision)),
            revisions,
            "{value}"
        );
        assert_eq!(reaches(scope(), |cluster| a_terminating_daemon_set_creates(cluster, pod)), pods, "{value}");
    }
}

#[test]
fn only_an_adoption_that_looks_at_its_owner_in_the_same_request_never_comes_too_late() {
    // DS-B47: a pod made by hand is adopted by a DaemonSet that is gone or on its way out.
    for (value, late) in [("None", true), ("ReadThenPatch", true), ("Atomic", false)] {
        let line = format!("switches = {{ adopt_recheck = \"{value}\" }}");
        let users = r#"users = [["orphan-pod n1 a"], ["delete orphan"]]"#;
        let scope = scope("lifecycle/orphan-and-recreate.toml", &[&line, users]);
        let owned = |cluster: &Cluster| cluster.store.pods.iter().filter(|pod| pod.owner.is_some()).count();
        let too_late = |before: &Cluster, action: &Action, after: &Cluster| {
            let adoption = matches!(action, Action::Handle { request: Request::AdoptPod(..), .. });
            let living = before.daemon_set(0).is_some_and(|object| object.deleting == Deleting::No);
            adoption && !living && owned(after) > owned(before)
        };
        assert_eq!(takes(scope, too_late), late, "{value}");
    }
}

#[test]
fn a_collision_is_counted_once_unless_it_is_compared_with_the_cache() {
    // DS-B44: one collision, one more.
    for (value, twice) in [("Fresh", false), ("Cached", true)] {
        let line = format!("switches = {{ collision_read = \"{value}\" }}");
        let scope = scope("rollout/hash-collision.toml", &[&line]);
        let counted = |cluster: &Cluster| cluster.store.daemon_sets.iter().any(|object| object.collisions > 1);
        assert_eq!(reaches(scope, counted), twice, "{value}");
    }
}

#[test]
fn without_the_gate_a_shared_template_makes_two_revisions_chase_each_other() {
    // DS-B43: nobody updates anything, and the number of the current revision goes up.
    for (value, chase) in [("Off", false), ("On", true)] {
        let line = format!("switches = {{ gate = \"Off\", shared_mutation = \"{value}\" }}");
        let scope = scope("rollout/template-in-any-order.toml", &[&line]);
        let climbed = |cluster: &Cluster| cluster.store.revisions.iter().any(|revision| revision.number > 2);
        assert_eq!(reaches(scope, climbed), chase, "{value}");
    }
}

#[test]
fn an_upgrade_that_serialises_otherwise_replaces_pods_only_where_the_hash_alone_tells_which_are_updated() {
    // DS-B52, HIST-21: the rolling update deletes a pod that was made from the template that the DaemonSet still has.
    for (value, updated_by, replaces) in [
        ("Stable", "Hash", false),
        ("Stable", "HashOrGeneration", false),
        ("Versioned", "Hash", true),
        ("Versioned", "HashOrGeneration", false),
    ] {
        let line = format!("switches = {{ serialisation = \"{value}\", updated_by = \"{updated_by}\" }}");
        let scope = scope("undo/undo-after-an-upgrade.toml", &[&line]);
        let written = scope.clone();
        let needless = |before: &Cluster, action: &Action, after: &Cluster| {
            let Action::Handle { request: Request::DeletePod(name, _), .. } = action else { return false };
            let pod = |cluster: &Cluster| cluster.store.pods.iter().find(|pod| u32::from(pod.name) == name.0).copied();
            let template = before.daemon_set(0).map(|object| object.template);
            let deleted = pod(before).filter(|old| !old.deleting && pod(after).is_none_or(|new| new.deleting));
            deleted.is_some_and(|old| Some(written.as_written(old.template)) == template)
        };
        assert_eq!(takes(scope, needless), replaces, "{value}, {updated_by}");
    }
}
