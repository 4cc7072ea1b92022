//! Writes rows as data frames: CSV and Parquet.

use anyhow::Result;
use polars::prelude::{Column, CsvWriter, DataFrame, NamedFrom, ParquetWriter, SerWriter, Series};
use rows::{Frame, Kind, Value};

/// Writes rows as CSV, one header line.
///
/// # Errors
/// If the frame cannot be made.
pub fn to_csv(rows: &Frame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes)
        .include_header(true)
        .finish(&mut frame(rows, harmless)?)?;
    Ok(bytes)
}

/// Writes rows as Parquet.
///
/// # Errors
/// If the frame cannot be made.
pub fn to_parquet(rows: &Frame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame(rows, str::to_owned)?)?;
    Ok(bytes)
}

/// A text that no spreadsheet takes for a formula, and no terminal for a command.
fn harmless(text: &str) -> String {
    let quiet = text
        .replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
        .replace('\n', " ");
    let number = quiet[..].parse::<f64>().is_ok();
    match quiet.trim_start().starts_with(['=', '+', '-', '@']) && !number {
        true => format!("'{quiet}"),
        false => quiet,
    }
}

/// Makes a column for each column of the schema, with its type also where all values are missing; texts as `written`
/// makes them.
fn frame(rows: &Frame, written: impl Fn(&str) -> String) -> Result<DataFrame> {
    let columns = rows.columns.iter().enumerate().map(|(index, column)| {
        macro_rules! series {
            ($kind:ident) => {{
                let values = rows.rows.iter().map(|row| match &row[index] {
                    Value::$kind(value) => value.clone(),
                    _ => None,
                });
                Series::new(column.name.into(), values.collect::<Vec<_>>())
            }};
        }
        Column::from(match column.kind {
            Kind::Text => {
                let values = rows.rows.iter().map(|row| match &row[index] {
                    Value::Text(Some(text)) => Some(written(text)),
                    _ => None,
                });
                Series::new(column.name.into(), values.collect::<Vec<_>>())
            }
            Kind::Count => series!(Count),
            Kind::Real => series!(Real),
            Kind::Flag => series!(Flag),
        })
    });
    Ok(DataFrame::new(rows.rows.len(), columns.collect())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rows::{Column, Schema, Typed};

    struct Two {
        name: String,
        size: Option<f64>,
    }

    impl Schema for Two {
        const COLUMNS: &'static [Column] = &[
            Column {
                name: "name",
                unit: "",
                what: "",
                kind: Kind::Text,
            },
            Column {
                name: "size",
                unit: "",
                what: "",
                kind: Kind::Real,
            },
        ];
        fn values(&self) -> Vec<Value> {
            vec![self.name.value(), self.size.value()]
        }
    }

    #[test]
    fn a_missing_value_is_an_empty_field() {
        let rows = [
            Two {
                name: "a,b".into(),
                size: Some(1.5),
            },
            Two {
                name: "c".into(),
                size: None,
            },
        ];
        let csv = String::from_utf8(to_csv(&Frame::of("rows", &rows)).unwrap()).unwrap();
        assert_eq!(csv, "name,size\n\"a,b\",1.5\nc,\n");
    }

    #[test]
    fn a_text_of_a_file_for_spreadsheets_is_no_formula_and_no_command() {
        for (text, field) in [
            ("=1+2", "'=1+2"),
            ("@SUM(1)", "'@SUM(1)"),
            ("-x", "'-x"),
            ("+1e-3", "+1e-3"),
            ("\u{1b}[31mred\t", "\u{fffd}[31mred\u{fffd}"),
            ("a = b", "a = b"),
        ] {
            let row = Two {
                name: text.into(),
                size: None,
            };
            let csv = String::from_utf8(to_csv(&Frame::of("rows", &[row])).unwrap()).unwrap();
            assert_eq!(csv, format!("name,size\n{field},\n"));
        }
    }

    #[test]
    fn parquet_holds_the_same_frame_and_is_the_same_bytes_each_time() {
        use polars::prelude::{ParquetReader, SerReader};
        let rows = [Two {
            name: "a".into(),
            size: None,
        }];
        let rows = Frame::of("rows", &rows);
        let bytes = to_parquet(&rows).unwrap();
        let read = ParquetReader::new(std::io::Cursor::new(&bytes))
            .finish()
            .unwrap();
        assert!(read.equals_missing(&frame(&rows, str::to_owned).unwrap()));
        assert_eq!(bytes, to_parquet(&rows).unwrap());
    }
}
