//! Two-phase commit as among stateright's examples: states of vectors and a set of messages, which are never taken away.

use std::collections::BTreeSet;

use stateright::{Model, Property};

/// Two-phase commit with so many resource managers.
#[derive(Clone, Copy, Debug)]
pub struct TwoPhaseCommit(pub usize);

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    managers: Vec<Manager>,
    decision: Option<Decision>,
    /// Whose promise the transaction manager knows of.
    known: Vec<bool>,
    messages: BTreeSet<Message>,
}

/// What the transaction manager decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Everybody had promised.
    Commit,
    /// At any time before.
    Abort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Manager {
    Working,
    Prepared,
    Ended(Decision),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Message {
    Promise(usize),
    Decision(Decision),
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The transaction manager decides.
    Decide(Decision),
    /// It learns of a promise.
    Learn(usize),
    /// A manager promises to commit.
    Promise(usize),
    /// A manager aborts by itself.
    Abort(usize),
    /// A manager learns of the decision.
    End(usize, Decision),
}

impl Transaction {
    fn all_end_in(&self, decision: Decision) -> bool {
        self.managers.iter().all(|manager| *manager == Manager::Ended(decision))
    }

    fn some_end_in(&self, decision: Decision) -> bool {
        self.managers.contains(&Manager::Ended(decision))
    }
}

impl Model for TwoPhaseCommit {
    type State = Transaction;
    type Action = Step;

    fn init_states(&self) -> Vec<Transaction> {
        vec![Transaction {
            managers: vec![Manager::Working; self.0],
            decision: None,
            known: vec![false; self.0],
            messages: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &Transaction, steps: &mut Vec<Step>) {
        if state.decision.is_none() {
            if state.known.iter().all(|known| *known) {
                steps.push(Step::Decide(Decision::Commit));
            }
            steps.push(Step::Decide(Decision::Abort));
        }
        for manager in 0..self.0 {
            if state.decision.is_none() && state.messages.contains(&Message::Promise(manager)) {
                steps.push(Step::Learn(manager));
            }
            if state.managers[manager] == Manager::Working {
                steps.extend([Step::Promise(manager), Step::Abort(manager)]);
            }
            for decision in [Decision::Commit, Decision::Abort] {
                if state.messages.contains(&Message::Decision(decision)) {
                    steps.push(Step::End(manager, decision));
                }
            }
        }
    }

    fn next_state(&self, state: &Transaction, step: Step) -> Option<Transaction> {
        let mut next = state.clone();
        match step {
            Step::Decide(decision) => {
                next.decision = Some(decision);
                next.messages.insert(Message::Decision(decision));
            }
            Step::Learn(manager) => next.known[manager] = true,
            Step::Promise(manager) => {
                next.managers[manager] = Manager::Prepared;
                next.messages.insert(Message::Promise(manager));
            }
            Step::Abort(manager) => next.managers[manager] = Manager::Ended(Decision::Abort),
            Step::End(manager, decision) => next.managers[manager] = Manager::Ended(decision),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::sometimes("all abort", |_, state: &Transaction| state.all_end_in(Decision::Abort)),
            Property::sometimes("all commit", |_, state: &Transaction| state.all_end_in(Decision::Commit)),
            Property::always("nobody commits what another aborts", |_, state: &Transaction| {
                !(state.some_end_in(Decision::Commit) && state.some_end_in(Decision::Abort))
            }),
        ]
    }
}
