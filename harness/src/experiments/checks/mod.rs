//! Checks: what the papers' lemmas and equations say, each as one number with its bound. The
//! targets `lemmas` and `coordinate`, and the [gate](gate()) that theory has to pass before
//! anything else is worth measuring.
//!
//! A family of checks shares its problems and is one cell; which families a plan has, and every
//! number of theirs, stands in the plan.

mod check;
mod coordinate;
mod energy;
mod flow;
mod gate;
mod momentum;
mod picard;
mod problems;
mod show;
mod steps;
mod symplectic;

pub use check::{Check, CheckRow, Relation, Role, SummaryRow};
pub use gate::{GateReport, gate};

use super::{Bench, Context, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use crate::report::Document;
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use datasets::Dataset;
use serde::{Deserialize, Serialize};

/// The body of a plan: the families it has, by their keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wire {
    energy_order: Option<energy::EnergyOrder>,
    energy_bounded: Option<energy::EnergyBounded>,
    exact_flow: Option<flow::ExactFlow>,
    symplectic: Option<symplectic::Symplectic>,
    steps: Option<steps::Steps>,
    picard: Option<picard::Picard>,
    momentum: Option<momentum::Damped>,
    coordinate: Option<coordinate::Coordinate>,
}

/// Checks that are made together, with their settings.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "family", rename_all = "kebab-case")]
enum Family {
    EnergyOrder(energy::EnergyOrder),
    EnergyBounded(energy::EnergyBounded),
    ExactFlow(flow::ExactFlow),
    Symplectic(symplectic::Symplectic),
    Steps(steps::Steps),
    Picard(picard::Picard),
    Momentum(momentum::Damped),
    Coordinate(coordinate::Coordinate),
}

impl Family {
    fn name(&self) -> &'static str {
        match self {
            Self::EnergyOrder(_) => "energy-order",
            Self::EnergyBounded(_) => "energy-bounded",
            Self::ExactFlow(_) => "exact-flow",
            Self::Symplectic(_) => "symplectic",
            Self::Steps(_) => "steps",
            Self::Picard(_) => "picard",
            Self::Momentum(_) => "momentum",
            Self::Coordinate(_) => "coordinate",
        }
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<Check>> {
        match self {
            Self::EnergyOrder(family) => family.run(seeds),
            Self::EnergyBounded(family) => family.run(seeds),
            Self::ExactFlow(family) => family.run(seeds),
            Self::Symplectic(family) => family.run(seeds),
            Self::Steps(family) => family.run(seeds),
            Self::Picard(family) => family.run(seeds),
            Self::Momentum(family) => family.run(seeds),
            Self::Coordinate(family) => family.run(seeds),
        }
    }
}

/// A cell: a family and the seed of its random problems.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct CheckCell {
    seed: u64,
    checks: Family,
}

/// What a family's cell measured.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct Measured {
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
        let wire: Wire = plan.body()?;
        let families = [
            wire.energy_order.map(Family::EnergyOrder),
            wire.energy_bounded.map(Family::EnergyBounded),
            wire.exact_flow.map(Family::ExactFlow),
            wire.symplectic.map(Family::Symplectic),
            wire.steps.map(Family::Steps),
            wire.picard.map(Family::Picard),
            wire.momentum.map(Family::Momentum),
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
    /// A unit for each family, so that one that fails leaves the others.
    fn units(&self, _: &Machine, _: &[Dataset]) -> Result<Vec<Unit>> {
        let unit = |cell: &CheckCell| {
            Ok(Unit {
                data: None,
                cells: vec![Cell::new(cell.checks.name().to_owned(), cell)?],
            })
        };
        self.cells.iter().map(unit).collect()
    }

    fn measure(&mut self, around: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let measured = |cell: &Cell| {
            around.watch.doing(&cell.label);
            let checks = CheckCell::deserialize(&cell.settings)
                .map_err(Into::into)
                .and_then(|cell| cell.run());
            around.watch.step();
            match checks {
                Ok(checks) => Outcome::measured(&Measured { checks }),
                Err(error) => Ok(Outcome::failed(&error)),
            }
        };
        cells.iter().map(measured).collect()
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        entry.is_of::<CheckCell, Measured>()
    }

    fn document(&self, context: &Context<'_>, entries: &[Entry]) -> Result<Document> {
        show::document(context.plan, entries)
    }
}

#[cfg(test)]
mod tests;
