//! What an iteration of a cell's method holds in memory.

use super::measure::ParallelCell;
use super::plan::Mover;
use crate::device::Machine;
use crate::experiments::Held;
use crate::experiments::held::{FreeGradients, held};
use anyhow::Result;
use candle_core::Tensor;
use optim::{Batched, Method, Oracle, WindowedDescent, WindowedRecurrence};
use std::sync::Arc;

impl ParallelCell {
    /// The memory of an iteration at points like this one, beside that of the steps one after the other.
    pub(super) fn compared_in_memory(
        &self,
        baseline_bytes: u64,
        like: &Tensor,
        machine: &Machine,
    ) -> Result<Option<Held>> {
        let bytes = match self.mover.is_baseline() {
            true => Some(baseline_bytes),
            false => self.held(&self.mover, like, machine)?,
        };
        Ok(bytes.map(|bytes| Held {
            bytes,
            baseline_bytes,
            dimension: like.elem_count() as u64,
        }))
    }

    /// Bytes that an iteration of a recurrence holds at points like this one; of a network without its replicas.
    pub(super) fn held(
        &self,
        mover: &Mover,
        like: &Tensor,
        machine: &Machine,
    ) -> Result<Option<u64>> {
        let Some((placed, recurrence)) = mover.placed.zip(mover.method.recurrence()) else {
            return Ok(None);
        };
        let flow = WindowedRecurrence {
            // An iteration that the window fills, and moves in.
            recurrence: recurrence.every(self.every.max(2 * placed.window.width)),
            window: placed.window,
        };
        let free = Arc::new(Batched::new(Arc::new(FreeGradients::at(like))));
        let method = || -> Result<Box<dyn Method>> {
            let method = WindowedDescent::new(Oracle::shared(free.clone()), flow, like.clone());
            Ok(Box::new(method.ending(1)))
        };
        held(&machine.whole(), method).map(Some)
    }
}
