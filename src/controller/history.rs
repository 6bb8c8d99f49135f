//! Revisions (section 11): what is current, what is old, what number is next, what may go.
//!
//! Mirrors `constructHistory`, `dedupCurHistories` and `cleanupHistory`, `pkg/controller/daemon/update.go`.

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use super::choice::Few;
use super::node_pods::NodePods;
use super::record::{DaemonSet, Pod, Revision, Symbol};
use super::request::Request;
use super::sync::Rules;
use crate::release::{DedupRelabel, LiveRevisions, NextNumber, RelabelVerb};

/// Revisions of one `DaemonSet`.
pub type Revisions = SmallVec<[Revision; 4]>;

/// What the clean-up needs to know of an old revision (HIST-18: as it was at the start of the sync).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OldRevision {
    /// `revision`; first, so that sorting is by number.
    pub number: i64,
    /// `metadata.name`.
    pub name: Symbol,
    /// Its hash label.
    pub hash: Symbol,
}

/// Splits claimed revisions into current and old ones by their data (HIST-3).
pub fn split(ds: &DaemonSet, claimed: &[Revision]) -> (Revisions, Few<OldRevision>) {
    let current = claimed.iter().filter(|revision| revision.data == ds.template).copied().collect();
    let mut old: Few<OldRevision> = claimed
        .iter()
        .filter(|revision| revision.data != ds.template)
        .map(|revision| OldRevision { number: revision.number, name: revision.name, hash: revision.label.value() })
        .collect();
    old.sort_unstable();
    (current, old)
}

/// HIST-5: one more than the largest number of an old revision.
pub fn next_number(rules: &Rules, old: &[OldRevision]) -> i64 {
    let largest = match rules.switches.next_number {
        NextNumber::AboveLargest => old.iter().map(|revision| revision.number).max().unwrap_or(0).max(0),
        NextNumber::AboveCount => i64::try_from(old.len()).unwrap_or(i64::MAX - 1),
    };
    largest + 1
}

/// The revisions of which any can be the one that de-duplication keeps: those with the largest number (HIST-15).
pub fn kept_candidates(current: &[Revision]) -> Revisions {
    let largest = current.iter().map(|revision| revision.number).max();
    current.iter().filter(|revision| Some(revision.number) == largest).copied().collect()
}

/// The relabelling requests of de-duplication (HIST-15) for `claimed` pods.
pub fn relabels(rules: &Rules, claimed: &[Pod], kept: Symbol, removed: &[Revision]) -> Few<Request> {
    claimed
        .iter()
        .filter(|pod| pod.hash != kept)
        .filter(|pod| match rules.switches.dedup_relabel {
            DedupRelabel::All => true,
            DedupRelabel::OnlyDuplicates => removed.iter().any(|revision| revision.label.value() == pod.hash),
        })
        .map(|pod| {
            let version = match rules.switches.relabel_verb {
                RelabelVerb::MergePatch => None,
                RelabelVerb::Update => Some(pod.resource_version),
            };
            Request::RelabelPod(pod.name, kept, version)
        })
        .collect()
}

/// The revisions to delete, in order (HIST-17); every possible list, for numbers need not be unique.
pub fn clean_up(rules: &Rules, ds: &DaemonSet, old: &[OldRevision], node_pods: &NodePods) -> Vec<Few<Symbol>> {
    let limit = usize::try_from(ds.revision_history_limit).unwrap_or(0);
    let excess = old.len().saturating_sub(limit);
    if excess == 0 {
        return vec![Few::new()];
    }
    let spares = rules.switches.live_revisions == LiveRevisions::Kept;
    let is_live = |hash: Symbol| spares && hash != Symbol::EMPTY && node_pods.all().any(|pod| pod.hash == hash);
    let dead: Few<OldRevision> = old.iter().filter(|revision| !is_live(revision.hash)).copied().collect();
    orders_by_number(&dead, excess)
}

/// Every order in which the first `count` of `revisions`, sorted by number, can come.
fn orders_by_number(revisions: &[OldRevision], count: usize) -> Vec<Few<Symbol>> {
    fn extend(rest: &[OldRevision], count: usize, taken: &Few<Symbol>, all: &mut Vec<Few<Symbol>>) {
        let Some(least) = rest.iter().map(|revision| revision.number).min().filter(|_| count > 0) else {
            all.push(taken.clone());
            return;
        };
        for (index, revision) in rest.iter().enumerate().filter(|(_, revision)| revision.number == least) {
            let mut longer = taken.clone();
            longer.push(revision.name);
            let mut others: Few<OldRevision> = rest.iter().copied().collect();
            others.remove(index);
            extend(&others, count - 1, &longer, all);
        }
    }
    let mut all = Vec::new();
    extend(revisions, count, &Few::new(), &mut all);
    all
}
