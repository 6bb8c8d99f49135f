//! Fair cycles against a brute-force search, on small random graphs.
//!
//! The dumb version walks (state, what is still owed) from every state until it comes back owing nothing: what a fair loop
//! is, word by word.

use std::collections::{BTreeSet, VecDeque};

use everynode::check::Lasso;
use everynode::check::fair::{Class, Classes, Edge, Fairness, Graph, NOWHERE, Touches, UNFAIR, Wanted, violation};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Classes of the random graphs; the last number stands for [`UNFAIR`].
const CLASSES: usize = 3;

#[derive(Clone, Debug)]
struct Small {
    /// Per state: class and target.
    edges: Vec<Vec<(Class, u32)>>,
    strong: [bool; CLASSES],
    avoids: [bool; CLASSES],
    within: Vec<bool>,
    touched: Vec<bool>,
    /// Per edge, in order; used instead of the states if `by_edge`.
    touched_edges: Vec<bool>,
    by_edge: bool,
    from: Option<Vec<bool>>,
}

fn small() -> impl Strategy<Value = Small> {
    (1_usize..=6).prop_flat_map(|states| {
        let last = u32::try_from(states).expect("few") - 1;
        let class = prop_oneof![6 => 0..3_u8, 1 => Just(UNFAIR)];
        let target = prop_oneof![9 => 0..=last, 1 => Just(NOWHERE)];
        let edges = prop::collection::vec(prop::collection::vec((class, target), 0..=3), states);
        let flags = move |yes: f64| prop::collection::vec(prop::bool::weighted(yes), states);
        (
            edges,
            any::<[bool; CLASSES]>(),
            prop::array::uniform(prop::bool::weighted(0.1)),
            flags(0.8),
            flags(0.3),
            prop::collection::vec(prop::bool::weighted(0.3), states * 3),
            any::<bool>(),
            prop::option::of(flags(0.3)),
        )
            .prop_map(|(edges, strong, avoids, within, touched, touched_edges, by_edge, from)| Small {
                edges,
                strong,
                avoids,
                within,
                touched,
                touched_edges,
                by_edge,
                from,
            })
    })
}

impl Small {
    fn graph(&self) -> Graph {
        let mut graph = Graph::new();
        for edges in &self.edges {
            graph.push(edges.iter().map(|(class, target)| Edge { class: *class, target: *target }));
        }
        graph
    }

    fn fairness(&self) -> [Fairness; CLASSES] {
        self.strong.map(|strong| if strong { Fairness::Strong } else { Fairness::Weak })
    }

    /// Every edge: its number, where it starts, its class, where it leads.
    fn numbered(&self) -> Vec<(usize, u32, Class, u32)> {
        let from = (0_u32..).zip(&self.edges).flat_map(|(state, edges)| edges.iter().map(move |edge| (state, *edge)));
        from.enumerate().map(|(number, (state, (class, target)))| (number, state, class, target)).collect()
    }

    fn is_avoided(&self, class: Class) -> bool {
        class != UNFAIR && self.avoids[usize::from(class)]
    }

    fn enabled(&self, state: u32) -> [bool; CLASSES] {
        let mut enabled = [false; CLASSES];
        for (class, _) in self.edges[state as usize].iter().filter(|(class, _)| *class != UNFAIR) {
            enabled[usize::from(*class)] = true;
        }
        enabled
    }

    /// What a loop has met so far.
    fn meet(&self, met: Met, state: u32) -> Met {
        let mut met = met;
        for (class, enabled) in self.enabled(state).into_iter().enumerate() {
            met.enabled[class] |= enabled;
            met.disabled[class] |= !enabled;
        }
        met.touched |= !self.by_edge && self.touched[state as usize];
        met
    }

    fn is_fair(&self, met: Met) -> bool {
        met.touched
            && (0..CLASSES).all(|class| {
                met.taken[class] || if self.strong[class] { !met.enabled[class] } else { met.disabled[class] }
            })
    }

    /// Whether a fair loop that touches what is wanted goes through `start`.
    fn loops_through(&self, start: u32) -> bool {
        let first = self.meet(Met::default(), start);
        let stutters = self.enabled(start) == [false; CLASSES];
        if stutters && self.is_fair(first) {
            return true;
        }
        let mut seen = BTreeSet::from([(start, first)]);
        let mut open = VecDeque::from([(start, first)]);
        while let Some((state, met)) = open.pop_front() {
            for (number, _, class, target) in self.numbered().into_iter().filter(|edge| edge.1 == state) {
                if target == NOWHERE || !self.within[target as usize] || self.is_avoided(class) {
                    continue;
                }
                let mut met = self.meet(met, target);
                if class != UNFAIR {
                    met.taken[usize::from(class)] = true;
                }
                met.touched |= self.by_edge && self.touched_edges[number];
                if target == start && self.is_fair(met) {
                    return true;
                }
                if seen.insert((target, met)) {
                    open.push_back((target, met));
                }
            }
        }
        false
    }

    /// The states that the loop may begin in.
    fn entries(&self) -> BTreeSet<u32> {
        let states = 0..u32::try_from(self.edges.len()).expect("few");
        let within = |state: &u32| self.within[*state as usize];
        let Some(from) = &self.from else { return states.filter(within).collect() };
        let mut reached: BTreeSet<u32> = states.filter(|state| within(state) && from[*state as usize]).collect();
        loop {
            let more: BTreeSet<u32> = self
                .numbered()
                .into_iter()
                .filter(|(_, state, _, target)| reached.contains(state) && *target != NOWHERE && within(target))
                .map(|(_, _, _, target)| target)
                .collect();
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                return reached;
            }
        }
    }

    fn is_violated(&self) -> bool {
        self.entries().into_iter().any(|state| self.loops_through(state))
    }

    fn answer(&self) -> Option<Lasso> {
        let within = |state: u32| self.within[state as usize];
        let state = |state: u32| self.touched[state as usize];
        let edge = |edge: usize| self.touched_edges[edge];
        let from = self.from.as_ref().map(|from| move |state: u32| from[state as usize]);
        let touches = if self.by_edge { Touches::Edge(&edge) } else { Touches::State(&state) };
        let from = from.as_ref().map(|from| from as &dyn Fn(u32) -> bool);
        let mut avoids = Classes::default();
        (0..3).filter(|class| self.is_avoided(*class)).for_each(|class| avoids.insert(class));
        let wanted = Wanted { from, within: &within, avoids, touches };
        violation(&self.graph(), &self.fairness(), &|state| state, &wanted)
    }

    /// Walks the lasso, and holds it against every word of what one is.
    fn check(&self, lasso: &Lasso) {
        let edges = self.numbered();
        let mut at = lasso.stem;
        assert!(self.within[at as usize], "{lasso:?}");
        if let Some(from) = &self.from {
            assert!(from[at as usize], "{lasso:?}");
        } else {
            assert!(lasso.bridge.is_empty(), "{lasso:?}");
        }
        for edge in &lasso.bridge {
            let (_, state, _, target) = edges[*edge];
            assert!(state == at && self.within[target as usize], "{lasso:?}");
            at = target;
        }
        let entry = at;
        let mut met = self.meet(Met::default(), at);
        for edge in &lasso.cycle {
            let (number, state, class, target) = edges[*edge];
            assert!(state == at && self.within[target as usize] && !self.is_avoided(class), "{lasso:?}");
            if class != UNFAIR {
                met.taken[usize::from(class)] = true;
            }
            met.touched |= self.by_edge && self.touched_edges[number];
            at = target;
            met = self.meet(met, at);
        }
        assert_eq!(at, entry, "the loop comes back: {lasso:?}");
        if lasso.cycle.is_empty() {
            assert_eq!(self.enabled(entry), [false; CLASSES], "nobody has to go on: {lasso:?}");
        }
        assert!(self.is_fair(met), "{lasso:?}: {met:?}");
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Met {
    taken: [bool; CLASSES],
    enabled: [bool; CLASSES],
    disabled: [bool; CLASSES],
    touched: bool,
}

#[test]
fn a_fair_loop_is_found_where_there_is_one_and_nowhere_else() {
    let met = std::cell::RefCell::new(std::collections::BTreeMap::<&str, u32>::new());
    let mut runner = TestRunner::new(ProptestConfig { cases: 20_000, ..ProptestConfig::default() });
    let outcome = runner.run(&small(), |small| {
        let found = small.answer();
        prop_assert_eq!(found.is_some(), small.is_violated());
        if let Some(lasso) = &found {
            small.check(lasso);
        }
        let fairless = Small { strong: [false; CLASSES], ..small.clone() };
        let free = Small { avoids: [false; CLASSES], ..small.clone() };
        let kinds = [
            ("no lasso", found.is_none()),
            ("a stutter", found.as_ref().is_some_and(|lasso| lasso.cycle.is_empty())),
            ("a loop of several steps", found.as_ref().is_some_and(|lasso| lasso.cycle.len() > 2)),
            ("a bridge", found.as_ref().is_some_and(|lasso| !lasso.bridge.is_empty())),
            ("a loop that takes what it must not", found.is_none() && free.answer().is_some()),
            ("a loop that strong fairness alone excludes", found.is_none() && fairless.answer().is_some()),
        ];
        for (kind, is) in kinds {
            *met.borrow_mut().entry(kind).or_default() += u32::from(is);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    for (kind, count) in met.into_inner() {
        assert!(count > 100, "{kind}: {count} of 20,000");
    }
}
