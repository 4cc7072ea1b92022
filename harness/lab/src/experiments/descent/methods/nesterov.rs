//! Nesterov's method.

use super::{MethodSite, Spec};
use crate::plan::positive;
use anyhow::Result;
use optim::{Acceleration, Method, Nesterov, Recurrence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step size.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NesterovSpec {
    /// η: the step size.
    step_size: f64,
}

impl Spec for NesterovSpec {
    fn check(&self) -> Result<()> {
        positive("step_size", self.step_size)
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let start = site.scene.start.clone();
        let restarted = Acceleration::Restarted;
        let method = Nesterov::new(site.counted(), restarted, self.step_size, start)?;
        Ok(Box::new(method))
    }

    fn recurrence(&self) -> Option<Recurrence> {
        Some(Recurrence::nesterov(
            Acceleration::Restarted,
            self.step_size,
        ))
    }

    fn step_size(&self) -> Option<f64> {
        Some(self.step_size)
    }
}
