//! A level-synchronous breadth-first search with shortest, deterministic counterexamples.
//!
//! States are ranked: level by level, and within a level by (rank of the parent, index of the step). A level is expanded in
//! chunks by several threads, then merged in rank order by one, so that what is found does not depend on how many there
//! are. Only fingerprints of earlier levels are kept; a trace is rebuilt from the log by replay.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::explored::{Explored, Findings};
use super::fingerprint::{collision_probability, fingerprint};
use super::table::Table;
use super::verdict::{Finding, Report, StopReason, Trace, Verdict};

/// Limits and settings of a search.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Threads that expand states, at least 1.
    pub threads: usize,
    /// Seed of the fingerprints.
    pub seed: u64,
    /// At most so many unique states.
    pub states_max: u64,
    /// At most so long.
    pub time_max: Duration,
    /// At most so many bytes, as accounted for.
    pub memory_max: u64,
    /// At most so many steps from the start.
    pub depth_max: u64,
    /// Whether to stop once each of these claims (bits) is broken. 0: visit the whole graph.
    pub stop_when_broken: u32,
    /// Set from outside to end the search.
    pub interrupt: &'a AtomicBool,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Unique states so far.
    pub unique_states: u64,
    /// Level being expanded.
    pub depth: u64,
    /// Elapsed.
    pub elapsed: Duration,
}

/// A model that is not a function of its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state was expanded twice and gave different steps: the model is not a function of its state")]
pub struct NotAFunction;

/// One step out of a state, as a worker found it.
struct Found<S> {
    fingerprint: u64,
    action_index: u32,
    broken: u32,
    /// Absent where the fingerprint was known before the level began.
    sealed: Option<S>,
}

/// A state, expanded: what it breaks, the capacity it exceeds, and its steps.
type Expanded<S> = (u32, Option<&'static str>, Vec<Found<S>>);

/// A step and the state it leads to.
type StepTo<M> = (<M as Explored>::Action, <M as Explored>::Open);

/// What a worker found of one chunk.
struct Chunk<S> {
    states: Vec<Expanded<S>>,
    premise: u32,
    used: u128,
    transitions: u64,
    kinds: Kinds,
    repeatable: bool,
}

/// How often each kind of step was taken. The names are few and shared, so that nearly always the first look finds one.
#[derive(Default)]
struct Kinds(Vec<(&'static str, u64)>);

impl Kinds {
    fn count(&mut self, kind: &'static str) {
        // Two places may hold equal names; whoever adds the counts up goes by the names.
        let same = |(counted, _): &&mut (&'static str, u64)| std::ptr::eq(*counted, kind);
        match self.0.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => self.0.push((kind, 1)),
        }
    }
}

/// Where a claim was first broken: a state, or a step out of one.
#[derive(Clone, Copy)]
struct Witness {
    state: u32,
    step: Option<u32>,
    /// Steps of the behaviour.
    length: u32,
}

/// The log: parent and step index of every state.
type Log = Vec<(u32, u32)>;

const NO_PARENT: u32 = u32::MAX;

/// Searches `model` for violations of `claims` claims, numbered from 0.
///
/// # Errors
///
/// If the model is found not to be a function of its state.
pub fn search<M: Explored>(
    model: &M,
    claims: usize,
    settings: &Settings<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report<M::Action>, NotAFunction> {
    let start = Instant::now();
    let mut run = Run {
        model,
        settings,
        table: Table::default(),
        log: Log::new(),
        witnesses: vec![None; claims],
        premise: 0,
        used: 0,
        transitions: 0,
        kinds: BTreeMap::new(),
        capacity: None,
        full: false,
        state_bytes: 0,
        frontier_bytes: 0,
        memory: 0,
    };
    let mut level = run.begin();
    let mut states_by_depth = Vec::new();
    let mut stopped = None;
    while !level.is_empty() {
        states_by_depth.push(level.len() as u64);
        let depth = states_by_depth.len() as u64 - 1;
        progress(Progress { unique_states: run.log.len() as u64, depth, elapsed: start.elapsed() });
        stopped = run.limit(depth, start).or(run.is_satisfied().then_some(StopReason::Satisfied(depth)));
        if stopped.is_some() {
            run.judge_waiting(&level, run.log.len() - level.len(), rank_of(depth));
            break;
        }
        let (next, cut) = run.expand(&level, rank_of(depth), start)?;
        level = next;
        if cut.is_some() {
            stopped = cut;
            states_by_depth.extend((!level.is_empty()).then_some(level.len() as u64));
            break;
        }
    }
    let full = run.full.then_some(StopReason::States(settings.states_max));
    let unfinished = stopped.or(full).or(run.capacity.map(StopReason::Capacity));
    let findings = (0..claims)
        .map(|claim| {
            let premise_reached = run.premise & (1 << claim) != 0;
            let verdict = match (run.witnesses[claim], unfinished) {
                (Some(witness), _) => Verdict::Violated(run.trace(witness)),
                (None, Some(reason)) => Verdict::NoneFound(reason),
                (None, None) => Verdict::Holds,
            };
            Finding { verdict, premise_reached }
        })
        .collect();
    Ok(Report {
        findings,
        unique_states: run.log.len() as u64,
        transitions: run.transitions,
        states_by_depth,
        used: run.used,
        steps_by_kind: run.kinds.into_iter().collect(),
        stopped: unfinished,
        elapsed: start.elapsed(),
        memory: run.memory,
        state_bytes: run.state_bytes,
        collision_probability: collision_probability(run.log.len() as u64),
    })
}

/// States of a level that are expanded before the limits are looked at again; the same for any number of threads, so that
/// a cut run does not depend on it either.
const BATCH: usize = 2048;

/// Of a batch, the first and then one in so many states is expanded twice.
const REPEATED: usize = 1024;

struct Run<'a, M: Explored> {
    model: &'a M,
    settings: &'a Settings<'a>,
    table: Table,
    log: Log,
    witnesses: Vec<Option<Witness>>,
    premise: u32,
    used: u128,
    transitions: u64,
    kinds: BTreeMap<&'static str, u64>,
    capacity: Option<&'static str>,
    /// Whether a new state was left out because of the limit on states.
    full: bool,
    state_bytes: usize,
    frontier_bytes: u64,
    memory: u64,
}

impl<M: Explored> Run<'_, M> {
    fn begin(&mut self) -> Vec<M::Sealed> {
        let mut level = Vec::new();
        for (index, open) in self.model.initial().iter().enumerate() {
            let sealed = self.model.seal(open);
            let print = fingerprint(self.model.bytes(&sealed), self.settings.seed);
            self.add(print, (NO_PARENT, rank(index)), sealed, &mut level);
        }
        level
    }

    /// Adds a state to `level` if it is new and the limit on states allows it.
    fn add(&mut self, print: u64, from: (u32, u32), sealed: M::Sealed, level: &mut Vec<M::Sealed>) {
        if self.log.len() as u64 >= self.settings.states_max {
            self.full |= !self.table.contains(print);
        } else if self.table.insert(print, rank(self.log.len())) {
            self.log.push(from);
            self.state_bytes = self.state_bytes.max(self.model.bytes(&sealed).len());
            self.frontier_bytes += size_of::<M::Sealed>() as u64;
            level.push(sealed);
        }
    }

    fn is_satisfied(&self) -> bool {
        let wanted = self.settings.stop_when_broken;
        wanted != 0
            && (0..self.witnesses.len()).all(|claim| wanted & (1 << claim) == 0 || self.witnesses[claim].is_some())
    }

    fn limit(&self, depth: u64, start: Instant) -> Option<StopReason> {
        let settings = self.settings;
        if settings.interrupt.load(Ordering::Relaxed) {
            Some(StopReason::Interrupted)
        } else if depth >= settings.depth_max {
            Some(StopReason::Depth(settings.depth_max))
        } else {
            self.spent(start)
        }
    }

    fn spent(&self, start: Instant) -> Option<StopReason> {
        let settings = self.settings;
        if settings.interrupt.load(Ordering::Relaxed) {
            Some(StopReason::Interrupted)
        } else if self.full {
            Some(StopReason::States(settings.states_max))
        } else if start.elapsed() >= settings.time_max {
            Some(StopReason::Time(settings.time_max))
        } else if self.memory >= settings.memory_max {
            Some(StopReason::Memory(settings.memory_max))
        } else {
            None
        }
    }

    /// Expands a level: the next one, and why it was cut, if it was.
    fn expand(
        &mut self,
        level: &[M::Sealed],
        depth: u32,
        start: Instant,
    ) -> Result<(Vec<M::Sealed>, Option<StopReason>), NotAFunction> {
        let first = self.log.len() - level.len();
        let mut next: Vec<M::Sealed> = Vec::new();
        let mut at = 0;
        self.frontier_bytes = 0;
        while at < level.len() {
            let batch = &level[at..level.len().min(at + BATCH)];
            let chunks = self.work(batch);
            let mut parent = first + at;
            for chunk in chunks {
                if !chunk.repeatable {
                    return Err(NotAFunction);
                }
                self.premise |= chunk.premise;
                self.used |= chunk.used;
                self.transitions += chunk.transitions;
                for (kind, count) in chunk.kinds.0 {
                    *self.kinds.entry(kind).or_default() += count;
                }
                for (broken, exceeded, steps) in chunk.states {
                    self.note(broken, Witness { state: rank(parent), step: None, length: depth });
                    self.capacity = self.capacity.or(exceeded);
                    for found in steps {
                        let step = Some(found.action_index);
                        self.note(found.broken, Witness { state: rank(parent), step, length: depth + 1 });
                        if let Some(sealed) = found.sealed {
                            self.add(found.fingerprint, (rank(parent), found.action_index), sealed, &mut next);
                        }
                    }
                    parent += 1;
                }
            }
            let kept = (self.table.bytes() + self.log.capacity() * size_of::<(u32, u32)>()) as u64;
            let levels = self.frontier_bytes + (size_of_val(level)) as u64;
            self.memory = self.memory.max(kept + levels);
            at += batch.len();
            if at < level.len()
                && let Some(reason) = self.spent(start)
            {
                self.judge_waiting(&level[at..], first + at, depth);
                self.judge_waiting(&next, self.log.len() - next.len(), depth + 1);
                return Ok((next, Some(reason)));
            }
        }
        Ok((next, None))
    }

    /// Judges states that were reached but will not be expanded: every state that is counted is judged, and no claim is
    /// told to be broken by a longer behaviour than theirs.
    fn judge_waiting(&mut self, states: &[M::Sealed], first: usize, length: u32) {
        let model = self.model;
        let judge = |part: &[M::Sealed]| -> Vec<Findings> {
            part.iter().map(|sealed| model.judge_state(&model.open(sealed))).collect()
        };
        let size = states.len().div_ceil(self.settings.threads.max(1)).max(1);
        let judged: Vec<Findings> = std::thread::scope(|scope| {
            let workers: Vec<_> = states.chunks(size).map(|part| scope.spawn(move || judge(part))).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
        });
        for (state, findings) in (first..).zip(judged) {
            self.premise |= findings.premise;
            self.note(findings.broken, Witness { state: rank(state), step: None, length });
        }
    }

    /// Of each claim the shortest witness is kept, and among those of one length the first noted, which has the least
    /// rank: a violating step is one step longer than the state it leaves.
    fn note(&mut self, broken: u32, witness: Witness) {
        let mut left = broken;
        while left != 0 {
            let claim = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.witnesses[claim].is_none_or(|kept| witness.length < kept.length) {
                self.witnesses[claim] = Some(witness);
            }
        }
    }

    /// Expands a batch, split over the threads; the chunks come back in order.
    fn work(&self, batch: &[M::Sealed]) -> Vec<Chunk<M::Sealed>> {
        let threads = self.settings.threads.max(1);
        if threads == 1 || batch.len() < 32 {
            return vec![self.chunk(batch, 0)];
        }
        let size = batch.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let parts = (0..).step_by(size).zip(batch.chunks(size));
            let workers: Vec<_> = parts.map(|(first, part)| scope.spawn(move || self.chunk(part, first))).collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
        })
    }

    /// Expands `states`, the first of which is number `first` of its batch.
    fn chunk(&self, states: &[M::Sealed], first: usize) -> Chunk<M::Sealed> {
        let mut chunk = Chunk {
            states: Vec::new(),
            premise: 0,
            used: 0,
            transitions: 0,
            kinds: Kinds::default(),
            repeatable: true,
        };
        let mut steps = Vec::new();
        for (index, sealed) in (first..).zip(states) {
            let open = self.model.open(sealed);
            let judged = self.model.judge_state(&open);
            chunk.premise |= judged.premise;
            let exceeded = self.model.exceeded(&open);
            let mut found = Vec::new();
            if exceeded.is_none() {
                steps.clear();
                self.model.successors(&open, &mut steps);
                for (action_index, (action, after)) in steps.iter().enumerate() {
                    let step = self.model.judge_step(&open, action, after);
                    chunk.premise |= step.premise;
                    chunk.used |= self.model.used(&open, action, after);
                    chunk.kinds.count(self.model.kind(action));
                    let sealed = self.model.seal(after);
                    let print = fingerprint(self.model.bytes(&sealed), self.settings.seed);
                    let new = !self.table.contains(print);
                    if new || step.broken != 0 {
                        found.push(Found {
                            fingerprint: print,
                            action_index: rank(action_index),
                            broken: step.broken,
                            sealed: new.then_some(sealed),
                        });
                    }
                }
                chunk.transitions += steps.len() as u64;
                if index % REPEATED == 0 {
                    chunk.repeatable &= self.repeats(sealed, &steps);
                }
            }
            chunk.states.push((judged.broken, exceeded, found));
        }
        chunk
    }

    /// Whether expanding a state again gives the same states.
    fn repeats(&self, sealed: &M::Sealed, steps: &[(M::Action, M::Open)]) -> bool {
        let mut again = Vec::new();
        self.model.successors(&self.model.open(sealed), &mut again);
        let same = |(one, other): (&StepTo<M>, &StepTo<M>)| {
            let (one, other) = (self.model.seal(&one.1), self.model.seal(&other.1));
            self.model.bytes(&one) == self.model.bytes(&other)
        };
        again.len() == steps.len() && again.iter().zip(steps).all(same)
    }

    /// The behaviour that leads to `witness`.
    fn trace(&self, witness: Witness) -> Trace<M::Action> {
        let mut indices: Vec<u32> = witness.step.into_iter().collect();
        let mut at = witness.state;
        let initial = loop {
            let (parent, index) = self.log[at as usize];
            if parent == NO_PARENT {
                break index as usize;
            }
            indices.push(index);
            at = parent;
        };
        indices.reverse();
        let mut open = self.model.initial().swap_remove(initial);
        let mut actions = Vec::new();
        for index in indices {
            let mut steps = Vec::new();
            self.model.successors(&open, &mut steps);
            let (action, after) = steps.swap_remove(index as usize);
            actions.push(action);
            open = after;
        }
        Trace { initial, actions }
    }
}

fn rank_of(depth: u64) -> u32 {
    u32::try_from(depth).expect("fewer than 2^32 levels")
}

fn rank(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 states and steps")
}

/// How many distinct values each field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Field and number of values, most first.
    pub fields: Vec<(&'static str, u64)>,
    /// States looked at.
    pub states: u64,
    /// Whether there are more.
    pub cut: bool,
}

/// Counts the distinct values of each field over all reachable states, up to `states_max` of them.
pub fn census<M: Explored>(model: &M, states_max: u64) -> Census {
    let mut seen = Table::default();
    let mut values: BTreeMap<&'static str, HashSet<u64>> = BTreeMap::new();
    let mut states = 0;
    let mut cut = false;
    let mut is_new = |open: &M::Open| seen.insert(fingerprint(model.bytes(&model.seal(open)), 0), 0);
    let mut level = model.initial();
    level.retain(&mut is_new);
    while !level.is_empty() {
        let mut next = Vec::new();
        for open in &level {
            if states == states_max {
                cut = true;
                next.clear();
                break;
            }
            model.census(open, &mut |field, value| {
                values.entry(field).or_default().insert(value);
            });
            states += 1;
            let mut steps = Vec::new();
            if model.exceeded(open).is_none() {
                model.successors(open, &mut steps);
            }
            next.extend(steps.into_iter().map(|(_, after)| after).filter(&mut is_new));
        }
        level = next;
    }
    let mut fields: Vec<_> = values.into_iter().map(|(field, values)| (field, values.len() as u64)).collect();
    fields.sort_by_key(|(field, count)| (std::cmp::Reverse(*count), *field));
    Census { fields, states, cut }
}
