//! Registers as among stateright's examples, for its own clients: each puts a value and gets one.
//!
//! One server that keeps the value; a replicated register after Attiya, Bar-Noy and Dolev; Paxos, whose servers decide on
//! one value for good.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::actor::register::{RegisterActor, RegisterMsg};
use stateright::actor::{Actor, ActorModel, Id, Network, Out, majority, model_peers};
use stateright::semantics::LinearizabilityTester;
use stateright::semantics::register::Register;
use stateright::util::{HashableHashMap, HashableHashSet};
use stateright::{Expectation, Property};

/// Claims of each model, in this order.
pub const LINEARIZABLE: usize = 0;
pub const VALUE_CHOSEN: usize = 1;

type History = LinearizabilityTester<Id, Register<char>>;
type Registers<S> = ActorModel<RegisterActor<S>, (), History>;

/// `servers` and two clients.
pub fn model<S, M>(servers: Vec<S>) -> Registers<S>
where
    S: Actor<Msg = RegisterMsg<u64, char, M>>,
    S::Timer: Ord,
    M: Clone + Debug + Ord + Hash,
{
    let server_count = servers.len();
    ActorModel::new((), LinearizabilityTester::new(Register('\0')))
        .actors(servers.into_iter().map(RegisterActor::Server))
        .actors((0..2).map(|_| RegisterActor::Client { put_count: 1, server_count }))
        .init_network(Network::new_unordered_nonduplicating([]))
        .property(Expectation::Always, "linearizable", |_, state| state.history.serialized_history().is_some())
        .property(Expectation::Sometimes, "value chosen", |_, state| {
            let mut messages = state.network.iter_deliverable();
            messages.any(|envelope| matches!(envelope.msg, RegisterMsg::GetOk(_, value) if *value != '\0'))
        })
        .record_msg_in(RegisterMsg::record_returns)
        .record_msg_out(RegisterMsg::record_invocations)
}

/// The names, to see that they stand where they are expected.
pub fn names<M: stateright::Model>(model: &M) -> Vec<&'static str> {
    model.properties().iter().map(|property: &Property<M>| property.name).collect()
}

/// One server: it does what it is told.
#[derive(Clone)]
pub struct SingleCopy;

impl Actor for SingleCopy {
    type Msg = RegisterMsg<u64, char, ()>;
    type State = char;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, _: &mut Out<Self>) -> char {
        '\0'
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, char>, from: Id, message: Self::Msg, out: &mut Out<Self>) {
        match message {
            RegisterMsg::Put(request, value) => {
                *state.to_mut() = value;
                out.send(from, RegisterMsg::PutOk(request));
            }
            RegisterMsg::Get(request) => out.send(from, RegisterMsg::GetOk(request, **state)),
            RegisterMsg::PutOk(_) | RegisterMsg::GetOk(..) | RegisterMsg::Internal(()) => {}
        }
    }
}

/// A replica of a register: a request asks a majority what it has, and then tells a majority what is to be had.
#[derive(Clone)]
pub struct Replica {
    peers: Vec<Id>,
}

/// `count` replicas.
pub fn replicas(count: usize) -> Vec<Replica> {
    (0..count).map(|server| Replica { peers: model_peers(server, count) }).collect()
}

/// When and by whom a value was put.
type Stamp = (u64, Id);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    stamp: Stamp,
    value: char,
    serves: Option<Serves>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Serves {
    request: u64,
    client: Id,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Asks { puts: Option<char>, answers: HashableHashMap<Id, (Stamp, char)> },
    Tells { got: Option<char>, done: HashableHashSet<Id> },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Between {
    Ask(u64),
    Answer(u64, Stamp, char),
    Tell(u64, Stamp, char),
    Done(u64),
}

impl Actor for Replica {
    type Msg = RegisterMsg<u64, char, Between>;
    type State = Kept;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, id: Id, _: &Option<()>, _: &mut Out<Self>) -> Kept {
        Kept { stamp: (0, id), value: '\0', serves: None }
    }

    fn on_msg(&self, id: Id, state: &mut Cow<'_, Kept>, from: Id, message: Self::Msg, out: &mut Out<Self>) {
        let enough = majority(self.peers.len() + 1);
        let mut begin = |state: &mut Cow<'_, Kept>, request: u64, puts: Option<char>| {
            out.broadcast(&self.peers, &RegisterMsg::Internal(Between::Ask(request)));
            let mut answers = HashableHashMap::default();
            answers.insert(id, (state.stamp, state.value));
            state.to_mut().serves = Some(Serves { request, client: from, phase: Phase::Asks { puts, answers } });
        };
        match message {
            RegisterMsg::Put(request, value) if state.serves.is_none() => begin(state, request, Some(value)),
            RegisterMsg::Get(request) if state.serves.is_none() => begin(state, request, None),
            RegisterMsg::Internal(Between::Ask(request)) => {
                out.send(from, RegisterMsg::Internal(Between::Answer(request, state.stamp, state.value)));
            }
            RegisterMsg::Internal(Between::Answer(request, stamp, value)) => {
                let asks = |serves: &Serves| serves.request == request && matches!(serves.phase, Phase::Asks { .. });
                if !state.serves.as_ref().is_some_and(asks) {
                    return;
                }
                let kept = state.to_mut();
                let Some(Serves { phase, .. }) = &mut kept.serves else { return };
                let Phase::Asks { puts, answers } = phase else { return };
                answers.insert(from, (stamp, value));
                if answers.len() < enough {
                    return;
                }
                let (newest, found) = *answers.values().max_by_key(|(stamp, _)| *stamp).expect("its own answer");
                let (stamp, value) = puts.map_or((newest, found), |value| ((newest.0 + 1, id), value));
                let got = if puts.is_none() { Some(found) } else { None };
                *phase = Phase::Tells { got, done: [id].into_iter().collect() };
                out.broadcast(&self.peers, &RegisterMsg::Internal(Between::Tell(request, stamp, value)));
                if stamp > kept.stamp {
                    (kept.stamp, kept.value) = (stamp, value);
                }
            }
            RegisterMsg::Internal(Between::Tell(request, stamp, value)) => {
                out.send(from, RegisterMsg::Internal(Between::Done(request)));
                if stamp > state.stamp {
                    let kept = state.to_mut();
                    (kept.stamp, kept.value) = (stamp, value);
                }
            }
            RegisterMsg::Internal(Between::Done(request)) => {
                let tells = |serves: &Serves| {
                    let waits = matches!(&serves.phase, Phase::Tells { done, .. } if !done.contains(&from));
                    serves.request == request && waits
                };
                if !state.serves.as_ref().is_some_and(tells) {
                    return;
                }
                let kept = state.to_mut();
                let Some(Serves { client, phase: Phase::Tells { got, done }, .. }) = &mut kept.serves else { return };
                done.insert(from);
                if done.len() == enough {
                    let reply = got.map_or(RegisterMsg::PutOk(request), |value| RegisterMsg::GetOk(request, value));
                    out.send(*client, reply);
                    kept.serves = None;
                }
            }
            RegisterMsg::Put(..) | RegisterMsg::Get(_) | RegisterMsg::PutOk(_) | RegisterMsg::GetOk(..) => {}
        }
    }
}

/// A server of Paxos: proposer, acceptor and learner in one.
#[derive(Clone)]
pub struct Paxos {
    peers: Vec<Id>,
}

/// `count` servers.
pub fn paxos(count: usize) -> Vec<Paxos> {
    (0..count).map(|server| Paxos { peers: model_peers(server, count) }).collect()
}

type Ballot = (u32, Id);
/// Request, client and value.
type Proposal = (u64, Id, char);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    ballot: Ballot,
    proposal: Option<Proposal>,
    promises: HashableHashMap<Id, Option<(Ballot, Proposal)>>,
    votes: HashableHashSet<Id>,
    accepted: Option<(Ballot, Proposal)>,
    is_decided: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Synod {
    Prepare(Ballot),
    Promise(Ballot, Option<(Ballot, Proposal)>),
    Accept(Ballot, Proposal),
    Vote(Ballot),
    Decided(Ballot, Proposal),
}

impl Actor for Paxos {
    type Msg = RegisterMsg<u64, char, Synod>;
    type State = Server;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, _: &mut Out<Self>) -> Server {
        Server {
            ballot: (0, Id::from(0)),
            proposal: None,
            promises: HashableHashMap::default(),
            votes: HashableHashSet::default(),
            accepted: None,
            is_decided: false,
        }
    }

    fn on_msg(&self, id: Id, state: &mut Cow<'_, Server>, from: Id, message: Self::Msg, out: &mut Out<Self>) {
        let enough = majority(self.peers.len() + 1);
        let tell = |out: &mut Out<Self>, what: Synod| out.broadcast(&self.peers, &RegisterMsg::Internal(what));
        if state.is_decided {
            if let (RegisterMsg::Get(request), Some((_, (_, _, value)))) = (message, state.accepted) {
                out.send(from, RegisterMsg::GetOk(request, value));
            }
            return;
        }
        match message {
            RegisterMsg::Put(request, value) if state.proposal.is_none() => {
                let server = state.to_mut();
                server.proposal = Some((request, from, value));
                server.ballot = (server.ballot.0 + 1, id);
                server.promises = [(id, server.accepted)].into_iter().collect();
                server.votes = HashableHashSet::default();
                tell(out, Synod::Prepare(server.ballot));
            }
            RegisterMsg::Internal(Synod::Prepare(ballot)) if state.ballot < ballot => {
                state.to_mut().ballot = ballot;
                out.send(from, RegisterMsg::Internal(Synod::Promise(ballot, state.accepted)));
            }
            RegisterMsg::Internal(Synod::Promise(ballot, accepted)) if ballot == state.ballot => {
                let server = state.to_mut();
                server.promises.insert(from, accepted);
                if server.promises.len() == enough {
                    let found = server.promises.values().max().copied().flatten().map(|(_, proposal)| proposal);
                    let proposal = found.or(server.proposal).expect("a proposal came first");
                    server.proposal = Some(proposal);
                    server.accepted = Some((ballot, proposal));
                    server.votes.insert(id);
                    tell(out, Synod::Accept(ballot, proposal));
                }
            }
            RegisterMsg::Internal(Synod::Accept(ballot, proposal)) if state.ballot <= ballot => {
                let server = state.to_mut();
                server.ballot = ballot;
                server.accepted = Some((ballot, proposal));
                out.send(from, RegisterMsg::Internal(Synod::Vote(ballot)));
            }
            RegisterMsg::Internal(Synod::Vote(ballot)) if ballot == state.ballot => {
                let server = state.to_mut();
                server.votes.insert(from);
                if server.votes.len() == enough {
                    server.is_decided = true;
                    let proposal = server.proposal.expect("it was proposed");
                    tell(out, Synod::Decided(ballot, proposal));
                    out.send(proposal.1, RegisterMsg::PutOk(proposal.0));
                }
            }
            RegisterMsg::Internal(Synod::Decided(ballot, proposal)) => {
                let server = state.to_mut();
                server.ballot = ballot;
                server.accepted = Some((ballot, proposal));
                server.is_decided = true;
            }
            RegisterMsg::Put(..)
            | RegisterMsg::Get(_)
            | RegisterMsg::PutOk(_)
            | RegisterMsg::GetOk(..)
            | RegisterMsg::Internal(Synod::Prepare(_) | Synod::Promise(..) | Synod::Accept(..) | Synod::Vote(_)) => {}
        }
    }
}
