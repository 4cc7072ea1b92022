//! The same flow on every device there is: with tensors and the fused kernel, on a GPU where there is
//! one, against the CPU's own kernels.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{numbers, problem_on, random_numbers};
use optim::{
    Batched, Counts, Devices, Evaluator, Kernel, Kinetic, LogisticRegression, Method, Oracle,
    Potential, Predictor, Recurrence, Storage, Window, WindowMethod, WindowedDescent,
    WindowedRecurrence,
};
use std::sync::Arc;

/// A random problem with its data on a device.
fn problem(device: &Device, dtype: DType, kernel: Kernel) -> Arc<LogisticRegression> {
    problem_on(device, dtype, kernel, (true, 0.01))
}

fn windows() -> Vec<WindowedRecurrence> {
    let picard = |width, storage| Window {
        width,
        tolerance: 1e-3,
        method: WindowMethod::Picard {
            predictor: Predictor::LinearForce,
            storage,
        },
        ..Window::default()
    };
    let secant = Window {
        method: WindowMethod::secant(6),
        across_flows: true,
        ..picard(8, Storage::Points)
    };
    let damped = Window {
        method: WindowMethod::Secant {
            memory: 6,
            predictor: None,
            damped: true,
        },
        ..secant
    };
    let windows = vec![
        picard(1, Storage::Points),
        picard(4, Storage::Points),
        secant,
        damped,
        picard(6, Storage::Velocities { at_once: None }),
        picard(6, Storage::Bf16 { at_once: Some(2) }),
    ];
    let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 0.3, 10);
    let of = |window| WindowedRecurrence { recurrence, window };
    windows.into_iter().map(of).collect()
}

/// Where three flows end, and what they cost.
fn run(
    flow: &WindowedRecurrence,
    f: &Arc<LogisticRegression>,
    evaluator: Arc<dyn Evaluator>,
) -> (Vec<f64>, Counts) {
    let start = Tensor::from_vec(
        random_numbers(6, f.dimension()),
        f.dimension(),
        &Device::Cpu,
    );
    let start = start.unwrap().to_dtype(f.dtype()).unwrap();
    let start = start.to_device(f.device()).unwrap();
    let mut method = WindowedDescent::new(Oracle::shared(evaluator), *flow, start).ending(3);
    for _ in 0..3 {
        method.advance().unwrap();
    }
    let end = method.position().to_device(&Device::Cpu).unwrap();
    (numbers(&end.to_dtype(DType::F64).unwrap()), method.counts())
}

fn relative_distance(a: &[f64], b: &[f64]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

#[test]
fn a_flow_ends_at_the_same_point_after_as_many_rounds_on_every_device() {
    for (dtype, bound) in [(DType::F64, 1e-12), (DType::F32, 1e-4)] {
        let here = problem(&Device::Cpu, dtype, Kernel::Dense);
        for device in gpu::devices_to_test() {
            let there = problem(&device, dtype, Kernel::Fused);
            for flow in windows() {
                let wanted = run(&flow, &here, Arc::new(Batched::new(here.clone())));
                let found = run(&flow, &there, Arc::new(Batched::new(there.clone())));
                let apart = relative_distance(&found.0, &wanted.0);
                assert!(apart <= bound, "{device:?} {dtype:?} {flow:?}: {apart:e}");
                assert_eq!(found.1, wanted.1, "{device:?} {dtype:?} {flow:?}");
            }
        }
    }
}

/// Another device like it: one with a stream of its own on the same GPU, or the CPU.
fn another(device: &Device) -> Device {
    match device {
        Device::Cpu => Device::Cpu,
        _ => gpu::open(0).unwrap(),
    }
}

#[test]
fn workers_on_every_device_compute_what_one_does() {
    for device in gpu::devices_to_test() {
        let alone = problem(&device, DType::F64, Kernel::Fused);
        for workers in [1, 2, 3] {
            let mut places = vec![device.clone()];
            places.extend((1..workers).map(|_| another(&device)));
            // Data of its own, so that what workers read of one another are points and gradients alone.
            let replica = |place: &Device| {
                Ok(problem(place, DType::F64, Kernel::Fused) as Arc<dyn Potential>)
            };
            let evaluator = Arc::new(Devices::new(&places, replica).unwrap());
            for flow in windows() {
                let wanted = run(&flow, &alone, Arc::new(Batched::new(alone.clone())));
                let found = run(&flow, &alone, evaluator.clone());
                let apart = relative_distance(&found.0, &wanted.0);
                assert!(apart <= 1e-12, "{device:?} x{workers} {flow:?}: {apart:e}");
                assert_eq!(found.1, wanted.1, "{device:?} x{workers} {flow:?}");
            }
        }
    }
}

#[test]
fn a_replica_of_data_that_are_being_made_and_soon_forgotten_is_that_of_the_data() {
    for device in gpu::devices_to_test() {
        let wanted = problem(&Device::Cpu, DType::F64, Kernel::Fused);
        let point = Tensor::from_vec(
            random_numbers(6, wanted.dimension()),
            (1, wanted.dimension()),
            &Device::Cpu,
        );
        let point = point.unwrap();
        let wanted = wanted.gradients(&point).unwrap();
        for _ in 0..4 {
            let place = another(&device);
            let original = problem(&device, DType::F64, Kernel::Fused);
            let replica = original.to_device(&place).unwrap();
            drop(original);
            let point = point.to_device(&place).unwrap();
            let found = replica.gradients(&point).unwrap();
            let found = numbers(
                &found
                    .to_device(&Device::Cpu)
                    .unwrap()
                    .flatten_all()
                    .unwrap(),
            );
            let apart = relative_distance(&found, &numbers(&wanted.flatten_all().unwrap()));
            assert!(apart <= 1e-12, "{device:?}: {apart:e}");
        }
    }
}
