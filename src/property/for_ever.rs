//! Claims about behaviours for ever: what a cluster comes to, once users and faults have stopped, and stays at.
//!
//! Every behaviour that is fair ([`crate::model::fairness`]) is looked at, those that come to rest and those that never do.
//! Users and faults may stop at any time: between two commands of a script, and with budgets unspent.

use super::judge::{Property, living};
use super::rest::{live_pods, rolled_out};
use crate::check::Forbidden;
use crate::check::fair::{Class, Classes, UNFAIR};
use crate::cluster::object::{DaemonSetObject, NodeObject};
use crate::model::action::Action;
use crate::model::compose::{DaemonSetModel, Steps};
use crate::model::fairness::{class, waiting, writes_and_backoffs};
use crate::model::state::Cluster;

/// The mark of states that have not converged.
const NOT_CONVERGED: u8 = 1;

/// The claims, and what each forbids.
pub fn claims() -> [(Property, Forbidden); 2] {
    let (steps, with) = writes_and_backoffs();
    [
        // A state in which something is amiss may be met again and again; then it is not so that it comes to an end.
        (Property::Converges, Forbidden::Marked(NOT_CONVERGED)),
        // A pod that fails is replaced for ever, and a back-off is there to make that slow (MAN-7, MAN-19).
        (Property::NoHotLoop, Forbidden::Taking { steps, with }),
    ]
}

/// What the claims ask of a state.
pub fn marks(model: &DaemonSetModel, cluster: &Cluster) -> u8 {
    let asked = model.claims & Property::Converges.bit() != 0;
    if asked && converged(model, cluster) == Some(false) { NOT_CONVERGED } else { 0 }
}

/// Whether every node has what it should have: those that could run the pod as [`Property::RolledOut`] says, and those that
/// must not keep one have no live one.
pub fn converged(model: &DaemonSetModel, cluster: &Cluster) -> Option<bool> {
    let mut found = rolled_out(model, cluster);
    for object in living(cluster) {
        for node in cluster.store.nodes.iter().filter(|node| must_go(model, object, node)) {
            found = Some(found.unwrap_or(true) && live_pods(cluster, object, node.name).next().is_none());
        }
    }
    found
}

/// Whether a node may neither get nor keep a pod of the `DaemonSet`.
pub(super) fn must_go(model: &DaemonSetModel, object: &DaemonSetObject, node: &NodeObject) -> bool {
    let placement = model.scope.placement[usize::from(object.template)][usize::from(node.variant)];
    !placement.should_run && !placement.should_continue_running
}

/// Whether the behaviour that takes `actions`, and those from number `begins` on again and again, is one, is fair, and breaks
/// `property`: by walking it, without a graph.
pub fn is_broken_by(model: &DaemonSetModel, property: Property, actions: &[Action], begins: usize) -> bool {
    let Some((_, forbidden)) = claims().into_iter().find(|(claim, _)| *claim == property) else { return false };
    let mut cluster = model.initial();
    let mut first = None;
    let (mut always, mut taken, mut marked) = (None, Classes::default(), 0);
    let mut look = |cluster: &Cluster, steps: &Steps| {
        let mut enabled: Vec<Class> = steps.iter().map(|(action, _)| class(cluster, action)).collect();
        waiting(model, cluster, &mut enabled);
        let here: Vec<Class> = enabled.into_iter().filter(|class| *class != UNFAIR).collect();
        let still: Option<Vec<Class>> =
            always.take().map(|always: Vec<Class>| always.into_iter().filter(|class| here.contains(class)).collect());
        always = Some(still.unwrap_or(here));
        marked |= marks(model, cluster);
    };
    for number in 0..=actions.len() {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        if number >= begins {
            look(&cluster, &steps);
            first.get_or_insert_with(|| cluster.clone());
        }
        let Some(action) = actions.get(number) else { break };
        if number >= begins {
            taken.insert(class(&cluster, action));
        }
        let Some((_, next)) = steps.into_iter().find(|(other, _)| other == action) else { return false };
        cluster = next;
    }
    let comes_back = first.as_ref() == Some(&cluster);
    let is_fair = always.is_some_and(|always| always.into_iter().all(|class| taken.contains(class)));
    let does_it = match forbidden {
        Forbidden::Marked(mask) => marked & mask != 0,
        Forbidden::Avoiding(mask) => marked & mask == 0,
        Forbidden::Taking { steps, with } => {
            taken.iter().any(|class| steps.contains(class)) && !taken.iter().any(|class| with.contains(class))
        }
    };
    comes_back && is_fair && does_it
}
