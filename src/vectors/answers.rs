//! Compares an answer of ours with the recorded one: of the question's own file, or of another release to that question.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::BadVector;
use super::difference::{Comparison, compare, verdict};
use super::question::{Given, Line};
use super::subject::Subject;
use super::wire::Outcome;
use super::{handlers, sync};
use crate::release::FailedPods;

/// What an answer leaves out of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The question's own file: everything is compared.
    Own,
    /// Another release, with an answer of its own: no records of own writes.
    Other,
    /// Another release that answers as the question's file does: nor what only the other release shows.
    Same,
}

/// Compares the outcomes of a sync. `answer` is the line of another release, if one was asked.
///
/// # Errors
///
/// If the question is none, or has no answer.
pub fn check_sync(subject: &Subject, question: &Line, answer: Option<&Line>) -> Result<Comparison, BadVector> {
    let given = given(question)?;
    let ours = sync::outcomes(subject, question, given)?;
    let recorded = |line: &Line| -> Result<BTreeSet<Outcome>, BadVector> {
        let outcomes = line.outcomes.as_ref().ok_or_else(|| BadVector::new("`outcomes` is missing"))?;
        Ok(outcomes.iter().cloned().map(normalised).collect())
    };
    let (scope, theirs) = match answer {
        None => (Scope::Own, recorded(question)?),
        Some(answer) if !answer.same => (Scope::Other, recorded(answer)?),
        // Both were asked without the gate; the question's file has only the answer with it.
        Some(answer) if answer.gate == Some(false) => {
            (Scope::Same, sync::outcomes(&Subject::today_without_gate(), question, given)?)
        }
        Some(_) => (Scope::Same, recorded(question)?),
    };
    let ours: BTreeSet<Outcome> = ours.into_iter().map(|outcome| cut(subject, scope, outcome)).collect();
    let theirs: BTreeSet<Outcome> = theirs.into_iter().map(|outcome| cut(subject, scope, outcome)).collect();
    compare_sets(&theirs, &ours)
}

/// Compares what a handler or a queue item does.
///
/// # Errors
///
/// If the question is none, or has no answer.
pub fn check_handlers(subject: &Subject, question: &Line, answer: Option<&Line>) -> Result<Comparison, BadVector> {
    let given = given(question)?;
    let mut ours = handlers::answer(subject, given)?;
    let recorded = |line: &Line| -> Result<handlers::Answer, BadVector> {
        let expected = line.expected.as_ref().ok_or_else(|| BadVector::new("`expected` is missing"))?;
        let mut expected: handlers::Answer = Deserialize::deserialize(expected)?;
        expected.normalise();
        Ok(expected)
    };
    let mut theirs = match answer {
        Some(answer) if !answer.same => recorded(answer)?,
        Some(answer) if answer.gate == Some(false) => handlers::answer(&Subject::today_without_gate(), given)?,
        None | Some(_) => recorded(question)?,
    };
    if answer.is_some() {
        ours.consistency.clear();
        theirs.consistency.clear();
    }
    let (ours, theirs) = (serde_json::to_value(&ours)?, serde_json::to_value(&theirs)?);
    Ok(verdict(compare("expected", &theirs, &ours)))
}

fn given(question: &Line) -> Result<&Given, BadVector> {
    question.given.as_ref().ok_or_else(|| BadVector::new("`given` is missing"))
}

fn normalised(mut outcome: Outcome) -> Outcome {
    outcome.normalise();
    outcome
}

/// The part of an outcome that is compared.
fn cut(subject: &Subject, scope: Scope, mut outcome: Outcome) -> Outcome {
    if subject.switches.failed_pods != FailedPods::Backoff {
        outcome.backoff.clear(); // The release has none.
    }
    if scope == Scope::Own {
        return outcome;
    }
    outcome.consistency = None;
    if scope == Scope::Same {
        outcome.suspended.clear();
        outcome.writes.iter_mut().flatten().for_each(|request| request.bound = false);
    }
    outcome
}

/// Compares two sets of outcomes: nothing may be missing, and nothing too much.
fn compare_sets(theirs: &BTreeSet<Outcome>, ours: &BTreeSet<Outcome>) -> Result<Comparison, BadVector> {
    let missing: Vec<&Outcome> = theirs.difference(ours).collect();
    let surplus: Vec<&Outcome> = ours.difference(theirs).collect();
    let json = |outcome: &Outcome| serde_json::to_value(outcome);
    let mut differences = Vec::new();
    for index in 0..missing.len().max(surplus.len()) {
        let (theirs, ours) = match (missing.get(index), surplus.get(index)) {
            // The surplus outcome that differs least.
            (Some(missing), Some(_)) => {
                let missing = json(missing)?;
                let mut closest: Option<Vec<_>> = None;
                for surplus in &surplus {
                    let found = compare(&format!("outcomes[{index}]"), &missing, &json(surplus)?);
                    if closest.as_ref().is_none_or(|closest| found.len() < closest.len()) {
                        closest = Some(found);
                    }
                }
                differences.extend(closest.into_iter().flatten());
                continue;
            }
            (Some(missing), None) => (json(missing)?, Value::Null),
            (None, Some(surplus)) => (Value::Null, json(surplus)?),
            (None, None) => continue,
        };
        differences.extend(compare(&format!("outcomes[{index}]"), &theirs, &ours));
    }
    Ok(verdict(differences))
}
