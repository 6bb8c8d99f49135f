//! Revisions: current and old, the next number, the one that de-duplication keeps, relabelling, clean-up, and the first
//! request of the history of a whole sync (section 11).

use std::collections::BTreeSet;

use everynode::controller::history::{OldRevision, clean_up, kept_candidates, next_number, relabels, split};
use everynode::controller::memory::{Memory, Synced};
use everynode::controller::node_pods::{NodePods, TerminalPods};
use everynode::controller::record::{HashLabel, Pod, PodName, ResourceVersion, Revision, Symbol, TemplateId, Uid};
use everynode::controller::request::Request;
use everynode::controller::sync::{DedupStep, Outcome, Point, State, Step, Sync, View, Wait};
use everynode::release::{DedupRelabel, RelabelVerb};
use proptest::prelude::*;
use proptest::sample::select;

use super::manage::target;
use super::world::{CURRENT, OURS, World, check, orders, sorted, world};

const MOVED: &[&str] = &["dedup_relabel", "relabel_verb", "target"];

/// At most `most` claimed revisions of the `DaemonSet`: template 1 is the current one, numbers often meet.
fn revisions(most: usize) -> impl Strategy<Value = Vec<Revision>> {
    let label = prop_oneof![
        6 => (1..5_u32).prop_map(|hash| HashLabel::Value(Symbol(hash))),
        1 => Just(HashLabel::Value(Symbol::EMPTY)),
        1 => Just(HashLabel::Absent),
    ];
    let one = (prop_oneof![1 => Just(1_u32), 2 => 2..4_u32], 1..6_i64, label);
    proptest::collection::vec(one, 0..=most).prop_map(|parts| {
        let revision = |(number, (template, revision, label)): (u32, (u32, i64, HashLabel))| Revision {
            name: Symbol(10 + number),
            uid: Uid(number),
            resource_version: ResourceVersion(u64::from(number)),
            controller: Some(OURS),
            matches: true,
            deleting: false,
            same_namespace: true,
            label,
            data: TemplateId(template),
            number: revision,
        };
        (0..).zip(parts).map(revision).collect()
    })
}

fn label_of(revision: &Revision) -> Symbol {
    match revision.label {
        HashLabel::Value(hash) => hash,
        HashLabel::Absent | HashLabel::NoLabels => Symbol::EMPTY,
    }
}

/// HIST-3.
fn is_current(world: &World, revision: &Revision) -> bool {
    revision.data == world.ds.template
}

/// HIST-5, by counting up until no old revision is in the way.
fn next(world: &World, revisions: &[Revision]) -> i64 {
    let free = |number: i64| revisions.iter().all(|one| is_current(world, one) || one.number < number);
    (1..100).find(|number| free(*number)).expect("numbers are small")
}

#[test]
fn the_next_number_is_one_more_than_that_of_any_old_revision() {
    let branches = ["no revision", "a current one has a larger number", "old ones of equal number"];
    check(1024, (world(MOVED, 0), revisions(5)), &branches, |(world, revisions), coverage| {
        let (current, old) = split(&world.ds, &revisions);
        let expected: Vec<Symbol> =
            revisions.iter().filter(|one| is_current(&world, one)).map(|one| one.name).collect();
        prop_assert_eq!(current.iter().map(|one| one.name).collect::<Vec<_>>(), expected);
        let mut expected: Vec<OldRevision> = Vec::new();
        for one in revisions.iter().filter(|one| !is_current(&world, one)) {
            expected.push(OldRevision { number: one.number, name: one.name, hash: label_of(one) });
        }
        coverage.met("no revision", revisions.is_empty());
        let equal = |one: &OldRevision| expected.iter().filter(|other| other.number == one.number).count() > 1;
        coverage.met("old ones of equal number", expected.iter().any(equal));
        prop_assert!(old.iter().map(|one| one.number).is_sorted(), "HIST-17: by ascending number");
        prop_assert_eq!(sorted(old.iter().copied()), sorted(expected));
        let number = next_number(&world.rules(), &old);
        prop_assert_eq!(number, next(&world, &revisions));
        coverage.met("a current one has a larger number", current.iter().any(|one| one.number > number));
        Ok(())
    });
}

#[test]
fn deduplication_keeps_the_largest_number_whatever_the_order() {
    check(1024, revisions(4), &["a tie", "no tie"], |revisions, coverage| {
        // HIST-15: the largest number; ties: the last in list order, and the list is in any order.
        let mut expected = BTreeSet::new();
        for list in orders(&revisions) {
            let mut kept: Option<Revision> = None;
            for one in list {
                if kept.is_none_or(|kept| one.number >= kept.number) {
                    kept = Some(one);
                }
            }
            expected.extend(kept);
        }
        coverage.met("a tie", expected.len() > 1);
        coverage.met("no tie", expected.len() == 1 && revisions.len() > 1);
        prop_assert_eq!(kept_candidates(&revisions).into_iter().collect::<BTreeSet<_>>(), expected);
        Ok(())
    });
}

#[test]
fn deduplication_relabels_every_claimed_pod_of_another_hash() {
    let strategy = (world(MOVED, 6), revisions(3), 1..4_u32);
    let branches = ["a pod of an older template", "only those of duplicates", "a terminating pod", "with its version"];
    check(1024, strategy, &branches, |(world, removed, kept), coverage| {
        let kept = Symbol(kept);
        let mut expected = Vec::new();
        for pod in &world.pods {
            let of_duplicate = removed.iter().any(|one| label_of(one) == pod.hash);
            let all = world.switches.dedup_relabel == DedupRelabel::All;
            if pod.hash == kept || !(all || of_duplicate) {
                continue;
            }
            coverage.met("a pod of an older template", !of_duplicate);
            coverage.met("only those of duplicates", !all);
            coverage.met("a terminating pod", pod.deleting);
            let version = match world.switches.relabel_verb {
                RelabelVerb::Update => Some(pod.resource_version),
                RelabelVerb::MergePatch => None,
            };
            coverage.met("with its version", version.is_some());
            expected.push(Request::RelabelPod(pod.name, kept, version));
        }
        let found = relabels(&world.rules(), &world.pods, kept, &removed);
        prop_assert_eq!(sorted(found), sorted(expected));
        Ok(())
    });
}

#[test]
fn clean_up_walks_old_revisions_by_number_and_spares_those_with_pods() {
    let branches = [
        "HIST-17 within the limit",
        "HIST-17 a live one is spared",
        "HIST-19 limit 0",
        "several orders",
        "a pod without target protects nothing",
        "fewer dead ones than there are too many",
    ];
    check(2048, (world(MOVED, 5), revisions(5), any::<bool>()), &branches, |(world, revisions, included), coverage| {
        let terminal = if included { TerminalPods::Included } else { TerminalPods::ByRelease };
        let grouped = NodePods::group(&world.rules(), &world.pods, terminal);
        let in_map: Vec<PodName> = grouped.all().map(|pod| pod.name).collect();
        let old: Vec<Revision> = revisions.iter().filter(|one| !is_current(&world, one)).copied().collect();
        let carries = |pod: &Pod, one: &Revision| label_of(one) != Symbol::EMPTY && pod.hash == label_of(one);
        let live = |one: &Revision| world.pods.iter().any(|pod| in_map.contains(&pod.name) && carries(pod, one));
        let limit = usize::try_from(world.ds.revision_history_limit).expect("not negative");
        let mut expected = BTreeSet::new();
        for mut list in orders(&old) {
            list.sort_by_key(|one| one.number); // stable: ties stay in the list's order
            let mut excess = old.len().saturating_sub(limit);
            let mut deleted = Vec::new();
            for one in list {
                if excess == 0 {
                    break;
                }
                if live(&one) {
                    coverage.met("HIST-17 a live one is spared", true);
                    continue;
                }
                deleted.push(one.name);
                excess -= 1;
            }
            coverage.met("fewer dead ones than there are too many", excess > 0);
            expected.insert(deleted);
        }
        coverage.met("HIST-17 within the limit", !old.is_empty() && old.len() <= limit);
        coverage.met("HIST-19 limit 0", limit == 0 && !old.is_empty());
        coverage.met("several orders", expected.len() > 1);
        let unseen = |one: &Revision| world.pods.iter().any(|pod| target(&world, pod).is_none() && carries(pod, one));
        coverage.met("a pod without target protects nothing", old.iter().any(|one| unseen(one) && !live(one)));
        let (_, known) = split(&world.ds, &revisions);
        let found: BTreeSet<Vec<Symbol>> =
            clean_up(&world.rules(), &world.ds, &known, &grouped).into_iter().map(|names| names.to_vec()).collect();
        prop_assert_eq!(found, expected);
        Ok(())
    });
}

/// Drives a sync through the points of the history, and says where each alternative is then.
fn after_history(world: &World, revisions: &[Revision]) -> Vec<(Wait, Step)> {
    let rules = world.rules();
    let view =
        View { daemon_set: Some(world.ds), nodes: &world.nodes, pods: &[], revisions, synced: Synced::default() };
    let started = Sync::start(&rules, &view, Memory::default());
    let mut open: Vec<Outcome> = vec![started];
    let mut waits = Vec::new();
    while let Some(outcome) = open.pop() {
        let State::Waiting(sync) = outcome.state else { panic!("the history needs no reply to fail") };
        let wait = sync.wait(&rules);
        if matches!(wait, Wait::Point(Point::Nodes | Point::History)) {
            sync.proceed(&rules, &view, outcome.memory, &mut open);
        } else {
            waits.push((wait, sync.step));
        }
    }
    waits
}

#[test]
fn a_sync_creates_renumbers_keeps_or_deduplicates_the_current_revision() {
    let branches = ["HIST-6", "HIST-7 renumbered", "HIST-7 unchanged", "HIST-7 equal to the next", "HIST-15"];
    let strategy = (world(MOVED, 0), revisions(5), select(&[CURRENT, Symbol(2)]));
    check(2048, strategy, &branches, |(world, mut revisions, hash), coverage| {
        // HIST-2 is another matter: here every revision has its label.
        for one in &mut revisions {
            one.label = HashLabel::Value(hash);
        }
        let number = next(&world, &revisions);
        let current: Vec<&Revision> = revisions.iter().filter(|one| is_current(&world, one)).collect();
        let alternatives = after_history(&world, &revisions);
        let waits: Vec<Wait> = alternatives.iter().map(|(wait, _)| wait.clone()).collect();
        let one = |request| vec![Wait::OneOf([request].into_iter().collect())];
        match current.as_slice() {
            [] => {
                coverage.met("HIST-6", true);
                prop_assert_eq!(waits, one(Request::CreateRevision(number)));
            }
            [only] if only.number < number => {
                coverage.met("HIST-7 renumbered", true);
                prop_assert_eq!(waits, one(Request::RenumberRevision(only.name, only.resource_version, number)));
            }
            [only] => {
                coverage.met("HIST-7 unchanged", true);
                coverage.met("HIST-7 equal to the next", only.number == number);
                prop_assert_eq!(waits, vec![Wait::Point(Point::GateCheck)]);
            }
            [_, ..] => {
                coverage.met("HIST-15", true);
                // The pods are read before anything is relabelled; any of the largest number may be kept, the rest go.
                prop_assert!(waits.iter().all(|wait| *wait == Wait::Point(Point::Dedup)), "{:?}", waits);
                let largest = current.iter().map(|one| one.number).max();
                let mut expected = BTreeSet::new();
                for kept in current.iter().filter(|one| Some(one.number) == largest) {
                    let others = current.iter().map(|one| one.name).filter(|name| *name != kept.name);
                    expected.insert((kept.name, sorted(others)));
                }
                let mut found = BTreeSet::new();
                for (_, step) in alternatives {
                    let Step::Dedup(dedup, DedupStep::AtPods) = step else { panic!("{step:?}") };
                    found.insert((dedup.kept.name, sorted(dedup.removed.iter().map(|one| one.name))));
                }
                prop_assert_eq!(found, expected);
            }
        }
        Ok(())
    });
}
