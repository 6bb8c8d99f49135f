//! Users: `kubectl` and what else people do to a cluster (section 13).

use super::api_server::{Events, Shown, Sorts, Store};
use super::object::{
    COPIES, DaemonSetObject, Deleting, Key, NO_LABELS, NodeObject, OTHERS, Object, PodObject, PodPhase, RevisionObject,
};
use crate::release::UndoChoice;
use crate::scope::{Cascade, Command};

/// Carries out a command that is one request. None: it cannot be carried out now, and its user waits.
pub fn run(store: &mut Store, command: Command, shown: Shown<'_>, events: &mut Events) -> Option<()> {
    let makes_an_object = matches!(
        command,
        Command::Create(..)
            | Command::CreateOrphan(..)
            | Command::CopyRevision(..)
            | Command::CreateUnlabelledRevision(_)
    );
    if makes_an_object && store.terminating {
        return None; // API-12
    }
    match command {
        Command::Create(key, template, strategy) => create(store, key, template, strategy, events),
        Command::Apply(key, template) => {
            live(store, key)?;
            patch_template(store, key, template, events);
            Some(())
        }
        Command::SetStrategy(key, strategy) => {
            let mut object = live(store, key)?;
            if object.strategy != strategy {
                object.strategy = strategy;
                object.generation += 1;
                store.put_daemon_set(object, events);
            }
            Some(())
        }
        Command::Annotate(key) => {
            let object = live(store, key)?;
            store.put_daemon_set(object, events);
            Some(())
        }
        Command::Undo(..) => unreachable!("an undo is three requests, see `choose_revision`"),
        Command::Delete(key, cascade) => {
            live(store, key)?;
            match cascade {
                Cascade::Background => store.remove_daemon_set(key, events),
                Cascade::Foreground => store.mark_deleting(key, Deleting::Foreground, events),
                Cascade::Orphan => store.mark_deleting(key, Deleting::Orphan, events),
            }
            Some(())
        }
        Command::DeletePod(key, node) => {
            let name = pod_on(store, key, node)?.name;
            store.delete_pod(name, events).ok()
        }
        Command::UnlabelPod(key, node) => {
            let mut pod = pod_on(store, key, node)?;
            pod.labelled = false;
            store.put_pod(pod, events);
            Some(())
        }
        Command::LabelPod(key, node) => {
            let unlabelled = |pod: &&PodObject| {
                pod.owner_key == key && pod.target == node && pod.owner.is_none() && !pod.labelled && !pod.deleting
            };
            let pod = *store.pods.iter().filter(|pod| pod.template != OTHERS).find(unlabelled)?;
            store.put_pod(PodObject { labelled: true, ..pod }, events);
            Some(())
        }
        Command::ReleasePod(key, node) => {
            let mut pod = pod_on(store, key, node)?;
            pod.labelled = false;
            pod.owner = None;
            store.put_pod(pod, events);
            Some(())
        }
        Command::CreateOrphan(key, node, template) => {
            store
                .put_pod(PodObject { owner_key: key, labelled: true, template, ..by_hand(store, node, shown) }, events);
            Some(())
        }
        Command::CopyRevision(key, template) => {
            let original = store.revisions.iter().find(|revision| revision.key == key && revision.template == template);
            let copy = RevisionObject { owner: None, ..*original? };
            add_revision(store, copy, events);
            Some(())
        }
        Command::CreateUnlabelledRevision(key) => {
            let object = live(store, key)?;
            let revision = RevisionObject {
                name: COPIES,
                uid: 0,
                version: 0,
                key,
                owner: None,
                template: object.template,
                number: 1,
                label: NO_LABELS,
                deleting: false,
            };
            add_revision(store, revision, events);
            Some(())
        }
        Command::StripRevision(key, template) => {
            let find = |one: &&RevisionObject| one.key == key && one.template == template && one.name < COPIES;
            let mut revision = *store.revisions.iter().find(find)?;
            revision.label = 0;
            store.put_revision(revision, events);
            Some(())
        }
        Command::SetNode(node, variant) => {
            let object = store.nodes.get(node).copied()?;
            if object.variant != variant {
                store.put_node(NodeObject { variant, ..object }, events);
            }
            Some(())
        }
        Command::Join(node, variant) => {
            if store.nodes.get(node).is_some() {
                return None;
            }
            store.put_node(NodeObject { name: node, variant }, events);
            Some(())
        }
        Command::Leave(node) => {
            store.nodes.get(node)?;
            store.remove_node(node, events);
            Some(())
        }
        Command::SetRoom(node, false) => {
            store.nodes.get(node)?;
            fill(store, node, shown, events);
            Some(())
        }
        Command::SetRoom(node, true) => {
            let others = store.pods.iter().find(|pod| pod.template == OTHERS && pod.target == node)?.name;
            store.end_pod(others, events);
            Some(())
        }
        Command::TerminateNamespace => {
            store.terminating = true;
            Some(())
        }
        Command::AwaitRest => Some(()),
    }
}

/// Others take the room of a node.
pub fn fill(store: &mut Store, node: u8, shown: Shown<'_>, events: &mut Events) {
    if !is_full(store, node) {
        store.put_pod(by_hand(store, node, shown), events);
    }
}

/// Whether others have taken the room of a node.
pub fn is_full(store: &Store, node: u8) -> bool {
    store.pods.iter().any(|pod| pod.template == OTHERS && pod.target == node)
}

/// A pod on a node that nobody owns and no selector matches.
fn by_hand(store: &Store, node: u8, shown: Shown<'_>) -> PodObject {
    PodObject {
        name: store.name_for(node, Sorts::Last, shown),
        owner: None,
        owner_key: 0,
        labelled: false,
        target: node,
        bound: true,
        template: OTHERS,
        hash: 0,
        generation: 0,
        phase: PodPhase::Active,
        ready: false,
        matured: false,
        deleting: false,
        version: 0,
    }
}

/// A `DaemonSet` that is there and not being deleted.
fn live(store: &Store, key: Key) -> Option<DaemonSetObject> {
    store.daemon_sets.get(key).copied().filter(|object| object.deleting == Deleting::No)
}

/// A live pod of the `DaemonSet` on the node.
fn pod_on(store: &Store, key: Key, node: u8) -> Option<PodObject> {
    store
        .pods
        .iter()
        .find(|pod| pod.owner_key == key && pod.target == node && !pod.deleting && pod.owner.is_some())
        .copied()
}

/// OBJ-8, OBJ-10.
fn create(store: &mut Store, key: Key, template: u8, strategy: u8, events: &mut Events) -> Option<()> {
    if store.daemon_sets.get(key).is_some() {
        return None;
    }
    store.uids += 1;
    let object = DaemonSetObject {
        key,
        uid: store.uids,
        version: 0,
        generation: 1,
        template,
        template_generation: 1,
        strategy,
        deleting: Deleting::No,
        collisions: 0,
        observed_generation: 0,
        counters: [0; 6],
    };
    store.put_daemon_set(object, events);
    Some(())
}

/// A patch of the template without version: last writer wins (API-2, UNDO-9). One that changes nothing is no write.
pub fn patch_template(store: &mut Store, key: Key, template: u8, events: &mut Events) {
    if let Some(mut object) = store.daemon_sets.get(key).copied().filter(|object| object.template != template) {
        object.template = template;
        object.generation += 1;
        object.template_generation += 1;
        store.put_daemon_set(object, events);
    }
}

fn add_revision(store: &mut Store, mut revision: RevisionObject, events: &mut Events) {
    let copies = store.revisions.iter().map(Object::name).filter(|name| *name >= COPIES).max();
    revision.name = copies.map_or(COPIES, |name| name + 1);
    store.put_revision(revision, events);
}

/// What `rollout undo` finds when it lists the revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// This template is to be restored.
    Template(u8),
    /// "skipped rollback": the template is the one already there (UNDO-8).
    Skipped,
    /// "no last revision", "unable to find specified revision" (UNDO-3, UNDO-6).
    Error,
}

/// Everything that kubectl may find: it sorts by number, and the order among equal numbers is arbitrary (UNDO-3, UNDO-4,
/// UNDO-6, UNDO-8). Never empty; each thing once, sorted. `as_written` undoes another serialisation (DS-B52).
pub fn choose_revision(
    rule: UndoChoice,
    store: &Store,
    uid: u8,
    current: u8,
    to: Option<u8>,
    as_written: impl Fn(u8) -> u8,
) -> Vec<Found> {
    let mut owned: Vec<&RevisionObject> =
        store.revisions.iter().filter(|revision| revision.owner == Some(uid)).collect();
    owned.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    let number = match to {
        Some(position) if rule == UndoChoice::ByPosition => {
            let place = owned.len().checked_sub(usize::from(position).max(1));
            place.and_then(|place| owned.get(place)).map(|revision| revision.number)
        }
        Some(number) => Some(number),
        None => owned.get(1).map(|revision| revision.number),
    };
    let found = |revision: &RevisionObject| {
        let template = as_written(revision.template);
        if template == current { Found::Skipped } else { Found::Template(template) }
    };
    let tied = owned.iter().filter(|revision| Some(revision.number) == number);
    let mut choices: Vec<Found> = tied.map(|revision| found(revision)).collect();
    if choices.is_empty() {
        choices.push(Found::Error);
    }
    choices.sort_unstable();
    choices.dedup();
    choices
}
