//! Asking the questions of the matrix: one search for each base, release and combination of faults.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::matrix::{self, BASES, Base, FAULTS};
use super::minimal::minimal;
use crate::check::{NotAFunction, Settings, StopReason, Verdict, search};
use crate::model::compose::DaemonSetModel;
use crate::model::narrative::{NotEnabled, Told, tell};
use crate::property::{ALL, Property};
use crate::release::Profile;
use crate::scope::ModelError;

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Unique states at which a search is cut; see [`matrix::states_max`].
    pub states_max: u64,
    /// Searches at a time. What is found does not depend on it: each search runs in one thread.
    pub workers: usize,
    /// Set from outside to end everything.
    pub interrupt: &'a AtomicBool,
}

/// A claim broken in a base under a minimal combination of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The claim.
    pub property: Property,
    /// The faults, by index.
    pub combination: Vec<usize>,
    /// A shortest behaviour.
    pub told: Told,
}

/// One search: a base under one combination of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The faults, by index.
    pub combination: Vec<usize>,
    /// Unique states.
    pub states: u64,
    /// Why it did not visit its whole graph, if it did not.
    pub stopped: Option<StopReason>,
    /// The claims in question, as bits.
    pub wanted: u32,
    /// Those of them that it breaks.
    pub broken: u32,
    /// The claims whose premise was met.
    pub premise: u32,
}

impl Search {
    /// Whether it leaves a claim open: unbroken, and not everything was looked at.
    pub fn is_cut(&self) -> bool {
        self.stopped.is_some() && self.wanted & !self.broken != 0
    }
}

/// Everything found of one base in one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Violations, smaller combinations first.
    pub broken: Vec<Broken>,
    /// Every search, smaller combinations first.
    pub searches: Vec<Search>,
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A base is no model.
    #[error(transparent)]
    Model(#[from] Box<ModelError>),
    /// A model is none.
    #[error(transparent)]
    NotAFunction(#[from] NotAFunction),
    /// A counterexample is none.
    #[error(transparent)]
    NotEnabled(#[from] NotEnabled),
    /// Somebody interrupted it.
    #[error("interrupted: nothing was written")]
    Interrupted,
}

/// The answers: `units[release][base]`.
pub type Units = Vec<Vec<Unit>>;

/// Asks everything. `progress` hears how many of how many units are done.
///
/// # Errors
///
/// If a search cannot be made, or is interrupted.
///
/// # Panics
///
/// If a thread that searches panics.
pub fn run(limits: &Limits<'_>, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Units, RunError> {
    let questions: Vec<(&'static Profile, &'static Base)> =
        matrix::profiles().flat_map(|profile| BASES.iter().map(move |base| (profile, base))).collect();
    let answers: Vec<Mutex<Option<Result<Unit, RunError>>>> = questions.iter().map(|_| Mutex::new(None)).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..limits.workers.max(1) {
            scope.spawn(|| {
                while let Some((index, (profile, base))) = take(&next, &questions) {
                    let answer = unit(base, profile, limits);
                    *answers[index].lock().expect("no worker panics with an answer in hand") = Some(answer);
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, questions.len());
                }
            });
        }
    });
    let mut units = Vec::new();
    for answer in answers {
        units.push(answer.into_inner().expect("no worker panics").expect("every question was taken")?);
    }
    let mut rows: Units = Vec::new();
    while !units.is_empty() {
        let rest = units.split_off(BASES.len());
        rows.push(std::mem::replace(&mut units, rest));
    }
    Ok(rows)
}

fn take<'a, T>(next: &AtomicUsize, questions: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    questions.get(index).map(|question| (index, question))
}

/// Asks everything about one base in one release.
///
/// # Errors
///
/// As [`run`].
pub fn unit(base: &Base, profile: &'static Profile, limits: &Limits<'_>) -> Result<Unit, RunError> {
    let claims = base.claims().iter().fold(0, |bits, property| bits | property.bit());
    let mut unit = Unit::default();
    minimal(FAULTS.len(), if base.pairs { 2 } else { 1 }, claims, |combination, wanted| {
        if !base.allows(combination) {
            return Ok(0);
        }
        ask(base, profile, limits, &mut unit, combination, wanted)
    })?;
    Ok(unit)
}

/// One search: which of the claims `wanted` are broken.
fn ask(
    base: &Base,
    profile: &'static Profile,
    limits: &Limits<'_>,
    unit: &mut Unit,
    combination: &[usize],
    wanted: u32,
) -> Result<u32, RunError> {
    let file = matrix::model(base, combination, profile)?;
    let properties: Vec<Property> = ALL.iter().copied().filter(|property| wanted & property.bit() != 0).collect();
    let model = DaemonSetModel::new(file.scope, &properties);
    let settings = Settings {
        threads: 1,
        seed: 0,
        states_max: matrix::states_max(combination, limits.states_max),
        time_max: Duration::MAX,
        memory_max: u64::MAX,
        depth_max: u64::MAX,
        stop_when_broken: wanted,
        interrupt: limits.interrupt,
    };
    let report = search(&model, ALL.len(), &settings, &mut |_| ())?;
    if report.stopped == Some(StopReason::Interrupted) {
        return Err(RunError::Interrupted);
    }
    let (mut broken, mut premise) = (0, 0);
    for property in properties {
        let finding = &report.findings[property as usize];
        premise |= if finding.premise_reached { property.bit() } else { 0 };
        if let Verdict::Violated(trace) = &finding.verdict {
            broken |= property.bit();
            let told = tell(&model, &trace.actions)?;
            unit.broken.push(Broken { property, combination: combination.to_vec(), told });
        }
    }
    let (states, stopped) = (report.unique_states, report.stopped);
    unit.searches.push(Search { combination: combination.to_vec(), states, stopped, wanted, broken, premise });
    Ok(broken)
}
