//! A target that is listed and cannot be run yet.

use super::{Bench, Context, Experiment, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::Plan;
use crate::report::Document;
use anyhow::{Result, bail};
use datasets::Dataset;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// What is missing.
    missing: String,
}

/// Says what is missing when it is asked to run.
pub struct Planned {
    target: String,
    missing: String,
}

impl Planned {
    /// From its plan.
    ///
    /// # Errors
    /// If the plan does not say what is missing.
    pub fn new(plan: &Plan) -> Result<Self> {
        let body: Body = plan.body()?;
        Ok(Self {
            target: plan.target.clone(),
            missing: body.missing,
        })
    }
}

impl Experiment for Planned {
    fn units(&self, _machine: &Machine, _data: &[Dataset]) -> Result<Vec<Unit>> {
        bail!("{} cannot be run yet: {}", self.target, self.missing)
    }

    fn measure(&mut self, _bench: &Bench<'_>, _cells: &[Cell]) -> Result<Vec<Outcome>> {
        Ok(Vec::new())
    }

    fn document(&self, _context: &Context<'_>, _entries: &[Entry]) -> Result<Document> {
        Ok(Document::default())
    }
}
