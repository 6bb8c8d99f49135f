//! `everynode vectors --emit`: the views of a model as questions.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use miette::Report;

use super::layout::counted;
use super::output::say;
use super::vectors::VectorsArgs;
use super::{AS_EXPECTED, bad_input, select};
use crate::release::Profile;
use crate::scope::ModelFile;
use crate::text::grouped;
use crate::vectors::emit::collect::{Cut, Kind, Views, collect};
use crate::vectors::emit::line::{Lines, release};

/// Visits `model` and writes a sample of its views.
pub fn run(model: &str, profile: Option<&'static Profile>, args: &VectorsArgs) -> Result<u8, Report> {
    let file = select::model(model, profile)?;
    let target = args.out.as_deref().map(Target::of).transpose()?;
    let views = collect(&file, args.max_states.unwrap_or(u64::MAX)).map_err(|error| fault(&file, &error))?;
    if views.views.is_empty() {
        tell(&file, &views, 0);
        return Err(bad_input::message(format!("no view of `{}` can be stated as a question", file.scope.name)));
    }
    let lines = Lines::of(&file);
    let sample = views.sample(usize::try_from(args.sample.unwrap_or(100)).unwrap_or(usize::MAX));
    let written = sample.len();
    let texts = sample.into_iter().map(|view| {
        let line = Views::line(&lines, view).map_err(|error| fault(&file, &error))?;
        Ok(serde_json::to_string(&line).expect("a line is JSON"))
    });
    match target {
        None => texts.collect::<Result<Vec<String>, Report>>()?.iter().for_each(|text| say!("{text}")),
        Some(target) => target.write(texts)?,
    }
    tell(&file, &views, written);
    Ok(AS_EXPECTED)
}

/// A question of ours that is none: the one thing here that is no bad input, and still has to be said.
fn fault(file: &ModelFile, error: &crate::vectors::BadVector) -> Report {
    bad_input::message(format!("a view of `{}` gives no question: {error}", file.scope.name))
}

/// What was visited, written and left out.
fn tell(file: &ModelFile, views: &Views, written: usize) {
    let name = &file.scope.name;
    let whole = match views.cut {
        None => "the whole graph".to_owned(),
        Some(Cut::States(most)) => format!("cut at {} states", grouped(most)),
        Some(Cut::Capacity(what)) => format!("not beyond the capacity of {what}"),
    };
    eprintln!("{name}: {} visited, {whole}", counted(views.states, "state", "states"));
    for kind in Kind::ALL {
        let distinct = |count: u64| counted(count, "distinct view", "distinct views");
        let stated = views.views.get(&kind).map_or(0, Vec::len);
        eprintln!("{name}: {}: {} can be stated", kind.text(), distinct(stated as u64));
        for ((_, reason), count) in views.unstated.iter().filter(|((of, _), _)| *of == kind) {
            eprintln!("{name}: {}: {} cannot: {}", kind.text(), distinct(*count), reason.text());
        }
    }
    eprintln!("{name}: {} written", counted(written as u64, "question", "questions"));
    if file.scope.switches != file.profile.switches {
        let release = release(file.profile);
        eprintln!("{name}: the model moves switches of its release; the answers are those of {release}");
    }
}

/// Where the questions go. A regular file appears whole or not at all.
enum Target {
    /// Written beside it first, then renamed.
    Regular { path: PathBuf, beside: Part, file: File },
    /// A pipe or a device.
    Stream { path: PathBuf, file: File },
}

/// The file beside; gone with this, unless it was renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

impl Target {
    /// Opens it before any work is done.
    fn of(path: &Path) -> Result<Self, Report> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let file = File::options().write(true).open(path).map_err(|error| unwritable(path, &error))?;
            return Ok(Self::Stream { path: path.to_owned(), file });
        }
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(bad_input::message(format!("cannot write to {}: it is no file", path.display())));
        };
        let mut part = name.to_owned();
        part.push(".part");
        let beside = path.with_file_name(part);
        let file = File::create(&beside).map_err(|error| unwritable(path, &error))?;
        Ok(Self::Regular { path: path.to_owned(), beside: Part(beside), file })
    }

    fn write(self, texts: impl Iterator<Item = Result<String, Report>>) -> Result<(), Report> {
        match self {
            Self::Stream { path, file } => write(file, &path, texts),
            Self::Regular { path, beside, file } => {
                write(file, &path, texts)?;
                fs::rename(&beside.0, &path).map_err(|error| unwritable(&path, &error))
            }
        }
    }
}

fn write(file: File, path: &Path, texts: impl Iterator<Item = Result<String, Report>>) -> Result<(), Report> {
    let mut out = BufWriter::new(file);
    for text in texts {
        writeln!(out, "{}", text?).map_err(|error| unwritable(path, &error))?;
    }
    out.flush().map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Report {
    bad_input::message(format!("cannot write to {}: {error}", path.display()))
}
