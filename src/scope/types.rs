//! One checked configuration, as the model needs it. Everything a behaviour may do is bounded here.

use serde::Deserialize;

use crate::controller::record::{Placement, UpdateStrategy};
use crate::manifest::resources::HostPort;
use crate::release::Switches;

/// Index of a node.
pub type NodeIndex = u8;
/// Index of a template.
pub type TemplateIndex = u8;
/// Index of a node variant.
pub type VariantIndex = u8;
/// Index of a strategy.
pub type StrategyIndex = u8;
/// Index of a `DaemonSet`.
pub type DaemonSetIndex = u8;

/// A scope: which objects there are, what users do, what may go wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Name of the model.
    pub name: String,
    /// The controller's release and mutations.
    pub switches: Switches,
    /// Which controller runs.
    pub controller: ControllerKind,
    /// Nodes.
    pub nodes: Vec<NodeSpec>,
    /// Names of the node variants: labels and taints.
    pub variants: Vec<String>,
    /// Pod templates.
    pub templates: Vec<TemplateSpec>,
    /// `placement[template][variant]`.
    pub placement: Vec<Vec<Placement>>,
    /// `admits[template][variant]`: whether the scheduler binds a pod there that was created for the node. Its required node
    /// affinity names the node in place of what the template says (PLACE-9); the node selector stays (NODE-5).
    pub admits: Vec<Vec<bool>>,
    /// Update strategies with their other spec fields.
    pub strategies: Vec<StrategySpec>,
    /// `DaemonSet`s by name.
    pub daemon_sets: Vec<DaemonSetSpec>,
    /// One script a user; users run concurrently.
    pub users: Vec<Vec<Command>>,
    /// Whether every selector matches the labels of every `DaemonSet`'s pods and revisions.
    pub overlapping_selectors: bool,
    /// Undelivered commits each watch may hold.
    pub lag: Lag,
    /// Which types an API server that lags lists from its own past.
    pub lagging_lists: LaggingLists,
    /// Fault budgets.
    pub faults: Faults,
    /// What moves node variants besides users.
    pub lifecycle: Vec<LifecycleRule>,
    /// The node lifecycle controller, where it acts on silent kubelets and on untolerated taints.
    pub node_lifecycle: Option<NodeLifecycle>,
    /// Capacities, never hidden: exceeding one ends in `NoneFound(capacity)`.
    pub capacity: Capacity,
    /// Where the behaviour starts.
    pub start: Start,
}

impl Scope {
    /// The template as users write it: that of which `template` is another serialisation, or itself.
    pub fn as_written(&self, template: TemplateIndex) -> TemplateIndex {
        let written = (0..).zip(&self.templates).find(|(_, one)| one.reserialised == Some(template));
        written.map_or(template, |(index, _)| index)
    }
}

/// Which controller the scope runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControllerKind {
    /// The `DaemonSet` controller of the profile.
    Upstream,
    /// The positive control: deterministic pod names (section 18.4 of the reference).
    DeterministicNames,
}

/// A node of the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// `metadata.name`.
    pub name: String,
    /// Its variant at the start; none: it joins later.
    pub variant: Option<VariantIndex>,
    /// What its kubelet does with pods.
    pub kubelet: KubeletKind,
    /// Whether there is room for a pod at the start.
    pub room: bool,
}

/// What a kubelet does with pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KubeletKind {
    /// Runs them.
    Runs,
    /// Rejects every pod: phase Failed (NODE-12).
    Rejects,
    /// Runs them, and never ends a terminating one: a grace period beyond all bounds, or a finalizer.
    Keeps,
    /// Silent from the start: starts and ends nothing.
    Silent,
    /// Runs them; silent at the start, it comes back.
    Away,
}

/// A pod template of the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSpec {
    /// A word for it, such as its image.
    pub name: String,
    /// What becomes of its pods.
    pub pods: PodFate,
    /// The template whose hash it shares as long as nothing has collided (HIST-13).
    pub collides_with: Option<TemplateIndex>,
    /// What it becomes where a sync changes the cached object when it makes pods (DS-B43).
    pub normalised: Option<TemplateIndex>,
    /// The same template as an upgraded controller serialises it (DS-B52).
    pub reserialised: Option<TemplateIndex>,
    /// Host ports its pods take on their node, ascending (LEG-10, DS-B22).
    pub host_ports: Vec<HostPort>,
    /// Whether its pods are critical, so that the legacy controller looks for no room (LEG-12).
    pub critical: bool,
}

/// What becomes of the pods of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodFate {
    /// They become ready.
    Ready,
    /// They never do.
    NeverReady,
    /// They fail.
    Fail,
}

/// An update strategy, with the other fields of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategySpec {
    /// A word for it.
    pub name: String,
    /// `spec.updateStrategy`.
    pub strategy: UpdateStrategy,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: i32,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
}

/// A `DaemonSet` name of the scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSetSpec {
    /// `metadata.name`.
    pub name: String,
    /// Whether its selector also matches objects that have no labels (DS-B53).
    pub selects_unlabelled: bool,
}

/// One command of a user's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// `kubectl create` of a `DaemonSet`.
    Create(DaemonSetIndex, TemplateIndex, StrategyIndex),
    /// `kubectl apply` of another template; also `rollout restart` (UNDO-17).
    Apply(DaemonSetIndex, TemplateIndex),
    /// A change of the strategy or of another spec field.
    SetStrategy(DaemonSetIndex, StrategyIndex),
    /// An annotation: a `DaemonSet` event and nothing else.
    Annotate(DaemonSetIndex),
    /// `rollout undo`, to this number or to the previous one (section 13).
    Undo(DaemonSetIndex, Option<u8>),
    /// `kubectl delete`.
    Delete(DaemonSetIndex, Cascade),
    /// Deletes a pod of the node: `kubectl delete pod`, an eviction, a drain that reaches daemon pods.
    DeletePod(DaemonSetIndex, NodeIndex),
    /// Takes the selector's labels off a pod of the node.
    UnlabelPod(DaemonSetIndex, NodeIndex),
    /// Puts the selector's labels back on a pod of the node that nobody owns: whoever selects it may adopt it.
    LabelPod(DaemonSetIndex, NodeIndex),
    /// Takes the selector's labels and the owner reference off a pod of the node: quarantine.
    ReleasePod(DaemonSetIndex, NodeIndex),
    /// Creates a pod by hand that the selector matches, bound to the node.
    CreateOrphan(DaemonSetIndex, NodeIndex, TemplateIndex),
    /// Copies the revision of a template under another name, without owner.
    CopyRevision(DaemonSetIndex, TemplateIndex),
    /// Creates a revision without labels (DS-B53).
    CreateUnlabelledRevision(DaemonSetIndex),
    /// Takes the hash label off the revision of a template (DS-B56).
    StripRevision(DaemonSetIndex, TemplateIndex),
    /// Gives a node another variant: cordon, taint, label, or back.
    SetNode(NodeIndex, VariantIndex),
    /// A node joins, or joins again under its name.
    Join(NodeIndex, VariantIndex),
    /// A node object is deleted.
    Leave(NodeIndex),
    /// Somebody else's pods take or leave the room of a node.
    SetRoom(NodeIndex, bool),
    /// Deletes the namespace: from now on it takes no new object (EXP-12).
    TerminateNamespace,
    /// Waits until the system is at rest.
    AwaitRest,
}

/// What becomes of the dependents of a deleted `DaemonSet` (DEL-1 to DEL-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cascade {
    /// Collected afterwards.
    Background,
    /// Collected first.
    Foreground,
    /// Kept without owner.
    Orphan,
}

/// Undelivered commits that each watch may hold; at least 1. A step that would add one more waits for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// `DaemonSet`s.
    pub daemon_sets: u8,
    /// Revisions.
    pub revisions: u8,
    /// Pods.
    pub pods: u8,
    /// Nodes.
    pub nodes: u8,
    /// Notifications that may wait between an informer's store and its handler (API-21); 0: the handler runs in the step
    /// in which the event enters the store (deviation D-01).
    pub handlers: u8,
}

/// Which types a lagging API server lists from its own past (API-13); the others it lists as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaggingLists {
    /// `DaemonSet`s.
    pub daemon_sets: bool,
    /// Revisions.
    pub revisions: bool,
    /// Pods.
    pub pods: bool,
    /// Nodes.
    pub nodes: bool,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// How often each fault may happen in one behaviour: a number, or what a model file says of it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(deny_unknown_fields, default, bound(deserialize = "B: Deserialize<'de> + Default"))]
        pub struct Faults<B = u8> {
            $($(#[$doc])* pub $name: B,)+
        }

        /// The faults, as model files call them, in the order of the fields of [`Faults`].
        pub const FAULTS: [&str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];

        impl<B> Faults<B> {
            /// The budgets in the order of the fields.
            pub fn to_array(self) -> [B; FAULTS.len()] {
                let Self { $($name),+ } = self;
                [$($name),+]
            }

            /// What `make` makes of each budget.
            pub fn map<C>(&self, mut make: impl FnMut(&B) -> C) -> Faults<C> {
                Faults { $($name: make(&self.$name)),+ }
            }

            /// The reverse of [`Faults::to_array`].
            pub fn from_array(budgets: [B; FAULTS.len()]) -> Self {
                let [$($name),+] = budgets;
                Self { $($name),+ }
            }
        }
    };
}

faults! {
    /// The controller process dies and another starts, with a fresh list.
    crash,
    /// As `crash`, but the lists come from a lagging API server (API-13), as far as [`Scope::lagging_lists`] says.
    stale_list,
    /// A watch of `DaemonSet`s breaks and lists again (API-17).
    daemon_set_watch_break,
    /// A watch of revisions does.
    revision_watch_break,
    /// A watch of pods does.
    pod_watch_break,
    /// A watch of nodes does.
    node_watch_break,
    /// A resync re-delivers the `DaemonSet` (API-20). Handlers of other types take an equal version for nothing.
    resync,
    /// A bookmark (API-19) on the stream of pods or of `DaemonSet`s: of the others nobody reads how far they are.
    bookmark,
    /// A request is refused with a definite error.
    refused,
    /// Somebody else writes the object first, so a versioned write is refused as a conflict (API-1).
    conflict,
    /// A request never arrives, and its sender sees a timeout.
    lost_request,
    /// A request is carried out, and its sender sees a timeout (API-5).
    lost_reply,
    /// Five minutes pass while expectations are not fulfilled (EXP-5).
    expiry,
    /// A second leader starts while the first still runs (API-24).
    second_leader,
    /// A ready pod is not ready for a moment.
    readiness_blip,
    /// A running pod fails or is evicted.
    pod_failure,
    /// A kubelet goes silent for good.
    kubelet_silent,
    /// The scheduler goes away for good: pods stay Pending.
    scheduler_away,
    /// A kubelet goes silent, and comes back.
    kubelet_outage,
    /// The scheduler goes away, and comes back.
    scheduler_outage,
}

/// Most lifecycle rules that a scope has.
pub const LIFECYCLE_RULES_MAX: usize = 32;

/// A rule of the node lifecycle controller or of an agent on the node: when a pod of this `DaemonSet` on a node is ready
/// (or no longer), the node changes from one variant to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Whose pod.
    pub daemon_set: DaemonSetIndex,
    /// Whether a ready pod, or its absence, moves the node.
    pub when_ready: bool,
    /// From.
    pub from: VariantIndex,
    /// To.
    pub to: VariantIndex,
}

/// What the node lifecycle controller has put on a node whose kubelet is silent: taints `node.kubernetes.io/unreachable`
/// (NODE-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unreachable {
    /// With effect `NoSchedule`.
    pub no_schedule: bool,
    /// With effect `NoExecute`.
    pub no_execute: bool,
}

impl Unreachable {
    /// Neither taint.
    pub const NO: Self = Self { no_schedule: false, no_execute: false };
    /// Every other combination, in the order in which the variants that bear them follow the declared ones.
    pub const TAINTED: [Self; 3] = [
        Self { no_schedule: true, no_execute: false },
        Self { no_schedule: false, no_execute: true },
        Self { no_schedule: true, no_execute: true },
    ];
}

/// What the node lifecycle controller and its taint manager go by (NODE-6 to NODE-8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLifecycle {
    /// How many variants the model file declares. Behind them each comes once more for each of [`Unreachable::TAINTED`].
    pub declared: u8,
    /// `evicts[template][variant]`: whether the variant has a `NoExecute` taint that the template's pods do not tolerate.
    pub evicts: Vec<Vec<bool>>,
}

impl NodeLifecycle {
    /// The declared variant behind `variant`, and the taints put on it.
    pub fn parts(&self, variant: VariantIndex) -> (VariantIndex, Unreachable) {
        let (taints, declared) = (variant / self.declared, variant % self.declared);
        let taints = Unreachable { no_schedule: taints & 1 != 0, no_execute: taints & 2 != 0 };
        (declared, taints)
    }

    /// The variant that is `declared` with these taints.
    pub fn variant(&self, declared: VariantIndex, taints: Unreachable) -> VariantIndex {
        declared + self.declared * (u8::from(taints.no_schedule) + 2 * u8::from(taints.no_execute))
    }
}

/// Capacities of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Pod names in use.
    pub pods: u8,
    /// The largest revision number.
    pub revision_number: u8,
}

/// Where behaviours start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nodes only; a script creates the `DaemonSet`.
    Empty,
    /// The first `DaemonSet` of the scope has rolled out its first template with its first strategy.
    Settled,
}
