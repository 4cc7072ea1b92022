//! What a round of a window costs besides its gradients, on a potential that costs nothing: groups
//! `picard-round` and `secant-round` (cases are widths W), and `predictor` (cases are
//! method-predictor, W = 4). Sizes are D; throughput in coordinates of the window, W·D.
//!
//! Rounds cannot be made one by one from outside, and the first ones are cheaper than the others,
//! so whole runs of several flows are timed, from the same start, and the time is shared among
//! their rounds.

mod common;

use bench::{DIMENSIONS, Free, vector};
use candle_core::Tensor;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use optim::{
    Batched, Kinetic, Method, Oracle, Predictor, Recurrence, Storage, Window, WindowMethod,
    WindowedDescent, WindowedRecurrence,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Flows of a run.
const FLOWS: usize = 4;

/// M of the secant method.
const MEMORY: usize = 20;

/// A run from `start`; answers its rounds.
fn run(flow: &WindowedRecurrence, start: &Tensor) -> usize {
    let free = Arc::new(Free {
        dimension: start.elem_count(),
    });
    let oracle = Oracle::new(Batched::new(free));
    let mut method = WindowedDescent::new(oracle, *flow, start.clone()).ending(FLOWS);
    let mut rounds = 0;
    for _ in 0..FLOWS {
        rounds += method.advance().unwrap().strides.len();
    }
    rounds
}

/// The time of so many rounds, from runs that have at least as many together.
fn rounds(flow: &WindowedRecurrence, start: &Tensor, wanted: u64) -> Duration {
    let (began, mut done) = (Instant::now(), 0);
    while done < wanted {
        done += run(flow, start) as u64;
    }
    began.elapsed().mul_f64(wanted as f64 / done as f64)
}

fn measure(c: &mut Criterion, group: &str, case: &str, size: usize, flow: &WindowedRecurrence) {
    let start = vector(size).unwrap();
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements((flow.window.width * size) as u64));
    group.bench_function(BenchmarkId::new(case, size), |b| {
        b.iter_custom(|wanted| rounds(flow, &start, wanted));
    });
    group.finish();
}

/// The settings that `method` is meant to be used with.
fn flow(method: WindowMethod, width: usize) -> WindowedRecurrence {
    WindowedRecurrence {
        recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20),
        window: Window {
            width,
            tolerance: 1e-3,
            method,
            across_flows: matches!(method, WindowMethod::Secant { .. }),
            ..Window::default()
        },
    }
}

fn round(c: &mut Criterion) {
    for method in [WindowMethod::default(), WindowMethod::secant(MEMORY)] {
        for size in DIMENSIONS {
            for width in [4, 20] {
                let group = format!("{}-round", method.name());
                let case = format!("w{width}");
                measure(c, &group, &case, size, &flow(method, width));
            }
        }
    }
}

/// The same with velocities in the place of points, which are then summed up anew in every round.
fn stored(c: &mut Criterion) {
    let at_once = None;
    for storage in [Storage::Velocities { at_once }, Storage::Bf16 { at_once }] {
        for size in DIMENSIONS {
            let predictor = Predictor::default();
            let flow = flow(WindowMethod::Picard { predictor, storage }, 20);
            let case = format!("w20-{}", storage.name());
            measure(c, "picard-round", &case, size, &flow);
        }
    }
}

/// Every point counts as converged, so that a round moves by all W steps and predicts as many new
/// points.
fn predictor(c: &mut Criterion) {
    let memory = MEMORY;
    let picard = Predictor::ALL.iter().map(|&of| WindowMethod::picard(of));
    let with = |predictor| WindowMethod::Secant {
        memory,
        predictor,
        damped: false,
    };
    let secant = Predictor::ALL.iter().map(|&of| with(Some(of)));
    for method in picard.chain(secant).chain([WindowMethod::secant(memory)]) {
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.01, 40),
            window: Window {
                width: 4,
                tolerance: 1e6,
                method,
                across_flows: true,
                ..Window::default()
            },
        };
        let predictor = method.predictor().map_or("model", Predictor::name);
        for size in DIMENSIONS {
            let case = format!("{}-{predictor}", method.name());
            measure(c, "predictor", &case, size, &flow);
        }
    }
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = round, stored, predictor
}
criterion_main!(benches);
