//! The whole state of a behaviour: what is true, what is on the wire, what each controller process shows and remembers.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cluster::api_server::{Answer, Call, Store};
pub use crate::cluster::kubelet::Machine;
use crate::cluster::object::{DaemonSetObject, Key, List, NodeObject, PodObject, RevisionObject};
use crate::cluster::watch::Informer;
use crate::controller::memory::Memory;
pub use crate::controller::queue::Queued;
use crate::controller::sync::Sync;
use crate::scope::Faults;

/// A state as it is stored, hashed and compared: every field of a [`Cluster`], as few bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(SmallVec<[u8; 240]>);

impl State {
    /// The bytes of `cluster`.
    ///
    /// # Panics
    ///
    /// Never: every field serialises.
    pub fn of(cluster: &Cluster) -> Self {
        let bytes =
            postcard::serialize_with_flavor(cluster, Plain(Vec::with_capacity(512))).expect("a cluster serialises");
        Self(pack(&bytes))
    }

    /// The cluster whose bytes these are.
    ///
    /// # Panics
    ///
    /// Never: the bytes come from [`State::of`].
    pub fn open(&self) -> Cluster {
        postcard::from_bytes(&unpack(&self.0)).expect("the bytes are those of a cluster")
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.open().fmt(formatter)
    }
}

/// The bytes of a cluster before they are packed.
struct Plain(Vec<u8>);

impl postcard::ser_flavors::Flavor for Plain {
    type Output = Vec<u8>;

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

    fn finalize(self) -> postcard::Result<Self::Output> {
        Ok(self.0)
    }
}

/// Nearly every number in a state is below 15, so a byte is written as one nibble, or as 15 and two.
fn pack(bytes: &[u8]) -> SmallVec<[u8; 240]> {
    let mut packed = Nibbles { packed: SmallVec::new(), waiting: 0, bits: 0 };
    let (words, rest) = bytes.as_chunks();
    for word in words {
        match eight_nibbles(u64::from_le_bytes(*word)) {
            Some(nibbles) => packed.push(nibbles, 32),
            None => word.iter().for_each(|byte| packed.push_byte(*byte)),
        }
    }
    for byte in rest {
        packed.push_byte(*byte);
    }
    packed.finish()
}

/// The bytes whose nibbles these are; a half byte left over at the end reads as a 0 that nobody asks for.
fn unpack(packed: &[u8]) -> SmallVec<[u8; 512]> {
    let mut bytes = SmallVec::new();
    let nibble = |at: usize| packed.get(at / 2).map(|byte| byte >> (at % 2 * 4) & 15);
    let mut at = 0;
    while let Some(first) = nibble(at) {
        // The eight nibbles from here on, where there are so many.
        let ahead = packed.get(at / 2..).and_then(<[u8]>::first_chunk).map(|ahead| u64::from_le_bytes(*ahead));
        if let Some(eight) = ahead.and_then(|ahead| eight_bytes(ahead >> (at % 2 * 4) & u64::from(u32::MAX))) {
            bytes.extend_from_slice(&eight.to_le_bytes());
            at += 8;
        } else if first < ESCAPE {
            bytes.push(first);
            at += 1;
        } else {
            let (low, high) = (nibble(at + 1), nibble(at + 2));
            bytes.extend(low.zip(high).map(|(low, high)| low | high << 4));
            at += 3;
        }
    }
    bytes
}

const ESCAPE: u8 = 15;

/// The same in every byte of a word.
const fn everywhere(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Eight bytes as eight nibbles; none if one of them is too large.
fn eight_nibbles(word: u64) -> Option<u64> {
    let large = (word | word.wrapping_add(everywhere(128 - ESCAPE))) & everywhere(128);
    let pairs = (word | word >> 4) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    (large == 0).then_some((fours | fours >> 16) & 0xFFFF_FFFF)
}

/// Eight nibbles as eight bytes; none if one of them is an escape.
fn eight_bytes(nibbles: u64) -> Option<u64> {
    let fours = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF;
    let pairs = (fours | fours << 8) & 0x00FF_00FF_00FF_00FF;
    let word = (pairs | pairs << 4) & everywhere(15);
    let escapes = (word + everywhere(1)) & everywhere(16);
    (escapes == 0).then_some(word)
}

/// Nibbles on their way into bytes.
struct Nibbles {
    packed: SmallVec<[u8; 240]>,
    /// The last of them, fewer than four bytes.
    waiting: u64,
    bits: u32,
}

impl Nibbles {
    fn push(&mut self, nibbles: u64, bits: u32) {
        self.waiting |= nibbles << self.bits;
        self.bits += bits;
        if self.bits >= 32 {
            let [one, two, three, four, ..] = self.waiting.to_le_bytes();
            self.packed.extend_from_slice(&[one, two, three, four]);
            self.waiting >>= 32;
            self.bits -= 32;
        }
    }

    fn push_byte(&mut self, byte: u8) {
        if byte < ESCAPE {
            self.push(u64::from(byte), 4);
        } else {
            self.push(u64::from(byte) << 4 | u64::from(ESCAPE), 12);
        }
    }

    fn finish(mut self) -> SmallVec<[u8; 240]> {
        let left = self.bits.div_ceil(8) as usize;
        self.packed.extend_from_slice(&self.waiting.to_le_bytes()[..left]);
        self.packed
    }
}

/// Budgets as the few that are not spent.
mod sparse {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use smallvec::SmallVec;

    use crate::scope::Faults;

    type Left = SmallVec<[(u8, u8); 4]>;

    pub fn serialize<S: Serializer>(budgets: &Faults, serializer: S) -> Result<S::Ok, S::Error> {
        let left: Left = (0..).zip(budgets.to_array()).filter(|(_, budget)| *budget > 0).collect();
        left.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Faults, D::Error> {
        let mut budgets = Faults::default().to_array();
        for (index, budget) in Left::deserialize(deserializer)? {
            let place = budgets.get_mut(usize::from(index));
            *place.ok_or_else(|| serde::de::Error::custom("no such budget"))? = budget;
        }
        Ok(Faults::from_array(budgets))
    }
}

/// The whole state, opened.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cluster {
    /// What is true.
    pub store: Store,
    /// What the machines behind the node names do; by node index.
    pub machines: List<Machine>,
    /// Controller processes: one, or two while leaders overlap.
    pub controllers: SmallVec<[Process; 1]>,
    /// The lagging API server's copies; only in scopes where somebody may list from it.
    pub laggard: Option<Box<Laggard>>,
    /// Requests under way to the API server.
    pub calls: List<Call>,
    /// Replies under way.
    pub replies: SmallVec<[(Call, Answer); 2]>,
    /// Whether the scheduler works.
    pub scheduler_up: bool,
    /// Users, by script.
    pub users: List<User>,
    /// What may still go wrong.
    #[serde(with = "sparse")]
    pub budgets: Faults,
}

/// What a lagging API server shows (API-13): for each type that it lists from its past, a subscriber at most the lag of
/// that type behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Laggard {
    /// `DaemonSet`s.
    pub daemon_sets: Option<Informer<DaemonSetObject>>,
    /// Revisions.
    pub revisions: Option<Informer<RevisionObject>>,
    /// Pods.
    pub pods: Option<Informer<PodObject>>,
    /// Nodes.
    pub nodes: Option<Informer<NodeObject>>,
}

/// A user in a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct User {
    /// How many commands are done.
    pub done: u8,
    /// An undo under way.
    pub undo: Undo,
}

/// Where a `rollout undo` is (UNDO-1): two reads and a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Undo {
    /// Not begun.
    #[default]
    Idle,
    /// The `DaemonSet` was read: uid and template.
    Read(u8, u8),
    /// The template to restore was chosen.
    Chosen(u8),
}

/// One controller process.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Whether it runs.
    pub running: bool,
    /// Whether its lease is lost: it was paused past it, finishes the sync it is in, sees nothing new, and exits (API-24).
    pub retiring: bool,
    /// Its informers.
    pub daemon_sets: Informer<DaemonSetObject>,
    /// Of revisions.
    pub revisions: Informer<RevisionObject>,
    /// Of pods.
    pub pods: Informer<PodObject>,
    /// Of nodes.
    pub nodes: Informer<NodeObject>,
    /// Node names waiting in the node queue (EVT-15).
    pub node_queue: List<u8>,
    /// Per `DaemonSet` name: queue, memory, sync.
    pub work: SmallVec<[Work; 1]>,
}

/// What one process has to do with one `DaemonSet` name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Work {
    /// The key in the work queue.
    pub queue: Queued,
    /// Expectations and own writes.
    pub memory: Memory,
    /// A delayed add for minReadySeconds is pending (EVT-10, STAT-12).
    pub ready_timer: bool,
    /// A delayed add for a failed pod's back-off is pending (MAN-7).
    pub backoff_timer: bool,
    /// Nodes whose failed pods are in back-off (MAN-19).
    pub backoff: List<Backoff>,
    /// Nodes where the last manage found no room (LEG-13).
    pub suspended: Vec<u8>,
    /// The sync under way.
    pub sync: Option<Box<Sync>>,
}

/// A back-off record in force (MAN-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Backoff {
    /// The `DaemonSet`'s uid.
    pub uid: u8,
    /// Its observedGeneration.
    pub observed_generation: u8,
    /// The node.
    pub node: u8,
}

impl Clone for Cluster {
    fn clone(&self) -> Self {
        self.with(self.store.clone(), copy_of(&self.controllers))
    }
}

impl Clone for Process {
    fn clone(&self) -> Self {
        self.with(copy_of(&self.work))
    }
}

impl Process {
    /// A copy without the sync of `key`, for a step that puts another in its place.
    #[must_use]
    pub fn without_sync(&self, key: Key) -> Self {
        let without = |work: &Work| Work {
            queue: work.queue,
            memory: work.memory.clone(),
            ready_timer: work.ready_timer,
            backoff_timer: work.backoff_timer,
            backoff: SmallVec::from_slice(&work.backoff),
            suspended: work.suspended.clone(),
            sync: None,
        };
        let work = (0..).zip(&self.work).map(|(index, work)| if index == key { without(work) } else { work.clone() });
        self.with(work.collect())
    }

    /// A copy with this work in place of its own.
    fn with(&self, work: SmallVec<[Work; 1]>) -> Self {
        Self {
            running: self.running,
            retiring: self.retiring,
            daemon_sets: self.daemon_sets.clone(),
            revisions: self.revisions.clone(),
            pods: self.pods.clone(),
            nodes: self.nodes.clone(),
            node_queue: SmallVec::from_slice(&self.node_queue),
            work,
        }
    }
}

/// A copy of a list that nearly always has one element, which is large: its own clone moves it about.
fn copy_of<T: Clone>(list: &SmallVec<[T; 1]>) -> SmallVec<[T; 1]> {
    match list.as_slice() {
        [one] => SmallVec::from_buf([one.clone()]),
        _ => list.clone(),
    }
}

impl Cluster {
    /// A copy with this store and these controller processes in place of its own.
    fn with(&self, store: Store, controllers: SmallVec<[Process; 1]>) -> Self {
        Self {
            store,
            machines: self.machines.clone(),
            controllers,
            laggard: self.laggard.clone(),
            calls: SmallVec::from_slice(&self.calls), // at once; a clone of a list goes by element
            replies: SmallVec::from_slice(&self.replies),
            scheduler_up: self.scheduler_up,
            users: SmallVec::from_slice(&self.users),
            budgets: self.budgets,
        }
    }

    /// A copy with this store in place of its own.
    #[must_use]
    pub fn with_store(&self, store: Store) -> Self {
        self.with(store, copy_of(&self.controllers))
    }

    /// A copy with this process in place of its own at `index`.
    #[must_use]
    pub fn with_controller(&self, index: usize, process: Process) -> Self {
        let controllers = if self.controllers.len() == 1 {
            SmallVec::from_buf([process])
        } else {
            let mut controllers = self.controllers.clone();
            controllers[index] = process;
            controllers
        };
        self.with(self.store.clone(), controllers)
    }

    /// The `DaemonSet` of `key` as it is.
    pub fn daemon_set(&self, key: Key) -> Option<&DaemonSetObject> {
        self.store.daemon_sets.get(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As [`pack`], nibble by nibble.
    fn by_nibbles(bytes: &[u8]) -> Vec<u8> {
        let nibbles: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| if *byte < ESCAPE { vec![*byte] } else { vec![ESCAPE, byte & 15, byte >> 4] })
            .collect();
        nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4).collect()
    }

    proptest! {
        #[test]
        fn packing_goes_by_nibbles_and_loses_nothing(
            bytes in proptest::collection::vec(prop_oneof![9 => 0_u8..15, 1 => any::<u8>()], 0..100),
        ) {
            let packed = pack(&bytes);
            prop_assert_eq!(packed.as_slice(), by_nibbles(&bytes));
            let unpacked = unpack(&packed);
            // A half byte left over reads as one 0 more.
            prop_assert_eq!(&unpacked[..bytes.len()], bytes.as_slice());
            prop_assert!(unpacked[bytes.len()..].iter().all(|byte| *byte == 0));
            prop_assert!(unpacked.len() <= bytes.len() + 1);
        }
    }
}
