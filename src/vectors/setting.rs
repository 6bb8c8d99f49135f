//! What is fixed while a vector is answered, and the objects that the sync writes.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, PodTemplateSpec};
use serde::Deserialize;
use serde_json::{Value, json};

use super::BadVector;
use super::json::{at, object_mut, seconds, text, texts, time};
use super::names::Names;
use super::object::{GENERATION_LABEL, HASH_LABEL, Kind, Object};
use super::question::Given;
use super::subject::Subject;
use super::view::{Eye, daemon_set_record};
use crate::controller::record::{DaemonSet, NodeName, Symbol};
use crate::controller::sync::{Batches, Rules};
use crate::manifest::legacy::created_pod_tolerations;
use crate::manifest::pod::{Binding, binding};

/// What is fixed while a vector is answered.
#[derive(Debug)]
pub struct Setting<'a> {
    /// Numbers for names.
    pub names: Names,
    /// Who is asked.
    pub subject: Subject,
    /// The question.
    pub given: &'a Given,
    /// Namespace of the key.
    pub namespace: &'a str,
    /// Name in the key.
    pub name: &'a str,
    /// The controller's clock.
    pub now: i64,
    /// The rules of the sync.
    pub rules: Rules,
    /// Whether events are delivered; then the API server deletes gracefully.
    pub delivers: bool,
}

impl<'a> Setting<'a> {
    /// The setting of a sync of `namespace/name` at `now`.
    pub fn new(subject: &Subject, given: &'a Given, (namespace, name): (&'a str, &'a str), now: &str) -> Self {
        let creates_differ = given.faults.iter().any(|fault| {
            fault.verb.as_deref().is_none_or(|verb| verb == "create")
                && fault.kind.as_deref().is_none_or(|kind| kind == "Pod")
        }) || given.deliveries.iter().any(|delivery| {
            [&delivery.at.before, &delivery.at.after].into_iter().any(|at| at.as_deref() == Some("create Pod"))
        });
        let batches = if creates_differ { Batches::Every } else { Batches::Representative };
        Self {
            names: Names::new(pod_names(given)),
            subject: *subject,
            given,
            namespace,
            name,
            now: seconds(now).unwrap_or(0),
            rules: Rules { switches: subject.switches, burst: given.burst.unwrap_or(250), batches },
            delivers: !given.deliveries.is_empty(),
        }
    }

    /// A `DaemonSet` as the sync sees it.
    ///
    /// # Errors
    ///
    /// If its strategy is none.
    pub fn daemon_set_record(&self, object: &Object) -> Result<DaemonSet, BadVector> {
        daemon_set_record(&self.names, &self.subject, object, &self.given.current_hash)
    }

    /// How a pod created for `node` comes there (LEG-1, LEG-2, LEG-8).
    ///
    /// # Errors
    ///
    /// If the template or the node is none.
    pub fn binding(&self, eye: &Eye, node: NodeName) -> Result<Binding, BadVector> {
        let template: PodTemplateSpec = Deserialize::deserialize(at(&eye.daemon_set().json, &["spec", "template"]))?;
        let name = self.names.node_text(node);
        let cached = self.given.cache.iter().flat_map(|cache| &cache.nodes);
        let cached = cached.filter(|node| text(node, &["metadata", "name"]) == name);
        let mut node: Node = cached.map(Deserialize::deserialize).next().transpose()?.unwrap_or_default();
        node.metadata.name = Some(name);
        Ok(binding(&template, &node, self.subject.placement))
    }

    /// The pod that the sync sends for `node` (EXEC-5).
    ///
    /// # Errors
    ///
    /// If the template or the node is none.
    pub fn created_pod(
        &self,
        eye: &Eye,
        node: NodeName,
        hash: Symbol,
        generation: Option<i64>,
    ) -> Result<Value, BadVector> {
        let template = at(&eye.daemon_set().json, &["spec", "template"]);
        let typed: PodTemplateSpec = Deserialize::deserialize(template)?;
        let tolerations = created_pod_tolerations(&typed, self.namespace, self.subject.placement);
        let mut spec = template["spec"].clone();
        let fields = object_mut(&mut spec, &[]);
        fields.insert("tolerations".to_owned(), serde_json::to_value(tolerations)?);
        match self.binding(eye, node)? {
            Binding::Scheduled { affinity, .. } => {
                fields.insert("affinity".to_owned(), serde_json::to_value(affinity)?);
            }
            Binding::Bound { node_name } => {
                fields.insert("nodeName".to_owned(), Value::String(node_name));
            }
        }
        let mut labels = texts(template, &["metadata", "labels"]).unwrap_or_default();
        labels.extend(self.pod_labels(hash, generation));
        let mut metadata = json!({
            "generateName": format!("{}-", self.name),
            "labels": labels,
            "ownerReferences": [self.owner_reference(eye.daemon_set())],
        });
        for name in ["annotations", "finalizers"] {
            let value = at(template, &["metadata", name]);
            if !value.is_null() {
                metadata[name] = value.clone();
            }
        }
        Ok(json!({"metadata": metadata, "spec": spec}))
    }

    fn pod_labels(&self, hash: Symbol, generation: Option<i64>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        if let Some(generation) = generation {
            labels.insert(GENERATION_LABEL.to_owned(), generation.to_string());
        }
        if hash != Symbol::EMPTY {
            labels.insert(HASH_LABEL.to_owned(), self.names.symbol_text(hash));
        }
        labels
    }

    /// The owner reference that the controller writes.
    pub fn owner_reference(&self, daemon_set: &Object) -> Value {
        json!({
            "apiVersion": "apps/v1",
            "blockOwnerDeletion": true,
            "controller": true,
            "kind": "DaemonSet",
            "name": daemon_set.name,
            "uid": self.names.uid_text(daemon_set.uid),
        })
    }

    /// A pod sent by the sync, as it is stored under `name`.
    pub fn stored_pod(&self, mut pod: Value, name: &str) -> Value {
        let metadata = object_mut(&mut pod, &["metadata"]);
        metadata.insert("name".to_owned(), Value::from(name));
        metadata.insert("namespace".to_owned(), Value::from(self.namespace));
        metadata.insert("uid".to_owned(), Value::from(format!("u-{name}")));
        metadata.insert("creationTimestamp".to_owned(), Value::from(time(self.now)));
        object_mut(&mut pod, &["status"]).insert("phase".to_owned(), Value::from("Pending"));
        pod
    }

    /// The labels of the revision that the sync creates (HIST-6).
    pub fn revision_labels(&self, daemon_set: &Object) -> BTreeMap<String, String> {
        let mut labels = texts(&daemon_set.json, &["spec", "template", "metadata", "labels"]).unwrap_or_default();
        labels.insert(HASH_LABEL.to_owned(), self.given.current_hash.clone());
        labels
    }

    /// The revision that the sync creates.
    pub fn created_revision(&self, daemon_set: &Object, number: i64) -> Value {
        let name = format!("{}-{}", self.name, self.given.current_hash);
        let mut template = at(&daemon_set.json, &["spec", "template"]).clone();
        object_mut(&mut template, &[]).insert("$patch".to_owned(), Value::from("replace"));
        let mut metadata = json!({
            "name": name,
            "namespace": self.namespace,
            "uid": format!("u-{name}"),
            "labels": self.revision_labels(daemon_set),
            "ownerReferences": [self.owner_reference(daemon_set)],
        });
        let annotations = at(&daemon_set.json, &["metadata", "annotations"]);
        if !annotations.is_null() {
            metadata["annotations"] = annotations.clone();
        }
        json!({"metadata": metadata, "data": {"spec": {"template": template}}, "revision": number})
    }
}

/// Every pod name that can occur while the vector is answered.
fn pod_names(given: &Given) -> Vec<String> {
    let name = |object: &Value| text(object, &["metadata", "name"]).to_owned();
    let cache = given.cache.iter().flat_map(|cache| &cache.pods);
    let events = || given.deliveries.iter().flat_map(|delivery| &delivery.events);
    let mut names: Vec<String> = cache.chain(&given.api.pods).map(name).collect();
    names.extend(events().filter(|event| event.kind == "Pod").map(|event| event.name.clone()));
    if given.deliveries.is_empty() {
        return names; // Created pods are not seen again.
    }
    let nodes = given.cache.iter().flat_map(|cache| &cache.nodes).map(name);
    let nodes: Vec<String> =
        nodes.chain(events().filter(|event| event.kind == "Node").map(|event| event.name.clone())).collect();
    for node in nodes {
        let stem = created_name(&node, 1);
        let taken = names.iter().filter(|name| name.starts_with(&stem)).count();
        // A sync creates at most two pods for a node: one by manage, one by a surge rolling update.
        let most = u32::try_from(taken).unwrap_or(u32::MAX).saturating_add(3);
        names.extend((1..most).map(|attempt| created_name(&node, attempt)));
    }
    names
}

/// The name that the API server of a vector gives the `attempt`-th pod created for `node`.
pub fn created_name(node: &str, attempt: u32) -> String {
    if attempt == 1 { format!("ds-new-{node}") } else { format!("ds-new-{node}-{attempt}") }
}

/// Shared objects, by kind and name.
pub type Shelf = Vec<(Kind, Rc<Object>)>;

/// The object of this kind and name.
pub fn find<'a>(shelf: &'a Shelf, kind: Kind, name: &str) -> Option<&'a Rc<Object>> {
    shelf.iter().find(|(other, object)| *other == kind && object.name == name).map(|(_, object)| object)
}

/// Puts an object in place of one of its kind and name.
pub fn replace(shelf: &mut Shelf, kind: Kind, object: Rc<Object>) {
    match shelf.iter_mut().find(|(other, old)| *other == kind && old.name == object.name) {
        Some((_, old)) => *old = object,
        None => shelf.push((kind, object)),
    }
}

/// Takes the object of this kind and name away.
pub fn remove(shelf: &mut Shelf, kind: Kind, name: &str) -> Option<Rc<Object>> {
    let index = shelf.iter().position(|(other, object)| *other == kind && object.name == name)?;
    Some(shelf.remove(index).1)
}
