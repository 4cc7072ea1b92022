//! Trains one network and writes down how it does after every epoch.

use super::checkpoint::{Checkpoints, TrainingProgress};
use super::feed::Feed;
use super::learner::{Learner, Score};
use super::methods::TrainingMethod;
use super::network::{Architecture, ResNet};
use super::plan::{Moves, TrainingImages};
use crate::clock::timed;
use crate::progress::Watch;
use crate::seed::Seeds;
use anyhow::Result;
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::time::Instant;

/// A method on a network: what is measured.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct TrainingCell {
    /// The data set.
    pub dataset: String,
    /// real or surrogate.
    pub data_source: String,
    /// What identifies the images.
    pub data_digest: String,
    /// How many of each part.
    pub images: TrainingImages,
    /// The network.
    pub network: Architecture,
    /// Images of a step.
    pub batch: usize,
    /// How images are varied.
    pub augment: Option<Moves>,
    /// Passes over the images.
    pub epochs: usize,
    /// The root seed.
    pub seed: u64,
    /// Which start, counted from 0: other weights, another order.
    pub start: u64,
    /// A loss above this is an explosion.
    pub diverged_above: f64,
    /// The method.
    pub method: TrainingMethod,
    /// cpu or cuda.
    pub backend: String,
}

/// After an epoch.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct EpochRecord {
    /// Oracle from 1.
    pub epoch: usize,
    /// Gradients up to here.
    pub steps: u64,
    /// Seconds of training up to here, without evaluation.
    pub wall_s: f64,
    /// Mean over the epoch's batches, in training mode.
    pub train_loss: f64,
    /// Share of their images classified rightly.
    pub train_accuracy: f64,
    /// Of all test images, in evaluation mode.
    pub test_loss: f64,
    /// Share of them classified rightly.
    pub test_accuracy: f64,
}

/// What came of a run.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct MeasuredTraining {
    /// Numbers that are trained.
    pub parameters: u64,
    /// After each epoch.
    pub records: Vec<EpochRecord>,
    /// The step at which the loss was no number or had exploded, counted from 1.
    pub diverged_at: Option<u64>,
}

/// The seed of a method's own random numbers.
fn own_seed(seeds: Seeds, start: u64) -> u64 {
    let key = seeds.key(&["integrator", &start.to_string()]);
    key.iter()
        .take(8)
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Trains, from the newest checkpoint if there is one.
///
/// # Errors
/// If the device fails or a checkpoint cannot be kept.
pub fn run(
    cell: &TrainingCell,
    images: &datasets::Images,
    device: &Device,
    checkpoints: &Checkpoints,
    watch: &dyn Watch,
) -> Result<MeasuredTraining> {
    let seeds = Seeds::new(cell.seed);
    let (channels, classes) = (images.train.channels, images.classes);
    let network = ResNet::new(&cell.network, channels, classes, device, seeds, cell.start)?;
    let parameters = network.parameters();
    let mut learner = Learner::new(network, &cell.method, own_seed(seeds, cell.start))?;
    let feed = Feed {
        images,
        device: device.clone(),
        batch: cell.batch,
        augment: cell.augment,
        seeds,
        start: cell.start,
    };
    let mut progress = checkpoints.resume(&mut learner)?;
    (0..progress.records.len()).for_each(|_| watch.step());
    let mut diverged_at = None;
    while progress.records.len() < cell.epochs {
        let kept = KeptAndTold { checkpoints, watch };
        match epoch(cell, &feed, &mut learner, (&mut progress, &kept))? {
            ControlFlow::Continue(record) => progress.records.push(record),
            ControlFlow::Break(step) => {
                diverged_at = Some(step);
                break;
            }
        }
        progress.epoch = Trained::default();
        checkpoints.keep(&learner, &progress)?;
        watch.step();
    }
    Ok(MeasuredTraining {
        parameters,
        records: progress.records,
        diverged_at,
    })
}

/// What of an epoch has been trained.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Trained {
    /// Batches.
    pub batches: usize,
    /// What their images came to.
    pub score: Score,
    /// Seconds.
    pub wall_s: f64,
}

/// Where progress is kept, and told.
struct KeptAndTold<'a> {
    checkpoints: &'a Checkpoints,
    watch: &'a dyn Watch,
}

/// Trains for the rest of one more epoch, and tests; breaks with the step at which the loss was no number or had
/// exploded.
fn epoch(
    cell: &TrainingCell,
    feed: &Feed<&datasets::Images>,
    learner: &mut Learner,
    (progress, kept): (&mut TrainingProgress, &KeptAndTold<'_>),
) -> Result<ControlFlow<u64, EpochRecord>> {
    let before = progress.records.last().copied();
    let number = before.map_or(0, |record| record.epoch) + 1;
    let train = &feed.images.train;
    let order = feed.epoch(number);
    let all = order.batches(cell.batch);
    let steps =
        |trained: &Trained| before.map_or(0, |record| record.steps) + trained.batches as u64;
    let mut batches = (progress.epoch.batches..all).map(|index| feed.batch(&order, train, index));
    let mut next = None;
    loop {
        let trained = &mut progress.epoch;
        // Until the end of the epoch, or until it is time for a checkpoint, off the clock.
        let some = || -> Result<ControlFlow<()>> {
            let begin = Instant::now();
            if next.is_none() {
                next = batches.next().transpose()?;
            }
            while let Some((images, labels)) = next.take() {
                let started = learner.start_step(&images, &labels)?;
                // While a GPU computes.
                next = batches.next().transpose()?;
                let score = started.score()?;
                trained.batches += 1;
                let loss = score.mean_loss();
                if !loss.is_finite() || loss > cell.diverged_above {
                    return Ok(ControlFlow::Break(()));
                }
                trained.score.add(score);
                if begin.elapsed() >= kept.checkpoints.interval() {
                    break;
                }
            }
            Ok(ControlFlow::Continue(()))
        };
        let (end, seconds) = timed(&feed.device, some)?;
        trained.wall_s += seconds;
        if end.is_break() {
            return Ok(ControlFlow::Break(steps(trained)));
        }
        if next.is_none() {
            break;
        }
        let done = trained.batches;
        kept.checkpoints.keep(learner, progress)?;
        kept.watch
            .doing(&format!("epoch {number}, {done} of {all} steps"));
    }
    let trained = progress.epoch;
    let steps = steps(&trained);
    let wall_s = before.map_or(0.0, |record| record.wall_s) + trained.wall_s;
    let trained = trained.score;
    let test = &feed.images.test;
    let tested = feed.scored(test, |images, labels| learner.score(images, labels))?;
    // The last step of an epoch may have been one too many.
    let means = [trained.mean_loss(), tested.mean_loss()];
    if !means.iter().all(|loss| loss.is_finite()) {
        return Ok(ControlFlow::Break(steps));
    }
    Ok(ControlFlow::Continue(EpochRecord {
        epoch: number,
        steps,
        wall_s,
        train_loss: trained.mean_loss(),
        train_accuracy: trained.accuracy(),
        test_loss: tested.mean_loss(),
        test_accuracy: tested.accuracy(),
    }))
}
