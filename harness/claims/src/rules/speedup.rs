//! `speedup`: a measured speedup is the stated one.

use super::{GroupBy, RowRule, each_row, in_words, no_number};
use crate::comparison::diverged;
use crate::interval::{IntervalColumns, IntervalReader, Rigour};
use crate::selection::{Selection, number};
use crate::verdict::{PartVerdict, Verdict, short};
use anyhow::{Error, Result, bail, ensure};
use datasets::yaml::OneOrMany;
use rows::Value;
use schemars::JsonSchema;
use serde::Deserialize;

/// Asks whether a measured speedup, with the interval of its median, is the stated one: not below it by
/// more than the tolerance, and not above it either, which has a verdict of its own.
///
/// A wall-clock speedup is its depth speedup (steps / rounds, counted) times the efficiency of doing
/// gradients side by side. Depth grows with the number of flows, which the paper does not state; so
/// a speedup that falls short in a run whose depth is too small for it, though late in a long run
/// depth suffices, is no refutation: the run was too short to decide.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Speedup {
    /// The column of the speedup.
    column: String,
    /// The interval of its median.
    interval: IntervalColumns,
    /// The stated speedup, or the least and the largest of several.
    stated: Stated,
    /// The share of the stated speedup by which a measured one may miss it.
    relative_tolerance: f64,
    /// The column of the depth speedup of the timed run.
    depth: String,
    /// The column of the depth speedup late in a long run.
    depth_late: String,
    /// What the rows are taken apart by, each group judged by itself.
    #[serde(default)]
    groups: Vec<GroupBy>,
}

/// Holds the least and the largest stated speedup; the same where one is stated.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(try_from = "OneOrMany<f64>")]
struct Stated {
    least: f64,
    most: f64,
}

impl TryFrom<OneOrMany<f64>> for Stated {
    type Error = Error;

    fn try_from(stated: OneOrMany<f64>) -> Result<Self> {
        let stated = stated.all();
        let (Some(&least), Some(&most)) = (stated.first(), stated.last()) else {
            bail!("stated is empty");
        };
        ensure!(
            stated.len() <= 2 && 0.0 < least && least <= most && most.is_finite(),
            "stated is {stated:?}, but is a speedup or the least and the largest of several"
        );
        Ok(Self { least, most })
    }
}

/// Holds the columns of the columns that are read.
struct SpeedupColumns {
    column: usize,
    interval: IntervalReader,
    depth: usize,
    depth_late: usize,
}

/// Holds what is measured of a speedup.
struct MeasuredSpeedup {
    middle: f64,
    low: f64,
    high: f64,
    depth: Option<f64>,
    depth_late: Option<f64>,
}

impl RowRule for Speedup {
    fn check(&self) -> Result<()> {
        let tolerance = self.relative_tolerance;
        ensure!(
            (0.0..1.0).contains(&tolerance),
            "relative_tolerance is {tolerance}, but lies between 0 and 1"
        );
        self.interval.check_repeats()
    }

    fn asks(&self) -> String {
        let Stated { least, most } = self.stated;
        let stated = match least == most {
            true => short(least),
            false => format!("{} to {}", short(least), short(most)),
        };
        let missed = 100.0 * self.relative_tolerance;
        format!(
            "the interval of {} lies no more than {missed:.0} % below the stated {stated}",
            in_words(&self.column)
        )
    }

    fn columns(&self) -> Vec<&str> {
        let own = [&self.column, &self.depth, &self.depth_late].map(String::as_str);
        self.interval.names().chain(own).collect()
    }

    fn groups(&self) -> Vec<&GroupBy> {
        self.groups.iter().collect()
    }

    fn judge(&self, rows: &Selection, rigour: Rigour) -> Result<Vec<PartVerdict>> {
        let columns = self.found_in(rows)?;
        each_row(rows, &self.groups, |row| {
            if diverged(rows, row) {
                return Ok((Verdict::NotReproduced, "diverged".into()));
            }
            let Some(measured) = columns.measured(row) else {
                return Ok((Verdict::NotTestable, no_number(&self.column)));
            };
            let (verdict, why) = match columns.interval.too_few(row, rigour) {
                Some(few) => (Verdict::Inconclusive, few),
                None => {
                    let (verdict, why) = self.verdict(&measured);
                    (verdict, why.to_owned())
                }
            };
            Ok((verdict, format!("{}: {why}", self.facts(&measured))))
        })
    }

    fn unjudged(&self, rows: &Selection) -> Result<Option<String>> {
        let columns = self.found_in(rows)?;
        let mut told = Vec::new();
        for (label, group) in rows.split(&self.groups)? {
            let measured = group.rows.iter().filter_map(|row| columns.measured(row));
            let facts = measured.map(|measured| self.facts(&measured));
            told.extend(facts.map(|facts| match label.is_empty() {
                true => facts,
                false => format!("{label} {facts}"),
            }));
        }
        Ok(Some(told.join("; ")))
    }
}

impl SpeedupColumns {
    fn measured(&self, row: &[Value]) -> Option<MeasuredSpeedup> {
        let (low, high) = self.interval.ends(row)?;
        Some(MeasuredSpeedup {
            middle: number(&row[self.column])?,
            low,
            high,
            depth: number(&row[self.depth]),
            depth_late: number(&row[self.depth_late]),
        })
    }
}

impl Speedup {
    fn found_in(&self, rows: &Selection) -> Result<SpeedupColumns> {
        Ok(SpeedupColumns {
            column: rows.position(&self.column)?,
            interval: self.interval.reader(rows)?,
            depth: rows.position(&self.depth)?,
            depth_late: rows.position(&self.depth_late)?,
        })
    }

    /// Returns the least and the largest speedup that count as the stated one.
    fn allowed(&self) -> [f64; 2] {
        let Stated { least, most } = self.stated;
        let share = self.relative_tolerance;
        [least * (1.0 - share), most * (1.0 + share)]
    }

    /// Puts what is measured into words, and what is stated.
    fn facts(&self, measured: &MeasuredSpeedup) -> String {
        let of = |depth: Option<f64>| depth.map_or("none".into(), |d| format!("{d:.2}x"));
        let [least, most] = self.allowed().map(short);
        let stated = match self.stated {
            Stated { least, most } if least == most => format!("{least}x"),
            Stated { least, most } => format!("{least}x to {most}x"),
        };
        format!(
            "{} {:.2}x [{:.2}, {:.2}], depth {}, late in a long run {}; stated {stated}, which {least}x to {most}x count as",
            self.column,
            measured.middle,
            measured.low,
            measured.high,
            of(measured.depth),
            of(measured.depth_late),
        )
    }

    /// Judges a speedup, and says why.
    fn verdict(&self, measured: &MeasuredSpeedup) -> (Verdict, &'static str) {
        let [least, most] = self.allowed();
        let (low, late) = (measured.low, measured.depth_late);
        let reaches = |depth: f64| depth >= least;
        let is_deep_enough = measured.depth.is_some_and(reaches);
        if low > most {
            (Verdict::Faster, "all of the interval is above")
        } else if low >= least {
            (Verdict::Reproduced, "all of the interval reaches it")
        } else if measured.high >= least {
            (Verdict::Inconclusive, "the interval lies on both sides")
        } else if !is_deep_enough && late.is_none() {
            (
                Verdict::Inconclusive,
                "its depth does not reach the stated speedup, and no long run says whether that of late flows does",
            )
        } else if !is_deep_enough && late.is_some_and(reaches) {
            (
                Verdict::Inconclusive,
                "the run is too short to decide: its depth does not reach the stated speedup, that of late flows does",
            )
        } else if low > 1.0 {
            (Verdict::Partly, "faster than one, but by less")
        } else {
            (Verdict::NotReproduced, "short of it")
        }
    }
}
