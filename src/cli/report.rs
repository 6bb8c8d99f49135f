//! `everynode report`: the guarantee matrix and its counterexamples, as files.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use miette::Report;

use super::args::ReportArgs;
use super::output::say;
use super::{AS_EXPECTED, bad_input};
use crate::report::markdown::{MARK, Origin, Page, pages};
use crate::report::run::{Limits, run as ask};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks everything, then writes the report.
pub fn run(args: &ReportArgs) -> Result<u8, Report> {
    // A second handler is refused, and then the first still works.
    drop(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)));
    let folder = args.out.to_string_lossy().trim_end_matches('/').to_owned();
    if args.out.exists() && !args.out.is_dir() {
        return Err(bad_input::message(format!("{folder} is no folder")));
    }
    let limits = Limits {
        states_max: args.max_states,
        workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        interrupt: &INTERRUPTED,
    };
    let bar = progress_bar();
    let units = ask(&limits, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .map_err(|error| bad_input::message(error.to_string()))?;
    bar.finish_and_clear();
    let command = format!("cargo run --release -- report --out {folder} --max-states {}", args.max_states);
    let pages = pages(&units, &Origin { folder: folder.clone(), command, states_max: args.max_states });
    write(&args.out, &pages).map_err(|error| bad_input::message(format!("cannot write to {folder}: {error}")))?;
    say!("{folder}/guarantees.md and {} files below {folder}/counterexamples", pages.len() - 1);
    Ok(AS_EXPECTED)
}

fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} scopes").expect("the template is valid");
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Writes the pages, and takes away those of an earlier report that are no longer among them.
fn write(out: &Path, pages: &[Page]) -> std::io::Result<()> {
    let stories = out.join("counterexamples");
    let models = stories.join("models");
    fs::create_dir_all(&models)?;
    for entry in fs::read_dir(&stories)? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|end| end == "md");
        if is_page && fs::read_to_string(&path).is_ok_and(|text| text.starts_with(MARK)) {
            fs::remove_file(path)?;
        }
    }
    for entry in fs::read_dir(&models)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "toml") && path.to_string_lossy().contains("--") {
            fs::remove_file(path)?;
        }
    }
    for page in pages {
        fs::write(out.join(&page.path), &page.text)?;
    }
    Ok(())
}
