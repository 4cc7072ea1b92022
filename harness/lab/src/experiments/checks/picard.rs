//! P eq. (14), Lemma 3 and Algorithm 5: Picard iteration and the sequential flow.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, Logistic, apart, largest, numbers, plus, symmetric, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use optim::{
    Flow, Integrator, Kinetic, Leapfrog, Recurrence, SymplecticEuler, Velocity, Window,
    WindowedRecurrence,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Picard iterations on random logistic regressions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Picard {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// Picard iterations that are not enough. S − 1 are not either, by less than rounding.
    pub too_few_rounds: usize,
    /// W of Algorithm 5, where it is not S.
    pub widths: Vec<usize>,
    /// What rounding may make of 0, of the way gone.
    pub rounding: f64,
    /// From what on, of the way gone, two ends count as different.
    pub different: f64,
}

impl Checker for Picard {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let rounding = CheckBound::at_most(self.rounding);
        Some(match check {
            "equation-14-fixed-point-is-symplectic-euler"
            | "lemma-3-picard-is-sequential-after-s-rounds"
            | "algorithm-5-carried-is-sequential-flow" => rounding,
            "lemma-3-too-few-rounds" => CheckBound::at_least(self.different).control(),
            "lemma-3-picard-is-leapfrog"
            | "lemma-3-last-equality-as-printed"
            | "algorithm-5-as-printed-is-sequential-flow" => rounding.refuted(),
            "algorithm-5-as-printed-w1-is-gradient-descent" => rounding.finding(),
            "lemma-3-rounds" => CheckBound::at_most(self.steps as f64),
            _ => {
                let of = |kinetic: &&Kinetic| check == format!("lemma-3-window-{kinetic}");
                Kinetic::ALL.iter().find(of).map(|k| rounding.under(*k))?
            }
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "picard")?;
        let mut checks = self.by_the_equation(seeds, &instances)?;
        checks.extend(self.windows(&instances)?);
        checks.extend(self.algorithm_5(&instances)?);
        Ok(checks)
    }
}

impl Picard {
    /// The ends of the sequential flow from rest.
    fn sequential(
        &self,
        instance: &Instance,
        kinetic: Kinetic,
        leapfrog: bool,
    ) -> Result<Vec<f64>> {
        let integrator: Box<dyn Integrator> = if leapfrog {
            Box::new(Leapfrog)
        } else {
            Box::new(SymplecticEuler)
        };
        let mut flow = Flow::new(kinetic, integrator, self.step_size, self.steps)?;
        numbers(&flow.from_rest(&tensor(&instance.start)?, &mut instance.oracle())?)
    }

    /// x̄_0 … x̄_S of symplectic Euler from rest, without the library.
    fn euler(&self, instance: &Instance) -> Result<Vec<Vec<f64>>> {
        let mut points = vec![instance.start.clone()];
        let mut velocity = vec![0.0; instance.start.len()];
        for s in 0..self.steps {
            velocity = plus(&velocity, -self.step_size, &instance.gradient(&points[s])?);
            points.push(plus(&points[s], self.step_size, &velocity));
        }
        Ok(points)
    }

    /// Eq. (14): x̄_s ← x̄_0 − θ² Σ_{i<s} (s − i) ∇f(x̄_i), all s at once.
    fn iterate(&self, instance: &Instance, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
        let last = points.len() - 1;
        let gradients = points[..last]
            .iter()
            .map(|point| instance.gradient(point))
            .collect::<Result<Vec<_>>>()?;
        let square = self.step_size * self.step_size;
        let point = |s: usize| {
            let sum = |x: Vec<f64>, i: usize| plus(&x, -square * (s - i) as f64, &gradients[i]);
            (0..s).fold(instance.start.clone(), sum)
        };
        Ok((0..=last).map(point).collect())
    }

    /// Eq. (14) as it stands.
    fn by_the_equation(&self, seeds: &Seeds, instances: &[Instance]) -> Result<Vec<CheckedNumber>> {
        let (mut fixed, mut after, mut other) = (0.0, 0.0, 0.0);
        let (mut before, mut printed) = (f64::INFINITY, f64::INFINITY);
        let mut stream = seeds.stream(&["checks", "picard", "guesses"]);
        for instance in instances {
            let (start, steps) = (&instance.start, self.steps);
            let euler = self.euler(instance)?;
            for (found, wanted) in self.iterate(instance, &euler)?.iter().zip(&euler).skip(1) {
                fixed = largest([fixed, apart(found, wanted, start)]);
            }
            // The last equality of the proof: what is x̄_{s+1} is called x̄_s, for s from 1 on.
            for (found, wanted) in self.iterate(instance, &euler)?[2..].iter().zip(&euler[1..]) {
                printed = f64::min(printed, apart(found, wanted, start));
            }
            // "initialized randomly at the beginning", but for the point that is known.
            let mut points: Vec<Vec<f64>> = (0..=steps)
                .map(|_| symmetric(&mut stream, start.len()))
                .collect();
            points[0].clone_from(start);
            let end = self.sequential(instance, Kinetic::HalfL2Squared, false)?;
            for round in 1..=steps {
                points = self.iterate(instance, &points)?;
                if round == self.too_few_rounds {
                    before = f64::min(before, apart(&points[steps], &end, start));
                }
            }
            after = largest([after, apart(&points[steps], &end, start)]);
            let leapfrog = self.sequential(instance, Kinetic::HalfL2Squared, true)?;
            other = largest([other, apart(&points[steps], &leapfrog, start)]);
        }
        let steps = self.steps;
        Ok(vec![
            CheckedNumber::new(
                "equation-14-fixed-point-is-symplectic-euler",
                "P eq. (14)",
                "eq. (14) leaves the points of symplectic Euler where they are: largest difference, of the way gone",
                fixed,
            ),
            CheckedNumber::new(
                "lemma-3-picard-is-sequential-after-s-rounds",
                "P Lemma 3",
                format!(
                    "eq. (14) from random points, {steps} times, ends where {steps} steps of symplectic Euler do: largest difference, of the way gone"
                ),
                after,
            ),
            CheckedNumber::new(
                "lemma-3-last-equality-as-printed",
                "P Lemma 3, proof",
                "the sum of the induction step is x̄_s, as its last equality is printed, where eq. (14) makes it x̄_{s+1}: least difference over s, of the way gone",
                printed,
            ),
            CheckedNumber::new(
                "lemma-3-too-few-rounds",
                "P Lemma 3",
                format!(
                    "{} times is not enough: least difference",
                    self.too_few_rounds
                ),
                before,
            ),
            CheckedNumber::new(
                "lemma-3-picard-is-leapfrog",
                "P Lemma 3",
                "… ends where as many Leapfrog steps do, the flow of HD-LF: largest difference, of the way gone",
                other,
            ),
        ])
    }

    /// The end of a windowed flow with τ = 0.
    fn windowed(
        &self,
        instance: &Instance,
        kinetic: Kinetic,
        width: usize,
        velocity: Velocity,
    ) -> Result<(Vec<f64>, usize)> {
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(kinetic, self.step_size, self.steps),
            window: Window {
                width,
                velocity,
                ..Window::default()
            },
        };
        let end = flow.from_rest(&tensor(&instance.start)?, &mut instance.oracle())?;
        Ok((numbers(&end.position)?, end.strides.len()))
    }

    /// A window over the whole flow, all kinetic energies.
    fn windows(&self, instances: &[Instance]) -> Result<Vec<CheckedNumber>> {
        let (mut checks, mut rounds) = (Vec::new(), 0);
        for &kinetic in Kinetic::ALL {
            let mut worst = 0.0;
            for instance in instances {
                let wanted = self.sequential(instance, kinetic, false)?;
                let (end, needed) =
                    self.windowed(instance, kinetic, self.steps, Velocity::Carried)?;
                worst = largest([worst, apart(&end, &wanted, &instance.start)]);
                rounds = rounds.max(needed);
            }
            checks.push(CheckedNumber::new(
                format!("lemma-3-window-{kinetic}"),
                "P Lemma 3",
                format!("Algorithm 5 with W = S and τ = 0, φ = {kinetic}, ends where the sequential flow does: largest difference, of the way gone"),
                worst,));
        }
        checks.push(CheckedNumber::new(
            "lemma-3-rounds",
            "P Lemma 3",
            "… after at most S rounds: the most rounds",
            rounds as f64,
        ));
        Ok(checks)
    }

    /// Line 12 as printed, and with the velocity carried.
    fn algorithm_5(&self, instances: &[Instance]) -> Result<Vec<CheckedNumber>> {
        let kinetic = Kinetic::HalfL2Squared;
        let (mut descent, mut printed, mut carried) = (0.0, f64::INFINITY, 0.0);
        for instance in instances {
            let start = &instance.start;
            let mut x = start.clone();
            for _ in 0..self.steps {
                let gradient = instance.gradient(&x)?;
                x = plus(&x, -self.step_size * self.step_size, &gradient);
            }
            let (end, _) = self.windowed(instance, kinetic, 1, Velocity::AsPrinted)?;
            descent = largest([descent, apart(&end, &x, start)]);
            let sequential = self.sequential(instance, kinetic, false)?;
            for &width in &self.widths {
                let (end, _) = self.windowed(instance, kinetic, width, Velocity::AsPrinted)?;
                printed = f64::min(printed, apart(&end, &sequential, start));
                let (end, _) = self.windowed(instance, kinetic, width, Velocity::Carried)?;
                carried = largest([carried, apart(&end, &sequential, start)]);
            }
        }
        const PLACE: &str = "P Algorithm 5, line 12";
        let widths = format!("W in {:?}, τ = 0", self.widths);
        Ok(vec![
            CheckedNumber::new(
                "algorithm-5-as-printed-w1-is-gradient-descent",
                PLACE,
                "as printed with W = 1 a flow is S steps of gradient descent with step θ²: largest difference, of the way gone",
                descent,
            ),
            CheckedNumber::new(
                "algorithm-5-as-printed-is-sequential-flow",
                PLACE,
                format!(
                    "as printed it ends where the sequential flow does ({widths}): least difference, of the way gone"
                ),
                printed,
            ),
            CheckedNumber::new(
                "algorithm-5-carried-is-sequential-flow",
                PLACE,
                format!(
                    "with the velocity carried it does ({widths}): largest difference, of the way gone"
                ),
                carried,
            ),
        ])
    }
}
