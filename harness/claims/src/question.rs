//! What is asked, and of which rows: a scope and a rule.

use super::filter::{Filter, GroupBy, Match, Scalar, check_filter, check_groups};
use super::finding::Must;
use super::rules::Rule;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

/// Chooses the rows that a question is put to, as YAML has it under `rows`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RowScope {
    /// The target whose rows answer.
    pub target: String,
    /// The frame of that target.
    #[serde(default = "rows")]
    pub frame: String,
    /// Which of its rows.
    #[serde(default)]
    pub r#where: Filter,
    /// What the chosen rows have to be like for their numbers to mean anything here, such as a
    /// core for every worker. One row that is not makes the claim untestable.
    #[serde(default)]
    pub requires: Filter,
    /// The profile that has rows for it, where it is not the one that the file names.
    pub profile: Option<String>,
    /// The same question to other rows, for a reader to see how much the answer depends on a reading
    /// of the paper. What they come to is shown, and never part of the verdict.
    #[serde(default)]
    pub beside: Vec<Beside>,
}

fn rows() -> String {
    "rows".into()
}

/// Chooses the rows of another reading of the paper.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// What the reading is called.
    pub name: String,
    /// Which rows it is about: these columns in the place of the question's own.
    #[serde(default)]
    pub r#where: Filter,
    /// By how much the first rows of an ordering may be worse, in the place of the question's own.
    pub allowance: Option<f64>,
}

impl RowScope {
    /// Returns the filters of the scope, those of other readings among them.
    fn filters(&self) -> impl Iterator<Item = &Filter> {
        let beside = self.beside.iter().map(|reading| &reading.r#where);
        [&self.r#where, &self.requires].into_iter().chain(beside)
    }

    /// Returns the scope of another reading.
    pub fn read_as(&self, reading: &Beside) -> Self {
        let mut scope = self.clone();
        scope.r#where.extend(reading.r#where.clone());
        scope
    }
}

/// Puts a rule to rows: what a claim asks, or a piece of evidence.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Of which rows.
    pub scope: &'a RowScope,
    /// What decides.
    pub rule: &'a Rule,
}

impl<'a> Question<'a> {
    /// Refuses what makes no sense, by its key.
    pub fn check(self) -> Result<()> {
        let rule = self.rule.answers();
        rule.check_all()?;
        self.scope.filters().try_for_each(check_filter)?;
        if let Some(by_rows) = rule.by_rows() {
            check_groups(&by_rows.groups())?;
        }
        ensure!(
            self.scope.beside.len() <= 100,
            "beside has {} readings, of which there may be 100",
            self.scope.beside.len()
        );
        for reading in &self.scope.beside {
            let Some(by_rows) = rule.by_rows() else {
                anyhow::bail!("beside belongs to a claim that rows answer");
            };
            ensure!(
                reading
                    .allowance
                    .is_none_or(|a| by_rows.allowing(a).is_some()),
                "beside.allowance belongs to `judge: ordering`"
            );
        }
        Ok(())
    }

    /// Returns itself, if rows answer it, and the questions that are asked as its evidence.
    pub fn all(self) -> Vec<Question<'a>> {
        let rule = self.rule.answers();
        let evidence = rule.evidence().iter();
        let mut all: Vec<_> = evidence.flat_map(|e| e.question().all()).collect();
        if rule.by_rows().is_some() {
            all.push(self);
        }
        all
    }

    /// Returns the filters of the scope and of the rule.
    fn all_filters(self) -> impl Iterator<Item = (&'a String, &'a Match)> {
        let of_rule = self.rule.answers().by_rows().map(|rule| rule.filters());
        let of_rule = of_rule.into_iter().flatten();
        self.scope.filters().chain(of_rule).flatten()
    }

    /// Returns the columns that it names.
    pub fn names(self) -> Vec<&'a str> {
        let Some(rule) = self.rule.answers().by_rows() else {
            return Vec::new();
        };
        let mut names = rule.columns();
        for (column, what) in self.all_filters() {
            names.push(column);
            if let Match::Same { same_as } = what {
                names.push(same_as);
            }
        }
        names.extend(rule.groups().into_iter().map(GroupBy::column));
        names
    }

    /// Returns the texts that rows have to hold, by their columns.
    pub fn texts(self) -> Vec<(&'a str, &'a str)> {
        let mut texts = Vec::new();
        for (column, what) in self.all_filters() {
            let wanted = match what {
                Match::One(one) => std::slice::from_ref(one),
                Match::Any(several) => several,
                _ => &[],
            };
            for wanted in wanted {
                if let Scalar::Text(text) = wanted {
                    texts.push((column.as_str(), text.as_str()));
                }
            }
        }
        texts
    }
}

/// Asks rows about one side of a contradiction.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The statement that rows would support.
    pub side: String,
    /// What the contradiction needs of it; none where it stands either way and rows only tell which
    /// side the measurement is on.
    pub must: Option<Must>,
    /// Which rows answer.
    rows: RowScope,
    /// The rule by which they answer, under its name.
    #[serde(with = "serde_yaml::with::singleton_map")]
    #[schemars(schema_with = "super::rules::of_evidence")]
    judge: Rule,
}

impl Evidence {
    /// Returns what the rows are asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            scope: &self.rows,
            rule: &self.judge,
        }
    }
}
