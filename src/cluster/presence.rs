//! Whether a host other than the API server and the controller is at work.

use serde::{Deserialize, Serialize};

/// Whether the scheduler or a kubelet is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Presence {
    /// It is not, and never will be: rest is judged without it.
    Gone,
    /// It is.
    Here,
    /// It is not, and comes back: rest waits for it.
    Away,
}

impl Presence {
    /// At work.
    pub fn is_here(self) -> bool {
        self == Self::Here
    }
}
