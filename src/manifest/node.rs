//! The part of a node that placement reads (OBJ-15).

use k8s_openapi::api::core::v1::{Node, Taint};

use super::label::{self, Labels};

/// Name, labels and taints of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.labels`.
    pub labels: &'a Labels,
    /// `spec.taints`.
    pub taints: &'a [Taint],
}

impl<'a> NodeView<'a> {
    /// The view of a node.
    pub fn of(node: &'a Node) -> Self {
        Self {
            name: name(node),
            labels: label::or_none(node.metadata.labels.as_ref()),
            taints: node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default(),
        }
    }
}

/// `metadata.name` of a node; absent is "".
pub fn name(node: &Node) -> &str {
    node.metadata.name.as_deref().unwrap_or_default()
}

/// A taint as `kubectl describe` writes it: `key=value:effect`.
pub fn taint_text(taint: &Taint) -> String {
    match taint.value.as_deref() {
        None | Some("") => format!("{}:{}", taint.key, taint.effect),
        Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
    }
}
