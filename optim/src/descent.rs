//! Hamiltonian Descent: one flow after another, each from rest.

use crate::{Counted, Counts, Flow, Method, Progress, Result, WindowedFlow};
use candle_core::Tensor;

/// Frictionless Hamiltonian Descent, Algorithm 2 of the paper: each outer iteration is one flow
/// from the current position, with the velocity reset to 0 before it.
pub struct HamiltonianDescent {
    forces: Counted,
    flow: Flow,
    position: Tensor,
}

impl HamiltonianDescent {
    /// From `start` `[D]`.
    #[must_use]
    pub fn new(forces: Counted, flow: Flow, start: Tensor) -> Self {
        Self {
            forces,
            flow,
            position: start,
        }
    }
}

impl Method for HamiltonianDescent {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.forces.counts();
        self.position = self.flow.from_rest(&self.position, &mut self.forces)?;
        Ok(Progress {
            counts: self.forces.counts() - before,
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.forces.counts()
    }
}

/// Hamiltonian Descent whose flows are computed a window of steps at a time, Algorithm 5 of the
/// paper.
pub struct WindowedDescent {
    forces: Counted,
    flow: WindowedFlow,
    position: Tensor,
}

impl WindowedDescent {
    /// From `start` `[D]`.
    #[must_use]
    pub fn new(forces: Counted, flow: WindowedFlow, start: Tensor) -> Self {
        Self {
            forces,
            flow,
            position: start,
        }
    }
}

impl Method for WindowedDescent {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.forces.counts();
        let end = self.flow.from_rest(&self.position, &mut self.forces)?;
        self.position = end.position;
        Ok(Progress {
            counts: self.forces.counts() - before,
            strides: end.strides,
            termination: end.termination,
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.forces.counts()
    }
}
