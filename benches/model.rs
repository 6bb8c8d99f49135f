//! States per second of bundled models, and decisions per second of one sync.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use everynode::check::{Settings, search};
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::property::ALL;
use everynode::scope::bundled;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn main() {
    divan::main();
}

fn model(path: &str) -> DaemonSetModel {
    let file = bundled::read(Path::new(path), None).expect("a bundled model");
    let claims: Vec<_> = file.expect.iter().map(|expectation| expectation.property).collect();
    DaemonSetModel::new(file.scope, &claims)
}

/// A whole search; divide its states, which `everynode check` prints, by the time.
#[divan::bench(args = ["rollout/seed-story.toml", "rollout/two-nodes.toml", "faults/lost-reply.toml"], sample_count = 5)]
fn whole_search(bencher: divan::Bencher, path: &str) {
    let model = model(path);
    let settings = Settings {
        threads: 2,
        seed: 0,
        states_max: u64::MAX,
        time_max: Duration::from_mins(5),
        memory_max: 6 << 30,
        depth_max: u64::MAX,
        stop_when_broken: 0,
        interrupt: &GO_ON,
    };
    bencher.bench(|| search(&model, ALL.len(), &settings, &mut |_| {}).expect("a function of its state").unique_states);
}

/// Every step out of one state in the middle of a rollout: opening, deciding, renumbering.
#[divan::bench(args = ["rollout/two-nodes.toml", "staleness/deletion-counted-twice.toml"])]
fn steps_out_of_one_state(bencher: divan::Bencher, path: &str) {
    let model = model(path);
    let mut cluster = model.initial();
    for _ in 0..12 {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        cluster = steps.swap_remove(0).1;
    }
    bencher.bench(|| {
        let mut steps = Steps::new();
        model.steps(&cluster, &mut steps);
        steps.len()
    });
}
