//! The views of a model: every state is visited in breadth-first order, and each view is noted where it is met first.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::line::{Arrivals, Asked, Lines, Pause};
use crate::check::fingerprint;
use crate::cluster::api_server::Store;
use crate::cluster::object::{Key, NO_LABELS, Object, Objects};
use crate::cluster::presence::Presence;
use crate::cluster::watch::{Event, Informer};
use crate::controller::queue::Queued;
use crate::model::action::Resource;
use crate::model::canonical::canonicalise;
use crate::model::compose::{DaemonSetModel, Steps};
use crate::model::state::{Cluster, Process, State, Work};
use crate::release::PlacedBy;
use crate::scope::{Faults, ModelFile};
use crate::vectors::BadVector;
use crate::vectors::question::Line;
use crate::vectors::wire::Outcome;

/// Which file of the vectors a view belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `sync.jsonl`.
    Sync,
    /// `midsync.jsonl`.
    Midsync,
    /// `handlers.jsonl`.
    Handlers,
}

impl Kind {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Midsync, Self::Handlers];

    /// As it is called in ids and messages.
    pub fn text(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Midsync => "midsync",
            Self::Handlers => "handlers",
        }
    }

    fn of(asked: Asked) -> Self {
        match asked {
            Asked::Sync(_) => Self::Sync,
            Asked::Midsync(..) => Self::Midsync,
            Asked::Event(..) | Asked::NodeItem(_) => Self::Handlers,
        }
    }
}

/// Why the schema cannot state a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unstated {
    /// Up to 1.11 the controller looks for room, and a scope does not say how much a node has.
    Room,
    /// Several selectors match an object without labels; in the model only that of its own `DaemonSet` does.
    Unlabelled,
    /// The sync asks about a pod that it has deleted. The schema's API server removes it at once, a real one and the
    /// model's leave it terminating.
    Terminating,
    /// The sync writes to an object of which an event is on its way; what arrives then is both.
    WrittenMeanwhile,
    /// The selectors overlap; the schema's objects bear the labels of one `DaemonSet` each.
    Overlap,
    /// A handler runs later than its event enters the store; the schema's run at once.
    HandlersLag,
    /// The namespace takes no new object; the schema refuses single requests.
    Namespace,
}

impl Unstated {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Room => "the controller looks for room itself, and a model does not say how much there is",
            Self::Unlabelled => "several DaemonSets select objects without labels",
            Self::Terminating => "the sync asks about a pod that it deleted, and the schema keeps none that terminates",
            Self::Overlap => "the selectors of the DaemonSets overlap",
            Self::HandlersLag => "handlers run later than their events enter the stores",
            Self::Namespace => "the namespace is being deleted",
            Self::WrittenMeanwhile => "the sync writes to an object of which an event is on its way",
        }
    }
}

/// A view, where it was met first.
#[derive(Clone, Debug)]
pub struct View {
    /// The state.
    pub state: State,
    /// The process, by index.
    pub controller: usize,
    /// What is asked of it.
    pub asked: Asked,
}

/// Why not every state was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The limit on states.
    States(u64),
    /// A capacity of the scope.
    Capacity(&'static str),
}

/// Every distinct view of a model, in breadth-first order.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// By kind.
    pub views: BTreeMap<Kind, Vec<View>>,
    /// How many distinct views cannot be stated, and why.
    pub unstated: BTreeMap<(Kind, Unstated), u64>,
    /// States visited.
    pub states: u64,
    /// Why there may be more.
    pub cut: Option<Cut>,
}

/// Visits at most `states_max` states of the model of `file`.
///
/// # Errors
///
/// If an emitted question is none.
pub fn collect(file: &ModelFile, states_max: u64) -> Result<Views, BadVector> {
    let model = DaemonSetModel::new(file.scope.clone(), &[]);
    let lines = Lines::of(file);
    let mut collector = Collector { file, lines: &lines, seen: FxHashSet::default(), views: Views::default() };
    let first = State::of(&model.initial());
    let mut known = FxHashSet::from_iter([fingerprint(first.bytes(), 0)]);
    let mut level = vec![first];
    let mut steps = Steps::new();
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for state in level {
            let cluster = state.open();
            collector.views.states += 1;
            if let Some(what) = model.exceeded(&cluster) {
                collector.views.cut.get_or_insert(Cut::Capacity(what));
                continue;
            }
            collector.meet(&state, &cluster)?;
            model.steps(&cluster, &mut steps);
            for (_, next) in steps.drain(..) {
                let sealed = State::of(&next);
                if known.contains(&fingerprint(sealed.bytes(), 0)) {
                    continue;
                }
                if known.len() as u64 >= states_max {
                    collector.views.cut = Some(Cut::States(states_max));
                    continue;
                }
                known.insert(fingerprint(sealed.bytes(), 0));
                next_level.push(sealed);
            }
        }
        level = next_level;
    }
    Ok(collector.views)
}

impl Views {
    /// At most `most` views, as many of each kind as of the others as far as there are so many, each kind's spread evenly
    /// over all of that kind: the views with their numbers in that order, from 1.
    pub fn sample(&self, most: usize) -> Vec<(Kind, usize, &View)> {
        let mut shares: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut rest = most;
        let mut by_count: Vec<(usize, Kind)> = self.views.iter().map(|(kind, views)| (views.len(), *kind)).collect();
        by_count.sort_unstable();
        for (index, (count, kind)) in by_count.iter().enumerate() {
            let share = (*count).min(rest / (by_count.len() - index));
            shares.insert(*kind, share);
            rest -= share;
        }
        let of_kind = |(kind, share): (Kind, usize)| {
            let views = &self.views[&kind];
            (0..share).map(move |index| {
                let place = index * views.len() / share;
                (kind, place + 1, &views[place])
            })
        };
        shares.into_iter().flat_map(of_kind).collect()
    }

    /// A sampled view as a line, with the answer of the release's functions.
    ///
    /// # Errors
    ///
    /// If the question is none.
    pub fn line(lines: &Lines<'_>, (kind, number, view): (Kind, usize, &View)) -> Result<Line, BadVector> {
        let mut line = lines.question(&view.state.open(), view.controller, view.asked);
        line.id = format!("{}-{}-{number:05}", lines.objects.scope.name, kind.text());
        lines.answer(&mut line)?;
        Ok(line)
    }
}

/// What tells two views apart: what is asked, and the state cut down to what the question states.
type ViewKey = (Asked, State);

struct Collector<'a> {
    file: &'a ModelFile,
    lines: &'a Lines<'a>,
    seen: FxHashSet<ViewKey>,
    views: Views,
}

impl Collector<'_> {
    /// Notes every view of a state.
    fn meet(&mut self, state: &State, cluster: &Cluster) -> Result<(), BadVector> {
        for (controller, process) in cluster.controllers.iter().enumerate().filter(|(_, process)| process.running) {
            for (key, work) in (0..).zip(&process.work) {
                if work.queue == Queued::Waiting && work.sync.is_none() {
                    self.note(state, cluster, controller, Asked::Sync(key))?;
                    let arrivals = Arrivals::of(process, key);
                    if !arrivals.is_empty() && process.daemon_sets.store.get(key).is_some() {
                        for pause in [Pause::Rollout, Pause::Status] {
                            self.note(state, cluster, controller, Asked::Midsync(key, pause))?;
                        }
                    }
                }
            }
            for asked in events(process) {
                self.note(state, cluster, controller, asked)?;
            }
            for node in &process.node_queue {
                self.note(state, cluster, controller, Asked::NodeItem(*node))?;
            }
        }
        Ok(())
    }

    fn note(&mut self, state: &State, cluster: &Cluster, controller: usize, asked: Asked) -> Result<(), BadVector> {
        let kind = Kind::of(asked);
        let cut = cut_down(cluster, controller, asked);
        if !self.seen.insert((asked, State::of(&cut))) {
            return Ok(());
        }
        match self.unstated(cluster, controller, asked)? {
            Some(reason) => *self.views.unstated.entry((kind, reason)).or_default() += 1,
            None => self.views.views.entry(kind).or_default().push(View { state: state.clone(), controller, asked }),
        }
        Ok(())
    }

    /// Why the schema cannot state a view.
    fn unstated(&self, cluster: &Cluster, controller: usize, asked: Asked) -> Result<Option<Unstated>, BadVector> {
        let scope = &self.file.scope;
        if scope.switches.placed_by == PlacedBy::Controller {
            return Ok(Some(Unstated::Room));
        }
        if scope.overlapping_selectors {
            return Ok(Some(Unstated::Overlap));
        }
        if scope.lag.handlers > 0 && matches!(asked, Asked::Event(..) | Asked::Midsync(..)) {
            return Ok(Some(Unstated::HandlersLag));
        }
        if cluster.store.terminating && matches!(asked, Asked::Sync(_) | Asked::Midsync(..)) {
            return Ok(Some(Unstated::Namespace));
        }
        let process = &cluster.controllers[controller];
        let selecting = scope.daemon_sets.iter().filter(|ds| ds.selects_unlabelled).count();
        if scope.daemon_sets.len() > 1
            && selecting > 0
            && process.revisions.store.iter().chain(&cluster.store.revisions).any(|one| one.label == NO_LABELS)
        {
            return Ok(Some(Unstated::Unlabelled));
        }
        let (key, midsync) = match asked {
            Asked::Sync(key) => (key, false),
            Asked::Midsync(key, _) => (key, true),
            Asked::Event(..) | Asked::NodeItem(_) => return Ok(None),
        };
        // Only what a claim patches is asked about twice.
        let patched = process.pods.store.iter().any(|pod| pod.owner.is_none() && pod.owner_key == key);
        if !patched && !midsync {
            return Ok(None);
        }
        let mut line = self.lines.question(cluster, controller, asked);
        self.lines.answer(&mut line)?;
        let outcomes = line.outcomes.unwrap_or_default();
        if !midsync {
            let pods = || cluster.store.pods.iter().filter(|pod| pod.bound && pod.is_non_terminal());
            let names: Vec<String> = pods().map(|pod| self.lines.objects.pod_name(pod)).collect();
            let again = outcomes.iter().any(|outcome| asks_again(outcome, &names));
            return Ok(again.then_some(Unstated::Terminating));
        }
        let given = line.given.unwrap_or_default();
        let events: Vec<(&str, &str)> = (given.deliveries.iter())
            .flat_map(|delivery| &delivery.events)
            .map(|event| (event.kind.as_str(), event.name.as_str()))
            .collect();
        let written = outcomes.iter().any(|outcome| writes_before_delivery(outcome, &events));
        Ok(written.then_some(Unstated::WrittenMeanwhile))
    }
}

/// The events that may enter the stores next, and of which a handler is told.
fn events(process: &Process) -> Vec<Asked> {
    fn of<T: Object>(events: &mut Vec<Asked>, informer: &Informer<T>, resource: Resource) {
        let told = informer.stream.first().is_some_and(|versioned| match &versioned.event {
            Event::Put(_) => true,
            Event::Deleted(object) => informer.store.get(object.name()).is_some(),
            Event::Bookmark => false,
        });
        if told {
            events.push(Asked::Event(resource));
        }
    }
    let mut events = Vec::new();
    of(&mut events, &process.daemon_sets, Resource::DaemonSets);
    of(&mut events, &process.revisions, Resource::Revisions);
    of(&mut events, &process.pods, Resource::Pods);
    of(&mut events, &process.nodes, Resource::Nodes);
    events
}

/// Whether a request names a pod, one of `names`, that an earlier one has deleted.
fn asks_again(outcome: &Outcome, names: &[String]) -> bool {
    let mut deleted: Vec<&str> = Vec::new();
    for request in outcome.writes.iter().flatten().filter(|request| request.kind == "Pod") {
        if deleted.contains(&request.name.as_str()) {
            return true;
        }
        if request.verb == "delete" && request.error.is_empty() && names.contains(&request.name) {
            deleted.push(&request.name);
        }
    }
    false
}

/// Whether a write that succeeded before the delivery is to one of its objects.
fn writes_before_delivery(outcome: &Outcome, events: &[(&str, &str)]) -> bool {
    let requests = outcome.writes.iter().flatten();
    let before = requests.take_while(|request| request.verb != "deliver");
    let mut writes = before.filter(|request| request.verb != "get");
    writes.any(|request| events.contains(&(request.kind.as_str(), request.name.as_str())))
}

/// What of an informer a question states: the store, and the first `count` events.
fn part<T: Object>(informer: &Informer<T>, count: usize) -> Informer<T> {
    let stream = informer.stream[..count].iter().copied().collect();
    Informer { stream, ..Informer::listed(&informer.store, 0) }
}

/// Only the object of the only event stays in the store.
fn only_its_own<T: Object>(informer: &mut Informer<T>) {
    if let Some(Event::Put(object) | Event::Deleted(object)) = informer.stream.first().map(|versioned| versioned.event)
    {
        let old = informer.store.get(object.name()).copied();
        informer.store = Objects::default();
        old.map(|old| informer.store.put(old));
    }
}

/// The state cut down to what the question states, names and versions by rank.
fn cut_down(cluster: &Cluster, controller: usize, asked: Asked) -> Cluster {
    let process = &cluster.controllers[controller];
    let mut store = Store::default();
    let mut shown = Process { running: true, work: process.work.clone(), ..Process::default() };
    for work in &mut shown.work {
        *work = Work { queue: work.queue, memory: work.memory.clone(), ..Work::default() };
    }
    match asked {
        Asked::Sync(key) => {
            shown = shown_to_sync(process, key, None);
            store = asked_by_sync(cluster, &shown, key);
        }
        Asked::Midsync(key, _) => {
            shown = shown_to_sync(process, key, Some(Arrivals::of(process, key)));
            store = asked_by_sync(cluster, &shown, key);
        }
        Asked::NodeItem(_) => {
            shown.daemon_sets = part(&process.daemon_sets, 0);
            shown.pods = part(&process.pods, 0);
            shown.nodes = part(&process.nodes, 0);
            shown.node_queue.clone_from(&process.node_queue);
        }
        Asked::Event(resource) => {
            let here = |of: Resource| usize::from(of == resource);
            let looks = resource == Resource::Nodes;
            shown.node_queue.clone_from(&process.node_queue);
            shown.daemon_sets = part(&process.daemon_sets, here(Resource::DaemonSets));
            if looks || resource == Resource::Pods {
                shown.pods = part(&process.pods, here(Resource::Pods));
            }
            if looks {
                shown.nodes = part(&process.nodes, 1);
            } else if resource == Resource::Pods {
                only_its_own(&mut shown.pods);
            } else if resource == Resource::Revisions {
                shown.revisions = part(&process.revisions, 1);
                only_its_own(&mut shown.revisions);
            }
        }
    }
    let mut cut = Cluster {
        store,
        machines: SmallVec::new(),
        controllers: SmallVec::from_iter([shown]),
        laggard: None,
        calls: SmallVec::new(),
        replies: SmallVec::new(),
        scheduler: Presence::Here,
        users: SmallVec::new(),
        budgets: Faults::default(),
    };
    canonicalise(&mut cut);
    cut
}

/// The process as a sync of `key` finds it, with what is on its way where that arrives in its middle.
fn shown_to_sync(process: &Process, key: Key, arrivals: Option<Arrivals>) -> Process {
    let none = Arrivals { daemon_sets: 0, revisions: 0, pods: 0, nodes: 0 };
    let arrivals = arrivals.unwrap_or(none);
    let mut shown = Process {
        running: true,
        daemon_sets: part(&process.daemon_sets, arrivals.daemon_sets),
        revisions: part(&process.revisions, arrivals.revisions),
        pods: part(&process.pods, arrivals.pods),
        nodes: part(&process.nodes, arrivals.nodes),
        work: process.work.iter().map(|_| Work::default()).collect(),
        ..Process::default()
    };
    shown.daemon_sets.store.0.retain(|ds| ds.key == key);
    let work = &process.work[usize::from(key)];
    let mut backoff = work.backoff.clone();
    match process.daemon_sets.store.get(key) {
        Some(ds) => backoff.retain(|one| one.uid == ds.uid && one.observed_generation == ds.observed_generation),
        None => backoff.clear(),
    }
    if work.memory.own_writes.is_some() {
        shown.pods.synced = process.pods.synced;
        shown.daemon_sets.synced = process.daemon_sets.synced;
    }
    shown.work[usize::from(key)] = Work { memory: work.memory.clone(), backoff, ..Work::default() };
    shown
}

/// What the requests of a sync meet; nothing where it sends none.
fn asked_by_sync(cluster: &Cluster, shown: &Process, key: Key) -> Store {
    let mut store = Store::default();
    if shown.daemon_sets.store.get(key).is_some() {
        store.daemon_sets.0.extend(cluster.store.daemon_sets.get(key).copied());
        store.revisions.clone_from(&cluster.store.revisions);
        store.pods.clone_from(&cluster.store.pods);
        store.terminating = cluster.store.terminating;
    }
    store
}
