//! Claims about states at rest: nothing is enabled but user commands, unspent faults and resync.

use smallvec::SmallVec;

use super::judge::living;
use crate::cluster::object::{DaemonSetObject, NodeObject, PodObject, RevisionObject};
use crate::cluster::user::is_full;
use crate::cluster::watch::Informer;
use crate::controller::manage::manage;
use crate::controller::node_pods::{NodePods, TerminalPods};
use crate::controller::record::{Counters, DaemonSet, NodeName, Pod, PodName, Symbol, UpdateStrategy};
use crate::controller::rolling_update::{
    counts_wanted_nodes, look_up_nodes, roll_surge, roll_unavailable, roll_wanted_nodes, survey_surge,
    updated_desired_node_counts,
};
use crate::controller::status::count;
use crate::controller::sync::View;
use crate::model::compose::DaemonSetModel;
use crate::model::process::rules;
use crate::model::serialisation::read_by;
use crate::model::state::{Cluster, Process, Work};
use crate::model::view::{Records, daemon_set};
use crate::scope::{KubeletKind, PodFate};

/// Exactly one owned revision holds the current template, and its number is the greatest.
pub fn current_is_max(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = None;
    for object in living(cluster) {
        let owned = || cluster.store.revisions.iter().filter(|revision| revision.owner == Some(object.uid));
        let holds_it = |one: &&RevisionObject| model.scope.as_written(one.template) == object.template;
        if owned().count() < 2 && owned().any(|revision| holds_it(&revision)) {
            continue; // one revision, and it is the right one: nothing to compare
        }
        let mut current = owned().filter(holds_it);
        let holds = match (current.next(), current.next()) {
            (Some(one), None) => owned().all(|other| other.name == one.name || other.number < one.number),
            _ => false,
        };
        found = Some(found.unwrap_or(true) && holds);
    }
    found
}

/// At most revisionHistoryLimit old revisions without pods remain.
pub fn history_within_limit(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = None;
    for object in living(cluster) {
        let limit = model.scope.strategies[usize::from(object.strategy)].revision_history_limit;
        let unused = unused_revisions(model, cluster, object);
        let within = unused <= usize::try_from(limit).unwrap_or(0);
        if unused > 0 {
            found = Some(found.unwrap_or(true) && within);
        }
    }
    found
}

/// How many old revisions of a `DaemonSet` there are that no pod bears the hash of.
pub(super) fn unused_revisions(model: &DaemonSetModel, cluster: &Cluster, object: &DaemonSetObject) -> usize {
    let carried = |label: u8| cluster.store.pods.iter().any(|pod| pod.owner == Some(object.uid) && pod.hash == label);
    let is_unused = |one: &&RevisionObject| {
        let current = model.scope.as_written(one.template) == object.template;
        one.owner == Some(object.uid) && !current && !carried(one.label)
    };
    cluster.store.revisions.iter().filter(is_unused).count()
}

/// A process whose caches show the truth and that remembers nothing; upgraded once one is.
fn informed_process(model: &DaemonSetModel, cluster: &Cluster) -> Process {
    let mut process = Process {
        running: true,
        retiring: false,
        upgraded: cluster.controllers.iter().any(|process| process.upgraded),
        daemon_sets: Informer::listed(&cluster.store.daemon_sets, 0),
        revisions: Informer::listed(&cluster.store.revisions, 0),
        pods: Informer::listed(&cluster.store.pods, 0),
        nodes: Informer::listed(&cluster.store.nodes, 0),
        node_queue: SmallVec::new(),
        work: model.scope.daemon_sets.iter().map(|_| Work::default()).collect(),
    };
    process.daemon_sets = process.daemon_sets.clone().map(|object| read_by(&model.scope, &process, object));
    process
}

/// What a controller shown the truth knows of one `DaemonSet`.
struct Truth {
    ds: DaemonSet,
    hash: Symbol,
    records: Records,
    claimed: Vec<Pod>,
}

fn truth(model: &DaemonSetModel, cluster: &Cluster, object: &DaemonSetObject) -> Truth {
    let process = informed_process(model, cluster);
    let ds = daemon_set(&model.scope, &read_by(&model.scope, &process, *object));
    let records = Records::of(&model.scope, &process, object.key, Some(&ds));
    let claimed =
        records.view().pods.iter().filter(|pod| pod.controller == Some(ds.uid) && pod.matches).copied().collect();
    let current = cluster
        .store
        .revisions
        .iter()
        .filter(|revision| revision.owner == Some(object.uid) && u32::from(revision.template) == ds.template.0)
        .max_by_key(|revision| revision.number);
    let hash = current.map_or(ds.template_hash, |revision| Symbol(u32::from(revision.label)));
    Truth { ds, hash, records, claimed }
}

/// The counters are those that the objects give.
pub fn status_truth(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = None;
    for object in living(cluster) {
        let (said, is) = counters(model, cluster, object);
        found = Some(found.unwrap_or(true) && said == is);
    }
    found
}

/// The counters that the status says, and those that the objects give.
pub(super) fn counters(model: &DaemonSetModel, cluster: &Cluster, object: &DaemonSetObject) -> (Counters, Counters) {
    let Truth { ds, hash, records, claimed } = truth(model, cluster, object);
    let node_pods = NodePods::group(&rules(&model.scope), &claimed, TerminalPods::ByRelease);
    let mut counters = count(&rules(&model.scope), &ds, records.view().nodes, &node_pods, hash);
    let nodes_with = |serves: &dyn Fn(&PodObject) -> bool| {
        let wanted = records.view().nodes.iter().filter(|node| node.placement.wanted);
        let served = wanted.filter(|node| {
            let mut here = claimed.iter().filter(|pod| pod.target == Some(node.name));
            here.any(|pod| stored(cluster, pod.name).is_some_and(serves))
        });
        i32::try_from(served.count()).unwrap_or(i32::MAX)
    };
    let ready = |pod: &PodObject| is_serving(cluster, pod);
    let available = |pod: &PodObject| is_serving(cluster, pod) && (ds.min_ready_seconds == 0 || pod.matured);
    counters.updated_number_scheduled = nodes_with(&|pod| model.scope.as_written(pod.template) == object.template);
    counters.number_ready = nodes_with(&ready);
    counters.number_available = nodes_with(&available);
    counters.number_unavailable = counters.desired_number_scheduled - counters.number_available;
    (ds.status.counters, counters)
}

fn stored(cluster: &Cluster, name: PodName) -> Option<&PodObject> {
    cluster.store.pods.iter().find(|pod| u32::from(pod.name) == name.0)
}

/// A ready pod that stays, and whose node's machine says so: not a former one of that name (DS-B19, DS-B24).
fn is_serving(cluster: &Cluster, pod: &PodObject) -> bool {
    let strangers = &cluster.machines[usize::from(pod.target)].strangers;
    pod.ready && !pod.deleting && !strangers.contains(&pod.name)
}

/// Every node that could run the pod does: the node should run it, its kubelet works, the scheduler is there, and the pods
/// of the template become ready. Then it has exactly one live pod, which is available and, but for `OnDelete`, made from
/// the current template.
pub fn rolled_out(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = None;
    for object in living(cluster) {
        for node in could_run(model, cluster, object) {
            found = Some(found.unwrap_or(true) && node_fault(model, cluster, object, node).is_none());
        }
    }
    found
}

/// Why a node that could run a pod has not rolled out.
#[derive(Clone, Copy, Debug)]
pub(super) enum NodeFault<'a> {
    /// It has no live pod.
    NoPod,
    /// It has two or more; these are two of them.
    Several(&'a PodObject, &'a PodObject),
    /// Its pod is not available.
    Unavailable(&'a PodObject),
    /// Its pod was made from another template.
    Former(&'a PodObject),
}

/// The pods of a `DaemonSet` that are alive on a node.
pub(super) fn live_pods<'a>(
    cluster: &'a Cluster,
    object: &DaemonSetObject,
    node: u8,
) -> impl Iterator<Item = &'a PodObject> + use<'a> {
    let uid = object.uid;
    let is_live =
        move |pod: &&PodObject| pod.owner == Some(uid) && pod.target == node && !pod.deleting && pod.is_non_terminal();
    cluster.store.pods.iter().filter(is_live)
}

/// What is wrong with the pods that a `DaemonSet` has on a node that could run one.
pub(super) fn node_fault<'a>(
    model: &DaemonSetModel,
    cluster: &'a Cluster,
    object: &DaemonSetObject,
    node: u8,
) -> Option<NodeFault<'a>> {
    let strategy = &model.scope.strategies[usize::from(object.strategy)];
    let on_delete = strategy.strategy == UpdateStrategy::OnDelete;
    let mut live = live_pods(cluster, object, node);
    let Some(pod) = live.next() else { return Some(NodeFault::NoPod) };
    if let Some(other) = live.next() {
        return Some(NodeFault::Several(pod, other));
    }
    let available = is_serving(cluster, pod) && (strategy.min_ready_seconds == 0 || pod.matured);
    if !available {
        return Some(NodeFault::Unavailable(pod));
    }
    let current = on_delete || model.scope.as_written(pod.template) == object.template;
    (!current).then_some(NodeFault::Former(pod))
}

/// The nodes that could run a pod of the `DaemonSet`'s template, were its other pods out of the way.
pub(super) fn could_run<'a>(
    model: &'a DaemonSetModel,
    cluster: &'a Cluster,
    object: &'a DaemonSetObject,
) -> impl Iterator<Item = u8> + 'a {
    let scope = &model.scope;
    let becomes_ready = scope.templates[usize::from(object.template)].pods == PodFate::Ready;
    let healthy = move |node: u8| {
        let kubelet = scope.nodes[usize::from(node)].kubelet;
        let runs = matches!(kubelet, KubeletKind::Runs | KubeletKind::Keeps | KubeletKind::Away);
        runs && cluster.machines[usize::from(node)].kubelet.is_here() && !is_full(&cluster.store, node)
    };
    let placed =
        |node: &&NodeObject| scope.placement[usize::from(object.template)][usize::from(node.variant)].should_run;
    let nodes = cluster.store.nodes.iter().filter(placed).map(|node| node.name);
    nodes.filter(move |node| cluster.scheduler.is_here() && becomes_ready && healthy(*node))
}

/// Neither manage nor the rolling update, shown the truth, would create or delete a pod.
pub fn nothing_to_do(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = None;
    for object in living(cluster) {
        let idle = still_to_do(model, cluster, object).is_none();
        found = Some(found.unwrap_or(true) && idle);
    }
    found
}

/// What a controller shown the truth would still do.
#[derive(Clone, Debug)]
pub(super) enum StillToDo {
    /// Create pods on these nodes, and delete these pods.
    Pods(Vec<NodeName>, Vec<PodName>),
    /// Fail in the rolling update.
    Fail,
}

/// What the controller, shown the truth, would do about the pods of a `DaemonSet`: manage first, or else the rollout.
pub(super) fn still_to_do(model: &DaemonSetModel, cluster: &Cluster, object: &DaemonSetObject) -> Option<StillToDo> {
    let truth = truth(model, cluster, object);
    managed(model, &truth).or_else(|| rolled(model, &truth))
}

fn managed(model: &DaemonSetModel, truth: &Truth) -> Option<StillToDo> {
    let rules = rules(&model.scope);
    let node_pods = NodePods::group(&rules, &truth.claimed, TerminalPods::ByRelease);
    let plans = manage(&rules, &truth.ds, truth.records.view().nodes, &node_pods, truth.hash);
    let busy = plans.into_iter().find(|plan| !plan.creates.is_empty() || !plan.deletes.is_empty())?;
    Some(StillToDo::Pods(busy.creates.to_vec(), busy.deletes.to_vec()))
}

fn rolled(model: &DaemonSetModel, truth: &Truth) -> Option<StillToDo> {
    let UpdateStrategy::RollingUpdate(_) = truth.ds.strategy else { return None };
    let rules = rules(&model.scope);
    let View { nodes, pods, .. } = truth.records.view();
    let node_pods = NodePods::group(&rules, &truth.claimed, TerminalPods::ByRelease);
    let plans = if counts_wanted_nodes(&rules) {
        roll_wanted_nodes(&rules, &truth.ds, nodes, &node_pods, truth.hash)
    } else {
        updated_desired_node_counts(&rules, &truth.ds, nodes).and_then(|limits| {
            if limits.max_surge == 0 {
                return Ok(roll_unavailable(&rules, &truth.ds, nodes, &node_pods, truth.hash, limits.max_unavailable));
            }
            let survey = survey_surge(&rules, &truth.ds, nodes, &node_pods, truth.hash);
            look_up_nodes(&rules, &survey, limits, nodes).map(|plan| roll_surge(&rules, &plan, pods))
        })
    };
    let Ok(plans) = plans else { return Some(StillToDo::Fail) };
    let busy = plans.into_iter().find(|plan| !plan.creates.is_empty() || !plan.deletes.is_empty())?;
    Some(StillToDo::Pods(busy.creates.iter().flatten().copied().collect(), busy.deletes.to_vec()))
}
