//! How much memory a method holds on the host, measured with gradients that take none.

use crate::device::Placement;
use crate::heap;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use optim::{Cost, Method, Potential};
use serde::{Deserialize, Serialize};

/// Memory on the host that an iteration takes, while data and evaluator are there already.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct Held {
    /// At most, in bytes.
    pub bytes: u64,
    /// The same of the steps one after the other.
    pub baseline_bytes: u64,
    /// D, the numbers of a point.
    pub dimension: u64,
}

impl Held {
    /// Bytes that one more step of the window takes for each number of a point.
    #[must_use]
    pub fn per_point(&self, width: u64) -> Option<f64> {
        let more = self.bytes as f64 - self.baseline_bytes as f64;
        (width > 1).then(|| more / (width - 1) as f64 / self.dimension as f64)
    }
}

/// A potential whose gradient is the point itself: what is left of a round's time and memory is not gradients.
pub(super) struct FreeGradients {
    dimension: usize,
    dtype: DType,
    device: Device,
}

impl FreeGradients {
    /// Of the shape of a potential, on a device.
    pub(super) fn like(potential: &(impl Potential + ?Sized), device: &Device) -> Self {
        Self {
            dimension: potential.dimension(),
            dtype: potential.dtype(),
            device: device.clone(),
        }
    }

    /// Of the shape of a point `[D]`, and where that is.
    pub(super) fn at(point: &Tensor) -> Self {
        Self {
            dimension: point.elem_count(),
            dtype: point.dtype(),
            device: point.device().clone(),
        }
    }
}

impl Potential for FreeGradients {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn dtype(&self) -> DType {
        self.dtype
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn value(&self, point: &Tensor) -> optim::Result<f64> {
        Ok(0.5
            * point
                .to_dtype(DType::F64)?
                .sqr()?
                .sum_all()?
                .to_scalar::<f64>()?)
    }

    fn gradient(&self, point: &Tensor) -> optim::Result<Tensor> {
        Ok(point.clone())
    }

    fn gradients(&self, points: &Tensor) -> optim::Result<Tensor> {
        Ok(points.clone())
    }

    fn cost(&self, _points: usize) -> Cost {
        Cost {
            operations: 0.0,
            bytes: 0.0,
        }
    }
}

/// How often memory is measured at most.
const HELD: usize = 5;

/// Bytes that one iteration holds at most, beside what gradients take while they are computed, which depends on how
/// the threads that compute them come together. What the evaluator keeps for the next time, it has kept before.
pub(super) fn held(
    placement: &Placement,
    method: impl Fn() -> Result<Box<dyn Method>>,
) -> Result<u64> {
    let mut first = method()?;
    placement.run(|| first.advance())?;
    drop(first);
    // A thread of an earlier cell may give memory back meanwhile: what was found twice, or else the middle of several.
    let mut all = Vec::with_capacity(HELD);
    while all.len() < HELD {
        let (run, bytes): (Result<()>, u64) = heap::held(|| {
            let mut method = method()?;
            placement.run(|| method.advance())?;
            Ok(())
        });
        run?;
        if all.contains(&bytes) {
            return Ok(bytes);
        }
        all.push(bytes);
    }
    all.sort_unstable();
    Ok(all[HELD / 2])
}
