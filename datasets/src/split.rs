//! Labelled rows, and the data set made of two lots of them.
//!
//! Where the rows come from is [`Library`](crate::Library)'s affair.

use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::digest::Sha;
use crate::{Csr, Error, Labels, Result};

/// Rows with a label each.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The rows, one example each.
    pub rows: Csr,
    /// Each row's label.
    pub labels: Labels,
}

impl Split {
    /// Puts rows and their classes together.
    ///
    /// # Errors
    /// [`Error::Matrix`] unless there is one label a row and each is below `classes`.
    pub fn new(rows: Csr, labels: Vec<u32>, classes: usize) -> Result<Self> {
        if rows.rows() != labels.len() {
            return Err(Error::Matrix(format!(
                "{} labels for {} rows",
                labels.len(),
                rows.rows()
            )));
        }
        if let Some(l) = labels.iter().find(|&&l| l as usize >= classes) {
            return Err(Error::Matrix(format!(
                "class {l} where there are {classes} classes"
            )));
        }
        Ok(Split {
            rows,
            labels: Labels::Classes(labels),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Share of the entries that are stored, see [`Csr::density`].
    pub fn density(&self) -> f64 {
        self.rows.density()
    }

    /// The rows with their zeros, row-major, see [`Csr::to_dense`].
    pub fn to_dense(&self) -> Vec<f32> {
        self.rows.to_dense()
    }

    /// How many rows each class has; at least `classes` entries. Labels that are numbers are of no class.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in self.labels.classes().unwrap_or_default() {
            let label = label as usize;
            if label >= counts.len() {
                counts.resize(label + 1, 0);
            }
            counts[label] += 1;
        }
        counts
    }

    /// The rows of `range` with their classes, copied.
    ///
    /// # Panics
    /// If the range is not within the rows, as slices do.
    pub fn slice(&self, range: Range<usize>) -> Split {
        Split {
            rows: self.rows.slice(range.clone()),
            labels: self.labels.slice(range),
        }
    }

    /// The rows of these numbers with their labels, copied, in that order.
    ///
    /// # Panics
    /// If there is no row of one, as slices do.
    pub fn select(&self, rows: &[usize]) -> Split {
        Split {
            rows: self.rows.select(rows),
            labels: self.labels.select(rows),
        }
    }
}

/// Where a data set's numbers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The published files, verified.
    Real,
    /// Generated rows of the same shape.
    Surrogate {
        /// Why the real files were not used.
        reason: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Real => "real",
            Source::Surrogate { .. } => "surrogate",
        })
    }
}

/// A file that a data set was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The file's name as upstream names it, without a compression's suffix.
    pub name: String,
    /// The sha256 of the decompressed content, in hex. For generated rows, of what determines them.
    pub sha256: String,
    /// The decompressed content's length in bytes; 0 for generated rows, which have no text.
    pub bytes: u64,
    /// The path or address it was had from, or `parsed cache`, or `generated`.
    pub from: String,
}

/// A data set, split and ready to be made a problem of.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Its name in the registry.
    pub name: String,
    /// The split's name in the registry.
    pub split: String,
    /// Number of columns.
    pub features: usize,
    /// The columns' names, of tables that have names.
    pub feature_names: Vec<String>,
    /// What each class is called: its label in the files. None where labels are numbers.
    pub class_names: Vec<String>,
    /// Real or generated.
    pub source: Source,
    /// The rows to train on.
    pub train: Split,
    /// The rows to test on.
    pub test: Split,
    /// Whether the test rows are the training rows, for want of others.
    pub test_is_train: bool,
    /// The files it was made from.
    pub files: Vec<FileRecord>,
    /// What, besides the files, determines the numbers: row ranges, columns, the label map.
    pub(crate) recipe: String,
}

impl Dataset {
    /// Number of classes; 0 where labels are numbers.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// How many numbers a linear model says of a row: one for each class, or the one that is predicted.
    pub fn outputs(&self) -> usize {
        self.classes().max(1)
    }

    /// A sha256, in hex, that two data sets share exactly when their numbers come from the same
    /// bytes by the same recipe: over the source, the split's row ranges, the columns, the label map
    /// and the files' hashes (for generated rows, the seed, the generator's version and numbers).
    ///
    /// It does not depend on where the files were found.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut line = |text: &str| {
            hash.update(text.as_bytes());
            hash.update(b"\n");
        };
        line(&self.source.to_string());
        line(&self.recipe);
        for file in &self.files {
            line(&file.name);
            line(&file.sha256);
        }
        Sha(hash.finalize().into()).to_string()
    }
}
