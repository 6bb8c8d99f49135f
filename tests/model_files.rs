//! Bad model files: each refused where it is bad, in one located message.

use std::path::Path;

use everynode::scope::{ModelError, parse};

const MODEL: &str = r#"about = "A model of the test."
users = [["create a", "node n1 tainted"]]
lifecycle = [{ when_ready = true, from = "plain", to = "tainted" }]

[nodes]
n1 = "plain"
n2 = { variant = "tainted", kubelet = "runs" }

[variants]
plain = { labels = { zone = "a" } }
tainted = { taints = ["maintenance=now:NoExecute", "maintenance:NoSchedule"] }

[templates]
a = {}
b = { spec = { containers = [{ name = "agent", image = "one" }], tolerations = [{ operator = "Exists" }] } }
c = { image = "two", spec = { containers = [{ name = "agent" }] }, collides_with = "a" }
d = { normalised = "a" }

[strategies]
rolling = { maxUnavailable = "50%", minReadySeconds = 5 }

[capacity]
pods = 8
revision_number = 12

[expect.one-per-node]
verdict = "violated"
length = 3
"#;

fn read(text: &str) -> Result<(), ModelError> {
    let none = |name: &str| Err(format!("there is no {name}"));
    parse(Path::new("model.toml"), text, None, &none).map(|_| ())
}

#[test]
fn the_model_itself_is_read() {
    read(MODEL).expect("a model");
}

/// The model with `from` replaced by `to` is refused, at the first place where `at` stands in the line that has `line`, with
/// a message that has `words`.
fn refused_at(from: &str, to: &str, line: &str, at: &str, words: &str) {
    assert!(MODEL.contains(from), "{from}");
    let text = MODEL.replacen(from, to, 1);
    let error = read(&text).expect_err(to);
    assert!(error.message.contains(words), "{to}: `{words}` in: {}", error.message);
    let span = error.span.unwrap_or_else(|| panic!("{to}: no place: {}", error.message));
    let begin = text.find(line).unwrap_or_else(|| panic!("{line} in {text}"));
    let begin = begin + text[begin..].find(at).expect("it stands in the line");
    assert_eq!(span.start, begin, "{to}: {} at {:?}", error.message, &text[span.clone()]);
    assert!(text[span].starts_with(at), "{to}");
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    for taint in ["=now:NoExecute", ":NoSchedule", "a b:NoSchedule", "key=a b:NoSchedule", "key:NoSuchEffect", "key"] {
        refused_at("maintenance=now:NoExecute", taint, "tainted = {", &format!("\"{taint}\""), "is no taint");
    }
    refused_at(
        "maintenance:NoSchedule",
        "maintenance:NoExecute",
        "tainted = {",
        "\"maintenance:",
        "one taint of the key",
    );
    refused_at("zone = \"a\"", "zone = \"a b\"", "plain = {", "\"a b\"", "refuses the label");
    refused_at("zone = \"a\"", "\"zone/\" = \"a\"", "plain = {", "\"a\"", "refuses the label");
    for (toleration, words) in [
        ("{ operator = \"Exist\" }", "Exists, Equal, Lt or Gt, not `Exist`"),
        ("{ operator = \"Equal\" }", "without key"),
        ("{ key = \"a\", effect = \"NoSchedul\" }", "not `NoSchedul`"),
        ("{ key = \"a b\", operator = \"Exists\" }", "`a b` cannot be"),
        ("{ key = \"a\", operator = \"Exists\", value = \"b\" }", "has no value, not `b`"),
        ("{ key = \"a\", value = \"b c\" }", "`b c` cannot be"),
        ("{ operator = \"Exists\", tolerationSeconds = 5 }", "has the effect NoExecute"),
    ] {
        refused_at("{ operator = \"Exists\" }", toleration, "tolerations", "[", words);
    }
    for limit in ["\"+50%\"", "\" 50%\"", "\"50\"", "\"101%\"", "\"-1%\"", "-1", "true", "\"%\""] {
        refused_at("\"50%\"", limit, "rolling = {", limit, "a limit is a number from 0 or a percentage");
    }
    for (from, to, at, words) in [
        ("minReadySeconds = 5", "minReadySeconds = -5", "-5", "at least 0, not -5"),
        ("minReadySeconds = 5", "revisionHistoryLimit = -1", "-1", "at least 0, not -1"),
        ("\"50%\"", "0", "0", "exactly one of maxUnavailable and maxSurge"),
        ("minReadySeconds = 5", "type = \"Rolling\"", "\"Rolling\"", "RollingUpdate or OnDelete, not `Rolling`"),
    ] {
        refused_at(from, to, "rolling = {", at, words);
    }
}

#[test]
fn what_no_scope_can_have_is_refused() {
    refused_at("pods = 8", "pods = 0", "pods = 0", "0", "room for 1 to 40 pods, not 0");
    refused_at("pods = 8", "pods = 41", "pods = 41", "41", "room for 1 to 40 pods, not 41");
    refused_at("revision_number = 12", "revision_number = 0", "revision_number", "0", "0 is no bound");
    refused_at("collides_with = \"a\"", "collides_with = \"c\"", "c = {", "\"c\"", "`c` has `collides_with` itself");
    refused_at("collides_with = \"a\"", "collides_with = \"e\"", "c = {", "\"e\"", "no template is called `e`");
    refused_at("normalised = \"a\"", "normalised = \"d\"", "d = {", "\"d\"", "`d` has `normalised` itself");
    refused_at(
        "image = \"two\", spec = { containers = [{ name = \"agent\" }] },",
        "image = \"two\",",
        "c = {",
        "\"two\"",
        "no container",
    );
    refused_at("to = \"tainted\" }", "to = \"plain\" }", "to = ", "\"plain\"", "changes nothing");
    refused_at("n1 = \"plain\"", "\"n 1\" = \"plain\"", "\"n 1\" =", "\"plain\"", "`n 1` is none");
}

#[test]
fn a_search_that_ends_early_has_something_to_end_at() {
    let early = MODEL.replacen("[nodes]", "until_broken = true\n[nodes]", 1);
    read(&early).expect("a claim is expected to be violated");
    let holds = early.replace("verdict = \"violated\"\nlength = 3", "verdict = \"holds\"");
    let error = read(&holds).expect_err("nothing ends it");
    assert!(error.message.contains("nothing to end at"), "{}", error.message);
    assert_eq!(error.span.map(|span| &holds[span]), Some("true"));
}

#[test]
fn names_are_looked_for_where_they_are_used() {
    // The script names `n1` and `tainted` before the sections do.
    refused_at("n1 = \"plain\"", "n1 = \"plane\"", "n1 = \"plane\"", "\"plane\"", "no variant is called `plane`");
    refused_at("kubelet = \"runs\"", "kubelet = \"walks\"", "n2 = {", "\"walks\"", "not `walks`");
    refused_at("kubelet = \"runs\"", "kubelets = 1", "n2 = {", "kubelets", "unknown field `kubelets`");
    refused_at("from = \"plain\"", "from = \"plane\"", "from = ", "\"plane\"", "no variant is called `plane`");
    refused_at(
        "a = {}",
        "a = { manifest = \"ds.yaml\", spec = {} }",
        "a = { manifest",
        "spec",
        "both a manifest and a spec",
    );
    refused_at("a = {}", "a = { manifest = \"ds.yaml\" }", "a = { manifest", "\"ds.yaml\"", "there is no ds.yaml");
    refused_at("a = {}", "a = { pods = \"maybe\" }", "a = { pods", "\"maybe\"", "not `maybe`");
    refused_at("name = \"agent\", image = \"one\"", "name = \"agent\", imag = \"one\"", "b = {", "imag", "no field");
    refused_at("verdict = \"violated\"", "verdict = \"perhaps\"", "verdict", "\"perhaps\"", "not `perhaps`");
    refused_at("verdict = \"violated\"", "verdict = \"holds\"", "length = 3", "3", "has no length");
    refused_at(
        "[expect.one-per-node]",
        "[expect.two-per-node]",
        "[expect.two",
        "two-per-node",
        "no property is called",
    );
}

#[test]
fn switches_are_offered() {
    let with = |switches: &str| MODEL.replacen("[nodes]", &format!("switches = {{ {switches} }}\n[nodes]"), 1);
    let error = read(&with("zzzzzz = \"On\"")).expect_err("no switch");
    assert!(error.help.as_deref().is_some_and(|help| help.contains("gate") && help.contains("relist")), "{error:?}");
    let error = read(&with("gate = \"Quite\"")).expect_err("no value");
    assert!(error.help.as_deref().is_some_and(|help| help.contains("Off")), "{error:?}");
    let error = read(&with("gat = \"Off\"")).expect_err("no switch");
    assert_eq!(error.help.as_deref(), Some("did you mean `gate`?"));
}

#[test]
fn types_are_named_in_plain_words() {
    refused_at("pods = 8", "pods = 300", "pods = 300", "300", "a whole number from 0 to 255");
    refused_at("pods = 8", "pods = -1", "pods = -1", "-1", "a whole number from 0 to 255");
    refused_at(
        "taints = [\"maintenance=now:NoExecute\", \"maintenance:NoSchedule\"]",
        "taints = 1",
        "tainted = {",
        "1",
        "a list",
    );
    refused_at("minReadySeconds = 5", "minReadySeconds = \"5\"", "rolling = {", "\"5\"", "a whole number");
}
