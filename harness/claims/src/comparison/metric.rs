//! The number that two sides are compared by, in which a run that diverged counts as worst.

use super::super::selection::{Selection, number};
use super::super::verdict::short;
use anyhow::{Result, ensure};
use rows::Value;
use schemars::JsonSchema;
use serde::Deserialize;

/// Says which end of a metric is the good one.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Less is better: a loss, a distance, a time.
    #[default]
    Lower,
    /// More is better: an accuracy, a speedup.
    Higher,
}

/// Says how two metrics are compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CompareBy {
    /// By their difference.
    #[default]
    Linear,
    /// By the logarithm of their ratio.
    Log,
}

/// Reads a column of numbers in which a run that diverged counts as worst.
#[derive(Clone, Copy, Debug)]
pub struct MetricColumn<'a> {
    /// Its column.
    pub column: &'a str,
    /// Which end of it is good.
    pub better: Better,
    /// By differences or ratios.
    pub scale: CompareBy,
}

/// Says whether a row's status is that its run diverged. Frames without a status have no such rows.
pub fn diverged(rows: &Selection, row: &[Value]) -> bool {
    let status = rows.frame.position("status").map(|at| &row[at]);
    matches!(status, Some(Value::Text(Some(text))) if text.starts_with("diverged"))
}

impl MetricColumn<'_> {
    /// Returns a row's number; of a run that diverged the worst there is, whatever was recorded before,
    /// since a mean over the part before says nothing of a method that then failed. `None` if a
    /// run that did not diverge has none.
    pub fn of(&self, rows: &Selection, row: &[Value]) -> Result<Option<f64>> {
        let at = rows.position(self.column)?;
        Ok(match diverged(rows, row) {
            true => Some(self.worst()),
            false => number(&row[at]).filter(|n| !n.is_nan()),
        })
    }

    /// Returns the mean of some rows, mostly one; none if one of them has no number.
    pub fn mean(&self, rows: &Selection, of: &[&[Value]]) -> Result<Option<f64>> {
        let mut sum = 0.0;
        for row in of {
            match self.of(rows, row)? {
                Some(value) => sum += value,
                None => return Ok(None),
            }
        }
        Ok(Some(sum / of.len() as f64))
    }

    /// Returns the row with the worst number; the first of several.
    pub fn worst_row<'a>(&self, rows: &Selection, of: &[&'a [Value]]) -> Result<&'a [Value]> {
        self.extreme(rows, of, |gain| gain < 0.0)
    }

    /// Returns the row with the best number; the first of several.
    pub fn best_row<'a>(&self, rows: &Selection, of: &[&'a [Value]]) -> Result<&'a [Value]> {
        self.extreme(rows, of, |gain| gain > 0.0)
    }

    fn extreme<'a>(
        &self,
        rows: &Selection,
        of: &[&'a [Value]],
        is_further: impl Fn(f64) -> bool,
    ) -> Result<&'a [Value]> {
        let value = |row| anyhow::Ok(self.of(rows, row)?.unwrap_or(self.worst()));
        let mut found = (value(of[0])?, of[0]);
        for row in &of[1..] {
            let value = value(row)?;
            if is_further(self.gain(value, found.0)?) {
                found = (value, row);
            }
        }
        Ok(found.1)
    }

    fn worst(&self) -> f64 {
        match self.better {
            Better::Lower => f64::INFINITY,
            Better::Higher => f64::NEG_INFINITY,
        }
    }

    /// Returns by how much the first is better than the second; infinitely, if the second diverged. A
    /// first that diverged never wins, also not against one that did too.
    pub fn gain(&self, first: f64, second: f64) -> Result<f64> {
        if first == self.worst() {
            return Ok(f64::NEG_INFINITY);
        }
        if first == second {
            return Ok(0.0);
        }
        // An infinitely bad accuracy has no logarithm, but is no mistake.
        if second == self.worst() {
            return Ok(f64::INFINITY);
        }
        let (first, second) = (self.scaled(first)?, self.scaled(second)?);
        Ok(match self.better {
            Better::Lower => second - first,
            Better::Higher => first - second,
        })
    }

    fn scaled(&self, value: f64) -> Result<f64> {
        ensure!(
            self.scale == CompareBy::Linear || value >= 0.0,
            "`{}` is {}, which has no logarithm: use scale: linear",
            self.column,
            short(value)
        );
        Ok(match self.scale {
            CompareBy::Linear => value,
            CompareBy::Log => value.ln(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::frame;

    #[test]
    fn the_mean_is_a_rows_and_of_equals_the_first_is_the_best_and_the_worst() {
        let row = |s: f64, x: f64| {
            let cells = [("s", s), ("x", x)];
            cells
                .map(|(column, v)| (column.to_owned(), Value::Real(Some(v))))
                .into()
        };
        let frame = frame(
            "rows",
            vec![row(0.0, 1.0), row(1.0, 4.0), row(2.0, 1.0), row(3.0, 4.0)],
        );
        let rows = Selection::of(&frame);
        let metric = MetricColumn {
            column: "x",
            better: Better::Lower,
            scale: CompareBy::Linear,
        };
        assert_eq!(metric.mean(&rows, &rows.rows).unwrap(), Some(2.5));
        let start = |row: &[Value]| number(&row[rows.position("s").unwrap()]);
        assert_eq!(
            start(metric.best_row(&rows, &rows.rows).unwrap()),
            Some(0.0)
        );
        assert_eq!(
            start(metric.worst_row(&rows, &rows.rows).unwrap()),
            Some(1.0)
        );
        let higher = MetricColumn {
            better: Better::Higher,
            ..metric
        };
        assert_eq!(
            start(higher.best_row(&rows, &rows.rows).unwrap()),
            Some(1.0)
        );
        assert_eq!(
            start(higher.worst_row(&rows, &rows.rows).unwrap()),
            Some(0.0)
        );
    }
}
