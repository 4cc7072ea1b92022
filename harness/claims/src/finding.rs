//! What a question comes to, and on which rows.

use super::rules::Contradiction;
use super::verdict::{PartVerdict, Verdict, combined};

/// Holds what a question comes to.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What the verdict hangs on.
    pub basis: Basis,
    /// Keys of the rows.
    pub cells: Vec<String>,
    /// What it comes to under other readings of the paper, by their names.
    pub beside: Vec<(String, Finding)>,
}

/// Says what a verdict hangs on.
#[derive(Clone, Debug)]
pub enum Basis {
    /// Parts, each with a verdict of its own. The comparisons among them belong to the target's.
    Parts {
        /// The target.
        target: String,
        /// The parts.
        parts: Vec<PartVerdict>,
    },
    /// Nothing, for a reason.
    Untestable(String),
    /// Statements that exclude each other.
    Evidence {
        /// The statements.
        rule: Contradiction,
        /// What each piece of evidence comes to.
        findings: Vec<Finding>,
    },
}

impl Finding {
    /// Makes a finding of rows with these keys.
    pub fn new(basis: Basis, cells: Vec<String>) -> Self {
        Self {
            basis,
            cells,
            beside: vec![],
        }
    }

    /// Finds that a question cannot be answered.
    pub fn untestable(note: impl Into<String>) -> Self {
        Self::new(Basis::Untestable(note.into()), vec![])
    }

    /// Returns the verdict, and the numbers it is passed on.
    pub fn verdict(&self) -> (Verdict, String) {
        match &self.basis {
            Basis::Parts { parts, .. } => combined(parts),
            Basis::Untestable(note) => (Verdict::NotTestable, note.clone()),
            Basis::Evidence { rule, findings } => rule.verdict(findings),
        }
    }

    /// Returns all parts that a verdict hangs on.
    pub fn parts(&self) -> Vec<&PartVerdict> {
        match &self.basis {
            Basis::Parts { parts, .. } => parts.iter().collect(),
            Basis::Untestable(_) => vec![],
            Basis::Evidence { findings, .. } => findings.iter().flat_map(Self::parts).collect(),
        }
    }

    /// Returns the same with their targets, to be changed.
    pub fn parts_mut(&mut self) -> Vec<(&str, &mut PartVerdict)> {
        match &mut self.basis {
            Basis::Parts { target, parts } => {
                let parts = parts.iter_mut();
                parts.map(|part| (target.as_str(), part)).collect()
            }
            Basis::Untestable(_) => vec![],
            Basis::Evidence { findings, .. } => {
                findings.iter_mut().flat_map(Self::parts_mut).collect()
            }
        }
    }
}
