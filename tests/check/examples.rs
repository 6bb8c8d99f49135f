//! Stateright's published examples, written anew for its API: the counts that it publishes, its verdicts, and shortest
//! behaviours of the lengths that it publishes.

use std::fmt::Debug;
use std::hash::Hash;

use everynode::check::{Explored, Plain, Report, Verdict, search};
use stateright::{Checker, Model, Property};

use crate::registers::{LINEARIZABLE, SingleCopy, VALUE_CHOSEN, model, names, paxos, replicas};
use crate::two_phase::TwoPhaseCommit;
use crate::{settings, trace_of};

fn plain<M>(model: M) -> Report<M::Action>
where
    M: Model + Sync,
    M::State: Clone + Hash + Send + Sync,
    M::Action: Clone + Debug + Send + Sync,
{
    let plain = Plain::new(model);
    let one = search(&plain, plain.claims().len(), &settings(1), &mut |_| ()).expect("a function of its state");
    let two = search(&plain, plain.claims().len(), &settings(2), &mut |_| ()).expect("a function of its state");
    assert_eq!(one.states_by_depth, two.states_by_depth);
    assert_eq!(one.transitions, two.transitions);
    two
}

#[test]
fn two_phase_commit_has_its_published_counts() {
    for (managers, published) in [(3, 288), (5, 8_832), (7, 296_448)] {
        let report = plain(TwoPhaseCommit(managers));
        assert_eq!((report.unique_states, report.stopped), (published, None));
        // Everybody aborts by itself; or promises, is heard, and learns of the commit.
        assert_eq!(trace_of(&report, 0).actions.len(), managers);
        assert_eq!(trace_of(&report, 1).actions.len(), 3 * managers + 1);
        assert_eq!(report.findings[2].verdict, Verdict::Holds);
    }
    assert_eq!(
        Plain::new(TwoPhaseCommit(3)).claims(),
        ["all abort", "all commit", "nobody commits what another aborts"]
    );
}

#[test]
fn stock_agrees_on_two_phase_commit() {
    let stock = TwoPhaseCommit(5).checker().spawn_bfs().join();
    assert_eq!(stock.unique_state_count(), 8_832);
    stock.assert_properties();
}

#[test]
fn a_register_of_one_copy_is_linearizable_on_one_server_only() {
    let one = model(vec![SingleCopy]);
    assert_eq!(names(&one), ["linearizable", "value chosen"]);
    let report = plain(one);
    assert_eq!(report.unique_states, 93);
    assert_eq!(report.findings[LINEARIZABLE].verdict, Verdict::Holds);
    assert_eq!(trace_of(&report, VALUE_CHOSEN).actions.len(), 3);
    let report = plain(model(vec![SingleCopy, SingleCopy]));
    assert_eq!(trace_of(&report, LINEARIZABLE).actions.len(), 4);
    assert_eq!(trace_of(&report, VALUE_CHOSEN).actions.len(), 4);
    let stock = model(vec![SingleCopy, SingleCopy]).checker().spawn_bfs().join();
    // Which behaviour it tells is another matter: later ones take the place of earlier ones.
    assert!(stock.discovery("linearizable").is_some());
}

#[test]
fn a_replicated_register_is_linearizable() {
    let report = plain(model(replicas(2)));
    assert_eq!(report.unique_states, 544);
    assert_eq!(report.findings[LINEARIZABLE].verdict, Verdict::Holds);
    assert_eq!(trace_of(&report, VALUE_CHOSEN).actions.len(), 11);
    let stock = model(replicas(2)).checker().spawn_bfs().join();
    assert_eq!(stock.unique_state_count(), 544);
    stock.assert_properties();
}

#[test]
fn paxos_is_linearizable() {
    let report = plain(model(paxos(3)));
    assert_eq!(report.unique_states, 16_668);
    assert_eq!(report.findings[LINEARIZABLE].verdict, Verdict::Holds);
    assert_eq!(trace_of(&report, VALUE_CHOSEN).actions.len(), 8);
    let stock = model(paxos(3)).checker().threads(2).spawn_bfs().join();
    assert_eq!(stock.unique_state_count(), 16_668);
    stock.assert_properties();
}

/// A graph whose claim is that every behaviour comes to an odd node.
#[derive(Clone)]
struct ComesToOdd(&'static [(u8, u8)]);

impl Model for ComesToOdd {
    type State = u8;
    type Action = u8;

    fn init_states(&self) -> Vec<u8> {
        vec![0]
    }
    fn actions(&self, node: &u8, targets: &mut Vec<u8>) {
        targets.extend(self.0.iter().filter(|(from, _)| from == node).map(|(_, to)| *to));
    }
    fn next_state(&self, _: &u8, target: u8) -> Option<u8> {
        Some(target)
    }
    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::eventually("odd", |_, node| node % 2 == 1)]
    }
}

#[test]
fn what_never_comes_about_is_found_where_stock_misses_it() {
    let path = |graph: ComesToOdd| {
        let report = plain(graph);
        match &report.findings[0].verdict {
            Verdict::Violated(trace) => {
                let begins = trace.cycle.as_ref().expect("a behaviour for ever").begins;
                Some(trace.actions.split_at(begins)).map(|(stem, cycle)| (stem.to_vec(), cycle.to_vec()))
            }
            Verdict::Holds => None,
            Verdict::NoneFound(reason) => panic!("{reason}"),
        }
    };
    let stock = |graph: ComesToOdd| graph.checker().spawn_bfs().join().discovery("odd").is_some();
    let (straight, holds) = (ComesToOdd(&[(0, 2), (2, 4)]), ComesToOdd(&[(0, 1), (0, 2), (2, 3), (3, 3)]));
    assert_eq!(path(straight.clone()), Some((vec![2, 4], vec![])));
    assert!(stock(straight), "it ends without");
    assert_eq!(path(holds.clone()), None);
    assert!(!stock(holds));
    // A cycle, and a behaviour that joins one that has been to an odd node.
    let cycle = ComesToOdd(&[(0, 2), (2, 4), (4, 2)]);
    assert_eq!(path(cycle.clone()), Some((vec![2], vec![4, 2])));
    assert!(!stock(cycle), "stock misses it: mend the documents");
    let joins = ComesToOdd(&[(0, 1), (1, 4), (0, 2), (2, 4)]);
    assert_eq!(path(joins.clone()), Some((vec![2, 4], vec![])));
    assert!(!stock(joins), "stock misses it: mend the documents");
}

#[test]
fn a_model_of_stateright_seals_to_itself() {
    let plain = Plain::new(TwoPhaseCommit(3));
    let initial = plain.initial();
    assert_eq!(initial.len(), 1);
    let sealed = plain.seal(initial[0].clone());
    assert_eq!(*plain.open(&sealed), initial[0]);
}
