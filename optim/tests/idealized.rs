//! Algorithm 1 and its integration times against the closed forms of the analysis.

mod common;

use candle_core::{Device, Tensor};
use common::{numbers, random_numbers};
use optim::{Counts, IdealizedDescent, IntegrationTimes, Kinetic, Method, Potential, Quadratic};
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;

fn spread(strong_convexity: f64, smoothness: f64, count: usize) -> Vec<f64> {
    let ratio = smoothness / strong_convexity;
    (0..count)
        .map(|i| strong_convexity * ratio.powf(i as f64 / (count - 1) as f64))
        .collect()
}

fn problem(seed: u64, eigenvalues: &[f64]) -> (Arc<Quadratic>, Tensor) {
    let random = random_numbers(seed, 2 * eigenvalues.len());
    let (u, x) = random.split_at(eigenvalues.len());
    let f = Quadratic::spectral(eigenvalues, u, &Device::Cpu).unwrap();
    (Arc::new(f), Tensor::new(x, &Device::Cpu).unwrap())
}

fn norm(point: &Tensor) -> f64 {
    numbers(point).iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Eq. (2) of the paper: f(x_{k+1}) + ½‖v_{k+1}‖² = f(x_k).
#[test]
fn every_scheme_of_times_is_a_descent_and_what_the_potential_loses_is_the_kinetic_energy() {
    let mut stream = random_numbers(3, 200).into_iter().map(|u| 0.5 + 0.5 * u);
    let random = IntegrationTimes::random(2.0, move || stream.next().unwrap()).unwrap();
    for (seed, times) in [
        IntegrationTimes::fixed(3.0).unwrap(),
        IntegrationTimes::constant(100.0).unwrap(),
        IntegrationTimes::chebyshev(1.0, 100.0, 10).unwrap(),
        random,
    ]
    .into_iter()
    .enumerate()
    {
        let (f, mut x) = problem(seed as u64, &spread(1.0, 100.0, 6));
        for time in times.take(100) {
            let before = f.value(&x).unwrap();
            let end = f.exact_flow(&x, time).unwrap();
            x = end.position;
            let after = f.value(&x).unwrap();
            let kinetic = Kinetic::HalfL2Squared.energy(&end.velocity).unwrap();
            assert!(after <= before * (1.0 + 1e-13));
            assert!((after + kinetic - before).abs() <= 1e-12 * before);
        }
    }
}

#[test]
fn chebyshev_times_meet_the_accelerated_bound_after_each_cycle() {
    for (kappa, cycle) in [(10.0f64, 3), (100.0, 16), (1e4, 100)] {
        let rho = (kappa.sqrt() - 1.0) / (kappa.sqrt() + 1.0);
        let power = rho.powi(cycle as i32);
        let bound = 2.0 * power / (1.0 + power * power);
        for seed in 0..4 {
            let (f, start) = problem(seed, &spread(0.5, 0.5 * kappa, 50));
            let times = IntegrationTimes::chebyshev(0.5, 0.5 * kappa, cycle).unwrap();
            let mut method = IdealizedDescent::new(f, times, start.clone());
            for cycles in 1..=2 {
                for _ in 0..cycle {
                    method.advance().unwrap();
                }
                let shrunk = norm(method.position()) / norm(&start);
                assert!(
                    shrunk <= bound.powi(cycles) * (1.0 + 1e-9),
                    "κ {kappa}, {cycles} cycles: {shrunk} > {bound}"
                );
            }
        }
    }
}

#[test]
fn the_constant_time_is_no_better_than_unaccelerated() {
    let (f, start) = problem(0, &spread(1.0, 100.0, 20));
    let times = IntegrationTimes::constant(100.0).unwrap();
    let mut method = IdealizedDescent::new(f.clone(), times, start.clone());
    for _ in 0..16 {
        method.advance().unwrap();
    }
    // The slowest error shrinks by cos(½π/√κ) = cos(π/20) a flow.
    let slowest = (FRAC_PI_2 / 10.0).cos().powi(16);
    let shrunk = norm(method.position()) / norm(&start);
    assert!(shrunk < slowest && shrunk > 0.05 * slowest, "{shrunk}");
}

/// With gradient steps 1/r in place of flows the error along an eigenvector is a product of
/// |1 − λ/r|, which grows by many orders on the way when the roots come sorted.
#[test]
fn in_the_order_of_the_chebyshev_times_gradient_steps_would_be_stable_too() {
    let cycle = 64;
    let times: Vec<f64> = IntegrationTimes::chebyshev(1.0, 1000.0, cycle)
        .unwrap()
        .take(cycle)
        .collect();
    let worst = |times: &[f64]| {
        let of = |lambda: f64| {
            let mut product = 1.0f64;
            times
                .iter()
                .map(|time| {
                    product *= (1.0 - lambda * (time / FRAC_PI_2).powi(2)).abs();
                    product
                })
                .fold(0.0, f64::max)
        };
        spread(1.0, 1000.0, 500)
            .into_iter()
            .map(of)
            .fold(0.0, f64::max)
    };
    let mut sorted = times.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    assert!(worst(&times) < 1000.0, "{}", worst(&times));
    assert!(worst(&sorted) > 1e9, "{}", worst(&sorted));

    sorted.dedup();
    assert_eq!(sorted.len(), cycle, "every root is used");
}

#[test]
fn random_times_are_exponential_with_mean_one_over_the_rate() {
    let count = 1000;
    let mut next = 0;
    let uniform = move || {
        next += 1;
        (next as f64 - 0.5) / count as f64
    };
    let times = IntegrationTimes::random(4.0, uniform).unwrap();
    let times: Vec<f64> = times.take(count).collect();
    let mean = times.iter().sum::<f64>() / count as f64;
    let square = times.iter().map(|t| t * t).sum::<f64>() / count as f64;
    assert!((mean - 0.25).abs() < 1e-3, "{mean}");
    assert!((square - 2.0 / 16.0).abs() < 2e-3, "{square}");
}

#[test]
fn the_idealised_method_counts_time_and_no_gradients() {
    let (f, start) = problem(1, &[1.0, 4.0]);
    let times = IntegrationTimes::chebyshev(1.0, 4.0, 3).unwrap();
    let total: f64 = IntegrationTimes::chebyshev(1.0, 4.0, 3)
        .unwrap()
        .take(5)
        .sum();
    let mut method = IdealizedDescent::new(f, times, start);
    for _ in 0..5 {
        assert_eq!(method.advance().unwrap().counts, Counts::default());
    }
    assert_eq!(method.counts(), Counts::default());
    assert!((method.integration_time() / total - 1.0).abs() < 1e-15);
}

#[test]
fn times_out_of_range_are_refused_by_name() {
    let refused = |made: optim::Result<IntegrationTimes>| made.err().unwrap().to_string();
    assert!(refused(IntegrationTimes::fixed(0.0)).starts_with("integration_time"));
    assert!(refused(IntegrationTimes::constant(-1.0)).starts_with("smoothness"));
    assert!(refused(IntegrationTimes::chebyshev(2.0, 1.0, 3)).starts_with("strong_convexity"));
    assert!(refused(IntegrationTimes::chebyshev(1.0, 2.0, 0)).starts_with("cycle"));
    for rate in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        assert!(refused(IntegrationTimes::random(rate, || 0.5)).starts_with("rate"));
    }
    let same: Vec<f64> = IntegrationTimes::chebyshev(4.0, 4.0, 3)
        .unwrap()
        .take(3)
        .collect();
    assert_eq!(same, [FRAC_PI_2 / 2.0; 3], "κ = 1 has one root");
}
