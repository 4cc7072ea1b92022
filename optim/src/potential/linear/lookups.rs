//! Products of a sparse matrix.

use super::panels::Factors;
use super::sparse::{NARROWEST, PANEL, Sparse};
use crate::cpu::real::Real;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// XΘ of some rows, or Xᵀz, by the number of columns side by side.
pub(super) struct SparseProduct<'a, T> {
    pub data: &'a Sparse<T>,
    pub rows: Range<usize>,
    pub width: usize,
    pub of: Factors<'a, T>,
}

impl<T: Real> WithSimd for SparseProduct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        match self.width {
            NARROWEST => self.by::<NARROWEST>(),
            8 => self.by::<8>(),
            _ => self.by::<PANEL>(),
        }
    }
}

impl<T: Real> SparseProduct<'_, T> {
    #[inline(always)]
    fn by<const K: usize>(self) {
        match self.of {
            Factors::Rows(weights, z) => look_up::<T, K>(self.data, self.rows, weights, z),
            Factors::Columns(z, sums) => hand_back::<T, K>(self.data, self.rows, z, sums),
        }
    }
}

/// z = XΘ for some rows, `[rows, K]`, with Θ as `[d + 1, K]`.
#[inline(always)]
fn look_up<T: Real, const K: usize>(
    data: &Sparse<T>,
    rows: Range<usize>,
    weights: &[T],
    z: &mut [T],
) {
    let (weights, _) = weights.as_chunks::<K>();
    let (z, _) = z.as_chunks_mut::<K>();
    for (row, z) in rows.zip(z) {
        let range = data.starts[row]..data.starts[row + 1];
        let places = &data.places[range.clone()];
        // Two sums, which do not wait for one another.
        let mut sums = [[T::ZERO; K]; 2];
        match &data.values {
            None => {
                let (pairs, rest) = places.as_chunks::<2>();
                for pair in pairs {
                    for (sums, &place) in sums.iter_mut().zip(pair) {
                        let weights = weights[place as usize];
                        for k in 0..K {
                            sums[k] += weights[k];
                        }
                    }
                }
                for &place in rest {
                    let weights = weights[place as usize];
                    for k in 0..K {
                        sums[0][k] += weights[k];
                    }
                }
            }
            Some(values) => {
                for (&place, &value) in places.iter().zip(&values[range]) {
                    let weights = weights[place as usize];
                    for k in 0..K {
                        sums[0][k] += weights[k] * value;
                    }
                }
            }
        }
        let [mut sum, other] = sums;
        for k in 0..K {
            sum[k] += other[k];
        }
        *z = sum;
    }
}

/// sums += Xᵀz for some rows' z `[rows, K]`, with the sums as `[d + 1, K]`.
#[inline(always)]
fn hand_back<T: Real, const K: usize>(
    data: &Sparse<T>,
    rows: Range<usize>,
    z: &[T],
    sums: &mut [T],
) {
    let (sums, _) = sums.as_chunks_mut::<K>();
    let (z, _) = z.as_chunks::<K>();
    for (row, z) in rows.zip(z) {
        let range = data.starts[row]..data.starts[row + 1];
        let places = &data.places[range.clone()];
        // By value, so that the compiler knows that they do not overlap and keeps them in vectors.
        let z = *z;
        match &data.values {
            None => {
                for &place in places {
                    let mut sum = sums[place as usize];
                    for k in 0..K {
                        sum[k] += z[k];
                    }
                    sums[place as usize] = sum;
                }
            }
            Some(values) => {
                for (&place, &value) in places.iter().zip(&values[range]) {
                    let mut sum = sums[place as usize];
                    for k in 0..K {
                        sum[k] += z[k] * value;
                    }
                    sums[place as usize] = sum;
                }
            }
        }
    }
}
