//! What the controller's decisions are shown: records made from the objects in a process's caches.

use smallvec::SmallVec;

use super::serialisation::read_by;
use super::state::{Process, Work};
use crate::cluster::api_server::Answer;
use crate::cluster::kubelet::host_ports;
use crate::cluster::object::OTHERS;
use crate::cluster::object::{self, DaemonSetObject, Key, NO_LABELS, NodeObject, PodObject, PodPhase, RevisionObject};
use crate::controller::memory::Synced;
use crate::controller::record::{
    Counters, DaemonSet, HashLabel, Node, NodeName, Phase, Placement, Pod, PodName, ResourceVersion, Revision,
    Selector, Status, Symbol, TemplateId, Uid,
};
use crate::controller::request::{Reply, WrittenPod};
use crate::controller::sync::View;
use crate::manifest::resources::conflict;
use crate::release::PlacedBy;
use crate::scope::Scope;

/// The records of one moment, for one `DaemonSet`.
#[derive(Clone, Debug)]
pub struct Records {
    daemon_set: Option<DaemonSet>,
    nodes: SmallVec<[Node; 4]>,
    pods: SmallVec<[Pod; 8]>,
    revisions: SmallVec<[Revision; 4]>,
    synced: Synced,
}

impl Records {
    /// The records of `process` for `key`; placement and availability are those of `copy`, the `DaemonSet` that the sync
    /// goes by.
    pub fn of(scope: &Scope, process: &Process, key: Key, copy: Option<&DaemonSet>) -> Self {
        let cached = process.daemon_sets.store.get(key);
        let daemon_set = cached.map(|object| daemon_set(scope, object));
        let copy = copy.copied().or(daemon_set);
        let work = &process.work[usize::from(key)];
        let nodes = copy.map_or_else(SmallVec::new, |ds| {
            process.nodes.store.iter().map(|object| node(scope, process, work, &ds, object)).collect()
        });
        let min_ready = copy.map_or(0, |ds| ds.min_ready_seconds);
        Self {
            daemon_set,
            nodes,
            pods: process.pods.store.iter().map(|object| pod(scope, key, min_ready, object)).collect(),
            revisions: process.revisions.store.iter().map(|object| revision(scope, key, object)).collect(),
            synced: Synced {
                pods: Some(version(process.pods.synced)),
                daemon_sets: Some(version(process.daemon_sets.synced)),
                revisions: Some(version(process.revisions.synced)),
            },
        }
    }

    /// As a view.
    pub fn view(&self) -> View<'_> {
        View {
            daemon_set: self.daemon_set,
            nodes: &self.nodes,
            pods: &self.pods,
            revisions: &self.revisions,
            synced: self.synced,
        }
    }
}

fn version(rank: u8) -> ResourceVersion {
    ResourceVersion(u64::from(rank))
}

/// The hash of a template with a collision count. Until something has collided, the scope may give two templates the same
/// (HIST-13).
pub fn revision_hash(scope: &Scope, key: Key, template: u8, collisions: u8) -> u8 {
    let same_as = scope.templates[usize::from(template)].collides_with.filter(|_| collisions == 0);
    object::revision_hash(key, same_as.unwrap_or(template), collisions)
}

/// A `DaemonSet` as the decisions see it.
pub fn daemon_set(scope: &Scope, object: &DaemonSetObject) -> DaemonSet {
    let strategy = &scope.strategies[usize::from(object.strategy)];
    let hash = Symbol(u32::from(revision_hash(scope, object.key, object.template, object.collisions)));
    let [desired, current, misscheduled, ready, updated, available] = object.counters.map(i32::from);
    DaemonSet {
        uid: Uid(u32::from(object.uid)),
        resource_version: version(object.version),
        generation: i64::from(object.generation),
        deleting: object.deleting != crate::cluster::object::Deleting::No,
        template: TemplateId(u32::from(object.template)),
        template_generation: Some(i64::from(object.template_generation)),
        template_hash: hash,
        revision_name: hash,
        selector: Selector::Valid,
        strategy: strategy.strategy,
        min_ready_seconds: strategy.min_ready_seconds,
        revision_history_limit: strategy.revision_history_limit,
        status: Status {
            counters: Counters {
                desired_number_scheduled: desired,
                current_number_scheduled: current,
                number_misscheduled: misscheduled,
                number_ready: ready,
                updated_number_scheduled: updated,
                number_available: available,
                number_unavailable: desired - available,
            },
            observed_generation: i64::from(object.observed_generation),
            collision_count: (object.collisions > 0).then(|| i32::from(object.collisions)),
        },
    }
}

/// Where a template stands on a node that `process` shows: up to 1.12 the controller itself looks for room, among the pods
/// of its cache (LEG-13).
pub fn placement(scope: &Scope, process: &Process, (template, uid): (u8, u8), node: &NodeObject) -> Placement {
    let mut placement = scope.placement[usize::from(template)][usize::from(node.variant)];
    if scope.switches.placed_by == PlacedBy::Controller && port_is_foreign(scope, process, (template, uid), node) {
        return Placement { wanted: false, should_run: false, should_continue_running: false }; // LEG-10
    }
    let critical = scope.templates[usize::from(template)].critical; // LEG-12
    let full = || !critical && process.pods.store.iter().any(|pod| pod.template == OTHERS && pod.target == node.name);
    if scope.switches.placed_by == PlacedBy::Controller && placement.should_run && full() {
        placement.should_run = false;
    }
    placement
}

/// Whether a bound pod of somebody else on the node holds a host port that a pod of the template needs (LEG-3).
fn port_is_foreign(scope: &Scope, process: &Process, (template, uid): (u8, u8), node: &NodeObject) -> bool {
    let ports = |template: u8| host_ports(&scope.templates, template);
    let foreign = |pod: &&PodObject| {
        pod.bound
            && pod.target == node.name
            && pod.is_non_terminal()
            && pod.owner != Some(uid)
            && pod.template != OTHERS
    };
    process.pods.store.iter().filter(foreign).any(|pod| conflict(ports(pod.template), ports(template)))
}

fn node(scope: &Scope, process: &Process, work: &Work, ds: &DaemonSet, object: &NodeObject) -> Node {
    let name = NodeName(u32::from(object.name));
    let in_backoff = is_in_backoff(work, ds, name);
    let template = u8::try_from(ds.template.0).expect("templates fit a byte");
    let uid = u8::try_from(ds.uid.0).expect("the model's uids fit a byte");
    let placement = placement(scope, process, (template, uid), object);
    Node { name, placement, in_backoff }
}

/// Whether the failed pods of `ds` on a node are in back-off (MAN-19).
pub fn is_in_backoff(work: &Work, ds: &DaemonSet, node: NodeName) -> bool {
    work.backoff.iter().any(|backoff| {
        u32::from(backoff.node) == node.0
            && u32::from(backoff.uid) == ds.uid.0
            && i64::from(backoff.observed_generation) == ds.status.observed_generation
    })
}

fn pod(scope: &Scope, key: Key, min_ready_seconds: i32, object: &PodObject) -> Pod {
    let name = u32::from(object.name);
    Pod {
        name: PodName(name),
        uid: Uid(name),
        resource_version: version(object.version),
        created: i64::from(object.name),
        controller: object.owner.map(|uid| Uid(u32::from(uid))),
        matches: object.labelled && (object.owner_key == key || scope.overlapping_selectors),
        deleting: object.deleting,
        phase: match object.phase {
            PodPhase::Active => Phase::Active,
            PodPhase::Failed => Phase::Failed,
            PodPhase::Succeeded => Phase::Succeeded,
        },
        ready: object.ready,
        available: object.ready && (min_ready_seconds == 0 || object.matured),
        bound: object.bound,
        target: Some(NodeName(u32::from(object.target))),
        hash: Symbol(u32::from(object.hash)),
        generation: (object.generation > 0).then(|| i64::from(object.generation)),
    }
}

fn revision(scope: &Scope, key: Key, object: &RevisionObject) -> Revision {
    let selected = object.label != NO_LABELS || scope.daemon_sets[usize::from(key)].selects_unlabelled;
    Revision {
        name: Symbol(u32::from(object.name)),
        uid: Uid(u32::from(object.uid)),
        resource_version: version(object.version),
        controller: object.owner.map(|uid| Uid(u32::from(uid))),
        matches: (object.key == key || scope.overlapping_selectors) && selected,
        deleting: object.deleting,
        same_namespace: true,
        label: match object.label {
            0 => HashLabel::Absent,
            NO_LABELS => HashLabel::NoLabels,
            label => HashLabel::Value(Symbol(u32::from(label))),
        },
        data: TemplateId(u32::from(object.template)),
        number: i64::from(object.number),
    }
}

/// An answer of the API server as the decisions take it.
pub fn reply(scope: &Scope, process: &Process, key: Key, answer: &Answer) -> Reply {
    match answer {
        Answer::Done => Reply::Done,
        Answer::DaemonSet(object) => Reply::DaemonSet(daemon_set(scope, &read_by(scope, process, *object))),
        Answer::Revision(object) => Reply::Revision(revision(scope, key, object)),
        Answer::Pod { version: rank, owner } => Reply::Pod(WrittenPod {
            resource_version: version(*rank),
            recorded_for: owner.map(|uid| Uid(u32::from(uid))),
        }),
        Answer::Error(reason) => Reply::Error(*reason),
    }
}
