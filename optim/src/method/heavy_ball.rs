//! The methods that the paper compares with.

use super::stepwise::Stepwise;
use crate::{Counts, Kinetic, Method, Oracle, Progress, Recurrence, Result};
use candle_core::Tensor;

/// Gradient, normalised, sign and coordinate descent, with and without Heavy Ball momentum:
/// u ← βu + ∂φ(∇f(x)), x ← x − ηu.
///
/// The kinetic energy φ names the direction as in Lemma 2: ½‖v‖² is gradient descent, ‖v‖₂
/// normalised, ‖v‖₁ sign and ‖v‖_∞ coordinate descent. With ½‖v‖² and β > 0 this is Heavy Ball,
/// eq. (10) of the paper. The paper does not define momentum for the other three; here the
/// momentum gathers directions, not gradients.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{HeavyBall, Kinetic, Method, Quadratic};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64], &Device::Cpu)?;
/// let mut descent = HeavyBall::new(f, Kinetic::HalfL2Squared, 0.25, 0.0, start)?;
/// descent.advance()?;
/// assert_eq!(descent.position().to_vec1::<f64>()?, [0.5]);
/// # Ok(())
/// # }
/// ```
pub struct HeavyBall(Stepwise);

impl HeavyBall {
    /// Starts from `start` `[D]`, with step size η and momentum β (0 for none).
    ///
    /// # Errors
    /// If η is not positive or β not in [0, 1).
    pub fn new(
        oracle: impl Into<Oracle>,
        direction: Kinetic,
        step_size: f64,
        momentum: f64,
        start: Tensor,
    ) -> Result<Self> {
        let recurrence = Recurrence::heavy_ball(direction, step_size, momentum);
        Ok(Self(Stepwise::new(oracle.into(), recurrence, start)?))
    }
}

impl Method for HeavyBall {
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
