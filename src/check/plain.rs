//! Any stateright model, as it is.

use std::fmt::Debug;

use stateright::Model;

use super::{Bounded, Successors};

/// Makes any stateright model one that [`check`](super::check) reads, by the defaults of [`Successors`] and [`Bounded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<M>(pub M);

impl<M: Model> Model for Plain<M> {
    type State = M::State;
    type Action = M::Action;

    fn init_states(&self) -> Vec<Self::State> {
        self.0.init_states()
    }

    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>) {
        self.0.actions(state, actions);
    }

    fn next_state(&self, last_state: &Self::State, action: Self::Action) -> Option<Self::State> {
        self.0.next_state(last_state, action)
    }

    fn within_boundary(&self, state: &Self::State) -> bool {
        self.0.within_boundary(state)
    }

    fn format_action(&self, action: &Self::Action) -> String
    where
        Self::Action: Debug,
    {
        self.0.format_action(action)
    }
}

impl<M: Model<Action: Clone>> Successors for Plain<M> {}

impl<M: Model> Bounded for Plain<M> {}
