//! The sliding window: a flow computed several steps at a time (Algorithm 5 of the paper).
//!
//! The mechanism — indices, strides, the restored width — is [`WindowedFlow`]; what may differ is
//! in [`settings`](Predictor): the window method, the velocity rule, the predictor, the quadrature.
//!
//! Where the printed algorithm cannot be run as it stands, this is done:
//! - line 5 fills slots s … s+W−1 but line 16 reads s+W: W + 1 points are kept;
//! - line 16 divides by ‖x̄_{s+w}‖: where that is 0, the slot counts as not converged;
//! - line 25 shrinks W near the end of a flow: the next flow starts with the full width again;
//! - line 26 reads the iterate after m was advanced: the newest one is meant.

mod agreement;
mod front;
mod host;
mod predict;
mod secant;
mod settings;
mod sliding;
mod space;
mod streaming;
mod tensors;
#[cfg(test)]
mod tests;

pub use settings::{Predictor, Quadrature, Storage, Velocity, WindowMethod};
pub(crate) use sliding::Slide;
pub use tensors::window_kernels;

use crate::flow::check;
use crate::{Counted, Error, Kinetic, Potential, Result, Termination};
use candle_core::{DType, Tensor};
use front::Streamed;
use host::Host;
use sliding::Sliding;
use std::sync::Arc;
use streaming::Streaming;
use tensors::Tensors;

/// A discretised Hamiltonian flow of which up to `width` steps are computed at once: Algorithm 5
/// of the paper, lines 3 to 26.
///
/// Every round computes the forces at the W points of the window in parallel, sums them up to new
/// points, and moves the window past the points that changed by no more than `tolerance`. The
/// first point after the window's start is always exact, so a round moves by at least one step
/// and a flow ends after at most S rounds, Lemma 3; with width 1 it is the sequential flow. For
/// kinetic energies other than ½‖v‖² the paper gives no formula; this one reduces to its line 12:
/// v̄_{s+j} = v̄_s − θ Σ_{i<j} ∇f(x̄_{s+i}), x̄_{s+w} = x̄_s + θ Σ_{1≤j≤w} ∂φ(v̄_{s+j}).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Counted, Kinetic, Quadratic, WindowedFlow};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu)?);
/// let flow = WindowedFlow { width: 4, ..WindowedFlow::new(Kinetic::HalfL2Squared, 0.1, 20) };
/// let mut forces = Counted::new(Batched::new(f));
/// let end = flow.from_rest(&Tensor::new(&[1f64, 1.0], &Device::Cpu)?, &mut forces)?;
/// assert!(end.strides.len() < 20, "fewer rounds than steps");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WindowedFlow {
    /// φ.
    pub kinetic: Kinetic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// W, the paper's number of GPUs.
    pub width: usize,
    /// τ: by how much, relative to its norm, a point may change and count as converged.
    pub tolerance: f64,
    /// How forces become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// What new slots hold.
    pub predictor: Predictor,
    /// Which sequential flow is approximated.
    pub quadrature: Quadrature,
    /// M: how many of the last forces the secant method models the force by.
    pub memory: usize,
    /// Whether a window reaches into the next flow before the last step of one has converged.
    /// The velocity that is reset there is one more operation the window knows, so W steps at a
    /// time remain W steps, where S is no multiple of W too.
    pub across_flows: bool,
    /// What is kept from one round to the next.
    pub storage: Storage,
    /// How many of the window's forces are computed, and exist, at a time; all if `None`. With
    /// fewer, a round waits several times. Not where points are kept.
    pub at_once: Option<usize>,
}

/// Where a windowed flow ended and how it got there.
#[derive(Clone, Debug)]
pub struct FlowEnd {
    /// x̄_S, `[D]`.
    pub position: Tensor,
    /// Steps by which each round moved the window. They add up to S, but where windows reach
    /// across flows.
    pub strides: Vec<usize>,
    /// Why the flow ended early, if it did.
    pub termination: Option<Termination>,
}

impl WindowedFlow {
    /// A window of width 1, which is the sequential flow: change `width` and the rest as wanted.
    /// The other settings are Algorithm 5's, with the velocity carried and τ = 0.
    #[must_use]
    pub fn new(kinetic: Kinetic, step_size: f64, steps: usize) -> Self {
        Self {
            kinetic,
            step_size,
            steps,
            width: 1,
            tolerance: 0.0,
            method: WindowMethod::default(),
            velocity: Velocity::default(),
            predictor: Predictor::default(),
            quadrature: Quadrature::default(),
            memory: 0,
            across_flows: false,
            storage: Storage::default(),
            at_once: None,
        }
    }

    /// The end of the flow from `start` `[D]` at rest.
    ///
    /// # Errors
    /// If a setting is out of range or a gradient fails.
    pub fn from_rest(&self, start: &Tensor, forces: &mut Counted) -> Result<FlowEnd> {
        self.sliding(start, None, Some(1))?.flow(forces)
    }

    /// A window at `start` `[D]`, which goes through flow after flow.
    pub(crate) fn sliding(
        &self,
        start: &Tensor,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Box<dyn Slide>> {
        self.check()?;
        match (start.device().is_cpu(), start.dtype()) {
            (true, DType::F32) => self.over(Host::<f32>::new(), start, surrogate, flows),
            (true, DType::F64) => self.over(Host::<f64>::new(), start, surrogate, flows),
            _ => self.over(Tensors::like(start)?, start, surrogate, flows),
        }
    }

    fn over<S: Streamed + 'static>(
        &self,
        space: S,
        start: &Tensor,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Box<dyn Slide>> {
        let flow = self.clone();
        Ok(match self.storage {
            Storage::Points => Box::new(Sliding::new(space, flow, start, surrogate, flows)?),
            _ => Box::new(Streaming::new(space, flow, start)?),
        })
    }

    fn check(&self) -> Result<()> {
        check(self.step_size, self.steps)?;
        if self.width == 0 {
            return Err(Error::setting("window", self.width, "at least 1"));
        }
        if !(self.tolerance.is_finite() && self.tolerance >= 0.0) {
            return Err(Error::setting(
                "tolerance",
                self.tolerance,
                "0 or a positive number",
            ));
        }
        if self.predictor == Predictor::Model && self.method != WindowMethod::Secant {
            let possible = "with the window method secant, as Picard iteration has no model";
            return Err(Error::setting("predictor", self.predictor, possible));
        }
        if self.storage == Storage::Points {
            return match self.at_once {
                None => Ok(()),
                Some(count) => {
                    let possible = "with the storage velocities or bf16";
                    Err(Error::setting("at_once", count, possible))
                }
            };
        }
        if self.method != WindowMethod::Picard || self.across_flows {
            let possible = "points, but for the window method picard within flows";
            return Err(Error::setting("storage", self.storage, possible));
        }
        if self.at_once == Some(0) {
            return Err(Error::setting("at_once", 0, "at least 1"));
        }
        Ok(())
    }
}
