//! What a plan of kind `training` says, validated.

use super::network::Architecture;
use crate::experiments::identity::repeated;
use crate::plan::{OneOrMany, Plan, named, positive};
use anyhow::{Context, Result, bail, ensure};
use datasets::Augment;
use optim::Kinetic;
use optim::nn::{BaselineConfig, HamiltonianConfig, Integration, Scope};
use serde::{Deserialize, Serialize};

/// A plan.
#[derive(Clone, Debug)]
pub struct TrainingPlan {
    /// The data set of images.
    pub dataset: String,
    /// How many images of each part; all if `None`.
    pub images: TrainingImages,
    /// The network.
    pub network: Architecture,
    /// Images of a step.
    pub batch: usize,
    /// How images are varied.
    pub augment: Option<Moves>,
    /// Passes over the training images.
    pub epochs: usize,
    /// How many times, from different weights and in different orders.
    pub starts: u64,
    /// A loss above this is an explosion.
    pub diverged_above: f64,
    /// What is compared.
    pub methods: Vec<TrainingContestant>,
    /// What is drawn.
    pub pictures: Vec<TrainingPicture>,
    /// What has to be said.
    pub notes: Vec<String>,
}

/// How many images.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TrainingImages {
    /// To train on.
    pub train: Option<usize>,
    /// To test on.
    pub test: Option<usize>,
}

/// [`Augment`] as it is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// Pixels.
    pub pad: usize,
    /// Mirrored by chance.
    pub flip: bool,
}

impl From<Moves> for Augment {
    fn from(moves: Moves) -> Self {
        Self {
            pad: moves.pad,
            flip: moves.flip,
        }
    }
}

/// A method by name.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingContestant {
    /// As the paper calls it.
    pub name: String,
    /// The pictures it is in, by their groups.
    pub groups: Vec<String>,
    /// With all its numbers.
    pub method: TrainingMethod,
}

/// A method with all its numbers.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TrainingMethod {
    /// Hamiltonian Descent.
    Hamiltonian {
        /// φ.
        #[serde(with = "named")]
        kinetic: Kinetic,
        /// Over what φ is taken.
        #[serde(with = "named")]
        scope: Scope,
        /// The integrator.
        #[serde(with = "named")]
        integration: Integration,
        /// θ.
        step_size: f64,
        /// S.
        steps: usize,
    },
    /// A counterpart.
    Baseline {
        /// φ, whose gradient is the direction.
        #[serde(with = "named")]
        direction: Kinetic,
        /// Over what φ is taken.
        #[serde(with = "named")]
        scope: Scope,
        /// η.
        learning_rate: f64,
        /// β.
        momentum: f64,
    },
}

impl TrainingMethod {
    /// For the optimiser, with the seed of its random numbers.
    #[must_use]
    pub fn config(&self, seed: u64) -> Config {
        match *self {
            Self::Hamiltonian {
                kinetic,
                scope,
                integration,
                step_size,
                steps,
            } => Config::Hamiltonian(HamiltonianConfig {
                kinetic,
                scope,
                integration,
                step_size,
                steps,
                seed,
            }),
            Self::Baseline {
                direction,
                scope,
                learning_rate,
                momentum,
            } => Config::Baseline(BaselineConfig {
                direction,
                scope,
                learning_rate,
                momentum,
            }),
        }
    }
}

/// An optimiser's configuration.
pub enum Config {
    /// Of Hamiltonian Descent.
    Hamiltonian(HamiltonianConfig),
    /// Of a counterpart.
    Baseline(BaselineConfig),
}

/// What a picture shows over the epochs.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingMetric {
    /// Share of test images classified rightly.
    TestAccuracy,
    /// Mean cross-entropy of the training batches of an epoch.
    TrainLoss,
    /// Mean cross-entropy of the test images.
    TestLoss,
    /// Share of training images classified rightly, batch by batch.
    TrainAccuracy,
}

/// A picture.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TrainingPicture {
    /// Its file's name.
    pub name: String,
    /// What it shows, in words.
    pub title: String,
    /// Over the epochs.
    pub metric: TrainingMetric,
    /// Of the methods of this group.
    pub group: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingForm {
    dataset: String,
    #[serde(default)]
    images: TrainingImages,
    network: Architecture,
    batch: usize,
    augment: Option<Moves>,
    epochs: usize,
    starts: u64,
    diverged_above: f64,
    methods: Vec<TrainingMethodForm>,
    pictures: Vec<TrainingPicture>,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainingMethodForm {
    name: String,
    groups: Vec<String>,
    hamiltonian: Option<WireHamiltonian>,
    baseline: Option<WireBaseline>,
}

/// A list of steps is a method for each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHamiltonian {
    kinetic_energy: String,
    scope: Option<String>,
    integrator: String,
    step_size: f64,
    steps: OneOrMany<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBaseline {
    direction: String,
    scope: Option<String>,
    learning_rate: f64,
    #[serde(default)]
    momentum: f64,
}

impl TrainingPlan {
    /// From a plan with its profile chosen.
    ///
    /// # Errors
    /// Whatever cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.body::<TrainingForm>()?.validated()
    }
}

impl TrainingForm {
    fn validated(self) -> Result<TrainingPlan> {
        ensure!(
            self.batch >= 2,
            "batch is {}, but normalising over a batch takes 2 images",
            self.batch
        );
        ensure!(self.epochs >= 1, "epochs is 0, but a run has at least 1");
        ensure!(self.starts >= 1, "starts is 0, but there is at least 1");
        positive("diverged_above", self.diverged_above)?;
        let blocks = &self.network.blocks;
        ensure!(
            (1..=4096).contains(&self.network.width) && !blocks.is_empty() && !blocks.contains(&0),
            "network: a width (at most 4096) and a block in each of its stages are wanted"
        );
        ensure!(blocks.len() <= 8, "network: has more than 8 stages");
        if let Some(moves) = self.augment {
            ensure!(
                moves.pad <= 16,
                "augment.pad is {}, but is at most 16",
                moves.pad
            );
        }
        let mut methods: Vec<TrainingContestant> = Vec::new();
        for wire in &self.methods {
            let made = wire
                .made()
                .with_context(|| format!("methods: {}", wire.name))?;
            for method in made {
                let known = methods.iter_mut().find(|m| m.method == method);
                match known {
                    // The same run in several pictures.
                    Some(known) if known.name == wire.name => {
                        known.groups.extend(wire.groups.iter().cloned());
                    }
                    Some(known) => bail!(
                        "methods: {} is the same as {}; the same run cannot have two names",
                        wire.name,
                        known.name
                    ),
                    None => methods.push(TrainingContestant {
                        name: wire.name.clone(),
                        groups: wire.groups.clone(),
                        method,
                    }),
                }
            }
        }
        let names: Vec<&String> = self.pictures.iter().map(|picture| &picture.name).collect();
        if let Some(name) = repeated(&names) {
            bail!("pictures: two are named `{name}`");
        }
        for picture in &self.pictures {
            ensure!(
                methods.iter().any(|m| m.groups.contains(&picture.group)),
                "pictures: no method is in the group `{}`",
                picture.group
            );
        }
        Ok(TrainingPlan {
            dataset: self.dataset,
            images: self.images,
            network: self.network,
            batch: self.batch,
            augment: self.augment,
            epochs: self.epochs,
            starts: self.starts,
            diverged_above: self.diverged_above,
            methods,
            pictures: self.pictures,
            notes: self.notes,
        })
    }
}

impl TrainingMethodForm {
    fn made(&self) -> Result<Vec<TrainingMethod>> {
        let scope = |name: &Option<String>| match name {
            Some(name) => Ok(name.parse::<Scope>()?),
            None => anyhow::Ok(Scope::default()),
        };
        match (&self.hamiltonian, &self.baseline) {
            (Some(wire), None) => {
                positive("step_size", wire.step_size)?;
                let steps = wire.steps.all();
                ensure!(!steps.contains(&0), "steps is 0, but a flow has at least 1");
                let method = |steps| {
                    Ok(TrainingMethod::Hamiltonian {
                        kinetic: wire.kinetic_energy.parse()?,
                        scope: scope(&wire.scope)?,
                        integration: wire.integrator.parse()?,
                        step_size: wire.step_size,
                        steps,
                    })
                };
                steps.into_iter().map(method).collect()
            }
            (None, Some(wire)) => {
                positive("learning_rate", wire.learning_rate)?;
                ensure!(
                    (0.0..1.0).contains(&wire.momentum),
                    "momentum is {}, but lies in [0, 1)",
                    wire.momentum
                );
                Ok(vec![TrainingMethod::Baseline {
                    direction: wire.direction.parse()?,
                    scope: scope(&wire.scope)?,
                    learning_rate: wire.learning_rate,
                    momentum: wire.momentum,
                }])
            }
            _ => bail!("is either `hamiltonian: {{…}}` or `baseline: {{…}}`"),
        }
    }
}
