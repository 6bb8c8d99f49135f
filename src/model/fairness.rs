//! Who gets a turn: the classes of steps that a fair behaviour does not pass over for ever.
//!
//! Every class is under weak fairness: steps of it that are enabled from some point on without a break are taken again and
//! again. Users and faults are in no class, for nobody has to go on and nothing has to go wrong; their steps count a script
//! on or a budget down and so lie in no loop (`tests/fairness.rs`).
//!
//! | class | its steps | why weak fairness of all of them together says what is meant |
//! |---|---|---|
//! | watch (process, type) | the oldest event of the stream enters the store | each one taken brings every other nearer to the front, so every event arrives (API-14). Up to 1.32 it may bring the next one of its object along, before others (API-22): it never has to |
//! | handler (process, type) | the oldest notification is handled (API-21) | likewise |
//! | node item (process, node) | a worker takes the node name (EVT-16) | the queue is a set of names |
//! | worker (process, key) | a sync begins or reads on | there is one at a time for a key: whichever is enabled is the whole of it |
//! | request (process, key) | the API server carries out a request | a sync sends nothing more until its batch is answered, so the batch only shrinks, and each request of it is carried out |
//! | request of the dead (process, key) | it is carried out, or vanishes | only a crash adds to them, and crashes are finite; one after a Go panic shares the turn of those before it |
//! | reply (process, key), to a write that was carried out or another | it reaches its sync | as for requests |
//! | timer of minReadySeconds (process, key) | it falls due (EVT-10, STAT-12) | there is one |
//! | back-off (process, key, node) | it ends (MAN-7) | a node has one a uid |
//! | expectations (process, key) | five minutes pass over them (EXP-5) | time passes; each spends a budget, so a scope that claims to be healed by it has enough |
//! | restart (process) | a dead process is replaced, with whatever lists the release allows (API-15) | there is one |
//! | scheduler (node) | a pod for the node is bound | pods for a node come one after the other |
//! | kubelet (node, what it reports) | ready, failed, not ready, ended, taken over | likewise; a pod that nothing is reported of for ever is passed over only while others of its node are reported for ever |
//! | minReadySeconds (node) | a pod of the node matures | time passes for all pods at once |
//! | Pod GC (node), collector (node) | a pod of the node is removed, deleted or orphaned | no pod comes back to be collected again |
//! | collector of revisions, of `DaemonSet` (key) | one is deleted or orphaned; the `DaemonSet` goes | likewise |
//! | node lifecycle (node): taints and agents, marks, evictions | a node changes; a pod is marked not ready; a pod is evicted | each node has a turn of its own |
//! | return (node), return of the scheduler | an outage ends | there is one |
//!
//! A class is no finer than it has to be, and nothing coarser would do: with one turn for a whole host, one request or one
//! node could starve beside another for ever.
//!
//! Which alternative of a decision a step takes, fairness leaves open: a map's order may be the same one each time.
//!
//! A step that has to wait until a stream has room, or a handler's queue, is not among the enabled ones, but its class
//! counts as enabled ([`waiting`]): the bound is the scope's and not the cluster's, so it excuses nobody.

use super::action::{Action, Resource};
use super::compose::{DaemonSetModel, Steps};
use super::state::{Cluster, Process};
use crate::check::fair::{Class, Classes, UNFAIR};
use crate::cluster::api_server::{Answer, Call};
use crate::cluster::object::Key;
use crate::controller::request::Request;
use crate::scope::Scope;

/// Most controller processes at a time, `DaemonSet`s and nodes of a scope.
const PROCESSES: u8 = 2;
const KEYS: u8 = 2;
const NODES: u8 = 6;

/// Who gets a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Party {
    Process(u8, Part),
    Key(u8, Key, Work),
    Node(u8, Host),
    Revisions,
    Deletion(Key),
    SchedulerReturns,
}

/// What a process does whatever the `DaemonSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Watch(Resource),
    Handler(Resource),
    NodeItem(u8),
    Restart,
}

/// What it does for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Work {
    Sync,
    Request,
    OfTheDead,
    Reply,
    Written,
    ReadyTimer,
    Expiry,
    Backoff(u8),
}

/// What happens on or to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    Bind,
    PodReady,
    PodFailed,
    PodUnready,
    PodEnded,
    TakeOver,
    Mature,
    PodGc,
    Collect,
    Lifecycle,
    MarkNotReady,
    Evict,
    Returns,
}

const WORK: [Work; 7] =
    [Work::Sync, Work::Request, Work::OfTheDead, Work::Reply, Work::Written, Work::ReadyTimer, Work::Expiry];
const HOSTS: [Host; 13] = [
    Host::Bind,
    Host::PodReady,
    Host::PodFailed,
    Host::PodUnready,
    Host::PodEnded,
    Host::TakeOver,
    Host::Mature,
    Host::PodGc,
    Host::Collect,
    Host::Lifecycle,
    Host::MarkNotReady,
    Host::Evict,
    Host::Returns,
];

/// Classes of one process, of one key of one, of one node; and where each sort begins.
const A_PROCESS: u8 = 4 + 4 + NODES + 1;
const A_KEY: u8 = 7 + NODES;
const A_NODE: u8 = 13;
const FIRST_KEY: u8 = PROCESSES * A_PROCESS;
const FIRST_NODE: u8 = FIRST_KEY + PROCESSES * KEYS * A_KEY;
const FIRST_OTHER: u8 = FIRST_NODE + NODES * A_NODE;

impl Party {
    fn class(self) -> Class {
        match self {
            Self::Process(process, part) => process * A_PROCESS + part.number(),
            Self::Key(process, key, work) => FIRST_KEY + (process * KEYS + key) * A_KEY + work.number(),
            Self::Node(node, host) => FIRST_NODE + node * A_NODE + host as u8,
            Self::Revisions => FIRST_OTHER,
            Self::SchedulerReturns => FIRST_OTHER + 1,
            Self::Deletion(key) => FIRST_OTHER + 2 + key,
        }
    }

    /// Everybody, in the order of the classes.
    fn all() -> impl Iterator<Item = Self> {
        let watches = Resource::ALL.into_iter().map(Part::Watch);
        let handlers = Resource::ALL.into_iter().map(Part::Handler);
        let parts = watches.chain(handlers).chain((0..NODES).map(Part::NodeItem)).chain([Part::Restart]);
        let processes = (0..PROCESSES).flat_map(move |process| parts.clone().map(move |part| (process, part)));
        let work = WORK.into_iter().chain((0..NODES).map(Work::Backoff));
        let pairs = (0..PROCESSES).flat_map(|process| (0..KEYS).map(move |key| (process, key)));
        let keys = pairs.flat_map(move |(process, key)| work.clone().map(move |work| Self::Key(process, key, work)));
        let nodes = (0..NODES).flat_map(|node| HOSTS.into_iter().map(move |host| Self::Node(node, host)));
        let others = [Self::Revisions, Self::SchedulerReturns].into_iter().chain((0..KEYS).map(Self::Deletion));
        processes.map(|(process, part)| Self::Process(process, part)).chain(keys).chain(nodes).chain(others)
    }
}

impl Part {
    fn number(self) -> u8 {
        match self {
            Self::Watch(resource) => resource as u8,
            Self::Handler(resource) => 4 + resource as u8,
            Self::NodeItem(node) => 8 + node,
            Self::Restart => 8 + NODES,
        }
    }
}

impl Work {
    fn number(self) -> u8 {
        match self {
            Self::Sync => 0,
            Self::Request => 1,
            Self::OfTheDead => 2,
            Self::Reply => 3,
            Self::Written => 4,
            Self::ReadyTimer => 5,
            Self::Expiry => 6,
            Self::Backoff(node) => 7 + node,
        }
    }
}

/// The class of a step that is enabled in `before`; [`UNFAIR`] for users, faults, and events that come before older ones of
/// other objects.
pub fn class(before: &Cluster, action: &Action) -> Class {
    let party = match *action {
        Action::Deliver { controller, resource, together: false, .. } => {
            Party::Process(controller, Part::Watch(resource))
        }
        Action::Notify { controller, resource } => Party::Process(controller, Part::Handler(resource)),
        Action::NodeItem { controller, node } => Party::Process(controller, Part::NodeItem(node)),
        Action::Begin { controller, key, .. } | Action::Proceed { controller, key, .. } => {
            Party::Key(controller, key, Work::Sync)
        }
        Action::Handle { controller, key, orphaned, .. } => {
            Party::Key(controller, key, if orphaned.is_some() { Work::OfTheDead } else { Work::Request })
        }
        Action::Drop { controller, key, .. } => Party::Key(controller, key, Work::OfTheDead),
        Action::Reply { controller, key, request, .. } => {
            let was_written = is_written(before, controller, key, &request);
            Party::Key(controller, key, if was_written { Work::Written } else { Work::Reply })
        }
        Action::ReadyTimer { controller, key } => Party::Key(controller, key, Work::ReadyTimer),
        Action::BackoffEnds { controller, key, node } => Party::Key(controller, key, Work::Backoff(node)),
        Action::Expire { controller, key } => Party::Key(controller, key, Work::Expiry),
        Action::Restart { controller } => Party::Process(controller, Part::Restart),
        // The fault takes the place of a running process; what replaces a dead one is its restart.
        Action::StaleRestart { controller, .. } if !before.controllers[usize::from(controller)].running => {
            Party::Process(controller, Part::Restart)
        }
        Action::Bind { pod } => on_node(before, pod, Host::Bind),
        Action::PodReady { pod } => on_node(before, pod, Host::PodReady),
        Action::PodUnready { pod } => on_node(before, pod, Host::PodUnready),
        Action::PodFailed { pod } => on_node(before, pod, Host::PodFailed),
        Action::PodEnded { pod } => on_node(before, pod, Host::PodEnded),
        Action::TakeOver { pod } => on_node(before, pod, Host::TakeOver),
        Action::Mature { pod } => on_node(before, pod, Host::Mature),
        Action::PodGc { pod } => on_node(before, pod, Host::PodGc),
        Action::CollectPod { pod } => on_node(before, pod, Host::Collect),
        Action::MarkPodNotReady { pod } => on_node(before, pod, Host::MarkNotReady),
        Action::Evict { pod } => on_node(before, pod, Host::Evict),
        Action::CollectRevision { .. } => Party::Revisions,
        Action::FinishDelete { key } => Party::Deletion(key),
        Action::Lifecycle { node, .. } => Party::Node(node, Host::Lifecycle),
        Action::KubeletReturns { node } => Party::Node(node, Host::Returns),
        Action::SchedulerReturns => Party::SchedulerReturns,
        Action::Deliver { together: true, .. }
        | Action::User { .. }
        | Action::UndoChooses { .. }
        | Action::Crash { .. }
        | Action::StaleRestart { .. }
        | Action::SecondLeader
        | Action::BreakWatch { .. }
        | Action::Resync { .. }
        | Action::Bookmark { .. }
        | Action::Refuse { .. }
        | Action::Conflict { .. }
        | Action::LoseRequest { .. }
        | Action::LoseReply { .. }
        | Action::Blip { .. }
        | Action::FailPod { .. }
        | Action::Silence { .. }
        | Action::SchedulerAway
        | Action::KubeletOutage { .. }
        | Action::SchedulerOutage => return UNFAIR,
    };
    party.class()
}

fn on_node(cluster: &Cluster, pod: u8, host: Host) -> Party {
    let pod = cluster.store.pods.get(pod).expect("an enabled step is about a pod that is there");
    Party::Node(pod.target, host)
}

/// Whether the reply to `request` says that it was carried out and may have changed something.
pub fn is_written(before: &Cluster, controller: u8, key: Key, request: &Request) -> bool {
    let this = |call: &Call| call.controller == controller && call.key == key && call.request == *request;
    let answer = before.replies.iter().find(|(call, _)| this(call)).map(|(_, answer)| answer);
    writes(request) && !matches!(answer, None | Some(Answer::Error(_)))
}

fn writes(request: &Request) -> bool {
    match request {
        Request::GetDaemonSet | Request::GetRevision(_) => false,
        Request::AdoptPod(..)
        | Request::ReleasePod(..)
        | Request::AdoptRevision(..)
        | Request::ReleaseRevision(..)
        | Request::LabelRevision(..)
        | Request::RenumberRevision(..)
        | Request::CreateRevision(_)
        | Request::DeleteRevision(_)
        | Request::RelabelPod(..)
        | Request::CreatePod(..)
        | Request::DeletePod(..)
        | Request::UpdateStatus(..) => true,
    }
}

/// Events on their way, and notifications that wait, of one type.
fn lengths(process: &Process, resource: Resource) -> (usize, usize) {
    match resource {
        Resource::DaemonSets => (process.daemon_sets.stream.len(), process.daemon_sets.told.len()),
        Resource::Revisions => (process.revisions.stream.len(), process.revisions.told.len()),
        Resource::Pods => (process.pods.stream.len(), process.pods.told.len()),
        Resource::Nodes => (process.nodes.stream.len(), process.nodes.told.len()),
    }
}

/// The classes of the steps that are not enabled only because a stream or a handler's queue is full; among them may be
/// some that are enabled as well.
pub fn waiting(model: &DaemonSetModel, cluster: &Cluster, out: &mut Vec<Class>) {
    let lag = &model.scope.lag;
    let room = |resource| match resource {
        Resource::DaemonSets => lag.daemon_sets,
        Resource::Revisions => lag.revisions,
        Resource::Pods => lag.pods,
        Resource::Nodes => lag.nodes,
    };
    let mut is_full = false;
    for (number, process) in (0..).zip(&cluster.controllers).filter(|(_, process)| process.running) {
        for resource in Resource::ALL {
            let (events, notifications) = lengths(process, resource);
            is_full |= events >= usize::from(room(resource));
            if lag.handlers > 0 && events > 0 && notifications >= usize::from(lag.handlers) {
                out.push(Party::Process(number, Part::Watch(resource)).class());
            }
        }
    }
    if !is_full {
        return;
    }
    // The API server can carry out every request, and each host does what it would do if the streams were empty.
    for call in &cluster.calls {
        let work = if call.awaited { Work::Request } else { Work::OfTheDead };
        out.push(Party::Key(call.controller, call.key, work).class());
    }
    let mut drained = cluster.clone();
    for process in &mut drained.controllers {
        process.daemon_sets.stream.clear();
        process.revisions.stream.clear();
        process.pods.stream.clear();
        process.nodes.stream.clear();
    }
    let mut steps = Steps::new();
    model.host_steps(&drained, &mut steps);
    out.extend(steps.iter().map(|(action, _)| class(&drained, action)));
}

/// The classes of replies to the controller's writes, and of the back-offs that hold these up.
pub fn writes_and_backoffs() -> (Classes, Classes) {
    let (mut writing, mut backoffs) = (Classes::default(), Classes::default());
    for party in Party::all() {
        match party {
            Party::Key(_, _, Work::Written) => writing.insert(party.class()),
            Party::Key(_, _, Work::Backoff(_)) => backoffs.insert(party.class()),
            Party::Key(..)
            | Party::Process(..)
            | Party::Node(..)
            | Party::Revisions
            | Party::Deletion(_)
            | Party::SchedulerReturns => {}
        }
    }
    (writing, backoffs)
}

/// What the steps of a class are called in stories.
///
/// # Panics
///
/// If there is no such class.
pub fn name(scope: &Scope, class: Class) -> String {
    let party = Party::all().find(|party| party.class() == class).expect("a class of the model");
    let node = |node: u8| scope.nodes[usize::from(node)].name.as_str();
    let daemon_set = |key: Key| scope.daemon_sets[usize::from(key)].name.as_str();
    let (process, what) = match party {
        Party::Process(process, part) => {
            let what = match part {
                Part::Watch(resource) => format!("watch of {}", plural(resource)),
                Part::Handler(resource) => format!("handler of {}", plural(resource)),
                Part::NodeItem(name) => format!("worker takes node {}", node(name)),
                Part::Restart => "restart of the controller".to_owned(),
            };
            (process, what)
        }
        Party::Key(process, key, work) => {
            let of = if scope.daemon_sets.len() > 1 { format!(" of {}", daemon_set(key)) } else { String::new() };
            let what = match work {
                Work::Sync => format!("sync{of}"),
                Work::Request => format!("requests{of}"),
                Work::OfTheDead => format!("requests{of} of a dead process"),
                Work::Reply => format!("replies{of}"),
                Work::Written => format!("replies{of} to writes"),
                Work::ReadyTimer => format!("timer of minReadySeconds{of}"),
                Work::Expiry => format!("expiry of expectations{of}"),
                Work::Backoff(name) => format!("back-off of failed pods{of} on {}", node(name)),
            };
            (process, what)
        }
        Party::Node(name, host) => {
            let what = match host {
                Host::Bind => "scheduler binds for",
                Host::PodReady => "kubelet reports ready on",
                Host::PodFailed => "kubelet reports failed on",
                Host::PodUnready => "kubelet reports not ready on",
                Host::PodEnded => "kubelet ends pods on",
                Host::TakeOver => "kubelet takes over pods on",
                Host::Mature => "minReadySeconds pass on",
                Host::PodGc => "Pod GC on",
                Host::Collect => "garbage collector on",
                Host::Lifecycle => "node lifecycle moves",
                Host::MarkNotReady => "node lifecycle marks pods on",
                Host::Evict => "taint manager evicts from",
                Host::Returns => "kubelet returns on",
            };
            (0, format!("{what} {}", node(name)))
        }
        Party::Revisions => (0, "garbage collector of revisions".to_owned()),
        Party::Deletion(key) => (0, format!("deletion of {} ends", daemon_set(key))),
        Party::SchedulerReturns => (0, "scheduler returns".to_owned()),
    };
    if process > 0 { format!("{what} (controller {})", process + 1) } else { what }
}

fn plural(resource: Resource) -> &'static str {
    match resource {
        Resource::DaemonSets => "DaemonSets",
        Resource::Revisions => "ControllerRevisions",
        Resource::Pods => "Pods",
        Resource::Nodes => "Nodes",
    }
}

#[cfg(test)]
mod tests {
    use super::Party;
    use crate::check::fair::UNFAIR;

    #[test]
    fn everybody_has_a_class_of_their_own() {
        let classes: Vec<u8> = Party::all().map(Party::class).collect();
        assert!(classes.iter().copied().eq(0..u8::try_from(classes.len()).expect("few")));
        assert!(!classes.contains(&UNFAIR));
    }
}
