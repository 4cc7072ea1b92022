//! What the CPU kernels need of an element type: vectors of it, and arithmetic on them.

use super::sums::{four_f32, four_f64};
use bytemuck::Pod;
use pulp::Simd;

/// One of the two element types, f32 or f64.
///
/// Vector functions take the instruction set as `simd`; they are inlined into the kernel that was
/// dispatched to it, which is what makes them single instructions.
pub(crate) trait Real:
    Copy
    + Pod
    + Send
    + Sync
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::AddAssign
    + std::ops::SubAssign
    + 'static
{
    /// As many elements as the instruction set computes at once.
    type Vector<S: Simd>: Copy + Pod;

    const ZERO: Self;
    const ONE: Self;
    /// A probability below this is as good as none: a product with it could be a subnormal number,
    /// which processors multiply a hundred times slower than others.
    const NEGLIGIBLE: Self;

    fn from_double(value: f64) -> Self;
    fn to_double(self) -> f64;
    /// √ of it.
    fn root(self) -> Self;

    /// Elements in a vector.
    fn lanes<S: Simd>() -> usize;
    /// The whole vectors that a slice begins with.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    /// The same, to write to.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];

    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn over<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a·b + c; rounded once where the processor can.
    fn fused<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The larger of each; whatever it is where one is not a number.
    fn larger<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// e^x of each, to about one unit in the last place; what is not a number stays so.
    fn exponential<S: Simd>(simd: S, x: Self::Vector<S>) -> Self::Vector<S>;
    /// 0 where x is below [`Real::NEGLIGIBLE`]; what is not a number stays so.
    fn without_negligible<S: Simd>(simd: S, x: Self::Vector<S>) -> Self::Vector<S>;
    /// All elements added up.
    fn sum<S: Simd>(simd: S, x: Self::Vector<S>) -> Self;
    /// All elements of each added up, in an order that is the same for all four.
    fn sums<S: Simd>(simd: S, x: [Self::Vector<S>; 4]) -> [Self; 4];
}

macro_rules! real {
    ($($type:ident $vector:ident $lanes:ident $negligible:literal $exponential:path:
        $splat:ident $as:ident $as_mut:ident $add:ident $sub:ident $mul:ident $div:ident $fma:ident
        $max:ident $less:ident $select:ident $sum:ident $four:path;)+) => { $(
        impl Real for $type {
            type Vector<S: Simd> = S::$vector;

            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEGLIGIBLE: Self = $negligible;

            fn from_double(value: f64) -> Self {
                value as Self
            }

            fn root(self) -> Self {
                self.sqrt()
            }

            fn to_double(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>] {
                S::$as(slice).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>] {
                S::$as_mut(slice).0
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S> {
                simd.$splat(value)
            }

            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn minus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn times<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn over<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$div(a, b)
            }

            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$fma(a, b, c)
            }

            #[inline(always)]
            fn larger<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$max(a, b)
            }

            #[inline(always)]
            fn exponential<S: Simd>(simd: S, x: S::$vector) -> S::$vector {
                $exponential(simd, x)
            }

            #[inline(always)]
            fn without_negligible<S: Simd>(simd: S, x: S::$vector) -> S::$vector {
                let negligible = simd.$less(x, simd.$splat(Self::NEGLIGIBLE));
                simd.$select(negligible, simd.$splat(0.0), x)
            }

            #[inline(always)]
            fn sum<S: Simd>(simd: S, x: S::$vector) -> Self {
                simd.$sum(x)
            }

            #[inline(always)]
            fn sums<S: Simd>(simd: S, x: [S::$vector; 4]) -> [Self; 4] {
                $four(simd, x)
            }
        }
    )+ };
}

real! {
    f32 f32s F32_LANES 1e-30 exponential_f32: splat_f32s as_simd_f32s as_mut_simd_f32s
        add_f32s sub_f32s mul_f32s div_f32s mul_add_e_f32s max_f32s less_than_f32s select_f32s
        reduce_sum_f32s four_f32;
    f64 f64s F64_LANES 1e-290 exponential_f64: splat_f64s as_simd_f64s as_mut_simd_f64s
        add_f64s sub_f64s mul_f64s div_f64s mul_add_e_f64s max_f64s less_than_f64s select_f64s
        reduce_sum_f64s four_f64;
}

/// e^x = 2ⁿ·e^r with n the integer nearest to x/ln 2, so that |r| ≤ ln 2/2, and e^r by the
/// polynomial of the Cephes library (S. Moshier). Arguments are held between −87 and 88, where
/// 2ⁿ is a normal number.
#[inline(always)]
fn exponential_f32<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let constant = |value: f32| simd.splat_f32s(value);
    // In this order the instructions of x86 keep what is not a number.
    let x = simd.min_f32s(constant(88.0), simd.max_f32s(constant(-87.0), x));
    // Adding 1.5·2²³ leaves the nearest integer in the lowest bits of the sum.
    let shift = constant(12_582_912.0);
    let shifted = simd.mul_add_e_f32s(x, constant(std::f32::consts::LOG2_E), shift);
    let n = simd.sub_f32s(shifted, shift);
    // ln 2 in two parts, the first short enough that its product with n is exact.
    let r = simd.mul_add_e_f32s(n, constant(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(n, constant(2.121_944_4e-4), r);
    let mut p = constant(1.987_569_1e-4);
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_58e-2, 1.666_666_5e-1, 0.5] {
        p = simd.mul_add_e_f32s(p, r, constant(coefficient));
    }
    let e = simd.mul_add_e_f32s(p, simd.mul_f32s(r, r), simd.add_f32s(r, constant(1.0)));
    let exponent = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23));
    simd.mul_f32s(e, simd.transmute_f32s_u32s(power))
}

/// e^x as for f32, with the Taylor polynomial of degree 13, whose remainder is below 5e-18 of e^r where
/// |r| ≤ ln 2/2. Arguments are held between −708 and 709.
#[inline(always)]
fn exponential_f64<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let constant = |value: f64| simd.splat_f64s(value);
    let x = simd.min_f64s(constant(709.0), simd.max_f64s(constant(-708.0), x));
    // Adding 1.5·2⁵² leaves the nearest integer in the lowest bits of the sum, and 1023 more is the
    // exponent's offset.
    let shift = constant(6_755_399_441_055_744.0 + 1023.0);
    let shifted = simd.mul_add_e_f64s(x, constant(std::f64::consts::LOG2_E), shift);
    let n = simd.sub_f64s(shifted, shift);
    // ln 2 in two parts, the first with 21 bits that are 0.
    let r = simd.mul_add_e_f64s(n, constant(-f64::from_bits(0x3fe6_2e42_fee0_0000)), x);
    let r = simd.mul_add_e_f64s(n, constant(-f64::from_bits(0x3dea_39ef_3579_3c76)), r);
    let mut p = constant(RECIPROCAL_FACTORIALS[13]);
    for coefficient in RECIPROCAL_FACTORIALS[2..13].iter().rev() {
        p = simd.mul_add_e_f64s(p, r, constant(*coefficient));
    }
    let e = simd.mul_add_e_f64s(p, simd.mul_f64s(r, r), simd.add_f64s(r, constant(1.0)));
    // Vectors of f64 have no shift of their own here; this loop becomes one.
    let mut power = shifted;
    let bits: &mut [u64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut power));
    for bits in bits {
        *bits <<= 52;
    }
    simd.mul_f64s(e, power)
}

/// 1/k! at k.
const RECIPROCAL_FACTORIALS: [f64; 14] = {
    let mut all = [1.0; 14];
    let mut factorial = 1.0;
    let mut k = 1;
    while k < all.len() {
        factorial *= k as f64;
        all[k] = 1.0 / factorial;
        k += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, WithSimd};

    struct Exponentials<'a, T>(&'a mut [T]);

    impl<T: Real> WithSimd for Exponentials<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in T::vectors_mut::<S>(self.0) {
                *x = T::exponential(simd, *x);
            }
        }
    }

    /// How far e^x is from the standard library's in the worst case, in units of its last place, with
    /// this machine's widest vectors and with none.
    fn apart<T: Real>(arguments: &[T], exact: impl Fn(T) -> f64, unit: f64) -> f64 {
        let mut wide = arguments.to_vec();
        Arch::new().dispatch(Exponentials(&mut wide));
        let mut plain = arguments.to_vec();
        Exponentials(&mut plain).with_simd(pulp::Scalar::new());
        let worst = |values: Vec<T>| {
            let pairs = arguments.iter().zip(values);
            pairs
                .map(|(x, found)| (found.to_double() / exact(*x) - 1.0).abs() / unit)
                .fold(0.0, f64::max)
        };
        worst(wide).max(worst(plain))
    }

    #[test]
    fn the_vectorised_exponential_is_that_of_the_standard_library_to_two_roundings() {
        let singles: Vec<f32> = (0..16_000).map(|i| -87.0 + i as f32 * 0.010_9).collect();
        let found = apart(&singles, |x| f64::from(x).exp(), f32::EPSILON.into());
        assert!(found < 2.0, "f32: {found}");
        let doubles: Vec<f64> = (0..64_000)
            .map(|i| -708.0 + f64::from(i) * 0.022_14)
            .collect();
        let found = apart(&doubles, f64::exp, f64::EPSILON);
        assert!(found < 2.0, "f64: {found}");
    }

    #[test]
    fn an_exponential_beyond_the_range_is_huge_or_negligible_and_never_a_wrapped_one() {
        let mut singles = [-1e30f32, -1000.0, f32::NEG_INFINITY, 1000.0].repeat(16);
        Arch::new().dispatch(Exponentials(&mut singles));
        for value in singles.chunks(4) {
            assert!(value[..3].iter().all(|v| *v < f32::NEGLIGIBLE), "{value:?}");
            assert!(value[3] > 1e38, "{value:?}");
        }
        let mut doubles = [-1e300f64, -1000.0, f64::NEG_INFINITY, 1000.0].repeat(16);
        Arch::new().dispatch(Exponentials(&mut doubles));
        for value in doubles.chunks(4) {
            assert!(value[..3].iter().all(|v| *v < f64::NEGLIGIBLE), "{value:?}");
            assert!(value[3] > 1e307, "{value:?}");
        }
    }

    #[test]
    fn the_exponential_of_what_is_not_a_number_is_none() {
        let mut singles = [f32::NAN; 16];
        Arch::new().dispatch(Exponentials(&mut singles));
        assert!(singles.iter().all(|v| v.is_nan()), "{singles:?}");
        let mut doubles = [f64::NAN; 16];
        Arch::new().dispatch(Exponentials(&mut doubles));
        assert!(doubles.iter().all(|v| v.is_nan()), "{doubles:?}");
    }
}
