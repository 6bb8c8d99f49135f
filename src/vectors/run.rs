//! Runs vector files: streams of lines, each compared on its own, counted by kind.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::difference::{Comparison, Difference};
use super::json::object_mut;
use super::placement::BothWays;
use super::question::Line;
use super::subject::Subject;
use super::{BadVector, answers, counts, placement, wake};
use crate::release::Profile;
use crate::release::placement::CriticalPods;
use crate::text;

/// Lines that are read before they are shared out to the threads.
const CHUNK: usize = 512;
/// Threads that compare.
const THREADS: usize = 2;

/// Which questions a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// May a pod run on this node?
    Placement,
    /// The same up to 1.12.
    LegacyPlacement,
    /// What do the budgets come to?
    Counts,
    /// What does a sync do?
    Sync,
    /// What does it do when events arrive in the middle of it?
    Midsync,
    /// What does an event or a queue item do?
    Handlers,
    /// What wakes a `DaemonSet` that waits for room?
    Wake,
}

impl Kind {
    /// As it is called in reports.
    pub fn text(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::LegacyPlacement => "legacy-placement",
            Self::Counts => "counts",
            Self::Sync => "sync",
            Self::Midsync => "midsync",
            Self::Handlers => "handlers",
            Self::Wake => "wake",
        }
    }

    /// The kind of a question.
    fn of(line: &Line) -> Option<Self> {
        let given = line.given.as_ref()?;
        let expected = |name: &str| line.expected.as_ref().is_some_and(|expected| expected.get(name).is_some());
        if given.key.is_some() && given.cache.is_some() {
            return Some(if given.deliveries.is_empty() { Self::Sync } else { Self::Midsync });
        }
        if given.event.is_some() {
            return Some(if given.daemon_sets.is_some() { Self::Wake } else { Self::Handlers });
        }
        if given.template.is_some() && given.node.is_some() {
            return Some(if expected("wantToRun") { Self::LegacyPlacement } else { Self::Placement });
        }
        given.strategy.is_some().then_some(Self::Counts)
    }
}

/// How the lines of one kind fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Our answer is the recorded one.
    pub agreed: u64,
    /// It is not.
    pub differing: u64,
    /// The question was not put to the release.
    pub skipped: u64,
}

/// How a file fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// The file.
    pub file: PathBuf,
    /// Counts by kind.
    pub kinds: BTreeMap<Kind, Tally>,
    /// The first line that differs.
    pub first_difference: Option<FirstDifference>,
    /// Ids of every line that differs.
    pub differing: Vec<String>,
}

/// The first line that differs, field by field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstDifference {
    /// The line's id.
    pub id: String,
    /// Its number, from 1.
    pub line: usize,
    /// The profile that was asked.
    pub profile: &'static str,
    /// The fields.
    pub fields: Vec<Field>,
}

/// A field that differs; null: absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its path.
    pub field: String,
    /// What the real controller answered.
    pub upstream: serde_json::Value,
    /// What this crate answers.
    pub everynode: serde_json::Value,
}

impl From<Difference> for Field {
    fn from(difference: Difference) -> Self {
        Self { field: difference.field, upstream: difference.expected, everynode: difference.answered }
    }
}

/// Why a file could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has no line.
    #[error("{0}: no vector in it")]
    Empty(PathBuf),
    /// A line is no vector.
    #[error("{file}:{line}:{}: {reason}", reason.column().unwrap_or(1))]
    Line {
        /// The file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Why.
        reason: BadVector,
    },
}

/// How files are run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the questions are that an answers file answers; none: the folder `v1.36.3` beside the file's.
    pub questions: Option<PathBuf>,
    /// Who is asked; none: the profile of the release that a line or its folder names.
    pub profile: Option<&'static Profile>,
    /// Asked instead of the profile's controller.
    pub subject: Option<Subject>,
}

/// Runs one file; `-` is standard input.
///
/// # Errors
///
/// If it, or the questions that it answers, cannot be read, or a line is no vector.
pub fn run_file(file: &Path, options: &Options) -> Result<FileReport, RunError> {
    let io = |source| RunError::Io { file: file.to_owned(), source };
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::with_capacity(1 << 20, File::open(file).map_err(io)?))
    };
    let context = Context { file, options, questions: OnceLock::new() };
    let mut report =
        FileReport { file: file.to_owned(), kinds: BTreeMap::new(), first_difference: None, differing: Vec::new() };
    let mut read = 0;
    loop {
        let mut lines = Vec::with_capacity(CHUNK);
        while lines.len() < CHUNK {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line).map_err(io)? == 0 {
                break;
            }
            lines.push(text::decode(line).map_err(|_| RunError::Line {
                file: file.to_owned(),
                line: read + lines.len() + 1,
                reason: BadVector::new("the text is not UTF-8"),
            })?);
        }
        if lines.is_empty() {
            break;
        }
        for (index, result) in context.check_all(&lines).into_iter().enumerate() {
            let number = read + index + 1;
            let checked = result.map_err(|reason| RunError::Line { file: file.to_owned(), line: number, reason })?;
            report.count(number, checked);
        }
        read += lines.len();
    }
    if report.kinds.is_empty() {
        return Err(RunError::Empty(file.to_owned()));
    }
    Ok(report)
}

impl FileReport {
    fn count(&mut self, line: usize, checked: Option<Checked>) {
        let Some(Checked { kind, id, profile, comparison }) = checked else { return };
        let tally = self.kinds.entry(kind).or_default();
        match comparison {
            Comparison::Agreed => tally.agreed += 1,
            Comparison::Skipped(_) => tally.skipped += 1,
            Comparison::Differs(differences) => {
                tally.differing += 1;
                self.differing.push(id.clone());
                self.first_difference.get_or_insert_with(|| FirstDifference {
                    id,
                    line,
                    profile,
                    fields: differences.into_iter().map(Field::from).collect(),
                });
            }
        }
    }

    /// Whether nothing differs.
    pub fn agrees(&self) -> bool {
        self.kinds.values().all(|tally| tally.differing == 0)
    }
}

/// A line that was compared.
struct Checked {
    kind: Kind,
    id: String,
    profile: &'static str,
    comparison: Comparison,
}

/// What the lines of one file share.
struct Context<'a> {
    file: &'a Path,
    options: &'a Options,
    questions: OnceLock<Result<Questions, BadVector>>,
}

impl Context<'_> {
    /// Compares every line; the results are in their order.
    fn check_all(&self, lines: &[String]) -> Vec<Result<Option<Checked>, BadVector>> {
        let share = lines.len().div_ceil(THREADS);
        thread::scope(|scope| {
            let workers: Vec<_> = lines
                .chunks(share)
                .map(|share| scope.spawn(move || share.iter().map(|line| self.check(line)).collect::<Vec<_>>()))
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker only compares")).collect()
        })
    }

    /// Compares one line; none: it is blank.
    fn check(&self, text: &str) -> Result<Option<Checked>, BadVector> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let line: Line = serde_json::from_str(text)?;
        if line.given.is_some() {
            let kind = Kind::of(&line).ok_or_else(|| BadVector::new("a question of no known kind"))?;
            let comparison = self.compare(kind, &line, text, None)?;
            return Ok(Some(self.checked(kind, &line, comparison)));
        }
        let questions = self.questions.get_or_init(|| Questions::read(self.file, self.options));
        let questions = questions.as_ref().map_err(Clone::clone)?;
        let question_text = questions
            .of(&line.id)
            .ok_or_else(|| BadVector::new(format!("its question `{}` is not in {}", line.id, questions.folder())))?;
        let faulty = |error: BadVector| error.of_question(&line.id);
        let question: Line = serde_json::from_str(question_text).map_err(|error| faulty(error.into()))?;
        let kind = Kind::of(&question).ok_or_else(|| faulty(BadVector::new("of no known kind")))?;
        let comparison = match &line.skipped {
            Some(reason) => Comparison::Skipped(reason.clone()),
            None => self.compare(kind, &question, question_text, Some((&line, text)))?,
        };
        Ok(Some(self.checked(kind, &line, comparison)))
    }

    fn checked(&self, kind: Kind, line: &Line, comparison: Comparison) -> Checked {
        Checked {
            kind,
            id: line.id.clone(),
            profile: self.profile(line).map_or("", |profile| profile.name),
            comparison,
        }
    }

    /// Puts the question to our controller and compares.
    fn compare(
        &self,
        kind: Kind,
        question: &Line,
        question_text: &str,
        answer: Option<(&Line, &str)>,
    ) -> Result<Comparison, BadVector> {
        let profile = self.profile(answer.map_or(question, |(line, _)| line))?;
        let whole = self.options.subject.unwrap_or_else(|| Subject::of(profile));
        let subject = whole.with_gates(&question.gates);
        let line = answer.map(|(line, _)| line);
        let with_room = line.and_then(|_| question_with_room(question, &subject));
        let question = with_room.as_ref().unwrap_or(question);
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text);
        match kind {
            Kind::Sync | Kind::Midsync => answers::check_sync(&subject, question, line),
            Kind::Handlers => answers::check_handlers(&subject, question, line),
            Kind::Wake => wake::check(&subject, question),
            Kind::Counts => Ok(match answer {
                None => counts::run(&parse(question_text)?, subject.budget)?,
                Some((_, text)) => counts::run_answer(&parse(question_text)?, &parse(text)?, subject.budget)?,
            }),
            Kind::Placement => {
                let answer = answer.map(|(_, text)| parse(text)).transpose()?;
                Ok(placement::run(&parse(question_text)?, answer.as_ref(), whole.placement)?)
            }
            Kind::LegacyPlacement => {
                let answer = answer.map(|(_, text)| parse(text)).transpose()?;
                Ok(placement::run_both_ways(&parse(question_text)?, answer.as_ref(), both_ways(profile)?)?)
            }
        }
    }

    /// Who is asked.
    fn profile(&self, line: &Line) -> Result<&'static Profile, BadVector> {
        if let Some(profile) = self.options.profile {
            return Ok(profile);
        }
        let folder = self.file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let release = line.release.as_deref().or(folder).unwrap_or_default();
        let mut parts = release.split('.');
        let (Some(major), Some(minor)) = (parts.next(), parts.next()) else {
            return Err(BadVector::new("no release is named; say `--profile`"));
        };
        let stem = self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let scheduled = line.gates.get("ScheduleDaemonSetPods").copied().unwrap_or(stem.ends_with("-default"));
        let name = match (major, minor, scheduled) {
            ("v1", "11", true) => "v1.11-scheduler".to_owned(),
            ("v1", "12", false) => "v1.12-controller".to_owned(),
            _ => format!("{major}.{minor}"),
        };
        Profile::named(&name).ok_or_else(|| BadVector::new(format!("no profile for release `{release}`")))
    }
}

/// The rules of a release that places in both ways.
fn both_ways(profile: &Profile) -> Result<BothWays, BadVector> {
    if profile.name.starts_with("v1.11") {
        Ok(BothWays::v1_11())
    } else if profile.name.starts_with("v1.12") {
        Ok(BothWays::v1_12())
    } else {
        Err(BadVector::new(format!("release {} places daemon pods in one way only", profile.name)))
    }
}

/// The questions of 1.36.3 say nothing of room, and were put to releases that look for it with room on every node.
fn question_with_room(question: &Line, subject: &Subject) -> Option<Line> {
    let looks = subject.placement.critical_pods != CriticalPods::None;
    let cache = question.given.as_ref()?.cache.as_ref()?;
    let silent = |node: &serde_json::Value| node["status"]["allocatable"].is_null();
    if !looks || !cache.nodes.iter().any(silent) {
        return None;
    }
    let mut question = question.clone();
    let nodes = &mut question.given.as_mut()?.cache.as_mut()?.nodes;
    for node in nodes.iter_mut().filter(|node| silent(node)) {
        let status = object_mut(node, &["status"]);
        status.insert("allocatable".to_owned(), json!({"cpu": "4", "memory": "8Gi", "pods": "110"}));
        status.insert("nodeInfo".to_owned(), json!({"kubeletVersion": "v1.12.10"}));
    }
    Some(question)
}

/// The questions that an answers file answers, by id.
struct Questions {
    folder: PathBuf,
    lines: HashMap<String, String>,
}

impl Questions {
    /// Reads every question of the folder; after it those of `v1.11.10` beside it, whose suspended syncs 1.12 answers too.
    fn read(file: &Path, options: &Options) -> Result<Self, BadVector> {
        let beside = file.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join("v1.36.3");
        let folder = options.questions.clone().unwrap_or(beside);
        let mut lines = HashMap::new();
        read_folder(&folder, &mut lines)?;
        let legacy = folder.parent().unwrap_or(Path::new(".")).join("v1.11.10");
        if legacy.is_dir() && legacy != folder {
            let placement = file.file_stem().is_some_and(|stem| stem == "placement-answers");
            let mut more = HashMap::new();
            read_folder(&legacy, &mut more)?;
            for (id, line) in more {
                if placement {
                    lines.insert(id, line);
                } else {
                    lines.entry(id).or_insert(line);
                }
            }
        }
        Ok(Self { folder, lines })
    }

    fn of(&self, id: &str) -> Option<&str> {
        self.lines.get(id).map(String::as_str)
    }

    fn folder(&self) -> String {
        self.folder.display().to_string()
    }
}

/// Just enough of a line to know whether it is a question.
#[derive(Deserialize)]
struct Head {
    id: String,
    given: Option<serde::de::IgnoredAny>,
}

fn read_folder(folder: &Path, lines: &mut HashMap<String, String>) -> Result<(), BadVector> {
    let failed = |path: &Path, source: std::io::Error| BadVector::new(format!("{}: {source}", path.display()));
    for entry in std::fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| failed(&path, source))?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let head: Head = serde_json::from_str(line)
                .map_err(|error| BadVector::new(format!("{}:{}: {error}", path.display(), index + 1)))?;
            if head.given.is_some() {
                lines.insert(head.id, line.to_owned());
            }
        }
    }
    Ok(())
}
