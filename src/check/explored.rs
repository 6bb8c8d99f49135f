//! What the search needs to know of a model.

use std::borrow::Cow;

use super::fair::{Class, Fairness, UNFAIR};
use super::live::Forbidden;

/// A state space to be searched.
///
/// A state has two forms: sealed (small, stored, hashed) and open (convenient, short-lived). A model of whose states there
/// is only one form uses it for both, as [`Plain`](super::Plain) does for any model of stateright's.
pub trait Explored: Sync {
    /// The stored form.
    type Sealed: Send + Sync;
    /// The opened form.
    type Open: Clone + Send;
    /// A step.
    type Action: Clone + Send + Sync;

    /// The initial states, in a fixed order.
    fn initial(&self) -> Vec<Self::Open>;
    /// Seals a state; opened again it may be another that stands for the same.
    fn seal(&self, open: Self::Open) -> Self::Sealed;
    /// Opens one.
    fn open<'a>(&self, sealed: &'a Self::Sealed) -> Cow<'a, Self::Open>;
    /// What a state is told from others by: equal for equal states, and under another seed another function.
    fn fingerprint(&self, sealed: &Self::Sealed, seed: u64) -> u64;
    /// Bytes that a sealed state needs, at most [`Self::Sealed`]'s own size and what it holds elsewhere.
    fn state_bytes(&self, sealed: &Self::Sealed) -> usize;
    /// Every enabled step with the state it leads to, in a fixed order that depends on the state only. A state is expanded
    /// as it was opened; what a step leads to is judged before it is sealed.
    fn successors(&self, open: &Self::Open, out: &mut Vec<(Self::Action, Self::Open)>);
    /// The capacity that a state exceeds: it is not expanded, and the search is not complete.
    fn exceeded(&self, _open: &Self::Open) -> Option<&'static str> {
        None
    }
    /// Judges every claim about states.
    fn judge_state(&self, open: &Self::Open) -> Findings;
    /// Judges every claim about steps.
    fn judge_step(&self, _before: &Self::Open, _action: &Self::Action, _after: &Self::Open) -> Findings {
        Findings::default()
    }
    /// The kind of a step, for coverage.
    fn kind(&self, _action: &Self::Action) -> &'static str {
        "step"
    }
    /// What of its own configuration a step uses, one bit each; a model that has nothing to name leaves it at none.
    fn used(&self, _before: &Self::Open, _action: &Self::Action, _after: &Self::Open) -> u128 {
        0
    }
    /// The claims about behaviours for ever, by their numbers among all claims. Where there are any, the search keeps every
    /// step of the graph.
    fn live(&self) -> Vec<(usize, Forbidden)> {
        Vec::new()
    }
    /// Of each class how it is treated; one beyond it weakly.
    fn fairness(&self) -> &[Fairness] {
        &[]
    }
    /// The class of a step that is treated fairly as a whole; what nobody has to take is [`UNFAIR`].
    fn class(&self, _before: &Self::Open, _action: &Self::Action) -> Class {
        UNFAIR
    }
    /// The classes of steps that are not among the successors only because they wait for room: fairness counts them as
    /// enabled.
    fn waiting(&self, _open: &Self::Open, _out: &mut Vec<Class>) {}
    /// What claims about behaviours for ever ask of a state, one bit each.
    fn marks(&self, _open: &Self::Open) -> u8 {
        0
    }
    /// Shows every field of a state, as a hash of its value, to `visit`.
    fn census(&self, _open: &Self::Open, _visit: &mut dyn FnMut(&'static str, u64)) {}
}

/// What was found of the claims, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Claims broken here.
    pub broken: u32,
    /// Claims whose premise is met here.
    pub premise: u32,
}
