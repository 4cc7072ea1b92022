//! Newton's method by conjugate gradients.

use super::{MethodSite, Spec};
use anyhow::Result;
use optim::{Method, TruncatedNewton};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// It has no numbers.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NewtonSpec {}

impl Spec for NewtonSpec {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn build(&self, site: &MethodSite<'_>) -> Result<Box<dyn Method>> {
        let (potential, start) = (site.scene.potential.clone(), site.scene.start.clone());
        Ok(Box::new(TruncatedNewton::new(potential, start)))
    }

    fn gradients_an_iteration(&self) -> Option<u64> {
        None
    }
}
