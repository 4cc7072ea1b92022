//! The recurrence that a window computes several steps of.

use crate::flow::check;
use crate::window::Quadrature;
use crate::{Kinetic, Result};

/// Describes, for windows, the same flow as [`Flow`](crate::Flow), with symplectic Euler or Leapfrog:
/// v̄_{s+1} = v̄_s − t_s ∇f(x̄_s), x̄_{s+1} = x̄_s + θ ∂φ(v̄_{s+1}), from v̄_0 = 0.
///
/// t_s is θ; with Leapfrog, θ/2 in the first step of a flow. Leapfrog's last half kick is left out, as the
/// velocity is then reset. The numbers are checked when the flow is first computed.
///
/// ```
/// use optim::{Kinetic, Quadrature, Recurrence};
/// let paper = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20);
/// assert_eq!(paper.kick(0), 0.1);
/// let leapfrog = Recurrence { quadrature: Quadrature::Leapfrog, ..paper };
/// assert_eq!((leapfrog.kick(0), leapfrog.kick(1), leapfrog.kick(20)), (0.05, 0.1, 0.05));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recurrence {
    /// φ, the kinetic energy.
    pub kinetic: Kinetic,
    /// θ, the step size: positive.
    pub step_size: f64,
    /// S, the number of steps of a flow, at least 1. The integration time is η = Sθ.
    pub steps: usize,
    /// The integrator.
    pub quadrature: Quadrature,
}

impl Recurrence {
    /// Makes a recurrence with full weight on every gradient, eq. (14) of the paper: symplectic Euler.
    #[must_use]
    pub fn new(kinetic: Kinetic, step_size: f64, steps: usize) -> Self {
        Self {
            kinetic,
            step_size,
            steps,
            quadrature: Quadrature::default(),
        }
    }

    /// Returns t_s for s = `step`, counted from the start of the first flow.
    #[must_use]
    pub fn kick(&self, step: usize) -> f64 {
        match self.quadrature {
            Quadrature::Leapfrog if self.is_first(step) => self.step_size / 2.0,
            _ => self.step_size,
        }
    }

    /// Whether a flow starts with this step.
    pub(crate) fn is_first(&self, step: usize) -> bool {
        step.is_multiple_of(self.steps)
    }

    /// Whether its numbers are in range.
    pub(crate) fn check(&self) -> Result<()> {
        check(self.step_size, self.steps)
    }

    /// So many steps from one on, as kernels are told.
    pub(crate) fn pace(&self, step: usize, count: usize) -> gpu::Pace {
        gpu::Pace {
            count,
            within: step % self.steps,
            flow_steps: self.steps,
            step_size: self.step_size,
            time: self.kick(1),
            first_time: self.kick(0),
        }
    }
}
