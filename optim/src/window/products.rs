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
