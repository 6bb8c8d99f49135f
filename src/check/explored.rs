//! What the search needs to know of a model.

/// A state space to be searched.
///
/// A state has two forms: sealed (small, stored, hashed) and open (convenient, short-lived). A model of whose states there
/// is only one form uses it for both.
pub trait Explored: Sync {
    /// The stored form.
    type Sealed: Clone + Send + Sync;
    /// The opened form.
    type Open: Send;
    /// A step.
    type Action: Clone + Send + Sync;

    /// The initial states, in a fixed order.
    fn initial(&self) -> Vec<Self::Open>;
    /// Seals a state.
    fn seal(&self, open: &Self::Open) -> Self::Sealed;
    /// Opens one.
    fn open(&self, sealed: &Self::Sealed) -> Self::Open;
    /// The bytes by which a state is told from others.
    fn bytes<'a>(&self, sealed: &'a Self::Sealed) -> &'a [u8];
    /// Every enabled step with the state it leads to, in a fixed order that depends on the state only.
    fn successors(&self, open: &Self::Open, out: &mut Vec<(Self::Action, Self::Open)>);
    /// The capacity that a state exceeds: it is not expanded, and the search is not complete.
    fn exceeded(&self, open: &Self::Open) -> Option<&'static str>;
    /// Judges every claim about states.
    fn judge_state(&self, open: &Self::Open) -> Findings;
    /// Judges every claim about steps.
    fn judge_step(&self, before: &Self::Open, action: &Self::Action, after: &Self::Open) -> Findings;
    /// The kind of a step, for coverage.
    fn kind(&self, action: &Self::Action) -> &'static str;
    /// What of its own configuration a step uses, one bit each; a model that has nothing to name leaves it at none.
    fn used(&self, _before: &Self::Open, _action: &Self::Action, _after: &Self::Open) -> u128 {
        0
    }
    /// Shows every field of a state, as a hash of its value, to `visit`.
    fn census(&self, open: &Self::Open, visit: &mut dyn FnMut(&'static str, u64));
}

/// What was found of the claims, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Claims broken here.
    pub broken: u32,
    /// Claims whose premise is met here.
    pub premise: u32,
}
