//! G Section 5: symplectic Euler, classical momentum and gradient descent on a spring ½kx² as one
//! formula with three coefficients.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, largest, numbers, tensor};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use candle_core::Device;
use optim::{
    Flow, HeavyBall, Integrator, Kinetic, Method, Momentum, Phase, Quadratic, SymplecticEuler,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::sync::Arc;

/// The exposition's three methods on its spring, from rest.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SpringFormulas {
    /// k.
    pub stiffness: f64,
    /// x_0.
    pub start: f64,
    /// h = Δt².
    pub step_size: f64,
    /// γ of classical momentum.
    pub damping: f64,
    /// A coefficient that is none of the three methods'.
    pub other_damping: f64,
    /// Steps that are compared.
    pub steps: usize,
    /// Periods of symplectic Euler that are timed.
    pub periods: usize,
    /// By how much, relative, its period may be off 2π/√k and be called about it.
    pub harmonic: f64,
    /// What rounding may make of 0, of x_0.
    pub rounding: f64,
    /// From what on, of x_0, two paths count as different.
    pub different: f64,
}

/// The place in the papers.
const PLACE: &str = "G Section 5";

impl Checker for SpringFormulas {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let same = CheckBound::at_most(self.rounding);
        Some(match check {
            "g-section-5-identical-but-for-the-coefficient"
            | "g-section-5-special-cases-of-momentum" => same,
            "g-section-5-another-coefficient" => CheckBound::at_least(self.different).control(),
            "g-section-5-printed-coefficient-is-symplectic-euler" => same.refuted(),
            "g-section-5-approximately-harmonic" => CheckBound::at_most(self.harmonic),
            _ => return None,
        })
    }

    fn run(&self, _: &Seeds) -> Result<Vec<CheckedNumber>> {
        let h = self.step_size;
        let euler = self.euler(self.steps)?;
        let momentum = self.classical(self.damping)?;
        let descent = self.descent()?;
        let identical = largest([
            self.apart(&self.formula(1.0), &euler),
            self.apart(&self.formula(self.damping), &momentum),
            self.apart(&self.formula(0.0), &descent),
        ]);
        let special = largest([
            self.apart(&self.classical(1.0)?, &euler),
            self.apart(&self.classical(0.0)?, &descent),
        ]);
        let other = self.formula(self.other_damping);
        let paths = [&euler, &momentum, &descent];
        let least = paths.map(|path| self.apart(&other, path));
        let steps = self.steps;
        Ok(vec![
            CheckedNumber::new(
                "g-section-5-identical-but-for-the-coefficient",
                PLACE,
                format!(
                    "x ← x + p with p ← c·p − h(kx) is symplectic Euler, classical momentum and gradient descent for c = 1, γ and 0: largest difference of {steps} steps, of x_0"
                ),
                identical,
            ),
            CheckedNumber::new(
                "g-section-5-special-cases-of-momentum",
                PLACE,
                format!(
                    "classical momentum with γ = 1 is symplectic Euler, with γ = 0 gradient descent: largest difference of {steps} steps, of x_0"
                ),
                special,
            ),
            CheckedNumber::new(
                "g-section-5-another-coefficient",
                PLACE,
                format!(
                    "with c = {} it is none of the three: largest difference over the steps, the least of the three",
                    self.other_damping
                ),
                least.into_iter().fold(f64::INFINITY, f64::min),
            ),
            CheckedNumber::new(
                "g-section-5-printed-coefficient-is-symplectic-euler",
                PLACE,
                format!(
                    "with c = √h = {:.3}, as it is printed, it is symplectic Euler: largest difference of {steps} steps, of x_0",
                    h.sqrt()
                ),
                self.apart(&self.formula(h.sqrt()), &euler),
            ),
            CheckedNumber::new(
                "g-section-5-approximately-harmonic",
                PLACE,
                format!(
                    "symplectic Euler oscillates about as the spring does: its period, timed between zeros over {} periods, off 2π/√k, relative",
                    self.periods
                ),
                self.off_period()?,
            ),
        ])
    }
}

impl SpringFormulas {
    fn instance(&self) -> Result<Instance> {
        Ok(Instance {
            potential: Arc::new(Quadratic::diagonal(&[self.stiffness], &Device::Cpu)?),
            start: vec![self.start],
        })
    }

    /// p ← c·p − h(kx), x ← x + p, from rest.
    fn formula(&self, coefficient: f64) -> Vec<f64> {
        let (mut x, mut p) = (self.start, 0.0);
        let step = |_| {
            p = coefficient * p - self.step_size * (self.stiffness * x);
            x += p;
            x
        };
        (0..self.steps).map(step).collect()
    }

    /// Symplectic Euler with Δt = √h, as the library has it.
    fn euler(&self, steps: usize) -> Result<Vec<f64>> {
        let instance = self.instance()?;
        let integrator: Box<dyn Integrator> = Box::new(SymplecticEuler);
        let size = self.step_size.sqrt();
        let mut flow = Flow::new(Kinetic::HalfL2Squared, integrator, size, steps)?;
        let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
        let mut oracle = instance.oracle();
        let mut path = Vec::new();
        for _ in 0..steps {
            phase = flow.step(phase, &mut oracle)?;
            path.extend(numbers(&phase.position)?);
        }
        Ok(path)
    }

    /// The positions of a method.
    fn path(&self, mut method: impl Method) -> Result<Vec<f64>> {
        let mut path = Vec::new();
        for _ in 0..self.steps {
            method.advance()?;
            path.extend(numbers(method.position())?);
        }
        Ok(path)
    }

    /// Classical momentum, G Definition 4.2, as the library has it.
    fn classical(&self, damping: f64) -> Result<Vec<f64>> {
        let instance = self.instance()?;
        let start = tensor(&instance.start)?;
        self.path(Momentum::new(
            instance.oracle(),
            damping,
            self.step_size,
            start,
        )?)
    }

    /// Gradient descent, as the library has it.
    fn descent(&self) -> Result<Vec<f64>> {
        let instance = self.instance()?;
        let (start, kinetic) = (tensor(&instance.start)?, Kinetic::HalfL2Squared);
        self.path(HeavyBall::new(
            instance.oracle(),
            kinetic,
            self.step_size,
            0.0,
            start,
        )?)
    }

    /// The largest difference of two paths, of x_0.
    fn apart(&self, a: &[f64], b: &[f64]) -> f64 {
        largest(
            a.iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs() / self.start.abs()),
        )
    }

    /// By how much the period of symplectic Euler is off 2π/√k, relative.
    fn off_period(&self) -> Result<f64> {
        let exact = TAU / self.stiffness.sqrt();
        let dt = self.step_size.sqrt();
        let steps = ((self.periods + 1) as f64 * exact / dt).ceil() as usize;
        let path = self.euler(steps)?;
        // A zero between two points, where the line through them has it.
        let zero = |(s, pair): (usize, &[f64])| {
            let (a, b) = (pair[0], pair[1]);
            (a > 0.0 && b <= 0.0).then(|| (s as f64 + a / (a - b)) * dt)
        };
        let zeros: Vec<f64> = path.windows(2).enumerate().filter_map(zero).collect();
        ensure!(
            zeros.len() > self.periods,
            "spring: {} zeros in the time of {} periods, so it does not oscillate like a spring",
            zeros.len(),
            self.periods + 1
        );
        let period = (zeros[self.periods] - zeros[0]) / self.periods as f64;
        Ok((period / exact - 1.0).abs())
    }
}
