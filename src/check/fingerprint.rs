//! 64-bit fingerprints of states: the same on every machine, different for every seed.

/// The fingerprint of `bytes` under `seed`; never 0, which marks a free slot.
///
/// Eight bytes at a time are folded in by a 128-bit multiplication, as wyhash does; the length is part of it.
pub fn fingerprint(bytes: &[u8], seed: u64) -> u64 {
    const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
    const SECOND: u64 = 0xC2B2_AE3D_27D4_EB4F;
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

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    let mut buffer = [0; 8];
    buffer[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(buffer)
}

/// The two halves of the product, folded into one.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are taken on purpose")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// The probability that some two of `states` states share a fingerprint, at most: n² / 2⁶⁵.
#[expect(clippy::cast_precision_loss, reason = "a probability needs no 53 bits")]
pub fn collision_probability(states: u64) -> f64 {
    let states = states as f64;
    states * states / 2f64.powi(65)
}
