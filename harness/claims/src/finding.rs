//! What a question comes to, and on which rows.

use super::verdict::{PartVerdict, Verdict, combined};
use serde::Deserialize;

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
    Contradiction {
        /// The statements.
        statements: Vec<String>,
        /// What rows say of them.
        sides: Vec<Side>,
    },
}

/// Holds what rows say of one side of a contradiction.
#[derive(Clone, Debug)]
pub struct Side {
    /// The statement that they would support.
    pub name: String,
    /// What the contradiction needs of it, if it does not stand either way.
    pub must: Option<Must>,
    /// What they come to.
    pub finding: Finding,
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

/// Returns the verdict on a contradiction: what its evidence is expected to hold or to fail has to do so.
fn contradiction(statements: &[String], sides: &[Side]) -> (Verdict, String) {
    let mut note = statements.join(" | but | ");
    let mut whole = Verdict::Contradiction;
    for Side {
        name,
        must,
        finding,
    } in sides
    {
        let (verdict, numbers) = finding.verdict();
        let expected = match must {
            None => true,
            Some(Must::Hold) => verdict == Verdict::Reproduced,
            Some(Must::Fail) => verdict == Verdict::NotReproduced,
        };
        let mut mark = "";
        if !expected {
            whole = Verdict::EvidenceMissing;
            mark = ", which the contradiction does not expect";
        }
        note += &format!("; measured, {name}: {verdict}{mark} ({numbers})");
    }
    (whole, note)
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
            Basis::Contradiction { statements, sides } => contradiction(statements, sides),
        }
    }

    /// Returns all parts that a verdict hangs on.
    pub fn parts(&self) -> Vec<&PartVerdict> {
        match &self.basis {
            Basis::Parts { parts, .. } => parts.iter().collect(),
            Basis::Untestable(_) => vec![],
            Basis::Contradiction { sides, .. } => {
                sides.iter().flat_map(|side| side.finding.parts()).collect()
            }
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
            Basis::Contradiction { sides, .. } => {
                let sides = sides.iter_mut();
                sides.flat_map(|side| side.finding.parts_mut()).collect()
            }
        }
    }
}
