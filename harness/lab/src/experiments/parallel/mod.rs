//! Windows over the steps of every method, side by side: which recurrence is easiest to compute several steps at a
//! time, and which of them gets first to a loss so.

mod measure;
mod memory;
mod plan;
mod rows;
mod scene;
mod setting;
mod theory;
mod wire;

pub use self::rows::{ParallelRow, rows};
pub use measure::{MeasuredParallel, ParallelCell, ParallelLook};
pub use plan::{Mover, ParallelPlan, ParallelProblem, PlacedSteps};
pub use setting::{NetworkProblem, NetworkSetting, ParallelSetting};
pub(super) use wire::ParallelForm;

use super::descent::scene::{Kept, Scene, Setting};
use super::windows::plan::EvaluatorKind;
use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use anyhow::{Context as _, Result, ensure};
use datasets::Images;
use plan::ParallelPart;
use scene::{NetworkScene, ParallelScene};
use std::sync::Arc;

/// The experiment.
pub struct Parallel {
    seed: u64,
    plan: ParallelPlan,
    kept: Kept,
    /// The images of the last network, by their digest.
    images: Option<(String, Arc<Images>)>,
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
            images: None,
        })
    }

    /// What data a part is about, by their places among what the plan needs: none of a problem without data.
    fn subjects(&self, part: &ParallelPart) -> Vec<Option<usize>> {
        let rows = self.plan.datasets.len();
        match &part.problem {
            ParallelProblem::Network(network) => {
                let found = self.plan.networks().position(|other| other == network);
                vec![found.map(|place| rows + place)]
            }
            problem if problem.needs_rows() => (0..rows).map(Some).collect(),
            ParallelProblem::Potential(_) => vec![None],
        }
    }

    fn setting(
        &self,
        part: &ParallelPart,
        data: Option<&Data>,
        index: u64,
    ) -> Result<ParallelSetting> {
        let seed = self.seed;
        Ok(match &part.problem {
            ParallelProblem::Network(network) => {
                let images = data.context("a network is about images")?.images()?;
                let (train, batch) = (images.train.len(), network.batch);
                ensure!(
                    batch <= train && !images.test.is_empty(),
                    "network.batch is {batch}, and there are {train} images to train on and {} to test on",
                    images.test.len()
                );
                ParallelSetting::Network(NetworkSetting {
                    network: network.clone(),
                    data_source: images.source.to_string(),
                    data_digest: images.digest(),
                    seed,
                    index,
                })
            }
            ParallelProblem::Potential(problem) => {
                let rows = data.map(Data::rows).transpose()?;
                let precision = self.plan.precision;
                let setting = Setting::new(*problem, rows, precision, (seed, part.start, index));
                ParallelSetting::Potential(setting)
            }
        })
    }

    fn cell(
        &self,
        machine: &Machine,
        part: &ParallelPart,
        setting: &ParallelSetting,
        (name, mover): (&str, Mover),
    ) -> Result<Cell<ParallelCell>> {
        let settings = ParallelCell {
            part: part.name.clone(),
            target: part.target_of(setting.name()),
            setting: setting.clone(),
            steps: part.steps,
            every: part.every,
            exponent_steps: part.exponent_steps,
            repeats: part.repeats,
            devices: mover.placement(machine)?.label,
            backend: machine.backend().into(),
            mover,
        };
        let (place, index) = (setting.name(), setting.index());
        let part = match part.name.as_str() {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        let mover = settings.mover.label();
        let label = format!("{place}{part} start {index} {name} {mover}");
        Ok(Cell::new(label, settings))
    }
}

impl Parallel {
    /// Where the cells of a setting run.
    fn scene(&mut self, setting: &ParallelSetting, bench: &Bench<'_>) -> Result<ParallelScene> {
        Ok(match setting {
            ParallelSetting::Potential(setting) => {
                let dataset = bench.data.map(Data::rows).transpose()?;
                let scene = Scene::new(setting, dataset, bench.machine.home(), &mut self.kept)?;
                // The first gradient finds caches cold and threads asleep; nobody's clock runs yet.
                scene.potential.gradient(&scene.start)?;
                ParallelScene::Potential(scene, setting.clone())
            }
            ParallelSetting::Network(setting) => {
                let digest = &setting.data_digest;
                let known = self.images.take().filter(|(of, _)| of == digest);
                let images = match known {
                    Some((_, images)) => images,
                    None => {
                        let data = bench.data.context("a network is about images")?;
                        Arc::new(data.images()?.clone())
                    }
                };
                self.images = Some((digest.clone(), images.clone()));
                ParallelScene::Network(NetworkScene {
                    setting: setting.clone(),
                    images,
                })
            }
        })
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
        let images = self.plan.networks().map(|network| Need::Images {
            dataset: network.dataset.clone(),
            train: network.images.train,
            test: network.images.test,
        });
        self.plan.datasets.iter().map(need).chain(images).collect()
    }

    /// A unit for each method from each start: the best of its step sizes is chosen there.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<ParallelCell>>> {
        let mut units: Vec<Unit<ParallelCell>> = Vec::new();
        for part in &self.plan.parts {
            for subject in self.subjects(part) {
                let of = subject.map(|i| &data[i]);
                for index in 0..part.starts {
                    let setting = self.setting(part, of, index)?;
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
        let gradient = match cells.first().map(|cell| &cell.settings.setting) {
            // Every weight at every place, but for the stages that are half as large.
            Some(ParallelSetting::Network(NetworkSetting { network, .. })) => {
                let side = data.and_then(|data| data.images().ok());
                let side = side.map_or(1, |images| images.train.side);
                let places = (network.batch * side * side) as u64;
                places.saturating_mul(network.architecture.least_parameters())
            }
            // Without data a gradient is about as much work as starting one.
            _ => data.and_then(|data| data.rows().ok()).map_or(50_000, |d| {
                (d.train.len() * d.features * d.classes()) as u64
            }),
        };
        let steps = cells.first().map_or(1, |cell| cell.settings.steps as u64);
        Effort {
            steps: cells.len() as u64,
            weight: gradient.saturating_mul(steps),
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

    const CLOCKED: &'static [&'static str] = &["wall_s", "baseline_wall_s", "held"];

    fn without_clock(cell: ParallelCell) -> ParallelCell {
        ParallelCell { repeats: 0, ..cell }
    }

    /// On a CPU a window's points and gradients, and what a secant model is made of.
    fn memory(&self, units: &[Unit<ParallelCell>], data: &[Data]) -> u64 {
        let of = |unit: &Unit<ParallelCell>, cell: &ParallelCell| {
            let rows = unit.data.and_then(|place| data[place].rows().ok());
            let size = rows.map(|rows| rows.features * rows.classes());
            let placed = cell.mover.placed?;
            let vectors = 4 * (placed.window.width + placed.window.method.memory());
            let replicas = match placed.evaluator {
                EvaluatorKind::Devices => placed.window.width,
                _ => 1,
            };
            (cell.backend == "cpu").then(|| cell.setting.memory(vectors, replicas, size))
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
        let scene = self.scene(&first.setting, bench)?;
        measure::unit(cells, &scene, bench.machine, bench.watch)
    }
}

#[cfg(test)]
mod tests;
