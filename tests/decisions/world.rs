//! Small worlds in which things meet often: few nodes, few pods, few hashes, every release, any switch moved.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use everynode::controller::budget::{Limit, RollingUpdate};
use everynode::controller::node_pods::{NodePods, TerminalPods};
use everynode::controller::record::{
    DaemonSet, Node, NodeName, Phase, Placement, Pod, PodName, ResourceVersion, Selector, Status, Symbol, TemplateId,
    Uid, UpdateStrategy,
};
use everynode::controller::sync::{Batches, Rules};
use everynode::release::{Profile, Surge, SurgeTerminating, Switches};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// The uid of the `DaemonSet` under test.
pub const OURS: Uid = Uid(100);
/// The uid of another owner.
pub const THEIRS: Uid = Uid(200);
/// The hash of the current revision.
pub const CURRENT: Symbol = Symbol(1);

/// The branches met in one case.
#[derive(Default)]
pub struct Coverage(RefCell<BTreeSet<&'static str>>);

impl Coverage {
    /// Notes `branch` if it was met.
    pub fn met(&self, branch: &'static str, here: bool) {
        if here {
            self.0.borrow_mut().insert(branch);
        }
    }
}

/// Runs `test` on `cases` values of `strategy`. Fails if one fails, or if one of `branches` is met in fewer
/// than five of them.
pub fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    branches: &[&str],
    test: impl Fn(S::Value, &Coverage) -> Result<(), TestCaseError>,
) {
    let seed: u64 = std::env::var("EVERYNODE_SEED").map_or(1, |text| text.parse().expect("EVERYNODE_SEED is a number"));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let met: RefCell<BTreeMap<&'static str, u32>> = RefCell::default();
    let outcome = runner.run(&strategy, |value| {
        let coverage = Coverage::default();
        let passed = test(value, &coverage);
        for branch in coverage.0.into_inner() {
            *met.borrow_mut().entry(branch).or_default() += 1;
        }
        passed
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, value)) => {
            panic!(
                "{reason}\nthe smallest case: {value:#?}\nto see it again: EVERYNODE_SEED={seed} cargo test --test decisions"
            )
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
    let met = met.into_inner();
    for branch in branches {
        let times = met.get(*branch).copied().unwrap_or(0);
        assert!(times >= 5, "`{branch}` was met in {times} of {cases} cases (seed {seed}): {met:?}");
    }
}

/// A `DaemonSet` with its nodes and claimed pods at one moment.
#[derive(Clone, Debug)]
pub struct World {
    pub switches: Switches,
    pub burst: usize,
    pub ds: DaemonSet,
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub hash: Symbol,
}

impl World {
    pub fn rules(&self) -> Rules {
        Rules { switches: self.switches, burst: self.burst, batches: Batches::Every }
    }

    pub fn grouped(&self) -> NodePods {
        NodePods::group(&self.rules(), &self.pods, TerminalPods::ByRelease)
    }
}

/// The switches of a release, some of them moved; of `moved` only.
pub fn switches(moved: &'static [&'static str]) -> impl Strategy<Value = Switches> {
    let alphabet: Vec<(&'static str, &'static str)> = Switches::alphabet()
        .into_iter()
        .filter(|(name, _)| moved.contains(name))
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name, value)))
        .collect();
    assert!(moved.iter().all(|name| alphabet.iter().any(|(known, _)| known == name)), "a switch that does not exist");
    let most = if alphabet.is_empty() { 0 } else { 3 };
    let one = (0..alphabet.len().max(1)).prop_map(move |place| alphabet[place]);
    let chosen = proptest::collection::vec(one, 0..=most);
    (select(Profile::ALL), chosen).prop_map(|(profile, chosen)| {
        let mut switches = profile.switches;
        for (name, value) in chosen {
            switches.set(name, value).expect("a switch of the alphabet");
        }
        switches
    })
}

pub fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        4 => (0..4_i32).prop_map(Limit::Number),
        3 => select(&[0_i64, 1, 25, 33, 34, 50, 67, 100]).prop_map(Limit::Percent),
        1 => select(&[Limit::Absent, Limit::NotPercentage, Limit::BadNumber]),
    ]
}

pub fn strategy() -> impl Strategy<Value = UpdateStrategy> {
    let valid = prop_oneof![
        (limit(), Just(Limit::Number(0))).prop_map(|(unavailable, surge)| (unavailable, surge)),
        (Just(Limit::Number(0)), limit()).prop_map(|(unavailable, surge)| (unavailable, surge)),
    ];
    let rolling = prop_oneof![6 => valid, 1 => (limit(), limit())].prop_map(|(max_unavailable, max_surge)| {
        UpdateStrategy::RollingUpdate(Some(RollingUpdate { max_unavailable, max_surge }))
    });
    prop_oneof![
        8 => rolling,
        1 => select(&[UpdateStrategy::OnDelete, UpdateStrategy::Unknown, UpdateStrategy::RollingUpdate(None)]),
    ]
}

pub fn daemon_set() -> impl Strategy<Value = DaemonSet> {
    (strategy(), prop_oneof![Just(None), Just(Some(2_i64))], 0..4_i32, -1..3_i32).prop_map(
        |(strategy, template_generation, revision_history_limit, min_ready_seconds)| DaemonSet {
            uid: OURS,
            resource_version: ResourceVersion(7),
            generation: 3,
            deleting: false,
            template: TemplateId(1),
            template_generation,
            template_hash: CURRENT,
            revision_name: CURRENT,
            selector: Selector::Valid,
            strategy,
            min_ready_seconds: min_ready_seconds.max(0),
            revision_history_limit,
            status: Status::default(),
        },
    )
}

fn placement() -> impl Strategy<Value = Placement> {
    let placement =
        |wanted, should_run, should_continue_running| Placement { wanted, should_run, should_continue_running };
    prop_oneof![
        5 => Just(placement(true, true, true)),
        2 => Just(placement(false, false, true)),
        2 => Just(placement(false, false, false)),
        1 => any::<bool>().prop_map(move |stays| placement(true, false, stays)),
    ]
}

/// Some of the node names 0 to 3, each with a placement.
pub fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let names = subsequence(vec![0, 1, 2, 3], 1..=3).prop_shuffle();
    (names, proptest::collection::vec((placement(), any::<bool>()), 4)).prop_map(|(names, rest)| {
        let node = |(name, (placement, in_backoff))| Node { name: NodeName(name), placement, in_backoff };
        names.into_iter().zip(rest).map(node).collect()
    })
}

/// A claimed pod; its name and uid are given later.
fn claimed_pod() -> impl Strategy<Value = Pod> {
    let phase = prop_oneof![5 => Just(Phase::Active), 2 => Just(Phase::Failed), 1 => Just(Phase::Succeeded)];
    let target = prop_oneof![9 => (0..4_u32).prop_map(|name| Some(NodeName(name))), 1 => Just(None)];
    let hash = prop_oneof![4 => Just(CURRENT), 3 => Just(Symbol(2)), 2 => Just(Symbol(3)), 1 => Just(Symbol::EMPTY)];
    let generation = prop_oneof![4 => Just(None), 1 => Just(Some(2)), 1 => Just(Some(1))];
    let controller = prop_oneof![4 => Just(Some(OURS)), 1 => Just(None)];
    let health = prop_oneof![1 => Just((false, false)), 1 => Just((true, false)), 2 => Just((true, true))];
    let deleting = prop_oneof![3 => Just(false), 1 => Just(true)];
    let bound = prop_oneof![3 => Just(true), 1 => Just(false)];
    (phase, target, (hash, generation), controller, health, (deleting, bound), 0..3_i64).prop_map(
        |(phase, target, (hash, generation), controller, (ready, available), (deleting, bound), created)| Pod {
            name: PodName(0),
            uid: Uid(0),
            resource_version: ResourceVersion(1),
            created,
            controller,
            matches: true,
            deleting,
            phase,
            ready,
            available,
            bound: bound && target.is_some(),
            target,
            hash,
            generation,
        },
    )
}

/// At most `most` claimed pods, in any order.
pub fn pods(most: usize) -> impl Strategy<Value = Vec<Pod>> {
    proptest::collection::vec(claimed_pod(), 0..=most)
        .prop_map(|mut pods| {
            for (number, pod) in (1_u32..).zip(&mut pods) {
                pod.name = PodName(number * 2);
                pod.uid = Uid(number);
            }
            pods
        })
        .prop_shuffle()
}

/// A world of at most `most_pods` claimed pods under a release in which some of `moved` are moved.
pub fn world(moved: &'static [&'static str], most_pods: usize) -> impl Strategy<Value = World> {
    let burst = prop_oneof![Just(250), 1..4_usize];
    let hash = prop_oneof![6 => Just(CURRENT), 1 => Just(Symbol::EMPTY)];
    (switches(moved), burst, daemon_set(), nodes(), pods(most_pods), hash)
        .prop_map(|(switches, burst, ds, nodes, pods, hash)| World { switches, burst, ds, nodes, pods, hash })
}

/// As [`world`], with most pods live and together on one node that wants them, under surge: what MAN-14 and MAN-15 are
/// about. In a third of these worlds two of them have failed (MAN-20), in a sixth all of a few terminate, and count.
pub fn crowded(moved: &'static [&'static str], most_pods: usize) -> impl Strategy<Value = World> {
    (world(moved, most_pods), 0..6_u8).prop_map(|(mut world, failing)| {
        let limits = RollingUpdate { max_unavailable: Limit::Number(0), max_surge: Limit::Number(1) };
        world.ds.strategy = UpdateStrategy::RollingUpdate(Some(limits));
        world.switches.surge = Surge::Supported;
        let wanted = Placement { wanted: true, should_run: true, should_continue_running: true };
        world.nodes[0].placement = wanted;
        for (place, pod) in world.pods.iter_mut().enumerate() {
            pod.target = Some(world.nodes[0].name);
            pod.deleting &= place == 0;
            if failing < 2 && place < 2 {
                (pod.phase, pod.deleting) = (Phase::Failed, false);
            } else if place != 1 {
                pod.phase = Phase::Active;
            }
        }
        if failing == 2 {
            world.pods.truncate(3);
            for pod in &mut world.pods {
                (pod.phase, pod.deleting) = (Phase::Active, true);
            }
            if moved.contains(&"surge_terminating") {
                world.switches.surge_terminating = SurgeTerminating::Counted;
            }
        }
        world
    })
}

/// Every order of `items`.
pub fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, first.clone());
            all.push(longer);
        }
    }
    all
}

/// Every way to pick `size` of `items`, by trying every subset; all of them if there are fewer.
pub fn picks<T: Clone>(items: &[T], size: usize) -> Vec<Vec<T>> {
    let size = u32::try_from(size.min(items.len())).expect("few items");
    (0_u32..1 << items.len())
        .filter(|mask| mask.count_ones() == size)
        .map(|mask| {
            (0..items.len()).filter(|place| mask & (1 << place) != 0).map(|place| items[place].clone()).collect()
        })
        .collect()
}

pub fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

/// A way to call nodes and pods otherwise: nodes in any order, pods so that their order stays.
#[derive(Clone, Debug)]
pub struct OtherNames {
    nodes: Vec<u32>,
    stride: u32,
}

pub fn other_names() -> impl Strategy<Value = OtherNames> {
    (Just(vec![10, 11, 12, 13]).prop_shuffle(), 1..5_u32).prop_map(|(nodes, stride)| OtherNames { nodes, stride })
}

impl OtherNames {
    pub fn node(&self, name: NodeName) -> NodeName {
        NodeName(self.nodes[name.0 as usize])
    }

    pub fn pod(&self, name: PodName) -> PodName {
        PodName(name.0 * self.stride + 5)
    }

    pub fn world(&self, world: &World) -> World {
        let mut renamed = world.clone();
        for node in &mut renamed.nodes {
            node.name = self.node(node.name);
        }
        for pod in &mut renamed.pods {
            pod.name = self.pod(pod.name);
            pod.target = pod.target.map(|name| self.node(name));
        }
        renamed
    }
}
