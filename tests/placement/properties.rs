//! Decisions against dumb, obviously right versions, over small alphabets in which things meet often.

use std::collections::BTreeMap;

use everynode::manifest::label::{Labels, Operator, Requirement, is_label_value, is_qualified_name};
use everynode::manifest::node::NodeView;
use everynode::manifest::placement::{Eligibility, Placement};
use everynode::manifest::selector::Selector;
use everynode::manifest::tolerations::{Critical, daemon_pod_tolerations, tolerates_taint};
use everynode::release::placement::{ComparisonOperators, PlacementRules};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use proptest::prelude::*;
use proptest::sample::select;

fn text(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    text(&["a", "b", "node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure"])
}

fn value() -> impl Strategy<Value = String> {
    text(&["", "5", "-5", "+5", "05", "-0", "0", "17", "9223372036854775808", "x"])
}

fn taint() -> impl Strategy<Value = Taint> {
    let effect = text(&["NoSchedule", "NoExecute", "PreferNoSchedule"]);
    (key(), proptest::option::of(value()), effect).prop_map(|(key, value, effect)| Taint {
        key,
        value,
        effect,
        time_added: None,
    })
}

fn toleration() -> impl Strategy<Value = Toleration> {
    let operator = text(&["", "Equal", "Exists", "Lt", "Gt", "Bogus"]);
    let effect = text(&["", "NoSchedule", "NoExecute"]);
    let key = prop_oneof![Just(String::new()), key()];
    let seconds = proptest::option::of(0..3_i64);
    let option = proptest::option::of::<BoxedStrategy<String>>;
    (option(key.boxed()), option(operator.boxed()), option(value().boxed()), option(effect.boxed()), seconds).prop_map(
        |(key, operator, value, effect, toleration_seconds)| Toleration {
            key,
            operator,
            value,
            effect,
            toleration_seconds,
        },
    )
}

fn operators() -> impl Strategy<Value = ComparisonOperators> {
    select(&[ComparisonOperators::Supported, ComparisonOperators::Unsupported])
}

/// The number that digits spell, place by place.
fn spelled(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let numeral = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    if !numeral || digits.len() > 1 && digits.starts_with('0') || text == "-0" {
        return None;
    }
    let number = digits.chars().fold(0, |sum, digit| sum * 10 + i128::from(u32::from(digit) - u32::from('0')));
    Some(sign * number).filter(|number| (i128::from(i64::MIN)..=i128::from(i64::MAX)).contains(number))
}

/// The tolerates relation, written as a list of all cases.
fn dumb_tolerates(toleration: &Toleration, taint: &Taint, operators: ComparisonOperators) -> bool {
    let has = |field: &Option<String>| field.clone().unwrap_or_default();
    let any_effect = has(&toleration.effect).is_empty();
    let any_key = has(&toleration.key).is_empty();
    let about_it =
        (any_effect || has(&toleration.effect) == taint.effect) && (any_key || has(&toleration.key) == taint.key);
    let numbers = spelled(&has(&toleration.value)).zip(spelled(&has(&taint.value)));
    let supported = operators == ComparisonOperators::Supported;
    about_it
        && match has(&toleration.operator).as_str() {
            "Exists" => true,
            "" | "Equal" => has(&toleration.value) == has(&taint.value),
            "Lt" => supported && numbers.is_some_and(|(tolerated, value)| value < tolerated),
            "Gt" => supported && numbers.is_some_and(|(tolerated, value)| value > tolerated),
            _ => false,
        }
}

fn labels() -> impl Strategy<Value = Labels> {
    let label = text(&["", "1", "2", "03", "-1", "x"]);
    proptest::collection::btree_map(text(&["a", "b", "c"]), label, 0..3)
}

fn expression() -> impl Strategy<Value = LabelSelectorRequirement> {
    let operator = text(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Bogus"]);
    let values = proptest::collection::vec(text(&["", "1", "2", "x", "bad value!"]), 0..3);
    (text(&["a", "b", "c", "-bad key"]), operator, values)
        .prop_map(|(key, operator, values)| LabelSelectorRequirement { key, operator, values: Some(values) })
}

/// Whether labels are selected; nothing if the selector is invalid.
fn dumb_selects(selector: &LabelSelector, labels: &Labels) -> Option<bool> {
    let mut all = true;
    for (key, value) in selector.match_labels.iter().flatten() {
        all &= labels.get(key) == Some(value);
    }
    for LabelSelectorRequirement { key, operator, values } in selector.match_expressions.iter().flatten() {
        let values = values.clone().unwrap_or_default();
        let bad_value = values.iter().any(|value| value == "bad value!");
        if key == "-bad key" || bad_value {
            return None;
        }
        let listed = labels.get(key).is_some_and(|value| values.contains(value));
        all &= match (operator.as_str(), values.is_empty()) {
            ("In", false) => listed,
            ("NotIn", false) => !listed,
            ("Exists", true) => labels.contains_key(key),
            ("DoesNotExist", true) => !labels.contains_key(key),
            _ => return None,
        };
    }
    Some(all)
}

proptest! {
    #[test]
    fn tolerates_is_the_list_of_its_cases(toleration in toleration(), taint in taint(), operators in operators()) {
        let dumb = dumb_tolerates(&toleration, &taint, operators);
        prop_assert_eq!(tolerates_taint(&toleration, &taint, operators), dumb);
    }

    #[test]
    fn a_selector_selects_what_meets_every_requirement_and_is_refused_if_one_is_invalid(
        match_labels in labels(),
        match_expressions in proptest::collection::vec(expression(), 0..3),
        labels in labels(),
    ) {
        let selector = LabelSelector { match_labels: Some(match_labels), match_expressions: Some(match_expressions) };
        let parsed = Selector::parse(Some(&selector)).ok();
        let answer = parsed.as_ref().map(|selector| selector.matches(&labels));
        // The one invalid label value among those of matchLabels.
        let refused = selector.match_labels.iter().flatten().any(|(_, value)| value == "-1");
        prop_assert_eq!(answer, dumb_selects(&selector, &labels).filter(|_| !refused));
        let empty = selector.match_labels.iter().flatten().count() + selector.match_expressions.iter().flatten().count() == 0;
        prop_assert_eq!(parsed.is_some_and(|selector| selector.is_empty()), empty);
    }

    #[test]
    fn numbers_compare_as_numbers(label in -20..20_i64, bound in 0..20_i64) {
        let labels = BTreeMap::from([("n".to_owned(), label.to_string())]);
        let ask = |operator| Requirement::new("n", operator, &[bound.to_string()]).map(|r| r.matches(&labels));
        prop_assert_eq!(ask(Operator::Gt), Ok(label > bound));
        prop_assert_eq!(ask(Operator::Lt), Ok(label < bound));
    }

    #[test]
    fn every_daemon_pod_tolerates_the_standard_taints(
        tolerations in proptest::collection::vec(toleration(), 0..4),
        host_network in any::<bool>(),
    ) {
        let rules = PlacementRules::v1_36();
        let spec = PodSpec { tolerations: Some(tolerations.clone()), host_network: Some(host_network), ..PodSpec::default() };
        let all = daemon_pod_tolerations(&spec, Critical::No, rules);
        let standard = [
            ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
            ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
        ];
        for (name, effect) in standard {
            let taint = Taint { key: format!("node.kubernetes.io/{name}"), effect: effect.to_owned(), ..Taint::default() };
            prop_assert!(all.iter().any(|t| tolerates_taint(t, &taint, ComparisonOperators::Unsupported)));
        }
        // Nothing that the template tolerates is lost, and adding twice is adding once.
        prop_assert!(all.len() >= tolerations.len());
        let again = PodSpec { tolerations: Some(all.clone()), host_network: Some(host_network), ..PodSpec::default() };
        prop_assert_eq!(daemon_pod_tolerations(&again, Critical::No, rules), all);
    }

    #[test]
    fn a_node_should_run_a_pod_exactly_if_there_is_no_reason_against(
        tolerations in proptest::collection::vec(toleration(), 0..3),
        taints in proptest::collection::vec(taint(), 0..3),
        node_selector in labels(),
        labels in labels(),
    ) {
        let spec = PodSpec { tolerations: Some(tolerations), node_selector: Some(node_selector.clone()), ..PodSpec::default() };
        let template = PodTemplateSpec { spec: Some(spec.clone()), ..PodTemplateSpec::default() };
        let node = NodeView { name: "n1", labels: &labels, taints: &taints };
        let rules = PlacementRules::v1_36();
        let placement = Placement::compile(&template, rules);
        let answer = placement.explain(&node);
        prop_assert_eq!(answer.reasons.is_empty(), answer.eligibility == Eligibility::ShouldRun);
        prop_assert_eq!(placement.node_should_run_daemon_pod(&node), answer.eligibility);

        let all = daemon_pod_tolerations(&spec, Critical::No, rules);
        let blocked = |effect: &str| taints.iter().any(|taint| {
            taint.effect == effect && !all.iter().any(|t| dumb_tolerates(t, taint, ComparisonOperators::Unsupported))
        });
        let selected = node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        let dumb = if !selected || blocked("NoExecute") {
            Eligibility::MustGo
        } else if blocked("NoSchedule") {
            Eligibility::MayStay
        } else {
            Eligibility::ShouldRun
        };
        prop_assert_eq!(answer.eligibility, dumb);
    }
}

#[test]
fn keys_and_values_are_valid_as_the_api_server_says() {
    let long = "x".repeat(64);
    for key in ["a", "A1", "a-b_c.d", "example.com/a", "1/b"] {
        assert!(is_qualified_name(key), "{key}");
    }
    for key in ["", "-a", "a-", "a b", "/a", "a/", "a/b/c", "Example.com/a", "a..b/c", long.as_str()] {
        assert!(!is_qualified_name(key), "{key}");
    }
    for value in ["", "a", "1.0"] {
        assert!(is_label_value(value), "{value}");
    }
    for value in ["-1", "+3", "a ", ".", long.as_str()] {
        assert!(!is_label_value(value), "{value}");
    }
}

#[test]
fn no_selector_selects_nothing_and_an_empty_one_everything() {
    let labels = Labels::new();
    let nothing = Selector::parse(None).expect("no selector is valid");
    let everything = Selector::parse(Some(&LabelSelector::default())).expect("an empty selector is valid");
    assert_eq!((nothing.matches(&labels), nothing.is_empty()), (false, false));
    assert_eq!((everything.matches(&labels), everything.is_empty()), (true, true));
}
