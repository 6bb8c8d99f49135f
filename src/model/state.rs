//! The whole state of a behaviour: what is true, what is on the wire, what each controller process shows and remembers.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cluster::api_server::{Answer, Call, Store};
pub use crate::cluster::kubelet::Machine;
use crate::cluster::object::{DaemonSetObject, Key, List, NodeObject, PodObject, RevisionObject};
use crate::cluster::presence::Presence;
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
        let mut nibbles = Nibbles::default();
        postcard::serialize_with_flavor(cluster, &mut nibbles).expect("a cluster serialises");
        Self(nibbles.packed)
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

/// Nearly every number in a state is below 15, so a byte is written as one nibble, or as 15 and two.
#[derive(Default)]
struct Nibbles {
    packed: SmallVec<[u8; 240]>,
    half: bool,
}

const ESCAPE: u8 = 15;

impl Nibbles {
    fn push(&mut self, nibble: u8) {
        if self.half {
            *self.packed.last_mut().expect("half of it is written") |= nibble << 4;
        } else {
            self.packed.push(nibble);
        }
        self.half = !self.half;
    }
}

impl postcard::ser_flavors::Flavor for &mut Nibbles {
    type Output = ();
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        if byte < ESCAPE {
            self.push(byte);
        } else {
            self.push(ESCAPE);
            self.push(byte & 15);
            self.push(byte >> 4);
        }
        Ok(())
    }
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// The bytes whose nibbles these are; a half byte left over at the end reads as a 0 that nobody asks for.
fn unpack(packed: &[u8]) -> SmallVec<[u8; 512]> {
    let mut bytes = SmallVec::new();
    let mut nibbles = packed.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    while let Some(nibble) = nibbles.next() {
        if nibble < ESCAPE {
            bytes.push(nibble);
        } else if let (Some(low), Some(high)) = (nibbles.next(), nibbles.next()) {
            bytes.push(low | high << 4);
        }
    }
    bytes
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    pub scheduler: Presence,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Whether it runs.
    pub running: bool,
    /// Whether its lease is lost: it was paused past it, finishes the sync it is in, sees nothing new, and exits (API-24).
    pub retiring: bool,
    /// Whether it is of the version after the first one's: only where that serialises templates otherwise (DS-B52).
    pub upgraded: bool,
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

impl Cluster {
    /// The `DaemonSet` of `key` as it is.
    pub fn daemon_set(&self, key: Key) -> Option<&DaemonSetObject> {
        self.store.daemon_sets.get(key)
    }
}
