//! The whole state of a behaviour: what is true, what is on the wire, what each controller process shows and remembers.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::sealed;
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
pub struct State(sealed::Bytes);

impl State {
    /// The bytes of `cluster`.
    ///
    /// # Panics
    ///
    /// Never: every field serialises.
    pub fn of(cluster: &Cluster) -> Self {
        Self(sealed::seal(cluster))
    }

    /// The cluster whose bytes these are.
    ///
    /// # Panics
    ///
    /// Never: the bytes come from [`State::of`].
    pub fn open(&self) -> Cluster {
        sealed::open(&self.0).expect("the bytes are those of a cluster")
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

/// The whole state, opened.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub budgets: Faults,
}

/// What a lagging API server shows (API-13): for each type that it lists from its past, a subscriber at most the lag of
/// that type behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The delayed add for minReadySeconds (EVT-10, STAT-12).
    pub ready_timer: ReadyTimer,
    /// A delayed add for a failed pod's back-off is pending (MAN-7).
    pub backoff_timer: bool,
    /// Nodes whose failed pods are in back-off (MAN-19).
    pub backoff: List<Backoff>,
    /// Nodes where the last manage found no room (LEG-13).
    pub suspended: Vec<u8>,
    /// The sync under way.
    pub sync: Option<Box<Sync>>,
}

/// The delayed add for minReadySeconds: one a key, the earliest (D-22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReadyTimer {
    /// None is pending.
    #[default]
    Off,
    /// Armed when this pod became ready: due once it has been ready so long, or would have been.
    Since(u8),
    /// Armed by a sync: due once every ready pod has been ready so long.
    Now,
}

impl ReadyTimer {
    /// The timer after one more delayed add: a later one does not replace an earlier one.
    #[must_use]
    pub fn armed(self, again: Self) -> Self {
        if self == Self::Off { again } else { self }
    }
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
            upgraded: self.upgraded,
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
            scheduler: self.scheduler,
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
