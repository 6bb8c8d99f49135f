//! What `check` found, for machines.

use serde_json::{Value, json};

use super::check::{Checked, Standing};
use crate::check::fair::Class;
use crate::check::{Trace, Verdict};
use crate::model::fairness;
use crate::model::used::{Provided, name};
use crate::property::Property;

/// An array, one object a model.
pub fn json(checked: &[Checked]) -> Value {
    Value::Array(checked.iter().map(model).collect())
}

fn model(one: &Checked) -> Value {
    json!({
        "model": one.file.scope.name,
        "path": one.file.path,
        "profile": one.file.profile.name,
        "uniqueStates": one.report.unique_states,
        "transitions": one.report.transitions,
        "depth": one.report.depth(),
        "seconds": one.report.elapsed.as_secs_f64(),
        "stopped": one.report.stopped.map(|reason| reason.to_string()),
        "claims": one.properties.iter().map(|property| claim(one, *property)).collect::<Vec<_>>(),
        "neverHappened": never_happened(one),
    })
}

fn claim(one: &Checked, property: Property) -> Value {
    let finding = one.finding(property);
    let (verdict, length, reason) = match &finding.verdict {
        Verdict::Holds => ("holds", None, None),
        Verdict::NoneFound(reason) => ("none-found", None, Some(reason.to_string())),
        Verdict::Violated(trace) => ("violated", Some(trace.actions.len()), None),
    };
    let standing = match one.standing(property) {
        Standing::Free => None,
        Standing::Expected => Some("as-expected"),
        Standing::Unexpected => Some("not-as-expected"),
        Standing::CutShort => Some("cut-short"),
    };
    let mut claim = json!({
        "property": property.id(),
        "verdict": verdict,
        "length": length,
        "reason": reason,
        "premiseReached": finding.premise_reached,
        "standing": standing,
        "line": one.expectation(property).map(|expectation| expectation.line),
    });
    if let Verdict::Violated(Trace { cycle: Some(cycle), .. }) = &finding.verdict {
        let names =
            |classes: &[Class]| classes.iter().map(|class| fairness::name(&one.file.scope, *class)).collect::<Vec<_>>();
        claim["loop"] =
            json!({"begins": cycle.begins, "taken": names(&cycle.taken), "passedOver": names(&cycle.passed)});
    }
    claim
}

/// What no behaviour makes use of; absent where the graph was not visited whole.
fn never_happened(one: &Checked) -> Option<Vec<Value>> {
    let told = |(provided, line): &(Provided, usize)| {
        let kind = match provided {
            Provided::Command(..) => "command",
            Provided::Fault(_) => "fault",
            Provided::Rule(_) => "lifecycle",
        };
        json!({"kind": kind, "what": name(&one.file.scope, *provided), "line": line})
    };
    one.report.stopped.is_none().then(|| one.never_happened().iter().map(told).collect())
}
