//! How checks are shown: a table a family, what failed, and what the papers say otherwise.

use super::shared::{grouped, in_words};
use lab::experiments::checks::{CheckRow, CheckRows, TraceRow};
use report::{Axis, Block, Cell, Document, Figure, FigureBlock, Piece, Series, Table, TableBlock};
use rows::Frame;
use rows::format::Format;
use rows::statistics::Interval;

/// Draws a picture for each family that has points.
fn figures(rows: &[TraceRow]) -> Vec<Block> {
    let of_family = |family: &str, title: &str, x: Axis, y: Axis| {
        let rows = rows.iter().filter(|row| row.family == family);
        let lines = grouped(rows.map(|row| (row.of.as_str(), (row.x, row.y))));
        let series = lines.into_iter().map(|(of, points)| {
            // Marks on the line that they have to lie on.
            if of.ends_with("textbook") {
                Series::scatter(in_words(of), points)
            } else {
                Series::line(in_words(of), points)
            }
        });
        let series: Vec<Series> = series.collect();
        (!series.is_empty()).then(|| {
            FigureBlock::new(family, title, Figure::new(title, x, y).series(series)).into()
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

/// Makes the report.
pub fn document(all: &CheckRows) -> Document {
    let (rows, summary) = (&all.checks, &all.summary);
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
    let unexpected = list(rows, |row| !row.as_expected);
    if !unexpected.is_empty() {
        blocks.push(Block::Heading("Not as expected".into()));
        blocks.push(Block::List(unexpected));
    }
    let findings = list(rows, |row| row.as_expected && row.expected == Some(false));
    if !findings.is_empty() {
        blocks.push(Block::Heading("What does not hold, as is known".into()));
        blocks.push(Block::List(findings));
    }
    blocks.push(TableBlock::new("Every check", table(rows), NOTE).into());
    blocks.extend(figures(&all.traces));
    let failed = rows.iter().filter(|row| row.status != "complete");
    let failures = failed.map(|row| format!("{}: {}", row.check, row.status));
    let frames = vec![
        Frame::of("rows", rows),
        Frame::of("summary", summary),
        Frame::of("traces", &all.traces),
    ];
    Document::made_of(blocks, frames, failures.collect())
}

const NOTE: &str = "A *control* shows that the measure tells right from wrong; a *finding* is \
where a paper's text is not so, or what it does not say. What each number is stands in the \
column `statement` of the rows.";

/// Writes a line for each row of a kind.
fn list(rows: &[CheckRow], which: impl Fn(&CheckRow) -> bool) -> Vec<String> {
    let line = |row: &CheckRow| {
        let (check, lemma) = (&row.check, &row.lemma);
        if row.status != "complete" {
            return format!("{check} ({lemma}): {}", row.status);
        }
        let (measured, bound) = (measured(row).text(), bound(row));
        format!(
            "{check} ({lemma}): {}: {measured}, not {bound}",
            row.statement
        )
    };
    rows.iter().filter(|row| which(row)).map(line).collect()
}

fn table(rows: &[CheckRow]) -> Table {
    Table::of(rows)
        .words("family", |row| &row.family)
        .words("check", |row| &row.check)
        .words("where", |row| &row.lemma)
        .words("role", |row| &row.role)
        .numbers("measured", measured)
        .numbers("bound", bound)
        .words("holds", |row| match (row.holds, row.as_expected) {
            (Some(true), true) => "yes",
            (Some(false), true) => "no, as known",
            (Some(true), false) => "YES, but is known not to",
            (Some(false), false) => "NO",
            (None, _) => "no answer",
        })
        .build()
}

/// Shows the number; of a mean over problems one decimal and its interval, as more mean nothing.
fn measured(row: &CheckRow) -> Cell {
    match (row.measured, row.measured_low, row.measured_high) {
        (Some(median), Some(low), Some(high)) => {
            Piece::Interval(Interval { median, low, high }, Format::Fixed(1)).into()
        }
        (Some(number), ..) => Piece::Number(number, Format::Short).into(),
        (None, ..) => "no number".into(),
    }
}

fn bound(row: &CheckRow) -> String {
    let (Some(relation), Some(bound)) = (&row.relation, row.bound) else {
        return String::new();
    };
    let bound = Format::Short.show(bound);
    match row.bound_high {
        Some(high) => format!("{relation} {bound} and {}", Format::Short.show(high)),
        None => format!("{relation} {bound}"),
    }
}
