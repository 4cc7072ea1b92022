//! Methods side by side from the same starting points: Figures 2, 3, 7 and 8, and what a
//! practitioner would use instead.

mod marks;
mod measure;
mod methods;
mod placing;
pub mod plan;
mod problem;
mod record;
mod rows;
pub mod scene;
mod wire;

pub use self::rows::{DescentCurveRow, DescentMarkRow, DescentRow, DescentRows, rows};
pub use marks::{Axis, Mark, Marks};
pub use measure::{DescentCell, MeasuredDescent};
pub use placing::OWN_BEST;
pub use problem::{DescentProblem, SensingDistance};
pub use record::Record;

use super::{Bench, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use anyhow::{Context as _, Result, anyhow};
use datasets::Dataset;
use optim::evaluator::lockstep;
use plan::{Contestant, DescentPart, DescentPlan};
use scene::{Kept, Scene, Setting};
use serde::Deserialize;
use std::sync::Arc;

/// The experiment.
pub struct Descent {
    seed: u64,
    plan: DescentPlan,
    kept: Kept,
}

impl Descent {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        Ok(Self {
            seed: plan.seed,
            plan: DescentPlan::new(plan)?,
            kept: Kept::default(),
        })
    }

    fn setting(&self, part: &DescentPart, data: Option<&Dataset>, index: u64) -> Setting {
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

    /// The cells of a part at one start, each once.
    fn cells(
        &self,
        machine: &Machine,
        part: &DescentPart,
        data: Option<&Dataset>,
        index: u64,
    ) -> Result<Vec<Cell>> {
        let setting = self.setting(part, data, index);
        let mut cells: Vec<Cell> = Vec::new();
        for contestant in &part.contestants {
            for variant in &contestant.variants {
                let cell = DescentCell {
                    setting: setting.clone(),
                    variant: variant.clone(),
                    gradients: part.gradients,
                    record_every: part.record_every,
                    marks: part.marks.clone(),
                    lockstep: self.plan.lockstep,
                    backend: machine.backend().into(),
                };
                let label = label(&setting, part, contestant);
                let cell = Cell::new(label, &cell)?;
                if !cells.iter().any(|known| known.settings == cell.settings) {
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }
}

/// `mnist start 2 HD-LF`, with the part's name where there are parts.
fn label(setting: &Setting, part: &DescentPart, contestant: &Contestant) -> String {
    let (name, index) = (setting.name(), setting.index);
    let part = match part.name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    format!("{name}{part} start {index} {}", contestant.name)
}

impl Experiment for Descent {
    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    /// A unit for each start, so that methods which are compared run next to each other.
    fn units(&self, machine: &Machine, data: &[Dataset]) -> Result<Vec<Unit>> {
        let mut units = Vec::new();
        for part in &self.plan.parts {
            let subjects: Vec<Option<usize>> = if part.problem.needs_data() {
                (0..data.len()).map(Some).collect()
            } else {
                vec![None]
            };
            for subject in subjects {
                for index in 0..part.starts {
                    let dataset = subject.map(|i| &data[i]);
                    units.push(Unit {
                        data: subject,
                        cells: self.cells(machine, part, dataset, index)?,
                    });
                }
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell], data: Option<&Dataset>) -> Effort {
        let records = |cell: &Cell| {
            let cell = DescentCell::deserialize(&cell.settings);
            cell.map_or(0, |c| c.expected_gradients() / c.record_every)
        };
        let every = cells
            .first()
            .and_then(|c| DescentCell::deserialize(&c.settings).ok())
            .map_or(1, |c| c.record_every);
        // Without data a gradient is about as much work as starting one.
        let gradient = data.map_or(50_000, |d| d.train.len() * d.features * d.classes) as u64;
        Effort {
            steps: cells.iter().map(records).sum(),
            weight: gradient * every,
        }
    }

    fn measure(&mut self, bench: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let described: Vec<DescentCell> = cells
            .iter()
            .map(|cell| Ok(DescentCell::deserialize(&cell.settings)?))
            .collect::<Result<_>>()?;
        let first = described.first().context("a unit has at least one cell")?;
        let home = bench.machine.home();
        let scene = Scene::new(&first.setting, bench.data, home, &mut self.kept)?;
        let placement = bench.machine.whole();
        // The first gradient finds caches cold and threads asleep; nobody's clock runs yet.
        scene.potential.gradient(&scene.start)?;
        let run = |described: &DescentCell, evaluator| {
            measure::run(described, &scene, evaluator, &placement, bench.watch)
                .and_then(|measured| Outcome::measured(&measured))
                .unwrap_or_else(|error| Outcome::failed(&error))
        };
        if first.lockstep {
            bench
                .watch
                .doing(&format!("{} and the others", cells[0].label));
            let seats = lockstep(scene.potential.clone(), described.len());
            let run = &run;
            return Ok(std::thread::scope(|threads| {
                let start =
                    |(described, seat)| threads.spawn(move || run(described, Arc::new(seat)));
                let running: Vec<_> = described.iter().zip(seats).map(start).collect();
                let gone = |_| Outcome::failed(&anyhow!("the method panicked"));
                let ended = running
                    .into_iter()
                    .map(|run| run.join().unwrap_or_else(gone));
                ended.collect()
            }));
        }
        let run = |(cell, described): (&Cell, &DescentCell)| {
            bench.watch.doing(&cell.label);
            run(described, methods::evaluator(&described.variant, &scene))
        };
        Ok(cells.iter().zip(&described).map(run).collect())
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        entry.is_of::<DescentCell, MeasuredDescent>()
    }
}

#[cfg(test)]
mod tests;
