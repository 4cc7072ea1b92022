//! The uncertainty that a column brings along: its interval, and of how many repeats that is.

use super::selection::{Selection, number};
use anyhow::{Result, ensure};
use rows::Value;
use schemars::JsonSchema;
use serde::Deserialize;

/// Names the columns of an interval.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct IntervalColumns {
    /// The column of its lower end.
    low: String,
    /// The column of its upper end.
    high: String,
    /// The column that says of how many repeats it is the interval of a median. The least and the
    /// largest of n values enclose the median with probability 1 − 2^(1 − n): of fewer repeats than
    /// the file's `confidence` asks for, nothing is decided. None for an interval of a fit.
    repeats: Option<String>,
}

/// Says what an interval is made with, from the head of the file.
#[derive(Clone, Copy, Debug)]
pub struct Rigour {
    /// The confidence of an interval.
    pub confidence: f64,
    /// The fewest pairs that may decide anything.
    pub least_pairs: usize,
}

/// Reads the intervals of the rows of one frame.
#[derive(Clone, Copy, Debug)]
pub struct IntervalReader {
    low: usize,
    high: usize,
    repeats: Option<usize>,
}

impl IntervalColumns {
    /// Returns all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let ends = [&self.low, &self.high].into_iter();
        ends.chain(&self.repeats).map(String::as_str)
    }

    /// Refuses an interval of a median that does not say of how many repeats it is.
    pub fn check_repeats(&self) -> Result<()> {
        ensure!(
            self.repeats.is_some(),
            "interval.repeats is missing: the column of how many repeats it is the interval"
        );
        Ok(())
    }

    /// Finds the columns.
    pub fn reader(&self, rows: &Selection) -> Result<IntervalReader> {
        let repeats = self.repeats.as_ref();
        Ok(IntervalReader {
            low: rows.position(&self.low)?,
            high: rows.position(&self.high)?,
            repeats: repeats.map(|column| rows.position(column)).transpose()?,
        })
    }
}

impl IntervalReader {
    /// Returns both ends, if the row has them.
    pub fn ends(&self, row: &[Value]) -> Option<(f64, f64)> {
        number(&row[self.low]).zip(number(&row[self.high]))
    }

    /// Returns both ends as they stand in the row.
    pub fn values<'a>(&self, row: &'a [Value]) -> [&'a Value; 2] {
        [&row[self.low], &row[self.high]]
    }

    /// Says why an interval of that many repeats decides nothing, if it does not.
    pub fn too_few(&self, row: &[Value], rigour: Rigour) -> Option<String> {
        let repeats = number(&row[self.repeats?]).unwrap_or(0.0);
        let least = rigour.least_repeats();
        (repeats < least as f64)
            .then(|| format!("{repeats} repeats are fewer than the {least} that an interval takes"))
    }
}

impl Rigour {
    /// Returns the fewest repeats of which the interval of a median can cover what `confidence` asks:
    /// the least and the largest of n values enclose the median with probability 1 − 2^(1 − n).
    fn least_repeats(&self) -> u64 {
        let covers = |n: &u64| 1.0 - 0.5_f64.powi(*n as i32 - 1) >= self.confidence;
        (2..64).find(covers).unwrap_or(64)
    }
}
