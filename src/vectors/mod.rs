//! Golden vectors of the real controller: reading them, asking our decisions, comparing.

pub mod counts;
pub mod difference;
pub mod placement;
