//! Choices that Go leaves to map order or goroutines: the sets of what can come of them, in a canonical order.

use std::collections::BTreeSet;

use smallvec::SmallVec;

/// A short list.
pub type Few<T> = SmallVec<[T; 4]>;

/// Every subset of `size` elements of `items`, each in the order of `items`; the first is the first `size` elements.
pub fn subsets<T: Copy>(items: &[T], size: usize) -> Vec<Few<T>> {
    fn extend<T: Copy>(items: &[T], size: usize, chosen: &mut Few<T>, all: &mut Vec<Few<T>>) {
        if size == 0 {
            all.push(chosen.clone());
            return;
        }
        for index in 0..=items.len().saturating_sub(size) {
            if items.len() < size {
                return;
            }
            chosen.push(items[index]);
            extend(&items[index + 1..], size - 1, chosen, all);
            chosen.pop();
        }
    }
    let mut all = Vec::new();
    extend(items, size.min(items.len()), &mut Few::new(), &mut all);
    all
}

/// A list that is a sequence of segments, each of them in any order.
pub type Segments<T> = SmallVec<[Few<T>; 2]>;

/// Every set that the first `limit` elements of the list can be.
pub fn prefixes<T: Copy + Ord>(segments: &[Few<T>], limit: usize) -> Vec<Few<T>> {
    let mut fixed = Few::new();
    for segment in segments {
        let room = limit - fixed.len();
        if segment.len() <= room {
            fixed.extend_from_slice(segment);
            continue;
        }
        return subsets(segment, room)
            .into_iter()
            .map(|chosen| fixed.iter().copied().chain(chosen).collect())
            .collect();
    }
    vec![fixed]
}

/// As [`prefixes`] of a concatenation of `groups` in any order in which group `a` comes before group `b` wherever
/// `before(a, b)`.
pub fn prefixes_of_groups<T: Copy + Ord>(
    groups: &[Segments<T>],
    before: &dyn Fn(usize, usize) -> bool,
    limit: usize,
) -> Vec<Few<T>> {
    fn extend<T: Copy + Ord>(
        groups: &[Segments<T>],
        before: &dyn Fn(usize, usize) -> bool,
        used: &mut Vec<bool>,
        taken: &Few<T>,
        limit: usize,
        all: &mut BTreeSet<Few<T>>,
    ) {
        let room = limit - taken.len();
        if room == 0 || used.iter().all(|used| *used) {
            let mut whole = taken.clone();
            whole.sort_unstable();
            all.insert(whole);
            return;
        }
        for index in 0..groups.len() {
            if used[index] || (0..groups.len()).any(|other| !used[other] && before(other, index)) {
                continue;
            }
            used[index] = true;
            for prefix in prefixes(&groups[index], room) {
                let longer = taken.iter().copied().chain(prefix).collect();
                extend(groups, before, used, &longer, limit, all);
            }
            used[index] = false;
        }
    }
    let total: usize = groups.iter().flatten().map(SmallVec::len).sum();
    if total <= limit {
        let mut whole: Few<T> = groups.iter().flatten().flatten().copied().collect();
        whole.sort_unstable();
        return vec![whole];
    }
    let mut all = BTreeSet::new();
    extend(groups, before, &mut vec![false; groups.len()], &Few::new(), limit, &mut all);
    all.into_iter().collect()
}
