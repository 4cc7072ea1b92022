//! Points of phase space, and the kicks and drifts that move them.

use crate::recurrence::{drifted, kicked};
use crate::{Kinetic, Oracle, Result};
use candle_core::Tensor;

/// Holds a point of phase space, (x, v).
///
/// An integrator whose step ends with a gradient at the new position would compute it again at
/// the start of the next step, or for nothing at the end of the flow. So the velocity may *owe*
/// a kick: −`owed`·∇f(x) has yet to be added. [`Phase::settled`] adds it.
#[derive(Clone, Debug)]
pub struct Phase {
    /// x, `[D]`.
    pub position: Tensor,
    /// v, `[D]`, up to the kick that is owed.
    pub velocity: Tensor,
    /// The time for which the gradient at `position` has yet to act.
    pub owed: f64,
}

impl Phase {
    /// Makes the phase of a `position` and a `velocity`, both `[D]`.
    #[must_use]
    pub fn new(position: Tensor, velocity: Tensor) -> Self {
        Self {
            position,
            velocity,
            owed: 0.0,
        }
    }

    /// Makes the phase of a `position` `[D]` without velocity.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn at_rest(position: Tensor) -> Result<Self> {
        let velocity = position.zeros_like()?;
        Ok(Self::new(position, velocity))
    }

    /// The same phase with the owed kick given: its velocity is the integrator's v̄_s. Costs a
    /// gradient if a kick is owed.
    ///
    /// # Errors
    /// If the gradient fails.
    pub fn settled(self, oracle: &mut Oracle) -> Result<Self> {
        if self.owed == 0.0 {
            return Ok(self);
        }
        let gradient = oracle.gradient(&self.position)?;
        let velocity = kicked(&self.velocity, &gradient, self.owed)?;
        Ok(Self::new(self.position, velocity))
    }
}

/// The velocity after a kick and the position after a drift with it: v' = v − kick · ∇f, then
/// x + drift · ∂φ(v'). In one launch where kernels run and know φ.
pub(crate) fn kicked_then_drifted(
    (position, velocity): (&Tensor, &Tensor),
    gradient: &Tensor,
    kinetic: Kinetic,
    (kick, drift): (f64, f64),
) -> Result<(Tensor, Tensor)> {
    let device = position.device();
    // On the host operations are as fast, and kernels emulated if at all.
    if !device.is_cpu()
        && let Some(energy) = kinetic.of_kernels()
        && crate::window_kernels(device, position.dtype())?
    {
        return by_kernel((position, velocity), gradient, energy, (kick, drift));
    }
    let velocity = kicked(velocity, gradient, kick)?;
    let position = drifted(position, &velocity, kinetic, drift)?;
    Ok((position, velocity))
}

fn by_kernel(
    (position, velocity): (&Tensor, &Tensor),
    gradient: &Tensor,
    energy: gpu::Energy,
    (kick, drift): (f64, f64),
) -> Result<(Tensor, Tensor)> {
    let walked = gpu::Steps {
        position,
        velocity,
        gradients: gpu::KernelGradients::Constant(&gradient.contiguous()?),
        model: None,
        energy,
        // The second of two steps, where nothing is reset.
        pace: gpu::Pace {
            count: 1,
            within: 1,
            flow_steps: 2,
            step_size: drift,
            time: kick,
            first_time: kick,
        },
    };
    let walked = walked.take(&gpu::Scratch::default())?;
    Ok((walked.get(0)?.get(0)?, walked.get(1)?.get(0)?))
}
