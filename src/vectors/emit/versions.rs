//! The resourceVersions of a question, made from the ranks of a state.

use crate::cluster::api_server::Store;
use crate::cluster::object::{NodeObject, PodObject};
use crate::model::state::Process;

/// The version of a `DaemonSet` of rank 0; ranks are bytes, so each type has a range of its own below 1000, from where on
/// the API server of a vector counts.
const DAEMON_SETS: u64 = 10;
/// The same of revisions.
const REVISIONS: u64 = DAEMON_SETS + 256;
/// The first version of pods.
const PODS: u64 = REVISIONS + 256;
/// The version of the first node in its first variant.
const NODES: u64 = 900;

/// The versions of one process and one store.
///
/// Where the model gives no version to single pods, only to their type, every pod has one here all the same, at most that of the store or the
/// cache that shows it, and a pod that both show alike has the same in both.
#[derive(Clone, Debug)]
pub struct Versions {
    /// By rank.
    pods: Vec<u64>,
    /// By name.
    cached: Vec<(u8, u64)>,
    /// By name.
    stored: Vec<(u8, u64)>,
}

impl Versions {
    /// Those of what `process` shows and `store` has.
    ///
    /// # Panics
    ///
    /// Never: the ranks of a state fit a byte.
    pub fn of(process: &Process, store: &Store) -> Self {
        let (synced, newest) = (process.pods.synced, store.versions[2]);
        let events = process.pods.stream.iter().map(|event| event.version);
        let written = process.work.iter().filter_map(|work| work.memory.own_writes?.pods);
        let written = written.map(|version| u8::try_from(version.0).expect("ranks fit a byte"));
        let last = events.chain(written).chain([synced, newest]).max().unwrap_or(0);
        let mut versions = Self { pods: Vec::new(), cached: Vec::new(), stored: Vec::new() };
        let mut next = PODS;
        for rank in 0..=last {
            if rank == synced {
                for pod in &process.pods.store {
                    versions.cached.push((pod.name, next));
                    next += 1;
                }
            }
            if rank == newest {
                for pod in &store.pods {
                    let same = process.pods.store.get(pod.name) == Some(pod);
                    let known = versions.cached.iter().find(|(name, _)| same && *name == pod.name).copied();
                    versions.stored.push(known.unwrap_or((pod.name, next)));
                    next += 1;
                }
            }
            versions.pods.push(next);
            next += 1;
        }
        versions
    }

    /// Of a `DaemonSet`, or of their type.
    pub fn daemon_sets(rank: u8) -> u64 {
        DAEMON_SETS + u64::from(rank)
    }

    /// Of a revision.
    pub fn revisions(rank: u8) -> u64 {
        REVISIONS + u64::from(rank)
    }

    /// Of a node: one for each variant, of which there are at most 8.
    pub fn node(node: &NodeObject) -> u64 {
        NODES + 8 * u64::from(node.name) + u64::from(node.variant)
    }

    /// Of the type of pods, and of a pod that an event shows.
    pub fn pods(&self, rank: u8) -> u64 {
        self.pods[usize::from(rank)]
    }

    /// Of a pod in the cache.
    pub fn cached_pod(&self, pod: &PodObject) -> u64 {
        if pod.version > 0 { self.pods(pod.version) } else { named(&self.cached, pod.name) }
    }

    /// Of a pod in the store.
    pub fn stored_pod(&self, pod: &PodObject) -> u64 {
        if pod.version > 0 { self.pods(pod.version) } else { named(&self.stored, pod.name) }
    }
}

fn named(versions: &[(u8, u64)], name: u8) -> u64 {
    versions.iter().find(|(other, _)| *other == name).expect("every pod has a version").1
}
