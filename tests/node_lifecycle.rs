//! What becomes of a node whose kubelet is silent, and of the pods on it, step by step (NODE-6 to NODE-8).
//!
//! Each test takes steps by hand, or looks at every state of a small graph.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use everynode::model::action::Action;
use everynode::model::compose::DaemonSetModel;
use everynode::model::state::{Cluster, State};
use everynode::scope::parse;

/// One node with the pod of template `a`, and what `lines` add.
fn model(lines: &str, template: &str) -> DaemonSetModel {
    model_of(lines, "\"plain\"", template)
}

fn model_of(lines: &str, node: &str, template: &str) -> DaemonSetModel {
    let text = format!(
        "about = \"\"\nstart = \"settled\"\n{lines}\n[nodes]\nn1 = {node}\n\
         [variants]\nplain = {{}}\nevicting = {{ taints = [\"maintenance=now:NoExecute\"] }}\n\
         [templates]\na = {template}\n"
    );
    let file = parse(Path::new("test.toml"), &text, None, &|name| Err(name.to_owned())).expect("a model");
    DaemonSetModel::new(file.scope, &[])
}

fn steps(model: &DaemonSetModel, cluster: &Cluster) -> Vec<(Action, Cluster)> {
    let mut steps = Vec::new();
    model.steps(cluster, &mut steps);
    steps
}

/// The steps of the node lifecycle that are enabled, by what they do.
fn of_the_lifecycle(model: &DaemonSetModel, cluster: &Cluster) -> BTreeSet<String> {
    let scope = &model.scope;
    let told = |action: &Action| {
        if let Action::Lifecycle { variant, .. } = action {
            return Some(scope.variants[usize::from(*variant)].clone());
        }
        let marks = matches!(action, Action::MarkPodNotReady { .. });
        let evicts = matches!(action, Action::Evict { .. });
        marks.then(|| "mark".to_owned()).or(evicts.then(|| "evict".to_owned()))
    };
    steps(model, cluster).iter().filter_map(|(action, _)| told(action)).collect()
}

/// Every event is delivered, so that no write waits for room in a stream.
fn delivered(model: &DaemonSetModel, mut cluster: Cluster) -> Cluster {
    let is_delivery = |action: &Action| matches!(action, Action::Deliver { .. });
    while let Some((_, next)) = steps(model, &cluster).into_iter().find(|(action, _)| is_delivery(action)) {
        cluster = next;
    }
    cluster
}

/// Takes the step that `is_it`.
fn take(model: &DaemonSetModel, cluster: &Cluster, is_it: impl Fn(&Action) -> bool) -> Cluster {
    let found = steps(model, cluster).into_iter().find(|(action, _)| is_it(action));
    delivered(model, found.expect("the step is enabled").1)
}

/// The step to the variant called `name`.
fn becomes<'a>(model: &'a DaemonSetModel, name: &'a str) -> impl Fn(&Action) -> bool + 'a {
    move |action| matches!(action, Action::Lifecycle { variant, .. } if model.scope.variants[usize::from(*variant)] == name)
}

/// Every state that can be reached.
fn reachable(model: &DaemonSetModel) -> Vec<Cluster> {
    let mut seen = HashSet::from([State::of(&model.initial())]);
    let (mut open, mut all) = (vec![model.initial()], Vec::new());
    while let Some(cluster) = open.pop() {
        for (_, next) in steps(model, &cluster) {
            if seen.insert(State::of(&next)) {
                open.push(next);
            }
        }
        all.push(cluster);
    }
    all
}

const OUTAGE: &str = "node_lifecycle = true\nfaults = { kubelet_outage = 1 }";

#[test]
fn a_silent_node_is_tainted_and_its_pod_marked_each_by_a_step_of_its_own() {
    let model = model(OUTAGE, "{}");
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (schedule, execute, both) = (
        "plain and unreachable:NoSchedule",
        "plain and unreachable:NoExecute",
        "plain and unreachable:NoSchedule,NoExecute",
    );
    assert_eq!(of_the_lifecycle(&model, &model.initial()), set(&[]));
    let silent = take(&model, &model.initial(), |action| matches!(action, Action::KubeletOutage { .. }));
    assert_eq!(of_the_lifecycle(&model, &silent), set(&["mark", schedule]));
    let marked = take(&model, &silent, |action| matches!(action, Action::MarkPodNotReady { .. }));
    assert_eq!(of_the_lifecycle(&model, &marked), set(&[schedule]));
    let tainted = take(&model, &marked, becomes(&model, schedule));
    assert_eq!(of_the_lifecycle(&model, &tainted), set(&[both]));
    // A daemon pod tolerates the NoExecute taint (PLACE-4), so nobody evicts it.
    let tainted = take(&model, &tainted, becomes(&model, both));
    assert_eq!(of_the_lifecycle(&model, &tainted), set(&[]));
    let back = take(&model, &tainted, |action| matches!(action, Action::KubeletReturns { .. }));
    assert_eq!(of_the_lifecycle(&model, &back), set(&[execute]));
    let ready = take(&model, &back, |action| matches!(action, Action::PodReady { .. }));
    let untainted = take(&model, &ready, becomes(&model, execute));
    let untainted = take(&model, &untainted, becomes(&model, "plain"));
    assert_eq!(of_the_lifecycle(&model, &untainted), set(&[]));
    assert!(untainted.store.pods.iter().all(|pod| pod.ready));
}

const STRIKES: &str = "pod_failure = 1, readiness_blip = 1";

/// The pods' own faults are reports of a kubelet: who is away, gone or silent reports none, and neither does the kubelet of
/// a node that left, or one that has yet to take over the pod of its node's former machine.
#[test]
fn a_pod_fails_or_turns_unready_only_where_its_kubelet_can_report_it() {
    let strikes = |model: &DaemonSetModel, cluster: &Cluster| {
        let is_strike = |action: &&Action| matches!(action, Action::Blip { .. } | Action::FailPod { .. });
        steps(model, cluster).iter().map(|(action, _)| action).filter(is_strike).count()
    };
    for fault in ["kubelet_outage", "kubelet_silent"] {
        let model = model(&format!("faults = {{ {STRIKES}, {fault} = 1 }}"), "{}");
        assert_eq!(strikes(&model, &model.initial()), 2);
        let falls = |action: &Action| matches!(action, Action::KubeletOutage { .. } | Action::Silence { .. });
        assert_eq!(strikes(&model, &take(&model, &model.initial(), falls)), 0, "{fault}");
    }
    let silent = model_of(&format!("faults = {{ {STRIKES} }}"), "{ variant = \"plain\", kubelet = \"silent\" }", "{}");
    assert_eq!(strikes(&silent, &silent.initial()), 0);
    let model = model(&format!("faults = {{ {STRIKES} }}\nusers = [[\"leave n1\", \"join n1 plain\"]]"), "{}");
    let left = take(&model, &model.initial(), |action| matches!(action, Action::User { .. }));
    assert_eq!(strikes(&model, &left), 0, "the node left");
    let joined = take(&model, &left, |action| matches!(action, Action::User { .. }));
    assert_eq!(strikes(&model, &joined), 0, "a new machine has yet to take the pod over");
    let taken = take(&model, &joined, |action| matches!(action, Action::TakeOver { .. }));
    let ready = take(&model, &taken, |action| matches!(action, Action::PodReady { .. }));
    assert_eq!(strikes(&model, &ready), 2);
}

#[test]
fn without_it_a_silent_node_stays_as_it_is() {
    let model = model("faults = { kubelet_outage = 1 }", "{}");
    let silent = take(&model, &model.initial(), |action| matches!(action, Action::KubeletOutage { .. }));
    assert!(of_the_lifecycle(&model, &silent).is_empty());
}

#[test]
fn rest_waits_for_the_return_and_for_the_taints_to_go() {
    let model = model(OUTAGE, "{}");
    let mut after_an_outage = 0;
    for cluster in reachable(&model).iter().filter(|cluster| model.is_at_rest(cluster)) {
        assert!(cluster.machines[0].kubelet.is_here(), "{cluster:?}");
        assert_eq!(cluster.store.nodes.get(0).map(|node| node.variant), Some(0), "{cluster:?}");
        assert!(cluster.store.pods.iter().all(|pod| pod.ready), "{cluster:?}");
        after_an_outage += u32::from(cluster.budgets.kubelet_outage == 0);
    }
    assert!(after_an_outage > 0);
}

#[test]
fn rest_is_judged_with_a_kubelet_gone_for_good_and_its_node_tainted() {
    let model = model("node_lifecycle = true\nfaults = { kubelet_silent = 1 }", "{}");
    let mut without = 0;
    for cluster in reachable(&model).iter().filter(|cluster| model.is_at_rest(cluster)) {
        let gone = !cluster.machines[0].kubelet.is_here();
        let variant = cluster.store.nodes.get(0).map_or(0, |node| node.variant);
        let tainted = "plain and unreachable:NoSchedule,NoExecute";
        assert_eq!(model.scope.variants[usize::from(variant)] == tainted, gone, "{cluster:?}");
        assert!(cluster.store.pods.iter().all(|pod| pod.ready != gone), "{cluster:?}");
        without += u32::from(gone);
    }
    assert!(without > 0);
}

#[test]
fn who_changes_a_tainted_node_leaves_the_taints_alone() {
    let model = model(&format!("{OUTAGE}\nusers = [[\"node n1 evicting\"]]"), "{}");
    let silent = take(&model, &model.initial(), |action| matches!(action, Action::KubeletOutage { .. }));
    let tainted = take(&model, &silent, becomes(&model, "plain and unreachable:NoSchedule"));
    let changed = take(&model, &tainted, |action| matches!(action, Action::User { .. }));
    let variant = changed.store.nodes.get(0).expect("the node").variant;
    assert_eq!(model.scope.variants[usize::from(variant)], "evicting and unreachable:NoSchedule");
    assert!(of_the_lifecycle(&model, &changed).contains("evict"), "the pod does not tolerate the other taint");
}

#[test]
fn the_taint_manager_evicts_what_does_not_tolerate_a_taint_and_nothing_else() {
    let tolerant = "{ spec = { tolerations = [{ key = \"maintenance\", operator = \"Exists\" }], containers = [] } }";
    for (template, evicts) in [("{}", true), (tolerant, false)] {
        let model = model("node_lifecycle = true\nusers = [[\"node n1 evicting\"]]", template);
        let changed = take(&model, &model.initial(), |action| matches!(action, Action::User { .. }));
        assert_eq!(of_the_lifecycle(&model, &changed).contains("evict"), evicts, "{template}");
    }
}
