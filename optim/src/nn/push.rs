//! Variables and velocities moved along directions.

use candle_core::{Result, Tensor, Var};
use std::collections::HashSet;

/// Whether a kernel moves one along the other in place.
fn by_kernel(x: &Tensor, along: &Tensor) -> bool {
    gpu::runs(x.device(), x.dtype())
        && along.dtype() == x.dtype()
        && x.is_contiguous()
        && along.is_contiguous()
}

/// x + factor · along of each pair, in x's memory where a kernel can, which takes all at once: each x is the
/// caller's alone.
pub(super) fn pushed(pairs: Vec<(Tensor, Tensor)>, factor: f64) -> Result<Vec<Tensor>> {
    if alike(&pairs) {
        gpu::push(&pairs, factor)?;
        return Ok(pairs.into_iter().map(|(x, _)| x).collect());
    }
    let one = |(x, along): (Tensor, Tensor)| x + (along * factor)?;
    pairs.into_iter().map(one).collect()
}

/// x ← x + factor · along of each pair.
pub(super) fn push<'a>(
    pairs: impl IntoIterator<Item = (&'a Var, Tensor)>,
    factor: f64,
) -> Result<()> {
    let pairs: Vec<(&Var, Tensor)> = pairs.into_iter().collect();
    let tensors = pairs.iter();
    let tensors = tensors.map(|(x, along)| (x.as_detached_tensor(), along.clone()));
    let tensors: Vec<(Tensor, Tensor)> = tensors.collect();
    let ids: HashSet<_> = pairs.iter().map(|(x, _)| x.id()).collect();
    // A variable that is there twice moves twice.
    if ids.len() == pairs.len() && alike(&tensors) {
        return gpu::push(&tensors, factor);
    }
    for (x, along) in pairs {
        x.set(&(x.as_detached_tensor() + (along * factor)?)?)?;
    }
    Ok(())
}

/// Whether a kernel takes all pairs at once.
fn alike(pairs: &[(Tensor, Tensor)]) -> bool {
    pairs.first().is_some_and(|(first, _)| {
        let fits = |(x, along): &(Tensor, Tensor)| {
            by_kernel(x, along)
                && x.dtype() == first.dtype()
                && x.device().same_device(first.device())
        };
        pairs.iter().all(fits)
    })
}
