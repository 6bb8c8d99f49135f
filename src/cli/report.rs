//! `everynode report`: the guarantee matrix and its counterexamples, as files.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use miette::Report;

use super::args::ReportArgs;
use super::output::{obstacle, say};
use super::{AS_EXPECTED, CUT_SHORT, bad_input};
use crate::report::markdown::{MARK, Origin, Page, pages};
use crate::report::run::{Limits, RunError, run as ask};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks everything, then writes the report.
pub fn run(args: &ReportArgs) -> Result<u8, Report> {
    // A second handler is refused, and then the first still works.
    drop(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)));
    let folder = args.out.to_string_lossy().trim_end_matches('/').to_owned();
    if let Some(obstacle) = obstacle(&args.out) {
        return Err(bad_input::message(format!("cannot write to {folder}: {obstacle}")));
    }
    let limits = Limits {
        states_max: args.max_states,
        workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        interrupt: &INTERRUPTED,
    };
    let bar = progress_bar();
    let asked = ask(&limits, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let units = match asked {
        Ok(units) => units,
        Err(RunError::Interrupted) => {
            eprintln!("{}", RunError::Interrupted);
            return Ok(CUT_SHORT);
        }
        Err(error) => return Err(bad_input::message(error.to_string())),
    };
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

/// Where pages wait until all of them are written, below the report's folder.
const STAGE: &str = ".report";

/// Writes the pages, and takes away those of an earlier report that are no longer among them. An earlier report stays as it
/// is until all pages of the new one are written.
fn write(out: &Path, pages: &[Page]) -> io::Result<()> {
    let stage = out.join(STAGE);
    let staged = stage_pages(out, &stage, pages).and_then(|()| replace(out, &stage, pages));
    let cleared = if stage.exists() { fs::remove_dir_all(&stage) } else { Ok(()) };
    staged.and(cleared)
}

fn stage_pages(out: &Path, stage: &Path, pages: &[Page]) -> io::Result<()> {
    for folder in [out, stage] {
        fs::create_dir_all(folder.join("counterexamples").join("models"))?;
    }
    for page in pages {
        if out.join(&page.path).is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, format!("{} is a folder", page.path)));
        }
        fs::write(stage.join(&page.path), &page.text)?;
    }
    Ok(())
}

fn replace(out: &Path, stage: &Path, pages: &[Page]) -> io::Result<()> {
    let stories = out.join("counterexamples");
    for entry in fs::read_dir(&stories)? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|end| end == "md");
        if is_page && fs::read_to_string(&path).is_ok_and(|text| text.starts_with(MARK)) {
            fs::remove_file(path)?;
        }
    }
    for entry in fs::read_dir(stories.join("models"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "toml") && path.to_string_lossy().contains("--") {
            fs::remove_file(path)?;
        }
    }
    for page in pages {
        fs::rename(stage.join(&page.path), out.join(&page.path))?;
    }
    Ok(())
}
