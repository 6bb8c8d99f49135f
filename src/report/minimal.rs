//! Minimal fault combinations: no faults first, then single ones, then pairs, and never a combination of which a part
//! breaks the claim already.

/// A combination of faults that breaks claims which no part of it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimal {
    /// The faults, by index, ascending.
    pub combination: Vec<usize>,
    /// The claims (bits) that it breaks and none of its parts does.
    pub broken: u32,
}

/// Finds the minimal combinations of at most `size_max` of `faults` faults that break each of `claims` (bits).
///
/// `ask` gets a combination and the claims still in question under it, and answers which of them it breaks.
///
/// # Errors
///
/// The first error of `ask`.
pub fn minimal<E>(
    faults: usize,
    size_max: usize,
    claims: u32,
    mut ask: impl FnMut(&[usize], u32) -> Result<u32, E>,
) -> Result<Vec<Minimal>, E> {
    let mut found: Vec<Minimal> = Vec::new();
    for size in 0..=size_max {
        for combination in combinations(faults, size) {
            let known = found
                .iter()
                .filter(|one| is_part(&one.combination, &combination))
                .fold(0, |bits, one| bits | one.broken);
            let wanted = claims & !known;
            if wanted == 0 {
                continue;
            }
            let broken = ask(&combination, wanted)? & wanted;
            if broken != 0 {
                found.push(Minimal { combination, broken });
            }
        }
    }
    Ok(found)
}

/// Whether every fault of `part` is in `whole`.
pub fn is_part(part: &[usize], whole: &[usize]) -> bool {
    part.iter().all(|fault| whole.contains(fault))
}

/// The combinations of `size` out of `faults` faults, in lexicographic order.
fn combinations(faults: usize, size: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..size {
        all = all
            .into_iter()
            .flat_map(|shorter: Vec<usize>| {
                let next = shorter.last().map_or(0, |last| last + 1);
                (next..faults).map(move |fault| [shorter.as_slice(), &[fault]].concat())
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn run(faults: usize, size_max: usize, claims: u32, breaks: impl Fn(&[usize]) -> u32) -> Vec<Minimal> {
        minimal(faults, size_max, claims, |combination, _| Ok::<_, Infallible>(breaks(combination))).unwrap()
    }

    fn one(combination: &[usize], broken: u32) -> Minimal {
        Minimal { combination: combination.to_vec(), broken }
    }

    #[test]
    fn a_claim_broken_without_faults_is_asked_once() {
        let mut asked = Vec::new();
        let found = minimal(3, 2, 1, |combination, _| {
            asked.push(combination.to_vec());
            Ok::<_, Infallible>(1)
        });
        assert_eq!(found.unwrap(), [one(&[], 1)]);
        assert_eq!(asked, [Vec::<usize>::new()]);
    }

    #[test]
    fn pairs_with_a_fault_that_breaks_alone_are_not_asked() {
        let mut asked = Vec::new();
        let found = minimal(3, 2, 1, |combination, _| {
            asked.push(combination.to_vec());
            Ok::<_, Infallible>(u32::from(combination.contains(&0)))
        });
        assert_eq!(found.unwrap(), [one(&[0], 1)]);
        assert_eq!(asked, [vec![], vec![0], vec![1], vec![2], vec![1, 2]]);
    }

    #[test]
    fn a_pair_counts_where_neither_breaks_alone() {
        let found = run(4, 2, 1, |combination| u32::from(is_part(&[1, 3], combination)));
        assert_eq!(found, [one(&[1, 3], 1)]);
    }

    #[test]
    fn claims_are_told_apart() {
        // Claim 1 breaks under fault 0, claim 2 only under faults 0 and 1 together.
        let breaks = |combination: &[usize]| {
            u32::from(is_part(&[0], combination)) | u32::from(is_part(&[0, 1], combination)) << 1
        };
        assert_eq!(run(2, 2, 0b11, breaks), [one(&[0], 0b01), one(&[0, 1], 0b10)]);
    }

    #[test]
    fn only_claims_in_question_are_asked_and_noted() {
        let mut asked = Vec::new();
        let found = minimal(1, 1, 0b01, |combination, wanted| {
            asked.push((combination.to_vec(), wanted));
            Ok::<_, Infallible>(0b10)
        });
        assert_eq!(found.unwrap(), []);
        assert_eq!(asked, [(vec![], 0b01), (vec![0], 0b01)]);
    }

    #[test]
    fn the_size_is_bounded_and_errors_end_it() {
        assert_eq!(run(3, 1, 1, |combination| u32::from(combination.len() == 2)), []);
        assert_eq!(minimal(3, 2, 1, |_, _| Err("no")), Err("no"));
    }

    #[test]
    fn minimal_agrees_with_trying_everything() {
        // Every upward closed function over three faults, given by its value on each subset.
        for table in 0..256_u32 {
            let value = |set: usize| table >> set & 1;
            let closed = (0..8).all(|set| (0..3).all(|fault| value(set) == 0 || value(set | 1 << fault) == 1));
            if !closed {
                continue;
            }
            let set = |combination: &[usize]| combination.iter().fold(0, |set, fault| set | 1 << fault);
            let mut found: Vec<usize> =
                run(3, 3, 1, |combination| value(set(combination))).iter().map(|one| set(&one.combination)).collect();
            found.sort_unstable();
            let least = (0..8).filter(|whole| {
                value(*whole) == 1 && (0..3).all(|fault| whole >> fault & 1 == 0 || value(whole & !(1 << fault)) == 0)
            });
            assert_eq!(found, least.collect::<Vec<_>>(), "table {table}");
        }
    }
}
