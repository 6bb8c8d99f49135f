//! Vectors of kind `counts`: what `maxUnavailable` and `maxSurge` come to.

use k8s_openapi::api::apps::v1::DaemonSetUpdateStrategy;
use serde_json::{Value, json};

use super::difference::{Comparison, VectorError, compare, member, optional, verdict};
use crate::controller::budget::{BudgetError, DesiredNodeCounts, LimitError, node_counts};
use crate::manifest::daemon_set::strategy;
use crate::release::budget::{BudgetRules, DesiredNodeCounts as Arithmetic};

/// Puts one question and compares with its own answer (release 1.36.3).
///
/// # Errors
/// If the line is no vector of this kind.
pub fn run(question: &Value, rules: BudgetRules) -> Result<Comparison, VectorError> {
    let (strategy, desired) = given(question, rules)?;
    let count = |count: Result<i64, LimitError>| count.map_or_else(limit_error, |count| json!(count));
    let answered = json!({
        "unavailableCount": count(strategy.unavailable_count(desired)),
        "surgeCount": count(strategy.surge_count(desired)),
        "allowsSurge": strategy.allows_surge(),
        "rollout": rollout(node_counts(&strategy, desired, rules)),
    });
    Ok(verdict(compare("expected", &member::<Value>(question, "expected")?, &answered)))
}

/// Puts one question and compares with the answer of another release: `rollout` only.
///
/// # Errors
/// If one of the lines is none of this kind.
pub fn run_answer(question: &Value, answer: &Value, rules: BudgetRules) -> Result<Comparison, VectorError> {
    if let Some(reason) = optional::<String>(answer, "skipped")? {
        return Ok(Comparison::Skipped(reason));
    }
    let same = optional::<bool>(answer, "same")? == Some(true);
    let expected: Value = member(if same { question } else { answer }, "expected.rollout")?;
    let (strategy, desired) = given(question, rules)?;
    let answered = rollout(node_counts(&strategy, desired, rules));
    let (expected, answered) = match rules.desired_node_counts {
        Arithmetic::WithSurge => (expected, answered),
        // Releases without surge compute fewer of the numbers; what they have must agree.
        Arithmetic::UnavailableOnly => (unavailable_only(&expected), unavailable_only(&answered)),
    };
    Ok(verdict(compare("rollout", &expected, &answered)))
}

fn given(question: &Value, rules: BudgetRules) -> Result<(crate::controller::budget::Strategy, i64), VectorError> {
    let update_strategy: DaemonSetUpdateStrategy = member(question, "given.strategy")?;
    let desired: Option<i64> = optional(question, "given.desired")?;
    Ok((strategy(&update_strategy, rules), desired.unwrap_or(0)))
}

fn unavailable_only(rollout: &Value) -> Value {
    match rollout.get("error") {
        Some(error) => json!({ "error": error }),
        None => json!({ "maxUnavailable": rollout.get("maxUnavailable") }),
    }
}

fn rollout(counts: Result<DesiredNodeCounts, BudgetError>) -> Value {
    match counts {
        Ok(DesiredNodeCounts { max_surge, max_unavailable, desired }) => {
            json!({ "maxSurge": max_surge, "maxUnavailable": max_unavailable, "desired": desired })
        }
        Err(BudgetError::InvalidMaxUnavailable(_)) => json!({ "error": "InvalidMaxUnavailable" }),
        Err(BudgetError::InvalidMaxSurge(_)) => json!({ "error": "InvalidMaxSurge" }),
        Err(BudgetError::NilPointer) => json!({ "error": "NilPointer" }),
    }
}

fn limit_error(error: LimitError) -> Value {
    json!({ "error": match error {
        LimitError::Nil => "Nil",
        LimitError::NotPercentage => "NotPercentage",
        LimitError::BadNumber => "BadNumber",
    }})
}
