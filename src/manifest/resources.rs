//! What pods take of a node: cpu, memory, storage, extended resources, places and host ports (LEG-3).
//!
//! Mirrors `NodeInfo`, `PodFitsResources` and `PodFitsHostPorts` of the scheduler of 1.11 and 1.12, which the
//! controller called in those releases.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::label::is_qualified_name;
use super::quantity::{QuantityError, milli_value, value};

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of a core.
    milli_cpu: i64,
    /// Bytes.
    memory: i64,
    /// Bytes.
    ephemeral_storage: i64,
    /// Extended resources, huge pages and the like, in their own units.
    scalars: BTreeMap<String, i64>,
}

/// One resource of which a node has too little.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shortage {
    /// The resource: `cpu`, `memory`, `pods`, `example.com/gpu`, ...
    pub resource: String,
    /// What the pod asks for. Units: thousandths for cpu, bytes for memory and storage, pieces otherwise.
    pub requested: i64,
    /// What the node's pods have asked for already.
    pub used: i64,
    /// What the node can give.
    pub allocatable: i64,
}

type Quantities = BTreeMap<String, Quantity>;

impl Amounts {
    fn add(&mut self, quantities: &Quantities) -> Result<(), QuantityError> {
        self.merge(quantities, i64::saturating_add)
    }

    fn raise_to(&mut self, quantities: &Quantities) -> Result<(), QuantityError> {
        self.merge(quantities, i64::max)
    }

    fn merge(&mut self, quantities: &Quantities, merge: fn(i64, i64) -> i64) -> Result<(), QuantityError> {
        for (name, quantity) in quantities {
            let (amount, addition) = match name.as_str() {
                "cpu" => (&mut self.milli_cpu, milli_value(quantity)?),
                "memory" => (&mut self.memory, value(quantity)?),
                "ephemeral-storage" => (&mut self.ephemeral_storage, value(quantity)?),
                name if is_scalar(name) => (self.scalars.entry(name.to_owned()).or_default(), value(quantity)?),
                _ => continue,
            };
            *amount = merge(*amount, addition);
        }
        Ok(())
    }

    /// What a pod asks for: the sum over its containers, or one init container if that asks for more.
    ///
    /// # Errors
    /// If a request is no quantity.
    pub fn requested(spec: &PodSpec) -> Result<Self, QuantityError> {
        let mut amounts = Self::of_containers(spec)?;
        for container in spec.init_containers.iter().flatten() {
            if let Some(requests) = container.resources.as_ref().and_then(|resources| resources.requests.as_ref()) {
                amounts.raise_to(requests)?;
            }
        }
        Ok(amounts)
    }

    /// What a pod on a node is charged for; its init containers are not looked at.
    fn of_containers(spec: &PodSpec) -> Result<Self, QuantityError> {
        let mut amounts = Self::default();
        for container in &spec.containers {
            if let Some(requests) = container.resources.as_ref().and_then(|resources| resources.requests.as_ref()) {
                amounts.add(requests)?;
            }
        }
        Ok(amounts)
    }

    fn is_nothing(&self) -> bool {
        self.milli_cpu == 0 && self.memory == 0 && self.ephemeral_storage == 0 && self.scalars.is_empty()
    }
}

/// Whether a resource other than the three known ones is counted. Mirrors `IsScalarResourceName`.
fn is_scalar(name: &str) -> bool {
    let native = !name.contains('/') || name.contains("kubernetes.io/");
    let extended = !native && !name.starts_with("requests.") && is_qualified_name(&format!("requests.{name}"));
    extended
        || name.starts_with("hugepages-")
        || name.starts_with("attachable-volumes-")
        || name.contains("kubernetes.io/")
}

/// What a node lacks for one more pod that asks for `requested`, beside `pods`. Mirrors `PodFitsResources`.
///
/// # Errors
/// If an amount of the node or of a pod there is no quantity.
pub fn shortages(node: &Node, requested: &Amounts, pods: &[&Pod]) -> Result<Vec<Shortage>, QuantityError> {
    let nothing = Quantities::new();
    let allocatable = node.status.as_ref().and_then(|status| status.allocatable.as_ref()).unwrap_or(&nothing);
    let mut shortages = Vec::new();
    let mut check = |resource: &str, requested: i64, used: i64, allocatable: i64| {
        if allocatable < requested.saturating_add(used) {
            shortages.push(Shortage { resource: resource.to_owned(), requested, used, allocatable });
        }
    };
    let places = allocatable.get("pods").map_or(Ok(0), value)?;
    check("pods", 1, i64::try_from(pods.len()).unwrap_or(i64::MAX), places);
    if requested.is_nothing() {
        return Ok(shortages);
    }
    let mut has = Amounts::default();
    has.add(allocatable)?;
    let mut used = Amounts::default();
    for spec in pods.iter().filter_map(|pod| pod.spec.as_ref()) {
        let pod = Amounts::of_containers(spec)?;
        used.milli_cpu = used.milli_cpu.saturating_add(pod.milli_cpu);
        used.memory = used.memory.saturating_add(pod.memory);
        used.ephemeral_storage = used.ephemeral_storage.saturating_add(pod.ephemeral_storage);
        for (name, amount) in pod.scalars {
            let sum = used.scalars.entry(name).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    check("cpu", requested.milli_cpu, used.milli_cpu, has.milli_cpu);
    check("memory", requested.memory, used.memory, has.memory);
    check("ephemeral-storage", requested.ephemeral_storage, used.ephemeral_storage, has.ephemeral_storage);
    for (name, amount) in &requested.scalars {
        let of = |amounts: &Amounts| amounts.scalars.get(name).copied().unwrap_or(0);
        check(name, *amount, of(&used), of(&has));
    }
    Ok(shortages)
}

/// A port of the node that a pod binds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// Address it binds; every address is `0.0.0.0`.
    pub ip: String,
    /// `TCP`, `UDP`, ...
    pub protocol: String,
    /// The port, at least 1.
    pub port: i32,
}

const EVERY_ADDRESS: &str = "0.0.0.0";

impl HostPort {
    /// Two pods cannot both bind: same protocol and port, and the same address or one of them every address.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let overlap = self.ip == other.ip || self.ip == EVERY_ADDRESS || other.ip == EVERY_ADDRESS;
        overlap && self.protocol == other.protocol && self.port == other.port
    }
}

/// Whether a port of `asked` conflicts with one of `taken`.
pub fn conflict(asked: &[HostPort], taken: &[HostPort]) -> bool {
    asked.iter().any(|one| taken.iter().any(|other| one.conflicts_with(other)))
}

/// The host ports of a pod's containers; init containers are not looked at.
pub fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let or = |text: Option<&String>, default: &str| match text.map(String::as_str) {
        None | Some("") => default.to_owned(),
        Some(text) => text.to_owned(),
    };
    let ports = spec.containers.iter().flat_map(|container| container.ports.iter().flatten());
    let bound = ports.filter_map(|port| Some((port, port.host_port.filter(|number| *number > 0)?)));
    bound
        .map(|(port, number)| HostPort {
            ip: or(port.host_ip.as_ref(), EVERY_ADDRESS),
            protocol: or(port.protocol.as_ref(), "TCP"),
            port: number,
        })
        .collect()
}

/// The first of `wanted` that a pod among `pods` holds already, with that pod. Mirrors `PodFitsHostPorts`.
pub fn taken_port<'a>(wanted: &'a [HostPort], pods: &[&'a Pod]) -> Option<(&'a HostPort, &'a Pod)> {
    if wanted.is_empty() {
        return None;
    }
    let held = pods.iter().filter_map(|pod| Some((*pod, host_ports(pod.spec.as_ref()?))));
    let mut conflicts = held.filter_map(|(pod, held)| {
        let taken = wanted.iter().find(|port| held.iter().any(|other| port.conflicts_with(other)))?;
        Some((taken, pod))
    });
    conflicts.next()
}
