//! G [3], the relativistic kinetic energy c²(√(1 + ‖v‖²/c²) − 1): what one step is, how long a step can
//! be, and what it is between. The papers state none of it.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, Logistic, apart, largest, norm, numbers, plus, smallest, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use optim::{Flow, Kinetic, Leapfrog, Phase, SpeedLimit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Leapfrog flows from rest on random logistic regressions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RelativisticFlows {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S, and as many flows of a single step.
    pub steps: usize,
    /// c.
    pub speed_limits: Vec<f64>,
    /// c that no velocity is much below.
    pub slow: f64,
    /// c that every velocity is far below.
    pub fast: f64,
    /// What those two may leave of a difference, of the way gone.
    pub close: f64,
    /// What rounding may make of 0, of a step.
    pub rounding: f64,
}

/// The place in the papers that these stand beside.
const PLACE: &str = "G [3], beside P Lemma 2";

impl Checker for RelativisticFlows {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        Some(match check {
            "relativistic-one-step-is-gradient-descent" => {
                CheckBound::at_most(self.rounding).finding()
            }
            "relativistic-steps-are-shorter-than-the-limit" => CheckBound::at_most(1.0).finding(),
            "half-l2-squared-steps-are-longer-than-the-limit" => {
                CheckBound::at_least(1.0).control()
            }
            "relativistic-goes-to-half-l2-squared" | "relativistic-goes-to-l2" => {
                CheckBound::at_most(self.close).finding()
            }
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "relativistic")?;
        Ok(vec![
            self.one_step(&instances)?,
            self.shorter(&instances)?,
            self.longer(&instances)?,
            self.without_limit(&instances)?,
            self.at_the_limit(&instances)?,
        ])
    }
}

fn with(c: f64) -> Result<Kinetic> {
    Ok(Kinetic::Relativistic(SpeedLimit::new(c)?))
}

impl RelativisticFlows {
    fn one_step(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let (theta, mut worst) = (self.step_size, 0.0);
        for &c in &self.speed_limits {
            for instance in instances {
                let mut x = instance.start.clone();
                for _ in 0..self.steps {
                    let gradient = instance.gradient(&x)?;
                    let speed = theta / 2.0 * norm(&gradient) / c;
                    let eta = theta * theta / 2.0 / (1.0 + speed * speed).sqrt();
                    let wanted = plus(&x, -eta, &gradient);
                    let next = self.end(instance, with(c)?, theta, 1, &x)?;
                    worst = largest([worst, apart(&next, &wanted, &x)]);
                    x = next;
                }
            }
        }
        Ok(CheckedNumber::new(
            "relativistic-one-step-is-gradient-descent",
            PLACE,
            format!(
                "one Leapfrog step from rest under the relativistic energy is gradient descent with step (θ²/2)/√(1 + (θ/2)²‖∇f‖²/c²), c in {:?}: largest difference, in steps",
                self.speed_limits
            ),
            worst,
        ))
    }

    fn shorter(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let mut most = 0.0;
        for &c in &self.speed_limits {
            let lengths = self.lengths(instances, with(c)?)?;
            most = largest([most, largest(lengths) / (self.step_size * c)]);
        }
        Ok(CheckedNumber::new(
            "relativistic-steps-are-shorter-than-the-limit",
            PLACE,
            format!(
                "‖∂φ(v)‖ < c under the relativistic energy, so a step is shorter than θc, c in {:?}: the longest of {} steps, of that",
                self.speed_limits, self.steps
            ),
            most,
        ))
    }

    fn longer(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let c = smallest(self.speed_limits.iter().copied());
        let lengths = self.lengths(instances, Kinetic::HalfL2Squared)?;
        Ok(CheckedNumber::new(
            "half-l2-squared-steps-are-longer-than-the-limit",
            PLACE,
            format!("… and under ½‖v‖² it is not, c = {c}: the longest step, of θc"),
            largest(lengths) / (self.step_size * c),
        ))
    }

    fn without_limit(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let (theta, c, mut worst) = (self.step_size, self.fast, 0.0);
        for instance in instances {
            let end = |kinetic| self.end(instance, kinetic, theta, self.steps, &instance.start);
            let (found, wanted) = (end(with(c)?)?, end(Kinetic::HalfL2Squared)?);
            worst = largest([worst, apart(&found, &wanted, &instance.start)]);
        }
        Ok(CheckedNumber::new(
            "relativistic-goes-to-half-l2-squared",
            PLACE,
            format!(
                "{} Leapfrog steps from rest under the relativistic energy with c = {c} end where those under ½‖v‖² do: largest difference, of the way gone",
                self.steps
            ),
            worst,
        ))
    }

    /// Under c‖v‖₂ a step goes θc along v, which the size of the kicks before does not turn: as under ‖v‖₂
    /// with θc.
    fn at_the_limit(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let (theta, c, mut worst) = (self.step_size, self.slow, 0.0);
        for instance in instances {
            let start = &instance.start;
            let found = self.end(instance, with(c)?, theta, self.steps, start)?;
            let wanted = self.end(instance, Kinetic::L2, theta * c, self.steps, start)?;
            worst = largest([worst, apart(&found, &wanted, start)]);
        }
        Ok(CheckedNumber::new(
            "relativistic-goes-to-l2",
            PLACE,
            format!(
                "{} Leapfrog steps from rest under the relativistic energy with c = {c} end where those under ‖v‖₂ with step θc do: largest difference, of the way gone",
                self.steps
            ),
            worst,
        ))
    }

    fn end(
        &self,
        instance: &Instance,
        kinetic: Kinetic,
        step_size: f64,
        steps: usize,
        start: &[f64],
    ) -> Result<Vec<f64>> {
        let mut flow = Flow::new(kinetic, Box::new(Leapfrog), step_size, steps)?;
        numbers(&flow.from_rest(&tensor(start)?, &mut instance.oracle())?)
    }

    /// How far each step of each problem's flow goes.
    fn lengths(&self, instances: &[Instance], kinetic: Kinetic) -> Result<Vec<f64>> {
        let mut lengths = Vec::new();
        for instance in instances {
            let mut flow = Flow::new(kinetic, Box::new(Leapfrog), self.step_size, self.steps)?;
            let mut oracle = instance.oracle();
            let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
            for _ in 0..self.steps {
                let before = numbers(&phase.position)?;
                phase = flow.step(phase, &mut oracle)?;
                lengths.push(norm(&plus(&numbers(&phase.position)?, -1.0, &before)));
            }
        }
        Ok(lengths)
    }
}
