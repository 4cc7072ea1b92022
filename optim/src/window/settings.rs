//! The choices that a window leaves open, by the names that configurations and rows use.

use super::form::WindowForm;
use crate::error::named;
use crate::{Error, Result};
use std::fmt;

/// How several steps of a recurrence are computed at once. The default is of one step, with which
/// the flow is the sequential one: change `width` and the rest as wanted.
///
/// ```
/// use optim::{Window, WindowMethod};
/// let secant = Window { width: 8, tolerance: 1e-3, method: WindowMethod::secant(10), ..Window::default() };
/// assert_eq!(secant.to_string(), "W=8 secant M=10");
/// assert_eq!(Window { width: 4, ..Window::default() }.to_string(), "W=4 copy");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "WindowForm", into = "WindowForm"))]
pub struct Window {
    /// W, the paper's number of GPUs.
    pub width: usize,
    /// τ: by how much, relative to its norm, a point may change and count as converged.
    pub tolerance: f64,
    /// How gradients become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// Whether a window reaches into the next flow before the last step of one has converged.
    /// The velocity that is reset there is one more operation the window knows, so W steps at a
    /// time remain W steps, where S is no multiple of W too. Not where anything else than points is
    /// kept.
    pub across_flows: bool,
}

/// Of one step, else as Algorithm 5 has it, the velocity carried and τ = 0.
impl Default for Window {
    fn default() -> Self {
        Self {
            width: 1,
            tolerance: 0.0,
            method: WindowMethod::default(),
            velocity: Velocity::default(),
            across_flows: false,
        }
    }
}

/// As its [`WindowForm`].
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        WindowForm::from(*self).fmt(f)
    }
}

impl Window {
    /// Whether its settings are in range.
    ///
    /// # Errors
    /// By the setting that is not.
    pub fn check(&self) -> Result<()> {
        let (tolerance, storage) = (self.tolerance, self.method.storage());
        if self.width == 0 {
            return Err(Error::setting("window", self.width, "at least 1"));
        }
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            let possible = "0 or a positive number";
            return Err(Error::setting("tolerance", tolerance, possible));
        }
        if storage != Storage::Points && self.across_flows {
            let possible = "points, but for windows within flows";
            return Err(Error::setting("storage", storage.name(), possible));
        }
        match storage.at_once() {
            Some(0) => Err(Error::setting("at_once", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

/// How a window turns gradients at guessed points into better points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowMethod {
    /// Picard iteration, eq. (14) of the paper: the gradient computed at a guessed point is taken
    /// for the gradient at the corrected one.
    Picard {
        /// What new slots hold.
        predictor: Predictor,
        /// What is kept from one round to the next.
        storage: Storage,
    },
    /// The gradient at the corrected point is modelled around the guessed one, from gradients that
    /// were computed anyway and, where there is one, a cheap surrogate of the potential. Beyond the
    /// paper; `SECANT.md` describes it.
    Secant {
        /// M: how many of the last gradients make the model.
        memory: usize,
        /// What new slots hold. `None` is the recurrence continued with modelled gradients, the
        /// first window of a flow included.
        predictor: Option<Predictor>,
        /// Whether the model is multiplied by γ, within 0 and 1: the share of the changes it
        /// predicted that the last round found.
        damped: bool,
    },
}

/// The paper's.
impl Default for WindowMethod {
    fn default() -> Self {
        Self::Picard {
            predictor: Predictor::default(),
            storage: Storage::default(),
        }
    }
}

impl WindowMethod {
    /// Makes the paper's, with another predictor.
    #[must_use]
    pub fn picard(predictor: Predictor) -> Self {
        Self::Picard {
            predictor,
            storage: Storage::default(),
        }
    }

    /// Makes windows with a model of the last `memory` gradients, which predicts, too.
    #[must_use]
    pub fn secant(memory: usize) -> Self {
        Self::Secant {
            memory,
            predictor: None,
            damped: false,
        }
    }

    /// Returns the name that configurations and rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Picard { .. } => "picard",
            Self::Secant { .. } => "secant",
        }
    }

    /// What new slots hold; `None` if they are predicted by the model.
    #[must_use]
    pub fn predictor(self) -> Option<Predictor> {
        match self {
            Self::Picard { predictor, .. } => Some(predictor),
            Self::Secant { predictor, .. } => predictor,
        }
    }

    /// What is kept from one round to the next.
    #[must_use]
    pub fn storage(self) -> Storage {
        match self {
            Self::Picard { storage, .. } => storage,
            Self::Secant { .. } => Storage::Points,
        }
    }

    /// M; 0 of Picard iteration, which has no model.
    #[must_use]
    pub fn memory(self) -> usize {
        match self {
            Self::Picard { .. } => 0,
            Self::Secant { memory, .. } => memory,
        }
    }

    /// Whether its model is damped. Picard iteration has none.
    ///
    /// ```
    /// use optim::{Window, WindowMethod};
    /// let method = WindowMethod::Secant { memory: 10, predictor: None, damped: true };
    /// assert!(method.damped() && !WindowMethod::secant(10).damped());
    /// let window = Window { width: 8, method, ..Window::default() };
    /// assert_eq!(window.to_string(), "W=8 secant M=10 damped");
    /// ```
    #[must_use]
    pub fn damped(self) -> bool {
        matches!(self, Self::Secant { damped: true, .. })
    }
}

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

/// What a window slot holds before a gradient at it was ever computed. None costs a gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Predictor {
    /// A copy of the last point of the window, line 22 of Algorithm 5.
    #[default]
    Copy,
    /// The recurrence continued with the last gradient.
    FrozenForce,
    /// The recurrence continued with the last two gradients extrapolated.
    LinearForce,
}

named!(Predictor, "predictor",
    Predictor::Copy => "copy",
    Predictor::FrozenForce => "frozen-force",
    Predictor::LinearForce => "linear-force",
);

/// Says which sequential flow the window converges to: how its sum over gradients approximates the
/// integral of eq. (13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quadrature {
    /// Full weight on every gradient, eq. (14): symplectic Euler.
    #[default]
    SymplecticEuler,
    /// Half weight on the gradient at the start of the flow: Leapfrog.
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
    Velocities {
        /// How many of the window's gradients are computed, and exist, at a time; all if `None`.
        /// With fewer, a round waits several times.
        at_once: Option<usize>,
    },
    /// The same rounded to bf16: two bytes for each of D. Guesses are rounded, not results: the
    /// start of a window and the sums made from it are in full precision.
    Bf16 {
        /// As of velocities.
        at_once: Option<usize>,
    },
}

impl Storage {
    /// Returns the name that configurations and rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Velocities { .. } => "velocities",
            Self::Bf16 { .. } => "bf16",
        }
    }

    /// How many of the window's gradients exist at a time, where not all of them do.
    #[must_use]
    pub fn at_once(self) -> Option<usize> {
        match self {
            Self::Points => None,
            Self::Velocities { at_once } | Self::Bf16 { at_once } => at_once,
        }
    }
}
