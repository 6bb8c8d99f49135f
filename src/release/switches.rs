//! Everything that differs between Kubernetes releases, that a bug fix changed, or that a proposed fix would change:
//! one enum a switch. A [`Switches`] value is a controller; a profile is one with a release's name, a mutant one with a
//! single switch moved.

use std::fmt;

/// A switch whose values are spelled as in a model file.
pub trait Switch: Copy + Eq + 'static {
    /// The field of [`Switches`] it is, in snake case.
    const NAME: &'static str;
    /// Every value.
    const VALUES: &'static [Self];
    /// The value's name in a model file.
    fn spelling(self) -> &'static str;
}

macro_rules! switches {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ident = $today:ident {
        $($(#[doc = $value_doc:literal])* $value:ident,)+
    })+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum $type {
                $($(#[doc = $value_doc])* $value,)+
            }

            impl Switch for $type {
                const NAME: &'static str = stringify!($name);
                const VALUES: &'static [Self] = &[$(Self::$value),+];
                fn spelling(self) -> &'static str {
                    match self {
                        $(Self::$value => stringify!($value),)+
                    }
                }
            }
        )+

        /// One value for every switch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct Switches {
            $($(#[doc = $doc])* pub $name: $type,)+
        }

        impl Switches {
            /// Current upstream: the column `today` of the catalogue, release 1.36.
            pub const TODAY: Self = Self { $($name: $type::$today),+ };

            /// Moves the switch `name` to the value spelled `value`.
            ///
            /// # Errors
            ///
            /// If there is no such switch or value.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
                match name {
                    $(
                        stringify!($name) => {
                            let values = <$type as Switch>::VALUES;
                            let found = values.iter().find(|candidate| candidate.spelling() == value);
                            self.$name = *found.ok_or_else(|| SwitchError::UnknownValue {
                                switch: name.to_owned(),
                                value: value.to_owned(),
                                values: values.iter().map(|known| known.spelling()).collect(),
                            })?;
                            Ok(())
                        }
                    )+
                    _ => Err(SwitchError::UnknownSwitch { switch: name.to_owned() }),
                }
            }

            /// The switches whose value differs from `other`'s: name, value here, value there.
            pub fn differences(&self, other: &Self) -> Vec<(&'static str, &'static str, &'static str)> {
                let mut differences = Vec::new();
                $(
                    if self.$name != other.$name {
                        differences.push((<$type as Switch>::NAME, self.$name.spelling(), other.$name.spelling()));
                    }
                )+
                differences
            }

            /// Every switch and its values, as model files spell them.
            pub fn alphabet() -> Vec<(&'static str, Vec<&'static str>)> {
                let spelled = |values: Vec<(&'static str, _)>| values.into_iter().map(|(value, _)| value).collect();
                Self::reference().into_iter().map(|switch| (switch.name, spelled(switch.values))).collect()
            }

            /// Every switch with what it is about, and its values with what each means.
            pub fn reference() -> Vec<Reference> {
                vec![$(Reference {
                    name: stringify!($name),
                    about: concat!($($doc),*).trim(),
                    today: stringify!($today),
                    values: vec![$((stringify!($value), concat!($($value_doc),*).trim())),+],
                }),+]
            }
        }
    };
}

/// A switch in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The switch.
    pub name: &'static str,
    /// What it is about, with the rules and catalogue entries.
    pub about: &'static str,
    /// The value that current upstream has.
    pub today: &'static str,
    /// Each value, and what it means.
    pub values: Vec<(&'static str, &'static str)>,
}

/// A switch or a value that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// No switch of that name.
    #[error("no switch is called `{switch}`")]
    UnknownSwitch {
        /// What was written.
        switch: String,
    },
    /// The switch has no such value.
    #[error("switch `{switch}` has no value `{value}`; it has {}", values.join(", "))]
    UnknownValue {
        /// The switch.
        switch: String,
        /// What was written.
        value: String,
        /// What there is.
        values: Vec<&'static str>,
    },
}

impl fmt::Display for Switches {
    /// What differs from today's upstream, or `today`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.differences(&Self::TODAY);
        if differences.is_empty() {
            return formatter.write_str("today");
        }
        for (index, (name, value, _)) in differences.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{name} = {value}")?;
        }
        Ok(())
    }
}

switches! {
    /// The read-your-own-writes gate before each sync (SYNC-2, section 5.2). `gate` in the catalogue.
    gate: Gate = PodsAndDaemonSets {
        /// No gate (up to 1.35).
        Off,
        /// Pod creates and patches and the status write are recorded (1.36+, CONS-2, CONS-3).
        PodsAndDaemonSets,
        /// As today, and the versions of pod deletions (a fix for DS-B02).
        AndDeletes,
        /// As today, and revision writes (a fix for DS-B09).
        AndRevisions,
    }
    /// What a sync does when the gate is closed (DS-B26).
    gate_closed: GateClosed = Retry {
        /// Returns an error, so the key comes back with back-off.
        Retry,
        /// Returns success, so the wake-up is lost.
        Drop,
    }
    /// How seen deletions are counted (DS-B02).
    expect: Expect = Count {
        /// Plain counters.
        Count,
        /// Each deleted pod counts once (as the `ReplicaSet` controller does).
        Uid,
    }
    /// What the expectations are keyed by (EXP-14, DS-B21).
    counter_key: CounterKey = Name {
        /// Namespace and name.
        Name,
        /// The uid of the `DaemonSet`.
        Uid,
    }
    /// When the expectations of a deleted `DaemonSet` are dropped (EVT-4, DS-B35).
    wipe: Wipe = InHandler {
        /// Only by the sync that finds it missing (up to 1.18).
        OnNotFoundOnly,
        /// In the delete handler, whatever sync runs.
        InHandler,
        /// In the delete handler, but only between syncs.
        UnderKeyLock,
    }
    /// Whether expectations expire after five minutes (EXP-5).
    expiry: Expiry = On {
        /// They do.
        On,
        /// They never do.
        Off,
    }
    /// Whether the expiry wakes the key (SYNC-10, DS-B05).
    expiry_wakeup: ExpiryWakeup = Off {
        /// Nothing wakes it.
        Off,
        /// A timer does (a fix).
        On,
    }
    /// What a failed create does to the counter (EXEC-6).
    create_error: CreateError = LowerAlways {
        /// Lowers it, and reports the error.
        LowerAlways,
        /// A Timeout is taken as done: not lowered, not reported (1.8 to 1.14, EXP-13).
        SwallowTimeout,
        /// An ambiguous error is reported, but the counter stays (a fix for DS-B01).
        KeepOnAmbiguous,
    }
    /// A create refused because the namespace is terminating (EXP-12).
    namespace_terminating: NamespaceTerminating = Ignored {
        /// Neither lowers nor fails.
        Ignored,
        /// As any other error (up to 1.14).
        AnyError,
    }
    /// What is lowered for creates never attempted (EXEC-4, DS-B33).
    skipped_creates: SkippedCreates = Once {
        /// Their number.
        Once,
        /// Nothing.
        Never,
        /// Too much after the first batch (up to 1.14).
        OverSubtracted,
    }
    /// A delete answered `NotFound` (EXEC-8).
    delete_not_found: DeleteNotFound = Lower {
        /// Lowers the counter and is no error.
        Lower,
        /// Taken as success: not lowered (DS-B32; 1.12).
        Ignore,
        /// Lowers the counter and is an error (1.11).
        Report,
    }
    /// Which pod events count as a deletion (EVT-9, DS-B36).
    deletion_seen: DeletionSeen = EveryUpdate {
        /// Every update of a terminating pod, and its removal (1.15+).
        EveryUpdate,
        /// The update that sets the timestamp, and its removal.
        TimestampOnce,
        /// Only its removal (up to 1.14).
        Removal,
    }
    /// What guards a pod deletion (API-9, DS-B12).
    delete_precondition: DeletePrecondition = None {
        /// Nothing: it goes by name.
        None,
        /// The uid and the version in the cache (a fix).
        UidAndVersion,
    }
    /// Whether a terminating pod keeps its node occupied (MAN-10, MAN-25, DS-B30).
    terminating_occupies: TerminatingOccupies = Yes {
        /// It does.
        Yes,
        /// It does not (1.7).
        No,
    }
    /// Pods both terminal and terminating (section 7, DS-B39).
    terminal_terminating: TerminalTerminating = Ignored {
        /// Removed from the node maps first (1.27.16, 1.28+).
        Ignored,
        /// They block their node.
        Occupies,
    }
    /// Terminating pods on a node that must not keep them (MAN-3).
    redelete_terminating: RedeleteTerminating = No {
        /// Skipped.
        No,
        /// Deleted again at every sync (up to 1.14).
        Yes,
    }
    /// How the node of a pod is known (PLACE-10, DS-B29).
    target: Target = AffinityOrBound {
        /// By its node name, else by its affinity.
        AffinityOrBound,
        /// By its node name only.
        BoundOnly,
    }
    /// Unbound pods aimed at nodes that are gone (MAN-17, DS-B31).
    clean_unscheduled: CleanUnscheduled = Yes {
        /// Deleted.
        Yes,
        /// Left.
        No,
    }
    /// Failed pods (MAN-6, MAN-7, DS-B38).
    failed_pods: FailedPods = Backoff {
        /// Deleted, with back-off (1.12+).
        Backoff,
        /// Deleted at once (1.11).
        AtOnce,
        /// Never replaced (DS-B39).
        Kept,
    }
    /// Whether deleted failed pods fail the sync (MAN-24, DS-B37).
    failed_pod_error: FailedPodError = No {
        /// They do not.
        No,
        /// Manage returns an error after acting (up to 1.15).
        Yes,
    }
    /// Succeeded pods (MAN-8).
    succeeded_pods: SucceededPods = Deleted {
        /// Deleted (1.28+, patches of 1.26 and 1.27).
        Deleted,
        /// Kept as running.
        Kept,
    }
    /// Failed pods in back-off under surge (MAN-21, DS-B13).
    surge_backoff: SurgeBackoff = Bypassed {
        /// A replacement is created at once.
        Bypassed,
        /// A replacement waits for the back-off (a fix).
        Honoured,
    }
    /// Terminating pods under surge (MAN-12, DS-B14).
    surge_terminating: SurgeTerminating = NotCounted {
        /// A new pod may join them.
        NotCounted,
        /// They count towards the pods of the node (a fix).
        Counted,
    }
    /// When a running pod may stay (PLACE-1, DS-B40).
    may_continue: MayContinue = NoExecuteOnly {
        /// Unless a `NoExecute` taint is not tolerated.
        NoExecuteOnly,
        /// Only where a new one would be placed.
        ShouldRun,
    }
    /// Whether `maxSurge` exists (OBJ-5).
    surge: Surge = Supported {
        /// It does (1.21+).
        Supported,
        /// It does not.
        Unknown,
    }
    /// How the rolling update counts and picks (sections 9.2, 9.3).
    rollout_count: RolloutCount = PerNode {
        /// Per node, over all nodes with pods (1.21+).
        PerNode,
        /// Over wanted nodes, then all old pods (up to 1.20).
        WantedNodes,
    }
    /// A rolling update without `maxUnavailable`, which no defaulted object has (ROLL-21, ROLL-32).
    absent_limit: AbsentLimit = Refused {
        /// The rolling update fails (1.12+).
        Refused,
        /// The process crashes (1.11).
        Crashes,
    }
    /// Whether the rollout asks if a replacement may run there (ROLL-24, DS-B16, DS-B41).
    rollout_eligibility: RolloutEligibility = SurgeOnly {
        /// In surge mode only.
        SurgeOnly,
        /// Never (before ROLL-29).
        Never,
        /// Always (a fix).
        Always,
    }
    /// A node missing from the store in a surge rollout (ROLL-29, DS-B17).
    missing_node: MissingNode = Abort {
        /// The rolling update fails.
        Abort,
        /// That node is passed over (a fix).
        Skip,
    }
    /// Whether an old unavailable pod takes budget (ROLL-11, DS-B42).
    old_unavailable: OldUnavailable = Counted {
        /// It does.
        Counted,
        /// It does not (1.21 to 1.30).
        NotCounted,
    }
    /// How many old unavailable pods go at once (ROLL-14, DS-B15).
    replace_unavailable: ReplaceUnavailable = Unbounded {
        /// All.
        Unbounded,
        /// At most `maxUnavailable` (a variant).
        Bounded,
    }
    /// Nodes outside the desired ones that hold only terminating pods (ROLL-16, DS-B18).
    dead_node_budget: DeadNodeBudget = Counts {
        /// They take budget.
        Counts,
        /// They do not (a variant).
        Excluded,
    }
    /// What makes a pod updated (HIST-20, DS-B04).
    updated_by: UpdatedBy = HashOrGeneration {
        /// Either label (1.25+).
        HashOrGeneration,
        /// The hash label only.
        Hash,
    }
    /// Which pods de-duplication relabels (HIST-15, DS-B03).
    dedup_relabel: DedupRelabel = All {
        /// Every pod with another hash.
        All,
        /// Only those of the removed duplicates (a fix).
        OnlyDuplicates,
    }
    /// When de-duplication relabels (HIST-15).
    dedup_order: DedupOrder = Once {
        /// Once, before the deletions (1.29+).
        Once,
        /// Before each deletion (up to 1.28).
        PerDuplicate,
    }
    /// How it relabels (HIST-15).
    relabel_verb: RelabelVerb = MergePatch {
        /// A merge patch without version (1.25+).
        MergePatch,
        /// An Update with the cached version.
        Update,
    }
    /// Which existing revision serves as current (HIST-11, DS-B08).
    snapshot_reuse: SnapshotReuse = AnyOwner {
        /// Any with equal data.
        AnyOwner,
        /// Only one of this `DaemonSet` (a fix).
        SameOwner,
    }
    /// Whether workers wait for the revision cache (Q-5, DS-B45).
    await_revisions: AwaitRevisions = Yes {
        /// They do.
        Yes,
        /// They do not.
        No,
    }
    /// The error after a hash collision (HIST-13, DS-B44).
    collision_error: CollisionError = Returned {
        /// The sync fails and retries.
        Returned,
        /// It is lost, and the sync goes on without a revision (up to 1.11): the process crashes.
        Lost,
    }
    /// The number of a new or returning revision (HIST-5).
    next_number: NextNumber = AboveLargest {
        /// One more than the largest of the old ones.
        AboveLargest,
        /// One more than how many old ones there are: wrong once the clean-up has deleted one (a mutation).
        AboveCount,
    }
    /// The revision of a template that comes back (HIST-7).
    returned_template: ReturnedTemplate = Renumbered {
        /// Gets the next number.
        Renumbered,
        /// Keeps the one it had (a mutation).
        Kept,
    }
    /// Old revisions whose pods live, in the clean-up (HIST-17).
    live_revisions: LiveRevisions = Kept {
        /// Are not deleted.
        Kept,
        /// Are deleted like the others (a mutation).
        Deleted,
    }
    /// How `rollout undo` to a number finds the revision (UNDO-6).
    undo_choice: UndoChoice = ByNumber {
        /// By its number.
        ByNumber,
        /// By its place among those there are (a mutation).
        ByPosition,
    }
    /// Whether the collision count is compared with the live one (HIST-13).
    collision_read: CollisionRead = Fresh {
        /// It is.
        Fresh,
        /// It is not (up to 1.11).
        Cached,
    }
    /// Where revisions are looked for (HIST-1).
    history_listing: HistoryListing = OwnNamespace {
        /// In the namespace of the `DaemonSet`.
        OwnNamespace,
        /// Everywhere (up to 1.22).
        AllNamespaces,
    }
    /// What adoption asks first (ADOPT-5, DS-B47).
    adopt_recheck: AdoptRecheck = ReadThenPatch {
        /// A live read of the owner.
        ReadThenPatch,
        /// Nothing (up to 1.6).
        None,
        /// Owner and patch in one (a variant).
        Atomic,
    }
    /// Which pods and revisions are claimed (ADOPT-2 to ADOPT-4).
    claimed_by: ClaimedBy = Controller {
        /// Those whose controller reference has the uid; matching orphans are adopted, others released (1.6+).
        Controller,
        /// All that the selector matches, whoever owns them (up to 1.5).
        Selector,
    }
    /// The version under which a sync writes a revision that it has adopted (ADOPT-8, DS-B54).
    adopted_version: AdoptedVersion = Cached {
        /// That of the cache, which the adoption has made old.
        Cached,
        /// That of the answer to the adoption (a fix).
        Answered,
    }
    /// What a sync of a terminating `DaemonSet` does (SYNC-6, DS-B46).
    sync_deleting: SyncDeleting = None {
        /// Nothing.
        None,
        /// Computes the status, and for that the history.
        Status,
        /// Everything.
        Full,
    }
    /// Which node changes wake a `DaemonSet` (EVT-14 to EVT-18, DS-B06, DS-B51).
    node_wake: NodeWake = Today {
        /// Old and new placement differ (up to 1.32, 1.33 by line).
        Compare,
        /// The node queue without the misscheduled clause.
        V133,
        /// The node queue (EVT-16).
        Today,
        /// Every change of labels or taints (a variant).
        Any,
    }
    /// Which updates of a node are examined without node queue (EVT-14).
    node_updates: NodeUpdates = Everything {
        /// Any but heartbeats: conditions may change if the true ones stay the same.
        Everything,
        /// Labels, taints and the true conditions: new room is ignored (1.11).
        LabelsAndTaints,
    }
    /// How the node queue attributes pods (EVT-18, DS-B07).
    node_wake_owner: NodeWakeOwner = Name {
        /// By the owner's name.
        Name,
        /// By its uid (a fix).
        Uid,
    }
    /// What a status write makes of observedGeneration (STAT-13).
    observed: Observed = Copied {
        /// The generation of the sync's own copy.
        Copied,
        /// One more than it was (a mutation).
        Incremented,
    }
    /// observedGeneration on the status-only path (SYNC-8, DS-B48).
    observed_on_skip: ObservedOnSkip = Kept {
        /// Not raised (after 1.12).
        Kept,
        /// Raised.
        Raised,
    }
    /// Whether a failed sync writes the status (SYNC-14, DS-B49).
    status_on_error: StatusOnError = Written {
        /// It does (1.27+, back-ported).
        Written,
        /// It does not.
        Skipped,
    }
    /// The second attempt of a status write (STAT-11, DS-B49).
    status_retry: StatusRetry = Once {
        /// One, on the live object.
        Once,
        /// A useless read, then the error (up to 1.21).
        ReadOnly,
    }
    /// Which pod of a node the status looks at (STAT-8, DS-B24).
    status_pod: StatusPod = Oldest {
        /// The first by MAN-16.
        Oldest,
        /// The best live one (a variant).
        Best,
    }
    /// The timers for minReadySeconds (EVT-10, STAT-12, DS-B50).
    availability_timer: AvailabilityTimer = Rearmed {
        /// By the event, and by every sync that finds them wanting (1.15+).
        Rearmed,
        /// By the event only.
        Once,
        /// None.
        None,
    }
    /// Whether a pod ready for exactly minReadySeconds is available (ROLL-4).
    available_at: AvailableAt = Equal {
        /// It is (1.34+).
        Equal,
        /// Not yet.
        After,
    }
    /// A claimed revision without labels (HIST-2, DS-B53).
    nil_labels: NilLabels = Panic {
        /// The process crashes.
        Panic,
        /// The sync fails (a fix).
        Refuse,
    }
    /// A revision found by name after a failed create (HIST-11, DS-B56).
    renumber: Renumber = Skipped {
        /// Used as it is.
        Skipped,
        /// Renumbered like any other (a fix).
        Done,
    }
    /// Whether a sync changes the cached template (DS-B43).
    shared_mutation: SharedMutation = Off {
        /// It does not.
        Off,
        /// It does, so the next sync sees another template.
        On,
    }
    /// How the next version of the controller serialises a template that nobody changed (DS-B52).
    serialisation: Serialisation = Stable {
        /// As this one does.
        Stable,
        /// With other bytes: every process but the first is of that version.
        Versioned,
    }
    /// The order in which one informer applies events (API-22).
    informer_order: InformerOrder = Stream {
        /// That of the stream (1.33+).
        Stream,
        /// That of each object alone (up to 1.32).
        PerObject,
    }
    /// The first list of a new process (API-15, API-16).
    initial_list: InitialList = MostRecent {
        /// Consistent (1.35+).
        MostRecent,
        /// Perhaps from a lagging API server.
        Any,
    }
    /// A list after a broken watch, in the same process (API-15).
    relist: Relist = NotOlder {
        /// Not older than what was seen (1.17+).
        NotOlder,
        /// It may be older.
        MayGoBack,
    }
    /// In which order pods are claimed (ADOPT-1).
    claim_order: ClaimOrder = OwnedFirst {
        /// Owned ones first, by an index (1.33+).
        OwnedFirst,
        /// Any order.
        Any,
    }
    /// When nodes are listed (SYNC-4).
    node_listing: NodeListing = Once {
        /// Once per sync (1.12+).
        Once,
        /// Anew by each phase.
        PerPhase,
    }
    /// A recreation seen as one update (EVT-3).
    recreate_seen: RecreateSeen = UidCompared {
        /// The uids are compared (1.19+).
        UidCompared,
        /// They are not.
        NotCompared,
    }
    /// Who chooses the node of a pod (LEG-1).
    placed_by: PlacedBy = Scheduler {
        /// The scheduler, by the pod's affinity.
        Scheduler,
        /// The controller: pods are created bound.
        Controller,
    }
    /// What Pod GC does to a pod of a vanished node (GC-6).
    pod_gc: PodGc = MarksFailed {
        /// Marks it Failed, then deletes it.
        MarksFailed,
        /// Deletes it.
        Deletes,
    }
    /// A `DaemonSet` with an invalid selector, when an orphan is matched (EVT-5).
    invalid_selectors: InvalidSelectors = PassedOver {
        /// Passed over.
        PassedOver,
        /// Ends the search: the orphan wakes none (1.20).
        EndsSearch,
    }
}
