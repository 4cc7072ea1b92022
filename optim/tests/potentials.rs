//! The potentials beside logistic regression: their gradients, values and exact flows.

mod common;

use candle_core::{DType, Device, Tensor};
use common::{distance, numbers, random_numbers};
use optim::{
    Ackley, Cost, ExplicitEuler, Flow, Integrator, Kinetic, Leapfrog, MatrixSensing, Oracle, Phase,
    Potential, Quadratic, Sensing, Stratified, SymplecticEuler,
};
use std::sync::Arc;

fn point(values: &[f64]) -> Tensor {
    Tensor::new(values, &Device::Cpu).unwrap()
}

/// The largest difference between the gradient and central differences of the value, relative to
/// the largest entry of the gradient.
fn gradient_error(potential: &dyn Potential, at: &[f64]) -> f64 {
    let gradient = numbers(&potential.gradient(&point(at)).unwrap());
    let size = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
    let error = |i: usize| {
        let value = |h: f64| {
            let mut moved = at.to_vec();
            moved[i] += h;
            potential.value(&point(&moved)).unwrap()
        };
        (gradient[i] - (value(1e-5) - value(-1e-5)) / 2e-5).abs() / size
    };
    (0..at.len()).map(error).fold(0.0, f64::max)
}

fn bulk_error(potential: &dyn Potential, seed: u64) -> f64 {
    let d = potential.dimension();
    let points = Tensor::from_vec(random_numbers(seed, 3 * d), (3, d), &Device::Cpu).unwrap();
    let bulk = potential.gradients(&points).unwrap();
    let error = |w: usize| {
        let single = potential.gradient(&points.get(w).unwrap()).unwrap();
        distance(&bulk.get(w).unwrap(), &single)
    };
    (0..3).map(error).fold(0.0, f64::max)
}

fn sensing(seed: u64, scale: f64) -> (MatrixSensing, [Vec<f64>; 3]) {
    let (m, d, k, r) = (7, 5, 3, 2);
    let vectors = random_numbers(seed, 2 * m * d + d * r);
    let parts = [
        vectors[..m * d].to_vec(),
        vectors[m * d..2 * m * d].to_vec(),
        vectors[2 * m * d..].to_vec(),
    ];
    let sizes = Sensing {
        dimension: d,
        rank: k,
        scale,
    };
    let [a, a_tilde, truth] = &parts;
    let sensing = MatrixSensing::new(a, a_tilde, truth, sizes, &Device::Cpu).unwrap();
    (sensing, parts)
}

fn spectral(seed: u64, eigenvalues: &[f64]) -> Quadratic {
    let d = eigenvalues.len();
    let numbers = random_numbers(seed, 2 * d);
    Quadratic::spectral(eigenvalues, &numbers[..d], &Device::Cpu)
        .unwrap()
        .with_minimiser(&point(&numbers[d..]))
        .unwrap()
}

#[test]
fn every_gradient_is_the_derivative_of_the_value() {
    let ackley = Ackley::new(&Device::Cpu);
    for at in [[0.3, -1.7], [4.9, 0.2], [-2.5, -2.5], [0.05, 0.1]] {
        assert!(gradient_error(&ackley, &at) < 1e-6, "Ackley at {at:?}");
    }
    for seed in 0..4 {
        let (sensing, _) = sensing(seed, 0.3);
        assert!(gradient_error(&sensing, &random_numbers(seed + 9, 15)) < 1e-8);
        let quadratic = spectral(seed, &[0.1, 1.0, 5.0]);
        assert!(gradient_error(&quadratic, &random_numbers(seed + 9, 3)) < 1e-8);
    }
}

#[test]
fn every_bulk_gradient_is_the_gradient_of_each_point() {
    assert!(bulk_error(&Ackley::new(&Device::Cpu), 0) < 1e-15);
    assert!(bulk_error(&sensing(1, 1.0).0, 1) < 1e-14);
    assert!(bulk_error(&spectral(2, &[0.1, 1.0, 5.0]), 2) < 1e-14);
}

#[test]
fn the_ackley_function_is_the_printed_formula_and_accurate_at_its_minimum() {
    let f = Ackley::new(&Device::Cpu);
    for [x, y] in [[0.5f64, -1.25], [3.0, 4.0], [-2.2, 0.1]] {
        let tau = 2.0 * std::f64::consts::PI;
        let cosines = (tau * x).cos() + (tau * y).cos();
        let printed = -20.0 * (-0.2 * (0.5 * (x * x + y * y)).sqrt()).exp() - (0.5 * cosines).exp()
            + 1f64.exp()
            + 20.0;
        assert!((f.value(&point(&[x, y])).unwrap() - printed).abs() < 1e-13);
    }
    // Near the origin F = 4·√(½‖x‖²) to first order.
    let close = f.value(&point(&[1e-12, 1e-12])).unwrap();
    assert!((close / 4e-12 - 1.0).abs() < 1e-9, "{close}");
    assert_eq!(numbers(&f.gradient(&point(&[0.0, 0.0])).unwrap()), [0.0; 2]);
}

#[test]
fn matrix_sensing_is_the_sum_over_explicit_measurement_matrices() {
    let scale = 0.7;
    let (sensing, [a, a_tilde, truth]) = sensing(3, scale);
    let (m, d, k, r) = (7, 5, 3, 2);
    let factor = random_numbers(11, d * k);
    let square = |b: &[f64], k: usize, i: usize, j: usize| -> f64 {
        (0..k).map(|c| b[i * k + c] * b[j * k + c]).sum()
    };
    let mut sum = 0.0;
    for s in 0..m {
        let mut residual = 0.0;
        for i in 0..d {
            for j in 0..d {
                let entry = a[s * d + i] * a[s * d + j] - a_tilde[s * d + i] * a_tilde[s * d + j];
                residual += entry * (square(&truth, r, i, j) - square(&factor, k, i, j));
            }
        }
        sum += residual * residual;
    }
    let wanted = scale * sum / (4.0 * m as f64);
    let value = sensing.value(&point(&factor)).unwrap();
    assert!((value / wanted - 1.0).abs() < 1e-13, "{value} {wanted}");
}

#[test]
fn at_the_truth_and_at_any_rotation_of_it_nothing_is_left_of_distances_value_or_gradient() {
    let (sensing, [_, _, truth]) = sensing(4, 1.0);
    let (sine, cosine) = 0.8f64.sin_cos();
    for [s, c] in [[0.0, 1.0], [sine, cosine]] {
        let columns = |row: &[f64]| [c * row[0] - s * row[1], 0.0, s * row[0] + c * row[1]];
        let padded: Vec<f64> = truth.chunks(2).flat_map(columns).collect();
        let at = point(&padded);
        assert!(sensing.distance(&at).unwrap() < 1e-15);
        assert!(sensing.factor_distance(&at).unwrap() < 1e-14);
        assert!(sensing.value(&at).unwrap() < 1e-28);
        assert!(
            numbers(&sensing.gradient(&at).unwrap())
                .iter()
                .all(|g| g.abs() < 1e-13)
        );
    }
    let origin = point(&[0.0; 15]);
    assert_eq!(sensing.distance(&origin).unwrap(), 1.0);
    let norm = truth.iter().map(|x| x * x).sum::<f64>().sqrt();
    assert!((sensing.factor_distance(&origin).unwrap() / norm - 1.0).abs() < 1e-14);
    assert!(sensing.factor_distance(&point(&[0.0; 14])).is_err());
}

#[test]
fn the_spectral_matrix_has_the_eigenvalues_along_the_reflected_axes() {
    let eigenvalues = [0.01, 1.0, 3.0, 100.0];
    let u = random_numbers(5, 4);
    let f = Quadratic::spectral(&eigenvalues, &u, &Device::Cpu).unwrap();
    let square: f64 = u.iter().map(|u| u * u).sum();
    for (i, eigenvalue) in eigenvalues.iter().enumerate() {
        let mut q: Vec<f64> = u.iter().map(|x| -2.0 * u[i] * x / square).collect();
        q[i] += 1.0;
        for (found, q) in numbers(&f.gradient(&point(&q)).unwrap()).iter().zip(&q) {
            assert!((found - eigenvalue * q).abs() < 1e-13);
        }
    }
    assert_eq!(f.eigenvalues(), Some(&eigenvalues[..]));
}

#[test]
fn the_exact_flow_keeps_its_energy_and_is_what_a_fine_leapfrog_flow_comes_to() {
    for seed in 0..4 {
        let f = spectral(seed, &[0.0, 0.5, 2.0, 9.0]);
        let start = point(&random_numbers(seed + 20, 4));
        let before = f.value(&start).unwrap();
        for time in [0.0, 0.4, 3.0, 50.0] {
            let Phase {
                position, velocity, ..
            } = f.exact_flow(&start, time).unwrap();
            let energy =
                f.value(&position).unwrap() + Kinetic::HalfL2Squared.energy(&velocity).unwrap();
            assert!((energy / before - 1.0).abs() < 1e-13, "{seed} {time}");
        }
        let end = f.exact_flow(&start, 2.0).unwrap();
        let mut oracle = optim::Oracle::new(optim::Sequential::new(Arc::new(f)));
        let mut flow = Flow::new(Kinetic::HalfL2Squared, Box::new(Leapfrog), 1e-3, 2000).unwrap();
        let fine = flow
            .advance(Phase::at_rest(start).unwrap(), &mut oracle)
            .unwrap()
            .settled(&mut oracle)
            .unwrap();
        assert!(distance(&fine.position, &end.position) < 1e-5);
        assert!(distance(&fine.velocity, &end.velocity) < 1e-5);
    }
}

#[test]
fn problems_that_make_no_sense_are_refused() {
    let cpu = &Device::Cpu;
    let sizes = Sensing {
        dimension: 2,
        rank: 1,
        scale: 1.0,
    };
    let refused = |a: &[f64], b: &[f64], truth: &[f64], sizes| {
        let made = MatrixSensing::new(a, b, truth, sizes, cpu);
        made.unwrap_err().to_string()
    };
    let (two, three) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
    assert!(refused(&three, &two, &two, sizes).starts_with("the vectors a has shape [3]"));
    assert!(refused(&two, &[], &two, sizes).starts_with("the vectors ã"));
    assert!(refused(&two, &[two, two].concat(), &two, sizes).contains("as many"));
    assert!(refused(&two, &two, &[0.0, 0.0], sizes).starts_with("truth"));
    for (name, bad) in [
        ("rank", Sensing { rank: 0, ..sizes }),
        (
            "scale",
            Sensing {
                scale: -1.0,
                ..sizes
            },
        ),
        (
            "dimension",
            Sensing {
                dimension: 0,
                ..sizes
            },
        ),
    ] {
        assert!(refused(&two, &two, &two, bad).starts_with(name));
    }
    let fits = MatrixSensing::new(&two, &two, &two, sizes, cpu).unwrap();
    assert!(
        fits.gradient(&point(&three))
            .unwrap_err()
            .to_string()
            .contains("[W, 2]")
    );
    assert!(
        Ackley::new(cpu)
            .value(&point(&three))
            .unwrap_err()
            .to_string()
            .contains("[2]")
    );

    let spectral = |l: &[f64], u: &[f64]| Quadratic::spectral(l, u, cpu).unwrap_err().to_string();
    assert!(spectral(&[-1.0], &[1.0]).starts_with("eigenvalue is -1"));
    assert!(spectral(&[1.0], &[0.0]).starts_with("reflection"));
    assert!(spectral(&two, &[1.0]).contains("shape [1]"));
    let matrix = Tensor::eye(2, DType::F64, cpu).unwrap();
    let opaque = Quadratic::new(&matrix).unwrap();
    assert!(
        opaque
            .exact_flow(&point(&two), 1.0)
            .unwrap_err()
            .to_string()
            .contains("eigenvalues")
    );
    assert!(opaque.with_minimiser(&point(&three)).is_err());
}

#[test]
fn explicit_euler_multiplies_the_energy_of_a_spring_by_one_and_theta_squared() {
    let spring = Arc::new(Quadratic::diagonal(&[1.0], &Device::Cpu).unwrap());
    let mut oracle = Oracle::from(spring);
    let mut phase = Phase::new(point(&[0.6]), point(&[-0.3]));
    let energy = |phase: &Phase| {
        let (x, v) = (numbers(&phase.position)[0], numbers(&phase.velocity)[0]);
        0.5 * (x * x + v * v)
    };
    for _ in 0..3 {
        let before = energy(&phase);
        let kinetic = Kinetic::HalfL2Squared;
        phase = ExplicitEuler
            .step(phase, kinetic, 0.1, &mut oracle)
            .unwrap();
        assert!((energy(&phase) / before - 1.01).abs() < 1e-14);
    }
    assert_eq!(oracle.counts().requested, 3);
}

#[test]
fn every_integrator_has_a_name_of_its_own() {
    let all: [(Box<dyn Integrator>, &str); 4] = [
        (Box::new(Leapfrog), "leapfrog"),
        (Box::new(SymplecticEuler), "symplectic-euler"),
        (Box::new(Stratified::new(|| 0.5)), "stratified"),
        (Box::new(ExplicitEuler), "explicit-euler"),
    ];
    for (integrator, name) in all {
        assert_eq!(integrator.name(), name);
        let flow = Flow::new(Kinetic::L2, integrator, 0.1, 7).unwrap();
        assert_eq!(flow.steps(), 7);
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_what_was_found() {
    let wide = Tensor::zeros((2, 3), DType::F64, &Device::Cpu).unwrap();
    for matrix in [wide.clone(), wide.narrow(0, 0, 0).unwrap(), point(&[1.0])] {
        let error = Quadratic::new(&matrix).err().unwrap().to_string();
        assert!(error.contains(&format!("{:?}", matrix.dims())), "{error}");
    }
    let matrix = Tensor::new(&[[2.0, 1.0], [3.0, 4.0]], &Device::Cpu).unwrap();
    let made = Quadratic::new(&matrix).unwrap();
    let symmetric: Vec<Vec<f64>> = made.matrix().to_vec2().unwrap();
    assert_eq!(symmetric, [[2.0, 2.0], [2.0, 4.0]]);
    let quadratic = spectral(1, &[1.0, 2.0]);
    for short in [point(&[1.0]), point(&[1.0, 2.0, 3.0])] {
        assert!(quadratic.exact_flow(&short, 0.1).is_err());
        assert!(quadratic.gradient(&short).is_err());
        assert!(quadratic.value(&short).is_err());
        let row = short.unsqueeze(0).unwrap();
        let error = quadratic.gradients(&row).unwrap_err().to_string();
        assert!(error.contains(&format!("{:?}", row.dims())), "{error}");
    }
    let (sensing, _) = sensing(1, 1.0);
    for points in [point(&[1.0]), point(&[0.0; 16])] {
        assert!(sensing.gradient(&points).is_err());
    }
    assert!(sensing.gradients(&point(&[0.0; 15])).is_err());
}

#[test]
fn the_bulk_form_that_a_potential_does_not_write_takes_one_point_after_the_other() {
    /// ½‖x‖²
    struct Bowl;
    impl Potential for Bowl {
        fn dimension(&self) -> usize {
            2
        }
        fn dtype(&self) -> DType {
            DType::F64
        }
        fn device(&self) -> &Device {
            &Device::Cpu
        }
        fn value(&self, point: &Tensor) -> optim::Result<f64> {
            Ok((point.sqr()?.sum_all()? * 0.5)?.to_scalar()?)
        }
        fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
            assert_eq!(point.dims(), [2]);
            Ok(point.clone())
        }
        fn cost(&self, _points: usize) -> Cost {
            Cost {
                operations: 0.0,
                bytes: 0.0,
            }
        }
    }
    let points = Tensor::new(&[[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]], &Device::Cpu).unwrap();
    let gradients: Vec<Vec<f64>> = Bowl.gradients(&points).unwrap().to_vec2().unwrap();
    assert_eq!(gradients, points.to_vec2::<f64>().unwrap());
}
