//! A seeded 64-bit fingerprint of anything that can be hashed.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;

// Fractional digits of pi: odd or not, they only have to look like nothing in particular.
const FOLD: u64 = 0x243f_6a88_85a3_08d3;
const FINISH: u64 = 0x1319_8a2e_0370_7345;
const START: u64 = 0xa409_3822_299f_31d0;

/// The fingerprint of `value` under `seed`.
///
/// The same on every machine, provided that the value's `Hash` feeds integers one by one or as bytes; slices of wider
/// integers are fed in the machine's byte order.
pub fn fingerprint<T: Hash + ?Sized>(seed: u64, value: &T) -> NonZeroU64 {
    let mut hasher = Fingerprinter::new(seed);
    value.hash(&mut hasher);
    // Zero marks an empty place in the visited set; one more value of 2^64 shares its fingerprint with another.
    NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MIN)
}

/// The hasher behind [`fingerprint`].
///
/// Integers are packed into 128 bits, and each full pack is folded into the digest by one 64 by 64 bit multiplication,
/// as wyhash, rapidhash and foldhash do. Derived `Hash` feeds many small integers, which cost a shift each.
#[derive(Clone, Debug)]
pub struct Fingerprinter {
    digest: u64,
    pack: u128,
    pack_bits: u32,
    packs: u64,
}

impl Fingerprinter {
    /// A hasher that has read nothing.
    #[inline]
    pub fn new(seed: u64) -> Self {
        Self {
            digest: fold(seed ^ START, FINISH),
            pack: 0,
            pack_bits: 0,
            packs: 0,
        }
    }

    #[inline]
    fn feed(&mut self, value: u64, bits: u32) {
        if self.pack_bits + bits > u128::BITS {
            self.absorb();
        }
        self.pack |= u128::from(value) << self.pack_bits;
        self.pack_bits += bits;
    }

    #[inline]
    fn absorb(&mut self) {
        self.digest = fold(
            low(self.pack) ^ self.digest,
            high(self.pack) ^ FOLD.wrapping_add(self.packs),
        );
        self.packs = self.packs.wrapping_add(FINISH);
        self.pack = 0;
        self.pack_bits = 0;
    }
}

impl Hasher for Fingerprinter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            self.feed(u64::from_le_bytes(*word), 64);
        }
        for byte in tail {
            self.feed(u64::from(*byte), 8);
        }
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.feed(u64::from(value), 8);
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.feed(u64::from(value), 16);
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.feed(u64::from(value), 32);
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.feed(value, 64);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.feed(low(value), 64);
        self.feed(high(value), 64);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.feed(value as u64, 64);
    }

    #[inline]
    fn write_isize(&mut self, value: isize) {
        self.feed((value as i64).cast_unsigned(), 64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.absorb();
        scatter(last.digest ^ u64::from(self.pack_bits))
    }
}

/// The two halves of a full product, folded.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    low(product) ^ high(product)
}

/// Spreads every bit over all: the finisher of `MurmurHash3`. It is a bijection, so it adds no collision.
#[inline]
const fn scatter(mut value: u64) -> u64 {
    value = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    value = (value ^ (value >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
const fn low(value: u128) -> u64 {
    value as u64
}

#[inline]
const fn high(value: u128) -> u64 {
    low(value >> 64)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::fingerprint;

    #[test]
    fn fingerprints_are_the_same_everywhere() {
        let state = (1_u8, 2_u16, [3_u8; 11], "node", Some(6_i32), 5_u64);
        let pinned = [
            fingerprint(0, &state),
            fingerprint(1, &state),
            fingerprint(0, &()),
        ]
        .map(NonZeroU64::get);
        assert_eq!(
            pinned,
            [
                6_291_010_109_708_520_210,
                16_511_632_840_671_600_286,
                10_513_301_527_687_629_239
            ]
        );
    }

    /// Half a fingerprint, of inputs that differ in few bits: as many equal pairs as chance would have, and no more.
    #[test]
    fn halves_of_fingerprints_collide_as_seldom_as_chance() {
        let inputs: Vec<[u8; 48]> = (0..=255_u8)
            .flat_map(|value| {
                (0..48).flat_map(move |first| (0..24).map(move |second| (value, first, second)))
            })
            .filter(|(value, first, second)| *value != 0 && first / 2 != *second)
            .map(|(value, first, second)| {
                let mut bytes = [0; 48];
                bytes[first] = value;
                bytes[second * 2] = value.rotate_left(3);
                bytes
            })
            .collect();
        let mut distinct = inputs.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let count = f64::from(u32::try_from(distinct.len()).unwrap());
        let expected = count * count / 2.0 / 2f64.powi(32);
        for shift in [0, 16, 32] {
            let mut halves: Vec<_> = distinct
                .iter()
                .map(|bytes| {
                    u32::try_from(fingerprint(0, bytes).get() >> shift & u64::from(u32::MAX))
                        .unwrap()
                })
                .collect();
            halves.sort_unstable();
            let equal = f64::from(
                u32::try_from(halves.windows(2).filter(|pair| pair[0] == pair[1]).count()).unwrap(),
            );
            assert!(
                (equal - expected).abs() < 5.0 * expected.sqrt() + 3.0,
                "{equal} equal pairs, {expected} by chance"
            );
        }
    }
}
