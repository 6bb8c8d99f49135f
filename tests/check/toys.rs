//! Small models with known graphs, each as the search sees it and as stateright's own checker does.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use everynode::check::{Explored, Findings, fingerprint};
use stateright::{Model, Property};

/// A model of stateright that can be sealed; claims and limits are none unless told.
pub trait Toy:
    Model<State: Clone + Debug + Hash + PartialEq + Send, Action: Clone + Debug + PartialEq + Send + Sync>
{
    /// Claims there are.
    const CLAIMS: usize;
    /// The sealed form.
    type Bytes: AsRef<[u8]> + Clone + Send + Sync;

    fn pack(&self, state: &Self::State) -> Self::Bytes;
    fn unpack(&self, bytes: &Self::Bytes) -> Self::State;
    fn is_over(&self, _: &Self::State) -> bool {
        false
    }
    fn of_state(&self, _: &Self::State) -> Findings {
        Findings::default()
    }
    fn of_step(&self, _: &Self::State, _: &Self::Action, _: &Self::State) -> Findings {
        Findings::default()
    }
    fn name(&self, _: &Self::Action) -> &'static str {
        "step"
    }
    fn fields(&self, _: &Self::State, _: &mut dyn FnMut(&'static str, u64)) {}
}

/// A toy as the search sees it.
#[derive(Clone, Debug)]
pub struct Sealing<T>(pub T);

impl<T: Toy + Sync> Explored for Sealing<T> {
    type Sealed = T::Bytes;
    type Open = T::State;
    type Action = T::Action;

    fn initial(&self) -> Vec<T::State> {
        self.0.init_states()
    }

    fn seal(&self, open: T::State) -> T::Bytes {
        self.0.pack(&open)
    }

    fn open<'a>(&self, sealed: &'a T::Bytes) -> Cow<'a, T::State> {
        Cow::Owned(self.0.unpack(sealed))
    }

    fn fingerprint(&self, sealed: &T::Bytes, seed: u64) -> u64 {
        fingerprint(sealed.as_ref(), seed)
    }

    fn state_bytes(&self, sealed: &T::Bytes) -> usize {
        sealed.as_ref().len()
    }

    fn successors(&self, open: &T::State, out: &mut Vec<(T::Action, T::State)>) {
        let mut actions = Vec::new();
        self.0.actions(open, &mut actions);
        let step = |action: T::Action| Some((action.clone(), self.0.next_state(open, action)?));
        out.extend(actions.into_iter().filter_map(step));
    }

    fn exceeded(&self, open: &T::State) -> Option<&'static str> {
        self.0.is_over(open).then_some("nodes")
    }

    fn judge_state(&self, open: &T::State) -> Findings {
        self.0.of_state(open)
    }

    fn judge_step(&self, before: &T::State, action: &T::Action, after: &T::State) -> Findings {
        self.0.of_step(before, action, after)
    }

    fn kind(&self, action: &T::Action) -> &'static str {
        self.0.name(action)
    }

    fn census(&self, open: &T::State, visit: &mut dyn FnMut(&'static str, u64)) {
        self.0.fields(open, visit);
    }
}

/// Stateright stops at once if no property is open.
fn open_for_ever<M: Model>() -> Vec<Property<M>> {
    vec![Property::sometimes("never", |_, _| false)]
}

/// An explicit graph: each node lists where its actions lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub initial: Vec<u16>,
    pub edges: Vec<Vec<u16>>,
    /// Nodes that break `NODE` and `EITHER`, and meet the premise of `NODE`.
    pub marked_nodes: BTreeSet<u16>,
    /// Steps that break `STEP` and `EITHER`, and meet the premise of `STEP`, by node before and node after.
    pub marked_steps: BTreeSet<(u16, u16)>,
    /// Nodes that exceed a capacity.
    pub over: BTreeSet<u16>,
}

impl Graph {
    /// Claim about states.
    pub const NODE: usize = 0;
    /// Claim about steps.
    pub const STEP: usize = 1;
    /// Claim about both.
    pub const EITHER: usize = 2;

    pub fn new(initial: &[u16], edges: &[&[u16]]) -> Self {
        Self {
            initial: initial.to_vec(),
            edges: edges.iter().map(|to| to.to_vec()).collect(),
            marked_nodes: BTreeSet::new(),
            marked_steps: BTreeSet::new(),
            over: BTreeSet::new(),
        }
    }
}

impl Model for Graph {
    type State = u16;
    type Action = usize;

    fn init_states(&self) -> Vec<u16> {
        self.initial.clone()
    }

    fn actions(&self, node: &u16, actions: &mut Vec<usize>) {
        actions.extend(0..self.edges[usize::from(*node)].len());
    }

    fn next_state(&self, node: &u16, action: usize) -> Option<u16> {
        Some(self.edges[usize::from(*node)][action])
    }

    fn properties(&self) -> Vec<Property<Self>> {
        open_for_ever()
    }
}

impl Toy for Graph {
    const CLAIMS: usize = 3;
    type Bytes = [u8; 2];

    fn pack(&self, node: &u16) -> [u8; 2] {
        node.to_le_bytes()
    }

    fn unpack(&self, bytes: &[u8; 2]) -> u16 {
        u16::from_le_bytes(*bytes)
    }

    fn is_over(&self, node: &u16) -> bool {
        self.over.contains(node)
    }

    fn of_state(&self, node: &u16) -> Findings {
        if self.marked_nodes.contains(node) {
            Findings { broken: 1 << Self::NODE | 1 << Self::EITHER, premise: 1 << Self::NODE }
        } else {
            Findings::default()
        }
    }

    fn of_step(&self, from: &u16, _: &usize, to: &u16) -> Findings {
        if self.marked_steps.contains(&(*from, *to)) {
            Findings { broken: 1 << Self::STEP | 1 << Self::EITHER, premise: 1 << Self::STEP }
        } else {
            Findings::default()
        }
    }

    fn name(&self, action: &usize) -> &'static str {
        ["first", "second"].get(*action).copied().unwrap_or("later")
    }

    fn fields(&self, node: &u16, visit: &mut dyn FnMut(&'static str, u64)) {
        visit("node", u64::from(*node));
    }
}

/// Counters that each count to `to - 1`, one step at a time: `to` to the power of `N` states.
#[derive(Clone, Copy, Debug)]
pub struct Counters<const N: usize> {
    pub to: u8,
}

impl<const N: usize> Counters<N> {
    /// The first counter stays 0: broken by the first step.
    pub const STAYS: usize = 0;
    /// No counter passes its end: holds.
    pub const BELOW: usize = 1;
    /// Not all counters are at their end: broken by the last state only.
    pub const NOT_FULL: usize = 2;
}

impl<const N: usize> Model for Counters<N> {
    type State = [u8; N];
    type Action = usize;

    fn init_states(&self) -> Vec<[u8; N]> {
        vec![[0; N]]
    }

    fn actions(&self, state: &[u8; N], actions: &mut Vec<usize>) {
        actions.extend((0..N).filter(|which| state[*which] + 1 < self.to));
    }

    fn next_state(&self, state: &[u8; N], action: usize) -> Option<[u8; N]> {
        let mut next = *state;
        next[action] += 1;
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        open_for_ever()
    }
}

impl<const N: usize> Toy for Counters<N> {
    const CLAIMS: usize = 3;
    type Bytes = [u8; N];

    fn pack(&self, state: &[u8; N]) -> [u8; N] {
        *state
    }

    fn unpack(&self, bytes: &[u8; N]) -> [u8; N] {
        *bytes
    }

    fn of_state(&self, state: &[u8; N]) -> Findings {
        let broken = u32::from(state[0] != 0) << Self::STAYS
            | u32::from(state.iter().any(|count| *count >= self.to)) << Self::BELOW
            | u32::from(state.iter().all(|count| count + 1 == self.to)) << Self::NOT_FULL;
        Findings { broken, premise: u32::MAX }
    }

    fn fields(&self, state: &[u8; N], visit: &mut dyn FnMut(&'static str, u64)) {
        visit("last", u64::from(state[N - 1]));
        visit("sum", state.iter().map(|count| u64::from(*count)).sum());
        visit("constant", 7);
    }
}

/// Two-phase commit after Gray and Lamport, "Consensus on Transaction Commit", with `N` resource managers: messages are
/// never taken away.
#[derive(Clone, Copy, Debug, Default)]
pub struct TwoPhase<const N: usize> {
    /// The manager that does not wait for the decision before it aborts, although prepared: a mutant.
    pub hasty: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manager {
    Working,
    Prepared,
    Committed,
    Aborted,
}

const MANAGERS: [Manager; 4] = [Manager::Working, Manager::Prepared, Manager::Committed, Manager::Aborted];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transaction<const N: usize> {
    pub managers: [Manager; N],
    /// What the transaction manager decided, and so told everybody.
    pub decision: Option<Manager>,
    /// Whose promise it knows of.
    pub known: [bool; N],
    /// Who has promised.
    pub promised: [bool; N],
}

impl<const N: usize> Transaction<N> {
    pub fn is_consistent(&self) -> bool {
        !(self.managers.contains(&Manager::Aborted) && self.managers.contains(&Manager::Committed))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Decide(Manager),
    Learn(usize),
    Become(usize, Manager),
}

impl<const N: usize> TwoPhase<N> {
    /// Nobody commits what another aborts.
    pub const CONSISTENT: usize = 0;
    /// After a commit, all had promised.
    pub const TOLD: usize = 1;
    /// Of a decision that is never taken: vacuous, about states.
    pub const VACUOUS: usize = 2;
    /// A decision is kept, about steps.
    pub const KEPT: usize = 3;
    /// Of steps that undo a promise, of which there are none: vacuous, about steps.
    pub const VACUOUS_STEP: usize = 4;
}

impl<const N: usize> Model for TwoPhase<N> {
    type State = Transaction<N>;
    type Action = Move;

    fn init_states(&self) -> Vec<Transaction<N>> {
        vec![Transaction { managers: [Manager::Working; N], decision: None, known: [false; N], promised: [false; N] }]
    }

    fn actions(&self, state: &Transaction<N>, actions: &mut Vec<Move>) {
        if state.decision.is_none() {
            if state.known.iter().all(|known| *known) {
                actions.push(Move::Decide(Manager::Committed));
            }
            actions.push(Move::Decide(Manager::Aborted));
        }
        for manager in 0..N {
            if state.decision.is_none() && state.promised[manager] {
                actions.push(Move::Learn(manager));
            }
            if state.managers[manager] == Manager::Working {
                actions.push(Move::Become(manager, Manager::Prepared));
                actions.push(Move::Become(manager, Manager::Aborted));
            }
            if state.managers[manager] == Manager::Prepared && self.hasty == Some(manager) {
                actions.push(Move::Become(manager, Manager::Aborted));
            }
            actions.extend(state.decision.map(|decision| Move::Become(manager, decision)));
        }
    }

    fn next_state(&self, state: &Transaction<N>, action: Move) -> Option<Transaction<N>> {
        let mut next = *state;
        match action {
            Move::Decide(decision) => next.decision = Some(decision),
            Move::Learn(manager) => next.known[manager] = true,
            Move::Become(manager, to) => {
                next.managers[manager] = to;
                next.promised[manager] |= to == Manager::Prepared;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("consistent", |_, state: &Transaction<N>| state.is_consistent())]
    }
}

impl<const N: usize> Toy for TwoPhase<N> {
    const CLAIMS: usize = 5;
    type Bytes = Vec<u8>;

    fn pack(&self, state: &Transaction<N>) -> Vec<u8> {
        let bits = state.known.iter().zip(&state.promised);
        let each = state.managers.iter().zip(bits);
        let packed =
            each.map(|(manager, (known, promised))| *manager as u8 | u8::from(*known) << 2 | u8::from(*promised) << 3);
        packed.chain([state.decision.map_or(u8::MAX, |decision| decision as u8)]).collect()
    }

    fn unpack(&self, bytes: &Vec<u8>) -> Transaction<N> {
        Transaction {
            managers: std::array::from_fn(|which| MANAGERS[usize::from(bytes[which] & 3)]),
            decision: MANAGERS.get(usize::from(bytes[N])).copied(),
            known: std::array::from_fn(|which| bytes[which] & 4 != 0),
            promised: std::array::from_fn(|which| bytes[which] & 8 != 0),
        }
    }

    fn of_state(&self, state: &Transaction<N>) -> Findings {
        let committed = state.decision == Some(Manager::Committed);
        let undecided = state.decision == Some(Manager::Working);
        let all_promised = state.promised.iter().all(|promised| *promised);
        Findings {
            broken: u32::from(!state.is_consistent()) << Self::CONSISTENT
                | u32::from(committed && !all_promised) << Self::TOLD,
            premise: 1 << Self::CONSISTENT | u32::from(committed) << Self::TOLD | u32::from(undecided) << Self::VACUOUS,
        }
    }

    fn of_step(&self, before: &Transaction<N>, _: &Move, after: &Transaction<N>) -> Findings {
        let decided = before.decision.is_some();
        let undone = before.promised.iter().zip(&after.promised).any(|(before, after)| before > after);
        Findings {
            broken: u32::from(decided && before.decision != after.decision) << Self::KEPT,
            premise: u32::from(decided) << Self::KEPT | u32::from(undone) << Self::VACUOUS_STEP,
        }
    }

    fn name(&self, action: &Move) -> &'static str {
        match action {
            Move::Decide(_) => "decide",
            Move::Learn(_) => "learn",
            Move::Become(..) => "become",
        }
    }
}

/// Philosophers at a round table, who take the left fork first and keep it. Claim 0: somebody can move.
#[derive(Clone, Copy, Debug)]
pub struct Dining<const N: usize>;

impl<const N: usize> Model for Dining<N> {
    /// How many forks each holds, 0 to 2.
    type State = [u8; N];
    type Action = usize;

    fn init_states(&self) -> Vec<[u8; N]> {
        vec![[0; N]]
    }

    fn actions(&self, _: &[u8; N], actions: &mut Vec<usize>) {
        actions.extend(0..N);
    }

    fn next_state(&self, state: &[u8; N], who: usize) -> Option<[u8; N]> {
        let (left, right) = ((who + N - 1) % N, (who + 1) % N);
        let mut next = *state;
        next[who] = match state[who] {
            // The left fork is the left neighbour's right one.
            0 if state[left] < 2 => 1,
            1 if state[right] == 0 => 2,
            2 => 0,
            _ => return None,
        };
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        open_for_ever()
    }
}

impl<const N: usize> Toy for Dining<N> {
    const CLAIMS: usize = 1;
    type Bytes = [u8; N];

    fn pack(&self, state: &[u8; N]) -> [u8; N] {
        *state
    }

    fn unpack(&self, bytes: &[u8; N]) -> [u8; N] {
        *bytes
    }

    fn of_state(&self, state: &[u8; N]) -> Findings {
        Findings { broken: u32::from(self.next_states(state).is_empty()), premise: 1 }
    }
}

/// A model with a memory outside its state, against the rules.
#[derive(Debug, Default)]
pub struct Forgetful {
    pub calls: AtomicU64,
    /// Whether what it forgets is how many steps there are, rather than where they lead.
    pub in_number: bool,
}

impl Model for Forgetful {
    type State = u64;
    type Action = ();

    fn init_states(&self) -> Vec<u64> {
        vec![0]
    }

    fn actions(&self, state: &u64, actions: &mut Vec<()>) {
        let steps = if self.in_number { 1 + self.calls.fetch_add(1, Ordering::Relaxed) % 2 } else { 1 };
        actions.extend((0..steps).filter(|_| *state < 100).map(|_| ()));
    }

    fn next_state(&self, state: &u64, (): ()) -> Option<u64> {
        // Counts calls: the second answer for one state differs from the first.
        let more = if self.in_number { 0 } else { self.calls.fetch_add(1, Ordering::Relaxed) % 2 };
        Some(state + 1 + more)
    }
}

impl Toy for Forgetful {
    const CLAIMS: usize = 0;
    type Bytes = [u8; 8];

    fn pack(&self, state: &u64) -> [u8; 8] {
        state.to_le_bytes()
    }

    fn unpack(&self, bytes: &[u8; 8]) -> u64 {
        u64::from_le_bytes(*bytes)
    }
}

/// Many initial states, each slow to expand and leading to itself by two steps; claim 0 is about states, claim 1 about
/// steps. Counts how many were expanded, and interrupts itself after 100.
#[derive(Debug)]
pub struct Wide {
    pub states: u32,
    pub expanded: AtomicU64,
    pub interrupted: AtomicBool,
}

impl Wide {
    pub fn new(states: u32) -> Self {
        Self { states, expanded: AtomicU64::new(0), interrupted: AtomicBool::new(false) }
    }
}

impl Model for Wide {
    type State = u32;
    type Action = u8;

    fn init_states(&self) -> Vec<u32> {
        (0..self.states).collect()
    }

    fn actions(&self, _: &u32, actions: &mut Vec<u8>) {
        if self.expanded.fetch_add(1, Ordering::Relaxed) == 100 {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        std::thread::sleep(std::time::Duration::from_micros(50));
        actions.extend([0, 1]);
    }

    fn next_state(&self, state: &u32, _: u8) -> Option<u32> {
        Some(*state)
    }
}

impl Toy for Wide {
    const CLAIMS: usize = 2;
    type Bytes = [u8; 4];

    fn pack(&self, state: &u32) -> [u8; 4] {
        state.to_le_bytes()
    }

    fn unpack(&self, bytes: &[u8; 4]) -> u32 {
        u32::from_le_bytes(*bytes)
    }

    fn of_state(&self, state: &u32) -> Findings {
        Findings { broken: u32::from(*state >= 3), premise: 0 }
    }

    fn of_step(&self, _: &u32, action: &u8, _: &u32) -> Findings {
        Findings { broken: u32::from(*action == 1) << 1, premise: 0 }
    }
}
