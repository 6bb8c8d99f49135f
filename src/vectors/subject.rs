//! Who is asked: the controller of a release, or a mutant of one.

use std::collections::BTreeMap;

use crate::release::budget::BudgetRules;
use crate::release::placement::{ComparisonOperators, PlacementRules};
use crate::release::{Gate, Profile, Switches};

/// A controller that answers vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its switches.
    pub switches: Switches,
    /// Its placement.
    pub placement: PlacementRules,
    /// How it reads budgets.
    pub budget: BudgetRules,
}

impl Subject {
    /// The controller of a release.
    pub fn of(profile: &Profile) -> Self {
        Self { switches: profile.switches, placement: profile.placement, budget: profile.budget }
    }

    /// Release 1.36 without the consistency gate.
    pub fn today_without_gate() -> Self {
        Self {
            switches: Switches { gate: Gate::Off, ..Switches::TODAY },
            placement: PlacementRules::v1_36(),
            budget: BudgetRules::v1_28(),
        }
    }

    /// The same with the feature gates of a vector.
    #[must_use]
    pub fn with_gates(mut self, gates: &BTreeMap<String, bool>) -> Self {
        if gates.get("StaleControllerConsistencyDaemonSet") == Some(&false) {
            self.switches.gate = Gate::Off;
        }
        if gates.get("TaintTolerationComparisonOperators") == Some(&true) {
            self.placement = self.placement.with_comparison_operators(ComparisonOperators::Supported);
        }
        self
    }
}
