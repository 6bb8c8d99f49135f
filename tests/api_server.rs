//! The API server and users, one write at a time: what is stored, what is answered, what subscribers are told.

use everynode::cluster::api_server::{Answer, Binds, Call, Events, Origin, Sorts, Store};
use everynode::cluster::object::{PodObject, PodPhase, RevisionObject};
use everynode::cluster::user::{self, Found, choose_revision};
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
