//! Golden vectors of the real controller, kinds `placement` and `counts`: every line of every release must agree.

use std::collections::HashMap;
use std::path::PathBuf;

use everynode::release::budget::BudgetRules;
use everynode::release::placement::PlacementRules;
use everynode::vectors::difference::{Comparison, VectorError, id};
use everynode::vectors::placement::BothWays;
use everynode::vectors::{counts, placement};
use serde_json::Value;

/// The lines of a vector file whose id holds `kind`.
fn lines(file: &str, kind: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors").join(file);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("golden vectors are needed: {}: {error}", path.display()));
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a line of a vector file is JSON"));
    lines.filter(|line: &Value| id(line).contains(kind)).collect()
}

/// Fails unless exactly `agreed` lines agree, none differs and `skipped` were not asked.
fn check(
    name: &str,
    (agreed, skipped): (usize, usize),
    comparisons: impl Iterator<Item = (String, Result<Comparison, VectorError>)>,
) {
    let (mut agreeing, mut skipping, mut differing) = (0, 0, Vec::new());
    for (id, comparison) in comparisons {
        match comparison.unwrap_or_else(|error| panic!("{name}: {error}")) {
            Comparison::Agreed => agreeing += 1,
            Comparison::Skipped(_) => skipping += 1,
            Comparison::Differs(differences) => differing.push(format!("{id}: {}", differences[0])),
        }
    }
    let shown = differing.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(differing.is_empty(), "{name}: {} differ, among them\n{shown}", differing.len());
    assert_eq!((agreeing, skipping), (agreed, skipped), "{name}: agreed, skipped");
}

/// Pairs every answer with its question and puts it.
fn answers<'a>(
    questions: &'a [Value],
    answers: &'a [Value],
    put: impl Fn(&Value, &Value) -> Result<Comparison, VectorError> + 'a,
) -> impl Iterator<Item = (String, Result<Comparison, VectorError>)> + 'a {
    let questions: HashMap<&str, &Value> = questions.iter().map(|question| (id(question), question)).collect();
    answers.iter().map(move |answer| {
        let question = questions.get(id(answer)).unwrap_or_else(|| panic!("no question {}", id(answer)));
        (id(answer).to_owned(), put(question, answer))
    })
}

#[test]
fn placement_of_v1_36_agrees() {
    let questions = lines("v1.36.3/placement.jsonl", "placement");
    let put = |question: &Value| placement::run(question, None, PlacementRules::v1_36());
    check("v1.36.3", (2100, 0), questions.iter().map(|question| (id(question).to_owned(), put(question))));
}

#[test]
fn placement_of_v1_28_and_v1_20_agrees() {
    let questions = lines("v1.36.3/placement.jsonl", "placement");
    for (release, rules) in [("v1.28.15", PlacementRules::v1_28()), ("v1.20.15", PlacementRules::v1_20())] {
        let given = lines(&format!("{release}/answers.jsonl"), "-placement-");
        let put = |question: &Value, answer: &Value| placement::run(question, Some(answer), rules);
        check(release, (2100, 0), answers(&questions, &given, put));
    }
}

#[test]
fn placement_of_v1_11_agrees_in_both_ways() {
    let questions = lines("v1.11.10/placement.jsonl", "");
    let put = |question: &Value| placement::run_both_ways(question, None, BothWays::v1_11());
    check("v1.11.10", (2520, 0), questions.iter().map(|question| (id(question).to_owned(), put(question))));
}

#[test]
fn placement_of_v1_12_agrees_in_both_ways() {
    let questions = lines("v1.11.10/placement.jsonl", "");
    let given = lines("v1.12.10/placement-answers.jsonl", "");
    let put = |question: &Value, answer: &Value| placement::run_both_ways(question, Some(answer), BothWays::v1_12());
    check("v1.12.10", (2520, 0), answers(&questions, &given, put));
}

#[test]
fn counts_of_v1_36_agree() {
    let questions = lines("v1.36.3/counts.jsonl", "counts");
    let put = |question: &Value| counts::run(question, BudgetRules::v1_36());
    check("v1.36.3", (280, 0), questions.iter().map(|question| (id(question).to_owned(), put(question))));
}

#[test]
fn counts_of_older_releases_agree() {
    let questions = lines("v1.36.3/counts.jsonl", "counts");
    for (file, rules, expected) in [
        ("v1.28.15/answers.jsonl", BudgetRules::v1_28(), (280, 0)),
        ("v1.20.15/answers.jsonl", BudgetRules::v1_20(), (280, 0)),
        ("v1.12.10/answers-legacy.jsonl", BudgetRules::v1_12(), (120, 160)),
        ("v1.12.10/answers-default.jsonl", BudgetRules::v1_12(), (120, 160)),
        ("v1.11.10/answers.jsonl", BudgetRules::v1_11(), (120, 160)),
    ] {
        let given = lines(file, "-counts-");
        let put = |question: &Value, answer: &Value| counts::run_answer(question, answer, rules);
        check(file, expected, answers(&questions, &given, put));
    }
}
