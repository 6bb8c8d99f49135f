//! `everynode explore`: stateright's own Explorer on a model.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};

use std::sync::Arc;

use miette::Report;
use stateright::Model;

use super::args::ExploreArgs;
use super::output::say;
use super::{AS_EXPECTED, bad_input, select};
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::narrative;
use crate::model::picture::Picture;
use crate::model::state::State;
use crate::model::step_name;
use crate::model::walk::{PodNames, Walk};

/// Serves the model on loopback until it is interrupted.
pub fn run(args: &ExploreArgs) -> Result<u8, Report> {
    let file = select::model(&args.model, args.profile)?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, args.port);
    std::net::TcpListener::bind(address).map_err(|error| {
        bad_input::with_help(format!("cannot serve on {address}: {error}"), "choose another --port")
    })?;
    say!("{} on http://{address} (end with Ctrl-C)", file.scope.name);
    Explored(Arc::new(DaemonSetModel::new(file.scope, &[]))).checker().serve(address);
    Ok(AS_EXPECTED)
}

/// The model with its states and steps in words, for stateright's Explorer.
struct Explored(Arc<DaemonSetModel>);

/// A state that knows the names of its scope.
#[derive(Clone)]
struct Named {
    state: State,
    model: Arc<DaemonSetModel>,
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

impl Hash for Named {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picture = Picture { scope: &self.model.scope, cluster: &self.state.open(), pods: &PodNames::by_rank() };
        write!(out, "{picture}")
    }
}

impl Model for Explored {
    type State = Named;
    type Action = Action;

    fn init_states(&self) -> Vec<Named> {
        self.0.init_states().into_iter().map(|state| Named { state, model: self.0.clone() }).collect()
    }

    fn actions(&self, named: &Named, actions: &mut Vec<Action>) {
        self.0.actions(&named.state, actions);
    }

    fn next_state(&self, named: &Named, action: Action) -> Option<Named> {
        self.0.next_state(&named.state, action).map(|state| Named { state, model: self.0.clone() })
    }

    fn format_action(&self, action: &Action) -> String {
        step_name::label(&self.0.scope, action).to_string()
    }

    /// What the step does, as a counterexample tells it.
    fn format_step(&self, named: &Named, action: Action) -> Option<String> {
        let walk = Walk::at(&self.0, named.state.open());
        let after = walk.after(&action)?;
        let line = narrative::line(&walk, &action, &after);
        let sees = line.sees.map_or_else(String::new, |sees| format!("\nits caches show {sees}"));
        Some(format!("{}: {}{sees}", line.who, line.what))
    }

    /// What is broken in a state; claims about steps are told by `everynode check`.
    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::always("a state opens to what was sealed", |_, named: &Named| {
            State::of(&named.state.open()) == named.state
        })]
    }
}
