//! A walk along one behaviour, in which every pod keeps one name.
//!
//! Pods are renumbered by rank from step to step ([`super::canonical`]); here they are followed, and called `p1`, `p2`, …
//! in the order in which the behaviour meets them.

use super::action::Action;
use super::canonical::canonicalise;
use super::compose::{DaemonSetModel, Steps};
use super::state::Cluster;
use crate::cluster::object::OTHERS;

/// The names of pods in a behaviour, by their names in the present state.
#[derive(Clone, Debug)]
pub struct PodNames {
    names: Vec<Option<Met>>,
    daemon_pods: usize,
    others: usize,
}

/// A pod that the behaviour has met: its number among those of its sort.
#[derive(Clone, Copy, Debug)]
enum Met {
    DaemonPod(usize),
    Others(usize),
    /// Met in a state of which nobody knows how it came about: its rank there.
    Rank(usize),
}

impl PodNames {
    fn new(cluster: &Cluster) -> Self {
        let mut names = Self { names: vec![None; 256], daemon_pods: 0, others: 0 };
        names.meet(cluster);
        names
    }

    /// The names of pods in a state of its own: their ranks there.
    pub fn by_rank() -> Self {
        Self { names: (0..256).map(|rank| Some(Met::Rank(rank))).collect(), daemon_pods: 0, others: 0 }
    }

    /// Gives names to pods not met before.
    fn meet(&mut self, cluster: &Cluster) {
        for pod in &cluster.store.pods {
            let slot = &mut self.names[usize::from(pod.name)];
            if slot.is_some() {
                continue;
            }
            *slot = Some(if pod.template == OTHERS {
                self.others += 1;
                Met::Others(self.others)
            } else {
                self.daemon_pods += 1;
                Met::DaemonPod(self.daemon_pods)
            });
        }
    }

    /// Follows the pods through a renumbering.
    fn follow(&mut self, renamed: &[u8; 256]) {
        let mut names = vec![None; 256];
        for (before, after) in renamed.iter().enumerate().filter(|(_, after)| **after != 0) {
            names[usize::from(*after)] = self.names[before];
        }
        self.names = names;
    }

    /// The name of a pod.
    pub fn of(&self, name: u32) -> String {
        let met = usize::try_from(name).ok().and_then(|name| self.names.get(name).copied().flatten());
        match met {
            Some(Met::DaemonPod(number)) => format!("p{number}"),
            Some(Met::Others(number)) => format!("other pods {number}"),
            Some(Met::Rank(rank)) => rank.to_string(),
            None => "a pod long gone".to_owned(),
        }
    }
}

/// A walk: where it has come to.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    /// The model it walks in.
    pub model: &'a DaemonSetModel,
    /// Where it is.
    pub cluster: Cluster,
    /// The names of the pods there.
    pub pods: PodNames,
}

impl<'a> Walk<'a> {
    /// Begins in the initial state.
    pub fn new(model: &'a DaemonSetModel) -> Self {
        let cluster = model.initial();
        let pods = PodNames::new(&cluster);
        Self { model, cluster, pods }
    }

    /// Stands in `cluster`, wherever that came from: pods are called by their ranks.
    pub fn at(model: &'a DaemonSetModel, cluster: Cluster) -> Self {
        Self { model, cluster, pods: PodNames::by_rank() }
    }

    /// The enabled steps, each with the cluster it leads to, in which names and versions are not yet renumbered.
    pub fn enabled(&self) -> Steps {
        let mut steps = Steps::new();
        self.model.raw_steps(&self.cluster, &mut steps);
        steps
    }

    /// The cluster that `action` leads to, not yet renumbered; none if it is not enabled.
    pub fn after(&self, action: &Action) -> Option<Cluster> {
        self.enabled().into_iter().find(|(other, _)| other == action).map(|(_, after)| after)
    }

    /// Names the pods that are new in `after`, one of the clusters that [`Walk::enabled`] gave.
    pub fn meet(&mut self, after: &Cluster) {
        self.pods.meet(after);
    }

    /// Goes on to `after`.
    pub fn go_on(&mut self, mut after: Cluster) {
        self.meet(&after);
        let renamed = canonicalise(&mut after);
        self.pods.follow(&renamed);
        self.cluster = after;
    }
}
