//! The only clock in the house for what is compared.

use crate::device::Placement;
use anyhow::Result;
use optim::{Method, Progress};
use std::time::Instant;

/// The fewest seconds that a call of `work` took, of as many calls as fit into `budget` seconds, at
/// least two: the first one finds caches cold and buffers unmapped.
///
/// # Errors
/// If the work or the device fails.
pub fn fastest(
    placement: &Placement,
    budget: f64,
    mut work: impl FnMut() -> Result<()>,
) -> Result<f64> {
    let begin = Instant::now();
    let (mut fewest, mut calls) = (f64::INFINITY, 0);
    while calls < 2 || begin.elapsed().as_secs_f64() < budget {
        placement.synchronize()?;
        let call = Instant::now();
        work()?;
        placement.synchronize()?;
        fewest = fewest.min(call.elapsed().as_secs_f64());
        calls += 1;
    }
    Ok(fewest)
}

/// One outer iteration of a method and the seconds it took, the device idle before and after.
///
/// # Errors
/// If the method or the device fails.
pub fn clocked(placement: &Placement, method: &mut dyn Method) -> Result<(Progress, f64)> {
    placement.synchronize()?;
    let begin = Instant::now();
    let progress = method.advance()?;
    placement.synchronize()?;
    Ok((progress, begin.elapsed().as_secs_f64()))
}
