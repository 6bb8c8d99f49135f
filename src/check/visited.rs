//! The set of visited states, by fingerprint.

use std::num::NonZeroU64;
use std::ops::Range;

/// Number of shards, a power of two. Each grows on its own, so that growing needs little memory at once, and each has
/// one owner while fingerprints are inserted.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 6;

/// A set of fingerprints, sharded by their first bits.
pub(super) struct Visited {
    shards: Vec<Shard>,
}

impl Visited {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }

    #[inline]
    pub(super) fn contains(&self, fingerprint: NonZeroU64) -> bool {
        self.shards[shard_of(fingerprint)].contains(fingerprint)
    }

    #[cfg(test)]
    fn insert(&mut self, fingerprint: NonZeroU64) -> bool {
        self.shards[shard_of(fingerprint)].insert(fingerprint)
    }

    /// Splits the set into at most `owners` parts, to insert into from one thread each.
    pub(super) fn parts(&mut self, owners: usize) -> impl Iterator<Item = Part<'_>> {
        let size = SHARDS.div_ceil(owners.max(1));
        self.shards
            .chunks_mut(size)
            .enumerate()
            .map(move |(part, shards)| {
                let first = part * size;
                Part {
                    owned: first..first + shards.len(),
                    shards,
                }
            })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| (shard.places.len() * size_of::<u64>()) as u64)
            .sum()
    }
}

/// Some of the shards, with their owner.
pub(super) struct Part<'a> {
    owned: Range<usize>,
    shards: &'a mut [Shard],
}

impl Part<'_> {
    /// Whether `fingerprint` belongs here and was not in the set; it is now.
    #[inline]
    pub(super) fn insert_if_owned(&mut self, fingerprint: NonZeroU64) -> bool {
        let shard = shard_of(fingerprint);
        self.owned.contains(&shard) && self.shards[shard - self.owned.start].insert(fingerprint)
    }
}

#[inline]
const fn shard_of(fingerprint: NonZeroU64) -> usize {
    // The shift leaves SHARD_BITS bits.
    (fingerprint.get() >> (u64::BITS - SHARD_BITS)) as usize
}

/// Open addressing with linear probing. Home places keep the order of fingerprints, so that growing reads and writes
/// memory in sequence.
#[derive(Default)]
struct Shard {
    /// Fingerprints; 0 is an empty place.
    places: Vec<u64>,
    len: usize,
}

impl Shard {
    const PLACES_MIN: usize = 32;

    #[inline]
    fn contains(&self, fingerprint: NonZeroU64) -> bool {
        !self.places.is_empty() && self.places[self.place(fingerprint)] != 0
    }

    /// Grows by what it holds and not by what it is asked, so that its size is the same in every run.
    #[inline]
    fn insert(&mut self, fingerprint: NonZeroU64) -> bool {
        if self.places.is_empty() {
            self.grow();
        }
        let place = self.place(fingerprint);
        let new = self.places[place] == 0;
        if new {
            self.places[place] = fingerprint.get();
            self.len += 1;
            // Load stays between 1/2 and 3/4.
            if self.len * 4 >= self.places.len() * 3 {
                self.grow();
            }
        }
        new
    }

    /// Where `fingerprint` is, or the empty place where it would be.
    #[inline]
    fn place(&self, fingerprint: NonZeroU64) -> usize {
        let wanted = fingerprint.get();
        let mut place = self.home(wanted);
        while self.places[place] != 0 && self.places[place] != wanted {
            place += 1;
            if place == self.places.len() {
                place = 0;
            }
        }
        place
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the high half of the product is below the number of places"
    )]
    fn home(&self, fingerprint: u64) -> usize {
        let scaled = u128::from(fingerprint << SHARD_BITS) * self.places.len() as u128;
        (scaled >> u64::BITS) as usize
    }

    fn grow(&mut self) {
        let places = (self.places.len() + self.places.len() / 2).max(Self::PLACES_MIN);
        let old = std::mem::replace(&mut self.places, vec![0; places]);
        for fingerprint in old.into_iter().filter_map(NonZeroU64::new) {
            let place = self.place(fingerprint);
            self.places[place] = fingerprint.get();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroU64;

    use super::Visited;

    /// Random, dense, and all in one corner of one shard: the same answers as the standard set.
    #[test]
    fn the_set_answers_as_the_standard_set() {
        let random = (1..30_000u64).map(|i| (i / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let dense = (1..3_000u64).map(|i| i / 2 + 1);
        let last_corner = (0..3_000u64).map(|i| u64::MAX - i / 2);
        let (mut ours, mut standard) = (Visited::new(), HashSet::new());
        for value in random
            .chain(dense)
            .chain(last_corner)
            .filter_map(NonZeroU64::new)
        {
            assert_eq!(ours.contains(value), standard.contains(&value));
            assert_eq!(ours.insert(value), standard.insert(value));
            assert!(ours.contains(value));
        }
    }

    #[test]
    fn each_fingerprint_has_one_owner() {
        for owners in [1, 2, 3, 4, 64, 100] {
            let mut ours = Visited::new();
            for value in (1..2_000u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
                let value = NonZeroU64::new(value).expect("an odd factor keeps it from zero");
                let new = |ours: &mut Visited| {
                    ours.parts(owners)
                        .map(|mut part| part.insert_if_owned(value))
                        .filter(|new| *new)
                        .count()
                };
                assert_eq!((new(&mut ours), new(&mut ours)), (1, 0));
            }
        }
    }
}
