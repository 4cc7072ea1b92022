//! P Lemma 2 and eqs (6) to (10): what one step and several steps from rest are, unfolded.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::known::KnownMethod;
use super::problems::{Instance, Logistic, apart, largest, numbers, plus, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use optim::{Flow, HeavyBall, Integrator, Kinetic, Leapfrog, Method, Phase, Stratified};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Steps on random logistic regressions against the papers' formulas, computed without the
/// library.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepChecks {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S of the flows that are unfolded.
    pub steps: usize,
    /// Outer iterations of a single step each.
    pub iterations: usize,
    /// ζ/θ of the Stratified steps.
    pub strata: Vec<f64>,
    /// η of Heavy Ball.
    pub heavy_ball_step_size: f64,
    /// β of Heavy Ball.
    pub momentum: f64,
    /// What rounding may make of 0, relative to the length of a step.
    pub rounding: f64,
    /// From what on, in step lengths, two steps count as different.
    pub different: f64,
}

/// The kinetic energies of P, each with the number of the equation that unfolds a flow under it.
fn equations() -> impl Iterator<Item = (usize, Kinetic)> {
    (6..).zip(Kinetic::PAPER.iter().copied())
}

impl Checker for StepChecks {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let rounding = CheckBound::at_most(self.rounding);
        Some(match check {
            "lemma-2-two-steps" => CheckBound::at_least(self.different).control(),
            "stratified-one-step-depends-on-zeta" => CheckBound::at_least(self.different).refuted(),
            "equation-10-heavy-ball" => rounding,
            _ => {
                let of = |(equation, kinetic): (usize, Kinetic)| {
                    let names = [
                        format!("lemma-2-{}", KnownMethod::of(kinetic).name),
                        format!("stratified-one-step-{kinetic}"),
                        format!("equation-{equation}-leapfrog-{kinetic}"),
                    ];
                    names.iter().any(|name| name == check)
                };
                equations().any(of).then_some(rounding)?
            }
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "steps")?;
        let mut checks = Vec::new();
        for &kinetic in Kinetic::PAPER {
            checks.push(self.lemma_2(&instances, kinetic)?);
        }
        checks.push(self.two_steps(&instances)?);
        for &kinetic in Kinetic::PAPER {
            checks.push(self.stratified(&instances, kinetic)?);
        }
        checks.push(self.depends_on_zeta(&instances)?);
        for (equation, kinetic) in equations() {
            checks.push(self.unfolded(&instances, equation, kinetic)?);
        }
        checks.push(self.heavy_ball(&instances)?);
        Ok(checks)
    }
}

impl StepChecks {
    /// One step of the method that Lemma 2 names: x − θ²/2 ∇f or x − θ·direction.
    fn named_step(&self, instance: &Instance, kinetic: Kinetic, x: &[f64]) -> Result<Vec<f64>> {
        let known = KnownMethod::of(kinetic);
        let direction = known.direction(&instance.gradient(x)?);
        Ok(plus(x, -known.length(self.step_size), &direction))
    }

    /// The largest difference, over problems and iterations, of `steps` steps from rest from the
    /// step that Lemma 2 names, in lengths of that step.
    fn difference(
        &self,
        instances: &[Instance],
        kinetic: Kinetic,
        steps: usize,
        make: impl Fn() -> Box<dyn Integrator>,
    ) -> Result<f64> {
        let mut worst = 0.0;
        for instance in instances {
            let mut flow = Flow::new(kinetic, make(), self.step_size, steps)?;
            let mut x = instance.start.clone();
            for _ in 0..self.iterations {
                let next = flow.from_rest(&tensor(&x)?, &mut instance.oracle())?;
                let next = numbers(&next)?;
                let wanted = self.named_step(instance, kinetic, &x)?;
                worst = largest([worst, apart(&next, &wanted, &x)]);
                x = next;
            }
        }
        Ok(worst)
    }

    fn lemma_2(&self, instances: &[Instance], kinetic: Kinetic) -> Result<CheckedNumber> {
        let KnownMethod {
            name: method, step, ..
        } = KnownMethod::of(kinetic);
        Ok(CheckedNumber::new(
            format!("lemma-2-{method}"),
            "P Lemma 2",
            format!(
                "one Leapfrog step from rest, φ = {kinetic}, is {method} with step {step}: largest difference, in steps"
            ),
            self.difference(instances, kinetic, 1, || Box::new(Leapfrog))?,
        ))
    }

    fn two_steps(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let kinetic = Kinetic::HalfL2Squared;
        Ok(CheckedNumber::new(
            "lemma-2-two-steps",
            "P after Lemma 2",
            "two Leapfrog steps from rest are not one step of gradient descent with step θ²/2: largest difference, in steps",
            self.difference(instances, kinetic, 2, || Box::new(Leapfrog))?,
        ))
    }

    fn stratified(&self, instances: &[Instance], kinetic: Kinetic) -> Result<CheckedNumber> {
        let mut worst = 0.0;
        for &stratum in &self.strata {
            let make = || Box::new(Stratified::new(move || stratum)) as Box<dyn Integrator>;
            worst = largest([worst, self.difference(instances, kinetic, 1, make)?]);
        }
        let method = KnownMethod::of(kinetic).name;
        Ok(CheckedNumber::new(
            format!("stratified-one-step-{kinetic}"),
            "P after eq. (11)",
            format!(
                "one Stratified step from rest, φ = {kinetic}, is the {method} of Lemma 2 whatever ζ: largest difference, in steps"
            ),
            worst,
        ))
    }

    /// From rest the gradient is taken at x + ζ∂φ(0) = x.
    fn depends_on_zeta(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let mut most = 0.0;
        for instance in instances {
            for &kinetic in Kinetic::PAPER {
                let mut ends = Vec::new();
                for &stratum in &self.strata {
                    let integrator = Box::new(Stratified::new(move || stratum));
                    let mut flow = Flow::new(kinetic, integrator, self.step_size, 1)?;
                    let start = tensor(&instance.start)?;
                    ends.push(numbers(&flow.from_rest(&start, &mut instance.oracle())?)?);
                }
                for end in &ends {
                    most = largest([most, apart(end, &ends[0], &instance.start)]);
                }
            }
        }
        Ok(CheckedNumber::new(
            "stratified-one-step-depends-on-zeta",
            "P after eq. (11)",
            "one Stratified step from rest recovers Lemma 2 \"albeit with a random step size ζ_s\": its largest change between values of ζ, in steps",
            most,
        ))
    }

    /// S Leapfrog steps from rest against eq. (6), (7), (8) or (9), whose sums have the gradients
    /// at the flow's own points.
    fn unfolded(
        &self,
        instances: &[Instance],
        number: usize,
        kinetic: Kinetic,
    ) -> Result<CheckedNumber> {
        let known = KnownMethod::of(kinetic);
        let (theta, steps) = (self.step_size, self.steps);
        let mut worst = 0.0;
        for instance in instances {
            let mut oracle = instance.oracle();
            let mut flow = Flow::new(kinetic, Box::new(Leapfrog), theta, steps)?;
            let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
            let mut gradients = Vec::new();
            for _ in 0..steps {
                gradients.push(instance.gradient(&numbers(&phase.position)?)?);
                phase = flow.step(phase, &mut oracle)?;
            }
            let mut wanted = instance.start.clone();
            if kinetic == Kinetic::HalfL2Squared {
                let first = steps as f64 * theta * theta / 2.0;
                wanted = plus(&wanted, -first, &gradients[0]);
                for (i, gradient) in gradients.iter().enumerate().skip(1) {
                    let weight = theta * theta * (steps - i) as f64;
                    wanted = plus(&wanted, -weight, gradient);
                }
            } else {
                wanted = plus(&wanted, -theta, &known.direction(&gradients[0]));
                for i in 1..steps {
                    let mut sum: Vec<f64> = gradients[0].iter().map(|g| g / 2.0).collect();
                    for gradient in &gradients[1..=i] {
                        sum = plus(&sum, 1.0, gradient);
                    }
                    wanted = plus(&wanted, -theta, &known.direction(&sum));
                }
            }
            let end = numbers(&phase.position)?;
            worst = largest([worst, apart(&end, &wanted, &instance.start)]);
        }
        Ok(CheckedNumber::new(
            format!("equation-{number}-leapfrog-{kinetic}"),
            &format!("P eq. ({number})"),
            format!(
                "{steps} Leapfrog steps from rest, φ = {kinetic}, are eq. ({number}): largest difference, of the way gone"
            ),
            worst,
        ))
    }

    /// S steps of Heavy Ball against eq. (10).
    fn heavy_ball(&self, instances: &[Instance]) -> Result<CheckedNumber> {
        let (eta, beta) = (self.heavy_ball_step_size, self.momentum);
        let mut worst = 0.0;
        for instance in instances {
            let kinetic = Kinetic::HalfL2Squared;
            let start = tensor(&instance.start)?;
            let mut method = HeavyBall::new(instance.oracle(), kinetic, eta, beta, start)?;
            let mut gradients = Vec::new();
            for _ in 0..self.steps {
                gradients.push(instance.gradient(&numbers(method.position())?)?);
                method.advance()?;
            }
            let mut wanted = instance.start.clone();
            for i in 0..self.steps {
                for (j, gradient) in gradients[..=i].iter().enumerate() {
                    let weight = eta * beta.powi((i - j) as i32);
                    wanted = plus(&wanted, -weight, gradient);
                }
            }
            let end = numbers(method.position())?;
            worst = largest([worst, apart(&end, &wanted, &instance.start)]);
        }
        Ok(CheckedNumber::new(
            "equation-10-heavy-ball",
            "P eq. (10)",
            format!(
                "{} steps of Heavy Ball are eq. (10): largest difference, of the way gone",
                self.steps
            ),
            worst,
        ))
    }
}
