//! Figure 1 of the exposition: symplectic Euler, classical momentum and gradient descent on a
//! spring, as its Section 5 prints them and with the scaling its own equations ask for.

use super::{Bench, Data, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use anyhow::{Context as _, Result, ensure};
use candle_core::{Device, Tensor};
use optim::{Method as _, Momentum, Oracle, Quadratic, Sequential};
use rows::schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The methods of Section 5.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum SpringMethod {
    SymplecticEuler,
    ClassicalMomentum,
    GradientDescent,
}

/// Where the coefficient of p_k comes from.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scaling {
    /// P = Δt·p, so γ = μ.
    Consistent,
    /// Eq. (4.5): γ = μΔt.
    Printed,
}

impl Scaling {
    fn name(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Printed => "printed",
        }
    }
}

/// The body of a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpringForm {
    /// k of the potential ½kx².
    stiffness: f64,
    /// x_0: where it starts.
    start: f64,
    /// P_0 = Δt·p_0: the momentum that it starts with.
    momentum: f64,
    /// h = Δt²: the step size.
    step_size: f64,
    /// γ: the share of the momentum that a step keeps.
    damping: f64,
    /// How many steps.
    steps: usize,
    /// Where the coefficient of the momentum comes from.
    scalings: Vec<Scaling>,
}

/// What all runs share.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
struct Spring {
    /// k of ½kx².
    stiffness: f64,
    /// x_0.
    start: f64,
    /// P_0 = Δt·p_0.
    momentum: f64,
    /// h = Δt².
    step_size: f64,
    /// γ.
    damping: f64,
    /// How many.
    steps: usize,
}

impl Spring {
    /// The coefficient of P_k in P_{k+1} = c·P_k − h·kx_k.
    fn coefficient(&self, method: SpringMethod, scaling: Scaling) -> f64 {
        match (method, scaling) {
            (SpringMethod::SymplecticEuler, Scaling::Consistent) => 1.0,
            (SpringMethod::SymplecticEuler, Scaling::Printed) => self.step_size.sqrt(),
            (SpringMethod::ClassicalMomentum, _) => self.damping,
            (SpringMethod::GradientDescent, _) => 0.0,
        }
    }

    /// Steps of an oscillation without damping: its angle a step is arccos(1 − hk/2).
    fn period(&self) -> f64 {
        let angle = (1.0 - self.step_size * self.stiffness / 2.0).acos();
        std::f64::consts::TAU / angle
    }
}

/// A cell: one method.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct SpringCell {
    method: SpringMethod,
    scaling: Scaling,
    spring: Spring,
}

impl SpringCell {
    /// The name that rows use: symplectic Euler as printed is another method.
    fn name(&self) -> &'static str {
        match (self.method, self.scaling) {
            (SpringMethod::SymplecticEuler, Scaling::Consistent) => "symplectic-euler",
            (SpringMethod::SymplecticEuler, Scaling::Printed) => "symplectic-euler-as-printed",
            (SpringMethod::ClassicalMomentum, _) => "classical-momentum",
            (SpringMethod::GradientDescent, _) => "gradient-descent",
        }
    }

    fn coefficient(&self) -> f64 {
        self.spring.coefficient(self.method, self.scaling)
    }

    fn run(&self) -> Result<MeasuredSpring> {
        let spring = &self.spring;
        let potential = Arc::new(Quadratic::diagonal(&[spring.stiffness], &Device::Cpu)?);
        let oracle = Oracle::new(Sequential::new(potential.clone()));
        let number = |value: f64| Tensor::new(&[value], &Device::Cpu);
        let (coefficient, start) = (self.coefficient(), number(spring.start)?);
        let mut method = Momentum::new(oracle, coefficient, spring.step_size, start)?
            .with_momentum(number(spring.momentum)?)?;
        let mut measured = MeasuredSpring::default();
        for step in 0..=spring.steps {
            if step > 0 {
                method.advance()?;
            }
            let only = |of: &Tensor| Ok::<_, anyhow::Error>(of.to_vec1::<f64>()?[0]);
            measured.position.push(only(method.position())?);
            measured.momentum.push(only(method.momentum())?);
            measured.energy.push(method.energy(potential.as_ref())?);
        }
        Ok(measured)
    }
}

impl MeasuredSpring {
    /// The step after which a number is not finite, if one is not; 1 also if none was at first.
    fn diverged_at(&self) -> Option<usize> {
        let all = self.position.iter().zip(&self.momentum).zip(&self.energy);
        let finite = |((x, p), h): ((&f64, &f64), &f64)| [x, p, h].iter().all(|v| v.is_finite());
        let step = all.map(finite).position(|finite| !finite)?;
        Some(step.max(1))
    }
}

/// Before the first step and after each.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct MeasuredSpring {
    position: Vec<f64>,
    momentum: Vec<f64>,
    energy: Vec<f64>,
}

schema! {
    /// One step of one method: `rows.parquet`, `rows.csv`.
    SpringRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key.";
        method: String, "", "symplectic-euler, symplectic-euler-as-printed, classical-momentum, gradient-descent.";
        scaling: String, "", "consistent: coefficient 1 of symplectic Euler; printed: √h, by eq. (4.5).";
        coefficient: f64, "", "c of P ← cP − hkx, x ← x + P.";
        step: u64, "", "Steps done.";
        position: f64, "", "x.";
        momentum: f64, "", "P = Δt·p.";
        energy: f64, "", "½kx² + P²/(2h), the Hamiltonian with mass 1.";
    }
}

schema! {
    /// One method: `summary.parquet`, `summary.csv`.
    SpringSummary {
        method: String, "", "As in the rows.";
        scaling: String, "", "As in the rows.";
        coefficient: f64, "", "c of P ← cP − hkx.";
        steps: u64, "", "How many.";
        period_steps: u64, "", "Steps of an oscillation without damping, rounded: what energies are averaged over.";
        energy_first: f64, "", "Mean energy over the first oscillation period.";
        energy_last: f64, "", "Mean energy over the last.";
        energy_min: f64, "", "The least energy.";
        energy_max: f64, "", "The largest.";
        energy_ratio: f64, "", "energy_last / energy_first.";
    }
}

/// The experiment.
pub struct Springs {
    cells: Vec<SpringCell>,
}

impl Springs {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan is out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        let wire: SpringForm = plan.body()?;
        let spring = Spring {
            stiffness: wire.stiffness,
            start: wire.start,
            momentum: wire.momentum,
            step_size: wire.step_size,
            damping: wire.damping,
            steps: wire.steps,
        };
        ensure!(
            spring.step_size * spring.stiffness < 4.0,
            "step_size·stiffness is {}, but symplectic Euler oscillates below 4 only",
            spring.step_size * spring.stiffness
        );
        ensure!(
            spring.steps as f64 >= 2.0 * spring.period(),
            "steps is {}, but two oscillations take {:.1}",
            spring.steps,
            2.0 * spring.period()
        );
        let methods = [
            SpringMethod::SymplecticEuler,
            SpringMethod::ClassicalMomentum,
            SpringMethod::GradientDescent,
        ];
        let cell = |scaling: Scaling| {
            methods.map(|method| SpringCell {
                method,
                scaling,
                spring,
            })
        };
        Ok(Self {
            cells: wire.scalings.into_iter().flat_map(cell).collect(),
        })
    }
}

impl Experiment for Springs {
    type Cell = SpringCell;
    type Measured = MeasuredSpring;

    fn units(&self, _: &Machine, _: &[Data]) -> Result<Vec<Unit<SpringCell>>> {
        let cell = |cell: &SpringCell| {
            let label = format!("{} ({})", cell.name(), cell.scaling.name());
            Cell::new(label, *cell)
        };
        Ok(vec![Unit {
            data: None,
            cells: self.cells.iter().map(cell).collect(),
        }])
    }

    fn fits(cell: &SpringCell, measured: &MeasuredSpring) -> Result<()> {
        let MeasuredSpring {
            position,
            momentum,
            energy,
        } = measured;
        for (name, numbers) in [
            ("position", position),
            ("momentum", momentum),
            ("energy", energy),
        ] {
            ensure!(
                numbers.len() == cell.spring.steps + 1,
                "{name} has {} numbers, but there are {} steps",
                numbers.len(),
                cell.spring.steps
            );
        }
        Ok(())
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<SpringCell>],
    ) -> Result<Vec<Outcome<MeasuredSpring>>> {
        bench.each(cells, |cell| {
            let run = cell.settings.run();
            bench.watch.step();
            let run = run?;
            Ok(match run.diverged_at() {
                Some(step) => Outcome::Diverged { flow: step },
                None => Outcome::Measured(run),
            })
        })
    }
}

/// All that there is to show of the springs.
#[derive(Clone, Debug, Default)]
pub struct SpringRows {
    /// Their steps.
    pub steps: Vec<SpringRow>,
    /// Their energies.
    pub summary: Vec<SpringSummary>,
    /// Cells that diverged, a line each.
    pub diverged: Vec<String>,
    /// Cells that failed, a line each.
    pub failures: Vec<String>,
}

/// Makes the rows of all entries, in their order.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(plan: &Plan, entries: &[Entry]) -> Result<SpringRows> {
    let mut all = SpringRows::default();
    for entry in entries {
        let cell: SpringCell = entry.cell()?;
        match entry.measured::<MeasuredSpring>()? {
            Some(measured) => {
                all.steps.extend(steps(plan, entry, &cell, &measured));
                all.summary.push(summarised(&cell, &measured)?);
            }
            None => {
                let scaling = cell.scaling.name();
                let line = format!("{} ({scaling}): {}", cell.name(), entry.status());
                if entry.stands() {
                    all.diverged.push(line);
                } else {
                    all.failures.push(line);
                }
            }
        }
    }
    Ok(all)
}

fn steps(
    plan: &Plan,
    entry: &Entry,
    cell: &SpringCell,
    measured: &MeasuredSpring,
) -> Vec<SpringRow> {
    let row = |step: usize| SpringRow {
        experiment: plan.target.clone(),
        profile: plan.profile.name.clone(),
        cell: entry.key.clone(),
        method: cell.name().to_owned(),
        scaling: cell.scaling.name().to_owned(),
        coefficient: cell.coefficient(),
        step: step as u64,
        position: measured.position[step],
        momentum: measured.momentum[step],
        energy: measured.energy[step],
    };
    (0..measured.energy.len()).map(row).collect()
}

fn summarised(cell: &SpringCell, measured: &MeasuredSpring) -> Result<SpringSummary> {
    let period = cell.spring.period().round() as usize;
    let energy = &measured.energy;
    // Divided first, as the sum of energies that are each a number may be none.
    let mean = |part: &[f64]| part.iter().map(|h| h / part.len() as f64).sum::<f64>();
    let (first, last) = (energy.get(..period), energy.len().checked_sub(period));
    let (first, last) = first.zip(last).context("fewer steps than an oscillation")?;
    let (first, last) = (mean(first), mean(&energy[last..]));
    Ok(SpringSummary {
        method: cell.name().to_owned(),
        scaling: cell.scaling.name().to_owned(),
        coefficient: cell.coefficient(),
        steps: cell.spring.steps as u64,
        period_steps: period as u64,
        energy_first: first,
        energy_last: last,
        energy_min: energy.iter().copied().fold(f64::INFINITY, f64::min),
        energy_max: energy.iter().copied().fold(0.0, f64::max),
        energy_ratio: last / first,
    })
}

#[cfg(test)]
mod tests;
