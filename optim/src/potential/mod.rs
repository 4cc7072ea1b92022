//! What is minimised.

mod ackley;
mod logistic;
mod procrustes;
mod quadratic;
mod sensing;

pub use ackley::Ackley;
pub use logistic::{DataRows, Kernel, LogisticRegression, Problem, SparseRows};
pub use quadratic::Quadratic;
pub use sensing::{MatrixSensing, Sensing};

use crate::Result;
use candle_core::{DType, Device, Tensor};

/// The least work that one evaluation can be done with, for comparing a measured time with what
/// the machine could do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Floating-point operations.
    pub operations: f64,
    /// Bytes that have to come from memory when nothing but the points is in cache.
    pub bytes: f64,
}

/// Computes a potential energy f: ℝᴰ → ℝ, the function being minimised, and its gradient.
///
/// A point is a tensor `[D]`. The *bulk* form [`gradients`](Potential::gradients) takes the points
/// of a window at once; a potential that can share work between points (one pass over the data
/// for all of them) overrides it.
pub trait Potential: Send + Sync {
    /// D, the number of coordinates.
    fn dimension(&self) -> usize;

    /// The element type of points and gradients.
    fn dtype(&self) -> DType;

    /// Where points have to be and gradients will be.
    fn device(&self) -> &Device;

    /// f(x) for a point `[D]`, summed in f64. Not meant for the hot path.
    ///
    /// # Errors
    /// If the point does not fit, or a tensor operation fails.
    fn value(&self, point: &Tensor) -> Result<f64>;

    /// ∇f(x), `[D]`, for a point `[D]`.
    ///
    /// # Errors
    /// If the point does not fit, or a tensor operation fails.
    fn gradient(&self, point: &Tensor) -> Result<Tensor>;

    /// ∇f of each row: `[W, D]` for points `[W, D]`. By default one after the other.
    ///
    /// # Errors
    /// If the points do not fit, or a tensor operation fails.
    fn gradients(&self, points: &Tensor) -> Result<Tensor> {
        let rows = (0..points.dim(0)?)
            .map(|w| self.gradient(&points.get(w)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }

    /// The least cost of the gradients of `points` points at once.
    fn cost(&self, points: usize) -> Cost;
}
