//! The hosts beside the controller, in small graphs that are looked at whole.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use everynode::cluster::object::{OTHERS, PodPhase};
use everynode::cluster::scheduler;
use everynode::cluster::watch::{Event, Versioned};
use everynode::model::action::Action;
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::{Cluster, ReadyTimer, State};
use everynode::scope::parse;

fn model(text: &str) -> DaemonSetModel {
    let text = format!("about = \"\"\n{text}");
    let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    DaemonSetModel::new(file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope, &[])
}

/// Every step of the graph.
fn steps(model: &DaemonSetModel) -> Vec<(Cluster, Action, Cluster)> {
    let mut seen = HashSet::from([State::of(&model.initial())]);
    let (mut open, mut all) = (vec![model.initial()], Vec::new());
    while let Some(cluster) = open.pop() {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        for (action, next) in steps {
            if seen.insert(State::of(&next)) {
                open.push(next.clone());
            }
            all.push((cluster.clone(), action, next));
        }
    }
    all
}

const REST: &str = "[nodes]\nn1 = \"plain\"\n[variants]\nplain = {}\n[templates]\na = {}\n";

/// LEG-4, LEG-15, NODE-12: who makes pods bound may make one for a node that others have filled meanwhile.
#[test]
fn a_kubelet_rejects_a_pod_that_was_created_bound_to_a_full_node() {
    let graph = |profile: &str| {
        steps(&model(&format!("profile = \"{profile}\"\nusers = [[\"create a\"], [\"fill n1\"]]\n{REST}")))
    };
    let ready_beside_others = |(_, action, after): &(Cluster, Action, Cluster)| {
        let Action::PodReady { pod } = action else { return false };
        after.store.pods.iter().any(|other| other.template == OTHERS && other.name < *pod)
    };
    for profile in ["v1.11", "v1.36"] {
        assert!(!graph(profile).iter().any(ready_beside_others), "{profile}");
    }
    let failed = |(_, action, _): &(Cluster, Action, Cluster)| matches!(action, Action::PodFailed { .. });
    assert!(graph("v1.11").iter().any(failed), "the controller binds it");
    assert!(!graph("v1.36").iter().any(failed), "the scheduler does not");
}

/// API-12.
#[test]
fn a_terminating_namespace_takes_no_new_object_from_anyone() {
    let graph = steps(&model(&format!("users = [[\"terminate-namespace\"], [\"create a\"]]\n{REST}")));
    let creates = |before: &Cluster, after: &Cluster| {
        before.store.daemon_sets.0.is_empty() && !after.store.daemon_sets.0.is_empty()
    };
    assert!(graph.iter().any(|(before, _, after)| creates(before, after)), "before it terminates");
    assert!(!graph.iter().any(|(before, _, after)| before.store.terminating && creates(before, after)));
}

/// PLACE-9, NODE-5: the affinity of a created pod names its node; its node selector is that of the template.
#[test]
fn the_scheduler_goes_by_the_node_selector_and_not_by_the_affinity_that_was_replaced() {
    let affinity = "affinity = { nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms = \
                    [{ matchExpressions = [{ key = \"zone\", operator = \"In\", values = [\"a\"] }] }] } } }";
    for (template, binds) in [("nodeSelector = { zone = \"a\" }", false), (affinity, true)] {
        let model = model(&format!(
            "start = \"settled\"\n[nodes]\nn1 = \"here\"\n[variants]\nhere = {{ labels = {{ zone = \"a\" }} }}\nthere = {{}}\n\
             [templates]\na = {{ spec = {{ containers = [], {template} }} }}\n"
        ));
        let mut cluster = model.initial();
        let pod = &mut cluster.store.pods.0[0];
        (pod.bound, pod.ready) = (false, false);
        let pod = *pod;
        assert!(scheduler::binds(&cluster.store, &model.scope, &pod).is_some(), "{template}");
        cluster.store.nodes.0[0].variant = 1;
        assert_eq!(scheduler::binds(&cluster.store, &model.scope, &pod).is_some(), binds, "{template}");
        let placement = model.scope.placement[0][1];
        assert!(!placement.should_run, "the controller would make no pod there");
    }
}

/// EVT-10, D-22: the work queue keeps the earliest of several delayed adds.
#[test]
fn of_two_delayed_adds_the_earlier_is_kept() {
    let since = ReadyTimer::Since(2);
    assert_eq!(ReadyTimer::Off.armed(since), since);
    assert_eq!(since.armed(ReadyTimer::Since(4)), since);
    assert_eq!(since.armed(ReadyTimer::Now), since);
    assert_eq!(ReadyTimer::Now.armed(since), ReadyTimer::Now);
    let graph =
        steps(&model(&format!("users = [[\"create a\"]]\n{REST}[strategies]\nslow = {{ minReadySeconds = 9 }}\n")));
    let mut fired = 0;
    for (before, action, _) in &graph {
        if matches!(action, Action::ReadyTimer { .. }) {
            fired += 1;
            let maturing = |pod: &everynode::cluster::object::PodObject| pod.ready && !pod.matured && !pod.deleting;
            assert!(!before.store.pods.iter().any(maturing), "the only pod has been ready so long");
        }
    }
    assert!(fired > 0);
}

/// LEG-3, LEG-10: a foreign pod with the port takes the node out of the other's.
#[test]
fn the_controller_of_1_11_makes_no_pod_where_a_foreign_one_has_its_port() {
    let ports = "{ spec = { containers = [{ name = \"x\", ports = [{ containerPort = 9100, hostPort = 9100 }] }] } }";
    let pods_at_most = |profile: &str| {
        let graph = steps(&model(&format!(
            "profile = \"{profile}\"\nusers = [[\"create a of one\", \"wait\", \"create b of two\"]]\n[nodes]\nn1 = \"plain\"\n\
             [variants]\nplain = {{}}\n[templates]\na = {ports}\nb = {ports}\n[daemon_sets]\none = {{}}\ntwo = {{}}\n"
        )));
        let live = |cluster: &Cluster| {
            cluster.store.pods.iter().filter(|pod| pod.phase == PodPhase::Active && !pod.deleting).count()
        };
        graph.iter().map(|(_, _, after)| live(after)).max()
    };
    assert_eq!(pods_at_most("v1.11"), Some(1));
    assert_eq!(pods_at_most("v1.36"), Some(2), "the scheduler leaves the second pending");
}

/// API-22: up to 1.32 an event may come before older ones of other objects only together with one of its own.
#[test]
fn an_event_overtakes_others_only_behind_one_of_its_object() {
    let pods_on_their_way = |profile: &str| {
        let text = "start = \"settled\"\nlag = { pods = 4 }\n[nodes]\nn1 = \"plain\"\nn2 = \"plain\"\n\
            [variants]\nplain = {}\n[templates]\na = {}\n";
        let model = model(&format!("profile = \"{profile}\"\n{text}"));
        let mut cluster = model.initial();
        let [a, b] = [0, 1].map(|index| cluster.store.pods.0[index]);
        for (version, pod) in (3..).zip([a, b, a, b]) {
            let event = Versioned { version, event: Event::Put(pod) };
            cluster.controllers[0].pods.stream.push(event);
        }
        (model, cluster)
    };
    // The versions in the order in which they may reach the store.
    let orders = |profile: &str| -> BTreeSet<Vec<u8>> {
        let (model, cluster) = pods_on_their_way(profile);
        let (mut open, mut orders) = (vec![(cluster, Vec::new())], BTreeSet::new());
        while let Some((cluster, taken)) = open.pop() {
            let mut steps = Steps::new();
            model.raw_steps(&cluster, &mut steps);
            let delivered = steps.into_iter().filter(|(action, _)| action.kind() == "deliver Pod");
            let before = open.len();
            open.extend(delivered.map(|(_, next)| {
                let version = cluster.controllers[0].pods.stream[0].version;
                (next, taken.iter().copied().chain([version]).collect())
            }));
            if open.len() == before {
                orders.insert(taken);
            }
        }
        orders
    };
    assert_eq!(orders("v1.36"), BTreeSet::from([vec![3, 4, 5, 6]]));
    assert_eq!(orders("v1.20"), BTreeSet::from([vec![3, 4, 5, 6], vec![3, 5, 4, 6]]), "3 and 5 are of one pod");
}
