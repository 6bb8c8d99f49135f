//! Nodes and their variants.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node as RealNode, NodeSpec as RealNodeSpec, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{Read, Reader};
use crate::manifest::label::{is_label_value, is_qualified_name};
use crate::scope::types::{KubeletKind, NodeSpec};

impl Reader<'_> {
    pub(super) fn variants(&self, table: &toml::Table) -> Read<Vec<(String, RealNode)>> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Variant {
            labels: BTreeMap<String, String>,
            taints: Vec<String>,
        }
        if table.is_empty() {
            return Ok(vec![("plain".to_owned(), RealNode::default())]);
        }
        let mut variants = Vec::new();
        for name in table.keys() {
            let variant: Variant = self.section("variants", name)?;
            for (key, value) in &variant.labels {
                if !is_qualified_name(key) || !is_label_value(value) {
                    let message = format!("the API server refuses the label `{key}: {value}`");
                    return Err(self.at(&["variants", name, "labels", key], message));
                }
            }
            let mut taints: Vec<Taint> = Vec::new();
            for (number, text) in variant.taints.iter().enumerate() {
                let place = ["variants", name, "taints", &number.to_string()];
                let taint = parse_taint(text).ok_or_else(|| {
                    self.at(&place, format!("`{text}` is no taint; write key=value:NoSchedule or key:NoExecute"))
                })?;
                if taints.iter().any(|other| other.key == taint.key && other.effect == taint.effect) {
                    let message = format!("a node has one taint of the key `{}` and that effect", taint.key);
                    return Err(self.at(&place, message));
                }
                taints.push(taint);
            }
            let node = RealNode {
                metadata: ObjectMeta { labels: Some(variant.labels), ..ObjectMeta::default() },
                spec: Some(RealNodeSpec { taints: Some(taints), ..RealNodeSpec::default() }),
                ..RealNode::default()
            };
            variants.push((name.clone(), node));
        }
        Ok(variants)
    }

    pub(super) fn nodes(&self, table: &toml::Table, variants: &[String]) -> Read<Vec<NodeSpec>> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Node {
            variant: Option<String>,
            #[serde(default)]
            absent: bool,
            kubelet: Option<String>,
            room: Option<bool>,
        }
        let mut nodes = Vec::new();
        for (name, value) in table {
            let node = if let toml::Value::String(variant) = value {
                Node { variant: Some(variant.clone()), absent: false, kubelet: None, room: None }
            } else {
                self.section("nodes", name)?
            };
            let variant = node.variant.as_deref().unwrap_or(&variants[0]);
            let index = variants.iter().position(|known| known == variant).ok_or_else(|| {
                let message =
                    format!("node `{name}`: no variant is called `{variant}`; there are {}", variants.join(", "));
                self.at(&["nodes", name, "variant"], message)
            })?;
            let kubelet = match node.kubelet.as_deref() {
                None | Some("runs") => KubeletKind::Runs,
                Some("rejects") => KubeletKind::Rejects,
                Some("silent") => KubeletKind::Silent,
                Some("away") => KubeletKind::Away,
                Some("keeps") => KubeletKind::Keeps,
                Some(other) => {
                    let message = format!(
                        "node `{name}`: a kubelet `runs`, `rejects`, `keeps`, or is `silent` or `away`, not `{other}`"
                    );
                    return Err(self.at(&["nodes", name, "kubelet"], message));
                }
            };
            nodes.push(NodeSpec {
                name: name.clone(),
                variant: (!node.absent).then(|| u8::try_from(index).unwrap_or(u8::MAX)),
                kubelet,
                room: node.room.unwrap_or(true),
            });
        }
        Ok(nodes)
    }
}

/// `key=value:Effect` or `key:Effect`, as the API server takes it.
fn parse_taint(text: &str) -> Option<Taint> {
    let (left, effect) = text.rsplit_once(':')?;
    let (key, value) = match left.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (left, None),
    };
    let is_effect = matches!(effect, "NoSchedule" | "NoExecute" | "PreferNoSchedule");
    if !is_effect || !is_qualified_name(key) || value.as_ref().is_some_and(|value| !is_label_value(value)) {
        return None;
    }
    Some(Taint { key: key.to_owned(), value, effect: effect.to_owned(), ..Taint::default() })
}
