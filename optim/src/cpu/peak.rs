//! How fast a processor can compute at all, for judging how near the kernels come to it.

use crate::cpu::real::Real;
use pulp::{Arch, Simd, WithSimd};
use std::hint::black_box;

/// Does at least `operations` multiplications and additions on vectors in registers, with
/// nothing to load or store and no result that waits for another, on the calling thread; f64 if
/// `double`, else f32. Answers how many it did. No product of matrices is faster.
///
/// ```
/// let done = optim::multiply_adds(1e6, false);
/// assert!(done >= 1e6);
/// ```
#[must_use]
pub fn multiply_adds(operations: f64, double: bool) -> f64 {
    match double {
        true => Arch::new().dispatch(Peak::<f64>(operations, 1.0)),
        false => Arch::new().dispatch(Peak::<f32>(operations, 1.0)),
    }
}

/// Operations, and what they are done with.
struct Peak<T>(f64, T);

/// Sums that do not wait for one another: enough to fill two units of a latency of four or five,
/// few enough for sixteen registers.
const SUMS: usize = 12;

impl<T: Real> WithSimd for Peak<T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let each = 2.0 * (SUMS * T::lanes::<S>()) as f64;
        let repeats = (self.0 / each).ceil() as usize;
        let mut sums = [T::splat(simd, self.1); SUMS];
        let factor = T::splat(simd, black_box(T::from_double(0.999)));
        let term = T::splat(simd, black_box(T::from_double(0.001)));
        for _ in 0..repeats {
            for sum in &mut sums {
                *sum = T::fused(simd, *sum, factor, term);
            }
        }
        black_box(sums);
        repeats as f64 * each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_as_much_is_done_as_was_asked_for_and_hardly_more() {
        for double in [false, true] {
            for operations in [1.0, 1000.0, 12_345.0] {
                let done = multiply_adds(operations, double);
                // A round of all sums in the widest vectors there are, of 64 bytes.
                let round = 2.0 * SUMS as f64 * if double { 8.0 } else { 16.0 };
                assert!(done >= operations && done < operations + round, "{done}");
            }
        }
        assert_eq!(multiply_adds(0.0, false), 0.0);
    }
}
