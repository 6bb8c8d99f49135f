//! The alphabet: every step a behaviour can take, named by what it is about, never by an index.

use serde::{Deserialize, Serialize};

use crate::cluster::api_server::{Origin, Sorts};
use crate::cluster::object::Key;
use crate::controller::request::{Reason, Request};

/// A resource type with a watch of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// `DaemonSet`s.
    DaemonSets,
    /// `ControllerRevision`s.
    Revisions,
    /// Pods.
    Pods,
    /// Nodes.
    Nodes,
}

impl Resource {
    /// Every type, in the order of [`Action::StaleRestart`] and of a store's versions.
    pub const ALL: [Self; 4] = [Self::DaemonSets, Self::Revisions, Self::Pods, Self::Nodes];
}

/// One step. `controller` is the index of a process, `key` that of a `DaemonSet` name; `choice` numbers the alternatives
/// of a decision in their canonical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields say what the enum's own comment says of them")]
pub enum Action {
    /// The next watch event enters the store; its handler runs too, unless handlers lag (API-21). `together`: the next one of
    /// the same object comes right after it, before older ones of others (API-22).
    Deliver { controller: u8, resource: Resource, name: u8, together: bool },
    /// The handler takes the next notification that waits for it (API-21).
    Notify { controller: u8, resource: Resource },
    /// A worker takes a node name (EVT-16).
    NodeItem { controller: u8, node: u8 },
    /// A worker takes the key and begins a sync.
    Begin { controller: u8, key: Key, choice: u8 },
    /// The sync reads on.
    Proceed { controller: u8, key: Key, choice: u8 },
    /// The API server carries a request out: one whose sender awaits the reply, or one of a process that is dead.
    Handle { controller: u8, key: Key, request: Request, orphaned: Option<(u8, u8, u8, Origin)>, sorts: Sorts },
    /// A reply reaches the sync.
    Reply { controller: u8, key: Key, request: Request, choice: u8 },
    /// A request of a dead process vanishes.
    Drop { controller: u8, key: Key, request: Request, orphaned: Option<(u8, u8, u8, Origin)> },
    /// The delayed add for minReadySeconds falls due.
    ReadyTimer { controller: u8, key: Key },
    /// The back-off of failed pods on a node ends.
    BackoffEnds { controller: u8, key: Key, node: u8 },
    /// The dead process is replaced by another, with fresh lists.
    Restart { controller: u8 },
    /// The scheduler binds a pod.
    Bind { pod: u8 },
    /// The kubelet reports a pod ready.
    PodReady { pod: u8 },
    /// The kubelet reports a terminating pod not ready.
    PodUnready { pod: u8 },
    /// The kubelet reports a pod failed: it rejected it, or it ended.
    PodFailed { pod: u8 },
    /// The kubelet has ended a terminating pod.
    PodEnded { pod: u8 },
    /// The kubelet of a new machine takes over a pod that a former one of that name ran.
    TakeOver { pod: u8 },
    /// minReadySeconds have passed.
    Mature { pod: u8 },
    /// Pod GC removes a pod of a vanished node (GC-6).
    PodGc { pod: u8 },
    /// The garbage collector deletes or orphans a pod.
    CollectPod { pod: u8 },
    /// The garbage collector deletes or orphans a revision.
    CollectRevision { name: u8 },
    /// The garbage collector lets a `DaemonSet` go.
    FinishDelete { key: Key },
    /// The node lifecycle controller, or an agent, moves a node to another variant.
    Lifecycle { node: u8, variant: u8 },
    /// The node lifecycle controller marks a pod of a silent node not ready (NODE-7).
    MarkPodNotReady { pod: u8 },
    /// The taint manager deletes a pod that does not tolerate a `NoExecute` taint of its node (NODE-8).
    Evict { pod: u8 },
    /// The kubelet of a node reports again after an outage.
    KubeletReturns { node: u8 },
    /// The scheduler is back after an outage.
    SchedulerReturns,
    /// A user takes the next step of its script.
    User { user: u8 },
    /// `rollout undo` picks one of several revisions of one number: the template, or none where it is already there.
    UndoChooses { user: u8, template: Option<u8> },
    /// Fault: the controller process dies.
    Crash { controller: u8 },
    /// Fault: it is replaced by one that lists from a lagging API server, which has `seen` of its pending events of each
    /// type ([`Resource`]'s order). Where the release lists so anyway (API-15), this is how a dead process is replaced.
    StaleRestart { controller: u8, seen: [u8; 4] },
    /// Fault: a second leader starts.
    SecondLeader,
    /// Fault: a watch breaks and lists again (API-17), from an API server that has `seen` of the events on their way, or,
    /// where the release allows it, of those of a lagging one.
    BreakWatch { controller: u8, resource: Resource, lagging: bool, seen: u8 },
    /// A resync re-delivers the `DaemonSet` (API-20).
    Resync { controller: u8, key: Key },
    /// A bookmark on a stream (API-19).
    Bookmark { controller: u8, resource: Resource },
    /// Fault: a request is refused.
    Refuse { controller: u8, key: Key, request: Request, reason: Reason },
    /// Fault: somebody else writes the object first, so a versioned write is refused (API-1).
    Conflict { controller: u8, key: Key, request: Request },
    /// Fault: a request never arrives; its sender sees a timeout.
    LoseRequest { controller: u8, key: Key, request: Request },
    /// Fault: a request is carried out; its sender sees a timeout (API-5).
    LoseReply { controller: u8, key: Key, request: Request, sorts: Sorts },
    /// Fault: five minutes pass over unfulfilled expectations (EXP-5).
    Expire { controller: u8, key: Key },
    /// Fault: a ready pod is not ready for a moment.
    Blip { pod: u8 },
    /// Fault: a running pod fails.
    FailPod { pod: u8 },
    /// Fault: a kubelet goes silent for good.
    Silence { node: u8 },
    /// Fault: the scheduler goes away for good.
    SchedulerAway,
    /// Fault: a kubelet goes silent, and comes back some time.
    KubeletOutage { node: u8 },
    /// Fault: the scheduler goes away, and comes back some time.
    SchedulerOutage,
}

/// Every kind of step ([`Action::kind`]).
pub const KINDS: [&str; 48] = [
    "deliver DaemonSet",
    "deliver ControllerRevision",
    "deliver Pod",
    "deliver Node",
    "handler runs",
    "node item",
    "begin sync",
    "sync reads on",
    "handle request",
    "reply",
    "request vanishes",
    "minReadySeconds timer",
    "back-off ends",
    "restart",
    "bind",
    "pod ready",
    "terminating pod not ready",
    "pod failed",
    "pod ended",
    "pod taken over",
    "minReadySeconds pass",
    "pod GC",
    "collect pod",
    "collect revision",
    "finish deletion",
    "node lifecycle",
    "pod marked not ready",
    "taint manager evicts",
    "kubelet returns",
    "scheduler returns",
    "user command",
    "crash",
    "restart onto an older list",
    "second leader",
    "watch breaks",
    "resync",
    "bookmark",
    "request refused",
    "conflict",
    "request lost",
    "reply lost",
    "expectations expire",
    "readiness blip",
    "pod failure",
    "kubelet silent",
    "scheduler away",
    "kubelet outage",
    "scheduler outage",
];

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The system itself.
    System,
    /// A user.
    User,
    /// A fault, or a resync: nothing that rest waits for.
    Fault,
}

impl Action {
    /// Who takes the step.
    pub fn class(&self) -> Class {
        match self {
            Self::Deliver { .. }
            | Self::Notify { .. }
            | Self::NodeItem { .. }
            | Self::Begin { .. }
            | Self::Proceed { .. }
            | Self::Handle { .. }
            | Self::Reply { .. }
            | Self::Drop { .. }
            | Self::ReadyTimer { .. }
            | Self::BackoffEnds { .. }
            | Self::Restart { .. }
            | Self::Bind { .. }
            | Self::PodReady { .. }
            | Self::PodUnready { .. }
            | Self::PodFailed { .. }
            | Self::PodEnded { .. }
            | Self::TakeOver { .. }
            | Self::Mature { .. }
            | Self::PodGc { .. }
            | Self::CollectPod { .. }
            | Self::CollectRevision { .. }
            | Self::FinishDelete { .. }
            | Self::Lifecycle { .. }
            | Self::MarkPodNotReady { .. }
            | Self::Evict { .. }
            | Self::KubeletReturns { .. }
            | Self::SchedulerReturns => Class::System,
            Self::User { .. } | Self::UndoChooses { .. } => Class::User,
            Self::Crash { .. }
            | Self::StaleRestart { .. }
            | Self::SecondLeader
            | Self::BreakWatch { .. }
            | Self::Resync { .. }
            | Self::Bookmark { .. }
            | Self::Refuse { .. }
            | Self::Conflict { .. }
            | Self::LoseRequest { .. }
            | Self::LoseReply { .. }
            | Self::Expire { .. }
            | Self::Blip { .. }
            | Self::FailPod { .. }
            | Self::Silence { .. }
            | Self::SchedulerAway
            | Self::KubeletOutage { .. }
            | Self::SchedulerOutage => Class::Fault,
        }
    }

    /// The kind of the step, for coverage.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deliver { resource, .. } => match resource {
                Resource::DaemonSets => "deliver DaemonSet",
                Resource::Revisions => "deliver ControllerRevision",
                Resource::Pods => "deliver Pod",
                Resource::Nodes => "deliver Node",
            },
            Self::Notify { .. } => "handler runs",
            Self::NodeItem { .. } => "node item",
            Self::Begin { .. } => "begin sync",
            Self::Proceed { .. } => "sync reads on",
            Self::Handle { .. } => "handle request",
            Self::Reply { .. } => "reply",
            Self::Drop { .. } => "request vanishes",
            Self::ReadyTimer { .. } => "minReadySeconds timer",
            Self::BackoffEnds { .. } => "back-off ends",
            Self::Restart { .. } => "restart",
            Self::Bind { .. } => "bind",
            Self::PodReady { .. } => "pod ready",
            Self::PodUnready { .. } => "terminating pod not ready",
            Self::PodFailed { .. } => "pod failed",
            Self::PodEnded { .. } => "pod ended",
            Self::TakeOver { .. } => "pod taken over",
            Self::Mature { .. } => "minReadySeconds pass",
            Self::PodGc { .. } => "pod GC",
            Self::CollectPod { .. } => "collect pod",
            Self::CollectRevision { .. } => "collect revision",
            Self::FinishDelete { .. } => "finish deletion",
            Self::Lifecycle { .. } => "node lifecycle",
            Self::MarkPodNotReady { .. } => "pod marked not ready",
            Self::Evict { .. } => "taint manager evicts",
            Self::KubeletReturns { .. } => "kubelet returns",
            Self::SchedulerReturns => "scheduler returns",
            Self::User { .. } | Self::UndoChooses { .. } => "user command",
            Self::Crash { .. } => "crash",
            Self::StaleRestart { .. } => "restart onto an older list",
            Self::SecondLeader => "second leader",
            Self::BreakWatch { .. } => "watch breaks",
            Self::Resync { .. } => "resync",
            Self::Bookmark { .. } => "bookmark",
            Self::Refuse { .. } => "request refused",
            Self::Conflict { .. } => "conflict",
            Self::LoseRequest { .. } => "request lost",
            Self::LoseReply { .. } => "reply lost",
            Self::Expire { .. } => "expectations expire",
            Self::Blip { .. } => "readiness blip",
            Self::FailPod { .. } => "pod failure",
            Self::Silence { .. } => "kubelet silent",
            Self::SchedulerAway => "scheduler away",
            Self::KubeletOutage { .. } => "kubelet outage",
            Self::SchedulerOutage => "scheduler outage",
        }
    }
}
