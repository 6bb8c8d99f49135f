//! The API server of a vector: what is stored, and the rules by which requests change it.

use std::rc::Rc;

use serde_json::{Value, json};

use super::BadVector;
use super::json::{list, merge, object_mut, time};
use super::object::{Detail, HASH_LABEL, Kind, Object};
use super::setting::{Setting, Shelf, created_name, find, remove, replace};
use super::view::Eye;
use crate::controller::record::{PodName, ResourceVersion, Status, Symbol, Uid};
use crate::controller::request::{Reason, Reply, Request, WrittenPod};

/// The stored objects, and the last state of those that went away.
#[derive(Clone, Debug)]
pub struct ApiServer {
    objects: Shelf,
    gone: Shelf,
    last_version: u64,
}

/// Verb, kind and name of a request; of a created pod the name of its node.
pub fn describe(setting: &Setting<'_>, request: Request) -> (&'static str, Kind, String) {
    let names = &setting.names;
    let pod = |name: PodName| names.pod_text(name).to_owned();
    let revision = |name: Symbol| names.symbol_text(name);
    match request {
        Request::GetDaemonSet => ("get", Kind::DaemonSet, setting.name.to_owned()),
        Request::UpdateStatus(..) => ("updateStatus", Kind::DaemonSet, setting.name.to_owned()),
        Request::GetRevision(name) => ("get", Kind::Revision, revision(name)),
        Request::AdoptRevision(name, _) | Request::ReleaseRevision(name, _) => {
            ("patch", Kind::Revision, revision(name))
        }
        Request::LabelRevision(name, _) | Request::RenumberRevision(name, ..) => {
            ("update", Kind::Revision, revision(name))
        }
        Request::CreateRevision(_) => {
            ("create", Kind::Revision, format!("{}-{}", setting.name, setting.given.current_hash))
        }
        Request::DeleteRevision(name) => ("delete", Kind::Revision, revision(name)),
        Request::AdoptPod(name, _) | Request::ReleasePod(name, _) | Request::RelabelPod(name, _, None) => {
            ("patch", Kind::Pod, pod(name))
        }
        Request::RelabelPod(name, _, Some(_)) => ("update", Kind::Pod, pod(name)),
        Request::CreatePod(node, ..) => ("create", Kind::Pod, names.node_text(node)),
        Request::DeletePod(name, _) => ("delete", Kind::Pod, pod(name)),
    }
}

impl ApiServer {
    /// The truth of a vector: what is cached in the namespace, changed by `given.api`. The last resourceVersion is 1000.
    ///
    /// # Errors
    ///
    /// If an object is none.
    pub fn new(setting: &Setting<'_>, cache: &Shelf) -> Result<Self, BadVector> {
        let in_namespace = |kind: Kind, object: &Object| match kind {
            Kind::Node => true,
            Kind::DaemonSet | Kind::Revision | Kind::Pod => object.namespace == setting.namespace,
        };
        let mut server = Self {
            objects: cache.iter().filter(|(kind, object)| in_namespace(*kind, object)).cloned().collect(),
            gone: Shelf::new(),
            last_version: 1000,
        };
        let api = &setting.given.api;
        let added = (api.daemon_set.iter().map(|object| (Kind::DaemonSet, object)))
            .chain(api.revisions.iter().map(|object| (Kind::Revision, object)))
            .chain(api.pods.iter().map(|object| (Kind::Pod, object)));
        for (kind, object) in added {
            replace(&mut server.objects, kind, Object::read(&setting.names, kind, object.clone())?);
        }
        for gone in &api.gone {
            let (kind, name) = gone
                .split_once('/')
                .and_then(|(kind, name)| Some((Kind::named(kind)?, name)))
                .ok_or_else(|| BadVector::new(format!("`{gone}` is no `Kind/name`")))?;
            server.take_away(kind, name);
        }
        Ok(server)
    }

    /// The stored object.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Rc<Object>> {
        find(&self.objects, kind, name)
    }

    /// The last state of an object that went away.
    pub fn last_state(&self, kind: Kind, name: &str) -> Option<&Rc<Object>> {
        find(&self.gone, kind, name)
    }

    /// Every stored version, for telling states apart.
    pub fn versions(&self) -> Vec<(Kind, Uid, ResourceVersion)> {
        let mut versions: Vec<_> =
            self.objects.iter().map(|(kind, object)| (*kind, object.uid, object.version)).collect();
        versions.sort_unstable();
        versions
    }

    fn take_away(&mut self, kind: Kind, name: &str) {
        if let Some(object) = remove(&mut self.objects, kind, name) {
            replace(&mut self.gone, kind, object);
        }
    }

    /// Stores an object under the next resourceVersion.
    fn store(&mut self, setting: &Setting<'_>, kind: Kind, mut object: Value) -> Result<Rc<Object>, BadVector> {
        self.last_version += 1;
        let metadata = object_mut(&mut object, &["metadata"]);
        metadata.insert("resourceVersion".to_owned(), Value::from(self.last_version.to_string()));
        let object = Object::read(&setting.names, kind, object)?;
        replace(&mut self.objects, kind, object.clone());
        Ok(object)
    }

    /// Stores a changed object; if nothing has changed, nothing happens.
    fn change(
        &mut self,
        setting: &Setting<'_>,
        kind: Kind,
        stored: &Rc<Object>,
        changed: Value,
    ) -> Result<Rc<Object>, BadVector> {
        if changed == stored.json { Ok(stored.clone()) } else { self.store(setting, kind, changed) }
    }

    /// A user's put: stored whatever was there.
    ///
    /// # Errors
    ///
    /// If the object is none.
    pub fn put(&mut self, setting: &Setting<'_>, kind: Kind, object: &Value) -> Result<(), BadVector> {
        self.store(setting, kind, object.clone()).map(drop)
    }

    /// A user's JSON merge patch; false: there is no stored object.
    ///
    /// # Errors
    ///
    /// If the result is no object.
    pub fn patch(&mut self, setting: &Setting<'_>, kind: Kind, name: &str, patch: &Value) -> Result<bool, BadVector> {
        let Some(stored) = self.get(kind, name) else { return Ok(false) };
        let mut object = stored.json.clone();
        merge(&mut object, patch);
        self.store(setting, kind, object)?;
        Ok(true)
    }

    /// A user's delete: removed at once, whatever it was.
    pub fn delete_at_once(&mut self, kind: Kind, name: &str) {
        self.take_away(kind, name);
    }

    /// Executes a request of the sync. `base` is the object that an update is made from.
    ///
    /// # Errors
    ///
    /// If a written object cannot be read back.
    pub fn execute(
        &mut self,
        setting: &Setting<'_>,
        eye: &Eye,
        request: Request,
        base: Option<&Rc<Object>>,
    ) -> Result<Reply, BadVector> {
        let (_, kind, name) = describe(setting, request);
        let Some(stored) = self.get(kind, &name).cloned() else {
            if let Request::CreateRevision(number) = request {
                return self.create_revision(setting, eye, number);
            }
            if let Request::CreatePod(node, hash, generation) = request {
                let pod = setting.created_pod(eye, node, hash, generation)?;
                return self.create_pod(setting, eye, pod, &name);
            }
            return Ok(Reply::Error(Reason::NotFound));
        };
        let us = eye.daemon_set();
        Ok(match request {
            Request::GetDaemonSet => Reply::DaemonSet(setting.daemon_set_record(&stored)?),
            Request::GetRevision(_) => Reply::Revision(eye.revision(&setting.names, &stored)),
            Request::CreateRevision(_) => Reply::Error(Reason::AlreadyExists),
            Request::CreatePod(node, hash, generation) => {
                // A pod happens to be called as the node is.
                let pod = setting.created_pod(eye, node, hash, generation)?;
                self.create_pod(setting, eye, pod, &name)?
            }
            Request::AdoptPod(_, uid) | Request::AdoptRevision(_, uid) => {
                let mut changed = stored.json.clone();
                add_owner(&mut changed, setting.owner_reference(us));
                let owners = list(&changed, &["metadata", "ownerReferences"]);
                let controllers = owners.iter().filter(|owner| owner["controller"] == true).count();
                if uid != stored.uid || controllers > 1 {
                    return Ok(Reply::Error(Reason::Invalid));
                }
                let written = self.change(setting, kind, &stored, changed)?;
                written_reply(kind, &written, us)
            }
            Request::ReleasePod(_, uid) | Request::ReleaseRevision(_, uid) => {
                if uid != stored.uid {
                    return Ok(Reply::Error(Reason::Invalid));
                }
                let mut changed = stored.json.clone();
                remove_owner(&mut changed, &setting.names.uid_text(us.uid));
                let written = self.change(setting, kind, &stored, changed)?;
                written_reply(kind, &written, us)
            }
            Request::RelabelPod(_, hash, version) => {
                if version.is_some_and(|version| version != stored.version)
                    || base.is_some_and(|base| version.is_some() && base.uid != stored.uid)
                {
                    return Ok(Reply::Error(Reason::Conflict));
                }
                let mut changed = stored.json.clone();
                set_label(&mut changed, &setting.names.symbol_text(hash));
                self.change(setting, kind, &stored, changed)?;
                Reply::Done
            }
            Request::LabelRevision(_, version) | Request::RenumberRevision(_, version, _) => {
                if version != stored.version || base.is_some_and(|base| base.uid != stored.uid) {
                    return Ok(Reply::Error(Reason::Conflict));
                }
                let mut changed = stored.json.clone();
                if let Request::RenumberRevision(_, _, number) = request {
                    changed["revision"] = Value::from(number);
                } else {
                    set_label(&mut changed, &name);
                }
                let written = self.change(setting, kind, &stored, changed)?;
                Reply::Revision(eye.revision(&setting.names, &written))
            }
            Request::UpdateStatus(uid, version, status) => {
                if uid != stored.uid || version != stored.version {
                    return Ok(Reply::Error(Reason::Conflict));
                }
                let mut written = stored.clone();
                if stored.daemon_set().status != status {
                    let mut changed = stored.json.clone();
                    write_status(&mut changed, status);
                    written = self.store(setting, kind, changed)?;
                }
                Reply::DaemonSet(setting.daemon_set_record(&written)?)
            }
            Request::DeletePod(..) | Request::DeleteRevision(_) => {
                self.delete(setting, kind, &stored)?;
                Reply::Done
            }
        })
    }

    fn create_revision(&mut self, setting: &Setting<'_>, eye: &Eye, number: i64) -> Result<Reply, BadVector> {
        let revision = setting.created_revision(eye.daemon_set(), number);
        let stored = self.store(setting, Kind::Revision, revision)?;
        Ok(Reply::Revision(eye.revision(&setting.names, &stored)))
    }

    /// A created pod gets a fresh name; it is kept only if somebody can see it again.
    fn create_pod(&mut self, setting: &Setting<'_>, eye: &Eye, pod: Value, node: &str) -> Result<Reply, BadVector> {
        if setting.delivers {
            let mut attempts = (1..).map(|attempt| created_name(node, attempt));
            let name = attempts.find(|name| self.get(Kind::Pod, name).is_none()).expect("some name is free");
            self.store(setting, Kind::Pod, setting.stored_pod(pod, &name))?;
        } else {
            self.last_version += 1;
        }
        Ok(Reply::Pod(WrittenPod {
            resource_version: ResourceVersion(self.last_version),
            recorded_for: Some(eye.daemon_set().uid),
        }))
    }

    /// At once; in a vector with deliveries bound pods that have not ended, and what has finalizers, stay for a while.
    fn delete(&mut self, setting: &Setting<'_>, kind: Kind, stored: &Rc<Object>) -> Result<(), BadVector> {
        let runs = match &stored.detail {
            Detail::Pod(pod) => pod.bound && !pod.phase.is_terminal(),
            Detail::Revision(..) | Detail::DaemonSet(_) | Detail::Node(_) => false,
        };
        if !setting.delivers || !runs && !stored.has_finalizers() {
            self.take_away(kind, &stored.name);
        } else if !stored.deleting {
            let grace = if kind == Kind::Pod { 30 } else { 0 };
            let mut changed = stored.json.clone();
            let metadata = object_mut(&mut changed, &["metadata"]);
            metadata.insert("deletionTimestamp".to_owned(), Value::from(time(setting.now + grace)));
            self.store(setting, kind, changed)?;
        }
        Ok(())
    }
}

/// What a successful patch answers: the consistency store looks at the controller that the stored pod has (CONS-2).
fn written_reply(kind: Kind, written: &Object, us: &Object) -> Reply {
    if kind != Kind::Pod {
        return Reply::Done;
    }
    let recorded_for = written.controller.as_ref().filter(|(_, name, _)| *name == us.name).map(|(_, _, uid)| *uid);
    Reply::Pod(WrittenPod { resource_version: written.version, recorded_for })
}

/// Strategic merge of one owner reference: the list's key is the uid.
fn add_owner(object: &mut Value, owner: Value) {
    let metadata = object_mut(object, &["metadata"]);
    let owners = metadata.entry("ownerReferences").or_insert_with(|| json!([]));
    let Some(owners) = owners.as_array_mut() else { return };
    match owners.iter_mut().find(|other| other["uid"] == owner["uid"]) {
        Some(other) => merge(other, &owner),
        None => owners.push(owner),
    }
}

/// Strategic merge that takes out the owner reference of this uid.
fn remove_owner(object: &mut Value, uid: &str) {
    let metadata = object_mut(object, &["metadata"]);
    let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else { return };
    owners.retain(|owner| owner["uid"] != uid);
    if owners.is_empty() {
        metadata.remove("ownerReferences");
    }
}

fn set_label(object: &mut Value, hash: &str) {
    object_mut(object, &["metadata", "labels"]).insert(HASH_LABEL.to_owned(), Value::from(hash));
}

fn write_status(object: &mut Value, status: Status) {
    let counters = status.counters;
    let fields = object_mut(object, &["status"]);
    for (name, value) in [
        ("currentNumberScheduled", i64::from(counters.current_number_scheduled)),
        ("desiredNumberScheduled", i64::from(counters.desired_number_scheduled)),
        ("numberAvailable", i64::from(counters.number_available)),
        ("numberMisscheduled", i64::from(counters.number_misscheduled)),
        ("numberReady", i64::from(counters.number_ready)),
        ("numberUnavailable", i64::from(counters.number_unavailable)),
        ("updatedNumberScheduled", i64::from(counters.updated_number_scheduled)),
        ("observedGeneration", status.observed_generation),
    ] {
        fields.insert(name.to_owned(), Value::from(value));
    }
    match status.collision_count {
        Some(count) => fields.insert("collisionCount".to_owned(), Value::from(count)),
        None => fields.remove("collisionCount"),
    };
}
