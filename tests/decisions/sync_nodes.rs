//! Executing creates and deletes: slow start, what is attempted, what the counters come to (section 8).

use everynode::controller::choice::{Few, Segments};
use everynode::controller::memory::{Expectations, Memory};
use everynode::controller::record::{NodeName, PodName, ResourceVersion, Symbol, Uid};
use everynode::controller::request::{Causes, Reason, Reply, Request, WrittenPod};
use everynode::controller::sync::{Batches, Rules};
use everynode::controller::sync_nodes::{Caller, Deletion, Labels, Next, SyncNodes};
use everynode::release::{CreateError, DeleteNotFound, NamespaceTerminating, SkippedCreates, Switches};
use proptest::prelude::*;
use proptest::sample::select;

use super::world::{check, sorted, switches};

const MOVED: &[&str] = &["create_error", "delete_not_found", "namespace_terminating", "skipped_creates"];

const LABELS: Labels = Labels { owner: Uid(1), hash: Symbol(1), generation: Some(3) };

/// Creates in segments that keep their order, deletes, and the answers that requests get one after the other.
#[derive(Clone, Debug)]
struct Case {
    switches: Switches,
    creates: Vec<Vec<u32>>,
    deletes: u32,
    refused: Vec<Option<Reason>>,
    turns: Vec<usize>,
}

fn case() -> impl Strategy<Value = Case> {
    let errors = [
        Reason::NamespaceTerminating,
        Reason::Timeout,
        Reason::InternalError,
        Reason::Forbidden,
        Reason::NotFound,
        Reason::AlreadyExists,
    ];
    let refused = prop_oneof![6 => Just(None), 1 => select(errors.to_vec()).prop_map(Some)];
    // What a release lowers too much (EXEC-4, up to 1.14) is compared with its own vectors.
    let switches = switches(MOVED)
        .prop_filter("a rule of its own", |switches| switches.skipped_creates != SkippedCreates::OverSubtracted);
    let turns = proptest::collection::vec(0..1000_usize, 20);
    let deletes = prop_oneof![1 => Just(0), 2 => 0..5_u32];
    (switches, (0..6_u32, 0..6_u32), deletes, proptest::collection::vec(refused, 20), turns).prop_map(
        |(switches, (first, second), deletes, refused, turns)| {
            let creates = [(0..first).collect(), (first..first + second).collect()];
            let creates = creates.into_iter().filter(|segment: &Vec<u32>| !segment.is_empty()).collect();
            Case { switches, creates, deletes, refused, turns }
        },
    )
}

/// EXEC-6, EXP-12, EXP-13: whether a failed create lowers the counter, and whether it is an error.
fn failed_create(switches: &Switches, reason: Reason) -> (bool, bool) {
    let ambiguous = [Reason::Timeout, Reason::InternalError, Reason::ServiceUnavailable].contains(&reason);
    if reason == Reason::NamespaceTerminating && switches.namespace_terminating == NamespaceTerminating::Ignored {
        return (false, false);
    }
    match switches.create_error {
        CreateError::LowerAlways => (true, true),
        CreateError::SwallowTimeout => (reason != Reason::Timeout, reason != Reason::Timeout),
        CreateError::KeepOnAmbiguous => (!ambiguous, true),
    }
}

/// EXEC-8: the same for a failed delete.
fn failed_delete(switches: &Switches, reason: Reason) -> (bool, bool) {
    match (reason, switches.delete_not_found) {
        (Reason::NotFound, DeleteNotFound::Lower) => (true, false),
        (Reason::NotFound, DeleteNotFound::Ignore) => (false, false),
        _ => (true, true),
    }
}

const BRANCHES: &[&str] = &[
    "EXEC-3 a batch of 4",
    "EXEC-3 the last batch is trimmed",
    "EXEC-4 the rest is not attempted",
    "EXEC-6",
    "EXEC-7",
    "EXEC-7 after failed creates",
    "EXEC-8",
    "EXP-12",
    "several choices of a batch",
    "nothing at all",
];

#[test]
fn creates_start_slowly_deletes_come_last_and_the_counters_tell_what_is_still_to_be_seen() {
    check(2048, case(), BRANCHES, |case, coverage| {
        let rules = Rules { switches: case.switches, burst: 250, batches: Batches::Every };
        let mut memory = Memory::default();
        let creates: Segments<NodeName> =
            case.creates.iter().map(|segment| segment.iter().map(|name| NodeName(*name)).collect::<Few<_>>()).collect();
        let deletes: Few<Deletion> = (0..case.deletes).map(|name| (PodName(name), None)).collect();
        let total: usize = case.creates.iter().map(Vec::len).sum();
        let mut next = SyncNodes::begin(&rules, Caller::RollingUpdate, creates, deletes, LABELS, &mut memory);
        // EXEC-2, EXP-6: before the first request.
        let (mut add, mut del) = (i32::try_from(total).expect("few"), i32::try_from(case.deletes).expect("few"));
        prop_assert_eq!(memory.expectations, Some(Expectations { add, del, expired: false }));
        let (mut turns, mut answers) = (case.turns.iter().cycle(), case.refused.iter().cycle());
        let (mut attempted, mut size, mut stopped) = (Vec::<u32>::new(), 1, false);
        let (mut gone, mut causes) = (Vec::new(), Causes::NONE);
        let returned = loop {
            let choices = match next {
                Next::Returned(caller, found) => break (caller, found),
                Next::InFlight(choices) => choices,
            };
            coverage.met("several choices of a batch", choices.len() > 1);
            let mut call = choices[turns.next().expect("endless") % choices.len()].clone();
            let mut in_flight: Vec<Request> = call.in_flight.to_vec();
            let mut batch: Vec<u32> = Vec::new();
            for request in &in_flight {
                if let Request::CreatePod(NodeName(name), hash, generation) = request {
                    prop_assert_eq!((*hash, *generation), (LABELS.hash, LABELS.generation), "OBJ-13");
                    batch.push(*name);
                } else if let Request::DeletePod(PodName(name), None) = request {
                    gone.push(*name);
                } else {
                    prop_assert!(false, "{:?}", request);
                }
            }
            if batch.is_empty() {
                // EXEC-7: all deletes at once, after the creates, whatever became of those.
                coverage.met("EXEC-7", total > 0);
                coverage.met("EXEC-7 after failed creates", stopped);
                prop_assert!(stopped || attempted.len() == total);
            } else {
                // EXEC-3: 1, 2, 4, ... of what is left; earlier segments before later ones.
                let left = total - attempted.len();
                coverage.met("EXEC-3 a batch of 4", batch.len() == 4);
                coverage.met("EXEC-3 the last batch is trimmed", left < size);
                prop_assert_eq!(batch.len(), size.min(left));
                prop_assert!(!stopped && gone.is_empty());
                size *= 2;
                attempted.extend(&batch);
                for (place, segment) in case.creates.iter().enumerate() {
                    let later = case.creates[place + 1..].concat();
                    let begun = later.iter().any(|name| attempted.contains(name));
                    prop_assert!(!begun || segment.iter().all(|name| attempted.contains(name)), "{:?}", attempted);
                }
            }
            let mut failed = false;
            let returned = loop {
                let at = turns.next().expect("endless") % in_flight.len();
                let request = in_flight.remove(at);
                let refused = *answers.next().expect("endless");
                let is_create = matches!(request, Request::CreatePod(..));
                let reply = match refused {
                    Some(reason) => {
                        let (lowers, reported) = if is_create {
                            coverage.met("EXP-12", reason == Reason::NamespaceTerminating);
                            coverage.met("EXEC-6", reason == Reason::Forbidden);
                            failed_create(&case.switches, reason)
                        } else {
                            coverage.met("EXEC-8", true);
                            failed_delete(&case.switches, reason)
                        };
                        if is_create {
                            add -= i32::from(lowers);
                            failed |= reported;
                        } else {
                            del -= i32::from(lowers);
                        }
                        if reported {
                            causes = causes.with(reason);
                        }
                        Reply::Error(reason)
                    }
                    None if is_create => {
                        Reply::Pod(WrittenPod { resource_version: ResourceVersion(9), recorded_for: None })
                    }
                    None => Reply::Done,
                };
                if in_flight.is_empty() && is_create && failed {
                    // EXEC-4.
                    let never = i32::try_from(total - attempted.len()).expect("few");
                    coverage.met("EXEC-4 the rest is not attempted", never > 0);
                    stopped = true;
                    if case.switches.skipped_creates == SkippedCreates::Once {
                        add -= never;
                    }
                }
                let after = call.take_reply(&rules, LABELS, request, reply, &mut memory);
                prop_assert_eq!(after.is_some(), in_flight.is_empty(), "the call waits for all of a batch");
                if let Some(after) = after {
                    break after;
                }
            };
            next = returned;
        };
        prop_assert_eq!(returned, (Caller::RollingUpdate, causes), "EXEC-9");
        prop_assert_eq!(sorted(gone), (0..case.deletes).collect::<Vec<_>>());
        prop_assert_eq!(memory.expectations, Some(Expectations { add, del, expired: false }));
        coverage.met("nothing at all", total == 0 && case.deletes == 0);
        Ok(())
    });
}
