//! Small random problems, and vectors as plain numbers: what the checks compute with beside the
//! library, so that both sides of an identity are not the same code.

use crate::seed::Seeds;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use optim::{Cost, Kinetic, LogisticRegression, Oracle, Phase, Potential, Problem, Sequential};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Random logistic regressions in f64, without intercept or penalty: features and start uniform
/// in (-1, 1), labels uniform.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// How many.
    pub problems: usize,
    /// n of each.
    pub rows: usize,
    /// d.
    pub features: usize,
    /// C.
    pub classes: usize,
}

/// A potential and a point.
pub struct Instance {
    /// f.
    pub potential: Arc<dyn Potential>,
    /// x.
    pub start: Vec<f64>,
}

impl Logistic {
    /// All of them; the streams are named after `family` and the problem's number.
    pub fn instances(&self, seeds: &Seeds, family: &str) -> Result<Vec<Instance>> {
        (0..self.problems)
            .map(|index| {
                let stream = &mut seeds.stream(&["checks", family, "logistic", &index.to_string()]);
                self.instance(stream)
            })
            .collect()
    }

    fn instance(&self, stream: &mut ChaCha20Rng) -> Result<Instance> {
        let shape = (self.rows, self.features);
        let x = Tensor::from_vec(symmetric(stream, shape.0 * shape.1), shape, &Device::Cpu)?;
        let labels: Vec<u32> = (0..self.rows)
            .map(|_| stream.random_range(0..self.classes as u32))
            .collect();
        let problem = Problem {
            classes: self.classes,
            bias: false,
            l2: 0.0,
        };
        let potential = LogisticRegression::new(x, &labels, problem)?;
        let start = symmetric(stream, potential.dimension());
        Ok(Instance {
            potential: Arc::new(potential),
            start,
        })
    }
}

impl Instance {
    /// Gradients of it, counted.
    pub fn oracle(&self) -> Oracle {
        Oracle::new(Sequential::new(self.potential.clone()))
    }

    /// ∇f(x).
    pub fn gradient(&self, x: &[f64]) -> Result<Vec<f64>> {
        numbers(&self.potential.gradient(&tensor(x)?)?)
    }

    /// f(x).
    pub fn value(&self, x: &[f64]) -> Result<f64> {
        Ok(self.potential.value(&tensor(x)?)?)
    }

    /// H(x, v) = f(x) + φ(v) of a settled phase.
    pub fn energy(&self, kinetic: Kinetic, phase: &Phase) -> Result<f64> {
        Ok(self.potential.value(&phase.position)? + kinetic.energy(&phase.velocity)?)
    }
}

/// The spring ½x² of G Section 5, for long runs: like [`optim::Quadratic`] with D = 1, but read,
/// computed and made on the host, which for one number is much faster than a matrix product.
pub struct SpringProblem;

impl Potential for SpringProblem {
    fn dimension(&self) -> usize {
        1
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn device(&self) -> &Device {
        &Device::Cpu
    }

    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        let [x] = point.to_vec1::<f64>()?[..] else {
            return Ok(f64::NAN);
        };
        Ok(x * x / 2.0)
    }

    /// ∇f(x) = x, without computing anything.
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

/// Numbers uniform in (-1, 1).
pub fn symmetric(stream: &mut ChaCha20Rng, count: usize) -> Vec<f64> {
    (0..count)
        .map(|_| 2.0 * stream.random::<f64>() - 1.0)
        .collect()
}

/// Eigenvalues of a positive definite matrix with largest 1 and smallest 1/κ, what lies between
/// uniform in the logarithm.
pub fn spectrum(stream: &mut ChaCha20Rng, dimension: usize, condition: f64) -> Vec<f64> {
    (0..dimension)
        .map(|index| match index {
            0 => 1.0,
            1 => 1.0 / condition,
            _ => condition.powf(-stream.random::<f64>()),
        })
        .collect()
}

/// As a tensor `[D]` on the host.
pub fn tensor(numbers: &[f64]) -> Result<Tensor> {
    Ok(Tensor::new(numbers, &Device::Cpu)?)
}

/// A tensor's numbers.
pub fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_vec1()?)
}

/// x + a·y.
pub fn plus(x: &[f64], a: f64, y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x + a * y).collect()
}

/// ‖x‖₂.
pub fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// By how much `found` is apart from `wanted`, relative to how far `wanted` is from `origin`: for
/// a step, 0 is the right step and 1 as wrong as no step at all.
pub fn apart(found: &[f64], wanted: &[f64], origin: &[f64]) -> f64 {
    norm(&plus(found, -1.0, wanted)) / norm(&plus(wanted, -1.0, origin))
}

/// The largest of numbers; not a number if one of them is none, so that no failure is lost.
pub fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values
        .into_iter()
        .fold(0.0, |most: f64, value| match value {
            value if value.is_nan() || most.is_nan() => f64::NAN,
            value => most.max(value),
        })
}

/// The smallest of numbers; not a number if one of them is none, or there are none.
pub fn smallest(values: impl IntoIterator<Item = f64>) -> f64 {
    let least = |least: f64, value: f64| {
        if least.is_nan() || value.is_nan() {
            f64::NAN
        } else {
            least.min(value)
        }
    };
    values.into_iter().reduce(least).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_numbers_loses_no_failure() {
        assert_eq!(smallest([2.0, 1.0, 3.0]), 1.0);
        assert!(smallest([2.0, f64::NAN, 1.0]).is_nan());
        assert!(smallest([]).is_nan());
    }

    #[test]
    fn a_number_that_is_none_is_not_lost_among_others() {
        assert!(largest([1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(largest([1.0, 3.0, 2.0]), 3.0);
    }
}
