//! The only clock in the house.

use crate::device::Placement;
use anyhow::Result;
use optim::{Method, Progress};
use std::time::Instant;

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
