//! Says where gradients are computed. The methods do not know which of these they run on, and their
//! trajectories do not depend on it beyond rounding.

mod devices;
mod exchange;
mod lockstep;
mod oracle;
mod ranks;
mod tf32;

pub use devices::Devices;
pub use lockstep::{Seat, lockstep};
pub use oracle::{Counts, Oracle};
pub use ranks::{AllGather, DeviceRanks, Ranks, RoundTimes, ThreadRanks};
pub use tf32::Tf32;

use crate::{Potential, Result};
use candle_core::Tensor;
use std::sync::Arc;

/// Computes ∇f at several points that do not depend on one another.
pub trait Evaluator: Send + Sync {
    /// ∇f at each point `[D]`, in the order of the points, on the device the points came from.
    ///
    /// # Errors
    /// If the potential fails at one of them, or a device is lost.
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>>;

    /// The same for points that are the rows of `[W, D]`.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    fn stacked(&self, points: &Tensor) -> Result<Tensor> {
        let rows = (0..points.dim(0)?)
            .map(|w| Ok(points.get(w)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::stack(&self.gradients(&rows)?, 0)?)
    }

    /// Whether the gradient at a point is another one at each step, as that of the rows drawn for the step
    /// is. By default it is not.
    fn varies(&self) -> bool {
        false
    }

    /// The gradients at the rows of `[W, D]`, the first for the given step of the method, counted from its
    /// start, the others for the steps after it. By default [`stacked`](Self::stacked), whatever the steps.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    fn stacked_from(&self, points: &Tensor, _first_step: usize) -> Result<Tensor> {
        self.stacked(points)
    }
}

/// One device, one point after the other.
pub struct Sequential {
    potential: Arc<dyn Potential>,
}

impl Sequential {
    /// Evaluates on the potential's own device.
    #[must_use]
    pub fn new(potential: Arc<dyn Potential>) -> Self {
        Self { potential }
    }
}

impl Evaluator for Sequential {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        points
            .iter()
            .map(|point| self.potential.gradient(point))
            .collect()
    }
}

/// One device, all points at once through [`Potential::gradients`].
pub struct Batched {
    potential: Arc<dyn Potential>,
}

impl Batched {
    /// Evaluates on the potential's own device.
    #[must_use]
    pub fn new(potential: Arc<dyn Potential>) -> Self {
        Self { potential }
    }
}

impl Evaluator for Batched {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        together(self.potential.as_ref(), points)
    }

    fn stacked(&self, points: &Tensor) -> Result<Tensor> {
        self.potential.gradients(points)
    }
}

/// The gradients of `points` through the potential's bulk form; a single point needs no stacking.
fn together(potential: &dyn Potential, points: &[Tensor]) -> Result<Vec<Tensor>> {
    if let [point] = points {
        return Ok(vec![potential.gradient(point)?]);
    }
    let gradients = potential.gradients(&Tensor::stack(points, 0)?)?;
    (0..points.len()).map(|w| Ok(gradients.get(w)?)).collect()
}
