//! The rules that look at single rows, and those that look along a column.

use super::compare::{Comparison, Rigour, diverged};
use super::predicate::{Better, Direction, Holds, Over, Slope, Trend, ValueRule};
use super::select::{Group, Table, number, shown};
use super::verdict::{Part, Verdict, short};
use anyhow::{Context, Result};
use rows::Value;
use rows::statistics::median;
use std::collections::BTreeMap;

/// Whether a column lies in a range.
///
/// # Errors
/// If a column is missing.
pub fn value(rule: &ValueRule, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let column = table.position(&rule.column)?;
    let wanted = &rule.range;
    let of = |row: &[Value]| {
        if diverged(table, row) {
            Some(wanted.outside())
        } else {
            number(&row[column]).filter(|n| !n.is_nan())
        }
    };
    if rule.over == Over::Median {
        let group = |(label, group): (String, Table)| {
            let values: Vec<f64> = group.rows.iter().filter_map(|row| of(row)).collect();
            match median(&values) {
                None => Part::new(label, Verdict::NotTestable, no_number(&rule.column)),
                Some(middle) => {
                    let note = format!(
                        "median {} {} of {} rows, wanted {wanted}",
                        rule.column,
                        short(middle),
                        values.len()
                    );
                    Part::new(label, wanted.verdict(middle, middle), note)
                }
            }
        };
        return Ok(table.split(&rule.groups)?.into_iter().map(group).collect());
    }
    let ends = match &rule.interval {
        Some(interval) => Some((
            table.position(&interval.low)?,
            table.position(&interval.high)?,
        )),
        None => None,
    };
    each_row(table, &rule.groups, |row| {
        let Some(value) = of(row) else {
            return Ok((Verdict::NotTestable, no_number(&rule.column)));
        };
        let name = &rule.column;
        let Some((low, high)) = ends else {
            let note = format!("{name} {}, wanted {wanted}", short(value));
            return Ok((wanted.verdict(value, value), note));
        };
        let lost = diverged(table, row);
        let few = match &rule.interval {
            Some(interval) => rigour.too_few(table, row, interval)?,
            None => None,
        };
        Ok(match number(&row[low]).zip(number(&row[high])) {
            _ if lost => (Verdict::NotReproduced, "diverged".into()),
            None => (Verdict::NotTestable, format!("{name} has no interval")),
            Some(_) if few.is_some() => {
                let few = few.unwrap_or_default();
                (
                    Verdict::Inconclusive,
                    format!("{name} {}: {few}", short(value)),
                )
            }
            Some((low, high)) => {
                let note = format!(
                    "{name} {} [{}, {}], wanted {wanted}",
                    short(value),
                    short(low),
                    short(high)
                );
                (wanted.verdict(low, high), note)
            }
        })
    })
}

/// Whether a column of yes and no has the expected answer.
///
/// # Errors
/// If a column is missing.
pub fn holds(rule: &Holds, table: &Table) -> Result<Vec<Part>> {
    let column = table.position(&rule.column)?;
    let show: Vec<usize> = rule
        .show
        .iter()
        .map(|c| table.position(c))
        .collect::<Result<_>>()?;
    each_row(table, &rule.groups, |row| {
        let mut note = format!("{} {}", rule.column, shown(&row[column]));
        let facts = rule.show.iter().zip(&show);
        for (name, at) in facts {
            note += &format!(", {name} {}", shown(&row[*at]));
        }
        // What was not measured says neither yes nor no, whatever the column holds.
        let unmeasured = show.iter().any(|at| row[*at].is_none());
        let verdict = match row[column] {
            _ if unmeasured => Verdict::NotTestable,
            Value::Flag(Some(flag)) if flag == rule.expect => Verdict::Reproduced,
            Value::Flag(Some(_)) => Verdict::NotReproduced,
            _ => Verdict::NotTestable,
        };
        Ok((verdict, note))
    })
}

/// Whether a fitted slope lies in a range.
///
/// # Errors
/// If a column is missing.
pub fn slope(rule: &Slope, table: &Table) -> Result<Vec<Part>> {
    let column = table.position(&rule.column)?;
    let ends = match &rule.interval {
        Some(interval) => Some((
            table.position(&interval.low)?,
            table.position(&interval.high)?,
        )),
        None => None,
    };
    each_row(table, &[], |row| {
        let Some(slope) = number(&row[column]).filter(|n| !n.is_nan()) else {
            return Ok((Verdict::NotTestable, no_number(&rule.column)));
        };
        let interval = ends.and_then(|(low, high)| number(&row[low]).zip(number(&row[high])));
        let reaches = |(low, high)| rule.range.verdict(low, high) != Verdict::NotReproduced;
        let verdict = match interval {
            _ if rule.range.contains(slope) => Verdict::Reproduced,
            Some(interval) if reaches(interval) => Verdict::Inconclusive,
            _ => Verdict::NotReproduced,
        };
        let interval = interval.map_or(String::new(), |(low, high)| {
            format!(" [{}, {}]", short(low), short(high))
        });
        let note = format!("slope {}{interval}, wanted {}", short(slope), rule.range);
        Ok((verdict, note))
    })
}

/// Whether a metric goes one way between all neighbouring values of a column.
///
/// # Errors
/// As [`Comparison::judge`], or if the column is not one of numbers.
pub fn trend(rule: &Trend, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let comparison = Comparison::new(&rule.metric, rule.better, rule.scale, &rule.pair_by);
    // Whether the better metric is expected at the smaller value of two neighbours.
    let small_wins = (rule.better == Better::Lower) == (rule.direction == Direction::Increasing);
    let mut parts = Vec::new();
    let all = along(table, &rule.column)?;
    for (label, group) in table.split(&rule.groups)? {
        let steps = along(&group, &rule.column)?;
        // A neighbour that a group lacks would make a step of two.
        let is_there = |value: f64| steps.iter().any(|(there, _)| *there == value);
        let lacking = all.iter().map(|(value, _)| *value);
        let lacking: Vec<String> = lacking.filter(|v| !is_there(*v)).map(short).collect();
        if !lacking.is_empty() {
            let note = format!("no rows with {} {}", rule.column, lacking.join(", "));
            parts.push(Part::new(label, Verdict::NotTestable, note));
            continue;
        }
        if steps.len() < 2 {
            let note = format!("fewer than two values of {}", rule.column);
            parts.push(Part::new(label, Verdict::NotTestable, note));
            continue;
        }
        for pair in steps.windows(2) {
            let [(small, lower), (large, upper)] = pair else {
                continue;
            };
            let (first, second) = if small_wins {
                (lower, upper)
            } else {
                (upper, lower)
            };
            let names = format!("{} {} to {}", rule.column, short(*small), short(*large));
            for part in comparison.judge(first, second, rigour)? {
                let label = if label.is_empty() {
                    names.clone()
                } else {
                    format!("{label}, {names}")
                };
                parts.push(Part { label, ..part });
            }
        }
    }
    Ok(parts)
}

/// The rows at each value of a column, from the smallest on.
fn along<'a>(table: &Table<'a>, column: &str) -> Result<Vec<(f64, Table<'a>)>> {
    let at = table.position(column)?;
    let mut steps: BTreeMap<u64, (f64, Table<'a>)> = BTreeMap::new();
    for row in &table.rows {
        let value = number(&row[at]).with_context(|| format!("`{column}` is not a number"))?;
        let empty = || Table {
            frame: table.frame,
            rows: vec![],
        };
        let step = steps
            .entry(value.to_bits())
            .or_insert_with(|| (value, empty()));
        step.1.rows.push(row);
    }
    let mut steps: Vec<_> = steps.into_values().collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(steps)
}

/// A part for each row, named by its groups.
pub(super) fn each_row(
    table: &Table,
    groups: &[Group],
    judge: impl Fn(&[Value]) -> Result<(Verdict, String)>,
) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (label, group) in table.split(groups)? {
        if group.rows.is_empty() {
            parts.push(Part::new(label, Verdict::NotTestable, "no rows"));
            continue;
        }
        for row in &group.rows {
            let (verdict, note) = judge(row)?;
            parts.push(Part::new(label.clone(), verdict, note));
        }
    }
    Ok(parts)
}

pub(super) fn no_number(column: &str) -> String {
    format!("{column} has no number")
}
