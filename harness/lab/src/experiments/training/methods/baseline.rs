//! The counterparts: steepest descent in some norm, with Heavy Ball momentum.

use super::TrainingSpec;
use crate::plan::schema::{kinetic_energy, scope};
use crate::plan::{named, positive};
use anyhow::{Result, ensure};
use candle_nn::VarMap;
use optim::Kinetic;
use optim::nn::{BaselineConfig, BaselineDescent, NetworkOptimizer, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A direction, a learning rate and a momentum.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BaselineSpec {
    /// φ, whose gradient is the direction.
    #[serde(with = "named")]
    #[schemars(schema_with = "kinetic_energy")]
    direction: Kinetic,
    /// Over what φ is taken.
    #[serde(default, with = "named")]
    #[schemars(schema_with = "scope")]
    scope: Scope,
    /// η: the learning rate.
    learning_rate: f64,
    /// β: the momentum.
    #[serde(default)]
    momentum: f64,
}

impl TrainingSpec for BaselineSpec {
    fn check(&self) -> Result<()> {
        positive("learning_rate", self.learning_rate)?;
        let momentum = self.momentum;
        ensure!(
            (0.0..1.0).contains(&momentum),
            "momentum is {momentum}, but lies in [0, 1)"
        );
        Ok(())
    }

    fn build(&self, varmap: &VarMap, _seed: u64) -> Result<Box<dyn NetworkOptimizer>> {
        let config = BaselineConfig {
            direction: self.direction,
            scope: self.scope,
            learning_rate: self.learning_rate,
            momentum: self.momentum,
        };
        Ok(Box::new(BaselineDescent::of(varmap, config)?))
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn kinetic_energy(&self) -> Option<Kinetic> {
        Some(self.direction)
    }

    fn scope(&self) -> Option<Scope> {
        Some(self.scope)
    }

    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }
}
