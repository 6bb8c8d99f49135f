//! The promises of the documents: deviations that code cites are in the table, and the other way round is not needed;
//! every model says what it is about; documents name only files that exist; files name no path of anybody's machine.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                collect(&path, endings, found);
            } else if path.extension().and_then(|end| end.to_str()).is_some_and(|end| endings.contains(&end)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    assert!(!found.is_empty(), "no files below {folder}");
    found.sort();
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn deviations_that_code_cites_are_in_the_table() {
    let table = text(&root().join("ARCHITECTURE.md"));
    let mut cited = 0;
    for path in files("src", &["rs"]) {
        let code = text(&path);
        for (at, _) in code.match_indices("(deviation D-").chain(code.match_indices("(D-")) {
            let from = at + code[at..].find("D-").expect("just matched");
            let id: String =
                code[from..].chars().take_while(|next| next.is_ascii_alphanumeric() || *next == '-').collect();
            assert!(table.contains(&format!("| {id} |")), "{} cites {id}, which the table has not", path.display());
            cited += 1;
        }
    }
    assert!(cited > 0, "no code cites a deviation");
}

#[test]
fn every_model_has_a_title_and_says_what_it_is_about() {
    for path in files("models", &["toml"]) {
        let model = text(&path);
        assert!(model.starts_with("# "), "{} begins with a comment that names it", path.display());
        assert!(model.contains("about = \"\"\""), "{} says what it is about", path.display());
    }
}

#[test]
fn documents_name_only_files_that_exist() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let document_text = text(&root().join(document));
        for name in document_text.split('`').skip(1).step_by(2) {
            let looks_like_a_path =
                ["src/", "tests/", "models/", "benches/"].iter().any(|start| name.starts_with(start));
            if looks_like_a_path && !name.contains(['*', '<', ' ']) {
                assert!(root().join(name).exists(), "{document} names {name}");
            }
        }
    }
}

#[test]
fn models_of_the_readme_exist() {
    let readme = text(&root().join("README.md"));
    let mut named = 0;
    for name in readme.split('`').skip(1).step_by(2) {
        let theme = name.split('/').next().unwrap_or_default();
        if name.contains('/') && !name.contains('.') && root().join("models").join(theme).is_dir() {
            assert!(root().join("models").join(name).with_extension("toml").exists(), "README.md names model {name}");
            named += 1;
        }
    }
    assert!(named > 10, "the README's table names its models");
}

#[test]
fn nothing_reads_like_unfinished_work() {
    for path in files("src", &["rs"]) {
        let code = text(&path);
        for word in [concat!("todo", "!("), concat!("unimple", "mented!("), concat!("#[ig", "nore")] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_readme_tells_what_the_models_pin() {
    use everynode::scope::{ExpectedVerdict, bundled};
    let readme = text(&root().join("README.md"));
    let mut told = 0;
    for row in readme.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() >= 3) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, model, claim, verdict, states] = cells.as_slice() else { continue };
        let Some(model) = model.strip_prefix('`').and_then(|model| model.strip_suffix('`')) else { continue };
        if !model.contains('/') {
            continue; // another table
        }
        let path = format!("{model}.toml");
        let file = bundled::read(Path::new(&path), None).unwrap_or_else(|error| panic!("{row}: {error}"));
        for claim in claim.split(',').map(|claim| claim.trim().split(' ').next().unwrap_or_default()) {
            let expected = file.expect.iter().find(|one| one.property.id() == claim);
            let expected = expected.unwrap_or_else(|| panic!("{row}: {claim} is not expected there")).verdict;
            let words = match expected {
                ExpectedVerdict::Holds => "hold".to_owned(),
                ExpectedVerdict::Vacuous => "hold vacuously".to_owned(),
                ExpectedVerdict::Violated(length) => {
                    format!("violated in {} steps", length.expect("a bundled model pins its lengths"))
                }
                ExpectedVerdict::NoneFound => "none found".to_owned(),
            };
            assert!(verdict.starts_with(&words), "{row}: expected {words}");
        }
        if !states.is_empty() {
            let pinned = file.pinned.unwrap_or_else(|| panic!("{row}: its size is not pinned"));
            assert_eq!(states.replace(',', ""), pinned.unique_states.to_string(), "{row}");
        }
        told += 1;
    }
    assert!(told > 15, "only {told} rows of the table were found");
}

/// The names of the fields of a struct, from its source.
fn fields(path: &str, of: &str) -> Vec<String> {
    let code = text(&root().join(path));
    let start = code.find(of).unwrap_or_else(|| panic!("{path} has no {of}")) + of.len();
    let body = &code[start..start + code[start..].find("\n}").expect("a struct ends")];
    body.lines()
        .filter_map(|line| line.trim().trim_start_matches("pub(super) ").split_once(": "))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
        .collect()
}

#[test]
fn the_reference_of_model_files_is_complete() {
    let reference = text(&root().join("models/README.md"));
    for property in everynode::property::ALL {
        let row = format!("| {} | {} |\n", property.id(), property.sentence());
        assert!(reference.contains(&row), "the reference lacks: {row}");
    }
    for profile in everynode::release::Profile::ALL {
        assert!(reference.contains(&format!("`{}`", profile.name)), "the reference lacks {}", profile.name);
    }
    let keys = fields("src/scope/read/shape.rs", "pub(super) struct File {");
    assert!(keys.len() > 10, "{keys:?}");
    for key in keys.iter().map(String::as_str).chain(everynode::scope::FAULTS) {
        assert!(reference.contains(&format!("`{key}`")), "the reference lacks {key}");
    }
    for command in everynode::scope::command::GRAMMAR.split("; ").next().unwrap_or_default().split(", ") {
        let word = command.split_whitespace().next().unwrap_or_default();
        assert!(reference.contains(&format!("`{word}")), "the reference lacks the command {word}");
    }
}
