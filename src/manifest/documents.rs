//! Reading Kubernetes objects from YAML or JSON: one, several documents, or a `List`, as `kubectl get -o yaml` prints.
//!
//! A text is read in two passes over each document. The first learns only the kinds, the second builds typed objects
//! of the kinds that placement knows; everything else is skipped and counted. So a file of a whole network plugin
//! passes, and a mistake in an object that matters is shown at its line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Budget, DuplicateKeyPolicy, MergeKeyPolicy, Options};

use super::excerpt::Excerpt;
use super::place::{Part, Reach, path};
use crate::text::in_plain_words;

/// Deepest nesting that is read; real objects stay below 30.
const DEPTH_MAX: usize = 200;

/// The objects of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// `DaemonSet`s, in order.
    pub daemon_sets: Vec<DaemonSet>,
    /// Of each of them, where it comes from.
    pub origins: Vec<Origin>,
    /// Nodes, in order.
    pub nodes: Vec<Node>,
    /// Pods, in order.
    pub pods: Vec<Pod>,
    /// How many objects of other kinds were skipped, by kind.
    pub skipped: BTreeMap<String, usize>,
    /// Fields that the kind of their object does not have, each path of a kind once.
    pub unknown_fields: BTreeMap<(Kind, String), UnknownField>,
}

/// Where a `DaemonSet` comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its `apiVersion`, if it says one.
    pub api_version: Option<String>,
    /// The line where the document begins that has it, from 1.
    pub line: usize,
}

/// Where a field was met that the kind of its object does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// The first object that has it: namespace, if it has one, and name.
    pub object: String,
    /// How many objects have it.
    pub objects: usize,
    /// The line where the first object has it, from 1.
    pub line: usize,
    /// The way there from the whole document.
    way: Vec<Part>,
}

/// A text that cannot be read, with the place.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{name}:{line}:{column}: {message}")]
pub struct DocumentError {
    /// Name of the text: a path, or `stdin`.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    #[source_code]
    excerpt: Arc<Excerpt>,
    #[label("here")]
    span: miette::SourceSpan,
}

impl DocumentError {
    fn at(name: &str, text: &str, line: usize, column: usize, message: &str) -> Self {
        let (excerpt, span) = Excerpt::around(name, text, line, column);
        let message = in_plain_words(message.lines().next().unwrap_or_default().trim_end_matches('.'));
        Self { name: name.to_owned(), line, column, message, excerpt: Arc::new(excerpt), span }
    }
}

/// Reads all objects of a text called `name`.
///
/// # Errors
/// At the first document that is malformed, and at the first `DaemonSet`, `Node` or `Pod` that is none.
pub fn read(name: &str, text: &str) -> Result<Documents, DocumentError> {
    let mut documents = Documents::default();
    for chunk in chunks(text) {
        let known = documents.origins.len();
        let start = chunk.text.find(|c: char| !c.is_whitespace());
        let located = |line: usize, column: usize, message: &str| {
            DocumentError::at(name, text, chunk.lines_before + line, column, message)
        };
        let read = match start.map(|start| chunk.text.as_bytes()[start]) {
            None => Ok(()),
            Some(b'{' | b'[') => read_json(&chunk, &mut documents),
            Some(_) => read_yaml(&chunk, &mut documents),
        };
        read.map_err(|error| located(error.line, error.column, &error.message))?;
        for origin in &mut documents.origins[known..] {
            origin.line += chunk.lines_before + 1;
        }
    }
    Ok(documents)
}

/// Whether a text holds no object at all: nothing, or only comments.
pub fn is_blank(text: &str) -> bool {
    chunks(text).is_empty()
}

/// A place within one chunk and what is wrong there.
struct Located {
    line: usize,
    column: usize,
    message: String,
}

/// A part of the text between two document markers.
struct Chunk<'a> {
    text: &'a str,
    lines_before: usize,
}

/// The text cut at its document markers. A line that begins with `---` is one wherever it stands: YAML allows it at
/// no other place, block scalars included.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let text_start = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut chunks = Vec::new();
    let (mut start, mut lines_before, mut offset) = (text_start, 0, text_start);
    for (line_number, line) in text[text_start..].split_inclusive('\n').enumerate() {
        if is_marker(line) && offset > start {
            chunks.push(Chunk { text: &text[start..offset], lines_before });
            (start, lines_before) = (offset, line_number);
        }
        offset += line.len();
    }
    chunks.push(Chunk { text: &text[start..], lines_before });
    chunks.retain(|chunk| chunk.text.lines().any(has_content));
    chunks
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Whether a line belongs to an object: not blank, no comment, no directive, no bare marker.
fn has_content(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim();
    !(line.is_empty() || line.starts_with('#') || line.starts_with('%') || line == "...")
}

fn read_yaml(chunk: &Chunk<'_>, documents: &mut Documents) -> Result<(), Located> {
    let text = chunk.text;
    let located = |error: &serde_saphyr::Error| {
        let location = error.location();
        let place = |of: fn(&serde_saphyr::Location) -> u64| {
            location.as_ref().and_then(|location| usize::try_from(of(location)).ok()).unwrap_or(1)
        };
        let (line, column) = (place(serde_saphyr::Location::line), place(serde_saphyr::Location::column));
        let message = error.to_string();
        let message = message.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&message).to_owned();
        Located { line, column, message }
    };
    // Kinds that are skipped may hold what strict reading refuses; only shape matters in the first pass.
    let lenient = yaml_options(text.len(), DuplicateKeyPolicy::LastWins);
    let outline: Outline = serde_saphyr::from_str_with_options(text, lenient).map_err(|error| located(&error))?;
    let Some(wanted) = Wanted::of(&outline, documents) else {
        return Ok(());
    };
    let strict = yaml_options(text.len(), DuplicateKeyPolicy::Error);
    let known = documents.origins.len();
    let seed = ObjectSeed { wanted: &wanted, documents };
    serde_saphyr::with_deserializer_from_str_with_options(text, strict, |yaml| seed.deserialize(yaml))
        .map_err(|error| located(&error))?;
    let blank = text.lines().take_while(|line| !has_content(line)).count();
    documents.origins[known..].iter_mut().for_each(|origin| origin.line = blank);
    documents.locate_unknown_fields(chunk.lines_before + blank, |way| {
        let lenient = yaml_options(text.len(), DuplicateKeyPolicy::LastWins);
        let reach = |yaml: serde_saphyr::Deserializer| Reach(way).deserialize(yaml);
        let error = serde_saphyr::with_deserializer_from_str_with_options(text, lenient, reach).err()?;
        Some(chunk.lines_before + usize::try_from(error.location()?.line()).ok()?)
    });
    Ok(())
}

/// Reading options for a document of this many bytes. The work is bounded by the size of the text: an alias cannot
/// make more of it.
fn yaml_options(bytes: usize, duplicate_keys: DuplicateKeyPolicy) -> Options {
    let mut budget = Budget::default();
    budget.max_events = budget.max_events.max(bytes);
    budget.max_nodes = budget.max_nodes.max(bytes);
    budget.max_total_scalar_bytes = budget.max_total_scalar_bytes.max(bytes);
    budget.max_depth = DEPTH_MAX;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.duplicate_keys = duplicate_keys;
    options.merge_keys = MergeKeyPolicy::Merge;
    options.legacy_octal_numbers = true;
    options.with_snippet = false;
    options
}

/// JSON: one object, or several behind one another.
fn read_json(chunk: &Chunk<'_>, documents: &mut Documents) -> Result<(), Located> {
    let text = chunk.text;
    let mut rest = text.strip_prefix("---").unwrap_or(text);
    while !rest.trim_start().is_empty() {
        let lines_before = text[..text.len() - rest.len()].matches('\n').count();
        let located = |error: &serde_json::Error| {
            let message = error.to_string();
            let suffix = format!(" at line {} column {}", error.line(), error.column());
            let message = message.strip_suffix(&suffix).unwrap_or(&message).to_owned();
            Located { line: lines_before + error.line().max(1), column: error.column().max(1), message }
        };
        let mut outlines = serde_json::Deserializer::from_str(rest).into_iter::<Outline>();
        let Some(outline) = outlines.next() else {
            break;
        };
        let outline = outline.map_err(|error| located(&error))?;
        let (object, behind) = rest.split_at(outlines.byte_offset());
        if let Some(wanted) = Wanted::of(&outline, documents) {
            let known = documents.origins.len();
            let seed = ObjectSeed { wanted: &wanted, documents };
            let read = seed.deserialize(&mut serde_json::Deserializer::from_str(object));
            read.map_err(|error| located(&error))?;
            let blank = object.len() - object.trim_start().len();
            let lines = lines_before + object[..blank].matches('\n').count();
            documents.origins[known..].iter_mut().for_each(|origin| origin.line = lines);
            documents.locate_unknown_fields(chunk.lines_before + lines, |way| {
                let error = Reach(way).deserialize(&mut serde_json::Deserializer::from_str(object)).err()?;
                Some(chunk.lines_before + lines_before + error.line())
            });
        }
        rest = behind;
    }
    Ok(())
}

/// A kind that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `DaemonSet`.
    DaemonSet,
    /// `Node`.
    Node,
    /// `Pod`.
    Pod,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DaemonSet => "DaemonSet",
            Self::Node => "Node",
            Self::Pod => "Pod",
        })
    }
}

impl Kind {
    /// The kind by its name and API group; other groups have kinds of the same names.
    fn of(api_version: Option<&str>, kind: &str) -> Option<Self> {
        let group = api_version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
        match (kind, group) {
            ("DaemonSet", None | Some("apps" | "extensions")) => Some(Self::DaemonSet),
            ("Node", None | Some("")) => Some(Self::Node),
            ("Pod", None | Some("")) => Some(Self::Pod),
            _ => None,
        }
    }
}

/// What the second pass reads of one object.
enum Wanted {
    Object(Kind),
    /// The kind of each item; absent: skipped.
    Items(Vec<Option<Kind>>),
}

impl Wanted {
    /// What to read of an object with this outline; what is not read is counted. Absent: nothing.
    fn of(outline: &Outline, documents: &mut Documents) -> Option<Self> {
        let Outline { is_object, kind, api_version, items } = outline;
        let list = kind.as_deref().and_then(|kind| kind.strip_suffix("List"));
        let Some((list, items)) = list.zip(items.as_ref()) else {
            return documents.kind_or_count(*is_object, api_version.as_deref(), kind.as_deref()).map(Self::Object);
        };
        let implied = Some(list).filter(|kind| !kind.is_empty());
        let kinds = items.iter().map(|item| {
            let api_version = item.api_version.as_deref().or(implied.and(api_version.as_deref()));
            documents.kind_or_count(item.is_object, api_version, item.kind.as_deref().or(implied))
        });
        let kinds: Vec<_> = kinds.collect();
        kinds.iter().any(Option::is_some).then_some(Self::Items(kinds))
    }
}

impl Documents {
    fn kind_or_count(&mut self, is_object: bool, api_version: Option<&str>, kind: Option<&str>) -> Option<Kind> {
        let known = kind.and_then(|kind| Kind::of(api_version, kind));
        if known.is_none() {
            let name = match (kind, api_version) {
                (None, _) if !is_object => "that is no object".to_owned(),
                (None, _) => "without kind".to_owned(),
                // A kind of the same name in another API group is told apart.
                (Some(kind), Some(api_version)) if Kind::of(None, kind).is_some() => {
                    format!("{kind} of {api_version}")
                }
                (Some(kind), _) => kind.to_owned(),
            };
            *self.skipped.entry(name).or_default() += 1;
        }
        known
    }
}

/// The first pass: kind, group and, of lists, the same of the items.
#[derive(Debug, Default)]
struct Outline {
    is_object: bool,
    kind: Option<String>,
    api_version: Option<String>,
    items: Option<Vec<Outline>>,
}

/// A value of which only one shape is of interest; every other shape is read and forgotten.
#[derive(Debug)]
enum Shape {
    Text(String),
    Map(Outline),
    Sequence(Vec<Outline>),
    Other,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Map(outline) => outline,
            Shape::Text(_) | Shape::Sequence(_) | Shape::Other => Self::default(),
        })
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut outline = Outline { is_object: true, ..Outline::default() };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "kind" | "apiVersion" => {
                    let text = match map.next_value::<Shape>()? {
                        Shape::Text(text) => Some(text),
                        Shape::Map(_) | Shape::Sequence(_) | Shape::Other => None,
                    };
                    *(if key == "kind" { &mut outline.kind } else { &mut outline.api_version }) = text;
                }
                "items" => {
                    outline.items = match map.next_value::<Shape>()? {
                        Shape::Sequence(items) => Some(items),
                        Shape::Text(_) | Shape::Map(_) | Shape::Other => None,
                    };
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Shape::Map(outline))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Shape::Sequence(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }
}

/// The second pass over one document.
struct ObjectSeed<'a> {
    wanted: &'a Wanted,
    documents: &'a mut Documents,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.wanted {
            Wanted::Object(kind) => {
                ItemSeed { kind: Some(*kind), way: Vec::new(), documents: self.documents }.deserialize(deserializer)
            }
            Wanted::Items(kinds) => deserializer.deserialize_map(ListVisitor { kinds, documents: self.documents }),
        }
    }
}

struct ListVisitor<'a> {
    kinds: &'a [Option<Kind>],
    documents: &'a mut Documents,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of Kubernetes objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                map.next_value_seed(ItemsSeed { kinds: self.kinds, documents: &mut *self.documents })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct ItemsSeed<'a> {
    kinds: &'a [Option<Kind>],
    documents: &'a mut Documents,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        for index in 0.. {
            let kind = self.kinds.get(index).copied().flatten();
            let way = vec![Part::Field("items".to_owned()), Part::Item(index)];
            if sequence.next_element_seed(ItemSeed { kind, way, documents: &mut *self.documents })?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// One object of a known kind, or one to skip.
struct ItemSeed<'a> {
    kind: Option<Kind>,
    /// The way to it from the whole document.
    way: Vec<Part>,
    documents: &'a mut Documents,
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.kind {
            None => IgnoredAny::deserialize(deserializer).map(drop),
            Some(Kind::DaemonSet) => {
                let (object, unknown) = with_unknown_ways::<AnyDaemonSet, _>(deserializer)?;
                self.documents.note(Kind::DaemonSet, &object.metadata, &self.way, unknown);
                let AnyDaemonSet { api_version, metadata, spec, status } = object;
                self.documents.daemon_sets.push(DaemonSet { metadata, spec, status });
                self.documents.origins.push(Origin { api_version, line: 0 });
                Ok(())
            }
            Some(Kind::Node) => {
                let (mut node, unknown) = with_unknown_ways::<Node, _>(deserializer)?;
                self.documents.note(Kind::Node, &node.metadata, &self.way, unknown);
                // Nobody here reads them, and in large clusters they are most of the text.
                node.metadata.managed_fields = None;
                if let Some(status) = &mut node.status {
                    status.images = None;
                }
                self.documents.nodes.push(node);
                Ok(())
            }
            Some(Kind::Pod) => {
                let (mut pod, unknown) = with_unknown_ways::<Pod, _>(deserializer)?;
                self.documents.note(Kind::Pod, &pod.metadata, &self.way, unknown);
                pod.metadata.managed_fields = None;
                self.documents.pods.push(pod);
                Ok(())
            }
        }
    }
}

/// Fields that the typed objects do not have and that are no mistake: the kind itself, which is read before, and what
/// former releases had. They decide nothing here.
const KNOWN_FIELDS: [&str; 5] =
    ["apiVersion", "kind", "metadata.clusterName", "metadata.initializers", "spec.templateGeneration"];

impl Documents {
    fn note(&mut self, kind: Kind, metadata: &ObjectMeta, object_way: &[Part], unknown: Vec<Vec<Part>>) {
        for way in unknown {
            let field = self.unknown_fields.entry((kind, path(&way))).or_insert_with(|| {
                let name = metadata.name.as_deref().unwrap_or("without name");
                let namespace = metadata.namespace.as_ref().map_or_else(String::new, |of| format!("{of}/"));
                let way = [object_way, &way].concat();
                UnknownField { object: format!("{namespace}{name}"), objects: 0, line: 0, way }
            });
            field.objects += 1;
        }
    }

    /// Gives the unknown fields of a document their lines, by the ways to them: that of the document's first, which
    /// `lines_before` precede, where the way leads nowhere.
    fn locate_unknown_fields(&mut self, lines_before: usize, line: impl Fn(&[Part]) -> Option<usize>) {
        for field in self.unknown_fields.values_mut().filter(|field| field.line == 0) {
            field.line = line(&field.way).unwrap_or(lines_before + 1);
        }
    }
}

/// Reads an object, and the paths of the fields that its type does not have, as `kubectl` writes them.
///
/// # Errors
///
/// If it is no object of that type.
pub fn with_unknown_fields<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(T, Vec<String>), D::Error> {
    let (object, ways) = with_unknown_ways(deserializer)?;
    Ok((object, ways.iter().map(|way| path(way)).collect()))
}

fn with_unknown_ways<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(T, Vec<Vec<Part>>), D::Error> {
    let mut ways = Vec::new();
    let object = serde_ignored::deserialize(deserializer, |path| ways.push(way(&path)))?;
    ways.retain(|way| !KNOWN_FIELDS.contains(&path(way).as_str()));
    Ok((object, ways))
}

fn way(path: &serde_ignored::Path<'_>) -> Vec<Part> {
    use serde_ignored::Path;
    let (parent, part) = match path {
        Path::Root => return Vec::new(),
        Path::Seq { parent, index } => (parent, Part::Item(*index)),
        Path::Map { parent, key } => (parent, Part::Field(key.clone())),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => return way(parent),
    };
    let mut parts = way(parent);
    parts.push(part);
    parts
}

/// A `DaemonSet` of any API version that ever had one; what placement reads is the same in all of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyDaemonSet {
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Option<DaemonSetSpec>,
    #[serde(default)]
    status: Option<DaemonSetStatus>,
}
