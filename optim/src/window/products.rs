//! Products and scaled sums of the rows of a matrix, in vectors.

use super::host::HostMatrix;
use crate::cpu::real::Real;
use pulp::{Arch, Simd, WithSimd};

/// ⟨a, b⟩, added up in f64 a piece at a time.
pub(super) fn product<T: Real>(a: &[T], b: &[T]) -> f64 {
    let rows = std::iter::once(a);
    Arch::new().dispatch(RowProducts { rows, b })[0]
}

/// ⟨row, b⟩ of each row.
pub(super) struct RowProducts<'a, T, R> {
    pub rows: R,
    pub b: &'a [T],
}

impl<'a, T: Real, R: ExactSizeIterator<Item = &'a [T]>> WithSimd for RowProducts<'a, T, R> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        // Loops, as what iterators call would not be compiled for the instruction set.
        let mut products = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            let mut sum = 0.0;
            for (a, b) in row.chunks(PIECE).zip(self.b.chunks(PIECE)) {
                sum += piece(simd, a, b).to_double();
            }
            products.push(sum);
        }
        products
    }
}

/// ‖a − b‖².
pub(super) struct SquaredDistance<'a, T> {
    pub a: &'a [T],
    pub b: &'a [T],
}

impl<T: Real> WithSimd for SquaredDistance<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let mut differences = [T::ZERO; PIECE];
        let mut sum = 0.0;
        for (a, b) in self.a.chunks(PIECE).zip(self.b.chunks(PIECE)) {
            let differences = &mut differences[..a.len()];
            for ((difference, a), b) in differences.iter_mut().zip(a).zip(b) {
                *difference = *a - *b;
            }
            sum += piece(simd, differences, differences).to_double();
        }
        sum
    }
}

/// Elements added up in their own precision.
const PIECE: usize = 1024;

/// ⟨a, b⟩ of one piece.
#[inline(always)]
fn piece<T: Real, S: Simd>(simd: S, a: &[T], b: &[T]) -> T {
    let (vectors_a, vectors_b) = (T::vectors::<S>(a), T::vectors::<S>(b));
    let mut sums = [T::splat(simd, T::ZERO); 4];
    let (a4, a_rest) = vectors_a.as_chunks::<4>();
    let (b4, b_rest) = vectors_b.as_chunks::<4>();
    for (a, b) in a4.iter().zip(b4) {
        for k in 0..4 {
            sums[k] = T::fused(simd, a[k], b[k], sums[k]);
        }
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        sums[0] = T::fused(simd, *a, *b, sums[0]);
    }
    let pairs = [
        T::plus(simd, sums[0], sums[1]),
        T::plus(simd, sums[2], sums[3]),
    ];
    let mut sum = T::sum(simd, T::plus(simd, pairs[0], pairs[1]));
    let done = vectors_a.len() * T::lanes::<S>();
    for (a, b) in a[done..].iter().zip(&b[done..]) {
        sum += *a * *b;
    }
    sum
}

/// to += Σ by · row, one row after the other.
pub(super) struct AddScaled<'a, T> {
    pub to: &'a mut [T],
    pub rows: &'a HostMatrix<T>,
    pub by: &'a [T],
}

impl<T: Real> WithSimd for AddScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        /// Vectors that stay in registers for all rows.
        const BLOCK: usize = 4;
        let block = BLOCK * T::lanes::<S>();
        let whole = self.to.len() / block * block;
        let (blocks, rest) = self.to.split_at_mut(whole);
        let (blocks, _) = T::vectors_mut::<S>(blocks).as_chunks_mut::<BLOCK>();
        for (index, to) in blocks.iter_mut().enumerate() {
            let mut sums = *to;
            for (row, by) in self
                .rows
                .elements
                .chunks_exact(self.rows.stride)
                .zip(self.by)
            {
                let by = T::splat(simd, *by);
                let from = T::vectors::<S>(&row[index * block..][..block]);
                for (sum, from) in sums.iter_mut().zip(from) {
                    *sum = T::fused(simd, *from, by, *sum);
                }
            }
            *to = sums;
        }
        for (row, by) in self
            .rows
            .elements
            .chunks_exact(self.rows.stride)
            .zip(self.by)
        {
            let from = &row[whole..self.rows.columns];
            let vectors = T::vectors::<S>(from);
            let splat = T::splat(simd, *by);
            for (to, from) in T::vectors_mut::<S>(rest).iter_mut().zip(vectors) {
                *to = T::fused(simd, *from, splat, *to);
            }
            let done = vectors.len() * T::lanes::<S>();
            for (to, from) in rest[done..].iter_mut().zip(&from[done..]) {
                *to += *from * *by;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::aligned::{Aligned, whole_lines};

    /// Numbers of both signs that no two rows share.
    fn number(row: usize, i: usize) -> f64 {
        ((row * 37 + i * 11) % 23) as f64 / 8.0 - 1.25
    }

    /// What is computed of rows of a length, against loops over their numbers: lengths that leave each kind of rest.
    fn of<T: Real>(length: usize, rounding: f64) {
        const ROWS: usize = 3;
        let row = |row| (0..length).map(move |i| T::from_double(number(row, i)));
        let rows: Vec<Vec<T>> = (0..ROWS).map(|r| row(r).collect()).collect();
        let stride = whole_lines::<T>(length).max(1);
        let mut elements = Aligned::zeros(ROWS * stride);
        for (to, from) in elements.chunks_exact_mut(stride).zip(&rows) {
            to[..length].copy_from_slice(from);
        }
        let matrix = HostMatrix {
            elements,
            columns: length,
            stride,
        };
        let near = |found: f64, wanted: f64, what: &str| {
            let apart = (found - wanted).abs();
            assert!(
                apart <= rounding * (1.0 + wanted.abs()),
                "{what} of {length}: {found} {wanted}"
            );
        };
        let by = [0.5, -2.0, 1.5].map(T::from_double);
        let mut sums: Vec<T> = row(7).collect();
        Arch::new().dispatch(AddScaled {
            to: &mut sums,
            rows: &matrix,
            by: &by,
        });
        for (i, sum) in sums.iter().enumerate() {
            let added: f64 = (0..ROWS).map(|r| by[r].to_double() * number(r, i)).sum();
            near(sum.to_double(), number(7, i) + added, "a scaled sum");
        }
        let wanted: f64 = (0..length).map(|i| number(0, i) * number(1, i)).sum();
        near(product(&rows[0], &rows[1]), wanted, "a product");
        let wanted = (0..length).map(|i| (number(0, i) - number(1, i)).powi(2));
        let distance = SquaredDistance {
            a: &rows[0],
            b: &rows[1],
        };
        near(Arch::new().dispatch(distance), wanted.sum(), "a distance");
    }

    #[test]
    fn whole_vectors_and_what_is_left_behind_them_are_added_up_once() {
        for length in [
            1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 50, 63, 64, 79, 131, 1023, 1030, 2100,
        ] {
            of::<f32>(length, 1e-5);
            of::<f64>(length, 1e-13);
        }
    }
}
