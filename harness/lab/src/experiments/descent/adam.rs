//! Adam as a method: candle-nn's optimiser on a closed-form gradient.

use candle_core::{Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use optim::{Counted, Counts, Method, Progress, Result};

/// Adam (Kingma and Ba, 2015) with candle-nn's defaults β₁ = 0.9, β₂ = 0.999, ε = 1e-8 and no
/// weight decay. One gradient a step.
pub struct Adam {
    forces: Counted,
    point: Var,
    optimiser: AdamW,
}

impl Adam {
    /// From `start` `[D]`, with step size η.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn new(forces: Counted, step_size: f64, start: Tensor) -> Result<Self> {
        let point = Var::from_tensor(&start)?;
        let settings = ParamsAdamW {
            lr: step_size,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        Ok(Self {
            forces,
            optimiser: AdamW::new(vec![point.clone()], settings)?,
            point,
        })
    }
}

impl Method for Adam {
    fn advance(&mut self) -> Result<Progress> {
        let before = self.forces.counts();
        // A copy, because the optimiser changes the variable in place, and points that were
        // counted have to stay what they were.
        let gradient = self.forces.gradient(&self.point.copy()?)?;
        // The optimiser takes its gradients from a backward pass only; that of x·g is g.
        let gradients = (self.point.as_tensor() * gradient)?.sum_all()?.backward()?;
        self.optimiser.step(&gradients)?;
        Ok(Progress {
            counts: self.forces.counts() - before,
            ..Progress::default()
        })
    }

    fn position(&self) -> &Tensor {
        self.point.as_tensor()
    }

    fn counts(&self) -> Counts {
        self.forces.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use optim::{Quadratic, Sequential};
    use std::sync::Arc;

    #[test]
    fn the_first_step_of_adam_is_its_step_size_in_every_coordinate_and_costs_one_gradient() {
        let f = Arc::new(Quadratic::diagonal(&[1.0, 100.0], &Device::Cpu).unwrap());
        let start = Tensor::new(&[3f64, -2.0], &Device::Cpu).unwrap();
        let mut adam = Adam::new(Counted::new(Sequential::new(f)), 0.1, start).unwrap();
        let progress = adam.advance().unwrap();
        assert_eq!(progress.counts.requested, 1);
        let x = adam.position().to_vec1::<f64>().unwrap();
        assert!(
            (x[0] - 2.9).abs() < 1e-7 && (x[1] + 1.9).abs() < 1e-7,
            "{x:?}"
        );
    }
}
