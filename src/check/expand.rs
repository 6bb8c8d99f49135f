//! The work of one thread: judging states, listing their successors, and remembering what was found.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;
use stateright::Model;

use super::claim::{Claim, Judgement};
use super::error::CheckError;
use super::fingerprint::fingerprint;
use super::visited::{Part, Visited};
use super::{Bounded, Successors};

/// One state in this many is expanded twice.
const EXPANDED_TWICE: u32 = 1 << 10;

/// Sees every state that is visited, once.
pub(super) trait Observer<M: Model>: Send {
    fn observe(&mut self, model: &M, state: &M::State);
}

impl<M: Model> Observer<M> for () {
    fn observe(&mut self, _: &M, _: &M::State) {}
}

/// How a state was first reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// Rank of the parent; [`Link::ROOT`] for an initial state.
    pub(super) parent: u32,
    /// Index of the action among the parent's, or of the state among the initial ones.
    pub(super) action: u32,
}

impl Link {
    pub(super) const ROOT: u32 = u32::MAX;
}

/// Where an answer was found, in the order of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    State(u32),
    Step(Link),
}

/// What is known of one claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Finding {
    pub(super) answer: Option<Place>,
    pub(super) premise_reached: bool,
}

impl Finding {
    /// Adds what another thread found in the same batch.
    pub(super) fn absorb(&mut self, other: Self) {
        self.answer = match (self.answer, other.answer) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.premise_reached |= other.premise_reached;
    }
}

/// What all threads read during a batch.
pub(super) struct Task<'a, M: Model> {
    pub(super) model: &'a M,
    pub(super) claims: &'a [Claim<M>],
    /// Indices of the claims about states, and about steps, that have no answer yet.
    pub(super) open_state_claims: Vec<usize>,
    pub(super) open_step_claims: Vec<usize>,
    pub(super) visited: &'a Visited,
    pub(super) seed: u64,
    pub(super) level: usize,
    /// Whether to expand; if not, states are only judged.
    pub(super) expands: bool,
}

/// What came of a few consecutive states: successors that were not in the visited set when the batch began.
pub(super) struct Slot<S> {
    /// Whether the states were visited at all.
    pub(super) done: bool,
    fingerprints: Vec<NonZeroU64>,
    links: Vec<Link>,
    states: Vec<S>,
    /// Whether the successor is new and the first of its kind in the batch.
    fresh: Vec<AtomicBool>,
}

impl<S> Slot<S> {
    pub(super) const fn new() -> Self {
        Self {
            done: false,
            fingerprints: Vec::new(),
            links: Vec::new(),
            states: Vec::new(),
            fresh: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.done = false;
        self.fingerprints.clear();
        self.links.clear();
        self.states.clear();
        self.fresh.clear();
    }

    pub(super) fn push(&mut self, fingerprint: NonZeroU64, link: Link, state: S) {
        self.fingerprints.push(fingerprint);
        self.links.push(link);
        self.states.push(state);
        self.fresh.push(AtomicBool::new(false));
    }

    pub(super) const fn len(&self) -> usize {
        self.states.len()
    }

    /// Inserts the fingerprints that belong to `part`, and marks those that were new.
    pub(super) fn insert_into(&self, part: &mut Part<'_>) {
        for (fingerprint, fresh) in self.fingerprints.iter().zip(&self.fresh) {
            if part.insert_if_owned(*fingerprint) {
                fresh.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The new states, in order.
    pub(super) fn drain_fresh(&mut self) -> impl Iterator<Item = (Link, S)> {
        let fresh = self.fresh.drain(..).map(AtomicBool::into_inner);
        let states = self.links.drain(..).zip(self.states.drain(..));
        fresh
            .zip(states)
            .filter_map(|(fresh, state)| fresh.then_some(state))
    }

    /// Bytes of one successor.
    pub(super) const ENTRY_BYTES: u64 =
        (size_of::<NonZeroU64>() + size_of::<Link>() + size_of::<S>() + size_of::<AtomicBool>())
            as u64;
}

/// One thread's memory over the whole run.
pub(super) struct Worker<O> {
    pub(super) observer: O,
    pub(super) generated: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) capacities: BTreeMap<&'static str, (u32, u64)>,
    pub(super) error: Option<CheckError>,
    kinds: Kinds,
    recent: Recent,
}

impl<O> Worker<O> {
    pub(super) fn new(claims: usize, observer: O) -> Self {
        Self {
            observer,
            generated: 0,
            findings: vec![Finding::default(); claims],
            capacities: BTreeMap::new(),
            error: None,
            kinds: Kinds::default(),
            recent: Recent::new(),
        }
    }

    /// Visits consecutive states, the first of which has rank `first`.
    pub(super) fn visit<M>(
        &mut self,
        task: &Task<'_, M>,
        first: u32,
        states: &[M::State],
        slot: &mut Slot<M::State>,
        buffer: &mut Vec<(M::Action, M::State)>,
    ) where
        M: Successors + Bounded,
        M::State: Hash,
        O: Observer<M>,
    {
        slot.done = true;
        for (rank, state) in (first..).zip(states) {
            self.observer.observe(task.model, state);
            if let Some(name) = task.model.capacity(state) {
                let (least, count) = self.capacities.entry(name).or_insert((rank, 0));
                *least = rank.min(*least);
                *count += 1;
                continue;
            }
            self.judge_state(task, rank, state);
            if !task.expands {
                continue;
            }
            buffer.clear();
            task.model.successors(state, buffer);
            if rank % EXPANDED_TWICE == 0 {
                self.expand_again(task, rank, state, buffer);
            }
            self.generated += buffer.len() as u64;
            for (action_index, (action, next)) in (0..).zip(buffer.drain(..)) {
                let link = Link {
                    parent: rank,
                    action: action_index,
                };
                self.kinds.count(task.model.kind(&action));
                self.judge_step(task, link, state, &action, &next);
                let fingerprint = fingerprint(task.seed, &next);
                if !self.recent.contains_or_insert(fingerprint)
                    && !task.visited.contains(fingerprint)
                {
                    slot.push(fingerprint, link, next);
                }
            }
        }
    }

    fn judge_state<M: Model>(&mut self, task: &Task<'_, M>, rank: u32, state: &M::State) {
        for &claim in &task.open_state_claims {
            let finding = &mut self.findings[claim];
            if finding.answer.is_none() {
                let judgement = task.claims[claim].judge_state(task.model, state);
                finding.premise_reached |= judgement != Judgement::Silent;
                if judgement == Judgement::Answers {
                    finding.answer = Some(Place::State(rank));
                }
            }
        }
    }

    fn judge_step<M: Bounded>(
        &mut self,
        task: &Task<'_, M>,
        link: Link,
        before: &M::State,
        action: &M::Action,
        after: &M::State,
    ) {
        for &claim in &task.open_step_claims {
            let finding = &mut self.findings[claim];
            if finding.answer.is_none() {
                let judgement = task.claims[claim].judge_step(task.model, before, action, after);
                let news = judgement == Judgement::Answers
                    || (judgement == Judgement::Agrees && !finding.premise_reached);
                // A state that exceeds a capacity says nothing, and asking costs less when there is news.
                if news && task.model.capacity(after).is_none() {
                    finding.premise_reached = true;
                    if judgement == Judgement::Answers {
                        finding.answer = Some(Place::Step(link));
                    }
                }
            }
        }
    }

    /// Compares a second expansion of `state` with the first. The error of the least rank is kept.
    fn expand_again<M>(
        &mut self,
        task: &Task<'_, M>,
        rank: u32,
        state: &M::State,
        first: &[(M::Action, M::State)],
    ) where
        M: Successors,
        M::State: Hash,
    {
        let mut second = Vec::with_capacity(first.len());
        task.model.successors(state, &mut second);
        let print = |(_, next): &(M::Action, M::State)| fingerprint(task.seed, next);
        let common = first.len().min(second.len());
        let action = first
            .iter()
            .zip(&second)
            .position(|(a, b)| print(a) != print(b))
            .unwrap_or(common);
        if self.error.is_none() && (action < common || first.len() != second.len()) {
            self.error = Some(CheckError::NotAFunction {
                state: u64::from(rank),
                level: task.level,
                first: first.len(),
                second: second.len(),
                action,
            });
        }
    }

    /// How often each kind of action was taken, by name.
    pub(super) fn actions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.kinds.counts.values().copied()
    }
}

/// Counts of names that are few and static: looked up by address, which may list a name twice, never two as one.
#[derive(Default)]
struct Kinds {
    counts: FxHashMap<(usize, usize), (&'static str, u64)>,
}

impl Kinds {
    #[inline]
    fn count(&mut self, kind: &'static str) {
        self.counts
            .entry((kind.as_ptr().addr(), kind.len()))
            .or_insert((kind, 0))
            .1 += 1;
    }
}

/// Fingerprints that this thread met lately, of which some are forgotten at any time.
///
/// What it met was in the visited set or was kept, by this thread and so with a lesser rank, for the set to take in at
/// the end of the batch; meeting it again is no news. Most repetitions are close together, and this fits in a cache.
struct Recent {
    places: Vec<Option<NonZeroU64>>,
}

impl Recent {
    const BITS: u32 = 14;

    fn new() -> Self {
        Self {
            places: vec![None; 1 << Self::BITS],
        }
    }

    #[inline]
    fn contains_or_insert(&mut self, fingerprint: NonZeroU64) -> bool {
        // The low bits: the high ones choose places in the visited set.
        let place = fingerprint.get() & ((1 << Self::BITS) - 1);
        self.places[place as usize].replace(fingerprint) == Some(fingerprint)
    }
}
