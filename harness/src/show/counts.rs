//! How counts are shown: what differs from the printed, and a picture of both.

use super::shared::grouped;
use lab::experiments::counts::CountRow;
use report::{Axis, Block, Cell, Document, Figure, FigureBlock, Piece, Series, Table, TableBlock};
use rows::Frame;
use rows::format::Format;

const COUNTED: [&str; 4] = ["all samples", "training set", "test set", "features"];

/// Makes the report of the rows of each data set.
pub fn document(mut rows: Vec<Vec<CountRow>>) -> Document {
    rows.retain(|of_dataset| !of_dataset.is_empty());
    let mut table = Table::of(&rows)
        .words("data set", |of| &of[0].dataset)
        .words("split", |of| &of[0].split);
    for (index, title) in COUNTED.into_iter().enumerate() {
        table = table.numbers(title, move |of| of.get(index).map(shown));
    }
    let table = TableBlock::new(
        "Counted from the data, and what the paper prints where it differs",
        table.build(),
        "Features are the largest index that occurs.",
    );
    let rows: Vec<CountRow> = rows.into_iter().flatten().collect();
    let differences = rows.iter().filter(|row| row.same == Some(false));
    let difference = |row: &CountRow| {
        let (measured, printed) = (row.measured.unwrap_or(0), row.printed.unwrap_or(0));
        let note = row.note.as_ref().map(|note| format!(": {note}"));
        format!(
            "{}, split {}, {}: counted {measured}, printed {printed}{}",
            row.dataset,
            row.split,
            row.count,
            note.unwrap_or_default()
        )
    };
    let differences = Block::List(differences.map(difference).collect());
    let blocks = vec![table.into(), differences, figure(&rows).into()];
    Document::made_of(blocks, vec![Frame::of("rows", &rows)], Vec::new())
}

/// Draws counted against printed: what lies on the line is the same.
fn figure(rows: &[CountRow]) -> FigureBlock {
    let known = rows.iter().filter_map(|row| {
        let label = format!("{}, split {}", row.dataset, row.split);
        Some((label, (row.printed? as f64, row.measured? as f64)))
    });
    let groups = grouped(known);
    let all = || groups.iter().flat_map(|(_, points)| points);
    let low = all().fold(f64::INFINITY, |low, p| low.min(p.0).min(p.1));
    let high = all().fold(0.0_f64, |high, p| high.max(p.0).max(p.1));
    let same = Series::line("the same", [(low, low), (high, high)]);
    let counted = groups
        .into_iter()
        .map(|(label, points)| Series::scatter(label, points));
    let title = "Rows and features, counted against printed";
    let (x, y) = (
        Axis::log("printed in Table 1"),
        Axis::log("counted from the data"),
    );
    FigureBlock::new(
        "table1",
        format!("{title}: on the line where they are the same"),
        Figure::new(title, x, y).series(std::iter::once(same).chain(counted)),
    )
}

/// Shows a count, with the printed one where it is another.
fn shown(row: &CountRow) -> Cell {
    let number = |count: u64| Piece::Number(count as f64, Format::Whole);
    let measured = Cell::from(row.measured.map(number));
    match (row.same, row.printed) {
        (Some(false), Some(printed)) => measured.then(" (printed ").then(number(printed)).then(")"),
        _ => measured,
    }
}
