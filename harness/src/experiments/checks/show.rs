//! How checks are shown: a table a family, what failed, and what the papers say otherwise.

use super::check::{Check, CheckRow, SummaryRow, TraceRow, short};
use super::{CheckCell, Measured};
use crate::journal::Entry;
use crate::plan::Plan;
use crate::report::{
    Axis, Block, Document, Figure, FigureBlock, Panel, Series, SeriesKind, Table, TableBlock,
};
use crate::rows::Frame;
use anyhow::Result;

/// The rows: one a check, and one for a family that failed.
fn rows(plan: &Plan, entries: &[Entry]) -> Result<Vec<CheckRow>> {
    let mut rows = Vec::new();
    for entry in entries {
        let cell: CheckCell = entry.cell()?;
        let blank = CheckRow {
            experiment: plan.target.clone(),
            profile: plan.profile.name.clone(),
            cell: entry.key.clone(),
            family: cell.checks.name().to_owned(),
            check: cell.checks.name().to_owned(),
            lemma: String::new(),
            role: String::new(),
            statement: String::new(),
            measured: None,
            relation: None,
            bound: None,
            bound_high: None,
            holds: false,
            expected: None,
            as_expected: false,
            status: entry.status(),
        };
        match entry.measured::<Measured>()? {
            Some(measured) => rows.extend(measured.checks.iter().map(|check| row(&blank, check))),
            None => rows.push(blank),
        }
    }
    Ok(rows)
}

fn row(blank: &CheckRow, check: &Check) -> CheckRow {
    CheckRow {
        check: check.check.clone(),
        lemma: check.lemma.clone(),
        role: check.role.name().to_owned(),
        statement: check.statement.clone(),
        measured: check.measured,
        relation: Some(check.relation.name().to_owned()),
        bound: Some(check.relation.bound()),
        bound_high: check.relation.upper(),
        holds: check.holds(),
        expected: Some(check.expected),
        as_expected: check.as_expected(),
        ..blank.clone()
    }
}

/// The points that checks were made of.
fn traces(entries: &[Entry]) -> Result<Vec<TraceRow>> {
    let mut rows = Vec::new();
    for entry in entries {
        let cell: CheckCell = entry.cell()?;
        let checks = entry.measured::<Measured>()?.map_or(vec![], |m| m.checks);
        for check in &checks {
            for trace in &check.traces {
                rows.extend(trace.points.iter().map(|&(x, y)| TraceRow {
                    family: cell.checks.name().to_owned(),
                    check: check.check.clone(),
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
            holding: count(|row| row.holds),
            as_expected: count(|row| row.as_expected),
            all_as_expected: rows.iter().all(|row| row.as_expected),
        }
    };
    roles.into_iter().map(of).collect()
}

/// The report.
pub(super) fn document(plan: &Plan, entries: &[Entry]) -> Result<Document> {
    let rows = rows(plan, entries)?;
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
            .map(|row| format!("{}: {}", row.family, row.status))
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
            (true, true) => "yes",
            (false, true) => "no, as known",
            (true, false) => "YES, but is known not to",
            (false, false) => "NO",
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

fn measured(row: &CheckRow) -> String {
    row.measured.map_or_else(|| "no number".into(), short)
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
