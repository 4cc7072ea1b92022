//! The counterparts: steepest descent in some norm, with Heavy Ball momentum.

use super::{MethodSite, Spec};
use crate::plan::schema::kinetic_energy;
use crate::plan::{named, positive};
use anyhow::{Result, ensure};
use optim::{HeavyBall, Kinetic, Method, Recurrence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A direction, a step size and a momentum.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct HeavyBallSpec {
    /// The direction, by the kinetic energy that it is the counterpart of.
    #[serde(with = "named")]
    #[schemars(schema_with = "kinetic_energy")]
    kinetic_energy: Kinetic,
    /// η: the step size.
    step_size: f64,
    /// β: the momentum; 0 if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    momentum: Option<f64>,
}

impl Spec for HeavyBallSpec {
    fn check(&self) -> Result<()> {
        positive("step_size", self.step_size)?;
        let momentum = self.momentum.unwrap_or_default();
        ensure!(
            (0.0..1.0).contains(&momentum),
            "momentum is {momentum}, but lies in [0, 1)"
        );
        Ok(())
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let (kinetic, momentum) = (self.kinetic_energy, self.momentum.unwrap_or_default());
        let start = site.scene.start.clone();
        let method = HeavyBall::new(site.counted(), kinetic, self.step_size, momentum, start)?;
        Ok(Box::new(method))
    }

    fn recurrence(&self) -> Option<Recurrence> {
        let momentum = self.momentum.unwrap_or_default();
        Some(Recurrence::heavy_ball(
            self.kinetic_energy,
            self.step_size,
            momentum,
        ))
    }

    fn kinetic_energy(&self) -> Option<Kinetic> {
        Some(self.kinetic_energy)
    }

    fn step_size(&self) -> Option<f64> {
        Some(self.step_size)
    }

    fn momentum(&self) -> Option<f64> {
        self.momentum
    }
}
