//! What a finished sync did, in the words of the vectors.

use std::rc::Rc;

use serde_json::json;

use super::BadVector;
use super::api_server::describe;
use super::handlers::{own_writes_text, queued};
use super::json::texts;
use super::object::{HASH_LABEL, Object};
use super::setting::Setting;
use super::view::Eye;
use super::wire::{Backoff, Expectations, Failure, Json, Outcome, Request as Written, Status};
use super::world::{Entry, World, reason_text};
use crate::controller::record;
use crate::controller::request::{self, Causes, Reason, Request};
use crate::manifest::pod::Binding;
use crate::release::Gate;
use crate::release::placement::{OldKubelets, PlacedBy};

/// The outcome of a sync that has ended.
///
/// # Errors
///
/// If a created pod cannot be shown.
///
/// # Panics
///
/// If a sync without `DaemonSet` has sent a request.
pub fn outcome(
    setting: &Setting<'_>,
    eye: Option<&Eye>,
    world: &World,
    ending: &Result<(), request::Failure>,
) -> Result<Outcome, BadVector> {
    let names = &setting.names;
    let mut writes: Vec<Vec<Written>> = Vec::new();
    let mut group = 0;
    for logged in &world.log {
        let written = match &logged.entry {
            Entry::Delivery(index) => {
                Written { verb: "deliver".to_owned(), delivery: Some(*index), ..Written::default() }
            }
            Entry::Request(request, error, base) => {
                let eye = eye.expect("requests are only sent if there is a DaemonSet");
                written(setting, eye, *request, *error, base.as_ref())?
            }
        };
        if logged.group != group || writes.is_empty() {
            writes.push(Vec::new());
            group = logged.group;
        }
        writes.last_mut().expect("just pushed").push(written);
    }
    let mut outcome = Outcome {
        writes,
        expectations: world.memory.expectations.map(|record| Expectations {
            add: record.add,
            del: record.del,
            age_seconds: 0,
        }),
        requeue_after_seconds: world.requeues.clone(),
        events: world.events.iter().map(|reason| (*reason).to_owned()).collect(),
        backoff: (world.backoff.iter())
            .map(|record| Backoff {
                node: names.node_text(record.node),
                seconds: record.length,
                age_seconds: record.age,
            })
            .collect(),
        consistency: (setting.subject.switches.gate != Gate::Off)
            .then(|| world.memory.own_writes.map(|own| own_writes_text(names, &own))),
        error: ending.err().map(|failure| Failure {
            stage: format!("{:?}", failure.stage).to_lowercase(),
            causes: causes(failure.causes),
        }),
        queued: Vec::new(),
        node_queued: Vec::new(),
        suspended: world.suspended.iter().map(|node| names.node_text(*node)).collect(),
    };
    for (of_nodes, entry) in world.queued.iter().filter_map(|effect| queued(names, *effect)) {
        if of_nodes { outcome.node_queued.push(entry) } else { outcome.queued.push(entry) }
    }
    outcome.normalise();
    Ok(outcome)
}

fn causes(causes: Causes) -> Vec<String> {
    const ALL: [Reason; 22] = [
        Reason::Conflict,
        Reason::AlreadyExists,
        Reason::NotFound,
        Reason::Invalid,
        Reason::Forbidden,
        Reason::InternalError,
        Reason::Timeout,
        Reason::TooManyRequests,
        Reason::ServiceUnavailable,
        Reason::NamespaceTerminating,
        Reason::OwnerReplaced,
        Reason::OwnerDeleting,
        Reason::StaleCollisionCount,
        Reason::InvalidSelector,
        Reason::NotReady,
        Reason::BadKey,
        Reason::InvalidMaxUnavailable,
        Reason::InvalidMaxSurge,
        Reason::NodeMissing,
        Reason::FailedPods,
        Reason::NilMap,
        Reason::NilPointer,
    ];
    ALL.into_iter().filter(|reason| causes.contains(*reason)).map(reason_text).collect()
}

/// A request as sent.
fn written(
    setting: &Setting<'_>,
    eye: &Eye,
    request: Request,
    error: Option<Reason>,
    base: Option<&Rc<Object>>,
) -> Result<Written, BadVector> {
    let names = &setting.names;
    let us = eye.daemon_set();
    let (verb, kind, name) = describe(setting, request);
    // Revisions of other namespaces carry it in their name here.
    let (namespace, name) = match name.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (String::new(), name),
    };
    let mut written = Written {
        verb: verb.to_owned(),
        kind: kind.text().to_owned(),
        namespace,
        name,
        error: error.map(reason_text).unwrap_or_default(),
        ..Written::default()
    };
    let base_labels = || base.and_then(|base| base.labels.clone()).unwrap_or_default();
    match request {
        Request::GetDaemonSet | Request::GetRevision(_) | Request::DeleteRevision(_) | Request::DeletePod(..) => {}
        Request::AdoptPod(_, uid) | Request::AdoptRevision(_, uid) => {
            "strategic".clone_into(&mut written.patch_type);
            written.patch = Some(Json(json!({"metadata": {
                "ownerReferences": [setting.owner_reference(us)],
                "uid": names.uid_text(uid),
            }})));
        }
        Request::ReleasePod(_, uid) | Request::ReleaseRevision(_, uid) => {
            "strategic".clone_into(&mut written.patch_type);
            written.patch = Some(Json(json!({"metadata": {
                "ownerReferences": [{"$patch": "delete", "uid": names.uid_text(us.uid)}],
                "uid": names.uid_text(uid),
            }})));
        }
        Request::RelabelPod(_, hash, None) => {
            "merge".clone_into(&mut written.patch_type);
            written.patch = Some(Json(json!({"metadata": {"labels": {HASH_LABEL: names.symbol_text(hash)}}})));
        }
        Request::RelabelPod(_, hash, Some(version)) => {
            written.labels = base_labels();
            written.labels.insert(HASH_LABEL.to_owned(), names.symbol_text(hash));
            written.resource_version = version.0.to_string();
        }
        Request::LabelRevision(_, version) => {
            written.labels = base_labels();
            written.labels.insert(HASH_LABEL.to_owned(), written.name.clone());
            written.resource_version = version.0.to_string();
            written.revision = base.map_or(0, |base| super::json::number(&base.json, &["revision"]));
        }
        Request::RenumberRevision(_, version, number) => {
            written.labels = base_labels();
            written.resource_version = version.0.to_string();
            written.revision = number;
        }
        Request::CreateRevision(number) => {
            written.revision = number;
            written.labels = setting.revision_labels(us);
            written.annotations = texts(&us.json, &["metadata", "annotations"]).unwrap_or_default();
            written.owner = names.uid_text(us.uid);
        }
        Request::CreatePod(node, hash, generation) => {
            written.node = std::mem::take(&mut written.name);
            written.hash = names.symbol_text(hash);
            written.generation = generation.map(|generation| generation.to_string()).unwrap_or_default();
            // Only the answers of releases that bind some pods themselves tell.
            let rules = setting.subject.placement;
            if rules.placed_by == PlacedBy::Controller || rules.old_kubelets == OldKubelets::BoundByController {
                let binding = setting.binding(eye, node)?;
                written.bound = !matches!(binding, Binding::Scheduled { node_name: None, .. });
            }
            if setting.given.full_pods {
                written.object = Some(Json(setting.created_pod(eye, node, hash, generation)?));
            }
        }
        Request::UpdateStatus(_, version, status) => {
            written.resource_version = version.0.to_string();
            written.status = Some(status_text(&status));
        }
    }
    Ok(written)
}

fn status_text(status: &record::Status) -> Status {
    let counters = status.counters;
    Status {
        current_number_scheduled: counters.current_number_scheduled,
        desired_number_scheduled: counters.desired_number_scheduled,
        number_available: counters.number_available,
        number_misscheduled: counters.number_misscheduled,
        number_ready: counters.number_ready,
        number_unavailable: counters.number_unavailable,
        updated_number_scheduled: counters.updated_number_scheduled,
        observed_generation: status.observed_generation,
        collision_count: status.collision_count,
    }
}
