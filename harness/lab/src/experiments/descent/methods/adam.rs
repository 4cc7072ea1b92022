//! Adam, whose means may be forgotten as a flow's velocity is.

use super::{MethodSite, Spec};
use crate::plan::positive;
use anyhow::{Result, ensure};
use optim::{Adam, Method, Recurrence, Update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step size, and after how many steps the means are reset.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AdamSpec {
    /// η: the step size.
    step_size: f64,
    /// S: after how many steps its moments begin anew; never if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset_every: Option<usize>,
}

impl Spec for AdamSpec {
    fn check(&self) -> Result<()> {
        let some = self.reset_every != Some(0);
        ensure!(some, "reset_every is 0, but is at least 1");
        positive("step_size", self.step_size)
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let start = site.scene.start.clone();
        let adam = Adam::new(site.counted(), self.step_size, start)?;
        Ok(match self.reset_every {
            Some(every) => Box::new(adam.resetting(every)?),
            None => Box::new(adam),
        })
    }

    fn recurrence(&self) -> Option<Recurrence> {
        let reset_every = self.reset_every;
        Some(Recurrence {
            update: Update::Adam { reset_every },
            ..Recurrence::adam(self.step_size)
        })
    }

    fn step_size(&self) -> Option<f64> {
        Some(self.step_size)
    }
}
