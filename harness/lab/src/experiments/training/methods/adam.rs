//! Adam, whose means may be forgotten as a flow's velocity is.

use super::TrainingSpec;
use crate::plan::positive;
use anyhow::{Result, ensure};
use candle_nn::VarMap;
use optim::nn::{NetworkOptimizer, ResettingAdam, ResettingAdamConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A learning rate, and after how many steps the means are reset.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ResettingAdamSpec {
    /// η: the learning rate.
    learning_rate: f64,
    /// S: after how many steps its means begin anew; never if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset_every: Option<usize>,
}

impl TrainingSpec for ResettingAdamSpec {
    fn check(&self) -> Result<()> {
        let some = self.reset_every != Some(0);
        ensure!(some, "reset_every is 0, but is at least 1");
        positive("learning_rate", self.learning_rate)
    }

    fn build(&self, varmap: &VarMap, _seed: u64) -> Result<Box<dyn NetworkOptimizer>> {
        let config = ResettingAdamConfig {
            learning_rate: self.learning_rate,
            reset_every: self.reset_every,
            ..ResettingAdamConfig::default()
        };
        Ok(Box::new(ResettingAdam::of(varmap, config)?))
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
}
