//! The other hosts' behaviour as pure functions.
