//! Adam, and Adam that starts anew with every flow.

use crate::{Counts, Error, Method, Oracle, Progress, Result};
use candle_core::Tensor;

/// Holds what Adam's steps are made by besides its step size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decays {
    /// The decay of the mean of gradients.
    pub beta1: f64,
    /// The decay of the mean of their squares.
    pub beta2: f64,
    /// What keeps a division by nothing from being one.
    pub epsilon: f64,
}

/// Those of Adam's paper.
impl Default for Decays {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Decays {
    /// Both means with one more gradient, the `taken`th since they were nothing, and the step that they
    /// make, in units of η.
    pub(crate) fn step(
        self,
        means: [&Tensor; 2],
        gradient: &Tensor,
        taken: usize,
    ) -> candle_core::Result<([Tensor; 2], Tensor)> {
        let [mean, square] = means;
        let mean = ((mean * self.beta1)? + (gradient * (1.0 - self.beta1))?)?;
        let square = ((square * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
        // Means that began with nothing are too small at first.
        let unbiased = |mean: &Tensor, decay: f64| mean * (1.0 / (1.0 - decay.powi(taken as i32)));
        let size = (unbiased(&square, self.beta2)?.sqrt()? + self.epsilon)?;
        let step = (unbiased(&mean, self.beta1)? / size)?;
        Ok(([mean, square], step))
    }
}

/// Adam (Kingma and Ba, 2015), with the defaults of its paper: β₁ = 0.9, β₂ = 0.999, ε = 1e-8. One
/// gradient a step.
///
/// Hamiltonian Descent forgets its velocity after every flow; [`Adam::resetting`] does the same to both
/// means of Adam after every so many steps.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Adam, Oracle, Method, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 100.0], &Device::Cpu)?);
/// let start = Tensor::new(&[3f64, -2.0], &Device::Cpu)?;
/// let mut adam = Adam::new(Oracle::new(Sequential::new(f)), 0.1, start)?.resetting(20)?;
/// adam.advance()?;
/// let x = adam.position().to_vec1::<f64>()?;
/// assert!((x[0] - 2.9).abs() < 1e-7 && (x[1] + 1.9).abs() < 1e-7, "its first step is η in every coordinate");
/// # Ok(())
/// # }
/// ```
pub struct Adam {
    oracle: Oracle,
    step_size: f64,
    position: Tensor,
    /// The mean of gradients, and that of their squares.
    means: [Tensor; 2],
    /// Steps since the means were nothing.
    taken: usize,
    reset_every: Option<usize>,
}

impl Adam {
    /// Starts from `start` `[D]`, with step size η.
    ///
    /// # Errors
    /// If the step size is not a positive number, or a tensor operation fails.
    pub fn new(oracle: impl Into<Oracle>, step_size: f64, start: Tensor) -> Result<Self> {
        if !(step_size.is_finite() && step_size > 0.0) {
            return Err(Error::setting("step_size", step_size, "a positive number"));
        }
        let nothing = start.zeros_like()?;
        Ok(Self {
            oracle: oracle.into(),
            step_size,
            position: start,
            means: [nothing.clone(), nothing],
            taken: 0,
            reset_every: None,
        })
    }

    /// The same, its means forgotten after every so many steps.
    ///
    /// # Errors
    /// If that is 0.
    pub fn resetting(self, every: usize) -> Result<Self> {
        if every == 0 {
            return Err(Error::setting("reset_every", every, "at least 1"));
        }
        Ok(Self {
            reset_every: Some(every),
            ..self
        })
    }
}

impl Method for Adam {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let gradient = self.oracle.gradient(&self.position)?;
        if self.reset_every == Some(self.taken) {
            let nothing = self.position.zeros_like()?;
            self.means = [nothing.clone(), nothing];
            self.taken = 0;
        }
        self.taken += 1;
        let [mean, square] = &self.means;
        let (means, step) = Decays::default().step([mean, square], &gradient, self.taken)?;
        self.position = (&self.position - (step * self.step_size)?)?;
        self.means = means;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Quadratic, Sequential};
    use candle_core::{Device, Var};
    use candle_nn::{AdamW, Optimizer, ParamsAdamW};
    use std::sync::Arc;

    const CURVATURES: [f64; 3] = [1.0, 10.0, 100.0];

    fn adam(start: &Tensor) -> Adam {
        let f = Arc::new(Quadratic::diagonal(&CURVATURES, &Device::Cpu).unwrap());
        let oracle = Oracle::new(Sequential::new(f));
        Adam::new(oracle, 0.1, start.clone()).unwrap()
    }

    fn start() -> Tensor {
        Tensor::new(&[3f64, -2.0, 1.0], &Device::Cpu).unwrap()
    }

    #[test]
    fn its_steps_are_those_of_candle_nn_to_the_last_bit_and_cost_a_gradient_each() {
        let mut adam = adam(&start());
        let point = Var::from_tensor(&start()).unwrap();
        let settings = ParamsAdamW {
            lr: 0.1,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        let mut theirs = AdamW::new(vec![point.clone()], settings).unwrap();
        let curvatures = Tensor::new(&CURVATURES, &Device::Cpu).unwrap();
        for step in 1..=30 {
            adam.advance().unwrap();
            let gradient = (point.as_tensor() * &curvatures).unwrap().detach();
            let loss = (point.as_tensor() * gradient).unwrap().sum_all().unwrap();
            theirs.step(&loss.backward().unwrap()).unwrap();
            let numbers = |t: &Tensor| t.to_vec1::<f64>().unwrap();
            assert_eq!(numbers(adam.position()), numbers(&point), "step {step}");
        }
        assert_eq!(adam.counts().requested, 30);
    }

    #[test]
    fn means_that_are_reset_make_the_steps_of_an_adam_that_starts_there() {
        let mut resetting = adam(&start()).resetting(4).unwrap();
        let mut at = start();
        for flow in 0..3 {
            let mut anew = adam(&at);
            for _ in 0..4 {
                resetting.advance().unwrap();
                anew.advance().unwrap();
            }
            at = anew.position().clone();
            let numbers = |t: &Tensor| t.to_vec1::<f64>().unwrap();
            assert_eq!(numbers(resetting.position()), numbers(&at), "flow {flow}");
        }
        assert!(adam(&start()).resetting(0).is_err());
    }
}
