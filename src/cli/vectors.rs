//! `everynode vectors`: golden vectors of the real controller against ours, and questions made from a model.

use std::path::PathBuf;

use clap::Args;
use miette::Report;

use super::args::{Format, profile_parser};
use super::output::say;
use super::{AS_EXPECTED, NOT_AS_EXPECTED, bad_input, vectors_emit};
use crate::release::Profile;
use crate::text::grouped;
use crate::vectors::run::{FileReport, Options, run_file};

/// Fields shown of a line that differs.
const FIELDS_MAX: usize = 20;
/// Characters shown of a field's value.
const VALUE_MAX: usize = 300;

/// `everynode vectors`.
#[derive(Args, Clone, Debug)]
pub struct VectorsArgs {
    /// Vector files of any kind, `-` for stdin: questions with their answer, or answers of another release.
    #[arg(required_unless_present = "emit", conflicts_with = "emit", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the questions are that an answers file answers; the folder `v1.36.3` beside the file's if not given.
    #[arg(long, value_name = "FOLDER", conflicts_with = "emit")]
    pub questions: Option<PathBuf>,
    /// Ask this release profile instead of that of the release that a file or a model names.
    #[arg(long, value_parser = profile_parser())]
    pub profile: Option<&'static Profile>,
    /// How to print.
    #[arg(long, value_enum, default_value_t, conflicts_with = "emit")]
    pub format: Format,
    /// Write questions instead: what the controllers of this model (a bundled one or a file) are shown in the states it reaches.
    #[arg(long, value_name = "MODEL")]
    pub emit: Option<String>,
    /// How many questions, spread evenly over the distinct views of each kind; all of them if there are fewer, 100 if not given.
    #[arg(long, value_name = "N", requires = "emit", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// Where to write them; stdout if not given.
    #[arg(long, value_name = "FILE", requires = "emit")]
    pub out: Option<PathBuf>,
    /// Visit so many states of the model at most.
    #[arg(long, value_name = "N", requires = "emit", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_states: Option<u64>,
}

/// Runs every file; the exit code says whether all lines agree. Or writes the questions of a model.
///
/// # Errors
///
/// If a file cannot be read, is empty, or has a line that is no vector; if a model is none, or its questions cannot be
/// written.
pub fn run(args: &VectorsArgs) -> Result<u8, Report> {
    if let Some(model) = &args.emit {
        return vectors_emit::run(model, args.profile, args);
    }
    let only_with_emit = [
        ("--sample", args.sample.is_some()),
        ("--out", args.out.is_some()),
        ("--max-states", args.max_states.is_some()),
    ];
    if let Some((flag, _)) = only_with_emit.into_iter().find(|(_, given)| *given) {
        return Err(bad_input::message(format!("{flag} says how questions are written, which takes --emit MODEL")));
    }
    let options = Options { questions: args.questions.clone(), profile: args.profile, subject: None };
    let run = |file: &PathBuf| run_file(file, &options).map_err(|error| bad_input::message(error.to_string()));
    // Nothing is shown unless every file can be read.
    let reports = args.files.iter().map(run).collect::<Result<Vec<_>, _>>()?;
    match args.format {
        Format::Human => reports.iter().for_each(show),
        Format::Json => say!("{}", serde_json::json!({ "files": reports })),
    }
    Ok(if reports.iter().all(FileReport::agrees) { AS_EXPECTED } else { NOT_AS_EXPECTED })
}

/// One file for people: a line for each kind, then the first difference.
fn show(report: &FileReport) {
    let file = report.file.display();
    for (kind, tally) in &report.kinds {
        let [agreed, differing, not_asked] = [tally.agreed, tally.differing, tally.skipped].map(grouped);
        let skipped = if tally.skipped == 0 { String::new() } else { format!(", {not_asked} not asked") };
        say!("{file}: {}: {agreed} agree, {differing} differ{skipped}", kind.text());
    }
    let Some(first) = &report.first_difference else { return };
    say!("  first difference: {} ({file}:{}), asked as {}", first.id, first.line, first.profile);
    for field in first.fields.iter().take(FIELDS_MAX) {
        say!("    {}", field.field);
        say!("      upstream   {}", shortened(&field.upstream));
        say!("      everynode  {}", shortened(&field.everynode));
    }
    if first.fields.len() > FIELDS_MAX {
        say!("    and {} more fields", first.fields.len() - FIELDS_MAX);
    }
}

fn shortened(value: &serde_json::Value) -> String {
    if value.is_null() {
        return "(absent)".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(VALUE_MAX) {
        None => text,
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
