//! A list in pieces, which grows without copying and is given up piece by piece.

use std::collections::VecDeque;

/// Elements of a piece: how many states make a batch, and so how often limits are looked at. The same for any number of
/// threads, so that a run that is cut does not depend on it either.
pub(super) const SEGMENT: usize = 1 << 12;

/// An append-only list in pieces of [`SEGMENT`] elements.
#[derive(Debug)]
pub(super) struct Segments<T>(VecDeque<Vec<T>>);

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Segments<T> {
    pub(super) fn push(&mut self, value: T) {
        match self.0.back_mut() {
            Some(piece) if piece.len() < SEGMENT => piece.push(value),
            // A first piece grows as needed: most levels of a small model are small.
            None => self.0.push_back(vec![value]),
            Some(_) => {
                let mut piece = Vec::with_capacity(SEGMENT);
                piece.push(value);
                self.0.push_back(piece);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.back().map_or(0, |last| (self.0.len() - 1) * SEGMENT + last.len())
    }

    /// Takes the first piece away.
    pub(super) fn pop_piece(&mut self) -> Option<Vec<T>> {
        self.0.pop_front()
    }
}
