//! P Section 2, G Section 3: what becomes of the energy over many steps of an integrator.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::energy::{LEAPFROG, SYMPLECTIC_EULER, ackley};
use super::problems::{Instance, SpringProblem, largest, tensor};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use optim::{ExplicitEuler, Flow, Integrator, Kinetic, Phase, Stratified};
use rand::RngExt;
use rows::statistics::power;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whether the energy error grows over many steps.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct EnergyBounded {
    /// How many steps.
    pub steps: usize,
    /// How many of explicit Euler, whose energy would overflow.
    pub control_steps: usize,
    /// How many of the Stratified integrator.
    pub stratified_steps: usize,
    /// The energy is looked at once in so many steps.
    pub every: usize,
    /// θ on the spring ½x² from x = 1.
    pub spring_step_size: f64,
    /// θ on the Ackley function.
    pub ackley_step_size: f64,
    /// Where on the Ackley function.
    pub ackley_start: [f64; 2],
    /// Largest error of the last tenth over that of the first, of what does not grow.
    pub growth: f64,
    /// The same of what does.
    pub control_growth: f64,
    /// The power of the time with which a bounded error may seem to grow; 1 is a steady drift.
    pub growth_power: f64,
    /// What rounding may make of 0, of H_0.
    pub rounding: f64,
}

/// The energy errors of a run.
struct Errors {
    /// The largest of the first tenth of the steps.
    first: f64,
    /// The largest of the last tenth.
    last: f64,
    /// (steps, the largest so far) after a hundredth, a tenth and all of the steps.
    decades: Vec<(f64, f64)>,
}

impl Errors {
    fn growth(&self) -> f64 {
        self.last / self.first
    }

    fn largest(&self) -> f64 {
        largest(self.decades.iter().map(|decade| decade.1))
    }
}

/// The places in the papers.
const PLACE: &str = "P Section 2, G Section 3";

impl Checker for EnergyBounded {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        Some(match check {
            "leapfrog-energy-error-is-bounded" | "g-symplectic-euler-energy-is-bounded" => {
                CheckBound::at_most(self.growth)
            }
            "leapfrog-energy-error-grows-slower-than-time" => {
                CheckBound::at_most(self.growth_power)
            }
            "explicit-euler-energy-error-grows-as-time" => CheckBound::at_least(1.0).control(),
            "explicit-euler-energy-drifts" => CheckBound::at_least(self.control_growth).control(),
            "stratified-energy-error-is-bounded" => {
                CheckBound::at_most(self.control_growth).refuted()
            }
            "g-symplectic-euler-preserves-energy" => CheckBound::at_most(self.rounding).refuted(),
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let spring = Instance {
            potential: Arc::new(SpringProblem),
            start: vec![1.0],
        };
        let ackley = ackley(self.ackley_start);
        let size = self.spring_step_size;
        let both = |make: fn() -> Box<dyn Integrator>| -> Result<[Errors; 2]> {
            Ok([
                self.errors(&spring, make(), size, self.steps)?,
                self.errors(&ackley, make(), self.ackley_step_size, self.steps)?,
            ])
        };
        let leapfrog = both(LEAPFROG.1)?;
        let euler = both(SYMPLECTIC_EULER.1)?;
        let explicit = self.errors(&spring, Box::new(ExplicitEuler), size, self.control_steps)?;
        let mut stream = seeds.stream(&["checks", "energy-bounded", "stratified"]);
        let stratified = Box::new(Stratified::new(move || stream.random()));
        let stratified = self.errors(&spring, stratified, size, self.stratified_steps)?;
        Ok(vec![
            self.bounded("leapfrog-energy-error-is-bounded", LEAPFROG.0, &leapfrog),
            self.bounded(
                "g-symplectic-euler-energy-is-bounded",
                SYMPLECTIC_EULER.0,
                &euler,
            ),
            CheckedNumber::new(
                "leapfrog-energy-error-grows-slower-than-time",
                "P Section 2",
                format!(
                    "the energy error of leapfrog grows slowly with time: with which power of it, from a hundredth of {} steps to all, on the spring and on the Ackley function, the larger one",
                    self.steps
                ),
                largest(
                    leapfrog
                        .iter()
                        .map(|errors| power(&errors.decades).max(0.0)),
                ),
            ),
            CheckedNumber::new(
                "explicit-euler-energy-error-grows-as-time",
                "P Section 2",
                format!(
                    "that of explicit Euler grows at least as the time does, over {} steps on the spring: the power",
                    self.control_steps
                ),
                power(&explicit.decades),
            ),
            CheckedNumber::new(
                "explicit-euler-energy-drifts",
                PLACE,
                format!(
                    "the energy error of explicit Euler, which is not symplectic, grows over {} steps on the spring: last tenth over first",
                    self.control_steps
                ),
                explicit.growth(),
            ),
            CheckedNumber::new(
                "stratified-energy-error-is-bounded",
                "P Algorithm 4",
                format!(
                    "the energy error of the Stratified integrator, ζ random, stays as small as leapfrog's over {} steps on the spring: largest over largest",
                    self.stratified_steps
                ),
                stratified.largest() / leapfrog[0].largest(),
            ),
            CheckedNumber::new(
                "g-symplectic-euler-preserves-energy",
                "G Section 3",
                format!(
                    "symplectic Euler preserves the energy, as symplectic transformations are said to: its largest change over {} steps on the spring, of H_0",
                    self.steps
                ),
                euler[0].largest() / spring.value(&spring.start)?,
            ),
        ])
    }
}

impl EnergyBounded {
    fn bounded(&self, check: &str, integrator: &str, errors: &[Errors]) -> CheckedNumber {
        let statement = format!(
            "the energy error of {integrator} does not grow over {} steps, on the spring and on the Ackley function: largest of the last tenth over largest of the first",
            self.steps
        );
        CheckedNumber::new(
            check,
            PLACE,
            statement,
            largest(errors.iter().map(Errors::growth)),
        )
    }

    /// The energy errors of a flow from rest.
    fn errors(
        &self,
        instance: &Instance,
        integrator: Box<dyn Integrator>,
        step_size: f64,
        steps: usize,
    ) -> Result<Errors> {
        ensure!(
            self.every >= 1 && steps / 100 >= self.every,
            "energy-bounded: a hundredth of {steps} steps has to be at least `every`"
        );
        const KINETIC: Kinetic = Kinetic::HalfL2Squared;
        let mut oracle = instance.oracle();
        let mut flow = Flow::new(KINETIC, integrator, step_size, steps)?;
        let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
        let start = instance.energy(KINETIC, &phase)?;
        let mut errors = Errors {
            first: 0.0,
            last: 0.0,
            decades: Vec::new(),
        };
        let mut most = 0.0;
        for step in 1..=steps {
            phase = flow.step(phase, &mut oracle)?;
            if step % self.every == 0 {
                let settled = phase.clone().settled(&mut oracle)?;
                let error = (instance.energy(KINETIC, &settled)? - start).abs();
                most = largest([most, error]);
                if step > steps - steps / 10 {
                    errors.last = largest([errors.last, error]);
                }
            }
            if step == steps / 10 {
                errors.first = most;
            }
            if [steps / 100, steps / 10, steps].contains(&step) {
                errors.decades.push((step as f64, most));
            }
        }
        Ok(errors)
    }
}
