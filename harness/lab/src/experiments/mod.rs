//! Kinds of experiments, one file or folder each: which cells a plan has, how they are measured,
//! which rows they become.
//!
//! A new kind is one file with an [`Experiment`] and its `rows`, and one line in `KINDS`; how its rows
//! are shown is not here. A new experiment of a kind that exists is a YAML file.

pub mod checks;
pub mod counts;
pub mod descent;
pub mod idealized;
pub mod identity;
pub mod sensitivity;
pub mod spring;
pub mod training;
pub mod windows;

use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use crate::progress::Watch;
use anyhow::{Context as _, Result};
use datasets::{Dataset, Images};
use std::path::PathBuf;

/// A data set that an experiment needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its name.
    pub dataset: String,
    /// The split, if not its default.
    pub split: Option<String>,
}

/// Cells that are measured together, because they are compared with each other.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Which of the experiment's data sets they are about, if any.
    pub data: Option<usize>,
    /// What is measured.
    pub cells: Vec<Cell>,
}

/// How much there is to be done, for showing the time left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// How often [`Watch::step`] will be called.
    pub steps: u64,
    /// What each call counts for, in units that all experiments of a plan share.
    pub weight: u64,
}

/// What surrounds a measurement.
pub struct Bench<'a> {
    /// The devices.
    pub machine: &'a Machine,
    /// The unit's data, if it is about any.
    pub data: Option<&'a Dataset>,
    /// Is told what is going on.
    pub watch: &'a dyn Watch,
    /// A folder, which need not exist, for what the measurement of a cell keeps until it has ended, so
    /// that it can go on after an interruption. It is removed once the outcome is in the journal.
    pub keep: &'a dyn Fn(&Cell) -> PathBuf,
}

/// One kind of experiment, with a plan.
pub trait Experiment {
    /// The data sets it needs.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// The data set of images that it needs, if any.
    fn needs_images(&self) -> Option<String> {
        None
    }

    /// Takes the images that it needs.
    ///
    /// # Errors
    /// If there are fewer than it asks for.
    fn take_images(&mut self, images: Images) -> Result<()> {
        let _ = images;
        Ok(())
    }

    /// Whether its rows hold wall times beside the least times that the machine's rates allow.
    fn is_timed(&self) -> bool {
        false
    }

    /// All that is to be measured, in the order in which it is; `data` are the data sets it needs.
    ///
    /// # Errors
    /// If the plan cannot be carried out on this machine.
    fn units(&self, machine: &Machine, data: &[Dataset]) -> Result<Vec<Unit>>;

    /// How much work the cells of a unit are.
    fn effort(&self, cells: &[Cell], data: Option<&Dataset>) -> Effort {
        let _ = data;
        Effort {
            steps: cells.len() as u64,
            weight: 1,
        }
    }

    /// Measures the cells of one unit, or those of them that have no outcome yet. The outcomes are
    /// in the order of the cells: a cell that fails is a failed outcome, and the others go on.
    ///
    /// # Errors
    /// If nothing of the unit can be measured.
    fn measure(&mut self, bench: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>>;

    /// Whether an entry's cell and measurement are this kind's.
    ///
    /// # Errors
    /// If they are another kind's, or an older version's.
    fn reads(&self, entry: &Entry) -> Result<()>;
}

/// Makes an experiment of a plan.
type Make = fn(&Plan) -> Result<Box<dyn Experiment>>;

/// All kinds, by the name that a plan's `experiment` says.
const KINDS: &[(&str, Make)] = &[
    ("checks", |plan| Ok(Box::new(checks::Checks::new(plan)?))),
    ("counts", |plan| Ok(Box::new(counts::Counts::new(plan)?))),
    ("descent", |plan| Ok(Box::new(descent::Descent::new(plan)?))),
    ("idealized", |plan| {
        Ok(Box::new(idealized::Idealized::new(plan)?))
    }),
    ("sensitivity", |plan| {
        Ok(Box::new(sensitivity::Sensitivity::new(plan)?.descent()?))
    }),
    ("spring", |plan| Ok(Box::new(spring::Springs::new(plan)?))),
    ("training", |plan| {
        Ok(Box::new(training::Training::new(plan)?))
    }),
    ("windows", |plan| Ok(Box::new(windows::Windows::new(plan)?))),
];

/// The experiment of a plan.
///
/// # Errors
/// If there is no such kind, or the plan is not valid.
pub fn of(plan: &Plan) -> Result<Box<dyn Experiment>> {
    let kind = KINDS.iter().find(|(name, _)| *name == plan.experiment);
    let (_, make) = kind.with_context(|| {
        let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        format!(
            "`experiment: {}` is no kind of experiment: there is {}",
            plan.experiment,
            known.join(", ")
        )
    })?;
    make(plan).with_context(|| format!("the plan of {}", plan.target))
}
