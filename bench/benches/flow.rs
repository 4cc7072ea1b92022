//! What a sequential flow costs besides its gradients: groups `kinetic-gradient` and
//! `integrator-step`, on a potential that costs nothing. Sizes are D; throughput in coordinates.

mod common;

use bench::{DIMENSIONS, Free, vector};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use optim::{
    ExplicitEuler, Integrator, Kinetic, Leapfrog, Oracle, Phase, Sequential, Stratified,
    SymplecticEuler,
};
use std::sync::Arc;

fn kinetic_gradient(c: &mut Criterion) {
    let mut group = c.benchmark_group("kinetic-gradient");
    for size in DIMENSIONS {
        group.throughput(Throughput::Elements(size as u64));
        let velocity = vector(size).unwrap();
        for kinetic in Kinetic::ALL {
            group.bench_function(BenchmarkId::new(kinetic.to_string(), size), |b| {
                b.iter(|| kinetic.gradient(&velocity).unwrap());
            });
        }
    }
    group.finish();
}

fn integrator_step(c: &mut Criterion) {
    let mut group = c.benchmark_group("integrator-step");
    for size in DIMENSIONS {
        group.throughput(Throughput::Elements(size as u64));
        let integrators: [Box<dyn Integrator>; 4] = [
            Box::new(Leapfrog),
            Box::new(Stratified::new(|| 0.5)),
            Box::new(SymplecticEuler),
            Box::new(ExplicitEuler),
        ];
        for mut integrator in integrators {
            let free = Arc::new(Free { dimension: size });
            let mut oracle = Oracle::new(Sequential::new(free));
            let start = Phase::at_rest(vector(size).unwrap()).unwrap();
            group.bench_function(BenchmarkId::new(integrator.name(), size), |b| {
                b.iter(|| {
                    integrator
                        .step(start.clone(), Kinetic::HalfL2Squared, 0.1, &mut oracle)
                        .unwrap()
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = kinetic_gradient, integrator_step
}
criterion_main!(benches);
