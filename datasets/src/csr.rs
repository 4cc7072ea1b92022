//! A sparse matrix in compressed sparse row form, valid by construction.
//!
//! No arithmetic lives here: problems turn it into whatever their products want.

use std::ops::Range;

use crate::{Error, Result};

/// A sparse matrix, compressed by rows.
///
/// Row `r` holds the columns `indices[indptr[r]..indptr[r + 1]]` with the values at the same
/// positions; columns are 0-based and ascend strictly within a row, values are finite and not zero.
///
/// Values are always `f32`, the precision the files are written to: a run in `f64` widens them, so
/// that runs in either precision see the same problem.
///
/// ```
/// use datasets::Csr;
/// // [[0, 5], [0, 0], [7, 8]]
/// let m = Csr::new(2, vec![0, 1, 1, 3], vec![1, 0, 1], vec![5.0, 7.0, 8.0])?;
/// assert_eq!((m.rows(), m.cols(), m.nnz()), (3, 2, 3));
/// assert_eq!(m.row(2), (&[0, 1][..], &[7.0, 8.0][..]));
/// assert_eq!(m.to_dense(), [0.0, 5.0, 0.0, 0.0, 7.0, 8.0]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Csr {
    cols: usize,
    indptr: Vec<u64>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Csr {
    /// Makes a matrix of `indptr.len() - 1` rows.
    ///
    /// # Errors
    /// [`Error::Matrix`] when the arrays are not such a matrix: row starts that descend or do not
    /// span the arrays, columns that do not ascend or are not below `cols`, values that are zero or
    /// not finite.
    pub fn new(cols: usize, indptr: Vec<u64>, indices: Vec<u32>, values: Vec<f32>) -> Result<Self> {
        let refuse = |problem: String| Err(Error::Matrix(problem));
        if indices.len() != values.len() {
            return refuse(format!(
                "{} columns for {} values",
                indices.len(),
                values.len()
            ));
        }
        if indptr.first() != Some(&0) || indptr.last() != Some(&(indices.len() as u64)) {
            return refuse(format!(
                "row starts do not run from 0 to the {} nonzeros",
                indices.len()
            ));
        }
        if !indptr.is_sorted() {
            return refuse("row starts descend".into());
        }
        for (r, w) in indptr.windows(2).enumerate() {
            let row = &indices[w[0] as usize..w[1] as usize];
            if !row.is_sorted_by(|a, b| a < b) {
                return refuse(format!("row {r}: columns do not ascend"));
            }
            if row.last().is_some_and(|&c| c as usize >= cols) {
                return refuse(format!("row {r}: a column is not below {cols}"));
            }
        }
        if let Some(v) = values.iter().find(|v| !v.is_finite() || **v == 0.0) {
            return refuse(format!("the value {v} is stored"));
        }
        Ok(Csr {
            cols,
            indptr,
            indices,
            values,
        })
    }

    /// As [`new`](Csr::new), for arrays that were checked while they were made.
    pub(crate) fn from_checked(
        cols: usize,
        indptr: Vec<u64>,
        indices: Vec<u32>,
        values: Vec<f32>,
    ) -> Self {
        debug_assert!(indptr.last() == Some(&(indices.len() as u64)));
        Csr {
            cols,
            indptr,
            indices,
            values,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of stored values.
    pub fn nnz(&self) -> usize {
        self.indices.len()
    }

    /// Where each row starts in the other two arrays; `rows + 1` entries.
    pub fn indptr(&self) -> &[u64] {
        &self.indptr
    }

    /// The column of each stored value.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The stored values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Columns and values of row `r`.
    ///
    /// # Panics
    /// If there is no row `r`, as slices do.
    pub fn row(&self, r: usize) -> (&[u32], &[f32]) {
        let span = self.indptr[r] as usize..self.indptr[r + 1] as usize;
        (&self.indices[span.clone()], &self.values[span])
    }

    /// Stored values divided by `rows * cols`; 0 for a matrix without entries.
    pub fn density(&self) -> f64 {
        let entries = self.rows() as f64 * self.cols as f64;
        if entries == 0.0 {
            0.0
        } else {
            self.nnz() as f64 / entries
        }
    }

    /// The matrix with its zeros, row-major: entry (r, c) is at `r * cols + c`.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut dense = vec![0.0; self.rows() * self.cols];
        for r in 0..self.rows() {
            let (columns, values) = self.row(r);
            let row = &mut dense[r * self.cols..(r + 1) * self.cols];
            for (&c, &v) in columns.iter().zip(values) {
                row[c as usize] = v;
            }
        }
        dense
    }

    /// The rows of `range`, copied.
    ///
    /// # Panics
    /// If the range is not within the rows, as slices do.
    pub fn slice(&self, range: Range<usize>) -> Csr {
        let starts = &self.indptr[range.start..=range.end];
        let first = starts[0];
        let span = first as usize..starts[starts.len() - 1] as usize;
        Csr {
            cols: self.cols,
            indptr: starts.iter().map(|s| s - first).collect(),
            indices: self.indices[span.clone()].to_vec(),
            values: self.values[span].to_vec(),
        }
    }

    /// The rows of these numbers, copied, in that order.
    ///
    /// # Panics
    /// If there is no row of one, as slices do.
    pub fn select(&self, rows: &[usize]) -> Csr {
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for &row in rows {
            let (columns, of_row) = self.row(row);
            indices.extend_from_slice(columns);
            values.extend_from_slice(of_row);
            indptr.push(indices.len() as u64);
        }
        Csr::from_checked(self.cols, indptr, indices, values)
    }
}
