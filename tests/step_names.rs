//! Steps by name: no two steps that are enabled in one state and lead to different states bear the same name.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;

use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::State;
use everynode::model::step_name;
use everynode::model::walk::Walk;
use everynode::scope::command::{self, Names};
use everynode::scope::{ModelFile, bundled, parse};

/// States looked at of each model, breadth first.
const STATES: usize = 3_000;

fn models() -> impl Iterator<Item = ModelFile> {
    bundled::paths().into_iter().map(|path| bundled::read(path, None).expect("a bundled model"))
}

/// The first states of a model with the steps out of them, not yet renumbered.
fn visit(file: ModelFile, mut look: impl FnMut(&Walk<'_>, &Steps)) {
    let model = DaemonSetModel::new(file.scope, &[]);
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([State::of(&model.initial())]);
    while let Some(state) = queue.pop_front() {
        let walk = Walk::at(&model, state.open());
        if model.exceeded(&walk.cluster).is_some() {
            continue;
        }
        look(&walk, &walk.enabled());
        let mut steps = Steps::new();
        model.steps(&walk.cluster, &mut steps);
        for (_, next) in steps {
            let next = State::of(&next);
            if seen.len() < STATES && seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
}

#[test]
fn no_two_steps_of_a_state_bear_one_name() {
    let mut decisions = 0;
    for file in models() {
        let path = file.path.display().to_string();
        visit(file, |walk, steps| {
            let mut named = BTreeMap::new();
            for (action, after) in steps {
                let name = step_name::name(walk, action, after);
                let label = step_name::label(&walk.model.scope, action);
                assert_eq!(name.step, label.step, "{path}: {action:?}");
                decisions +=
                    usize::from(label.arguments.get("alternative").is_some_and(|alternative| alternative == "2"));
                let other = named.entry(name.clone()).or_insert((action, after));
                assert!(other.1 == after, "{path}: {name} is {:?} and {action:?}", other.0);
            }
        });
    }
    assert!(decisions > 100, "decisions with several alternatives were met: {decisions}");
}

#[test]
fn names_say_what_was_decided() {
    let file = bundled::read("surge/rejecting-kubelet.toml".as_ref(), None).expect("a bundled model");
    let mut said = HashSet::new();
    visit(file, |walk, steps| {
        for (action, after) in steps {
            said.extend(step_name::name(walk, action, after).arguments.get("then").cloned());
        }
    });
    // One node and a failed pod beside an old one: which of them goes is the decision.
    let deletes = said.iter().filter(|then| then.starts_with("delete ")).count();
    assert!(deletes > 1, "{said:?}");
}

#[test]
fn a_command_is_written_as_it_is_read() {
    let mut commands = 0;
    for file in models() {
        let scope = &file.scope;
        let names = Names {
            nodes: scope.nodes.iter().map(|node| node.name.as_str()).collect(),
            variants: scope.variants.iter().map(String::as_str).collect(),
            templates: scope.templates.iter().map(|template| template.name.as_str()).collect(),
            own_strategies: vec![0; scope.templates.len()],
            strategies: scope.strategies.iter().map(|strategy| strategy.name.as_str()).collect(),
            daemon_sets: scope.daemon_sets.iter().map(|one| one.name.as_str()).collect(),
        };
        for command in scope.users.iter().flatten() {
            let text = command::write(scope, *command);
            assert_eq!(command::parse(&text, &names), Ok(*command), "{}: {text}", file.path.display());
            commands += 1;
        }
    }
    assert!(commands > 100, "{commands} commands were written");
}

#[test]
fn a_pod_keeps_its_name_along_a_behaviour_and_a_new_one_gets_another() {
    let text = "about = \"names\"\nstart = \"settled\"\nusers = [[\"delete-pod n1\"]]\n[nodes]\nn1 = \"plain\"\n\
        [variants]\nplain = {}\n[templates]\na = {}\n";
    let file = parse(Path::new("names.toml"), text, None, &|name| Err(format!("no manifest {name}"))).expect("a model");
    let model = DaemonSetModel::new(file.scope, &[]);
    let mut walk = Walk::new(&model);
    let mut names = Vec::new();
    // The pod terminates, goes, and another is made: by rank it is the first again.
    for _ in 0..60 {
        let told = walk.cluster.store.pods.iter().map(|pod| walk.pods.of(u32::from(pod.name)));
        names.extend(told.filter(|name| !names.contains(name)).collect::<Vec<_>>());
        let Some((_, after)) = walk.enabled().into_iter().next() else { break };
        walk.go_on(after);
    }
    assert_eq!(names, ["p1", "p2"]);
    assert_eq!(walk.cluster.store.pods.iter().map(|pod| pod.name).collect::<Vec<_>>(), [2]);
}

#[test]
fn every_kind_of_step_is_in_the_list_of_kinds() {
    let source = include_str!("../src/model/action.rs");
    let body = source.split("pub fn kind(&self)").nth(1).expect("the function is there");
    let mut named: Vec<&str> =
        body.split("=> \"").skip(1).map(|rest| rest.split('"').next().expect("a string ends")).collect();
    named.sort_unstable();
    let mut listed = everynode::model::action::KINDS.to_vec();
    listed.sort_unstable();
    assert_eq!(named, listed);
}
