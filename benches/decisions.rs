//! Decisions per second: manage, the rolling update both ways, and whole syncs of recorded questions, from JSON to answer.

use divan::counter::ItemsCount;

use everynode::controller::budget::{Limit, RollingUpdate};
use everynode::controller::manage::manage;
use everynode::controller::node_pods::{NodePods, TerminalPods};
use everynode::controller::record::{
    DaemonSet, Node, NodeName, Phase, Placement, Pod, PodName, ResourceVersion, Selector, Status, Symbol, TemplateId,
    Uid, UpdateStrategy,
};
use everynode::controller::rolling_update::{look_up_nodes, roll_surge, roll_unavailable, survey_surge};
use everynode::controller::sync::{Batches, Rules};
use everynode::release::{Profile, Switches};
use everynode::vectors::answers::check_sync;
use everynode::vectors::difference::Comparison;
use everynode::vectors::question::Line;
use everynode::vectors::subject::Subject;

const NEW: Symbol = Symbol(1);
const OLD: Symbol = Symbol(2);

fn main() {
    divan::main();
}

fn rules() -> Rules {
    Rules { switches: Switches::TODAY, burst: 250, batches: Batches::Representative }
}

fn daemon_set(max_unavailable: i32, max_surge: i32) -> DaemonSet {
    DaemonSet {
        uid: Uid(1),
        resource_version: ResourceVersion(1),
        generation: 2,
        deleting: false,
        template: TemplateId(1),
        template_generation: Some(2),
        template_hash: NEW,
        revision_name: NEW,
        selector: Selector::Valid,
        strategy: UpdateStrategy::RollingUpdate(Some(RollingUpdate {
            max_unavailable: Limit::Number(max_unavailable),
            max_surge: Limit::Number(max_surge),
        })),
        min_ready_seconds: 0,
        revision_history_limit: 10,
        status: Status::default(),
    }
}

/// Nodes that should run a pod and have one; `old` of the pods are to be replaced, the last node has none.
fn cluster(nodes: u32, old: u32) -> (Vec<Node>, Vec<Pod>) {
    let placement = Placement { wanted: true, should_run: true, should_continue_running: true };
    let node = |name| Node { name: NodeName(name), placement, in_backoff: false };
    let pod = |name: u32| Pod {
        name: PodName(name),
        uid: Uid(100 + name),
        resource_version: ResourceVersion(1),
        created: i64::from(name),
        controller: Some(Uid(1)),
        matches: true,
        deleting: false,
        phase: Phase::Active,
        ready: true,
        available: true,
        bound: true,
        target: Some(NodeName(name)),
        hash: if name < old { OLD } else { NEW },
        generation: None,
    };
    ((0..nodes).map(node).collect(), (0..nodes - 1).map(pod).collect())
}

/// The nodes of the model's scopes, of a small and of a large cluster.
const NODES: [u32; 3] = [2, 100, 5_000];

#[divan::bench(args = NODES)]
fn manage_a_cluster(bencher: divan::Bencher, nodes: u32) {
    let (rules, ds) = (rules(), daemon_set(1, 0));
    let (nodes, pods) = cluster(nodes, 1);
    bencher.counter(ItemsCount::new(1_u32)).bench(|| {
        let grouped = NodePods::group(&rules, &pods, TerminalPods::ByRelease);
        manage(&rules, &ds, &nodes, &grouped, NEW).len()
    });
}

/// Every choice of one of `old` pods is an outcome.
#[divan::bench(args = NODES)]
fn roll_a_cluster(bencher: divan::Bencher, nodes: u32) {
    let (rules, ds) = (rules(), daemon_set(2, 0));
    let (nodes, pods) = cluster(nodes, 1.max(nodes / 100));
    bencher.counter(ItemsCount::new(1_u32)).bench(|| {
        let grouped = NodePods::group(&rules, &pods, TerminalPods::ByRelease);
        roll_unavailable(&rules, &ds, &nodes, &grouped, NEW, 2).len()
    });
}

#[divan::bench(args = NODES)]
fn surge_through_a_cluster(bencher: divan::Bencher, nodes: u32) {
    let (rules, ds) = (rules(), daemon_set(0, 1));
    let (nodes, pods) = cluster(nodes, 1.max(nodes / 100));
    let counts = everynode::controller::rolling_update::updated_desired_node_counts(&rules, &ds, &nodes);
    let counts = counts.expect("a valid strategy");
    bencher.counter(ItemsCount::new(1_u32)).bench(|| {
        let grouped = NodePods::group(&rules, &pods, TerminalPods::ByRelease);
        let survey = survey_surge(&rules, &ds, &nodes, &grouped, NEW);
        let plan = look_up_nodes(&rules, &survey, counts, &nodes).expect("every node is there");
        roll_surge(&rules, &plan, &pods).len()
    });
}

/// Questions of the shipped sample, every outcome of each compared with what the real controller did.
#[divan::bench(args = ["sync.jsonl", "midsync.jsonl"])]
fn whole_syncs(bencher: divan::Bencher, file: &str) {
    let text = std::fs::read_to_string(format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a sample");
    let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).expect("a vector")).collect();
    let questions: Vec<(Subject, Line)> = lines
        .into_iter()
        .filter(|line| line.given.is_some())
        .map(|line| {
            let release = line.release.as_deref().unwrap_or_default();
            let minor: Vec<&str> = release.split('.').take(2).collect();
            let profile = Profile::named(&minor.join(".")).expect("a release with a profile");
            (Subject::of(profile).with_gates(&line.gates), line)
        })
        .collect();
    bencher.counter(ItemsCount::new(questions.len())).bench(|| {
        for (subject, line) in &questions {
            let comparison = check_sync(subject, line, None).expect("a vector");
            assert!(matches!(comparison, Comparison::Agreed), "{}", line.id);
        }
    });
}
