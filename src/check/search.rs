//! A level-synchronous breadth-first search with shortest, deterministic counterexamples.
//!
//! States are ranked: level by level, and within a level by (rank of the parent, index of the step). A level is visited in
//! batches, the same for any number of threads, in three turns:
//!
//! 1. threads take chunks of the batch in order, judge and expand their states, and keep the successors that are not in
//!    the visited set, which nobody changes meanwhile;
//! 2. each thread adds the fingerprints of its own part of the set, in the order of their ranks, and so marks the first of
//!    equal successors as new;
//! 3. the new states get their ranks, in order.
//!
//! Of earlier levels only fingerprints and origins are kept; a trace is rebuilt from the origins by replay.

use std::collections::{BTreeMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::expand::{Found, Slot, Task, Witness, Worker};
use super::explored::Explored;
use super::fingerprint::collision_probability;
use super::live::{Forbidden, Reached};
use super::log::{Log, Origin};
use super::segments::{SEGMENT, Segments};
use super::verdict::{Cycle, Finding, Report, StopReason, Trace, Verdict};
use super::visited::Visited;

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
    /// Whether to stop once each of these claims (bits) is broken; those about behaviours for ever, which are judged at the
    /// end, do not count. 0: visit the whole graph.
    pub stop_when_broken: u32,
    /// Set from outside to end the search.
    pub interrupt: &'a AtomicBool,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Unique states so far.
    pub unique_states: u64,
    /// Of them, states that are yet to be expanded.
    pub waiting: u64,
    /// Level being expanded.
    pub depth: u64,
    /// Memory accounted for, in bytes.
    pub memory: u64,
    /// Elapsed.
    pub elapsed: Duration,
}

/// A model that is not a function of its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state was expanded twice and gave different steps: the model is not a function of its state")]
pub struct NotAFunction;

/// States that a thread takes at a time.
const CHUNK: usize = 64;

/// With fewer successors than this, adding them to the visited set is not worth a second thread.
const SHARED_INSERT_MIN: usize = 4096;

/// Searches `model` for violations of `claims` claims, numbered from 0; at most 32.
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
    let mut run = Run::new(model, claims, settings, start);
    let stopped = run.whole(progress)?;
    let unfinished = stopped.or(run.capacity.map(StopReason::Capacity));
    if let Some(reached) = &mut run.reached {
        reached.complete(run.log.len());
    }
    let findings = (0..claims)
        .map(|claim| {
            let premise_reached = run.found.premise & (1 << claim) != 0;
            let violation = run.found.witnesses[claim].map(|witness| run.trace(witness));
            let verdict = match (violation.or_else(|| run.for_ever(claim)), unfinished) {
                (Some(trace), _) => Verdict::Violated(trace),
                (None, Some(reason)) => Verdict::NoneFound(reason),
                (None, None) => Verdict::Holds,
            };
            Finding { verdict, premise_reached }
        })
        .collect();
    let mut kinds = BTreeMap::new();
    for (kind, count) in run.workers.iter().flat_map(|worker| &worker.kinds.0) {
        *kinds.entry(*kind).or_default() += count;
    }
    Ok(Report {
        findings,
        unique_states: run.log.len() as u64,
        transitions: run.workers.iter().map(|worker| worker.transitions).sum(),
        used: run.workers.iter().fold(0, |used, worker| used | worker.used),
        states_by_depth: run.states_by_depth,
        steps_by_kind: kinds.into_iter().collect(),
        stopped: unfinished,
        elapsed: start.elapsed(),
        memory: run.memory,
        state_bytes: run.state_bytes,
        collision_probability: collision_probability(run.log.len() as u64),
    })
}

struct Run<'a, M: Explored> {
    model: &'a M,
    settings: &'a Settings<'a>,
    start: Instant,
    workers: Vec<Worker<M>>,
    slots: Vec<Slot<M::Sealed>>,
    visited: Visited,
    log: Log,
    /// The claims about behaviours for ever, and the graph, which is kept where there are any.
    live: Vec<(usize, Forbidden)>,
    reached: Option<Reached>,
    /// The states of the current level that wait, and those of the next.
    current: Segments<M::Sealed>,
    next: Segments<M::Sealed>,
    states_by_depth: Vec<u64>,
    found: Found,
    capacity: Option<&'static str>,
    /// Whether a new state was left out because of the limit on states.
    full: bool,
    state_bytes: usize,
    memory: u64,
}

impl<'a, M: Explored> Run<'a, M> {
    fn new(model: &'a M, claims: usize, settings: &'a Settings<'a>, start: Instant) -> Self {
        let live = model.live();
        let keeps = !live.is_empty();
        Self {
            model,
            settings,
            start,
            workers: (0..settings.threads.max(1)).map(|_| Worker::new()).collect(),
            slots: (0..SEGMENT.div_ceil(CHUNK)).map(|_| Slot::new(claims)).collect(),
            visited: Visited::new(keeps),
            log: Log::default(),
            live,
            reached: keeps.then(Reached::new),
            current: Segments::default(),
            next: Segments::default(),
            states_by_depth: Vec::new(),
            found: Found::nothing(claims),
            capacity: None,
            full: false,
            state_bytes: 0,
            memory: 0,
        }
    }

    /// Visits level after level; why it ended before the last.
    fn whole(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<Option<StopReason>, NotAFunction> {
        for (index, open) in (0..).zip(self.model.initial()) {
            let sealed = self.model.seal(open);
            let fingerprint = self.model.fingerprint(&sealed, self.settings.seed);
            if self.visited.insert(fingerprint) {
                self.number(fingerprint, Origin::Initial(index), sealed);
            }
        }
        // The rank of the first state that waits.
        let mut first = 0;
        while self.next.len() > 0 {
            self.states_by_depth.push(self.next.len() as u64);
            let depth = self.depth();
            self.current = std::mem::take(&mut self.next);
            let satisfied = self.is_satisfied().then_some(StopReason::Satisfied(u64::from(depth)));
            if let Some(reason) = self.limit(depth).or(satisfied) {
                self.judge_waiting(first)?;
                return Ok(Some(reason));
            }
            while let Some(batch) = self.current.pop_piece() {
                self.visit(first, depth, &batch, true)?;
                first += rank(batch.len());
                self.memory = self.memory.max(self.bytes_with(&batch));
                drop(batch);
                progress(self.progress());
                if let Some(reason) = self.spent()
                    && self.current.len() + self.next.len() > 0
                {
                    self.judge_waiting(first)?;
                    return Ok(Some(reason));
                }
            }
        }
        Ok(self.full.then_some(StopReason::States(self.settings.states_max)))
    }

    /// Steps from the start to the level that is being visited.
    fn depth(&self) -> u32 {
        rank(self.states_by_depth.len() - 1)
    }

    fn is_satisfied(&self) -> bool {
        let live = self.live.iter().fold(0, |bits, (claim, _)| bits | 1 << claim);
        let wanted = self.settings.stop_when_broken & !live;
        let broken = |claim: usize| wanted & (1 << claim) == 0 || self.found.witnesses[claim].is_some();
        wanted != 0 && (0..self.found.witnesses.len()).all(broken)
    }

    fn limit(&self, depth: u32) -> Option<StopReason> {
        let settings = self.settings;
        if settings.interrupt.load(Ordering::Relaxed) {
            Some(StopReason::Interrupted)
        } else if u64::from(depth) >= settings.depth_max {
            Some(StopReason::Depth(settings.depth_max))
        } else {
            self.spent()
        }
    }

    fn spent(&self) -> Option<StopReason> {
        let settings = self.settings;
        if settings.interrupt.load(Ordering::Relaxed) {
            Some(StopReason::Interrupted)
        } else if self.full {
            Some(StopReason::States(settings.states_max))
        } else if self.start.elapsed() >= settings.time_max {
            Some(StopReason::Time(settings.time_max))
        } else if self.memory >= settings.memory_max {
            Some(StopReason::Memory(settings.memory_max))
        } else {
            None
        }
    }

    /// Visits the states of a batch, the first of which has rank `first`, by all threads; if they are not to be expanded,
    /// they are only judged.
    fn visit(&mut self, first: u32, depth: u32, batch: &[M::Sealed], expands: bool) -> Result<(), NotAFunction> {
        let keeps = self.reached.is_some();
        let task =
            Task { model: self.model, visited: &self.visited, seed: self.settings.seed, first, depth, expands, keeps };
        self.slots.iter_mut().for_each(Slot::clear);
        let chunks = (first..).step_by(CHUNK).zip(batch.chunks(CHUNK)).zip(&mut self.slots);
        let chunks = Mutex::new(chunks);
        let threads = batch.len().div_ceil(CHUNK).min(self.workers.len());
        on_threads(self.workers.iter_mut().take(threads), |worker| {
            loop {
                let chunk = chunks.lock().expect("taking a chunk does not panic").next();
                let Some(((first, states), slot)) = chunk else { return };
                worker.visit(&task, first, states, slot);
            }
        });
        for slot in &self.slots {
            if !slot.repeats {
                return Err(NotAFunction);
            }
            self.found.absorb(&slot.found);
            self.capacity = self.capacity.or(slot.capacity);
        }
        self.insert();
        if let Some(reached) = &mut self.reached {
            self.slots.iter().for_each(|slot| reached.add(slot, &self.visited));
        }
        Ok(())
    }

    /// Adds the successors to the visited set, and gives the new ones their ranks.
    fn insert(&mut self) {
        let successors: usize = self.slots.iter().map(Slot::len).sum();
        let owners = if successors < SHARED_INSERT_MIN { 1 } else { self.workers.len() };
        let slots = &self.slots;
        on_threads(self.visited.parts(owners), |mut part| {
            for slot in slots {
                slot.insert_into(&mut part);
            }
        });
        let mut slots = std::mem::take(&mut self.slots);
        for (fingerprint, (parent, index), state) in slots.iter_mut().flat_map(Slot::drain_fresh) {
            self.number(fingerprint, Origin::Step { parent, index }, state);
        }
        self.slots = slots;
    }

    /// Gives a new state its rank, if the limit on states allows it.
    fn number(&mut self, fingerprint: u64, origin: Origin, state: M::Sealed) {
        if self.log.len() as u64 >= self.settings.states_max.min(u64::from(u32::MAX)) {
            self.full = true;
        } else {
            if self.reached.is_some() {
                self.visited.set_rank(fingerprint, rank(self.log.len()));
            }
            self.log.push(origin);
            self.state_bytes = self.state_bytes.max(self.model.state_bytes(&state));
            self.next.push(state);
        }
    }

    /// Judges states that were reached but will not be expanded, the first of which has rank `first`: every state that is
    /// counted is judged, and no claim is told to be broken by a longer behaviour than theirs.
    fn judge_waiting(&mut self, mut first: u32) -> Result<(), NotAFunction> {
        let depth = self.depth();
        let next = std::mem::take(&mut self.next);
        self.states_by_depth.extend((next.len() > 0).then_some(next.len() as u64));
        for (depth, mut level) in [(depth, std::mem::take(&mut self.current)), (depth + 1, next)] {
            while let Some(batch) = level.pop_piece() {
                self.visit(first, depth, &batch, false)?;
                first += rank(batch.len());
            }
        }
        Ok(())
    }

    fn bytes_with(&self, batch: &[M::Sealed]) -> u64 {
        let waiting = batch.len() + self.current.len() + self.next.len();
        let graph = self.reached.as_ref().map_or(0, Reached::bytes);
        self.visited.bytes() + self.log.bytes() + graph + (waiting * size_of::<M::Sealed>()) as u64
    }

    fn progress(&self) -> Progress {
        Progress {
            unique_states: self.log.len() as u64,
            waiting: (self.current.len() + self.next.len()) as u64,
            depth: u64::from(self.depth()),
            memory: self.memory,
            elapsed: self.start.elapsed(),
        }
    }

    /// A behaviour for ever that breaks `claim`, if it is about such and there is one.
    fn for_ever(&self, claim: usize) -> Option<Trace<M::Action>> {
        let reached = self.reached.as_ref()?;
        let (_, forbidden) = self.live.iter().find(|(live, _)| *live == claim)?;
        let lasso = reached.violation(&self.states_by_depth, self.model.fairness(), *forbidden)?;
        let (taken, passed) = reached.classes(&lasso);
        let (mut at, mut edges) = (lasso.stem, Vec::new());
        for edge in lasso.bridge.iter().chain(&lasso.cycle) {
            edges.push(rank(*edge - reached.graph.edges_of(at).start));
            at = reached.graph.edge(*edge).target;
        }
        let mut trace = self.followed(lasso.stem, edges);
        trace.cycle = Some(Cycle { begins: trace.actions.len() - lasso.cycle.len(), taken, passed });
        Some(trace)
    }

    /// The behaviour that leads to `witness`.
    fn trace(&self, witness: Witness) -> Trace<M::Action> {
        self.followed(witness.state, witness.step.into_iter().collect())
    }

    /// The shortest behaviour to the state of rank `state`, and the steps with the numbers `further` from there.
    fn followed(&self, state: u32, further: Vec<u32>) -> Trace<M::Action> {
        let mut indices: Vec<u32> = further.into_iter().rev().collect();
        let mut at = state;
        let initial = loop {
            match self.log.get(at) {
                Origin::Initial(index) => break index as usize,
                Origin::Step { parent, index } => {
                    indices.push(index);
                    at = parent;
                }
            }
        };
        indices.reverse();
        let mut open = self.model.initial().swap_remove(initial);
        let mut actions = Vec::new();
        for index in indices {
            let mut steps = Vec::new();
            self.model.successors(&open, &mut steps);
            let (action, after) = steps.swap_remove(index as usize);
            actions.push(action);
            open = self.model.open(&self.model.seal(after)).into_owned();
        }
        Trace { initial, actions, cycle: None }
    }
}

/// Does one piece of work on each thread, the first of them on this one.
fn on_threads<T: Send>(mut pieces: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    let Some(ours) = pieces.next() else { return };
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = pieces.map(|piece| scope.spawn(move || work(piece))).collect();
        work(ours);
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
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
    let mut seen = Visited::new(false);
    let mut values: BTreeMap<&'static str, HashSet<u64>> = BTreeMap::new();
    let mut states = 0;
    let mut cut = false;
    let mut new = |open: M::Open| {
        let sealed = model.seal(open);
        seen.insert(model.fingerprint(&sealed, 0)).then_some(sealed)
    };
    let mut level: Vec<M::Sealed> = model.initial().into_iter().filter_map(&mut new).collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for sealed in &level {
            if states == states_max {
                cut = true;
                next.clear();
                break;
            }
            let open = model.open(sealed);
            model.census(&open, &mut |field, value| {
                values.entry(field).or_default().insert(value);
            });
            states += 1;
            let mut steps = Vec::new();
            if model.exceeded(&open).is_none() {
                model.successors(&open, &mut steps);
            }
            next.extend(steps.into_iter().filter_map(|(_, after)| new(after)));
        }
        level = next;
    }
    let mut fields: Vec<_> = values.into_iter().map(|(field, values)| (field, values.len() as u64)).collect();
    fields.sort_by_key(|(field, count)| (std::cmp::Reverse(*count), *field));
    Census { fields, states, cut }
}
