//! Nesterov's method, conjugate gradients and the momentum family on quadratics.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{distance, numbers, oracle as logistic_oracle, random_numbers, random_problem};
use optim::{
    Acceleration, Adam, Bound, ConjugateGradients, Counts, Differentiable, Evaluator, Flow,
    HamiltonianDescent, HeavyBall, Kinetic, Leapfrog, Method, Momentum, Nesterov, Oracle, Phase,
    Potential, Quadratic, Recurrence, Run, RunEnd, Sequential, SymplecticEuler, Termination,
    TruncatedNewton, Window, WindowedDescent, WindowedRecurrence,
};
use std::ops::ControlFlow;
use std::sync::Arc;

fn problem(seed: u64, eigenvalues: &[f64]) -> (Arc<Quadratic>, Tensor) {
    let d = eigenvalues.len();
    let random = random_numbers(seed, 3 * d);
    let tensor = |i: usize| Tensor::new(&random[i * d..(i + 1) * d], &Device::Cpu).unwrap();
    let f = Quadratic::spectral(eigenvalues, &random[..d], &Device::Cpu)
        .unwrap()
        .with_minimiser(&tensor(1))
        .unwrap();
    (Arc::new(f), tensor(2))
}

fn oracle(f: &Arc<Quadratic>) -> Oracle {
    Oracle::new(Sequential::new(f.clone()))
}

/// ‖x − x*‖
fn error(f: &Quadratic, x: &Tensor) -> f64 {
    let minimiser = numbers(f.minimiser().unwrap());
    let pairs = numbers(x).into_iter().zip(minimiser);
    pairs.map(|(x, m)| (x - m) * (x - m)).sum::<f64>().sqrt()
}

#[test]
fn nesterov_with_constant_momentum_keeps_its_guarantee() {
    let kappa = 400.0;
    for seed in 0..4 {
        let (f, start) = problem(seed, &[1.0, 3.0, 40.0, 200.0, kappa]);
        let momentum = Acceleration::strongly_convex(1.0, kappa).unwrap();
        let mut method = Nesterov::new(oracle(&f), momentum, 1.0 / kappa, start.clone()).unwrap();
        let first = f.value(&start).unwrap() + 0.5 * error(&f, &start).powi(2);
        for k in 1..=300 {
            method.advance().unwrap();
            // f(x_k) − f* ≤ (1 − 1/√κ)ᵏ (f(x_0) − f* + μ/2 ‖x_0 − x*‖²)
            let bound = (1.0 - 1.0 / kappa.sqrt()).powi(k) * first;
            assert!(f.value(method.position()).unwrap() <= bound, "{seed} {k}");
        }
        assert_eq!(method.counts().requested, 300);
    }
}

#[test]
fn the_sequence_keeps_its_guarantee_and_with_restarts_it_is_linear() {
    let smoothness = 1000.0;
    let (f, start) = problem(1, &[1.0, 3.0, 40.0, 200.0, smoothness]);
    let mut ends = Vec::new();
    for acceleration in [Acceleration::Sequence, Acceleration::Restarted] {
        let mut method =
            Nesterov::new(oracle(&f), acceleration, 1.0 / smoothness, start.clone()).unwrap();
        for k in 1..=1000 {
            method.advance().unwrap();
            // f(x_k) − f* ≤ 2L‖x_0 − x*‖²/(k + 1)²
            let bound = 2.0 * smoothness * error(&f, &start).powi(2) / f64::from(k + 1).powi(2);
            if acceleration == Acceleration::Sequence {
                assert!(f.value(method.position()).unwrap() <= bound, "{k}");
            }
        }
        assert_eq!(
            method.restarts() > 0,
            acceleration == Acceleration::Restarted
        );
        assert!(method.restarts() < 1000, "at most one a step");
        ends.push(error(&f, method.position()));
    }
    assert!(ends[1] < 1e-9 && ends[1] < 1e-4 * ends[0], "{ends:?}");
}

#[test]
fn the_sequence_of_momenta_is_that_of_beck_and_teboulle() {
    // f(x) = x²/2, whose gradient is x.
    let f = Arc::new(Quadratic::diagonal(&[1.0], &Device::Cpu).unwrap());
    let start = Tensor::new(&[1.0f64], &Device::Cpu).unwrap();
    let mut method = Nesterov::new(oracle(&f), Acceleration::Sequence, 0.1, start).unwrap();
    let (mut x, mut y, mut t) = (1.0, 1.0, 1.0f64);
    for _ in 0..20 {
        let next = 0.9 * y;
        let following = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
        y = next + (t - 1.0) / following * (next - x);
        (x, t) = (next, following);
        method.advance().unwrap();
        let found = numbers(method.position())[0];
        assert!((found - x).abs() < 1e-14, "{found} {x}");
    }
}

#[test]
fn without_momentum_nesterov_is_gradient_descent() {
    let (potential, start) = random_problem(2, candle_core::DType::F32);
    let none = Acceleration::Constant(0.0);
    let mut method = Nesterov::new(logistic_oracle(&potential), none, 0.3, start.clone()).unwrap();
    let half = Kinetic::HalfL2Squared;
    let mut plain = HeavyBall::new(logistic_oracle(&potential), half, 0.3, 0.0, start).unwrap();
    for _ in 0..9 {
        method.advance().unwrap();
        plain.advance().unwrap();
    }
    assert!(distance(method.position(), plain.position()) < 1e-6);
}

#[test]
fn conjugate_gradients_end_after_as_many_iterations_as_there_are_eigenvalues() {
    for seed in 0..4 {
        // Six coordinates, but three eigenvalues.
        let (f, start) = problem(seed, &[1.0, 1.0, 7.0, 50.0, 50.0, 50.0]);
        let mut method = ConjugateGradients::new(oracle(&f), start);
        for _ in 0..3 {
            method.advance().unwrap();
        }
        let left = error(&f, method.position());
        assert!(left < 1e-12, "{left}");
        assert_eq!(method.counts().requested, 4);
        assert_eq!(method.counts().rounds, 4);
    }
}

#[test]
fn conjugate_gradients_meet_the_chebyshev_bound_and_survive_going_on_at_the_minimum() {
    let kappa = 1e4f64;
    let eigenvalues: Vec<f64> = (0..60).map(|i| kappa.powf(f64::from(i) / 59.0)).collect();
    let (f, start) = problem(5, &eigenvalues);
    let first = f.value(&start).unwrap();
    let rho = (kappa.sqrt() - 1.0) / (kappa.sqrt() + 1.0);
    let mut method = ConjugateGradients::new(oracle(&f), start);
    for k in 1..=200 {
        method.advance().unwrap();
        let bound = 4.0 * rho.powi(2 * k) * first;
        let value = f.value(method.position()).unwrap();
        assert!(value <= bound.max(1e-24 * first), "{k}: {value} > {bound}");
    }
    for _ in 0..3000 {
        method.advance().unwrap();
    }
    let left = error(&f, method.position());
    assert!(left < 1e-12, "{left}");
}

#[test]
fn conjugate_gradients_from_a_minimum_ask_once_and_are_stationary_then() {
    let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu).unwrap());
    let minimum = Tensor::zeros(2, candle_core::DType::F64, &Device::Cpu).unwrap();
    let mut method = ConjugateGradients::new(oracle(&f), minimum);
    let first = method.advance().unwrap();
    assert_eq!((first.counts.distinct, first.termination), (1, None));
    let second = method.advance().unwrap();
    let stationary = Some(Termination::Stationary);
    assert_eq!(
        (second.counts.distinct, second.termination),
        (0, stationary)
    );
    assert_eq!(method.counts().requested, 1);
    assert_eq!(numbers(method.position()), [0.0; 2]);
}

#[test]
fn conjugate_gradients_refuse_a_function_that_curves_down() {
    let f = Arc::new(Quadratic::diagonal(&[1.0, -1.0], &Device::Cpu).unwrap());
    let start = Tensor::new(&[0.1f64, 1.0], &Device::Cpu).unwrap();
    let mut method = ConjugateGradients::new(oracle(&f), start);
    let error = method.advance().unwrap_err().to_string();
    assert!(error.starts_with("curvature"), "{error}");
    // Nor does one that does not curve at all have a minimum.
    let flat = Differentiable::new(2, DType::F64, &Device::Cpu, |x| x.sum_all());
    let start = Tensor::new(&[0.5f64, 1.0], &Device::Cpu).unwrap();
    let mut method = ConjugateGradients::new(Oracle::from(Arc::new(flat)), start);
    let error = method.advance().unwrap_err().to_string();
    assert!(error.starts_with("curvature"), "{error}");
}

#[test]
fn newtons_method_solves_a_quadratic_faster_than_linearly_in_gradients_alone() {
    // Six coordinates, but three eigenvalues: at most three products and a look ahead for a step.
    let (f, start) = problem(3, &[1.0, 1.0, 7.0, 50.0, 50.0, 50.0]);
    let mut method = TruncatedNewton::new(f.clone(), start);
    let mut errors = vec![error(&f, method.position())];
    for k in 1..=6u64 {
        let progress = method.advance().unwrap();
        let asked = progress.counts.requested;
        assert_eq!(progress.counts.rounds, asked);
        // Where differences of gradients are more than rounding.
        if errors.last().is_some_and(|error| *error > 1e-6) {
            let first = u64::from(k == 1);
            let most = 2 + first..=4 + first;
            assert!(most.contains(&asked), "{k}: {asked}");
        }
        errors.push(error(&f, method.position()));
    }
    let near: Vec<f64> = errors.into_iter().filter(|e| *e > 1e-13).collect();
    assert!(near.len() < 6, "{near:?}");
    let rates: Vec<f64> = near.windows(2).map(|pair| pair[1] / pair[0]).collect();
    assert!(
        rates
            .windows(2)
            .all(|pair| pair[1] < pair[0] || pair[1] < 1e-3),
        "{rates:?}"
    );
}

#[test]
fn newtons_method_reaches_what_l_bfgs_would_on_logistic_regression_in_either_precision() {
    for (dtype, bound) in [
        (candle_core::DType::F64, 1e-8),
        (candle_core::DType::F32, 1e-3),
    ] {
        let (potential, start) = random_problem(4, dtype);
        let mut method = TruncatedNewton::new(potential.clone(), start.clone());
        let norm = |at: &Tensor| {
            let gradient = numbers(&potential.gradient(at).unwrap());
            gradient.iter().map(|g| g * g).sum::<f64>().sqrt()
        };
        let first = norm(&start);
        for _ in 0..25 {
            method.advance().unwrap();
        }
        let left = norm(method.position()) / first;
        assert!(left < bound, "{dtype:?}: {left}");
    }
}

#[test]
fn newtons_method_is_stationary_at_a_minimum_and_leaves_one_that_curves_down_alone() {
    let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu).unwrap());
    let minimum = Tensor::zeros(2, candle_core::DType::F64, &Device::Cpu).unwrap();
    let mut method = TruncatedNewton::new(f, minimum);
    assert_eq!(method.advance().unwrap().termination, None);
    let second = method.advance().unwrap();
    assert_eq!(second.termination, Some(Termination::Stationary));
    assert_eq!(method.counts().requested, 1);
    // Along a direction that curves down it takes the steepest descent's step.
    let saddle = Arc::new(Quadratic::diagonal(&[1.0, -1.0], &Device::Cpu).unwrap());
    let start = Tensor::new(&[0.1f64, 1.0], &Device::Cpu).unwrap();
    let before = saddle.value(&start).unwrap();
    let mut method = TruncatedNewton::new(saddle.clone(), start);
    method.advance().unwrap();
    assert!(saddle.value(method.position()).unwrap() < before);
    // However steep it is there.
    let steep = Arc::new(Quadratic::diagonal(&[1e12, -1e12], &Device::Cpu).unwrap());
    let start = Tensor::new(&[0f64, 1.0], &Device::Cpu).unwrap();
    let before = steep.value(&start).unwrap();
    let mut method = TruncatedNewton::new(steep.clone(), start);
    assert_eq!(method.advance().unwrap().counts.requested, 3);
    assert!(steep.value(method.position()).unwrap() < before);
}

#[test]
fn without_damping_the_momentum_method_is_symplectic_euler_in_scaled_momentum() {
    let (f, start) = problem(2, &[0.3, 1.0, 2.0]);
    let h = 0.25f64;
    let mut method = Momentum::new(oracle(&f), 1.0, h, start.clone()).unwrap();
    let mut flow = optim::Flow::new(
        Kinetic::HalfL2Squared,
        Box::new(SymplecticEuler),
        h.sqrt(),
        1,
    );
    let flow = flow.as_mut().unwrap();
    let mut phase = Phase::at_rest(start).unwrap();
    let mut others = oracle(&f);
    for _ in 0..50 {
        method.advance().unwrap();
        phase = flow.step(phase, &mut others).unwrap();
        assert!(distance(method.position(), &phase.position) < 1e-12);
        let scaled = (&phase.velocity * h.sqrt()).unwrap();
        assert!(distance(method.momentum(), &scaled) < 1e-12);
        let energy = f.value(&phase.position).unwrap()
            + Kinetic::HalfL2Squared.energy(&phase.velocity).unwrap();
        assert!((method.energy(f.as_ref()).unwrap() / energy - 1.0).abs() < 1e-12);
    }
    assert_eq!(method.counts(), others.counts());
}

/// On the spring ½kx² symplectic Euler keeps ½kx² + P²/(2h) − ½k x P to the last bits.
#[test]
fn on_a_spring_the_undamped_method_keeps_its_modified_energy_and_the_printed_one_loses_energy() {
    let (k, h) = (1.0, 0.5f64);
    let f = Arc::new(Quadratic::diagonal(&[k], &Device::Cpu).unwrap());
    let start = Tensor::new(&[1f64], &Device::Cpu).unwrap();
    let mut euler = Momentum::new(oracle(&f), 1.0, h, start.clone()).unwrap();
    let mut printed = Momentum::new(oracle(&f), h.sqrt(), h, start).unwrap();
    for _ in 0..1000 {
        euler.advance().unwrap();
        printed.advance().unwrap();
        let (x, p) = (numbers(euler.position())[0], numbers(euler.momentum())[0]);
        let modified = euler.energy(f.as_ref()).unwrap() - 0.5 * k * x * p;
        assert!((modified - 0.5).abs() < 1e-13, "{modified}");
    }
    assert!(printed.energy(f.as_ref()).unwrap() < 1e-100);
}

#[test]
fn full_damping_is_gradient_descent_and_partial_damping_is_heavy_ball() {
    for damping in [0.0, 0.5, 0.9] {
        let (f, start) = problem(3, &[0.3, 1.0, 2.0]);
        let mut method = Momentum::new(oracle(&f), damping, 0.4, start.clone()).unwrap();
        let half = Kinetic::HalfL2Squared;
        let mut known = HeavyBall::new(oracle(&f), half, 0.4, damping, start).unwrap();
        for _ in 0..30 {
            method.advance().unwrap();
            known.advance().unwrap();
            assert!(distance(method.position(), known.position()) < 1e-13);
        }
    }
}

#[test]
fn a_momentum_to_start_with_is_taken_up() {
    let (f, start) = problem(4, &[1.0, 2.0]);
    let momentum = Tensor::new(&[0.3f64, -0.2], &Device::Cpu).unwrap();
    let method = Momentum::new(oracle(&f), 1.0, 0.5, start).unwrap();
    let mut method = method.with_momentum(momentum).unwrap();
    let energy = method.energy(f.as_ref()).unwrap() - f.value(method.position()).unwrap();
    assert!((energy - 0.13).abs() < 1e-15);
    let before = numbers(method.position());
    let gradient = numbers(&f.gradient(method.position()).unwrap());
    method.advance().unwrap();
    for (i, p) in [0.3, -0.2].into_iter().enumerate() {
        let wanted = before[i] + p - 0.5 * gradient[i];
        assert!((numbers(method.position())[i] - wanted).abs() < 1e-15);
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let (f, start) = problem(0, &[1.0, 2.0]);
    let nesterov = |acceleration, step_size| {
        let made = Nesterov::new(oracle(&f), acceleration, step_size, start.clone());
        made.err().unwrap().to_string()
    };
    assert!(nesterov(Acceleration::Constant(1.0), 0.1).starts_with("momentum"));
    assert!(nesterov(Acceleration::Sequence, -0.1).starts_with("step_size"));
    let unordered = Acceleration::strongly_convex(3.0, 1.0).unwrap_err();
    assert!(unordered.to_string().starts_with("strong_convexity"));
    let momentum = |damping, step_size| {
        let made = Momentum::new(oracle(&f), damping, step_size, start.clone());
        made.err().unwrap().to_string()
    };
    assert!(momentum(1.1, 0.1).starts_with("damping"));
    assert!(momentum(0.5, 0.0).starts_with("step_size"));
    let made = Momentum::new(oracle(&f), 0.5, 0.1, start.clone()).unwrap();
    let long = Tensor::new(&[1f64, 2.0, 3.0], &Device::Cpu).unwrap();
    assert!(
        made.with_momentum(long)
            .err()
            .unwrap()
            .to_string()
            .contains("[3]")
    );
}

#[test]
fn a_method_behind_a_pointer_or_only_lent_is_the_method() {
    let (f, start) = problem(3, &[1.0, 4.0]);
    let made = || HeavyBall::new(oracle(&f), Kinetic::HalfL2Squared, 0.1, 0.5, start.clone());
    let mut own = made().unwrap();
    let mut boxed: Box<dyn Method> = Box::new(made().unwrap());
    let mut owner = made().unwrap();
    for _ in 0..4 {
        let progress = own.advance().unwrap();
        assert_eq!(boxed.advance().unwrap(), progress);
        let mut lent = &mut owner;
        assert_eq!(Method::advance(&mut lent).unwrap(), progress);
        assert_eq!(numbers(Method::position(&lent)), numbers(own.position()));
        assert_eq!(Method::counts(&lent), own.counts());
    }
    assert_eq!(numbers(boxed.position()), numbers(own.position()));
    assert_eq!(boxed.counts(), own.counts());
    assert_eq!(own.counts().requested, 4);
}

#[test]
fn a_run_shows_its_observer_where_it_is_and_ends_when_told() {
    let (f, start) = problem(4, &[1.0, 4.0]);
    let method = HeavyBall::new(oracle(&f), Kinetic::HalfL2Squared, 0.1, 0.0, start.clone());
    let mut run = Run::new(method.unwrap()).until(Bound::Gradients(9));
    let mut seen = Vec::new();
    let end = run.observe::<&str, optim::Error>(|at| {
        assert!(!at.is_last());
        seen.push((at.iterations, f.value(at.position())?));
        Ok(match seen.len() {
            3 => ControlFlow::Break("enough"),
            _ => ControlFlow::Continue(()),
        })
    });
    assert_eq!(end.unwrap(), RunEnd::Observer("enough"));
    assert_eq!(run.iterations(), 3);
    assert_eq!(f.value(run.position()).unwrap(), seen[2].1);
    assert!(seen[0].1 > seen[1].1 && seen[1].1 > seen[2].1, "{seen:?}");
    assert_eq!(run.go().unwrap(), RunEnd::Bound(Bound::Gradients(9)));
    assert_eq!(run.counts().distinct, 9);
}

#[test]
fn steps_and_momenta_out_of_range_are_refused_by_name() {
    let (f, start) = problem(0, &[1.0, 2.0]);
    let ball = |step_size, momentum| {
        let direction = Kinetic::HalfL2Squared;
        let made = HeavyBall::new(oracle(&f), direction, step_size, momentum, start.clone());
        made.err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(ball(0.0, 0.5).starts_with("step_size"));
    assert!(ball(f64::INFINITY, 0.5).starts_with("step_size"));
    assert!(ball(0.1, 1.0).starts_with("momentum"));
    assert!(ball(0.1, -0.1).starts_with("momentum"));
    assert_eq!(ball(0.1, 0.0), "");
    let adam = |step_size| {
        let made = Adam::new(oracle(&f), step_size, start.clone());
        made.err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(adam(-1.0).starts_with("step_size"));
    assert!(adam(f64::NAN).starts_with("step_size"));
    assert_eq!(adam(0.1), "");
}

#[test]
fn a_potential_or_an_evaluator_is_an_oracle() {
    let (f, start) = problem(5, &[1.0, 4.0]);
    let wanted = numbers(&f.gradient(&start).unwrap());
    let evaluator: Arc<dyn Evaluator> = Arc::new(Sequential::new(f.clone()));
    let potential: Arc<dyn Potential> = f.clone();
    let oracles = [
        Oracle::from(f.clone()),
        Oracle::from(potential),
        Oracle::from(Sequential::new(f.clone())),
        Oracle::from(evaluator),
    ];
    for mut oracle in oracles {
        assert_eq!(numbers(&oracle.gradient(&start).unwrap()), wanted);
        assert_eq!(oracle.counts().requested, 1);
    }
}

#[test]
fn what_an_iteration_says_it_computed_is_what_the_counts_grow_by() {
    let (f, start) = problem(6, &[1.0, 2.0, 4.0]);
    let potential = || f.clone();
    let at = || start.clone();
    let half = Kinetic::HalfL2Squared;
    let flow = Flow::new(half, Box::new(Leapfrog), 0.1, 5).unwrap();
    let window = WindowedRecurrence {
        recurrence: Recurrence::new(half, 0.1, 5),
        window: Window::default(),
    };
    let methods: Vec<(&str, Box<dyn Method>)> = vec![
        (
            "heavy ball",
            Box::new(HeavyBall::new(potential(), half, 0.1, 0.5, at()).unwrap()),
        ),
        (
            "nesterov",
            Box::new(Nesterov::new(potential(), Acceleration::Sequence, 0.1, at()).unwrap()),
        ),
        (
            "momentum",
            Box::new(Momentum::new(potential(), 0.5, 0.1, at()).unwrap()),
        ),
        ("adam", Box::new(Adam::new(potential(), 0.1, at()).unwrap())),
        (
            "flow",
            Box::new(HamiltonianDescent::new(potential(), flow, at())),
        ),
        (
            "window",
            Box::new(WindowedDescent::new(potential(), window, at())),
        ),
    ];
    for (name, mut method) in methods {
        assert_eq!(method.counts(), Counts::default(), "{name}");
        for _ in 0..3 {
            let before = method.counts();
            let said = method.advance().unwrap().counts;
            assert_eq!(said, method.counts() - before, "{name}");
            assert!(said.requested >= 1 && said.rounds >= 1, "{name}");
        }
    }
}
