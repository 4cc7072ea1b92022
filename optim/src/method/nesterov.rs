//! Nesterov's accelerated gradient methods.

use super::times;
use crate::{Counts, Error, Method, Oracle, Progress, Result};
use candle_core::Tensor;

/// Says where the momentum β_k of [`Nesterov`] comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acceleration {
    /// The same in every step, in [0, 1).
    Constant(f64),
    /// β_k = (t_k − 1)/t_{k+1} with t_1 = 1 and t_{k+1} = (1 + √(1 + 4t_k²))/2 (Nesterov, 1983):
    /// for convex functions, and no more than sublinear where they are strongly convex.
    Sequence,
    /// The same sequence, from t = 1 and without momentum again whenever
    /// ∇f(y_k)·(x_{k+1} − x_k) > 0: the gradient scheme of O'Donoghue and Candès (2015), which
    /// finds the pace of strong convexity without knowing μ. It costs nothing beside the step.
    Restarted,
}

impl Acceleration {
    /// Chooses the constant momentum (√κ − 1)/(√κ + 1), κ = L/μ, for a μ-strongly convex and L-smooth
    /// function and the step size 1/L.
    ///
    /// # Errors
    /// If not 0 < μ ≤ L.
    ///
    /// ```
    /// use optim::Acceleration;
    /// # fn main() -> optim::Result<()> {
    /// assert_eq!(Acceleration::strongly_convex(1.0, 9.0)?, Acceleration::Constant(0.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn strongly_convex(strong_convexity: f64, smoothness: f64) -> Result<Self> {
        times::check(strong_convexity, smoothness)?;
        let root = (smoothness / strong_convexity).sqrt();
        Ok(Self::Constant((root - 1.0) / (root + 1.0)))
    }
}

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
pub struct Nesterov {
    oracle: Oracle,
    acceleration: Acceleration,
    step_size: f64,
    /// t_k
    sequence: f64,
    restarts: u64,
    position: Tensor,
    /// y_k
    ahead: Tensor,
}

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
        if !(step_size.is_finite() && step_size > 0.0) {
            return Err(Error::setting("step_size", step_size, "a positive number"));
        }
        match acceleration {
            Acceleration::Constant(momentum) if !(0.0..1.0).contains(&momentum) => {
                return Err(Error::setting("momentum", momentum, "in [0, 1)"));
            }
            _ => {}
        }
        Ok(Self {
            oracle: oracle.into(),
            acceleration,
            step_size,
            sequence: 1.0,
            restarts: 0,
            ahead: start.clone(),
            position: start,
        })
    }

    /// How often the momentum was given up so far; 0 for ever unless it is
    /// [`Acceleration::Restarted`].
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// β_k of the step `moved` = x_{k+1} − x_k with the gradient ∇f(y_k).
    fn momentum(&mut self, gradient: &Tensor, moved: &Tensor) -> Result<f64> {
        if let Acceleration::Constant(momentum) = self.acceleration {
            return Ok(momentum);
        }
        if self.acceleration == Acceleration::Restarted
            && (gradient * moved)?
                .sum_all()?
                .to_dtype(candle_core::DType::F64)?
                .to_scalar::<f64>()?
                > 0.0
        {
            self.restarts += 1;
            self.sequence = 1.0;
            return Ok(0.0);
        }
        let next = (1.0 + (1.0 + 4.0 * self.sequence * self.sequence).sqrt()) / 2.0;
        let momentum = (self.sequence - 1.0) / next;
        self.sequence = next;
        Ok(momentum)
    }
}

impl Method for Nesterov {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let gradient = self.oracle.gradient(&self.ahead)?;
        let position = (&self.ahead - (&gradient * self.step_size)?)?;
        let moved = (&position - &self.position)?;
        let momentum = self.momentum(&gradient, &moved)?;
        self.ahead = (&position + (moved * momentum)?)?;
        self.position = position;
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
