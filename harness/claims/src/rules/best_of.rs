//! `best-of`: the best values of a grid are the stated ones.

use super::{Rigour, RowRule, Selection, strings};
use super::{better_than, in_words};
use crate::comparison::{Better, CompareBy, Comparison, check_pair_by};
use crate::filter::{Filter, GroupBy, Match, Scalar};
use crate::verdict::{PartVerdict, Verdict, joined};
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Asks whether, of the values of `column`, the stated ones are better than each of the others: an
/// ordering for each stated value against each other one, all of which count alike. A stated value
/// that is as good as another by noise is neither better nor refuted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BestOf {
    /// The grid's column.
    column: String,
    /// The column compared.
    metric: String,
    /// Which end of it is the good one.
    better: Better,
    /// By differences or by ratios.
    #[serde(default)]
    scale: CompareBy,
    /// What the paper calls the best.
    stated: Vec<Scalar>,
    /// What makes two rows a pair.
    pair_by: Vec<String>,
    /// Of rows that differ in these columns alone the mean is compared: what is best for all of them
    /// together.
    #[serde(default)]
    mean_over: Vec<String>,
    /// What the rows are taken apart by, each group judged by itself.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

/// Rows at each value of the grid, under its label.
type AtValues<'a> = Vec<(String, Selection<'a>)>;

impl RowRule for BestOf {
    fn check(&self) -> Result<()> {
        ensure!(!self.stated.is_empty(), "stated is empty");
        check_pair_by(&self.pair_by)
    }

    fn asks(&self) -> String {
        let stated: Vec<String> = self.stated.iter().map(ToString::to_string).collect();
        let column = in_words(&self.column);
        let first = format!("{column} {}", stated.join(" or "));
        let sides = [first, format!("every other {column}"), String::new()];
        better_than(&self.metric, self.better, &sides)
    }

    fn columns(&self) -> Vec<&str> {
        let names = strings(&self.pair_by).chain(strings(&self.mean_over));
        let own = [self.metric.as_str(), self.column.as_str()];
        names.chain(own).collect()
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let comparison = Comparison {
            mean_over: &self.mean_over,
            ..Comparison::new(&self.metric, self.better, self.scale, &self.pair_by)
        };
        let all = labels(&self.at_values(rows)?);
        let mut parts = Vec::new();
        for (group, rows) in rows.split(&self.groups)? {
            let there = self.at_values(&rows)?;
            if let Some(note) = self.lacking(&all, &there)? {
                parts.push(PartVerdict::new(group, Verdict::NotTestable, note));
                continue;
            }
            let (stated, others) = self.sides(there)?;
            for (mine, first) in &stated {
                for (theirs, second) in &others {
                    for part in comparison.judge(first, second, rigour)? {
                        let label = joined(&[&group, &format!("{mine} against {theirs}")]);
                        parts.push(PartVerdict { label, ..part });
                    }
                }
            }
        }
        Ok(parts)
    }
}

impl BestOf {
    fn at_values<'a>(&self, rows: &Selection<'a>) -> Result<AtValues<'a>> {
        rows.split(&[GroupBy::Column(self.column.clone())])
    }

    /// Divides the grid into the stated values and the others.
    fn sides<'a>(&self, grid: AtValues<'a>) -> Result<(AtValues<'a>, AtValues<'a>)> {
        let is_stated = Match::Any(self.stated.clone());
        let is_stated = Filter::from([(self.column.clone(), is_stated)]);
        let (mut stated, mut others) = (Vec::new(), Vec::new());
        for (label, rows) in grid {
            match rows.filter(&is_stated)?.rows.is_empty() {
                true => others.push((label, rows)),
                false => stated.push((label, rows)),
            }
        }
        Ok((stated, others))
    }

    /// Says what a group lacks to be compared, if anything.
    fn lacking(&self, all: &BTreeSet<String>, there: &AtValues) -> Result<Option<String>> {
        let lacking: Vec<String> = all.difference(&labels(there)).cloned().collect();
        if !lacking.is_empty() {
            return Ok(Some(format!("no rows with {}", lacking.join(", "))));
        }
        let (stated, others) = self.sides(there.clone())?;
        let is_whole = stated.len() >= self.stated.len() && !others.is_empty();
        let stated: Vec<String> = self.stated.iter().map(Scalar::to_string).collect();
        Ok((!is_whole).then(|| {
            format!(
                "{} and others to compare with were not all run",
                stated.join(", ")
            )
        }))
    }
}

fn labels(grid: &AtValues) -> BTreeSet<String> {
    grid.iter().map(|(label, _)| label.clone()).collect()
}
