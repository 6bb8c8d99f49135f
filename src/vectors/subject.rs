//! Who is asked: the controller of a release, or a mutant of one.

use std::collections::BTreeMap;

use crate::manifest::placement::PlacementRules;
use crate::manifest::tolerations::{AddedTolerations, ComparisonOperators};
use crate::release::{Gate, Profile, Switches};

/// A controller that answers vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its switches.
    pub switches: Switches,
    /// Its placement.
    pub placement: PlacementRules,
}

impl Subject {
    /// The controller of a release.
    pub fn of(profile: &Profile) -> Self {
        let old = profile.name.starts_with("v1.11") || profile.name.starts_with("v1.12");
        let added = if old { AddedTolerations::WithoutPidPressure } else { AddedTolerations::WithPidPressure };
        Self { switches: profile.switches, placement: PlacementRules { added, ..PlacementRules::TODAY } }
    }

    /// The same with the feature gates of a vector.
    #[must_use]
    pub fn with_gates(mut self, gates: &BTreeMap<String, bool>) -> Self {
        if gates.get("StaleControllerConsistencyDaemonSet") == Some(&false) {
            self.switches.gate = Gate::Off;
        }
        if gates.get("TaintTolerationComparisonOperators") == Some(&true) {
            self.placement.operators = ComparisonOperators::Supported;
        }
        self
    }
}
