//! A list in pieces, which grows without copying and can be dropped piece by piece.

use std::collections::VecDeque;

/// Elements of one piece: how many states make a batch, and so how often limits are looked at. No result depends on
/// threads because this does not.
pub(super) const SEGMENT: usize = 1 << 14;

/// An append-only list in pieces of [`SEGMENT`] elements.
pub(super) struct Segments<T> {
    pieces: VecDeque<Vec<T>>,
}

impl<T> Segments<T> {
    pub(super) const fn new() -> Self {
        Self {
            pieces: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, value: T) {
        match self.pieces.back_mut() {
            Some(piece) if piece.len() < SEGMENT => piece.push(value),
            // A first piece grows as needed: most levels of a small model are small.
            None => self.pieces.push_back(vec![value]),
            Some(_) => {
                let mut piece = Vec::with_capacity(SEGMENT);
                piece.push(value);
                self.pieces.push_back(piece);
            }
        }
    }

    pub(super) fn get(&self, index: usize) -> &T {
        &self.pieces[index / SEGMENT][index % SEGMENT]
    }

    pub(super) fn len(&self) -> usize {
        self.pieces
            .back()
            .map_or(0, |last| (self.pieces.len() - 1) * SEGMENT + last.len())
    }

    /// Takes the first piece away.
    pub(super) fn pop_piece(&mut self) -> Option<Vec<T>> {
        self.pieces.pop_front()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.pieces
            .iter()
            .map(|piece| (piece.capacity() * size_of::<T>()) as u64)
            .sum()
    }
}
