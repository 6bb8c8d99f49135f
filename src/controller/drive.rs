//! The steps of a sync, one after the other (section 4), and what each does with a reply.

use super::budget::DesiredNodeCounts;
use super::choice::{Few, Segments};
use super::claim::Claim;
use super::history::{clean_up, kept_candidates, next_number, relabels, split};
use super::manage::manage;
use super::memory::Memory;
use super::node_pods::{NodePods, TerminalPods, syncs_rearm_timer};
use super::record::{Counters, DaemonSet, HashLabel, NodeName, Pod, Revision, Status, Symbol, UpdateStrategy};
use super::request::{Failure, Reason, Reply, Request, Stage};
use super::rolling_update::{
    Plan, SurgePlan, counts_wanted_nodes, look_up_nodes, roll_surge, roll_unavailable, roll_wanted_nodes, survey_surge,
    updated_desired_node_counts,
};
use super::status::count;
use super::sync::{
    Dedup, DedupStep, Effect, Effects, Observe, Outcome, PodPhase, Point, Requests, Rules, State, StatusTry, Step,
    Sync, View, Wait,
};
use super::sync_nodes::{Caller, Labels, Next, SyncNodes, deletions};
use crate::release::{
    ClaimOrder, CollisionError, CollisionRead, DedupOrder, FailedPodError, Gate, GateClosed, HistoryListing, NilLabels,
    NodeListing, Observed, ObservedOnSkip, Renumber, ReturnedTemplate, SharedMutation, SnapshotReuse, StatusOnError,
    StatusRetry, SyncDeleting,
};

/// One turn of a sync: what it may use, and where its outcomes go.
struct Turn<'a, 'v> {
    rules: &'a Rules,
    /// Absent while a reply is taken, when nothing is read from a store.
    view: Option<&'a View<'v>>,
    memory: Memory,
    effects: Effects,
    out: &'a mut Vec<Outcome>,
}

impl Turn<'_, '_> {
    /// The same turn for one of several alternatives.
    fn branch(&mut self) -> Turn<'_, '_> {
        let (memory, effects) = (self.memory.clone(), self.effects.clone());
        Turn { rules: self.rules, view: self.view, memory, effects, out: self.out }
    }

    /// What making pods of the template does to it (DS-B43).
    fn makes_pods(&mut self, creates: &Segments<NodeName>) {
        if !creates.is_empty() && self.rules.switches.shared_mutation == SharedMutation::On {
            self.effects.push(Effect::TemplateNormalised);
        }
    }

    fn wait(self, sync: Sync) {
        let state = State::Waiting(Box::new(sync));
        self.out.push(Outcome { state, memory: self.memory, effects: self.effects });
    }

    fn finish(self, result: Result<(), Failure>) {
        let state = State::Finished(result);
        self.out.push(Outcome { state, memory: self.memory, effects: self.effects });
    }
}

impl Sync {
    /// Begins a sync: the consistency gate (SYNC-2) and the read of the `DaemonSet` (SYNC-3). Never branches.
    pub fn start(rules: &Rules, view: &View<'_>, mut memory: Memory) -> Outcome {
        let finished = |result, memory| Outcome { state: State::Finished(result), memory, effects: Effects::new() };
        if rules.switches.gate != Gate::Off && !memory.ensure_ready(view.synced) {
            return match rules.switches.gate_closed {
                GateClosed::Retry => finished(Err(Failure::new(Stage::Consistency, Reason::NotReady)), memory),
                GateClosed::Drop => finished(Ok(()), memory),
            };
        }
        let Some(ds) = view.daemon_set else {
            return finished(Ok(()), Memory::default());
        };
        let sync = Self {
            ds,
            nodes: smallvec::SmallVec::new(),
            hash: Symbol::EMPTY,
            old: Few::new(),
            observe: Observe::Raise,
            failure: None,
            step: Step::At(Point::Nodes),
        };
        Outcome { state: State::Waiting(Box::new(sync)), memory, effects: Effects::new() }
    }

    /// The sync's own copy of the `DaemonSet` (SYNC-9).
    pub fn daemon_set(&self) -> &DaemonSet {
        &self.ds
    }

    /// What it waits for.
    pub fn wait(&self, rules: &Rules) -> Wait {
        let one = |request| Wait::OneOf(Requests::from_slice(&[request]));
        match &self.step {
            Step::At(point) => Wait::Point(*point),
            Step::Dedup(_, DedupStep::AtPods) => Wait::Point(Point::Dedup),
            Step::LookUpNodes(..) => Wait::Point(Point::Node),
            Step::LookUpPods(_) => Wait::Point(Point::Pod),
            Step::ClaimRevisions(claim) => Wait::OneOf(claim.next_requests(ClaimOrder::Any)),
            Step::ClaimPods(claim, _) | Step::Dedup(_, DedupStep::ClaimPods(claim)) => {
                Wait::OneOf(claim.next_requests(rules.switches.claim_order))
            }
            Step::LabelRevisions(revisions) => Wait::OneOf(
                revisions
                    .iter()
                    .filter(|revision| revision.label == HashLabel::Absent)
                    .map(|revision| Request::LabelRevision(revision.name, revision.resource_version))
                    .collect(),
            ),
            Step::Dedup(_, DedupStep::Relabel(requests)) => Wait::OneOf(requests.iter().copied().collect()),
            Step::Dedup(dedup, DedupStep::Delete) => Wait::OneOf(
                dedup
                    .removed
                    .iter()
                    .take(match rules.switches.dedup_order {
                        DedupOrder::Once => usize::MAX,
                        DedupOrder::PerDuplicate => 1,
                    })
                    .map(|revision| Request::DeleteRevision(revision.name))
                    .collect(),
            ),
            Step::Renumber(revision, number) => {
                one(Request::RenumberRevision(revision.name, revision.resource_version, *number))
            }
            Step::CreateRevision(number) => one(Request::CreateRevision(*number)),
            Step::ReadExisting(_) => one(Request::GetRevision(self.ds.revision_name)),
            Step::ReadForCollision | Step::ReadForStatus(..) => one(Request::GetDaemonSet),
            Step::RaiseCollisionCount(request) | Step::WriteStatus(request, ..) => one(*request),
            Step::SyncNodes(call) => Wait::Batch(call.in_flight.iter().copied().collect()),
            Step::CleanUp(names) => one(Request::DeleteRevision(names[0])),
        }
    }

    /// Goes on from a point. `out` gets every outcome, in a canonical order.
    ///
    /// # Panics
    ///
    /// If the sync waits for replies.
    pub fn proceed(&self, rules: &Rules, view: &View<'_>, memory: Memory, out: &mut Vec<Outcome>) {
        let turn = Turn { rules, view: Some(view), memory, effects: Effects::new(), out };
        let sync = self.clone();
        match &self.step {
            Step::At(point) => sync.read(*point, turn),
            Step::Dedup(dedup, DedupStep::AtPods) => {
                let claim = Claim::begin(rules, &self.ds, view.pods.iter().copied());
                sync.dedup_claimed(dedup.clone(), claim, turn);
            }
            Step::LookUpNodes(survey, (max_surge, desired)) => {
                let limits = DesiredNodeCounts { max_surge: *max_surge, max_unavailable: 0, desired: *desired };
                match look_up_nodes(rules, survey, limits, view.nodes) {
                    Err(failure) => sync.update_failed(failure, turn),
                    Ok(plan) if plan.deletable > 0 => sync.wait_at(Step::LookUpPods(plan), turn),
                    Ok(plan) => sync.surge(&plan, view.pods, turn),
                }
            }
            Step::LookUpPods(plan) => sync.surge(plan, view.pods, turn),
            Step::ClaimRevisions(_)
            | Step::LabelRevisions(_)
            | Step::Dedup(_, DedupStep::ClaimPods(_) | DedupStep::Relabel(_) | DedupStep::Delete)
            | Step::Renumber(..)
            | Step::CreateRevision(_)
            | Step::ReadExisting(_)
            | Step::ReadForCollision
            | Step::RaiseCollisionCount(_)
            | Step::ClaimPods(..)
            | Step::SyncNodes(_)
            | Step::CleanUp(_)
            | Step::WriteStatus(..)
            | Step::ReadForStatus(..) => unreachable!("a sync that waits for replies is not at a point"),
        }
    }

    /// Takes the reply to one of the requests it waits for. `out` gets every outcome, in a canonical order.
    ///
    /// # Panics
    ///
    /// If the sync waits at a point, or not for this request.
    pub fn reply(&self, rules: &Rules, request: Request, reply: Reply, memory: Memory, out: &mut Vec<Outcome>) {
        let mut turn = Turn { rules, view: None, memory, effects: Effects::new(), out };
        let sync = self.clone();
        let refused = match reply {
            Reply::Error(reason) => Some(reason),
            Reply::Done | Reply::DaemonSet(_) | Reply::Revision(_) | Reply::Pod(_) => None,
        };
        let in_history = |reason| Err(Failure::new(Stage::History, reason));
        if let Reply::Revision(written) = reply
            && rules.switches.gate == Gate::AndRevisions
            && !matches!(request, Request::GetRevision(_))
        {
            turn.memory.wrote_revision(self.ds.uid, written.resource_version);
        }
        match &self.step {
            Step::ClaimRevisions(claim) => {
                let mut claim = claim.clone();
                claim.take_reply(rules, &self.ds, request, reply, &mut turn.memory);
                sync.revisions_claimed(claim, turn);
            }
            Step::Dedup(dedup, DedupStep::ClaimPods(claim)) => {
                let mut claim = claim.clone();
                claim.take_reply(rules, &self.ds, request, reply, &mut turn.memory);
                sync.dedup_claimed(dedup.clone(), claim, turn);
            }
            Step::ClaimPods(claim, phase) => {
                let mut claim = claim.clone();
                claim.take_reply(rules, &self.ds, request, reply, &mut turn.memory);
                sync.pods_claimed(claim, *phase, turn);
            }
            Step::SyncNodes(call) => {
                let mut call = call.clone();
                if !matches!(request, Request::DeletePod(..)) || rules.switches.gate == Gate::AndDeletes {
                    super::claim::record_pod_write(rules, reply, &mut turn.memory);
                }
                match call.take_reply(rules, sync.labels(), request, reply, &mut turn.memory) {
                    None => sync.wait_at(Step::SyncNodes(call), turn),
                    Some(next) => sync.pods_synced(next, turn),
                }
            }
            Step::CleanUp(names) => match refused {
                Some(reason) => sync.update_failed(Failure::new(Stage::Cleanup, reason), turn),
                None => sync.clean_up_rest(names[1..].iter().copied().collect(), turn),
            },
            Step::WriteStatus(_, counters, attempt) => sync.status_written(*counters, *attempt, reply, turn),
            Step::ReadForStatus(counters, first) => sync.status_read(*counters, *first, reply, turn),
            // The rest is the history: any error ends it (SYNC-7).
            _ if let Some(reason) = refused.filter(|reason| !self.survives_in_history(*reason)) => {
                turn.finish(in_history(reason));
            }
            Step::LabelRevisions(revisions) => {
                let Request::LabelRevision(name, _) = request else {
                    unreachable!("only labels are being written");
                };
                let mut revisions = revisions.clone();
                for revision in revisions.iter_mut().filter(|revision| revision.name == name) {
                    if let Reply::Revision(stored) = reply {
                        revision.label = stored.label;
                        revision.resource_version = stored.resource_version;
                    }
                }
                sync.label_revisions(revisions, turn);
            }
            Step::Dedup(dedup, DedupStep::Relabel(pending)) => {
                let rest = pending.iter().copied().filter(|other| *other != request).collect();
                sync.relabel_rest(dedup.clone(), rest, turn);
            }
            Step::Dedup(dedup, DedupStep::Delete) => {
                let mut dedup = dedup.clone();
                dedup.removed.retain(|revision| Request::DeleteRevision(revision.name) != request);
                sync.delete_rest(dedup, turn);
            }
            Step::Renumber(revision, _) => sync.have_current(revision, turn),
            Step::CreateRevision(number) => match reply {
                Reply::Revision(created) => sync.have_current(&created, turn),
                // Only AlreadyExists survives to here (HIST-11).
                Reply::Error(_) | Reply::Done | Reply::DaemonSet(_) | Reply::Pod(_) => {
                    sync.wait_at(Step::ReadExisting(*number), turn);
                }
            },
            Step::ReadExisting(number) => match reply {
                Reply::Revision(existing) => sync.existing_read(&existing, *number, turn),
                Reply::Error(_) | Reply::Done | Reply::DaemonSet(_) | Reply::Pod(_) => {
                    unreachable!("a read answers with the object or an error")
                }
            },
            Step::ReadForCollision => match reply {
                Reply::DaemonSet(live) => sync.raise_collision_count(&live, turn),
                Reply::Error(_) | Reply::Done | Reply::Revision(_) | Reply::Pod(_) => {
                    unreachable!("a read answers with the object or an error")
                }
            },
            Step::RaiseCollisionCount(_) => match rules.switches.collision_error {
                CollisionError::Returned => turn.finish(in_history(Reason::AlreadyExists)),
                CollisionError::Lost => turn.finish(Err(Failure::new(Stage::Panic, Reason::NilPointer))),
            },
            Step::At(_) | Step::Dedup(_, DedupStep::AtPods) | Step::LookUpNodes(..) | Step::LookUpPods(_) => {
                unreachable!("a sync at a point waits for no reply")
            }
        }
    }

    /// Whether an error of the history phase does not end it: a create that found the name taken.
    fn survives_in_history(&self, reason: Reason) -> bool {
        matches!(self.step, Step::CreateRevision(_)) && reason == Reason::AlreadyExists
    }

    fn wait_at(mut self, step: Step, turn: Turn<'_, '_>) {
        self.step = step;
        turn.wait(self);
    }

    fn labels(&self) -> Labels {
        Labels { owner: self.ds.uid, hash: self.hash, generation: self.ds.template_generation }
    }

    /// Reads a store or the expectations.
    fn read(mut self, point: Point, turn: Turn<'_, '_>) {
        let view = turn.view.expect("a point is passed with a view");
        let switches = &turn.rules.switches;
        let listing = |sync: &mut Self| {
            if switches.node_listing == NodeListing::PerPhase {
                sync.nodes = view.nodes.iter().copied().collect();
            }
        };
        match point {
            Point::Nodes => {
                self.nodes = view.nodes.iter().copied().collect();
                self.guards(turn);
            }
            Point::History => {
                if self.ds.selector == super::record::Selector::Invalid {
                    return turn.finish(Err(Failure::new(Stage::History, Reason::InvalidSelector)));
                }
                let listed = view.revisions.iter().copied().filter(|revision| {
                    revision.same_namespace || switches.history_listing == HistoryListing::AllNamespaces
                });
                let claim = Claim::begin(turn.rules, &self.ds, listed);
                self.revisions_claimed(claim, turn);
            }
            Point::GateCheck => {
                let only_status = self.ds.deleting && switches.sync_deleting == SyncDeleting::Status;
                if turn.memory.satisfied_expectations(self.ds.uid) && !only_status {
                    return self.wait_at(Step::At(Point::Manage), turn);
                }
                self.observe = match switches.observed_on_skip {
                    ObservedOnSkip::Kept => Observe::Keep,
                    ObservedOnSkip::Raised => Observe::Raise,
                };
                self.wait_at(Step::At(Point::Status), turn);
            }
            Point::RolloutCheck => {
                let rolls = match self.ds.strategy {
                    UpdateStrategy::RollingUpdate(_) => turn.memory.satisfied_expectations(self.ds.uid),
                    UpdateStrategy::OnDelete | UpdateStrategy::Unknown => false,
                };
                let next = if rolls { Point::RollingUpdate } else { Point::Cleanup };
                self.wait_at(Step::At(next), turn);
            }
            Point::Manage | Point::RollingUpdate | Point::Cleanup | Point::Status => {
                listing(&mut self);
                let phase = match point {
                    Point::Manage => PodPhase::Manage,
                    Point::RollingUpdate => PodPhase::RollingUpdate,
                    Point::Cleanup => PodPhase::Cleanup,
                    Point::Status
                    | Point::Nodes
                    | Point::History
                    | Point::GateCheck
                    | Point::Dedup
                    | Point::RolloutCheck
                    | Point::Node
                    | Point::Pod => PodPhase::Status,
                };
                let claim = Claim::begin(turn.rules, &self.ds, view.pods.iter().copied());
                self.pods_claimed(claim, phase, turn);
            }
            Point::Dedup | Point::Node | Point::Pod => unreachable!("these points carry their own step"),
        }
    }

    /// SYNC-5 and SYNC-6.
    fn guards(self, mut turn: Turn<'_, '_>) {
        if self.ds.selector == super::record::Selector::Everything {
            turn.effects.push(Effect::SelectingAll);
            return turn.finish(Ok(()));
        }
        if self.ds.deleting && turn.rules.switches.sync_deleting == SyncDeleting::None {
            return turn.finish(Ok(()));
        }
        self.wait_at(Step::At(Point::History), turn);
    }

    fn revisions_claimed(self, claim: Claim<Revision>, turn: Turn<'_, '_>) {
        if !claim.is_done() {
            return self.wait_at(Step::ClaimRevisions(claim), turn);
        }
        if !claim.causes.is_empty() {
            return turn.finish(Err(Failure { stage: Stage::History, causes: claim.causes }));
        }
        self.label_revisions(claim.claimed, turn);
    }

    /// HIST-2. Revisions are walked in any order, so a nil label map may be met before or after others are labelled.
    fn label_revisions(self, revisions: super::history::Revisions, mut turn: Turn<'_, '_>) {
        let has = |label| revisions.iter().any(|revision| revision.label == label);
        let unlabelled = has(HashLabel::Absent);
        if has(HashLabel::NoLabels) {
            let failure = match turn.rules.switches.nil_labels {
                NilLabels::Panic => Failure::new(Stage::Panic, Reason::NilMap),
                NilLabels::Refuse => Failure::new(Stage::History, Reason::Invalid),
            };
            turn.branch().finish(Err(failure));
            if unlabelled {
                self.wait_at(Step::LabelRevisions(revisions), turn);
            }
            return;
        }
        if unlabelled {
            return self.wait_at(Step::LabelRevisions(revisions), turn);
        }
        self.split_revisions(&revisions, turn);
    }

    fn split_revisions(mut self, revisions: &[Revision], mut turn: Turn<'_, '_>) {
        let (current, old) = split(&self.ds, revisions);
        self.old = old;
        match current.len() {
            0 => {
                let number = next_number(turn.rules, &self.old);
                self.wait_at(Step::CreateRevision(number), turn);
            }
            1 => self.renumber(&current[0], turn),
            _ => {
                for kept in kept_candidates(&current) {
                    let removed = current.iter().copied().filter(|revision| *revision != kept).collect();
                    self.clone().next_duplicate(Dedup { kept, removed }, &mut turn.branch());
                }
            }
        }
    }

    /// Turns to the pods before the next deletion of a duplicate; which one that is, Go does not fix.
    fn next_duplicate(self, dedup: Dedup, turn: &mut Turn<'_, '_>) {
        match turn.rules.switches.dedup_order {
            DedupOrder::Once => self.wait_at(Step::Dedup(dedup, DedupStep::AtPods), turn.branch()),
            DedupOrder::PerDuplicate => {
                for index in 0..dedup.removed.len() {
                    let mut order = dedup.clone();
                    order.removed.swap(0, index);
                    self.clone().wait_at(Step::Dedup(order, DedupStep::AtPods), turn.branch());
                }
            }
        }
    }

    fn dedup_claimed(self, dedup: Dedup, claim: Claim<Pod>, turn: Turn<'_, '_>) {
        if !claim.is_done() {
            return self.wait_at(Step::Dedup(dedup, DedupStep::ClaimPods(claim)), turn);
        }
        if !claim.causes.is_empty() {
            return turn.finish(Err(Failure { stage: Stage::History, causes: claim.causes }));
        }
        let pending = relabels(turn.rules, &claim.claimed, dedup.kept.label.value(), &dedup.removed);
        self.relabel_rest(dedup, pending, turn);
    }

    fn relabel_rest(self, dedup: Dedup, pending: Few<Request>, turn: Turn<'_, '_>) {
        let step = if pending.is_empty() { DedupStep::Delete } else { DedupStep::Relabel(pending) };
        self.wait_at(Step::Dedup(dedup, step), turn);
    }

    fn delete_rest(self, dedup: Dedup, mut turn: Turn<'_, '_>) {
        if dedup.removed.is_empty() {
            return self.renumber(&dedup.kept, turn);
        }
        match turn.rules.switches.dedup_order {
            DedupOrder::Once => self.wait_at(Step::Dedup(dedup, DedupStep::Delete), turn),
            DedupOrder::PerDuplicate => self.next_duplicate(dedup, &mut turn),
        }
    }

    /// HIST-7, HIST-8.
    fn renumber(self, current: &Revision, turn: Turn<'_, '_>) {
        let number = next_number(turn.rules, &self.old);
        let renumbered = turn.rules.switches.returned_template == ReturnedTemplate::Renumbered;
        if renumbered && current.number < number {
            return self.wait_at(Step::Renumber(*current, number), turn);
        }
        self.have_current(current, turn);
    }

    fn have_current(mut self, current: &Revision, turn: Turn<'_, '_>) {
        self.hash = current.label.value();
        self.wait_at(Step::At(Point::GateCheck), turn);
    }

    /// HIST-11, HIST-13.
    fn existing_read(self, existing: &Revision, number: i64, turn: Turn<'_, '_>) {
        if existing.data != self.ds.template {
            return self.wait_at(Step::ReadForCollision, turn);
        }
        let foreign = existing.controller != Some(self.ds.uid);
        if foreign && turn.rules.switches.snapshot_reuse == SnapshotReuse::SameOwner {
            return turn.finish(Err(Failure::new(Stage::History, Reason::AlreadyExists)));
        }
        if turn.rules.switches.renumber == Renumber::Done && existing.number < number {
            return self.wait_at(Step::Renumber(*existing, number), turn);
        }
        self.have_current(existing, turn);
    }

    /// HIST-13.
    fn raise_collision_count(self, live: &DaemonSet, turn: Turn<'_, '_>) {
        let stale = live.status.collision_count != self.ds.status.collision_count;
        if stale && turn.rules.switches.collision_read == CollisionRead::Fresh {
            return turn.finish(Err(Failure::new(Stage::History, Reason::StaleCollisionCount)));
        }
        let raised = live.status.collision_count.unwrap_or(0).wrapping_add(1);
        let status = Status { collision_count: Some(raised), ..live.status };
        let request = Request::UpdateStatus(live.uid, live.resource_version, status);
        self.wait_at(Step::RaiseCollisionCount(request), turn);
    }

    fn pods_claimed(self, claim: Claim<Pod>, phase: PodPhase, turn: Turn<'_, '_>) {
        if !claim.is_done() {
            return self.wait_at(Step::ClaimPods(claim, phase), turn);
        }
        if !claim.causes.is_empty() {
            let failure = |stage| Failure { stage, causes: claim.causes };
            return match phase {
                PodPhase::Manage | PodPhase::RollingUpdate => self.update_failed(failure(Stage::Claim), turn),
                PodPhase::Cleanup => self.update_failed(failure(Stage::Cleanup), turn),
                PodPhase::Status => self.status_failed(failure(Stage::Claim), turn),
            };
        }
        match phase {
            PodPhase::Manage => self.manage(&claim.claimed, turn),
            PodPhase::RollingUpdate => self.roll(&claim.claimed, turn),
            PodPhase::Cleanup => self.clean_up(&claim.claimed, turn),
            PodPhase::Status => self.update_status(&claim.claimed, turn),
        }
    }

    /// SYNC-11.
    fn manage(self, claimed: &[Pod], mut turn: Turn<'_, '_>) {
        let node_pods = NodePods::group(turn.rules, claimed, TerminalPods::ByRelease);
        for plan in manage(turn.rules, &self.ds, &self.nodes, &node_pods, self.hash) {
            let mut turn = turn.branch();
            turn.effects.extend(plan.effects);
            let caller = Caller::Manage { failed_seen: plan.failed_seen };
            let creates = segment(plan.creates);
            turn.makes_pods(&creates);
            let deletes = deletions(turn.rules, plan.deletes, claimed);
            let next = SyncNodes::begin(turn.rules, caller, creates, deletes, self.labels(), &mut turn.memory);
            self.clone().pods_synced(next, turn);
        }
    }

    fn pods_synced(self, next: Next, mut turn: Turn<'_, '_>) {
        match next {
            Next::InFlight(calls) => {
                for call in calls {
                    self.clone().wait_at(Step::SyncNodes(call), turn.branch());
                }
            }
            Next::Returned(_, causes) if !causes.is_empty() => {
                self.update_failed(Failure { stage: Stage::Pods, causes }, turn);
            }
            Next::Returned(Caller::Manage { failed_seen }, _) => {
                if failed_seen && turn.rules.switches.failed_pod_error == FailedPodError::Yes {
                    return self.update_failed(Failure::new(Stage::Pods, Reason::FailedPods), turn);
                }
                self.wait_at(Step::At(Point::RolloutCheck), turn);
            }
            Next::Returned(Caller::RollingUpdate, _) => self.wait_at(Step::At(Point::Cleanup), turn),
        }
    }

    /// SYNC-12.
    fn roll(self, claimed: &[Pod], mut turn: Turn<'_, '_>) {
        let rules = turn.rules;
        let node_pods = NodePods::group(rules, claimed, TerminalPods::ByRelease);
        if counts_wanted_nodes(rules) {
            turn.effects.extend(failed_placements(&self.nodes));
            return match roll_wanted_nodes(rules, &self.ds, &self.nodes, &node_pods, self.hash) {
                Ok(plans) => self.roll_plans(plans, claimed, turn),
                Err(failure) if failure.stage == Stage::Panic => turn.finish(Err(failure)),
                Err(failure) => self.update_failed(failure, turn),
            };
        }
        let limits = match updated_desired_node_counts(rules, &self.ds, &self.nodes) {
            Ok(limits) => limits,
            Err(failure) => return self.update_failed(failure, turn),
        };
        if limits.max_surge == 0 {
            let plans = roll_unavailable(rules, &self.ds, &self.nodes, &node_pods, self.hash, limits.max_unavailable);
            return self.roll_plans(plans, claimed, turn);
        }
        let survey = survey_surge(rules, &self.ds, &self.nodes, &node_pods, self.hash);
        if survey.old_only.is_empty() {
            let plan = SurgePlan { deletes: survey.deletes, ..SurgePlan::default() };
            return self.surge(&plan, claimed, turn);
        }
        self.wait_at(Step::LookUpNodes(survey, (limits.max_surge, limits.desired)), turn);
    }

    fn surge(self, plan: &SurgePlan, pods: &[Pod], turn: Turn<'_, '_>) {
        let plans = roll_surge(turn.rules, plan, pods);
        self.roll_plans(plans, pods, turn);
    }

    /// EXEC-2 for each plan; `listed` are the pods as the cache shows them.
    fn roll_plans(self, plans: Vec<Plan>, listed: &[Pod], mut turn: Turn<'_, '_>) {
        for plan in plans {
            let mut turn = turn.branch();
            let caller = Caller::RollingUpdate;
            turn.makes_pods(&plan.creates);
            let deletes = deletions(turn.rules, plan.deletes, listed);
            let next = SyncNodes::begin(turn.rules, caller, plan.creates, deletes, self.labels(), &mut turn.memory);
            self.clone().pods_synced(next, turn);
        }
    }

    /// SYNC-14: manage, the rolling update or the clean-up has failed.
    fn update_failed(mut self, failure: Failure, turn: Turn<'_, '_>) {
        match turn.rules.switches.status_on_error {
            StatusOnError::Written => {
                self.failure = Some(failure);
                self.wait_at(Step::At(Point::Status), turn);
            }
            StatusOnError::Skipped => turn.finish(Err(failure)),
        }
    }

    /// SYNC-13.
    fn clean_up(self, claimed: &[Pod], mut turn: Turn<'_, '_>) {
        let node_pods = NodePods::group(turn.rules, claimed, TerminalPods::Included);
        for names in clean_up(turn.rules, &self.ds, &self.old, &node_pods) {
            self.clone().clean_up_rest(names, turn.branch());
        }
    }

    fn clean_up_rest(self, names: Few<Symbol>, turn: Turn<'_, '_>) {
        let step = if names.is_empty() { Step::At(Point::Status) } else { Step::CleanUp(names) };
        self.wait_at(step, turn);
    }

    /// SYNC-15.
    fn update_status(self, claimed: &[Pod], mut turn: Turn<'_, '_>) {
        turn.effects.extend(failed_placements(&self.nodes));
        let node_pods = NodePods::group(turn.rules, claimed, TerminalPods::ByRelease);
        let counters = count(turn.rules, &self.ds, &self.nodes, &node_pods, self.hash);
        let cached = self.ds.status;
        if cached.counters == counters && cached.observed_generation >= self.ds.generation {
            return self.status_done(counters, turn); // STAT-10
        }
        let base = self.ds;
        let request = self.status_request(turn.rules.switches.observed, &base, counters);
        self.wait_at(Step::WriteStatus(request, counters, StatusTry::First), turn);
    }

    /// The write of `counters` onto `base` (STAT-11).
    fn status_request(&self, observed: Observed, base: &DaemonSet, counters: Counters) -> Request {
        let observed_generation = match self.observe {
            Observe::Raise => match observed {
                Observed::Copied => self.ds.generation,
                Observed::Incremented => base.status.observed_generation + 1,
            },
            Observe::Keep => base.status.observed_generation,
        };
        let status = Status { counters, observed_generation, collision_count: base.status.collision_count };
        Request::UpdateStatus(base.uid, base.resource_version, status)
    }

    fn status_written(self, counters: Counters, attempt: StatusTry, reply: Reply, mut turn: Turn<'_, '_>) {
        match reply {
            Reply::Error(reason) => {
                let failure = Failure::new(Stage::Status, reason);
                match attempt {
                    StatusTry::First => self.wait_at(Step::ReadForStatus(counters, failure), turn),
                    StatusTry::Second => self.status_failed(failure, turn),
                }
            }
            Reply::DaemonSet(updated) => {
                if turn.rules.switches.gate != Gate::Off {
                    turn.memory.wrote_daemon_set(updated.uid, updated.resource_version); // STAT-17
                }
                self.status_done(counters, turn);
            }
            Reply::Done | Reply::Revision(_) | Reply::Pod(_) => self.status_done(counters, turn),
        }
    }

    fn status_read(self, counters: Counters, first: Failure, reply: Reply, turn: Turn<'_, '_>) {
        match (reply, turn.rules.switches.status_retry) {
            (Reply::Error(reason), _) => self.status_failed(Failure::new(Stage::Status, reason), turn),
            (Reply::DaemonSet(live), StatusRetry::Once) => {
                let request = self.status_request(turn.rules.switches.observed, &live, counters);
                self.wait_at(Step::WriteStatus(request, counters, StatusTry::Second), turn);
            }
            (Reply::DaemonSet(_) | Reply::Done | Reply::Revision(_) | Reply::Pod(_), _) => {
                self.status_failed(first, turn);
            }
        }
    }

    /// An earlier failure is the one returned (SYNC-14).
    fn status_failed(self, failure: Failure, turn: Turn<'_, '_>) {
        turn.finish(Err(self.failure.unwrap_or(failure)));
    }

    /// STAT-12, then the end of the sync.
    fn status_done(self, counters: Counters, mut turn: Turn<'_, '_>) {
        let rearms = syncs_rearm_timer(turn.rules.switches.availability_timer);
        if rearms && self.ds.min_ready_seconds > 0 && counters.number_ready != counters.number_available {
            turn.effects.push(Effect::RequeueAfterMinReady);
        }
        turn.finish(self.failure.map_or(Ok(()), Err));
    }
}

/// The events of a look at every node (LEG-3).
fn failed_placements(nodes: &[super::record::Node]) -> impl Iterator<Item = Effect> {
    nodes.iter().filter(|node| node.placement.wanted && !node.placement.should_run).map(|_| Effect::FailedPlacement)
}

/// The creates of manage: one segment, in any order.
fn segment(creates: Few<NodeName>) -> Segments<NodeName> {
    if creates.is_empty() { Segments::new() } else { Segments::from_iter([creates]) }
}
