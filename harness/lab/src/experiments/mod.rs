//! Kinds of experiments, one file or folder each: which cells a plan has, how they are measured,
//! which rows they become.
//!
//! A new kind is one file with an [`Experiment`] and its `rows`, and one line in `KINDS`; how its rows
//! are shown is not here. A new experiment of a kind that exists is a YAML file.

pub mod checks;
pub mod contest;
pub mod counts;
mod data;
pub mod descent;
mod frames;
mod held;
pub mod idealized;
pub mod identity;
pub mod parallel;
pub mod sensitivity;
pub mod spring;
pub mod training;
pub mod windows;

pub use data::{Data, Need};
pub use frames::{FrameColumns, frames};
pub use held::Held;

use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::{Plan, numbers, schema};
use crate::progress::Watch;
use anyhow::{Context as _, Result, anyhow};
use datasets::Dataset;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// Cells that are measured together, because they are compared with each other.
#[derive(Clone, Debug)]
pub struct Unit<C = serde_json::Value> {
    /// Which of the experiment's data they are about, if any.
    pub data: Option<usize>,
    /// What is measured.
    pub cells: Vec<Cell<C>>,
}

/// How much there is to be done, for showing the time left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// How often [`Watch::step`] will be called.
    pub steps: u64,
    /// What each call counts for, in units that all experiments of a plan share.
    pub weight: u64,
}

/// Everything a measurement needs besides its cells.
pub struct Bench<'a> {
    /// The devices.
    pub machine: &'a Machine,
    /// The unit's data, if it is about any.
    pub data: Option<&'a Data>,
    /// Observes progress.
    pub watch: &'a dyn Watch,
    /// A folder, which need not exist, for what the measurement of a cell keeps until it has ended, so
    /// that it can go on after an interruption. It is removed once the outcome is in the journal. `None` where
    /// nothing is to be kept.
    pub keep: &'a dyn Fn(&Cell) -> Option<PathBuf>,
    /// Is told what came of a cell, by its place among those that are measured, as soon as it has ended; outcomes
    /// that it is not told are taken from what [`Experiment::measure`] answers.
    pub ended: &'a dyn Fn(usize, Outcome) -> Result<()>,
}

impl<'a> Bench<'a> {
    /// The rows that the unit is about.
    ///
    /// # Errors
    /// If it is about none.
    pub fn rows(&self) -> Result<&'a Dataset> {
        self.data.context("this kind is about a data set")?.rows()
    }

    /// Measures cells one by one, each told as it ends: one that fails is a failed outcome, and the others go on.
    ///
    /// # Errors
    /// If an outcome cannot be kept.
    pub fn each<C, M: Clone + Serialize>(
        &self,
        cells: &[Cell<C>],
        measure: impl Fn(&Cell<C>) -> Result<Outcome<M>>,
    ) -> Result<Vec<Outcome<M>>> {
        let one = |(place, cell): (usize, &Cell<C>)| {
            self.watch.doing(&cell.label);
            let outcome = measure(cell).unwrap_or_else(|error| Outcome::failed(&error));
            (self.ended)(place, outcome.clone().written())?;
            Ok(outcome)
        };
        cells.iter().enumerate().map(one).collect()
    }
}

/// A kind of experiment, with a plan: by its own types, which become JSON at the journal's edge
/// ([`AnyExperiment`]).
pub trait Experiment {
    /// A cell: everything that its measurement depends on, besides the machine and the program.
    type Cell: Serialize + DeserializeOwned;
    /// What is measured of it.
    type Measured: Serialize + DeserializeOwned;

    /// The data that it needs.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// The texts that columns of its rows will hold, as far as the plan says, by the columns: whoever claims something
    /// of others has misspelt them.
    fn texts(&self) -> Vec<(&'static str, Vec<String>)> {
        Vec::new()
    }

    /// Whether its rows hold wall times beside the least times that the machine's rates allow.
    fn is_timed(&self) -> bool {
        false
    }

    /// Whether measuring starts programs that the plan names.
    fn starts_programs(&self) -> bool {
        false
    }

    /// All that is to be measured, in the order in which it is; `data` is what it needs, in that order.
    ///
    /// # Errors
    /// If the plan cannot be carried out on this machine, or with this data.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<Self::Cell>>>;

    /// How much work the cells of a unit are.
    fn effort(&self, cells: &[Cell<Self::Cell>], data: Option<&Data>) -> Effort {
        let _ = data;
        Effort {
            steps: cells.len() as u64,
            weight: 1,
        }
    }

    /// Names of what tells time or memory in its measurements, at any depth: another at every run.
    const CLOCKED: &'static [&'static str] = &["wall_s"];

    /// Bytes of the host's memory that measuring takes at least, beside the data, as far as they grow with the plan's
    /// numbers: what is compared with the memory there is before anything is measured.
    fn memory(&self, units: &[Unit<Self::Cell>], data: &[Data]) -> u64 {
        let _ = (units, data);
        0
    }

    /// A cell as it is measured again to see whether its numbers hold, without what only times need.
    #[must_use]
    fn without_clock(cell: Self::Cell) -> Self::Cell {
        cell
    }

    /// Whether a measurement is one of the cell: as many numbers as there have to be.
    ///
    /// # Errors
    /// If it is not, so that its rows could not be made.
    fn fits(cell: &Self::Cell, measured: &Self::Measured) -> Result<()> {
        let _ = (cell, measured);
        Ok(())
    }

    /// Measures the cells of one unit, or those of them that have no outcome yet. The outcomes are
    /// in the order of the cells: a cell that fails is a failed outcome, and the others go on.
    ///
    /// # Errors
    /// If nothing of the unit can be measured.
    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<Self::Cell>],
    ) -> Result<Vec<Outcome<Self::Measured>>>;
}

/// An [`Experiment`] of any kind, whose cells and measurements are JSON as the journal has them.
pub trait AnyExperiment {
    /// As of the kind.
    fn needs(&self) -> Vec<Need>;

    /// See [`Experiment::texts`].
    fn texts(&self) -> Vec<(&'static str, Vec<String>)>;

    /// As of the kind.
    fn is_timed(&self) -> bool;

    /// As of the kind.
    fn starts_programs(&self) -> bool;

    /// As of the kind.
    ///
    /// # Errors
    /// As of the kind.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit>>;

    /// As of the kind; of cells that are another kind's there is nothing to do.
    fn effort(&self, cells: &[Cell], data: Option<&Data>) -> Effort;

    /// As of the kind.
    ///
    /// # Errors
    /// If a cell is another kind's.
    fn memory(&self, units: &[Unit], data: &[Data]) -> Result<u64>;

    /// As of the kind.
    ///
    /// # Errors
    /// As of the kind, or if a cell is another kind's.
    fn measure(&mut self, bench: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>>;

    /// As of the kind.
    fn clocked(&self) -> &'static [&'static str];

    /// As of the kind.
    ///
    /// # Errors
    /// If the cell is another kind's.
    fn without_clock(&self, cell: &Cell) -> Result<Cell>;

    /// Whether an entry's cell and measurement are this kind's, and the measurement one of the cell.
    ///
    /// # Errors
    /// If they are another kind's, or an older version's.
    fn reads(&self, entry: &Entry) -> Result<()>;
}

impl<E: Experiment> AnyExperiment for E {
    fn needs(&self) -> Vec<Need> {
        self.needs()
    }

    fn texts(&self) -> Vec<(&'static str, Vec<String>)> {
        Experiment::texts(self)
    }

    fn is_timed(&self) -> bool {
        self.is_timed()
    }

    fn starts_programs(&self) -> bool {
        self.starts_programs()
    }

    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit>> {
        let written = |unit: Unit<E::Cell>| {
            Ok(Unit {
                data: unit.data,
                cells: unit
                    .cells
                    .iter()
                    .map(Cell::written)
                    .collect::<Result<_>>()?,
            })
        };
        self.units(machine, data)?
            .into_iter()
            .map(written)
            .collect()
    }

    fn effort(&self, cells: &[Cell], data: Option<&Data>) -> Effort {
        match described(cells) {
            Ok(cells) => self.effort(&cells, data),
            Err(_) => Effort::default(),
        }
    }

    fn memory(&self, units: &[Unit], data: &[Data]) -> Result<u64> {
        let of_kind = |unit: &Unit| {
            Ok(Unit {
                data: unit.data,
                cells: described(&unit.cells)?,
            })
        };
        let units: Vec<Unit<E::Cell>> = units.iter().map(of_kind).collect::<Result<_>>()?;
        Ok(self.memory(&units, data))
    }

    fn measure(&mut self, bench: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let outcomes = self.measure(bench, &described(cells)?)?;
        Ok(outcomes.into_iter().map(Outcome::written).collect())
    }

    fn clocked(&self) -> &'static [&'static str] {
        E::CLOCKED
    }

    fn without_clock(&self, cell: &Cell) -> Result<Cell> {
        let described = cell.described::<E::Cell>()?;
        Cell::new(described.label, E::without_clock(described.settings)).written()
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        let cell = entry.cell::<E::Cell>()?;
        match entry.measured::<E::Measured>()? {
            Some(measured) => E::fits(&cell, &measured),
            None => Ok(()),
        }
    }
}

/// Cells as a kind describes them.
fn described<C: DeserializeOwned>(cells: &[Cell]) -> Result<Vec<Cell<C>>> {
    cells.iter().map(Cell::described).collect()
}

/// A kind of experiment.
struct ExperimentKind {
    /// What a plan's `experiment` says.
    name: &'static str,
    /// Makes one of a plan.
    make: fn(&Plan) -> Result<Box<dyn AnyExperiment>>,
    /// The schema of a plan's body.
    schema: fn() -> serde_json::Value,
}

/// All kinds.
const KINDS: &[ExperimentKind] = &[
    ExperimentKind {
        name: "checks",
        make: |plan| Ok(Box::new(checks::Checks::new(plan)?)),
        schema: schema::of::<checks::ChecksForm>,
    },
    ExperimentKind {
        name: "contest",
        make: |plan| Ok(Box::new(contest::Contest::new(plan)?)),
        schema: schema::of::<contest::ContestForm>,
    },
    ExperimentKind {
        name: "counts",
        make: |plan| Ok(Box::new(counts::Counts::new(plan)?)),
        schema: schema::of::<counts::CountsForm>,
    },
    ExperimentKind {
        name: "descent",
        make: |plan| Ok(Box::new(descent::Descent::new(plan)?)),
        schema: schema::of::<descent::DescentForm>,
    },
    ExperimentKind {
        name: "idealized",
        make: |plan| Ok(Box::new(idealized::Idealized::new(plan)?)),
        schema: schema::of::<idealized::IdealizedForm>,
    },
    ExperimentKind {
        name: "parallel",
        make: |plan| Ok(Box::new(parallel::Parallel::new(plan)?)),
        schema: schema::of::<parallel::ParallelForm>,
    },
    ExperimentKind {
        name: "sensitivity",
        make: |plan| Ok(Box::new(sensitivity::Sensitivity::new(plan)?.descent()?)),
        schema: schema::of::<sensitivity::SensitivityForm>,
    },
    ExperimentKind {
        name: "spring",
        make: |plan| Ok(Box::new(spring::Springs::new(plan)?)),
        schema: schema::of::<spring::SpringForm>,
    },
    ExperimentKind {
        name: "training",
        make: |plan| Ok(Box::new(training::Training::new(plan)?)),
        schema: schema::of::<training::TrainingForm>,
    },
    ExperimentKind {
        name: "windows",
        make: |plan| Ok(Box::new(windows::Windows::new(plan)?)),
        schema: schema::of::<windows::WindowsForm>,
    },
];

/// What a plan of a kind may say.
pub struct KindSchema {
    /// What a plan's `experiment` says.
    pub kind: &'static str,
    /// The schema of the keys that are its kind's.
    pub body: serde_json::Value,
    /// The schema of a file, whose keys may be those of another plan that it is like.
    pub file: serde_json::Value,
}

/// The schemas of all kinds.
#[must_use]
pub fn schemas() -> Vec<KindSchema> {
    let of = |kind: &ExperimentKind| {
        let body = schema::with_numbers((kind.schema)(), numbers::of_kind(kind.name));
        KindSchema {
            kind: kind.name,
            file: schema::of_file(kind.name, &body),
            body,
        }
    };
    KINDS.iter().map(of).collect()
}

/// The experiment of a plan.
///
/// # Errors
/// If there is no such kind, or the plan is not valid: with all that is wrong with it, each by its key and its line.
pub fn of(plan: &Plan) -> Result<Box<dyn AnyExperiment>> {
    let kind = KINDS.iter().find(|kind| kind.name == plan.experiment);
    let kind = kind.with_context(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        format!(
            "`experiment: {}` is no kind of experiment: there is {}",
            plan.experiment,
            known.join(", ")
        )
    })?;
    let made = (kind.make)(plan).map_err(|first| {
        // What was read stops at the first: the schema knows of all.
        match &plan.faults(&(kind.schema)())[..] {
            [] => first,
            all => anyhow!("{}", schema::told(all)),
        }
    });
    made.with_context(|| format!("the plan of {}", plan.target))
}
