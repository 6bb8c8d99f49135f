//! The search beside stock stateright, in one run and with one allocator: stateright's two-phase commit, model unchanged, and
//! rollouts of the `DaemonSet` model. Prints states and generated transitions a second, each the median of several runs, and
//! ratios; the arguments after `--` name what to run.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use everynode::check::{Plain, Report, Settings, search};
use everynode::model::compose::DaemonSetModel;
use everynode::property::{ALL, Property};
use everynode::scope::bundled;
use mimalloc::MiMalloc;
use stateright::{Checker, Model};

#[path = "../tests/check/two_phase.rs"]
mod two_phase;

use two_phase::TwoPhaseCommit;

#[global_allocator]
static GLOBAL: MiMalloc = MiMalloc;

static GO_ON: AtomicBool = AtomicBool::new(false);
const RUNS: usize = 5;

fn main() {
    // `cargo test` runs benches without this argument: then there is nothing to measure.
    let (flags, named): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    if !flags.iter().any(|flag| flag == "--bench") {
        return;
    }
    let asked = |name: &str| named.is_empty() || named.iter().any(|other| name.contains(other.as_str()));
    if asked("two-phase commit, 8 managers") {
        two_phase_commit(8);
    }
    for path in ["rollout/unavailable-old-pods.toml", "surge/vanished-node.toml"] {
        if asked(path) {
            daemon_set(path);
        }
    }
}

fn settings(threads: usize) -> Settings<'static> {
    Settings {
        threads,
        seed: 0,
        states_max: u64::MAX,
        time_max: Duration::from_mins(10),
        memory_max: u64::MAX,
        depth_max: u64::MAX,
        stop_when_broken: 0,
        interrupt: &GO_ON,
    }
}

/// Seconds that each of `sides` takes, taken in turns so that what else the machine does falls on all.
fn medians<const N: usize>(sides: [&dyn Fn(); N]) -> [f64; N] {
    let mut seconds = [(); N].map(|()| Vec::new());
    for _ in 0..RUNS {
        for (side, seconds) in sides.iter().zip(&mut seconds) {
            let start = Instant::now();
            side();
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[RUNS / 2]
    })
}

fn show<A>(what: &str, report: &Report<A>, sides: &[(&str, f64)]) {
    let (states, steps) = (report.unique_states, report.transitions);
    println!("{what}: {states} states, {steps} steps generated");
    let first = sides[0].1;
    for (side, seconds) in sides {
        let rate = |count: u64| u32::try_from(count).map_or(f64::NAN, f64::from) / seconds / 1e6;
        println!(
            "  {side:<28} {seconds:6.2} s  {:5.2} M states/s  {:6.2} M steps/s  {:5.2} x",
            rate(states),
            rate(steps),
            first / seconds
        );
    }
    let bytes = |bytes: u64| u32::try_from(bytes / states).map_or(f64::NAN, f64::from);
    println!("  memory at its most, waiting states included: {} bytes a state", bytes(report.memory));
}

fn two_phase_commit(managers: usize) {
    let plain = Plain::new(TwoPhaseCommit(managers));
    let ours = |threads| search(&plain, 3, &settings(threads), &mut |_| ()).expect("a function of its state");
    let stock = |threads| {
        let checker = TwoPhaseCommit(managers).checker().threads(threads).spawn_bfs().join();
        assert_eq!(checker.unique_state_count(), 1_745_408);
    };
    let report = ours(2);
    assert_eq!(report.unique_states, 1_745_408);
    let sides = medians([&|| stock(1), &|| stock(2), &|| drop(ours(1)), &|| drop(ours(2))]);
    let names = ["stock, 1 thread", "stock, 2 threads", "ours, 1 thread", "ours, 2 threads"];
    show("two-phase commit, 8 managers", &report, &names.into_iter().zip(sides).collect::<Vec<_>>());
}

fn daemon_set(path: &str) {
    let model = |claims: &[Property]| {
        let file = bundled::read(Path::new(path), None).expect("a bundled model");
        DaemonSetModel::new(file.scope, claims)
    };
    let (none, live) = (model(&[]), model(&[Property::Converges, Property::NoHotLoop]));
    let ours = |model: &DaemonSetModel, threads| {
        search(model, ALL.len(), &settings(threads), &mut |_| ()).expect("a function of its state")
    };
    let report = ours(&none, 2);
    let stock = |threads| {
        let checker = model(&[]).checker().threads(threads).spawn_bfs().join();
        assert_eq!(checker.unique_state_count() as u64, report.unique_states);
    };
    let sides = medians([&|| stock(1), &|| stock(2), &|| drop(ours(&none, 1)), &|| drop(ours(&none, 2)), &|| {
        drop(ours(&live, 2));
    }]);
    let names = ["stock, 1 thread", "stock, 2 threads", "ours, 1 thread", "ours, 2 threads", "ours, 2, both for ever"];
    show(path, &report, &names.into_iter().zip(sides).collect::<Vec<_>>());
}
