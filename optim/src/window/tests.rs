//! Whole flows on every kind of space.

use super::tensors::Tensors;
use super::{
    FlowEnd, Host, Predictor, Quadrature, RelativeTo, Slide, Storage, Velocity, Window,
    WindowMethod, WindowPlace, WindowedRecurrence,
};
use crate::{Batched, Counts, Kinetic, Oracle, Quadratic, Recurrence};
use candle_core::{Device, Tensor};
use std::sync::Arc;

const DIMENSION: usize = 40;

fn start() -> Tensor {
    let start: Vec<f64> = (0..DIMENSION).map(|d| (d as f64 * 0.7).sin()).collect();
    Tensor::new(start, &Device::Cpu).unwrap()
}

fn place(flow: &WindowedRecurrence) -> WindowPlace {
    WindowPlace::start(&flow.recurrence, &start()).unwrap()
}

/// Two flows through a window.
fn run(window: Box<dyn Slide>) -> (Vec<FlowEnd>, Counts) {
    let curvature: Vec<f64> = (0..DIMENSION).map(|d| 1.0 + (d % 5) as f64).collect();
    run_on(&curvature, window)
}

/// The same on the quadratic of some curvature.
fn run_on(curvature: &[f64], mut window: Box<dyn Slide>) -> (Vec<FlowEnd>, Counts) {
    let f = Arc::new(Quadratic::diagonal(curvature, &Device::Cpu).unwrap());
    let mut oracle = Oracle::new(Batched::new(f));
    let ends = (0..2)
        .map(|_| window.flow(&mut oracle).unwrap())
        .collect::<Vec<_>>();
    (ends, oracle.counts())
}

/// On tensors, by operations and, where they can be run, by kernels.
fn tensors() -> Vec<Tensors> {
    let [kernels, operations] = Tensors::kinds();
    let runs = gpu::runs(&Device::Cpu, candle_core::DType::F64);
    match runs {
        true => vec![kernels, operations],
        false => vec![operations],
    }
}

fn flows() -> Vec<WindowedRecurrence> {
    let mut all = Vec::new();
    for &kinetic in Kinetic::ALL {
        for (predictor, quadrature) in [
            (Predictor::Copy, Quadrature::SymplecticEuler),
            (Predictor::FrozenForce, Quadrature::Leapfrog),
            (Predictor::LinearForce, Quadrature::SymplecticEuler),
        ] {
            let recurrence = Recurrence::new(kinetic, 0.05, 17).with_quadrature(quadrature);
            let window = Window {
                width: 5,
                tolerance: 1e-2,
                method: WindowMethod::picard(predictor),
                ..Window::default()
            };
            let as_printed = Window {
                velocity: Velocity::AsPrinted,
                ..window
            };
            let across = Window {
                across_flows: true,
                ..window
            };
            let of_progress = Window {
                relative_to: RelativeTo::Progress,
                ..across
            };
            let of = |method| Window { method, ..window };
            let storage = Storage::Velocities { at_once: Some(3) };
            let streamed = of(WindowMethod::Picard { predictor, storage });
            let secant = |predictor, damped| {
                of(WindowMethod::Secant {
                    memory: 6,
                    predictor,
                    damped,
                })
            };
            let secants = [
                secant(Some(predictor), false),
                secant(None, false),
                secant(None, true),
            ];
            let windows = [window, as_printed, across, of_progress, streamed].into_iter();
            all.extend(
                windows
                    .chain(secants)
                    .map(|window| WindowedRecurrence { recurrence, window }),
            );
        }
    }
    all
}

#[test]
fn a_flow_on_tensors_is_that_on_the_host_in_as_many_rounds() {
    for flow in flows() {
        let host = flow.over(Host::<f64>::new(), &place(&flow), None, Some(2));
        let (wanted, counts) = run(host.unwrap());
        for space in tensors() {
            let window = flow.over(space, &place(&flow), None, Some(2)).unwrap();
            let (found, spent) = run(window);
            assert_eq!(spent, counts, "{flow:?}");
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found.strides, wanted.strides, "{flow:?}");
                let apart = (&found.position - &wanted.position).unwrap();
                let apart = apart.abs().unwrap().max(0).unwrap();
                let apart: f64 = apart.to_scalar().unwrap();
                assert!(apart < 1e-11, "{flow:?}: {apart:e}");
            }
        }
    }
}

#[test]
fn where_every_direction_changes_the_gradient_alike_the_damped_window_is_the_other_to_the_bit() {
    let damped = flows().into_iter().filter(|f| f.window.method.damped());
    for flow in damped {
        let mut plain = flow;
        plain.window.method = WindowMethod::secant(flow.window.method.memory());
        let [(wanted, counts), (found, spent)] = [plain, flow].map(|flow| {
            let window = flow.over(Host::<f64>::new(), &place(&flow), None, Some(2));
            run_on(&[2.0; DIMENSION], window.unwrap())
        });
        assert_eq!(spent, counts, "{flow:?}");
        for (found, wanted) in found.iter().zip(&wanted) {
            let numbers = |end: &FlowEnd| end.position.to_vec1::<f64>().unwrap();
            assert_eq!(numbers(found), numbers(wanted), "{flow:?}");
        }
    }
}

#[test]
fn kernels_are_used_where_they_run_and_agree() {
    for dtype in [candle_core::DType::F32, candle_core::DType::F64] {
        let used = crate::window_kernels(&Device::Cpu, dtype).unwrap();
        assert_eq!(used, gpu::runs(&Device::Cpu, dtype));
    }
    let half = crate::window_kernels(&Device::Cpu, candle_core::DType::BF16);
    assert!(!half.unwrap(), "no kernel is compiled for it");
}

#[test]
fn a_flow_more_than_was_announced_is_the_sequential_one_too() {
    let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 6);
    let flow = |width| WindowedRecurrence {
        recurrence,
        window: Window {
            width,
            tolerance: 0.0,
            method: WindowMethod::picard(Predictor::LinearForce),
            across_flows: width > 1,
            ..Window::default()
        },
    };
    let f = Arc::new(Quadratic::diagonal(&[1.0; DIMENSION], &Device::Cpu).unwrap());
    let ends = |flow: WindowedRecurrence, announced| -> Vec<Vec<f64>> {
        let mut oracle = Oracle::new(Batched::new(f.clone()));
        let mut window = flow.sliding(&start(), None, announced).unwrap();
        let ends = (0..4).map(|_| window.flow(&mut oracle).unwrap().position);
        ends.map(|end| end.to_vec1().unwrap()).collect()
    };
    let wanted = ends(flow(1), None);
    for announced in [Some(1), Some(2), Some(4), None] {
        for (found, wanted) in ends(flow(4), announced).iter().zip(&wanted) {
            for (a, b) in found.iter().zip(wanted) {
                assert!((a - b).abs() < 1e-12, "{announced:?}: {a} {b}");
            }
        }
    }
}
