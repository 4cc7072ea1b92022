//! Windows of a flow against the sequential flow: Table 2, Figures 5, 6 and 9, and what the parts
//! of a window are each worth.

pub mod bench;
pub mod cell;
pub mod gradients;
mod group;
pub mod model;
mod paper;
mod passes;
pub mod plan;
pub mod ranks;
mod rows;
pub mod runner;
mod schema;
mod wire;

pub use self::rows::{Maker, curves, lacks_devices};
pub use schema::{CurveRow, WindowRow};
pub(super) use wire::{WindowKeys, WindowsForm, placed};

use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::capacity::gpu_warning;
use crate::device::{Machine, cores};
use crate::journal::{Cell, Outcome};
use crate::kept::Keeper;
use crate::plan::Plan;
use crate::progress::say;
use crate::regression::fits;
use anyhow::{Context as _, Result};
use bench::{Through, Workbench};
use cell::{CellPlace, MeasuredWindow, WindowCell};
use datasets::Dataset;
use optim::Kinetic;
use plan::{EvaluatorKind, FlowSetting, PlacedWindow, WindowsPlan};

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

    /// Says which windows a machine leaves out.
    fn tell_left_out(&self, machine: &Machine) {
        let settings = self.plan.settings();
        let mut windows = settings.iter().flat_map(|setting| &setting.windows);
        if machine.backend() != "cuda" && windows.any(|window| window.tf32) {
            say("windows with tf32 are left out: only GPUs compute so");
        }
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

fn described(cells: &[Cell<WindowCell>]) -> Vec<WindowCell> {
    cells.iter().map(|cell| cell.settings.clone()).collect()
}

impl Experiment for Windows {
    type Cell = WindowCell;
    type Measured = MeasuredWindow;

    const CLOCKED: &'static [&'static str] = &[
        "wall_s",
        "baseline_wall_s",
        "round_overhead_s",
        "held",
        "probes",
        "core_probes",
        "accounts",
        "baseline_accounts",
        "interrupted",
    ];

    fn without_clock(cell: WindowCell) -> WindowCell {
        WindowCell {
            repeats: 0,
            probe_s: None,
            ..cell
        }
    }

    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need::Rows {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    fn texts(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![("dataset", self.plan.datasets.clone())]
    }

    fn is_timed(&self) -> bool {
        self.plan.repeats > 0
    }

    /// A unit for each sequential flow that others are compared with.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<WindowCell>>> {
        for data in data {
            fits(data.rows()?, self.plan.fit.loss)?;
        }
        self.tell_left_out(machine);
        let mut units: Vec<Unit<WindowCell>> = Vec::new();
        for (index, data) in data.iter().enumerate() {
            for settings in self.cells(machine, data.rows()?)? {
                let same = |unit: &&mut Unit<WindowCell>| {
                    unit.data == Some(index) && unit.cells[0].settings.same_flow(&settings)
                };
                let known = units.iter_mut().find(same).map(|unit| &mut unit.cells);
                let cell = Cell::new(settings.label(), settings);
                match known {
                    Some(cells) => cells.push(cell),
                    None => units.push(Unit {
                        data: Some(index),
                        cells: vec![cell],
                    }),
                }
            }
        }
        let mut cells = units.iter().flat_map(|unit| &unit.cells);
        if cells.any(|cell| cell.settings.oversubscribed) {
            say(&format!(
                "this machine has {} cores: cells with more workers are marked, and what as many devices would do is estimated",
                cores()
            ));
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell<WindowCell>], data: Option<&Data>) -> Effort {
        let gradient = data
            .and_then(|data| data.rows().ok())
            .map_or(1, |d| d.train.len() * d.features * d.outputs());
        Effort {
            steps: runner::flows_of(&described(cells)) as u64,
            weight: (gradient * self.plan.steps) as u64,
        }
    }

    /// On a CPU a window's points and gradients, and the pairs that a secant model is made of.
    fn memory(&self, units: &[Unit<WindowCell>], data: &[Data]) -> u64 {
        let of_cell = |unit: &Unit<WindowCell>, cell: &Cell<WindowCell>| {
            let rows = unit.data.and_then(|place| data[place].rows().ok())?;
            let cell = &cell.settings;
            let vectors = 2 * (cell.window.width + cell.window.method.memory()) as u64;
            let numbers = rows.features as u64 * rows.outputs() as u64;
            let bytes = cell.precision.dtype().size_in_bytes() as u64;
            (cell.backend == "cpu").then(|| numbers.saturating_mul(vectors * bytes))
        };
        let cells = units
            .iter()
            .flat_map(|unit| unit.cells.iter().map(move |cell| (unit, cell)));
        cells
            .filter_map(|(unit, cell)| of_cell(unit, cell))
            .max()
            .unwrap_or(0)
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<WindowCell>],
    ) -> Result<Vec<Outcome<MeasuredWindow>>> {
        let dataset = bench.rows()?;
        let Some(first) = cells.first() else {
            return Ok(Vec::new());
        };
        let keeper = Keeper::new((bench.keep)(&first.written()?));
        let cells = described(cells);
        if !std::mem::replace(&mut self.looked, true) {
            self.warn(bench)?;
        }
        let digest = dataset.digest();
        let workbench = match &mut self.bench {
            Some((of, workbench)) if *of == digest => workbench,
            other => {
                // Before the new one is made, so that two data sets are never there at once.
                *other = None;
                let workbench = Workbench::new(bench.machine, dataset, &cells[0])?;
                let workbench = workbench.through(self.through.clone());
                &mut other.insert((digest, workbench)).1
            }
        };
        runner::measure(workbench, &cells, keeper, bench.watch)
    }
}

#[cfg(test)]
mod tests;
