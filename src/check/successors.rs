//! A faster way to list successors than stateright's pair of methods.

use stateright::Model;

/// A model as the search reads it.
pub trait Successors: Model<Action: Clone> {
    /// Appends every step from `state`: the action and the state it leads to.
    ///
    /// The order is a function of `state` alone; a step's place in it is its action index. The default asks
    /// stateright's `actions` and `next_state`, and an override must list the same steps in the same order
    /// ([`stock::first_difference`](super::stock::first_difference) tells).
    fn successors(&self, state: &Self::State, out: &mut Vec<(Self::Action, Self::State)>) {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        out.extend(actions.into_iter().filter_map(|action| {
            self.next_state(state, action.clone())
                .map(|next| (action, next))
        }));
    }

    /// The kind of an action, by which a run counts how often each was taken.
    fn kind(&self, _action: &Self::Action) -> &'static str {
        ""
    }
}
