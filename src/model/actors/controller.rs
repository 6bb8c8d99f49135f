//! The `DaemonSet` controller as an actor: its informers are fed by watch events, its worker takes turns, and its client gives
//! up on a reply after a while (API-5).

use std::borrow::Cow;
use std::time::Duration;

use stateright::actor::{Id, Out};

use super::{Host, HostState, Message};
use crate::cluster::api_server::{Answer, AnyEvent, Call};
use crate::controller::request::Reason;
use crate::model::informed;
use crate::model::process::{self, Alternative};
use crate::model::state::{Process, Queued};
use crate::scope::Scope;

/// What a controller process does by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// A worker begins a sync, or the sync reads on.
    Work,
    /// The client gives up waiting for a reply.
    GiveUp(Call),
}

/// The one key of such a scope.
const KEY: u8 = 0;

fn soon() -> std::ops::Range<Duration> {
    Duration::ZERO..Duration::ZERO
}

/// A message reaches the controller.
pub(super) fn on_msg(
    scope: &Scope,
    api_server: Id,
    state: &mut Cow<'_, HostState>,
    message: &Message,
    out: &mut Out<Host>,
) {
    match *message {
        Message::Event(event) => {
            let HostState::Controller(process, _) = state.to_mut() else { return };
            receive(scope, process, event);
            work_on(scope, process, out);
        }
        Message::Reply(call, answer) => answered(scope, api_server, state, call, &answer, out),
        Message::Call(_) | Message::Command(_) | Message::Move(_) => {}
    }
}

/// Its turn has come.
pub(super) fn on_timeout(
    scope: &Scope,
    api_server: Id,
    state: &mut Cow<'_, HostState>,
    turn: &Turn,
    out: &mut Out<Host>,
) {
    match turn {
        Turn::GiveUp(call) => answered(scope, api_server, state, *call, &Answer::Error(Reason::Timeout), out),
        Turn::Work => {
            let HostState::Controller(process, _) = state.as_ref() else { return };
            let alternatives = turn_of(scope, process);
            match alternatives.len() {
                0 => {}
                1 => carry_out(state, alternatives, 0, api_server, scope, out),
                several => {
                    let choices = (0..several).filter_map(|choice| u8::try_from(choice).ok()).collect();
                    out.choose_random("turn", choices);
                }
            }
        }
    }
}

/// One of several ways to take the turn is chosen.
pub(super) fn on_random(
    scope: &Scope,
    api_server: Id,
    state: &mut Cow<'_, HostState>,
    choice: u8,
    out: &mut Out<Host>,
) {
    let HostState::Controller(process, _) = state.as_ref() else { return };
    let alternatives = turn_of(scope, process);
    if usize::from(choice) < alternatives.len() {
        carry_out(state, alternatives, usize::from(choice), api_server, scope, out);
    }
}

/// A reply has come, or the client has given up on it; only the first of the two counts.
fn answered(
    scope: &Scope,
    api_server: Id,
    state: &mut Cow<'_, HostState>,
    call: Call,
    answer: &Answer,
    out: &mut Out<Host>,
) {
    let HostState::Controller(process, awaited) = state.as_ref() else { return };
    if !awaited.contains(&call) {
        return;
    }
    out.cancel_timer(Turn::GiveUp(call));
    let alternatives = process::take_reply(scope, process, &call, answer, awaited.len() > 1);
    if let HostState::Controller(_, awaited) = state.to_mut() {
        awaited.retain(|other| *other != call);
    }
    carry_out(state, alternatives, 0, api_server, scope, out);
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
