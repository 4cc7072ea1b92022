//! The family of the exposition: symplectic Euler, classical momentum and gradient descent.

use crate::{Counts, Error, Method, Oracle, Potential, Progress, Result};
use candle_core::{DType, Tensor};

/// Classical momentum, Definition 4.2 of the exposition: P_{k+1} = μP_k − h∇f(x_k),
/// x_{k+1} = x_k + P_{k+1}.
///
/// P = Δt·p is the momentum p (unit mass) in units in which the step Δt = √h is 1, eq. (4.4).
/// The damping μ alone says which method it is:
///
/// | μ | method | in the exposition | energy H = f(x) + P²/(2h) |
/// |---|---|---|---|
/// | 1 | symplectic Euler with the step Δt = √h | Definition 3.4 | kept, but for an oscillation of order Δt |
/// | 0 < μ < 1 | classical momentum, Heavy Ball with step size h | Definition 4.2 with γ = μ | lost |
/// | 0 | gradient descent with step size h | Definition 4.1, with the sign of Section 5 | lost |
///
/// The exposition's eq. (4.5), γ = μΔt, mixes p and P: with it its Section 5 gives "symplectic
/// Euler" the coefficient √h where 1 belongs, and what it prints loses energy as well. That
/// printed version is this method with μ = √h.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Oracle, Method, Momentum, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// // The spring of Section 5: f(x) = ½x², x_0 = 1, h = ½
/// let f = Arc::new(Quadratic::diagonal(&[1.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64], &Device::Cpu)?;
/// let mut euler = Momentum::new(Oracle::new(Sequential::new(f.clone())), 1.0, 0.5, start)?;
/// euler.advance()?;
/// assert_eq!(euler.position().to_vec1::<f64>()?, [0.5]);
/// assert_eq!(euler.momentum().to_vec1::<f64>()?, [-0.5]);
/// assert_eq!(euler.energy(f.as_ref())?, 0.375);
/// # Ok(())
/// # }
/// ```
pub struct Momentum {
    oracle: Oracle,
    damping: f64,
    step_size: f64,
    position: Tensor,
    momentum: Tensor,
}

impl Momentum {
    /// Starts from `start` `[D]` at rest, with damping μ and h = `step_size` = Δt².
    ///
    /// # Errors
    /// If μ is not in [0, 1] or h is not positive.
    pub fn new(
        oracle: impl Into<Oracle>,
        damping: f64,
        step_size: f64,
        start: Tensor,
    ) -> Result<Self> {
        if !(0.0..=1.0).contains(&damping) {
            return Err(Error::setting("damping", damping, "in [0, 1]"));
        }
        if !(step_size.is_finite() && step_size > 0.0) {
            return Err(Error::setting("step_size", step_size, "a positive number"));
        }
        Ok(Self {
            oracle: oracle.into(),
            damping,
            step_size,
            momentum: start.zeros_like()?,
            position: start,
        })
    }

    /// Starts with the scaled momentum P = √h·p, `[D]`, in place of rest.
    ///
    /// # Errors
    /// If it does not have the shape of the position.
    pub fn with_momentum(self, momentum: Tensor) -> Result<Self> {
        if momentum.dims() != self.position.dims() {
            return Err(Error::Shape {
                what: "the momentum",
                found: momentum.dims().to_vec(),
                expected: format!("{:?}, as of the position,", self.position.dims()),
            });
        }
        Ok(Self { momentum, ..self })
    }

    /// P_k, `[D]`: the last step x_k − x_{k−1}, or what the method started with.
    #[must_use]
    pub fn momentum(&self) -> &Tensor {
        &self.momentum
    }

    /// H = f(x) + P²/(2h), the energy f(x) + p²/2 of Definition 2.1 with unit mass; summed in
    /// f64. The potential is asked for its value only, which is not counted.
    ///
    /// # Errors
    /// If the potential does not fit.
    pub fn energy(&self, potential: &dyn Potential) -> Result<f64> {
        let square = self.momentum.to_dtype(DType::F64)?.sqr()?.sum_all()?;
        let kinetic = square.to_scalar::<f64>()? / (2.0 * self.step_size);
        Ok(potential.value(&self.position)? + kinetic)
    }
}

impl Method for Momentum {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let gradient = self.oracle.gradient(&self.position)?;
        self.momentum = ((&self.momentum * self.damping)? - (gradient * self.step_size)?)?;
        self.position = (&self.position + &self.momentum)?;
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
