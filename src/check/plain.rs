//! Any model of stateright's, as it is.

use std::borrow::Cow;
use std::hash::Hash;

use stateright::{Expectation, Model, Property};

use super::explored::{Explored, Findings};
use super::fair::Class;
use super::fingerprint::fingerprint_of;
use super::live::Forbidden;

/// Makes any stateright model one that [`search`](super::search) visits. Its properties are the claims, by their numbers:
/// an `always` property is broken where its condition is false, a `sometimes` property is *found* where it is true, and
/// reported in the same way, as a violation of "never". An `eventually` property is broken by a behaviour that never meets its
/// condition, and ends, or goes round for ever: stateright's own checkers miss the latter, and those that join a behaviour
/// met before. Somebody always takes a step where there is one; nobody in particular has to.
pub struct Plain<M: Model> {
    model: M,
    properties: Vec<Property<M>>,
}

impl<M: Model> Plain<M> {
    /// `model` with its properties; of more than 32 the first, and of more than eight `eventually` properties the first.
    pub fn new(model: M) -> Self {
        let mut properties = model.properties();
        let mut eventually = 0;
        properties.retain(|property| {
            eventually += u32::from(is_eventually(property));
            eventually <= u8::BITS || !is_eventually(property)
        });
        properties.truncate(32);
        Self { model, properties }
    }

    /// The names of the claims.
    pub fn claims(&self) -> Vec<&'static str> {
        self.properties.iter().map(|property| property.name).collect()
    }
}

fn is_eventually<M: Model>(property: &Property<M>) -> bool {
    matches!(property.expectation, Expectation::Eventually)
}

impl<M> Explored for Plain<M>
where
    M: Model + Sync,
    M::State: Clone + Hash + Send + Sync,
    M::Action: Clone + Send + Sync,
{
    type Sealed = M::State;
    type Open = M::State;
    type Action = M::Action;

    fn initial(&self) -> Vec<M::State> {
        self.model.init_states()
    }

    fn seal(&self, open: M::State) -> M::State {
        open
    }

    fn open<'a>(&self, sealed: &'a M::State) -> Cow<'a, M::State> {
        Cow::Borrowed(sealed)
    }

    fn fingerprint(&self, sealed: &M::State, seed: u64) -> u64 {
        fingerprint_of(sealed, seed)
    }

    fn state_bytes(&self, _: &M::State) -> usize {
        size_of::<M::State>()
    }

    fn successors(&self, open: &M::State, out: &mut Vec<(M::Action, M::State)>) {
        let mut actions = Vec::new();
        self.model.actions(open, &mut actions);
        for action in actions {
            if let Some(after) = self.model.next_state(open, action.clone())
                && self.model.within_boundary(&after)
            {
                out.push((action, after));
            }
        }
    }

    fn judge_state(&self, open: &M::State) -> Findings {
        let mut findings = Findings { broken: 0, premise: u32::MAX };
        for (claim, property) in self.properties.iter().enumerate() {
            let broken = match property.expectation {
                Expectation::Always => !(property.condition)(&self.model, open),
                Expectation::Sometimes => (property.condition)(&self.model, open),
                Expectation::Eventually => false,
            };
            findings.broken |= u32::from(broken) << claim;
        }
        findings
    }

    fn live(&self) -> Vec<(usize, Forbidden)> {
        let eventually = self.properties.iter().enumerate().filter(|(_, property)| is_eventually(property));
        eventually.zip(0..).map(|((claim, _), mark)| (claim, Forbidden::Avoiding(1 << mark))).collect()
    }

    fn class(&self, _: &M::State, _: &M::Action) -> Class {
        0
    }

    fn marks(&self, open: &M::State) -> u8 {
        let eventually = self.properties.iter().filter(|property| is_eventually(property));
        eventually
            .zip(0..)
            .fold(0, |marks, (property, mark)| marks | u8::from((property.condition)(&self.model, open)) << mark)
    }
}
