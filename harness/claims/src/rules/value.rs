//! `value`: a column lies in a range.

use super::{GroupBy, RowRule, each_row, in_words, no_number};
use crate::comparison::diverged;
use crate::interval::{IntervalColumns, Rigour};
use crate::range::{AllowedRange, Bounds};
use crate::selection::{Selection, number};
use crate::verdict::{PartVerdict, Verdict, short};
use anyhow::{Result, ensure};
use rows::Value;
use rows::statistics::median;
use schemars::JsonSchema;
use serde::Deserialize;

/// Says which number of a group of rows is compared with the range.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Over {
    /// Each row's own.
    #[default]
    Every,
    /// The group's median.
    Median,
}

/// Asks whether a column lies in a range: in each row, or in the median of each group. Where the
/// column has an interval, the whole of it has to; one that lies on both sides decides nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct InRange {
    /// The column that has to lie there.
    column: String,
    /// Where it has to lie.
    #[schemars(with = "Bounds")]
    is: AllowedRange,
    /// Which number of a group: each row's own, or their median.
    #[serde(default)]
    over: Over,
    /// The column's own uncertainty.
    interval: Option<IntervalColumns>,
    /// What the rows are taken apart by, each group judged by itself.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

impl RowRule for InRange {
    fn check(&self) -> Result<()> {
        ensure!(
            self.over == Over::Every || self.interval.is_none(),
            "over: median and interval exclude each other: an interval belongs to one row"
        );
        self.interval.iter().try_for_each(|i| i.check_repeats())
    }

    fn asks(&self) -> String {
        let place = match self.over {
            Over::Every => "in every row",
            Over::Median => "in the median of each group",
        };
        format!("{} is {} {place}", in_words(&self.column), self.is)
    }

    fn columns(&self) -> Vec<&str> {
        let interval = self.interval.iter().flat_map(|i| i.names());
        interval.chain([self.column.as_str()]).collect()
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let column = rows.position(&self.column)?;
        let of = |row: &[Value]| match diverged(rows, row) {
            true => Some(self.is.outside()),
            false => number(&row[column]).filter(|n| !n.is_nan()),
        };
        if self.over == Over::Median {
            let groups = rows.split(&self.groups)?.into_iter();
            let median = |(label, group): (String, Selection)| {
                let values: Vec<f64> = group.rows.iter().filter_map(|row| of(row)).collect();
                self.median(label, &values)
            };
            return Ok(groups.map(median).collect());
        }
        let interval = self.interval.as_ref();
        let interval = interval.map(|i| i.reader(rows)).transpose()?;
        let (name, wanted) = (&self.column, &self.is);
        each_row(rows, &self.groups, |row| {
            let Some(value) = of(row) else {
                return Ok((Verdict::NotTestable, no_number(name)));
            };
            let shown = short(value);
            let Some(interval) = interval else {
                let note = format!("{name} {shown}, wanted {wanted}");
                return Ok((wanted.verdict(value, value), note));
            };
            if diverged(rows, row) {
                return Ok((Verdict::NotReproduced, "diverged".into()));
            }
            let Some((low, high)) = interval.ends(row) else {
                return Ok((Verdict::NotTestable, format!("{name} has no interval")));
            };
            if let Some(few) = interval.too_few(row, rigour) {
                return Ok((Verdict::Inconclusive, format!("{name} {shown}: {few}")));
            }
            let ends = format!("[{}, {}]", short(low), short(high));
            let note = format!("{name} {shown} {ends}, wanted {wanted}");
            Ok((wanted.verdict(low, high), note))
        })
    }
}

impl InRange {
    fn median(&self, label: String, values: &[f64]) -> PartVerdict {
        let Some(middle) = median(values) else {
            return PartVerdict::new(label, Verdict::NotTestable, no_number(&self.column));
        };
        let note = format!(
            "median {} {} of {} rows, wanted {}",
            self.column,
            short(middle),
            values.len(),
            self.is
        );
        PartVerdict::new(label, self.is.verdict(middle, middle), note)
    }
}
