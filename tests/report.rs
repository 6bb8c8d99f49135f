//! `everynode report` as a user runs it, cut to a few states: it writes what it says, the same each time, and nothing by
//! halves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A search is cut here: far too early to find much, and enough to find something.
const STATES: &str = "150";

/// A counterexample of few steps, which is found within [`STATES`].
const PAGE: &str = "no-panic--no-fault-in-unlabelled-revision--v1.36.md";

fn report(out: &Path) -> Output {
    Command::cargo_bin("everynode")
        .expect("the binary is built")
        .args(["report", "--max-states", STATES, "--out"])
        .arg(out)
        .output()
        .expect("it runs")
}

/// Every file below `folder`, by its path there.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    fn collect(folder: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, below, files);
            } else {
                let name = path.strip_prefix(below).expect("a path below it").to_owned();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn refused(output: &Output, words: &str) {
    let message = String::from_utf8_lossy(&output.stderr).replace(['│', '\n'], " ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty());
    assert!(message.contains("cannot write to") && message.contains(words), "`{words}` in: {message}");
}

#[test]
fn a_report_is_what_it_says_the_same_each_time_and_replaces_an_earlier_one() {
    let folder = TempDir::new().expect("a scratch folder");
    let (one, other) = (folder.path().join("one/deep"), folder.path().join("other"));
    let output = report(&one);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let written = files(&one);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let shown = one.display();
    assert_eq!(said, format!("{shown}/guarantees.md and {} files below {shown}/counterexamples\n", written.len() - 1));
    let matrix = &written[Path::new("guarantees.md")];
    assert!(matrix.contains(&format!("--max-states {STATES}")), "{matrix}");
    let headings: Vec<&str> = matrix.lines().filter(|line| line.starts_with('#')).collect();
    insta::assert_snapshot!("headings", headings.join("\n"));
    let page = written.iter().find(|(path, _)| path.starts_with("counterexamples") && path.ends_with(PAGE));
    let (_, page) = page.expect("the page of a short counterexample");
    insta::assert_snapshot!("page", page.replace(&one.display().to_string(), "FOLDER"));
    reproduces(page);
    // Every page that the matrix names is there, and every page is named by it.
    let linked: Vec<PathBuf> = matrix
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|link| link.starts_with("counterexamples/"))
        .map(PathBuf::from)
        .collect();
    assert!(!linked.is_empty(), "no counterexample within {STATES} states: {matrix}");
    for link in &linked {
        assert!(written.contains_key(link), "{} is linked and not written", link.display());
    }
    for page in written.keys().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        assert!(page == Path::new("guarantees.md") || linked.contains(page), "{} is not linked", page.display());
    }
    // An earlier report goes, somebody else's files stay.
    fs::create_dir_all(other.join("counterexamples/models")).expect("a folder");
    let stale = matrix_mark(&written) + "an earlier page\n";
    fs::write(other.join("counterexamples/stale.md"), stale).expect("it is written");
    fs::write(other.join("counterexamples/mine.md"), "mine\n").expect("it is written");
    fs::write(other.join("notes.txt"), "mine\n").expect("it is written");
    assert_eq!(report(&other).status.code(), Some(0));
    let mut again = files(&other);
    assert_eq!(again.remove(Path::new("counterexamples/mine.md")).as_deref(), Some("mine\n"));
    assert_eq!(again.remove(Path::new("notes.txt")).as_deref(), Some("mine\n"));
    let unnamed = |files: BTreeMap<PathBuf, String>, folder: &Path| -> BTreeMap<PathBuf, String> {
        let name = folder.to_str().expect("a plain path").to_owned();
        files.into_iter().map(|(path, text)| (path, text.replace(&name, "FOLDER"))).collect()
    };
    assert_eq!(unnamed(written, &one), unnamed(again, &other));
}

/// The command that a page gives finds a behaviour of as many steps.
fn reproduces(page: &str) {
    let command = page.split("reproduce: `cargo run --release -- ").nth(1).and_then(|rest| rest.split('`').next());
    let arguments = command.expect("a page says how to reproduce it").split_whitespace();
    let output = Command::cargo_bin("everynode").expect("it is built").args(arguments).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let steps = page.split("## A shortest behaviour: ").nth(1).and_then(|rest| rest.lines().next());
    let found = format!("violated in {}", steps.expect("a page says how many steps it takes"));
    assert!(told.contains(&found), "{found}: {told}");
}

/// The line that marks a page as the report's own.
fn matrix_mark(written: &BTreeMap<PathBuf, String>) -> String {
    let pages = written.iter().filter(|(path, _)| path.starts_with("counterexamples"));
    let (_, page) =
        pages.into_iter().find(|(path, _)| path.extension().is_some_and(|end| end == "md")).expect("a page");
    page.lines().next().expect("a first line").to_owned() + "\n"
}

#[test]
fn a_folder_that_cannot_be_is_refused_before_anything_is_asked() {
    let folder = TempDir::new().expect("a scratch folder");
    let file = folder.path().join("file");
    fs::write(&file, "mine\n").expect("it is written");
    let before = files(folder.path());
    refused(&report(&file), "file is no folder");
    refused(&report(&file.join("below")), "file is no folder");
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).expect("a folder");
    let mut permissions = fs::metadata(&locked).expect("its metadata").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&locked, permissions).expect("they are set");
    refused(&report(&locked), "locked is read");
    refused(&report(&locked.join("below")), "locked is read");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_report_that_cannot_be_written_whole_leaves_the_earlier_one() {
    let folder = TempDir::new().expect("a scratch folder");
    let out = folder.path().join("report");
    fs::create_dir_all(out.join("guarantees.md/in-the-way")).expect("a folder");
    fs::create_dir_all(out.join("counterexamples")).expect("a folder");
    fs::write(out.join("counterexamples/earlier.md"), everynode::report::markdown::MARK).expect("it is written");
    let before = files(&out);
    refused(&report(&out), "guarantees.md is a folder");
    assert_eq!(files(&out), before);
    let out = folder.path().join("other");
    fs::create_dir(&out).expect("a folder");
    fs::write(out.join("counterexamples"), "mine\n").expect("it is written");
    let before = files(&out);
    refused(&report(&out), "");
    assert_eq!(files(&out), before);
}
