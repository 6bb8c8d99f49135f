//! Claims about every step. None: the premise is not met by this step.

use crate::cluster::api_server::{Call, Origin};
use crate::cluster::object::PodObject;
use crate::controller::budget::updated_desired_node_counts;
use crate::controller::record::PodName;
use crate::controller::request::Request;
use crate::controller::sync::{Step, Sync};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::state::{Cluster, Undo};
use crate::scope::Command;

/// The call that the step carries out, if it carries one out.
fn executed<'a>(before: &'a Cluster, action: &Action) -> Option<&'a Call> {
    let (Action::Handle { controller, key, request, .. } | Action::LoseReply { controller, key, request, .. }) = action
    else {
        return None;
    };
    before.calls.iter().find(|call| call.controller == *controller && call.key == *key && call.request == *request)
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
    Some(named.all(|revision| revision.template == restored.template))
}

/// A clean-up deletes no revision whose hash a pod of the same owner carries.
pub fn history_kept(before: &Cluster, action: &Action) -> Option<bool> {
    let call = executed(before, action)?;
    let Request::DeleteRevision(name) = call.request else { return None };
    let sync = sync_of(before, call)?;
    if !matches!(sync.step, Step::CleanUp(_)) {
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
    let call = executed(before, action).filter(|call| call.origin == Origin::RollingUpdate)?;
    let object = before.daemon_set(call.key).filter(|object| object.uid == call.uid)?;
    let strategy = &model.scope.strategies[usize::from(object.strategy)];
    let available = |pod: &PodObject| {
        pod.owner == Some(call.uid) && pod.ready && !pod.deleting && (pod.matured || strategy.min_ready_seconds == 0)
    };
    deleted(before, call, after).filter(|pod| available(pod))?;
    let wanted: Vec<u8> = after
        .store
        .nodes
        .iter()
        .filter(|node| model.scope.placement[usize::from(object.template)][usize::from(node.variant)].should_run)
        .map(|node| node.name)
        .collect();
    let desired = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let limits = strategy.strategy.limits(model.scope.switches.surge);
    let counts = updated_desired_node_counts(limits, desired).ok()?;
    if counts.max_surge != 0 {
        return None; // maxUnavailable does not limit a surge rollout (ROLL-32)
    }
    let serves = |node: &u8| after.store.pods.iter().any(|pod| pod.target == *node && available(pod));
    let down = wanted.iter().filter(|node| !serves(node)).count();
    Some(i64::try_from(down).unwrap_or(i64::MAX) <= counts.max_unavailable)
}

/// A pod that a sync deletes is owned by the sync's `DaemonSet` when the deletion commits.
pub fn owner_only(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let call = executed(before, action)?;
    deleted(before, call, after).map(|pod| pod.owner == Some(call.uid))
}

/// A create is only sent for a node that the sync's node list calls eligible.
pub fn eligible_only(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let (Action::Begin { controller, key, .. }
    | Action::Proceed { controller, key, .. }
    | Action::Reply { controller, key, .. }) = action
    else {
        return None;
    };
    let sync = after.controllers.get(usize::from(*controller))?.work.get(usize::from(*key))?.sync.as_ref()?;
    let mut created = after
        .calls
        .iter()
        .filter(|call| !before.calls.contains(call))
        .filter_map(|call| if let Request::CreatePod(node, ..) = call.request { Some(node) } else { None })
        .peekable();
    created.peek()?;
    Some(created.all(|name| sync.nodes.iter().any(|node| node.name == name && node.placement.should_run)))
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

/// The step of a sync does not end its process.
pub fn no_panic(before: &Cluster, action: &Action, after: &Cluster) -> Option<bool> {
    let (Action::Begin { controller, .. } | Action::Proceed { controller, .. } | Action::Reply { controller, .. }) =
        action
    else {
        return None;
    };
    let process = usize::from(*controller);
    before.controllers.get(process)?;
    Some(after.controllers[process].running)
}
