//! `contradiction`: statements of a paper exclude each other.

use super::{Answers, Judging, Rule};
use crate::finding::{Basis, Finding};
use crate::question::{Question, RowScope};
use crate::verdict::Verdict;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Asks whether statements of a paper exclude each other. That they do is read off the paper; where
/// rows can bear it out, they have to.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The statements.
    between: Vec<String>,
    /// What the rows say of them.
    #[serde(default)]
    evidence: Vec<Evidence>,
}

/// Asks rows about one side of a contradiction.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The statement that rows would support.
    side: String,
    /// What the contradiction needs of it; none where it stands either way and rows only tell which
    /// side the measurement is on.
    pub must: Option<Must>,
    rows: RowScope,
    #[serde(with = "serde_yaml::with::singleton_map")]
    judge: Rule,
}

/// Says what a contradiction needs of its evidence.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Must {
    /// Reproduced.
    Hold,
    /// Not reproduced.
    Fail,
}

impl Evidence {
    /// Returns what the rows are asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            scope: &self.rows,
            rule: &self.judge,
        }
    }

    fn is_as_expected(&self, verdict: Verdict) -> bool {
        match self.must {
            None => true,
            Some(Must::Hold) => verdict == Verdict::Reproduced,
            Some(Must::Fail) => verdict == Verdict::NotReproduced,
        }
    }
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

    fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    fn answer(&self, _scope: &RowScope, judging: &Judging) -> Finding {
        let answer = |evidence: &Evidence| judging.answer(evidence.question());
        let findings: Vec<Finding> = self.evidence.iter().map(answer).collect();
        let mut cells: Vec<String> = findings.iter().flat_map(|f| f.cells.clone()).collect();
        let mut known = BTreeSet::new();
        cells.retain(|cell| known.insert(cell.clone()));
        let rule = self.clone();
        Finding::new(Basis::Evidence { rule, findings }, cells)
    }
}

impl Contradiction {
    /// Returns the verdict on what its evidence comes to: what is expected to hold or to fail has to do
    /// so.
    pub fn verdict(&self, findings: &[Finding]) -> (Verdict, String) {
        let mut note = self.between.join(" | but | ");
        let mut whole = Verdict::Contradiction;
        for (evidence, finding) in self.evidence.iter().zip(findings) {
            let (verdict, numbers) = finding.verdict();
            let mut mark = "";
            if !evidence.is_as_expected(verdict) {
                whole = Verdict::EvidenceMissing;
                mark = ", which the contradiction does not expect";
            }
            note += &format!("; measured, {}: {verdict}{mark} ({numbers})", evidence.side);
        }
        (whole, note)
    }
}
