//! Which row is compared with which.

use super::super::selection::{Selection, number};
use super::Comparison;
use anyhow::{Result, ensure};
use rows::{Column, Value};
use schemars::JsonSchema;
use serde::Deserialize;

/// Says which of several first rows is compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WhichFirst {
    /// There may be only one.
    #[default]
    Only,
    /// The worst of them: what holds of the worst holds of each.
    Worst,
}

/// Says which of several second rows a first row is compared with.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WhichSecond {
    /// There may be only one.
    #[default]
    Only,
    /// The best of them: what holds against the best holds against each.
    Best,
}

/// Holds rows that are compared: one each, or those of which the means are.
pub struct Pair<'a> {
    /// What both have in the columns that make them a pair.
    pub key: String,
    /// The first rows.
    pub first: Vec<&'a [Value]>,
    /// The second.
    pub second: Vec<&'a [Value]>,
}

impl Comparison<'_> {
    /// Pairs the first rows with the second.
    pub fn pairs<'a>(
        &self,
        first: &Selection<'a>,
        second: &Selection<'a>,
    ) -> Result<Vec<Pair<'a>>> {
        if !self.mean_over.is_empty() {
            return self.pairs_of_means(first, second);
        }
        let rivals = second.keyed(self.pair_by)?;
        let mut pairs = Vec::new();
        let firsts = match self.compared {
            WhichFirst::Only => first.keyed_once(self.pair_by)?,
            WhichFirst::Worst => first
                .keyed(self.pair_by)?
                .into_iter()
                .map(|(key, rows)| Ok((key, self.metric.worst_row(first, &rows)?)))
                .collect::<Result<_>>()?,
        };
        for (key, row) in firsts {
            let Some(rows) = rivals.get(&key) else {
                continue;
            };
            let count = rows.len();
            let rival = match self.against {
                WhichSecond::Only => {
                    ensure!(
                        count == 1,
                        "{count} second rows for {key}: the filters have to leave one, or say `against: best`"
                    );
                    rows[0]
                }
                WhichSecond::Best => self.metric.best_row(second, rows)?,
            };
            pairs.push(Pair {
                key,
                first: vec![row],
                second: vec![rival],
            });
        }
        Ok(pairs)
    }

    /// Pairs rows of which each side has one for each of the same values of `mean_over`.
    fn pairs_of_means<'a>(
        &self,
        first: &Selection<'a>,
        second: &Selection<'a>,
    ) -> Result<Vec<Pair<'a>>> {
        let each = [self.pair_by, self.mean_over].concat();
        let (mine, theirs) = (first.keyed_once(&each)?, second.keyed_once(&each)?);
        ensure!(
            mine.keys().eq(theirs.keys()),
            "the two sides do not have the same {}",
            each.join(", ")
        );
        let mut rivals = second.keyed(self.pair_by)?;
        let pair = |(key, first)| {
            let second = rivals.remove(&key).unwrap_or_default();
            Pair { key, first, second }
        };
        Ok(first.keyed(self.pair_by)?.into_iter().map(pair).collect())
    }

    /// Returns what two pairs have in common if they are one run told twice: all numbers of their rows,
    /// besides seconds, which no run has twice, and what tells pairs apart. The metric alone is not
    /// enough: counts of different starts are often the same.
    pub fn told(&self, rows: &Selection, pair: &Pair) -> Vec<u64> {
        let tells = |column: &Column| {
            column.unit != "s" && !self.pair_by.iter().any(|name| name == column.name)
        };
        let numbers = |row: &&[Value]| {
            let columns = row.iter().zip(&rows.frame.columns);
            let told = columns.filter(|(_, column)| tells(column));
            let told = told.filter_map(|(value, _)| number(value));
            told.map(f64::to_bits).collect::<Vec<u64>>()
        };
        let both = pair.first.iter().chain(&pair.second);
        both.flat_map(numbers).collect()
    }
}
