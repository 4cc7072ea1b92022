//! Gradients beside those of a cell's method: one that each worker computes for itself.

use anyhow::Result;
use candle_core::Tensor;
use optim::RowLoss;
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
