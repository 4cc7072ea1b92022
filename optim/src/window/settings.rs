//! The choices that a window leaves open, and their names.

use super::form::WindowForm;
use crate::error::named;
use crate::{Error, Result};
use std::fmt;

/// Says how many steps of a [`Recurrence`](crate::Recurrence) are computed at once, and how. The
/// default is one step at a time, the sequential flow.
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
    /// W ≥ 1: how many steps, and so gradients, are computed at once. The paper gives each a GPU.
    pub width: usize,
    /// τ ≥ 0: a point has converged if a round changed it by at most τ times what [`Self::relative_to`]
    /// says. 0 gives the sequential flow exactly and saves few rounds; the paper runs Table 2 with 1e-3.
    pub tolerance: f64,
    /// What a change is compared with.
    pub relative_to: RelativeTo,
    /// How gradients become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// Whether a window may reach past the end of a flow into the next one, so that S need be no
    /// multiple of W. Only with [`Storage::Points`].
    pub across_flows: bool,
}

/// Takes one step at a time, with τ = 0 of a point's size, Picard iteration with copies, and the velocity carried along,
/// which Algorithm 5 as printed does not do.
impl Default for Window {
    fn default() -> Self {
        Self {
            width: 1,
            tolerance: 0.0,
            relative_to: RelativeTo::default(),
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
    /// Checks that the settings are in range.
    ///
    /// # Errors
    /// [`Error::Setting`], with the name of the one that is not.
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

/// Says how a window turns gradients at guessed points into better points.
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
    /// Corrects each gradient from the guessed to the corrected point by a low-rank linear model,
    /// B·(x − p), fitted to the last gradients (a quasi-Newton step, not in the paper), and by the
    /// change of a cheap surrogate's gradient where there is one
    /// ([`WindowedDescent::with_surrogate`](crate::WindowedDescent::with_surrogate)).
    ///
    /// Under ½‖v‖² it needs fewer rounds than Picard iteration from W = 4 on, most of all at W ≥ 8.
    /// `optim/WINDOWS.md` in the repository describes it, what was measured, and where it does not help.
    Secant {
        /// M: how many of the last points and gradients the model is fitted to; 10 is a good value.
        /// Takes memory for about 4M vectors `[D]`: these, and their differences. With 0 or 1 there is
        /// no model.
        memory: usize,
        /// What new slots hold. `None` is the recurrence continued with modelled gradients, the
        /// first window of a flow included.
        predictor: Option<Predictor>,
        /// Whether to multiply the model by the share, between 0 and 1, of its last predictions that
        /// came true. Measured: no gain.
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
    /// Makes Picard iteration, the paper's method, with a predictor.
    #[must_use]
    pub fn picard(predictor: Predictor) -> Self {
        Self::Picard {
            predictor,
            storage: Storage::default(),
        }
    }

    /// Makes the secant method with a model of the last `memory` gradients, which also fills new slots;
    /// not damped.
    #[must_use]
    pub fn secant(memory: usize) -> Self {
        Self::Secant {
            memory,
            predictor: None,
            damped: false,
        }
    }

    /// Returns its name in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Picard { .. } => "picard",
            Self::Secant { .. } => "secant",
        }
    }

    /// Returns what new slots hold; `None` if they are predicted by the model.
    #[must_use]
    pub fn predictor(self) -> Option<Predictor> {
        match self {
            Self::Picard { predictor, .. } => Some(predictor),
            Self::Secant { predictor, .. } => predictor,
        }
    }

    /// Returns what is kept from one round to the next.
    #[must_use]
    pub fn storage(self) -> Storage {
        match self {
            Self::Picard { storage, .. } => storage,
            Self::Secant { .. } => Storage::Points,
        }
    }

    /// Returns M; 0 of Picard iteration, which has no model.
    #[must_use]
    pub fn memory(self) -> usize {
        match self {
            Self::Picard { .. } => 0,
            Self::Secant { memory, .. } => memory,
        }
    }

    /// Says whether its model is damped. Picard iteration has none.
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

/// Says what the change of a point in a round is compared with, to tell whether it has converged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RelativeTo {
    /// The norm of the point before, line 16 of Algorithm 5. Where steps are small beside the point, a
    /// window passes over what it has hardly computed.
    #[default]
    Size,
    /// The distance of the point before from where the window starts: as strict where steps are small
    /// as where they are large. Not in the paper. A copy of the start has made no progress: it passes
    /// only if it does not change at all.
    Progress,
}

named!(RelativeTo, "scale of a tolerance", RelativeTo::Size => "size", RelativeTo::Progress => "progress");

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

/// Chooses what a window keeps of each slot from one round to the next. The point and velocity at the
/// window's start are always kept in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Keeps the W guessed points, the paper's W copies of the model. Works with every window method.
    #[default]
    Points,
    /// Keeps, for each slot, the velocity that leads to it, and sums the points from these when they are
    /// needed: the result is the same to the last bit. Only for [`WindowMethod::Picard`], and not with
    /// `across_flows`.
    Velocities {
        /// The window is computed in parts of so many gradients, one part after the other; `None`, or
        /// W or more, is all in one part.
        ///
        /// Only one part's points and gradients are in memory at a time. Every part whose gradients
        /// have to be computed counts as a round in [`Counts::rounds`](crate::Counts::rounds). The host
        /// waits for the device once a part, up to the first part with a point that has not converged.
        /// Strides and results do not change.
        at_once: Option<usize>,
    },
    /// Keeps the same as `Velocities`, but rounded to bf16: two bytes for each of the D numbers of a slot.
    /// Gradients are then computed at rounded guesses, while all sums are in full precision. With τ = 0
    /// the result is not affected; otherwise it may differ within what τ allows.
    Bf16 {
        /// As in [`Storage::Velocities`].
        at_once: Option<usize>,
    },
}

impl Storage {
    /// Returns its name in text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Velocities { .. } => "velocities",
            Self::Bf16 { .. } => "bf16",
        }
    }

    /// Returns how many gradients a part of the window has; `None` if the window is one part.
    #[must_use]
    pub fn at_once(self) -> Option<usize> {
        match self {
            Self::Points => None,
            Self::Velocities { at_once } | Self::Bf16 { at_once } => at_once,
        }
    }
}
