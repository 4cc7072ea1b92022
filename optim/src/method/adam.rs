//! Adam, and Adam that starts anew with every flow.

use super::stepwise::Stepwise;
use crate::{Counts, Error, Method, Oracle, Progress, Recurrence, Result, Update};
use candle_core::Tensor;

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
pub struct Adam(Stepwise);

impl Adam {
    /// Starts from `start` `[D]`, with step size η.
    ///
    /// # Errors
    /// If the step size is not a positive number, or a tensor operation fails.
    pub fn new(oracle: impl Into<Oracle>, step_size: f64, start: Tensor) -> Result<Self> {
        let recurrence = Recurrence::adam(step_size);
        Ok(Self(Stepwise::new(oracle.into(), recurrence, start)?))
    }

    /// The same, its means forgotten after every so many steps from the first on.
    ///
    /// # Errors
    /// If that is 0.
    pub fn resetting(mut self, every: usize) -> Result<Self> {
        if every == 0 {
            return Err(Error::setting("reset_every", every, "at least 1"));
        }
        self.0.recurrence().update = Update::Adam {
            reset_every: Some(every),
        };
        Ok(self)
    }
}

impl Method for Adam {
    fn advance(&mut self) -> Result<Progress> {
        self.0.step()
    }

    fn position(&self) -> &Tensor {
        self.0.position()
    }

    fn counts(&self) -> Counts {
        self.0.counts()
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
