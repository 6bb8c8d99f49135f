//! The work of one thread: judging states, listing their successors, and keeping those that may be new.

use std::sync::atomic::{AtomicBool, Ordering};

use super::explored::Explored;
use super::fair::{Class, Classes, UNFAIR};
use super::live::UNKNOWN;
use super::visited::{Part, Visited};

/// One state in so many is expanded twice, and each first of a batch.
const EXPANDED_TWICE: u32 = 1024;

/// Where a claim was first broken: a state, or a step out of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Witness {
    pub(super) state: u32,
    pub(super) step: Option<u32>,
    /// Steps of the behaviour.
    pub(super) length: u32,
}

/// What is known of the claims.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Per claim.
    pub(super) witnesses: Vec<Option<Witness>>,
    pub(super) premise: u32,
}

impl Found {
    pub(super) fn nothing(claims: usize) -> Self {
        Self { witnesses: vec![None; claims], premise: 0 }
    }

    /// Of each claim the shortest witness is kept, and among those of one length the first noted, which has the least
    /// rank: a violating step is one step longer than the state it leaves.
    fn note(&mut self, broken: u32, witness: Witness) {
        let mut left = broken;
        while left != 0 {
            let kept = &mut self.witnesses[left.trailing_zeros() as usize];
            left &= left - 1;
            if kept.is_none_or(|kept| witness.length < kept.length) {
                *kept = Some(witness);
            }
        }
    }

    /// Adds what was found of states that follow.
    pub(super) fn absorb(&mut self, later: &Self) {
        self.premise |= later.premise;
        for (kept, witness) in self.witnesses.iter_mut().zip(&later.witnesses) {
            if let Some(witness) = witness
                && kept.is_none_or(|kept| witness.length < kept.length)
            {
                *kept = Some(*witness);
            }
        }
    }
}

/// How often each kind of step was taken. The names are few and shared, so that nearly always the first look finds one.
#[derive(Debug, Default)]
pub(super) struct Kinds(pub(super) Vec<(&'static str, u64)>);

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

/// What came of a few consecutive states: what was found of the claims, and the successors that were not in the visited
/// set before.
pub(super) struct Slot<S> {
    pub(super) found: Found,
    pub(super) capacity: Option<&'static str>,
    pub(super) repeats: bool,
    fingerprints: Vec<u64>,
    /// Rank of the parent, and index of the step.
    steps: Vec<(u32, u32)>,
    states: Vec<S>,
    /// Whether the successor is new, and the first of its kind in the batch.
    fresh: Vec<AtomicBool>,
    /// Where the graph is kept: of each state how many steps it has, and its marks.
    pub(super) states_kept: Vec<(u32, u8)>,
    /// And each step: what it leads to, if anywhere, and its class.
    pub(super) steps_kept: Vec<(Option<u64>, Class)>,
}

impl<S> Slot<S> {
    pub(super) fn new(claims: usize) -> Self {
        Self {
            found: Found::nothing(claims),
            capacity: None,
            repeats: true,
            fingerprints: Vec::new(),
            steps: Vec::new(),
            states: Vec::new(),
            fresh: Vec::new(),
            states_kept: Vec::new(),
            steps_kept: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.found = Found::nothing(self.found.witnesses.len());
        self.capacity = None;
        self.repeats = true;
        self.fingerprints.clear();
        self.steps.clear();
        self.states.clear();
        self.fresh.clear();
        self.states_kept.clear();
        self.steps_kept.clear();
    }

    pub(super) fn push(&mut self, fingerprint: u64, step: (u32, u32), state: S) {
        self.fingerprints.push(fingerprint);
        self.steps.push(step);
        self.states.push(state);
        self.fresh.push(AtomicBool::new(false));
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// Adds the fingerprints that belong to `part` to the visited set, and marks those that were new.
    pub(super) fn insert_into(&self, part: &mut Part<'_>) {
        for (fingerprint, fresh) in self.fingerprints.iter().zip(&self.fresh) {
            if part.insert_if_owned(*fingerprint) {
                fresh.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The new states, in order: fingerprint, step and state.
    pub(super) fn drain_fresh(&mut self) -> impl Iterator<Item = (u64, (u32, u32), S)> {
        let fresh = self.fresh.drain(..).map(AtomicBool::into_inner);
        let states = self.fingerprints.drain(..).zip(self.steps.drain(..)).zip(self.states.drain(..));
        fresh
            .zip(states)
            .filter_map(|(fresh, ((fingerprint, step), state))| fresh.then_some((fingerprint, step, state)))
    }
}

/// What all threads read during a batch.
pub(super) struct Task<'a, M: Explored> {
    pub(super) model: &'a M,
    pub(super) visited: &'a Visited,
    pub(super) seed: u64,
    /// Rank of the first state of the batch.
    pub(super) first: u32,
    /// Steps from the start to the states of the batch.
    pub(super) depth: u32,
    /// Whether to expand; if not, states are only judged.
    pub(super) expands: bool,
    /// Whether to keep every step.
    pub(super) keeps: bool,
}

/// One thread's memory over the whole run.
pub(super) struct Worker<M: Explored> {
    pub(super) transitions: u64,
    pub(super) used: u128,
    pub(super) kinds: Kinds,
    recent: Recent,
    steps: Vec<(M::Action, M::Open)>,
    waiting: Vec<Class>,
}

impl<M: Explored> Worker<M> {
    pub(super) fn new() -> Self {
        Self {
            transitions: 0,
            used: 0,
            kinds: Kinds::default(),
            recent: Recent::new(),
            steps: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Visits consecutive states, the first of which has rank `first`.
    pub(super) fn visit(&mut self, task: &Task<'_, M>, first: u32, states: &[M::Sealed], slot: &mut Slot<M::Sealed>) {
        let model = task.model;
        for (rank, sealed) in (first..).zip(states) {
            let open = model.open(sealed);
            let judged = model.judge_state(&open);
            slot.found.premise |= judged.premise;
            slot.found.note(judged.broken, Witness { state: rank, step: None, length: task.depth });
            if !task.expands {
                continue;
            }
            if let Some(capacity) = model.exceeded(&open) {
                slot.capacity = slot.capacity.or(Some(capacity));
                if task.keeps {
                    slot.steps_kept.push((None, UNKNOWN.class));
                    slot.states_kept.push((1, 0));
                }
                continue;
            }
            self.steps.clear();
            model.successors(&open, &mut self.steps);
            let kept_before = slot.steps_kept.len();
            self.transitions += self.steps.len() as u64;
            if rank == task.first || rank.is_multiple_of(EXPANDED_TWICE) {
                slot.repeats &= self.repeats(task, sealed);
            }
            for (number, (action, after)) in (0..).zip(self.steps.drain(..)) {
                let step = model.judge_step(&open, &action, &after);
                slot.found.premise |= step.premise;
                slot.found.note(step.broken, Witness { state: rank, step: Some(number), length: task.depth + 1 });
                self.used |= model.used(&open, &action, &after);
                self.kinds.count(model.kind(&action));
                let class = if task.keeps { model.class(&open, &action) } else { UNFAIR };
                let sealed = model.seal(after);
                let fingerprint = model.fingerprint(&sealed, task.seed);
                if task.keeps {
                    slot.steps_kept.push((Some(fingerprint), class));
                }
                if !self.recent.contains_or_insert(fingerprint) && !task.visited.contains(fingerprint) {
                    slot.push(fingerprint, (rank, number), sealed);
                }
            }
            if task.keeps {
                let mut enabled = Classes::default();
                slot.steps_kept[kept_before..].iter().for_each(|(_, class)| enabled.insert(*class));
                self.waiting.clear();
                model.waiting(&open, &mut self.waiting);
                for class in self.waiting.drain(..).filter(|class| !enabled.contains(*class)) {
                    slot.steps_kept.push((None, class));
                }
                let degree = u32::try_from(slot.steps_kept.len() - kept_before).expect("few steps");
                slot.states_kept.push((degree, model.marks(&open)));
            }
        }
    }

    /// Whether expanding a state again gives the same states.
    fn repeats(&self, task: &Task<'_, M>, sealed: &M::Sealed) -> bool {
        let mut again = Vec::new();
        task.model.successors(&task.model.open(sealed), &mut again);
        let print = |open: M::Open| task.model.fingerprint(&task.model.seal(open), task.seed);
        let prints = again.into_iter().map(|(_, after)| print(after));
        let before = self.steps.iter().map(|(_, after)| print(after.clone()));
        prints.eq(before)
    }
}

/// Fingerprints that this thread met lately, of which some are forgotten at any time.
///
/// What it met was in the visited set or was kept, by this thread and so with a lesser rank, for the set to take in at the
/// end of the batch; meeting it again is no news. Most repetitions are close together, and this fits in a cache.
struct Recent(Vec<u64>);

impl Recent {
    const PLACES: u64 = 1 << 14;

    fn new() -> Self {
        Self((0..Self::PLACES).map(|_| 0).collect())
    }

    fn contains_or_insert(&mut self, fingerprint: u64) -> bool {
        // The low bits: the high ones choose places in the visited set. No fingerprint is 0.
        let place = usize::try_from(fingerprint % Self::PLACES).expect("a small number");
        std::mem::replace(&mut self.0[place], fingerprint) == fingerprint
    }
}
