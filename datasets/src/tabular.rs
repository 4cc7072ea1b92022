//! The files of tables: read by their format, checked against what the registry says, and put into records.

use std::io::BufRead;
use std::path::Path;

use crate::error::{Error, Result};
use crate::read::{ContentError, read_file};
use crate::real::Had;
use crate::registry::{DatasetSpec, FileFormat, FileSpec, LabelSpec, RegistryLimits};
use crate::table::{self, FileRows, TablePlace, TableProblem, TableRefusal, TableShape};
use crate::{FileRecord, Progress};

/// A file, and where it was had from.
type FoundAt<'a> = (&'a Path, String);

/// The rows of a table whose columns have names: those of `columns`, or as the registry says.
pub(crate) fn table(
    spec: &DatasetSpec,
    file: &FileSpec,
    columns: Option<&[String]>,
    limits: &RegistryLimits,
    place: FoundAt<'_>,
    progress: &dyn Progress,
) -> Result<Had> {
    let shape = TableShape {
        columns: columns.or(spec.columns.as_deref()),
        ..shape(spec, file, limits)
    };
    let (rows, record) = had(file, limits, place, progress, |content| match file.format {
        FileFormat::Parquet => parquet(content, &shape),
        _ => table::read_csv(content, &shape),
    })?;
    as_many(spec, file, rows, record)
}

/// The features of an array's rows; their labels are in another file.
pub(crate) fn features(
    spec: &DatasetSpec,
    file: &FileSpec,
    limits: &RegistryLimits,
    place: FoundAt<'_>,
    progress: &dyn Progress,
) -> Result<Had> {
    let shape = shape(spec, file, limits);
    let (rows, record) = had(file, limits, place, progress, |content| {
        table::npy_features(content, &shape)
    })?;
    as_many(spec, file, rows, record)
}

/// The same rows with their labels.
pub(crate) fn labels(
    spec: &DatasetSpec,
    file: &FileSpec,
    mut rows: Had,
    limits: &RegistryLimits,
    place: FoundAt<'_>,
    progress: &dyn Progress,
) -> Result<Had> {
    let count = rows.rows.rows.rows();
    let numbers = spec.labels == LabelSpec::Numbers;
    let (labels, record) = had(file, limits, place, progress, |content| {
        table::npy_labels(content, count, numbers)
    })?;
    rows.rows.labels = labels;
    rows.records.push(record);
    Ok(rows)
}

fn shape<'a>(spec: &'a DatasetSpec, file: &FileSpec, limits: &RegistryLimits) -> TableShape<'a> {
    TableShape {
        label: spec.label.as_deref().unwrap_or_default(),
        columns: None,
        numbers: spec.labels == LabelSpec::Numbers,
        rows: file.rows,
        delimiter: file.delimiter,
        line_bytes: limits.line_bytes,
        #[cfg(feature = "parquet")]
        most_bytes: limits.decompressed_bytes,
    }
}

#[cfg(feature = "parquet")]
fn parquet(
    content: &mut dyn BufRead,
    shape: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    table::read_parquet(content, shape)
}

#[cfg(not(feature = "parquet"))]
fn parquet(
    _: &mut dyn BufRead,
    _: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    let problem = "this program was built without the feature `parquet`, which reads Parquet files";
    let place = TablePlace::default();
    Err(ContentError::Refused(Box::new((
        place,
        TableProblem::Form(problem.into()),
    ))))
}

/// Reads a file and says where it comes from.
fn had<T>(
    file: &FileSpec,
    limits: &RegistryLimits,
    (path, from): FoundAt<'_>,
    progress: &dyn Progress,
    read: impl FnOnce(&mut dyn BufRead) -> Result<T, ContentError<TableRefusal>>,
) -> Result<(T, FileRecord)> {
    let parse = |content: &mut dyn BufRead| {
        read(content).map_err(|error| match error {
            ContentError::Read(error) => ContentError::Read(error),
            ContentError::Refused(refusal) => {
                let (place, problem) = *refusal;
                let file = path.display().to_string();
                ContentError::Refused(Error::table(file, place, problem))
            }
        })
    };
    let limit = limits.decompressed_bytes;
    let content = read_file((path, &file.name), file.sha256, limit, progress, parse)?;
    let record = FileRecord {
        name: file.name.clone(),
        sha256: content.sha256.to_string(),
        bytes: content.bytes,
        from,
    };
    Ok((content.of, record))
}

/// Rows of as many features as are declared.
fn as_many(spec: &DatasetSpec, file: &FileSpec, rows: FileRows, record: FileRecord) -> Result<Had> {
    let found = rows.rows.cols();
    match spec.features {
        Some(declared) if declared != found => {
            let problem = TableProblem::Features { found, declared };
            Err(Error::table(
                file.name.clone(),
                TablePlace::default(),
                problem,
            ))
        }
        _ => Ok(Had {
            rows,
            records: vec![record],
        }),
    }
}
