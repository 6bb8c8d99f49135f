//! What is left to chance: subsets and prefixes of lists in free order, against trying every order.

use std::collections::BTreeSet;

use everynode::controller::choice::{Few, Segments, prefixes, prefixes_of_groups, subsets};
use proptest::prelude::*;

use super::world::{check, orders, picks, sorted};

fn set(items: impl IntoIterator<Item = u8>) -> Vec<u8> {
    sorted(items)
}

/// Segments of distinct numbers: some lists, cut from one.
fn segments(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(0..3_usize, 0..=most).prop_map(|lengths| {
        let mut next = 0;
        lengths
            .into_iter()
            .map(|length| {
                (0..length)
                    .map(|_| {
                        next += 1;
                        next
                    })
                    .collect()
            })
            .collect()
    })
}

/// Every order of a list whose segments keep their places while their elements do not.
fn arrangements(segments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let Some((first, rest)) = segments.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(first) {
        for tail in arrangements(rest) {
            all.push(order.iter().copied().chain(tail).collect());
        }
    }
    all
}

fn cut(list: &[u8], limit: usize) -> Vec<u8> {
    set(list.iter().copied().take(limit))
}

fn few(segment: &[u8]) -> Few<u8> {
    Few::from_slice(segment)
}

#[test]
fn subsets_are_every_choice_once_and_in_order() {
    check(512, (0..7_u8, 0..9_usize), &["all of them", "none", "some"], |(length, size), coverage| {
        let items: Vec<u8> = (0..length).collect();
        let found: Vec<Vec<u8>> = subsets(&items, size).into_iter().map(|chosen| chosen.to_vec()).collect();
        coverage.met("all of them", size >= items.len() && !items.is_empty());
        coverage.met("none", size == 0 && !items.is_empty());
        coverage.met("some", found.len() > 1);
        prop_assert_eq!(found.first().map(Vec::as_slice), Some(&items[..size.min(items.len())]));
        prop_assert!(found.iter().all(|chosen| chosen.is_sorted()));
        prop_assert_eq!(sorted(found), sorted(picks(&items, size)));
        Ok(())
    });
}

#[test]
fn prefixes_are_what_the_first_elements_can_be() {
    check(
        512,
        (segments(4), 0..8_usize),
        &["cut within a segment", "everything fits"],
        |(segments, limit), coverage| {
            let lists: Vec<Few<u8>> = segments.iter().map(|segment| few(segment)).collect();
            let found = prefixes(&lists, limit);
            let expected: BTreeSet<Vec<u8>> = arrangements(&segments).iter().map(|list| cut(list, limit)).collect();
            coverage.met("cut within a segment", expected.len() > 1);
            coverage.met("everything fits", segments.concat().len() <= limit && !segments.is_empty());
            prop_assert_eq!(found.len(), expected.len(), "no choice comes twice");
            prop_assert_eq!(found.into_iter().map(set).collect::<BTreeSet<_>>(), expected);
            Ok(())
        },
    );
}

#[test]
fn prefixes_of_groups_are_those_of_every_order_of_the_groups() {
    let groups = proptest::collection::vec(segments(2), 0..4);
    let branches = ["several choices", "the last list is cut", "the last list is not reached"];
    let last = proptest::collection::vec(segments(2), 0..3);
    check(512, (groups, last, 0..8_usize), &branches, |(mut groups, mut last, limit), coverage| {
        // Distinct numbers over all groups.
        for (number, group) in (0_u8..).zip(groups.iter_mut().chain(&mut last)) {
            group.iter_mut().flatten().for_each(|item| *item += number * 10);
        }
        let lists = |groups: &[Vec<Vec<u8>>]| -> Vec<Segments<u8>> {
            groups.iter().map(|group| group.iter().map(|segment| few(segment)).collect()).collect()
        };
        let all = [groups.clone(), last.clone()].concat();
        let before = |one: usize, other: usize| one < groups.len() && other >= groups.len();
        let found = prefixes_of_groups(&lists(&all), &before, limit);
        let mut expected = BTreeSet::new();
        for first in orders(&groups) {
            for then in orders(&last) {
                let segments: Vec<Vec<u8>> = first.iter().chain(&then).flatten().cloned().collect();
                expected.extend(arrangements(&segments).iter().map(|list| cut(list, limit)));
            }
        }
        let (before, after) = (groups.concat().concat().len(), last.concat().concat().len());
        coverage.met("several choices", expected.len() > 1);
        coverage.met("the last list is cut", before < limit && limit < before + after);
        coverage.met("the last list is not reached", limit <= before && after > 0);
        prop_assert_eq!(found.len(), expected.len(), "no choice comes twice");
        prop_assert_eq!(found.into_iter().map(set).collect::<BTreeSet<_>>(), expected);
        Ok(())
    });
}
