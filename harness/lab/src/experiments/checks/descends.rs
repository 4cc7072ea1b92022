//! P eq. (4) for every kinetic energy, by flows of fine steps: f(x_η) + φ(v_η) = f(x_0) for every
//! integration time η, and so f(x_η) ≤ f(x_0).

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::dynamics::subgradient;
use super::energy::ackley;
use super::problems::{Instance, largest, plus, symmetric, tensor};
use crate::seed::Seeds;
use anyhow::{Context, Result};
use optim::Kinetic;
use rows::statistics::power;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fine-step flows of the Ackley function from rest, about its local minimum near (1, 1). Under
/// the norms the exact flow has corners where φ has kinks, and no formula; it conserves H there too.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct EnergyDescends {
    /// How many starts.
    pub starts: usize,
    /// About which point they lie.
    pub around: [f64; 2],
    /// By how much at most in each coordinate.
    pub radius: f64,
    /// The longest integration time; every shorter one is looked at too.
    pub time: f64,
    /// θ, from the largest to the smallest, which stands for the exact flow.
    pub step_sizes: Vec<f64>,
    /// What the smallest θ may leave of eq. (4), of the largest kinetic energy of all flows.
    pub residual: f64,
    /// The least power of θ with which that falls.
    pub power: f64,
}

/// What is left of eq. (4) with a step size.
struct Left {
    /// The largest |f(x_η) + φ(v_η) − f(x_0)| over η and starts.
    largest: f64,
    /// Its mean over the starts: by a kink more or less, single starts jump.
    mean: f64,
    /// The largest f(x_η) − f(x_0).
    rise: f64,
}

impl Checker for EnergyDescends {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let of = |&kinetic: &Kinetic| {
            let names = [RESIDUAL, RISE, POWER];
            let named = |name: &&str| check == format!("{name}-{kinetic}");
            Some(match names.iter().position(named)? {
                0 | 1 => CheckBound::at_most(self.residual).under(kinetic),
                _ => CheckBound::at_least(self.power).control(),
            })
        };
        Kinetic::ALL.iter().find_map(of)
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let mut stream = seeds.stream(&["checks", "energy-descends"]);
        let start = |_| {
            let by = symmetric(&mut stream, 2);
            let [x, y] = self.around;
            ackley([x + self.radius * by[0], y + self.radius * by[1]])
        };
        let instances: Vec<Instance> = (0..self.starts).map(start).collect();
        let mut checks = Vec::new();
        for &kinetic in Kinetic::ALL {
            let mut points = Vec::new();
            let mut finest = None;
            for &step_size in &self.step_sizes {
                let left = self.left(&instances, kinetic, step_size)?;
                points.push((step_size, left.mean));
                finest = Some((step_size, left));
            }
            let (theta, left) = finest.context("energy-descends: no step sizes")?;
            let (place, time, starts) = ("P eq. (4)", self.time, self.starts);
            checks.extend([
                CheckedNumber::new(
                    format!("{RESIDUAL}-{kinetic}"),
                    place,
                    format!("f(x_η) + φ(v_η) = f(x_0) for every η up to {time}, φ = {kinetic}, θ = {theta}, {starts} starts on the Ackley function: largest difference, of the largest φ(v) of all of them"),
                    left.largest,
                ),
                CheckedNumber::new(
                    format!("{RISE}-{kinetic}"),
                    place,
                    "… hence f(x_η) ≤ f(x_0): by how much more it is, the most, of the largest φ(v) of all starts",
                    largest([left.rise]),
                ),
                CheckedNumber::new(
                    format!("{POWER}-{kinetic}"),
                    place,
                    format!("… what is left of it is the step's, with θ from {:?}: with which power of θ it falls, on average over the starts", self.step_sizes),
                    power(&points),
                ),
            ]);
        }
        Ok(checks)
    }
}

/// How the names of the checks begin.
const RESIDUAL: &str = "equation-4";
const RISE: &str = "equation-4-descends";
const POWER: &str = "equation-4-error-falls";

impl EnergyDescends {
    /// Leapfrog from rest, without the library.
    fn left(&self, instances: &[Instance], kinetic: Kinetic, step_size: f64) -> Result<Left> {
        let steps = (self.time / step_size).round() as usize;
        let (mut errors, mut rise) = (Vec::new(), f64::NEG_INFINITY);
        // One scale for all: a flow from close to the bottom has next to no energy, and its error, θ times
        // a force, would be large beside that.
        let mut most = 0.0;
        for instance in instances {
            let first = instance.value(&instance.start)?;
            let mut x = instance.start.clone();
            let mut v = vec![0.0; x.len()];
            let mut gradient = instance.gradient(&x)?;
            let (mut error, mut higher) = (0.0, f64::NEG_INFINITY);
            for _ in 0..steps {
                let half = plus(&v, -step_size / 2.0, &gradient);
                x = plus(&x, step_size, &subgradient(kinetic, &half));
                gradient = instance.gradient(&x)?;
                v = plus(&half, -step_size / 2.0, &gradient);
                let potential = instance.value(&x)?;
                let energy = kinetic.energy(&tensor(&v)?)?;
                error = largest([error, (potential + energy - first).abs()]);
                higher = f64::max(higher, potential - first);
                most = largest([most, energy]);
            }
            errors.push(error);
            rise = rise.max(higher);
        }
        Ok(Left {
            mean: errors.iter().sum::<f64>() / errors.len() as f64 / most,
            largest: largest(errors) / most,
            rise: rise / most,
        })
    }
}
