//! The API server as an actor: it carries out what reaches it, one message at a time, and tells its subscribers. It names
//! pods by what is stored alone: here no two pods of a node are compared by age.

use stateright::actor::{Id, Out};

use super::{Host, Message};
use crate::cluster::api_server::{Events, Sorts, Store};
use crate::cluster::kubelet::Machine;
use crate::cluster::object::List;
use crate::cluster::presence::Presence;
use crate::cluster::user;
use crate::model::compose::carry_out;
use crate::scope::Scope;

pub(super) fn on_msg(
    scope: &Scope,
    controller: Id,
    watchers: &[Id],
    store: &mut Store,
    src: Id,
    message: &Message,
    out: &mut Out<Host>,
) {
    let mut events = Events::new();
    match *message {
        Message::Call(call) => {
            let answer = carry_out(scope, store, &call, Sorts::Last, &|_| 0, &mut events);
            out.send(src, Message::Reply(call, answer));
        }
        Message::Command(command) => {
            // A command that cannot be carried out now is not tried again.
            user::run(store, command, &|_| 0, &mut events);
        }
        Message::Move(one) => {
            // No machine takes another's name here, so none has a stranger's pods.
            let mut machines: List<Machine> =
                scope.nodes.iter().map(|_| Machine { kubelet: Presence::Here, strangers: Vec::new() }).collect();
            one.carry_out(store, &mut machines, scope.switches.pod_gc, &mut events);
        }
        Message::Reply(..) | Message::Event(_) => {}
    }
    for event in events {
        out.send(controller, Message::Event(event));
        for watcher in watchers {
            out.send(*watcher, Message::Event(event));
        }
    }
}
