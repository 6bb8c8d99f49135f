//! Runs `wake*.jsonl`: which events wake a `DaemonSet` that waits for room (LEG-14).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BadVector;
use super::difference::{Comparison, compare, verdict};
use super::handlers::{Notification, Stores, expectations, kind_of_handler, notify, queued};
use super::names::Names;
use super::object::{Kind, Object};
use super::question::Line;
use super::subject::Subject;
use super::view::PlacementCheck;
use super::wire::{Expectations, Queued};
use crate::controller::memory::Memory;

/// The answer to a question of this kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    queued: Vec<Queued>,
    /// Those of `ns/ds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expectations: Option<Expectations>,
    after: After,
}

/// What the check says of `ns/ds` on the node once the event is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct After {
    #[serde(default)]
    want_to_run: bool,
    #[serde(default)]
    should_schedule: bool,
    #[serde(default)]
    should_continue_running: bool,
}

/// Puts a question of this kind and compares with its answer.
///
/// # Errors
///
/// If it is none.
pub fn check(subject: &Subject, question: &Line) -> Result<Comparison, BadVector> {
    let missing = |name: &str| BadVector::new(format!("`{name}` is missing"));
    let given = question.given.as_ref().ok_or_else(|| missing("given"))?;
    let event = given.event.as_ref().ok_or_else(|| missing("given.event"))?;
    let expected = question.expected.as_ref().ok_or_else(|| missing("expected"))?;
    let mut theirs: Answer = Deserialize::deserialize(expected)?;
    theirs.queued.sort();

    let names = Names::new(Vec::new());
    let read = |kind, value: &Value| Object::read(&names, kind, value.clone());
    let mut stores = Stores::default();
    for ds in given.daemon_sets.iter().flatten() {
        stores.daemon_sets.push(read(Kind::DaemonSet, ds)?);
    }
    stores.pods = given.pod.iter().map(|pod| read(Kind::Pod, pod)).collect::<Result<_, _>>()?;
    stores.nodes = given.node.iter().map(|node| read(Kind::Node, node)).collect::<Result<_, _>>()?;

    let kind = kind_of_handler(&event.handler)?;
    let object = event.object.as_ref().ok_or_else(|| missing("event.object"))?;
    let object = read(kind, object)?;
    let old = event.old.as_ref().map(|old| read(kind, old)).transpose()?;
    let deleted = event.handler.starts_with("delete");
    stores.put(kind, &object, !deleted);
    let node_name = super::json::text(&object.json, &["spec", "nodeName"]);
    let waiting = names.key("ns", "ds");
    let suspended = if kind == Kind::Pod && given.suspended.iter().any(|node| node == node_name) {
        vec![waiting]
    } else {
        Vec::new()
    };
    let notification = Notification {
        old: if deleted { Some(&*object) } else { old.as_deref() },
        new: Some(&*object).filter(|_| !deleted),
        syncing: false,
        suspended: &suspended,
    };
    let record: Option<Expectations> = Deserialize::deserialize(&given.expectations)?;
    let mut memory = Memory { expectations: record.as_ref().map(expectations), ..Memory::default() };
    let mut ours = Answer::default();
    for effect in notify(&names, subject, &stores, notification)? {
        effect.apply(waiting, &mut memory);
        ours.queued.extend(queued(&names, effect).map(|(_, entry)| entry));
    }
    ours.queued.sort();
    ours.queued.dedup();
    ours.expectations =
        memory.expectations.map(|record| Expectations { add: record.add, del: record.del, age_seconds: 0 });
    ours.after = after(subject, &stores)?;
    Ok(verdict(compare("expected", &serde_json::to_value(&theirs)?, &serde_json::to_value(&ours)?)))
}

fn after(subject: &Subject, stores: &Stores) -> Result<After, BadVector> {
    let ds = stores.daemon_sets.iter().find(|ds| ds.namespace == "ns" && ds.name == "ds");
    let (Some(ds), Some(node)) = (ds, stores.nodes.first()) else {
        return Err(BadVector::new("there is no DaemonSet `ns/ds`, or no node"));
    };
    let placement = PlacementCheck::of(subject, ds)?.on(node.node(), &stores.typed_pods(subject)?)?;
    Ok(After {
        want_to_run: placement.wanted,
        should_schedule: placement.should_run,
        should_continue_running: placement.should_continue_running,
    })
}
