//! P Section 2 and Lemma 1, G Lemma 2.4: with which power of the step size the energy error of a
//! discretised flow goes.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::known::KnownMethod;
use super::problems::{Instance, Logistic, largest, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::Device;
use optim::{Ackley, Flow, Integrator, Kinetic, Leapfrog, Phase, Quadratic, SymplecticEuler};
use rows::statistics::{paired_difference, power};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How the energy error of a flow from rest depends on the step size.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct EnergyOrder {
    /// ½ Σ λ_i x_i² from (1, …, 1).
    pub quadratic: Eigenvalues,
    /// A logistic regression.
    pub logistic: RandomStart,
    /// The Ackley function of P, eq. (18): not convex.
    pub ackley: FixedStart,
    /// The logistic regressions again, under the other energies; under norms, whose kinks a flow crosses:
    /// more of them, and smaller steps, as the order settles late.
    pub norms: RandomStart,
    /// Between which an order 1 has to be measured.
    pub first_order: (f64, f64),
    /// Between which an order 2 has to be measured.
    pub second_order: (f64, f64),
    /// Between which an order is called about 1: where every kink that a flow crosses costs energy.
    pub about_first_order: (f64, f64),
    /// Energy error of the smallest θ over that of the largest.
    pub vanishing: f64,
}

/// A diagonal quadratic and how it is integrated.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
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
pub(super) type MakeEnergy = fn() -> Box<dyn Integrator>;

pub(super) const LEAPFROG: (&str, MakeEnergy) = ("leapfrog", || Box::new(Leapfrog));
pub(super) const SYMPLECTIC_EULER: (&str, MakeEnergy) =
    ("symplectic-euler", || Box::new(SymplecticEuler));

/// Of the intervals over problems that the rows have, as their schema says.
const CONFIDENCE: f64 = 0.95;

/// What is found at several step sizes.
struct Order {
    /// p of an error that goes with θ^p: its mean over the problems.
    power: f64,
    /// The interval of that mean, where there are several problems.
    interval: Option<(f64, f64)>,
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
    fn order(&self, kinetic: Kinetic, make: MakeEnergy) -> Result<Order> {
        let (mut powers, mut ratio) = (Vec::new(), 0.0);
        let mut traced = Vec::new();
        for instance in &self.instances {
            let mut points = Vec::new();
            for &step_size in self.step_sizes {
                let steps = (self.time / step_size).round() as usize;
                let drift = drift(instance, kinetic, make(), step_size, steps)?;
                points.push((step_size, drift));
            }
            powers.push(power(&points));
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                ratio = largest([ratio, last.1 / first.1]);
            }
            if traced.is_empty() {
                traced = points;
            }
        }
        let interval = paired_difference(&powers, CONFIDENCE);
        Ok(Order {
            power: powers.iter().sum::<f64>() / powers.len() as f64,
            interval: interval.map(|interval| (interval.low, interval.high)),
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
    let mut oracle = instance.oracle();
    let mut flow = Flow::new(kinetic, integrator, step_size, steps)?;
    let mut phase = Phase::at_rest(tensor(&instance.start)?)?;
    let first = instance.energy(kinetic, &phase)?;
    let mut most = 0.0;
    for _ in 0..steps {
        phase = flow.step(phase, &mut oracle)?;
        let settled = phase.clone().settled(&mut oracle)?;
        most = largest([most, (instance.energy(kinetic, &settled)? - first).abs()]);
    }
    Ok(most)
}

impl EnergyOrder {
    fn cases(&self, seeds: &Seeds) -> Result<([Case<'_>; 3], Case<'_>)> {
        let quadratic = &self.quadratic;
        let smooth = [
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
        ];
        let norms = Case {
            name: "logistic",
            instances: self.norms.problems.instances(seeds, "energy-order-norms")?,
            step_sizes: &self.norms.step_sizes,
            time: self.norms.time,
        };
        Ok((smooth, norms))
    }
}

impl Checker for EnergyOrder {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let second = CheckBound::between(self.second_order);
        Some(match check {
            "leapfrog-energy-error-is-second-order" => second,
            "lemma-1-drift-leapfrog" => CheckBound::at_most(self.vanishing),
            "energy-error-order-leapfrog-logistic-l1"
            | "energy-error-order-leapfrog-logistic-linf" => second.refuted(),
            "energy-error-order-leapfrog-logistic-l1-is-about-first"
            | "energy-error-order-leapfrog-logistic-linf-is-about-first" => {
                CheckBound::between(self.about_first_order).finding()
            }
            "energy-error-order-leapfrog-logistic-relativistic" => second.finding(),
            _ if check.starts_with("energy-error-order-leapfrog-") => second,
            _ if check.starts_with("energy-error-order-symplectic-euler-") => {
                CheckBound::between(self.first_order)
            }
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        const KINETIC: Kinetic = Kinetic::HalfL2Squared;
        const PLACE: &str = "P Section 2";
        let (cases, norms) = self.cases(seeds)?;
        let mut checks = Vec::new();
        let (mut worst, mut vanishing): (Option<f64>, f64) = (None, 0.0);
        for (integrator, make) in [LEAPFROG, SYMPLECTIC_EULER] {
            for case in &cases {
                let order = case.order(KINETIC, make)?;
                if integrator == LEAPFROG.0 {
                    vanishing = largest([vanishing, order.ratio]);
                    let off = |power: f64| (power - 2.0).abs();
                    let further = worst.filter(|w| off(*w) > off(order.power));
                    worst = further.or(Some(order.power));
                }
                let name = case.name;
                checks.push(CheckedNumber::new(
                    format!("energy-error-order-{integrator}-{name}"),
                    PLACE,
                    format!(
                        "the energy error of {integrator} from rest on the {name} goes with a power of θ: that power"
                    ),
                    order.power,
                ).within(order.interval).traced(format!("{integrator}, {name}"), order.points));
            }
        }
        checks.push(CheckedNumber::new(
            "leapfrog-energy-error-is-second-order",
            PLACE,
            "the energy error of leapfrog goes with θ²: of the powers on the quadratic, the logistic and the Ackley function the one farthest from 2",
            worst.unwrap_or(f64::NAN),));
        checks.push(CheckedNumber::new(
            "lemma-1-drift-leapfrog",
            "P Lemma 1, G Lemma 2.4",
            "the energy error of leapfrog vanishes with the step: that of the smallest θ over that of the largest, worst of three functions",
            vanishing,));
        for &kinetic in Kinetic::ALL.iter().filter(|of| **of != KINETIC) {
            let order = norms.order(kinetic, LEAPFROG.1)?;
            let id = format!("energy-error-order-leapfrog-logistic-{kinetic}");
            let steps = format!(
                "θ from {:?}, mean of {}",
                norms.step_sizes,
                norms.instances.len()
            );
            checks.push(
                CheckedNumber::new(
                    id.clone(),
                    PLACE,
                    format!(
                        "the energy error of leapfrog from rest on the logistic goes with θ² under φ = {kinetic} too: the power ({steps})"
                    ),
                    order.power,
                )
                .within(order.interval)
                .traced(format!("leapfrog, logistic, φ = {kinetic}"), order.points),
            );
            // Every crossing of a kink costs energy.
            if KnownMethod::of(kinetic).kinks {
                let number = CheckedNumber::new(
                    format!("{id}-is-about-first"),
                    PLACE,
                    format!(
                        "… with about θ, as energy is lost or won at every kink of φ that the flow crosses: the power ({steps})"
                    ),
                    order.power,
                );
                checks.push(number.within(order.interval));
            }
        }
        Ok(checks)
    }
}

pub(super) fn ackley(start: [f64; 2]) -> Instance {
    Instance {
        potential: Arc::new(Ackley::new(&Device::Cpu)),
        start: start.into(),
    }
}
