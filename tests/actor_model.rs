//! The hosts in stateright's stock `ActorModel`: with every host in it a pod is created, bound and ready there, and the
//! duplicate pod of DS-B01 is found there too: a create that is still on its way when its sender gives up on it. And the
//! composition takes exactly the moves that the actors, shown the truth, ask for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use stateright::actor::{ActorModel, Id, Network};
use stateright::{Checker, Expectation, Model};

use everynode::cluster::api_server::Store;
use everynode::model::action::Action;
use everynode::model::actors::{Host, HostState, Watcher, moves};
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::scope::{Command, Scope, bundled};

fn stored(states: &[Arc<HostState>]) -> &Store {
    let stored = states.iter().find_map(|state| match state.as_ref() {
        HostState::ApiServer(store) => Some(store),
        HostState::Controller(..) | HostState::Watcher(..) | HostState::User => None,
    });
    stored.expect("the API server is one of the hosts")
}

/// Whether no node has two non-terminal pods in the API server's store.
fn one_per_node(store: &Store) -> bool {
    store
        .pods
        .iter()
        .all(|pod| store.pods.iter().filter(|other| other.target == pod.target && other.is_non_terminal()).count() <= 1)
}

fn scope() -> Scope {
    bundled::read(Path::new("faults/lost-reply.toml"), None).expect("a bundled model").scope
}

/// API server, controller, a user that creates the `DaemonSet`, and `watchers`.
fn actors(watchers: &[Watcher]) -> ActorModel<Host, (), ()> {
    let (api_server, controller) = (Id::from(0), Id::from(1));
    let ids = (0..watchers.len()).map(|index| Id::from(index + 3)).collect();
    let model = ActorModel::new((), ())
        .actor(Host::ApiServer { scope: scope(), controller, watchers: ids })
        .actor(Host::Controller { scope: scope(), api_server })
        .actor(Host::User { command: Command::Create(0, 0, 0), api_server });
    watchers
        .iter()
        .fold(model, |model, watcher| model.actor(Host::Watcher { watcher: *watcher, scope: scope(), api_server }))
        .init_network(Network::new_ordered([]))
}

#[test]
fn stock_actor_model_finds_the_duplicate_pod_too() {
    let model = actors(&[])
        // Every give-up makes another pod; two are enough.
        .within_boundary(|(), state| stored(&state.actor_states).pods.iter().count() <= 2)
        .property(Expectation::Always, "one pod a node", |_, state| one_per_node(stored(&state.actor_states)))
        .property(Expectation::Sometimes, "a pod", |_, state| stored(&state.actor_states).pods.iter().next().is_some());
    let checker = model.checker().threads(2).spawn_bfs().join();
    let path = checker.assert_any_discovery("one pod a node");
    assert!(!one_per_node(stored(&path.last_state().actor_states)));
    checker.assert_any_discovery("a pod");
}

#[test]
fn with_every_host_a_pod_becomes_ready_there() {
    let hosts = [Watcher::Scheduler, Watcher::Kubelet(0), Watcher::GarbageCollector, Watcher::NodeLifecycle];
    let model = actors(&hosts)
        .within_boundary(|(), state| stored(&state.actor_states).pods.iter().count() <= 1)
        .property(Expectation::Sometimes, "a ready pod", |_, state| {
            stored(&state.actor_states).pods.iter().any(|pod| pod.ready)
        });
    let checker = model.checker().threads(2).spawn_bfs().join();
    checker.assert_any_discovery("a ready pod");
}

/// The actor that takes a step, if one of those that watch does.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new step is one of a watching host only if it is a `Move`")]
fn watcher(action: &Action, of_node: impl Fn(u8) -> u8) -> Option<Watcher> {
    match action {
        Action::Bind { .. } => Some(Watcher::Scheduler),
        Action::PodReady { pod }
        | Action::PodFailed { pod }
        | Action::PodUnready { pod }
        | Action::PodEnded { pod } => Some(Watcher::Kubelet(of_node(*pod))),
        Action::PodGc { .. }
        | Action::CollectPod { .. }
        | Action::CollectRevision { .. }
        | Action::FinishDelete { .. } => Some(Watcher::GarbageCollector),
        Action::Lifecycle { .. } | Action::MarkPodNotReady { .. } | Action::Evict { .. } => {
            Some(Watcher::NodeLifecycle)
        }
        _ => None,
    }
}

#[test]
fn the_composition_takes_the_moves_that_the_actors_ask_for() {
    for path in ["rollout/two-nodes.toml", "lifecycle/orphan-and-recreate.toml", "nodes/network-agent-loop.toml"] {
        let model = DaemonSetModel::new(bundled::read(Path::new(path), None).expect("a bundled model").scope, &[]);
        let nodes = u8::try_from(model.scope.nodes.len()).expect("few nodes");
        let hosts: Vec<Watcher> = [Watcher::Scheduler, Watcher::GarbageCollector, Watcher::NodeLifecycle]
            .into_iter()
            .chain((0..nodes).map(Watcher::Kubelet))
            .collect();
        let (mut seen, mut waiting) = (BTreeSet::from([model.initial()]), vec![model.initial()]);
        let mut compared = 0;
        while let Some(cluster) = waiting.pop() {
            let mut steps = Steps::new();
            model.raw_steps(&cluster, &mut steps);
            for host in &hosts {
                let target = |name: u8| cluster.store.pods.get(name).expect("a pod of the store").target;
                let taken: BTreeSet<Action> = steps
                    .iter()
                    .map(|(action, _)| *action)
                    .filter(|action| watcher(action, target) == Some(*host))
                    .collect();
                let asked: BTreeSet<Action> =
                    moves(*host, &model.scope, &cluster.store).into_iter().map(Action::from).collect();
                // A write waits while a watch has no room for its event.
                assert!(taken.is_subset(&asked), "{path}: {host:?} takes {taken:?}, asks for {asked:?}");
                let idle = cluster.controllers.iter().all(|process| {
                    process.pods.stream.is_empty()
                        && process.daemon_sets.stream.is_empty()
                        && process.revisions.stream.is_empty()
                        && process.nodes.stream.is_empty()
                });
                if idle {
                    assert_eq!(taken, asked, "{path}: {host:?}");
                    compared += taken.len();
                }
            }
            steps.clear();
            model.steps(&cluster, &mut steps);
            for (_, next) in steps {
                if seen.len() < 4_000 && seen.insert(next.clone()) {
                    waiting.push(next);
                }
            }
        }
        assert!(compared > 50, "{path}: only {compared} moves were compared");
    }
}
