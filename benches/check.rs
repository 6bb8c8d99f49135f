//! The search on trivial models: what it costs by itself. Items per second are unique states.

use std::num::NonZeroUsize;

use divan::Bencher;
use divan::counter::ItemsCount;
use everynode::check::{Bounded, Claim, Options, Successors, check, fingerprint, stock};
use stateright::Model;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// `N` counters below `to`, as bytes of a state of `SIZE` bytes.
#[derive(Clone, Copy)]
struct Counters<const N: usize, const SIZE: usize> {
    to: u8,
}

impl<const N: usize, const SIZE: usize> Counters<N, SIZE> {
    fn states(self) -> usize {
        usize::from(self.to).pow(u32::try_from(N).expect("few counters"))
    }
}

impl<const N: usize, const SIZE: usize> Model for Counters<N, SIZE> {
    type State = [u8; SIZE];
    type Action = u8;

    fn init_states(&self) -> Vec<[u8; SIZE]> {
        vec![[0; SIZE]]
    }

    fn actions(&self, state: &[u8; SIZE], actions: &mut Vec<u8>) {
        actions.extend(
            (0..)
                .zip(&state[..N])
                .filter(|(_, count)| **count + 1 < self.to)
                .map(|(action, _)| action),
        );
    }

    fn next_state(&self, state: &[u8; SIZE], action: u8) -> Option<[u8; SIZE]> {
        let mut next = *state;
        next[usize::from(action)] += 1;
        Some(next)
    }
}

impl<const N: usize, const SIZE: usize> Successors for Counters<N, SIZE> {
    fn successors(&self, state: &[u8; SIZE], out: &mut Vec<(u8, [u8; SIZE])>) {
        for (action, count) in (0..).zip(&state[..N]) {
            if *count + 1 < self.to {
                let mut next = *state;
                next[usize::from(action)] += 1;
                out.push((action, next));
            }
        }
    }
}

impl<const N: usize, const SIZE: usize> Bounded for Counters<N, SIZE> {}

fn measure<const N: usize, const SIZE: usize>(
    bencher: Bencher<'_, '_>,
    model: Counters<N, SIZE>,
    threads: usize,
) {
    let claims = [
        Claim::invariant(
            "below",
            "every counter is below its end",
            |model: &Counters<N, SIZE>, state| state.iter().all(|count| *count < model.to),
        ),
        Claim::step(
            "grows",
            "a step makes the state greater",
            |_, before, _, after| before < after,
        ),
    ];
    let threads = NonZeroUsize::new(threads).expect("some thread");
    let options = Options {
        threads,
        ..Options::default()
    };
    bencher.counter(ItemsCount::new(model.states())).bench(|| {
        let summary =
            check(&model, &claims, &options, &mut |_| ()).expect("a function of its state");
        assert_eq!(summary.unique_states, model.states() as u64);
    });
}

/// 16 bytes a state, 8 million states, three successors each.
#[divan::bench(args = [1, 2], sample_count = 3)]
fn small_states(bencher: Bencher<'_, '_>, threads: usize) {
    measure(bencher, Counters::<3, 16> { to: 200 }, threads);
}

/// 256 bytes a state, 1 million states, six successors each.
#[divan::bench(args = [1, 2], sample_count = 3)]
fn large_states(bencher: Bencher<'_, '_>, threads: usize) {
    measure(bencher, Counters::<6, 256> { to: 10 }, threads);
}

/// The same on stateright's own checker, without claims.
#[divan::bench(args = [1, 2], sample_count = 3)]
fn large_states_on_stock(bencher: Bencher<'_, '_>, threads: usize) {
    let model = Counters::<6, 256> { to: 10 };
    bencher.counter(ItemsCount::new(model.states())).bench(|| {
        assert_eq!(stock::unique_states(model, threads), model.states());
    });
}

/// One fingerprint of 256 bytes, fed as bytes and as a struct of small fields would feed them.
#[divan::bench]
fn fingerprint_of_bytes(bencher: Bencher<'_, '_>) {
    bencher.bench(|| fingerprint(0, divan::black_box(&[7_u8; 256])));
}

#[divan::bench]
fn fingerprint_of_small_fields(bencher: Bencher<'_, '_>) {
    bencher.bench(|| fingerprint(0, divan::black_box(&[(7_u8, 9_u8, 1_u16); 64])));
}
