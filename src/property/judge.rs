//! The list of claims, and all of them judged at once.

use super::{for_ever, rest, state, step};
use crate::cluster::object::{DaemonSetObject, Deleting};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::fairness::is_written;
use crate::model::state::Cluster;

/// A claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// See [`Property::sentence`]; so for all.
    OnePerNode,
    /// Surge.
    SurgeTwo,
    /// Revision numbers.
    RevisionIncreases,
    /// The current revision.
    CurrentIsMax,
    /// Undo.
    UndoRestores,
    /// The hash label.
    HashTruth,
    /// Clean-up.
    HistoryKept,
    /// maxUnavailable.
    Budget,
    /// Deletions and ownership.
    OwnerOnly,
    /// Creations and placement.
    EligibleOnly,
    /// observedGeneration.
    GenerationOrder,
    /// Status counters.
    StatusTruth,
    /// Stalls.
    NeverWedged,
    /// Crashes.
    NoPanic,
    /// Recreation.
    OnePerName,
    /// Pods of a node, failed and terminating ones too.
    FewPods,
    /// The rollout's deletions and placement.
    RolloutReplaces,
    /// The rollout and vanished nodes.
    RolloutProceeds,
    /// maxUnavailable, counted in ready pods.
    ReadyBudget,
    /// Undo without a number.
    UndoActs,
    /// The rollout, where it has come to rest.
    RolledOut,
    /// Deletion that keeps the pods.
    OrphansSurvive,
    /// Writes of one sync.
    NoSelfConflict,
    /// Pods without hash.
    HashPresent,
    /// Refused creates.
    SlowStart,
    /// maxUnavailable, as the sync sees it.
    ViewBudget,
    /// maxUnavailable, counted in pods, ready or not.
    PodBudget,
    /// The long run.
    Converges,
    /// Writes without end.
    NoHotLoop,
}

/// Every claim, in the order of reports.
pub const ALL: &[Property] = &[
    Property::OnePerNode,
    Property::SurgeTwo,
    Property::RevisionIncreases,
    Property::CurrentIsMax,
    Property::UndoRestores,
    Property::HashTruth,
    Property::HistoryKept,
    Property::Budget,
    Property::OwnerOnly,
    Property::EligibleOnly,
    Property::GenerationOrder,
    Property::StatusTruth,
    Property::NeverWedged,
    Property::NoPanic,
    Property::OnePerName,
    Property::FewPods,
    Property::RolloutReplaces,
    Property::RolloutProceeds,
    Property::ReadyBudget,
    Property::UndoActs,
    Property::RolledOut,
    Property::OrphansSurvive,
    Property::NoSelfConflict,
    Property::HashPresent,
    Property::SlowStart,
    Property::ViewBudget,
    Property::PodBudget,
    Property::Converges,
    Property::NoHotLoop,
];

/// The claims that a behaviour breaks by its first steps; the others are about behaviours for ever ([`for_ever`]).
pub const FINITE: &[Property] = ALL.split_at(Property::Converges as usize).0;

impl Property {
    /// The stable id.
    pub fn id(self) -> &'static str {
        match self {
            Self::OnePerNode => "one-per-node",
            Self::SurgeTwo => "surge-two",
            Self::RevisionIncreases => "revision-increases",
            Self::CurrentIsMax => "current-is-max",
            Self::UndoRestores => "undo-restores",
            Self::HashTruth => "hash-truth",
            Self::HistoryKept => "history-kept",
            Self::Budget => "budget",
            Self::OwnerOnly => "owner-only",
            Self::EligibleOnly => "eligible-only",
            Self::GenerationOrder => "generation-order",
            Self::StatusTruth => "status-truth",
            Self::NeverWedged => "never-wedged",
            Self::NoPanic => "no-panic",
            Self::OnePerName => "one-per-name",
            Self::FewPods => "few-pods",
            Self::RolloutReplaces => "rollout-replaces",
            Self::RolloutProceeds => "rollout-proceeds",
            Self::ReadyBudget => "ready-budget",
            Self::UndoActs => "undo-acts",
            Self::RolledOut => "rolled-out",
            Self::OrphansSurvive => "orphans-survive",
            Self::NoSelfConflict => "no-self-conflict",
            Self::HashPresent => "hash-present",
            Self::SlowStart => "slow-start",
            Self::ViewBudget => "view-budget",
            Self::PodBudget => "pod-budget",
            Self::Converges => "converges",
            Self::NoHotLoop => "no-hot-loop",
        }
    }

    /// The property with this id.
    pub fn named(id: &str) -> Option<Self> {
        ALL.iter().copied().find(|property| property.id() == id)
    }

    /// The claim, in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OnePerNode => "for one DaemonSet uid, a node has at most one non-terminal pod",
            Self::SurgeTwo => {
                "for one DaemonSet uid, a node has at most two non-terminal pods that do not terminate, and they are of different revisions"
            }
            Self::RevisionIncreases => {
                "every number given to a revision of one DaemonSet uid is greater than all given before"
            }
            Self::CurrentIsMax => {
                "at rest exactly one revision holds the current template, and its number is the greatest"
            }
            Self::UndoRestores => "an undo to revision n puts in the template that revision n records",
            Self::HashTruth => "a pod carries a revision's hash only if it was made from that revision's template",
            Self::HistoryKept => {
                "no clean-up deletes a revision with live pods, and at rest at most revisionHistoryLimit old revisions without pods remain"
            }
            Self::Budget => {
                "the rollout's own deletions of available pods never take more than maxUnavailable nodes down"
            }
            Self::OwnerOnly => "no sync deletes a pod that the DaemonSet does not own",
            Self::EligibleOnly => "no sync creates a pod for a node that its own view calls ineligible",
            Self::GenerationOrder => "observedGeneration never exceeds generation and never decreases",
            Self::StatusTruth => "at rest the status counters say what is",
            Self::NeverWedged => "at rest the controller, shown the truth, would create and delete no pod",
            Self::NoPanic => "no object that the API server accepts makes the controller panic",
            Self::OnePerName => "for one DaemonSet name, a node has at most one non-terminal pod",
            Self::FewPods => "for one DaemonSet uid, a node has at most two pods, whatever their phase",
            Self::RolloutReplaces => {
                "the rolling update deletes a pod only from a node for which its own view would create another"
            }
            Self::RolloutProceeds => "no rolling update fails because a node is gone",
            Self::ReadyBudget => {
                "the rollout's own deletions of ready pods never leave more than maxUnavailable nodes without a ready pod"
            }
            Self::PodBudget => {
                "the rollout's own deletions never leave more than maxUnavailable nodes without a pod that stays, ready or not"
            }
            Self::UndoActs => "a rollout undo without a number changes the template",
            Self::RolledOut => {
                "at rest every healthy node that should run the pod has exactly one live pod, available and, unless the strategy is OnDelete, of the current template"
            }
            Self::OrphansSurvive => "a pod that a deletion kept is not collected with the DaemonSet it was kept from",
            Self::NoSelfConflict => "no revision write is refused because the sync itself adopted the revision",
            Self::HashPresent => "a sync creates no pod without the hash label of a revision",
            Self::SlowStart => "after a refused create a sync sends no further batch of creates",
            Self::ViewBudget => {
                "by what its sync sees, a rollout that deletes available pods leaves at most maxUnavailable nodes down, or as many as were"
            }
            Self::Converges => {
                "once users and faults stop, every healthy node that should run the pod comes to have exactly one live pod, available and, unless the strategy is OnDelete, of the current template, every node that must not keep one to have none alive, and so it stays"
            }
            Self::NoHotLoop => {
                "once users and faults stop, the controller does not go on writing for ever, unless back-offs of failed pods hold it up again and again"
            }
        }
    }

    /// What has to be reached for the claim to say something.
    pub fn premise(self) -> &'static str {
        match self {
            Self::OnePerNode | Self::OnePerName => "a pod exists",
            Self::SurgeTwo => "two live pods share a node",
            Self::RevisionIncreases => "a number is given after another",
            Self::CurrentIsMax => "rest with two revisions",
            Self::UndoRestores => "an undo to a number patches the template",
            Self::HashTruth => "a pod carries a hash",
            Self::HistoryKept => "a clean-up deletes a revision",
            Self::Budget => "a rollout deletes an available pod",
            Self::OwnerOnly => "a pod is deleted by a sync",
            Self::EligibleOnly | Self::HashPresent => "a pod is created by a sync",
            Self::GenerationOrder => "observedGeneration is raised",
            Self::StatusTruth | Self::NeverWedged => "rest with a DaemonSet",
            Self::NoPanic => "a sync reads revisions",
            Self::FewPods => "two pods share a node",
            Self::RolloutReplaces => "a rolling update deletes a pod",
            Self::RolloutProceeds => "a sync reads on while a node is gone that has a pod",
            Self::ReadyBudget => "a rollout deletes a ready pod",
            Self::PodBudget => "a rollout deletes a pod",
            Self::UndoActs => "an undo without a number finds an older revision",
            Self::RolledOut => "rest with a healthy node that should run the pod",
            Self::OrphansSurvive => "a DaemonSet goes that was deleted keeping its pods",
            Self::NoSelfConflict => "a sync writes a revision that it adopted",
            Self::SlowStart => "a create is refused",
            Self::ViewBudget => "a rolling update decides to delete a pod that it sees available",
            Self::Converges => "a healthy node should run the pod, or a node must not keep one",
            Self::NoHotLoop => "the controller learns that a write was carried out",
        }
    }

    /// Its place among the bits of [`Judged`].
    pub fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What was found of several claims at once, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Claims broken here.
    pub broken: u32,
    /// Claims whose premise is met here.
    pub premise: u32,
}

impl Judged {
    /// Notes what was found of one claim; none: its premise is not met.
    pub(super) fn note(&mut self, property: Property, found: Option<bool>) {
        if let Some(holds) = found {
            self.premise |= property.bit();
            if !holds {
                self.broken |= property.bit();
            }
        }
    }
}

/// The `DaemonSet`s that are there and not being deleted.
pub(super) fn living(cluster: &Cluster) -> impl Iterator<Item = &DaemonSetObject> {
    cluster.store.daemon_sets.iter().filter(|object| object.deleting == Deleting::No)
}

/// Judges the claims among `wanted` (bits) that are about states.
pub fn judge_state(model: &DaemonSetModel, cluster: &Cluster, wanted: u32) -> Judged {
    let mut judged = Judged::default();
    let want = |property: Property| wanted & property.bit() != 0;
    if want(Property::OnePerNode) {
        judged.note(Property::OnePerNode, state::one_per_node(cluster));
    }
    if want(Property::SurgeTwo) {
        judged.note(Property::SurgeTwo, state::surge_two(cluster));
    }
    if want(Property::HashTruth) {
        judged.note(Property::HashTruth, state::hash_truth(cluster));
    }
    if want(Property::GenerationOrder) {
        judged.note(Property::GenerationOrder, state::observed_within_generation(cluster));
    }
    if want(Property::OnePerName) {
        judged.note(Property::OnePerName, state::one_per_name(cluster));
    }
    if want(Property::FewPods) {
        judged.note(Property::FewPods, state::few_pods(cluster));
    }
    if want(Property::Converges) {
        // Whether it comes to be so is judged once the graph is known.
        judged.note(Property::Converges, for_ever::converged(model, cluster).map(|_| true));
    }
    let resting = [
        Property::CurrentIsMax,
        Property::HistoryKept,
        Property::StatusTruth,
        Property::NeverWedged,
        Property::RolledOut,
    ];
    if resting.into_iter().any(want) && model.is_at_rest(cluster) {
        if want(Property::CurrentIsMax) {
            judged.note(Property::CurrentIsMax, rest::current_is_max(model, cluster));
        }
        if want(Property::HistoryKept) {
            judged.note(Property::HistoryKept, rest::history_within_limit(model, cluster));
        }
        if want(Property::StatusTruth) {
            judged.note(Property::StatusTruth, rest::status_truth(model, cluster));
        }
        if want(Property::NeverWedged) {
            judged.note(Property::NeverWedged, rest::nothing_to_do(model, cluster));
        }
        if want(Property::RolledOut) {
            judged.note(Property::RolledOut, rest::rolled_out(model, cluster));
        }
    }
    judged
}

/// Judges the claims among `wanted` (bits) that are about steps.
pub fn judge_step(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster, wanted: u32) -> Judged {
    let mut judged = Judged::default();
    let want = |property: Property| wanted & property.bit() != 0;
    if want(Property::RevisionIncreases) {
        judged.note(Property::RevisionIncreases, step::revision_increases(before, action, after));
    }
    if want(Property::UndoRestores) {
        judged.note(Property::UndoRestores, step::undo_restores(model, before, action, after));
    }
    if want(Property::HistoryKept) {
        judged.note(Property::HistoryKept, step::history_kept(before, action));
    }
    if want(Property::Budget) {
        judged.note(Property::Budget, step::budget(model, before, action, after));
    }
    if want(Property::OwnerOnly) {
        judged.note(Property::OwnerOnly, step::owner_only(before, action, after));
    }
    if want(Property::EligibleOnly) {
        judged.note(Property::EligibleOnly, step::eligible_only(model, before, action, after));
    }
    if want(Property::GenerationOrder) {
        judged.note(Property::GenerationOrder, step::observed_never_decreases(before, after));
    }
    if want(Property::NoPanic) {
        judged.note(Property::NoPanic, step::no_panic(before, action, after));
    }
    if want(Property::RolloutReplaces) {
        judged.note(Property::RolloutReplaces, step::rollout_replaces(before, action, after));
    }
    if want(Property::RolloutProceeds) {
        judged.note(Property::RolloutProceeds, step::rollout_proceeds(before, action, after));
    }
    if want(Property::ReadyBudget) {
        judged.note(Property::ReadyBudget, step::ready_budget(model, before, action, after));
    }
    if want(Property::UndoActs) {
        judged.note(Property::UndoActs, step::undo_acts(model, before, action));
    }
    if want(Property::OrphansSurvive) {
        judged.note(Property::OrphansSurvive, step::orphans_survive(before, action, after));
    }
    if want(Property::NoSelfConflict) {
        judged.note(Property::NoSelfConflict, step::no_self_conflict(before, action, after));
    }
    if want(Property::HashPresent) {
        judged.note(Property::HashPresent, step::hash_present(before, action));
    }
    if want(Property::SlowStart) {
        judged.note(Property::SlowStart, step::slow_start(before, action, after));
    }
    if want(Property::ViewBudget) {
        judged.note(Property::ViewBudget, step::view_budget(model, before, action, after));
    }
    if want(Property::PodBudget) {
        judged.note(Property::PodBudget, step::pod_budget(model, before, action, after));
    }
    if want(Property::NoHotLoop)
        && let Action::Reply { controller, key, request, .. } = action
        && is_written(before, *controller, *key, request)
    {
        judged.note(Property::NoHotLoop, Some(true));
    }
    judged
}
