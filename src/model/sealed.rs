//! How a [`Cluster`] is sealed into few bytes, and opened again.
//!
//! Store, caches and events mostly show the same objects. Each distinct object is written once, where it is met first;
//! from then on it is a number. Nearly every number in a state is below 15, so a byte is written as one nibble, or as 15
//! and two.

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use super::nibbles::{pack, unpack};
use super::state::{Cluster, Laggard, Process};
use crate::cluster::api_server::{Answer, Store};
use crate::cluster::object::{DaemonSetObject, List, NodeObject, Object, Objects, PodObject, RevisionObject};
use crate::cluster::watch::{Event, Informer, Notification, Versioned};
use crate::scope::Faults;

/// The bytes of a sealed state.
pub(super) type Bytes = SmallVec<[u8; 240]>;

/// The bytes of `cluster`.
pub(super) fn seal(cluster: &Cluster) -> Bytes {
    let Cluster { store, machines, controllers, laggard, calls, replies, scheduler, users, budgets } = cluster;
    let mut out = Sealer { bytes: Plain(Vec::with_capacity(512)), met: Met::default() };
    out.store(store);
    out.plain(machines);
    out.count(controllers.len());
    for process in controllers {
        out.process(process);
    }
    out.count(usize::from(laggard.is_some()));
    if let Some(laggard) = laggard {
        let Laggard { daemon_sets, revisions, pods, nodes } = laggard.as_ref();
        out.optional(daemon_sets.as_ref());
        out.optional(revisions.as_ref());
        out.optional(pods.as_ref());
        out.optional(nodes.as_ref());
    }
    out.plain(calls);
    out.count(replies.len());
    for (call, answer) in replies {
        out.plain(call);
        out.answer(answer);
    }
    out.plain(scheduler);
    out.plain(users);
    let left = budgets.to_array().into_iter().enumerate().filter(|(_, budget)| *budget > 0);
    out.count(left.clone().count());
    for (place, budget) in left {
        out.count(place);
        out.plain(&budget);
    }
    pack(&out.bytes.0)
}

/// The cluster whose bytes these are; none if they are those of none.
pub(super) fn open(bytes: &[u8]) -> Option<Cluster> {
    let unpacked = unpack(bytes);
    let mut input = Opener { rest: &unpacked, met: Met::default() };
    let store = input.store()?;
    let machines = input.plain()?;
    let controllers = (0..input.count()?).map(|_| input.process()).collect::<Option<_>>()?;
    let laggard = match input.count()? {
        0 => None,
        _ => Some(Box::new(Laggard {
            daemon_sets: input.optional()?,
            revisions: input.optional()?,
            pods: input.optional()?,
            nodes: input.optional()?,
        })),
    };
    let calls = input.plain()?;
    let replies = (0..input.count()?).map(|_| Some((input.plain()?, input.answer()?))).collect::<Option<_>>()?;
    let scheduler = input.plain()?;
    let users = input.plain()?;
    let mut budgets = Faults::default().to_array();
    for _ in 0..input.count()? {
        let budget = budgets.get_mut(input.count()?)?;
        *budget = input.plain()?;
    }
    let budgets = Faults::from_array(budgets);
    Some(Cluster { store, machines, controllers, laggard, calls, replies, scheduler, users, budgets })
}

/// The distinct objects met so far, by type.
#[derive(Default)]
struct Met {
    daemon_sets: List<DaemonSetObject>,
    revisions: List<RevisionObject>,
    pods: SmallVec<[PodObject; 8]>,
    nodes: List<NodeObject>,
}

/// An object that is written once.
trait Shared: Object + Serialize + DeserializeOwned {
    /// Those met so far.
    fn met(met: &Met) -> &[Self];
    /// Meets one more.
    fn meet(self, met: &mut Met);
}

macro_rules! shared {
    ($($object:ty: $field:ident),*) => {$(
        impl Shared for $object {
            fn met(met: &Met) -> &[Self] {
                &met.$field
            }
            fn meet(self, met: &mut Met) {
                met.$field.push(self);
            }
        }
    )*};
}

shared!(DaemonSetObject: daemon_sets, RevisionObject: revisions, PodObject: pods, NodeObject: nodes);

/// What comes with an object, in the number that stands for it: up to this many kinds.
const KINDS: usize = 3;

/// The bytes of a cluster before they are packed.
struct Plain(Vec<u8>);

impl postcard::ser_flavors::Flavor for &mut Plain {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        for byte in bytes {
            self.0.push(*byte); // nearly always one; a copy of many costs more
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

struct Sealer {
    bytes: Plain,
    met: Met,
}

impl Sealer {
    fn plain<T: Serialize>(&mut self, value: &T) {
        postcard::serialize_with_flavor(value, &mut self.bytes).expect("every field of a state serialises");
    }

    fn count(&mut self, count: usize) {
        self.plain(&u32::try_from(count).expect("a state is small"));
    }

    /// An object, and which of `kinds` kinds of thing it comes in.
    fn object<T: Shared>(&mut self, object: &T, kind: usize, kinds: usize) {
        let place = T::met(&self.met).iter().position(|other| other == object);
        self.count(place.map_or(0, |place| place + 1) * kinds + kind);
        if place.is_none() {
            self.plain(object);
            object.meet(&mut self.met);
        }
    }

    fn objects<T: Shared>(&mut self, objects: &Objects<T>) {
        self.count(objects.0.len());
        for object in objects {
            self.object(object, 0, 1);
        }
    }

    fn store(&mut self, store: &Store) {
        let Store { daemon_sets, revisions, pods, nodes, versions, uids, terminating, highest, kept } = store;
        self.objects(daemon_sets);
        self.objects(revisions);
        self.objects(pods);
        self.objects(nodes);
        self.plain(versions);
        self.plain(uids);
        self.plain(terminating);
        self.plain(highest);
        self.plain(kept);
    }

    fn process(&mut self, process: &Process) {
        let Process { running, retiring, upgraded, daemon_sets, revisions, pods, nodes, node_queue, work } = process;
        self.plain(running);
        self.plain(retiring);
        self.plain(upgraded);
        self.informer(daemon_sets);
        self.informer(revisions);
        self.informer(pods);
        self.informer(nodes);
        self.plain(node_queue);
        self.plain(work);
    }

    fn optional<T: Shared>(&mut self, informer: Option<&Informer<T>>) {
        self.count(usize::from(informer.is_some()));
        if let Some(informer) = informer {
            self.informer(informer);
        }
    }

    fn informer<T: Shared>(&mut self, informer: &Informer<T>) {
        let Informer { store, synced, stream, told } = informer;
        self.objects(store);
        self.plain(synced);
        self.count(stream.len());
        for Versioned { version, event } in stream {
            self.plain(version);
            match event {
                Event::Put(object) => self.object(object, 0, KINDS),
                Event::Deleted(object) => self.object(object, 1, KINDS),
                Event::Bookmark => self.count(2),
            }
        }
        self.count(told.len());
        for notification in told {
            match notification {
                Notification::Added(object) => self.object(object, 0, KINDS),
                Notification::Deleted(object) => self.object(object, 1, KINDS),
                Notification::Updated(old, new) => {
                    self.object(old, 2, KINDS);
                    self.object(new, 0, 1);
                }
            }
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Done => self.count(0),
            Answer::DaemonSet(object) => {
                self.count(1);
                self.object(object, 0, 1);
            }
            Answer::Revision(object) => {
                self.count(2);
                self.object(object, 0, 1);
            }
            Answer::Pod { version, owner } => {
                self.count(3);
                self.plain(version);
                self.plain(owner);
            }
            Answer::Error(reason) => {
                self.count(4);
                self.plain(reason);
            }
        }
    }
}

struct Opener<'a> {
    rest: &'a [u8],
    met: Met,
}

impl Opener<'_> {
    fn plain<T: DeserializeOwned>(&mut self) -> Option<T> {
        let (value, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(value)
    }

    fn count(&mut self) -> Option<usize> {
        self.plain::<u32>().and_then(|count| usize::try_from(count).ok())
    }

    /// An object, and which of `kinds` kinds of thing it comes in; no object where its number has none.
    fn object<T: Shared>(&mut self, number: usize, kinds: usize) -> Option<T> {
        match number / kinds {
            0 => {
                let object: T = self.plain()?;
                object.meet(&mut self.met);
                Some(object)
            }
            place => T::met(&self.met).get(place - 1).copied(),
        }
    }

    fn next_object<T: Shared>(&mut self) -> Option<T> {
        let number = self.count()?;
        self.object(number, 1)
    }

    fn objects<T: Shared>(&mut self) -> Option<Objects<T>> {
        (0..self.count()?).map(|_| self.next_object()).collect::<Option<_>>().map(Objects)
    }

    fn store(&mut self) -> Option<Store> {
        Some(Store {
            daemon_sets: self.objects()?,
            revisions: self.objects()?,
            pods: self.objects()?,
            nodes: self.objects()?,
            versions: self.plain()?,
            uids: self.plain()?,
            terminating: self.plain()?,
            highest: self.plain()?,
            kept: self.plain()?,
        })
    }

    fn process(&mut self) -> Option<Process> {
        Some(Process {
            running: self.plain()?,
            retiring: self.plain()?,
            upgraded: self.plain()?,
            daemon_sets: self.informer()?,
            revisions: self.informer()?,
            pods: self.informer()?,
            nodes: self.informer()?,
            node_queue: self.plain()?,
            work: self.plain()?,
        })
    }

    /// None: the bytes are of no state; `Some(None)`: there is no such informer.
    #[expect(clippy::option_option, reason = "the outer one is that of every method here")]
    fn optional<T: Shared>(&mut self) -> Option<Option<Informer<T>>> {
        match self.count()? {
            0 => Some(None),
            _ => self.informer().map(Some),
        }
    }

    fn informer<T: Shared>(&mut self) -> Option<Informer<T>> {
        Some(Informer {
            store: self.objects()?,
            synced: self.plain()?,
            stream: (0..self.count()?).map(|_| self.event()).collect::<Option<_>>()?,
            told: (0..self.count()?).map(|_| self.notification()).collect::<Option<_>>()?,
        })
    }

    fn event<T: Shared>(&mut self) -> Option<Versioned<T>> {
        let version = self.plain()?;
        let number = self.count()?;
        let event = match number % KINDS {
            0 => Event::Put(self.object(number, KINDS)?),
            1 => Event::Deleted(self.object(number, KINDS)?),
            _ => Event::Bookmark,
        };
        Some(Versioned { version, event })
    }

    fn notification<T: Shared>(&mut self) -> Option<Notification<T>> {
        let number = self.count()?;
        let object = self.object(number, KINDS)?;
        Some(match number % KINDS {
            0 => Notification::Added(object),
            1 => Notification::Deleted(object),
            _ => Notification::Updated(object, self.next_object()?),
        })
    }

    fn answer(&mut self) -> Option<Answer> {
        Some(match self.count()? {
            0 => Answer::Done,
            1 => Answer::DaemonSet(self.next_object()?),
            2 => Answer::Revision(self.next_object()?),
            3 => Answer::Pod { version: self.plain()?, owner: self.plain()? },
            _ => Answer::Error(self.plain()?),
        })
    }
}
