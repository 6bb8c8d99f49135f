//! The command as a user runs it: exit codes, and one located message for each kind of bad input, with nothing on stdout.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

fn everynode(arguments: &[&str]) -> Output {
    Command::cargo_bin("everynode").expect("the binary is built").args(arguments).output().expect("it runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    // Messages are wrapped and drawn with lines; words are compared without them.
    String::from_utf8_lossy(&output.stderr).replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A scratch folder with one file.
fn file(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a scratch folder");
    let path = folder.path().join(name);
    fs::write(&path, text).expect("it is written");
    (folder, path)
}

const MODEL: &str = r#"# A model of the test.
about = """
A DaemonSet is created on one node.
"""
users = [["create a"]]

[nodes]
n1 = "plain"

[variants]
plain = {}

[templates]
a = {}

[expect.one-per-node]
verdict = "holds"
"#;

/// Asserts that `text` as a model is refused with a message that has `words`, exit code 2 and nothing on stdout.
fn refused(text: &str, words: &[&str]) {
    let (_folder, path) = file("model.toml", text);
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(2), "{text}\n{}", stderr(&output));
    assert_eq!(stdout(&output), "", "{text}");
    for word in words {
        assert!(stderr(&output).contains(word), "`{word}` in: {}", stderr(&output));
    }
}

#[test]
fn verdicts_as_expected_end_in_0_and_others_in_1() {
    let (_folder, path) = file("model.toml", MODEL);
    let good = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(good.status.code(), Some(0), "{}", stderr(&good));
    let wrong = MODEL.replace("[nodes]", "faults = { lost_reply = 1 }\n\n[nodes]");
    let (_folder, path) = file("model.toml", &wrong);
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("model.toml:18: one-per-node is violated in 16 steps, expected: holds"));
    assert!(stdout(&output).contains("to replay it: everynode replay"));
}

#[test]
fn a_search_that_its_file_ends_early_is_not_cut_short() {
    let output = everynode(&["check", "two-leaders", "expiry-without-the-gate"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("2 verdicts: 2 as expected"), "{}", stdout(&output));
}

#[test]
fn a_cut_search_ends_in_3() {
    let (_folder, path) = file("model.toml", MODEL);
    let output = everynode(&["check", path.to_str().expect("a plain path"), "--max-states", "10"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("none found: stopped at 10 states"), "{}", stdout(&output));
}

#[test]
fn a_counterexample_is_saved_and_replayed_in_its_own_scope_only() {
    let folder = TempDir::new().expect("a scratch folder");
    let kept = folder.path().to_str().expect("a plain path");
    assert_eq!(everynode(&["check", "lost-reply", "--save", kept]).status.code(), Some(0));
    let saved = folder.path().join("lost-reply.one-per-node.v1.36.json");
    let replayed = everynode(&["replay", saved.to_str().expect("a plain path")]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
    assert!(stdout(&replayed).contains("breaks it"));
    let text = fs::read_to_string(&saved).expect("it was saved");
    let scope = text.lines().find(|line| line.contains("\"scope\"")).expect("it carries a scope hash").to_owned();
    fs::write(&saved, text.replace(&scope, "  \"scope\": \"0000000000000000\",")).expect("it is written");
    let refused = everynode(&["replay", saved.to_str().expect("a plain path")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("another scope"), "{}", stderr(&refused));
    fs::write(&saved, "{").expect("it is written");
    assert_eq!(everynode(&["replay", saved.to_str().expect("a plain path")]).status.code(), Some(2));
}

#[test]
fn bad_models_are_refused_where_they_are_bad() {
    refused("", &["the file is empty"]);
    refused("about = ", &["model.toml"]);
    refused(&MODEL.replace("users", "user"), &["unknown field `user`"]);
    refused(&MODEL.replace("create a", "create b"), &["no template is called `b`"]);
    refused(&MODEL.replace("create a", "dance"), &["`dance` is no command", "create TEMPLATE"]);
    refused(&MODEL.replace("n1 = \"plain\"", "n1 = \"odd\""), &["no variant is called `odd`"]);
    refused(&MODEL.replace("one-per-node", "two-per-node"), &["no property is called `two-per-node`", "properties:"]);
    refused(&MODEL.replace("\"holds\"", "\"perhaps\""), &["`holds`"]);
    refused(&MODEL.replace("[nodes]", "profile = \"v0.9\"\n[nodes]"), &["no profile is called `v0.9`", "v1.36"]);
    refused(&MODEL.replace("[nodes]", "switches = { gate = \"Ajar\" }\n[nodes]"), &["has no value `Ajar`"]);
    refused(
        &MODEL.replace("[nodes]", "switches = { available_at = \"After\" }\n[nodes]"),
        &["does not express switch `available_at`", "no clock"],
    );
    refused(&MODEL.replace("[nodes]", "lag = { pods = 0 }\n[nodes]"), &["at least one undelivered commit"]);
    refused(&MODEL.replace("[nodes]", "faults = { lost_reply = 300 }\n[nodes]"), &["300"]);
    refused(
        &MODEL.replace("[expect", "[strategies]\nodd = { maxUnavailable = 0 }\n[expect"),
        &["exactly one of maxUnavailable and maxSurge"],
    );
}

#[test]
fn names_that_mean_nothing_are_refused() {
    for arguments in [
        &["check", "no-such-model"][..],
        &["check", "lost-reply", "--profile", "v9"],
        &["check", "lost-reply", "-p", "nonsense"],
        &["replay", "no-such-file.json"],
        &["vectors", "no-such-file.jsonl"],
        &["placement", "-f", "no-such-file.yaml", "--nodes", "no-such-file.yaml"],
        &["explore", "rollout"],
        &["frobnicate"],
    ] {
        let output = everynode(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_file_of_100_mib_is_no_model() {
    let folder = TempDir::new().expect("a scratch folder");
    let path = folder.path().join("model.toml");
    fs::File::create(&path).and_then(|file| file.set_len(100 << 20)).expect("a large file");
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a model file has at most"), "{}", stderr(&output));
}

#[test]
fn json_is_for_machines() {
    let output = everynode(&["check", "lost-reply", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json[0]["uniqueStates"], 10_990);
    assert_eq!(json[0]["claims"][0]["standing"], "as-expected");
    let models = everynode(&["models", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&models.stdout).expect("it is JSON");
    assert!(json.as_array().expect("a list").len() >= 24);
}
