//! Hamiltonian Descent with the exact flow, where it is known.

use crate::{Counts, IntegrationTimes, Method, Progress, Quadratic, Result};
use candle_core::Tensor;
use std::sync::Arc;

/// Idealized frictionless Hamiltonian Descent, Algorithm 1 of the paper (Wang, 2024), on a
/// quadratic: each outer iteration is one exact flow, [`Quadratic::exact_flow`], from rest.
///
/// It computes no gradients, so its [`counts`](Method::counts) stay 0: it asks an oracle that
/// only a quadratic has. What an oracle for a flow costs is proportional to the flow's length
/// (an integrator with step size θ needs η/θ gradients), so
/// [`integration_time`](Self::integration_time) is what to compare it by.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{IdealizedDescent, IntegrationTimes, Method, Quadratic};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::spectral(&[1.0, 4.0], &[1.0, 2.0], &Device::Cpu)?);
/// let times = IntegrationTimes::chebyshev(1.0, 4.0, 8)?;
/// let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let mut method = IdealizedDescent::new(f, times, start);
/// for _ in 0..8 {
///     method.advance()?;
/// }
/// let end: Vec<f64> = method.position().to_vec1()?;
/// assert!(end.iter().all(|x| x.abs() < 1e-3));
/// assert!(method.integration_time() > 0.0);
/// # Ok(())
/// # }
/// ```
pub struct IdealizedDescent {
    potential: Arc<Quadratic>,
    times: IntegrationTimes,
    integration_time: f64,
    position: Tensor,
}

impl IdealizedDescent {
    /// From `start` `[D]`. That the quadratic's flow is known is found out by the first
    /// [`advance`](Method::advance).
    #[must_use]
    pub fn new(potential: Arc<Quadratic>, times: IntegrationTimes, start: Tensor) -> Self {
        Self {
            potential,
            times,
            integration_time: 0.0,
            position: start,
        }
    }

    /// Σ η_k of the flows so far.
    #[must_use]
    pub fn integration_time(&self) -> f64 {
        self.integration_time
    }
}

impl Method for IdealizedDescent {
    fn advance(&mut self) -> Result<Progress> {
        let time = self.times.draw();
        self.position = self.potential.exact_flow(&self.position, time)?.position;
        self.integration_time += time;
        Ok(Progress::default())
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}
