//! Bytes packed as nibbles.

use smallvec::SmallVec;

use super::sealed::Bytes;

/// Nearly every number in a state is below 15, so a byte is written as one nibble, or as 15 and two.
pub(super) fn pack(bytes: &[u8]) -> Bytes {
    let mut packed = Nibbles { packed: SmallVec::new(), waiting: 0, bits: 0 };
    let (words, rest) = bytes.as_chunks();
    for word in words {
        match eight_nibbles(u64::from_le_bytes(*word)) {
            Some(nibbles) => packed.push(nibbles, 32),
            None => word.iter().for_each(|byte| packed.push_byte(*byte)),
        }
    }
    for byte in rest {
        packed.push_byte(*byte);
    }
    packed.finish()
}

/// The bytes whose nibbles these are; a half byte left over at the end reads as a 0 that nobody asks for.
pub(super) fn unpack(packed: &[u8]) -> SmallVec<[u8; 512]> {
    let mut bytes = SmallVec::new();
    let nibble = |at: usize| packed.get(at / 2).map(|byte| byte >> (at % 2 * 4) & 15);
    let mut at = 0;
    while let Some(first) = nibble(at) {
        // The eight nibbles from here on, where there are so many.
        let ahead = packed.get(at / 2..).and_then(<[u8]>::first_chunk).map(|ahead| u64::from_le_bytes(*ahead));
        if let Some(eight) = ahead.and_then(|ahead| eight_bytes(ahead >> (at % 2 * 4) & u64::from(u32::MAX))) {
            bytes.extend_from_slice(&eight.to_le_bytes());
            at += 8;
        } else if first < ESCAPE {
            bytes.push(first);
            at += 1;
        } else {
            let (low, high) = (nibble(at + 1), nibble(at + 2));
            bytes.extend(low.zip(high).map(|(low, high)| low | high << 4));
            at += 3;
        }
    }
    bytes
}

const ESCAPE: u8 = 15;

/// The same in every byte of a word.
const fn everywhere(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Eight bytes as eight nibbles; none if one of them is too large.
fn eight_nibbles(word: u64) -> Option<u64> {
    let large = (word | word.wrapping_add(everywhere(128 - ESCAPE))) & everywhere(128);
    let pairs = (word | word >> 4) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF;
    (large == 0).then_some((fours | fours >> 16) & 0xFFFF_FFFF)
}

/// Eight nibbles as eight bytes; none if one of them is an escape.
fn eight_bytes(nibbles: u64) -> Option<u64> {
    let fours = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF;
    let pairs = (fours | fours << 8) & 0x00FF_00FF_00FF_00FF;
    let word = (pairs | pairs << 4) & everywhere(15);
    let escapes = (word + everywhere(1)) & everywhere(16);
    (escapes == 0).then_some(word)
}

/// Nibbles on their way into bytes.
struct Nibbles {
    packed: Bytes,
    /// The last of them, fewer than four bytes.
    waiting: u64,
    bits: u32,
}

impl Nibbles {
    fn push(&mut self, nibbles: u64, bits: u32) {
        self.waiting |= nibbles << self.bits;
        self.bits += bits;
        if self.bits >= 32 {
            let [one, two, three, four, ..] = self.waiting.to_le_bytes();
            self.packed.extend_from_slice(&[one, two, three, four]);
            self.waiting >>= 32;
            self.bits -= 32;
        }
    }

    fn push_byte(&mut self, byte: u8) {
        if byte < ESCAPE {
            self.push(u64::from(byte), 4);
        } else {
            self.push(u64::from(byte) << 4 | u64::from(ESCAPE), 12);
        }
    }

    fn finish(mut self) -> Bytes {
        let left = self.bits.div_ceil(8) as usize;
        self.packed.extend_from_slice(&self.waiting.to_le_bytes()[..left]);
        self.packed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As [`pack`], nibble by nibble.
    fn by_nibbles(bytes: &[u8]) -> Vec<u8> {
        let nibbles: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| if *byte < ESCAPE { vec![*byte] } else { vec![ESCAPE, byte & 15, byte >> 4] })
            .collect();
        nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4).collect()
    }

    proptest! {
        #[test]
        fn packing_goes_by_nibbles_and_loses_nothing(
            bytes in proptest::collection::vec(prop_oneof![9 => 0_u8..15, 1 => any::<u8>()], 0..100),
        ) {
            let packed = pack(&bytes);
            prop_assert_eq!(packed.as_slice(), by_nibbles(&bytes));
            let unpacked = unpack(&packed);
            // A half byte left over reads as one 0 more.
            prop_assert_eq!(&unpacked[..bytes.len()], bytes.as_slice());
            prop_assert!(unpacked[bytes.len()..].iter().all(|byte| *byte == 0));
            prop_assert!(unpacked.len() <= bytes.len() + 1);
        }
    }
}
