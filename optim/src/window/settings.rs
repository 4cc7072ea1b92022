//! The choices that a window leaves open, by the names that configurations and rows use.

use crate::error::named;

/// How a window turns forces at guessed points into better points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WindowMethod {
    /// Picard iteration, eq. (14) of the paper: the force computed at a guessed point is taken
    /// for the force at the corrected one.
    #[default]
    Picard,
    /// The force at the corrected point is modelled around the guessed one, from forces that were
    /// computed anyway and, where there is one, a cheap surrogate of the potential. Beyond the
    /// paper; `SECANT.md` describes it.
    Secant,
}

named!(WindowMethod, "window method",
    WindowMethod::Picard => "picard",
    WindowMethod::Secant => "secant",
);

/// With which velocity a window that has moved on starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Velocity {
    /// With the velocity the particle has there, as eq. (14) and Lemma 3 need it: the windowed
    /// flow is the sequential one.
    #[default]
    Carried,
    /// From rest, as line 12 of Algorithm 5 is printed. Not the algorithm of Lemma 3: with W = 1
    /// it is gradient descent with step θ².
    AsPrinted,
}

named!(Velocity, "velocity rule", Velocity::Carried => "carried", Velocity::AsPrinted => "as-printed");

/// What a window slot holds before a force at it was ever computed. None costs a gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Predictor {
    /// A copy of the last point of the window, line 22 of Algorithm 5.
    #[default]
    Copy,
    /// The recurrence continued with the last force.
    FrozenForce,
    /// The recurrence continued with the last two forces extrapolated.
    LinearForce,
    /// The recurrence continued with forces modelled by the secant method, the first window of a
    /// flow included.
    Model,
}

named!(Predictor, "predictor",
    Predictor::Copy => "copy",
    Predictor::FrozenForce => "frozen-force",
    Predictor::LinearForce => "linear-force",
    Predictor::Model => "model",
);

/// Which sequential flow the window converges to: how its sum over forces approximates the
/// integral of eq. (13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quadrature {
    /// Full weight on every force, eq. (14): symplectic Euler.
    #[default]
    SymplecticEuler,
    /// Half weight on the force at the start of the flow: Leapfrog.
    Leapfrog,
}

named!(Quadrature, "quadrature",
    Quadrature::SymplecticEuler => "symplectic-euler",
    Quadrature::Leapfrog => "leapfrog",
);

/// What a window keeps from one round to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// W points: the paper's W copies of the model. Both window methods can.
    #[default]
    Points,
    /// W velocities, from which points are summed up a few at a time, the same ones to the last
    /// bit. For Picard iteration within a flow.
    Velocities,
    /// The same rounded to bf16: two bytes for each of D. Guesses are rounded, not results: the
    /// start of a window and the sums made from it are in full precision.
    Bf16,
}

named!(Storage, "storage",
    Storage::Points => "points",
    Storage::Velocities => "velocities",
    Storage::Bf16 => "bf16",
);

impl Quadrature {
    /// For how long the force at x̄_i acts, i counted from the start of the flow.
    pub(super) fn weight(self, step: usize, step_size: f64) -> f64 {
        match self {
            Self::Leapfrog if step == 0 => step_size / 2.0,
            _ => step_size,
        }
    }
}
