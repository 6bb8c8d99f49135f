//! Capacities: where a model's representation ends and the modelled system goes on.

use stateright::Model;

/// A model may say that a state exceeds what it can represent.
pub trait Bounded: Model {
    /// The name of a capacity that `state` exceeds, such as `"pods"`.
    ///
    /// Such a state is counted but neither expanded nor judged: what it says of the system may be wrong. It turns every
    /// `Holds` and `Unreached` of the run into `NoneFound(Capacity(name))`. A step that would exceed a capacity
    /// therefore leads to a marked state; disabling the step would hide what lies behind it.
    ///
    /// By default stateright's own boundary is such a capacity, named `"boundary"`.
    fn capacity(&self, state: &Self::State) -> Option<&'static str> {
        (!self.within_boundary(state)).then_some("boundary")
    }
}
