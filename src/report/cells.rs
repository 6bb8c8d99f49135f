//! The cells of the matrix: what was found of a claim in a release, over all bases.

use std::collections::BTreeMap;

use super::matrix::{BASES, Base, combination_id};
use super::minimal::is_part;
use super::run::{Broken, Unit};
use crate::model::narrative::Told;
use crate::property::Property;

/// One way to break a claim: a minimal combination of faults, with a shortest behaviour in the first base that
/// it breaks.
///
/// Without faults it is the base's script that breaks the claim, so each base is a way of its own.
#[derive(Clone, Debug)]
pub struct Way<'a> {
    /// The faults, by index.
    pub combination: &'a [usize],
    /// The first base in which they do; bases go from the plain to the special.
    pub base: &'static Base,
    /// A shortest behaviour there.
    pub told: &'a Told,
    /// The other bases in which the same faults break the claim, minimally.
    pub also: Vec<&'static Base>,
}

/// How often a claim was asked and not broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unbroken {
    /// Searches, but for the silent ones.
    pub searches: usize,
    /// Those of them that were cut.
    pub cut: usize,
    /// Searches of a whole graph in which the claim's premise is never met: they say nothing of it.
    pub silent: usize,
    /// Whether the claim's premise was met in any of them.
    pub premise_reached: bool,
}

impl Unbroken {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            searches: self.searches + other.searches,
            cut: self.cut + other.cut,
            silent: self.silent + other.silent,
            premise_reached: self.premise_reached || other.premise_reached,
        }
    }
}

/// A claim in a release.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// The ways to break it, fewer faults first.
    pub ways: Vec<Way<'a>>,
    /// What else was asked, by combination of faults.
    pub unbroken: BTreeMap<Vec<usize>, Unbroken>,
}

impl<'a> Cell<'a> {
    /// The ways of one combination of faults.
    pub fn ways_of(&self, combination: &[usize]) -> impl Iterator<Item = &Way<'a>> {
        self.ways.iter().filter(move |way| way.combination == combination)
    }

    /// What was asked and not broken under the combinations that `counts`.
    pub fn unbroken_of(&self, counts: impl Fn(&[usize]) -> bool) -> Unbroken {
        let counted = self.unbroken.iter().filter(|(combination, _)| counts(combination));
        counted.fold(Unbroken::default(), |sum, (_, one)| sum.and(*one))
    }
}

/// The cell of `property`, from the units of a release, one a base.
pub fn cell(property: Property, units: &[Unit]) -> Cell<'_> {
    let mut found: Vec<(&'static Base, &Broken)> = Vec::new();
    let mut unbroken: BTreeMap<Vec<usize>, Unbroken> = BTreeMap::new();
    for (base, unit) in BASES.iter().zip(units) {
        found.extend(unit.broken.iter().filter(|broken| broken.property == property).map(|broken| (base, broken)));
        for search in unit.searches.iter().filter(|one| one.wanted & !one.broken & property.bit() != 0) {
            let premise_reached = search.premise & property.bit() != 0;
            let (searches, cut, silent) = match search.stopped {
                Some(_) => (1, 1, 0),
                None if premise_reached => (1, 0, 0),
                None => (0, 0, 1),
            };
            let one = Unbroken { searches, cut, silent, premise_reached };
            let sum = unbroken.entry(search.combination.clone()).or_default();
            *sum = sum.and(one);
        }
    }
    // Stable: within one combination the earlier base comes first.
    found.sort_by_key(|(_, broken)| (broken.combination.len(), broken.combination.clone()));
    let mut ways: Vec<Way<'_>> = Vec::new();
    for (base, broken) in &found {
        let combination = broken.combination.as_slice();
        let same = ways.iter_mut().find(|way| !combination.is_empty() && way.combination == combination);
        if let Some(way) = same {
            way.also.push(base);
            continue;
        }
        // Two faults say nothing new where one of them suffices in another base; a script that breaks the claim without
        // faults is no reason to leave out what breaks it under other scripts.
        let less = ways.iter().any(|way| !way.combination.is_empty() && is_part(way.combination, combination));
        if !less {
            ways.push(Way { combination, base, told: &broken.told, also: Vec::new() });
        }
    }
    Cell { ways, unbroken }
}

/// The file name of a counterexample, without ending.
pub fn page_name(property: Property, way: &Way<'_>, release: &str) -> String {
    let scope = if way.combination.is_empty() { format!("-in-{}", way.base.id) } else { String::new() };
    format!("{}--{}{scope}--{release}", property.id(), combination_id(way.combination))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::StopReason;
    use crate::model::narrative::Line;
    use crate::report::run::Search;

    fn lines(count: usize) -> Vec<Line> {
        (0..count).map(|_| Line { who: "user".into(), what: "acts".into(), sees: None }).collect()
    }

    fn unit(broken: &[(&[usize], usize)]) -> Unit {
        let broken = broken.iter().map(|(combination, length)| Broken {
            property: Property::OnePerNode,
            combination: combination.to_vec(),
            told: Told { lines: lines(*length), end: Vec::new() },
        });
        Unit { broken: broken.collect(), ..Unit::default() }
    }

    #[test]
    fn the_first_base_speaks_for_the_others() {
        let units = [unit(&[(&[3], 9)]), unit(&[(&[3], 5)]), unit(&[(&[3], 5)])];
        let cell = cell(Property::OnePerNode, &units);
        assert_eq!(cell.ways.len(), 1);
        assert_eq!((cell.ways[0].base.id, cell.ways[0].told.lines.len()), (BASES[0].id, 9));
        assert_eq!(cell.ways[0].also.iter().map(|base| base.id).collect::<Vec<_>>(), [BASES[1].id, BASES[2].id]);
    }

    #[test]
    fn a_pair_is_left_out_where_one_of_it_suffices_elsewhere() {
        let units = [unit(&[(&[1, 3], 9)]), unit(&[(&[3], 5)]), unit(&[(&[], 2)])];
        let cell = cell(Property::OnePerNode, &units);
        let combinations: Vec<&[usize]> = cell.ways.iter().map(|way| way.combination).collect();
        assert_eq!(combinations, [&[] as &[usize], &[3]]);
    }

    #[test]
    fn without_faults_each_base_is_a_way_of_its_own() {
        let units = [unit(&[(&[], 9)]), unit(&[]), unit(&[(&[], 5)])];
        let cell = cell(Property::OnePerNode, &units);
        let names: Vec<String> = cell.ways.iter().map(|way| page_name(Property::OnePerNode, way, "v1.36")).collect();
        let name = |base: &Base| format!("one-per-node--no-fault-in-{}--v1.36", base.id);
        assert_eq!(names, [name(&BASES[0]), name(&BASES[2])]);
    }

    #[test]
    fn a_search_counts_for_the_claims_that_it_asks_and_does_not_break() {
        let property = Property::OnePerNode;
        let search = |combination: &[usize], cut: bool, wanted: u32, broken: u32, premise: u32| Search {
            combination: combination.to_vec(),
            states: 1,
            stopped: cut.then_some(StopReason::States(1)),
            wanted,
            broken,
            premise,
        };
        let (bit, other) = (property.bit(), Property::Budget.bit());
        let one = vec![search(&[], false, bit | other, bit, bit), search(&[2], true, other, 0, bit)];
        let two =
            vec![search(&[], false, bit, 0, 0), search(&[2], true, bit, 0, 0), search(&[2, 3], false, bit, 0, bit)];
        let units = [one, two].map(|searches| Unit { searches, ..Unit::default() });
        let cell = cell(property, &units);
        let unbroken = |searches, cut, silent, premise_reached| Unbroken { searches, cut, silent, premise_reached };
        assert_eq!(cell.unbroken_of(<[usize]>::is_empty), unbroken(0, 0, 1, false));
        assert_eq!(cell.unbroken_of(|combination| combination == [2]), unbroken(1, 1, 0, false));
        assert_eq!(cell.unbroken_of(|_| true), unbroken(2, 1, 1, true));
    }

    #[test]
    fn another_claim_is_not_touched() {
        assert!(cell(Property::Budget, &[unit(&[(&[3], 9)])]).ways.is_empty());
    }
}
