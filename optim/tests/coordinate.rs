//! Coordinate Hamiltonian Descent is the classical methods, iterate by iterate.

mod common;

use common::{numbers, random_numbers};
use optim::classical::{self, LinearSystem};
use optim::{CoordinateHamiltonianDescent, Counts, Method, Sweep};

/// MᵀM + D·I: positive definite, but not diagonally dominant.
fn system(seed: u64, d: usize) -> LinearSystem {
    let m = random_numbers(seed, d * d);
    let mut matrix = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..d {
            matrix[i * d + j] = (0..d).map(|k| m[k * d + i] * m[k * d + j]).sum();
        }
        matrix[i * d + i] += 0.5;
    }
    LinearSystem::new(matrix, random_numbers(seed + 100, d)).unwrap()
}

fn residual(system: &LinearSystem, x: &[f64]) -> f64 {
    let d = x.len();
    let row = |i: usize| -> f64 { (0..d).map(|j| system.matrix()[i * d + j] * x[j]).sum() };
    (0..d)
        .map(|i| (row(i) - system.right_side()[i]).powi(2))
        .sum::<f64>()
        .sqrt()
}

fn assert_same(
    name: &str,
    mut method: CoordinateHamiltonianDescent,
    start: &[f64],
    textbook: impl Fn(&[f64]) -> Vec<f64>,
) {
    let mut x = start.to_vec();
    for k in 0..30 {
        method.advance().unwrap();
        x = textbook(&x);
        assert_eq!(x.len(), start.len(), "{name}");
        let size = x.iter().fold(1.0f64, |m, x| m.max(x.abs()));
        for (found, wanted) in numbers(method.position()).iter().zip(&x) {
            let apart = (found - wanted).abs() / size;
            assert!(apart < 1e-12, "{name}, iterate {k}: {apart}");
        }
    }
}

#[test]
fn certain_integration_times_make_it_gauss_seidel_over_relaxation_and_jacobi() {
    type Chd = CoordinateHamiltonianDescent;
    for seed in 0..5 {
        let d = 2 + seed as usize;
        let (a, start) = (system(seed, d), random_numbers(seed + 200, d));
        let (s, x) = (|| a.clone(), || start.clone());
        let method = Chd::gauss_seidel(s(), x()).unwrap();
        assert_same("Gauss-Seidel", method, &start, |x| {
            classical::gauss_seidel(&a, x).unwrap()
        });
        let method = Chd::jacobi(s(), x()).unwrap();
        assert_same("Jacobi", method, &start, |x| {
            classical::jacobi(&a, x).unwrap()
        });
        for omega in [0.3, 1.0, 1.4, 1.9] {
            let method = Chd::successive_over_relaxation(s(), omega, x()).unwrap();
            assert_same("over-relaxation", method, &start, |x| {
                classical::successive_over_relaxation(&a, omega, x).unwrap()
            });
            let method = Chd::weighted_jacobi(s(), omega, x()).unwrap();
            assert_same("weighted Jacobi", method, &start, |x| {
                classical::weighted_jacobi(&a, omega, x).unwrap()
            });
        }
    }
}

#[test]
fn sequential_sweeps_with_any_times_never_raise_the_potential_and_find_the_solution() {
    let d = 4;
    let a = system(7, d);
    let value = |x: &[f64]| {
        let quadratic: f64 = (0..d * d)
            .map(|k| 0.5 * x[k / d] * a.matrix()[k] * x[k % d])
            .sum();
        quadratic - (0..d).map(|i| a.right_side()[i] * x[i]).sum::<f64>()
    };
    let times = [0.4, 0.9, 0.2, 2.0];
    let start = random_numbers(8, d);
    let mut last = value(&start);
    let mut method =
        CoordinateHamiltonianDescent::new(a.clone(), &times, Sweep::Sequential, start).unwrap();
    for _ in 0..2000 {
        method.advance().unwrap();
        let now = value(&numbers(method.position()));
        assert!(now <= last + 1e-14);
        last = now;
    }
    assert!(residual(&a, &numbers(method.position())) < 1e-12);
}

#[test]
fn a_sweep_counts_as_one_gradient_in_as_many_rounds_as_it_has_to_wait() {
    for (sweep, rounds) in [(Sweep::Sequential, 3), (Sweep::Simultaneous, 1)] {
        let times = [0.1; 3];
        let start = vec![0.0; 3];
        let mut method =
            CoordinateHamiltonianDescent::new(system(1, 3), &times, sweep, start).unwrap();
        let of = |sweeps| Counts {
            requested: sweeps,
            distinct: sweeps,
            rounds: sweeps * rounds,
            surrogate: 0,
        };
        for sweeps in 1..=2 {
            assert_eq!(method.advance().unwrap().counts, of(1), "{sweep}");
            assert_eq!(method.counts(), of(sweeps), "{sweep}");
        }
    }
}

#[test]
fn systems_and_settings_out_of_range_are_refused() {
    let refused = |matrix: &[f64], right: &[f64]| {
        let made = LinearSystem::new(matrix.to_vec(), right.to_vec());
        made.unwrap_err().to_string()
    };
    assert!(refused(&[1.0, 2.0], &[1.0, 2.0]).contains("shape [2]"));
    assert!(refused(&[], &[]).contains("at least 1"));
    assert!(refused(&[1.0, 2.0, 3.0, 1.0], &[1.0, 2.0]).starts_with("matrix"));
    assert!(refused(&[1.0, 2.0, 2.0, 0.0], &[1.0, 2.0]).starts_with("diagonal"));
    let (a, start) = (system(0, 2), vec![0.0; 2]);
    let sor = CoordinateHamiltonianDescent::successive_over_relaxation;
    let error = |made: optim::Result<_>| made.err().map(|e: optim::Error| e.to_string()).unwrap();
    let ignore = |made: optim::Result<CoordinateHamiltonianDescent>| made.map(|_| ());
    assert!(error(ignore(sor(a.clone(), 2.0, start.clone()))).starts_with("relaxation"));
    let weighted = CoordinateHamiltonianDescent::weighted_jacobi(a.clone(), 0.0, start.clone());
    assert!(error(ignore(weighted)).starts_with("weight"));
    let short = CoordinateHamiltonianDescent::jacobi(a.clone(), vec![0.0]);
    assert!(error(ignore(short)).contains("shape [1]"));
    let still = CoordinateHamiltonianDescent::new(a.clone(), &[1.0, 0.0], Sweep::Sequential, start);
    assert!(error(ignore(still)).starts_with("integration_time"));
    assert!(classical::jacobi(&a, &[1.0]).is_err());
}
