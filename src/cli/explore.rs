//! `everynode explore`: stateright's own Explorer on a model.

use std::net::{Ipv4Addr, SocketAddrV4};

use miette::Report;
use stateright::Model;

use super::args::ExploreArgs;
use super::output::say;
use super::{AS_EXPECTED, bad_input, select};
use crate::model::compose::DaemonSetModel;

/// Serves the model on loopback until it is interrupted.
pub fn run(args: &ExploreArgs) -> Result<u8, Report> {
    let profile = args.profile.as_deref().map(select::profile).transpose()?;
    let file = select::model(&args.model, profile)?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, args.port);
    std::net::TcpListener::bind(address).map_err(|error| {
        bad_input::with_help(format!("cannot serve on {address}: {error}"), "choose another --port")
    })?;
    say!("{} on http://{address} (end with Ctrl-C)", file.scope.name);
    DaemonSetModel::new(file.scope, &[]).checker().serve(address);
    Ok(AS_EXPECTED)
}
