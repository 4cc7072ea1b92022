//! A matrix product on slices: the one place that calls the kernels, after checking that they
//! stay inside.

/// A matrix inside a slice, its rows `row_stride` and its columns `column_stride` elements apart.
#[derive(Clone, Copy)]
pub(super) struct View<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// Row-major, without gaps.
    ///
    /// # Panics
    /// If the slice is not of that size.
    pub(super) fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows} x {columns} matrix");
        Self {
            data,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The same numbers, rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Whether a product replaces what its destination holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// destination = a·b
    Replace,
    /// destination += a·b
    Add,
}

/// a·b into a row-major destination, on the calling thread alone.
///
/// # Panics
/// If the sizes do not fit.
#[allow(unsafe_code)]
pub(super) fn product<T: super::real::Real>(
    destination: &mut [T],
    how: Into,
    a: View<'_, T>,
    b: View<'_, T>,
) {
    assert_eq!(a.columns, b.rows, "inner sizes of a product");
    assert_eq!(
        destination.len(),
        a.rows * b.columns,
        "size of a product's destination"
    );
    if destination.is_empty() {
        return;
    }
    // SAFETY: the destination holds a.rows x b.columns elements, row-major, as asserted. A `View`
    // is made only from a slice of rows · columns elements without gaps, or by exchanging the
    // strides of one, so every element that the kernel reads lies in its slice. `T` is f32 or f64,
    // which the kernels know. The destination is borrowed mutably, so nothing else aliases it.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            destination.as_mut_ptr(),
            1,
            b.columns as isize,
            how == Into::Add,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_and_transposes_replace_or_add() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 1.0];
        let mut out = [9.0; 4];
        product(
            &mut out,
            Into::Replace,
            View::new(&a, 2, 3),
            View::new(&b, 3, 2),
        );
        assert_eq!(out, [5.0, 5.0, 14.0, 11.0]);
        // aᵀ is 3 x 2 with rows (1,4), (2,5), (3,6); bᵀ is 2 x 3.
        let mut out = [1.0; 9];
        let (a, b) = (
            View::new(&a, 2, 3).transposed(),
            View::new(&b, 3, 2).transposed(),
        );
        product(&mut out, Into::Add, a, b);
        assert_eq!(out, [2.0, 7.0, 5.0, 3.0, 10.0, 6.0, 4.0, 13.0, 7.0]);
    }

    #[test]
    #[should_panic(expected = "inner sizes")]
    fn sizes_that_do_not_fit_are_refused() {
        let a = [0.0f32; 6];
        product(
            &mut [0.0; 4],
            Into::Replace,
            View::new(&a, 2, 3),
            View::new(&a, 2, 3),
        );
    }
}
