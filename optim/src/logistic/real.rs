//! What the CPU kernels need of an element type.

/// The two element types.
pub(super) trait Real:
    Copy
    + Send
    + Sync
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Div<Output = Self>
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const LOWEST: Self;
    /// A probability below this is as good as none: a product with it could be a subnormal number,
    /// which processors multiply a hundred times slower than others.
    const NEGLIGIBLE: Self;
    fn exponential(self) -> Self;
    fn magnitude(self) -> Self;
}

macro_rules! real {
    ($($type:ty: $negligible:literal),+) => { $(
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = Self::NEG_INFINITY;
            const NEGLIGIBLE: Self = $negligible;

            fn exponential(self) -> Self {
                self.exp()
            }

            fn magnitude(self) -> Self {
                self.abs()
            }
        }
    )+ };
}
real!(f32: 1e-30, f64: 1e-290);
