//! The sums of four vectors at once: half as many instructions as one after the other.

use pulp::Simd;

/// The instruction set of a kernel where there is a form of its own; known when the kernel is compiled.
enum InstructionSet {
    #[cfg(target_arch = "x86_64")]
    V4(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    V3(pulp::x86::V3),
    Other,
}

impl InstructionSet {
    #[inline(always)]
    fn of<S: Simd>(simd: S) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let simd: &dyn std::any::Any = &simd;
            if let Some(simd) = simd.downcast_ref() {
                return Self::V4(*simd);
            }
            if let Some(simd) = simd.downcast_ref() {
                return Self::V3(*simd);
            }
        }
        let _ = simd;
        Self::Other
    }
}

#[inline(always)]
pub(crate) fn four_f32<S: Simd>(simd: S, vectors: [S::f32s; 4]) -> [f32; 4] {
    match InstructionSet::of(simd) {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::V4(simd) => x86::sixteen_floats(simd, bytemuck::cast(vectors)),
        #[cfg(target_arch = "x86_64")]
        InstructionSet::V3(simd) => x86::eight_floats(simd, bytemuck::cast(vectors)),
        InstructionSet::Other => vectors.map(|vector| simd.reduce_sum_f32s(vector)),
    }
}

#[inline(always)]
pub(crate) fn four_f64<S: Simd>(simd: S, vectors: [S::f64s; 4]) -> [f64; 4] {
    match InstructionSet::of(simd) {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::V4(simd) => x86::eight_doubles(simd, bytemuck::cast(vectors)),
        #[cfg(target_arch = "x86_64")]
        InstructionSet::V3(simd) => x86::four_doubles(simd, bytemuck::cast(vectors)),
        InstructionSet::Other => vectors.map(|vector| simd.reduce_sum_f64s(vector)),
    }
}

/// Pairs of vectors, then both pairs side by side, so that an addition adds elements of all four; then halves of
/// vectors. Elements of each are added in the same order.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::x86::{V3, V4};
    use std::arch::x86_64::{__m128, __m256, __m256d, __m512, __m512d};

    #[inline(always)]
    pub(super) fn sixteen_floats(simd: V4, [a, b, c, d]: [__m512; 4]) -> [f32; 4] {
        let avx = simd.avx512f;
        let both = |a: __m512, b: __m512| -> __m512d {
            let (low, high) = (avx._mm512_unpacklo_ps(a, b), avx._mm512_unpackhi_ps(a, b));
            pulp::cast(avx._mm512_add_ps(low, high))
        };
        let (ab, cd) = (both(a, b), both(c, d));
        let low: __m512 = pulp::cast(avx._mm512_unpacklo_pd(ab, cd));
        let high: __m512 = pulp::cast(avx._mm512_unpackhi_pd(ab, cd));
        let [low, high]: [__m256; 2] = pulp::cast(avx._mm512_add_ps(low, high));
        halves_of_floats(*simd, simd.avx._mm256_add_ps(low, high))
    }

    #[inline(always)]
    pub(super) fn eight_floats(simd: V3, [a, b, c, d]: [__m256; 4]) -> [f32; 4] {
        let avx = simd.avx;
        let both = |a: __m256, b: __m256| -> __m256d {
            let (low, high) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpackhi_ps(a, b));
            pulp::cast(avx._mm256_add_ps(low, high))
        };
        let (ab, cd) = (both(a, b), both(c, d));
        let low: __m256 = pulp::cast(avx._mm256_unpacklo_pd(ab, cd));
        let high: __m256 = pulp::cast(avx._mm256_unpackhi_pd(ab, cd));
        halves_of_floats(simd, avx._mm256_add_ps(low, high))
    }

    /// Two elements of each.
    #[inline(always)]
    fn halves_of_floats(simd: V3, sums: __m256) -> [f32; 4] {
        let [low, high]: [__m128; 2] = pulp::cast(sums);
        pulp::cast(simd.sse._mm_add_ps(low, high))
    }

    #[inline(always)]
    pub(super) fn eight_doubles(simd: V4, [a, b, c, d]: [__m512d; 4]) -> [f64; 4] {
        let avx = simd.avx512f;
        let both = |a: __m512d, b: __m512d| -> __m256d {
            let (low, high) = (avx._mm512_unpacklo_pd(a, b), avx._mm512_unpackhi_pd(a, b));
            let [low, high]: [__m256d; 2] = pulp::cast(avx._mm512_add_pd(low, high));
            simd.avx._mm256_add_pd(low, high)
        };
        halves_of_doubles(*simd, both(a, b), both(c, d))
    }

    #[inline(always)]
    pub(super) fn four_doubles(simd: V3, [a, b, c, d]: [__m256d; 4]) -> [f64; 4] {
        let avx = simd.avx;
        let both = |a: __m256d, b: __m256d| -> __m256d {
            let (low, high) = (avx._mm256_unpacklo_pd(a, b), avx._mm256_unpackhi_pd(a, b));
            avx._mm256_add_pd(low, high)
        };
        halves_of_doubles(simd, both(a, b), both(c, d))
    }

    /// An element of each of two in either half.
    #[inline(always)]
    fn halves_of_doubles(simd: V3, ab: __m256d, cd: __m256d) -> [f64; 4] {
        const LOW: i32 = 0x20;
        const HIGH: i32 = 0x31;
        let low = simd.avx._mm256_permute2f128_pd::<LOW>(ab, cd);
        let high = simd.avx._mm256_permute2f128_pd::<HIGH>(ab, cd);
        pulp::cast(simd.avx._mm256_add_pd(low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::super::real::Real;
    use pulp::{Scalar, Simd, WithSimd};

    struct PowersOfTwo;

    impl WithSimd for PowersOfTwo {
        type Output = ();

        /// Each element adds a digit of its own, so that none is left out, added twice or given to another.
        fn with_simd<S: Simd>(self, simd: S) {
            check::<f32, S>(simd);
            check::<f64, S>(simd);
        }
    }

    fn check<T: Real + std::fmt::Debug, S: Simd>(simd: S) {
        let lanes = T::lanes::<S>();
        for which in 0..4 {
            for lane in 0..lanes {
                let mut elements = vec![T::ZERO; 4 * lanes];
                elements[which * lanes + lane] = T::ONE;
                let vectors = T::vectors::<S>(&elements);
                let vectors = std::array::from_fn(|i| vectors[i]);
                let mut expected = [T::ZERO; 4];
                expected[which] = T::ONE;
                assert_eq!(T::sums(simd, vectors), expected, "{which}, {lane}");
            }
        }
        let all: Vec<T> = (0..4 * lanes)
            .map(|i| T::from_double((1 << (i % lanes)) as f64))
            .collect();
        let vectors = T::vectors::<S>(&all);
        let vectors = std::array::from_fn(|i| vectors[i]);
        let sum = T::from_double(((1 << lanes) - 1) as f64);
        assert_eq!(T::sums(simd, vectors), [sum; 4]);
    }

    #[test]
    fn four_vectors_have_their_own_sums_with_every_instruction_set() {
        PowersOfTwo.with_simd(Scalar::new());
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(simd) = pulp::x86::V3::try_new() {
                Simd::vectorize(simd, PowersOfTwo);
            }
            if let Some(simd) = pulp::x86::V4::try_new() {
                Simd::vectorize(simd, PowersOfTwo);
            }
        }
    }
}
