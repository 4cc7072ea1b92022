//! The batches of a run: which images a step is taken on, and how each is moved.

use super::learner::Score;
use super::plan::Moves;
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::{Device, Tensor};
use datasets::{Epoch, ImageSet, Images};
use std::ops::Deref;

/// Images on their way to a device. A batch is a function of its number, whoever asks for it and in whatever order.
#[derive(Clone)]
pub struct Feed<I> {
    /// What is trained and tested on.
    pub images: I,
    /// Where batches go.
    pub device: Device,
    /// Images of a step.
    pub batch: usize,
    /// How images are moved before each step, if they are.
    pub augment: Option<Moves>,
    /// What orders and moves are drawn from.
    pub seeds: Seeds,
    /// Which start: another order.
    pub start: u64,
}

impl<I: Deref<Target = Images>> Feed<I> {
    /// The order and the moves of an epoch, counted from 1.
    pub fn epoch(&self, number: usize) -> Epoch {
        let (start, which) = (self.start.to_string(), number.to_string());
        let stream = |what: &str| {
            let dataset = self.images.name.as_str();
            self.seeds.stream(&[what, dataset, &start, &which])
        };
        let augment = self.augment.map(Into::into);
        let count = self.images.train.len();
        Epoch::shuffled(count, augment, stream("order"), stream("moves"))
    }

    /// The images `[n, channels, side, side]` and labels `[n]` of a batch of an epoch.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn batch(&self, epoch: &Epoch, of: &ImageSet, index: usize) -> Result<(Tensor, Tensor)> {
        let (pixels, labels) = epoch.batch(of, &self.images.normalise, index, self.batch);
        let shape = (labels.len(), of.channels, of.side, of.side);
        Ok((
            Tensor::from_vec(pixels, shape, &self.device)?,
            Tensor::new(labels, &self.device)?,
        ))
    }

    /// The batch of a step of the run, counted from 0.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn of_step(&self, step: usize) -> Result<(Tensor, Tensor)> {
        let train = &self.images.train;
        let of_epoch = (train.len() / self.batch.max(1)).max(1);
        let epoch = self.epoch(step / of_epoch + 1);
        self.batch(&epoch, train, step % of_epoch)
    }

    /// What images come to, batch by batch as they are, each as `score` has it.
    ///
    /// # Errors
    /// If a batch cannot be made or scored.
    pub fn scored(
        &self,
        of: &ImageSet,
        score: impl Fn(&Tensor, &Tensor) -> Result<Score>,
    ) -> Result<Score> {
        let in_order = Epoch::in_order(of.len());
        let mut sum = Score::default();
        for index in 0..of.len().div_ceil(self.batch) {
            let (images, labels) = self.batch(&in_order, of, index)?;
            sum.add(score(&images, &labels)?);
        }
        Ok(sum)
    }
}
