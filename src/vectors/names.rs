//! Names, uids, labels and templates of one vector as the small numbers that the records hold.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::controller::handlers::Key;
use crate::controller::record::{NodeName, PodName, ResourceVersion, Symbol, TemplateId, Uid};

/// The numbers of one vector.
#[derive(Debug, Default)]
pub struct Names {
    texts: RefCell<Texts>,
    /// Every pod name that can occur, sorted.
    pods: Vec<String>,
    templates: RefCell<Vec<Value>>,
}

#[derive(Debug, Default)]
struct Texts {
    numbers: FxHashMap<String, u32>,
    texts: Vec<String>,
}

impl Names {
    /// Numbers for a vector in which these pod names can occur.
    pub fn new(mut pods: Vec<String>) -> Self {
        pods.sort_unstable();
        pods.dedup();
        let names = Self { pods, ..Self::default() };
        names.symbol(""); // The first number is that of the empty text, as `Symbol::EMPTY` says.
        names
    }

    fn number(&self, text: &str) -> u32 {
        let mut texts = self.texts.borrow_mut();
        if let Some(number) = texts.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(texts.texts.len()).expect("a vector has few names");
        texts.texts.push(text.to_owned());
        texts.numbers.insert(text.to_owned(), number);
        number
    }

    fn text(&self, number: u32) -> String {
        self.texts.borrow().texts[number as usize].clone()
    }

    /// A label value or a name.
    pub fn symbol(&self, text: &str) -> Symbol {
        Symbol(self.number(text))
    }

    /// Its text.
    pub fn symbol_text(&self, symbol: Symbol) -> String {
        self.text(symbol.0)
    }

    /// A uid.
    pub fn uid(&self, text: &str) -> Uid {
        Uid(self.number(text))
    }

    /// Its text.
    pub fn uid_text(&self, uid: Uid) -> String {
        self.text(uid.0)
    }

    /// A node's name.
    pub fn node(&self, text: &str) -> NodeName {
        NodeName(self.number(text))
    }

    /// Its text.
    pub fn node_text(&self, node: NodeName) -> String {
        self.text(node.0)
    }

    /// A work-queue key, by namespace and name.
    pub fn key(&self, namespace: &str, name: &str) -> Key {
        // `MetaNamespaceKeyFunc`: no slash without a namespace.
        Key(if namespace.is_empty() { self.number(name) } else { self.number(&format!("{namespace}/{name}")) })
    }

    /// Its text.
    pub fn key_text(&self, key: Key) -> String {
        self.text(key.0)
    }

    /// A resourceVersion; none where none is written.
    pub fn version(&self, text: &str) -> Option<ResourceVersion> {
        let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            _ if text.is_empty() => None,
            Ok(number) if decimal => Some(ResourceVersion(number)),
            _ => Some(ResourceVersion::incomparable(self.number(text))),
        }
    }

    /// Its text.
    pub fn version_text(&self, version: Option<ResourceVersion>) -> String {
        match version {
            None => String::new(),
            Some(version) => {
                version.as_incomparable().map_or_else(|| version.0.to_string(), |number| self.text(number))
            }
        }
    }

    /// A pod's name.
    ///
    /// # Panics
    ///
    /// If it was not among those that can occur.
    pub fn pod(&self, text: &str) -> PodName {
        let index = self.pods.binary_search_by(|name| name.as_str().cmp(text)).expect("every pod name was collected");
        PodName(u32::try_from(index).expect("a vector has few pods"))
    }

    /// A pod's name in an event. One that cannot occur in a list is none that a sync asked for: all of those are one.
    pub fn pod_of_event(&self, text: &str) -> PodName {
        let known = self.pods.binary_search_by(|name| name.as_str().cmp(text)).ok();
        PodName(known.and_then(|index| u32::try_from(index).ok()).unwrap_or(u32::MAX))
    }

    /// Its text.
    pub fn pod_text(&self, pod: PodName) -> &str {
        &self.pods[pod.0 as usize]
    }

    /// A template; equal numbers for equal JSON.
    ///
    /// # Panics
    ///
    /// If there are more templates than numbers.
    pub fn template(&self, template: &Value) -> TemplateId {
        let mut templates = self.templates.borrow_mut();
        let index = templates.iter().position(|known| known == template).unwrap_or_else(|| {
            templates.push(template.clone());
            templates.len() - 1
        });
        TemplateId(u32::try_from(index).expect("a vector has few templates"))
    }

    /// The template as JSON.
    pub fn template_json(&self, template: TemplateId) -> Value {
        self.templates.borrow()[template.0 as usize].clone()
    }
}
