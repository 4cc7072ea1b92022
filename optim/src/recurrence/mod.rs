//! What a first-order method does with a gradient: the recurrence that its points obey. Methods that take one
//! step after the other and windows that take several at once have it from here.

mod acceleration;
mod arithmetic;
mod carried;
mod decays;
mod growth;

pub use acceleration::Acceleration;
pub(crate) use arithmetic::{Arithmetic, ByTensors, drifted, kicked};
pub(crate) use carried::Carried;
pub(crate) use decays::Decays;

use crate::window::Quadrature;
use crate::{Error, Kinetic, Result};

/// Describes a sequence of points by how each follows from the one before it, from what is carried along,
/// and from one gradient. A [`Window`](crate::Window) computes several of its steps at once.
///
/// The numbers are checked when the first step is computed.
///
/// ```
/// use optim::{Kinetic, Recurrence};
/// let paper = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20);
/// assert_eq!(paper.kick(0), 0.1);
/// let heavy_ball = Recurrence::heavy_ball(Kinetic::HalfL2Squared, 0.03, 0.9);
/// assert_eq!(heavy_ball.every(20).iteration, 20);
/// assert_eq!((paper.period(), heavy_ball.period()), (Some(20), None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recurrence {
    /// How a gradient moves the point.
    pub update: Update,
    /// θ or η, the step size: positive.
    pub step_size: f64,
    /// How many steps are an outer iteration, at least 1: after so many a method shows where it is, and so far
    /// reaches a window that stays within iterations. Of Hamiltonian flows it is S, if nothing else is said.
    pub iteration: usize,
}

/// How a gradient moves the point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// Steps of a discretised Hamiltonian flow, which [`Flow`](crate::Flow) takes with symplectic Euler or
    /// Leapfrog: v ← v − t∇f(x), x ← x + θ∂φ(v), from v = 0 at every multiple of S. t is θ; with Leapfrog,
    /// θ/2 in the first step of a flow. Leapfrog's last half kick is left out, as the velocity is then reset.
    Flow {
        /// φ, the kinetic energy.
        kinetic: Kinetic,
        /// S, the number of steps from rest to rest, at least 1. The integration time is η = Sθ.
        steps: usize,
        /// The integrator.
        quadrature: Quadrature,
    },
    /// Gradient, normalised, sign and coordinate descent, with and without momentum, as
    /// [`HeavyBall`](crate::HeavyBall) takes them: u ← βu + ∂φ(∇f(x)), x ← x − ηu.
    HeavyBall {
        /// φ, of which the gradient's direction is made.
        direction: Kinetic,
        /// β in [0, 1): 0 for none.
        momentum: f64,
    },
    /// Nesterov's accelerated gradient descent, as [`Nesterov`](crate::Nesterov) takes it: gradients at
    /// y, x' = y − η∇f(y), y' = x' + β(x' − x).
    Nesterov(Acceleration),
    /// [`Adam`](crate::Adam), with the defaults of its paper.
    Adam {
        /// After how many steps its moments are forgotten, as a flow forgets its velocity, if they are.
        reset_every: Option<usize>,
    },
}

impl Recurrence {
    /// Makes steps of Hamiltonian flows with full weight on every gradient, eq. (14) of the paper: symplectic
    /// Euler, S = `steps` from rest.
    #[must_use]
    pub fn new(kinetic: Kinetic, step_size: f64, steps: usize) -> Self {
        let quadrature = Quadrature::default();
        Self {
            update: Update::Flow {
                kinetic,
                steps,
                quadrature,
            },
            step_size,
            iteration: steps,
        }
    }

    /// Makes gradient descent along ∂φ(∇f) with a momentum, or without where it is 0; one step an iteration.
    #[must_use]
    pub fn heavy_ball(direction: Kinetic, step_size: f64, momentum: f64) -> Self {
        Self::of(
            Update::HeavyBall {
                direction,
                momentum,
            },
            step_size,
        )
    }

    /// Makes Nesterov's method; one step an iteration.
    #[must_use]
    pub fn nesterov(acceleration: Acceleration, step_size: f64) -> Self {
        Self::of(Update::Nesterov(acceleration), step_size)
    }

    /// Makes Adam, which forgets nothing; one step an iteration.
    #[must_use]
    pub fn adam(step_size: f64) -> Self {
        Self::of(Update::Adam { reset_every: None }, step_size)
    }

    fn of(update: Update, step_size: f64) -> Self {
        Self {
            update,
            step_size,
            iteration: 1,
        }
    }

    /// The same with so many steps an iteration.
    #[must_use]
    pub fn every(self, iteration: usize) -> Self {
        Self { iteration, ..self }
    }

    /// The same with another integrator, where it is a Hamiltonian flow; another update has none.
    #[must_use]
    pub fn with_quadrature(self, quadrature: Quadrature) -> Self {
        let update = match self.update {
            Update::Flow { kinetic, steps, .. } => Update::Flow {
                kinetic,
                steps,
                quadrature,
            },
            other => other,
        };
        Self { update, ..self }
    }

    /// Returns for how long the gradient of s = `step`, counted from the start of the first flow, acts: t_s of
    /// a flow, η of every other update.
    #[must_use]
    pub fn kick(&self, step: usize) -> f64 {
        match self.update {
            Update::Flow {
                quadrature: Quadrature::Leapfrog,
                ..
            } if self.is_first(step) => self.step_size / 2.0,
            _ => self.step_size,
        }
    }

    /// After how many steps what is carried along is forgotten, if it ever is.
    #[must_use]
    pub fn period(&self) -> Option<usize> {
        match self.update {
            Update::Flow { steps, .. } => Some(steps),
            Update::Adam { reset_every } => reset_every,
            Update::HeavyBall { .. } | Update::Nesterov(_) => None,
        }
    }

    /// Whether what was carried along is forgotten before this step.
    pub(crate) fn is_first(&self, step: usize) -> bool {
        self.period()
            .is_some_and(|period| step.is_multiple_of(period))
    }

    /// Whether an iteration ends with so many steps.
    pub(crate) fn is_end(&self, steps: usize) -> bool {
        steps.is_multiple_of(self.iteration)
    }

    /// φ, where it is a Hamiltonian flow.
    pub(crate) fn flow_kinetic(&self) -> Option<Kinetic> {
        match self.update {
            Update::Flow { kinetic, .. } => Some(kinetic),
            _ => None,
        }
    }

    /// Whether its numbers are in range.
    pub(crate) fn check(&self) -> Result<()> {
        check(self.step_size, self.iteration)?;
        check(self.step_size, self.period().unwrap_or(1))?;
        let momentum = match self.update {
            Update::HeavyBall { momentum, .. } => momentum,
            Update::Nesterov(Acceleration::Constant(momentum)) => momentum,
            _ => return Ok(()),
        };
        match (0.0..1.0).contains(&momentum) {
            true => Ok(()),
            false => Err(Error::setting("momentum", momentum, "in [0, 1)")),
        }
    }

    /// So many steps of a flow from one on, as kernels are told.
    pub(crate) fn pace(&self, step: usize, count: usize) -> gpu::Pace {
        gpu::Pace {
            count,
            within: step % self.period().unwrap_or(1),
            flow_steps: self.period().unwrap_or(1),
            step_size: self.step_size,
            time: self.kick(1),
            first_time: self.kick(0),
        }
    }
}

/// What every flow needs of its step size and number of steps.
pub(crate) fn check(step_size: f64, steps: usize) -> Result<()> {
    if !(step_size.is_finite() && step_size > 0.0) {
        return Err(Error::setting("step_size", step_size, "a positive number"));
    }
    if steps == 0 {
        return Err(Error::setting("steps", steps, "at least 1"));
    }
    Ok(())
}
