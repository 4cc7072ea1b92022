//! Windows over the steps of every method, side by side: which recurrence is easiest to compute several steps at a
//! time, and which of them gets first to a loss so.

mod measure;
mod plan;
mod rows;
mod wire;

pub use self::rows::{ParallelRow, rows};
pub use measure::{MeasuredParallel, ParallelCell, ParallelLook};
pub use plan::{Mover, ParallelPlan, PlacedSteps};
pub(super) use wire::ParallelForm;

use super::descent::DescentProblem;
use super::descent::scene::{Kept, Scene, Setting};
use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use anyhow::{Context as _, Result, ensure};
use datasets::Dataset;
use plan::ParallelPart;

/// The experiment.
pub struct Parallel {
    seed: u64,
    plan: ParallelPlan,
    kept: Kept,
}

impl Parallel {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        Ok(Self {
            seed: plan.seed,
            plan: ParallelPlan::new(plan)?,
            kept: Kept::default(),
        })
    }

    fn setting(&self, part: &ParallelPart, data: Option<&Dataset>, index: u64) -> Setting {
        Setting {
            problem: part.problem,
            dataset: data.map(|d| d.name.clone()),
            split: data.map(|d| d.split.clone()),
            data_source: data.map_or_else(|| "synthetic".into(), |d| d.source.to_string()),
            data_digest: data.map(Dataset::digest),
            precision: self.plan.precision,
            seed: self.seed,
            start: part.start,
            index,
        }
    }

    fn cell(
        &self,
        machine: &Machine,
        part: &ParallelPart,
        setting: &Setting,
        (name, mover): (&str, Mover),
    ) -> Result<Cell<ParallelCell>> {
        let settings = ParallelCell {
            target: part.target_of(setting.name()),
            setting: setting.clone(),
            steps: part.steps,
            every: part.every,
            exponent_steps: part.exponent_steps,
            repeats: self.plan.repeats,
            devices: mover.placement(machine)?.label,
            backend: machine.backend().into(),
            mover,
        };
        let (place, index) = (setting.name(), setting.index);
        let label = format!("{place} start {index} {name} {}", settings.mover.label());
        Ok(Cell::new(label, settings))
    }
}

impl Experiment for Parallel {
    type Cell = ParallelCell;
    type Measured = MeasuredParallel;

    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need::Rows {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    /// A unit for each method from each start: the best of its step sizes is chosen there.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<ParallelCell>>> {
        let mut units: Vec<Unit<ParallelCell>> = Vec::new();
        for part in &self.plan.parts {
            let subjects: Vec<Option<usize>> = match part.problem.needs_data() {
                true => (0..data.len()).map(Some).collect(),
                false => vec![None],
            };
            for subject in subjects {
                let dataset = subject.map(|i| data[i].rows()).transpose()?;
                for index in 0..part.starts {
                    let setting = self.setting(part, dataset, index);
                    for method in &part.methods {
                        let movers = method.variants.iter().flat_map(|spec| part.movers(spec));
                        let cells = movers
                            .map(|mover| self.cell(machine, part, &setting, (&method.name, mover)));
                        units.push(Unit {
                            data: subject,
                            cells: cells.collect::<Result<_>>()?,
                        });
                    }
                }
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell<ParallelCell>], data: Option<&Data>) -> Effort {
        // Without data a gradient is about as much work as starting one.
        let gradient = data
            .and_then(|data| data.rows().ok())
            .map_or(50_000, |d| d.train.len() * d.features * d.classes());
        let steps = cells.first().map_or(1, |cell| cell.settings.steps as u64);
        Effort {
            steps: cells.len() as u64,
            weight: gradient as u64 * steps,
        }
    }

    fn fits(cell: &ParallelCell, measured: &MeasuredParallel) -> Result<()> {
        ensure!(
            measured.wall_s.len() == measured.baseline_wall_s.len(),
            "it has {} times, but the sequential method {}",
            measured.wall_s.len(),
            measured.baseline_wall_s.len()
        );
        ensure!(
            measured.looks.len() <= cell.steps,
            "it has more looks than steps"
        );
        Ok(())
    }

    const CLOCKED: &'static [&'static str] = &["wall_s", "baseline_wall_s"];

    fn without_clock(cell: ParallelCell) -> ParallelCell {
        ParallelCell { repeats: 0, ..cell }
    }

    /// On a CPU a window's points and gradients, and what a secant model is made of.
    fn memory(&self, units: &[Unit<ParallelCell>], data: &[Data]) -> u64 {
        let of = |unit: &Unit<ParallelCell>, cell: &ParallelCell| {
            let numbers = match cell.setting.problem {
                DescentProblem::MatrixSensing {
                    dimension, rank, ..
                } => dimension * rank,
                _ => {
                    let rows = unit.data.and_then(|place| data[place].rows().ok())?;
                    rows.features * rows.classes()
                }
            };
            let window = cell.mover.placed?.window;
            let vectors = 4 * (window.width + window.method.memory());
            let bytes = cell.setting.precision.dtype().size_in_bytes();
            (cell.backend == "cpu")
                .then(|| (numbers as u64).saturating_mul((vectors * bytes) as u64))
        };
        let cells = units
            .iter()
            .flat_map(|unit| unit.cells.iter().map(move |cell| (unit, &cell.settings)));
        cells
            .filter_map(|(unit, cell)| of(unit, cell))
            .max()
            .unwrap_or(0)
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<ParallelCell>],
    ) -> Result<Vec<Outcome<MeasuredParallel>>> {
        let first = &cells
            .first()
            .context("a unit has at least one cell")?
            .settings;
        let dataset = bench.data.map(Data::rows).transpose()?;
        let home = bench.machine.home();
        let scene = Scene::new(&first.setting, dataset, home, &mut self.kept)?;
        // The first gradient finds caches cold and threads asleep; nobody's clock runs yet.
        scene.potential.gradient(&scene.start)?;
        measure::unit(cells, &scene, bench.machine, bench.watch)
    }
}

#[cfg(test)]
mod tests;
