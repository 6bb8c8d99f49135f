//! Generated evidence: the guarantee matrix and its counterexamples.
