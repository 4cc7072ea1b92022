//! From journal entries to rows of checks.

use super::check::{Check, CheckRow, SummaryRow, TraceRow};
use super::{CheckCell, Checks, MeasuredChecks};
use crate::journal::Entry;
use crate::plan::Plan;
use anyhow::Result;

/// All that there is to show of checks.
#[derive(Clone, Debug)]
pub struct CheckRows {
    /// One a check, and one for a family that failed.
    pub checks: Vec<CheckRow>,
    /// How many of each role.
    pub summary: Vec<SummaryRow>,
    /// The points that checks were made of.
    pub traces: Vec<TraceRow>,
}

impl Checks {
    /// Makes the rows of all entries, each held to the bound that the plan has for it.
    ///
    /// # Errors
    /// If an entry is not of this kind.
    pub fn rows(&self, plan: &Plan, entries: &[Entry]) -> Result<CheckRows> {
        let checks = of_checks(plan, &self.cells, entries)?;
        Ok(CheckRows {
            summary: summary(&checks),
            checks,
            traces: traces(entries)?,
        })
    }
}

/// The rows: one a check, and one for a family that failed. What a number has to be is the
/// plan's: `cells` are its own.
fn of_checks(plan: &Plan, cells: &[CheckCell], entries: &[Entry]) -> Result<Vec<CheckRow>> {
    let mut rows = Vec::new();
    for entry in entries {
        let found: CheckCell = entry.cell()?;
        let name = found.checks.name();
        let blank = CheckRow {
            experiment: plan.target.clone(),
            profile: plan.profile.name.clone(),
            cell: entry.key.clone(),
            family: name.to_owned(),
            check: name.to_owned(),
            lemma: String::new(),
            role: String::new(),
            statement: String::new(),
            measured: None,
            measured_low: None,
            measured_high: None,
            relation: None,
            bound: None,
            bound_high: None,
            holds: None,
            expected: None,
            as_expected: false,
            status: entry.status(),
        };
        let Some(measured) = entry.measured::<MeasuredChecks>()? else {
            rows.push(blank);
            continue;
        };
        let Some(cell) = cells.iter().find(|cell| **cell == found) else {
            let status = "failed: the journal's settings are not the plan's".to_owned();
            rows.push(CheckRow { status, ..blank });
            continue;
        };
        let checks = measured.checks.iter();
        rows.extend(checks.map(|check| row(&blank, check, cell)));
    }
    Ok(rows)
}

/// A check as the journal has it, held to the bound of the plan. Where the journal has another, it
/// was not written by this plan's program, and nothing of it holds.
fn row(blank: &CheckRow, check: &Check, cell: &CheckCell) -> CheckRow {
    let number = &check.number;
    let measured = CheckRow {
        check: number.check.clone(),
        lemma: number.lemma.clone(),
        statement: number.statement.clone(),
        measured: number.measured,
        measured_low: number.interval.map(|(low, _)| low),
        measured_high: number.interval.map(|(_, high)| high),
        ..blank.clone()
    };
    let Some(bound) = cell.checks.checker().bound(&number.check) else {
        let status = "failed: the plan has no check of this name".to_owned();
        return CheckRow { status, ..measured };
    };
    let held = CheckRow {
        role: bound.role.name().to_owned(),
        relation: Some(bound.relation.name().to_owned()),
        bound: Some(bound.relation.bound()),
        bound_high: bound.relation.upper(),
        expected: Some(bound.expected),
        ..measured
    };
    if bound != check.bound {
        let (plan, journal) = (bound, check.bound);
        let status = format!("failed: the plan has it {plan}; the journal {journal}");
        return CheckRow { status, ..held };
    }
    CheckRow {
        holds: check.holds(),
        as_expected: check.as_expected(),
        ..held
    }
}

/// The points that checks were made of.
fn traces(entries: &[Entry]) -> Result<Vec<TraceRow>> {
    let mut rows = Vec::new();
    for entry in entries {
        let cell: CheckCell = entry.cell()?;
        let checks = entry
            .measured::<MeasuredChecks>()?
            .map_or(vec![], |m| m.checks);
        for check in &checks {
            for trace in &check.number.traces {
                rows.extend(trace.points.iter().map(|&(x, y)| TraceRow {
                    family: cell.checks.name().to_owned(),
                    check: check.number.check.clone(),
                    of: trace.of.clone(),
                    x,
                    y,
                }));
            }
        }
    }
    Ok(rows)
}

/// How many of each role.
fn summary(rows: &[CheckRow]) -> Vec<SummaryRow> {
    let roles = ["statement", "control", "finding", "all"];
    let of = |role: &str| {
        let rows: Vec<&CheckRow> = rows
            .iter()
            .filter(|row| role == "all" || row.role == role)
            .collect();
        let count = |what: fn(&CheckRow) -> bool| rows.iter().filter(|r| what(r)).count() as u64;
        SummaryRow {
            role: role.to_owned(),
            checks: rows.len() as u64,
            holding: count(|row| row.holds == Some(true)),
            as_expected: count(|row| row.as_expected),
            all_as_expected: rows.iter().all(|row| row.as_expected),
        }
    };
    roles.into_iter().map(of).collect()
}
