//! The hosts as stateright actors, for stateright's own `ActorModel`: the same API server and the same controller process
//! over its one kind of network.
//!
//! There every message is a message: requests, replies and watch events. What the composition of this crate adds is what
//! that network cannot say: streams of one type in order, and none between types, beside calls without order.

use std::borrow::Cow;
use std::time::Duration;

use stateright::actor::{Actor, Id, Out};

use super::informed;
use super::process::{self, Alternative};
use super::start;
use super::state::{Process, Queued};
use crate::cluster::api_server::{Answer, AnyEvent, Binds, Call, Events, Sorts, Store};
use crate::cluster::user;
use crate::controller::request::Reason;
use crate::release::PlacedBy;
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
    /// A command of the user.
    Command(Command),
}

/// What a controller process does by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// A worker begins a sync, or the sync reads on.
    Work,
    /// The client gives up waiting for a reply (API-5).
    GiveUp(Call),
}

/// A host of a scope with one `DaemonSet`.
#[derive(Clone, Debug)]
pub enum Host {
    /// The API server; it tells the controller of every write.
    ApiServer {
        /// The scope.
        scope: Scope,
        /// The controller.
        controller: Id,
    },
    /// The controller.
    Controller {
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
    /// Nothing is left to do.
    User,
}

/// The one key of such a scope.
const KEY: u8 = 0;

fn soon() -> std::ops::Range<Duration> {
    Duration::ZERO..Duration::ZERO
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
            Self::User { command, api_server } => {
                out.send(*api_server, Message::Command(*command));
                HostState::User
            }
        }
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, HostState>, src: Id, msg: Message, out: &mut Out<Self>) {
        match (self, msg) {
            (Self::ApiServer { scope, controller }, Message::Call(call)) => {
                let HostState::ApiServer(store) = state.to_mut() else { return };
                let binds = match scope.switches.placed_by {
                    PlacedBy::Scheduler => Binds::Later,
                    PlacedBy::Controller => Binds::AtCreation,
                };
                let mut events = Events::new();
                let answer = store.handle(&call, binds, Sorts::Last, &mut events);
                out.send(src, Message::Reply(call, answer));
                events.into_iter().for_each(|event| out.send(*controller, Message::Event(event)));
            }
            (Self::ApiServer { controller, .. }, Message::Command(command)) => {
                let HostState::ApiServer(store) = state.to_mut() else { return };
                let mut events = Events::new();
                if user::run(store, command, &mut events).is_some() {
                    events.into_iter().for_each(|event| out.send(*controller, Message::Event(event)));
                }
            }
            (Self::Controller { scope, .. }, Message::Event(event)) => {
                let HostState::Controller(process, _) = state.to_mut() else { return };
                receive(scope, process, event);
                work_on(scope, process, out);
            }
            (Self::Controller { scope, api_server }, Message::Reply(call, answer)) => {
                Self::answered(scope, *api_server, state, call, answer, out);
            }
            _ => {}
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, HostState>, turn: &Turn, out: &mut Out<Self>) {
        let Self::Controller { scope, api_server } = self else { return };
        match turn {
            Turn::GiveUp(call) => {
                Self::answered(scope, *api_server, state, *call, Answer::Error(Reason::Timeout), out);
            }
            Turn::Work => {
                let HostState::Controller(process, _) = state.as_ref() else { return };
                let alternatives = turn_of(scope, process);
                match alternatives.len() {
                    0 => {}
                    1 => carry_out(state, alternatives, 0, *api_server, scope, out),
                    several => {
                        let choices = (0..several).filter_map(|choice| u8::try_from(choice).ok()).collect();
                        out.choose_random("turn", choices);
                    }
                }
            }
        }
    }

    fn on_random(&self, _: Id, state: &mut Cow<'_, HostState>, choice: &u8, out: &mut Out<Self>) {
        let Self::Controller { scope, api_server } = self else { return };
        let HostState::Controller(process, _) = state.as_ref() else { return };
        let alternatives = turn_of(scope, process);
        if usize::from(*choice) < alternatives.len() {
            carry_out(state, alternatives, usize::from(*choice), *api_server, scope, out);
        }
    }
}

impl Host {
    /// A reply has come, or the client has given up on it; only the first of the two counts.
    fn answered(
        scope: &Scope,
        api_server: Id,
        state: &mut Cow<'_, HostState>,
        call: Call,
        answer: Answer,
        out: &mut Out<Self>,
    ) {
        let HostState::Controller(process, awaited) = state.as_ref() else { return };
        if !awaited.contains(&call) {
            return;
        }
        out.cancel_timer(Turn::GiveUp(call));
        let alternatives = process::take_reply(scope, process, &call, &answer, awaited.len() > 1);
        if let HostState::Controller(_, awaited) = state.to_mut() {
            awaited.retain(|other| *other != call);
        }
        carry_out(state, alternatives, 0, api_server, scope, out);
    }
}

/// What the process can do by itself now.
fn turn_of(scope: &Scope, process: &Process) -> Vec<Alternative> {
    if process::waits_at_point(scope, process, KEY) {
        process::proceed(scope, process, 0, KEY)
    } else if process.work[usize::from(KEY)].queue == Queued::Waiting && process.work[usize::from(KEY)].sync.is_none() {
        process::begin(scope, process, 0, KEY)
    } else {
        Vec::new()
    }
}

/// Takes one of the alternatives: the process afterwards, its requests, a timeout for each.
fn carry_out(
    state: &mut Cow<'_, HostState>,
    mut alternatives: Vec<Alternative>,
    choice: usize,
    api_server: Id,
    scope: &Scope,
    out: &mut Out<Host>,
) {
    let taken = alternatives.swap_remove(choice);
    if let HostState::Controller(process, awaited) = state.to_mut() {
        **process = taken.process;
        process::clear_dead_locals(process);
        for call in taken.calls {
            awaited.push(call);
            out.send(api_server, Message::Call(call));
            out.set_timer(Turn::GiveUp(call), soon());
        }
        work_on(scope, process, out);
    }
}

/// Sees to it that the process gets its turn.
fn work_on(scope: &Scope, process: &Process, out: &mut Out<Host>) {
    if process.running && !turn_of(scope, process).is_empty() {
        out.set_timer(Turn::Work, soon());
    }
}

/// A watch event enters its store, and the handler runs.
fn receive(scope: &Scope, process: &mut Process, event: AnyEvent) {
    match event {
        AnyEvent::DaemonSet(event) => {
            if let Some(told) = process.daemon_sets.apply(event) {
                informed::daemon_set(scope, process, told);
            }
        }
        AnyEvent::Revision(event) => {
            if let Some(told) = process.revisions.apply(event) {
                informed::revision(scope, process, told);
            }
        }
        AnyEvent::Pod(event) => {
            if let Some(told) = process.pods.apply(event) {
                informed::pod(scope, process, told);
            }
        }
        AnyEvent::Node(event) => {
            if let Some(told) = process.nodes.apply(event) {
                informed::node(scope, process, told);
            }
        }
    }
}
