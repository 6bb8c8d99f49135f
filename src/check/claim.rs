//! What a run is asked: claims about states and about steps, and witnesses.

use std::fmt;

use stateright::Model;

/// A test of one state. The model is passed, so what a test needs to know of the scope comes from there.
pub type StateTest<M> = fn(&M, &<M as Model>::State) -> bool;

/// A test of one step: the state before, the action, the state after.
pub type StepTest<M> =
    fn(&M, &<M as Model>::State, &<M as Model>::Action, &<M as Model>::State) -> bool;

/// A question to a model, with the name and the sentence that reports use.
pub struct Claim<M: Model> {
    /// A stable name, such as `"one-per-node"`.
    pub id: &'static str,
    /// The claim in words.
    pub sentence: &'static str,
    /// How it is judged.
    pub judge: Judge<M>,
}

/// How a claim is judged.
///
/// A premise limits a claim to where it says something: the claim is asked only where the premise is true, and a run
/// tells whether that was anywhere.
pub enum Judge<M: Model> {
    /// Holds in every state.
    Invariant {
        /// Where it says something; everywhere if absent.
        premise: Option<StateTest<M>>,
        /// What must be true there.
        holds: StateTest<M>,
    },
    /// Holds for every step, those into visited states included.
    Step {
        /// Which steps it speaks of; all if absent.
        premise: Option<StepTest<M>>,
        /// What must be true of them.
        holds: StepTest<M>,
    },
    /// True in some state.
    Sometimes(StateTest<M>),
    /// True of some step.
    SometimesStep(StepTest<M>),
}

impl<M: Model> Claim<M> {
    /// `holds` is true in every state.
    pub const fn invariant(id: &'static str, sentence: &'static str, holds: StateTest<M>) -> Self {
        let judge = Judge::Invariant {
            premise: None,
            holds,
        };
        Self {
            id,
            sentence,
            judge,
        }
    }

    /// `holds` is true in every state in which `premise` is.
    pub const fn invariant_given(
        id: &'static str,
        sentence: &'static str,
        premise: StateTest<M>,
        holds: StateTest<M>,
    ) -> Self {
        let judge = Judge::Invariant {
            premise: Some(premise),
            holds,
        };
        Self {
            id,
            sentence,
            judge,
        }
    }

    /// `holds` is true of every step.
    pub const fn step(id: &'static str, sentence: &'static str, holds: StepTest<M>) -> Self {
        let judge = Judge::Step {
            premise: None,
            holds,
        };
        Self {
            id,
            sentence,
            judge,
        }
    }

    /// `holds` is true of every step of which `premise` is.
    pub const fn step_given(
        id: &'static str,
        sentence: &'static str,
        premise: StepTest<M>,
        holds: StepTest<M>,
    ) -> Self {
        let judge = Judge::Step {
            premise: Some(premise),
            holds,
        };
        Self {
            id,
            sentence,
            judge,
        }
    }

    /// `test` is true in some reachable state.
    pub const fn sometimes(id: &'static str, sentence: &'static str, test: StateTest<M>) -> Self {
        Self {
            id,
            sentence,
            judge: Judge::Sometimes(test),
        }
    }

    /// `test` is true of some step.
    pub const fn sometimes_step(
        id: &'static str,
        sentence: &'static str,
        test: StepTest<M>,
    ) -> Self {
        Self {
            id,
            sentence,
            judge: Judge::SometimesStep(test),
        }
    }

    /// Whether this asks for an example instead of forbidding one.
    pub const fn is_witness(&self) -> bool {
        matches!(self.judge, Judge::Sometimes(_) | Judge::SometimesStep(_))
    }

    /// Whether this is judged on steps instead of states.
    pub const fn is_about_steps(&self) -> bool {
        matches!(self.judge, Judge::Step { .. } | Judge::SometimesStep(_))
    }

    /// Whether this has a premise.
    pub const fn has_premise(&self) -> bool {
        matches!(
            self.judge,
            Judge::Invariant {
                premise: Some(_),
                ..
            } | Judge::Step {
                premise: Some(_),
                ..
            }
        )
    }

    /// What one state says about this claim; nothing if the claim is about steps.
    pub(super) fn judge_state(&self, model: &M, state: &M::State) -> Judgement {
        match self.judge {
            Judge::Invariant { premise, holds } => {
                if premise.is_some_and(|premise| !premise(model, state)) {
                    Judgement::Silent
                } else if holds(model, state) {
                    Judgement::Agrees
                } else {
                    Judgement::Answers
                }
            }
            Judge::Sometimes(test) if test(model, state) => Judgement::Answers,
            Judge::Sometimes(_) | Judge::Step { .. } | Judge::SometimesStep(_) => Judgement::Silent,
        }
    }

    /// What one step says about this claim; nothing if the claim is about states.
    pub(super) fn judge_step(
        &self,
        model: &M,
        before: &M::State,
        action: &M::Action,
        after: &M::State,
    ) -> Judgement {
        match self.judge {
            Judge::Step { premise, holds } => {
                if premise.is_some_and(|premise| !premise(model, before, action, after)) {
                    Judgement::Silent
                } else if holds(model, before, action, after) {
                    Judgement::Agrees
                } else {
                    Judgement::Answers
                }
            }
            Judge::SometimesStep(test) if test(model, before, action, after) => Judgement::Answers,
            Judge::SometimesStep(_) | Judge::Invariant { .. } | Judge::Sometimes(_) => {
                Judgement::Silent
            }
        }
    }
}

/// What one state or step says about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing: the premise is false, or this is not the example that a witness asks for.
    Silent,
    /// The premise is true and so is the claim.
    Agrees,
    /// It settles the claim: a violation, or the example that a witness asks for.
    Answers,
}

// Derived, these would ask the same of the model.
impl<M: Model> Clone for Claim<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Claim<M> {}

impl<M: Model> Clone for Judge<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Judge<M> {}

impl<M: Model> fmt::Debug for Claim<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.judge {
            Judge::Invariant { .. } => "invariant",
            Judge::Step { .. } => "step",
            Judge::Sometimes(_) => "sometimes",
            Judge::SometimesStep(_) => "sometimes step",
        };
        write!(f, "Claim({kind} {:?}: {})", self.id, self.sentence)
    }
}
