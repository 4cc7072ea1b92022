//! Networks trained by stochastic gradients: Figure 4.

mod checkpoint;
mod layers;
mod learner;
mod measure;
mod methods;
mod network;
mod plan;
mod rows;

pub use self::rows::{TrainingCurveRow, TrainingRow, rows};
pub use checkpoint::Checkpoints;
pub use layers::{convolve, normalise};
pub use learner::{Learner, Score};
pub use measure::{EpochRecord, MeasuredTraining, TrainingCell, run};
pub use methods::{TrainingMethod, TrainingSpec};
pub use network::{Architecture, ResNet};
pub use plan::{
    Moves, TrainingContestant, TrainingImages, TrainingMetric, TrainingPicture, TrainingPlan,
};

use super::{Bench, Effort, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use anyhow::{Context as _, Result, ensure};
use datasets::Dataset;
use serde::Deserialize;

/// The experiment.
pub struct Training {
    seed: u64,
    plan: TrainingPlan,
    images: Option<datasets::Images>,
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
            images: None,
        })
    }

    fn images(&self) -> Result<&datasets::Images> {
        self.images.as_ref().context("the images were not loaded")
    }

    fn cell(&self, machine: &Machine, contestant: &TrainingContestant, start: u64) -> Result<Cell> {
        let (plan, images) = (&self.plan, self.images()?);
        let cell = TrainingCell {
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
        Cell::new(format!("{dataset} start {start} {name}{time}"), &cell)
    }
}

impl Experiment for Training {
    fn needs_images(&self) -> Option<String> {
        Some(self.plan.dataset.clone())
    }

    fn take_images(&mut self, images: datasets::Images) -> Result<()> {
        let images = images.first(self.plan.images.train, self.plan.images.test)?;
        let (train, batch) = (images.train.len(), self.plan.batch);
        ensure!(
            batch <= train,
            "batch is {batch}, but there are {train} images to train on"
        );
        ensure!(!images.test.is_empty(), "there are no images to test on");
        self.images = Some(images);
        Ok(())
    }

    /// A unit for each run: an epoch of one is long, and the others are not to be lost with it.
    fn units(&self, machine: &Machine, _data: &[Dataset]) -> Result<Vec<Unit>> {
        let mut units = Vec::new();
        for start in 0..self.plan.starts {
            for contestant in &self.plan.methods {
                units.push(Unit {
                    data: None,
                    cells: vec![self.cell(machine, contestant, start)?],
                });
            }
        }
        Ok(units)
    }

    fn effort(&self, cells: &[Cell], _data: Option<&Dataset>) -> Effort {
        Effort {
            steps: (cells.len() * self.plan.epochs) as u64,
            weight: 1,
        }
    }

    fn measure(&mut self, bench: &Bench<'_>, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let images = self.images()?;
        let one = |cell: &Cell| -> Result<Outcome> {
            bench.watch.doing(&cell.label);
            let described = TrainingCell::deserialize(&cell.settings)?;
            let checkpoints = Checkpoints::new((bench.keep)(cell));
            let home = bench.machine.home();
            let measured = run(&described, images, home, &checkpoints, bench.watch)?;
            Outcome::measured(&measured)
        };
        let outcome = |cell| one(cell).unwrap_or_else(|error| Outcome::failed(&error));
        Ok(cells.iter().map(outcome).collect())
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        entry.is_of::<TrainingCell, MeasuredTraining>()
    }
}

#[cfg(test)]
mod tests;
