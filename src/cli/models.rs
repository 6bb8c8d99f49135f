//! `everynode models`.

use miette::Report;

use super::args::{Format, ModelsArgs};
use super::output::say;
use super::{AS_EXPECTED, select};
use crate::scope::ModelFile;

/// Lists the bundled models.
pub fn run(args: &ModelsArgs) -> Result<u8, Report> {
    let models = select::models(&[], None)?;
    match args.format {
        Format::Human => {
            let width = models.iter().map(|model| model.scope.name.len()).max().unwrap_or(0);
            for model in &models {
                say!("{:width$}  {:6}  {}", model.scope.name, model.profile.name, first_sentence(model));
            }
        }
        Format::Json => {
            let list: Vec<_> = models
                .iter()
                .map(|model| {
                    serde_json::json!({
                        "model": model.scope.name,
                        "path": model.path,
                        "profile": model.profile.name,
                        "about": model.about,
                        "properties": model.expect.iter().map(|one| one.property.id()).collect::<Vec<_>>(),
                    })
                })
                .collect();
            say!("{}", serde_json::Value::Array(list));
        }
    }
    Ok(AS_EXPECTED)
}

/// The first line of what a model says it is about.
pub fn first_sentence(model: &ModelFile) -> &str {
    model.about.lines().next().unwrap_or_default()
}
