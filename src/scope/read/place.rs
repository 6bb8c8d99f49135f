//! Where things stand in a model file.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// The file as TOML has it, each key and value with its place.
pub(super) struct Places<'a>(Option<Spanned<DeTable<'a>>>);

/// A key and its value.
type Entry<'a, 'b> = (Option<Range<usize>>, &'b Spanned<DeValue<'a>>);

impl<'a> Places<'a> {
    /// Of a text; of one that is no TOML there are none.
    pub(super) fn of(text: &'a str) -> Self {
        Self(DeTable::parse(text).ok())
    }

    /// Where the value at `path` stands, keys and numbers of list items; where it is a table, its key. Of a path that goes
    /// on below what the file has, the last part that it has.
    pub(super) fn span(&self, path: &[&str]) -> Option<Range<usize>> {
        let (key, value) = self.entries(path).pop()?;
        let is_table = value.get_ref().is_table();
        Some(key.filter(|_| is_table).unwrap_or_else(|| value.span()))
    }

    /// Where the last key of `path` stands.
    pub(super) fn key_span(&self, path: &[&str]) -> Option<Range<usize>> {
        self.entries(path).last()?.0.clone()
    }

    /// The value at `path` as a `T`.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, toml::de::Error> {
        let found = self.entries(path);
        let value = found.last().filter(|_| found.len() == path.len()).map(|(_, value)| (*value).clone());
        T::deserialize(ValueDeserializer::from(value.expect("the path was read from the file")))
    }

    /// Each part of `path` that the file has.
    fn entries(&self, path: &[&str]) -> Vec<Entry<'a, '_>> {
        let mut found: Vec<Entry<'a, '_>> = Vec::new();
        for part in path {
            let next = match found.last().map(|(_, value)| value.get_ref()) {
                None => self.0.as_ref().and_then(|table| in_table(table.get_ref(), part)),
                Some(DeValue::Table(table)) => in_table(table, part),
                Some(DeValue::Array(list)) => {
                    part.parse::<usize>().ok().and_then(|index| list.get(index)).map(|value| (None, value))
                }
                Some(
                    DeValue::String(_)
                    | DeValue::Integer(_)
                    | DeValue::Float(_)
                    | DeValue::Boolean(_)
                    | DeValue::Datetime(_),
                ) => None,
            };
            let Some(next) = next else { break };
            found.push(next);
        }
        found
    }
}

fn in_table<'a, 'b>(table: &'b DeTable<'a>, key: &str) -> Option<Entry<'a, 'b>> {
    let (key, value) = table.iter().find(|(known, _)| known.get_ref() == key)?;
    Some((Some(key.span()), value))
}
