//! Networks trained by stochastic gradients: Figure 4.

mod checkpoint;
mod feed;
mod learner;
mod measure;
mod methods;
mod network;
mod plan;
mod rows;

pub use self::rows::{TrainingCurveRow, TrainingRow, rows};
pub use checkpoint::Checkpoints;
pub(super) use feed::Feed;
pub use learner::{Learner, Score};
pub use measure::{EpochRecord, MeasuredTraining, TrainingCell, run};
pub use methods::{TrainingMethod, TrainingSpec};
pub use network::{Architecture, ResNet};
pub(super) use plan::TrainingForm;
pub use plan::{
    Moves, TrainingContestant, TrainingImages, TrainingMetric, TrainingPicture, TrainingPlan,
};

use super::{Bench, Data, Effort, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Outcome};
use crate::plan::Plan;
use crate::progress::Labelled;
use anyhow::{Context as _, Result, ensure};
use datasets::Images;

/// The experiment.
pub struct Training {
    seed: u64,
    plan: TrainingPlan,
}

impl Training {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        Ok(Self {
            seed: plan.seed,
            plan: TrainingPlan::new(plan)?,
        })
    }

    fn cell(
        &self,
        machine: &Machine,
        images: &Images,
        contestant: &TrainingContestant,
        start: u64,
    ) -> Cell<TrainingCell> {
        let plan = &self.plan;
        let settings = TrainingCell {
            dataset: images.name.clone(),
            data_source: images.source.to_string(),
            data_digest: images.digest(),
            images: plan.images,
            network: plan.network.clone(),
            batch: plan.batch,
            augment: plan.augment,
            epochs: plan.epochs,
            seed: self.seed,
            start,
            diverged_above: plan.diverged_above,
            method: contestant.method.clone(),
            backend: machine.backend().into(),
        };
        let time = contestant.method.integration_time();
        let time = time.map_or_else(String::new, |time| format!(" S·θ = {time:.3}"));
        let (name, dataset) = (&contestant.name, &images.name);
        Cell::new(format!("{dataset} start {start} {name}{time}"), settings)
    }
}

impl Experiment for Training {
    type Cell = TrainingCell;
    type Measured = MeasuredTraining;

    fn needs(&self) -> Vec<Need> {
        vec![Need::Images {
            dataset: self.plan.dataset.clone(),
            train: self.plan.images.train,
            test: self.plan.images.test,
        }]
    }

    /// A unit for each run: an epoch of one is long, and the others are not to be lost with it.
    fn units(&self, machine: &Machine, data: &[Data]) -> Result<Vec<Unit<TrainingCell>>> {
        let images = data.first().context("there are no images")?.images()?;
        let (train, batch) = (images.train.len(), self.plan.batch);
        ensure!(
            batch <= train,
            "batch is {batch}, but there are {train} images to train on"
        );
        ensure!(!images.test.is_empty(), "there are no images to test on");
        let mut units = Vec::new();
        for start in 0..self.plan.starts {
            for contestant in &self.plan.methods {
                units.push(Unit {
                    data: Some(0),
                    cells: vec![self.cell(machine, images, contestant, start)],
                });
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell<TrainingCell>], _: Option<&Data>) -> Effort {
        Effort {
            steps: (cells.len() * self.plan.epochs) as u64,
            weight: 1,
        }
    }

    /// On a CPU the network with a gradient and a velocity or mean, and what a batch becomes in its widest layers.
    fn memory(&self, units: &[Unit<TrainingCell>], data: &[Data]) -> u64 {
        let Some(images) = data.first().and_then(|data| data.images().ok()) else {
            return 0;
        };
        let of_cell = |cell: &Cell<TrainingCell>| {
            let cell = &cell.settings;
            let places = (cell.batch * images.train.side * images.train.side) as u64;
            let numbers = 3 * cell.network.least_parameters()
                + 2 * places.saturating_mul(cell.network.width as u64);
            (cell.backend == "cpu").then(|| numbers.saturating_mul(size_of::<f32>() as u64))
        };
        let cells = units.iter().flat_map(|unit| &unit.cells);
        cells.filter_map(of_cell).max().unwrap_or(0)
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<TrainingCell>],
    ) -> Result<Vec<Outcome<MeasuredTraining>>> {
        let images = bench
            .data
            .context("networks are trained on images")?
            .images()?;
        bench.each(cells, |cell| {
            let checkpoints = Checkpoints::new((bench.keep)(&cell.written()?));
            let home = bench.machine.home();
            let watch = Labelled::new(&cell.label, bench.watch);
            let measured = run(&cell.settings, images, home, &checkpoints, &watch)?;
            Ok(Outcome::Measured(measured))
        })
    }
}

#[cfg(test)]
mod tests;
