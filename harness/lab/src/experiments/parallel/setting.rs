//! What runs are compared on: a potential with a start, or a network with its images.

use crate::experiments::descent::scene::Setting;
use crate::experiments::training::{Architecture, Moves, TrainingImages};
use crate::plan::Precision;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network to be trained by stochastic gradients.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NetworkProblem {
    /// The images.
    pub dataset: String,
    /// How many of them; all where nothing is said.
    #[serde(default)]
    pub images: TrainingImages,
    /// The residual network.
    pub architecture: Architecture,
    /// Images of a step.
    pub batch: usize,
    /// How images are moved before each step, if they are.
    pub augment: Option<Moves>,
}

impl NetworkProblem {
    pub(super) fn validated(&self) -> Result<Self> {
        self.architecture.check("network.architecture")?;
        ensure!(
            self.batch >= 2,
            "network.batch is {}, but normalising over a batch takes 2 images",
            self.batch
        );
        if let Some(moves) = self.augment {
            moves.check("network.augment")?;
        }
        Ok(self.clone())
    }
}

/// A network, its images and its start: what identifies a training.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct NetworkSetting {
    /// What is trained.
    pub network: NetworkProblem,
    /// real or surrogate.
    pub data_source: String,
    /// What identifies the images.
    pub data_digest: String,
    /// The root seed.
    pub seed: u64,
    /// Which start, counted from 0: other weights, another order of images.
    pub index: u64,
}

/// What identifies where a cell runs.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(untagged)]
pub enum ParallelSetting {
    /// A potential, whose gradient at a point is always the same.
    Potential(Setting),
    /// A network, whose gradient is another batch's at every step.
    Network(NetworkSetting),
}

impl ParallelSetting {
    /// How rows name it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Potential(setting) => setting.name(),
            Self::Network(setting) => &setting.network.dataset,
        }
    }

    /// real, surrogate or synthetic.
    #[must_use]
    pub fn data_source(&self) -> &str {
        match self {
            Self::Potential(setting) => &setting.data_source,
            Self::Network(setting) => &setting.data_source,
        }
    }

    /// Which start, counted from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        match self {
            Self::Potential(setting) => setting.index,
            Self::Network(setting) => setting.index,
        }
    }

    /// The root seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        match self {
            Self::Potential(setting) => setting.seed,
            Self::Network(setting) => setting.seed,
        }
    }

    /// The element type; that of a network's layers is f32.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::Potential(setting) => setting.precision,
            Self::Network(_) => Precision::F32,
        }
    }

    /// Bytes of a host's memory that a mover with so many replicas and so many vectors of all numbers takes at least;
    /// `size` is what data of rows have of them, features times classes.
    pub(super) fn memory(&self, vectors: usize, replicas: usize, size: Option<usize>) -> u64 {
        let of = |numbers: u64, count: u64| numbers.saturating_mul(count);
        match self {
            Self::Potential(setting) => {
                let numbers = setting.problem.dimension().or(size).unwrap_or(0) as u64;
                let bytes = setting.precision.dtype().size_in_bytes() as u64;
                of(of(numbers, vectors as u64), bytes)
            }
            Self::Network(setting) => {
                let NetworkProblem {
                    architecture,
                    batch,
                    ..
                } = &setting.network;
                let numbers = architecture.least_parameters();
                // What a batch becomes in its widest layers, of images of 32 x 32.
                let layers = of(2 * 1_024 * architecture.width as u64, *batch as u64);
                let replicas = of(3 * numbers + layers, replicas as u64);
                of(
                    replicas.saturating_add(of(numbers, vectors as u64)),
                    size_of::<f32>() as u64,
                )
            }
        }
    }
}
