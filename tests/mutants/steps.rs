//! Switches whose effect no claim names: whether a state of a certain kind is reached, over the whole graph.

use std::collections::{HashSet, VecDeque};

use everynode::controller::request::Request;
use everynode::model::compose::DaemonSetModel;
use everynode::model::state::{Cluster, State};
use everynode::scope::Scope;

use super::scope;

/// Whether a behaviour of `scope` reaches a state that `is_such`.
fn reaches(scope: Scope, is_such: impl Fn(&Cluster) -> bool) -> bool {
    let model = DaemonSetModel::new(scope, &[]);
    let initial = model.initial();
    let mut seen = HashSet::from([State::of(&initial)]);
    let mut open = VecDeque::from([initial]);
    let mut steps = Vec::new();
    while let Some(cluster) = open.pop_front() {
        if is_such(&cluster) {
            return true;
        }
        assert!(model.exceeded(&cluster).is_none(), "the graph is within its capacities");
        model.steps(&cluster, &mut steps);
        open.extend(steps.drain(..).map(|(_, next)| next).filter(|next| seen.insert(State::of(next))));
    }
    false
}

/// A pod is asked for by a sync whose own copy of the `DaemonSet` is being deleted.
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
fn only_an_adoption_that_looks_at_its_owner_in_the_same_request_leaves_an_orphaned_pod_alive() {
    // DS-B47: the pod is to outlive both DaemonSets, and nobody else deletes it. The second one's sync finds it without
    // owner, asks whether it may adopt it, and does so when its DaemonSet is gone.
    let users = r#"users = [["delete orphan", "create a", "delete orphan"]]"#;
    for (value, lost) in [("None", true), ("ReadThenPatch", true), ("Atomic", false)] {
        let line = format!("switches = {{ adopt_recheck = \"{value}\" }}");
        let scope = scope("lifecycle/orphan-and-recreate.toml", &[&line, users]);
        assert_eq!(reaches(scope, |cluster| cluster.store.pods.0.is_empty()), lost, "{value}");
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
