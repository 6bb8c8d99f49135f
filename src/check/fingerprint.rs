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
    let mut hasher = Fingerprinter { next: fold(seed ^ FIRST, SECOND), other: fold(seed ^ SECOND, FIRST) };
    value.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Takes in one integer after the other, into two lanes in turns, each by a bijection of what the lane had: two values that
/// have differed differ still, whatever equal integers follow. Derived `Hash` feeds many small integers, so a step has to be
/// short, and with two lanes one need not wait for the one before.
struct Fingerprinter {
    next: u64,
    other: u64,
}

impl Fingerprinter {
    #[inline]
    fn feed(&mut self, value: u64) {
        let product = (self.next ^ value).wrapping_mul(FIRST);
        self.next = self.other;
        self.other = product ^ (product >> 32);
    }
}

impl Hasher for Fingerprinter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.feed(word(chunk));
        }
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.feed(u64::from(value));
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.feed(u64::from(value));
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.feed(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.feed(value);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.feed(value as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        scatter(fold(self.next ^ FIRST, self.other ^ SECOND))
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
