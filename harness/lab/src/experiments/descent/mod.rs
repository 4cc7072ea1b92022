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
pub use methods::{MethodSite, MethodSpec};
pub use placing::OWN_BEST;
pub use problem::{DescentProblem, SensingDistance};
pub use record::Record;
pub(super) use wire::{DescentForm, MethodForm, methods_without};

use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use crate::regression::fits;
use anyhow::{Context as _, Result, bail};
use datasets::Dataset;
use optim::Evaluator;
use optim::evaluator::lockstep;
use plan::{Contestant, DescentPart, DescentPlan};
use scene::{Kept, Scene, Setting};
use std::sync::Arc;

/// What a record takes in memory: its numbers, and the same by their names in a journal's entry.
const RECORD_BYTES: u64 = 500;

/// How many methods share their products at most: more are hardly faster (bench/NOTES.md), and a run that is killed
/// loses what is not in the journal yet.
const TOGETHER: usize = 8;

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
        let start = (self.seed, part.start, index);
        Setting::new(part.problem, data, self.plan.precision, start)
    }

    /// The cells of a part at one start, each once.
    fn cells(
        &self,
        machine: &Machine,
        part: &DescentPart,
        data: Option<&Dataset>,
        index: u64,
    ) -> Vec<Cell<DescentCell>> {
        let setting = self.setting(part, data, index);
        let mut cells: Vec<Cell<DescentCell>> = Vec::new();
        for contestant in &part.contestants {
            for variant in &contestant.variants {
                let settings = DescentCell {
                    setting: setting.clone(),
                    variant: variant.clone(),
                    gradients: part.gradients,
                    record_every: part.record_every,
                    marks: part.marks.clone(),
                    lockstep: self.plan.lockstep,
                    backend: machine.backend().into(),
                };
                if !cells.iter().any(|known| known.settings == settings) {
                    let label = label(&setting, part, contestant);
                    cells.push(Cell::new(label, settings));
                }
            }
        }
        cells
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
    type Cell = DescentCell;
    type Measured = MeasuredDescent;

    fn needs(&self) -> Vec<Need> {
        let need = |name: &String| Need::Rows {
            dataset: name.clone(),
            split: self.plan.splits.get(name).cloned(),
        };
        self.plan.datasets.iter().map(need).collect()
    }

    fn texts(&self) -> Vec<(&'static str, Vec<String>)> {
        let parts = || self.plan.parts.iter();
        let methods = parts().flat_map(|part| part.contestants.iter().map(|c| c.name.clone()));
        let mut texts = vec![
            ("method", methods.collect()),
            ("panel", parts().map(|part| part.name.clone()).collect()),
        ];
        if !self.plan.datasets.is_empty() {
            texts.push(("dataset", self.plan.datasets.clone()));
        }
        texts
    }

    /// A unit for each start, so that methods which are compared run next to each other.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<DescentCell>>> {
        let mut units = Vec::new();
        for part in &self.plan.parts {
            if let Some(fit) = part.problem.fit() {
                for data in data {
                    fits(data.rows()?, fit.loss)?;
                }
            }
            let subjects: Vec<Option<usize>> = if part.problem.needs_data() {
                (0..data.len()).map(Some).collect()
            } else {
                vec![None]
            };
            for subject in subjects {
                let dataset = subject.map(|i| data[i].rows()).transpose()?;
                for index in 0..part.starts {
                    units.push(Unit {
                        data: subject,
                        cells: self.cells(machine, part, dataset, index),
                    });
                }
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell<DescentCell>], data: Option<&Data>) -> Effort {
        let records = |cell: &Cell<DescentCell>| {
            cell.settings.expected_gradients() / cell.settings.record_every
        };
        let every = cells.first().map_or(1, |cell| cell.settings.record_every);
        // Without data a gradient is about as much work as starting one.
        let gradient = data
            .and_then(|data| data.rows().ok())
            .map_or(50_000, |d| d.train.len() * d.features * d.outputs());
        Effort {
            steps: cells.iter().map(records).sum(),
            weight: gradient as u64 * every,
        }
    }

    /// The records of all runs, which stay with the journal, and of one run at a time its start, point, gradient and
    /// what its method carries.
    fn memory(&self, units: &[Unit<DescentCell>], data: &[Data]) -> u64 {
        let vectors = |unit: &Unit<DescentCell>| {
            let setting = &unit.cells.first()?.settings.setting;
            let rows = unit.data.and_then(|place| data[place].rows().ok());
            let of_rows = rows.map(|rows| rows.features.saturating_mul(rows.outputs()));
            let numbers = setting.problem.dimension().or(of_rows)? as u64;
            let bytes = setting.precision.dtype().size_in_bytes() as u64;
            Some(numbers.saturating_mul(4 * bytes))
        };
        let vectors = units.iter().filter_map(vectors).max().unwrap_or(0);
        let records = |cell: &Cell<DescentCell>| {
            cell.settings.expected_gradients() / cell.settings.record_every
        };
        let all: u64 = units.iter().flat_map(|unit| &unit.cells).map(records).sum();
        all.saturating_mul(RECORD_BYTES).saturating_add(vectors)
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<DescentCell>],
    ) -> Result<Vec<Outcome<MeasuredDescent>>> {
        let first = &cells
            .first()
            .context("a unit has at least one cell")?
            .settings;
        let dataset = bench.data.map(Data::rows).transpose()?;
        let home = bench.machine.home();
        let scene = Scene::new(&first.setting, dataset, home, &mut self.kept)?;
        let placement = bench.machine.whole();
        // The first gradient finds caches cold and threads asleep; nobody's clock runs yet.
        scene.potential.gradient(&scene.start)?;
        let watch = bench.watch;
        let run = |cell: &Cell<DescentCell>, evaluator: Arc<dyn Evaluator>| {
            let run = measure::run(&cell.settings, &scene, evaluator, &placement, watch);
            run.map(Outcome::Measured)
        };
        if !first.lockstep {
            return bench.each(cells, |cell| {
                run(cell, methods::evaluator(&cell.settings.variant, &scene))
            });
        }
        let mut outcomes = Vec::with_capacity(cells.len());
        for some in cells.chunks(TOGETHER) {
            watch.doing(&format!("{} and others", some[0].label));
            let seats = lockstep(scene.potential.clone(), some.len());
            let run = &run;
            let ended: Vec<Outcome<MeasuredDescent>> = std::thread::scope(|threads| {
                let start = |(cell, seat)| {
                    threads.spawn(move || {
                        gpu::enter(home)?;
                        run(cell, Arc::new(seat))
                    })
                };
                let running: Vec<_> = some.iter().zip(seats).map(start).collect();
                let end = |run: std::thread::ScopedJoinHandle<'_, Result<_>>| {
                    let run = run.join().unwrap_or_else(|_| bail!("the method panicked"));
                    run.unwrap_or_else(|error| Outcome::failed(&error))
                };
                running.into_iter().map(end).collect()
            });
            for outcome in ended {
                (bench.ended)(outcomes.len(), outcome.clone().written())?;
                outcomes.push(outcome);
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests;
