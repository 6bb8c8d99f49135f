//! A claim pass: what is adopted, released, claimed and ignored, and what a failure does (section 14.1).

use everynode::controller::claim::{Claim, Claimable};
use everynode::controller::memory::{Memory, OwnWrites};
use everynode::controller::record::{DaemonSet, Pod, PodName, ResourceVersion, Revision, Uid};
use everynode::controller::request::{Causes, Reason, Reply, Request, WrittenPod};
use everynode::release::{AdoptRecheck, ClaimOrder, Gate, Profile};
use proptest::prelude::*;
use proptest::sample::select;

use super::world::{Coverage, OURS, THEIRS, World, check, daemon_set, pods, sorted, switches};

const MOVED: &[&str] = &["adopt_recheck", "claim_order", "gate"];

/// Objects of any owner, with or without matching labels.
fn listed() -> impl Strategy<Value = Vec<Pod>> {
    let owner = prop_oneof![3 => Just(Some(OURS)), 3 => Just(None), 1 => Just(Some(THEIRS))];
    let label = prop_oneof![2 => Just(true), 1 => Just(false)];
    (pods(7), proptest::collection::vec((owner, label), 7)).prop_map(|(mut pods, parts)| {
        for (pod, (controller, matches)) in pods.iter_mut().zip(parts) {
            pod.controller = controller;
            pod.matches = matches;
        }
        pods
    })
}

fn reason() -> impl Strategy<Value = Option<Reason>> {
    let error = select(&[Reason::NotFound, Reason::Invalid, Reason::Conflict, Reason::InternalError, Reason::Timeout]);
    prop_oneof![3 => Just(None), 2 => error.prop_map(Some)]
}

/// What the live read finds (ADOPT-5).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Live {
    Same,
    OtherUid,
    Deleting,
    Error(Reason),
}

/// One case: the objects, the answer to each, the answer to the live read, and which request is sent each time.
#[derive(Clone, Debug)]
struct Case {
    world: World,
    refused: Vec<Option<Reason>>,
    live: Live,
    turns: Vec<usize>,
}

fn case() -> impl Strategy<Value = Case> {
    let live = prop_oneof![
        4 => Just(Live::Same),
        1 => Just(Live::OtherUid),
        1 => Just(Live::Deleting),
        1 => select(&[Reason::NotFound, Reason::Timeout]).prop_map(Live::Error),
    ];
    let world = (switches(MOVED), daemon_set(), listed()).prop_map(|(switches, ds, pods)| World {
        switches,
        burst: 250,
        ds,
        nodes: Vec::new(),
        pods,
        hash: super::world::CURRENT,
    });
    let turns = proptest::collection::vec(0..100_usize, 16);
    (world, proptest::collection::vec(reason(), 7), live, turns).prop_map(|(world, refused, live, turns)| Case {
        world,
        refused,
        live,
        turns,
    })
}

/// The answer of `case` to a request about a pod, or to the live read.
fn answer(case: &Case, request: Request) -> Reply {
    let ours: DaemonSet = case.world.ds;
    if request == Request::GetDaemonSet {
        return match case.live {
            Live::Same => Reply::DaemonSet(DaemonSet { resource_version: ResourceVersion(99), ..ours }),
            Live::OtherUid => Reply::DaemonSet(DaemonSet { uid: THEIRS, ..ours }),
            Live::Deleting => Reply::DaemonSet(DaemonSet { deleting: true, ..ours }),
            Live::Error(reason) => Reply::Error(reason),
        };
    }
    let (Request::AdoptPod(name, _) | Request::ReleasePod(name, _)) = request else {
        panic!("a claim pass does not send {request:?}")
    };
    let recorded_for = matches!(request, Request::AdoptPod(..)).then_some(OURS);
    let written = WrittenPod { resource_version: ResourceVersion(50 + u64::from(name.0)), recorded_for };
    case.refused[place(case, name)].map_or(Reply::Pod(written), Reply::Error)
}

fn place(case: &Case, name: PodName) -> usize {
    case.world.pods.iter().position(|pod| pod.name == name).expect("a listed pod")
}

/// What a pass must come to.
struct Expected {
    claimed: Vec<PodName>,
    adopted: Vec<PodName>,
    released: Vec<PodName>,
    causes: Causes,
    asks: bool,
    newest: Option<ResourceVersion>,
}

/// ADOPT-2 to ADOPT-8, object by object.
fn expected(case: &Case, coverage: &Coverage) -> Expected {
    let asks_first = case.world.switches.adopt_recheck == AdoptRecheck::ReadThenPatch;
    let orphan = |pod: &Pod| pod.controller.is_none() && pod.matches && !pod.deleting;
    let asks = asks_first && case.world.pods.iter().any(orphan);
    let mut expected = Expected {
        claimed: Vec::new(),
        adopted: Vec::new(),
        released: Vec::new(),
        causes: Causes::NONE,
        asks,
        newest: None,
    };
    let failed_check = match case.live {
        _ if !asks => None,
        Live::Same => None,
        Live::OtherUid => Some(Reason::OwnerReplaced),
        Live::Deleting => Some(Reason::OwnerDeleting),
        Live::Error(reason) => Some(reason),
    };
    if let Some(reason) = failed_check {
        coverage.met("ADOPT-5 the live check fails", true);
        expected.causes = expected.causes.with(reason);
    }
    for (pod, refused) in case.world.pods.iter().zip(&case.refused) {
        match pod.controller {
            Some(uid) if uid != OURS => coverage.met("ADOPT-2", true),
            Some(_) if pod.matches => {
                coverage.met("ADOPT-3", true);
                coverage.met("ADOPT-3 terminating", pod.deleting);
                expected.claimed.push(pod.name);
            }
            Some(_) => {
                expected.released.push(pod.name);
                match refused {
                    Some(Reason::NotFound | Reason::Invalid) => coverage.met("ADOPT-4 404 or 422", true),
                    Some(reason) => expected.causes = expected.causes.with(*reason),
                    None => coverage.met("ADOPT-4", true),
                }
            }
            None if !pod.matches => coverage.met("an orphan of others", true),
            None if pod.deleting => coverage.met("ADOPT-6", true),
            None if failed_check.is_some() => {}
            None => {
                expected.adopted.push(pod.name);
                match refused {
                    Some(Reason::NotFound) => coverage.met("ADOPT-5 404", true),
                    Some(reason) => {
                        coverage.met("ADOPT-7", true);
                        expected.causes = expected.causes.with(*reason);
                    }
                    None => {
                        coverage.met("ADOPT-5", true);
                        expected.claimed.push(pod.name);
                        let version = ResourceVersion(50 + u64::from(pod.name.0));
                        expected.newest = expected.newest.max(Some(version)); // CONS-2
                    }
                }
            }
        }
    }
    expected
}

const BRANCHES: &[&str] = &[
    "ADOPT-2",
    "ADOPT-3",
    "ADOPT-3 terminating",
    "ADOPT-4",
    "ADOPT-4 404 or 422",
    "ADOPT-5",
    "ADOPT-5 404",
    "ADOPT-5 the live check fails",
    "ADOPT-6",
    "ADOPT-7",
    "an orphan of others",
    "no live check",
    "releases and adoptions",
];

#[test]
fn a_pass_adopts_releases_claims_and_ignores_what_the_rules_say() {
    check(2048, case(), BRANCHES, |case, coverage| {
        let rules = case.world.rules();
        let order = case.world.switches.claim_order;
        let mut memory = Memory::default();
        let mut claim = Claim::begin(&rules, &case.world.ds, case.world.pods.iter().copied());
        let mut sent: Vec<Request> = Vec::new();
        let mut turns = case.turns.iter().cycle();
        while !claim.is_done() {
            let offered = claim.next_requests(order);
            prop_assert!(!offered.is_empty(), "an unfinished pass has something to ask");
            let request = offered[turns.next().expect("endless") % offered.len()];
            prop_assert!(!sent.contains(&request), "{:?} twice", request);
            sent.push(request);
            claim.take_reply(&rules, &case.world.ds, request, answer(&case, request), &mut memory);
            prop_assert!(sent.len() < 20, "the pass does not end");
        }
        let expected = expected(&case, coverage);
        prop_assert_eq!(sorted(claim.claimed.iter().map(|pod| pod.name)), sorted(expected.claimed));
        for pod in &claim.claimed {
            prop_assert_eq!(pod, &case.world.pods[place(&case, pod.name)], "ADOPT-8: as it was listed");
        }
        prop_assert_eq!(claim.causes, expected.causes);
        let is_adoption = |request: &Request| matches!(request, Request::AdoptPod(..));
        let is_release = |request: &Request| matches!(request, Request::ReleasePod(..));
        let adopt = |name: &PodName| {
            let pod = &case.world.pods[place(&case, *name)];
            Request::AdoptPod(pod.name, pod.uid)
        };
        let release = |name: &PodName| {
            let pod = &case.world.pods[place(&case, *name)];
            Request::ReleasePod(pod.name, pod.uid)
        };
        let of = |kind: &dyn Fn(&Request) -> bool| sorted(sent.iter().filter(|one| kind(one)).copied());
        prop_assert_eq!(of(&is_adoption), sorted(expected.adopted.iter().map(adopt)));
        prop_assert_eq!(of(&is_release), sorted(expected.released.iter().map(release)));
        // ADOPT-5: once per pass, right before the first adoption.
        let asked = sent.iter().position(|request| *request == Request::GetDaemonSet);
        prop_assert_eq!(asked.is_some(), expected.asks);
        coverage.met("no live check", !expected.asks && !expected.adopted.is_empty());
        if let (Some(asked), Some(first)) = (asked, sent.iter().position(is_adoption)) {
            prop_assert_eq!(first, asked + 1, "in {:?}", sent);
        }
        // ADOPT-1: with the index, owned objects come first.
        let both = !expected.released.is_empty() && !expected.adopted.is_empty();
        coverage.met("releases and adoptions", both);
        if order == ClaimOrder::OwnedFirst {
            let last_release = sent.iter().rposition(is_release);
            let first_other = sent.iter().position(|request| !is_release(request));
            prop_assert!(last_release.zip(first_other).is_none_or(|(last, first)| last < first), "{:?}", sent);
        }
        let recorded = expected.newest.filter(|_| case.world.switches.gate != Gate::Off);
        let own = recorded.map(|pods| OwnWrites { uid: OURS, pods: Some(pods), daemon_sets: None, revisions: None });
        prop_assert_eq!(memory.own_writes, own, "CONS-2");
        Ok(())
    });
}

#[test]
fn the_order_of_the_list_does_not_change_what_a_pass_is_about() {
    let strategy = (switches(MOVED), daemon_set(), listed())
        .prop_flat_map(|(switches, ds, pods)| (Just((switches, ds)), Just(pods.clone()).prop_shuffle(), Just(pods)));
    check(512, strategy, &["another order"], |((switches, ds), shuffled, pods), coverage| {
        coverage.met("another order", shuffled != pods);
        let world = World { switches, burst: 250, ds, nodes: Vec::new(), pods, hash: super::world::CURRENT };
        let parts = |pods: &[Pod]| {
            let claim = Claim::begin(&world.rules(), &ds, pods.iter().copied());
            (sorted(claim.claimed), sorted(claim.adoptions), sorted(claim.releases), claim.live_check)
        };
        prop_assert_eq!(parts(&shuffled), parts(&world.pods));
        Ok(())
    });
}

fn uids<T: Claimable>(objects: &[T], uid: impl Fn(&T) -> Uid) -> Vec<Uid> {
    sorted(objects.iter().map(uid))
}

#[test]
fn revisions_are_claimed_by_the_same_rules() {
    // A revision and a pod of the same owner, labels and timestamp are treated alike.
    check(512, (select(Profile::ALL), daemon_set(), listed()), &["all three"], |(profile, ds, pods), coverage| {
        let world =
            World { switches: profile.switches, burst: 250, ds, nodes: Vec::new(), pods, hash: super::world::CURRENT };
        let revision = |pod: &Pod| Revision {
            name: everynode::controller::record::Symbol(pod.name.0),
            uid: pod.uid,
            resource_version: pod.resource_version,
            controller: pod.controller,
            matches: pod.matches,
            deleting: pod.deleting,
            same_namespace: true,
            label: everynode::controller::record::HashLabel::Absent,
            data: ds.template,
            number: 1,
        };
        let of_pods = Claim::begin(&world.rules(), &ds, world.pods.iter().copied());
        let of_revisions = Claim::begin(&world.rules(), &ds, world.pods.iter().map(revision));
        let (pod, one) = (|pod: &Pod| pod.uid, |one: &Revision| one.uid);
        prop_assert_eq!(uids(&of_pods.claimed, pod), uids(&of_revisions.claimed, one));
        prop_assert_eq!(uids(&of_pods.adoptions, pod), uids(&of_revisions.adoptions, one));
        prop_assert_eq!(uids(&of_pods.releases, pod), uids(&of_revisions.releases, one));
        let parts = [of_pods.claimed.len(), of_pods.adoptions.len(), of_pods.releases.len()];
        coverage.met("all three", parts.iter().all(|part| *part > 0));
        Ok(())
    });
}
