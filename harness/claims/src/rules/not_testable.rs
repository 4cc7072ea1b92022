//! `not-testable`: nothing here can answer it.

use super::{Answers, Finding, Judging, RowScope};
use anyhow::Result;
use schemars::JsonSchema;
use serde::Deserialize;

/// Says of a claim that nothing here can answer what it would take.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NotTestable {
    /// What it would take.
    needs: String,
}

impl Answers for NotTestable {
    fn check_all(&self) -> Result<()> {
        Ok(())
    }

    fn asks(&self) -> String {
        format!("what it needs were here: {}", self.needs)
    }

    fn answer(&self, _scope: &RowScope, _judging: &Judging) -> Finding {
        Finding::untestable(format!("needs {}", self.needs))
    }
}
