//! What Hamiltonian Descent is to do to a network.

use super::Scope;
use crate::error::named;
use crate::{Error, Kinetic};

/// Chooses the integrator of a flow. The same integrators for potentials implement
/// [`Integrator`](crate::Integrator).
///
/// ```
/// use optim::nn::Integration;
/// assert_eq!("leapfrog".parse::<Integration>()?, Integration::Leapfrog);
/// assert_eq!(Integration::default().to_string(), "symplectic-euler");
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Integration {
    /// Algorithm 3: order 2.
    Leapfrog,
    /// Algorithm 4: the gradient of a step is taken at a random point ahead.
    Stratified,
    /// Symplectic Euler, which the paper trains networks with (Section 4.2).
    #[default]
    SymplecticEuler,
}

named!(Integration, "integrator",
    Integration::Leapfrog => "leapfrog",
    Integration::Stratified => "stratified",
    Integration::SymplecticEuler => "symplectic-euler",
);

/// Holds the settings of [`HamiltonianDescent`](super::HamiltonianDescent).
///
/// ```
/// use optim::Kinetic;
/// use optim::nn::{HamiltonianConfig, Integration, Scope};
/// let config = HamiltonianConfig {
///     kinetic: Kinetic::L2,
///     scope: Scope::PerTensor,
///     integration: Integration::Leapfrog,
///     ..HamiltonianConfig::of_learning_rate(0.01, 0.5)?
/// };
/// assert_eq!((config.step_size, config.steps), (0.1, 5));
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct HamiltonianConfig {
    /// φ, the kinetic energy.
    pub kinetic: Kinetic,
    /// Whether φ is taken over all variables as one vector or over each tensor.
    pub scope: Scope,
    /// The integrator.
    pub integration: Integration,
    /// θ, the step size: positive. The learning rate is θ².
    pub step_size: f64,
    /// S ≥ 1: after so many steps the velocity is reset. The integration time is η = S·θ.
    pub steps: usize,
    /// Seed of the stratified integrator; the others draw no numbers.
    pub seed: u64,
}

/// The paper's for networks: φ = ½‖v‖², symplectic Euler, learning rate θ² = 0.01, integration time 0.2.
impl Default for HamiltonianConfig {
    fn default() -> Self {
        Self {
            kinetic: Kinetic::HalfL2Squared,
            scope: Scope::default(),
            integration: Integration::default(),
            step_size: 0.1,
            steps: 2,
            seed: 0,
        }
    }
}

impl HamiltonianConfig {
    /// Takes the defaults, but for θ = √learning_rate and as many steps as come nearest to an integration time:
    /// S = η/θ, at least 1. With one step it is gradient descent by that learning rate.
    ///
    /// # Errors
    /// If either is not a positive number.
    ///
    /// ```
    /// use optim::nn::HamiltonianConfig;
    /// let paper = HamiltonianConfig::of_learning_rate(0.01, 0.2)?;
    /// assert_eq!(paper, HamiltonianConfig::default());
    /// assert!(HamiltonianConfig::of_learning_rate(0.01, -1.0).is_err());
    /// # Ok::<(), optim::Error>(())
    /// ```
    pub fn of_learning_rate(learning_rate: f64, integration_time: f64) -> crate::Result<Self> {
        let settings = [
            ("learning_rate", learning_rate),
            ("integration_time", integration_time),
        ];
        for (name, value) in settings {
            if !(value.is_finite() && value > 0.0) {
                return Err(Error::setting(name, value, "a positive number"));
            }
        }
        let step_size = learning_rate.sqrt();
        Ok(Self {
            step_size,
            steps: (integration_time / step_size).round().max(1.0) as usize,
            ..Self::default()
        })
    }

    pub(super) fn check(&self) -> crate::Result<()> {
        crate::recurrence::check(self.step_size, self.steps)
    }
}
