//! The command as a user runs it: exit codes, and one located message for each kind of bad input, with nothing on stdout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
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
    assert!(stdout(&output).contains("model.toml:19: one-per-node: violated in 16 steps; expected: holds"));
    assert!(stdout(&output).contains("to replay it:  everynode replay"));
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
    let output = everynode(&["check", "two-nodes", "-p", "converges", "-p", "no-hot-loop", "--max-states", "1000"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output).matches("none found: stopped at 1,000 states").count(), 2, "{}", stdout(&output));
}

#[test]
fn a_behaviour_that_ends_at_rest_says_what_is_wrong_there() {
    for (model, claim, wrong) in [
        (
            "no-schedule-taint",
            "status-truth",
            "the status of ds says 1 desired (in truth 0), 1 current (in truth 0), 0 misscheduled (in truth 1), 1 ready (in truth 0), 1 updated (in truth 0), 1 available (in truth 0)",
        ),
        ("watch-gap", "never-wedged", "nobody wakes ds; a sync that sees all this would create a pod on n1"),
        ("watch-gap", "converges", "node n1 should run a pod of ds and has no live one"),
        (
            "host-port",
            "rolled-out",
            "node n1 has more than one live pod of ds: p1 (ready, of a) and p2 (pending, of b)",
        ),
        ("dead-node", "rolled-out", "pod p2 on node n2 is of template a, and ds is at b"),
        ("delete-and-recreate-background", "current-is-max", "no revision of ds holds its template a"),
        (
            "a-b-a-in-quick-succession",
            "current-is-max",
            "ds is at template a of revision 1, and revision 2 (b) is there too",
        ),
    ] {
        let output = stdout(&everynode(&["check", model, "-p", claim, "--traces"]));
        let (_, end) = output.split_once("  which is wrong:\n").expect("it ends at rest, where something is wrong");
        let said: Vec<&str> = end.lines().take_while(|line| line.starts_with("    ")).map(str::trim_start).collect();
        assert!(said.contains(&wrong), "{model}: {said:?}");
    }
    assert!(!ran(&["check", "lost-reply", "--traces"]).contains("which is wrong"), "that one breaks on the way");
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
    refused(
        &MODEL.replace("one-per-node", "two-per-node"),
        &["no property is called `two-per-node`", "did you mean `one-per-node`?"],
    );
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
    let pinned =
        everynode::scope::bundled::read(Path::new("faults/lost-reply.toml"), None).expect("a bundled model").pinned;
    assert_eq!(json[0]["uniqueStates"], pinned.expect("its size is pinned").unique_states);
    assert_eq!(json[0]["claims"][0]["standing"], "as-expected");
    let models = everynode(&["models", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&models.stdout).expect("it is JSON");
    assert!(json.as_array().expect("a list").len() >= 24);
}

/// Arguments that ask for a file to be read, each as a user would type them; `FILE` stands for the file.
const READERS: [&[&str]; 6] = [
    &["check", "FILE"],
    &["replay", "FILE"],
    &["vectors", "FILE"],
    &["placement", "-f", "FILE", "--nodes", "FILE"],
    &["check", "lost-reply", "FILE", "--format", "json"],
    &["vectors", "FILE", "--format", "json"],
];

/// What is in a folder: each file's path with its size.
fn contents(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("its metadata");
        found.insert(entry.path(), metadata.len());
        if metadata.is_dir() {
            found.extend(contents(&entry.path()));
        }
    }
    found
}

/// Asserts that the command refuses a file of the scratch folder: exit code 2, nothing on stdout, one message that names the
/// file and has `words`, no panic, and nothing written. The command runs in the folder.
fn refuses(folder: &Path, arguments: &[&str], file: &str, words: &[&str]) {
    let before = contents(folder);
    let arguments: Vec<&str> = arguments.iter().map(|word| if *word == "FILE" { file } else { word }).collect();
    let output = Command::cargo_bin("everynode")
        .expect("the binary is built")
        .current_dir(folder)
        .args(&arguments)
        .output()
        .expect("it runs");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    assert_eq!(message.matches('×').count(), 1, "{arguments:?}: one message: {message}");
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    for word in words.iter().chain([&file]) {
        assert!(message.contains(word), "{arguments:?}: `{word}` in: {message}");
    }
    assert_eq!(contents(folder), before, "{arguments:?} wrote something");
}

#[test]
fn a_file_that_is_none_is_refused_by_every_command_that_reads_one() {
    let folder = TempDir::new().expect("a scratch folder");
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    fs::write(folder.path().join("empty"), "").expect("it is written");
    fs::write(folder.path().join("binary"), b"kind: x\n\xff\xfe\n").expect("it is written");
    for arguments in READERS {
        refuses(folder.path(), arguments, "missing.file", &[]);
        refuses(folder.path(), arguments, "folder", &[]);
        refuses(folder.path(), arguments, "empty", &[]);
        refuses(folder.path(), arguments, "binary", &["UTF-8"]);
    }
}

#[test]
fn a_file_that_is_missing_is_refused_in_the_same_words() {
    let folder = TempDir::new().expect("a scratch folder");
    for arguments in [&["replay", "FILE"][..], &["vectors", "FILE"], &["placement", "-f", "FILE"]] {
        refuses(folder.path(), arguments, "missing.file", &["cannot read missing.file: No such file or directory"]);
    }
}

#[test]
fn a_byte_that_is_no_text_is_located() {
    let folder = TempDir::new().expect("a scratch folder");
    fs::write(folder.path().join("binary"), b"{}\n\n\xff\n").expect("it is written");
    refuses(folder.path(), &["check", "FILE"], "binary", &["binary: line 3: the text is not UTF-8"]);
    refuses(folder.path(), &["replay", "FILE"], "binary", &["binary:3: the text is not UTF-8"]);
    refuses(folder.path(), &["vectors", "FILE"], "binary", &["binary:3:1: the text is not UTF-8"]);
    refuses(folder.path(), &["placement", "-f", "FILE"], "binary", &["binary:3: the text is not UTF-8"]);
}

#[test]
fn a_file_of_100_mib_is_refused_by_every_command_that_reads_one() {
    let folder = TempDir::new().expect("a scratch folder");
    let text = vec![b'x'; 100 << 20];
    fs::write(folder.path().join("large"), text).expect("a large file");
    refuses(folder.path(), &["check", "FILE"], "large", &["104857600 bytes", "a model file has at most"]);
    refuses(folder.path(), &["replay", "FILE"], "large", &["104857600 bytes", "a counterexample has at most"]);
    refuses(folder.path(), &["vectors", "FILE"], "large", &["large:1:1"]);
    refuses(folder.path(), &["placement", "-f", "FILE", "--nodes", "FILE"], "large", &["no DaemonSet"]);
}

#[test]
fn malformed_text_is_refused_where_it_is_malformed() {
    let folder = TempDir::new().expect("a scratch folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it is written");
    write("model.toml", &MODEL.replace("[nodes]", "[nodes"));
    refuses(folder.path(), &["check", "FILE"], "model.toml", &["model.toml:7:"]);
    write("model.toml", &MODEL.replace("plain = {}", "plain = { colour = 1 }"));
    refuses(folder.path(), &["check", "FILE"], "model.toml", &["unknown field `colour`"]);
    write("saved.json", "{\n  \"everynode_counterexample\": 1,\n");
    refuses(folder.path(), &["replay", "FILE"], "saved.json", &["saved.json:3:"]);
    write("saved.json", "{\n  \"version\": 1\n}\n");
    refuses(folder.path(), &["replay", "FILE"], "saved.json", &["saved.json:2:11", "unknown field `version`"]);
    write("questions.jsonl", "\n{\"id\": \"a\",");
    refuses(folder.path(), &["vectors", "FILE"], "questions.jsonl", &["questions.jsonl:2:"]);
    write("nodes.yaml", "kind: Node\nmetadata: {name: [}\n");
    refuses(folder.path(), &["placement", "-f", "FILE"], "nodes.yaml", &["nodes.yaml:2:"]);
}

#[test]
fn a_vector_of_another_schema_is_refused() {
    let folder = TempDir::new().expect("a scratch folder");
    let path = folder.path().join("v.jsonl");
    let refused = |text: &str, words: &[&str]| {
        fs::write(&path, text).expect("it is written");
        refuses(folder.path(), &["vectors", "FILE"], "v.jsonl", words);
    };
    refused("{\"schema\": 2, \"cases\": []}\n", &["v.jsonl:1:9", "unknown field `schema`"]);
    refused("{\"id\": \"a\", \"given\": {\"replicas\": 3}}\n", &["v.jsonl:1:", "unknown field `replicas`"]);
    refused("{\"id\": \"a\", \"given\": {}}\n", &["v.jsonl:1:1", "a question of no known kind"]);
    refused("[]\n", &["v.jsonl:1:"]);
    refused("{\"id\": \"a\", \"release\": \"v0.9.1\", \"same\": true}\n", &["v.jsonl:1:"]);
}

#[test]
fn a_counterexample_of_another_version_is_refused() {
    let folder = TempDir::new().expect("a scratch folder");
    let kept = folder.path().to_str().expect("a plain path");
    assert_eq!(everynode(&["check", "lost-reply", "--save", kept]).status.code(), Some(0));
    let name = "lost-reply.one-per-node.v1.36.json";
    let text = fs::read_to_string(folder.path().join(name)).expect("it was saved");
    let refused = |from: &str, to: &str, words: &[&str]| {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(folder.path().join("other.json"), text.replacen(from, to, 1)).expect("it is written");
        refuses(folder.path(), &["replay", "FILE"], "other.json", words);
    };
    refused("\"everynode_counterexample\": 4", "\"everynode_counterexample\": 2", &["format version 2", "this is 4"]);
    let old = r#"{"everynode_counterexample": 2, "steps": [{"user": {"user": 0}}]}"#;
    refused(&text, old, &["format version 2", "this is 4"]);
    refused("\"begin sync\"", "\"sync begins\"", &["step 3, sync begins (", "is not enabled there"]);
    refused(
        "create revision 1",
        "create revision 2",
        &["step 3, begin sync (", "sends: create revision 2", "is not enabled"],
    );
    let other = |from: &str, to: &str| {
        fs::write(folder.path().join("other.json"), text.replacen(from, to, 1)).expect("it is written");
        let output = everynode(&["replay", folder.path().join("other.json").to_str().expect("a plain path")]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{to}");
        stderr(&output)
    };
    assert!(other("models/faults/lost-reply.toml", "gone.toml").contains("`gone.toml` is neither"));
    let unknown = other("v1.36", "v9");
    assert!(unknown.contains("no profile is called `v9`"), "{unknown}");
    assert!(unknown.contains("other.json was saved under the profile `v9`"), "{unknown}");
    assert!(other("one-per-node", "no-such-claim").contains("no property is called `no-such-claim`"));
}

#[test]
fn budgets_that_no_api_server_admits_are_refused() {
    let strategy = |text: &str| MODEL.replace("[expect", &format!("[strategies]\nodd = {text}\n[expect"));
    for (text, words) in [
        ("{ maxUnavailable = 1, maxSurge = 1 }", "exactly one of maxUnavailable and maxSurge"),
        ("{ maxUnavailable = \"101%\" }", "a percentage from \"0%\" to \"100%\""),
        ("{ maxSurge = \"-1%\" }", "a percentage from \"0%\" to \"100%\""),
        ("{ maxUnavailable = -1 }", "a number from 0"),
        ("{ maxUnavailable = \"half\" }", "a number from 0"),
        ("{ maxUnavailable = 4294967296 }", "a number from 0"),
        ("{ maxUnavailable = 1, minReadySeconds = -1 }", "minReadySeconds is at least 0, not -1"),
        ("{ maxUnavailable = 1, revisionHistoryLimit = -1 }", "revisionHistoryLimit is at least 0, not -1"),
    ] {
        refused(&strategy(text), &[words]);
    }
}

#[test]
fn what_a_model_cannot_hold_is_refused() {
    let before = |text: &str| MODEL.replace("[nodes]", &format!("{text}\n[nodes]"));
    refused(&before("lag = { pods = 21 }"), &["lags by at most 20 events, not 21"]);
    refused(&before("lag = { handlers = 255 }"), &["lags by at most 20 events, not 255"]);
    refused(&before("capacity = { revision_number = 201 }"), &["go up to 200 in a model, not 201"]);
    refused(&before("faults = { second_leader = 2 }"), &["at most one second leader, not 2"]);
    let waits = "[strategies]\nshort = { minReadySeconds = 5 }\nlong = { minReadySeconds = 30 }\n[expect";
    refused(&MODEL.replace("[expect", waits), &["one minReadySeconds beside 0, not for 5 and 30"]);
}

/// `text` without what differs between runs or with the size of the graph, which model files pin.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let is_summary = line.contains(" verdict") || line.contains(" states of at most ");
        let is_row = line.contains("as expected") || line.contains(" states, depth ");
        let words: Vec<&str> = line.split(' ').collect();
        let mask = |(place, word): (usize, &&str)| {
            let is_length = words.get(place + 1) == Some(&"steps");
            let is_number = word.parse::<f64>().is_ok();
            if is_number && !is_length && (is_summary || is_row) { "#".to_owned() } else { (*word).to_owned() }
        };
        let words: Vec<String> = words.iter().enumerate().map(mask).collect();
        masked.push_str(words.join(" ").trim_end());
        masked.push('\n');
    }
    masked
}

fn ran(arguments: &[&str]) -> String {
    let output = everynode(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{arguments:?}");
    stdout(&output)
}

/// JSON as it is shown in snapshots: numbers that differ between runs or that model files pin are masked.
fn masked_json(text: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    for model in json.as_array_mut().expect("a list") {
        for field in ["seconds", "transitions", "uniqueStates", "depth"] {
            assert!(model[field].is_number(), "{field} is a number");
            model[field] = "#".into();
        }
    }
    serde_json::to_string_pretty(&json).expect("it is JSON")
}

#[test]
fn every_bundled_model_has_its_line_and_its_entry() {
    let lines = ran(&["models"]);
    let shown: Vec<&str> = lines.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let json: serde_json::Value = serde_json::from_str(&ran(&["models", "--format", "json"])).expect("it is JSON");
    let entries = json.as_array().expect("a list");
    let named: Vec<&str> = entries.iter().map(|entry| entry["model"].as_str().expect("a name")).collect();
    let bundled: Vec<&str> = everynode::scope::bundled::paths()
        .into_iter()
        .map(|path| path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name"))
        .collect();
    let themed: Vec<String> = everynode::scope::bundled::paths()
        .into_iter()
        .map(|path| path.with_extension("").display().to_string())
        .collect();
    assert_eq!(shown, themed);
    assert_eq!(named, bundled);
    let of = |name: &str| lines.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("models_text", of("faults/lost-reply"));
    let entry = entries.iter().find(|entry| entry["model"] == "lost-reply").expect("an entry");
    insta::assert_snapshot!("models_json", serde_json::to_string_pretty(entry).expect("it is JSON"));
}

#[test]
fn check_shows_what_holds_and_how_the_rest_breaks() {
    insta::assert_snapshot!("check_text", masked(&ran(&["check", "quarantined-pod", "manual-pod", "--traces"])));
    let json = ran(&["check", "cordon", "lost-reply", "--format", "json"]);
    insta::assert_snapshot!("check_json", masked_json(&json));
}

#[test]
fn coverage_names_every_kind_of_step_taken() {
    let text = ran(&["check", "cordon", "--coverage"]);
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().split_once("  "))
        .filter(|(count, _)| count.parse::<u64>().is_ok_and(|count| count > 0))
        .map(|(_, kind)| kind)
        .collect();
    insta::assert_snapshot!("coverage", kinds.join("\n"));
    let never = text.split("never enabled: ").nth(1).expect("some kinds of steps are never enabled");
    let never = never.split('\n').take_while(|line| !line.is_empty()).collect::<String>();
    for kind in everynode::model::action::KINDS {
        let words: Vec<&str> = never.split(", ").map(str::trim).collect();
        assert_ne!(words.contains(&kind), kinds.contains(&kind), "{kind}: {words:?}");
    }
}

#[test]
fn replay_tells_a_saved_counterexample_step_by_step() {
    let folder = TempDir::new().expect("a scratch folder");
    let kept = folder.path().to_str().expect("a plain path");
    let output = everynode(&["check", "manual-pod", "--save", kept]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("saved "), "{}", stderr(&output));
    let saved = fs::read_dir(folder.path()).expect("a folder").next().expect("a counterexample").expect("an entry");
    let path = saved.path();
    let path = path.to_str().expect("a plain path");
    insta::assert_snapshot!("replay_text", ran(&["replay", path]));
    let json: serde_json::Value =
        serde_json::from_str(&ran(&["replay", path, "--format", "json"])).expect("it is JSON");
    insta::assert_snapshot!("replay_json", serde_json::to_string_pretty(&json).expect("it is JSON"));
}

#[test]
fn a_behaviour_for_ever_is_told_saved_and_replayed() {
    let folder = TempDir::new().expect("a scratch folder");
    let kept = folder.path().to_str().expect("a plain path");
    let told =
        everynode(&["check", "failing-pods-without-end", "--profile", "v1.11", "-p", "no-hot-loop", "--save", kept]);
    insta::assert_snapshot!("for_ever_text", masked(&stdout(&told)));
    let saved = folder.path().join("failing-pods-without-end.no-hot-loop.v1.11.json");
    let path = saved.to_str().expect("a plain path");
    let replayed = everynode(&["replay", path]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
    assert!(stdout(&replayed).contains("on, again and again"), "{}", stdout(&replayed));
    // Entered one step too late it is no loop.
    let text = fs::read_to_string(&saved).expect("it was saved");
    let begins = text.lines().find(|line| line.contains("\"loop_begins\"")).expect("it says where the loop begins");
    let number: usize = begins.trim_matches(|letter: char| !letter.is_ascii_digit()).parse().expect("a number");
    fs::write(&saved, text.replace(begins, &format!("  \"loop_begins\": {}", number + 1))).expect("it is written");
    let replayed = everynode(&["replay", path]);
    assert_eq!(replayed.status.code(), Some(1), "{}", stdout(&replayed));
    assert!(stdout(&replayed).contains("does not break it"), "{}", stdout(&replayed));
    // To machines the same, and a stall is a loop of no steps.
    let json = stdout(&everynode(&["check", "watch-gap", "-p", "converges", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let claim = &json[0]["claims"][0];
    assert_eq!((&claim["length"], &claim["loop"]["begins"]), (&18.into(), &18.into()));
}

#[test]
#[cfg(unix)]
fn an_interrupted_search_tells_what_it_knows() {
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("everynode"))
        .args(["check", "orphaned-twice", "-p", "one-per-node", "-p", "converges"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    // Long enough for the handler to be set, far from long enough for the search.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(stdout(&output).contains("none found: interrupted"), "{}", stdout(&output));
    assert!(stdout(&output).contains("when it was interrupted"), "{}", stdout(&output));
}

#[test]
fn placement_is_told_and_given_to_machines() {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifests");
    let path = |name: &str| manifests.join(name).to_str().expect("a plain path").to_owned();
    let (daemon_set, nodes) = (path("gpu-driver.yaml"), path("nodes.yaml"));
    let arguments = ["placement", "-f", &daemon_set, "--nodes", &nodes];
    insta::assert_snapshot!("placement_text", ran(&arguments));
    // What is not considered is said on stderr.
    let output = everynode(&[&arguments[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    insta::assert_snapshot!("placement_json", serde_json::to_string_pretty(&json).expect("it is JSON"));
}

#[test]
fn colours_repeat_what_the_words_say() {
    let plain = ran(&["check", "quarantined-pod", "--traces", "--color", "never"]);
    let painted = ran(&["check", "quarantined-pod", "--traces", "--color", "always"]);
    assert!(painted.contains("\u{1b}["), "nothing is painted");
    let mut stripped = String::new();
    let mut rest = painted.as_str();
    while let Some((text, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(text);
        rest = after.split_once('m').expect("a style ends").1;
    }
    stripped.push_str(rest);
    assert_eq!(masked(&stripped), masked(&plain));
    insta::assert_snapshot!("check_painted", masked(&painted));
    assert!(!ran(&["check", "quarantined-pod"]).contains('\u{1b}'), "a pipe is not painted unless it is asked for");
}

#[test]
fn lines_wrap_at_words_and_hang() {
    use everynode::cli::layout::wrapped;
    let line = "   1  controller  begins a sync of ds; asks: delete pod p1, create a pod on n1";
    let text = wrapped(line, 18, Some(44));
    assert_eq!(
        text,
        "   1  controller  begins a sync of ds; asks:\n                  delete pod p1, create a\n                  pod on n1"
    );
    assert_eq!(wrapped(line, 18, None), line);
    let long = "to keep it: everynode check models/lifecycle/quarantined-pod.toml";
    assert!(wrapped(long, 2, Some(20)).contains("models/lifecycle/quarantined-pod.toml"), "a word stays whole");
}

#[test]
fn what_never_happens_is_named_with_its_line() {
    let text = MODEL.replace(
        "users = [[\"create a\"]]",
        "users = [[\"create a\", \"unlabel-pod n1\", \"label-pod n1\", \"label-pod n1\", \"annotate\"]]\nfaults = { readiness_blip = 1, kubelet_silent = 1 }",
    );
    assert_ne!(text, MODEL);
    let (_folder, path) =
        file("model.toml", &text.replace("n1 = \"plain\"", "n1 = { variant = \"plain\", kubelet = \"silent\" }"));
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    let told = stdout(&output);
    assert!(told.contains("never happened in any behaviour: fault readiness_blip"), "{told}");
    let json = everynode(&["check", path.to_str().expect("a plain path"), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
    assert!(!json[0]["neverHappened"].as_array().expect("a list").is_empty(), "{json}");
    assert!(!ran(&["check", "lost-reply"]).contains("never happened"));
}

#[test]
fn a_claim_that_holds_vacuously_is_not_as_expected_unless_it_is_said() {
    let vacuous = MODEL.replace("[expect.one-per-node]", "[expect.undo-acts]");
    let (_folder, path) = file("model.toml", &vacuous);
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("undo-acts: holds vacuously; expected: holds"), "{}", stdout(&output));
    let (_folder, path) = file("model.toml", &vacuous.replace("\"holds\"", "\"vacuous\""));
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let (_folder, path) = file("model.toml", &MODEL.replace("\"holds\"", "\"vacuous\""));
    assert_eq!(everynode(&["check", path.to_str().expect("a plain path")]).status.code(), Some(1));
}

#[test]
fn a_length_that_is_not_pinned_is_told() {
    let (_folder, path) = file(
        "model.toml",
        &MODEL.replace("[nodes]", "faults = { lost_reply = 1 }\n\n[nodes]").replace("\"holds\"", "\"violated\""),
    );
    let output = everynode(&["check", path.to_str().expect("a plain path")]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("not pinned: one-per-node length = 16; graph"), "{}", stdout(&output));
}

#[test]
fn a_slip_of_the_pen_is_answered_with_what_was_meant() {
    refused(&MODEL.replace("users =", "usrs ="), &["did you mean `users`?"]);
    refused(&MODEL.replace("\"create a\"", "\"creat a\""), &["did you mean `create TEMPLATE [STRATEGY]`?"]);
    refused(&MODEL.replace("[nodes]", "faults = { lost_replies = 1 }\n\n[nodes]"), &["did you mean `lost_reply`?"]);
    refused(&MODEL.replace("[nodes]", "switches = { gat = \"Off\" }\n\n[nodes]"), &["did you mean `gate`?"]);
    let output = everynode(&["check", "lost-replay"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `lost-reply`?"), "{}", stderr(&output));
}

#[test]
fn an_unknown_field_of_a_manifest_is_warned_of_and_refused_when_strict() {
    let folder = TempDir::new().expect("a scratch folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        path.to_str().expect("a plain path").to_owned()
    };
    let ds = write(
        "ds.yaml",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  selector: {matchLabels: {app: agent}}\n  template:\n    metadata: {labels: {app: agent}}\n    spec:\n      tolerationz: [{operator: Exists}]\n      containers: [{name: c, image: i}]\n",
    );
    let nodes = write(
        "nodes.yaml",
        "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {taints: [{key: a, effect: NoSchedule}]}\n",
    );
    let lax = everynode(&["placement", "-f", &ds, "--nodes", &nodes]);
    assert_eq!(lax.status.code(), Some(0), "{}", stderr(&lax));
    assert_eq!(stderr(&lax).matches("spec.template.spec.tolerationz").count(), 1, "{}", stderr(&lax));
    let strict = everynode(&["placement", "-f", &ds, "--nodes", &nodes, "--strict"]);
    assert_eq!((strict.status.code(), stdout(&strict)), (Some(2), String::new()));
    assert!(stderr(&strict).contains("spec.template.spec.tolerationz"), "{}", stderr(&strict));
    let text = fs::read_to_string(&ds).expect("it was written");
    let line = 1 + text.lines().position(|line| line.contains("tolerationz")).expect("it is there");
    assert!(stderr(&strict).contains(&format!("{ds}:{line}: ")), "{}", stderr(&strict));
}

/// A node, and a `DaemonSet` of the given lines after `kind`.
fn placed(daemon_set: &str) -> (TempDir, String, String) {
    let folder = TempDir::new().expect("a scratch folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    fs::write(path("nodes.yaml"), "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n").expect("it is written");
    fs::write(path("ds.yaml"), format!("# agents\n---\n\nkind: DaemonSet\n{daemon_set}")).expect("it is written");
    let (ds, nodes) = (path("ds.yaml"), path("nodes.yaml"));
    (folder, ds, nodes)
}

const AGENT: &str = "apiVersion: apps/v1\nmetadata: {name: agent}\nspec:\n  selector: {matchLabels: {app: agent}}\n  \
                     template:\n    metadata: {labels: {app: agent}}\n    spec: {containers: []}\n";

#[test]
fn a_daemon_set_that_no_api_server_admits_is_not_placed() {
    let output = |daemon_set: &str| {
        let (_folder, ds, nodes) = placed(daemon_set);
        everynode(&["placement", "-f", &ds, "--nodes", &nodes])
    };
    assert_eq!(output(AGENT).status.code(), Some(0), "{}", stderr(&output(AGENT)));
    for (from, to, words) in [
        ("{name: agent}", "{namespace: logs}", "it has no metadata.name"),
        ("{name: agent}", "{name: Agent}", "`Agent` is no name of an object"),
        ("{matchLabels: {app: agent}}", "{matchLabels: {app: other}}", "does not select the labels of its template"),
        ("{matchLabels: {app: agent}}", "{}", "it has no spec.selector"),
        ("    spec: {containers: []}\n", "", "it has no spec.template.spec"),
        ("{containers: []}", "{containers: [], restartPolicy: Never}", "is Always, not `Never`"),
        ("{containers: []}", "{containers: [], tolerations: [{operator: Exist}]}", "not `Exist`"),
        ("{containers: []}", "{containers: [], tolerations: [{key: a, effect: NoRun}]}", "not `NoRun`"),
    ] {
        assert!(AGENT.contains(from), "{from}");
        let refused = output(&AGENT.replacen(from, to, 1));
        assert_eq!((refused.status.code(), stdout(&refused)), (Some(2), String::new()), "{to}");
        let told = stderr(&refused);
        assert!(told.contains("ds.yaml:4: the API server would refuse DaemonSet") && told.contains(words), "{told}");
    }
}

#[test]
fn a_removed_api_version_is_told() {
    let told = |version: &str, selector: &str| {
        let text = AGENT.replace("apps/v1", version).replace("  selector: {matchLabels: {app: agent}}\n", selector);
        let (_folder, ds, nodes) = placed(&text);
        let output = everynode(&["placement", "-f", &ds, "--nodes", &nodes]);
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let selector = "  selector: {matchLabels: {app: agent}}\n";
    let (code, text) = told("apps/v1", selector);
    assert!(code == Some(0) && !text.contains("removed"), "{text}");
    for (version, selector) in
        [("apps/v1beta2", selector), ("extensions/v1beta1", selector), ("extensions/v1beta1", "")]
    {
        let (code, text) = told(version, selector);
        assert_eq!(code, Some(0), "{text}");
        let words = format!("DaemonSet agent is of {version}, which Kubernetes 1.16 removed");
        assert!(text.contains("ds.yaml:4: ") && text.contains(&words), "{text}");
    }
    let (code, text) = told("apps/v1beta2", "");
    assert!(code == Some(2) && text.contains("it has no spec.selector"), "{text}");
}

#[test]
fn what_was_found_instead_is_told() {
    let (folder, ds, nodes) = placed(AGENT);
    let other = folder.path().join("other").to_str().expect("a plain path").to_owned();
    let refused = |arguments: &[&str]| {
        let output = everynode(arguments);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        stderr(&output)
    };
    assert!(refused(&["placement", "-f", &ds, "--nodes", &ds]).contains("(found: 1 DaemonSet)"));
    assert!(refused(&["placement", "-f", &nodes]).contains("(found: 1 Node)"));
    for (text, words) in [
        ("Dear all,\nplease find attached\n", "(found: 1 that is no object)"),
        ("[1, 2]\n", "(found: 1 that is no object)"),
        ("metadata: {name: x}\n", "(found: 1 without kind)"),
        ("kind: Pod\n---\nkind: ConfigMap\n", "(found: 1 Pod, 1 ConfigMap)"),
    ] {
        fs::write(&other, text).expect("it is written");
        let told = refused(&["placement", "-f", &other]);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn flags_of_written_questions_need_a_model_to_write_of() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/counts.jsonl");
    for flag in [&["--sample", "3"][..], &["--out", "x"], &["--max-states", "9"]] {
        let output = everynode(&[&["vectors", sample], flag].concat());
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{flag:?}");
        assert!(stderr(&output).contains("--emit"), "{}", stderr(&output));
    }
}

#[test]
fn vectors_come_from_stdin_too() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/counts.jsonl");
    let text = fs::read(sample).expect("a sample");
    let mut command = Command::cargo_bin("everynode").expect("the binary is built");
    let output = command.args(["vectors", "-"]).write_stdin(text).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let of_the_file = stdout(&everynode(&["vectors", sample]));
    assert_eq!(stdout(&output), of_the_file.replace(sample, "-"));
}

#[test]
fn a_bundled_name_means_the_bundled_model_and_each_is_checked_once() {
    let folder = TempDir::new().expect("a scratch folder");
    fs::write(folder.path().join("seed-story"), "no model").expect("it is written");
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("everynode").expect("the binary is built");
        command.current_dir(folder.path()).args(arguments).output().expect("it runs")
    };
    let once = run(&["check", "seed-story", "-p", "one-per-node"]);
    assert_eq!(once.status.code(), Some(0), "{}", stderr(&once));
    let twice = run(&["check", "seed-story", "rollout/seed-story", "-p", "one-per-node", "-p", "one-per-node"]);
    assert!(stdout(&twice).contains("1 model, 1 verdict"), "{}", stdout(&twice));
    fs::write(folder.path().join("seed-story.toml"), "no model").expect("it is written");
    let file = run(&["check", "seed-story.toml"]);
    assert!(file.status.code() == Some(2) && stderr(&file).contains("seed-story.toml:1:"), "{}", stderr(&file));
}

#[test]
fn profiles_and_switches_are_listed() {
    let profiles = stdout(&everynode(&["profiles"]));
    let switches = stdout(&everynode(&["profiles", "--switches"]));
    for profile in everynode::release::Profile::ALL {
        assert!(profiles.lines().any(|line| line == profile.name), "{}", profile.name);
    }
    for (switch, values) in everynode::release::Switches::alphabet() {
        let begin = switches.lines().position(|line| line.starts_with(&format!("{switch}: "))).expect(switch);
        let marked = values.iter().zip(switches.lines().skip(begin + 1)).filter(|(value, line)| {
            assert!(line[4..].starts_with(**value), "{switch}: {value} in {line}");
            line.starts_with("  * ")
        });
        assert_eq!(marked.count(), 1, "{switch}");
    }
    for arguments in [&["profiles", "--format", "json"][..], &["profiles", "--switches", "--format", "json"]] {
        let json: serde_json::Value = serde_json::from_str(&stdout(&everynode(arguments))).expect("it is JSON");
        assert!(json.as_array().is_some_and(|list| list.len() >= 9), "{json}");
    }
}

#[test]
fn a_model_that_expects_nothing_tells_its_shortest_violation_in_full() {
    let free = &MODEL[..MODEL.find("[expect").expect("it has one")];
    let text = free.replace("users = [[\"create a\"]]", "users = [[\"create a\"]]\nfaults = { lost_reply = 1 }");
    let (_folder, path) = file("model.toml", &text);
    let path = path.to_str().expect("a plain path");
    let all = stdout(&everynode(&["check", path]));
    let told = |text: &str| text.matches(" is violated: ").count();
    assert!(all.matches("violated in ").count() > 1, "{all}");
    assert_eq!(told(&all), 1, "{all}");
    assert!(all.contains("to tell one of the others: everynode check "), "{all}");
    assert!(all.contains("  in the end:\n    ds (uid 1) at a"), "{all}");
    let some = stdout(&everynode(&["check", path, "-p", "one-per-node", "-p", "slow-start", "-p", "budget"]));
    assert_eq!(told(&some), some.matches("violated in ").count(), "{some}");
    let each = stdout(&everynode(&["check", path, "--traces"]));
    assert_eq!(told(&each), each.matches("violated in ").count(), "{each}");
}

#[test]
fn a_profile_that_is_none_is_answered_with_those_of_its_release() {
    let suggested = |name: &str| {
        let output = everynode(&["check", "cordon", "--profile", name]);
        assert_eq!(output.status.code(), Some(2));
        let message = stderr(&output);
        assert!(message.contains("[possible values: v1.11, "), "{message}");
        let tip =
            message.split_once("tip: ").map(|(_, tip)| tip.split_once(" For more").expect("it ends").0.to_owned());
        tip.unwrap_or_default()
    };
    assert_eq!(suggested("v1.12-legacy"), "a similar value exists: 'v1.12-controller'");
    assert_eq!(suggested("1.36.3"), "a similar value exists: 'v1.36'");
    assert_eq!(suggested("v1.11-gate"), "a similar value exists: 'v1.11-scheduler'");
    assert_eq!(suggested("v1.21"), "", "no profile is of that release, and its neighbours are not alike");
    let profile = |name: &str| MODEL.replace("[nodes]", &format!("profile = \"{name}\"\n\n[nodes]"));
    refused(&profile("v1.28.15"), &["no profile is called `v1.28.15`", "did you mean `v1.28`?"]);
    refused(&profile("v1.21"), &["no profile is called `v1.21`", "profiles: v1.11, "]);
}

#[test]
fn vectors_say_nothing_of_the_files_before_one_that_cannot_be_read() {
    let sample = "tests/data/counts.jsonl";
    let output = everynode(&["vectors", sample]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with(sample), "{}", stdout(&output));
    let output = everynode(&["vectors", sample, "no-such-file.jsonl"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
}

#[test]
fn the_help_lists_the_exit_codes() {
    for flag in ["-h", "--help"] {
        let help = ran(&[flag]);
        let (_, codes) = help.split_once("Exit codes:\n").expect("it lists them");
        let listed: Vec<&str> = codes.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(listed, ["0", "1", "2", "3"], "{help}");
    }
}

#[test]
fn a_census_groups_the_digits_of_its_numbers() {
    let census = ran(&["check", "lost-reply", "--census"]);
    let pinned = everynode::scope::bundled::read(Path::new("faults/lost-reply.toml"), None).expect("a bundled model");
    let states = pinned.pinned.expect("its size is pinned").unique_states;
    assert!(states > 999, "{states}");
    let grouped = format!("{},{:03}", states / 1000, states % 1000);
    assert!(census.contains(&format!("over {grouped} states, the whole graph")), "{census}");
}

/// Every name of a field in `json`; what is below names of kinds, switches or values is not looked at.
fn fields(json: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
    for item in json.as_array().into_iter().flatten() {
        fields(item, found);
    }
    for (name, value) in json.as_object().into_iter().flatten() {
        found.insert(name.clone());
        match name.as_str() {
            "switches" | "values" => {}
            "kinds" => value.as_object().into_iter().flatten().for_each(|(_, tally)| fields(tally, found)),
            _ => fields(value, found),
        }
    }
}

#[test]
fn every_field_of_json_is_in_the_readme() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let (_, section) = readme.split_once("\n## JSON\n").expect("it has a section about JSON");
    let (section, _) = section.split_once("\n## ").expect("others follow");
    let folder = TempDir::new().expect("a scratch folder");
    let kept = folder.path().to_str().expect("a plain path");
    assert_eq!(everynode(&["check", "lost-reply", "--save", kept]).status.code(), Some(0));
    let saved = folder.path().join("lost-reply.one-per-node.v1.36.json");
    let (_folder, unused) = file(
        "model.toml",
        &MODEL
            .replace("[nodes]", "faults = { readiness_blip = 1 }\n\n[nodes]")
            .replace("\"plain\"\n", "{ variant = \"plain\", kubelet = \"silent\" }\n"),
    );
    let (_other, ds, nodes) = placed(
        "metadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {}}}\n",
    );
    let mut found = std::collections::BTreeSet::new();
    for arguments in [
        &["check", "failing-pods-without-end", "-p", "no-hot-loop", "--profile", "v1.11"][..],
        &["check", unused.to_str().expect("a plain path")],
        &["models"],
        &["profiles"],
        &["profiles", "--switches"],
        &["replay", saved.to_str().expect("a plain path")],
        &["placement", "-f", &ds, "--nodes", &nodes],
        &["vectors", "tests/data/counts.jsonl"],
    ] {
        let output = everynode(&[arguments, &["--format", "json"]].concat());
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        fields(&json, &mut found);
    }
    for field in ["loop", "neverHappened", "firstDifference", "wrong", "shouldRun"] {
        assert!(found.contains(field), "{field} in {found:?}");
    }
    for field in found {
        assert!(section.contains(&format!("`{field}`")), "the README lacks {field}");
    }
}

#[test]
fn the_second_example_of_the_reference_is_a_model() {
    let reference = fs::read_to_string("models/README.md").expect("the reference");
    let example = reference.split("```toml\n").nth(2).and_then(|rest| rest.split("```").next()).expect("an example");
    let (_folder, path) = file("model.toml", example);
    let output = everynode(&["check", path.to_str().expect("a plain path"), "--max-states", "1000"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}
