//! Claims about every state. None: the premise is not met here.

use crate::cluster::object::{FOREIGN, PodObject, labelled_template};
use crate::model::state::Cluster;

fn owned(cluster: &Cluster) -> impl Iterator<Item = (&PodObject, u8)> {
    cluster.store.pods.iter().filter_map(|pod| pod.owner.filter(|uid| *uid != FOREIGN).map(|uid| (pod, uid)))
}

/// The pods of the same uid on the same node, of which `counted` says that they count, for each pod that counts.
fn crowds(cluster: &Cluster, counted: impl Fn(&PodObject) -> bool + Copy) -> impl Iterator<Item = Vec<&PodObject>> {
    owned(cluster).filter(move |(pod, _)| counted(pod)).map(move |(pod, uid)| {
        owned(cluster)
            .filter(|(other, owner)| *owner == uid && other.target == pod.target && counted(other))
            .map(|(other, _)| other)
            .collect()
    })
}

/// One uid, one node, one non-terminal pod; terminating ones count.
pub fn one_per_node(cluster: &Cluster) -> Option<bool> {
    let mut crowds = crowds(cluster, PodObject::is_non_terminal).peekable();
    crowds.peek()?;
    Some(crowds.all(|crowd| crowd.len() <= 1))
}

/// One name, one node, one non-terminal pod, of whatever incarnation.
pub fn one_per_name(cluster: &Cluster) -> Option<bool> {
    let counted = || owned(cluster).map(|(pod, _)| pod).filter(|pod| pod.is_non_terminal());
    counted().next()?;
    let same = |one: &PodObject, other: &PodObject| one.owner_key == other.owner_key && one.target == other.target;
    Some(counted().all(|pod| counted().filter(|other| same(pod, other)).count() == 1))
}

/// One uid, one node, at most two pods.
pub fn few_pods(cluster: &Cluster) -> Option<bool> {
    let mut shared = crowds(cluster, |_| true).filter(|crowd| crowd.len() > 1).peekable();
    shared.peek()?;
    Some(shared.all(|crowd| crowd.len() == 2))
}

/// With surge: two, of different revisions; terminating ones do not count.
pub fn surge_two(cluster: &Cluster) -> Option<bool> {
    let mut shared =
        crowds(cluster, |pod| pod.is_non_terminal() && !pod.deleting).filter(|crowd| crowd.len() > 1).peekable();
    shared.peek()?;
    Some(shared.all(|crowd| crowd.len() == 2 && crowd[0].hash != crowd[1].hash))
}

/// A pod's hash is that of a revision that records the template it was made from.
pub fn hash_truth(cluster: &Cluster) -> Option<bool> {
    let mut labelled = owned(cluster).filter(|(pod, _)| pod.hash != 0).peekable();
    labelled.peek()?;
    Some(labelled.all(|(pod, _)| recorded_template(cluster, pod.hash) == Some(pod.template)))
}

/// The template recorded under a hash: by the stored revision that bears it, else by what the hash was computed from.
fn recorded_template(cluster: &Cluster, hash: u8) -> Option<u8> {
    let stored = cluster.store.revisions.iter().find(|revision| revision.label == hash);
    stored.map(|revision| revision.template).or_else(|| labelled_template(hash))
}

/// observedGeneration is at most generation.
pub fn observed_within_generation(cluster: &Cluster) -> Option<bool> {
    let mut observed = cluster.store.daemon_sets.iter().filter(|object| object.observed_generation > 0).peekable();
    observed.peek()?;
    Some(observed.all(|object| object.observed_generation <= object.generation))
}
