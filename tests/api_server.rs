//! The API server and users, one write at a time: what is stored, what is answered, what subscribers are told.

use everynode::cluster::api_server::{Answer, Binds, Call, Events, Origin, Sorts, Store};
use everynode::cluster::garbage_collector::{Fate, pod_fate, pod_gc};
use everynode::cluster::kubelet;
use everynode::cluster::moves::Move;
use everynode::cluster::object::{Deleting, NodeObject, Objects, PodObject, PodPhase, RevisionObject};
use everynode::cluster::user::{self, Found, choose_revision};
use everynode::cluster::watch::{Event, Informer, Notification, Versioned};
use everynode::controller::record::{PodName, ResourceVersion, Symbol, Uid};
use everynode::controller::request::{Reason, Request};
use everynode::release::{PodGc, UndoChoice};
use everynode::scope::{Cascade, Command};

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

/// A store with the `DaemonSet` 0, whose uid is 1.
fn created() -> Store {
    let mut store = Store::default();
    user::run(&mut store, Command::Create(0, 0, 0), &|_| 0, &mut Events::new()).expect("there is none yet");
    store
}

/// The generation and the template generation after `command`; none if its user waits.
fn generations(store: &mut Store, command: Command) -> Option<(u8, u8)> {
    user::run(store, command, &|_| 0, &mut Events::new())?;
    store.daemon_sets.get(0).map(|object| (object.generation, object.template_generation))
}

/// OBJ-8, OBJ-9, OBJ-10.
#[test]
fn generations_count_the_changes_of_a_spec() {
    let mut store = created();
    let mut after = |command| generations(&mut store, command);
    assert_eq!(after(Command::Apply(0, 1)), Some((2, 2)));
    assert_eq!(after(Command::Apply(0, 1)), Some((2, 2)), "it is there already");
    assert_eq!(after(Command::SetStrategy(0, 1)), Some((3, 2)), "another strategy is no other template");
    assert_eq!(after(Command::SetStrategy(0, 1)), Some((3, 2)));
    assert_eq!(after(Command::Annotate(0)), Some((3, 2)), "metadata is no spec");
    assert_eq!(after(Command::Delete(0, Cascade::Foreground)), Some((4, 2)));
    assert_eq!(after(Command::Apply(0, 2)), None, "it is being deleted");
    assert_eq!(after(Command::Delete(0, Cascade::Orphan)), None);
    assert_eq!(after(Command::Create(0, 0, 0)), None, "its name is taken");
}

#[test]
fn undo_looks_at_the_revisions_of_its_own_daemon_set() {
    let mut store = Store::default();
    for (name, template, number, owner) in [(1, 0, 1, 1), (5, 1, 2, 1), (9, 2, 3, 1), (13, 3, 4, 2)] {
        let revision = RevisionObject { name, template, number, owner: Some(owner), label: name, ..REVISION };
        store.put_revision(revision, &mut Events::new());
    }
    let found = |rule, uid, to| choose_revision(rule, &store, uid, 2, to, |template| template);
    let by_number = |uid, to| found(UndoChoice::ByNumber, uid, to);
    assert_eq!(by_number(1, None), [Found::Template(1)], "the second highest");
    assert_eq!(by_number(1, Some(4)), [Found::Error], "another's");
    assert_eq!(by_number(2, None), [Found::Error], "there is one only");
    let by_position = |to| found(UndoChoice::ByPosition, 1, Some(to));
    assert_eq!(
        [1, 2, 3].map(by_position),
        [[Found::Template(0)], [Found::Template(1)], [Found::Skipped]].map(Vec::from)
    );
    assert_eq!(by_position(4), [Found::Error]);
}

/// API-1, HIST-15, API-9.
#[test]
fn a_write_under_another_version_than_the_stored_one_is_a_conflict() {
    let mut store = with_pod(PodObject { version: 1, ..POD });
    let stored = store.put_revision(RevisionObject { owner: Some(1), ..REVISION }, &mut Events::new());
    let version = |number: u8| ResourceVersion(u64::from(number));
    let requests = |pod: u8, revision: u8| {
        [
            Request::LabelRevision(Symbol(7), version(revision)),
            Request::RenumberRevision(Symbol(7), version(revision), 5),
            Request::RelabelPod(PodName(2), Symbol(9), Some(version(pod))),
            Request::DeletePod(PodName(2), Some(version(pod))),
        ]
    };
    for request in requests(2, stored.version + 1) {
        let (answer, events) = asked(&mut store, 0, request);
        assert_eq!((answer, events.len()), (Answer::Error(Reason::Conflict), 0), "{request:?}");
    }
    for request in requests(1, stored.version) {
        let (answer, events) = asked(&mut store.clone(), 0, request);
        assert!(!matches!(answer, Answer::Error(_)) && events.len() == 1, "{request:?}: {answer:?}");
    }
}

/// API-11, ADOPT-4.
#[test]
fn a_pod_of_another_owner_is_neither_adopted_nor_released() {
    for owner in [Some(2), Some(1)] {
        let mut store = with_pod(PodObject { owner, ..POD });
        let (adopted, events) = asked(&mut store, 0, Request::AdoptPod(PodName(2), Uid(2)));
        assert_eq!(matches!(adopted, Answer::Error(Reason::Invalid)), owner == Some(2));
        assert!(events.is_empty(), "{owner:?}: nothing changes");
        let (_, events) = asked(&mut store, 0, Request::ReleasePod(PodName(2), Uid(2)));
        assert_eq!(events.len(), usize::from(owner == Some(1)), "{owner:?}");
        assert_eq!(store.pods.get(2).expect("it is stored").owner, owner.filter(|uid| *uid == 2));
    }
}

#[test]
fn a_pod_that_a_deletion_kept_is_so_until_a_living_owner_adopts_it() {
    let kept_after = |prepare: &dyn Fn(&mut Store)| {
        let mut store = created();
        store.put_pod(PodObject { owner: None, ..POD }, &mut Events::new());
        store.kept.push(2);
        prepare(&mut store);
        asked(&mut store, 0, Request::AdoptPod(PodName(2), Uid(2)));
        assert_eq!(store.pods.get(2).expect("it is stored").owner, Some(1));
        !store.kept.is_empty()
    };
    assert!(!kept_after(&|_| {}));
    assert!(kept_after(&|store| store.mark_deleting(0, Deleting::Orphan, &mut Events::new())), "it is being deleted");
    assert!(kept_after(&|store| store.remove_daemon_set(0, &mut Events::new())), "it is gone");
    assert!(kept_after(&|store| store.daemon_sets.0[0].uid = 2), "another bears its name");
}

/// MAN-16: names sort by node and creation, and between two steps they are even.
#[test]
fn a_new_pod_sorts_last_or_just_before_the_youngest_of_its_node() {
    let mut store = with_pod(POD);
    for (name, target) in [(4, 0), (6, 2)] {
        store.put_pod(PodObject { name, target, ..POD }, &mut Events::new());
    }
    let name = |target, sorts| store.name_for(target, sorts, &|_| 0);
    assert_eq!([0, 1, 2].map(|target| name(target, Sorts::Last)), [5, 5, 7]);
    assert_eq!([0, 1, 2].map(|target| name(target, Sorts::BeforeLast)), [3, 5, 5], "node 1 has none yet");
    assert_eq!(store.name_for(0, Sorts::Last, &|_| 8), 9, "a cache still shows a younger one");
}

/// API-6, API-7, GC-1.
#[test]
fn a_pod_is_deleted_once() {
    let events_of = |pod: PodObject| {
        let (mut store, mut events) = (with_pod(pod), Events::new());
        store.delete_pod(2, &mut events).expect("it is there");
        (events.len(), store.pods.get(2).is_some_and(|pod| pod.deleting))
    };
    assert_eq!(events_of(POD), (1, true), "it terminates");
    assert_eq!(events_of(PodObject { deleting: true, ..POD }), (0, true), "it does already");
    assert_eq!(events_of(PodObject { bound: false, ..POD }), (2, false), "nobody runs it: it goes at once");
    assert_eq!(events_of(PodObject { phase: PodPhase::Failed, ..POD }), (2, false), "its containers are gone");
    let orphaned = |deleting: bool| pod_fate(&Store::default(), &PodObject { deleting, ..POD });
    assert_eq!([orphaned(false), orphaned(true)], [Fate::Deleted, Fate::Kept], "its owner is gone");
}

/// GC-6, API-10, API-1.
#[test]
fn a_move_looks_again_before_it_acts() {
    let taken = |one: Move, pod: PodObject, node: bool| {
        let mut store = with_pod(pod);
        if node {
            store.put_node(NodeObject { name: 0, variant: 0 }, &mut Events::new());
        }
        let mut events = Events::new();
        one.carry_out(&mut store, &mut smallvec::SmallVec::new(), PodGc::Deletes, &mut events).then_some(events.len())
    };
    let unbound = PodObject { bound: false, ready: false, ..POD };
    assert_eq!(taken(Move::Bind(2), unbound, true), Some(1));
    assert_eq!(taken(Move::Bind(2), PodObject { deleting: true, ..unbound }, true), None);
    assert_eq!(taken(Move::Bind(2), POD, true), None, "it is bound");
    assert_eq!(taken(Move::PodGc(2), POD, true), None, "its node is there");
    assert_eq!(taken(Move::PodGc(2), POD, false), Some(2), "the update before the removal, and the removal");
    assert_eq!(taken(Move::PodReady(2), PodObject { ready: false, ..POD }, true), Some(1));
    assert_eq!(taken(Move::PodReady(2), PodObject { deleting: true, ready: false, ..POD }, true), None);
    assert_eq!(taken(Move::PodEnded(2), POD, true), None, "it does not terminate");
    assert!(!kubelet::started(&PodObject { ready: false, ..POD }).matured, "it has just become ready");
    let removed = |rule: PodGc, phase: PodPhase| {
        let (mut store, mut events) = (with_pod(PodObject { phase, ..POD }), Events::new());
        let pod = *store.pods.get(2).expect("it is stored");
        pod_gc(&mut store, &pod, rule, &mut events);
        events.len()
    };
    assert_eq!(removed(PodGc::MarksFailed, PodPhase::Active), 3, "marked first");
    assert_eq!(removed(PodGc::MarksFailed, PodPhase::Succeeded), 2, "what has ended is not marked");
    assert_eq!(removed(PodGc::Deletes, PodPhase::Active), 2);
}

/// API-17, API-19.
#[test]
fn a_store_follows_its_stream_and_its_lists() {
    let mut informer: Informer<PodObject> = Informer::default();
    let event = |version: u8, event: Event<PodObject>| Versioned { version, event };
    assert_eq!(informer.apply(event(1, Event::Deleted(POD))), None, "it was never shown");
    assert_eq!(informer.apply(event(2, Event::Put(POD))), Some(Notification::Added(POD)));
    assert_eq!(informer.apply(event(4, Event::Bookmark)), None);
    assert_eq!(informer.synced, 4);
    assert_eq!(informer.apply(event(5, Event::Deleted(POD))), Some(Notification::Deleted(POD)));
    let _told = informer.replace(Informer::listed(&Objects::default(), 9));
    assert_eq!(informer.synced, 9);
    let _told = informer.replace(Informer::listed(&Objects::default(), 3));
    assert_eq!(informer.synced, 3, "a list may go back");
}
