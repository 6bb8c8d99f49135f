//! The cells of the matrix: what was found of a claim in a release, over all bases.

use super::matrix::{BASES, Base, combination_id};
use super::minimal::is_part;
use super::run::{Asked, Broken, Unit};
use crate::model::narrative::Line;
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
    pub lines: &'a [Line],
    /// The other bases in which the same faults break the claim, minimally.
    pub also: Vec<&'static Base>,
}

/// A claim in a release.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// The ways to break it, fewer faults first.
    pub ways: Vec<Way<'a>>,
    /// What else was asked.
    pub asked: Asked,
}

/// The cell of `property`, from the units of a release, one a base.
pub fn cell(property: Property, units: &[Unit]) -> Cell<'_> {
    let mut found: Vec<(&'static Base, &Broken)> = Vec::new();
    let mut asked = Asked::default();
    for (base, unit) in BASES.iter().zip(units) {
        found.extend(unit.broken.iter().filter(|broken| broken.property == property).map(|broken| (base, broken)));
        if let Some(here) = unit.asked.get(property as usize) {
            asked.unbroken += here.unbroken;
            asked.cut += here.cut;
            asked.premise_reached |= here.premise_reached;
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
            ways.push(Way { combination, base, lines: &broken.lines, also: Vec::new() });
        }
    }
    Cell { ways, asked }
}

/// The file name of a counterexample, without ending.
pub fn page_name(property: Property, way: &Way<'_>, release: &str) -> String {
    let scope = if way.combination.is_empty() { format!("-in-{}", way.base.id) } else { String::new() };
    format!("{}--{}{scope}--{release}", property.id(), combination_id(way.combination))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<Line> {
        (0..count).map(|_| Line { who: "user".into(), what: "acts".into(), sees: None }).collect()
    }

    fn unit(broken: &[(&[usize], usize)]) -> Unit {
        let broken = broken.iter().map(|(combination, length)| Broken {
            property: Property::OnePerNode,
            combination: combination.to_vec(),
            lines: lines(*length),
        });
        Unit { broken: broken.collect(), ..Unit::default() }
    }

    #[test]
    fn the_first_base_speaks_for_the_others() {
        let units = [unit(&[(&[3], 9)]), unit(&[(&[3], 5)]), unit(&[(&[3], 5)])];
        let cell = cell(Property::OnePerNode, &units);
        assert_eq!(cell.ways.len(), 1);
        assert_eq!((cell.ways[0].base.id, cell.ways[0].lines.len()), (BASES[0].id, 9));
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
    fn another_claim_is_not_touched() {
        assert!(cell(Property::Budget, &[unit(&[(&[3], 9)])]).ways.is_empty());
    }
}
