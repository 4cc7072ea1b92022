//! Whether a measured speedup is the stated one.

use super::compare::{Rigour, diverged};
use super::predicate::Speedup;
use super::rules::{each_row, no_number};
use super::select::{Table, number};
use super::verdict::{Part, Verdict, short};
use anyhow::Result;
use rows::Value;

/// Compares a speedup with the stated one, on both sides.
///
/// # Errors
/// If a column is missing.
pub fn speedup(rule: &Speedup, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let at = |column: &String| table.position(column);
    let (column, low, high) = (
        at(&rule.column)?,
        at(&rule.interval.low)?,
        at(&rule.interval.high)?,
    );
    let (depth, late) = (at(&rule.depth)?, at(&rule.depth_late)?);
    each_row(table, &rule.groups, |row| {
        if diverged(table, row) {
            return Ok((Verdict::NotReproduced, "diverged".into()));
        }
        let measured = (number(&row[column]), number(&row[low]), number(&row[high]));
        let (Some(middle), Some(low), Some(high)) = measured else {
            return Ok((Verdict::NotTestable, no_number(&rule.column)));
        };
        let depths = (number(&row[depth]), number(&row[late]));
        let facts = rule.facts([middle, low, high], depths);
        let (verdict, why) = match rigour.too_few(table, row, &rule.interval)? {
            Some(few) => (Verdict::Inconclusive, few),
            None => rule.verdict([low, high], depths),
        };
        Ok((verdict, format!("{facts}: {why}")))
    })
}

/// What is measured of a speedup that may not be judged.
///
/// # Errors
/// If a column is missing.
pub fn unjudged(rule: &Speedup, table: &Table) -> Result<String> {
    let of = |row: &[Value], column: &String| {
        Ok::<_, anyhow::Error>(number(&row[table.position(column)?]))
    };
    let mut told = Vec::new();
    for (label, group) in table.split(&rule.groups)? {
        for row in &group.rows {
            let ends = [&rule.column, &rule.interval.low, &rule.interval.high];
            let [middle, low, high] = ends.map(|column| of(row, column));
            let depths = (of(row, &rule.depth)?, of(row, &rule.depth_late)?);
            if let (Some(middle), Some(low), Some(high)) = (middle?, low?, high?) {
                let facts = rule.facts([middle, low, high], depths);
                told.push(match label.is_empty() {
                    true => facts,
                    false => format!("{label} {facts}"),
                });
            }
        }
    }
    Ok(told.join("; "))
}

impl Speedup {
    /// The least and the largest speedup that count as the stated one.
    fn allowed(&self) -> [f64; 2] {
        let [least, most] = self.stated;
        let share = self.relative_tolerance;
        [least * (1.0 - share), most * (1.0 + share)]
    }

    fn facts(&self, [middle, low, high]: [f64; 3], depths: (Option<f64>, Option<f64>)) -> String {
        let of = |depth: Option<f64>| depth.map_or("none".into(), |d| format!("{d:.2}x"));
        let [least, most] = self.allowed();
        let stated = match self.stated {
            [one, same] if one == same => format!("{one}x"),
            [one, other] => format!("{one}x to {other}x"),
        };
        format!(
            "{} {middle:.2}x [{low:.2}, {high:.2}], depth {}, late in a long run {}; stated {stated}, which {}x to {}x count as",
            self.column,
            of(depths.0),
            of(depths.1),
            short(least),
            short(most),
        )
    }

    fn verdict(
        &self,
        [low, high]: [f64; 2],
        depths: (Option<f64>, Option<f64>),
    ) -> (Verdict, String) {
        let [least, most] = self.allowed();
        let reaches = |depth: Option<f64>| depth.is_some_and(|d| d >= least);
        match depths {
            _ if low > most => (Verdict::Faster, "all of the interval is above".into()),
            _ if low >= least => (Verdict::Reproduced, "all of the interval reaches it".into()),
            _ if high >= least => (
                Verdict::Inconclusive,
                "the interval lies on both sides".into(),
            ),
            (now, None) if !reaches(now) => (
                Verdict::Inconclusive,
                "its depth does not reach the stated speedup, and no long run says whether that of late flows does".into(),
            ),
            (now, late) if !reaches(now) && reaches(late) => (
                Verdict::Inconclusive,
                "the run is too short to decide: its depth does not reach the stated speedup, that of late flows does".into(),
            ),
            _ if low > 1.0 => (Verdict::Partly, "faster than one, but by less".into()),
            _ => (Verdict::NotReproduced, "short of it".into()),
        }
    }
}
