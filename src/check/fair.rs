//! Fair cycles of a finite graph: what convergence and leads-to claims are decided by.
//!
//! # What is asked
//!
//! The graph has every reachable state and every step out of it. Each step belongs to a class (a stream, an in-flight
//! request, a worker, a timer, one pod's kubelet) or to none: nobody has to take it ([`UNFAIR`]; steps of users and faults,
//! which spend a budget and so lie in no cycle). Each class is under weak or strong fairness:
//!
//! - weak: a class that is enabled in every state from some point on is taken again and again;
//! - strong: a class that is enabled again and again is taken again and again.
//!
//! A behaviour that breaks a claim of this kind is a *lasso*: a stem, and a loop that is fair, stays where the claim says
//! that nothing stays, and touches what the claim says is not touched for ever. Where no class is enabled the behaviour may
//! stutter: such a state is a loop of its own, of no step. The claim may also say which classes the loop does not take;
//! their steps are then left out of the graph in which loops are looked for, but still count as enabled.
//!
//! # How it is answered
//!
//! Within the allowed states, strongly connected components are found (Tarjan). A component C contains a fair loop that
//! goes through all of C unless some class prevents it:
//!
//! - weak class c: if c is enabled in every state of C and no step of c stays in C, then no loop inside C is fair, for
//!   the same is true of each part of C: C is given up.
//! - strong class c: if c is enabled in some states of C and no step of c stays in C, then a fair loop in C avoids those
//!   states: they are taken out, and the rest is decomposed anew.
//!
//! If nothing prevents it, the loop that visits every state and takes every step of C is fair: a weak class is disabled
//! somewhere in C or taken in it, a strong class is enabled nowhere in C or taken in it. If C also holds what the claim says
//! is not touched, that loop is a violation. Conversely every fair loop lies in one component, passes both tests there, and
//! survives each decomposition; so if all components fail, there is none. A state in which the behaviour may stutter is a
//! component of its own, or lies in one: there every weak class is disabled in it, and strong ones are decomposed away until
//! it is left alone.
//!
//! Decomposition takes out at least one state each time, so the whole is at most quadratic, and linear with weak fairness.

use super::lasso::{Lasso, shortest};

/// A class of steps that is treated fairly as a whole.
pub type Class = u8;

/// The class of steps that nobody has to take.
pub const UNFAIR: Class = Class::MAX;

/// Where an edge leads that stands for a step which only waits for room: its class is enabled, and cannot be taken there.
pub const NOWHERE: u32 = u32::MAX;

/// How a class is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fairness {
    /// Enabled for ever, then taken again and again.
    Weak,
    /// Enabled again and again, then taken again and again.
    Strong,
}

/// A step: which class it is of, and the state it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The class.
    pub class: Class,
    /// The state it leads to.
    pub target: u32,
}

/// The graph of fair steps: states are numbered from 0.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Per state, where its edges begin; one more than states.
    begins: Vec<u64>,
    targets: Vec<u32>,
    classes: Vec<Class>,
}

impl Graph {
    /// A graph without states.
    pub fn new() -> Self {
        Self { begins: vec![0], targets: Vec::new(), classes: Vec::new() }
    }

    /// Adds the next state with its edges.
    pub fn push(&mut self, edges: impl IntoIterator<Item = Edge>) {
        for edge in edges {
            self.targets.push(edge.target);
            self.classes.push(edge.class);
        }
        self.begins.push(self.targets.len() as u64);
    }

    /// How many states there are.
    ///
    /// # Panics
    ///
    /// If there are 2^32 or more.
    pub fn states(&self) -> u32 {
        u32::try_from(self.begins.len() - 1).expect("fewer than 2^32 states")
    }

    /// Where the edges of `state` are, in the order of all edges.
    ///
    /// # Panics
    ///
    /// If there is no such state.
    pub fn edges_of(&self, state: u32) -> std::ops::Range<usize> {
        let begin = |state: usize| usize::try_from(self.begins[state]).expect("edges fit the memory");
        begin(state as usize)..begin(state as usize + 1)
    }

    /// As [`Graph::edges_of`], without those that lead [`NOWHERE`].
    pub(super) fn steps_of(&self, state: u32) -> impl Iterator<Item = usize> + '_ {
        self.edges_of(state).filter(|edge| self.targets[*edge] != NOWHERE)
    }

    /// As [`Graph::steps_of`], without the classes in `avoids`.
    pub(super) fn loop_steps_of(&self, state: u32, avoids: Classes) -> impl Iterator<Item = usize> + '_ {
        self.steps_of(state).filter(move |edge| !avoids.contains(self.classes[*edge]))
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> u64 {
        (size_of_val(self.begins.as_slice()) + size_of_val(self.targets.as_slice()) + self.classes.len()) as u64
    }

    /// One edge.
    pub fn edge(&self, edge: usize) -> Edge {
        Edge { class: self.classes[edge], target: self.targets[edge] }
    }

    /// The classes enabled in `state`.
    pub(super) fn enabled(&self, state: u32) -> Classes {
        let mut enabled = Classes::default();
        for edge in self.edges_of(state) {
            if self.classes[edge] != UNFAIR {
                enabled.insert(self.classes[edge]);
            }
        }
        enabled
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes([u64; 4]);

impl Classes {
    /// Every class there can be.
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    /// Puts `class` in.
    pub fn insert(&mut self, class: Class) {
        self.0[usize::from(class >> 6)] |= 1 << (class & 63);
    }

    /// Those in it, ascending.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        (0..=Class::MAX).filter(move |class| self.contains(*class))
    }

    /// Whether `class` is in it.
    pub fn contains(self, class: Class) -> bool {
        self.0[usize::from(class >> 6)] >> (class & 63) & 1 == 1
    }

    fn zip(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|word| with(self.0[word], other.0[word])))
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, |one, other| one & other)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, |one, other| one | other)
    }

    pub(super) fn without(self, other: Self) -> Self {
        self.zip(other, |one, other| one & !other)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == [0; 4]
    }
}

/// What a violating lasso looks like.
pub struct Wanted<'a> {
    /// A state on its stem from which on everything is `within`; none: only the loop is.
    pub from: Option<&'a dyn Fn(u32) -> bool>,
    /// The states that the loop stays in.
    pub within: &'a dyn Fn(u32) -> bool,
    /// The classes of which the loop takes no step.
    pub avoids: Classes,
    /// It goes through a state, or takes an edge, of which this is true.
    pub touches: Touches<'a>,
}

/// What the loop has to touch.
pub enum Touches<'a> {
    /// A state.
    State(&'a dyn Fn(u32) -> bool),
    /// An edge, by its number.
    Edge(&'a dyn Fn(usize) -> bool),
}

/// A strongly connected component with a fair loop through all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FairComponent {
    /// Its states, ascending.
    pub states: Vec<u32>,
}

/// The violation with the shortest stem; among those of one length the one whose loop holds the least state. `depth` tells
/// how many steps a state is from the start; `fairness` says of each class how it is treated, one beyond it is weak.
pub fn violation(
    graph: &Graph,
    fairness: &[Fairness],
    depth: &dyn Fn(u32) -> u32,
    wanted: &Wanted<'_>,
) -> Option<Lasso> {
    let strong = (0_u8..).zip(fairness).filter(|(_, fairness)| **fairness == Fairness::Strong);
    let strong = strong.fold(Classes::default(), |mut strong, (class, _)| {
        strong.insert(class);
        strong
    });
    shortest(graph, strong, depth, wanted, &fair_components(graph, strong, wanted))
}

/// Every component that has a fair loop and touches what is wanted; maximal ones.
pub fn fair_components(graph: &Graph, strong: Classes, wanted: &Wanted<'_>) -> Vec<FairComponent> {
    let mut found = Vec::new();
    let allowed: Vec<u32> = (0..graph.states()).filter(|state| (wanted.within)(*state)).collect();
    let mut search = Tarjan::new(graph, wanted.avoids);
    let mut open = vec![allowed];
    while let Some(states) = open.pop() {
        for component in search.components(&states) {
            let inside = Inside::of(graph, &component, wanted.avoids, &mut search.inside);
            let judged = inside.judge(strong, component.len());
            match judged {
                Judgement::Stutters | Judgement::Fair => {
                    if touches(graph, wanted, &component, &search.inside) {
                        found.push(FairComponent { states: component.clone() });
                    }
                }
                Judgement::Unfair => {}
                Judgement::Avoids(classes) => {
                    let rest = component.iter().filter(|state| graph.enabled(**state).and(classes).is_empty());
                    open.push(rest.copied().collect());
                }
            }
            Inside::clear(&component, &mut search.inside);
        }
    }
    found
}

/// What is enabled and taken inside a component.
struct Inside {
    everywhere: Classes,
    somewhere: Classes,
    taken: Classes,
    edges: bool,
}

enum Judgement {
    /// One state, and nothing is enabled in it.
    Stutters,
    /// The loop through all of it is fair.
    Fair,
    /// No loop inside it is.
    Unfair,
    /// A fair loop inside it avoids the states where one of these is enabled.
    Avoids(Classes),
}

impl Inside {
    /// Marks the states of `component` in `marks`, and looks at their edges but for those of `avoids`.
    fn of(graph: &Graph, component: &[u32], avoids: Classes, marks: &mut [bool]) -> Self {
        for state in component {
            marks[*state as usize] = true;
        }
        let mut inside =
            Self { everywhere: Classes::ALL, somewhere: Classes::default(), taken: Classes::default(), edges: false };
        for state in component {
            let enabled = graph.enabled(*state);
            inside.everywhere = inside.everywhere.and(enabled);
            inside.somewhere = inside.somewhere.or(enabled);
            for edge in graph.loop_steps_of(*state, avoids) {
                if marks[graph.targets[edge] as usize] {
                    inside.taken.insert(graph.classes[edge]);
                    inside.edges = true;
                }
            }
        }
        inside
    }

    fn clear(component: &[u32], marks: &mut [bool]) {
        for state in component {
            marks[*state as usize] = false;
        }
    }

    fn judge(&self, strong: Classes, states: usize) -> Judgement {
        if !self.edges {
            debug_assert_eq!(states, 1, "a component of several states has edges");
            return if self.somewhere.is_empty() { Judgement::Stutters } else { Judgement::Unfair };
        }
        if !self.everywhere.without(self.taken).is_empty() {
            return Judgement::Unfair;
        }
        let starved = self.somewhere.without(self.taken).and(strong);
        if starved.is_empty() { Judgement::Fair } else { Judgement::Avoids(starved) }
    }
}

/// Whether the loop through all of `component` touches what is wanted; its states are marked.
fn touches(graph: &Graph, wanted: &Wanted<'_>, component: &[u32], marks: &[bool]) -> bool {
    match wanted.touches {
        Touches::State(touched) => component.iter().any(|state| touched(*state)),
        Touches::Edge(touched) => component.iter().any(|state| {
            let mut steps = graph.loop_steps_of(*state, wanted.avoids);
            steps.any(|edge| marks[graph.targets[edge] as usize] && touched(edge))
        }),
    }
}

/// Tarjan's algorithm without recursion, over a part of the states at a time.
struct Tarjan<'a> {
    graph: &'a Graph,
    avoids: Classes,
    /// Per state: outside the part, not visited yet, or the number of its visit, from 2.
    visit: Vec<u32>,
    low: Vec<u32>,
    on_stack: Vec<bool>,
    /// Marks for [`Inside`]; all false between two uses.
    inside: Vec<bool>,
}

const OUTSIDE: u32 = 0;
const UNVISITED: u32 = 1;

impl<'a> Tarjan<'a> {
    fn new(graph: &'a Graph, avoids: Classes) -> Self {
        let states = graph.states() as usize;
        Self {
            graph,
            avoids,
            visit: vec![OUTSIDE; states],
            low: vec![0; states],
            on_stack: vec![false; states],
            inside: vec![false; states],
        }
    }

    /// The strongly connected components of the part `states`, each ascending.
    fn components(&mut self, states: &[u32]) -> Vec<Vec<u32>> {
        for state in states {
            self.visit[*state as usize] = UNVISITED;
        }
        let mut found = Vec::new();
        let mut next = 2;
        let mut stack = Vec::new();
        let mut path: Vec<(u32, std::ops::Range<usize>)> = Vec::new();
        for root in states {
            if self.visit[*root as usize] != UNVISITED {
                continue;
            }
            self.enter(*root, &mut next, &mut stack, &mut path);
            while let Some((state, edges)) = path.last_mut() {
                let state = *state;
                if let Some(edge) = edges.next() {
                    let target = self.graph.targets[edge];
                    if target == NOWHERE || self.avoids.contains(self.graph.classes[edge]) {
                        continue;
                    }
                    match self.visit[target as usize] {
                        OUTSIDE => {}
                        UNVISITED => self.enter(target, &mut next, &mut stack, &mut path),
                        visit if self.on_stack[target as usize] => {
                            let low = &mut self.low[state as usize];
                            *low = (*low).min(visit);
                        }
                        _ => {}
                    }
                    continue;
                }
                path.pop();
                let low = self.low[state as usize];
                if let Some((parent, _)) = path.last() {
                    let above = &mut self.low[*parent as usize];
                    *above = (*above).min(low);
                }
                if low == self.visit[state as usize] {
                    let from = stack.iter().rposition(|other| *other == state).expect("it is on the stack");
                    let mut component = stack.split_off(from);
                    for member in &component {
                        self.on_stack[*member as usize] = false;
                    }
                    component.sort_unstable();
                    found.push(component);
                }
            }
        }
        for state in states {
            self.visit[*state as usize] = OUTSIDE;
        }
        found
    }

    fn enter(
        &mut self,
        state: u32,
        next: &mut u32,
        stack: &mut Vec<u32>,
        path: &mut Vec<(u32, std::ops::Range<usize>)>,
    ) {
        self.visit[state as usize] = *next;
        self.low[state as usize] = *next;
        *next += 1;
        self.on_stack[state as usize] = true;
        stack.push(state);
        path.push((state, self.graph.edges_of(state)));
    }
}
