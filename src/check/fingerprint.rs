//! 64-bit fingerprints of states: the same on every machine, different for every seed.

use std::hash::{Hash, Hasher};

const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xC2B2_AE3D_27D4_EB4F;

/// The fingerprint of `bytes` under `seed`; never 0, which marks a free slot.
///
/// Eight bytes at a time are folded in by a 128-bit multiplication, as wyhash does; the length is part of it.
pub fn fingerprint(bytes: &[u8], seed: u64) -> u64 {
    let mut state = fold(seed ^ FIRST, SECOND ^ bytes.len() as u64);
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        let (one, other) = chunk.split_at(8);
        state = fold(word(one) ^ state, word(other) ^ SECOND);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let (one, other) = rest.split_at(rest.len().min(8));
        state = fold(word(one) ^ state, word(other) ^ FIRST);
    }
    fold(state ^ FIRST, SECOND).max(1)
}

/// The fingerprint of anything that can be hashed, under `seed`; never 0.
///
/// The same on every machine, provided that the value's `Hash` feeds integers one by one or as bytes; slices of wider
/// integers are fed in the machine's byte order.
pub fn fingerprint_of(value: &impl Hash, seed: u64) -> u64 {
    let mut hasher = Fingerprinter { digest: fold(seed ^ FIRST, SECOND), pack: 0, bits: 0, packs: 0 };
    value.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Packs integers into 128 bits, and folds each full pack into the digest by one multiplication: derived `Hash` feeds many
/// small integers, which cost a shift each.
struct Fingerprinter {
    digest: u64,
    pack: u128,
    bits: u32,
    packs: u64,
}

impl Fingerprinter {
    fn feed(&mut self, value: u64, bits: u32) {
        if self.bits + bits > u128::BITS {
            self.absorb();
        }
        self.pack |= u128::from(value) << self.bits;
        self.bits += bits;
    }

    fn absorb(&mut self) {
        let (low, high) = halves(self.pack);
        self.digest = fold(low ^ self.digest, high ^ FIRST.wrapping_add(self.packs));
        self.packs = self.packs.wrapping_add(SECOND);
        self.pack = 0;
        self.bits = 0;
    }
}

impl Hasher for Fingerprinter {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.feed(word(chunk), 8 * u32::try_from(chunk.len()).expect("at most eight"));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.feed(u64::from(value), 8);
    }

    fn write_u16(&mut self, value: u16) {
        self.feed(u64::from(value), 16);
    }

    fn write_u32(&mut self, value: u32) {
        self.feed(u64::from(value), 32);
    }

    fn write_u64(&mut self, value: u64) {
        self.feed(value, 64);
    }

    fn write_usize(&mut self, value: usize) {
        self.feed(value as u64, 64);
    }

    fn finish(&self) -> u64 {
        let (low, high) = halves(self.pack);
        let last = fold(low ^ self.digest, high ^ FIRST.wrapping_add(self.packs));
        scatter(last ^ u64::from(self.bits))
    }
}

/// Spreads every bit over all: the finisher of `MurmurHash3`, a bijection, so that it adds no collision.
const fn scatter(mut value: u64) -> u64 {
    value = (value ^ (value >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    value = (value ^ (value >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    value ^ (value >> 33)
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    let mut buffer = [0; 8];
    buffer[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(buffer)
}

/// The two halves of the product, folded into one.
fn fold(one: u64, other: u64) -> u64 {
    let (low, high) = halves(u128::from(one) * u128::from(other));
    low ^ high
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves are taken on purpose")]
const fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

/// The probability that some two of `states` states share a fingerprint, at most: n² / 2⁶⁵.
#[expect(clippy::cast_precision_loss, reason = "a probability needs no 53 bits")]
pub fn collision_probability(states: u64) -> f64 {
    let states = states as f64;
    states * states / 2f64.powi(65)
}
