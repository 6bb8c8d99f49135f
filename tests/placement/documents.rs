//! Manifests as people have them: every way of writing the same objects reads the same.

use std::fmt::Write as _;

use everynode::manifest::documents::{Documents, read};

const DAEMON_SET: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: a\nspec:\n  selector: {}\n  template:\n    spec:\n      hostNetwork: true\n";
const NODE: &str = "kind: Node\napiVersion: v1\nmetadata: {name: n, labels: {x: \"1\"}}\n";

fn ok(text: &str) -> Documents {
    read("test.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Fails at this line with a message that holds these words.
fn check_refused(text: &str, line: usize, words: &str) {
    let error = read("test.yaml", text).expect_err("the text is malformed");
    assert_eq!((error.line, error.message.contains(words)), (line, true), "{error}");
}

fn indented(text: &str) -> String {
    let lines =
        text.lines().enumerate().map(|(place, line)| format!("{}{line}\n", if place == 0 { "- " } else { "  " }));
    lines.collect()
}

#[test]
fn documents_lists_and_json_read_the_same() {
    let documents = ok(&format!("{DAEMON_SET}---\n{NODE}"));
    assert_eq!((documents.daemon_sets.len(), documents.nodes.len(), documents.skipped.len()), (1, 1, 0));
    let json = |object: &dyn erased::Json| object.json();
    let (ds, node) = (json(&documents.daemon_sets[0]), json(&documents.nodes[0]));
    for same in [
        format!("# comment\n---\n---\n{DAEMON_SET}...\n---   \n# nothing\n--- \n{NODE}---\n"),
        format!("\u{feff}%YAML 1.2\n---\n{DAEMON_SET}---\n{NODE}"),
        format!("{DAEMON_SET}---\n{NODE}").replace('\n', "\r\n"),
        format!(
            "apiVersion: v1\nitems:\n{}{}kind: List\nmetadata: {{resourceVersion: \"\"}}\n",
            indented(DAEMON_SET),
            indented(NODE)
        ),
        format!("{ds}\n{node}"),
        format!("{ds}\n---\n{NODE}"),
        format!("{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{ds}, {node}]}}"),
    ] {
        let mut read = ok(&same);
        read.origins.clone_from(&documents.origins); // its line is another
        assert_eq!(read, documents, "{same}");
    }
}

/// Objects as JSON text, whatever their type.
mod erased {
    pub trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).expect("objects are JSON")
        }
    }
}

#[test]
fn items_of_a_typed_list_need_no_kind() {
    let list = "apiVersion: v1\nkind: NodeList\nitems:\n- metadata: {name: n1}\n- metadata: {name: n2}\n";
    assert_eq!(ok(list).nodes.len(), 2);
}

#[test]
fn other_kinds_and_other_groups_are_skipped_and_counted() {
    let text = "kind: ConfigMap\napiVersion: v1\ndata:\n  1: x\n  a: |\n    ---\n    - [}\n---\n{kind: Secret, kind: Secret}\n---\n\
                kind: DaemonSet\napiVersion: apps.kruise.io/v1alpha1\n---\nkind: Node\napiVersion: example.io/v1\n---\nx: 1\n---\n\
                kind: List\nitems:\n- kind: Secret\n- kind: Pod\n  metadata: {name: p}\n- 5\n";
    let documents = ok(text);
    let skipped: Vec<_> = documents.skipped.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    let expected = [
        ("ConfigMap", 1),
        ("DaemonSet of apps.kruise.io/v1alpha1", 1),
        ("Node of example.io/v1", 1),
        ("Secret", 2),
        ("that is no object", 1),
        ("without kind", 1),
    ];
    assert_eq!((skipped, documents.pods.len()), (expected.to_vec(), 1));
}

#[test]
fn a_daemon_set_is_told_with_the_line_where_its_document_begins() {
    let json = "{\"kind\": \"DaemonSet\",\n\"apiVersion\": \"apps/v1\"}";
    for (text, lines) in [
        (
            "kind: DaemonSet\n---\n# agents\n\nkind: DaemonSet\n---\nkind: Pod\n---\nkind: DaemonSet\n".to_owned(),
            vec![1, 5, 9],
        ),
        (format!("{json}\n\n{json} {json}"), vec![1, 4, 5]),
        (format!("---\n{json}\n---\n\n{json}"), vec![2, 6]),
        (format!("\n\n{json}"), vec![3]),
        ("# all\nkind: List\nitems:\n- kind: DaemonSet\n- kind: DaemonSet\n".to_owned(), vec![2, 2]),
    ] {
        let origins = ok(&text).origins;
        assert_eq!(origins.iter().map(|origin| origin.line).collect::<Vec<_>>(), lines, "{text}");
    }
}

#[test]
fn daemon_sets_of_old_api_versions_are_read() {
    for version in ["extensions/v1beta1", "apps/v1beta2"] {
        assert_eq!(ok(&DAEMON_SET.replace("apps/v1", version)).daemon_sets.len(), 1);
    }
}

/// The unknown fields of a text with their lines.
fn unknown_fields(text: &str) -> Vec<(usize, String)> {
    let fields = ok(text).unknown_fields.into_iter().map(|((_, field), unknown)| (unknown.line, field));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    fields
}

#[test]
fn an_unknown_field_is_found_at_its_line() {
    let found =
        |lines: &[(usize, &str)]| lines.iter().map(|(line, field)| (*line, (*field).to_owned())).collect::<Vec<_>>();
    let wrong = DAEMON_SET.replace("hostNetwork", "hostNetworks:\n        deep: 1\n      hostNetwork");
    let with_list =
        format!("{wrong}      tolerations:\n      - key: k\n      - {{key: l,\n         effects: x}}\nspecs: 1\n");
    let expected =
        [(13, "spec.template.spec.hostNetworks"), (19, "spec.template.spec.tolerations[1].effects"), (20, "specs")];
    assert_eq!(unknown_fields(&format!("{NODE}---\n{with_list}---\n{with_list}")), found(&expected));
    assert_eq!(unknown_fields(&format!("# one\n\n---\n\n{NODE}labels: {{}}\n")), found(&[(8, "labels")]));
    let list = format!("kind: List\nitems:\n{}{}", indented(NODE), indented(&wrong));
    assert_eq!(unknown_fields(&list), found(&[(14, "spec.template.spec.hostNetworks")]));
    let json = "\n{\"kind\": \"Secret\"}\n\n{\"kind\": \"List\", \"items\": [\n{\"kind\": \"Node\"}, {\"kind\": \"Node\",\n \"metadata\": {\n  \"label\": {\"a\": \"b\"}}}]}";
    assert_eq!(unknown_fields(json), found(&[(7, "metadata.label")]));
}

#[test]
fn a_mistake_is_shown_at_its_line() {
    check_refused(&format!("{NODE}---\n{}", DAEMON_SET.replace("true", "5")), 13, "boolean");
    check_refused(&format!("{NODE}---\n{DAEMON_SET}  template: {{}}\n"), 14, "duplicate");
    check_refused(&format!("{NODE}---\na: [1\n"), 5, "");
    check_refused("{\"kind\": \"Node\"}\n{\"kind\": \"Node\",\n \"spec\": {\"taints\": 5}}", 3, "invalid type");
    check_refused("{\"kind\": \"Node\"}\n{\"kind\": ", 2, "EOF");
    let list = "kind: List\nitems:\n- kind: Secret\n- kind: Node\n  metadata: {labels: [x]}\n";
    check_refused(list, 5, "");
}

#[test]
fn deep_nesting_and_alias_bombs_are_refused_without_effort() {
    let deep = format!("a: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    read("deep", &deep).expect_err("nesting is bounded");
    read("deep", &"{\"a\":".repeat(100_000)).expect_err("nesting is bounded");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{previous}]").expect("a string");
    }
    read("bomb", &bomb).expect_err("aliases are bounded");
}
