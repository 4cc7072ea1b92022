//! A network and what trains it.

use super::methods::TrainingMethod;
use super::network::ResNet;
use anyhow::Result;
use candle_core::{D, DType, Tensor};
use candle_nn::ModuleT;
use optim::nn::NetworkOptimizer;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A network with an optimiser.
pub struct Learner {
    network: ResNet,
    optimizer: Box<dyn NetworkOptimizer>,
}

/// What some images came to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Score {
    /// Summed over the images.
    pub loss: f64,
    /// How many were classified rightly.
    pub right: f64,
    /// How many there were.
    pub images: usize,
}

impl Score {
    /// Of logits `[n, C]` and labels `[n]`, with their mean loss.
    ///
    /// # Errors
    /// If the device fails.
    pub fn of(logits: &Tensor, labels: &Tensor, mean_loss: f64) -> Result<Self> {
        let right = gpu::first_largest(logits)?.squeeze(D::Minus1)?.eq(labels)?;
        let right = right.to_dtype(DType::F64)?.sum_all()?.to_scalar()?;
        let images = labels.dim(0)?;
        Ok(Self {
            loss: mean_loss * images as f64,
            right,
            images,
        })
    }

    /// With more images.
    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.images += other.images;
    }

    /// Of one image.
    #[must_use]
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.images as f64
    }

    /// Share classified rightly.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.right / self.images as f64
    }
}

/// A step that may not have ended yet.
pub struct StartedStep {
    /// Logits, labels and mean loss.
    seen: Option<(Tensor, Tensor, Tensor)>,
}

impl StartedStep {
    /// What the images came to, once it has ended.
    ///
    /// # Errors
    /// If the device failed.
    pub fn score(self) -> Result<Score> {
        match self.seen {
            Some((logits, labels, loss)) => Score::of(&logits, &labels, scalar(&loss)?),
            None => Ok(Score::default()),
        }
    }
}

fn scalar(loss: &Tensor) -> Result<f64> {
    Ok(loss.to_dtype(DType::F64)?.to_scalar()?)
}

impl Learner {
    /// From a network's first weights; `seed` is for a method's own random numbers.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(network: ResNet, method: &TrainingMethod, seed: u64) -> Result<Self> {
        let optimizer = method.build(network.varmap(), seed)?;
        Ok(Self { network, optimizer })
    }

    /// One step on images `[n, channels, side, side]` with labels `[n]`, like [`step`](Self::step), which on a
    /// GPU goes on while the next images are made ready.
    ///
    /// # Errors
    /// If the device fails.
    pub fn start_step(&mut self, images: &Tensor, labels: &Tensor) -> Result<StartedStep> {
        let network = &self.network;
        let mut seen = None;
        let mut loss = || {
            let logits = network.forward_t(images, true)?;
            let loss = candle_nn::loss::cross_entropy(&logits, labels)?;
            seen = Some(logits.detach());
            Ok(loss)
        };
        let loss = self.optimizer.step_with(&mut loss)?;
        let labels = labels.clone();
        Ok(StartedStep {
            seen: seen.map(|logits| (logits, labels, loss.detach())),
        })
    }

    /// One step on images `[n, channels, side, side]` with labels `[n]`: what they came to before it, in
    /// training mode, at the point where the gradient was taken.
    ///
    /// # Errors
    /// If the device fails.
    pub fn step(&mut self, images: &Tensor, labels: &Tensor) -> Result<Score> {
        self.start_step(images, labels)?.score()
    }

    /// What images come to in evaluation mode: normalised by running statistics.
    ///
    /// # Errors
    /// If the device fails.
    pub fn score(&self, images: &Tensor, labels: &Tensor) -> Result<Score> {
        let logits = self.network.forward_t(images, false)?.detach();
        let loss = candle_nn::loss::cross_entropy(&logits, labels)?;
        Score::of(&logits, labels, scalar(&loss)?)
    }

    /// What is trained.
    #[must_use]
    pub fn network(&self) -> &ResNet {
        &self.network
    }

    /// What is trained.
    pub fn network_mut(&mut self) -> &mut ResNet {
        &mut self.network
    }

    /// Writes what the optimiser remembers.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        Ok(self.optimizer.save_state(path)?)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// If it does not fit.
    pub fn load_state(&mut self, path: &Path) -> Result<()> {
        Ok(self.optimizer.load_state(path)?)
    }
}
