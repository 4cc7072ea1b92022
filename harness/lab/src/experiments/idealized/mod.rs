//! How the work to a target grows with the condition number of a quadratic: idealised Hamiltonian
//! Descent with constant, Chebyshev and random integration times, and friction-based methods.

mod measure;
mod rows;

pub use self::rows::{IdealizedRow, MEASURES, Of, SlopeRow, rows, schemes, slopes};

use super::{Bench, Data, Effort, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use anyhow::{Result, ensure};
pub use measure::{IdealizedCell, MeasuredIdealized};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A method.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TimesScheme {
    /// Exact flows of one time, π/(2√L).
    Constant,
    /// Exact flows with the Chebyshev times of a cycle that is long enough for the target.
    Chebyshev,
    /// Exact flows of exponentially distributed times.
    Random,
    /// Gradient descent with step 1/L.
    Gd,
    /// Heavy Ball with the step and momentum that are best for quadratics.
    Hb,
    /// Nesterov's method for strongly convex functions.
    Nesterov,
    /// Conjugate gradients.
    Cg,
}

impl TimesScheme {
    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Chebyshev => "chebyshev",
            Self::Random => "random",
            Self::Gd => "gd",
            Self::Hb => "hb",
            Self::Nesterov => "nesterov",
            Self::Cg => "cg",
        }
    }

    /// Whether its iterations are exact flows.
    #[must_use]
    pub fn flows(self) -> bool {
        matches!(self, Self::Constant | Self::Chebyshev | Self::Random)
    }

    /// About how many iterations it takes, for showing the time left.
    fn weight(self, condition: f64) -> u64 {
        let iterations = match self {
            Self::Constant | Self::Gd => condition,
            Self::Random => 1.0,
            _ => condition.sqrt(),
        };
        iterations.ceil() as u64
    }
}

/// The body of a plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdealizedForm {
    /// What is compared.
    schemes: Vec<TimesScheme>,
    /// κ: the condition numbers of the quadratics.
    conditions: Vec<f64>,
    /// d: the coordinates of a quadratic.
    dimension: usize,
    /// How many starting points.
    starts: usize,
    /// How near to the minimiser, in the size of the start, a run has to come.
    target_distance: f64,
    /// The most iterations that a run makes.
    cap: u64,
    /// The rate of exponentially distributed times, in the constant scheme's.
    random_rate: f64,
}

/// The experiment.
pub struct Idealized {
    cells: Vec<IdealizedCell>,
}

impl Idealized {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan is out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        let wire: IdealizedForm = plan.body()?;
        let cell = |condition: f64| {
            let wire = &wire;
            wire.schemes.iter().map(move |&scheme| IdealizedCell {
                seed: plan.seed,
                scheme,
                condition,
                dimension: wire.dimension,
                starts: wire.starts,
                target_distance: wire.target_distance,
                cap: wire.cap,
                random_rate: wire.random_rate,
            })
        };
        Ok(Self {
            cells: wire.conditions.iter().copied().flat_map(cell).collect(),
        })
    }
}

impl Experiment for Idealized {
    type Cell = IdealizedCell;
    type Measured = MeasuredIdealized;

    /// A unit a cell, since their lengths differ so much.
    fn units(&self, _: &Machine, _: &[Data]) -> Result<Vec<Unit<IdealizedCell>>> {
        let unit = |cell: &IdealizedCell| Unit {
            data: None,
            cells: vec![Cell::new(cell.label(), *cell)],
        };
        Ok(self.cells.iter().map(unit).collect())
    }

    fn effort(&self, cells: &[Cell<IdealizedCell>], _: Option<&Data>) -> Effort {
        let (mut steps, mut weight) = (0, 1);
        for Cell { settings, .. } in cells {
            steps += settings.starts as u64;
            weight = weight.max(settings.scheme.weight(settings.condition));
        }
        Effort { steps, weight }
    }

    fn fits(cell: &IdealizedCell, measured: &MeasuredIdealized) -> Result<()> {
        ensure!(
            measured.runs.len() == cell.starts,
            "it has {} runs, but there are {} starts",
            measured.runs.len(),
            cell.starts
        );
        Ok(())
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<IdealizedCell>],
    ) -> Result<Vec<Outcome<MeasuredIdealized>>> {
        bench.each(cells, |cell| {
            Ok(Outcome::Measured(cell.settings.run(bench.watch)?))
        })
    }
}

#[cfg(test)]
mod tests;
