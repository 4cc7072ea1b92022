//! The methods that the paper compares with.

use crate::{Counts, Error, Kinetic, Method, Oracle, Progress, Result};
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
pub struct HeavyBall {
    oracle: Oracle,
    direction: Kinetic,
    step_size: f64,
    momentum: f64,
    position: Tensor,
    update: Option<Tensor>,
}

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
        if !(step_size.is_finite() && step_size > 0.0) {
            return Err(Error::setting("step_size", step_size, "a positive number"));
        }
        if !(0.0..1.0).contains(&momentum) {
            return Err(Error::setting("momentum", momentum, "in [0, 1)"));
        }
        Ok(Self {
            oracle: oracle.into(),
            direction,
            step_size,
            momentum,
            position: start,
            update: None,
        })
    }
}

impl Method for HeavyBall {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let gradient = self.oracle.gradient(&self.position)?;
        let direction = self.direction.gradient(&gradient)?;
        let update = match self.update.take() {
            Some(update) if self.momentum > 0.0 => ((update * self.momentum)? + direction)?,
            _ => direction,
        };
        self.position = (&self.position - (&update * self.step_size)?)?;
        self.update = Some(update);
        Ok(Progress {
            counts: self.oracle.counts() - before,
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.oracle.counts()
    }
}
