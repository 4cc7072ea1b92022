//! Checks: what the papers' lemmas and equations say, each as one number with its bound. The
//! targets `lemmas` and `coordinate`, and the [gate](gate()) that theory has to pass before
//! anything else is worth measuring.
//!
//! A family of checks shares its problems and is one cell; which families a plan has, and every
//! number of theirs, stands in the plan.

mod bounded;
mod check;
mod coordinate;
mod descends;
mod dynamics;
mod energy;
mod figure_1;
mod flow;
mod gate;
mod integral;
mod momentum;
mod picard;
mod printed;
mod problems;
mod relativistic;
mod rows;
mod sign;
mod spring;
mod steps;
mod symplectic;
mod watched;

pub use self::rows::CheckRows;
pub use check::{
    Check, CheckBound, CheckRole, CheckRow, CheckedNumber, Relation, SummaryRow, TraceRow, short,
};
pub use gate::{GateReport, gate};

use super::{Bench, Data, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use crate::seed::Seeds;
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

/// Checks that are made together: they share their problems, and every number of theirs stands in
/// the plan.
trait Checker {
    /// What the check of this name has to be; `None` if there is none of it here.
    fn bound(&self, check: &str) -> Option<CheckBound>;

    /// Measures what every check is about.
    ///
    /// # Errors
    /// If a problem cannot be made or computed.
    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>>;
}

/// The body of a plan: the families it has, by their keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ChecksForm {
    energy_order: Option<energy::EnergyOrder>,
    energy_bounded: Option<bounded::EnergyBounded>,
    energy_descends: Option<descends::EnergyDescends>,
    exact_flow: Option<flow::ExactFlow>,
    symplectic: Option<symplectic::Symplectic>,
    steps: Option<steps::StepChecks>,
    dynamics: Option<dynamics::Dynamics>,
    picard: Option<picard::Picard>,
    picard_integral: Option<integral::PicardIntegral>,
    #[serde(rename = "figure-1")]
    figure_1: Option<figure_1::Figure1>,
    printed: Option<printed::PrintedLines>,
    sign_descent: Option<sign::SignDescent>,
    momentum: Option<momentum::Damped>,
    relativistic: Option<relativistic::RelativisticFlows>,
    spring: Option<spring::SpringFormulas>,
    coordinate: Option<coordinate::Coordinate>,
}

/// A family of checks, with its settings.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "family", rename_all = "kebab-case")]
enum Family {
    EnergyOrder(energy::EnergyOrder),
    EnergyBounded(bounded::EnergyBounded),
    EnergyDescends(descends::EnergyDescends),
    ExactFlow(flow::ExactFlow),
    Symplectic(symplectic::Symplectic),
    Steps(steps::StepChecks),
    Dynamics(dynamics::Dynamics),
    Picard(picard::Picard),
    PicardIntegral(integral::PicardIntegral),
    #[serde(rename = "figure-1")]
    Figure1(figure_1::Figure1),
    Printed(printed::PrintedLines),
    SignDescent(sign::SignDescent),
    Momentum(momentum::Damped),
    Relativistic(relativistic::RelativisticFlows),
    Spring(spring::SpringFormulas),
    Coordinate(coordinate::Coordinate),
}

impl Family {
    fn name(&self) -> &'static str {
        match self {
            Self::EnergyOrder(_) => "energy-order",
            Self::EnergyBounded(_) => "energy-bounded",
            Self::EnergyDescends(_) => "energy-descends",
            Self::ExactFlow(_) => "exact-flow",
            Self::Symplectic(_) => "symplectic",
            Self::Steps(_) => "steps",
            Self::Dynamics(_) => "dynamics",
            Self::Picard(_) => "picard",
            Self::PicardIntegral(_) => "picard-integral",
            Self::Figure1(_) => "figure-1",
            Self::Printed(_) => "printed",
            Self::SignDescent(_) => "sign-descent",
            Self::Momentum(_) => "momentum",
            Self::Relativistic(_) => "relativistic",
            Self::Spring(_) => "spring",
            Self::Coordinate(_) => "coordinate",
        }
    }

    fn checker(&self) -> &dyn Checker {
        match self {
            Self::EnergyOrder(family) => family,
            Self::EnergyBounded(family) => family,
            Self::EnergyDescends(family) => family,
            Self::ExactFlow(family) => family,
            Self::Symplectic(family) => family,
            Self::Steps(family) => family,
            Self::Dynamics(family) => family,
            Self::Picard(family) => family,
            Self::PicardIntegral(family) => family,
            Self::Figure1(family) => family,
            Self::Printed(family) => family,
            Self::SignDescent(family) => family,
            Self::Momentum(family) => family,
            Self::Relativistic(family) => family,
            Self::Spring(family) => family,
            Self::Coordinate(family) => family,
        }
    }

    /// Measures its checks and holds each to its bound.
    fn run(&self, seeds: &Seeds) -> Result<Vec<Check>> {
        let checker = self.checker();
        let held = |number: CheckedNumber| {
            let bound = checker
                .bound(&number.check)
                .with_context(|| format!("the check {} has no bound", number.check))?;
            Ok(Check { number, bound })
        };
        checker.run(seeds)?.into_iter().map(held).collect()
    }
}

/// A cell: a family and the seed of its random problems.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct CheckCell {
    seed: u64,
    checks: Family,
}

/// What a family's cell measured.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct MeasuredChecks {
    checks: Vec<Check>,
}

impl CheckCell {
    fn run(&self) -> Result<Vec<Check>> {
        self.checks.run(&Seeds::new(self.seed))
    }
}

/// The experiment.
pub struct Checks {
    cells: Vec<CheckCell>,
}

impl Checks {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan is unknown or missing, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        let wire: ChecksForm = plan.body()?;
        let families = [
            wire.energy_order.map(Family::EnergyOrder),
            wire.energy_bounded.map(Family::EnergyBounded),
            wire.energy_descends.map(Family::EnergyDescends),
            wire.exact_flow.map(Family::ExactFlow),
            wire.symplectic.map(Family::Symplectic),
            wire.steps.map(Family::Steps),
            wire.dynamics.map(Family::Dynamics),
            wire.picard.map(Family::Picard),
            wire.picard_integral.map(Family::PicardIntegral),
            wire.figure_1.map(Family::Figure1),
            wire.printed.map(Family::Printed),
            wire.sign_descent.map(Family::SignDescent),
            wire.momentum.map(Family::Momentum),
            wire.relativistic.map(Family::Relativistic),
            wire.spring.map(Family::Spring),
            wire.coordinate.map(Family::Coordinate),
        ];
        let cell = |checks: Family| CheckCell {
            seed: plan.seed,
            checks,
        };
        let cells: Vec<CheckCell> = families.into_iter().flatten().map(cell).collect();
        ensure!(!cells.is_empty(), "the plan has no family of checks");
        Ok(Self { cells })
    }
}

impl Experiment for Checks {
    type Cell = CheckCell;
    type Measured = MeasuredChecks;

    /// A unit for each family, so that one that fails leaves the others.
    fn units(&self, _: &Machine, _: &[Data]) -> Result<Vec<Unit<CheckCell>>> {
        let unit = |cell: &CheckCell| Unit {
            data: None,
            cells: vec![Cell::new(cell.checks.name(), cell.clone())],
        };
        Ok(self.cells.iter().map(unit).collect())
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<CheckCell>],
    ) -> Result<Vec<Outcome<MeasuredChecks>>> {
        Ok(bench.each(cells, |cell| {
            let checks = cell.settings.run();
            bench.watch.step();
            Ok(Outcome::Measured(MeasuredChecks { checks: checks? }))
        }))
    }
}

#[cfg(test)]
mod tests;
