//! G Theorem 3.3: which maps are symplectic, by the Jacobians of the maps as computed.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::flow::Oscillator;
use super::problems::{Instance, Logistic, largest, numbers, symmetric, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::Device;
use optim::{
    ExplicitEuler, Flow, Integrator, Kinetic, Leapfrog, Phase, Quadratic, SpeedLimit, Stratified,
    SymplecticEuler,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Jacobians of integrators on random logistic regressions, at random phases.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Symplectic {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S of the maps of more than one step.
    pub steps: usize,
    /// ζ/θ of the Stratified integrator; at ½ it is Leapfrog's twin.
    pub strata: Vec<f64>,
    /// λ of the quadratic whose exact flow is looked at.
    pub eigenvalues: Vec<f64>,
    /// Its time.
    pub time: f64,
    /// The step of the central differences.
    pub difference: f64,
    /// max |JᵀΩJ − Ω| of what is symplectic: what differences and rounding leave.
    pub violation: f64,
    /// The same of what is not.
    pub control_violation: f64,
}

/// Makes an integrator.
type MakeStep = Box<dyn Fn() -> Box<dyn Integrator>>;

/// The place in the papers.
const PLACE: &str = "G Theorem 3.3";

/// With c = 1.
const RELATIVISTIC: Kinetic = Kinetic::Relativistic(SpeedLimit::ONE);

/// How the names begin of the checks of one Stratified step, which end in ζ/θ.
const STRATIFIED: &str = "stratified-is-symplectic-zeta-";

impl Checker for Symplectic {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let symplectic = CheckBound::at_most(self.violation);
        if let Some(stratum) = check.strip_prefix(STRATIFIED) {
            let known = |of: &&f64| of.to_string() == stratum;
            // With ζ fixed the step is symplectic for ζ = θ/2 alone.
            let of = *self.strata.iter().find(known)?;
            return Some(if of == 0.5 {
                symplectic.finding()
            } else {
                symplectic.refuted()
            });
        }
        Some(match check {
            "g-theorem-3-3-exact-flow-is-symplectic"
            | "leapfrog-is-symplectic-half-l2-squared"
            | "leapfrog-is-symplectic-l2"
            | "g-symplectic-euler-is-symplectic"
            | "symplectic-euler-is-symplectic-l2" => symplectic,
            "g-explicit-euler-is-symplectic"
            | "explicit-euler-is-symplectic-l2"
            | "explicit-euler-is-symplectic-relativistic" => symplectic.refuted(),
            "explicit-euler-violates-half-l2-squared"
            | "explicit-euler-violates-l2"
            | "explicit-euler-violates-relativistic" => {
                CheckBound::at_least(self.control_violation).control()
            }
            "leapfrog-is-symplectic-relativistic"
            | "symplectic-euler-is-symplectic-relativistic" => symplectic.finding(),
            "stratified-determinant" => symplectic.finding(),
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "symplectic")?;
        let mut checks = vec![self.exact_flow()?];
        type Named = (&'static str, fn() -> Box<dyn Integrator>);
        let integrators: [Named; 3] = [
            ("leapfrog", || Box::new(Leapfrog)),
            ("symplectic-euler", || Box::new(SymplecticEuler)),
            ("explicit-euler", || Box::new(ExplicitEuler)),
        ];
        for (name, make) in integrators {
            for kinetic in [Kinetic::HalfL2Squared, Kinetic::L2, RELATIVISTIC] {
                let make: MakeStep = Box::new(make);
                let once = self.violation(seeds, &instances, kinetic, &make, 1)?;
                let often = self.violation(seeds, &instances, kinetic, &make, self.steps)?;
                checks.extend(self.check(name, kinetic, once, often));
            }
        }
        for &stratum in &self.strata {
            let make: MakeStep = Box::new(move || Box::new(Stratified::new(move || stratum)));
            let violation = self.violation(seeds, &instances, Kinetic::HalfL2Squared, &make, 1)?;
            checks.push(Self::stratified(stratum, violation));
        }
        checks.push(self.determinant()?);
        Ok(checks)
    }
}

impl Symplectic {
    /// Of an integrator, from the violations by one step and by several.
    fn check(&self, name: &str, kinetic: Kinetic, once: f64, often: f64) -> Vec<CheckedNumber> {
        // G has ½‖v‖² and symplectic Euler alone.
        let id = match (name, kinetic) {
            ("leapfrog", _) => format!("leapfrog-is-symplectic-{kinetic}"),
            (_, Kinetic::HalfL2Squared) => format!("g-{name}-is-symplectic"),
            _ => format!("{name}-is-symplectic-{kinetic}"),
        };
        let steps = self.steps;
        let measure = format!("max |JᵀΩJ − Ω| of the Jacobian J of 1 and of {steps} steps");
        let statement = format!("{name} is symplectic, φ = {kinetic}: {measure}");
        let check = CheckedNumber::new(id, PLACE, statement, largest([once, often]));
        if name != "explicit-euler" {
            return vec![check];
        }
        let statement = format!(
            "explicit Euler violates the symplectic form, φ = {kinetic}: max |JᵀΩJ − Ω| of one step"
        );
        let id = format!("explicit-euler-violates-{kinetic}");
        vec![check, CheckedNumber::new(id, PLACE, statement, once)]
    }

    /// With ζ fixed.
    fn stratified(stratum: f64, violation: f64) -> CheckedNumber {
        let measure = "max |JᵀΩJ − Ω| of its Jacobian J";
        CheckedNumber::new(
            format!("{STRATIFIED}{stratum}"),
            "P Algorithm 4",
            format!("one Stratified step with ζ = {stratum}·θ is symplectic: {measure}"),
            violation,
        )
    }

    /// The exact flow.
    fn exact_flow(&self) -> Result<CheckedNumber> {
        let oscillator = Oscillator::new(&self.eigenvalues)?;
        let start = vec![1.0; self.eigenvalues.len()];
        let jacobian = jacobian(&start, &start, self.difference, |x, v| {
            oscillator.flow(x, v, self.time)
        })?;
        Ok(CheckedNumber::new(
            "g-theorem-3-3-exact-flow-is-symplectic",
            PLACE,
            "the exact flow of a quadratic is symplectic: max |JᵀΩJ − Ω| of its Jacobian J",
            violation(&jacobian),
        ))
    }

    /// On a spring ½hx² the determinant of a Stratified step is 1 + θh(θ/2 − ζ): 1 on average
    /// over ζ, and for ζ = θ/2.
    fn determinant(&self) -> Result<CheckedNumber> {
        let (theta, mut worst) = (self.step_size, 0.0);
        for &stratum in &self.strata {
            for &stiffness in &self.eigenvalues {
                let spring = Instance {
                    potential: Arc::new(Quadratic::diagonal(&[stiffness], &Device::Cpu)?),
                    start: vec![1.0],
                };
                let kinetic = Kinetic::HalfL2Squared;
                let j = jacobian(&[1.0], &[1.0], self.difference, |x, v| {
                    let integrator = Box::new(Stratified::new(move || stratum));
                    stepped(&spring, kinetic, integrator, theta, 1, x, v)
                })?;
                let found = j[0][0] * j[1][1] - j[0][1] * j[1][0];
                let wanted = 1.0 + theta * stiffness * (0.5 - stratum) * theta;
                worst = largest([worst, (found - wanted).abs()]);
            }
        }
        Ok(CheckedNumber::new(
            "stratified-determinant",
            "P Algorithm 4",
            "a Stratified step on ½hx² changes volumes by 1 + θh(θ/2 − ζ), so only its mean over ζ keeps them: largest difference from that",
            worst,
        ))
    }

    /// The largest violation over the problems, each at a random phase.
    fn violation(
        &self,
        seeds: &Seeds,
        instances: &[Instance],
        kinetic: Kinetic,
        make: &MakeStep,
        steps: usize,
    ) -> Result<f64> {
        let mut stream = seeds.stream(&["checks", "symplectic", "velocity"]);
        let mut worst = 0.0;
        for instance in instances {
            let velocity = symmetric(&mut stream, instance.start.len());
            let jacobian = jacobian(&instance.start, &velocity, self.difference, |x, v| {
                stepped(instance, kinetic, make(), self.step_size, steps, x, v)
            })?;
            worst = largest([worst, violation(&jacobian)]);
        }
        Ok(worst)
    }
}

/// The phase after steps from (x, v), its velocity settled.
fn stepped(
    instance: &Instance,
    kinetic: Kinetic,
    integrator: Box<dyn Integrator>,
    step_size: f64,
    steps: usize,
    x: &[f64],
    v: &[f64],
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut oracle = instance.oracle();
    let mut flow = Flow::new(kinetic, integrator, step_size, steps)?;
    let phase = flow.advance(Phase::new(tensor(x)?, tensor(v)?), &mut oracle)?;
    let phase = phase.settled(&mut oracle)?;
    Ok((numbers(&phase.position)?, numbers(&phase.velocity)?))
}

/// The Jacobian of a map of phases by central differences: `[i][j]` is ∂z'_i/∂z_j, z = (x, v).
fn jacobian(
    x: &[f64],
    v: &[f64],
    difference: f64,
    map: impl Fn(&[f64], &[f64]) -> Result<(Vec<f64>, Vec<f64>)>,
) -> Result<Vec<Vec<f64>>> {
    let d = x.len();
    let mut jacobian = vec![vec![0.0; 2 * d]; 2 * d];
    for j in 0..2 * d {
        let moved = |by: f64| {
            let mut z = [x, v].concat();
            z[j] += by;
            let (x, v) = map(&z[..d], &z[d..])?;
            Ok::<_, anyhow::Error>([x, v].concat())
        };
        let (ahead, behind) = (moved(difference)?, moved(-difference)?);
        for (row, (a, b)) in jacobian.iter_mut().zip(ahead.iter().zip(&behind)) {
            row[j] = (a - b) / (2.0 * difference);
        }
    }
    Ok(jacobian)
}

/// max |JᵀΩJ − Ω| with Ω = [0 I; −I 0].
fn violation(jacobian: &[Vec<f64>]) -> f64 {
    let d = jacobian.len() / 2;
    let mut worst = 0.0;
    for i in 0..2 * d {
        for j in 0..2 * d {
            let found: f64 = (0..d)
                .map(|k| jacobian[k][i] * jacobian[k + d][j] - jacobian[k + d][i] * jacobian[k][j])
                .sum();
            let wanted = match (i, j) {
                _ if j == i + d => 1.0,
                _ if i == j + d => -1.0,
                _ => 0.0,
            };
            worst = largest([worst, (found - wanted).abs()]);
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shear_is_symplectic_and_a_stretch_is_not() {
        let (x, v) = ([0.3, 0.1], [1.0, -2.0]);
        let shear = jacobian(&x, &v, 1e-4, |x, v| {
            Ok((super::super::problems::plus(x, 0.7, v), v.to_vec()))
        });
        assert!(violation(&shear.unwrap()) < 1e-9);
        let stretch = jacobian(&x, &v, 1e-4, |x, v| {
            Ok((x.iter().map(|x| 1.1 * x).collect(), v.to_vec()))
        });
        assert!((violation(&stretch.unwrap()) - 0.1).abs() < 1e-9);
    }
}
