//! Computes a flow several steps at a time, in a window that slides along it (Algorithm 5 of the paper).
//!
//! [`WindowedRecurrence`] is what to compute: a [`Recurrence`](crate::Recurrence) and a [`Window`]. The window's
//! parts are [`WindowMethod`], [`Predictor`], [`Velocity`] and [`Storage`].
//!
//! Where the printed algorithm cannot be run literally, this crate does the following:
//! - Line 5 fills slots s … s+W−1, but line 16 reads slot s+W: there are the start and W slots after it.
//! - Line 16 divides by ‖x̄_{s+w}‖: if that is 0, the slot has not converged.
//! - Line 25 shrinks W at the end of a flow: the next flow has the full width again.
//! - Line 26 reads x̄ with an index that was already advanced: the newest iterate is meant.

mod agreement;
mod corrector;
mod flow;
mod form;
mod host;
mod products;
mod secant;
mod settings;
mod sliding;
mod slots;
mod space;
mod steps;
mod tensors;
#[cfg(test)]
mod tests;

pub use flow::{FlowEnd, WindowedRecurrence};
pub(crate) use flow::{Slide, WindowPlace};
pub use form::WindowForm;
pub use settings::{Predictor, Quadrature, RelativeTo, Storage, Velocity, Window, WindowMethod};
pub use tensors::window_kernels;

use crate::{Error, Oracle, Potential, Result};
use candle_core::{DType, Tensor};
use host::Host;
use sliding::Sliding;
use space::Space;
use std::sync::Arc;
use tensors::Tensors;

impl WindowedRecurrence {
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
        let from = WindowPlace::start(&self.recurrence, start)?;
        self.sliding_on(&from, surrogate, flows)
    }

    /// The same from a place that another window has reached.
    pub(crate) fn sliding_on(
        &self,
        from: &WindowPlace,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Box<dyn Slide>> {
        self.check()?;
        match (from.point.device().is_cpu(), from.point.dtype()) {
            (true, DType::F32) => self.over(Host::<f32>::new(), from, surrogate, flows),
            (true, DType::F64) => self.over(Host::<f64>::new(), from, surrogate, flows),
            _ => self.over(Tensors::like(&from.point)?, from, surrogate, flows),
        }
    }

    fn over<S: Space + 'static>(
        &self,
        space: S,
        from: &WindowPlace,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Box<dyn Slide>> {
        let sliding = Sliding::new(space, *self, from, surrogate, flows)?;
        Ok(Box::new(sliding))
    }

    fn check(&self) -> Result<()> {
        self.recurrence.check()?;
        self.window.check()?;
        if self.recurrence.flow_kinetic().is_some() {
            return Ok(());
        }
        let storage = self.window.method.storage();
        if storage != Storage::Points {
            let possible = "points, but for Hamiltonian flows";
            return Err(Error::setting("storage", storage.name(), possible));
        }
        match self.window.velocity {
            Velocity::Carried => Ok(()),
            velocity => {
                let possible = "carried, but for Hamiltonian flows";
                Err(Error::setting("velocity", velocity, possible))
            }
        }
    }
}
