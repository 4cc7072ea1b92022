//! P Section 4.1.1: "Sign GD is not guaranteed to converge", with the convex function of
//! Karimireddy et al. (2019), their counterexample 2.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{numbers, tensor};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use optim::{Cost, HeavyBall, Kinetic, Method, Oracle, Potential, Sequential};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Sign descent on min over x in R² of ε|x₁ + x₂| + |x₁ − x₂|, which is 0 at the origin alone.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SignDescent {
    /// ε, in (0, 1).
    pub epsilon: f64,
    /// x_0, with x₁ + x₂ > 0, and x₁ − x₂ no multiple of 2η, so that no iterate is in the kink.
    pub start: [f64; 2],
    /// η, from the largest to the smallest.
    pub step_sizes: Vec<f64>,
    /// Iterations.
    pub iterations: usize,
    /// What is left of f, of f(x_0), where a method converges.
    pub converged: f64,
    /// What rounding may take from 1.
    pub rounding: f64,
}

impl Checker for SignDescent {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        Some(match check {
            "sign-gd-need-not-converge" => CheckBound::at_least(1.0 - self.rounding),
            "gradient-descent-converges-where-sign-gd-does-not" => {
                CheckBound::at_most(self.converged).control()
            }
            _ => return None,
        })
    }

    fn run(&self, _: &Seeds) -> Result<Vec<CheckedNumber>> {
        let mut least = f64::INFINITY;
        for &step_size in &self.step_sizes {
            least = least.min(self.least(Kinetic::L1, step_size)?);
        }
        let smallest = *self
            .step_sizes
            .last()
            .context("sign-descent: no step sizes")?;
        let descent = self.least(Kinetic::HalfL2Squared, smallest)?;
        let [x, y] = self.start;
        let (kept, epsilon) = (self.epsilon * (x + y).abs(), self.epsilon);
        let first = kept + (x - y).abs();
        const PLACE: &str = "P Section 4.1.1, of Karimireddy et al. (2019)";
        Ok(vec![
            CheckedNumber::new(
                "sign-gd-need-not-converge",
                PLACE,
                format!(
                    "on the convex ε|x₁ + x₂| + |x₁ − x₂|, ε = {epsilon}, every sign of a gradient is ±(1, −1), so Sign GD keeps x₁ + x₂ and f stays above ε(x₁ + x₂) of the start: the least f of {} iterations, of that, the least of η = {:?}",
                    self.iterations, self.step_sizes
                ),
                least / kept,
            ),
            CheckedNumber::new(
                "gradient-descent-converges-where-sign-gd-does-not",
                PLACE,
                format!(
                    "gradient descent from the same start, η = {smallest}, comes down: the least f, of f(x_0)"
                ),
                descent / first,
            ),
        ])
    }
}

impl SignDescent {
    /// The least f of the iterates of a method without momentum.
    fn least(&self, direction: Kinetic, step_size: f64) -> Result<f64> {
        let valley = Arc::new(Valley {
            epsilon: self.epsilon,
        });
        let oracle = Oracle::new(Sequential::new(valley.clone()));
        let mut method = HeavyBall::new(oracle, direction, step_size, 0.0, tensor(&self.start)?)?;
        let mut least = f64::INFINITY;
        for _ in 0..self.iterations {
            method.advance()?;
            least = least.min(valley.value(method.position())?);
        }
        Ok(least)
    }
}

/// ε|x₁ + x₂| + |x₁ − x₂|.
struct Valley {
    epsilon: f64,
}

impl Valley {
    fn point(point: &Tensor) -> optim::Result<[f64; 2]> {
        let point = numbers(point).map_err(candle_core::Error::wrap)?;
        Ok([point[0], point[1]])
    }
}

impl Potential for Valley {
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
        let [x, y] = Self::point(point)?;
        Ok(self.epsilon * (x + y).abs() + (x - y).abs())
    }

    /// ε sign(x₁ + x₂) (1, 1) + sign(x₁ − x₂) (1, −1), a subgradient.
    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        let [x, y] = Self::point(point)?;
        let (along, across) = (self.epsilon * (x + y).signum(), (x - y).signum());
        Ok(Tensor::new(
            &[along + across, along - across],
            &Device::Cpu,
        )?)
    }

    fn cost(&self, _: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}
