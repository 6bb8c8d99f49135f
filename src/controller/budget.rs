//! `maxUnavailable` and `maxSurge` (ROLL-1 to ROLL-3).
//!
//! Mirrors `UnavailableCount`, `SurgeCount` and `AllowsSurge`, `pkg/controller/daemon/util/daemonset_util.go`.

use serde::{Deserialize, Serialize};

use super::record::{DaemonSet, UpdateStrategy};
use crate::release::{Surge, Switches};

/// An `IntOrString` limit, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Limit {
    /// Not given.
    Absent,
    /// A number of nodes.
    Number(i32),
    /// A percentage of the desired nodes.
    Percent(i32),
    /// A string without a final `%`.
    NotPercentage,
    /// What precedes the `%` is no decimal integer.
    BadNumber,
}

/// Why a limit has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LimitError {
    /// It is absent.
    Nil,
    /// See [`Limit::NotPercentage`].
    NotPercentage,
    /// See [`Limit::BadNumber`].
    BadNumber,
}

impl Limit {
    /// `GetScaledValueFromIntOrPercent`, rounding up (ROLL-1): `total` is a number of nodes, at least 0.
    ///
    /// # Errors
    ///
    /// If the limit is absent or does not parse.
    pub fn scaled(self, total: i32) -> Result<i32, LimitError> {
        match self {
            Self::Absent => Err(LimitError::Nil),
            Self::Number(number) => Ok(number),
            Self::Percent(percent) => {
                let hundredths = i64::from(percent) * i64::from(total);
                let rounded_up = hundredths.div_euclid(100) + i64::from(hundredths.rem_euclid(100) != 0);
                Ok(i32::try_from(rounded_up).unwrap_or(i32::MAX))
            }
            Self::NotPercentage => Err(LimitError::NotPercentage),
            Self::BadNumber => Err(LimitError::BadNumber),
        }
    }
}

/// `UnavailableCount`: how many of `desired` nodes may be unavailable.
///
/// # Errors
///
/// If `maxUnavailable` is absent or does not parse.
pub fn unavailable_count(strategy: UpdateStrategy, desired: i32) -> Result<i32, LimitError> {
    match strategy {
        UpdateStrategy::RollingUpdate(Some(rolling)) => rolling.max_unavailable.scaled(desired),
        UpdateStrategy::RollingUpdate(None) | UpdateStrategy::OnDelete | UpdateStrategy::Unknown => Ok(0),
    }
}

/// `SurgeCount`: how many of `desired` nodes may have a second pod.
///
/// # Errors
///
/// If `maxSurge` does not parse.
pub fn surge_count(switches: &Switches, strategy: UpdateStrategy, desired: i32) -> Result<i32, LimitError> {
    match strategy {
        UpdateStrategy::RollingUpdate(Some(rolling)) if switches.surge == Surge::Supported => match rolling.max_surge {
            Limit::Absent => Ok(0),
            limit => limit.scaled(desired),
        },
        UpdateStrategy::RollingUpdate(_) | UpdateStrategy::OnDelete | UpdateStrategy::Unknown => Ok(0),
    }
}

/// `AllowsSurge` (ROLL-3): whether manage treats the `DaemonSet` as surging.
pub fn allows_surge(switches: &Switches, ds: &DaemonSet) -> bool {
    surge_count(switches, ds.strategy, 1).is_ok_and(|count| count > 0)
}
