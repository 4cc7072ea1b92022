//! What Adam's steps are made by, and how tensors make them.

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
        let [unbiased, unbiased_square] = self.unbiased(taken);
        let size = ((&square * unbiased_square)?.sqrt()? + self.epsilon)?;
        let step = ((&mean * unbiased)? / size)?;
        Ok(([mean, square], step))
    }

    /// By what both means of so many gradients are multiplied: having begun with nothing, they are too small at
    /// first.
    pub(crate) fn unbiased(self, taken: usize) -> [f64; 2] {
        let taken = i32::try_from(taken).unwrap_or(i32::MAX);
        [self.beta1, self.beta2].map(|decay| 1.0 / (1.0 - decay.powi(taken)))
    }
}
