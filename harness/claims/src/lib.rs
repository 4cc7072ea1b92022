//! What the papers claim, and what the rows say of it.
//!
//! `configs/claims.yaml` lists the claims: each quotes a paper, names the target whose rows answer
//! it, and says by which [`Predicate`] they do. [`judge()`] turns rows into verdicts; it sees rows
//! only, so claims can be judged again without running anything. No verdict is written by hand,
//! and no number of a claim is in Rust.

mod best_of;
mod compare;
mod judge;
mod ordering;
mod predicate;
mod range;
mod rules;
mod select;
mod speedup;
mod tally;
mod verdict;
mod wire;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub use judge::judge;
pub use predicate::{
    Against, Beside, BestOf, Better, Contradiction, Differ, Direction, Evidence, Holds, Interval,
    Must, NotTestable, Ordering, Over, Predicate, Question, Scale, Slope, Speedup, Trend,
    ValueRule,
};
pub use range::Range;
pub use select::{Filter, Group, Match, Scalar};
pub use tally::{Tally, comparisons, headline, tallies};
pub use verdict::Verdict;

use anyhow::Result;
use rows::{Column, Frame, Typed, schema};
use serde::Deserialize;
use std::collections::BTreeSet;

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

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::P => {
                "Frictionless Hamiltonian Descent with Discretization and Parallel Optimization"
            }
            Self::G => {
                "Exposition on the connections between descent methods and Hamiltonian mechanics"
            }
        }
    }
}

/// Whose words a claim is, which is what it counts as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A paper's statement: what reproduction is about.
    #[default]
    Statement,
    /// What a statement is compared with: it has to come out so for the experiment to mean anything.
    Control,
    /// What was found on the way and no paper says.
    Finding,
    /// Two places of a paper that exclude each other, or a slip of its text.
    Erratum,
}

impl Kind {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Statement, Self::Control, Self::Finding, Self::Erratum];

    /// The word in rows and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Control => "control",
            Self::Finding => "finding",
            Self::Erratum => "erratum",
        }
    }
}

impl Typed for Kind {
    const KIND: rows::Kind = rows::Kind::Text;

    fn value(&self) -> rows::Value {
        rows::Value::Text(Some(self.word().to_owned()))
    }
}

/// Something that a paper says and rows can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name.
    pub id: String,
    /// Which paper says it.
    pub paper: Paper,
    /// Whose words it is.
    pub kind: Kind,
    /// The sentence that it is part of: claims of one sentence are counted once.
    pub sentence: String,
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

    /// The claims on one target with their verdicts, by its rows alone.
    #[must_use]
    pub fn on(&self, rows: TargetRows) -> Vec<ClaimRow> {
        let mine = |claim: &&Claim| claim.question.target == rows.target;
        let own = Self {
            profile: self.profile.clone(),
            claims: self.claims.iter().filter(mine).cloned().collect(),
            ..*self
        };
        judge(&own, &[rows])
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
    let beside = question.beside.iter().map(|reading| &reading.r#where);
    let filters = filters.into_iter().chain(beside);
    for filter in filters.chain(question.predicate.filters()) {
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
        kind: Kind, "", "statement: a paper's own; control: what it is compared with; finding: what no paper says; erratum: a slip or contradiction of a paper.";
        sentence: String, "", "The sentence that it is part of: claims of one sentence count once.";
        paper: String, "", "P: Frictionless Hamiltonian Descent; G: the exposition.";
        place: String, "", "Where the paper says it.";
        says: String, "", "What it says.";
        target: String, "", "The target whose rows answer it.";
        judge: String, "", "How they do.";
        verdict: Verdict, "", "reproduced, faster than the paper, partly, not reproduced, inconclusive, paper contradicts itself, evidence missing, not testable here.";
        note: String, "", "The numbers it was judged on, and why it was read so.";
        beside: Option<String>, "", "What the same question comes to under other readings of the paper: shown, never part of the verdict.";
        rows: String, "", "The keys of the rows it was judged on.";
        pairs: Option<u64>, "", "How many pairs of rows were compared.";
        comparisons: Option<u64>, "", "How many paired comparisons have a p-value, besides those that a claim before made already.";
        decided: Option<u64>, "", "How many of these are decided.";
        p: Option<f64>, "", "The largest p-value of those decided, after the procedure of Benjamini and Hochberg over all comparisons of the target.";
    }
}
