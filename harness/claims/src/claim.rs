//! Claims, and the row that each of them becomes.

use super::question::{Question, RowScope};
use super::rules::{Rule, RuleKind};
use super::verdict::Verdict;
use anyhow::{Result, ensure};
use rows::{Column, Typed, schema};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Names a paper.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
pub enum Paper {
    /// "Frictionless Hamiltonian Descent with Discretization and Parallel Optimization".
    #[default]
    P,
    /// "Exposition on the connections between descent methods and Hamiltonian mechanics".
    G,
    /// Another work than the two that are reproduced, "PASO: Step Parallel Stochastic Optimization" (ICML 2026), which takes
    /// several steps of SGD and Adam at once as windows do.
    #[serde(rename = "PASO")]
    Paso,
    /// None of them: a claim of whoever wrote the plan.
    #[serde(rename = "own")]
    Own,
}

impl Paper {
    /// All whose statements are judged, in the order in which they are shown.
    pub const STATED: [Self; 3] = [Self::P, Self::G, Self::Paso];

    /// Returns its letter or short name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::G => "G",
            Self::Paso => "PASO",
            Self::Own => "own",
        }
    }

    /// Returns its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::P => {
                "Frictionless Hamiltonian Descent with Discretization and Parallel Optimization"
            }
            Self::G => {
                "Exposition on the connections between descent methods and Hamiltonian mechanics"
            }
            Self::Paso => "PASO: Step Parallel Stochastic Optimization",
            Self::Own => "Claims of one's own",
        }
    }

    /// Whether it is one of the two whose statements are what reproduction is about; those of another are counted apart.
    #[must_use]
    pub fn is_reproduced(self) -> bool {
        matches!(self, Self::P | Self::G)
    }
}

/// Says whose words a claim is, which is what it counts as.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// A paper's statement: what reproduction is about.
    #[default]
    Statement,
    /// What a statement is compared with: it has to come out so for the experiment to mean anything.
    Control,
    /// What was found on the way and no paper says.
    Finding,
    /// Two places of a paper that exclude each other, or a slip of its text.
    Erratum,
    /// What whoever wrote a plan claims of it.
    Own,
}

impl ClaimKind {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] = [
        Self::Statement,
        Self::Control,
        Self::Finding,
        Self::Erratum,
        Self::Own,
    ];

    /// Returns the word in rows and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Control => "control",
            Self::Finding => "finding",
            Self::Erratum => "erratum",
            Self::Own => "own",
        }
    }
}

/// Makes types with a word columns of text.
macro_rules! words {
    ($($type:ty),+) => { $(
        impl Typed for $type {
            const KIND: rows::Kind = rows::Kind::Text;

            fn value(&self) -> rows::Value {
                rows::Value::Text(Some(self.word().to_owned()))
            }
        }
    )+ };
}
words!(Paper, ClaimKind, RuleKind, Verdict);

/// States something that a paper says and rows can answer, as `claims.yaml` has it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
#[schemars(transform = with_each)]
pub struct Claim {
    /// Its name.
    pub id: String,
    /// Which paper says it; none of them, if it is not said.
    #[serde(default = "none_of_them")]
    pub paper: Paper,
    /// Whose words it is.
    #[serde(default)]
    pub kind: ClaimKind,
    /// The sentence that it is part of, if it is not one by itself: claims of one sentence count once.
    sentence: Option<String>,
    /// Where the paper says it.
    #[serde(default)]
    pub place: String,
    /// What: a quotation, or a faithful paraphrase.
    pub says: String,
    /// Why it is read as it is.
    pub note: Option<String>,
    /// Which rows answer.
    pub(crate) rows: RowScope,
    /// The rule by which they do, under its name.
    #[serde(with = "serde_yaml::with::singleton_map")]
    #[schemars(schema_with = "super::rules::any")]
    pub(crate) judge: Rule,
    /// Which entry of the file it is of, counted from 0.
    #[serde(skip)]
    pub(crate) entry: usize,
}

/// The paper of a claim that names none: it is that of whoever wrote it.
fn none_of_them() -> Paper {
    Paper::Own
}

/// A file may say a claim once for several; those that are read have no `each` any more.
fn with_each(schema: &mut Schema) {
    let each = schemars::json_schema!({
        "type": "array",
        "items": {"type": "object"},
        "description": "Values by their names, which are put in the place of `{name}` anywhere in the claim: there is a claim for each entry.",
    });
    if let Some(properties) = schema.get_mut("properties") {
        properties["each"] = each.to_value();
    }
}

impl Claim {
    /// Returns the sentence that it is part of: claims of one sentence are counted once.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.sentence.as_ref().unwrap_or(&self.id)
    }

    /// Returns the target whose rows answer it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.rows.target
    }

    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            scope: &self.rows,
            rule: &self.judge,
        }
    }

    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<()> {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            !self.id.is_empty() && self.id.chars().all(kebab),
            "id is `{}`, but is written in lower case with hyphens",
            self.id
        );
        ensure!(
            self.paper == Paper::Own || !self.place.is_empty(),
            "place is missing: where the paper says it"
        );
        self.question().check()
    }
}

/// Holds all claims, with what their verdicts are passed with.
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

/// What a claim asks of the rows of a target: what has to be there for it to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedRows<'a> {
    /// The claim's name.
    pub claim: &'a str,
    /// Which entry of the file it is of, counted from 0.
    pub entry: usize,
    /// The target.
    pub target: &'a str,
    /// The frame of that target.
    pub frame: &'a str,
    /// The columns that it names.
    pub columns: Vec<&'a str>,
    /// The texts that rows have to hold, by their columns.
    pub texts: Vec<(&'a str, &'a str)>,
}

impl Claims {
    /// Lists what claims ask of rows, those of evidence among them.
    #[must_use]
    pub fn asked(&self) -> Vec<AskedRows<'_>> {
        let mut all = Vec::new();
        for claim in &self.claims {
            all.extend(
                claim
                    .question()
                    .all()
                    .into_iter()
                    .map(|question| AskedRows {
                        claim: &claim.id,
                        entry: claim.entry,
                        target: &question.scope.target,
                        frame: &question.scope.frame,
                        columns: question.names(),
                        texts: question.texts(),
                    }),
            );
        }
        all
    }

    /// Lists the columns that claims on a frame name and its schema does not have: none, if whoever
    /// writes that frame and these claims agree.
    #[must_use]
    pub fn unknown_columns(&self, target: &str, frame: &str, columns: &[Column]) -> Vec<String> {
        let mut unknown = BTreeSet::new();
        for claim in &self.claims {
            for question in claim.question().all() {
                let scope = question.scope;
                if scope.target == target && scope.frame == frame {
                    let names = question.names();
                    let is_there = |name: &&str| columns.iter().any(|c| c.name == *name);
                    let lacking = names.into_iter().filter(|name| !is_there(name));
                    unknown.extend(lacking.map(|name| format!("{}: {name}", claim.id)));
                }
            }
        }
        unknown.into_iter().collect()
    }
}

schema! {
    /// Says what a claim came to: `claims.parquet`, `claims.csv`.
    ClaimRow {
        claim: String, "", "The claim's name.";
        kind: ClaimKind, "", "statement: a paper's own; control: what it is compared with; finding: what no paper says; erratum: a slip or contradiction of a paper; own: of whoever wrote the plan.";
        sentence: String, "", "The sentence that it is part of: claims of one sentence count once.";
        paper: Paper, "", "P: Frictionless Hamiltonian Descent; G: the exposition; PASO: another work, which takes steps of SGD and Adam in parallel; own: of no paper.";
        place: String, "", "Where the paper says it; nowhere of claims of one's own.";
        says: String, "", "What it says.";
        target: String, "", "The target whose rows answer it.";
        judge: RuleKind, "", "How they do.";
        verdict: Verdict, "", "reproduced, faster than the paper, partly, not reproduced, inconclusive, paper contradicts itself, evidence missing, not testable here, not run.";
        in_short: String, "", "Why it comes to that, in a line: how many of its parts hold, and which do not.";
        asks: String, "", "What has to be so of the rows for it to hold.";
        note: String, "", "The numbers it was judged on, and why it was read so.";
        beside: Option<String>, "", "What the same question comes to under other readings of the paper: shown, never part of the verdict.";
        rows: String, "", "The keys of the rows it was judged on.";
        pairs: Option<u64>, "", "How many pairs of rows were compared.";
        comparisons: Option<u64>, "", "How many paired comparisons have a p-value, besides those that a claim before made already.";
        decided: Option<u64>, "", "How many of these are decided.";
        p: Option<f64>, "", "The largest p-value of those decided, after the procedure of Benjamini and Hochberg over all comparisons of the target.";
    }
}
