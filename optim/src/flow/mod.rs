//! A discretised Hamiltonian flow: a number of integrator steps.

mod integrator;
mod phase;

pub use integrator::{ExplicitEuler, Integrator, Leapfrog, Stratified, SymplecticEuler};
pub use phase::Phase;

use crate::recurrence::check;
use crate::{Kinetic, Oracle, Result};
use candle_core::Tensor;

/// Follows the Hamiltonian flow from a point for `steps` steps of size θ, one gradient after the other:
/// an approximation of HF_η, eq. (1) of the paper, for the integration time η = `steps`·θ (line 4 of
/// Algorithm 2).
///
/// [`Recurrence`](crate::Recurrence) describes the same flow for windows.
///
/// ```
/// use optim::{Flow, Kinetic, Leapfrog};
/// # fn main() -> optim::Result<()> {
/// let flow = Flow::new(Kinetic::HalfL2Squared, Box::new(Leapfrog), 0.1, 20)?; // η = 2
/// assert_eq!(flow.steps(), 20);
/// # Ok(())
/// # }
/// ```
pub struct Flow {
    kinetic: Kinetic,
    integrator: Box<dyn Integrator>,
    step_size: f64,
    steps: usize,
}

impl Flow {
    /// Makes a flow of `steps` ≥ 1 steps of size θ = `step_size`.
    ///
    /// With ½‖v‖², Leapfrog and symplectic Euler are stable on a quadratic while θ < 2/√L, L its largest
    /// curvature.
    ///
    /// # Errors
    /// If the step size θ is not a positive number or there are no steps.
    pub fn new(
        kinetic: Kinetic,
        integrator: Box<dyn Integrator>,
        step_size: f64,
        steps: usize,
    ) -> Result<Self> {
        check(step_size, steps)?;
        Ok(Self {
            kinetic,
            integrator,
            step_size,
            steps,
        })
    }

    /// Returns the position after the flow from `start` `[D]` at rest. Costs `steps` gradients.
    ///
    /// # Errors
    /// If a gradient fails.
    pub fn from_rest(&mut self, start: &Tensor, oracle: &mut Oracle) -> Result<Tensor> {
        Ok(self
            .advance(Phase::at_rest(start.clone())?, oracle)?
            .position)
    }

    /// Returns the phase after the flow from any phase; what the last step leaves owed is not settled.
    ///
    /// # Errors
    /// If a gradient fails.
    pub fn advance(&mut self, mut phase: Phase, oracle: &mut Oracle) -> Result<Phase> {
        for _ in 0..self.steps {
            phase = self.step(phase, oracle)?;
        }
        Ok(phase)
    }

    /// Takes one step of the flow.
    ///
    /// # Errors
    /// If a gradient fails.
    pub fn step(&mut self, phase: Phase, oracle: &mut Oracle) -> Result<Phase> {
        self.integrator
            .step(phase, self.kinetic, self.step_size, oracle)
    }

    /// Returns S, the number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }
}
