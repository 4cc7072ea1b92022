//! Programs of any language against one another, and against this project: the same gradient, the same flow, the time
//! to the flow's loss. Each is a process that reads the data from files and obeys one-line commands (bench/PROTOCOL.md).
//!
//! What a contestant computes is compared with this project's own result in f64 before it is timed ([`referee`]); what
//! it does wrong is an outcome of its cell, with the reason ([`fault`]), and no process of it is left over
//! ([`process`]). This project takes part as a process like the others ([`own`]): it gets the same files, has its memory
//! and its threads to itself, and its answers cost the same.

pub mod answer;
pub mod cell;
pub mod entrant;
pub mod fault;
mod guard;
mod npy;
pub mod own;
pub mod plan;
pub mod problem;
pub mod process;
pub mod referee;
pub mod rounds;
mod rows;
mod schema;
pub mod serve;
mod sources;
mod wire;

pub use self::rows::{rows, turns};
pub use schema::{ContestRow, TurnRow};
pub(super) use wire::ContestForm;

use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::kept::Keeper;
use crate::plan::Plan;
use crate::progress::say;
use anyhow::{Context as _, Result, ensure};
use cell::{ContestCell, MeasuredContest};
use plan::ContestPlan;
use rounds::ContestSetting;

/// The experiment.
pub struct Contest {
    seed: u64,
    plan: ContestPlan,
    /// Whether it was looked at how busy the machine is.
    looked: bool,
}

impl Contest {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        Ok(Self {
            seed: plan.seed,
            plan: ContestPlan::new(plan)?,
            looked: false,
        })
    }

    /// Says if the machine is busy, before anything is timed on it.
    fn warn(&mut self, bench: &Bench<'_>, cells: &[Cell<ContestCell>]) -> Result<()> {
        let timed = cells.iter().any(|cell| cell.settings.rounds > 0);
        let Some(limits) = self.plan.machine.filter(|_| timed && !self.looked) else {
            return Ok(());
        };
        self.looked = true;
        if let Some(warning) = limits.warning()? {
            bench.watch.note(&warning);
        }
        Ok(())
    }
}

impl Experiment for Contest {
    type Cell = ContestCell;
    type Measured = MeasuredContest;

    /// Times, and what follows from sums in an order that other programs do not keep: whether those agree is looked at
    /// whenever a cell is measured.
    const CLOCKED: &'static [&'static str] = &[
        "turns",
        "baselines",
        "repeats",
        "interrupted",
        "apart",
        "loss",
        "iterations",
        "gradient_rounds",
        "versions",
    ];

    fn without_clock(cell: ContestCell) -> ContestCell {
        ContestCell {
            rounds: 0,
            probe_s: None,
            ..cell
        }
    }

    fn starts_programs(&self) -> bool {
        true
    }

    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need::Rows {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    /// A unit for each data set: its contestants take turns.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<ContestCell>>> {
        let backend = machine.backend();
        ensure!(
            machine.ranks().is_none(),
            "contestants are programs of their own, and cannot compute on ranks of MPI: --devices cpu, or cuda"
        );
        let (here, away): (Vec<_>, Vec<_>) = self
            .plan
            .contestants
            .iter()
            .partition(|of| of.is_on(backend));
        for name in &self.plan.baselines {
            ensure!(
                here.iter().any(|of| of.name == *name),
                "the baseline {name} does not compute on {backend}: its `devices` say on what it does"
            );
        }
        if !away.is_empty() {
            let names: Vec<&str> = away.iter().map(|of| of.name.as_str()).collect();
            say(&format!(
                "left out, as their `devices` do not have {backend}: {}",
                names.join(", ")
            ));
        }
        let device = machine.whole().label;
        let unit = |(index, data): (usize, &Data)| {
            let all = ContestCell::all(&self.plan, self.seed, data.rows()?, (backend, &device));
            let cells = all.into_iter().map(|cell| Cell::new(cell.label(), cell));
            Ok(Unit {
                data: Some(index),
                cells: cells.collect(),
            })
        };
        data.iter().enumerate().map(unit).collect()
    }

    fn effort(&self, cells: &[Cell<ContestCell>], data: Option<&Data>) -> Effort {
        let rounds = cells.first().map_or(0, |cell| cell.settings.rounds);
        let rows = data.and_then(|data| data.rows().ok());
        Effort {
            steps: (cells.len() * (1 + rounds)) as u64,
            weight: rows.map_or(1, |d| d.train.len() * d.features * d.classes()) as u64,
        }
    }

    /// The data without zeros left out, once for each contestant and while they are written, and this project's own in f64.
    fn memory(&self, units: &[Unit<ContestCell>], data: &[Data]) -> u64 {
        let of_unit = |unit: &Unit<ContestCell>| {
            let rows = unit.data.and_then(|place| data[place].rows().ok())?;
            let mut names: Vec<&str> = unit
                .cells
                .iter()
                .map(|cell| cell.settings.program.name.as_str())
                .collect();
            names.sort_unstable();
            names.dedup();
            let numbers = (rows.train.len() as u64).saturating_mul(rows.features as u64);
            Some(numbers.saturating_mul(4 * (names.len() as u64 + 2)))
        };
        units.iter().filter_map(of_unit).max().unwrap_or(0)
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<ContestCell>],
    ) -> Result<Vec<Outcome<MeasuredContest>>> {
        let Some(first) = cells.first() else {
            return Ok(Vec::new());
        };
        self.warn(bench, cells)?;
        let kept = (bench.keep)(&first.written()?);
        // What is left of a run that was killed is removed by the next.
        let (_temporary, folder) = match &kept {
            Some(kept) => (None, kept.join("problem")),
            None => {
                let made = tempfile::TempDir::new().context("making a folder for the problem")?;
                let folder = made.path().join("problem");
                (Some(made), folder)
            }
        };
        let setting = ContestSetting {
            dataset: bench.rows()?,
            programs: &self.plan.contestants,
            folder,
            keeper: Keeper::new(kept.clone()),
            watch: bench.watch,
        };
        let cells: Vec<ContestCell> = cells.iter().map(|cell| cell.settings.clone()).collect();
        let outcomes = rounds::measure(&cells, setting)?;
        // What has failed is tried anew, and does not go on from here.
        kept.map(std::fs::remove_dir_all);
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests;
