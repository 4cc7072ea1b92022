//! Conjugate gradients, the best that gradients can do on a quadratic.

use crate::{Counts, Error, Method, Oracle, Progress, Result, Termination};
use candle_core::{DType, Tensor};

/// Minimises a strictly convex quadratic, of which only gradients are known, by conjugate gradients
/// (Hestenes and Stiefel, 1952).
///
/// Of all methods whose iterates lie in x_1 + span of the gradients it makes the value least, so
/// it is the yardstick for the number of gradients. One gradient an iteration, and one more in
/// the first: the residual r = −∇f(x) is carried by its recurrence r − αAp, and the product with
/// the matrix that the recurrence needs is a difference of gradients,
/// Ap = \[∇f(x_1 + sp) − ∇f(x_1)\]/s, at one and the same point x_1. Any s will do on a quadratic;
/// s = ‖r_1‖/‖r_k‖ keeps the step sp as long as the first one however short p gets, so that the
/// difference loses no digits when the method has come close.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{ConjugateGradients, Oracle, Method, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 9.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let mut method = ConjugateGradients::new(Oracle::new(Sequential::new(f)), start);
/// for _ in 0..2 {
///     method.advance()?;
/// }
/// assert!(method.position().to_vec1::<f64>()?.iter().all(|x| x.abs() < 1e-15));
/// assert_eq!(method.counts().requested, 3);
/// # Ok(())
/// # }
/// ```
pub struct ConjugateGradients {
    oracle: Oracle,
    position: Tensor,
    state: Option<ConjugateState>,
}

struct ConjugateState {
    /// x_1 and ∇f(x_1), with which products are formed, and ‖r_1‖².
    origin: (Tensor, Tensor, f64),
    /// r and ‖r‖².
    residual: (Tensor, f64),
    /// p
    direction: Tensor,
}

impl ConjugateState {
    /// Whether ‖r_k‖² is 0 or so much smaller than ‖r_1‖² that their quotient is not a number
    /// f64 can hold.
    fn is_done(&self) -> bool {
        self.residual.1 <= self.origin.2 * f64::MIN_POSITIVE
    }
}

impl ConjugateGradients {
    /// Starts from `start` `[D]`.
    #[must_use]
    pub fn new(oracle: impl Into<Oracle>, start: Tensor) -> Self {
        Self {
            oracle: oracle.into(),
            position: start,
            state: None,
        }
    }

    fn begin(&mut self) -> Result<ConjugateState> {
        let gradient = self.oracle.gradient(&self.position)?;
        let residual = gradient.neg()?;
        let square = dot(&residual, &residual)?;
        Ok(ConjugateState {
            origin: (self.position.clone(), gradient, square),
            direction: residual.clone(),
            residual: (residual, square),
        })
    }

    /// One iteration from a residual that has not vanished.
    fn step(&mut self, state: ConjugateState) -> Result<ConjugateState> {
        let (origin, gradient, first) = &state.origin;
        let (residual, square) = &state.residual;
        let direction = &state.direction;
        let stretch = (first / square).sqrt();
        let there = self.oracle.gradient(&(origin + (direction * stretch)?)?)?;
        let product = ((there - gradient)? / stretch)?;
        let curvature = dot(direction, &product)?;
        if !(curvature.is_finite() && curvature > 0.0) {
            return Err(Error::setting(
                "curvature",
                curvature,
                "positive, as it is on a strictly convex quadratic",
            ));
        }
        let length = square / curvature;
        self.position = (&self.position + (direction * length)?)?;
        let next = (residual - (product * length)?)?;
        let next_square = dot(&next, &next)?;
        let direction = (&next + (direction * (next_square / square))?)?;
        Ok(ConjugateState {
            origin: state.origin,
            residual: (next, next_square),
            direction,
        })
    }
}

/// Returns aᵀb, summed in f64.
pub(super) fn dot(a: &Tensor, b: &Tensor) -> Result<f64> {
    let product = (a.to_dtype(DType::F64)? * b.to_dtype(DType::F64)?)?;
    Ok(product.sum_all()?.to_scalar()?)
}

impl Method for ConjugateGradients {
    /// Does one iteration; nothing, at no cost, once the residual has vanished.
    ///
    /// # Errors
    /// If a gradient fails, or the function curves down along a direction.
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let state = match self.state.take() {
            Some(state) => state,
            None => self.begin()?,
        };
        let done = state.is_done();
        self.state = Some(if done { state } else { self.step(state)? });
        let counts = self.oracle.counts() - before;
        Ok(Progress {
            counts,
            termination: (done && counts.distinct == 0).then_some(Termination::Stationary),
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
