//! The claims: safety, steps, witnesses.
