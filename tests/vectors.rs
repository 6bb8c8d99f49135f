//! Golden vectors of the real controller: every release answers as recorded, and a controller with one switch moved does not.
//!
//! A sample is shipped in `tests/data`; the whole lies in `../shared/vectors`. A missing folder is a failure, not a pass.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use everynode::release::Profile;
use everynode::vectors::run::{FileReport, Options, run_file};
use everynode::vectors::subject::Subject;

fn shared(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    assert!(folder.is_dir(), "the golden vectors are missing: {} is no folder", folder.display());
    folder.join(file)
}

fn sample(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

fn run(file: &Path) -> FileReport {
    run_file(file, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// All lines that were asked agree, and there are at least `asked` of them.
fn agrees(file: &Path, asked: u64) {
    let report = run(file);
    assert!(report.agrees(), "{:#?}", report.first_difference);
    let agreed: u64 = report.kinds.values().map(|tally| tally.agreed).sum();
    assert!(agreed >= asked, "{} lines of {} were asked", agreed, file.display());
}

/// The lines that differ are exactly these.
fn differs_in(file: &Path, ids: &[&str]) {
    let report = run(file);
    assert_eq!(report.differing, ids, "{:#?}", report.first_difference);
}

#[test]
fn the_sample_agrees() {
    for file in ["sync.jsonl", "midsync.jsonl", "handlers.jsonl", "counts.jsonl", "placement.jsonl"] {
        agrees(&sample(file), 6);
    }
}

#[test]
fn every_sync_of_1_36_3_agrees() {
    agrees(&shared("v1.36.3/sync.jsonl"), 2800);
}

#[test]
fn every_sync_with_events_in_its_middle_of_1_36_3_agrees() {
    agrees(&shared("v1.36.3/midsync.jsonl"), 853);
}

#[test]
fn every_handler_and_queue_item_of_1_36_3_agrees() {
    agrees(&shared("v1.36.3/handlers.jsonl"), 1500);
}

#[test]
fn every_budget_and_placement_of_1_36_3_agrees() {
    agrees(&shared("v1.36.3/counts.jsonl"), 280);
    agrees(&shared("v1.36.3/placement.jsonl"), 2100);
}

#[test]
fn every_answer_of_1_28_15_and_1_20_15_agrees() {
    agrees(&shared("v1.28.15/answers.jsonl"), 7211);
    agrees(&shared("v1.20.15/answers.jsonl"), 7211);
}

/// These lines show two deletions of duplicate revisions as one group in answers of 1.11 and 1.12. The pods are listed
/// between the two, as in 1.20 and 1.28, whose answers to the same questions show two groups. What the controller does is the
/// same.
const ONE_GROUP: [&str; 3] = ["s-sync-1233", "s-sync-1849", "s-suspended-0082"];

#[test]
fn answers_of_1_12_10_agree_with_the_gate_on_and_off() {
    differs_in(&shared("v1.12.10/answers-default.jsonl"), &ONE_GROUP);
    differs_in(&shared("v1.12.10/answers-legacy.jsonl"), &ONE_GROUP);
    agrees(&shared("v1.12.10/placement-answers.jsonl"), 2520);
    agrees(&shared("v1.12.10/wake.jsonl"), 18);
    agrees(&shared("v1.12.10/wake-default.jsonl"), 18);
}

#[test]
fn answers_of_1_11_10_agree() {
    differs_in(&shared("v1.11.10/answers.jsonl"), &ONE_GROUP[..2]);
    differs_in(&shared("v1.11.10/suspended.jsonl"), &ONE_GROUP[2..]);
    agrees(&shared("v1.11.10/placement.jsonl"), 2520);
    agrees(&shared("v1.11.10/wake.jsonl"), 18);
}

#[test]
fn a_controller_with_one_switch_moved_is_caught() {
    let today = Profile::named("v1.36").expect("the profile exists");
    for (file, switch, value) in [
        ("sync.jsonl", "old_unavailable", "NotCounted"),
        ("sync.jsonl", "available_at", "After"),
        ("sync.jsonl", "delete_not_found", "Ignore"),
        ("sync.jsonl", "skipped_creates", "Never"),
        ("sync.jsonl", "dedup_relabel", "OnlyDuplicates"),
        ("sync.jsonl", "observed_on_skip", "Raised"),
        ("sync.jsonl", "adopt_recheck", "None"),
        ("midsync.jsonl", "deletion_seen", "TimestampOnce"),
        ("midsync.jsonl", "wipe", "OnNotFoundOnly"),
        ("midsync.jsonl", "missing_node", "Skip"),
        ("handlers.jsonl", "node_wake", "V133"),
        ("handlers.jsonl", "node_wake_owner", "Uid"),
        ("handlers.jsonl", "recreate_seen", "NotCompared"),
        ("handlers.jsonl", "availability_timer", "None"),
    ] {
        let mut mutant = Subject::of(today);
        mutant.switches.set(switch, value).expect("the switch exists");
        let options = Options { subject: Some(mutant), ..Options::default() };
        let report = run_file(&shared("v1.36.3").join(file), &options).unwrap_or_else(|error| panic!("{error}"));
        assert!(!report.agrees(), "{switch} = {value} answers all of {file} as upstream does");
    }
}

/// Runs the command on a file with this content: exit code, stdout, stderr.
fn command(content: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("some.jsonl");
    std::fs::write(&file, content).expect("the file can be written");
    let output = Command::cargo_bin("everynode").unwrap().arg("vectors").arg(&file).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn bad_input_is_one_located_message_and_code_2() {
    let good = std::fs::read_to_string(sample("counts.jsonl")).expect("the sample is there");
    let good = good.lines().next().expect("it has a line");
    for (content, place) in [
        (String::new(), "some.jsonl"),
        ("\n\n".to_owned(), "some.jsonl"),
        (format!("{good}\n{{\"id\": \n"), "some.jsonl:2:"),
        (format!("{good}\n{good}\nnot JSON\n"), "some.jsonl:3:"),
        (format!("{}\n", good.replace("\"strategy\"", "\"tactics\"")), "some.jsonl:1:"),
        ("{\"id\":\"x\",\"release\":\"v1.36.3\",\"given\":{}}\n".to_owned(), "some.jsonl:1:"),
    ] {
        let (code, stdout, stderr) = command(&content);
        assert_eq!(code, Some(2), "{content:?}: {stdout}{stderr}");
        let one_line: String = stderr.split_whitespace().filter(|word| *word != "│").collect();
        assert!(one_line.contains(place), "{content:?}: {stderr}");
        assert!(stdout.is_empty(), "{stdout}");
    }
    let missing = Command::cargo_bin("everynode").unwrap().args(["vectors", "no-such-file.jsonl"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_difference_is_shown_field_by_field_with_code_1() {
    let good = std::fs::read_to_string(sample("sync.jsonl")).expect("the sample is there");
    let line = good.lines().find(|line| line.contains("\"numberAvailable\":4")).expect("such a line exists");
    let (code, stdout, _) = command(&line.replace("\"numberAvailable\":4", "\"numberAvailable\":5"));
    assert_eq!(code, Some(1));
    assert!(stdout.contains("sync: 0 agree, 1 differ"), "{stdout}");
    assert!(stdout.contains("status.numberAvailable\n      upstream   5\n      everynode  4"), "{stdout}");
    let (code, stdout, _) = command(line);
    assert_eq!((code, stdout.contains("sync: 1 agree, 0 differ")), (Some(0), true));
}
