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
mod corrector;
mod flow;
mod form;
mod host;
mod secant;
mod settings;
mod sliding;
mod slots;
mod space;
mod steps;
mod tensors;
#[cfg(test)]
mod tests;

pub(crate) use flow::Slide;
pub use flow::{FlowEnd, WindowedFlow};
pub use form::WindowForm;
pub use settings::{Predictor, Quadrature, Storage, Velocity, Window, WindowMethod};
pub use tensors::window_kernels;

use crate::{Oracle, Potential, Result};
use candle_core::{DType, Tensor};
use host::Host;
use sliding::Sliding;
use space::Space;
use std::sync::Arc;
use tensors::Tensors;

impl WindowedFlow {
    /// Returns the end of the flow from `start` `[D]` at rest.
    ///
    /// # Errors
    /// If a setting is out of range or a gradient fails.
    pub fn from_rest(&self, start: &Tensor, oracle: &mut Oracle) -> Result<FlowEnd> {
        self.sliding(start, None, Some(1))?.flow(oracle)
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

    fn over<S: Space + 'static>(
        &self,
        space: S,
        start: &Tensor,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Box<dyn Slide>> {
        let sliding = Sliding::new(space, *self, start, surrogate, flows)?;
        Ok(Box::new(sliding))
    }

    fn check(&self) -> Result<()> {
        self.recurrence.check()?;
        self.window.check()
    }
}
