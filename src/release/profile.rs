//! The named releases.

use super::switches::{
    AbsentLimit, AvailabilityTimer, AvailableAt, ClaimOrder, CleanUnscheduled, CollisionError, CollisionRead,
    CreateError, DedupOrder, DeleteNotFound, DeletionSeen, FailedPodError, FailedPods, Gate, HistoryListing,
    InformerOrder, InitialList, InvalidSelectors, NamespaceTerminating, NodeListing, NodeUpdates, NodeWake,
    ObservedOnSkip, PlacedBy, PodGc, RecreateSeen, RedeleteTerminating, RelabelVerb, Relist, RolloutCount,
    RolloutEligibility, SkippedCreates, StatusOnError, StatusRetry, SucceededPods, Surge, Switches,
    TerminalTerminating, UpdatedBy, Wipe,
};

use super::budget::BudgetRules;
use super::placement::PlacementRules;

/// The upstream tag that rule ids and function names refer to.
pub const UPSTREAM_TAG: &str = "v1.36.3";

/// A named release of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// As written in `--profile`.
    pub name: &'static str,
    /// The release whose real functions the profile was compared with, or what else it rests on.
    pub evidence: &'static str,
    /// Its switches.
    pub switches: Switches,
    /// How it places pods.
    pub placement: PlacementRules,
    /// How it reads budgets.
    pub budget: BudgetRules,
}

impl Profile {
    /// Every profile, oldest first.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "v1.11",
            placement: PlacementRules::v1_11_controller(),
            budget: BudgetRules::v1_11(),
            evidence: "vectors of 1.11.10, placement by the controller",
            switches: V1_11,
        },
        Self {
            name: "v1.11-scheduler",
            placement: PlacementRules::v1_11_scheduler(),
            budget: BudgetRules::v1_11(),
            evidence: "placement vectors of 1.11.10 with the gate on",
            switches: Switches { placed_by: PlacedBy::Scheduler, ..V1_11 },
        },
        Self {
            name: "v1.12",
            placement: PlacementRules::v1_12_scheduler(),
            budget: BudgetRules::v1_12(),
            evidence: "vectors of 1.12.10, placement by the scheduler",
            switches: V1_12,
        },
        Self {
            name: "v1.12-controller",
            placement: PlacementRules::v1_12_controller(),
            budget: BudgetRules::v1_12(),
            evidence: "vectors of 1.12.10 with the gate off",
            switches: Switches { placed_by: PlacedBy::Controller, clean_unscheduled: CleanUnscheduled::No, ..V1_12 },
        },
        Self {
            name: "v1.20",
            placement: PlacementRules::v1_20(),
            budget: BudgetRules::v1_20(),
            evidence: "vectors of 1.20.15, recordings of 1.20.2",
            switches: V1_20,
        },
        Self {
            name: "v1.28",
            placement: PlacementRules::v1_28(),
            budget: BudgetRules::v1_28(),
            evidence: "vectors of 1.28.15",
            switches: V1_28,
        },
        Self {
            name: "v1.34",
            placement: PlacementRules::v1_34(),
            budget: BudgetRules::v1_28(),
            evidence: "source reading; the functions of a sync are those of 1.36.3 without the gate",
            switches: V1_34,
        },
        Self {
            name: "v1.36",
            placement: PlacementRules::v1_36(),
            budget: BudgetRules::v1_28(),
            evidence: "vectors and recordings of 1.36.3",
            switches: Switches::TODAY,
        },
        Self {
            name: "v1.37",
            placement: PlacementRules::v1_36(),
            budget: BudgetRules::v1_28(),
            evidence: "source reading; every switch as 1.36",
            switches: Switches::TODAY,
        },
    ];

    /// Who places pods, in words.
    pub fn placed_by(&self) -> &'static str {
        match self.switches.placed_by {
            PlacedBy::Controller => "the controller",
            PlacedBy::Scheduler => "the scheduler",
        }
    }

    /// The profiles that were probably meant by a `name` that none has: those of its release, whatever way of placing or
    /// patch release it adds.
    pub fn meant(name: &str) -> Vec<&'static str> {
        let Some((minor, suffix)) = release_part(name) else { return Vec::new() };
        let of_release = Self::ALL.iter().filter_map(|known| {
            let (known_minor, known_suffix) = release_part(known.name)?;
            (known_minor == minor).then_some((known.name, known_suffix))
        });
        let of_release: Vec<_> = of_release.collect();
        // Who says how pods are placed means a profile that says it too, if there is one.
        let says_how = |text: &str| text.starts_with('-');
        let alike: Vec<_> = of_release.iter().filter(|(_, known)| says_how(known) == says_how(suffix)).collect();
        let meant: Vec<_> = if alike.is_empty() { of_release.iter().collect() } else { alike };
        meant.into_iter().map(|(name, _)| *name).collect()
    }

    /// What to do about a `name` that no profile has: those that were probably meant, or else all.
    pub fn instead_of(name: &str) -> String {
        let meant: Vec<String> = Self::meant(name).into_iter().map(|known| format!("`{known}`")).collect();
        if meant.is_empty() {
            let known: Vec<&str> = Self::ALL.iter().map(|profile| profile.name).collect();
            return format!("profiles: {}", known.join(", "));
        }
        format!("did you mean {}?", meant.join(" or "))
    }

    /// The profile called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|profile| profile.name == name)
    }
}

/// The minor number of the release that `name` names, and what follows it.
fn release_part(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix(['v', 'V']).unwrap_or(name).strip_prefix("1.")?;
    Some(name.split_at(name.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(name.len())))
}

/// 1.34: no gate, and an initial list that may be stale.
const V1_34: Switches = Switches { gate: Gate::Off, initial_list: InitialList::Any, ..Switches::TODAY };

/// 1.28.15.
const V1_28: Switches = Switches {
    informer_order: InformerOrder::PerObject,
    node_wake: NodeWake::Compare,
    claim_order: ClaimOrder::Any,
    available_at: AvailableAt::After,
    dedup_order: DedupOrder::PerDuplicate,
    ..V1_34
};

/// 1.20.15.
const V1_20: Switches = Switches {
    surge: Surge::Unknown,
    rollout_count: RolloutCount::WantedNodes,
    rollout_eligibility: RolloutEligibility::Never,
    terminal_terminating: TerminalTerminating::Occupies,
    succeeded_pods: SucceededPods::Kept,
    updated_by: UpdatedBy::Hash,
    status_on_error: StatusOnError::Skipped,
    status_retry: StatusRetry::ReadOnly,
    history_listing: HistoryListing::AllNamespaces,
    relabel_verb: RelabelVerb::Update,
    invalid_selectors: InvalidSelectors::EndsSearch,
    pod_gc: PodGc::Deletes,
    ..V1_28
};

/// 1.12.10, placement by the scheduler.
const V1_12: Switches = Switches {
    create_error: CreateError::SwallowTimeout,
    namespace_terminating: NamespaceTerminating::AnyError,
    skipped_creates: SkippedCreates::OverSubtracted,
    delete_not_found: DeleteNotFound::Ignore,
    observed_on_skip: ObservedOnSkip::Raised,
    deletion_seen: DeletionSeen::Removal,
    redelete_terminating: RedeleteTerminating::Yes,
    failed_pod_error: FailedPodError::Yes,
    availability_timer: AvailabilityTimer::Once,
    relist: Relist::MayGoBack,
    wipe: Wipe::OnNotFoundOnly,
    recreate_seen: RecreateSeen::NotCompared,
    ..V1_20
};

/// 1.11.10, placement by the controller.
const V1_11: Switches = Switches {
    placed_by: PlacedBy::Controller,
    failed_pods: FailedPods::AtOnce,
    clean_unscheduled: CleanUnscheduled::No,
    collision_error: CollisionError::Lost,
    collision_read: CollisionRead::Cached,
    node_listing: NodeListing::PerPhase,
    node_updates: NodeUpdates::LabelsAndTaints,
    delete_not_found: DeleteNotFound::Report,
    absent_limit: AbsentLimit::Crashes,
    ..V1_12
};
