//! Small models with known graphs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use everynode::check::{Bounded, Census, Successors};
use stateright::Model;

/// An explicit graph: each node lists where its actions lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub initial: Vec<u16>,
    pub edges: Vec<Vec<u16>>,
    /// Nodes in which the graph's claims are false, or which its witness asks for.
    pub marked_nodes: BTreeSet<u16>,
    /// The same for steps, by node before and node after.
    pub marked_steps: BTreeSet<(u16, u16)>,
    /// Nodes that exceed a capacity.
    pub over: BTreeSet<u16>,
}

impl Graph {
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
}

impl Successors for Graph {
    fn kind(&self, action: &usize) -> &'static str {
        ["first", "second"].get(*action).copied().unwrap_or("later")
    }
}

impl Bounded for Graph {
    fn capacity(&self, node: &u16) -> Option<&'static str> {
        self.over.contains(node).then_some("nodes")
    }
}

/// Counters that each count to `to - 1`, one step at a time: `to` to the power of `N` states.
#[derive(Clone, Copy, Debug)]
pub struct Counters<const N: usize> {
    pub to: u8,
}

impl<const N: usize> Model for Counters<N> {
    type State = [u8; N];
    type Action = usize;

    fn init_states(&self) -> Vec<[u8; N]> {
        vec![[0; N]]
    }

    fn actions(&self, state: &[u8; N], actions: &mut Vec<usize>) {
        actions.extend((0..N).filter(|i| state[*i] + 1 < self.to));
    }

    fn next_state(&self, state: &[u8; N], action: usize) -> Option<[u8; N]> {
        let mut next = *state;
        next[action] += 1;
        Some(next)
    }
}

impl<const N: usize> Successors for Counters<N> {
    fn successors(&self, state: &[u8; N], out: &mut Vec<(usize, [u8; N])>) {
        for i in 0..N {
            if state[i] + 1 < self.to {
                let mut next = *state;
                next[i] += 1;
                out.push((i, next));
            }
        }
    }
}

impl<const N: usize> Bounded for Counters<N> {}

impl<const N: usize> Census for Counters<N> {
    fn fields(&self, state: &[u8; N], visit: &mut dyn FnMut(&'static str, u64)) {
        visit("first", u64::from(state[0]));
        visit("sum", state.iter().map(|count| u64::from(*count)).sum());
        visit("constant", 7);
    }
}

/// Two-phase commit after Gray and Lamport, "Consensus on Transaction Commit": messages are never taken away.
#[derive(Clone, Copy, Debug)]
pub struct TwoPhase {
    pub managers: usize,
    /// The manager that does not wait for the decision before it aborts, although prepared: a mutant.
    pub hasty: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    pub managers: Vec<Manager>,
    /// What the transaction manager decided, and so told everybody.
    pub decision: Option<Manager>,
    /// Whose promise it knows of.
    pub known: Vec<bool>,
    /// Who has promised.
    pub promised: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Decide(Manager),
    Learn(usize),
    Become(usize, Manager),
}

impl Model for TwoPhase {
    type State = Transaction;
    type Action = Move;

    fn init_states(&self) -> Vec<Transaction> {
        vec![Transaction {
            managers: vec![Manager::Working; self.managers],
            decision: None,
            known: vec![false; self.managers],
            promised: vec![false; self.managers],
        }]
    }

    fn actions(&self, state: &Transaction, actions: &mut Vec<Move>) {
        if state.decision.is_none() {
            if state.known.iter().all(|known| *known) {
                actions.push(Move::Decide(Manager::Committed));
            }
            actions.push(Move::Decide(Manager::Aborted));
        }
        for manager in 0..self.managers {
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
            actions.extend(
                state
                    .decision
                    .map(|decision| Move::Become(manager, decision)),
            );
        }
    }

    fn next_state(&self, state: &Transaction, action: Move) -> Option<Transaction> {
        let mut next = state.clone();
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
}

impl Successors for TwoPhase {
    fn kind(&self, action: &Move) -> &'static str {
        match action {
            Move::Decide(_) => "decide",
            Move::Learn(_) => "learn",
            Move::Become(..) => "become",
        }
    }
}

impl Bounded for TwoPhase {}

/// Philosophers at a round table, who take the left fork first and keep it.
#[derive(Clone, Copy, Debug)]
pub struct Dining<const N: usize>;

impl<const N: usize> Dining<N> {
    /// Nobody can do anything.
    pub fn is_stuck(self, state: &[u8; N]) -> bool {
        self.next_states(state).is_empty()
    }
}

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
}

impl<const N: usize> Successors for Dining<N> {}

impl<const N: usize> Bounded for Dining<N> {}

/// A model with a memory outside its state, against the rules.
#[derive(Debug, Default)]
pub struct Forgetful(pub AtomicU64);

impl Model for Forgetful {
    type State = u64;
    type Action = ();

    fn init_states(&self) -> Vec<u64> {
        vec![0]
    }

    fn actions(&self, state: &u64, actions: &mut Vec<()>) {
        if *state < 100 {
            actions.push(());
        }
    }

    fn next_state(&self, state: &u64, (): ()) -> Option<u64> {
        // Counts calls: the second answer for one state differs from the first.
        Some(state + 1 + self.0.fetch_add(1, Ordering::Relaxed) % 2)
    }
}

impl Successors for Forgetful {}

impl Bounded for Forgetful {}
