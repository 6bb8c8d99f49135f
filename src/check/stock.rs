//! The same questions put to stateright's own checker, to cross-check ours.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, Model, Property};

use super::claim::{Claim, Judge, Judgement};
use super::{Bounded, Successors};

/// Number of unique states that stateright's breadth-first checker finds, by `actions` and `next_state`.
///
/// States that exceed a capacity are counted and not expanded, as in [`check`](super::check).
pub fn unique_states<M>(model: M, threads: usize) -> usize
where
    M: Bounded + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let stock = Stock { model, claim: None };
    stock
        .checker()
        .threads(threads)
        .spawn_bfs()
        .join()
        .unique_state_count()
}

/// Length of a trace by which stateright's breadth-first checker, on one thread, answers a claim about states.
///
/// Absent if it has no answer, or the claim is about steps, of which stateright knows nothing.
pub fn answer_len<M>(model: M, claim: Claim<M>) -> Option<usize>
where
    M: Bounded + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let stock = Stock {
        model,
        claim: Some(claim),
    };
    let path = stock.checker().spawn_bfs().join().discovery(ANSWER)?;
    Some(path.into_actions().len())
}

/// A state whose `successors` are not what `actions` and `next_state` list.
///
/// Looks at the whole reachable graph, or at `states_max` states of it.
pub fn first_difference<M>(model: &M, states_max: usize) -> Option<M::State>
where
    M: Successors + Bounded,
    M::State: Clone + Eq + Hash,
    M::Action: PartialEq,
{
    let mut waiting = model.init_states();
    let mut visited: HashSet<_> = waiting.iter().cloned().collect();
    while let Some(state) = waiting.pop() {
        if model.capacity(&state).is_some() {
            continue;
        }
        let mut ours = Vec::new();
        model.successors(&state, &mut ours);
        if ours != model.next_steps(&state) {
            return Some(state);
        }
        for (_, next) in ours {
            if visited.len() < states_max && visited.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    None
}

const ANSWER: &str = "answer";

/// A model without its own properties and boundary.
struct Stock<M: Model> {
    model: M,
    claim: Option<Claim<M>>,
}

impl<M: Bounded> Model for Stock<M> {
    type State = M::State;
    type Action = M::Action;

    fn init_states(&self) -> Vec<Self::State> {
        self.model.init_states()
    }

    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>) {
        if self.model.capacity(state).is_none() {
            self.model.actions(state, actions);
        }
    }

    fn next_state(&self, last_state: &Self::State, action: Self::Action) -> Option<Self::State> {
        self.model.next_state(last_state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let answer = Property::sometimes(ANSWER, |stock: &Self, state| {
            let judges = |claim: &Claim<M>| match claim.judge {
                Judge::Invariant { .. } | Judge::Sometimes(_) => {
                    stock.model.capacity(state).is_none()
                        && claim.judge_state(&stock.model, state) == Judgement::Answers
                }
                Judge::Step { .. } | Judge::SometimesStep(_) => false,
            };
            stock.claim.as_ref().is_some_and(judges)
        });
        // Without an open property stateright stops at once; with a second one it would go on after the answer and
        // overwrite it by longer traces.
        vec![if self.claim.is_some() {
            answer
        } else {
            Property::sometimes("never", |_, _| false)
        }]
    }
}
