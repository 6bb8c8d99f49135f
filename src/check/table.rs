//! The visited set: fingerprints in an open-addressed table, each with its place in the log.

/// Fingerprints seen, each with the rank of its state.
#[derive(Debug, Default)]
pub struct Table {
    /// Fingerprint and rank; fingerprint 0 is a free slot.
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Table {
    /// Adds `fingerprint` with `rank`; false if it is there already.
    pub fn insert(&mut self, fingerprint: u64, rank: u32) -> bool {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.find(fingerprint);
        if self.slots[slot].0 == fingerprint {
            return false;
        }
        self.slots[slot] = (fingerprint, rank);
        self.used += 1;
        true
    }

    /// Whether `fingerprint` is there.
    pub fn contains(&self, fingerprint: u64) -> bool {
        !self.slots.is_empty() && self.slots[self.find(fingerprint)].0 == fingerprint
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<(u64, u32)>()
    }

    /// The slot where `fingerprint` is, or would be.
    fn find(&self, fingerprint: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = usize::try_from(fingerprint & mask as u64).expect("masked to the table's size");
        while self.slots[slot].0 != 0 && self.slots[slot].0 != fingerprint {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() * 2).max(1024);
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); larger]);
        for (fingerprint, rank) in old.into_iter().filter(|(fingerprint, _)| *fingerprint != 0) {
            let slot = self.find(fingerprint);
            self.slots[slot] = (fingerprint, rank);
        }
    }
}
