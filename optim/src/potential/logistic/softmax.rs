//! The softmax between the two products of a gradient.

use crate::cpu::real::Real;
use crate::cpu::tiles::Columns;
use pulp::Simd;

/// softmax(z) − e_target in place, for the rows of a block and one point's columns. No exponential
/// overflows: the largest logit is subtracted first.
#[inline(always)]
pub(super) fn softmax_minus_target<T: Real, S: Simd>(
    simd: S,
    out: &mut Columns<'_, T>,
    columns: std::ops::Range<usize>,
    targets: &[u32],
) {
    let lanes = T::lanes::<S>();
    let stride = out.stride;
    let z = &mut out.z[columns.start * stride..columns.end * stride];
    for row in (0..targets.len()).step_by(lanes) {
        let first = &T::vectors::<S>(&z[row..][..lanes])[0];
        let top = (1..columns.len()).fold(*first, |top, c| {
            T::larger(
                simd,
                top,
                T::vectors::<S>(&z[c * stride + row..][..lanes])[0],
            )
        });
        let mut sum = T::splat(simd, T::ZERO);
        for c in 0..columns.len() {
            let z = &mut T::vectors_mut::<S>(&mut z[c * stride + row..][..lanes])[0];
            *z = T::exponential(simd, T::minus(simd, *z, top));
            sum = T::plus(simd, sum, *z);
        }
        let scale = T::over(simd, T::splat(simd, T::ONE), sum);
        for c in 0..columns.len() {
            let z = &mut T::vectors_mut::<S>(&mut z[c * stride + row..][..lanes])[0];
            *z = T::without_negligible(simd, T::times(simd, *z, scale));
        }
    }
    for (row, &target) in targets.iter().enumerate() {
        let z = &mut z[target as usize * stride + row];
        *z -= T::ONE;
    }
}
