//! `everynode placement` as a user runs it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn manifest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifests").join(name)
}

/// The command with these arguments; a name of a bundled manifest stands for its path.
fn placement(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("everynode").expect("the binary is built with the tests");
    command.current_dir(manifest("")).arg("placement").args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    let assert = placement(arguments).assert().code(0).stderr("");
    String::from_utf8(assert.get_output().stdout.clone()).expect("output is text")
}

/// Exit code 2, nothing on stdout, one message that holds these words.
fn check_refused(arguments: &[&str], words: &str) {
    let assert = placement(arguments).assert().code(2).stdout("");
    let message = String::from_utf8(assert.get_output().stderr.clone()).expect("messages are text");
    assert!(message.contains(words), "{arguments:?}: {message}");
}

#[test]
fn a_row_a_node_says_why() {
    insta::assert_snapshot!(stdout(&["-f", "fluentd-elasticsearch.yaml", "--nodes", "nodes.yaml"]));
}

#[test]
fn terms_of_affinity_are_told_apart() {
    insta::assert_snapshot!(stdout(&["-f", "storage-driver.yaml", "--nodes", "nodes.yaml"]));
}

#[test]
fn a_whole_network_plugin_passes_and_its_other_kinds_are_counted() {
    insta::assert_snapshot!(stdout(&["-f", "network-agent.yaml", "--nodes", "nodes.yaml"]));
}

#[test]
fn the_legacy_controller_looks_at_room_and_ports() {
    let arguments = ["-f", "node-exporter.yaml", "--nodes", "nodes.yaml", "--pods", "pods.yaml", "--profile", "v1.11"];
    insta::assert_snapshot!(stdout(&arguments));
}

#[test]
fn gates_are_set_as_a_component_takes_them() {
    let daemon_set = "kind: DaemonSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {l: a}}, template: {metadata: {labels: {l: a}}, \
                      spec: {tolerations: [{key: k, operator: Gt, value: \"5\"}]}}}\n";
    let node = "kind: Node\nmetadata: {name: n}\nspec: {taints: [{key: k, value: \"7\", effect: NoSchedule}]}\n";
    let input = format!("{daemon_set}---\n{node}");
    let gate = "TaintTolerationComparisonOperators=true";
    for (arguments, expected) in [(&["-f", "-"][..], "may stay"), (&["-f", "-", "--feature-gates", gate], "should run")]
    {
        let assert = placement(arguments).write_stdin(input.clone()).assert().code(0);
        let text = String::from_utf8(assert.get_output().stdout.clone()).expect("output is text");
        assert!(text.lines().nth(2).is_some_and(|row| row.contains(expected)), "{text}");
    }
    let files = ["-f", "gpu-driver.yaml", "--nodes", "nodes.yaml"];
    let gates = |gates: &'static str| [&files[..], &["--feature-gates", gates]].concat();
    check_refused(&gates("ExperimentalCriticalPodAnnotation=true"), "v1.36 has no gate");
    check_refused(&gates("ScheduleDaemonSetPods=true"), "placement knows these gates");
    check_refused(&gates("TaintTolerationComparisonOperators=perhaps"), "true or to false");
}

#[test]
fn critical_pods_skip_the_look_at_room_where_the_annotation_counts() {
    let legacy = ["--pods", "pods.yaml", "--profile", "v1.11"];
    let files = [&["-f", "network-agent.yaml", "--nodes", "nodes.yaml"], &legacy[..]].concat();
    assert!(stdout(&files).contains("no room"));
    let gate = ["--feature-gates", "ExperimentalCriticalPodAnnotation=true"];
    assert!(!stdout(&[&files[..], &gate].concat()).contains("no room"));
}

#[test]
fn json_is_an_array_of_answers() {
    let arguments = ["-f", "gpu-driver.yaml", "--nodes", "nodes.yaml", "--format", "json"];
    let assert = placement(&arguments).assert().code(0);
    let rows: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).expect("output is JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(8));
    let expected = serde_json::json!({
        "daemonSet": "gpu-driver", "namespace": "gpu", "node": "worker-0", "shouldRun": false,
        "shouldContinueRunning": false, "reasons": ["nodeSelector accelerator=gpu does not match"],
    });
    assert_eq!(rows[1], expected);
}

#[test]
fn several_daemon_sets_and_stdin_are_answered_together() {
    let nodes = std::fs::read_to_string(manifest("nodes.yaml")).expect("a bundled manifest");
    let gpu = std::fs::read_to_string(manifest("gpu-driver.yaml")).expect("a bundled manifest");
    let both = ["-f", "fluentd-elasticsearch.yaml", "-f", "-", "--nodes", "-", "--format", "json"];
    let assert = placement(&both).write_stdin(format!("{nodes}---\n{gpu}")).assert().code(0);
    let rows: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).expect("output is JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(16));
}

#[test]
fn many_nodes_are_summed_up_by_reason() {
    let mut nodes = String::new();
    for node in 0..5000 {
        let taint = if node % 100 == 0 { "{taints: [{key: k, effect: NoSchedule}]}" } else { "{}" };
        writeln!(nodes, "---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{node}}}\nspec: {taint}")
            .expect("a string");
    }
    let assert = placement(&["-f", "fluentd-elasticsearch.yaml", "--nodes", "-"]).write_stdin(nodes).assert().code(0);
    let text = String::from_utf8(assert.get_output().stdout.clone()).expect("output is text");
    insta::assert_snapshot!(text, @r"
    DaemonSet kube-system/fluentd-elasticsearch
       NODES  PLACEMENT   WHY
        4950  should run  (n1, n2, n3, ...)
          50  may stay    taint k:NoSchedule is not tolerated (n0, n100, n200, ...)
      5000 nodes: 4950 should run, 50 may stay, 0 must go

    note: resources and host ports are not considered; the scheduler looks at them when a pod is created
    ");
}

#[test]
fn bad_input_is_one_message_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a scratch file");
        path.to_str().expect("a plain path").to_owned()
    };
    let nodes = "nodes.yaml";
    let no_nodes = write("no-nodes", b"kind: List\nitems: []\n");
    check_refused(&["-f", "gpu-driver.yaml", "--nodes", &no_nodes], "no Node in");
    check_refused(&["-f", "missing.yaml", "--nodes", nodes], "cannot read missing.yaml");
    check_refused(&["-f", &write("empty", b""), "--nodes", nodes], "is empty");
    check_refused(&["-f", &write("comment", b"# nothing\n---\n"), "--nodes", nodes], "is empty");
    check_refused(&["-f", &write("yaml", b"kind: [\n"), "--nodes", nodes], "yaml:1:");
    check_refused(&["-f", &write("json", b"{\"kind\": \"Node\",\n}"), "--nodes", nodes], "json:2:1");
    check_refused(&["-f", &write("binary", b"kind: x\n\xff\xfe\n"), "--nodes", nodes], "binary:2");
    check_refused(&["-f", &write("scalar", b"hello\n"), "--nodes", nodes], "no DaemonSet");
    check_refused(&["-f", nodes, "--nodes", nodes], "no DaemonSet in nodes.yaml");
    check_refused(&["-f", "gpu-driver.yaml", "--nodes", "gpu-driver.yaml"], "no Node in gpu-driver.yaml");
    check_refused(&["-f", "gpu-driver.yaml", "--nodes", nodes, "--profile", "v0.9"], "v1.36");
    let spec = write("spec", b"kind: DaemonSet\nmetadata: {name: x}\n");
    check_refused(&["-f", &spec, "--nodes", nodes], "spec:1: the API server would refuse DaemonSet default/x:");
    let quantity = b"kind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: lots, pods: 1}}\n";
    let quantity = write("quantity", quantity);
    let legacy = ["-f", "gpu-driver.yaml", "--nodes", &quantity, "--pods", "pods.yaml", "--profile", "v1.11"];
    check_refused(&legacy, "\"lots\" is not a quantity");
}

#[test]
fn a_hundred_megabytes_of_nonsense_are_refused() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("large");
    std::fs::write(&path, vec![b'x'; 100 << 20]).expect("a scratch file");
    let path = path.to_str().expect("a plain path");
    check_refused(&["-f", path, "--nodes", "nodes.yaml"], "no DaemonSet");
}
