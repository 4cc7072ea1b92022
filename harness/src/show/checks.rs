//! How checks are shown: a table a family, what failed, and what the papers say otherwise.

use lab::experiments::checks::{CheckRow, CheckRows, TraceRow, short};
use report::{Axis, Block, Document, Figure, FigureBlock, Series, SeriesKind, Table, TableBlock};
use rows::Frame;

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
            figure: Figure::new(title, x, y).series(series),
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

/// The report.
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
    blocks.push(Block::Table(TableBlock {
        caption: "Every check".into(),
        table: table(rows),
        note: NOTE.into(),
        in_terminal: true,
    }));
    blocks.extend(figures(&all.traces).into_iter().map(Block::Figure));
    let failed = rows.iter().filter(|row| row.status != "complete");
    Document {
        blocks,
        failures: failed
            .map(|row| format!("{}: {}", row.check, row.status))
            .collect(),
        frames: vec![
            Frame::of("rows", rows),
            Frame::of("summary", summary),
            Frame::of("traces", &all.traces),
        ],
        ..Document::default()
    }
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
