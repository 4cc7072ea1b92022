//! Small problems that several tests share.
#![allow(dead_code)] // Each test binary uses a part of this.

use candle_core::{DType, Device, Tensor};
use optim::{Kernel, LogisticRegression, Oracle, Potential, Problem, Sequential};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

/// n, d, C of the random problems.
pub const SHAPE: (usize, usize, usize) = (40, 6, 3);

/// A number uniform in (-1, 1).
fn symmetric(rng: &mut ChaCha20Rng) -> f64 {
    // 53 bits, as f64 holds.
    (rng.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// `count` numbers uniform in (-1, 1).
pub fn random_numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (0..count).map(|_| symmetric(&mut rng)).collect()
}

/// A random logistic regression, and a random point for it.
pub fn random_problem(seed: u64, dtype: DType) -> (Arc<LogisticRegression>, Tensor) {
    random_problem_with(seed, dtype, false, 0.0)
}

/// The same with an intercept or a penalty.
pub fn random_problem_with(
    seed: u64,
    dtype: DType,
    bias: bool,
    l2: f64,
) -> (Arc<LogisticRegression>, Tensor) {
    let (n, d, classes) = SHAPE;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let x: Vec<f64> = (0..n * d).map(|_| 2.0 * symmetric(&mut rng)).collect();
    let labels: Vec<u32> = (0..n).map(|_| rng.next_u32() % classes as u32).collect();
    let x = Tensor::from_vec(x, (n, d), &Device::Cpu)
        .unwrap()
        .to_dtype(dtype)
        .unwrap();
    let problem = Problem { classes, bias, l2 };
    let potential = LogisticRegression::new(x, &labels, problem).unwrap();
    let point: Vec<f64> = (0..potential.dimension())
        .map(|_| symmetric(&mut rng))
        .collect();
    let point = Tensor::new(point, &Device::Cpu)
        .unwrap()
        .to_dtype(dtype)
        .unwrap();
    (Arc::new(potential), point)
}

/// A random logistic regression of the same numbers on any device.
pub fn problem_on(
    device: &Device,
    dtype: DType,
    kernel: Kernel,
    (bias, l2): (bool, f64),
) -> Arc<LogisticRegression> {
    let (n, d, classes) = SHAPE;
    let x = Tensor::from_vec(random_numbers(5, n * d), (n, d), &Device::Cpu).unwrap();
    let x = x.to_dtype(dtype).unwrap().to_device(device).unwrap();
    let labels: Vec<u32> = (0..n).map(|i| (i % classes) as u32).collect();
    let problem = Problem { classes, bias, l2 };
    Arc::new(LogisticRegression::with_kernel(x, &labels, problem, kernel).unwrap())
}

pub fn oracle(potential: &Arc<LogisticRegression>) -> Oracle {
    Oracle::new(Sequential::new(potential.clone()))
}

pub fn numbers(point: &Tensor) -> Vec<f64> {
    point.to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

/// ‖a − b‖/‖b‖
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let (a, b) = (numbers(a), numbers(b));
    let norm = |v: Vec<f64>| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let difference = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    norm(difference) / norm(b)
}
