//! The hosts as stateright actors, for stateright's own `ActorModel`: API server, controller, scheduler, kubelets, garbage
//! collector, node lifecycle and users over its one kind of network.
//!
//! There every message is a message: requests, replies, watch events and moves. What the composition of this crate adds is
//! what that network cannot say: streams of one type in order, and none between types, beside calls without order. Here
//! every host lags, not only the controller (compare deviation D-06).

mod api_server;
mod controller;
mod watching;

use std::borrow::Cow;

use stateright::actor::{Actor, Id, Out};

pub use controller::Turn;
pub use watching::{Watcher, moves};

use super::start;
use super::state::Process;
use crate::cluster::api_server::{Answer, AnyEvent, Call, Store};
use crate::cluster::moves::Move;
use crate::scope::{Command, Scope};

/// What hosts send each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// A request of the controller.
    Call(Call),
    /// The reply to one.
    Reply(Call, Answer),
    /// A watch event.
    Event(AnyEvent),
    /// A command of a user.
    Command(Command),
    /// A write of another host.
    Move(Move),
}

/// A host of a scope with one `DaemonSet`.
#[derive(Clone, Debug)]
pub enum Host {
    /// The API server; it tells its subscribers of every write.
    ApiServer {
        /// The scope.
        scope: Scope,
        /// The controller.
        controller: Id,
        /// The hosts that watch besides.
        watchers: Vec<Id>,
    },
    /// The controller.
    Controller {
        /// The scope.
        scope: Scope,
        /// The API server.
        api_server: Id,
    },
    /// A host that watches and acts: scheduler, kubelet, garbage collector, node lifecycle.
    Watcher {
        /// Which one.
        watcher: Watcher,
        /// The scope.
        scope: Scope,
        /// The API server.
        api_server: Id,
    },
    /// A user with one command.
    User {
        /// What it does.
        command: Command,
        /// The API server.
        api_server: Id,
    },
}

/// The state of a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostState {
    /// What is stored.
    ApiServer(Box<Store>),
    /// The process, and the requests it waits for.
    Controller(Box<Process>, Vec<Call>),
    /// What a host that watches has been shown, and the moves that it has asked for.
    Watcher(Box<Store>, Vec<Move>),
    /// Nothing is left to do.
    User,
}

impl Actor for Host {
    type Msg = Message;
    type Timer = Turn;
    type State = HostState;
    type Storage = ();
    type Random = u8;

    fn on_start(&self, _: Id, _: &Option<()>, out: &mut Out<Self>) -> HostState {
        match self {
            Self::ApiServer { scope, .. } => HostState::ApiServer(Box::new(start::cluster(scope).store)),
            Self::Controller { scope, .. } => {
                let process = start::cluster(scope).controllers.remove(0);
                HostState::Controller(Box::new(process), Vec::new())
            }
            Self::Watcher { watcher, scope, api_server } => {
                watching::started(*watcher, scope, *api_server, start::cluster(scope).store, out)
            }
            Self::User { command, api_server } => {
                out.send(*api_server, Message::Command(*command));
                HostState::User
            }
        }
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, HostState>, src: Id, msg: Message, out: &mut Out<Self>) {
        match self {
            Self::ApiServer { scope, controller, watchers } => {
                if let HostState::ApiServer(store) = state.to_mut() {
                    api_server::on_msg(scope, *controller, watchers, store, src, &msg, out);
                }
            }
            Self::Controller { scope, api_server } => controller::on_msg(scope, *api_server, state, &msg, out),
            Self::Watcher { watcher, scope, api_server } => {
                if let (HostState::Watcher(store, asked), Message::Event(event)) = (state.to_mut(), msg) {
                    watching::on_event(*watcher, scope, *api_server, store, asked, event, out);
                }
            }
            Self::User { .. } => {}
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, HostState>, turn: &Turn, out: &mut Out<Self>) {
        if let Self::Controller { scope, api_server } = self {
            controller::on_timeout(scope, *api_server, state, turn, out);
        }
    }

    fn on_random(&self, _: Id, state: &mut Cow<'_, HostState>, choice: &u8, out: &mut Out<Self>) {
        if let Self::Controller { scope, api_server } = self {
            controller::on_random(scope, *api_server, state, *choice, out);
        }
    }
}
