//! P eq. (4), G Lemma 2.4 and Lemma 2.7: what the exact flow does, on quadratics, where it is
//! known.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, apart, largest, norm, numbers, plus, spectrum, symmetric, tensor};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use candle_core::Device;
use optim::{Flow, Kinetic, Leapfrog, Potential, Quadratic};
use rand::RngExt;
use rows::statistics::power;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::sync::Arc;

/// The exact flow of random quadratics with largest eigenvalue 1.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ExactFlow {
    /// How many quadratics.
    pub problems: usize,
    /// D.
    pub dimension: usize,
    /// κ.
    pub condition: f64,
    /// Times at which the energy is looked at.
    pub times: Vec<f64>,
    /// Step sizes of the Leapfrog flows that have to come close to it.
    pub step_sizes: Vec<f64>,
    /// Between which the order has to be at which they do.
    pub second_order: (f64, f64),
    /// K, flows of a descent.
    pub flows: usize,
    /// μ of G eq. (2.6) with which momentum is kept, and f is not said to be.
    pub damping: f64,
    /// μ of G eq. (2.6), all below 1, with which the energy has to be eliminated.
    pub dampings: Vec<f64>,
    /// What may be left of H then, of H_0.
    pub eliminated: f64,
    /// t of G eq. (2.6), on the spring ½x².
    pub damped_time: f64,
    /// What is left of f, of f(x_0), where it does not come down.
    pub rise: f64,
    /// What rounding may make of 0, relative.
    pub rounding: f64,
}

/// A quadratic with dense matrix, and where it starts.
struct Bowl {
    quadratic: Arc<Quadratic>,
    start: Vec<f64>,
    /// Integration times of a descent, in (0, π/2]: random.
    times: Vec<f64>,
}

impl Checker for ExactFlow {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let rounding = CheckBound::at_most(self.rounding);
        Some(match check {
            "lemma-1-exact-flow-conserves-energy"
            | "equation-4-exact-flow-descends"
            | "g-lemma-2-4-energy-is-constant"
            | "g-flow-without-reset-cycles"
            | "g-equation-2-6-energy-does-not-rise" => rounding,
            "smaller-step-is-closer-to-exact-flow" => CheckBound::between(self.second_order),
            "g-lemma-2-7-potential-does-not-rise" => CheckBound::at_most(0.0),
            "g-lemma-2-7-without-reset" | "g-lemma-2-7-with-momentum" => {
                CheckBound::at_most(0.0).refuted()
            }
            "no-reset-does-not-converge" => CheckBound::at_least(self.rise),
            "g-equation-2-6-eliminates-energy" => CheckBound::at_most(self.eliminated),
            "g-equation-2-6-mu-1-eliminates-energy" => {
                CheckBound::at_most(self.eliminated).refuted()
            }
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let bowls = self.bowls(seeds)?;
        let mut checks = vec![self.conserves(&bowls)?, self.is_the_limit(&bowls)?];
        checks.extend(self.descends(&bowls)?);
        checks.extend(self.without_reset(&bowls)?);
        checks.extend(self.spring()?);
        checks.extend(self.damped()?);
        Ok(checks)
    }
}

impl ExactFlow {
    fn bowls(&self, seeds: &Seeds) -> Result<Vec<Bowl>> {
        let bowl = |index: usize| {
            let mut stream = seeds.stream(&["checks", "exact-flow", &index.to_string()]);
            let eigenvalues = spectrum(&mut stream, self.dimension, self.condition);
            let reflection = symmetric(&mut stream, self.dimension);
            let quadratic = Quadratic::spectral(&eigenvalues, &reflection, &Device::Cpu)?;
            Ok(Bowl {
                quadratic: Arc::new(quadratic),
                start: symmetric(&mut stream, self.dimension),
                times: (0..self.flows)
                    .map(|_| TAU / 4.0 * (1.0 - stream.random::<f64>()))
                    .collect(),
            })
        };
        (0..self.problems).map(bowl).collect()
    }

    /// H along the flow from rest.
    fn conserves(&self, bowls: &[Bowl]) -> Result<CheckedNumber> {
        let mut worst = 0.0;
        for bowl in bowls {
            let start = tensor(&bowl.start)?;
            let first = bowl.quadratic.value(&start)?;
            for &time in &self.times {
                let phase = bowl.quadratic.exact_flow(&start, time)?;
                let energy = bowl.quadratic.value(&phase.position)?
                    + Kinetic::HalfL2Squared.energy(&phase.velocity)?;
                worst = largest([worst, (energy - first).abs() / first]);
            }
        }
        Ok(CheckedNumber::new(
            "lemma-1-exact-flow-conserves-energy",
            "P Lemma 1",
            "the exact flow of a quadratic conserves H: its largest relative change",
            worst,
        ))
    }

    /// Leapfrog flows come as close as their order says to what is called the exact flow.
    fn is_the_limit(&self, bowls: &[Bowl]) -> Result<CheckedNumber> {
        let time = self.times.first().context("exact-flow: no times")?;
        let mut points = Vec::new();
        for &step_size in &self.step_sizes {
            let steps = (time / step_size).round() as usize;
            let mut worst = 0.0;
            for bowl in bowls {
                let instance = Instance {
                    potential: bowl.quadratic.clone(),
                    start: bowl.start.clone(),
                };
                let start = tensor(&bowl.start)?;
                let exact = bowl
                    .quadratic
                    .exact_flow(&start, steps as f64 * step_size)?;
                let mut flow =
                    Flow::new(Kinetic::HalfL2Squared, Box::new(Leapfrog), step_size, steps)?;
                let end = numbers(&flow.from_rest(&start, &mut instance.oracle())?)?;
                worst = largest([worst, apart(&end, &numbers(&exact.position)?, &bowl.start)]);
            }
            points.push((step_size, worst));
        }
        Ok(CheckedNumber::new(
            "smaller-step-is-closer-to-exact-flow",
            "P Section 3",
            "leapfrog flows come closer to the exact flow with a smaller θ, as θ²: the power",
            power(&points),
        ))
    }

    /// Flow after flow, each from rest.
    fn descends(&self, bowls: &[Bowl]) -> Result<[CheckedNumber; 2]> {
        let (mut rise, mut residual) = (f64::NEG_INFINITY, 0.0);
        for bowl in bowls {
            let mut x = tensor(&bowl.start)?;
            for &time in &bowl.times {
                let before = bowl.quadratic.value(&x)?;
                let phase = bowl.quadratic.exact_flow(&x, time)?;
                let after = bowl.quadratic.value(&phase.position)?;
                let kinetic = Kinetic::HalfL2Squared.energy(&phase.velocity)?;
                rise = rise.max((after - before) / before);
                residual = largest([residual, (after + kinetic - before).abs() / before]);
                x = phase.position;
            }
        }
        Ok([
            CheckedNumber::new(
                "equation-4-exact-flow-descends",
                "P eq. (4)",
                "f(x_{k+1}) + φ(v_{k+1}) = f(x_k) for the exact flow from rest: largest relative difference",
                residual,
            ),
            CheckedNumber::new(
                "g-lemma-2-7-potential-does-not-rise",
                "G Lemma 2.7, P eq. (4)",
                "f does not rise from one flow from rest to the next: largest relative change",
                rise,
            ),
        ])
    }

    /// The same times on one flow that is never stopped.
    fn without_reset(&self, bowls: &[Bowl]) -> Result<[CheckedNumber; 2]> {
        let (mut rise, mut least): (f64, f64) = (0.0, f64::INFINITY);
        for bowl in bowls {
            let start = tensor(&bowl.start)?;
            let first = bowl.quadratic.value(&start)?;
            let (mut before, mut time, mut late) = (first, 0.0, Vec::new());
            for (flow, step) in bowl.times.iter().enumerate() {
                time += step;
                let position = bowl.quadratic.exact_flow(&start, time)?.position;
                let after = bowl.quadratic.value(&position)?;
                rise = rise.max((after - before) / first);
                before = after;
                if 2 * flow >= bowl.times.len() {
                    late.push(after / first);
                }
            }
            least = least.min(late.iter().sum::<f64>() / late.len() as f64);
        }
        Ok([
            CheckedNumber::new(
                "g-lemma-2-7-without-reset",
                "G before eq. (2.5)",
                "without the reset f does not rise along the flow: its largest change, of f(x_0)",
                rise,
            ),
            CheckedNumber::new(
                "no-reset-does-not-converge",
                "P Section 2",
                "without the reset f does not come down: its mean over the later half of the times, of f(x_0), the least",
                least,
            ),
        ])
    }

    /// On the spring ½x² from x = 1: the cycle, and G eq. (2.6) with 0 < μ < 1.
    fn spring(&self) -> Result<[CheckedNumber; 4]> {
        let spring = Oscillator::new(&[1.0])?;
        let back = spring.flow(&[1.0], &[0.0], TAU)?.0;
        let (mut x, mut p) = (vec![1.0], vec![0.0]);
        let half = |v: &[f64]| norm(v).powi(2) / 2.0;
        let (mut potential_rise, mut energy_rise) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let time = self.damped_time;
        for _ in 0..self.flows {
            let damped = vec![p[0] * self.damping];
            let (next, momentum) = spring.flow(&x, &damped, time)?;
            potential_rise = potential_rise.max((half(&next) - half(&x)) / 0.5);
            let before = half(&x) + half(&p);
            let after = half(&next) + half(&momentum);
            energy_rise = energy_rise.max((after - before) / 0.5);
            (x, p) = (next, momentum);
        }
        let mut change = 0.0;
        for &time in &self.times {
            let (x, v) = spring.flow(&[1.0], &[1.0], time)?;
            change = largest([change, (half(&x) + half(&v) - 1.0).abs()]);
        }
        let mu = self.damping;
        Ok([
            CheckedNumber::new(
                "g-lemma-2-4-energy-is-constant",
                "G Lemma 2.4",
                "the exact flow of the spring from x = 1 with momentum 1 conserves H: its largest relative change",
                change,
            ),
            CheckedNumber::new(
                "g-flow-without-reset-cycles",
                "G after Lemma 2.7",
                "a flow of one period takes the spring back to where it was: relative distance",
                (back[0] - 1.0).abs(),
            ),
            CheckedNumber::new(
                "g-equation-2-6-energy-does-not-rise",
                "G eq. (2.6)",
                format!(
                    "with μ = {mu} H does not rise from flow to flow: largest change, of f(x_0)"
                ),
                energy_rise,
            ),
            CheckedNumber::new(
                "g-lemma-2-7-with-momentum",
                "G Lemma 2.7",
                format!(
                    "stated after eq. (2.6), which has any μ in [0, 1], and proved for μ = 0: with μ = {mu} and t = {time} f does not rise on the spring: largest change, of f(x_0)"
                ),
                potential_rise,
            ),
        ])
    }

    /// G eq. (2.6) on the spring ½x² from x = 1 and p = 0: what is left of H after `flows` flows, of H_0.
    fn left(&self, damping: f64) -> Result<f64> {
        let spring = Oscillator::new(&[1.0])?;
        let (mut x, mut p) = (vec![1.0], vec![0.0]);
        for _ in 0..self.flows {
            let damped = vec![p[0] * damping];
            (x, p) = spring.flow(&x, &damped, self.damped_time)?;
        }
        Ok(norm(&x).powi(2) + norm(&p).powi(2))
    }

    /// G eq. (2.6): "will eliminate energy", for 0 ≤ μ ≤ 1.
    fn damped(&self) -> Result<[CheckedNumber; 2]> {
        let left = self.dampings.iter().map(|&damping| self.left(damping));
        let left = largest(left.collect::<Result<Vec<f64>>>()?);
        let (flows, dampings) = (self.flows, &self.dampings);
        Ok([
            CheckedNumber::new(
                "g-equation-2-6-eliminates-energy",
                "G eq. (2.6)",
                format!(
                    "with μ in {dampings:?} energy is eliminated: H on the spring after {flows} flows, of H_0, the most"
                ),
                left,
            ),
            CheckedNumber::new(
                "g-equation-2-6-mu-1-eliminates-energy",
                "G eq. (2.6)",
                format!(
                    "with μ = 1, which it allows, energy is eliminated: H on the spring after {flows} flows, of H_0"
                ),
                self.left(1.0)?,
            ),
        ])
    }
}

/// ½ Σ λ_i x_i² with the exact flow from any phase, made of the library's, which is from rest.
///
/// The flow z(t) from rest at y has the velocity ż; since the dynamics is linear and knows no
/// time, ż is itself the position of a flow, that from 0 with velocity −λy. So the flow from
/// (x, v) is the one from rest at x plus the derivative of the one from rest at −v/λ.
pub(super) struct Oscillator {
    quadratic: Quadratic,
    eigenvalues: Vec<f64>,
}

impl Oscillator {
    /// With positive λ.
    pub fn new(eigenvalues: &[f64]) -> Result<Self> {
        Ok(Self {
            quadratic: Quadratic::diagonal(eigenvalues, &Device::Cpu)?,
            eigenvalues: eigenvalues.to_vec(),
        })
    }

    /// (x, v) after a time.
    pub fn flow(&self, x: &[f64], v: &[f64], time: f64) -> Result<(Vec<f64>, Vec<f64>)> {
        let scaled = |v: &[f64], by: fn(f64, f64) -> f64| -> Vec<f64> {
            v.iter()
                .zip(&self.eigenvalues)
                .map(|(v, l)| by(*v, *l))
                .collect()
        };
        let still = self.quadratic.exact_flow(&tensor(x)?, time)?;
        let other = tensor(&scaled(v, |v, l| -v / l))?;
        let other = self.quadratic.exact_flow(&other, time)?;
        let acceleration = scaled(&numbers(&other.position)?, |z, l| -l * z);
        Ok((
            plus(&numbers(&still.position)?, 1.0, &numbers(&other.velocity)?),
            plus(&numbers(&still.velocity)?, 1.0, &acceleration),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_from_any_phase_is_the_spring_of_the_textbook() {
        let (omega, time) = (2.0f64, 0.7);
        let spring = Oscillator::new(&[omega * omega]).unwrap();
        let (x, v) = spring.flow(&[0.3], &[-1.1], time).unwrap();
        let (sine, cosine) = (omega * time).sin_cos();
        assert!((x[0] - (0.3 * cosine - 1.1 / omega * sine)).abs() < 1e-14);
        assert!((v[0] - (-0.3 * omega * sine - 1.1 * cosine)).abs() < 1e-14);
    }
}
