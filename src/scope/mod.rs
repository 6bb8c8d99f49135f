//! One checked configuration: nodes, templates, budgets, user scripts, fault budgets, release profile.
