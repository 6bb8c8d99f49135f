//! The API server: one store, writes in one order, events to every subscriber (section 2).

use serde::{Deserialize, Serialize};

use super::object::{
    DaemonSetObject, Deleting, Key, List, NodeObject, Object, Objects, PodObject, PodPhase, RevisionObject, added_label,
};
use super::watch::{Event, Versioned};
use crate::controller::record::{NodeName, PodName, ResourceVersion, Status, Symbol, Uid};
use crate::controller::request::{Reason, Request};

/// An event of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnyEvent {
    /// Of `DaemonSet`s.
    DaemonSet(Versioned<DaemonSetObject>),
    /// Of `ControllerRevision`s.
    Revision(Versioned<RevisionObject>),
    /// Of pods.
    Pod(Versioned<PodObject>),
    /// Of nodes.
    Node(Versioned<NodeObject>),
}

/// The events of one commit.
pub type Events = List<AnyEvent>;

/// Which part of a sync asked for something; claims about what one part deletes or creates need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Manage, or what is neither of the others.
    Manage,
    /// The rolling update.
    RollingUpdate,
    /// The clean-up of old revisions.
    CleanUp,
}

/// A request of a controller on its way, with what the object it came from says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Call {
    /// Which controller process sent it.
    pub controller: u8,
    /// Whether that process still waits for the reply (a crash forgets, a committed request stays committed).
    pub awaited: bool,
    /// The `DaemonSet` it is about.
    pub key: Key,
    /// The uid of the sync's copy.
    pub uid: u8,
    /// The template of the sync's copy.
    pub template: u8,
    /// The name of the revision of the sync's copy: of its template and its collision count.
    pub revision: u8,
    /// Who asked.
    pub origin: Origin,
    /// The request.
    pub request: Request,
}

impl Call {
    /// What tells the requests of dead processes apart that ask for the same: uid, template, revision and phase of the
    /// sync that they came from; none while the sender waits, of which there is one for each request.
    pub fn orphaned(&self) -> Option<(u8, u8, u8, Origin)> {
        (!self.awaited).then_some((self.uid, self.template, self.revision, self.origin))
    }
}

/// What the API server answers, in the model's own objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Done.
    Done,
    /// The `DaemonSet`.
    DaemonSet(DaemonSetObject),
    /// The revision.
    Revision(RevisionObject),
    /// A pod was written: its version, and its controller afterwards.
    Pod {
        /// The version of the write.
        version: u8,
        /// The uid of the controller reference, if it names this key.
        owner: Option<u8>,
    },
    /// Refused.
    Error(Reason),
}

/// What is stored. Versions are by rank; see [`crate::model::canonical`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Store {
    /// `DaemonSet`s.
    pub daemon_sets: Objects<DaemonSetObject>,
    /// Revisions.
    pub revisions: Objects<RevisionObject>,
    /// Pods.
    pub pods: Objects<PodObject>,
    /// Nodes.
    pub nodes: Objects<NodeObject>,
    /// The newest version of each type: `DaemonSet`s, revisions, pods, nodes.
    pub versions: [u8; 4],
    /// How many uids of `DaemonSet`s were given.
    pub uids: u8,
    /// Whether the namespace is being deleted, so that it takes no new object (EXP-12).
    pub terminating: bool,
    /// History variable: per uid the largest number ever given to one of its revisions.
    pub highest: List<(u8, u8)>,
    /// History variable: pods that the deletion of their `DaemonSet` kept, until a living one adopts them.
    pub kept: Vec<u8>,
}

/// Where a new pod sorts among those of its node (MAN-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sorts {
    /// After all of them: a later second, or a larger name.
    Last,
    /// Before the one created last: the same second and a smaller name.
    BeforeLast,
}

/// The largest name of a pod of a node up to this one that a cache or an event still shows, whether it is stored or not; 0
/// if there is none.
pub type Shown<'a> = &'a dyn Fn(u8) -> u8;

impl Store {
    fn next_version(&mut self, kind: usize) -> u8 {
        self.versions[kind] += 1;
        self.versions[kind]
    }

    /// Stores a `DaemonSet` under the next version.
    pub fn put_daemon_set(&mut self, mut object: DaemonSetObject, events: &mut Events) -> DaemonSetObject {
        object.version = self.next_version(0);
        self.daemon_sets.put(object);
        events.push(AnyEvent::DaemonSet(Versioned { version: object.version, event: Event::Put(object) }));
        object
    }

    /// Removes a `DaemonSet`.
    pub fn remove_daemon_set(&mut self, key: Key, events: &mut Events) {
        if let Some(object) = self.daemon_sets.remove(key) {
            let version = self.next_version(0);
            events.push(AnyEvent::DaemonSet(Versioned { version, event: Event::Deleted(object) }));
        }
    }

    /// Stores a revision under the next version; a new one takes it as its uid.
    pub fn put_revision(&mut self, mut object: RevisionObject, events: &mut Events) -> RevisionObject {
        object.version = self.next_version(1);
        if self.revisions.get(object.name).is_none() {
            object.uid = object.version;
        }
        self.note_number(&object);
        self.revisions.put(object);
        events.push(AnyEvent::Revision(Versioned { version: object.version, event: Event::Put(object) }));
        object
    }

    /// Remembers the largest number given per owner.
    fn note_number(&mut self, object: &RevisionObject) {
        let Some(owner) = object.owner else { return };
        if let Some((_, highest)) = self.highest.iter_mut().find(|(uid, _)| *uid == owner) {
            *highest = (*highest).max(object.number);
        } else {
            self.highest.push((owner, object.number));
            self.highest.sort_unstable();
        }
    }

    /// Removes a revision.
    pub fn remove_revision(&mut self, name: u8, events: &mut Events) -> Option<RevisionObject> {
        let object = self.revisions.remove(name)?;
        let version = self.next_version(1);
        events.push(AnyEvent::Revision(Versioned { version, event: Event::Deleted(object) }));
        Some(object)
    }

    /// Stores a pod under the next version, which is returned.
    pub fn put_pod(&mut self, object: PodObject, events: &mut Events) -> u8 {
        let version = self.next_version(2);
        self.pods.put(object);
        events.push(AnyEvent::Pod(Versioned { version, event: Event::Put(object) }));
        version
    }

    /// Ends a pod: the update that comes before every removal, and the removal (API-6).
    pub fn end_pod(&mut self, name: u8, events: &mut Events) {
        let Some(mut object) = self.pods.remove(name) else { return };
        object.deleting = true;
        let version = self.next_version(2);
        events.push(AnyEvent::Pod(Versioned { version, event: Event::Put(object) }));
        let version = self.next_version(2);
        events.push(AnyEvent::Pod(Versioned { version, event: Event::Deleted(object) }));
    }

    /// Deletes a pod with its own grace (API-6, API-7).
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub fn delete_pod(&mut self, name: u8, events: &mut Events) -> Result<(), Reason> {
        let mut object = *self.pods.get(name).ok_or(Reason::NotFound)?;
        if object.deleting {
            return Ok(());
        }
        if !object.bound || !object.is_non_terminal() {
            self.end_pod(name, events);
            return Ok(());
        }
        object.deleting = true;
        self.put_pod(object, events);
        Ok(())
    }

    /// Gives the pods of `events`, the latest writes, the versions of these events, in the events and in the store.
    pub fn stamp_pods(&mut self, events: &mut Events) {
        for event in events {
            let AnyEvent::Pod(Versioned { version, event: Event::Put(object) | Event::Deleted(object) }) = event else {
                continue;
            };
            object.version = *version;
            if let Some(stored) = self.pods.0.iter_mut().find(|stored| stored.name == object.name) {
                stored.version = *version;
            }
        }
    }

    /// Stores a node under the next version.
    pub fn put_node(&mut self, object: NodeObject, events: &mut Events) {
        let version = self.next_version(3);
        self.nodes.put(object);
        events.push(AnyEvent::Node(Versioned { version, event: Event::Put(object) }));
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: u8, events: &mut Events) {
        if let Some(object) = self.nodes.remove(name) {
            let version = self.next_version(3);
            events.push(AnyEvent::Node(Versioned { version, event: Event::Deleted(object) }));
        }
    }

    /// Carries out a controller's request.
    pub fn handle(&mut self, call: &Call, binds: Binds, sorts: Sorts, shown: Shown<'_>, events: &mut Events) -> Answer {
        match self.execute(call, binds, sorts, shown, events) {
            Ok(answer) => answer,
            Err(reason) => Answer::Error(reason),
        }
    }

    fn execute(
        &mut self,
        call: &Call,
        binds: Binds,
        sorts: Sorts,
        shown: Shown<'_>,
        events: &mut Events,
    ) -> Result<Answer, Reason> {
        match call.request {
            Request::CreatePod(..) | Request::CreateRevision(_) if self.terminating => {
                Err(Reason::NamespaceTerminating)
            }
            Request::GetDaemonSet => {
                self.daemon_sets.get(call.key).map(|object| Answer::DaemonSet(*object)).ok_or(Reason::NotFound)
            }
            Request::GetRevision(Symbol(name)) => self.revision(name).map(|object| Answer::Revision(*object)),
            Request::AdoptPod(PodName(name), _) => self.adopt_pod(call, name, events),
            Request::ReleasePod(PodName(name), _) => {
                let mut object = *self.pod(name)?;
                if object.owner != Some(call.uid) {
                    // The patch takes out a reference that is not there: nothing changes.
                    let owner = object.owner.filter(|_| object.owner_key == call.key);
                    return Ok(Answer::Pod { version: object.version, owner });
                }
                object.owner = None;
                let version = self.put_pod(object, events);
                Ok(Answer::Pod { version, owner: None })
            }
            Request::AdoptRevision(Symbol(name), Uid(uid)) => {
                let mut object = *self.revision(name)?;
                if u32::from(object.uid) != uid || object.owner.is_some_and(|owner| owner != call.uid) {
                    return Err(Reason::Invalid);
                }
                // A patch that changes nothing is no write.
                if object.owner.is_none() {
                    object.owner = Some(call.uid);
                    object = self.put_revision(object, events);
                }
                Ok(Answer::Revision(object))
            }
            Request::ReleaseRevision(Symbol(name), Uid(uid)) => {
                let mut object = *self.revision(name)?;
                if u32::from(object.uid) != uid {
                    return Err(Reason::Invalid);
                }
                if object.owner == Some(call.uid) {
                    object.owner = None;
                    object = self.put_revision(object, events);
                }
                Ok(Answer::Revision(object))
            }
            Request::LabelRevision(Symbol(name), version) => {
                let mut object = self.revision_at(name, version)?;
                object.label = added_label(object.name);
                Ok(Answer::Revision(self.put_revision(object, events)))
            }
            Request::RenumberRevision(Symbol(name), version, number) => {
                let mut object = self.revision_at(name, version)?;
                object.number = small(number);
                Ok(Answer::Revision(self.put_revision(object, events)))
            }
            Request::CreateRevision(number) => {
                let name = call.revision;
                if self.revisions.get(name).is_some() {
                    return Err(Reason::AlreadyExists);
                }
                let object = RevisionObject {
                    name,
                    uid: 0,
                    version: 0,
                    key: call.key,
                    owner: Some(call.uid),
                    template: call.template,
                    number: small(number),
                    label: name,
                    deleting: false,
                };
                Ok(Answer::Revision(self.put_revision(object, events)))
            }
            Request::DeleteRevision(Symbol(name)) => {
                let name = self.revision(name)?.name;
                self.remove_revision(name, events);
                Ok(Answer::Done)
            }
            Request::RelabelPod(PodName(name), Symbol(hash), version) => {
                let mut object = *self.pod(name)?;
                if version.is_some_and(|version| version.0 != u64::from(object.version)) {
                    return Err(Reason::Conflict); // an update, not a patch (HIST-15)
                }
                if u32::from(object.hash) == hash {
                    return Ok(Answer::Pod { version: object.version, owner: None }); // nothing changes
                }
                object.hash = small(hash);
                let version = self.put_pod(object, events);
                Ok(Answer::Pod { version, owner: None }) // HIST-15: sent without the wrapper that records (CONS-7)
            }
            Request::CreatePod(node, hash, generation) => {
                let name = self.name_for(small(node.0), sorts, shown);
                Ok(self.create_pod(call, name, (node, hash, generation), binds, events))
            }
            Request::DeletePod(PodName(name), guard) => {
                let object = *self.pod(name)?;
                if guard.is_some_and(|version| version.0 != u64::from(object.version)) {
                    return Err(Reason::Conflict);
                }
                self.delete_pod(object.name, events)?;
                let version = if events.is_empty() { object.version } else { self.versions[2] };
                let owner = object.owner.filter(|_| object.owner_key == call.key);
                Ok(Answer::Pod { version, owner })
            }
            Request::UpdateStatus(Uid(uid), version, status) => self.update_status(call, uid, version, status, events),
        }
    }

    fn pod(&self, name: u32) -> Result<&PodObject, Reason> {
        self.pods.get(small(name)).ok_or(Reason::NotFound)
    }

    fn revision(&self, name: u32) -> Result<&RevisionObject, Reason> {
        self.revisions.get(small(name)).ok_or(Reason::NotFound)
    }

    /// The revision, if it is stored at that version (API-1).
    fn revision_at(&self, name: u32, version: ResourceVersion) -> Result<RevisionObject, Reason> {
        let object = self.revision(name)?;
        if u64::from(object.version) == version.0 { Ok(*object) } else { Err(Reason::Conflict) }
    }

    /// Why an adoption that looks at its owner in the same request is refused (DS-B47), if it is.
    pub fn refuses_adoption(&self, call: &Call) -> Option<Reason> {
        if !matches!(call.request, Request::AdoptPod(..) | Request::AdoptRevision(..)) {
            return None;
        }
        match self.daemon_sets.get(call.key).filter(|object| object.uid == call.uid) {
            None => Some(Reason::OwnerReplaced),
            Some(object) => (object.deleting != Deleting::No).then_some(Reason::OwnerDeleting),
        }
    }

    /// ADOPT-5, API-11.
    fn adopt_pod(&mut self, call: &Call, name: u32, events: &mut Events) -> Result<Answer, Reason> {
        let mut object = *self.pod(name)?;
        if object.owner.is_some_and(|owner| owner != call.uid) {
            return Err(Reason::Invalid);
        }
        let owner = Some(call.uid);
        if object.owner == owner {
            // The patch puts in a reference that is there: nothing changes.
            return Ok(Answer::Pod { version: object.version, owner });
        }
        object.owner = owner;
        object.owner_key = call.key;
        if self.daemon_sets.get(call.key).is_some_and(|owner| owner.uid == call.uid && owner.deleting == Deleting::No) {
            self.kept.retain(|kept| *kept != object.name);
        }
        let version = self.put_pod(object, events);
        Ok(Answer::Pod { version, owner })
    }

    /// EXEC-5. The owner need not exist any more (EXEC-12).
    fn create_pod(
        &mut self,
        call: &Call,
        name: u8,
        (NodeName(node), Symbol(hash), generation): (NodeName, Symbol, Option<i64>),
        binds: Binds,
        events: &mut Events,
    ) -> Answer {
        let target = small(node);
        let object = PodObject {
            name,
            owner: Some(call.uid),
            owner_key: call.key,
            labelled: true,
            target,
            bound: binds == Binds::AtCreation,
            template: call.template,
            hash: small(hash),
            generation: generation.map_or(0, small),
            phase: PodPhase::Active,
            ready: false,
            matured: false,
            deleting: false,
            version: 0,
        };
        let version = self.put_pod(object, events);
        Answer::Pod { version, owner: Some(call.uid) }
    }

    /// The name of a new pod: where it sorts by (target node, creation), among those stored and those `shown`. Between two
    /// steps of the model names are even, so there is room for one beside each.
    pub fn name_for(&self, target: u8, sorts: Sorts, shown: Shown<'_>) -> u8 {
        let last = |of: &dyn Fn(u8) -> bool| self.pods.iter().filter(|pod| of(pod.target)).map(Object::name).max();
        match (sorts, last(&|other| other == target)) {
            (Sorts::BeforeLast, Some(youngest)) => youngest - 1,
            (Sorts::BeforeLast, None) | (Sorts::Last, _) => {
                last(&|other| other <= target).unwrap_or(0).max(shown(target)) + 1
            }
        }
    }

    /// STAT-11, HIST-13.
    fn update_status(
        &mut self,
        call: &Call,
        uid: u32,
        version: ResourceVersion,
        status: Status,
        events: &mut Events,
    ) -> Result<Answer, Reason> {
        let mut object = *self.daemon_sets.get(call.key).ok_or(Reason::NotFound)?;
        if u32::from(object.uid) != uid || u64::from(object.version) != version.0 {
            return Err(Reason::Conflict);
        }
        let before = object;
        let counters = &status.counters;
        object.counters = [
            counters.desired_number_scheduled,
            counters.current_number_scheduled,
            counters.number_misscheduled,
            counters.number_ready,
            counters.updated_number_scheduled,
            counters.number_available,
        ]
        .map(small);
        object.observed_generation = small(status.observed_generation);
        object.collisions = status.collision_count.map_or(0, small);
        if object == before {
            return Ok(Answer::DaemonSet(object));
        }
        Ok(Answer::DaemonSet(self.put_daemon_set(object, events)))
    }

    /// The first half of a deletion with dependents (DEL-3, DEL-4): generation rises (OBJ-9).
    pub fn mark_deleting(&mut self, key: Key, deleting: Deleting, events: &mut Events) {
        if let Some(mut object) = self.daemon_sets.get(key).copied()
            && object.deleting == Deleting::No
        {
            object.deleting = deleting;
            object.generation += 1;
            self.put_daemon_set(object, events);
        }
    }
}

/// Who sets the node name of a created pod (LEG-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binds {
    /// The scheduler.
    Later,
    /// The controller, in the create.
    AtCreation,
}

/// A number of the controller's records as one of the model's. Every one of them came from a `u8`.
fn small<N: TryInto<u8>>(number: N) -> u8 {
    number.try_into().ok().expect("the model's numbers fit a byte")
}
