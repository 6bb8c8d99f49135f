//! A controller process at work: taking a key, going on with a sync, taking a reply.
//!
//! Each function returns every alternative: the process afterwards and the requests it sends.

use smallvec::SmallVec;

use super::state::{Backoff, Process, Queued, ReadyTimer, Work};
use super::view::{self, Records};
use crate::cluster::api_server::{Answer, Call, Origin};
use crate::cluster::object::{DaemonSetObject, Key, List};
use crate::cluster::watch::{Event, Notification, Versioned};
use crate::controller::record::{TemplateId, Uid};
use crate::controller::request::{Failure, Request, Stage};
use crate::controller::sync::{Batches, Effect, Outcome, PodPhase, Point, Rules, State, Step, Sync, Wait};
use crate::controller::sync_nodes::Caller;
use crate::scope::Scope;

/// One thing a process can do.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// The process afterwards.
    pub process: Process,
    /// The requests it sends.
    pub calls: List<Call>,
    /// How the sync ended, if it did.
    pub ended: Option<Result<(), Failure>>,
}

/// The rules that the scope's controller goes by.
pub fn rules(scope: &Scope) -> Rules {
    Rules { switches: scope.switches, burst: 250, batches: Batches::Every }
}

/// A worker takes `key` from the queue and begins a sync (SYNC-2 to SYNC-6), as far as the first pods are read.
pub fn begin(scope: &Scope, process: &Process, controller: u8, key: Key) -> Vec<Alternative> {
    let records = Records::of(scope, process, key, None);
    let outcome = Sync::start(&rules(scope), &records.view(), process.work[usize::from(key)].memory.clone());
    let mut taken = process.clone();
    taken.work[usize::from(key)].queue = Queued::Processing;
    follow(scope, &taken, controller, key, vec![outcome], After::Point)
}

/// The sync of `key` goes on from the point where it waits.
///
/// # Panics
///
/// If no sync of `key` is under way.
pub fn proceed(scope: &Scope, process: &Process, controller: u8, key: Key) -> Vec<Alternative> {
    let work = &process.work[usize::from(key)];
    let sync = work.sync.as_ref().expect("a sync is under way");
    let records = Records::of(scope, process, key, Some(sync.daemon_set()));
    let mut outcomes = Vec::new();
    sync.proceed(&rules(scope), &records.view(), work.memory.clone(), &mut outcomes);
    follow(scope, process, controller, key, outcomes, After::Point)
}

/// The sync of `call`'s key takes the answer to it. `others` tells whether more of its calls are under way.
///
/// # Panics
///
/// If no sync of that key is under way.
pub fn take_reply(scope: &Scope, process: &Process, call: &Call, answer: &Answer, others: bool) -> Vec<Alternative> {
    let key = call.key;
    let work = &process.work[usize::from(key)];
    let sync = work.sync.as_ref().expect("a reply is awaited by a sync");
    let reply = view::reply(scope, process, key, answer);
    let mut outcomes = Vec::new();
    sync.reply(&rules(scope), call.request, reply, work.memory.clone(), &mut outcomes);
    follow(scope, process, call.controller, key, outcomes, After::Reply { others })
}

/// Whether the sync of `work` waits at a point, so that [`proceed`] applies.
pub fn waits_at_point(scope: &Scope, process: &Process, key: Key) -> bool {
    let sync = process.work[usize::from(key)].sync.as_ref();
    sync.is_some_and(|sync| matches!(sync.wait(&rules(scope)), Wait::Point(_)))
}

/// What a step of a sync comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// A point where it read something.
    Point,
    /// A reply.
    Reply {
        /// Whether more requests of the same batch are under way.
        others: bool,
    },
}

/// Carries every outcome on to the next place where something else may happen first (deviation D-03).
fn follow(
    scope: &Scope,
    process: &Process,
    controller: u8,
    key: Key,
    outcomes: Vec<Outcome>,
    after: After,
) -> Vec<Alternative> {
    let after_reply = after != After::Point;
    let mut alternatives = Vec::new();
    let mut open: Vec<(Process, Outcome)> =
        outcomes.into_iter().rev().map(|outcome| (before(process, key, &outcome), outcome)).collect();
    while let Some((mut process, outcome)) = open.pop() {
        let sync = match outcome.state {
            State::Waiting(sync) => sync,
            State::Finished(result) => {
                let ds = process.work[usize::from(key)].sync.as_ref().map(|sync| *sync.daemon_set());
                process.work[usize::from(key)].memory = outcome.memory;
                apply(scope, &mut process, key, ds.as_ref(), &outcome.effects);
                finish(&mut process, key, result);
                alternatives.push(Alternative { process, calls: List::new(), ended: Some(result) });
                continue;
            }
        };
        let work = &mut process.work[usize::from(key)];
        work.memory = outcome.memory;
        let ds = *sync.daemon_set();
        work.sync = Some(sync);
        apply(scope, &mut process, key, Some(&ds), &outcome.effects);
        let sync = process.work[usize::from(key)].sync.as_ref().expect("just stored");
        match sync.wait(&rules(scope)) {
            Wait::Point(point) if reads_at_once(scope, &process, key, sync, point, after_reply) => {
                if point == Point::Manage {
                    // Manage finds anew which nodes have no room, one after the other (LEG-14).
                    let Work { suspended, sync, .. } = &mut process.work[usize::from(key)];
                    let listed = &sync.as_ref().expect("just stored").nodes;
                    suspended.retain(|node| listed.iter().all(|listed| listed.name.0 != u32::from(*node)));
                }
                let records = Records::of(scope, &process, key, Some(&ds));
                let work = &process.work[usize::from(key)];
                let mut outcomes = Vec::new();
                let sync = work.sync.as_ref().expect("just stored");
                sync.proceed(&rules(scope), &records.view(), work.memory.clone(), &mut outcomes);
                open.extend(outcomes.into_iter().rev().map(|outcome| (before(&process, key, &outcome), outcome)));
            }
            Wait::Point(_) => alternatives.push(Alternative { process, calls: List::new(), ended: None }),
            Wait::OneOf(requests) => {
                for request in requests {
                    let calls = List::from_slice(&[call(controller, key, sync, request)]);
                    alternatives.push(Alternative { process: process.clone(), calls, ended: None });
                }
            }
            Wait::Batch(requests) => {
                let calls = if after == (After::Reply { others: true }) {
                    List::new()
                } else {
                    requests.iter().map(|request| call(controller, key, sync, *request)).collect()
                };
                alternatives.push(Alternative { process, calls, ended: None });
            }
        }
    }
    alternatives
}

/// The process as `outcome` finds it; a sync that goes on takes the place of the one there.
fn before(process: &Process, key: Key, outcome: &Outcome) -> Process {
    match outcome.state {
        State::Waiting(_) => process.without_sync(key),
        State::Finished(_) => process.clone(),
    }
}

/// The points passed in the same step as what led to them.
///
/// `DaemonSet`, nodes, revisions and the first reading of pods are four stores whose streams are independent of one
/// another, so reading them at one moment is reading them at four with other lags; the expectations are examined
/// together with the reading that follows, since only events that lower them come between, and those that drop them
/// ([`may_be_forgotten`]). A clean-up with nothing to clean reads for nothing.
fn reads_at_once(scope: &Scope, process: &Process, key: Key, sync: &Sync, point: Point, after_reply: bool) -> bool {
    match point {
        Point::Nodes | Point::History | Point::Manage | Point::RollingUpdate | Point::Node | Point::Pod => true,
        // After a reply of the history other steps may come first; without one the history was read just now.
        Point::Dedup => !after_reply,
        Point::GateCheck => !after_reply && !may_be_forgotten(scope, process, key, sync.ds.uid),
        Point::Cleanup => sync.old.len() <= usize::try_from(sync.ds.revision_history_limit).unwrap_or(0),
        Point::RolloutCheck | Point::Status => false,
    }
}

/// Whether the handler of a deletion or of a re-creation may drop what the process remembers of `uid` before the sync under
/// way looks at it (EVT-3, EVT-4, SYNC-8): the stream of `DaemonSet`s is read a second time there, by way of its handler.
fn may_be_forgotten(scope: &Scope, process: &Process, key: Key, uid: Uid) -> bool {
    let another = |object: &DaemonSetObject| object.key == key && u32::from(object.uid) != uid.0;
    let arrives = |versioned: &Versioned<DaemonSetObject>| match &versioned.event {
        Event::Put(object) => another(object),
        Event::Deleted(object) => object.key == key,
        Event::Bookmark => false,
    };
    let waits = |told: &Notification<DaemonSetObject>| match told {
        Notification::Added(_) => false,
        Notification::Updated(old, new) => new.key == key && old.uid != new.uid,
        Notification::Deleted(object) => object.key == key,
    };
    scope.faults.daemon_set_watch_break > 0
        || process.daemon_sets.stream.iter().any(arrives)
        || process.daemon_sets.told.iter().any(waits)
}

/// The request as it travels.
fn call(controller: u8, key: Key, sync: &Sync, request: Request) -> Call {
    let small = |number: u32| u8::try_from(number).expect("the model's numbers fit a byte");
    let rolls = matches!(&sync.step, Step::SyncNodes(call) if call.caller == Caller::RollingUpdate);
    let origin = if rolls {
        Origin::RollingUpdate
    } else if matches!(&sync.step, Step::CleanUp(_)) {
        Origin::CleanUp
    } else {
        Origin::Manage
    };
    Call {
        controller,
        awaited: true,
        key,
        uid: small(sync.ds.uid.0),
        template: small(sync.ds.template.0),
        revision: small(sync.ds.revision_name.0),
        origin,
        request,
    }
}

/// What a step does besides requests.
fn apply(
    scope: &Scope,
    process: &mut Process,
    key: Key,
    ds: Option<&crate::controller::record::DaemonSet>,
    effects: &[Effect],
) {
    let work = &mut process.work[usize::from(key)];
    for effect in effects {
        match effect {
            Effect::ArmBackoff(node) => {
                let ds = ds.expect("only a sync with a DaemonSet arms a back-off");
                let small = |number: i64| u8::try_from(number).expect("the model's numbers fit a byte");
                let backoff = Backoff {
                    uid: small(i64::from(ds.uid.0)),
                    observed_generation: small(ds.status.observed_generation),
                    node: small(i64::from(node.0)),
                };
                if !work.backoff.contains(&backoff) {
                    work.backoff.push(backoff);
                    work.backoff.sort_unstable();
                }
            }
            Effect::TemplateNormalised => {
                // The sync's copy and the cache are one object.
                let Some(sync) = &mut work.sync else { continue };
                let template = &scope.templates[sync.ds.template.0 as usize];
                let Some(normalised) = template.normalised else { continue };
                sync.ds.template = TemplateId(u32::from(normalised));
                for cached in process.daemon_sets.store.0.iter_mut().filter(|cached| cached.key == key) {
                    cached.template = normalised;
                }
            }
            Effect::RequeueAfterBackoff(_) => work.backoff_timer = true,
            Effect::RequeueAfterMinReady => work.ready_timer = work.ready_timer.armed(ReadyTimer::Now),
            Effect::Suspended(node) => work.suspended.push(u8::try_from(node.0).expect("few nodes")),
            Effect::FailedDaemonPod | Effect::SucceededDaemonPod | Effect::SelectingAll | Effect::FailedPlacement => {}
        }
    }
}

/// `processNextWorkItem` after the sync: an error brings the key back.
fn finish(process: &mut Process, key: Key, result: Result<(), Failure>) {
    if process.retiring {
        let panics = matches!(result, Err(failure) if failure.stage == Stage::Panic);
        process.work[usize::from(key)].sync = None;
        // It notices that the lease is lost, and exits once the syncs it is in have ended.
        if panics || process.work.iter().all(|work| work.sync.is_none()) {
            *process = Process { retiring: true, ..Process::default() };
        }
        return;
    }
    let work = &mut process.work[usize::from(key)];
    work.sync = None;
    work.queue = work.queue.done();
    match result {
        Ok(()) => {}
        Err(failure) if failure.stage == Stage::Panic => {
            *process = Process { work: SmallVec::new(), ..Process::default() }
        }
        Err(_) => work.queue = Queued::Waiting,
    }
}

/// The sync under way asks whether a node is in back-off when it decides (MAN-6), not when it lists the nodes: what has ended
/// since does not hold it up, and no timer is set that nothing would fire.
pub fn learn_of_backoffs(work: &mut Work) {
    let Some(mut sync) = work.sync.take() else { return };
    let ds = *sync.daemon_set();
    for node in &mut sync.nodes {
        node.in_backoff &= view::is_in_backoff(work, &ds, node.name);
    }
    work.sync = Some(sync);
}

/// Clears what the rest of each sync cannot read any more, so that behaviours that differ only in it meet (reduction R-1).
pub fn clear_dead_locals(process: &mut Process) {
    for sync in process.work.iter_mut().filter_map(|work| work.sync.as_mut()) {
        clear_locals_of(sync);
    }
}

fn clear_locals_of(sync: &mut Sync) {
    let writes_status = matches!(sync.step, Step::WriteStatus(..) | Step::ReadForStatus(..));
    let before_status =
        matches!(sync.step, Step::At(Point::Status) | Step::ClaimPods(_, PodPhase::Status) | Step::CleanUp(_));
    if writes_status || before_status {
        sync.old.clear();
    }
    if writes_status {
        sync.nodes.clear();
        sync.hash = crate::controller::record::Symbol::EMPTY;
    }
    if !is_before_manage(&sync.step) {
        for node in &mut sync.nodes {
            node.in_backoff = false;
        }
    }
}

/// Whether manage, which alone looks at back-offs (MAN-6), is still to come.
fn is_before_manage(step: &Step) -> bool {
    match step {
        Step::At(point) => match point {
            Point::Nodes | Point::History | Point::GateCheck | Point::Dedup | Point::Manage => true,
            Point::RolloutCheck | Point::RollingUpdate | Point::Node | Point::Pod | Point::Cleanup | Point::Status => {
                false
            }
        },
        Step::ClaimRevisions(_)
        | Step::LabelRevisions(_)
        | Step::Dedup(..)
        | Step::Renumber(..)
        | Step::CreateRevision(_)
        | Step::ReadExisting(_)
        | Step::ReadForCollision
        | Step::RaiseCollisionCount(_)
        | Step::ClaimPods(_, PodPhase::Manage) => true,
        Step::ClaimPods(_, PodPhase::RollingUpdate | PodPhase::Cleanup | PodPhase::Status)
        | Step::LookUpNodes(..)
        | Step::LookUpPods(_)
        | Step::SyncNodes(_)
        | Step::CleanUp(_)
        | Step::WriteStatus(..)
        | Step::ReadForStatus(..) => false,
    }
}
