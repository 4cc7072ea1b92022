//! Nesterov's accelerated gradient methods.

use super::stepwise::Stepwise;
use crate::recurrence::{Acceleration, Carried};
use crate::{Counts, Method, Oracle, Progress, Recurrence, Result};
use candle_core::Tensor;

/// Nesterov's accelerated gradient descent: x_{k+1} = y_k − η∇f(y_k),
/// y_{k+1} = x_{k+1} + β_k (x_{k+1} − x_k), y_1 = x_1. One gradient an iteration.
///
/// The friction-based counterpart whose rate the paper compares idealised Hamiltonian Descent
/// with (Section 1). [`position`](Method::position) is x, not y.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Acceleration, Oracle, Method, Nesterov, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 9.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let oracle = Oracle::new(Sequential::new(f));
/// let mut method = Nesterov::new(oracle, Acceleration::strongly_convex(1.0, 9.0)?, 1.0 / 9.0, start)?;
/// for _ in 0..60 {
///     method.advance()?;
/// }
/// assert!(method.position().to_vec1::<f64>()?[0].abs() < 1e-8);
/// # Ok(())
/// # }
/// ```
pub struct Nesterov(Stepwise);

impl Nesterov {
    /// Starts from `start` `[D]`, with step size η.
    ///
    /// # Errors
    /// If η is not positive or a constant momentum not in [0, 1).
    pub fn new(
        oracle: impl Into<Oracle>,
        acceleration: Acceleration,
        step_size: f64,
        start: Tensor,
    ) -> Result<Self> {
        let recurrence = Recurrence::nesterov(acceleration, step_size);
        Ok(Self(Stepwise::new(oracle.into(), recurrence, start)?))
    }

    /// How often the momentum was given up so far; 0 for ever unless it is
    /// [`Acceleration::Restarted`].
    #[must_use]
    pub fn restarts(&self) -> u64 {
        match self.0.carried() {
            Carried::Position { restarts, .. } => *restarts,
            _ => 0,
        }
    }
}

impl Method for Nesterov {
    fn advance(&mut self) -> Result<Progress> {
        self.0.step()
    }

    fn position(&self) -> &Tensor {
        self.0.position()
    }

    fn counts(&self) -> Counts {
        self.0.counts()
    }
}
