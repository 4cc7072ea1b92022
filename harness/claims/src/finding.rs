//! What a question comes to, and on which rows.

use super::verdict::{PartVerdict, Verdict, combined, in_short};
use schemars::JsonSchema;
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
    /// Nothing, as its target was not run; how to run it.
    NotRun(String),
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
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
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
    for side in sides {
        let (verdict, numbers) = side.finding.verdict();
        let name = &side.name;
        let mut mark = "";
        if !side.is_met() {
            whole = Verdict::EvidenceMissing;
            mark = ", which the contradiction does not expect";
        }
        note += &format!("; measured, {name}: {verdict}{mark} ({numbers})");
    }
    let not_run = |side: &Side| matches!(side.finding.basis, Basis::NotRun(_));
    if !sides.is_empty() && sides.iter().all(not_run) {
        whole = Verdict::NotRun;
    }
    (whole, note)
}

/// Says what excludes what, and how much of the evidence says so too.
fn contradiction_in_short(statements: &[String], sides: &[Side]) -> String {
    let told = statements.join("; but ");
    let (expected, met): (Vec<&Side>, Vec<&Side>) = {
        let expected = sides.iter().filter(|side| side.must.is_some());
        let met = expected.clone().filter(|side| side.is_met());
        (expected.collect(), met.collect())
    };
    match (expected.len(), met.len()) {
        (0, _) => format!("{told}: read off the text"),
        (all, met) if all == met => {
            format!("{told}: rows bear it out, in all {all} respects asked")
        }
        (all, met) => format!("{told}: rows bear out {met} of {all} respects asked"),
    }
}

impl Side {
    /// Says whether it came out as the contradiction needs it.
    fn is_met(&self) -> bool {
        let (verdict, _) = self.finding.verdict();
        match self.must {
            None => true,
            Some(Must::Hold) => verdict == Verdict::Reproduced,
            Some(Must::Fail) => verdict == Verdict::NotReproduced,
        }
    }
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

    /// Finds that what a question is put to was not run.
    pub fn not_run(note: impl Into<String>) -> Self {
        Self::new(Basis::NotRun(note.into()), vec![])
    }

    /// Says why it comes to its verdict, in a line.
    pub fn in_short(&self) -> String {
        match &self.basis {
            Basis::Parts { parts, .. } => in_short(parts),
            Basis::Untestable(note) | Basis::NotRun(note) => note.clone(),
            Basis::Contradiction { statements, sides } => contradiction_in_short(statements, sides),
        }
    }

    /// Returns the verdict, and the numbers it is passed on.
    pub fn verdict(&self) -> (Verdict, String) {
        match &self.basis {
            Basis::Parts { parts, .. } => combined(parts),
            Basis::Untestable(note) => (Verdict::NotTestable, note.clone()),
            Basis::NotRun(note) => (Verdict::NotRun, note.clone()),
            Basis::Contradiction { statements, sides } => contradiction(statements, sides),
        }
    }

    /// Returns all parts that a verdict hangs on.
    pub fn parts(&self) -> Vec<&PartVerdict> {
        match &self.basis {
            Basis::Parts { parts, .. } => parts.iter().collect(),
            Basis::Untestable(_) | Basis::NotRun(_) => vec![],
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
            Basis::Untestable(_) | Basis::NotRun(_) => vec![],
            Basis::Contradiction { sides, .. } => {
                let sides = sides.iter_mut();
                sides.flat_map(|side| side.finding.parts_mut()).collect()
            }
        }
    }
}
