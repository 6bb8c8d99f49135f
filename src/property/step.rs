//! Claims about every step. None: the premise is not met by this step.

use std::collections::BTreeSet;

use crate::cluster::api_server::{Answer, Call, Origin};
use crate::cluster::object::{Deleting, PodObject};
use crate::cluster::user::{Found, choose_revision};
use crate::controller::budget;
use crate::controller::record::{NodeName, Pod, PodName, Symbol};
use crate::controller::request::{Reason, Request};
use crate::controller::rolling_update::updated_desired_node_counts;
use crate::controller::sync::{Step, Sync};
use crate::controller::sync_nodes::{Caller, SyncNodes};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::process::rules;
use crate::model::state::{Cluster, Undo};
use crate::model::view::{Records, placement};
use crate::scope::Command;

/// The call that the step carries out, if it carries one out.
fn executed<'a>(before: &'a Cluster, action: &Action) -> Option<&'a Call> {
    let (controller, key, request, orphaned) =
        if let Action::Handle { controller, key, request, orphaned, .. } = *action {
            (controller, key, request, orphaned)
        } else if let Action::LoseReply { controller, key, request, .. } = *action {
            (controller, key, request, None)
        } else {
            return None;
        };
    let is_it = |call: &&Call| {
        call.controller == controller && call.key == key && call.request == request && call.orphaned() == orphaned
    };
    before.calls.iter().find(is_it)
}

/// The number given is greater than all given before to revisions of that uid.
pub fn revision_increases(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let call = executed(before, action)?;
    let highest = before.store.highest.iter().find(|(uid, _)| *uid == call.uid).map(|(_, highest)| *highest)?;
    let (Request::CreateRevision(_) | Request::RenumberRevision(..)) = call.request else { return None };
    let given = after.store.revisions.iter().find(|revision| {
        revision.owner == Some(call.uid)
            && before.store.revisions.get(revision.name).is_none_or(|old| old.number != revision.number)
    })?;
    Some(given.number > highest)
}

/// Every owned revision that bears number n when an undo to n patches holds the template put in.
pub fn undo_restores(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let Action::User { user } = action else { return None };
    let script = usize::from(*user);
    let progress = before.users[script];
    let Undo::Chosen(_) = progress.undo else { return None };
    let Command::Undo(key, Some(number)) = model.scope.users[script][usize::from(progress.done)] else { return None };
    let restored = after.daemon_set(key)?;
    let mut named =
        before.store.revisions.iter().filter(|one| one.owner == Some(restored.uid) && one.number == number).peekable();
    named.peek()?;
    Some(named.all(|revision| model.scope.as_written(revision.template) == restored.template))
}

/// A clean-up deletes no revision whose hash a pod of the same owner carries.
pub fn history_kept(before: &Cluster, action: &Action) -> Option<bool> {
    let call = executed(before, action)?;
    let Request::DeleteRevision(name) = call.request else { return None };
    if call.origin != Origin::CleanUp {
        return None;
    }
    let revision = before.store.revisions.iter().find(|revision| u32::from(revision.name) == name.0)?;
    let live = |pod: &PodObject| pod.owner == Some(call.uid) && pod.hash == revision.label;
    Some(!before.store.pods.iter().any(live))
}

/// The sync that waits for `call`.
fn sync_of<'a>(cluster: &'a Cluster, call: &Call) -> Option<&'a Sync> {
    let process = cluster.controllers.get(usize::from(call.controller))?;
    process.work.get(usize::from(call.key))?.sync.as_deref().filter(|_| call.awaited)
}

/// The pod that `call` deletes; none if it was refused, or the pod terminated before.
fn deleted<'a>(before: &'a Cluster, call: &Call, after: &Cluster) -> Option<&'a PodObject> {
    let Request::DeletePod(PodName(name), _) = call.request else { return None };
    let pod = before.store.pods.iter().find(|pod| u32::from(pod.name) == name && !pod.deleting)?;
    after.store.pods.get(pod.name).is_none_or(|left| left.deleting).then_some(pod)
}

/// After a deletion of an available pod by the rolling update at most maxUnavailable nodes are down: nodes that should run
/// the pod and have no available one that stays.
pub fn budget(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let min_ready = |strategy: u8| model.scope.strategies[usize::from(strategy)].min_ready_seconds;
    within_budget(model, before, action, after, |pod, strategy| {
        pod.ready && !pod.deleting && (pod.matured || min_ready(strategy) == 0)
    })
}

/// As [`budget`], counted in pods that are ready, however short a time.
pub fn ready_budget(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    within_budget(model, before, action, after, |pod, _| pod.ready && !pod.deleting)
}

/// As [`budget`], counted in pods that have not ended, ready or not (DS-B15).
pub fn pod_budget(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    within_budget(model, before, action, after, |pod, _| pod.is_non_terminal() && !pod.deleting)
}

/// After a deletion by the rolling update of a pod that `serves` at most maxUnavailable of the nodes that should run the
/// pod have none that does. `serves` is told the strategy too.
fn within_budget(
    model: &DaemonSetModel,
    before: &Cluster,
    action: &Action,
    after: &Cluster,
    serves: impl Fn(&PodObject, u8) -> bool,
) -> Option<bool> {
    let call = executed(before, action).filter(|call| call.origin == Origin::RollingUpdate)?;
    let object = before.daemon_set(call.key).filter(|object| object.uid == call.uid)?;
    let strategy = &model.scope.strategies[usize::from(object.strategy)];
    let serving = |pod: &PodObject| pod.owner == Some(call.uid) && serves(pod, object.strategy);
    deleted(before, call, after).filter(|pod| serving(pod))?;
    let wanted: Vec<u8> = after
        .store
        .nodes
        .iter()
        .filter(|node| model.scope.placement[usize::from(object.template)][usize::from(node.variant)].should_run)
        .map(|node| node.name)
        .collect();
    let desired = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let limits = strategy.strategy.limits(model.scope.switches.surge);
    let counts = budget::updated_desired_node_counts(limits, desired).ok()?;
    if counts.max_surge != 0 {
        return None; // maxUnavailable does not limit a surge rollout (ROLL-32)
    }
    let is_down = |node: &&u8| !after.store.pods.iter().any(|pod| pod.target == **node && serving(pod));
    let down = wanted.iter().filter(is_down).count();
    Some(i64::try_from(down).unwrap_or(i64::MAX) <= counts.max_unavailable)
}

/// The budget by the sync's own view (PROP-4): at the moment of decision the nodes that are down, or that the deletion of
/// available pods takes down, are at most maxUnavailable, or as many as are down already. Down is a node that should run
/// the pod, or has one, and none that is available and stays. A rolling update that had to adopt or release pods first goes
/// by a list that is past, and says nothing here.
pub fn view_budget(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let Action::Proceed { controller, key, .. } = action else { return None };
    let process = before.controllers.get(usize::from(*controller))?;
    let sync = after.controllers.get(usize::from(*controller))?.work.get(usize::from(*key))?.sync.as_deref()?;
    let Step::SyncNodes(SyncNodes { caller: Caller::RollingUpdate, in_flight, .. }) = &sync.step else { return None };
    let limits = updated_desired_node_counts(&rules(&model.scope), &sync.ds, &sync.nodes).ok()?;
    if limits.max_surge != 0 {
        return None; // maxUnavailable does not limit a surge rollout (ROLL-32)
    }
    let records = Records::of(&model.scope, process, *key, Some(&sync.ds));
    let pods = records.view().pods;
    let ours = || pods.iter().filter(|pod| pod.controller == Some(sync.ds.uid) && pod.matches && !pod.deleting);
    let goes =
        |pod: &Pod| in_flight.iter().any(|request| matches!(request, Request::DeletePod(name, _) if *name == pod.name));
    ours().find(|pod| pod.available && goes(pod))?;
    let wanted = sync.nodes.iter().filter(|node| node.placement.should_run).map(|node| node.name);
    let nodes: BTreeSet<NodeName> = wanted.chain(ours().filter_map(|pod| pod.target)).collect();
    let down = |stays: &dyn Fn(&Pod) -> bool| {
        let served = |node: &NodeName| ours().any(|pod| pod.target == Some(*node) && pod.available && stays(pod));
        i64::try_from(nodes.iter().filter(|node| !served(node)).count()).unwrap_or(i64::MAX)
    };
    Some(down(&|pod| !goes(pod)) <= limits.max_unavailable.max(down(&|_| true)))
}

/// The rolling update deletes no pod from a node that its sync would put none on.
pub fn rollout_replaces(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let call = executed(before, action).filter(|call| call.origin == Origin::RollingUpdate)?;
    let (pod, sync) = (deleted(before, call, after)?, sync_of(before, call)?);
    Some(sync.nodes.iter().any(|node| node.name.0 == u32::from(pod.target) && node.placement.should_run))
}

/// The rolling update of a sync does not fail because a node is gone that still has a pod (ROLL-29). What it returns is
/// kept until the status is written (SYNC-14).
pub fn rollout_proceeds(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let Action::Proceed { controller, key, .. } = action else { return None };
    before.store.pods.iter().find(|pod| before.store.nodes.get(pod.target).is_none())?;
    let missing = |cluster: &Cluster| {
        let work = cluster.controllers.get(usize::from(*controller))?.work.get(usize::from(*key))?;
        Some(work.sync.as_ref()?.failure?.causes.contains(Reason::NodeMissing))
    };
    Some(missing(before) == Some(true) || missing(after) != Some(true))
}

/// An undo without a number that finds an older revision does not find the template in place already (UNDO-8).
pub fn undo_acts(model: &DaemonSetModel, before: &Cluster, action: &Action) -> Option<bool> {
    let (Action::User { user } | Action::UndoChooses { user, .. }) = action else { return None };
    let script = usize::from(*user);
    let progress = before.users[script];
    let Undo::Read(uid, template) = progress.undo else { return None };
    let Command::Undo(_, None) = model.scope.users[script][usize::from(progress.done)] else { return None };
    let scope = &model.scope;
    let as_written = |template| scope.as_written(template);
    let choices = choose_revision(scope.switches.undo_choice, &before.store, uid, template, None, as_written);
    let found = match (action, choices.as_slice()) {
        (Action::UndoChooses { template: Some(template), .. }, _) => Found::Template(*template),
        (Action::UndoChooses { template: None, .. }, _) => Found::Skipped,
        (_, [only]) => *only,
        (_, _) => return None,
    };
    match found {
        Found::Template(_) => Some(true),
        Found::Skipped => Some(false),
        Found::Error => None,
    }
}

/// The garbage collector deletes no pod that a deletion has kept.
pub fn orphans_survive(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    if let Action::FinishDelete { key } = action {
        let object = before.daemon_set(*key).filter(|object| object.deleting == Deleting::Orphan)?;
        let kept = before.store.pods.iter().any(|pod| pod.owner_key == object.key && pod.owner.is_none());
        return kept.then_some(true);
    }
    let Action::CollectPod { pod } = action else { return None };
    let kept = before.store.kept.contains(pod);
    let deleted = after.store.pods.get(*pod).is_none_or(|object| object.deleting);
    (kept && deleted).then_some(false)
}

/// No write of a revision that the sync adopted is refused for its version: between the version that the cache shows and
/// the stored one only that adoption set the owner.
pub fn no_self_conflict(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let Action::Handle { .. } = action else { return None };
    let call = executed(before, action).filter(|call| call.awaited)?;
    let (Request::LabelRevision(Symbol(name), _) | Request::RenumberRevision(Symbol(name), ..)) = call.request else {
        return None;
    };
    let stored = before.store.revisions.iter().find(|one| u32::from(one.name) == name)?;
    let cache = &before.controllers.get(usize::from(call.controller))?.revisions.store;
    let adopted = stored.owner == Some(call.uid) && cache.get(stored.name)?.owner.is_none();
    let conflict = |(other, answer): &(Call, Answer)| other == call && *answer == Answer::Error(Reason::Conflict);
    adopted.then(|| !after.replies.iter().any(conflict))
}

/// A pod that a sync creates bears the hash of the revision that the sync goes by (DS-B56).
pub fn hash_present(before: &Cluster, action: &Action) -> Option<bool> {
    let Request::CreatePod(_, hash, _) = executed(before, action)?.request else { return None };
    Some(hash != Symbol::EMPTY)
}

/// After the error of a create no more creates are sent (EXEC-4).
pub fn slow_start(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let Action::Reply { controller, key, request: request @ Request::CreatePod(..), .. } = action else { return None };
    let answered = |(call, answer): &&(Call, Answer)| {
        call.controller == *controller
            && call.key == *key
            && call.request == *request
            && matches!(answer, Answer::Error(_))
    };
    before.replies.iter().find(answered)?;
    let more = |call: &Call| {
        call.controller == *controller && matches!(call.request, Request::CreatePod(..)) && !before.calls.contains(call)
    };
    Some(!after.calls.iter().any(more))
}

/// A pod that a sync deletes is owned by the sync's `DaemonSet` when the deletion commits.
pub fn owner_only(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let call = executed(before, action)?;
    deleted(before, call, after).map(|pod| pod.owner == Some(call.uid))
}

/// A create is only sent for a node that the sync's own view calls eligible: the node list of its start, or, for the surge
/// pods of the rolling update, the store where it looks the node up again (ROLL-29). The later batches of such pods go by a
/// look-up that is past, and say nothing here.
pub fn eligible_only(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let (Action::Begin { controller, key, .. }
    | Action::Proceed { controller, key, .. }
    | Action::Reply { controller, key, .. }) = action
    else {
        return None;
    };
    let index = usize::from(*controller);
    let sync = after.controllers.get(index)?.work.get(usize::from(*key))?.sync.as_ref()?;
    let listed = |name: NodeName| sync.nodes.iter().any(|node| node.name == name && node.placement.should_run);
    let looked_up = |call: &Call, name: NodeName| {
        let process = &before.controllers[index];
        let node = process.nodes.store.iter().find(|node| u32::from(node.name) == name.0);
        node.is_some_and(|node| placement(&model.scope, process, (call.template, call.uid), node).should_run)
    };
    let mut created = after
        .calls
        .iter()
        .filter(|call| !before.calls.contains(call))
        .filter_map(|call| if let Request::CreatePod(node, ..) = call.request { Some((call, node)) } else { None })
        .filter(|(call, _)| call.origin == Origin::Manage || !matches!(action, Action::Reply { .. }))
        .peekable();
    created.peek()?;
    Some(created.all(|(call, name)| match call.origin {
        Origin::Manage | Origin::CleanUp => listed(name),
        Origin::RollingUpdate => looked_up(call, name),
    }))
}

/// observedGeneration of one uid never decreases.
pub fn observed_never_decreases(before: &Cluster, after: &Cluster) -> Option<bool> {
    let mut changed = after
        .store
        .daemon_sets
        .iter()
        .filter_map(|new| before.daemon_set(new.key).filter(|old| old.uid == new.uid).map(|old| (old, new)))
        .filter(|(old, new)| old.observed_generation != new.observed_generation)
        .peekable();
    changed.peek()?;
    Some(changed.all(|(old, new)| old.observed_generation < new.observed_generation))
}

/// The step of a sync does not end its process. One whose lease is lost runs no more and ends by itself.
pub fn no_panic(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let (Action::Begin { controller, .. } | Action::Proceed { controller, .. } | Action::Reply { controller, .. }) =
        action
    else {
        return None;
    };
    let process = usize::from(*controller);
    before.controllers.get(process).filter(|process| process.running)?;
    Some(after.controllers[process].running)
}
