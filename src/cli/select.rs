//! Which models were meant.

use std::collections::HashSet;
use std::path::Path;

use miette::Report;

use super::bad_input;
use crate::release::Profile;
use crate::scope::{ModelFile, bundled, read};
use crate::text::did_you_mean;

/// The models that `names` mean, each once, all bundled ones if there is none; under `profile` instead of their own.
///
/// A name with `.toml` is first a file; any other is first a bundled model or theme.
pub fn models(names: &[String], profile: Option<&'static Profile>) -> Result<Vec<ModelFile>, Report> {
    if names.is_empty() {
        return bundled::paths()
            .into_iter()
            .map(|path| bundled::read(path, profile).map_err(bad_input::model))
            .collect();
    }
    let mut models = Vec::new();
    for name in names {
        let path = Path::new(name);
        let found = bundled::find(name.trim_start_matches("./").trim_end_matches('/'));
        if path.is_file() && (found.is_empty() || path.extension().is_some_and(|extension| extension == "toml")) {
            models.push(read(path, profile).map_err(bad_input::model)?);
            continue;
        }
        if found.is_empty() {
            let what = if path.is_dir() { "a folder, not a model file" } else { "neither a file nor a bundled model" };
            let names: Vec<String> = bundled::names();
            let help =
                did_you_mean(name, names.iter().map(String::as_str), "`everynode models` lists the bundled ones");
            return Err(bad_input::with_help(format!("`{name}` is {what}"), help));
        }
        for path in found {
            models.push(bundled::read(path, profile).map_err(bad_input::model)?);
        }
    }
    let mut seen = HashSet::new();
    models.retain(|model| seen.insert((model.path.clone(), model.text.clone())));
    Ok(models)
}

/// The one model that `name` means; under `profile` instead of its own.
pub fn model(name: &str, profile: Option<&'static Profile>) -> Result<ModelFile, Report> {
    let mut models = models(&[name.to_owned()], profile)?;
    if models.len() != 1 {
        let names: Vec<&str> = models.iter().map(|model| model.scope.name.as_str()).collect();
        return Err(bad_input::with_help(
            format!("`{name}` means several models"),
            format!("choose one of {}", names.join(", ")),
        ));
    }
    Ok(models.remove(0))
}

/// The profile called `name`.
pub fn profile(name: &str) -> Result<&'static Profile, Report> {
    Profile::named(name)
        .ok_or_else(|| bad_input::with_help(format!("no profile is called `{name}`"), Profile::instead_of(name)))
}
