//! The level loop.
//!
//! A batch is at most [`SEGMENT`] consecutive states of one level, cut into chunks. Threads expand chunks, with the
//! visited set read-only, and keep the successors that are not in it. Then each thread inserts the fingerprints of its
//! own part of the set, in rank order, which marks the first of equal successors as new. Last, new states get their
//! ranks, in order. Batches and chunks are the same whatever the number of threads, and so is all that follows.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use stateright::Model;

use super::claim::{Claim, Judgement};
use super::error::CheckError;
use super::expand::{Finding, Link, Observer, Place, Slot, Task, Worker};
use super::fingerprint::fingerprint;
use super::options::{Goal, Options};
use super::segments::{SEGMENT, Segments};
use super::summary::{Answer, Progress, Summary, collision_probability};
use super::verdict::{Ending, Premise, StopReason, Trace, Verdict};
use super::visited::Visited;
use super::{Bounded, Successors};

/// States that a thread takes at a time.
const CHUNK: usize = 256;

/// With fewer successors than this, inserting them is not worth a second thread.
const SHARED_INSERT_MIN: usize = 2048;

/// The most states that ranks can number.
const STATES_MAX: u64 = Link::ROOT as u64;

/// The summary of a run over model `M`.
pub type Outcome<M> = Summary<<M as Model>::State, <M as Model>::Action>;

/// Visits the reachable states of `model` and answers `claims`.
///
/// `progress` is called after every batch, at most some thousands of times a second.
///
/// # Errors
///
/// The model has no initial state, or is not a function of its state.
///
/// # Panics
///
/// Passes on a panic of the model or of a claim.
pub fn check<M>(
    model: &M,
    claims: &[Claim<M>],
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome<M>, CheckError>
where
    M: Successors + Bounded + Sync,
    M::State: Hash + Send + Sync,
{
    let observers = vec![(); options.threads.get()];
    search(model, claims, options, observers, progress).map(|(summary, _)| summary)
}

/// As [`check`], and shows every visited state to one of the observers; there is one for each thread.
pub(super) fn search<M, O>(
    model: &M,
    claims: &[Claim<M>],
    options: &Options,
    observers: Vec<O>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<(Outcome<M>, Vec<O>), CheckError>
where
    M: Successors + Bounded + Sync,
    M::State: Hash + Send + Sync,
    O: Observer<M>,
{
    let mut search = Search::new(model, claims, options, observers);
    let ending = search.run(progress)?;
    search.finish(ending)
}

struct Search<'a, M: Model, O> {
    model: &'a M,
    claims: &'a [Claim<M>],
    options: &'a Options,
    start: Instant,
    workers: Vec<Worker<O>>,
    slots: Vec<Slot<M::State>>,
    visited: Visited,
    /// How each state was first reached, by rank.
    links: Segments<Link>,
    /// The states of the current level that wait, and those of the next.
    current: Segments<M::State>,
    next: Segments<M::State>,
    states_by_level: Vec<u64>,
    findings: Vec<Finding>,
    /// The most transitions that a batch generated: what the slots may hold, whichever thread filters what.
    batch_transitions_max: u64,
    memory_peak_bytes: u64,
}

impl<'a, M, O> Search<'a, M, O>
where
    M: Successors + Bounded + Sync,
    M::State: Hash + Send + Sync,
    O: Observer<M>,
{
    fn new(model: &'a M, claims: &'a [Claim<M>], options: &'a Options, observers: Vec<O>) -> Self {
        Self {
            model,
            claims,
            options,
            start: Instant::now(),
            workers: observers
                .into_iter()
                .map(|observer| Worker::new(claims.len(), observer))
                .collect(),
            slots: (0..SEGMENT.div_ceil(CHUNK)).map(|_| Slot::new()).collect(),
            visited: Visited::new(),
            links: Segments::new(),
            current: Segments::new(),
            next: Segments::new(),
            states_by_level: Vec::new(),
            findings: vec![Finding::default(); claims.len()],
            batch_transitions_max: 0,
            memory_peak_bytes: 0,
        }
    }

    fn run(&mut self, progress: &mut dyn FnMut(&Progress)) -> Result<Ending, CheckError> {
        if let Some(reason) = self.begin()? {
            return self.cut(reason, 0, None);
        }
        // Rank of the first state that was not yet visited.
        let mut first: u32 = 0;
        while self.next.len() > 0 {
            self.states_by_level.push(self.next.len() as u64);
            self.current = std::mem::replace(&mut self.next, Segments::new());
            while let Some(batch) = self.current.pop_piece() {
                if let Some(reason) = self.stop_before_batch() {
                    return self.cut(reason, first, Some(batch));
                }
                let unfinished = self.expand(first, &batch, true)?;
                let full = self.number_new_states();
                first += u32::try_from(batch.len()).expect("a batch is at most a segment");
                self.note_memory(&batch);
                drop(batch);
                progress(&self.progress());
                if let Some(reason) = unfinished.or(full) {
                    return self.cut(reason, first, None);
                }
                if self.is_answered() {
                    self.close_level();
                    return Ok(Ending::Answered);
                }
            }
        }
        Ok(self.first_capacity().map_or(Ending::WholeGraph, |name| {
            Ending::Cut(StopReason::Capacity(name))
        }))
    }

    /// Ranks the initial states.
    fn begin(&mut self) -> Result<Option<StopReason>, CheckError> {
        let slot = &mut self.slots[0];
        slot.done = true;
        for (action, state) in (0..).zip(self.model.init_states()) {
            let link = Link {
                parent: Link::ROOT,
                action,
            };
            slot.push(fingerprint(self.options.seed, &state), link, state);
        }
        if slot.len() == 0 {
            return Err(CheckError::NoInitialState);
        }
        self.insert();
        let stop = self.number_new_states();
        self.note_memory(&[]);
        Ok(stop)
    }

    /// Visits one batch, by all threads. Says why if some chunks of it, always the last, were left out.
    fn expand(
        &mut self,
        first: u32,
        batch: &[M::State],
        expands: bool,
    ) -> Result<Option<StopReason>, CheckError> {
        let open = |about_steps: bool| {
            let claims = self.claims.iter().zip(&self.findings).enumerate();
            claims
                .filter(|(_, (claim, finding))| {
                    finding.answer.is_none() && claim.is_about_steps() == about_steps
                })
                .map(|(index, _)| index)
                .collect()
        };
        let task = Task {
            model: self.model,
            claims: self.claims,
            open_state_claims: open(false),
            open_step_claims: open(true),
            visited: &self.visited,
            seed: self.options.seed,
            level: self.states_by_level.len() - 1,
            expands,
        };
        let generated_before = self.generated();
        self.slots.iter_mut().for_each(Slot::clear);
        let ranks = (first..).step_by(CHUNK);
        let chunks = Mutex::new(ranks.zip(batch.chunks(CHUNK)).zip(&mut self.slots));
        let (options, start) = (self.options, self.start);
        let threads = batch.len().div_ceil(CHUNK).min(self.workers.len());
        on_threads(self.workers.iter_mut().take(threads), |worker| {
            let mut buffer = Vec::new();
            // Only the taking is under the lock, so chunks are taken in order and none is left half done.
            while stop_at_once(options, start).is_none() {
                let Some(((first, states), slot)) =
                    chunks.lock().expect("taking a chunk cannot panic").next()
                else {
                    return;
                };
                worker.visit(&task, first, states, slot, &mut buffer);
            }
        });
        let generated = self.generated() - generated_before;
        self.batch_transitions_max = self.batch_transitions_max.max(generated);
        for worker in &self.workers {
            for (finding, theirs) in self.findings.iter_mut().zip(&worker.findings) {
                finding.absorb(*theirs);
            }
        }
        if let Some(error) = self.first_error() {
            return Err(error);
        }
        let complete = self.slots[..batch.len().div_ceil(CHUNK)]
            .iter()
            .all(|slot| slot.done);
        if expands {
            self.insert();
        }
        // Whoever saw a reason to stop may see it again: neither the clock nor an interrupt goes back.
        Ok(if complete {
            None
        } else {
            stop_at_once(options, start).or(Some(StopReason::Interrupted))
        })
    }

    /// Inserts the successors into the visited set and marks the new ones.
    fn insert(&mut self) {
        let successors: usize = self.slots.iter().map(Slot::len).sum();
        let owners = if successors < SHARED_INSERT_MIN {
            1
        } else {
            self.workers.len()
        };
        let slots = &self.slots;
        on_threads(self.visited.parts(owners), |mut part| {
            for slot in slots {
                slot.insert_into(&mut part);
            }
        });
    }

    /// Gives the new states their ranks.
    fn number_new_states(&mut self) -> Option<StopReason> {
        let states_max = self
            .options
            .limits
            .states
            .unwrap_or(STATES_MAX)
            .min(STATES_MAX);
        for (link, state) in self.slots.iter_mut().flat_map(Slot::drain_fresh) {
            if self.links.len() as u64 >= states_max {
                return Some(StopReason::States);
            }
            self.links.push(link);
            self.next.push(state);
        }
        None
    }

    /// Ends the run, after judging the states that were counted and wait, unless there is no time for it. The first of
    /// them has rank `first`.
    fn cut(
        &mut self,
        reason: StopReason,
        mut first: u32,
        mut batch: Option<Vec<M::State>>,
    ) -> Result<Ending, CheckError> {
        self.close_level();
        if !matches!(reason, StopReason::Time | StopReason::Interrupted) {
            let mut waiting = |search: &mut Self| {
                batch
                    .take()
                    .or_else(|| search.current.pop_piece())
                    .or_else(|| search.next.pop_piece())
            };
            while let Some(batch) = waiting(self) {
                self.expand(first, &batch, false)?;
                first += u32::try_from(batch.len()).expect("a batch is at most a segment");
            }
        }
        Ok(Ending::Cut(reason))
    }

    /// Counts the states of the level that was being filled.
    fn close_level(&mut self) {
        if self.next.len() > 0 {
            self.states_by_level.push(self.next.len() as u64);
        }
    }

    fn stop_before_batch(&self) -> Option<StopReason> {
        let limits = &self.options.limits;
        let level = self.states_by_level.len();
        let deep = || limits.depth.is_some_and(|depth| level >= depth as usize);
        let large = || {
            limits
                .memory_bytes
                .is_some_and(|bytes| self.memory_bytes() > bytes)
        };
        stop_at_once(self.options, self.start)
            .or_else(|| deep().then_some(StopReason::Depth))
            .or_else(|| large().then_some(StopReason::Memory))
    }

    fn is_answered(&self) -> bool {
        self.options.goal == Goal::FirstAnswers
            && !self.findings.is_empty()
            && self.findings.iter().all(|finding| finding.answer.is_some())
    }

    fn memory_bytes(&self) -> u64 {
        let slots = self.batch_transitions_max * Slot::<M::State>::ENTRY_BYTES;
        self.visited.bytes() + self.links.bytes() + self.current.bytes() + self.next.bytes() + slots
    }

    /// Notes the memory in use, with that of the batch at hand.
    fn note_memory(&mut self, batch: &[M::State]) {
        let bytes = self.memory_bytes() + size_of_val(batch) as u64;
        self.memory_peak_bytes = self.memory_peak_bytes.max(bytes);
    }

    fn generated(&self) -> u64 {
        self.workers.iter().map(|worker| worker.generated).sum()
    }

    fn progress(&self) -> Progress {
        Progress {
            unique_states: self.links.len() as u64,
            generated_transitions: self.generated(),
            depth: self.states_by_level.len() + usize::from(self.next.len() > 0),
            waiting_states: (self.current.len() + self.next.len()) as u64,
            memory_bytes: self.memory_bytes(),
            elapsed: self.start.elapsed(),
        }
    }

    /// The error of the state with the least rank.
    fn first_error(&mut self) -> Option<CheckError> {
        self.workers
            .iter_mut()
            .filter_map(|worker| worker.error.take())
            .min_by_key(|error| match error {
                CheckError::NotAFunction { state, .. } => *state,
                CheckError::NoInitialState | CheckError::NotReplayable { .. } => 0,
            })
    }

    /// The capacity that the state with the least rank exceeds.
    fn first_capacity(&self) -> Option<&'static str> {
        let capacities = self.workers.iter().flat_map(|worker| &worker.capacities);
        capacities
            .min_by_key(|(_, (rank, _))| *rank)
            .map(|(name, _)| *name)
    }

    fn finish(self, ending: Ending) -> Result<(Outcome<M>, Vec<O>), CheckError> {
        let mut actions = BTreeMap::new();
        let mut capacities = BTreeMap::new();
        for worker in &self.workers {
            worker
                .actions()
                .for_each(|(kind, count)| *actions.entry(kind).or_default() += count);
            worker
                .capacities
                .iter()
                .for_each(|(name, (_, count))| *capacities.entry(*name).or_default() += count);
        }
        let answers = self
            .claims
            .iter()
            .zip(&self.findings)
            .map(|(claim, finding)| self.answer(claim, finding, ending));
        let answers = answers.collect::<Result<_, _>>()?;
        let unique_states = self.links.len() as u64;
        let summary = Summary {
            ending,
            unique_states,
            generated_transitions: self.generated(),
            states_by_level: self.states_by_level,
            actions,
            capacities,
            answers,
            elapsed: self.start.elapsed(),
            memory_peak_bytes: self.memory_peak_bytes,
            collision_probability: collision_probability(unique_states),
        };
        Ok((
            summary,
            self.workers
                .into_iter()
                .map(|worker| worker.observer)
                .collect(),
        ))
    }

    fn answer(
        &self,
        claim: &Claim<M>,
        finding: &Finding,
        ending: Ending,
    ) -> Result<Answer<M::State, M::Action>, CheckError> {
        let verdict = match (finding.answer, ending) {
            (Some(place), _) => {
                let trace = self.trace(claim, place)?;
                if claim.is_witness() {
                    Verdict::Reached(trace)
                } else {
                    Verdict::Violated(trace)
                }
            }
            (None, Ending::Cut(reason)) => Verdict::NoneFound(reason),
            (None, Ending::WholeGraph) if claim.is_witness() => Verdict::Unreached,
            (None, Ending::WholeGraph) => Verdict::Holds,
            (None, Ending::Answered) => {
                unreachable!("a run ends as answered only if every claim has its answer")
            }
        };
        let premise = match (claim.has_premise(), finding.premise_reached) {
            (false, _) => Premise::Unstated,
            (true, true) => Premise::Reached,
            (true, false) => Premise::NeverReached,
        };
        Ok(Answer {
            id: claim.id,
            sentence: claim.sentence,
            verdict,
            premise,
        })
    }

    /// Follows the recorded actions from the initial state, and judges again what they lead to.
    fn trace(
        &self,
        claim: &Claim<M>,
        place: Place,
    ) -> Result<Trace<M::State, M::Action>, CheckError> {
        let mut actions = Vec::new();
        let mut link = match place {
            Place::State(rank) => *self.links.get(rank as usize),
            Place::Step(link) => link,
        };
        while link.parent != Link::ROOT {
            actions.push(link.action as usize);
            link = *self.links.get(link.parent as usize);
        }
        actions.reverse();
        let lost = |step| CheckError::NotReplayable {
            claim: claim.id,
            step,
        };
        let initial = self
            .model
            .init_states()
            .into_iter()
            .nth(link.action as usize)
            .ok_or(lost(0))?;
        let mut trace = Trace {
            initial,
            steps: Vec::with_capacity(actions.len()),
        };
        for (step, action) in (1..).zip(actions) {
            let mut successors = Vec::new();
            self.model.successors(trace.last(), &mut successors);
            trace
                .steps
                .push(successors.into_iter().nth(action).ok_or(lost(step))?);
        }
        let judgement = match trace.last_step() {
            Some((before, action, after)) if claim.is_about_steps() => {
                claim.judge_step(self.model, before, action, after)
            }
            _ => claim.judge_state(self.model, trace.last()),
        };
        if judgement == Judgement::Answers {
            Ok(trace)
        } else {
            Err(lost(trace.len()))
        }
    }
}

/// The reasons to stop that cannot wait for the end of a batch.
fn stop_at_once(options: &Options, start: Instant) -> Option<StopReason> {
    if options
        .interrupt
        .as_ref()
        .is_some_and(|interrupt| interrupt.load(Ordering::Relaxed))
    {
        return Some(StopReason::Interrupted);
    }
    options
        .limits
        .time
        .is_some_and(|limit| start.elapsed() >= limit)
        .then_some(StopReason::Time)
}

/// Does one piece of work on each thread, the first of them on this one.
fn on_threads<T: Send>(mut pieces: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    let Some(ours) = pieces.next() else {
        return;
    };
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = pieces
            .map(|piece| scope.spawn(move || work(piece)))
            .collect();
        work(ours);
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
    });
}
