//! Tables of one's own: CSV, arrays of NumPy, Parquet.

use crate::edits::{choice, edited};
use datasets::{DataPolicy, Dataset, Labels, Library, LibraryOptions, Registry, Silent};
use polars::prelude::{Column, DataFrame, ParquetWriter};
use std::fmt::Write;
use std::sync::LazyLock;
use tempfile::TempDir;

/// A table, as it is or one of the program's own changed: rows of finite numbers, as many as labels, or an error
/// that names the file. Rows of CSV that are written down again are the same.
///
/// # Panics
/// If that does not hold.
pub fn tables(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    match chosen % 6 {
        0 => csv(rest),
        1 => csv(&edited(CSV.as_bytes(), rest)),
        2 => arrays(rest, &LABELS),
        3 => arrays(&edited(&FEATURES, rest), &LABELS),
        4 => arrays(&FEATURES, &edited(&LABELS, rest)),
        // A fuzzer takes every panic for an end, also those of polars, which are caught.
        _ if cfg!(feature = "libfuzzer") => {}
        _ => drop(load(
            "parquet",
            &[("rows.parquet", &edited(&PARQUET, rest))],
        )),
    }
}

fn csv(bytes: &[u8]) {
    for name in ["classes", "numbers"] {
        if let Some(data) = load(name, &[("rows.csv", bytes)]) {
            let again = load(name, &[("rows.csv", written(&data).as_bytes())]);
            let again = again.expect("what was written is a table");
            assert_eq!(
                (&again.train, &again.class_names),
                (&data.train, &data.class_names)
            );
        }
    }
}

fn arrays(features: &[u8], labels: &[u8]) {
    drop(load("arrays", &[("x.npy", features), ("y.npy", labels)]));
}

/// Loads a data set of these files; what is refused is refused by a file's name.
fn load(name: &str, files: &[(&str, &[u8])]) -> Option<Dataset> {
    let (folder, library) = &*LIBRARY;
    for (file, bytes) in files {
        std::fs::write(folder.path().join(file), bytes).expect("a folder for the table");
    }
    match library.load(name, None, &Silent) {
        Ok(data) => {
            let rows = &data.train.rows;
            assert_eq!(rows.rows(), data.train.labels.len());
            assert!(rows.values().iter().all(|number| number.is_finite()));
            match &data.train.labels {
                Labels::Classes(of) => assert!(of.iter().all(|c| (*c as usize) < data.classes())),
                Labels::Numbers(of) => assert!(of.iter().all(|number| number.is_finite())),
            }
            Some(data)
        }
        Err(error) => {
            let said = error.to_string();
            assert!(files.iter().any(|(file, _)| said.contains(file)), "{said}");
            None
        }
    }
}

/// The same as CSV.
fn written(data: &Dataset) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = String::from("y");
    for name in &data.feature_names {
        text += &format!(",{}", quoted(name));
    }
    let dense = data.train.to_dense();
    for (row, numbers) in dense.chunks(data.features).enumerate() {
        let label = match &data.train.labels {
            Labels::Classes(of) => quoted(&data.class_names[of[row] as usize]),
            Labels::Numbers(of) => of[row].to_string(),
        };
        let _ = write!(text, "\n{label}");
        for number in numbers {
            let _ = write!(text, ",{number}");
        }
    }
    text
}

const CSV: &str = "y,a,\"b, c\",d\nyes,1,0.5,text\nno,-2,1e-3,\"more\ntext\"\nyes,0,7,\n";

/// An array as NumPy writes it.
fn array(description: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [
        b"\x93NUMPY\x01\x00",
        &length[..],
        header.as_bytes(),
        elements,
    ]
    .concat()
}

static FEATURES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let numbers = [1.0f32, 0.0, -2.5, 4.0, 1e-3, 9.0];
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    array("<f4", "(3, 2)", &bytes)
});

static LABELS: LazyLock<Vec<u8>> = LazyLock::new(|| array("<i2", "(3,)", &[1, 0, 0, 0, 1, 0]));

static PARQUET: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let columns = vec![
        Column::new("y".into(), ["no", "yes", "no"]),
        Column::new("a".into(), [Some(1i64), Some(2), Some(3)]),
        Column::new("b".into(), [0.5f64, 0.0, -1.5]),
    ];
    let mut bytes = Vec::new();
    let mut frame = DataFrame::new(3, columns).expect("columns of one length");
    ParquetWriter::new(&mut bytes)
        .finish(&mut frame)
        .expect("memory");
    bytes
});

/// A folder, and the library that looks there.
static LIBRARY: LazyLock<(TempDir, Library)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let registry = Registry::from_yaml(
        "limits: {decompressed_bytes: 65536, line_bytes: 4096}\n\
         datasets:\n\
         \x20 classes: {label: y, files: {train: {name: rows.csv}}}\n\
         \x20 numbers: {label: y, labels: numbers, files: {train: {name: rows.csv}}}\n\
         \x20 arrays: {files: {train: {name: x.npy, labels: {name: y.npy}}}}\n\
         \x20 parquet: {label: y, files: {train: {name: rows.parquet}}}\n",
    );
    let options = LibraryOptions {
        data_dir: Some(folder.path().into()),
        cache_dir: Some(folder.path().join("cache")),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    (folder, Library::new(registry.expect("a registry"), options))
});
