//! The visited set: fingerprints, in shards by their first bits.
//!
//! A shard keeps its fingerprints sorted, but for gaps: linear probing whose home places keep the order of fingerprints,
//! and which moves greater ones out of the way of lesser ones. So a look ends at the first greater fingerprint, and seven
//! places of eight may be taken.

/// Number of shards, a power of two. Each grows on its own, so that growing needs little memory at once, and each has one
/// owner while fingerprints are added.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 6;

/// The rank of a fingerprint that has none: the search left its state out.
const UNRANKED: u32 = u32::MAX;

/// A set of fingerprints. It may number them: then it is a map to ranks.
#[derive(Debug)]
pub(super) struct Visited {
    shards: Vec<Shard>,
}

impl Visited {
    /// An empty set; with `ranked`, of fingerprints that have a rank each.
    pub(super) fn new(ranked: bool) -> Self {
        let shard = || Shard { places: Vec::new(), ranks: ranked.then(Vec::new), homes: 0, len: 0 };
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }

    /// Whether `fingerprint` is there.
    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        self.shards[shard_of(fingerprint)].contains(fingerprint)
    }

    /// The rank of a fingerprint that is there and was given one.
    pub(super) fn rank(&self, fingerprint: u64) -> Option<u32> {
        let shard = &self.shards[shard_of(fingerprint)];
        let place = shard.place(fingerprint).ok()?;
        shard.ranks.as_ref().map(|ranks| ranks[place]).filter(|rank| *rank != UNRANKED)
    }

    /// Gives a fingerprint that is there its rank.
    pub(super) fn set_rank(&mut self, fingerprint: u64, rank: u32) {
        let shard = &mut self.shards[shard_of(fingerprint)];
        if let (Ok(place), Some(ranks)) = (shard.place(fingerprint), &mut shard.ranks) {
            ranks[place] = rank;
        }
    }

    /// Adds `fingerprint`; false if it is there already.
    pub(super) fn insert(&mut self, fingerprint: u64) -> bool {
        self.shards[shard_of(fingerprint)].insert(fingerprint)
    }

    /// Splits the set into at most `owners` parts, to add to from one thread each.
    pub(super) fn parts(&mut self, owners: usize) -> impl Iterator<Item = Part<'_>> {
        let size = SHARDS.div_ceil(owners.max(1));
        let parts = self.shards.chunks_mut(size).enumerate();
        parts.map(move |(part, shards)| Part { first: part * size, shards })
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |shard: &Shard| {
            let ranks = shard.ranks.as_ref().map_or(0, |ranks| size_of_val(ranks.as_slice()));
            (size_of_val(shard.places.as_slice()) + ranks) as u64
        };
        self.shards.iter().map(bytes).sum()
    }
}

/// Some of the shards, with their owner.
pub(super) struct Part<'a> {
    first: usize,
    shards: &'a mut [Shard],
}

impl Part<'_> {
    /// Whether `fingerprint` belongs here and was not in the set; it is now.
    pub(super) fn insert_if_owned(&mut self, fingerprint: u64) -> bool {
        let shard = shard_of(fingerprint).checked_sub(self.first).and_then(|shard| self.shards.get_mut(shard));
        shard.is_some_and(|shard| shard.insert(fingerprint))
    }
}

const fn shard_of(fingerprint: u64) -> usize {
    // The shift leaves SHARD_BITS bits.
    (fingerprint >> (u64::BITS - SHARD_BITS)) as usize
}

#[derive(Debug)]
struct Shard {
    /// Fingerprints, ascending but for empty places, which are 0. There are more places than homes, and the last is empty.
    places: Vec<u64>,
    /// Per place, the rank of its fingerprint.
    ranks: Option<Vec<u32>>,
    /// Places that are the home of some fingerprint.
    homes: usize,
    len: usize,
}

impl Shard {
    const HOMES_MIN: usize = 16;
    /// Places after the last home.
    const SPARE: usize = 16;

    fn contains(&self, fingerprint: u64) -> bool {
        self.place(fingerprint).is_ok()
    }

    /// Where `fingerprint` is, or else the place where it belongs: that of the first greater one, or an empty one.
    fn place(&self, fingerprint: u64) -> Result<usize, usize> {
        if self.places.is_empty() {
            return Err(0);
        }
        let mut place = self.home(fingerprint);
        loop {
            match self.places[place] {
                found if found == fingerprint => return Ok(place),
                found if found == 0 || found > fingerprint => return Err(place),
                _ => place += 1,
            }
        }
    }

    /// Grows by what it holds and not by what it is asked, so that its size is the same in every run.
    fn insert(&mut self, fingerprint: u64) -> bool {
        if self.places.is_empty() {
            self.resize(Self::HOMES_MIN);
        }
        let Err(place) = self.place(fingerprint) else { return false };
        self.put(place, fingerprint, UNRANKED);
        self.len += 1;
        if self.len * 8 >= self.homes * 7 {
            self.resize(self.homes * 5 / 4);
        }
        true
    }

    /// Puts a fingerprint where it belongs, moving those from there to the next empty place on by one.
    fn put(&mut self, place: usize, fingerprint: u64, rank: u32) {
        let (_, behind) = self.places.split_at(place);
        let empty = place + behind.iter().position(|other| *other == 0).expect("the last place is empty");
        if empty + 1 == self.places.len() {
            self.places.push(0);
            self.ranks.iter_mut().for_each(|ranks| ranks.push(0));
        }
        self.places.copy_within(place..empty, place + 1);
        self.places[place] = fingerprint;
        if let Some(ranks) = &mut self.ranks {
            ranks.copy_within(place..empty, place + 1);
            ranks[place] = rank;
        }
    }

    /// Its home: the fraction of its shard's range that lies before it, of all homes.
    fn home(&self, fingerprint: u64) -> usize {
        let scaled = u128::from(fingerprint << SHARD_BITS) * self.homes as u128;
        usize::try_from(scaled >> u64::BITS).expect("less than the number of homes")
    }

    /// The same with `homes` homes: in ascending order each goes home, or behind the one before.
    fn resize(&mut self, homes: usize) {
        let empty = homes + Self::SPARE;
        let old = std::mem::replace(&mut self.places, vec![0; empty]);
        let old_ranks = self.ranks.as_mut().map(|ranks| std::mem::replace(ranks, vec![0; empty]));
        self.homes = homes;
        let mut free = 0;
        for (at, fingerprint) in old.into_iter().enumerate().filter(|(_, fingerprint)| *fingerprint != 0) {
            let place = free.max(self.home(fingerprint));
            let rank = old_ranks.as_ref().map_or(UNRANKED, |ranks| ranks[at]);
            self.put(place, fingerprint, rank);
            free = place + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Visited;

    /// Random, dense, and all in one corner of one shard.
    fn fingerprints() -> impl Iterator<Item = u64> {
        let random = (1..30_000_u64).map(|i| (i / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let dense = (1..3_000_u64).map(|i| i / 2 + 1);
        let last_corner = (0..3_000_u64).map(|i| u64::MAX - i / 2);
        random.chain(dense).chain(last_corner)
    }

    #[test]
    fn the_set_answers_as_the_standard_map() {
        let (mut ours, mut standard) = (Visited::new(true), HashMap::new());
        for (rank, value) in (0..).zip(fingerprints()) {
            assert_eq!(ours.contains(value), standard.contains_key(&value));
            assert_eq!(ours.insert(value), !standard.contains_key(&value));
            assert_eq!(ours.rank(value), standard.get(&value).copied(), "none until it is given one");
            ours.set_rank(value, rank);
            standard.insert(value, rank);
        }
        for (value, rank) in &standard {
            assert_eq!(ours.rank(*value), Some(*rank));
        }
        let mut places: Vec<u64> = ours.shards.iter().flat_map(|shard| shard.places.clone()).collect();
        places.retain(|value| *value != 0);
        assert!(places.is_sorted(), "first bits choose the shard");
        assert_eq!(places.len(), standard.len());
    }

    #[test]
    fn each_fingerprint_has_one_owner() {
        for owners in [1, 2, 3, 4, 64, 100] {
            let mut ours = Visited::new(false);
            for value in fingerprints().take(2_000).step_by(2) {
                let new = |ours: &mut Visited| {
                    ours.parts(owners).map(|mut part| part.insert_if_owned(value)).filter(|new| *new).count()
                };
                assert_eq!((new(&mut ours), new(&mut ours)), (1, 0));
            }
        }
    }

    /// At most so many bytes a state, at any size from a thousand states on.
    #[test]
    fn a_fingerprint_takes_less_than_twelve_bytes() {
        let mut ours = Visited::new(false);
        let mut count = 0_u32;
        for value in (1..400_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            count += u32::from(ours.insert(value));
            if count > 20_000 {
                let bytes = f64::from(u32::try_from(ours.bytes()).expect("few")) / f64::from(count);
                assert!(bytes < 12.0, "{bytes} bytes at {count}");
            }
        }
    }
}
