//! `trend`: a metric goes one way along a column.

use super::{GroupBy, Rigour, RowRule, in_words, strings};
use crate::comparison::{Better, CompareBy, Comparison, check_pair_by};
use crate::selection::{Selection, number};
use crate::verdict::{PartVerdict, Verdict, joined, short};
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Says which way a metric goes.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// Up, as the column goes up.
    Increasing,
    /// Down, as the column goes up.
    Decreasing,
}

/// Asks whether a metric goes one way along a column: an ordering between all neighbouring values.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// The column that it goes along.
    column: String,
    /// The column compared.
    metric: String,
    /// Which way it goes.
    direction: Direction,
    /// At which end of the metric a run lies that diverged: the bad one.
    #[serde(default)]
    better: Better,
    /// By differences or by ratios.
    #[serde(default)]
    scale: CompareBy,
    /// What makes two rows a pair.
    pair_by: Vec<String>,
    /// What the rows are taken apart by, each group judged by itself.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

impl RowRule for Trend {
    fn check(&self) -> Result<()> {
        check_pair_by(&self.pair_by)
    }

    fn asks(&self) -> String {
        let way = match self.direction {
            Direction::Increasing => "rises",
            Direction::Decreasing => "falls",
        };
        let (metric, column) = (in_words(&self.metric), in_words(&self.column));
        format!(
            "{metric} {way} from each value of {column} to the next, by the interval of the paired differences"
        )
    }

    fn columns(&self) -> Vec<&str> {
        let own = [self.metric.as_str(), self.column.as_str()];
        strings(&self.pair_by).chain(own).collect()
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let comparison = Comparison::new(&self.metric, self.better, self.scale, &self.pair_by);
        // Whether the better metric is expected at the smaller value of two neighbours.
        let is_up = self.direction == Direction::Increasing;
        let small_wins = (self.better == Better::Lower) == is_up;
        let mut parts = Vec::new();
        let all = along(rows, &self.column)?;
        for (label, group) in rows.split(&self.groups)? {
            let steps = along(&group, &self.column)?;
            if let Some(note) = self.lacking(&all, &steps) {
                parts.push(PartVerdict::new(label, Verdict::NotTestable, note));
                continue;
            }
            for pair in steps.windows(2) {
                let [(small, lower), (large, upper)] = pair else {
                    continue;
                };
                let (first, second) = match small_wins {
                    true => (lower, upper),
                    false => (upper, lower),
                };
                let names = format!("{} {} to {}", self.column, short(*small), short(*large));
                for part in comparison.judge(first, second, rigour)? {
                    let label = joined(&[&label, &names]);
                    parts.push(PartVerdict { label, ..part });
                }
            }
        }
        Ok(parts)
    }
}

impl Trend {
    /// Says what a group lacks to be compared, if anything: a neighbour that is not there would make a
    /// step of two.
    fn lacking(&self, all: &[(f64, Selection)], steps: &[(f64, Selection)]) -> Option<String> {
        let is_there = |value: &f64| steps.iter().any(|(there, _)| there == value);
        let lacking = all.iter().map(|(value, _)| *value);
        let lacking: Vec<String> = lacking.filter(|v| !is_there(v)).map(short).collect();
        if !lacking.is_empty() {
            return Some(format!(
                "no rows with {} {}",
                self.column,
                lacking.join(", ")
            ));
        }
        (steps.len() < 2).then(|| format!("fewer than two values of {}", self.column))
    }
}

/// Sorts rows by a column of numbers, from the smallest on.
fn along<'a>(rows: &Selection<'a>, column: &str) -> Result<Vec<(f64, Selection<'a>)>> {
    let at = rows.position(column)?;
    let mut steps: BTreeMap<u64, (f64, Selection<'a>)> = BTreeMap::new();
    for row in &rows.rows {
        let value = number(&row[at]).with_context(|| format!("`{column}` is not a number"))?;
        let step = steps.entry(value.to_bits());
        let (_, there) = step.or_insert_with(|| (value, rows.none()));
        there.rows.push(row);
    }
    let mut steps: Vec<_> = steps.into_values().collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(steps)
}
