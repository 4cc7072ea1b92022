//! Rows of data as a regression takes them in: with every element, or with those alone that are not 0.

use super::exclusive::may_be_joined;
use super::panels::columns_of;
use super::problem::{Kernel, Problem};
use crate::cpu::real::Real;
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};

/// The share of elements that are not 0 from which rows are banded where they are not dense; below it runs
/// are too short. Measured from 0.05 on, where the banded kernel is as fast as the sparse one or faster.
const BANDED_SHARE: f64 = 0.05;

/// The same where all of them are 1, which the sparse kernel looks up without a multiplication. Measured at
/// 0.11, where that is the faster one.
const BANDED_SHARE_OF_ONES: f64 = 0.15;

/// Lends the rows X `[n, d]` of a regression.
#[derive(Clone, Debug)]
pub enum DataRows<'a> {
    /// Every element, f32 or f64, on any device.
    Dense(Tensor),
    /// The elements that are not 0. They are made dense only for a kernel or a device that takes no others.
    Sparse {
        /// Where they are.
        rows: SparseRows<'a>,
        /// The element type to compute in.
        dtype: DType,
        /// The device to compute on.
        device: &'a Device,
    },
}

/// Lends a matrix in compressed sparse row form.
#[derive(Clone, Copy, Debug)]
pub struct SparseRows<'a> {
    /// d.
    pub features: usize,
    /// Where each row begins in the other two, and where the last one ends: n + 1 of them.
    pub starts: &'a [u64],
    /// The column of each element; they ascend within a row.
    pub columns: &'a [u32],
    /// The elements.
    pub values: &'a [f32],
}

impl SparseRows<'_> {
    fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (u32, f32)> {
        let range = self.starts[row] as usize..self.starts[row + 1] as usize;
        let columns = self.columns[range.clone()].iter().copied();
        columns.zip(self.values[range].iter().copied())
    }

    /// Refuses arrays that are not such a matrix.
    fn check(&self) -> Result<()> {
        let stored = self.columns.len();
        let spans = self.starts.first() == Some(&0) && self.starts.last() == Some(&(stored as u64));
        let rows = self.starts.is_sorted() && stored == self.values.len();
        // Two more places have to have a number: the intercept's, and that of no feature.
        let numbered = self.features < u32::MAX as usize - 1;
        let fits = |row: usize| {
            let columns = || self.row(row).map(|(column, _)| column);
            columns().is_sorted_by(|a, b| a < b)
                && columns().all(|column| (column as usize) < self.features)
        };
        if spans && rows && numbered && (0..self.rows()).all(fits) {
            return Ok(());
        }
        Err(Error::Shape {
            what: "the sparse data",
            found: vec![self.rows(), self.features],
            expected: "row starts that span columns and values, and ascending columns below the \
                       number of features, which is below 4 billion"
                .into(),
        })
    }
}

impl DataRows<'_> {
    /// Refuses arrays that are no sparse matrix.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Dense(_) => Ok(()),
            Self::Sparse { rows, .. } => rows.check(),
        }
    }

    /// Returns n and d.
    pub(super) fn shape(&self) -> Result<(usize, usize)> {
        match self {
            Self::Dense(x) => Ok(x.dims2()?),
            Self::Sparse { rows, .. } => Ok((rows.rows(), rows.features)),
        }
    }

    pub(super) fn dtype(&self) -> DType {
        match self {
            Self::Dense(x) => x.dtype(),
            Self::Sparse { dtype, .. } => *dtype,
        }
    }

    pub(super) fn device(&self) -> &Device {
        match self {
            Self::Dense(x) => x.device(),
            Self::Sparse { device, .. } => device,
        }
    }

    /// Returns how many bytes it takes to make sparse rows dense for a kernel; `None` where they stay as
    /// they are, or may: whether features can be joined shows when it is tried.
    #[must_use]
    pub fn bytes_to_make_dense(&self, problem: Problem, kernel: Kernel) -> Option<u64> {
        let Self::Sparse {
            rows,
            dtype,
            device,
        } = self
        else {
            return None;
        };
        let (n, features) = (rows.rows(), rows.features + usize::from(problem.bias));
        let density = Density::of::<f32>(&WithConstant(*rows, problem.bias));
        let size = dtype.size_in_bytes();
        let joined = kernel == Kernel::Auto && density.may_be_joined();
        let dense = !joined && form(kernel, density, problem.classes, size) == Form::Dense;
        let bytes = (n as u64).saturating_mul(features as u64);
        let bytes = bytes.saturating_mul(dtype.size_in_bytes() as u64);
        (dense || !device.is_cpu()).then_some(bytes)
    }

    /// Returns the rows as a tensor on their device, with a column of ones for the intercept if there is
    /// one.
    ///
    /// # Errors
    /// If there is no room.
    pub(super) fn into_tensor(self, bias: bool) -> Result<Tensor> {
        let (n, _) = self.shape()?;
        match self {
            Self::Dense(x) if bias => {
                let ones = Tensor::ones((n, 1), x.dtype(), x.device())?;
                Ok(Tensor::cat(&[&x, &ones], 1)?)
            }
            Self::Dense(x) => Ok(x),
            Self::Sparse {
                rows,
                dtype,
                device,
            } => {
                let source = WithConstant(rows, bias);
                let elements: Vec<f32> = dense(&source, 0..n)?;
                let shape = (n, RowSource::<f32>::shape(&source).1);
                Ok(Tensor::from_vec(elements, shape, device)?.to_dtype(dtype)?)
            }
        }
    }
}

/// How rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Dense,
    Sparse,
    Banded,
}

/// What a matrix `[n, d]` has.
#[derive(Clone, Copy)]
pub(super) struct Density {
    pub shape: (usize, usize),
    /// Elements that are not 0.
    pub stored: usize,
    /// Whether those are all 1.
    pub ones: bool,
    /// How many of them a row has at most.
    pub longest: usize,
}

impl Density {
    pub(super) fn of<T: Real>(source: &impl RowSource<T>) -> Self {
        let shape = source.shape();
        let (mut stored, mut ones, mut longest) = (0, true, 0);
        for row in 0..shape.0 {
            let before = stored;
            source.each(row, |_, value| {
                stored += 1;
                ones &= value == T::ONE;
            });
            longest = longest.max(stored - before);
        }
        Self {
            shape,
            stored,
            ones,
            longest,
        }
    }

    /// Whether features might exclude one another, which shows when they are joined.
    pub(super) fn may_be_joined(self) -> bool {
        self.ones && may_be_joined(self.shape, self.stored, self.longest)
    }
}

/// How a kernel keeps a matrix, for so many classes in elements of so many bytes.
pub(super) fn form(kernel: Kernel, density: Density, classes: usize, size: usize) -> Form {
    let Density {
        shape: (n, d),
        stored,
        ones,
        ..
    } = density;
    let share = stored as f64 / (n as f64 * d as f64);
    let form = match kernel {
        Kernel::Sparse => Form::Sparse,
        Kernel::Banded => Form::Banded,
        Kernel::Auto if share <= most_without_zeros(classes, size) => {
            match share
                < if ones {
                    BANDED_SHARE_OF_ONES
                } else {
                    BANDED_SHARE
                } {
                true => Form::Sparse,
                false => Form::Banded,
            }
        }
        _ => Form::Dense,
    };
    match form {
        // Bands count elements by 32 bits.
        Form::Banded if stored > u32::MAX as usize => Form::Sparse,
        form => form,
    }
}

/// The share of elements that are not 0 up to which [`Kernel::Auto`] leaves the others out.
///
/// The dense kernel fills its vectors along rows, the others along the columns of a point, and have less
/// of them to do the fewer classes there are. Measured at one point, 20 000 rows of 400 and 123 features,
/// vectors of 16: the banded kernel is the faster one up to 0.1 to 0.15 with two classes (one column),
/// 0.1 to 0.25 with three, 0.3 to 0.35 with ten, 0.45 to 0.6 with 26; with more points up to more.
/// It counts with vectors of 64 bytes whatever the processor has, so that the choice is the same everywhere.
fn most_without_zeros(classes: usize, size: usize) -> f64 {
    let (columns, lanes) = (columns_of(classes), 64 / size.max(1));
    let filled = columns as f64 / columns.next_multiple_of(lanes) as f64;
    0.1 + 0.4 * filled
}

/// Where a kernel's rows come from.
pub(super) trait RowSource<T> {
    /// Returns n and d.
    fn shape(&self) -> (usize, usize);

    /// Calls `each` with the place and the value of every element of a row that is not 0, by ascending
    /// places.
    fn each(&self, row: usize, each: impl FnMut(usize, T));
}

/// Every element of rows of `d` features.
pub(super) struct Elements<'a, T>(pub &'a [T], pub usize);

impl<T: Real> RowSource<T> for Elements<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.0.len() / self.1, self.1)
    }

    fn each(&self, row: usize, mut each: impl FnMut(usize, T)) {
        for (place, &value) in self.0[row * self.1..][..self.1].iter().enumerate() {
            if value != T::ZERO {
                each(place, value);
            }
        }
    }
}

impl<T: Real> RowSource<T> for SparseRows<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.rows(), self.features)
    }

    fn each(&self, row: usize, mut each: impl FnMut(usize, T)) {
        for (column, value) in self.row(row).filter(|(_, value)| *value != 0.0) {
            each(column as usize, T::from_double(value.into()));
        }
    }
}

/// Rows, each with a 1 behind its last feature if so.
pub(super) struct WithConstant<S>(pub S, pub bool);

impl<T: Real, S: RowSource<T>> RowSource<T> for WithConstant<S> {
    fn shape(&self) -> (usize, usize) {
        let (n, d) = self.0.shape();
        (n, d + usize::from(self.1))
    }

    fn each(&self, row: usize, mut each: impl FnMut(usize, T)) {
        self.0.each(row, &mut each);
        if self.1 {
            each(self.0.shape().1, T::ONE);
        }
    }
}

/// Every element of some rows.
///
/// # Errors
/// If there is no room for them.
pub(super) fn dense<T: Real>(
    source: &impl RowSource<T>,
    rows: impl ExactSizeIterator<Item = usize>,
) -> Result<Vec<T>> {
    let (_, d) = source.shape();
    check_room::<T>(rows.len(), d, d)?;
    let mut elements = vec![T::ZERO; rows.len() * d];
    for (row, elements) in rows.zip(elements.chunks_exact_mut(d)) {
        source.each(row, |place, value| elements[place] = value);
    }
    Ok(elements)
}

/// Refuses to keep `count` elements for each of so many rows of so many features where the system has no
/// memory for them.
pub(super) fn check_room<T>(rows: usize, count: usize, features: usize) -> Result<()> {
    let elements = rows.checked_mul(count);
    if elements.is_some_and(|count| Vec::<T>::new().try_reserve_exact(count).is_ok()) {
        return Ok(());
    }
    Err(Error::Room {
        what: format!("{rows} rows of {features} features, zeros and all,"),
        bytes: (rows as u64)
            .saturating_mul(count as u64)
            .saturating_mul(size_of::<T>() as u64),
        instead: "the kernel `sparse` on a CPU takes the elements that are not 0 alone",
    })
}
