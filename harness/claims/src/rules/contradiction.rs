//! `contradiction`: statements of a paper exclude each other.

use super::{Answers, Judging};
use crate::finding::{Basis, Finding, Must, Side};
use crate::question::{Evidence, RowScope};
use anyhow::{Context, Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Asks whether statements of a paper exclude each other. That they do is read off the paper; where
/// rows can bear it out, they have to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The statements.
    between: Vec<String>,
    /// What the rows say of them.
    #[serde(default)]
    evidence: Vec<Evidence>,
}

impl Answers for Contradiction {
    fn check_all(&self) -> Result<()> {
        ensure!(
            self.between.len() >= 2,
            "between has {} statement, but it takes two to contradict",
            self.between.len()
        );
        for (index, evidence) in self.evidence.iter().enumerate() {
            let checked = evidence.question().check();
            checked.with_context(|| format!("evidence[{index}]"))?;
        }
        Ok(())
    }

    fn asks(&self) -> String {
        let sides = self
            .evidence
            .iter()
            .filter_map(|e| Some((e.must?, &e.side)));
        let told = sides.map(|(must, side)| match must {
            Must::Hold => side.clone(),
            Must::Fail => format!("not so: {side}"),
        });
        match told.collect::<Vec<_>>() {
            none if none.is_empty() => "both places are in the text as quoted".into(),
            told => told.join("; and "),
        }
    }

    fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    fn answer(&self, _scope: &RowScope, judging: &Judging) -> Finding {
        let answer = |evidence: &Evidence| Side {
            name: evidence.side.clone(),
            must: evidence.must,
            finding: judging.answer(evidence.question()),
        };
        let sides: Vec<Side> = self.evidence.iter().map(answer).collect();
        let mut cells: Vec<String> = sides.iter().flat_map(|s| s.finding.cells.clone()).collect();
        let mut known = BTreeSet::new();
        cells.retain(|cell| known.insert(cell.clone()));
        let statements = self.between.clone();
        Finding::new(Basis::Contradiction { statements, sides }, cells)
    }
}
