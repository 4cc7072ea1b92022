//! `slope`: a fitted slope lies between two numbers.

use super::{RowRule, each_row, no_number};
use crate::interval::{IntervalColumns, Rigour};
use crate::range::AllowedRange;
use crate::selection::{Selection, number};
use crate::verdict::{PartVerdict, Verdict, short};
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error};

/// Asks whether a fitted slope lies in a range. It decides by itself; its interval only keeps a slope
/// just outside from counting as refuted.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Slope {
    /// The column of the slope.
    column: String,
    /// Where it has to lie: the least and the largest.
    #[serde(deserialize_with = "ends")]
    #[schemars(with = "[f64; 2]")]
    between: AllowedRange,
    /// The interval of the fit.
    interval: Option<IntervalColumns>,
}

fn ends<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AllowedRange, D::Error> {
    let [low, high] = Deserialize::deserialize(deserializer)?;
    let range = AllowedRange::between(low, high).context("between");
    range.map_err(|error| D::Error::custom(format!("{error:#}")))
}

impl RowRule for Slope {
    fn asks(&self) -> String {
        format!("the slope is {}", self.between)
    }

    fn columns(&self) -> Vec<&str> {
        let interval = self.interval.iter().flat_map(|i| i.names());
        interval.chain([self.column.as_str()]).collect()
    }

    fn judge(&self, rows: &Selection, _rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let column = rows.position(&self.column)?;
        let interval = self.interval.as_ref();
        let interval = interval.map(|i| i.reader(rows)).transpose()?;
        each_row(rows, &[], |row| {
            let Some(slope) = number(&row[column]).filter(|n| !n.is_nan()) else {
                return Ok((Verdict::NotTestable, no_number(&self.column)));
            };
            let ends = interval.and_then(|interval| interval.ends(row));
            let reaches = |(low, high)| self.between.verdict(low, high) != Verdict::NotReproduced;
            let verdict = match ends {
                _ if self.between.contains(slope) => Verdict::Reproduced,
                Some(ends) if reaches(ends) => Verdict::Inconclusive,
                _ => Verdict::NotReproduced,
            };
            let ends = ends.map_or(String::new(), |(low, high)| {
                format!(" [{}, {}]", short(low), short(high))
            });
            let note = format!("slope {}{ends}, wanted {}", short(slope), self.between);
            Ok((verdict, note))
        })
    }
}
