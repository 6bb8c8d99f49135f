//! `everynode models`.

use miette::Report;

use super::args::{Format, ModelsArgs};
use super::layout::{HEADING, painted};
use super::output::{say, say_wrapped};
use super::{AS_EXPECTED, select};
use crate::scope::{ExpectedVerdict, ModelFile};

/// Lists models, the bundled ones if none is named; one alone is told in full.
pub fn run(args: &ModelsArgs) -> Result<u8, Report> {
    let models = select::models(&args.models, None)?;
    match args.format {
        Format::Human if models.len() == 1 => tell(&models[0]),
        Format::Human => list(&models),
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

fn list(models: &[ModelFile]) {
    let width = models.iter().map(|model| themed_name(model).len()).max().unwrap_or(0);
    let profile_width = models.iter().map(|model| model.profile.name.len()).max().unwrap_or(0);
    for model in models {
        let (name, profile) = (themed_name(model), model.profile.name);
        say_wrapped!(width + profile_width + 4, "{name:width$}  {profile:profile_width$}  {}", title(model));
    }
}

fn tell(model: &ModelFile) {
    say_wrapped!(0, "{}", painted(title(model), HEADING));
    say!("{} under {}", model.path.display(), model.profile.name);
    say!();
    for line in model.about.lines() {
        say_wrapped!(0, "{line}");
    }
    say!();
    for expectation in &model.expect {
        let verdict = match expectation.verdict {
            ExpectedVerdict::Holds => "holds".to_owned(),
            ExpectedVerdict::Vacuous => "holds vacuously".to_owned(),
            ExpectedVerdict::Violated(None) => "violated".to_owned(),
            ExpectedVerdict::Violated(Some(length)) => format!("violated in {length} steps"),
            ExpectedVerdict::NoneFound => "none found before a capacity is exceeded".to_owned(),
        };
        let because = expectation.because.as_ref().map_or_else(String::new, |entry| format!(" ({entry})"));
        let property = expectation.property;
        say_wrapped!(2, "{}: {verdict}{because}: {}", painted(property.id(), HEADING), property.sentence());
    }
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
