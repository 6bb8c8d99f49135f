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
            let width = models.iter().map(|model| themed_name(model).len()).max().unwrap_or(0);
            for model in &models {
                say!("{:width$}  {:6}  {}", themed_name(model), model.profile.name, title(model));
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

/// Theme and name, as `check` takes them.
fn themed_name(model: &ModelFile) -> String {
    let path = model.path.strip_prefix("models").unwrap_or(&model.path);
    path.with_extension("").display().to_string()
}

/// The comment that a model file begins with.
fn title(model: &ModelFile) -> &str {
    model.text.lines().next().unwrap_or_default().trim_start_matches('#').trim()
}
