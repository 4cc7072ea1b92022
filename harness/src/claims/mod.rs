//! What the papers claim, and what the rows say of it.
//!
//! `configs/claims.yaml` lists the claims: each quotes a paper, names the target whose rows answer
//! it, and says by which [`Predicate`] they do. [`judge()`] turns rows into verdicts; it sees rows
//! only, so claims can be judged again without running anything. No verdict is written by hand,
//! and no number of a claim is in Rust.

mod compare;
mod judge;
mod predicate;
mod range;
mod rules;
mod select;
mod verdict;
mod wire;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub use judge::{judge, summary_line};
pub use predicate::{
    Against, BestOf, Better, Contradiction, Direction, Evidence, Holds, Interval, NotTestable,
    Ordering, Over, Predicate, Question, RowVerdict, Scale, Slope, Trend, ValueRule,
};
pub use range::Range;
pub use select::{Filter, Group, Match, Scalar};
pub use verdict::Verdict;

use crate::rows::{Column, Frame, schema};
use anyhow::Result;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::str::FromStr;

/// One of the two papers.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Paper {
    /// "Frictionless Hamiltonian Descent with Discretization and Parallel Optimization".
    P,
    /// "Exposition on the connections between descent methods and Hamiltonian mechanics".
    G,
}

impl Paper {
    /// Its letter.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::G => "G",
        }
    }
}

impl FromStr for Paper {
    type Err = ();

    fn from_str(letter: &str) -> std::result::Result<Self, ()> {
        match letter {
            "P" => Ok(Self::P),
            "G" => Ok(Self::G),
            _ => Err(()),
        }
    }
}

/// Something that a paper says and rows can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name.
    pub id: String,
    /// Which paper says it.
    pub paper: Paper,
    /// Where.
    pub place: String,
    /// What: a quotation, or a faithful paraphrase.
    pub says: String,
    /// Why it is read as it is.
    pub note: Option<String>,
    /// What the rows are asked.
    pub question: Question,
}

/// All claims, with what their verdicts are passed with.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The confidence of the intervals of paired differences.
    pub confidence: f64,
    /// The fewest pairs that may decide anything.
    pub least_pairs: usize,
    /// The profile that a reader is told to run.
    pub profile: String,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// The rows of a target, as far as it has been run.
#[derive(Clone, Debug)]
pub struct TargetRows {
    /// The target.
    pub target: String,
    /// Whether the profile that was run is long enough for verdicts.
    pub verdicts: bool,
    /// Its rows.
    pub frames: Vec<Frame>,
}

impl Claims {
    /// From YAML.
    ///
    /// # Errors
    /// What is unknown, missing or impossible, by claim and key.
    pub fn from_yaml(text: &str) -> Result<Self> {
        datasets::yaml::load::<wire::File>(text)?.validated()
    }

    /// The columns that claims on a frame name and its schema does not have: none, if whoever
    /// writes that frame and these claims agree.
    #[must_use]
    pub fn unknown_columns(&self, target: &str, frame: &str, columns: &[Column]) -> Vec<String> {
        let mut unknown = BTreeSet::new();
        for claim in &self.claims {
            for question in asked(&claim.question) {
                if question.target != target || question.frame != frame {
                    continue;
                }
                for name in named(question) {
                    if !columns.iter().any(|c| c.name == name) {
                        unknown.insert(format!("{}: {name}", claim.id));
                    }
                }
            }
        }
        unknown.into_iter().collect()
    }
}

/// The questions of a claim that rows are looked up for.
fn asked(question: &Question) -> Vec<&Question> {
    match &question.predicate {
        Predicate::Contradiction(rule) => rule
            .evidence
            .iter()
            .flat_map(|e| asked(&e.question))
            .collect(),
        Predicate::NotTestable(_) => vec![],
        _ => vec![question],
    }
}

/// The columns that a question names.
fn named(question: &Question) -> Vec<&str> {
    let mut names = question.predicate.columns();
    let filters = [&question.filter, &question.requires];
    for filter in filters.into_iter().chain(question.predicate.filters()) {
        for (column, what) in filter {
            names.push(column);
            if let Match::Same { same_as } = what {
                names.push(same_as);
            }
        }
    }
    for group in question.predicate.groups() {
        match group {
            Group::Column(column) | Group::Words { column, .. } => names.push(column),
        }
    }
    names
}

schema! {
    /// What a claim came to: `claims.parquet`, `claims.csv`.
    ClaimRow {
        claim: String, "", "The claim's name.";
        paper: String, "", "P: Frictionless Hamiltonian Descent; G: the exposition.";
        place: String, "", "Where the paper says it.";
        says: String, "", "What it says.";
        target: String, "", "The target whose rows answer it.";
        judge: String, "", "How they do.";
        verdict: String, "", "reproduced, partly, not reproduced, inconclusive, paper contradicts itself, not testable here.";
        note: String, "", "The numbers it was judged on, and why it was read so.";
        rows: String, "", "The keys of the rows it was judged on.";
        pairs: Option<u64>, "", "How many pairs of rows were compared.";
    }
}
