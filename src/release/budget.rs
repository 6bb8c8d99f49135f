//! What differs between releases in computing the rolling update's budgets (ROLL-1, ROLL-2, ROLL-21).

/// How a budget given as text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PercentSign {
    /// It must end in `%`: from 1.20.
    Required,
    /// Every `%` is taken out and the rest is a percentage, so `"10"` is 10 %: 1.11 and 1.12.
    Optional,
}

/// What becomes of a rolling update without `maxUnavailable`, which no defaulted object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbsentLimit {
    /// An error: from 1.12.
    Refused,
    /// The process crashes: 1.11.
    Crashes,
}

/// Which arithmetic the rolling update uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DesiredNodeCounts {
    /// `updatedDesiredNodeCounts`: both budgets, and 1 when both come to 0 (ROLL-2). From 1.21.
    WithSurge,
    /// `getUnavailableNumbers`: `maxUnavailable` alone, whatever the strategy's type (ROLL-21). Up to 1.20.
    UnavailableOnly,
}

/// The switches that decide the budgets in one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BudgetRules {
    /// How text is read.
    pub percent_sign: PercentSign,
    /// What an absent `maxUnavailable` does.
    pub absent_limit: AbsentLimit,
    /// Which arithmetic is used.
    pub desired_node_counts: DesiredNodeCounts,
}

impl BudgetRules {
    /// 1.11.
    pub const fn v1_11() -> Self {
        Self { absent_limit: AbsentLimit::Crashes, ..Self::v1_12() }
    }

    /// 1.12.
    pub const fn v1_12() -> Self {
        Self { percent_sign: PercentSign::Optional, ..Self::v1_20() }
    }

    /// 1.20.
    pub const fn v1_20() -> Self {
        Self {
            percent_sign: PercentSign::Required,
            absent_limit: AbsentLimit::Refused,
            desired_node_counts: DesiredNodeCounts::UnavailableOnly,
        }
    }

    /// 1.28 and later.
    pub const fn v1_28() -> Self {
        Self { desired_node_counts: DesiredNodeCounts::WithSurge, ..Self::v1_20() }
    }

    /// 1.36.
    pub const fn v1_36() -> Self {
        Self::v1_28()
    }
}
