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
