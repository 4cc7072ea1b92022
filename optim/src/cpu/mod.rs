//! What loops over numbers on a CPU share.

pub(crate) mod aligned;
mod peak;
pub(crate) mod real;

pub use peak::multiply_adds;

/// Returns how many bytes the widest vectors have that the kernels compute with here.
pub(crate) fn vector_bytes() -> usize {
    struct Bytes;

    impl pulp::WithSimd for Bytes {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _simd: S) -> usize {
            S::F32_LANES * size_of::<f32>()
        }
    }

    pulp::Arch::new().dispatch(Bytes)
}
