//! G Sections 4 and 5: gradient descent, classical momentum and symplectic Euler as one family.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, Logistic, apart, largest, numbers, plus, tensor};
use crate::seed::Seeds;
use anyhow::Result;
use optim::{Flow, Kinetic, Method, Momentum, SymplecticEuler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The exposition's methods on random logistic regressions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Damped {
    /// The problems.
    pub problems: Logistic,
    /// Δt.
    pub time_step: f64,
    /// μ.
    pub damping: f64,
    /// Steps.
    pub steps: usize,
    /// What rounding may make of 0, of the way gone.
    pub rounding: f64,
}

impl Checker for Damped {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let rounding = CheckBound::at_most(self.rounding);
        Some(match check {
            "g-equation-4-3-is-gradient-descent" | "g-undamped-momentum-is-symplectic-euler" => {
                rounding
            }
            "g-definition-4-1-minus-sign-descends" => CheckBound::at_most(0.0),
            "g-definition-4-1-as-printed-descends" => CheckBound::at_most(0.0).refuted(),
            "g-equation-4-5-gamma-is-mu" => rounding.finding(),
            "g-equation-4-5-gamma-is-mu-dt" => rounding.refuted(),
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "momentum")?;
        let (dt, h, mu) = (self.time_step, self.time_step.powi(2), self.damping);
        let (mut descent, mut euler) = (0.0, 0.0);
        let (mut consistent, mut printed) = (0.0, f64::INFINITY);
        let (mut minus, mut plus_sign) = (f64::NEG_INFINITY, f64::INFINITY);
        for instance in &instances {
            let start = &instance.start;
            let mut x = start.clone();
            for _ in 0..self.steps {
                x = plus(&x, -dt * dt, &instance.gradient(&x)?);
            }
            for end in [
                self.damped_euler(instance, 0.0)?,
                self.classical(instance, 0.0)?,
            ] {
                descent = largest([descent, apart(&end, &x, start)]);
            }
            let flow = Flow::new(
                Kinetic::HalfL2Squared,
                Box::new(SymplecticEuler),
                dt,
                self.steps,
            );
            let end = flow?.from_rest(&tensor(start)?, &mut instance.oracle())?;
            let undamped = self.classical(instance, 1.0)?;
            euler = largest([euler, apart(&undamped, &numbers(&end)?, start)]);
            let damped = self.damped_euler(instance, mu)?;
            consistent = largest([
                consistent,
                apart(&self.classical(instance, mu)?, &damped, start),
            ]);
            printed = printed.min(apart(&self.classical(instance, mu * dt)?, &damped, start));
            let (value, gradient) = (instance.value(start)?, instance.gradient(start)?);
            minus = minus.max(instance.value(&plus(start, -h, &gradient))? - value);
            plus_sign = plus_sign.min(instance.value(&plus(start, h, &gradient))? - value);
        }
        Ok(vec![
            CheckedNumber::new(
                "g-equation-4-3-is-gradient-descent",
                "G eq. (4.3)",
                "symplectic Euler with μ = 0 is gradient descent with h = Δt²: largest difference, of the way gone",
                descent,
            ),
            CheckedNumber::new(
                "g-definition-4-1-minus-sign-descends",
                "G eq. (4.3)",
                "x − h∇f(x) descends: largest change of f in one step",
                minus,
            ),
            CheckedNumber::new(
                "g-definition-4-1-as-printed-descends",
                "G Definition 4.1",
                "x + h∇f(x), as it is printed, descends: least change of f in one step",
                plus_sign,
            ),
            CheckedNumber::new(
                "g-equation-4-5-gamma-is-mu",
                "G Definition 4.2",
                format!(
                    "symplectic Euler with μ = {mu} is classical momentum with γ = μ and h = Δt²: largest difference, of the way gone"
                ),
                consistent,
            ),
            CheckedNumber::new(
                "g-equation-4-5-gamma-is-mu-dt",
                "G eq. (4.5)",
                format!(
                    "symplectic Euler with μ = {mu} is classical momentum with γ = μΔt and h = Δt²: least difference, of the way gone"
                ),
                printed,
            ),
            CheckedNumber::new(
                "g-undamped-momentum-is-symplectic-euler",
                "G Section 5, P eq. (10)",
                "classical momentum with γ = 1 and h = Δt² is symplectic Euler, as is Heavy Ball with β = 1 and η = θ²: largest difference, of the way gone",
                euler,
            ),
        ])
    }
}

impl Damped {
    /// G eqs (3.5), (3.6) with μ: p ← μp − Δt∇f(x), x ← x + Δt p, from rest.
    fn damped_euler(&self, instance: &Instance, damping: f64) -> Result<Vec<f64>> {
        let mut x = instance.start.clone();
        let mut p = vec![0.0; x.len()];
        for _ in 0..self.steps {
            p.iter_mut().for_each(|p| *p *= damping);
            p = plus(&p, -self.time_step, &instance.gradient(&x)?);
            x = plus(&x, self.time_step, &p);
        }
        Ok(x)
    }

    /// G Definition 4.2 with γ and h = Δt², as the library has it.
    fn classical(&self, instance: &Instance, damping: f64) -> Result<Vec<f64>> {
        let (start, h) = (tensor(&instance.start)?, self.time_step.powi(2));
        let mut method = Momentum::new(instance.oracle(), damping, h, start)?;
        for _ in 0..self.steps {
            method.advance()?;
        }
        numbers(method.position())
    }
}
