//! The same hosts in stateright's stock `ActorModel` find the duplicate pod of DS-B01 there: a create that is still on its
//! way when its sender gives up on it.

use std::path::Path;

use stateright::actor::{ActorModel, Id, Network};
use stateright::{Checker, Expectation, Model};

use everynode::model::actors::{Host, HostState};
use everynode::scope::{Command, bundled};

/// Whether no node has two non-terminal pods in the API server's store.
fn one_per_node(states: &[std::sync::Arc<HostState>]) -> bool {
    states.iter().all(|state| match state.as_ref() {
        HostState::ApiServer(store) => store.pods.iter().all(|pod| {
            store.pods.iter().filter(|other| other.target == pod.target && other.is_non_terminal()).count() <= 1
        }),
        HostState::Controller(..) | HostState::User => true,
    })
}

#[test]
fn stock_actor_model_finds_the_duplicate_pod_too() {
    let scope = bundled::read(Path::new("faults/lost-reply.toml"), None).expect("a bundled model").scope;
    let (api_server, controller) = (Id::from(0), Id::from(1));
    let model = ActorModel::new((), ())
        .actor(Host::ApiServer { scope: scope.clone(), controller })
        .actor(Host::Controller { scope, api_server })
        .actor(Host::User { command: Command::Create(0, 0, 0), api_server })
        .init_network(Network::new_ordered([]))
        .within_boundary(|(), state| {
            // Every give-up makes another pod; two are enough.
            state.actor_states.iter().all(|host| match host.as_ref() {
                HostState::ApiServer(store) => store.pods.iter().count() <= 2,
                HostState::Controller(..) | HostState::User => true,
            })
        })
        .property(Expectation::Always, "one pod a node", |_, state| one_per_node(&state.actor_states))
        .property(Expectation::Sometimes, "a pod", |_, state| {
            state.actor_states.iter().any(|host| match host.as_ref() {
                HostState::ApiServer(store) => store.pods.iter().next().is_some(),
                HostState::Controller(..) | HostState::User => false,
            })
        });
    let checker = model.checker().threads(2).spawn_bfs().join();
    let path = checker.assert_any_discovery("one pod a node");
    assert!(!one_per_node(&path.last_state().actor_states));
    checker.assert_any_discovery("a pod");
}
