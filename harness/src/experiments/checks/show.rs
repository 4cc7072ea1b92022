//! How checks are shown: a table a family, what failed, and what the papers say otherwise.

use super::check::{Check, CheckRow, SummaryRow, TraceRow, short};
use super::{CheckCell, Measured};
use crate::journal::Entry;
use crate::plan::Plan;
use report::{
    Axis, Block, Document, Figure, FigureBlock, Panel, Series, SeriesKind, Table, TableBlock,
};
use rows::Frame;
use anyhow::Result;

/// The rows: one a check, and one for a family that failed. What a number has to be is the
/// plan's: `cells` are its own.
fn rows(plan: &Plan, cells: &[CheckCell], entries: &[Entry]) -> Result<Vec<CheckRow>> {
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
        let Some(measured) = entry.measured::<Measured>()? else {
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
        let checks = entry.measured::<Measured>()?.map_or(vec![], |m| m.checks);
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

/// A picture for each family that has points.
fn figures(rows: &[TraceRow]) -> Vec<FigureBlock> {
    let of_family = |family: &str, title: &str, x: Axis, y: Axis| {
        let mut series: Vec<Series> = Vec::new();
        for row in rows.iter().filter(|row| row.family == family) {
            match series.iter_mut().find(|s| s.label == row.of) {
                Some(series) => series.points.push((row.x, row.y)),
                None => {
                    let mut made = Series::line(row.of.clone(), [(row.x, row.y)]);
                    // Marks on the line that they have to lie on.
                    if row.of.ends_with("textbook") {
                        made.kind = SeriesKind::Points;
                    }
                    series.push(made);
                }
            }
        }
        (!series.is_empty()).then(|| FigureBlock {
            name: family.to_owned(),
            alt: title.to_owned(),
            figure: Figure::new(title, x, y).panel(Panel::new("").all(series)),
        })
    };
    let energy = of_family(
        "energy-order",
        "Energy error of a flow against the step size",
        Axis::log("step size θ"),
        Axis::log("largest |H − H₀|"),
    );
    let iterates = of_family(
        "coordinate",
        "Coordinate Hamiltonian Descent and the textbooks' iterations",
        Axis::linear("iteration"),
        Axis::log("error, of the first"),
    );
    [energy, iterates].into_iter().flatten().collect()
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

/// The report.
pub(super) fn document(plan: &Plan, cells: &[CheckCell], entries: &[Entry]) -> Result<Document> {
    let rows = rows(plan, cells, entries)?;
    let summary = summary(&rows);
    let mut blocks: Vec<Block> = summary
        .iter()
        .filter(|row| row.role == "all")
        .map(|all| {
            Block::Text(format!(
                "{} of {} checks came out as they are known to; {} hold.",
                all.as_expected, all.checks, all.holding
            ))
        })
        .collect();
    let unexpected = list(&rows, |row| !row.as_expected);
    if !unexpected.is_empty() {
        blocks.push(Block::Heading("Not as expected".into()));
        blocks.push(Block::List(unexpected));
    }
    let findings = list(&rows, |row| row.as_expected && row.expected == Some(false));
    if !findings.is_empty() {
        blocks.push(Block::Heading("What does not hold, as is known".into()));
        blocks.push(Block::List(findings));
    }
    blocks.push(Block::Table(TableBlock {
        caption: "Every check".into(),
        table: table(&rows),
        note: NOTE.into(),
        in_terminal: true,
    }));
    let traces = traces(entries)?;
    blocks.extend(figures(&traces).into_iter().map(Block::Figure));
    let failed = rows.iter().filter(|row| row.status != "complete");
    Ok(Document {
        blocks,
        failures: failed
            .map(|row| format!("{}: {}", row.check, row.status))
            .collect(),
        frames: vec![
            Frame::of("rows", &rows),
            Frame::of("summary", &summary),
            Frame::of("traces", &traces),
        ],
        ..Document::default()
    })
}

const NOTE: &str = "A *control* shows that the measure tells right from wrong; a *finding* is \
where a paper's text is not so, or what it does not say. What each number is stands in the \
column `statement` of the rows.";

/// A line for each row of a kind.
fn list(rows: &[CheckRow], which: impl Fn(&CheckRow) -> bool) -> Vec<String> {
    let line = |row: &CheckRow| {
        let (check, lemma) = (&row.check, &row.lemma);
        if row.status != "complete" {
            return format!("{check} ({lemma}): {}", row.status);
        }
        let (measured, bound) = (measured(row), bound(row));
        format!(
            "{check} ({lemma}): {}: {measured}, not {bound}",
            row.statement
        )
    };
    rows.iter().filter(|row| which(row)).map(line).collect()
}

fn table(rows: &[CheckRow]) -> Table {
    let mut table = Table::new(&[
        "family", "check", "where", "role", "measured", "bound", "holds",
    ]);
    for row in rows {
        let holds = match (row.holds, row.as_expected) {
            (Some(true), true) => "yes",
            (Some(false), true) => "no, as known",
            (Some(true), false) => "YES, but is known not to",
            (Some(false), false) => "NO",
            (None, _) => "no answer",
        };
        table.push(vec![
            row.family.clone(),
            row.check.clone(),
            row.lemma.clone(),
            row.role.clone(),
            measured(row),
            bound(row),
            holds.to_owned(),
        ]);
    }
    table
}

/// The number; of a mean over problems two digits and its interval, as more mean nothing.
fn measured(row: &CheckRow) -> String {
    match (row.measured, row.measured_low, row.measured_high) {
        (Some(mean), Some(low), Some(high)) => format!("{mean:.1} [{low:.1}, {high:.1}]"),
        (Some(number), ..) => short(number),
        (None, ..) => "no number".into(),
    }
}

fn bound(row: &CheckRow) -> String {
    let (Some(relation), Some(bound)) = (&row.relation, row.bound) else {
        return String::new();
    };
    match row.bound_high {
        Some(high) => format!("{relation} {} and {}", short(bound), short(high)),
        None => format!("{relation} {}", short(bound)),
    }
}
