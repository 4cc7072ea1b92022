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
mod form;
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

pub use form::WindowForm;
pub use settings::{Predictor, Quadrature, Storage, Velocity, WindowMethod};
pub(crate) use sliding::Slide;
pub use tensors::window_kernels;

use crate::{Counted, Error, Potential, Recurrence, Result, Termination};
use candle_core::{DType, Tensor};
use front::Streamed;
use host::Host;
use sliding::Sliding;
use std::fmt;
use std::sync::Arc;
use streaming::Streaming;
use tensors::Tensors;

/// A discretised Hamiltonian flow of which up to `width` steps are computed at once: Algorithm 5
/// of the paper, lines 3 to 26.
///
/// Every round computes the gradients at the W points of the window in parallel, sums them up to new
/// points, and moves the window past the points that changed by no more than `tolerance`. The
/// first point after the window's start is always exact, so a round moves by at least one step
/// and a flow ends after at most S rounds, Lemma 3; with width 1 it is the sequential flow. For
/// kinetic energies other than ½‖v‖² the paper gives no formula; this one reduces to its line 12:
/// v̄_{s+j} = v̄_s − θ Σ_{i<j} ∇f(x̄_{s+i}), x̄_{s+w} = x̄_s + θ Σ_{1≤j≤w} ∂φ(v̄_{s+j}).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Counted, Kinetic, Quadratic, Recurrence, Window, WindowedFlow};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0], &Device::Cpu)?);
/// let flow = WindowedFlow {
///     recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20),
///     window: Window { width: 4, ..Window::default() },
/// };
/// let mut forces = Counted::new(Batched::new(f));
/// let end = flow.from_rest(&Tensor::new(&[1f64, 1.0], &Device::Cpu)?, &mut forces)?;
/// assert!(end.strides.len() < 20, "fewer rounds than steps");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowedFlow {
    /// What is computed.
    pub recurrence: Recurrence,
    /// How several of its steps are computed at once.
    pub window: Window,
}

/// How several steps of a recurrence are computed at once. The default is of one step, with which
/// the flow is the sequential one: change `width` and the rest as wanted.
///
/// ```
/// use optim::{Window, WindowMethod};
/// let secant = Window { width: 8, tolerance: 1e-3, method: WindowMethod::secant(10), ..Window::default() };
/// assert_eq!(secant.to_string(), "W=8 secant M=10");
/// assert_eq!(Window { width: 4, ..Window::default() }.to_string(), "W=4 copy");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "WindowForm", into = "WindowForm"))]
pub struct Window {
    /// W, the paper's number of GPUs.
    pub width: usize,
    /// τ: by how much, relative to its norm, a point may change and count as converged.
    pub tolerance: f64,
    /// How gradients become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// Whether a window reaches into the next flow before the last step of one has converged.
    /// The velocity that is reset there is one more operation the window knows, so W steps at a
    /// time remain W steps, where S is no multiple of W too. Not where anything else than points is
    /// kept.
    pub across_flows: bool,
}

/// Of one step, else as Algorithm 5 has it, the velocity carried and τ = 0.
impl Default for Window {
    fn default() -> Self {
        Self {
            width: 1,
            tolerance: 0.0,
            method: WindowMethod::default(),
            velocity: Velocity::default(),
            across_flows: false,
        }
    }
}

/// As its [`WindowForm`].
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        WindowForm::from(*self).fmt(f)
    }
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
        Ok(match self.window.method.storage() {
            Storage::Points => Box::new(Sliding::new(space, *self, start, surrogate, flows)?),
            _ => Box::new(Streaming::new(space, *self, start)?),
        })
    }

    fn check(&self) -> Result<()> {
        self.recurrence.check()?;
        self.window.check()
    }
}

impl Window {
    /// Whether its settings are in range.
    ///
    /// # Errors
    /// By the setting that is not.
    pub fn check(&self) -> Result<()> {
        let (tolerance, storage) = (self.tolerance, self.method.storage());
        if self.width == 0 {
            return Err(Error::setting("window", self.width, "at least 1"));
        }
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            let possible = "0 or a positive number";
            return Err(Error::setting("tolerance", tolerance, possible));
        }
        if storage != Storage::Points && self.across_flows {
            let possible = "points, but for windows within flows";
            return Err(Error::setting("storage", storage.name(), possible));
        }
        match storage.at_once() {
            Some(0) => Err(Error::setting("at_once", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}
