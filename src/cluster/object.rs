//! The API objects of the model, cut to what the hosts and the claims look at.
//!
//! Everything is a small number: nodes, templates and strategies index the scope's lists, names and uids are explained
//! at their fields. The same records lie in the API server's store, in watch events and in caches.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A short list inside a state.
pub type List<T> = SmallVec<[T; 4]>;

/// Which `DaemonSet` of the scope; stands for its namespace and name.
pub type Key = u8;

/// How a `DaemonSet` is being deleted (DEL-2 to DEL-4). Background deletion removes it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Deleting {
    /// It is not.
    No,
    /// Finalizer `foregroundDeletion`.
    Foreground,
    /// Finalizer `orphan`.
    Orphan,
}

/// A `DaemonSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DaemonSetObject {
    /// Namespace and name.
    pub key: Key,
    /// `metadata.uid`: counts up over all creations of the behaviour.
    pub uid: u8,
    /// `metadata.resourceVersion`, by rank among the versions of this type that are present anywhere.
    pub version: u8,
    /// `metadata.generation` (OBJ-8).
    pub generation: u8,
    /// `spec.template`: index of the scope's templates.
    pub template: u8,
    /// The template generation (OBJ-10).
    pub template_generation: u8,
    /// `spec.updateStrategy`, `minReadySeconds` and `revisionHistoryLimit`: index of the scope's strategies.
    pub strategy: u8,
    /// Deletion.
    pub deleting: Deleting,
    /// `status.collisionCount`.
    pub collisions: u8,
    /// `status.observedGeneration`.
    pub observed_generation: u8,
    /// desired, current, misscheduled, ready, updated, available; unavailable is desired less available (STAT-7).
    pub counters: [u8; 6],
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PodPhase {
    /// Pending or Running.
    Active,
    /// Failed.
    Failed,
    /// Succeeded.
    Succeeded,
}

/// The uid of an owner that is no `DaemonSet` of the scope.
pub const FOREIGN: u8 = u8::MAX;

/// The template of a pod that stands for everything else on a node: it takes the room of a daemon pod and belongs to
/// nobody.
pub const OTHERS: u8 = u8::MAX;

/// A pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "SealedPod", from = "SealedPod")]
pub struct PodObject {
    /// `metadata.name` and uid: the rank by (target node, creation) among the pods referred to anywhere.
    pub name: u8,
    /// Uid of the controller reference.
    pub owner: Option<u8>,
    /// Name in the controller reference, kept beside the uid because the node queue groups by it (EVT-16).
    pub owner_key: Key,
    /// Whether its labels match the selector of `owner_key`.
    pub labelled: bool,
    /// The target node (PLACE-10).
    pub target: u8,
    /// Whether `spec.nodeName` is set.
    pub bound: bool,
    /// The template it was made from; nothing but claims looks at it.
    pub template: u8,
    /// The `controller-revision-hash` label; 0 is none.
    pub hash: u8,
    /// The `pod-template-generation` label.
    pub generation: u8,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether the Ready condition is True.
    pub ready: bool,
    /// Whether minReadySeconds have passed since it became ready.
    pub matured: bool,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `metadata.resourceVersion`, by rank; 0 unless the controller compares versions of single pods, and for pods that
    /// were there before the first step.
    pub version: u8,
}

impl PodObject {
    /// Neither Failed nor Succeeded.
    pub fn is_non_terminal(&self) -> bool {
        self.phase == PodPhase::Active
    }
}

/// A pod as it is sealed in a state: its five conditions are one number, nearly always below 15.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct SealedPod {
    name: u8,
    owner: Option<u8>,
    owner_key: Key,
    target: u8,
    template: u8,
    hash: u8,
    generation: u8,
    phase: PodPhase,
    conditions: u8,
    version: u8,
}

impl From<PodObject> for SealedPod {
    fn from(pod: PodObject) -> Self {
        let PodObject { name, owner, owner_key, target, template, hash, generation, phase, version, .. } = pod;
        let conditions = [pod.bound, pod.ready, pod.deleting, pod.matured, !pod.labelled];
        let conditions = conditions.iter().rev().fold(0, |bits, is| bits << 1 | u8::from(*is));
        Self { name, owner, owner_key, target, template, hash, generation, phase, conditions, version }
    }
}

impl From<SealedPod> for PodObject {
    fn from(sealed: SealedPod) -> Self {
        let SealedPod { name, owner, owner_key, target, template, hash, generation, phase, conditions, version } =
            sealed;
        let [bound, ready, deleting, matured, unlabelled] = [0, 1, 2, 3, 4].map(|bit| conditions >> bit & 1 == 1);
        Self {
            name,
            owner,
            owner_key,
            labelled: !unlabelled,
            target,
            bound,
            template,
            hash,
            generation,
            phase,
            ready,
            matured,
            deleting,
            version,
        }
    }
}

/// A `ControllerRevision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RevisionObject {
    /// `metadata.name`: the hash it was made for ([`revision_hash`]), or a number from [`COPIES`] on for a copy.
    pub name: u8,
    /// `metadata.uid`: the version of its creation, renumbered with the versions.
    pub uid: u8,
    /// `metadata.resourceVersion`, by rank.
    pub version: u8,
    /// The `DaemonSet` whose selector its labels match.
    pub key: Key,
    /// Uid of the controller reference.
    pub owner: Option<u8>,
    /// The template in `data`.
    pub template: u8,
    /// `revision`.
    pub number: u8,
    /// The hash label: 0 is none, 255 is no label map at all.
    pub label: u8,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
}

/// [`RevisionObject::label`] of a revision without a label map.
pub const NO_LABELS: u8 = u8::MAX;

/// The first name of a copied revision.
pub const COPIES: u8 = 200;

/// The hash of a template with a collision count: an injective function, never 0.
pub fn revision_hash(key: Key, template: u8, collisions: u8) -> u8 {
    1 + key * 64 + template * 4 + collisions.min(3)
}

/// What is added to the name of a revision to make the label that it gets if it has none: the whole name, which is not
/// the hash that it ends in (HIST-2).
pub const NAMED: u8 = 100;

/// The hash label that a revision gets if it has none.
pub fn added_label(name: u8) -> u8 {
    if name < COPIES { NAMED + name } else { name }
}

/// The template that a hash label was made for; none for the name of a copy.
pub fn labelled_template(label: u8) -> Option<u8> {
    let hash = if label > NAMED { label - NAMED } else { label };
    (label < COPIES).then(|| (hash - 1) % 64 / 4)
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeObject {
    /// `metadata.name`: index of the scope's nodes.
    pub name: u8,
    /// Labels and taints: index of the scope's node variants.
    pub variant: u8,
}

/// What can lie in a store, in a cache, in an event.
pub trait Object: Copy + Eq {
    /// Equal for the same object name.
    fn name(&self) -> u8;
}

impl Object for DaemonSetObject {
    fn name(&self) -> u8 {
        self.key
    }
}

impl Object for PodObject {
    fn name(&self) -> u8 {
        self.name
    }
}

impl Object for RevisionObject {
    fn name(&self) -> u8 {
        self.name
    }
}

impl Object for NodeObject {
    fn name(&self) -> u8 {
        self.name
    }
}

/// Objects by name: a sorted list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Objects<T: Copy>(pub List<T>);

impl<T: Copy> Clone for Objects<T> {
    fn clone(&self) -> Self {
        Self(List::from_slice(&self.0)) // at once; a clone of the list goes by element
    }
}

impl<T: Copy> Default for Objects<T> {
    fn default() -> Self {
        Self(List::new())
    }
}

impl<T: Object> Objects<T> {
    /// The object called `name`.
    pub fn get(&self, name: u8) -> Option<&T> {
        self.0.iter().find(|object| object.name() == name)
    }

    /// Stores `object`, in place of one of the same name; returns that one.
    pub fn put(&mut self, object: T) -> Option<T> {
        match self.0.binary_search_by_key(&object.name(), Object::name) {
            Ok(index) => Some(std::mem::replace(&mut self.0[index], object)),
            Err(index) => {
                self.0.insert(index, object);
                None
            }
        }
    }

    /// Takes out the object called `name`.
    pub fn remove(&mut self, name: u8) -> Option<T> {
        let index = self.0.iter().position(|object| object.name() == name)?;
        Some(self.0.remove(index))
    }

    /// All of them, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T: Object> IntoIterator for &'a Objects<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
