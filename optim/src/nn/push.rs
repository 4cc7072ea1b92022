//! Variables and velocities moved along directions.

use candle_core::{Result, Tensor, Var};

/// Whether a kernel moves one along the other in place.
fn by_kernel(x: &Tensor, along: &Tensor) -> bool {
    gpu::runs(x.device(), x.dtype())
        && along.dtype() == x.dtype()
        && x.is_contiguous()
        && along.is_contiguous()
}

/// x + factor · along, in x's memory where a kernel can: x is the caller's alone.
pub(super) fn pushed(x: Tensor, along: &Tensor, factor: f64) -> Result<Tensor> {
    if by_kernel(&x, along) {
        gpu::push(&x, along, factor)?;
        return Ok(x);
    }
    x + (along * factor)?
}

/// x ← x + factor · along.
pub(super) fn push(x: &Var, along: &Tensor, factor: f64) -> Result<()> {
    if by_kernel(x, along) {
        return gpu::push(&x.as_detached_tensor(), along, factor);
    }
    x.set(&(x.as_detached_tensor() + (along * factor)?)?)
}
