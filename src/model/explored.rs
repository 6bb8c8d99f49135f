//! The model as the search sees it.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use super::action::Action;
use super::canonical::canonicalise;
use super::compose::DaemonSetModel;
use super::fairness;
use super::state::{Cluster, State};
use super::used::used;
use crate::check::fair::Class;
use crate::check::{Explored, Findings, Forbidden, fingerprint};
use crate::property::{Property, for_ever, judge_state, judge_step};

impl Explored for DaemonSetModel {
    type Sealed = State;
    type Open = Cluster;
    type Action = Action;

    fn initial(&self) -> Vec<Cluster> {
        vec![DaemonSetModel::initial(self)]
    }

    /// Names and versions are renumbered here: the claims about steps compare them between the two sides of a step.
    fn seal(&self, mut open: Cluster) -> State {
        canonicalise(&mut open);
        State::of(&open)
    }

    fn open<'a>(&self, sealed: &'a State) -> Cow<'a, Cluster> {
        Cow::Owned(sealed.open())
    }

    fn fingerprint(&self, sealed: &State, seed: u64) -> u64 {
        fingerprint(sealed.bytes(), seed)
    }

    fn state_bytes(&self, sealed: &State) -> usize {
        sealed.bytes().len()
    }

    fn successors(&self, open: &Cluster, out: &mut Vec<(Action, Cluster)>) {
        self.raw_steps(open, out);
    }

    fn exceeded(&self, open: &Cluster) -> Option<&'static str> {
        DaemonSetModel::exceeded(self, open)
    }

    fn judge_state(&self, open: &Cluster) -> Findings {
        let judged = judge_state(self, open, self.claims);
        Findings { broken: judged.broken, premise: judged.premise }
    }

    fn judge_step(&self, before: &Cluster, action: &Action, after: &Cluster) -> Findings {
        let judged = judge_step(self, before, action, after, self.claims);
        Findings { broken: judged.broken, premise: judged.premise }
    }

    fn kind(&self, action: &Action) -> &'static str {
        action.kind()
    }

    fn used(&self, before: &Cluster, action: &Action, after: &Cluster) -> u128 {
        used(&self.scope, before, action, after)
    }

    fn live(&self) -> Vec<(usize, Forbidden)> {
        let asked = |(property, _): &(Property, Forbidden)| self.claims & property.bit() != 0;
        for_ever::claims().into_iter().filter(asked).map(|(property, claim)| (property as usize, claim)).collect()
    }

    fn class(&self, before: &Cluster, action: &Action) -> Class {
        fairness::class(before, action)
    }

    fn waiting(&self, open: &Cluster, out: &mut Vec<Class>) {
        fairness::waiting(self, open, out);
    }

    fn marks(&self, open: &Cluster) -> u8 {
        for_ever::marks(self, open)
    }

    fn census(&self, open: &Cluster, visit: &mut dyn FnMut(&'static str, u64)) {
        fn of(value: &impl Hash) -> u64 {
            let mut hasher = rustc_hash::FxHasher::default();
            value.hash(&mut hasher);
            hasher.finish()
        }
        visit("store.daemon_sets", of(&open.store.daemon_sets));
        visit("store.revisions", of(&open.store.revisions));
        visit("store.pods", of(&open.store.pods));
        visit("store.nodes", of(&open.store.nodes));
        visit("store.versions", of(&open.store.versions));
        visit("store.highest", of(&open.store.highest));
        visit("machines", of(&open.machines));
        visit("laggard", of(&open.laggard));
        visit("scheduler", of(&open.scheduler));
        visit("calls", of(&open.calls));
        visit("replies", of(&open.replies));
        visit("users", of(&open.users));
        visit("budgets", of(&open.budgets));
        for process in &open.controllers {
            visit("controller.daemon_sets", of(&process.daemon_sets));
            visit("controller.revisions", of(&process.revisions));
            visit("controller.pods", of(&process.pods));
            visit("controller.nodes", of(&process.nodes));
            visit("controller.node_queue", of(&process.node_queue));
            for work in &process.work {
                visit("controller.queue", of(&work.queue));
                visit("controller.memory", of(&work.memory));
                visit("controller.timers", of(&(work.ready_timer, work.backoff_timer, &work.backoff)));
                visit("controller.sync", of(&work.sync));
                visit("controller.sync.daemon_set", of(&work.sync.as_ref().map(|sync| *sync.daemon_set())));
            }
        }
    }
}
