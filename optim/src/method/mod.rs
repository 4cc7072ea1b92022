//! What all methods have in common, so that one runner serves them all.

mod adam;
pub mod classical;
mod conjugate;
mod coordinate;
mod descent;
mod heavy_ball;
mod idealized;
mod momentum;
mod nesterov;
mod newton;
mod run;
mod stepwise;
mod times;

pub use adam::Adam;
pub use conjugate::ConjugateGradients;
pub use coordinate::{CoordinateHamiltonianDescent, Sweep};
pub use descent::{HamiltonianDescent, WindowedDescent};
pub use heavy_ball::HeavyBall;
pub use idealized::IdealizedDescent;
pub use momentum::Momentum;
pub use nesterov::Nesterov;
pub use newton::TruncatedNewton;
pub use run::{Bound, Run, RunEnd, Seen};
pub use times::IntegrationTimes;
pub(crate) use times::check as check_curvatures;

use crate::{Counts, Result};
use candle_core::Tensor;

/// An iterative minimiser. One [`advance`](Method::advance) is one *outer* iteration: one whole
/// flow of Hamiltonian Descent, one step of a baseline.
pub trait Method: Send {
    /// Does one outer iteration.
    ///
    /// # Errors
    /// If a gradient or a tensor operation fails.
    fn advance(&mut self) -> Result<Progress>;

    /// Where the method is, `[D]`.
    fn position(&self) -> &Tensor;

    /// What has been computed since the method was made.
    fn counts(&self) -> Counts;
}

/// A method behind a pointer.
impl<M: Method + ?Sized> Method for Box<M> {
    fn advance(&mut self) -> Result<Progress> {
        (**self).advance()
    }

    fn position(&self) -> &Tensor {
        (**self).position()
    }

    fn counts(&self) -> Counts {
        (**self).counts()
    }
}

/// A method that is only lent.
impl<M: Method + ?Sized> Method for &mut M {
    fn advance(&mut self) -> Result<Progress> {
        (**self).advance()
    }

    fn position(&self) -> &Tensor {
        (**self).position()
    }

    fn counts(&self) -> Counts {
        (**self).counts()
    }
}

/// Says what one outer iteration did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Gradients and rounds of this iteration alone.
    pub counts: Counts,
    /// By how many steps the window moved, one entry for each move; empty for methods without a
    /// window.
    pub strides: Vec<usize>,
    /// Why the method cannot go on, if it cannot.
    pub termination: Option<Termination>,
}

/// Says why a method stopped of itself.
///
/// Only [`WindowedDescent`] (at points that are not finite), [`ConjugateGradients`] (at the minimum) and
/// [`TruncatedNewton`] (where no step that it finds goes down) stop of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// The norm of the point after the given step of the flow is infinite or not a number, in the
    /// arithmetic of the points: in f32, beyond about 1.8e19.
    NotFinite {
        /// The step within the flow, counted from 1.
        step: usize,
    },
    /// The method finds no better point, and computes no more.
    Stationary,
}
