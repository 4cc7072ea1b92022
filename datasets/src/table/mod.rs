//! Tables to rows: CSV, Parquet and NumPy's arrays, each in a file of its own.
//!
//! What all of them share is here: which columns are features, numbers that become entries of a matrix, and
//! labels. A file is refused by the first thing in it that is wrong, with its line or row and its column.

mod csv;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod problem;

use std::collections::HashMap;

pub(crate) use self::csv::read as read_csv;
pub(crate) use self::npy::{features as npy_features, labels as npy_labels};
#[cfg(feature = "parquet")]
pub(crate) use self::parquet::read as read_parquet;
pub(crate) use problem::TableRefusal;
pub use problem::{TablePlace, TableProblem};

use crate::{Csr, Label, Labels, Split};

/// What a table has to agree with.
#[derive(Debug, Clone)]
pub(crate) struct TableShape<'a> {
    /// The column of labels.
    pub label: &'a str,
    /// The columns of features; all with numbers but the label if `None`.
    pub columns: Option<&'a [String]>,
    /// Whether labels are numbers to be predicted.
    pub numbers: bool,
    /// Number of rows, when it is known.
    pub rows: Option<usize>,
    /// What separates columns of CSV.
    pub delimiter: u8,
    /// Longest line allowed of CSV, in bytes.
    pub line_bytes: usize,
    /// Most bytes that the numbers of a compressed table may take.
    #[cfg(feature = "parquet")]
    pub most_bytes: u64,
}

/// The rows of a file.
#[derive(Debug, Clone)]
pub(crate) struct FileRows {
    pub rows: Csr,
    /// The names of its columns, where they have names.
    pub columns: Vec<String>,
    /// Columns that were left out, as they hold no numbers.
    pub left_out: Vec<String>,
    pub labels: FileLabels,
}

impl From<Split> for FileRows {
    /// Rows whose labels are classes, or numbers to be predicted.
    fn from(split: Split) -> Self {
        FileRows {
            rows: split.rows,
            columns: Vec::new(),
            left_out: Vec::new(),
            labels: FileLabels::Told(split.labels),
        }
    }
}

/// Labels as a file has them.
#[derive(Debug, Clone)]
pub(crate) enum FileLabels {
    /// Classes already, or numbers to be predicted.
    Told(Labels),
    /// The different labels, in the order in which they occur, and which of them each row has.
    Found { labels: Vec<Label>, of: Vec<u32> },
}

impl FileLabels {
    /// Numbers as labels, which are then classes.
    pub(crate) fn found(numbers: &[f32]) -> Result<Self, TableProblem> {
        let mut labels = LabelColumn::new(false);
        for number in numbers {
            labels.push(f64::from(*number).into())?;
        }
        Ok(labels.finish())
    }
}

/// A matrix that grows by rows.
struct RowsSoFar {
    indptr: Vec<u64>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl RowsSoFar {
    fn new() -> Self {
        RowsSoFar {
            indptr: vec![0],
            indices: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds an entry of the row that is being made.
    fn entry(&mut self, column: usize, number: f64) -> Result<(), TableProblem> {
        let value = number as f32;
        if !value.is_finite() {
            return Err(TableProblem::NotFinite(number.to_string()));
        }
        if value != 0.0 {
            self.indices.push(column as u32);
            self.values.push(value);
        }
        Ok(())
    }

    fn end_of_row(&mut self) {
        self.indptr.push(self.indices.len() as u64);
    }

    fn rows(&self) -> usize {
        self.indptr.len() - 1
    }

    fn finish(self, columns: usize) -> Csr {
        Csr::from_checked(columns, self.indptr, self.indices, self.values)
    }
}

/// A column of labels that grows by rows.
struct LabelColumn {
    numbers: Option<Vec<f32>>,
    known: HashMap<String, u32>,
    labels: Vec<Label>,
    of: Vec<u32>,
}

impl LabelColumn {
    fn new(numbers: bool) -> Self {
        LabelColumn {
            numbers: numbers.then(Vec::new),
            known: HashMap::new(),
            labels: Vec::new(),
            of: Vec::new(),
        }
    }

    fn push(&mut self, label: Label) -> Result<(), TableProblem> {
        if let Label::Number(number) = label
            && !(number as f32).is_finite()
        {
            return Err(TableProblem::NotFinite(number.to_string()));
        }
        match (&mut self.numbers, label) {
            (Some(numbers), Label::Number(number)) => numbers.push(number as f32),
            (Some(_), Label::Text(text)) => return Err(TableProblem::not_number(&text)),
            (None, label) => {
                let next = self.labels.len() as u32;
                let number = *self.known.entry(label.to_string()).or_insert(next);
                if number == next {
                    if self.labels.len() == MOST_LABELS {
                        return Err(TableProblem::TooManyLabels(MOST_LABELS));
                    }
                    self.labels.push(label);
                }
                self.of.push(number);
            }
        }
        Ok(())
    }

    fn finish(self) -> FileLabels {
        match self.numbers {
            Some(numbers) => FileLabels::Told(Labels::Numbers(numbers)),
            None => FileLabels::Found {
                labels: self.labels,
                of: self.of,
            },
        }
    }
}

/// Different labels of a file, at most: as many as there may be classes.
const MOST_LABELS: usize = 1 << 16;

/// The place of a name among those of a file.
fn place(header: &[String], wanted: &str) -> Result<usize, TableProblem> {
    let found = header.iter().position(|name| name == wanted);
    found.ok_or_else(|| TableProblem::no_column(wanted, header))
}

/// The places of the label and of the columns that may be features; whether those hold numbers is for their
/// values to tell.
fn chosen(header: &[String], shape: &TableShape<'_>) -> Result<(usize, Vec<usize>), TableProblem> {
    let mut sorted: Vec<&String> = header.iter().collect();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(TableProblem::TwoColumns(problem::short(twice[0])));
    }
    let label = place(header, shape.label)?;
    let columns = match shape.columns {
        Some(names) => names
            .iter()
            .map(|name| place(header, name))
            .collect::<Result<_, _>>()?,
        None => (0..header.len()).filter(|at| *at != label).collect(),
    };
    Ok((label, columns))
}

/// Names of the chosen columns, and of those that were not, but for the label.
fn names(header: &[String], label: usize, chosen: &[usize]) -> (Vec<String>, Vec<String>) {
    let names = chosen.iter().map(|&at| header[at].clone()).collect();
    let others = (0..header.len()).filter(|at| *at != label && !chosen.contains(at));
    (names, others.map(|at| header[at].clone()).collect())
}

/// Refuses a number of rows that is not the declared one, or none at all.
fn as_declared(found: usize, declared: Option<usize>) -> Result<(), TableProblem> {
    match declared {
        _ if found == 0 => Err(TableProblem::Empty),
        Some(declared) if declared != found => Err(TableProblem::Rows { found, declared }),
        _ => Ok(()),
    }
}
