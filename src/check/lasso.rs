//! Lassos: a way into a fair component, and a loop in it that is fair and touches what it has to.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::fair::{Classes, FairComponent, Graph, Touches, UNFAIR, Wanted};

/// A behaviour for ever: a stem and a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasso {
    /// The state to which a shortest behaviour leads.
    pub stem: u32,
    /// The edges from there to the loop.
    pub bridge: Vec<usize>,
    /// The edges of the loop, from its first state back to it; none where the behaviour stutters there.
    pub cycle: Vec<usize>,
}

impl Lasso {
    /// The first state of the loop.
    pub(super) fn entry(&self, graph: &Graph) -> u32 {
        self.bridge.last().map_or(self.stem, |edge| graph.edge(*edge).target)
    }
}

/// The lasso with the shortest stem into one of `components`.
pub(super) fn shortest(
    graph: &Graph,
    strong: Classes,
    depth: &dyn Fn(u32) -> u32,
    wanted: &Wanted<'_>,
    components: &[FairComponent],
) -> Option<Lasso> {
    let entries: HashMap<u32, usize> = components
        .iter()
        .enumerate()
        .flat_map(|(index, component)| component.states.iter().map(move |state| (*state, index)))
        .collect();
    let (stem, bridge, entry) = match wanted.from {
        None => {
            let entry = entries.keys().copied().min_by_key(|state| (depth(*state), *state))?;
            (entry, Vec::new(), entry)
        }
        Some(from) => bridge(graph, depth, wanted, from, &|state| entries.contains_key(&state))?,
    };
    let component = &components[entries[&entry]];
    Some(Lasso { stem, bridge, cycle: cycle(graph, strong, wanted, component, entry) })
}

/// How a state was reached: the state before, and the edge from there; none at the start.
type By = Option<(u32, usize)>;

/// The shortest way from the start by way of a state of `from`, from there on within, to a state of `to`: that state of
/// `from`, the edges after it, and where they lead.
fn bridge(
    graph: &Graph,
    depth: &dyn Fn(u32) -> u32,
    wanted: &Wanted<'_>,
    from: &dyn Fn(u32) -> bool,
    to: &dyn Fn(u32) -> bool,
) -> Option<(u32, Vec<usize>, u32)> {
    let starts = (0..graph.states()).filter(|state| from(*state) && (wanted.within)(*state));
    let mut reached: HashMap<u32, By> = HashMap::new();
    let mut open: BinaryHeap<Reverse<(u32, u32, By)>> =
        starts.map(|state| Reverse((depth(state), state, None))).collect();
    while let Some(Reverse((length, state, by))) = open.pop() {
        if reached.contains_key(&state) {
            continue;
        }
        reached.insert(state, by);
        if to(state) {
            let mut edges = Vec::new();
            let mut at = state;
            while let Some(Some((before, edge))) = reached.get(&at) {
                edges.push(*edge);
                at = *before;
            }
            edges.reverse();
            return Some((at, edges, state));
        }
        for edge in graph.steps_of(state) {
            let target = graph.edge(edge).target;
            if (wanted.within)(target) && !reached.contains_key(&target) {
                open.push(Reverse((length + 1, target, Some((state, edge)))));
            }
        }
    }
    None
}

/// What a loop owes until it is fair and touches what is wanted.
struct Owed<'a> {
    graph: &'a Graph,
    wanted: &'a Wanted<'a>,
    touch: bool,
    /// Weak classes that the loop has neither taken nor met disabled, and strong ones that it has not taken.
    classes: Classes,
    strong: Classes,
}

impl Owed<'_> {
    fn is_nothing(&self) -> bool {
        !self.touch && self.classes.is_empty()
    }

    /// Whether going through `state` pays something.
    fn paid_by_state(&self, state: u32) -> bool {
        let touches = self.touch && matches!(self.wanted.touches, Touches::State(touched) if touched(state));
        touches || !self.classes.without(self.strong).without(self.graph.enabled(state)).is_empty()
    }

    /// Whether taking `edge` pays something.
    fn paid_by_edge(&self, edge: usize) -> bool {
        let touches = self.touch && matches!(self.wanted.touches, Touches::Edge(touched) if touched(edge));
        let class = self.graph.edge(edge).class;
        touches || (class != UNFAIR && self.classes.contains(class))
    }

    fn pay_state(&mut self, state: u32) {
        if matches!(self.wanted.touches, Touches::State(touched) if touched(state)) {
            self.touch = false;
        }
        let enabled = self.graph.enabled(state);
        let disabled = self.classes.without(self.strong).without(enabled);
        self.classes = self.classes.without(disabled);
    }

    fn pay_edge(&mut self, edge: usize) {
        if matches!(self.wanted.touches, Touches::Edge(touched) if touched(edge)) {
            self.touch = false;
        }
        let mut taken = Classes::default();
        taken.insert(self.graph.edge(edge).class);
        self.classes = self.classes.without(taken);
    }
}

/// A loop from `entry` through its component that is fair and touches what is wanted: each time to the nearest thing still
/// owed, and back.
fn cycle(graph: &Graph, strong: Classes, wanted: &Wanted<'_>, component: &FairComponent, entry: u32) -> Vec<usize> {
    let inside = |state: u32| component.states.binary_search(&state).is_ok();
    let has_edges = graph.loop_steps_of(entry, wanted.avoids).any(|edge| inside(graph.edge(edge).target));
    if !has_edges {
        return Vec::new(); // the behaviour stutters
    }
    let somewhere =
        component.states.iter().fold(Classes::default(), |classes, state| classes.or(graph.enabled(*state)));
    let mut owed = Owed { graph, wanted, touch: true, classes: somewhere, strong };
    owed.pay_state(entry);
    let mut edges = Vec::new();
    let mut at = entry;
    while !owed.is_nothing() {
        let way =
            way(graph, wanted.avoids, &inside, at, &|state| owed.paid_by_state(state), &|edge| owed.paid_by_edge(edge));
        for edge in way.expect("a fair component pays everything") {
            owed.pay_edge(edge);
            at = graph.edge(edge).target;
            owed.pay_state(at);
            edges.push(edge);
        }
    }
    if at != entry || edges.is_empty() {
        let back = way(graph, wanted.avoids, &inside, at, &|state| state == entry, &|_| false);
        edges.extend(back.expect("a component is strongly connected"));
    }
    edges
}

/// The shortest way of at least one edge from `start` to a state of `to`, or over an edge of `over`; none of its edges is of
/// `avoids`.
fn way(
    graph: &Graph,
    avoids: Classes,
    inside: &dyn Fn(u32) -> bool,
    start: u32,
    to: &dyn Fn(u32) -> bool,
    over: &dyn Fn(usize) -> bool,
) -> Option<Vec<usize>> {
    let mut reached: HashMap<u32, (u32, usize)> = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(state) = open.pop_front() {
        for edge in graph.loop_steps_of(state, avoids) {
            let target = graph.edge(edge).target;
            if !inside(target) {
                continue;
            }
            if to(target) || over(edge) {
                let mut edges = vec![edge];
                let mut at = state;
                while at != start {
                    let (before, edge) = reached[&at];
                    edges.push(edge);
                    at = before;
                }
                edges.reverse();
                return Some(edges);
            }
            if target != start && !reached.contains_key(&target) {
                reached.insert(target, (state, edge));
                open.push_back(target);
            }
        }
    }
    None
}
