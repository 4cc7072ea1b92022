//! Parquet files, by polars.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{Column, DataType, ParquetReader, SerReader};

use super::problem::{listed, short, whole};
use super::{
    FileRows, LabelColumn, RowsSoFar, TablePlace, TableProblem, TableRefusal, TableShape,
    as_declared, chosen, names,
};
use crate::Label;
use crate::read::ContentError;

/// Reads a table. Without `columns` the features are all columns of numbers or truth values but the label.
pub(crate) fn read(
    content: impl Read,
    shape: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    // Some damaged files make polars panic, which is no reason for the program to end.
    let read = catch_unwind(AssertUnwindSafe(|| read_all(content, shape)));
    read.unwrap_or_else(|_| Err(form("the Parquet file is damaged: what reads it gave up")))
}

fn read_all(
    mut content: impl Read,
    shape: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    let mut bytes = Vec::new();
    content
        .read_to_end(&mut bytes)
        .map_err(ContentError::Read)?;
    // The end of the file says where everything is; polars believes that more than it should.
    if !(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1") && bytes.len() >= 12) {
        return Err(form(
            "this is no Parquet file, or it is cut short: it does not begin and end as one",
        ));
    }
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let schema = reader.schema().map_err(damaged)?;
    let rows = reader.num_rows().map_err(damaged)?;
    let header: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let (label, mut columns) = chosen(&header, shape).map_err(refuse)?;
    let of_numbers = |at: &usize| {
        let of = schema
            .get_at_index(*at)
            .map(|(_, field)| DataType::from_arrow_field(field));
        of.is_some_and(|of| is_number(&of))
    };
    if shape.columns.is_none() {
        columns.retain(of_numbers);
    } else if let Some(&at) = columns.iter().find(|at| !of_numbers(at)) {
        let place = TablePlace {
            column: Some(format!("`{}`", short(&header[at]))),
            ..TablePlace::default()
        };
        let problem = TableProblem::Form("is no column of numbers, which every feature is".into());
        return Err(ContentError::Refused(Box::new((place, problem))));
    }
    as_declared(rows, shape.rows).map_err(refuse)?;
    if columns.is_empty() {
        return Err(refuse(TableProblem::NoFeatures(listed(&header))));
    }
    // Before anything is made of it: a few bytes may stand for any number of rows.
    let taken = (rows as u64)
        .saturating_mul(columns.len() as u64 + 1)
        .saturating_mul(8);
    if taken > shape.most_bytes {
        return Err(form(format!(
            "{rows} rows of {} columns take {taken} bytes, which exceeds the limit of {} (limits.decompressed_bytes \
             in the registry)",
            columns.len() + 1,
            shape.most_bytes
        )));
    }
    let wanted = columns.iter().chain([&label]).map(|&at| header[at].clone());
    let frame = reader
        .with_columns(Some(wanted.collect()))
        .finish()
        .map_err(damaged)?;
    let column = |at: usize| frame.column(&header[at]).map_err(damaged);
    let mut numbers = Vec::new();
    for &at in &columns {
        let values = values(column(at)?)?;
        if values.len() != rows {
            return Err(form("its columns are not as long as it says"));
        }
        numbers.push(values);
    }
    let mut matrix = RowsSoFar::new();
    for row in 0..rows {
        for (place, values) in numbers.iter().enumerate() {
            let entered = match values[row] {
                Some(number) => matrix.entry(place, number),
                None => Err(TableProblem::Missing),
            };
            entered.map_err(|problem| refusal(row, &header[columns[place]], problem))?;
        }
        matrix.end_of_row();
    }
    let labels = labels(column(label)?, rows, shape.numbers, &header[label])?;
    let (columns, left_out) = names(&header, label, &columns);
    Ok(FileRows {
        rows: matrix.finish(columns.len()),
        columns,
        left_out,
        labels,
    })
}

fn labels(
    column: &Column,
    rows: usize,
    numbers: bool,
    name: &str,
) -> Result<super::FileLabels, ContentError<TableRefusal>> {
    let found: Vec<Option<Label>> = match is_number(column.dtype()) {
        true => values(column)?
            .into_iter()
            .map(|v| v.map(Label::from))
            .collect(),
        false => {
            let texts = column.cast(&DataType::String).map_err(damaged)?;
            let texts = texts.str().map_err(damaged)?;
            texts.iter().map(|text| text.map(Label::of)).collect()
        }
    };
    if found.len() != rows {
        return Err(form("its columns are not as long as it says"));
    }
    let mut labels = LabelColumn::new(numbers);
    for (row, label) in found.into_iter().enumerate() {
        let pushed = label
            .ok_or(TableProblem::Missing)
            .and_then(|label| labels.push(label));
        pushed.map_err(|problem| refusal(row, name, problem))?;
    }
    Ok(labels.finish())
}

fn is_number(of: &DataType) -> bool {
    of.is_primitive_numeric() || of.is_bool()
}

fn values(column: &Column) -> Result<Vec<Option<f64>>, ContentError<TableRefusal>> {
    let column = column.cast(&DataType::Float64).map_err(damaged)?;
    Ok(column.f64().map_err(damaged)?.iter().collect())
}

fn refusal(row: usize, column: &str, problem: TableProblem) -> ContentError<TableRefusal> {
    let place = TablePlace {
        line: None,
        row: Some(row as u64 + 1),
        column: Some(format!("`{}`", short(column))),
    };
    ContentError::Refused(Box::new((place, problem)))
}

fn refuse(problem: TableProblem) -> ContentError<TableRefusal> {
    ContentError::Refused(whole(problem))
}

fn form(what: impl Into<String>) -> ContentError<TableRefusal> {
    refuse(TableProblem::Form(what.into()))
}

fn damaged(error: polars::error::PolarsError) -> ContentError<TableRefusal> {
    let said = error.to_string();
    let said: String = said
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    form(format!(
        "the Parquet file is damaged, or of a form that is not read: {said}"
    ))
}
