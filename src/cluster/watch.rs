//! Watch streams and informer stores (section 2.2).

use super::object::{List, Object, Objects};

/// One watch event: what one object is from one version on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event<T> {
    /// ADDED or MODIFIED.
    Put(T),
    /// DELETED, with the last state.
    Deleted(T),
    /// BOOKMARK (API-19).
    Bookmark,
}

/// An event with its resourceVersion, by rank among the versions of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Versioned<T> {
    /// The version.
    pub version: u8,
    /// The event.
    pub event: Event<T>,
}

impl<T> Versioned<T> {
    /// The event about what `change` makes of its object.
    #[must_use]
    pub fn map(self, change: impl FnOnce(T) -> T) -> Self {
        let event = match self.event {
            Event::Put(object) => Event::Put(change(object)),
            Event::Deleted(object) => Event::Deleted(change(object)),
            Event::Bookmark => Event::Bookmark,
        };
        Self { event, ..self }
    }
}

/// One subscriber of one resource type: its store, and the stream of events on their way to it (API-14).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Informer<T: Copy> {
    /// The store.
    pub store: Objects<T>,
    /// The version the store has reached.
    pub synced: u8,
    /// Events on their way, oldest first.
    pub stream: List<Versioned<T>>,
    /// Notifications that the store has passed on and the handler has not taken yet, oldest first (API-21).
    pub told: Vec<Notification<T>>,
}

impl<T: Copy> Clone for Informer<T> {
    fn clone(&self) -> Self {
        let Self { store, synced, stream, told } = self;
        Self { store: store.clone(), synced: *synced, stream: List::from_slice(stream), told: told.clone() }
    }
}

impl<T: Copy> Default for Informer<T> {
    fn default() -> Self {
        Self { store: Objects::default(), synced: 0, stream: List::new(), told: Vec::new() }
    }
}

/// What a handler is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notification<T> {
    /// `OnAdd`.
    Added(T),
    /// `OnUpdate`: old, new.
    Updated(T, T),
    /// `OnDelete`, with the last known state.
    Deleted(T),
}

impl<T: Object> Informer<T> {
    /// A subscriber whose list is `objects` at `version`.
    pub fn listed(objects: &Objects<T>, version: u8) -> Self {
        Self { store: objects.clone(), synced: version, stream: List::new(), told: Vec::new() }
    }

    /// The same list and stream about what `change` makes of each object; nobody was told of one yet.
    #[must_use]
    pub fn map(mut self, change: impl Fn(T) -> T) -> Self {
        self.store.0.iter_mut().for_each(|object| *object = change(*object));
        self.stream.iter_mut().for_each(|event| *event = event.map(&change));
        self
    }

    /// Everything that it shows, or is about to show or to tell: store, events, notifications.
    pub fn shown(&self) -> impl Iterator<Item = &T> {
        let events = self.stream.iter().filter_map(|versioned| match &versioned.event {
            Event::Put(object) | Event::Deleted(object) => Some(object),
            Event::Bookmark => None,
        });
        let told = self.told.iter().flat_map(|notification| match notification {
            Notification::Added(object) | Notification::Deleted(object) => [object, object],
            Notification::Updated(old, new) => [old, new],
        });
        self.store.iter().chain(events).chain(told)
    }

    /// The same subscriber once it has taken the `seen` oldest events on their way, telling nobody.
    #[must_use]
    pub fn advanced(&self, seen: usize) -> Self {
        let mut later = self.clone();
        later.sort();
        for event in later.stream.drain(..seen).collect::<Vec<_>>() {
            later.apply(event);
        }
        later
    }

    /// Puts the stream in the order of the API server again, from that of the informer's queue (API-22).
    fn sort(&mut self) {
        self.stream.sort_by_key(|event| event.version);
    }

    /// Applies `event` to the store (API-21), and says what the handler is told.
    pub fn apply(&mut self, event: Versioned<T>) -> Option<Notification<T>> {
        self.synced = self.synced.max(event.version);
        match event.event {
            Event::Put(object) => Some(match self.store.put(object) {
                Some(old) => Notification::Updated(old, object),
                None => Notification::Added(object),
            }),
            // An object never seen alive was put and deleted between two lists; the store says nothing (API-17).
            Event::Deleted(object) => self.store.remove(object.name()).map(|_| Notification::Deleted(object)),
            Event::Bookmark => None,
        }
    }

    /// Replaces the store by what `list` shows, and watches from there (API-17): what the handlers are told, deletions
    /// last. An object that was written in between is told of although it looks as it did: its version has changed.
    pub fn replace(&mut self, list: Self) -> List<Notification<T>> {
        self.sort();
        let missed = &self.stream[..self.stream.len().saturating_sub(list.stream.len())];
        let written =
            |object: &T| missed.iter().any(|one| matches!(&one.event, Event::Put(put) if put.name() == object.name()));
        let mut told = List::new();
        for object in &list.store {
            match self.store.get(object.name()) {
                None => told.push(Notification::Added(*object)),
                Some(old) if old == object && !written(object) => {}
                Some(old) => told.push(Notification::Updated(*old, *object)),
            }
        }
        for old in self.store.iter().filter(|old| list.store.get(old.name()).is_none()) {
            told.push(Notification::Deleted(*old)); // API-18: with the last known state
        }
        self.store = list.store;
        self.stream = list.stream;
        self.synced = list.synced;
        told
    }
}
