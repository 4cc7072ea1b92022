//! P eqs (12), (13) and (14): Picard iteration in continuous time, its integrals by quadrature on a
//! fine grid, against the exact flow of a quadratic; and what becomes of them when discretised.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::flow::Oscillator;
use super::problems::{largest, norm, plus};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use rows::statistics::power;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Picard iteration on ½ Σ λ_i x_i², from any phase.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PicardIntegral {
    /// λ.
    pub eigenvalues: Vec<f64>,
    /// x_0 in every coordinate.
    pub position: f64,
    /// v_0 in every coordinate; not 0, so that the term t·v_0 counts.
    pub velocity: f64,
    /// t of the flow.
    pub time: f64,
    /// Intervals of the grid.
    pub intervals: usize,
    /// Iterations that are enough.
    pub rounds: usize,
    /// Iterations that are not.
    pub too_few_rounds: usize,
    /// θ of the discretised iteration, eq. (14).
    pub step_sizes: Vec<f64>,
    /// What the trapezoidal rule may leave, of the way gone.
    pub quadrature: f64,
    /// From what on, of the way gone, two curves count as different.
    pub different: f64,
    /// Between which the order of eq. (14) has to be.
    pub first_order: (f64, f64),
}

/// A curve: a vector at each point of the grid.
type Curve = Vec<Vec<f64>>;

/// Positions and velocities along the grid.
#[derive(Clone)]
struct Path {
    x: Curve,
    v: Curve,
}

/// The places in the paper.
const EQUATION_12: &str = "P eq. (12)";
const EQUATION_13: &str = "P eq. (13)";

impl Checker for PicardIntegral {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let quadrature = CheckBound::at_most(self.quadrature);
        Some(match check {
            "equation-12-exact-flow-is-fixed-point"
            | "equation-12-iteration-ends-in-the-exact-flow"
            | "equation-13-exact-flow-is-fixed-point"
            | "equation-13-iteration-ends-in-the-exact-flow"
            | "equation-13-follows-from-equation-12" => quadrature,
            "equation-12-too-few-rounds" | "equation-13-too-few-rounds" => {
                CheckBound::at_least(self.different).control()
            }
            "equation-14-discretises-equation-13" => CheckBound::between(self.first_order),
            _ => return None,
        })
    }

    fn run(&self, _: &Seeds) -> Result<Vec<CheckedNumber>> {
        ensure!(
            self.too_few_rounds < self.rounds && self.intervals > 0,
            "picard-integral: too_few_rounds lies below rounds, and there is an interval"
        );
        let exact = self.exact()?;
        let mut checks = vec![
            CheckedNumber::new(
                "equation-12-exact-flow-is-fixed-point",
                EQUATION_12,
                "x_0 + ∫_0^t Q(x_r) dr with Q of the Hamiltonian flow (1) leaves the exact flow of a quadratic where it is: largest difference, of the way gone",
                self.apart(&self.equation_12(&exact), &exact),
            ),
            CheckedNumber::new(
                "equation-13-exact-flow-is-fixed-point",
                EQUATION_13,
                "x_0 + t v_0 − ∫_0^t (t − r) ∇f(x_r) dr does so too: largest difference, of the way gone",
                self.apart(&self.equation_13(&exact), &exact),
            ),
        ];
        checks.extend(self.iterated("12", EQUATION_12, &exact, Self::equation_12));
        checks.extend(self.iterated("13", EQUATION_13, &exact, Self::equation_13));
        checks.push(self.follows());
        checks.push(self.discretised(&exact)?);
        Ok(checks)
    }
}

impl PicardIntegral {
    /// Δr of the grid.
    fn spacing(&self) -> f64 {
        self.time / self.intervals as f64
    }

    fn times(&self) -> impl Iterator<Item = f64> {
        (0..=self.intervals).map(|k| k as f64 * self.spacing())
    }

    /// The phase at time 0.
    fn start(&self) -> (Vec<f64>, Vec<f64>) {
        let all = |value: f64| vec![value; self.eigenvalues.len()];
        (all(self.position), all(self.velocity))
    }

    fn exact(&self) -> Result<Path> {
        let oscillator = Oscillator::new(&self.eigenvalues)?;
        let (x, v) = self.start();
        let phases = self.times().map(|time| oscillator.flow(&x, &v, time));
        let (x, v) = phases.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        Ok(Path { x, v })
    }

    /// The phase at time 0 at all times: what an iteration starts with.
    fn constant(&self) -> Path {
        let (x, v) = self.start();
        let along = |value: Vec<f64>| vec![value; self.intervals + 1];
        Path {
            x: along(x),
            v: along(v),
        }
    }

    /// ∇f along a curve.
    fn gradients(&self, x: &Curve) -> Curve {
        let gradient = |x: &Vec<f64>| {
            x.iter()
                .zip(&self.eigenvalues)
                .map(|(x, l)| l * x)
                .collect()
        };
        x.iter().map(gradient).collect()
    }

    /// ∫_0^t of a curve, for every t of the grid, by the trapezoidal rule.
    fn integral(&self, curve: &Curve) -> Curve {
        let mut sum = vec![0.0; self.eigenvalues.len()];
        let mut sums = vec![sum.clone()];
        for pair in curve.windows(2) {
            sum = plus(&sum, self.spacing() / 2.0, &plus(&pair[0], 1.0, &pair[1]));
            sums.push(sum.clone());
        }
        sums
    }

    /// Eq. (12) for z = (x, v) and Q(z) = (v, −∇f(x)): both from the last iteration.
    fn equation_12(&self, last: &Path) -> Path {
        let (x, v) = self.start();
        let moved = self.integral(&last.v);
        let kicked = self.integral(&self.gradients(&last.x));
        Path {
            x: moved.iter().map(|moved| plus(&x, 1.0, moved)).collect(),
            v: kicked.iter().map(|kicked| plus(&v, -1.0, kicked)).collect(),
        }
    }

    /// Eq. (13): ∫_0^t (t − r) g_r dr is t ∫_0^t g_r dr less ∫_0^t r g_r dr.
    fn equation_13(&self, last: &Path) -> Path {
        let (x, v) = self.start();
        let gradients = self.gradients(&last.x);
        let at = |(time, gradient): (f64, &Vec<f64>)| gradient.iter().map(|g| time * g).collect();
        let moments = self.integral(&self.times().zip(&gradients).map(at).collect());
        let kicked = self.integral(&gradients);
        let position = |((time, kicked), moment): ((f64, &Vec<f64>), &Vec<f64>)| {
            let still = plus(&x, time, &v);
            plus(&plus(&still, -time, kicked), 1.0, moment)
        };
        Path {
            x: self
                .times()
                .zip(&kicked)
                .zip(&moments)
                .map(position)
                .collect(),
            v: kicked.iter().map(|kicked| plus(&v, -1.0, kicked)).collect(),
        }
    }

    /// The largest difference of two paths' positions, of the way that the second goes.
    fn apart(&self, found: &Path, wanted: &Path) -> f64 {
        let far = |from: &Vec<f64>, to: &Vec<f64>| norm(&plus(to, -1.0, from));
        let way = largest(wanted.x.iter().map(|x| far(&wanted.x[0], x)));
        largest(found.x.iter().zip(&wanted.x).map(|(a, b)| far(a, b) / way))
    }

    /// An iteration from the constant path.
    fn iterated(
        &self,
        number: &str,
        place: &str,
        exact: &Path,
        equation: impl Fn(&Self, &Path) -> Path,
    ) -> [CheckedNumber; 2] {
        let (mut path, mut before) = (self.constant(), f64::NAN);
        for round in 1..=self.rounds {
            path = equation(self, &path);
            if round == self.too_few_rounds {
                before = self.apart(&path, exact);
            }
        }
        let (rounds, few) = (self.rounds, self.too_few_rounds);
        [
            CheckedNumber::new(
                format!("equation-{number}-iteration-ends-in-the-exact-flow"),
                place,
                format!(
                    "eq. ({number}), {rounds} times from a particle that stays where it is, ends in the exact flow: largest difference, of the way gone"
                ),
                self.apart(&path, exact),
            ),
            CheckedNumber::new(
                format!("equation-{number}-too-few-rounds"),
                place,
                format!("{few} times do not: largest difference, of the way gone"),
                before,
            ),
        ]
    }

    /// Eq. (13) is eq. (12) with the new velocity put into the position, on a path that is not the
    /// exact flow.
    fn follows(&self) -> CheckedNumber {
        let last = self.equation_12(&self.constant());
        let both = self.equation_13(&last);
        let x = self.equation_12(&both).x;
        let one = Path {
            x,
            v: both.v.clone(),
        };
        CheckedNumber::new(
            "equation-13-follows-from-equation-12",
            EQUATION_13,
            "x_0 + ∫_0^t v_r^{(m+1)} dr, eq. (12), with v^{(m+1)} of eq. (13) is the x_t^{(m+1)} of eq. (13), on a path that is not the flow: largest difference, of the way gone",
            self.apart(&one, &both),
        )
    }

    /// Eq. (14) along the exact flow, against eq. (13), which leaves it where it is.
    fn discretised(&self, exact: &Path) -> Result<CheckedNumber> {
        let oscillator = Oscillator::new(&self.eigenvalues)?;
        let (x, v) = self.start();
        let mut points = Vec::new();
        for &theta in &self.step_sizes {
            let steps = (self.time / theta).round() as usize;
            let along = |s: usize| Ok(oscillator.flow(&x, &v, s as f64 * theta)?.0);
            let gradients = self.gradients(&(0..steps).map(along).collect::<Result<Curve>>()?);
            let still = plus(&x, steps as f64 * theta, &v);
            let weighed = gradients.iter().enumerate();
            let sum = weighed.fold(still, |sum, (i, gradient)| {
                plus(&sum, -theta * (steps - i) as f64 * theta, gradient)
            });
            let end = along(steps)?;
            let way = norm(&plus(&end, -1.0, &exact.x[0]));
            points.push((theta, norm(&plus(&sum, -1.0, &end)) / way));
        }
        Ok(CheckedNumber::new(
            "equation-14-discretises-equation-13",
            "P eq. (14)",
            "the sum of eq. (14) along the exact flow comes to the integral of eq. (13) as θ becomes smaller, with the order of its rectangles, θ: the power",
            power(&points),
        ))
    }
}
