//! What stands behind a broken claim besides the model.

use crate::property::Property;

/// How well an entry of the catalogue of known bugs is established.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Made to happen on an unmodified 1.36.3 control plane.
    Recorded,
    /// Described by reporter and maintainers, or by the fix; the thread.
    Confirmed(&'static str),
}

/// An entry of the catalogue that explains a broken claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The claim.
    pub property: Property,
    /// The base scope.
    pub base: &'static str,
    /// The ids of the faults, in their order.
    pub faults: &'static str,
    /// The releases of the matrix that the backing is about.
    pub releases: &'static [&'static str],
    /// The entry.
    pub entry: &'static str,
    /// What backs it in those releases.
    pub backing: Backing,
}

const RECORDED: &[&str] = &["v1.36"];

const fn recorded(property: Property, base: &'static str, faults: &'static str, entry: &'static str) -> Known {
    Known { property, base, faults, releases: RECORDED, entry, backing: Backing::Recorded }
}

/// The table. A row says no more than the catalogue does.
pub const KNOWN: &[Known] = &[
    recorded(Property::OnePerNode, "create", "lost-reply", "DS-B01"),
    recorded(Property::Budget, "rollout-3", "pod-lag", "DS-B02"),
    recorded(Property::Budget, "rollout-3", "no-fault", "DS-B02"),
    recorded(Property::HashTruth, "copied-revision", "no-fault", "DS-B03"),
    recorded(Property::NeverWedged, "create", "pod-lag+watch-gap", "DS-B05"),
    recorded(Property::StatusTruth, "taint", "no-fault", "DS-B06"),
    recorded(Property::NeverWedged, "label-and-recreate", "no-fault", "DS-B07"),
    recorded(Property::CurrentIsMax, "recreate", "no-fault", "DS-B08"),
    recorded(Property::CurrentIsMax, "a-b-a", "no-fault", "DS-B09"),
    recorded(Property::OnePerNode, "create", "stale-list", "DS-B10"),
    Known {
        property: Property::OnePerNode,
        base: "create",
        faults: "stale-list",
        releases: &["v1.11", "v1.20", "v1.28"],
        entry: "DS-B10",
        backing: Backing::Confirmed("#54096"),
    },
    recorded(Property::NeverWedged, "recreate", "no-fault", "DS-B21"),
    recorded(Property::GenerationOrder, "update-and-recreate", "no-fault", "DS-B21"),
    recorded(Property::OnePerNode, "create", "second-leader", "DS-B11"),
    recorded(Property::Budget, "rollout-2", "second-leader", "DS-B11"),
    recorded(Property::OwnerOnly, "quarantine", "no-fault", "DS-B12"),
    recorded(Property::OwnerOnly, "quarantine", "pod-lag", "DS-B12"),
    Known {
        property: Property::OnePerNode,
        base: "create",
        faults: "pod-lag+expiry",
        releases: &["v1.11", "v1.20", "v1.28", "v1.34"],
        entry: "DS-B28",
        backing: Backing::Confirmed("#54096"),
    },
    Known {
        property: Property::OnePerNode,
        base: "create",
        faults: "expiry",
        releases: &["v1.11", "v1.20", "v1.28", "v1.34"],
        entry: "DS-B28",
        backing: Backing::Confirmed("#54096"),
    },
    recorded(Property::FewPods, "rejecting-kubelet", "no-fault", "DS-B13"),
    recorded(Property::FewPods, "slow-termination", "no-fault", "DS-B14"),
    recorded(Property::PodBudget, "unready-rollout", "no-fault", "DS-B15"),
    recorded(Property::RolloutReplaces, "taint-then-rollout", "no-fault", "DS-B16"),
    recorded(Property::RolloutProceeds, "vanished-node", "no-fault", "DS-B17"),
    recorded(Property::StatusTruth, "new-machine", "no-fault", "DS-B19"),
    recorded(Property::OnePerName, "recreate", "no-fault", "DS-B20"),
    recorded(Property::RolledOut, "host-port", "no-fault", "DS-B22"),
    recorded(Property::StatusTruth, "slow-termination", "no-fault", "DS-B24"),
    recorded(Property::UndoActs, "undo-twice", "no-fault", "DS-B25"),
    recorded(Property::OrphansSurvive, "orphan-twice", "no-fault", "DS-B47"),
    recorded(Property::NoSelfConflict, "older-template-over-orphans", "no-fault", "DS-B54"),
    recorded(Property::HashPresent, "stripped-revision", "no-fault", "DS-B56"),
    recorded(Property::SlowStart, "terminating-namespace", "no-fault", "DS-B59"),
    Known {
        property: Property::RolledOut,
        base: "dead-node",
        faults: "kubelet-silent",
        releases: &["v1.20", "v1.28", "v1.34", "v1.36"],
        entry: "DS-B18",
        backing: Backing::Confirmed("#117204"),
    },
    recorded(Property::NoPanic, "unlabelled-revision", "no-fault", "DS-B53"),
];

/// What backs a break of `property` in `base` under `faults` in `release`, in the words of a counterexample's page.
pub fn backing(property: Property, base: &str, faults: &str, release: &str) -> String {
    established(property, base, faults, release).unwrap_or_else(|like| match like {
        Some(entry) => format!("model only: a hypothesis here (like {entry}, which was recorded on 1.36.3)"),
        None => "model only: a hypothesis".to_owned(),
    })
}

/// As [`backing`], in the fewer words of the matrix, which explains them.
pub fn mark(property: Property, base: &str, faults: &str, release: &str) -> String {
    established(property, base, faults, release).unwrap_or_else(|like| match like {
        Some(entry) => format!("model only ({entry})"),
        None => "model only".to_owned(),
    })
}

/// What backs a break in that release; else the entry that was recorded of it in another one, if there is any.
fn established(property: Property, base: &str, faults: &str, release: &str) -> Result<String, Option<&'static str>> {
    let rows =
        || KNOWN.iter().filter(|known| known.property == property && known.faults == faults && known.base == base);
    if let Some(known) = rows().find(|known| known.releases.contains(&release)) {
        return Ok(match known.backing {
            Backing::Recorded => format!("{}, recorded on 1.36.3", known.entry),
            Backing::Confirmed(thread) => format!("{}, confirmed upstream ({thread})", known.entry),
        });
    }
    Err(rows().find(|known| known.backing == Backing::Recorded).map(|known| known.entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::{BASES, FAULTS, RELEASES, combination_id};

    #[test]
    fn the_table_names_bases_faults_and_releases_that_exist() {
        let mut combinations = vec![combination_id(&[])];
        for one in 0..FAULTS.len() {
            combinations.push(combination_id(&[one]));
            combinations.extend((one + 1..FAULTS.len()).map(|other| combination_id(&[one, other])));
        }
        for known in KNOWN {
            assert!(BASES.iter().any(|base| base.id == known.base), "{}", known.entry);
            assert!(combinations.iter().any(|id| id == known.faults), "{}", known.entry);
            assert!(known.releases.iter().all(|release| RELEASES.contains(release)), "{}", known.entry);
        }
    }

    #[test]
    fn a_recording_backs_only_the_release_it_was_made_on() {
        let in_release = |release| backing(Property::OnePerNode, "create", "lost-reply", release);
        assert_eq!(in_release("v1.36"), "DS-B01, recorded on 1.36.3");
        assert!(in_release("v1.20").starts_with("model only: a hypothesis"));
        assert_eq!(backing(Property::OnePerNode, "create", "refused", "v1.36"), "model only: a hypothesis");
        assert_eq!(mark(Property::OnePerNode, "create", "refused", "v1.36"), "model only");
        let recreated = |base| mark(Property::NeverWedged, base, "no-fault", "v1.36");
        assert_eq!(recreated("recreate"), "DS-B21, recorded on 1.36.3");
        assert_eq!(recreated("orphan-recreate"), "model only", "another script is another story");
        assert_eq!(mark(Property::OnePerNode, "create", "lost-reply", "v1.20"), "model only (DS-B01)");
        assert_eq!(
            backing(Property::OnePerNode, "create", "stale-list", "v1.28"),
            "DS-B10, confirmed upstream (#54096)"
        );
    }
}
