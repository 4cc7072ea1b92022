//! How counts are shown: what differs from the printed, and a picture of both.

use lab::experiments::counts::CountRow;
use report::{Axis, Block, Document, Figure, FigureBlock, Series, Table, TableBlock};
use rows::Frame;

/// Makes the report of the rows of each data set.
pub fn document(rows: Vec<Vec<CountRow>>) -> Document {
    let mut table = Table::new(&[
        "data set",
        "split",
        "all samples",
        "training set",
        "test set",
        "features",
    ]);
    for of_dataset in &rows {
        let Some(first) = of_dataset.first() else {
            continue;
        };
        let mut line = vec![first.dataset.clone(), first.split.clone()];
        line.extend(of_dataset.iter().map(shown));
        table.push(line);
    }
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
    let differences: Vec<String> = differences.map(difference).collect();
    Document {
        blocks: vec![
            Block::Table(TableBlock {
                caption: "Counted from the data, and what the paper prints where it differs".into(),
                table,
                note: "Features are the largest index that occurs.".into(),
                in_terminal: true,
            }),
            Block::List(differences),
            Block::Figure(figure(&rows)),
        ],
        frames: vec![Frame::of("rows", &rows)],
        ..Document::default()
    }
}

/// Counted against printed: what lies on the line is the same.
fn figure(rows: &[CountRow]) -> FigureBlock {
    let mut series: Vec<Series> = Vec::new();
    let mut ends = (f64::INFINITY, 0.0_f64);
    for row in rows {
        let (Some(measured), Some(printed)) = (row.measured, row.printed) else {
            continue;
        };
        let (x, y) = (printed as f64, measured as f64);
        ends = (ends.0.min(x).min(y), ends.1.max(x).max(y));
        let label = format!("{}, split {}", row.dataset, row.split);
        match series.iter_mut().find(|s| s.label == label) {
            Some(series) => series.points.push((x, y)),
            None => series.push(Series::scatter(label, [(x, y)])),
        }
    }
    let same = Series::line("the same", [(ends.0, ends.0), (ends.1, ends.1)]);
    series.insert(0, same);
    let title = "Rows and features, counted against printed";
    FigureBlock {
        name: "table1".into(),
        alt: format!("{title}: on the line where they are the same"),
        figure: Figure::new(
            title,
            Axis::log("printed in Table 1"),
            Axis::log("counted from the data"),
        )
        .series(series),
    }
}

/// A count as the table shows it.
fn shown(row: &CountRow) -> String {
    let measured = row.measured.map_or_else(String::new, |n| n.to_string());
    match (row.same, row.printed) {
        (Some(false), Some(printed)) => format!("{measured} (printed {printed})"),
        _ => measured,
    }
}
