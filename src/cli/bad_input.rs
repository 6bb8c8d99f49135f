//! Errors about input, with their place in it.

use miette::{LabeledSpan, MietteDiagnostic, NamedSource, Report};

use crate::scope::ModelError;

/// A message without a place.
pub fn message(text: impl Into<String>) -> Report {
    Report::new(MietteDiagnostic::new(text.into()))
}

/// A message with what to do about it.
pub fn with_help(text: impl Into<String>, help: impl Into<String>) -> Report {
    Report::new(MietteDiagnostic::new(text.into()).with_help(help.into()))
}

/// What is wrong with a model file, where.
pub fn model(error: ModelError) -> Report {
    let mut diagnostic = MietteDiagnostic::new(format!("{}: {}", error.path.display(), error.message));
    if let Some(help) = error.help {
        diagnostic = diagnostic.with_help(help);
    }
    match error.span {
        None => Report::new(diagnostic),
        Some(span) => {
            let label = LabeledSpan::at(span, "here");
            Report::new(diagnostic.with_label(label))
                .with_source_code(NamedSource::new(error.path.display().to_string(), error.text))
        }
    }
}
