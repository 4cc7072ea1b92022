//! Where the largest entry is.

use candle_core::{D, Result, Tensor};

/// Finds the place of the first of the largest entries of each row of `[…, n]`, as u32 `[…, 1]`: the same on every
/// device. The tensor library's `argmax` takes the first on a CPU, and on a GPU any of equal ones.
///
/// A row that holds what is not a number has some place.
///
/// # Errors
/// If a tensor operation fails.
///
/// ```
/// use candle_core::{Device, Tensor};
/// # fn main() -> candle_core::Result<()> {
/// let x = Tensor::new(&[[1f32, 3.0, 3.0], [0.0, 0.0, -1.0]], &Device::Cpu)?;
/// assert_eq!(gpu::first_largest(&x)?.to_vec2::<u32>()?, [[1], [0]]);
/// # Ok(())
/// # }
/// ```
pub fn first_largest(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.argmax_keepdim(D::Minus1);
    }
    let n = x.dim(D::Minus1)? as u32;
    let largest = x.broadcast_eq(&x.max_keepdim(D::Minus1)?)?;
    let place = Tensor::arange(0, n, x.device())?.broadcast_as(x.shape())?;
    let none = Tensor::full(n.saturating_sub(1), x.shape(), x.device())?;
    largest
        .where_cond(&place.contiguous()?, &none)?
        .min_keepdim(D::Minus1)
}
