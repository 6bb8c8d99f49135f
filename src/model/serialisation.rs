//! The templates of a `DaemonSet` as a controller process serialises them (DS-B52).
//!
//! A new version of the controller may serialise a template that nobody changed with one field more. The API server stores
//! what users write; what an upgraded process shows of it, and so the bytes that it compares and hashes, is the other form.

use super::state::Process;
use crate::cluster::object::DaemonSetObject;
use crate::scope::Scope;

/// The `DaemonSet` as `process` serialises it.
pub fn read_by(scope: &Scope, process: &Process, object: DaemonSetObject) -> DaemonSetObject {
    let template = usize::from(object.template);
    let template = scope.templates[template].reserialised.filter(|_| process.upgraded).unwrap_or(object.template);
    DaemonSetObject { template, ..object }
}
