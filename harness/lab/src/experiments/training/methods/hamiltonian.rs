//! Hamiltonian Descent.

use super::TrainingSpec;
use crate::plan::schema::{integration, kinetic_energy, scope};
use crate::plan::{named, positive};
use anyhow::{Result, ensure};
use candle_nn::VarMap;
use optim::Kinetic;
use optim::nn::{HamiltonianConfig, HamiltonianDescent, Integration, NetworkOptimizer, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kinetic energy, an integrator, and a flow's steps.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct HamiltonianSpec {
    /// φ: the kinetic energy.
    #[serde(with = "named", alias = "kinetic_energy")]
    #[schemars(rename = "kinetic_energy", schema_with = "kinetic_energy")]
    kinetic: Kinetic,
    /// Over what φ is taken.
    #[serde(default, with = "named")]
    #[schemars(schema_with = "scope")]
    scope: Scope,
    /// What makes the steps of a flow.
    #[serde(with = "named", alias = "integrator")]
    #[schemars(rename = "integrator", schema_with = "integration")]
    integration: Integration,
    /// θ: the step size.
    step_size: f64,
    /// S: the steps of a flow.
    steps: usize,
}

impl TrainingSpec for HamiltonianSpec {
    fn check(&self) -> Result<()> {
        positive("step_size", self.step_size)?;
        ensure!(self.steps > 0, "steps is 0, but a flow has at least 1");
        Ok(())
    }

    fn build(&self, varmap: &VarMap, seed: u64) -> Result<Box<dyn NetworkOptimizer>> {
        let config = HamiltonianConfig {
            kinetic: self.kinetic,
            scope: self.scope,
            integration: self.integration,
            step_size: self.step_size,
            steps: self.steps,
            seed,
        };
        Ok(Box::new(HamiltonianDescent::of(varmap, config)?))
    }

    fn learning_rate(&self) -> f64 {
        self.step_size * self.step_size
    }

    fn kinetic_energy(&self) -> Option<Kinetic> {
        Some(self.kinetic)
    }

    fn scope(&self) -> Option<Scope> {
        Some(self.scope)
    }

    fn integrator(&self) -> Option<Integration> {
        Some(self.integration)
    }

    fn step_size(&self) -> Option<f64> {
        Some(self.step_size)
    }

    fn steps(&self) -> Option<usize> {
        Some(self.steps)
    }
}
