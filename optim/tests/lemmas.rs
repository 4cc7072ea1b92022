//! The paper's two algorithmic lemmas as properties of random problems.

mod common;

use candle_core::{DType, Tensor};
use common::{distance, numbers, oracle, random_problem};
use optim::{
    Flow, HamiltonianDescent, HeavyBall, Kinetic, Leapfrog, Method, Predictor, Quadrature,
    Recurrence, SpeedLimit, SymplecticEuler, Velocity, Window, WindowMethod, WindowedRecurrence,
};

const SEEDS: std::ops::Range<u64> = 0..8;

/// Lemma 2: with a single Leapfrog step, Hamiltonian Descent is a known method whose step size
/// the kinetic energy decides: θ²/2 for ½‖v‖², θ for the three norms. Under the relativistic energy, which
/// Lemma 2 does not have, it is the step of ½‖v‖² over √(1 + (θ/2)²‖∇f‖²/c²).
#[test]
fn one_leapfrog_step_is_gradient_normalised_sign_or_coordinate_descent() {
    for seed in SEEDS {
        let theta = 0.1 + 0.05 * seed as f64;
        for &kinetic in Kinetic::ALL {
            let (direction, step) = match kinetic {
                Kinetic::HalfL2Squared => (kinetic, theta * theta / 2.0),
                Kinetic::Relativistic(c) => {
                    let limit = SpeedLimit::new(2.0 * c.get() / theta).unwrap();
                    (Kinetic::Relativistic(limit), theta * theta / 2.0)
                }
                _ => (kinetic, theta),
            };
            let (potential, start) = random_problem(seed, DType::F64);
            let flow = Flow::new(kinetic, Box::new(Leapfrog), theta, 1).unwrap();
            let mut hd = HamiltonianDescent::new(oracle(&potential), flow, start.clone());
            let mut known =
                HeavyBall::new(oracle(&potential), direction, step, 0.0, start).unwrap();
            for k in 0..20 {
                hd.advance().unwrap();
                known.advance().unwrap();
                let apart = distance(hd.position(), known.position());
                assert!(
                    apart < 1e-13,
                    "{kinetic}, seed {seed}, iteration {k}: {apart}"
                );
            }
        }
    }
}

fn sequential_end(kinetic: Kinetic, quadrature: Quadrature, seed: u64, steps: usize) -> Tensor {
    let (potential, start) = random_problem(seed, DType::F64);
    let integrator: Box<dyn optim::Integrator> = match quadrature {
        Quadrature::SymplecticEuler => Box::new(SymplecticEuler),
        Quadrature::Leapfrog => Box::new(Leapfrog),
    };
    let mut flow = Flow::new(kinetic, integrator, 0.3, steps).unwrap();
    flow.from_rest(&start, &mut oracle(&potential)).unwrap()
}

/// Picard iteration with each of its predictors, and the secant method with its own.
fn methods() -> Vec<WindowMethod> {
    let picard = Predictor::ALL.iter().map(|&of| WindowMethod::picard(of));
    picard.chain([WindowMethod::secant(5)]).collect()
}

/// Lemma 3: S Picard iterations over the whole flow give the sequential flow exactly. With τ = 0
/// nothing else ends a window's work, so the bound on the rounds is met too.
#[test]
fn a_window_over_the_whole_flow_is_the_sequential_flow_after_at_most_as_many_rounds_as_steps() {
    for seed in SEEDS {
        for &kinetic in Kinetic::ALL {
            for &quadrature in Quadrature::ALL {
                for method in methods() {
                    let steps = 3 + seed as usize;
                    let (potential, start) = random_problem(seed, DType::F64);
                    let flow = WindowedRecurrence {
                        recurrence: Recurrence::new(kinetic, 0.3, steps)
                            .with_quadrature(quadrature),
                        window: Window {
                            width: steps,
                            method,
                            ..Window::default()
                        },
                    };
                    let end = flow.from_rest(&start, &mut oracle(&potential)).unwrap();
                    let wanted = sequential_end(kinetic, quadrature, seed, steps);
                    let apart = distance(&end.position, &wanted);
                    assert!(
                        apart < 1e-13,
                        "{kinetic} {quadrature} {method:?} {seed}: {apart}"
                    );
                    assert!(end.strides.len() <= steps);
                    assert_eq!(end.strides.iter().sum::<usize>(), steps);
                }
            }
        }
    }
}

#[test]
fn a_window_of_one_step_is_the_sequential_flow_to_the_last_bit() {
    for seed in SEEDS {
        for &kinetic in Kinetic::ALL {
            for method in methods() {
                let (potential, start) = random_problem(seed, DType::F64);
                let flow = WindowedRecurrence {
                    recurrence: Recurrence::new(kinetic, 0.3, 7),
                    window: Window {
                        method,
                        tolerance: 1e-3,
                        ..Window::default()
                    },
                };
                let mut oracle = oracle(&potential);
                let end = flow.from_rest(&start, &mut oracle).unwrap();
                let wanted = sequential_end(kinetic, Quadrature::SymplecticEuler, seed, 7);
                assert_eq!(
                    numbers(&end.position),
                    numbers(&wanted),
                    "{kinetic} {method:?}"
                );
                assert_eq!(oracle.counts().requested, 7);
            }
        }
    }
}

#[test]
fn the_printed_velocity_with_a_window_of_one_is_gradient_descent_with_step_theta_squared() {
    let (potential, start) = random_problem(3, DType::F64);
    let flow = WindowedRecurrence {
        recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.3, 9),
        window: Window {
            velocity: Velocity::AsPrinted,
            ..Window::default()
        },
    };
    let end = flow.from_rest(&start, &mut oracle(&potential)).unwrap();
    let mut descent = HeavyBall::new(
        oracle(&potential),
        Kinetic::HalfL2Squared,
        0.3 * 0.3,
        0.0,
        start,
    )
    .unwrap();
    for _ in 0..9 {
        descent.advance().unwrap();
    }
    assert!(distance(&end.position, descent.position()) < 1e-14);
}

#[test]
fn the_tolerance_bounds_the_distance_from_the_sequential_flow_and_a_smaller_one_comes_closer() {
    for method in methods() {
        let mut last = f64::INFINITY;
        for tolerance in [1e-1, 1e-3, 1e-5, 1e-7] {
            let worst = SEEDS
                .map(|seed| {
                    let (potential, start) = random_problem(seed, DType::F64);
                    let flow = WindowedRecurrence {
                        recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.3, 10),
                        window: Window {
                            width: 4,
                            tolerance,
                            method,
                            ..Window::default()
                        },
                    };
                    let end = flow.from_rest(&start, &mut oracle(&potential)).unwrap();
                    let wanted =
                        sequential_end(Kinetic::HalfL2Squared, Quadrature::default(), seed, 10);
                    distance(&end.position, &wanted)
                })
                .fold(0.0, f64::max);
            assert!(
                worst <= 10.0 * tolerance && worst <= last,
                "{method:?} {tolerance}: {worst}"
            );
            last = worst;
        }
    }
}

#[test]
fn on_a_quadratic_a_flows_error_is_at_most_what_its_gradients_errors_add_up_to() {
    // ½θ²S(S + 1)δ with δ = Lτ max‖P‖, of Picard windows: each gradient is taken within τ‖P‖ of its point.
    let curvature: Vec<f64> = (0..30).map(|d| 0.1 + 3.9 * f64::from(d) / 29.0).collect();
    let potential = std::sync::Arc::new(
        optim::Quadratic::diagonal(&curvature, &candle_core::Device::Cpu).unwrap(),
    );
    let start: Vec<f64> = (0..30).map(|d| (f64::from(d) * 0.7).sin() + 0.2).collect();
    let start = Tensor::new(start, &candle_core::Device::Cpu).unwrap();
    let (theta, largest) = (0.2, 4.0);
    // Energy is kept but for an oscillation of the order of θ√L, so no point is further out than this.
    let furthest = 1.5 * norm(&start) * (4.0f64 / 0.1).sqrt();
    for steps in [10, 40, 160] {
        let end = |width, tolerance| {
            let flow = WindowedRecurrence {
                recurrence: Recurrence::new(Kinetic::HalfL2Squared, theta, steps),
                window: Window {
                    width,
                    tolerance,
                    ..Window::default()
                },
            };
            let mut oracle = optim::Oracle::from(potential.clone());
            flow.from_rest(&start, &mut oracle).unwrap().position
        };
        let wanted = end(1, 0.0);
        for tolerance in [1e-2, 1e-3, 1e-4] {
            let (s, delta) = (steps as f64, largest * tolerance * furthest);
            let bound = delta * theta * theta * s * (s + 1.0) / 2.0;
            let found = norm(&(end(5, tolerance) - &wanted).unwrap());
            assert!(
                found > 0.0 && found <= bound,
                "S={steps} τ={tolerance}: {found} {bound}"
            );
        }
    }
}

fn norm(of: &Tensor) -> f64 {
    let squares = of.sqr().unwrap().sum_all().unwrap();
    squares.to_scalar::<f64>().unwrap().sqrt()
}

#[test]
fn a_flow_that_blows_up_says_in_which_step_instead_of_going_on() {
    let potential = std::sync::Arc::new(
        optim::Quadratic::diagonal(&[1e200], &candle_core::Device::Cpu).unwrap(),
    );
    let start = Tensor::new(&[1f64], &candle_core::Device::Cpu).unwrap();
    let flow = WindowedRecurrence {
        recurrence: Recurrence::new(Kinetic::HalfL2Squared, 1.0, 8),
        window: Window {
            width: 3,
            ..Window::default()
        },
    };
    let mut oracle = optim::Oracle::new(optim::Sequential::new(potential));
    let end = flow.from_rest(&start, &mut oracle).unwrap();
    // 1 → −10²⁰⁰ → 10⁴⁰⁰, which is no f64; ‖−10²⁰⁰‖² overflows already.
    assert_eq!(
        end.termination,
        Some(optim::Termination::NotFinite { step: 1 })
    );
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let (potential, start) = random_problem(0, DType::F64);
    let paper = |step_size, steps| Recurrence::new(Kinetic::HalfL2Squared, step_size, steps);
    let (good, one) = (paper(0.1, 4), Window::default());
    let no_slot = Window { width: 0, ..one };
    let less_than_nothing = Window {
        tolerance: -1.0,
        ..one
    };
    for (recurrence, window, name) in [
        (paper(0.0, 4), one, "step_size"),
        (paper(f64::NAN, 4), one, "step_size"),
        (paper(0.1, 0), one, "steps"),
        (good, no_slot, "window"),
        (good, less_than_nothing, "tolerance"),
    ] {
        let bad = WindowedRecurrence { recurrence, window };
        let error = bad
            .from_rest(&start, &mut oracle(&potential))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(name), "{error}");
    }
}
