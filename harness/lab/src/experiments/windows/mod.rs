//! Windows of a flow against the sequential flow: Table 2, Figures 5, 6 and 9, and what the parts
//! of a window are each worth.

pub mod bench;
pub mod cell;
mod paper;
mod passes;
pub mod plan;
mod rows;
pub mod runner;
mod schema;
mod wire;

pub use self::rows::{Maker, curves, lacks_devices};
pub use schema::{CurveRow, WindowRow};

use super::{Bench, Effort, Experiment, Need, Unit};
use crate::capacity::gpu_warning;
use crate::device::{Machine, cores};
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use crate::progress::say;
use anyhow::{Context as _, Result};
use bench::{Through, Workbench};
use cell::{CellPlace, WindowCell};
use datasets::Dataset;
use optim::Kinetic;
use plan::{EvaluatorKind, FlowSetting, PlacedWindow, WindowsPlan};
use serde::Deserialize;

/// The experiment.
pub struct Windows {
    seed: u64,
    plan: WindowsPlan,
    /// The data set that was put on the machine last, by its digest.
    bench: Option<(String, Workbench)>,
    /// Whether it was looked at how busy the machine is.
    looked: bool,
    through: Option<Through>,
}

impl Windows {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        Ok(Self {
            seed: plan.seed,
            plan: WindowsPlan::new(plan)?,
            bench: None,
            looked: false,
            through: None,
        })
    }

    /// The same experiment, its windows' potentials reached through something.
    #[must_use]
    pub fn through(self, through: Option<Through>) -> Self {
        Self { through, ..self }
    }

    /// The cells of a data set, baselines where the plan has them.
    ///
    /// # Errors
    /// If a placement cannot be made.
    pub fn cells(&self, machine: &Machine, dataset: &Dataset) -> Result<Vec<WindowCell>> {
        let mut cells = Vec::new();
        for &kinetic in &self.plan.kinetic {
            for setting in &self.plan.settings() {
                // Only GPUs have TF32; elsewhere the window is there without.
                let here = |window: &&PlacedWindow| machine.backend() == "cuda" || !window.tf32;
                for window in setting.windows.iter().filter(here) {
                    let cell = self.cell(machine, dataset, kinetic, (setting, window))?;
                    // Two variations may be the same flow.
                    if !cells.contains(&cell) {
                        cells.push(cell);
                    }
                }
            }
        }
        Ok(cells)
    }

    /// Says if the machine is busy, before anything is timed on it.
    fn warn(&self, around: &Bench<'_>) -> Result<()> {
        let Some(limits) = self.plan.machine.filter(|_| self.is_timed()) else {
            return Ok(());
        };
        if let Some(warning) = limits.warning()? {
            around.watch.note(&warning);
        }
        if around.machine.backend() == "cuda"
            && let Some(warning) = gpu_warning()
        {
            around.watch.note(&warning);
        }
        Ok(())
    }

    fn cell(
        &self,
        machine: &Machine,
        dataset: &Dataset,
        kinetic: Kinetic,
        (setting, placed): (&FlowSetting, &PlacedWindow),
    ) -> Result<WindowCell> {
        let flows = self
            .plan
            .flows_of(&dataset.name)
            .with_context(|| format!("no number of flows for {}", dataset.name))?;
        let placement = match placed.evaluator {
            EvaluatorKind::Devices => machine.workers(placed.window.width)?,
            _ => machine.whole(),
        };
        let place = CellPlace {
            dataset,
            backend: machine.backend(),
            placement: &placement,
            flows,
        };
        let seed = self.seed.wrapping_add(setting.seed_plus);
        Ok(WindowCell::new(
            seed,
            &self.plan,
            (setting, kinetic),
            placed,
            &place,
        ))
    }
}

/// The cells as this kind describes them.
fn described<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Result<Vec<WindowCell>> {
    let of = |cell: &Cell| Ok(WindowCell::deserialize(&cell.settings)?);
    cells.into_iter().map(of).collect()
}

impl Experiment for Windows {
    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    fn is_timed(&self) -> bool {
        self.plan.repeats > 0
    }

    /// A unit for each sequential flow that others are compared with.
    fn units(&self, machine: &Machine, data: &[Dataset]) -> Result<Vec<Unit>> {
        let mut units: Vec<(usize, WindowCell, Unit)> = Vec::new();
        for (index, dataset) in data.iter().enumerate() {
            for cell in self.cells(machine, dataset)? {
                let generic = Cell::new(cell.label(), &cell)?;
                let same = |(of, first, _): &&mut (usize, WindowCell, Unit)| {
                    *of == index && first.same_flow(&cell)
                };
                match units.iter_mut().find(same) {
                    Some((.., unit)) => unit.cells.push(generic),
                    None => {
                        let unit = Unit {
                            data: Some(index),
                            cells: vec![generic],
                        };
                        units.push((index, cell, unit));
                    }
                }
            }
        }
        let units: Vec<Unit> = units.into_iter().map(|(.., unit)| unit).collect();
        for cell in described(units.iter().flat_map(|unit| &unit.cells))? {
            if cell.oversubscribed {
                say(&format!(
                    "this machine has {} cores: cells with more workers are marked, and what as many devices would do is estimated",
                    cores()
                ));
                break;
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell], data: Option<&Dataset>) -> Effort {
        let steps = described(cells).map_or(0, |cells| runner::flows_of(&cells) as u64);
        let gradient = data.map_or(1, |d| d.train.len() * d.features * d.classes);
        Effort {
            steps,
            weight: (gradient * self.plan.steps) as u64,
        }
    }

    fn measure(&mut self, around: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let dataset = around.data.context("windows are compared on data sets")?;
        let cells = described(cells)?;
        let Some(first) = cells.first() else {
            return Ok(Vec::new());
        };
        if !std::mem::replace(&mut self.looked, true) {
            self.warn(around)?;
        }
        let digest = dataset.digest();
        let bench = match &mut self.bench {
            Some((of, bench)) if *of == digest => bench,
            other => {
                // Before the new one is made, so that two data sets are never there at once.
                *other = None;
                let bench = Workbench::new(around.machine, dataset, first)?;
                let bench = bench.through(self.through.clone());
                &mut other.insert((digest, bench)).1
            }
        };
        runner::measure(bench, &cells, around.watch)
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        entry.is_of::<WindowCell, cell::MeasuredWindow>()
    }
}

#[cfg(test)]
mod tests;
