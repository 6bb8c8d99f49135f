//! The work queue and the node queue (section 3.5): where one key is, and how long a failing one waits.
//!
//! Mirrors `Type`, `ItemExponentialFailureRateLimiter`, `client-go/util/workqueue`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The first delay of a failing key.
const FIRST_DELAY: Duration = Duration::from_millis(5);
/// The longest delay of a failing key.
const LONGEST_DELAY: Duration = Duration::from_secs(1000);

/// Where a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Queued {
    /// Nowhere.
    #[default]
    No,
    /// Waiting for a worker.
    Waiting,
    /// A worker has it.
    Processing,
    /// A worker has it, and it was added meanwhile.
    Again,
}

impl Queued {
    /// `Add`: no effect on a waiting key; a key in work is added again when it is done.
    #[must_use]
    pub fn added(self) -> Self {
        match self {
            Self::No | Self::Waiting => Self::Waiting,
            Self::Processing | Self::Again => Self::Again,
        }
    }

    /// `Get`: a worker takes the key; none unless it waits.
    #[must_use]
    pub fn taken(self) -> Option<Self> {
        match self {
            Self::Waiting => Some(Self::Processing),
            Self::No | Self::Processing | Self::Again => None,
        }
    }

    /// `Done`.
    #[must_use]
    pub fn done(self) -> Self {
        match self {
            Self::Again | Self::Waiting => Self::Waiting,
            Self::No | Self::Processing => Self::No,
        }
    }
}

/// The delay of a key that has failed `failures` times in a row before: 5 ms, doubling up to 1000 s. The limit on
/// all keys together is not part of it.
pub fn rate_limit(failures: u32) -> Duration {
    2_u32
        .checked_pow(failures)
        .and_then(|factor| FIRST_DELAY.checked_mul(factor))
        .map_or(LONGEST_DELAY, |delay| delay.min(LONGEST_DELAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_added_while_in_work_waits_again_afterwards() {
        let taken = Queued::No.added().added().taken().expect("it waits");
        assert_eq!(taken, Queued::Processing);
        assert_eq!(taken.taken(), None, "no second worker gets it");
        assert_eq!(taken.added().added(), Queued::Again);
        assert_eq!(taken.added().done(), Queued::Waiting);
        assert_eq!(taken.done(), Queued::No);
    }

    #[test]
    fn delays_double_up_to_a_thousand_seconds() {
        let delays = [0, 1, 12, 17, 18, 200].map(|failures| rate_limit(failures).as_millis());
        assert_eq!(delays, [5, 10, 20_480, 655_360, 1_000_000, 1_000_000]);
    }
}
