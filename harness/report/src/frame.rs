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
        .finish(&mut frame(rows)?)?;
    Ok(bytes)
}

/// Writes rows as Parquet.
///
/// # Errors
/// If the frame cannot be made.
pub fn to_parquet(rows: &Frame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame(rows)?)?;
    Ok(bytes)
}

/// Makes a column for each column of the schema, with its type also where all values are missing.
fn frame(rows: &Frame) -> Result<DataFrame> {
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
            Kind::Text => series!(Text),
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
        assert!(read.equals_missing(&frame(&rows).unwrap()));
        assert_eq!(bytes, to_parquet(&rows).unwrap());
    }
}
