//! CSV: a line of names, then a line for each row.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::problem::{listed, short, whole};
use super::{
    FileRows, LabelColumn, RowsSoFar, TablePlace, TableProblem, TableRefusal, TableShape,
    as_declared, chosen, names,
};
use crate::Label;
use crate::read::ContentError;

/// Bytes that are read ahead.
const BUFFER: usize = 1 << 16;

/// Reads a table.
///
/// Without `columns` the features are the columns but the label whose first row has a number; that all other
/// rows have one too is then asked for, so that a slip of the pen is found, and leaves nothing out.
pub(crate) fn read(
    content: impl Read,
    shape: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    let until = Rc::new(Cell::new(0));
    let bounded = BoundedLines {
        inner: content,
        passed: 0,
        until: until.clone(),
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(shape.delimiter)
        .buffer_capacity(BUFFER)
        .trim(csv::Trim::All)
        .from_reader(bounded);
    let explain = |error| explain(error, shape);
    // A record may be as long as a line, and the buffer is filled before it is looked at.
    let room = (shape.line_bytes + 2 * BUFFER) as u64;
    until.set(room);
    let header = reader.byte_headers().map_err(explain)?;
    let header: Vec<String> = header
        .iter()
        .map(text)
        .collect::<Result<_, _>>()
        .map_err(at_line(1))?;
    let (label, mut columns) = chosen(&header, shape).map_err(at_line(1))?;
    let mut record = ByteRecord::new();
    let (mut rows, mut labels) = (RowsSoFar::new(), LabelColumn::new(shape.numbers));
    loop {
        until.set(reader.position().byte() + room);
        if !reader.read_byte_record(&mut record).map_err(explain)? {
            break;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let refuse = |column: usize, problem| {
            let place = TablePlace {
                line: Some(line),
                row: None,
                column: Some(format!("`{}`", short(&header[column]))),
            };
            ContentError::Refused(Box::new((place, problem)))
        };
        if rows.rows() == 0 && shape.columns.is_none() {
            columns.retain(|&at| number(&record[at]).is_some());
        }
        for (place, &at) in columns.iter().enumerate() {
            let value = match number(&record[at]) {
                Some(value) => value,
                None if is_missing(&record[at]) => return Err(refuse(at, TableProblem::Missing)),
                None => {
                    let found = short(&String::from_utf8_lossy(&record[at]));
                    return Err(refuse(at, TableProblem::NotNumber(found)));
                }
            };
            rows.entry(place, value)
                .map_err(|problem| refuse(at, problem))?;
        }
        let of_row = match is_missing(&record[label]) {
            true => Err(TableProblem::Missing),
            false => text(&record[label]).and_then(|text| labels.push(Label::of(&text))),
        };
        of_row.map_err(|problem| refuse(label, problem))?;
        rows.end_of_row();
    }
    as_declared(rows.rows(), shape.rows)
        .map_err(|problem| ContentError::Refused(whole(problem)))?;
    if columns.is_empty() {
        return Err(ContentError::Refused(whole(TableProblem::NoFeatures(
            listed(&header),
        ))));
    }
    let (columns, left_out) = names(&header, label, &columns);
    Ok(FileRows {
        rows: rows.finish(columns.len()),
        columns,
        left_out,
        labels: labels.finish(),
    })
}

/// Whether nothing stands there, or what tables write where nothing is known.
fn is_missing(field: &[u8]) -> bool {
    matches!(field, b"" | b"NA" | b"N/A" | b"NULL" | b"null" | b"?")
}

fn number(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn text(field: &[u8]) -> Result<String, TableProblem> {
    let text = std::str::from_utf8(field);
    text.map(str::to_owned).map_err(|_| TableProblem::NotText)
}

fn at_line(line: u64) -> impl Fn(TableProblem) -> ContentError<TableRefusal> {
    move |problem| {
        let place = TablePlace {
            line: Some(line),
            ..TablePlace::default()
        };
        ContentError::Refused(Box::new((place, problem)))
    }
}

/// Says what the parser's error means.
fn explain(error: csv::Error, shape: &TableShape<'_>) -> ContentError<TableRefusal> {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => at_line(line)(TableProblem::Ragged {
            found: len,
            expected: expected_len,
        }),
        ErrorKind::Io(error) => match error.get_ref() {
            Some(inner) if inner.is::<LongLine>() => {
                ContentError::Refused(whole(TableProblem::TooLong(shape.line_bytes)))
            }
            _ => ContentError::Read(error),
        },
        _ => at_line(line)(TableProblem::NotText),
    }
}

/// What is read, until more was asked for than a record may have.
struct BoundedLines<R> {
    inner: R,
    passed: u64,
    until: Rc<Cell<u64>>,
}

/// That more was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the line is too long")]
struct LongLine;

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.passed > self.until.get() {
            return Err(io::Error::other(LongLine));
        }
        let n = self.inner.read(buf)?;
        self.passed += n as u64;
        Ok(n)
    }
}
