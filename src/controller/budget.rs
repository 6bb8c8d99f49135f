//! The rolling update's budgets: what `maxUnavailable` and `maxSurge` come to (ROLL-1 to ROLL-3, ROLL-21, ROLL-32).
//!
//! Mirrors `UnavailableCount`, `SurgeCount`, `AllowsSurge` of `pkg/controller/daemon/util/daemonset_util.go` and the
//! budget part of `updatedDesiredNodeCounts` of `pkg/controller/daemon/update.go`. Knows no Kubernetes type:
//! `manifest::daemon_set` turns an object's strategy into a [`Strategy`].

use serde::{Deserialize, Serialize};

use crate::release::budget::{AbsentLimit, BudgetRules, DesiredNodeCounts as Arithmetic};

/// A budget as written: a number of nodes or a percentage of them.
///
/// The last three are objects that defaulting or validation never leaves in the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Limit {
    /// The field is absent.
    Absent,
    /// A number of nodes.
    Number(i32),
    /// A percentage of the nodes that should run the pod.
    Percent(i64),
    /// Text without a final `%`.
    NotPercentage,
    /// Text whose part before the `%` is not a decimal integer.
    BadNumber,
}

/// Why a budget has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum LimitError {
    /// The field is absent.
    #[error("the limit is absent")]
    Nil,
    /// Text without a final `%`.
    #[error("the limit is text and no percentage")]
    NotPercentage,
    /// What precedes the `%` is not a decimal integer.
    #[error("the limit's percentage is not a decimal integer")]
    BadNumber,
}

impl Limit {
    /// The limit read from text, which must end in `%`.
    pub fn percentage(text: &str) -> Self {
        match text.strip_suffix('%') {
            None => Self::NotPercentage,
            Some(digits) => digits.parse().map_or(Self::BadNumber, Self::Percent),
        }
    }

    /// The limit read from text as releases before 1.20 did: every `%` is taken out.
    pub fn percentage_without_sign(text: &str) -> Self {
        text.replace('%', "").parse().map_or(Self::BadNumber, Self::Percent)
    }

    /// The number of nodes this limit allows of `total`, percentages rounded up (ROLL-1).
    ///
    /// Mirrors `GetScaledValueFromIntOrPercent` with rounding up.
    ///
    /// # Errors
    /// If the limit is absent or no percentage.
    pub fn scaled(self, total: i64) -> Result<i64, LimitError> {
        match self {
            Self::Absent => Err(LimitError::Nil),
            Self::NotPercentage => Err(LimitError::NotPercentage),
            Self::BadNumber => Err(LimitError::BadNumber),
            Self::Number(number) => Ok(i64::from(number)),
            Self::Percent(percent) => {
                let hundredths = i128::from(percent) * i128::from(total);
                let rounded_up = -(-hundredths).div_euclid(100);
                Ok(i64::try_from(rounded_up).unwrap_or(if rounded_up < 0 { i64::MIN } else { i64::MAX }))
            }
        }
    }
}

/// How many nodes may be without an available pod, of `desired` that should have one (ROLL-1).
///
/// Mirrors `UnavailableCount` for a strategy that rolls; otherwise upstream answers 0, see
/// [`Strategy::unavailable_count`].
///
/// # Errors
/// If the limit has no value.
pub fn unavailable_count(max_unavailable: Limit, desired: i64) -> Result<i64, LimitError> {
    max_unavailable.scaled(desired)
}

/// How many nodes may have an additional pod, of `desired` that should have one (ROLL-1). Absent is 0.
///
/// Mirrors `SurgeCount` for a strategy that rolls.
///
/// # Errors
/// If the limit has no value.
pub fn surge_count(max_surge: Limit, desired: i64) -> Result<i64, LimitError> {
    match max_surge {
        Limit::Absent => Ok(0),
        Limit::Number(_) | Limit::Percent(_) | Limit::NotPercentage | Limit::BadNumber => max_surge.scaled(desired),
    }
}

/// Whether manage lets a new pod stand beside an old one (ROLL-3): `maxSurge` of one node is positive.
///
/// Mirrors `AllowsSurge`.
pub fn allows_surge(max_surge: Limit) -> bool {
    surge_count(max_surge, 1).is_ok_and(|surge| surge > 0)
}

/// `spec.updateStrategy.type`, as far as the budgets look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StrategyType {
    /// `RollingUpdate`.
    RollingUpdate,
    /// `OnDelete`, absent, or anything else.
    Other,
}

/// `spec.updateStrategy.rollingUpdate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RollingUpdate {
    /// `maxUnavailable`.
    pub max_unavailable: Limit,
    /// `maxSurge`.
    pub max_surge: Limit,
}

/// `spec.updateStrategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Strategy {
    /// Its type.
    pub strategy_type: StrategyType,
    /// Its limits; absent in objects that defaulting has not seen, and with `OnDelete`.
    pub rolling_update: Option<RollingUpdate>,
}

impl Strategy {
    /// The limits that are in force: those of a strategy that does not roll are both 0.
    pub fn limits(&self) -> RollingUpdate {
        match (self.strategy_type, self.rolling_update) {
            (StrategyType::RollingUpdate, Some(limits)) => limits,
            (StrategyType::RollingUpdate, None) | (StrategyType::Other, _) => {
                RollingUpdate { max_unavailable: Limit::Number(0), max_surge: Limit::Number(0) }
            }
        }
    }

    /// Mirrors `UnavailableCount`.
    ///
    /// # Errors
    /// If the limit has no value.
    pub fn unavailable_count(&self, desired: i64) -> Result<i64, LimitError> {
        unavailable_count(self.limits().max_unavailable, desired)
    }

    /// Mirrors `SurgeCount`.
    ///
    /// # Errors
    /// If the limit has no value.
    pub fn surge_count(&self, desired: i64) -> Result<i64, LimitError> {
        surge_count(self.limits().max_surge, desired)
    }

    /// Mirrors `AllowsSurge`.
    pub fn allows_surge(&self) -> bool {
        allows_surge(self.limits().max_surge)
    }
}

/// The budgets of one rolling update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DesiredNodeCounts {
    /// How many nodes may have an additional pod; 0 in releases without surge.
    pub max_surge: i64,
    /// How many nodes may be without an available pod.
    pub max_unavailable: i64,
    /// How many nodes should run the pod.
    pub desired: i64,
}

/// Why a rolling update has no budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum BudgetError {
    /// `maxUnavailable` has no value.
    #[error("invalid value for maxUnavailable: {0}")]
    InvalidMaxUnavailable(LimitError),
    /// `maxSurge` has no value.
    #[error("invalid value for maxSurge: {0}")]
    InvalidMaxSurge(LimitError),
    /// The process would crash (ROLL-21): objects that defaulting never leaves, up to 1.20.
    #[error("the controller would crash: a limit is read that is absent")]
    NilPointer,
}

/// The budgets of a rolling update over `desired` nodes (ROLL-1, ROLL-2, ROLL-32).
///
/// Mirrors the end of `updatedDesiredNodeCounts`: `maxUnavailable` is examined first, and counts as 1 when both
/// budgets of a `DaemonSet` with nodes come to 0.
///
/// # Errors
/// If a limit has no value.
pub fn updated_desired_node_counts(limits: RollingUpdate, desired: i64) -> Result<DesiredNodeCounts, BudgetError> {
    let max_unavailable =
        unavailable_count(limits.max_unavailable, desired).map_err(BudgetError::InvalidMaxUnavailable)?;
    let max_surge = surge_count(limits.max_surge, desired).map_err(BudgetError::InvalidMaxSurge)?;
    let both_zero = desired > 0 && max_unavailable == 0 && max_surge == 0;
    Ok(DesiredNodeCounts { max_surge, max_unavailable: if both_zero { 1 } else { max_unavailable }, desired })
}

/// The budgets of a rolling update over `desired` nodes in the release of `rules`.
///
/// Up to 1.20 this mirrors the budget part of `getUnavailableNumbers`, which looks at no type.
///
/// # Errors
/// If a limit has no value, or the release's process would crash.
pub fn node_counts(strategy: &Strategy, desired: i64, rules: BudgetRules) -> Result<DesiredNodeCounts, BudgetError> {
    match rules.desired_node_counts {
        Arithmetic::WithSurge => updated_desired_node_counts(strategy.limits(), desired),
        Arithmetic::UnavailableOnly => {
            let limit = strategy.rolling_update.ok_or(BudgetError::NilPointer)?.max_unavailable;
            if limit == Limit::Absent && rules.absent_limit == AbsentLimit::Crashes {
                return Err(BudgetError::NilPointer);
            }
            let max_unavailable = unavailable_count(limit, desired).map_err(BudgetError::InvalidMaxUnavailable)?;
            Ok(DesiredNodeCounts { max_surge: 0, max_unavailable, desired })
        }
    }
}
