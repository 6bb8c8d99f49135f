//! The API server and users, one write at a time: what is stored, what is answered, what subscribers are told.

use everynode::cluster::api_server::{Answer, Binds, Call, Events, Origin, Sorts, Store};
use everynode::cluster::object::{Objects, PodObject, PodPhase, RevisionObject};
use everynode::cluster::user::{self, Found, choose_revision};
use everynode::cluster::watch::{Event, Informer, Notification, Versioned};
use everynode::controller::record::{PodName, Symbol, Uid};
use everynode::controller::request::{Reason, Request};
use everynode::release::UndoChoice;
use everynode::scope::Command;

/// A pod of the `DaemonSet` with uid 1 on node 0.
const POD: PodObject = PodObject {
    name: 2,
    owner: Some(1),
    owner_key: 0,
    labelled: true,
    target: 0,
    bound: true,
    template: 0,
    hash: 7,
    generation: 1,
    phase: PodPhase::Active,
    ready: true,
    matured: false,
    deleting: false,
    version: 0,
};

const REVISION: RevisionObject = RevisionObject {
    name: 7,
    uid: 0,
    version: 0,
    key: 0,
    owner: None,
    template: 0,
    number: 1,
    label: 7,
    deleting: false,
};

fn with_pod(pod: PodObject) -> Store {
    let mut store = Store::default();
    store.put_pod(pod, &mut Events::new());
    store
}

/// A request of the `DaemonSet` called `key` with uid 1.
fn asked(store: &mut Store, key: u8, request: Request) -> (Answer, Events) {
    let call =
        Call { controller: 0, awaited: true, key, uid: 1, template: 0, revision: 7, origin: Origin::Manage, request };
    let mut events = Events::new();
    let answer = store.handle(&call, Binds::Later, Sorts::Last, &|_| 0, &mut events);
    (answer, events)
}

#[test]
fn a_relabelling_that_changes_nothing_is_no_write() {
    let mut store = with_pod(POD);
    let (answer, events) = asked(&mut store, 0, Request::RelabelPod(PodName(2), Symbol(7), None));
    assert!(matches!(answer, Answer::Pod { .. }) && events.is_empty(), "{answer:?} {events:?}");
    let (_, events) = asked(&mut store, 0, Request::RelabelPod(PodName(2), Symbol(9), None));
    assert_eq!(events.len(), 1, "another hash is a write");
}

#[test]
fn an_adopted_pod_bears_the_name_of_its_new_owner() {
    let mut store = with_pod(PodObject { owner: None, ..POD });
    let (_, events) = asked(&mut store, 1, Request::AdoptPod(PodName(2), Uid(2)));
    let adopted = store.pods.get(2).expect("it is stored");
    assert_eq!((adopted.owner, adopted.owner_key, events.len()), (Some(1), 1, 1));
}

#[test]
fn a_revision_is_adopted_only_under_the_uid_that_was_seen() {
    let mut store = Store::default();
    let stored = store.put_revision(REVISION, &mut Events::new());
    let other = u32::from(stored.uid) + 1;
    let (answer, events) = asked(&mut store, 0, Request::AdoptRevision(Symbol(7), Uid(other)));
    assert!(answer == Answer::Error(Reason::Invalid) && events.is_empty(), "{answer:?}");
    let (answer, _) = asked(&mut store, 0, Request::AdoptRevision(Symbol(7), Uid(u32::from(stored.uid))));
    assert!(matches!(answer, Answer::Revision(adopted) if adopted.owner == Some(1)), "{answer:?}");
}

#[test]
fn labels_are_put_back_on_a_pod_that_stays_and_that_nobody_owns() {
    let bare = PodObject { owner: None, labelled: false, ..POD };
    let label = |pod: PodObject| {
        let mut store = with_pod(pod);
        user::run(&mut store, Command::LabelPod(0, 0), &|_| 0, &mut Events::new());
        store.pods.get(2).is_some_and(|pod| pod.labelled)
    };
    assert!(label(bare));
    assert!(!label(PodObject { deleting: true, ..bare }), "it terminates");
    assert!(!label(PodObject { owner: Some(1), ..bare }), "it is owned");
}

#[test]
fn undo_may_find_any_of_the_revisions_of_one_number() {
    let mut store = Store::default();
    for (name, template, number) in [(1, 0, 1), (5, 1, 2), (9, 2, 2)] {
        let revision = RevisionObject { name, template, number, owner: Some(1), label: name, ..REVISION };
        store.put_revision(revision, &mut Events::new());
    }
    let found = |current, to| choose_revision(UndoChoice::ByNumber, &store, 1, current, to, |template| template);
    assert_eq!(found(2, None), [Found::Template(1), Found::Skipped], "either of number 2 may come second");
    assert_eq!(found(2, Some(1)), [Found::Template(0)]);
    assert_eq!(found(0, Some(2)), [Found::Template(1), Found::Template(2)]);
    assert_eq!(found(0, Some(3)), [Found::Error]);
}

#[test]
fn a_revision_of_another_owner_is_not_adopted() {
    let mut store = Store::default();
    let mut events = Events::new();
    let theirs = store.put_revision(RevisionObject { owner: Some(2), ..REVISION }, &mut events);
    let (answer, events) = asked(&mut store, 0, Request::AdoptRevision(Symbol(7), Uid(u32::from(theirs.uid))));
    assert_eq!((answer, events.len()), (Answer::Error(Reason::Invalid), 0), "one controller at most");
    assert_eq!(store.revisions.get(7).and_then(|revision| revision.owner), Some(2));
}

#[test]
fn the_highest_number_ever_given_is_remembered_per_owner() {
    let mut store = Store::default();
    let mut events = Events::new();
    let mut give = |name: u8, number: u8, owner: u8| {
        store.put_revision(RevisionObject { name, number, owner: Some(owner), ..REVISION }, &mut events);
        store.highest.to_vec()
    };
    assert_eq!(give(7, 3, 1), [(1, 3)]);
    assert_eq!(give(8, 1, 1), [(1, 3)], "a write of an older one");
    assert_eq!(give(9, 1, 2), [(1, 3), (2, 1)]);
    assert_eq!(give(8, 4, 1), [(1, 4), (2, 1)]);
}

/// What a handler is told when its watch breaks behind `missed` and lists again.
fn told_after(missed: &[Event<PodObject>], listed: &[PodObject]) -> Vec<Notification<PodObject>> {
    let objects = |pods: &[PodObject]| {
        let mut objects = Objects::default();
        for pod in pods {
            objects.put(*pod);
        }
        objects
    };
    let mut informer = Informer::listed(&objects(&[POD]), 1);
    for (version, event) in (2..).zip(missed) {
        informer.stream.push(Versioned { version, event: *event });
    }
    let version = 1 + u8::try_from(missed.len()).expect("few");
    informer.replace(Informer::listed(&objects(listed), version)).to_vec()
}

/// API-17, API-18: what was written in between is an update although it looks as it did, for its version has changed.
#[test]
fn a_list_after_a_gap_tells_of_what_was_written_in_it() {
    let unready = PodObject { ready: false, ..POD };
    let other = PodObject { name: 4, ..POD };
    assert_eq!(told_after(&[], &[POD]), [], "nothing happened");
    assert_eq!(told_after(&[Event::Put(unready), Event::Put(POD)], &[POD]), [Notification::Updated(POD, POD)]);
    assert_eq!(told_after(&[Event::Put(other)], &[POD, other]), [Notification::Added(other)]);
    assert_eq!(told_after(&[Event::Deleted(unready)], &[]), [Notification::Deleted(POD)], "the last known state");
    assert_eq!(
        told_after(&[Event::Deleted(POD), Event::Put(other)], &[other]),
        [Notification::Added(other), Notification::Deleted(POD)],
        "deletions last"
    );
}
