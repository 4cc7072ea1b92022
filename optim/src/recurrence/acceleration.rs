//! Where the momentum of Nesterov's methods comes from.

use crate::Result;
use crate::method::check_curvatures;

/// Says where the momentum β_k of [`Nesterov`](crate::Nesterov) comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acceleration {
    /// The same in every step, in [0, 1).
    Constant(f64),
    /// β_k = (t_k − 1)/t_{k+1} with t_1 = 1 and t_{k+1} = (1 + √(1 + 4t_k²))/2 (Nesterov, 1983):
    /// for convex functions, and no more than sublinear where they are strongly convex.
    Sequence,
    /// The same sequence, from t = 1 and without momentum again whenever
    /// ∇f(y_k)·(x_{k+1} − x_k) > 0: the gradient scheme of O'Donoghue and Candès (2015), which
    /// finds the pace of strong convexity without knowing μ. It costs nothing beside the step.
    Restarted,
}

impl Acceleration {
    /// Chooses the constant momentum (√κ − 1)/(√κ + 1), κ = L/μ, for a μ-strongly convex and L-smooth
    /// function and the step size 1/L.
    ///
    /// # Errors
    /// If not 0 < μ ≤ L.
    ///
    /// ```
    /// use optim::Acceleration;
    /// # fn main() -> optim::Result<()> {
    /// assert_eq!(Acceleration::strongly_convex(1.0, 9.0)?, Acceleration::Constant(0.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn strongly_convex(strong_convexity: f64, smoothness: f64) -> Result<Self> {
        check_curvatures(strong_convexity, smoothness)?;
        let root = (smoothness / strong_convexity).sqrt();
        Ok(Self::Constant((root - 1.0) / (root + 1.0)))
    }

    /// β_k and t_{k+1}, from t_k; what is constant has no sequence.
    pub(crate) fn next(self, sequence: f64) -> (f64, f64) {
        if let Self::Constant(momentum) = self {
            return (momentum, sequence);
        }
        let next = (1.0 + (1.0 + 4.0 * sequence * sequence).sqrt()) / 2.0;
        ((sequence - 1.0) / next, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_momentum_of_a_strongly_convex_function_is_that_of_its_condition_number() {
        // κ = 16: (4 − 1)/(4 + 1).
        let found = Acceleration::strongly_convex(0.5, 8.0).unwrap();
        assert_eq!(found, Acceleration::Constant(0.6));
    }
}
