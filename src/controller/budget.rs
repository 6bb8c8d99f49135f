//! `maxUnavailable` and `maxSurge` (ROLL-1 to ROLL-3).

/// An `IntOrString` limit, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
