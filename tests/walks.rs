//! Random walks over every bundled model: each state met is well typed, and renaming pods and versions changes neither
//! what is enabled nor where it leads.
//!
//! A walk is a function of its seed. `EVERYNODE_SEED=n cargo test --test walks` walks with another one.

use std::path::Path;

use everynode::cluster::api_server::{Answer, Call, Sorts, Store};
use everynode::cluster::object::{FOREIGN, OTHERS, Object, Objects, PodObject};
use everynode::cluster::watch::Informer;
use everynode::controller::record::{PodName, ResourceVersion, Uid};
use everynode::controller::request::Request;
use everynode::controller::sync::{Batches, Rules, Wait};
use everynode::controller::visit::{Visit, Visitor};
use everynode::model::action::{Action, Resource};
use everynode::model::canonical::{Renaming, canonicalise};
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::{Cluster, Process, Queued, State};
use everynode::release::PodGc;
use everynode::scope::{ModelFile, Scope, bundled, parse};

/// Walks from the start of each model.
const WALKS: u64 = 25;
/// Steps of each walk, unless nothing is enabled earlier.
const STEPS: usize = 400;
/// Every so many steps of a walk the state is renamed and compared.
const RENAMED_EVERY: usize = 5;
/// Most bytes of a state of at most two nodes and one `DaemonSet`.
const BYTES_MAX: usize = 256;

/// A generator of numbers, good enough to wander with (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        usize::try_from(bits % limit as u64).expect("below a usize")
    }
}

fn seed() -> u64 {
    std::env::var("EVERYNODE_SEED").map_or(1, |text| text.parse().expect("EVERYNODE_SEED is a number"))
}

fn models() -> impl Iterator<Item = ModelFile> {
    bundled::paths().into_iter().map(|path| bundled::read(path, None).expect("a bundled model"))
}

/// Scopes in which nearly everything may happen at once, at two nodes: their states are the largest.
fn crowded() -> impl Iterator<Item = ModelFile> {
    let tables = "[nodes]\nn1 = \"plain\"\nn2 = \"plain\"\n[variants]\nplain = {}\ntainted = { taints = [\"x=y:NoSchedule\"] }\n\
        [templates]\na = {}\nb = {}\nc = {}\n";
    let lag = "lag = { daemon_sets = 3, revisions = 3, pods = 3, nodes = 3 }";
    let users = "users = [[\"apply b\", \"apply c\", \"undo\"], [\"delete-pod n1\", \"node n2 tainted\"]]";
    let [leaders, crashes, handlers] = [
        format!("{lag}\nfaults = {{ second_leader = 1, lost_reply = 2, expiry = 1, readiness_blip = 1 }}"),
        format!("{lag}\nfaults = {{ crash = 3, lost_reply = 1, pod_failure = 2, resync = 1 }}"),
        "lag = { daemon_sets = 3, revisions = 3, pods = 3, nodes = 3, handlers = 3 }".to_owned(),
    ];
    let surge = "[strategies]\nsurge = { maxSurge = 1 }\n";
    let texts = [
        ("two-leaders", format!("{users}\n{leaders}\n{tables}")),
        ("two-leaders-surge", format!("{users}\n{leaders}\n{tables}{surge}")),
        ("crashes", format!("{users}\n{crashes}\n{tables}")),
        ("handlers", format!("{users}\n{handlers}\n{tables}")),
    ];
    texts.into_iter().map(|(name, text)| {
        let text = format!("about = \"crowded\"\nstart = \"settled\"\n{text}");
        let file = parse(Path::new(name), &text, None, &|name| Err(format!("no manifest {name}")));
        file.unwrap_or_else(|error| panic!("{error}\n{text}"))
    })
}

/// Walks through `file`'s model; `visit` sees every state before it is left, with its number, and every step out of it.
fn walk(file: &ModelFile, mut visit: impl FnMut(&DaemonSetModel, usize, &Cluster, &Steps)) {
    let model = DaemonSetModel::new(file.scope.clone(), &[]);
    for number in 0..WALKS {
        let mut dice = Dice(seed().wrapping_mul(1_000) + number);
        let mut cluster = model.initial();
        for step in 0..STEPS {
            if model.exceeded(&cluster).is_some() {
                break;
            }
            let mut steps = Steps::new();
            model.steps(&cluster, &mut steps);
            visit(&model, step, &cluster, &steps);
            if steps.is_empty() {
                break;
            }
            let taken = dice.below(steps.len());
            cluster = steps.swap_remove(taken).1;
        }
    }
}

/// Asserts one clause of the typing invariant.
macro_rules! clause {
    ($holds:expr, $where:expr, $($words:tt)*) => {
        assert!($holds, "{}: {}", $where, format_args!($($words)*))
    };
}

/// Whether `names` ascend strictly: sorted and unique.
fn ascends<T: Object>(objects: &Objects<T>) -> bool {
    objects.0.windows(2).all(|pair| pair[0].name() < pair[1].name())
}

fn pod_is_typed(scope: &Scope, store: &Store, pod: &PodObject, at: &str) {
    clause!(usize::from(pod.target) < scope.nodes.len(), at, "{pod:?} targets no node of the scope");
    let template = pod.template == OTHERS || usize::from(pod.template) < scope.templates.len();
    clause!(template, at, "{pod:?} is of no template");
    clause!(usize::from(pod.owner_key) < scope.daemon_sets.len(), at, "{pod:?} is of no DaemonSet");
    let owner = pod.owner.is_none_or(|uid| uid == FOREIGN || (1..=store.uids).contains(&uid));
    clause!(owner, at, "{pod:?} has an owner that never was");
    clause!(pod.name > 0 && pod.name.is_multiple_of(2), at, "{pod:?}: between two steps names are even");
}

fn store_is_typed(scope: &Scope, store: &Store, at: &str) {
    clause!(ascends(&store.daemon_sets), at, "DaemonSets are not sorted by unique names");
    clause!(ascends(&store.revisions), at, "revisions are not sorted by unique names");
    clause!(ascends(&store.pods), at, "pods are not sorted by unique names");
    clause!(ascends(&store.nodes), at, "nodes are not sorted by unique names");
    for object in &store.daemon_sets {
        clause!(usize::from(object.key) < scope.daemon_sets.len(), at, "{object:?} is not of the scope");
        clause!(usize::from(object.template) < scope.templates.len(), at, "{object:?} has no template");
        clause!(usize::from(object.strategy) < scope.strategies.len(), at, "{object:?} has no strategy");
        clause!((1..=store.uids).contains(&object.uid), at, "{object:?} has a uid that was never given");
        clause!((1..=store.versions[0]).contains(&object.version), at, "{object:?} is newer than the newest");
    }
    for revision in &store.revisions {
        clause!(usize::from(revision.key) < scope.daemon_sets.len(), at, "{revision:?} is of no DaemonSet");
        clause!(usize::from(revision.template) < scope.templates.len(), at, "{revision:?} records no template");
        clause!(revision.version <= store.versions[1], at, "{revision:?} is newer than the newest");
        clause!(revision.uid <= revision.version, at, "{revision:?} was changed before it was made");
    }
    for pod in &store.pods {
        pod_is_typed(scope, store, pod, at);
        let names = store.pods.iter().filter(|other| other.target < pod.target);
        clause!(names.clone().all(|other| other.name < pod.name), at, "{pod:?} is not named by (node, creation)");
    }
    for node in &store.nodes {
        clause!(usize::from(node.name) < scope.nodes.len(), at, "{node:?} is not of the scope");
        clause!(usize::from(node.variant) < scope.variants.len(), at, "{node:?} has no variant");
    }
}

/// A cache is sorted, not ahead of the truth, and behind it by what is in its stream; the stream ascends and is short.
fn informer_is_typed<T: Object>(informer: &Informer<T>, newest: u8, most: usize, at: &str) {
    clause!(ascends(&informer.store), at, "a cache is not sorted by unique names");
    clause!(informer.synced <= newest, at, "a cache is ahead of the store");
    clause!(informer.stream.len() <= most, at, "a stream of {} events, {most} allowed", informer.stream.len());
    let versions: Vec<u8> = informer.stream.iter().map(|event| event.version).collect();
    clause!(versions.is_sorted(), at, "a stream is out of order: {versions:?}");
    clause!(versions.iter().all(|version| *version <= newest), at, "an event from the future: {versions:?}");
}

/// Every pod shown anywhere but in the store: caches, streams, the lagging API server.
fn shown_pods(cluster: &Cluster) -> impl Iterator<Item = &PodObject> {
    let past = cluster.laggard.iter().filter_map(|laggard| laggard.pods.as_ref());
    let informers = cluster.controllers.iter().map(|process| &process.pods).chain(past);
    informers.flat_map(Informer::shown)
}

/// The requests that a sync waits for are exactly those on their way or answered (the others of a batch are).
fn waits_are_in_flight(model: &DaemonSetModel, cluster: &Cluster, index: usize, at: &str) {
    let rules = Rules { switches: model.scope.switches, burst: 250, batches: Batches::Every };
    let process = &cluster.controllers[index];
    for (key, work) in process.work.iter().enumerate() {
        let mine = |call: &&Call| call.awaited && usize::from(call.controller) == index && usize::from(call.key) == key;
        let asked = cluster.calls.iter().filter(mine);
        let answered = cluster.replies.iter().map(|(call, _)| call).filter(mine);
        let mut in_flight: Vec<Request> = asked.chain(answered).map(|call| call.request).collect();
        in_flight.sort_unstable();
        let Some(sync) = &work.sync else {
            clause!(in_flight.is_empty(), at, "calls of no sync: {in_flight:?}");
            continue;
        };
        clause!(work.queue != Queued::Waiting, at, "a sync of a waiting key");
        match sync.wait(&rules) {
            Wait::Point(point) => clause!(in_flight.is_empty(), at, "at {point:?} with calls: {in_flight:?}"),
            Wait::OneOf(requests) => {
                clause!(in_flight.len() == 1, at, "one request is sent at a time: {in_flight:?}");
                clause!(requests.contains(&in_flight[0]), at, "{:?} is not awaited", in_flight[0]);
            }
            Wait::Batch(requests) => {
                let mut requests = requests.to_vec();
                requests.sort_unstable();
                clause!(requests == in_flight, at, "awaited {requests:?}, in flight {in_flight:?}");
            }
        }
    }
}

fn process_is_typed(model: &DaemonSetModel, cluster: &Cluster, index: usize, at: &str) {
    let scope = &model.scope;
    let process: &Process = &cluster.controllers[index];
    if !process.running && !process.retiring {
        clause!(process.work.is_empty(), at, "a dead process remembers something");
    }
    let newest = cluster.store.versions;
    // A removal is one commit of two events (API-6), of three where Pod GC marks the pod Failed before (D-12); bookmarks
    // take no room (API-19).
    let room = |lag: u8| usize::from(lag) + 1;
    let more_pods = usize::from(scope.switches.pod_gc == PodGc::MarksFailed) + usize::from(scope.faults.bookmark);
    informer_is_typed(&process.daemon_sets, newest[0], room(scope.lag.daemon_sets), at);
    informer_is_typed(&process.revisions, newest[1], room(scope.lag.revisions), at);
    informer_is_typed(&process.pods, newest[2], room(scope.lag.pods) + more_pods, at);
    informer_is_typed(&process.nodes, newest[3], room(scope.lag.nodes), at);
    clause!(process.node_queue.is_sorted(), at, "the node queue is not sorted");
    let nodes = process.node_queue.iter().all(|name| usize::from(*name) < scope.nodes.len());
    clause!(nodes, at, "the node queue names no node of the scope");
    for work in &process.work {
        for backoff in &work.backoff {
            clause!(usize::from(backoff.node) < scope.nodes.len(), at, "{backoff:?} is of no node");
            clause!((1..=cluster.store.uids).contains(&backoff.uid), at, "{backoff:?} is of no DaemonSet");
        }
        if let Some(own) = work.memory.own_writes {
            let reached = |written: Option<ResourceVersion>, kind: usize| {
                written.is_none_or(|version| version.0 <= u64::from(newest[kind]))
            };
            clause!(reached(own.pods, 2) && reached(own.daemon_sets, 0), at, "{own:?} was never written");
        }
    }
    waits_are_in_flight(model, cluster, index, at);
}

/// Asserts that `cluster` is well typed.
fn is_typed(model: &DaemonSetModel, cluster: &Cluster, at: &str) {
    let scope = &model.scope;
    store_is_typed(scope, &cluster.store, at);
    shown_pods(cluster).for_each(|pod| pod_is_typed(scope, &cluster.store, pod, at));
    clause!((1..=2).contains(&cluster.controllers.len()), at, "one controller, or two while leaders overlap");
    for index in 0..cluster.controllers.len() {
        process_is_typed(model, cluster, index, at);
    }
    if let Some(laggard) = &cluster.laggard {
        let [daemon_sets, revisions, pods, nodes] = cluster.store.versions;
        let most = |lag: u8| usize::from(lag);
        laggard.daemon_sets.iter().for_each(|one| informer_is_typed(one, daemon_sets, most(scope.lag.daemon_sets), at));
        laggard.revisions.iter().for_each(|one| informer_is_typed(one, revisions, most(scope.lag.revisions), at));
        laggard.pods.iter().for_each(|one| informer_is_typed(one, pods, most(scope.lag.pods), at));
        laggard.nodes.iter().for_each(|one| informer_is_typed(one, nodes, most(scope.lag.nodes), at));
    }
    clause!(cluster.machines.len() == scope.nodes.len(), at, "a machine for each node name");
    clause!(cluster.users.len() == scope.users.len(), at, "a user for each script");
    for (user, script) in cluster.users.iter().zip(&scope.users) {
        clause!(usize::from(user.done) <= script.len(), at, "{user:?} is past the end of its script");
    }
    clause!(cluster.calls.is_sorted(), at, "calls are not sorted");
    clause!(cluster.replies.is_sorted(), at, "replies are not sorted");
    clause!(cluster.replies.iter().all(|(call, _)| call.awaited), at, "a reply that nobody awaits");
    for (_, answer) in &cluster.replies {
        let (version, kind) = match answer {
            Answer::DaemonSet(object) => (object.version, 0),
            Answer::Revision(object) => (object.version, 1),
            Answer::Pod { version, .. } => (*version, 2),
            Answer::Done | Answer::Error(_) => (0, 0),
        };
        clause!(version <= cluster.store.versions[kind], at, "{answer:?} is newer than the newest");
    }
    let sealed = State::of(cluster);
    clause!(State::of(&sealed.open()) == sealed && sealed.open() == *cluster, at, "the state opens to another");
    if scope.nodes.len() <= 2 && scope.daemon_sets.len() == 1 {
        clause!(sealed.bytes().len() <= BYTES_MAX, at, "a state of {} bytes", sealed.bytes().len());
    }
    let mut renumbered = cluster.clone();
    canonicalise(&mut renumbered);
    clause!(renumbered == *cluster, at, "names and versions are not by rank");
}

#[test]
fn every_state_on_a_random_walk_is_well_typed() {
    let (mut states, mut largest) = (0_u32, 0);
    for file in models().chain(crowded()) {
        walk(&file, |model, step, cluster, steps| {
            let at = format!("{} (seed {}), step {step}", file.path.display(), seed());
            is_typed(model, cluster, &at);
            states += 1;
            largest = largest.max(State::of(cluster).bytes().len());
            let before = cluster.budgets.to_array();
            for (action, next) in steps {
                let after = next.budgets.to_array();
                let grown = before.iter().zip(&after).any(|(before, after)| after > before);
                clause!(!grown, at, "{action:?} gives a budget back");
                let spent: u8 = before.iter().zip(&after).map(|(before, after)| before - after).sum();
                // A crash is paid for already where every new process may list from a lagging API server (API-15).
                let paid = matches!(action, Action::StaleRestart { controller, .. }
                    if !cluster.controllers[usize::from(*controller)].running);
                let most = u8::from(action.class() == everynode::model::action::Class::Fault && !paid);
                clause!(spent == most, at, "{action:?} spends {spent} of the budgets");
                let meant = steps.iter().filter(|(other, _)| other == action);
                clause!(meant.clone().all(|(_, other)| other == next), at, "{action:?} means two steps");
            }
        });
    }
    println!("{states} states of at most {largest} bytes");
    assert!(states > 5_000, "the walks hardly went anywhere: {states} states");
}

#[test]
fn a_new_pod_sorts_after_every_pod_of_its_node_that_anyone_still_shows() {
    let mut created = 0_u32;
    for file in models() {
        walk(&file, |model, step, cluster, _| {
            let mut steps = Steps::new();
            model.raw_steps(cluster, &mut steps);
            for (action, next) in &steps {
                // D-08: created in the same second as the youngest, a pod may sort just before it.
                let tied = matches!(
                    action,
                    Action::Handle { sorts: Sorts::BeforeLast, .. }
                        | Action::LoseReply { sorts: Sorts::BeforeLast, .. }
                );
                let new = next.store.pods.iter().filter(|pod| cluster.store.pods.get(pod.name).is_none());
                for pod in new.filter(|_| !tied) {
                    created += 1;
                    let older = cluster.store.pods.iter().chain(shown_pods(cluster));
                    let last = older.filter(|other| other.target == pod.target).map(|other| other.name).max();
                    let at = format!("{} (seed {}), step {step}", file.path.display(), seed());
                    clause!(last.is_none_or(|last| last < pod.name), at, "{action:?} makes {pod:?}, after {last:?}");
                }
            }
        });
    }
    assert!(created > 500, "{created} pods were made");
}

/// A renaming that keeps every order and leaves gaps: pods stay even, as they are between two steps.
fn stretched(dice: &mut Dice, cluster: &Cluster) -> Renaming {
    let mut renaming = Renaming { pods: [0; 256], versions: [[0; 256]; 4] };
    let mut canonical = cluster.clone();
    let known = canonicalise(&mut canonical);
    let last_pod = known.iter().copied().max().unwrap_or(0);
    let mut name = 0;
    for old in (2..=last_pod).step_by(2) {
        name += 2 + 2 * u8::try_from(dice.below(6)).expect("small");
        renaming.pods[usize::from(old)] = name;
    }
    for (kind, newest) in cluster.store.versions.iter().enumerate() {
        let mut version = 0;
        for old in 1..=*newest {
            version += 1 + u8::try_from(dice.below(4)).expect("small");
            renaming.versions[kind][usize::from(old)] = version;
        }
    }
    renaming
}

impl Visitor for Names<'_> {
    fn pod(&mut self, name: &mut PodName) {
        name.0 = u32::from(self.0.pods[name.0 as usize]);
    }
    fn daemon_set_version(&mut self, version: &mut ResourceVersion) {
        self.version(0, version);
    }
    fn pod_version(&mut self, version: &mut ResourceVersion) {
        self.version(2, version);
    }
    fn revision_version(&mut self, version: &mut ResourceVersion) {
        self.version(1, version);
    }
    fn revision_uid(&mut self, uid: &mut Uid) {
        uid.0 = u32::from(self.0.versions[1][uid.0 as usize]);
    }
}

/// A renaming, for what is inside actions.
struct Names<'a>(&'a Renaming);

impl Names<'_> {
    fn version(&self, kind: usize, version: &mut ResourceVersion) {
        let old = usize::try_from(version.0).expect("a rank");
        version.0 = u64::from(self.0.versions[kind][old]);
    }

    fn action(&mut self, action: Action) -> Action {
        let renaming = self.0;
        let mut renamed = action;
        match &mut renamed {
            Action::Deliver { resource: Resource::Pods, name, .. }
            | Action::Bind { pod: name }
            | Action::PodReady { pod: name }
            | Action::PodUnready { pod: name }
            | Action::PodFailed { pod: name }
            | Action::PodEnded { pod: name }
            | Action::Mature { pod: name }
            | Action::PodGc { pod: name }
            | Action::CollectPod { pod: name }
            | Action::TakeOver { pod: name }
            | Action::MarkPodNotReady { pod: name }
            | Action::Evict { pod: name }
            | Action::Blip { pod: name }
            | Action::FailPod { pod: name } => *name = renaming.pods[usize::from(*name)],
            Action::Handle { request, .. }
            | Action::Reply { request, .. }
            | Action::Drop { request, .. }
            | Action::Refuse { request, .. }
            | Action::Conflict { request, .. }
            | Action::LoseRequest { request, .. }
            | Action::LoseReply { request, .. } => request.visit(self),
            Action::Deliver { resource: Resource::DaemonSets | Resource::Revisions | Resource::Nodes, .. }
            | Action::NodeItem { .. }
            | Action::Begin { .. }
            | Action::Proceed { .. }
            | Action::ReadyTimer { .. }
            | Action::BackoffEnds { .. }
            | Action::Restart { .. }
            | Action::CollectRevision { .. }
            | Action::FinishDelete { .. }
            | Action::Lifecycle { .. }
            | Action::User { .. }
            | Action::UndoChooses { .. }
            | Action::Crash { .. }
            | Action::StaleRestart { .. }
            | Action::SecondLeader
            | Action::Notify { .. }
            | Action::BreakWatch { .. }
            | Action::SchedulerAway
            | Action::SchedulerOutage
            | Action::SchedulerReturns
            | Action::KubeletOutage { .. }
            | Action::KubeletReturns { .. }
            | Action::Resync { .. }
            | Action::Bookmark { .. }
            | Action::Expire { .. }
            | Action::Silence { .. } => {}
        }
        renamed
    }
}

#[test]
fn renaming_pods_and_versions_changes_neither_what_is_enabled_nor_where_it_leads() {
    let (mut compared, mut moved) = (0_u32, 0_u32);
    for file in models() {
        let mut dice = Dice(seed() ^ 0xABCD);
        walk(&file, |model, step, cluster, steps| {
            if !step.is_multiple_of(RENAMED_EVERY) {
                return;
            }
            let renaming = stretched(&mut dice, cluster);
            let mut renamed = cluster.clone();
            renaming.apply(&mut renamed);
            moved += u32::from(renamed != *cluster);
            let mut there = Steps::new();
            model.steps(&renamed, &mut there);
            let mut expected: Vec<(Action, Cluster)> =
                steps.iter().map(|(action, next)| (Names(&renaming).action(*action), next.clone())).collect();
            // Calls and replies are offered in their order, which renaming may change among different requests.
            expected.sort();
            there.sort();
            let actions = |steps: &[(Action, Cluster)]| steps.iter().map(|(action, _)| *action).collect::<Vec<_>>();
            let at = format!("{} (seed {}), step {step}", file.path.display(), seed());
            assert_eq!(actions(&there), actions(&expected), "{at}");
            for ((action, there), (_, here)) in there.iter().zip(&expected) {
                assert_eq!(State::of(there), State::of(here), "{at}: {action:?}");
            }
            compared += 1;
        });
    }
    assert!(compared > 1_000 && moved * 2 > compared, "{compared} compared, {moved} of them renamed at all");
}
