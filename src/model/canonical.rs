//! Names and versions by rank: behaviours that differ only in how often something was made meet in one state.
//!
//! Upstream only compares versions, and compares pod names only with those of the same node, so renumbering is exact
//! (`ARCHITECTURE.md`, versions by rank). Between two steps pod names are the even numbers from 2, in the order of
//! (target node, creation), and the versions of a type are 1, 2, 3, ...

use super::state::{Cluster, Process, ReadyTimer};
use crate::cluster::api_server::{Answer, Call, Store};
use crate::cluster::object::{DaemonSetObject, PodObject, RevisionObject};
use crate::cluster::watch::{Event, Informer, Notification};
use crate::controller::record::{PodName, ResourceVersion, Uid};
use crate::controller::visit::{Visit, Visitor};

/// The identifiers of a state that are given by rank.
trait Ranked {
    fn pod(&mut self, name: &mut u8);
    fn version(&mut self, kind: usize, version: &mut u8);
}

/// A set of bytes.
#[derive(Clone, Copy, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Those in it, ascending.
    fn iter(self) -> impl Iterator<Item = u8> {
        [0, 64, 128, 192].into_iter().zip(self.0).flat_map(|(first, mut word)| {
            std::iter::from_fn(move || {
                let least = u8::try_from(word.trailing_zeros()).ok().filter(|_| word != 0)?;
                word &= word - 1;
                Some(first + least)
            })
        })
    }
}

/// Which identifiers occur.
#[derive(Default)]
struct Seen {
    pods: Bytes,
    versions: [Bytes; 4],
}

impl Ranked for Seen {
    fn pod(&mut self, name: &mut u8) {
        self.pods.insert(*name);
    }
    fn version(&mut self, kind: usize, version: &mut u8) {
        self.versions[kind].insert(*version);
    }
}

/// What each pod name and each version becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    /// By name.
    pub pods: [u8; 256],
    /// By type (`DaemonSet`s, revisions, pods, nodes) and version; revisions' uids are among their versions.
    pub versions: [[u8; 256]; 4],
}

impl Renaming {
    /// Renames everything in `cluster`.
    pub fn apply(&self, cluster: &mut Cluster) {
        everywhere(cluster, &mut &*self);
        sort(cluster);
    }
}

/// Sorts what is on its way; a store is sorted by name, and renaming keeps the order of the names it holds.
fn sort(cluster: &mut Cluster) {
    cluster.calls.sort_unstable();
    cluster.replies.sort_unstable();
}

impl Ranked for &Renaming {
    fn pod(&mut self, name: &mut u8) {
        *name = self.pods[usize::from(*name)];
    }
    fn version(&mut self, kind: usize, version: &mut u8) {
        *version = self.versions[kind][usize::from(*version)];
    }
}

/// Shows the identifiers inside a sync to a [`Ranked`].
struct Inside<'a, R>(&'a mut R);

fn as_byte(number: u64) -> u8 {
    u8::try_from(number).expect("ranks fit a byte")
}

impl<R: Ranked> Inside<'_, R> {
    fn rank(&mut self, kind: usize, version: &mut ResourceVersion) {
        let mut byte = as_byte(version.0);
        self.0.version(kind, &mut byte);
        version.0 = u64::from(byte);
    }
}

impl<R: Ranked> Visitor for Inside<'_, R> {
    fn pod(&mut self, name: &mut PodName) {
        let mut byte = as_byte(u64::from(name.0));
        self.0.pod(&mut byte);
        name.0 = u32::from(byte);
    }
    fn daemon_set_version(&mut self, version: &mut ResourceVersion) {
        self.rank(0, version);
    }
    fn revision_version(&mut self, version: &mut ResourceVersion) {
        self.rank(1, version);
    }
    fn pod_version(&mut self, version: &mut ResourceVersion) {
        self.rank(2, version);
    }
    fn revision_uid(&mut self, uid: &mut Uid) {
        let mut byte = as_byte(u64::from(uid.0));
        self.0.version(1, &mut byte);
        uid.0 = u32::from(byte);
    }
}

/// An object with ranked identifiers.
trait RankedObject: Copy {
    /// Index of its type among the versions.
    const KIND: usize;
    fn ranks(&mut self, ranked: &mut impl Ranked);
}

impl RankedObject for DaemonSetObject {
    const KIND: usize = 0;
    fn ranks(&mut self, ranked: &mut impl Ranked) {
        ranked.version(0, &mut self.version);
    }
}

impl RankedObject for RevisionObject {
    const KIND: usize = 1;
    fn ranks(&mut self, ranked: &mut impl Ranked) {
        ranked.version(1, &mut self.uid);
        ranked.version(1, &mut self.version);
    }
}

impl RankedObject for PodObject {
    const KIND: usize = 2;
    fn ranks(&mut self, ranked: &mut impl Ranked) {
        ranked.pod(&mut self.name);
        ranked.version(2, &mut self.version);
    }
}

impl RankedObject for crate::cluster::object::NodeObject {
    const KIND: usize = 3;
    fn ranks(&mut self, _: &mut impl Ranked) {}
}

fn informer<T: RankedObject>(informer: &mut Informer<T>, ranked: &mut impl Ranked) {
    informer.store.0.iter_mut().for_each(|object| object.ranks(ranked));
    ranked.version(T::KIND, &mut informer.synced);
    for versioned in &mut informer.stream {
        ranked.version(T::KIND, &mut versioned.version);
        match &mut versioned.event {
            Event::Put(object) | Event::Deleted(object) => object.ranks(ranked),
            Event::Bookmark => {}
        }
    }
    for notification in &mut informer.told {
        match notification {
            Notification::Added(object) | Notification::Deleted(object) => object.ranks(ranked),
            Notification::Updated(old, new) => {
                old.ranks(ranked);
                new.ranks(ranked);
            }
        }
    }
}

fn call(call: &mut Call, ranked: &mut impl Ranked) {
    call.request.visit(&mut Inside(ranked));
}

fn store(store: &mut Store, ranked: &mut impl Ranked) {
    store.daemon_sets.0.iter_mut().for_each(|object| object.ranks(ranked));
    store.revisions.0.iter_mut().for_each(|object| object.ranks(ranked));
    store.pods.0.iter_mut().for_each(|object| object.ranks(ranked));
    store.kept.iter_mut().for_each(|name| ranked.pod(name));
    for (kind, version) in store.versions.iter_mut().enumerate() {
        ranked.version(kind, version);
    }
}

fn process(process: &mut Process, ranked: &mut impl Ranked) {
    informer(&mut process.daemon_sets, ranked);
    informer(&mut process.revisions, ranked);
    informer(&mut process.pods, ranked);
    informer(&mut process.nodes, ranked);
    for work in &mut process.work {
        work.memory.visit(&mut Inside(ranked));
        if let ReadyTimer::Since(pod) = &mut work.ready_timer {
            ranked.pod(pod);
        }
        if let Some(sync) = &mut work.sync {
            sync.visit(&mut Inside(ranked));
        }
    }
}

fn everywhere(cluster: &mut Cluster, ranked: &mut impl Ranked) {
    store(&mut cluster.store, ranked);
    cluster.controllers.iter_mut().for_each(|one| process(one, ranked));
    if let Some(laggard) = &mut cluster.laggard {
        laggard.daemon_sets.iter_mut().for_each(|one| informer(one, ranked));
        laggard.revisions.iter_mut().for_each(|one| informer(one, ranked));
        laggard.pods.iter_mut().for_each(|one| informer(one, ranked));
        laggard.nodes.iter_mut().for_each(|one| informer(one, ranked));
    }
    for machine in &mut cluster.machines {
        machine.strangers.iter_mut().for_each(|name| ranked.pod(name));
    }
    cluster.calls.iter_mut().for_each(|one| call(one, ranked));
    for (one, answer) in &mut cluster.replies {
        call(one, ranked);
        match answer {
            Answer::DaemonSet(object) => object.ranks(ranked),
            Answer::Revision(object) => object.ranks(ranked),
            Answer::Pod { version, .. } => ranked.version(2, version),
            Answer::Done | Answer::Error(_) => {}
        }
    }
}

/// Renumbers `cluster`. Returns what each pod name became.
pub fn canonicalise(cluster: &mut Cluster) -> [u8; 256] {
    for work in cluster.controllers.iter_mut().flat_map(|process| &mut process.work) {
        if let Some(expectations) = &mut work.memory.expectations {
            // Counters only fall until they are set again, so all that is below 0 means the same (EXP-4).
            expectations.add = expectations.add.max(0);
            expectations.del = expectations.del.max(0);
        }
        if let ReadyTimer::Since(pod) = work.ready_timer
            && cluster.store.pods.get(pod).is_none()
        {
            work.ready_timer = ReadyTimer::Now; // a pod that is gone is waited for no more
        }
    }
    let pods = &cluster.store.pods;
    cluster.store.kept.retain(|name| pods.get(*name).is_some());
    for machine in &mut cluster.machines {
        machine.strangers.retain(|name| cluster.store.pods.get(*name).is_some());
    }
    let mut seen = Seen::default();
    everywhere(cluster, &mut seen);
    let mut renaming = Renaming { pods: [0; 256], versions: [[0; 256]; 4] };
    let mut moved = false;
    for (rank, name) in (1..).zip(seen.pods.iter()) {
        renaming.pods[usize::from(name)] = rank * 2;
        moved |= name != rank * 2;
    }
    for (names, versions) in renaming.versions.iter_mut().zip(seen.versions) {
        for (rank, version) in (1..).zip(versions.iter().filter(|version| *version > 0)) {
            names[usize::from(version)] = rank;
            moved |= version != rank;
        }
    }
    if moved {
        renaming.apply(cluster);
    } else {
        sort(cluster);
    }
    renaming.pods
}
