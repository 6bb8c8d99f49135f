//! The shape of a model file, as TOML has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::scope::types::Faults;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) about: String,
    pub(super) profile: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) switches: BTreeMap<String, Spanned<String>>,
    pub(super) controller: Option<Spanned<String>>,
    pub(super) nodes: toml::Table,
    #[serde(default)]
    pub(super) variants: toml::Table,
    pub(super) templates: toml::Table,
    #[serde(default)]
    pub(super) strategies: toml::Table,
    #[serde(default)]
    pub(super) daemon_sets: toml::Table,
    pub(super) start: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) users: Vec<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) overlapping_selectors: bool,
    #[serde(default)]
    pub(super) lag: LagFile,
    #[serde(default = "pods_only")]
    pub(super) lagging_lists: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) faults: Faults<Budget>,
    #[serde(default)]
    pub(super) lifecycle: Vec<Spanned<LifecycleFile>>,
    #[serde(default)]
    pub(super) node_lifecycle: bool,
    #[serde(default)]
    pub(super) capacity: CapacityFile,
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Spanned<ExpectFile>>,
    pub(super) graph: Option<Spanned<GraphFile>>,
    #[serde(default)]
    pub(super) until_broken: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LagFile {
    pub(super) daemon_sets: u8,
    pub(super) revisions: u8,
    pub(super) pods: u8,
    pub(super) nodes: u8,
    pub(super) handlers: u8,
}

impl Default for LagFile {
    fn default() -> Self {
        Self { daemon_sets: 1, revisions: 1, pods: 1, nodes: 1, handlers: 0 }
    }
}

/// Pods are the type whose stale list duplicates.
fn pods_only() -> Vec<Spanned<String>> {
    vec![Spanned::new(0..0, "pods".to_owned())]
}

/// How often a fault may happen, and where that is said.
pub(super) type Budget = Option<Spanned<u8>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifecycleFile {
    pub(super) daemon_set: Option<String>,
    pub(super) when_ready: bool,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CapacityFile {
    pub(super) pods: u8,
    pub(super) revision_number: u8,
}

impl Default for CapacityFile {
    fn default() -> Self {
        Self { pods: 8, revision_number: 12 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectFile {
    pub(super) verdict: Spanned<String>,
    pub(super) length: Option<usize>,
    pub(super) because: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GraphFile {
    pub(super) unique_states: u64,
    pub(super) depth: u64,
}
