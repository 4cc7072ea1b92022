//! Hamiltonian Descent: one flow after another, each from rest.

use crate::window::Slide;
use crate::{Counts, Flow, Method, Oracle, Potential, Progress, Result, WindowedRecurrence};
use candle_core::Tensor;
use std::sync::Arc;

/// Runs frictionless Hamiltonian Descent, Algorithm 2 of the paper: each outer iteration is one flow
/// from the current position, with the velocity reset to 0 before it. [The front page of the
/// crate](crate) has an example.
pub struct HamiltonianDescent {
    oracle: Oracle,
    flow: Flow,
    position: Tensor,
}

impl HamiltonianDescent {
    /// Starts from `start` `[D]`.
    #[must_use]
    pub fn new(oracle: impl Into<Oracle>, flow: Flow, start: Tensor) -> Self {
        Self {
            oracle: oracle.into(),
            flow,
            position: start,
        }
    }
}

impl Method for HamiltonianDescent {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        self.position = self.flow.from_rest(&self.position, &mut self.oracle)?;
        Ok(Progress {
            counts: self.oracle.counts() - before,
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.oracle.counts()
    }
}

/// Runs Hamiltonian Descent whose flows are computed a window of steps at a time, Algorithm 5 of the
/// paper.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Batched, Oracle, Kinetic, Method, Quadratic, Recurrence, Window, WindowMethod};
/// use optim::{WindowedDescent, WindowedRecurrence};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 2.0, 3.0], &Device::Cpu)?);
/// let window = Window {
///     width: 8,
///     tolerance: 1e-6,
///     method: WindowMethod::secant(10),
///     across_flows: true,
///     ..Window::default()
/// };
/// let recurrence = Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20);
/// let flow = WindowedRecurrence { recurrence, window };
/// let start = Tensor::new(&[1f64, 1.0, 1.0], &Device::Cpu)?;
/// let mut method = WindowedDescent::new(Oracle::new(Batched::new(f)), flow, start).ending(10);
/// let mut rounds = 0;
/// for _ in 0..10 {
///     rounds += method.advance()?.counts.rounds;
/// }
/// assert!(rounds < 10 * 20 / 3, "{rounds} rounds for 200 steps");
/// # Ok(())
/// # }
/// ```
pub struct WindowedDescent {
    oracle: Oracle,
    flow: WindowedRecurrence,
    position: Tensor,
    surrogate: Option<Arc<dyn Potential>>,
    flows: Option<usize>,
    /// Made when the first flow begins.
    window: Option<Box<dyn Slide>>,
}

impl WindowedDescent {
    /// Starts from `start` `[D]`, at rest. The flow's settings are checked by the first
    /// [`advance`](Method::advance), which returns [`Error::Setting`](crate::Error::Setting) if one is out
    /// of range.
    #[must_use]
    pub fn new(oracle: impl Into<Oracle>, flow: WindowedRecurrence, start: Tensor) -> Self {
        Self {
            oracle: oracle.into(),
            flow,
            position: start,
            surrogate: None,
            flows: None,
            window: None,
        }
    }

    /// Adds a cheap potential whose gradient changes as the real one's does, for example the loss on some
    /// of the rows ([`LogisticRegression::subset`](crate::LogisticRegression::subset)).
    ///
    /// [`WindowMethod::Secant`](crate::WindowMethod::Secant) uses it to guess gradients; other windows
    /// ignore it. It saves rounds and changes the result only within the tolerance. Its gradients are
    /// counted apart ([`Counts::surrogate`]). Call it before the first [`advance`](Method::advance).
    #[must_use]
    pub fn with_surrogate(mut self, surrogate: Arc<dyn Potential>) -> Self {
        self.surrogate = Some(surrogate);
        self
    }

    /// Says how many flows there will be, so that a window that reaches across flows computes
    /// nothing for steps after them.
    #[must_use]
    pub fn ending(mut self, flows: usize) -> Self {
        self.flows = Some(flows);
        self
    }
}

impl Method for WindowedDescent {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let window = match &mut self.window {
            Some(window) => window,
            none => {
                let surrogate = self.surrogate.clone();
                none.insert(self.flow.sliding(&self.position, surrogate, self.flows)?)
            }
        };
        let end = window.flow(&mut self.oracle)?;
        self.position = end.position;
        Ok(Progress {
            counts: self.oracle.counts() - before,
            strides: end.strides,
            termination: end.termination,
        })
    }

    fn position(&self) -> &Tensor {
        &self.position
    }

    fn counts(&self) -> Counts {
        self.oracle.counts()
    }
}
