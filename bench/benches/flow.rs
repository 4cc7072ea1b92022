//! What a flow costs besides its gradients: kinetic gradients, integrator steps, and rounds of a
//! window, on a potential whose gradient costs next to nothing. Groups: `kinetic-gradient`,
//! `integrator-step`, `window-round`; sizes are numbers of coordinates.

use candle_core::{DType, Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use optim::{
    Cost, Counted, Integrator, Kinetic, Leapfrog, Phase, Potential, Predictor, Sequential,
    Stratified, SymplecticEuler, WindowedFlow,
};
use std::sync::Arc;

/// D of a8a and of MNIST.
const SIZES: [usize; 2] = [246, 7840];

/// f = ½‖x‖², whose gradient is the point's own handle.
struct Free(usize);

impl Potential for Free {
    fn dimension(&self) -> usize {
        self.0
    }
    fn dtype(&self) -> DType {
        DType::F32
    }
    fn device(&self) -> &Device {
        &Device::Cpu
    }
    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        Ok(f64::from(point.sqr()?.sum_all()?.to_scalar::<f32>()?) / 2.0)
    }
    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        Ok(point.clone())
    }
    fn cost(&self, _: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}

fn point(size: usize) -> Tensor {
    let values: Vec<f32> = (0..size).map(|i| (i as f32 * 0.37).sin()).collect();
    Tensor::new(values, &Device::Cpu).unwrap()
}

fn free(size: usize) -> Counted {
    Counted::new(Sequential::new(Arc::new(Free(size))))
}

fn kinetic_gradient(c: &mut Criterion) {
    let mut group = c.benchmark_group("kinetic-gradient");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let velocity = point(size);
        for kinetic in Kinetic::ALL {
            group.bench_function(BenchmarkId::new(kinetic.name(), size), |b| {
                b.iter(|| kinetic.gradient(&velocity).unwrap());
            });
        }
    }
    group.finish();
}

fn integrator_step(c: &mut Criterion) {
    let mut group = c.benchmark_group("integrator-step");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let integrators: [Box<dyn Integrator>; 3] = [
            Box::new(Leapfrog),
            Box::new(Stratified::new(|| 0.5)),
            Box::new(SymplecticEuler),
        ];
        for mut integrator in integrators {
            let mut forces = free(size);
            let start = Phase::at_rest(point(size)).unwrap();
            group.bench_function(BenchmarkId::new(integrator.name(), size), |b| {
                b.iter(|| {
                    integrator
                        .step(start.clone(), Kinetic::HalfL2Squared, 0.1, &mut forces)
                        .unwrap()
                });
            });
        }
    }
    group.finish();
}

fn window_round(c: &mut Criterion) {
    let mut group = c.benchmark_group("window-round");
    const STEPS: usize = 20;
    for size in SIZES {
        let start = point(size);
        for predictor in Predictor::ALL {
            let flow = WindowedFlow {
                width: 4,
                tolerance: 1e-3,
                predictor: *predictor,
                ..WindowedFlow::new(Kinetic::HalfL2Squared, 0.1, STEPS)
            };
            let rounds = flow
                .from_rest(&start, &mut free(size))
                .unwrap()
                .strides
                .len();
            group.throughput(Throughput::Elements(rounds as u64));
            group.bench_function(BenchmarkId::new(predictor.name(), size), |b| {
                let mut forces = free(size);
                b.iter(|| flow.from_rest(&start, &mut forces).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, kinetic_gradient, integrator_step, window_round);
criterion_main!(benches);
