//! Gradients beside those of a cell's method: one that each worker computes for itself, and ones that cost nothing.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use optim::{Cost, Potential, RowLoss};
use std::hint::black_box;
use std::sync::Arc;

/// A gradient at the starting point, on each of several workers.
pub struct Lone {
    pub(super) workers: Vec<(Arc<dyn RowLoss>, Tensor)>,
}

impl Lone {
    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Computes it on one of them, and waits for it.
    ///
    /// # Errors
    /// If the device fails.
    pub fn gradient(&self, worker: usize) -> Result<()> {
        let (potential, point) = &self.workers[worker];
        black_box(potential.gradient(point)?);
        Ok(potential.device().synchronize()?)
    }
}

/// A potential of the same shape whose gradient is the point itself: what is left of a round's
/// time is not gradients.
pub(super) struct FreeGradients {
    pub like: Arc<dyn RowLoss>,
    pub device: Device,
}

impl Potential for FreeGradients {
    fn dimension(&self) -> usize {
        self.like.dimension()
    }

    fn dtype(&self) -> DType {
        self.like.dtype()
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
