//! Integrators: one step of the Hamiltonian dynamics at a time.

use super::phase::kicked_then_drifted;
use crate::recurrence::{drifted, kicked};
use crate::{Kinetic, Oracle, Phase, Result};

/// Takes a phase (x, v) one step θ along the Hamiltonian flow of H(x, v) = f(x) + φ(v).
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Oracle, Integrator, Kinetic, Leapfrog, Phase, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let mut oracle = Oracle::new(Sequential::new(Arc::new(Quadratic::diagonal(&[1.0], &Device::Cpu)?)));
/// let start = Phase::at_rest(Tensor::new(&[1f64], &Device::Cpu)?)?;
/// let end = Leapfrog.step(start, Kinetic::HalfL2Squared, 0.1, &mut oracle)?.settled(&mut oracle)?;
/// assert!((end.position.to_vec1::<f64>()?[0] - 0.995).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
pub trait Integrator: Send {
    /// Returns its name in text.
    fn name(&self) -> &'static str;

    /// Takes one step of size θ = `step_size`.
    ///
    /// # Errors
    /// If a gradient or a tensor operation fails.
    fn step(
        &mut self,
        phase: Phase,
        kinetic: Kinetic,
        step_size: f64,
        oracle: &mut Oracle,
    ) -> Result<Phase>;
}

/// Algorithm 3, the Leapfrog (Störmer-Verlet) integrator: symplectic, of order 2.
///
/// v̄_{s+½} = v̄_s − θ/2 ∇f(x̄_s); x̄_{s+1} = x̄_s + θ ∂φ(v̄_{s+½}); v̄_{s+1} = v̄_{s+½} − θ/2 ∇f(x̄_{s+1}).
///
/// One gradient a step: the last half kick is left owed, and the next step gives it together with
/// its own first half, at the same point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leapfrog;

impl Integrator for Leapfrog {
    fn name(&self) -> &'static str {
        "leapfrog"
    }

    fn step(
        &mut self,
        phase: Phase,
        kinetic: Kinetic,
        step_size: f64,
        oracle: &mut Oracle,
    ) -> Result<Phase> {
        let gradient = oracle.gradient(&phase.position)?;
        let from = (&phase.position, &phase.velocity);
        let times = (phase.owed + step_size / 2.0, step_size);
        let (position, velocity) = kicked_then_drifted(from, &gradient, kinetic, times)?;
        Ok(Phase {
            position,
            velocity,
            owed: step_size / 2.0,
        })
    }
}

/// Algorithm 4, the Stratified Monte Carlo integrator (Bou-Rabee and Marsden, 2022): the gradient
/// of a step is taken at x̄_s + ζ_s ∂φ(v̄_s), with ζ_s uniform in (0, θ).
pub struct Stratified {
    uniform: Box<dyn FnMut() -> f64 + Send>,
}

impl Stratified {
    /// Takes a stream of numbers uniform in (0, 1), from which ζ_s = θ·(the next number). The
    /// stream is the caller's, and with it the seed.
    #[must_use]
    pub fn new(uniform: impl FnMut() -> f64 + Send + 'static) -> Self {
        Self {
            uniform: Box::new(uniform),
        }
    }
}

impl Integrator for Stratified {
    fn name(&self) -> &'static str {
        "stratified"
    }

    fn step(
        &mut self,
        phase: Phase,
        kinetic: Kinetic,
        step_size: f64,
        oracle: &mut Oracle,
    ) -> Result<Phase> {
        let phase = phase.settled(oracle)?;
        let ahead = (self.uniform)() * step_size;
        let between = drifted(&phase.position, &phase.velocity, kinetic, ahead)?;
        let gradient = oracle.gradient(&between)?;
        let half = kicked(&phase.velocity, &gradient, step_size / 2.0)?;
        let position = drifted(&phase.position, &half, kinetic, step_size)?;
        let velocity = kicked(&half, &gradient, step_size / 2.0)?;
        Ok(Phase::new(position, velocity))
    }
}

/// Symplectic Euler: v̄_{s+1} = v̄_s − θ ∇f(x̄_s), then x̄_{s+1} = x̄_s + θ ∂φ(v̄_{s+1}).
///
/// Symplectic, of order 1. The fixed point of the Picard iteration, eq. (14) of the paper, its
/// "Euler discretization" (Sections 4.2 and B.2), and the integrator of the exposition.
#[derive(Clone, Copy, Debug, Default)]
pub struct SymplecticEuler;

impl Integrator for SymplecticEuler {
    fn name(&self) -> &'static str {
        "symplectic-euler"
    }

    fn step(
        &mut self,
        phase: Phase,
        kinetic: Kinetic,
        step_size: f64,
        oracle: &mut Oracle,
    ) -> Result<Phase> {
        let gradient = oracle.gradient(&phase.position)?;
        let from = (&phase.position, &phase.velocity);
        let times = (phase.owed + step_size, step_size);
        let (position, velocity) = kicked_then_drifted(from, &gradient, kinetic, times)?;
        Ok(Phase::new(position, velocity))
    }
}

/// Explicit Euler: position and velocity both move by the old phase. Not symplectic, and its
/// energy grows; the control that shows what the other integrators are for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExplicitEuler;

impl Integrator for ExplicitEuler {
    fn name(&self) -> &'static str {
        "explicit-euler"
    }

    fn step(
        &mut self,
        phase: Phase,
        kinetic: Kinetic,
        step_size: f64,
        oracle: &mut Oracle,
    ) -> Result<Phase> {
        let phase = phase.settled(oracle)?;
        let gradient = oracle.gradient(&phase.position)?;
        let position = drifted(&phase.position, &phase.velocity, kinetic, step_size)?;
        let velocity = kicked(&phase.velocity, &gradient, step_size)?;
        Ok(Phase::new(position, velocity))
    }
}
