//! P Section 2, eqs (6), (10) and (11): how several steps differ from the methods that one step
//! recovers, from Heavy Ball, and between the two integrators.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::known::KnownMethod;
use super::problems::{Instance, Logistic, apart, largest, norm, numbers, plus, smallest, tensor};
use super::watched::Watched;
use crate::seed::Seeds;
use anyhow::Result;
use optim::{Flow, HeavyBall, Kinetic, Leapfrog, Method, Oracle, Phase, Stratified};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Flows of several steps on random logistic regressions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Dynamics {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// ζ_s/θ of the Stratified steps, one after the other and again from the first.
    pub strata: Vec<f64>,
    /// β of what several steps are compared with.
    pub momentum: f64,
    /// What rounding may make of 0, of the way gone.
    pub rounding: f64,
    /// From what on, of the way gone, two ends count as different.
    pub different: f64,
}

/// What eq. (11) comes to on a problem.
struct Taken {
    /// The largest difference of points and end from the formula, of the way gone.
    difference: f64,
    /// How far ahead of x̄_s the gradient is taken, of the step, the least over s > 0.
    ahead: f64,
}

impl Checker for Dynamics {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let (same, other) = (
            CheckBound::at_most(self.rounding),
            CheckBound::at_least(self.different),
        );
        Some(match check {
            "equation-11-gradient-is-ahead-of-the-point" => other,
            "equation-6-is-momentum-1-with-half-the-first-weight" => same,
            "equation-6-differs-from-equation-10-with-momentum-1" => other.finding(),
            "equation-6-differs-from-equation-10-with-friction" => other.control(),
            _ => {
                let kinetic = |name: &str| {
                    let of = |kinetic: &&Kinetic| kinetic.to_string() == name;
                    Kinetic::ALL.iter().find(of).copied()
                };
                match (
                    check.strip_prefix("equation-11-stratified-"),
                    check.strip_prefix("several-steps-are-new-"),
                ) {
                    (Some(name), _) => kinetic(name).map(|kinetic| same.under(kinetic))?,
                    (_, Some(name)) => kinetic(name).map(|_| other)?,
                    _ => return None,
                }
            }
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "dynamics")?;
        let mut checks = Vec::new();
        let mut ahead = f64::INFINITY;
        for &kinetic in Kinetic::ALL {
            let mut worst = 0.0;
            for instance in &instances {
                let taken = self.stratified(instance, kinetic)?;
                worst = largest([worst, taken.difference]);
                if Kinetic::PAPER.contains(&kinetic) {
                    ahead = ahead.min(taken.ahead);
                }
            }
            checks.push(CheckedNumber::new(
                format!("equation-11-stratified-{kinetic}"),
                "P eq. (11), Algorithm 4",
                format!(
                    "{} Stratified steps from rest, φ = {kinetic}, take their gradients at x̄_s + ζ_s ∂φ(v̄_s) and end where the sums over these gradients do: largest difference, of the way gone",
                    self.steps
                ),
                worst,
            ));
        }
        checks.push(CheckedNumber::new(
            "equation-11-gradient-is-ahead-of-the-point",
            "P after eq. (11)",
            "… which is at another point than x̄_s, where HD-LF takes them: how far from it, of the step, the least over s > 0 and φ",
            ahead,
        ));
        for &kinetic in Kinetic::PAPER {
            checks.push(self.new_dynamics(&instances, kinetic)?);
        }
        checks.extend(self.heavy_ball(&instances)?);
        Ok(checks)
    }
}

impl Dynamics {
    /// Algorithm 4 against its unrolled form: with g_s the gradient of step s,
    /// v̄_s = −θ Σ_{i<s} g_i, x̄_{s+1} = x̄_s + θ ∂φ(v̄_s − θ/2 g_s), and g_s is ∇f at
    /// x̄_s + ζ_s ∂φ(v̄_s).
    fn stratified(&self, instance: &Instance, kinetic: Kinetic) -> Result<Taken> {
        let theta = self.step_size;
        let watched = Watched::new(instance.potential.clone(), None);
        let mut strata = self.strata.clone().into_iter().cycle();
        let integrator = Stratified::new(move || strata.next().unwrap_or(f64::NAN));
        let mut flow = Flow::new(kinetic, Box::new(integrator), theta, self.steps)?;
        let start = Phase::at_rest(tensor(&instance.start)?)?;
        let end = flow.advance(start, &mut Oracle::shared(watched.clone()))?;
        let (end, points) = (numbers(&end.position)?, watched.rounds().concat());
        let way = norm(&plus(&end, -1.0, &instance.start));
        let mut x = instance.start.clone();
        let mut v = vec![0.0; x.len()];
        let (mut difference, mut ahead) = (0.0, f64::INFINITY);
        for (s, (point, stratum)) in points.iter().zip(self.strata.iter().cycle()).enumerate() {
            let wanted = plus(&x, stratum * theta, &subgradient(kinetic, &v));
            difference = largest([difference, norm(&plus(point, -1.0, &wanted)) / way]);
            let gradient = instance.gradient(point)?;
            let half = plus(&v, -theta / 2.0, &gradient);
            let next = plus(&x, theta, &subgradient(kinetic, &half));
            if s > 0 {
                ahead = ahead.min(apart(point, &x, &next));
            }
            (x, v) = (next, plus(&half, -theta / 2.0, &gradient));
        }
        Ok(Taken {
            difference: largest([difference, norm(&plus(&end, -1.0, &x)) / way]),
            ahead,
        })
    }

    /// S Leapfrog steps against the known methods, each with the step that Lemma 2 gives it.
    fn new_dynamics(&self, instances: &[Instance], kinetic: Kinetic) -> Result<CheckedNumber> {
        let theta = self.step_size;
        let length = KnownMethod::of(kinetic).length(theta);
        // On a single problem they may well end where a known method does: all of them in one corner.
        let mut most = 0.0;
        for instance in instances {
            let mut apart_from = Vec::new();
            let start = tensor(&instance.start)?;
            let mut flow = Flow::new(kinetic, Box::new(Leapfrog), theta, self.steps)?;
            let end = numbers(&flow.from_rest(&start, &mut instance.oracle())?)?;
            for (steps, momentum) in [(1, 0.0), (self.steps, 0.0), (self.steps, self.momentum)] {
                let oracle = instance.oracle();
                let mut method = HeavyBall::new(oracle, kinetic, length, momentum, start.clone())?;
                for _ in 0..steps {
                    method.advance()?;
                }
                let known = numbers(method.position())?;
                apart_from.push(apart(&known, &end, &instance.start));
            }
            most = largest([most, smallest(apart_from)]);
        }
        let (method, steps, momentum) = (KnownMethod::of(kinetic).name, self.steps, self.momentum);
        Ok(CheckedNumber::new(
            format!("several-steps-are-new-{kinetic}"),
            "P after Lemma 2",
            format!(
                "{steps} Leapfrog steps from rest, φ = {kinetic}, are neither one step of {method} nor {steps} without or with a momentum of {momentum}: how far from the nearest of them, of the way gone, on the problem where that is most"
            ),
            most,
        ))
    }

    /// Eq. (6) is eq. (10) with β = 1 and η = θ², but for the weight of the first gradient.
    fn heavy_ball(&self, instances: &[Instance]) -> Result<[CheckedNumber; 3]> {
        let (mut half, mut whole, mut friction) = (0.0, f64::INFINITY, f64::INFINITY);
        for instance in instances {
            let kinetic = Kinetic::HalfL2Squared;
            let mut flow = Flow::new(kinetic, Box::new(Leapfrog), self.step_size, self.steps)?;
            let end = flow.from_rest(&tensor(&instance.start)?, &mut instance.oracle())?;
            let end = numbers(&end)?;
            let from = |beta: f64, first: f64| -> Result<f64> {
                let other = self.momentum(instance, beta, first)?;
                Ok(apart(&other, &end, &instance.start))
            };
            half = largest([half, from(1.0, 0.5)?]);
            whole = whole.min(from(1.0, 1.0)?);
            friction = friction.min(from(self.momentum, 0.5)?);
        }
        let (steps, momentum) = (self.steps, self.momentum);
        const PLACE: &str = "P eqs (6), (10)";
        Ok([
            CheckedNumber::new(
                "equation-6-is-momentum-1-with-half-the-first-weight",
                PLACE,
                format!(
                    "{steps} Leapfrog steps, eq. (6), are Heavy Ball, eq. (10), with β = 1 and η = θ², its first gradient halved: largest difference, of the way gone"
                ),
                half,
            ),
            CheckedNumber::new(
                "equation-6-differs-from-equation-10-with-momentum-1",
                PLACE,
                "with the first gradient whole, as eq. (10) has it and symplectic Euler, it is not: least difference, of the way gone",
                whole,
            ),
            CheckedNumber::new(
                "equation-6-differs-from-equation-10-with-friction",
                PLACE,
                format!("nor with friction, β = {momentum}: least difference, of the way gone"),
                friction,
            ),
        ])
    }

    /// u ← βu − θ² w ∇f(x), x ← x + u, with w = `first` for the first gradient and 1 after it.
    fn momentum(&self, instance: &Instance, beta: f64, first: f64) -> Result<Vec<f64>> {
        let mut x = instance.start.clone();
        let mut u = vec![0.0; x.len()];
        for s in 0..self.steps {
            let weight = if s == 0 { first } else { 1.0 };
            u.iter_mut().for_each(|u| *u *= beta);
            let step = self.step_size * self.step_size * weight;
            u = plus(&u, -step, &instance.gradient(&x)?);
            x = plus(&x, 1.0, &u);
        }
        Ok(x)
    }
}

/// ∂φ(v), without the library; 0 at v = 0.
pub(super) fn subgradient(kinetic: Kinetic, v: &[f64]) -> Vec<f64> {
    if v.iter().all(|&v| v == 0.0) {
        v.to_vec()
    } else {
        KnownMethod::of(kinetic).direction(v)
    }
}
