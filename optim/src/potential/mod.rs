//! What is minimised.

mod ackley;
mod check;
mod differentiable;
mod linear;
mod procrustes;
mod quadratic;
mod sensing;

pub use ackley::Ackley;
pub use check::check_gradient;
pub use differentiable::Differentiable;
pub use linear::{
    BinaryLogistic, DataRows, Kernel, LeastSquares, LogisticRegression, Problem, Ridge, RowLoss,
    SparseRows,
};
pub use quadratic::Quadratic;
pub use sensing::{MatrixSensing, Sensing};

use crate::Result;
use candle_core::{DType, Device, Tensor};

/// Holds the least work that one evaluation can be done with, for comparing a measured time with
/// what the machine could do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Floating-point operations.
    pub operations: f64,
    /// Bytes that have to come from memory when nothing but the points is in cache.
    pub bytes: f64,
}

/// Computes the function being minimised, f: ℝᴰ → ℝ, and its gradient. Implement it for a loss of
/// your own.
///
/// A point is a tensor `[D]` of type [`dtype`](Potential::dtype) on [`device`](Potential::device).
/// A loss that only autograd can differentiate is made one by [`Differentiable`]; whether a gradient of your own is
/// right says [`check_gradient`]. The *bulk*
/// form [`gradients`](Potential::gradients) takes all points of a window at once: override it if one
/// pass over the data serves all of them.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use optim::{Bound, HeavyBall, Kinetic, Potential, Run, check_gradient};
/// use std::sync::Arc;
///
/// /// f(x) = ¼ Σ x⁴ of so many numbers.
/// struct Quartic(usize);
///
/// impl Potential for Quartic {
///     fn dimension(&self) -> usize {
///         self.0
///     }
///     fn dtype(&self) -> DType {
///         DType::F64
///     }
///     fn device(&self) -> &Device {
///         &Device::Cpu
///     }
///     fn value(&self, x: &Tensor) -> optim::Result<f64> {
///         Ok((x.sqr()?.sqr()?.sum_all()? * 0.25)?.to_scalar()?)
///     }
///     fn gradient(&self, x: &Tensor) -> optim::Result<Tensor> {
///         Ok((x.sqr()? * x)?)
///     }
/// }
///
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quartic(3));
/// let start = Tensor::new(&[1f64, -2.0, 0.5], &Device::Cpu)?;
/// assert!(check_gradient(f.as_ref(), &start)? < 1e-8);
/// let method = HeavyBall::new(f.clone(), Kinetic::HalfL2Squared, 0.1, 0.0, start.clone())?;
/// let mut run = Run::new(method).until(Bound::Iterations(10));
/// run.go()?;
/// assert!(f.value(run.position())? < f.value(&start)?);
/// # Ok(())
/// # }
/// ```
pub trait Potential: Send + Sync {
    /// Returns D, the number of coordinates.
    fn dimension(&self) -> usize;

    /// Returns the element type of points and gradients.
    fn dtype(&self) -> DType;

    /// Returns the device on which points have to be and gradients will be.
    fn device(&self) -> &Device;

    /// Computes f(x) for a point `[D]`, summed in f64. Not meant for the hot path.
    ///
    /// # Errors
    /// If the point does not fit, or a tensor operation fails.
    fn value(&self, point: &Tensor) -> Result<f64>;

    /// Computes ∇f(x), `[D]`, for a point `[D]`.
    ///
    /// # Errors
    /// If the point does not fit, or a tensor operation fails.
    fn gradient(&self, point: &Tensor) -> Result<Tensor>;

    /// Computes ∇f of each row: `[W, D]` for points `[W, D]`. By default one after the other.
    ///
    /// # Errors
    /// If the points do not fit, or a tensor operation fails.
    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let rows = (0..points.dim(0)?)
            .map(|w| self.gradient(&points.get(w)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }

    /// Estimates the least work of computing `points` gradients at once. Only measurements read it; no
    /// method or evaluator does. By default what no gradient does without: reading the points and writing as many
    /// numbers.
    fn cost(&self, points: usize) -> Cost {
        let numbers = 2.0 * self.dimension() as f64 * points as f64;
        Cost {
            operations: 0.0,
            bytes: numbers * self.dtype().size_in_bytes() as f64,
        }
    }
}
