//! Fingerprints: pinned, never the mark of a free slot, spread, different for every seed.

use std::collections::HashSet;

use everynode::check::{collision_probability, fingerprint};
use proptest::prelude::*;

use crate::run;
use crate::toys::Counters;

#[test]
fn fingerprints_are_the_same_on_every_platform() {
    assert_eq!(fingerprint(b"", 0), 0xFA6C_EEA7_7E70_6D0D);
    assert_eq!(fingerprint(b"daemon", 1), 0x9C86_FDFF_D1D2_5BD2);
    assert_eq!(fingerprint(b"a state of more than sixteen bytes", u64::MAX), 0xC3E2_F4F3_A9CF_863F);
}

/// The same, by the definition: 16 bytes at a time, padded with zeros, and the length.
fn by_definition(bytes: &[u8], seed: u64) -> u64 {
    fn fold(one: u64, other: u64) -> u64 {
        let product = u128::from(one) * u128::from(other);
        u64::try_from(product >> 64).expect("the upper half")
            ^ u64::try_from(product & u128::from(u64::MAX)).expect("the lower")
    }
    let (first, second) = (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F);
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(16), 0);
    let (pairs, _) = padded.as_chunks::<16>();
    let mut state = fold(seed ^ first, second ^ bytes.len() as u64);
    for (index, pair) in pairs.iter().enumerate() {
        let pair = u128::from_le_bytes(*pair);
        let (low, high) = (u64::try_from(pair & u128::from(u64::MAX)), u64::try_from(pair >> 64));
        let is_whole = bytes.len() >= (index + 1) * 16;
        state = fold(low.expect("64 bits") ^ state, high.expect("64 bits") ^ if is_whole { second } else { first });
    }
    fold(state ^ first, second).max(1)
}

proptest! {
    #[test]
    fn fingerprints_are_what_they_are_defined_to_be(bytes: Vec<u8>, seed: u64) {
        prop_assert_eq!(fingerprint(&bytes, seed), by_definition(&bytes, seed));
        prop_assert_ne!(fingerprint(&bytes, seed), 0);
    }

    #[test]
    fn a_changed_bit_changes_the_fingerprint(
        bytes in prop::collection::vec(any::<u8>(), 1..50),
        at: prop::sample::Index,
        bit in 0..8_u32,
        seed: u64,
    ) {
        let mut changed = bytes.clone();
        *at.get_mut(&mut changed) ^= 1_u8 << bit;
        prop_assert_ne!(fingerprint(&bytes, seed), fingerprint(&changed, seed));
        changed.clone_from(&bytes);
        changed.push(0);
        prop_assert_ne!(fingerprint(&bytes, seed), fingerprint(&changed, seed));
        prop_assert_ne!(fingerprint(&bytes, seed), fingerprint(&bytes, seed ^ 1));
    }
}

#[test]
fn no_fingerprint_marks_a_free_slot() {
    // What would fold to 0 is told as 1: the last product is 0 where the state before it is the first constant. A seed of
    // just that constant starts with 0, from where sixteen bytes lead to any state.
    const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
    assert_ne!(fingerprint(b"", FIRST), 0);
    assert_eq!(fingerprint(&bytes_that_lead_to(FIRST), FIRST), 1);
}

/// Sixteen bytes that lead from state 0 to `state`: 1 * (state ^ second ^ second).
fn bytes_that_lead_to(state: u64) -> [u8; 16] {
    let second = 0xC2B2_AE3D_27D4_EB4F_u64;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&1_u64.to_le_bytes());
    bytes[8..].copy_from_slice(&(state ^ second).to_le_bytes());
    bytes
}

#[test]
fn small_states_do_not_share_fingerprints() {
    // By chance, the upper half of two of these agrees about 9 times a seed; all 64 bits do never.
    for seed in [0, 1, 0xDEAD_BEEF] {
        let prints: HashSet<u64> =
            (0..2_000_000_u32).step_by(7).map(|word| fingerprint(&word.to_le_bytes(), seed)).collect();
        assert_eq!(prints.len(), 285_715);
        // The table looks at the lowest bits: none of 4,096 slots is much fuller than another.
        let mut slots = vec![0_u32; 4_096];
        for print in &prints {
            slots[usize::try_from(print % 4_096).expect("small")] += 1;
        }
        let (least, most) = (slots.iter().min(), slots.iter().max());
        assert!(least > Some(&30) && most < Some(&120), "{least:?} to {most:?}, 70 on average");
    }
}

#[test]
fn the_probability_of_a_collision_is_that_of_the_birthday_problem() {
    let expected = |states: f64| states * (states - 1.0) / 2.0 / 2f64.powi(64);
    for (states, count) in [(1e6, 1_000_000), (4e9, 4_000_000_000)] {
        let told = collision_probability(count);
        assert!((told / expected(states) - 1.0).abs() < 1e-5, "{told} for {count} states");
        assert!(told >= expected(states), "it is an upper bound");
    }
    assert!(collision_probability(0).abs() < f64::EPSILON);
    let report = run(&Counters::<3> { to: 20 });
    assert!((report.collision_probability / expected(8e3) - 1.0).abs() < 1e-3);
}
