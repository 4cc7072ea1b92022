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
mod known;
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
use schemars::JsonSchema;
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

/// Lists the families, in the order in which they are made: the key in plans, rows and the journal, and the
/// settings.
macro_rules! families {
    ($($field:ident: $name:literal $variant:ident($settings:ty)),+ $(,)?) => {
        /// The body of a plan: the families it has, by their keys.
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct ChecksForm {
            $(#[serde(rename = $name)] $field: Option<$settings>),+
        }

        impl ChecksForm {
            fn families(self) -> impl Iterator<Item = Family> {
                [$(self.$field.map(Family::$variant)),+].into_iter().flatten()
            }
        }

        /// A family of checks, with its settings.
        #[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
        #[serde(tag = "family")]
        enum Family {
            $(#[serde(rename = $name)] $variant($settings)),+
        }

        impl Family {
            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            fn checker(&self) -> &dyn Checker {
                match self { $(Self::$variant(family) => family),+ }
            }
        }
    };
}

families! {
    energy_order: "energy-order" EnergyOrder(energy::EnergyOrder),
    energy_bounded: "energy-bounded" EnergyBounded(bounded::EnergyBounded),
    energy_descends: "energy-descends" EnergyDescends(descends::EnergyDescends),
    exact_flow: "exact-flow" ExactFlow(flow::ExactFlow),
    symplectic: "symplectic" Symplectic(symplectic::Symplectic),
    steps: "steps" Steps(steps::StepChecks),
    dynamics: "dynamics" Dynamics(dynamics::Dynamics),
    picard: "picard" Picard(picard::Picard),
    picard_integral: "picard-integral" PicardIntegral(integral::PicardIntegral),
    figure_1: "figure-1" Figure1(figure_1::Figure1),
    printed: "printed" Printed(printed::PrintedLines),
    sign_descent: "sign-descent" SignDescent(sign::SignDescent),
    momentum: "momentum" Momentum(momentum::Damped),
    relativistic: "relativistic" Relativistic(relativistic::RelativisticFlows),
    spring: "spring" Spring(spring::SpringFormulas),
    coordinate: "coordinate" Coordinate(coordinate::Coordinate),
}

impl Family {
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
        let form: ChecksForm = plan.body()?;
        let cell = |checks: Family| CheckCell {
            seed: plan.seed,
            checks,
        };
        let cells: Vec<CheckCell> = form.families().map(cell).collect();
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
        bench.each(cells, |cell| {
            let checks = cell.settings.run();
            bench.watch.step();
            Ok(Outcome::Measured(MeasuredChecks { checks: checks? }))
        })
    }
}

#[cfg(test)]
mod tests;
