//! How each state was first reached: the least parent and the index of the step, by rank.
//!
//! States rank by (rank of the parent, index of the step), so parents ascend: what is written is the difference to the one
//! before, and the index, as numbers of seven bits a byte. That is two bytes for most states.

/// Entries of a block: a look reads at most so many.
const BLOCK: usize = 1024;

/// How a state was first reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is this one of the initial states.
    Initial(u32),
    /// By a step out of another state.
    Step {
        /// Its rank.
        parent: u32,
        /// The index of the step.
        index: u32,
    },
}

/// The origin of every state.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The index of each initial state.
    initial: Vec<u32>,
    /// Full blocks.
    blocks: Vec<Box<[u8]>>,
    /// The block that is being filled.
    open: Vec<u8>,
    entries: usize,
    last_parent: u32,
    bytes: u64,
}

impl Log {
    /// States that it knows.
    pub(super) fn len(&self) -> usize {
        self.initial.len() + self.entries
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes + (self.open.len() + size_of_val(self.initial.as_slice())) as u64
    }

    /// Adds the next state. Initial ones come first; the others in the order of their parents.
    pub(super) fn push(&mut self, origin: Origin) {
        match origin {
            Origin::Initial(index) => self.initial.push(index),
            Origin::Step { parent, index } => {
                if self.entries.is_multiple_of(BLOCK) {
                    if self.entries > 0 {
                        let block = std::mem::take(&mut self.open).into_boxed_slice();
                        self.bytes += (block.len() + size_of::<Box<[u8]>>()) as u64;
                        self.blocks.push(block);
                    }
                    self.last_parent = 0;
                }
                write(&mut self.open, parent - self.last_parent);
                write(&mut self.open, index);
                self.last_parent = parent;
                self.entries += 1;
            }
        }
    }

    /// The origin of the state of rank `rank`.
    pub(super) fn get(&self, rank: u32) -> Origin {
        let rank = rank as usize;
        if let Some(index) = self.initial.get(rank) {
            return Origin::Initial(*index);
        }
        let entry = rank - self.initial.len();
        let mut rest = self.blocks.get(entry / BLOCK).map_or(self.open.as_slice(), |block| block);
        let mut parent = 0;
        for _ in 0..entry % BLOCK {
            parent += read(&mut rest);
            read(&mut rest);
        }
        Origin::Step { parent: parent + read(&mut rest), index: read(&mut rest) }
    }
}

fn write(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).expect("less than 128"));
}

fn read(rest: &mut &[u8]) -> u32 {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (byte, after) = rest.split_first().expect("a whole entry");
        *rest = after;
        number |= u32::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Log, Origin};

    #[test]
    fn what_was_pushed_is_read() {
        let mut log = Log::default();
        let mut origins: Vec<Origin> = (0..3).map(|index| Origin::Initial(index * 7)).collect();
        let (mut parent, mut random) = (0_u32, 1_u32);
        for _ in 0..BLOCK * 5 + 3 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            parent += (random >> 24).saturating_sub(200) * if random & 0x400 == 0 { 1 } else { 9_999 };
            origins.push(Origin::Step { parent, index: (random >> 8) & if random & 0x200 == 0 { 7 } else { 0xFFFF } });
        }
        origins.push(Origin::Step { parent: u32::MAX - 1, index: u32::MAX });
        for origin in &origins {
            log.push(*origin);
        }
        assert_eq!(log.len(), origins.len());
        for (rank, origin) in (0..).zip(&origins) {
            assert_eq!(log.get(rank), *origin);
        }
    }
}
