//! The models that come with the crate.

use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::{ModelError, ModelFile, parse};
use crate::release::Profile;

static MODELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/models");

/// The bundled models' paths below `models/`, sorted.
pub fn paths() -> Vec<&'static Path> {
    fn collect(folder: &'static Dir<'static>, paths: &mut Vec<&'static Path>) {
        paths.extend(
            folder
                .files()
                .map(include_dir::File::path)
                .filter(|path| path.extension().is_some_and(|end| end == "toml")),
        );
        folder.dirs().for_each(|inner| collect(inner, paths));
    }
    let mut paths = Vec::new();
    collect(&MODELS, &mut paths);
    paths.sort_unstable();
    paths
}

/// The bundled models that `name` means: a file name without ending, a path below `models/`, or a theme's folder.
pub fn find(name: &str) -> Vec<&'static Path> {
    let wanted = Path::new(name.strip_prefix("models/").unwrap_or(name));
    paths()
        .into_iter()
        .filter(|path| {
            path.file_stem().is_some_and(|stem| stem == wanted)
                || *path == wanted
                || path.with_extension("") == wanted
                || path.parent().is_some_and(|theme| theme == wanted)
        })
        .collect()
}

/// What [`find`] takes: themes, names, and names with their theme.
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    for path in paths() {
        let themed = path.with_extension("");
        let parts = [themed.parent(), themed.file_stem().map(Path::new), Some(&themed)];
        names.extend(parts.into_iter().flatten().map(|part| part.display().to_string()));
    }
    names
}

/// Reads the bundled model at `path`, which [`paths`] gave.
///
/// # Errors
///
/// If it is no valid model; a test keeps the bundled ones valid.
pub fn read(path: &Path, profile: Option<&'static Profile>) -> Result<ModelFile, ModelError> {
    let shown = Path::new("models").join(path);
    let text = MODELS.get_file(path).and_then(include_dir::File::contents_utf8).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&shown, text, profile, &|name| {
        let file = normal(&folder.join(name));
        let found = MODELS.get_file(&file).and_then(include_dir::File::contents_utf8);
        found.map(str::to_owned).ok_or_else(|| format!("no bundled file models/{}", file.display()))
    })
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => parts.push(part),
        }
    }
    parts
}
