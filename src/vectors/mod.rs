//! Golden vectors of the real controller: reading them, asking our decisions, comparing.
