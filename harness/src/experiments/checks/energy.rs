//! P Lemma 1 and G Lemma 2.4: what of the energy's conservation is left after discretisation.

use super::check::{Check, Relation};
use super::problems::{Instance, Logistic, Spring, largest, slope, tensor};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use candle_core::Device;
use optim::{
    Ackley, ExplicitEuler, Flow, Integrator, Kinetic, Leapfrog, Phase, Quadratic, Stratified,
    SymplecticEuler,
};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How the energy error of a flow from rest depends on the step size.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct EnergyOrder {
    /// ½ Σ λ_i x_i² from (1, …, 1).
    pub quadratic: Eigenvalues,
    /// A logistic regression.
    pub logistic: RandomStart,
    /// The Ackley function of P, eq. (18): not convex.
    pub ackley: FixedStart,
    /// Between which an order 1 has to be measured.
    pub first_order: (f64, f64),
    /// Between which an order 2 has to be measured.
    pub second_order: (f64, f64),
    /// Energy error of the smallest θ over that of the largest.
    pub vanishing: f64,
}

/// A diagonal quadratic and how it is integrated.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Eigenvalues {
    /// λ.
    pub eigenvalues: Vec<f64>,
    /// θ, each halving or so of the last.
    pub step_sizes: Vec<f64>,
    /// Integration time of the flow.
    pub time: f64,
}

/// Random problems and how they are integrated.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RandomStart {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_sizes: Vec<f64>,
    /// Integration time of the flow.
    pub time: f64,
}

/// A starting point and how it is integrated.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FixedStart {
    /// x.
    pub start: [f64; 2],
    /// θ.
    pub step_sizes: Vec<f64>,
    /// Integration time of the flow.
    pub time: f64,
}

/// Makes an integrator.
type Make = fn() -> Box<dyn Integrator>;

const LEAPFROG: (&str, Make) = ("leapfrog", || Box::new(Leapfrog));
const SYMPLECTIC_EULER: (&str, Make) = ("symplectic-euler", || Box::new(SymplecticEuler));

/// What is found at several step sizes.
struct Order {
    /// p of an error that goes with θ^p.
    power: f64,
    /// The error of the last θ over that of the first.
    ratio: f64,
    /// (θ, error).
    points: Vec<(f64, f64)>,
}

/// One potential at several step sizes.
struct Case<'a> {
    name: &'static str,
    instances: Vec<Instance>,
    step_sizes: &'a [f64],
    time: f64,
}

impl Case<'_> {
    /// The order p of the energy error: the slope of ln max|H − H_0| over ln θ, on average over
    /// the problems; and the error at the last θ over that at the first, the largest. And the
    /// (θ, error) of the first problem.
    fn order(&self, kinetic: Kinetic, make: Make) -> Result<Order> {
        let (mut sum, mut ratio) = (0.0, 0.0);
        let mut traced = Vec::new();
        for instance in &self.instances {
            let mut points = Vec::new();
            for &step_size in self.step_sizes {
                let steps = (self.time / step_size).round() as usize;
                let drift = drift(instance, kinetic, make(), step_size, steps)?;
                points.push((step_size, drift));
            }
            sum += slope(&points);
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                ratio = largest([ratio, last.1 / first.1]);
            }
            if traced.is_empty() {
                traced = points;
            }
        }
        Ok(Order {
            power: sum / self.instances.len() as f64,
            ratio,
            points: traced,
        })
    }
}

/// max |H(x̄_s, v̄_s) − H(x̄_0, 0)| over the steps of a flow from rest.
fn drift(
    instance: &Instance,
    kinetic: Kinetic,
    integrator: Box<dyn Integrator>,
    step_size: f64,
    steps: usize,
) -> Result<f64> {
    let mut forces = instance.forces();
    let mut flow = Flow::new(kinetic, integrator, step_size, steps)?;
    let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
    let first = instance.energy(kinetic, &phase)?;
    let mut most = 0.0;
    for _ in 0..steps {
        phase = flow.step(phase, &mut forces)?;
        let settled = phase.clone().settled(&mut forces)?;
        most = largest([most, (instance.energy(kinetic, &settled)? - first).abs()]);
    }
    Ok(most)
}

impl EnergyOrder {
    fn cases(&self, seeds: &Seeds) -> Result<[Case<'_>; 3]> {
        let quadratic = &self.quadratic;
        Ok([
            Case {
                name: "quadratic",
                instances: vec![Instance {
                    potential: Arc::new(Quadratic::diagonal(&quadratic.eigenvalues, &Device::Cpu)?),
                    start: vec![1.0; quadratic.eigenvalues.len()],
                }],
                step_sizes: &quadratic.step_sizes,
                time: quadratic.time,
            },
            Case {
                name: "logistic",
                instances: self.logistic.problems.instances(seeds, "energy-order")?,
                step_sizes: &self.logistic.step_sizes,
                time: self.logistic.time,
            },
            Case {
                name: "ackley",
                instances: vec![ackley(self.ackley.start)],
                step_sizes: &self.ackley.step_sizes,
                time: self.ackley.time,
            },
        ])
    }

    /// The checks.
    pub fn run(&self, seeds: &Seeds) -> Result<Vec<Check>> {
        const KINETIC: Kinetic = Kinetic::HalfL2Squared;
        const PLACE: &str = "P Section 2";
        let (first, second) = (between(self.first_order), between(self.second_order));
        let cases = self.cases(seeds)?;
        let mut checks = Vec::new();
        let (mut worst, mut vanishing): (Option<f64>, f64) = (None, 0.0);
        for ((integrator, make), relation) in [(LEAPFROG, second), (SYMPLECTIC_EULER, first)] {
            for case in &cases {
                let order = case.order(KINETIC, make)?;
                if integrator == LEAPFROG.0 {
                    vanishing = largest([vanishing, order.ratio]);
                    let off = |power: f64| (power - 2.0).abs();
                    let further = worst.filter(|w| off(*w) > off(order.power));
                    worst = further.or(Some(order.power));
                }
                let name = case.name;
                checks.push(Check::new(
                    format!("energy-error-order-{integrator}-{name}"),
                    PLACE,
                    format!(
                        "the energy error of {integrator} from rest on the {name} goes with a power of θ: that power"
                    ),
                    order.power,
                    relation,
                ).traced(format!("{integrator}, {name}"), order.points));
            }
        }
        checks.push(Check::new(
            "leapfrog-energy-error-is-second-order",
            PLACE,
            "the energy error of leapfrog goes with θ²: of the powers on the quadratic, the logistic and the Ackley function the one farthest from 2",
            worst.unwrap_or(f64::NAN),
            second,
        ));
        checks.push(Check::new(
            "lemma-1-drift-leapfrog",
            "P Lemma 1, G Lemma 2.4",
            "the energy error of leapfrog vanishes with the step: that of the smallest θ over that of the largest, worst of three functions",
            vanishing,
            Relation::AtMost(self.vanishing),
        ));
        for kinetic in [Kinetic::L2, Kinetic::L1, Kinetic::LInf] {
            let order = cases[1].order(kinetic, LEAPFROG.1)?;
            let check = Check::new(
                format!("energy-error-order-leapfrog-logistic-{kinetic}"),
                PLACE,
                format!(
                    "the energy error of leapfrog from rest on the logistic goes with θ² under φ = {kinetic} too: the power"
                ),
                order.power,
                second,
            )
            .traced(format!("leapfrog, logistic, φ = {kinetic}"), order.points);
            // ‖v‖₁ and ‖v‖_∞ have kinks, and every crossing of one costs energy.
            checks.push(match kinetic {
                Kinetic::L2 => check,
                _ => check.refuted(),
            });
        }
        Ok(checks)
    }
}

fn between((low, high): (f64, f64)) -> Relation {
    Relation::Between(low, high)
}

fn ackley(start: [f64; 2]) -> Instance {
    Instance {
        potential: Arc::new(Ackley::new(&Device::Cpu)),
        start: start.into(),
    }
}

/// Whether the energy error grows over many steps.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
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
}

impl EnergyBounded {
    /// The checks.
    pub fn run(&self, seeds: &Seeds) -> Result<Vec<Check>> {
        const PLACE: &str = "P Section 2, G Section 3";
        let spring = Instance {
            potential: Arc::new(Spring),
            start: vec![1.0],
        };
        let ackley = ackley(self.ackley_start);
        let cases = [
            (&spring, self.spring_step_size),
            (&ackley, self.ackley_step_size),
        ];
        let mut checks = Vec::new();
        let mut leapfrog = f64::NAN;
        for (check, (integrator, make)) in [
            ("leapfrog-energy-error-is-bounded", LEAPFROG),
            ("g-symplectic-euler-conserves-energy", SYMPLECTIC_EULER),
        ] {
            let mut worst = 0.0;
            for (instance, step_size) in cases {
                let [first, last] = self.errors(instance, make(), step_size, self.steps)?;
                worst = largest([worst, last / first]);
                if integrator == LEAPFROG.0 && step_size == self.spring_step_size {
                    leapfrog = largest([first, last]);
                }
            }
            checks.push(Check::new(
                check,
                PLACE,
                format!(
                    "the energy error of {integrator} does not grow over {} steps, on the spring and on the Ackley function: largest of the last tenth over largest of the first",
                    self.steps
                ),
                worst,
                Relation::AtMost(self.growth),
            ));
        }
        let size = self.spring_step_size;
        let explicit = self.errors(&spring, Box::new(ExplicitEuler), size, self.control_steps)?;
        checks.push(
            Check::new(
                "explicit-euler-energy-drifts",
                PLACE,
                format!(
                    "the energy error of explicit Euler, which is not symplectic, grows over {} steps on the spring: last tenth over first",
                    self.control_steps
                ),
                explicit[1] / explicit[0],
                Relation::AtLeast(self.control_growth),
            )
            .control(),
        );
        let mut stream = seeds.stream(&["checks", "energy-bounded", "stratified"]);
        let stratified = Box::new(Stratified::new(move || stream.random()));
        let stratified = self.errors(&spring, stratified, size, self.stratified_steps)?;
        checks.push(
            Check::new(
                "stratified-energy-error-is-bounded",
                "P Algorithm 4",
                format!(
                    "the energy error of the Stratified integrator, ζ random, stays as small as leapfrog's over {} steps on the spring: largest over largest",
                    self.stratified_steps
                ),
                largest(stratified) / leapfrog,
                Relation::AtMost(self.control_growth),
            )
            .refuted(),
        );
        Ok(checks)
    }

    /// The largest energy errors of the first and of the last tenth of the steps.
    fn errors(
        &self,
        instance: &Instance,
        integrator: Box<dyn Integrator>,
        step_size: f64,
        steps: usize,
    ) -> Result<[f64; 2]> {
        ensure!(
            self.every >= 1 && steps / 10 >= self.every,
            "energy-bounded: a tenth of {steps} steps has to be at least `every`"
        );
        const KINETIC: Kinetic = Kinetic::HalfL2Squared;
        let mut forces = instance.forces();
        let mut flow = Flow::new(KINETIC, integrator, step_size, steps)?;
        let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
        let start = instance.energy(KINETIC, &phase)?;
        let mut errors = [0.0, 0.0];
        for step in 1..=steps {
            phase = flow.step(phase, &mut forces)?;
            let tenth = (step - 1) * 10 / steps;
            if step % self.every != 0 || (1..9).contains(&tenth) {
                continue;
            }
            let settled = phase.clone().settled(&mut forces)?;
            let error = (instance.energy(KINETIC, &settled)? - start).abs();
            let most = &mut errors[usize::from(tenth > 0)];
            *most = largest([*most, error]);
        }
        Ok(errors)
    }
}
