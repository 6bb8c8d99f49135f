//! Expectations and the record of own writes, against plain bookkeeping (sections 5.1 and 5.2).

use std::collections::BTreeMap;

use everynode::controller::memory::{Memory, Synced};
use everynode::controller::record::{PodName, ResourceVersion, Uid};
use everynode::release::Switches;
use proptest::prelude::*;
use proptest::sample::select;

use super::world::check;

/// What can happen to a key's memory.
#[derive(Clone, Copy, Debug)]
enum Event {
    Set(i32, i32),
    Lower(i32, i32),
    CreationSeen,
    DeletionSeen,
    FiveMinutesPass,
    Forget,
    WrotePod(u32, u64),
    WroteDaemonSet(u32, u64),
    Ready(Option<u64>, Option<u64>),
}

/// A version; 100 stands for one that is no number (CONS-4).
fn version(number: u64) -> ResourceVersion {
    if number == 100 { ResourceVersion::incomparable(7) } else { ResourceVersion(number) }
}

fn event() -> impl Strategy<Value = Event> {
    let number = || prop_oneof![9 => 1..6_u64, 1 => Just(100)];
    let store = || prop_oneof![1 => Just(None), 6 => number().prop_map(Some)];
    prop_oneof![
        2 => (0..4, 0..4).prop_map(|(add, del)| Event::Set(add, del)),
        1 => (0..3, 0..3).prop_map(|(add, del)| Event::Lower(add, del)),
        3 => Just(Event::CreationSeen),
        3 => Just(Event::DeletionSeen),
        1 => Just(Event::FiveMinutesPass),
        1 => Just(Event::Forget),
        2 => (select(&[1, 2]), number()).prop_map(|(uid, version)| Event::WrotePod(uid, version)),
        2 => (select(&[1, 2]), number()).prop_map(|(uid, version)| Event::WroteDaemonSet(uid, version)),
        3 => (store(), store()).prop_map(|(pods, daemon_sets)| Event::Ready(pods, daemon_sets)),
    ]
}

/// The books: every decrement since the last set, and every write of the present owner since the record began.
#[derive(Default)]
struct Books {
    set: Option<(i32, i32)>,
    seen: Vec<(i32, i32)>,
    minutes: u32,
    owner: Option<u32>,
    /// By type.
    written: BTreeMap<&'static str, Vec<u64>>,
}

impl Books {
    /// EXP-4, EXP-5.
    fn satisfied(&self) -> bool {
        let Some((add, del)) = self.set else { return true };
        let adds: i32 = self.seen.iter().map(|(add, _)| add).sum();
        let dels: i32 = self.seen.iter().map(|(_, del)| del).sum();
        (add - adds <= 0 && del - dels <= 0) || self.minutes >= 5
    }

    /// CONS-2, CONS-3, CONS-6.
    fn wrote(&mut self, uid: u32, kind: &'static str, number: u64) {
        if self.owner != Some(uid) {
            self.written.clear();
        }
        self.owner = Some(uid);
        self.written.entry(kind).or_default().push(number);
    }

    /// CONS-4: the largest recorded version of each type is reached, or cannot be compared, or the store reports none.
    fn ready(&self, pods: Option<u64>, daemon_sets: Option<u64>) -> bool {
        let reached =
            |kind: &str, store: Option<u64>| match (self.written.get(kind).and_then(|all| all.iter().max()), store) {
                (Some(100) | None, _) | (_, Some(100) | None) => true,
                (Some(written), Some(store)) => store >= *written,
            };
        reached("pods", pods) && reached("daemonsets", daemon_sets)
    }
}

#[test]
fn expectations_and_own_writes_are_plain_bookkeeping() {
    let branches = [
        "EXP-2 overwrites",
        "EXP-3 below zero",
        "EXP-3 without a record",
        "EXP-4",
        "EXP-5 expired",
        "not satisfied",
        "CONS-4 ready",
        "CONS-4 not ready",
        "CONS-4 another type is behind",
        "CONS-6",
    ];
    check(1024, proptest::collection::vec(event(), 0..24), &branches, |events, coverage| {
        let mut memory = Memory::default();
        let mut books = Books::default();
        for event in events {
            match event {
                Event::Set(add, del) => {
                    coverage.met("EXP-2 overwrites", !books.satisfied());
                    memory.set_expectations(&Switches::TODAY, Uid(1), add, (0..del.unsigned_abs()).map(PodName));
                    books.set = Some((add, del));
                    books.seen.clear();
                    books.minutes = 0;
                }
                Event::Lower(add, del) => {
                    coverage.met("EXP-3 without a record", books.set.is_none());
                    memory.lower_expectations(Uid(1), add, del);
                    books.seen.push((add, del));
                }
                Event::CreationSeen => {
                    memory.creation_observed(Uid(1));
                    books.seen.push((1, 0));
                }
                Event::DeletionSeen => {
                    memory.deletion_observed(Uid(1), PodName(0));
                    books.seen.push((0, 1));
                }
                Event::FiveMinutesPass => {
                    books.minutes += 5;
                    if let Some(expectations) = &mut memory.expectations {
                        expectations.expired = true;
                    }
                }
                Event::Forget => {
                    memory = Memory::default();
                    books = Books::default();
                }
                Event::WrotePod(uid, number) => {
                    coverage.met("CONS-6", books.owner.is_some_and(|owner| owner != uid));
                    memory.wrote_pod(Uid(uid), version(number));
                    books.wrote(uid, "pods", number);
                }
                Event::WroteDaemonSet(uid, number) => {
                    memory.wrote_daemon_set(Uid(uid), version(number));
                    books.wrote(uid, "daemonsets", number);
                }
                Event::Ready(pods, daemon_sets) => {
                    let synced =
                        Synced { pods: pods.map(version), daemon_sets: daemon_sets.map(version), revisions: None };
                    let ready = books.ready(pods, daemon_sets);
                    prop_assert_eq!(memory.ensure_ready(synced), ready);
                    coverage.met("CONS-4 ready", ready && books.owner.is_some());
                    coverage.met("CONS-4 not ready", !ready);
                    coverage.met("CONS-4 another type is behind", !ready && books.ready(pods, None));
                    if ready {
                        books.owner = None;
                        books.written.clear();
                    }
                    prop_assert_eq!(memory.own_writes.is_some(), books.owner.is_some(), "the record is dropped");
                }
            }
            if books.set.is_none() {
                books.seen.clear(); // EXP-3: no record, no effect
            }
            prop_assert_eq!(memory.satisfied_expectations(Uid(1)), books.satisfied(), "after {:?}", event);
            let below = memory.expectations.is_some_and(|one| one.add < 0 || one.del < 0);
            coverage.met("EXP-3 below zero", below);
            coverage.met(
                "EXP-4",
                books.set.is_some_and(|(add, del)| add + del > 0) && books.satisfied() && books.minutes < 5,
            );
            coverage
                .met("EXP-5 expired", books.minutes >= 5 && memory.expectations.is_some_and(|one| !one.fulfilled()));
            coverage.met("not satisfied", !books.satisfied());
        }
        Ok(())
    });
}
