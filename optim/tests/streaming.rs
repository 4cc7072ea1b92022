//! A window that keeps velocities instead of points: the same flow in less memory.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{distance, numbers, oracle, random_problem};
use optim::{
    Counts, Kinetic, Method, Predictor, Quadrature, Recurrence, Storage, Velocity, Window,
    WindowMethod, WindowedDescent, WindowedRecurrence,
};

const SEEDS: [u64; 2] = [1, 2];
const FLOWS: usize = 3;

/// What a method did: where it ended, by which strides, with how many gradients.
#[derive(Debug, PartialEq)]
struct Run {
    end: Vec<f64>,
    strides: Vec<Vec<usize>>,
    counts: Counts,
}

fn run(flow: WindowedRecurrence, seed: u64, dtype: DType) -> Run {
    let (potential, start) = random_problem(seed, dtype);
    let mut method = WindowedDescent::new(oracle(&potential), flow, start);
    let strides = (0..FLOWS).map(|_| method.advance().unwrap().strides);
    let strides = strides.collect();
    Run {
        end: numbers(&method.position().to_dtype(DType::F64).unwrap()),
        strides,
        counts: method.counts(),
    }
}

const ALL_AT_ONCE: Storage = Storage::Velocities { at_once: None };

fn of(kinetic: Kinetic, window: Window) -> WindowedRecurrence {
    let recurrence = Recurrence::new(kinetic, 0.3, 10);
    WindowedRecurrence { recurrence, window }
}

fn window(width: usize, predictor: Predictor, storage: Storage) -> Window {
    Window {
        width,
        tolerance: 1e-2,
        method: WindowMethod::Picard { predictor, storage },
        ..Window::default()
    }
}

#[test]
fn points_summed_up_from_velocities_are_those_that_are_kept_to_the_last_bit() {
    let (mut compared, mut predicted) = (0, 0);
    for &kinetic in Kinetic::ALL {
        for predictor in [
            Predictor::Copy,
            Predictor::FrozenForce,
            Predictor::LinearForce,
        ] {
            for velocity in [Velocity::Carried, Velocity::AsPrinted] {
                for quadrature in [Quadrature::SymplecticEuler, Quadrature::Leapfrog] {
                    for (width, dtype) in [(1, DType::F32), (4, DType::F32), (20, DType::F64)] {
                        let flow = |storage| WindowedRecurrence {
                            recurrence: Recurrence::new(kinetic, 0.3, 10)
                                .with_quadrature(quadrature),
                            window: Window {
                                velocity,
                                ..window(width, predictor, storage)
                            },
                        };
                        let (points, streamed) = (flow(Storage::Points), flow(ALL_AT_ONCE));
                        for seed in SEEDS {
                            let run_of_points = run(points, seed, dtype);
                            assert_eq!(run(streamed, seed, dtype), run_of_points, "{points:?}");
                            compared += 1;
                            let mut strides = run_of_points.strides.iter().flatten();
                            predicted += usize::from(strides.any(|stride| *stride > 1));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(compared, Kinetic::ALL.len() * 3 * 2 * 2 * 3 * SEEDS.len());
    assert!(
        predicted > compared / 4,
        "only {predicted} windows took strides"
    );
}

#[test]
fn gradients_computed_a_few_at_a_time_change_nothing_but_how_often_is_waited() {
    for predictor in [Predictor::Copy, Predictor::LinearForce] {
        let flow = |storage| of(Kinetic::HalfL2Squared, window(7, predictor, storage));
        let together = run(flow(ALL_AT_ONCE), 1, DType::F64);
        for at_once in [1, 3, 7, 100] {
            let some = Storage::Velocities {
                at_once: Some(at_once),
            };
            let parts = run(flow(some), 1, DType::F64);
            assert_eq!(
                (&parts.end, &parts.strides),
                (&together.end, &together.strides)
            );
            assert_eq!(parts.counts.requested, together.counts.requested);
            assert_eq!(parts.counts.distinct, together.counts.distinct);
            match at_once {
                1 => assert_eq!(parts.counts.rounds, parts.counts.distinct),
                3 => assert!(parts.counts.rounds > together.counts.rounds),
                _ => assert_eq!(parts.counts, together.counts),
            }
        }
    }
}

#[test]
fn with_guesses_in_bf16_a_flow_ends_where_it_does_without_but_for_the_tolerance() {
    for &kinetic in Kinetic::ALL {
        for seed in SEEDS {
            let exact = run(of(kinetic, Window::default()), seed, DType::F32);
            let rounded = Storage::Bf16 { at_once: None };
            let rounded = window(8, Predictor::LinearForce, rounded);
            let rounded = run(of(kinetic, rounded), seed, DType::F32);
            let tensor = |run: &Run| Tensor::new(run.end.clone(), &Device::Cpu).unwrap();
            let apart = distance(&tensor(&rounded), &tensor(&exact));
            let size = exact.end.iter().map(|v| v * v).sum::<f64>().sqrt();
            assert!(apart <= 2e-2 * size, "{kinetic}: {}", apart / size);
            assert!(rounded.counts.rounds <= exact.counts.rounds, "{kinetic}");
        }
    }
}

#[test]
fn without_tolerance_guesses_in_bf16_leave_no_trace_in_the_result() {
    // Every step is then made with a gradient computed at an exact point: rounding costs rounds.
    let exact = run(of(Kinetic::HalfL2Squared, Window::default()), 1, DType::F64);
    let rounded = Window {
        tolerance: 0.0,
        ..window(5, Predictor::Copy, Storage::Bf16 { at_once: None })
    };
    let rounded = run(of(Kinetic::HalfL2Squared, rounded), 1, DType::F64);
    assert_eq!(rounded.end, exact.end);
    assert!(rounded.counts.rounds <= exact.counts.rounds);
}

#[test]
fn what_a_storage_cannot_hold_is_refused() {
    let refused = |window: Window| {
        let (potential, start) = random_problem(1, DType::F64);
        let flow = of(Kinetic::HalfL2Squared, window);
        let end = flow.from_rest(&start, &mut oracle(&potential));
        end.unwrap_err().to_string()
    };
    let across = Window {
        across_flows: true,
        ..window(4, Predictor::Copy, Storage::Bf16 { at_once: None })
    };
    assert!(refused(across).contains("storage"));
    let none = Storage::Velocities { at_once: Some(0) };
    let none = window(4, Predictor::Copy, none);
    assert!(refused(none).contains("at_once"));
}
