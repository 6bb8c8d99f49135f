//! Where a field stands in its text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A field of a map.
    Field(String),
    /// An item of a list, from 0.
    Item(usize),
}

/// The way to a field as `kubectl` writes it: `spec.containers[0].image`.
pub fn path(way: &[Part]) -> String {
    let mut text = String::new();
    for part in way {
        match part {
            Part::Field(name) if text.is_empty() => text.push_str(name),
            Part::Field(name) => text.extend([".", name]),
            Part::Item(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

/// Reads a value as far as the field that the way leads to, and fails at its name, so that the error has its place.
/// Succeeds if there is no such field.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a>(pub &'a [Part]);

impl<'de> DeserializeSeed<'de> for Reach<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reach<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (first, rest) = self.0.split_first().map_or((None, self.0), |(first, rest)| (Some(first), rest));
        while let Some(is_on_the_way) = map.next_key_seed(Name { wanted: first, is_last: rest.is_empty() })? {
            if is_on_the_way {
                map.next_value_seed(Reach(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        for index in 0.. {
            let item = match self.0.split_first() {
                Some((Part::Item(wanted), rest)) if *wanted == index => sequence.next_element_seed(Reach(rest))?,
                Some(_) | None => sequence.next_element::<IgnoredAny>()?.map(drop),
            };
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads the name of a field: whether it is the wanted one. Fails at that if it is the last of the way.
struct Name<'a> {
    wanted: Option<&'a Part>,
    is_last: bool,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let is_wanted = matches!(self.wanted, Some(Part::Field(name)) if name == text);
        if is_wanted && self.is_last { Err(E::custom("here it is")) } else { Ok(is_wanted) }
    }
}
