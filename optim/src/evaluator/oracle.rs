//! The oracle that methods ask for gradients, which counts them in one place for all.

use crate::{Batched, Evaluator, Potential, Result};
use candle_core::Tensor;
use std::ops::Sub;
use std::sync::Arc;

/// Counts gradients and how often they were computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gradients asked for: what Algorithm 5 spends if every window slot has a device of its own.
    pub requested: u64,
    /// Gradients computed: points that occur twice in one window are computed once.
    pub distinct: u64,
    /// Batches of gradients computed one after the other (the sequential depth). A window makes one for
    /// each move, or one for each part with new points if [`Storage`](crate::Storage) says `at_once`.
    pub rounds: u64,
    /// Gradients of the cheap surrogate
    /// ([`WindowedDescent::with_surrogate`](crate::WindowedDescent::with_surrogate)). They are in none
    /// of the counts above.
    pub surrogate: u64,
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            requested: self.requested - earlier.requested,
            distinct: self.distinct - earlier.distinct,
            rounds: self.rounds - earlier.rounds,
            surrogate: self.surrogate - earlier.surrogate,
        }
    }
}

/// Computes gradients through an [`Evaluator`] and counts them. Every method that asks for gradients owns
/// one; an `Arc` of a potential, or an evaluator, converts into it.
///
/// [`gradients`](Self::gradients) computes a tensor that occurs twice in one call once. It compares
/// handles ([`Tensor::id`]), not numbers, so it waits for no device. Nothing is remembered between
/// calls.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Oracle, Quadratic, Sequential};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[1.0, 4.0], &Device::Cpu)?);
/// let mut oracle = Oracle::new(Sequential::new(f));
/// let x = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// assert_eq!(oracle.gradient(&x)?.to_vec1::<f64>()?, [1.0, 4.0]);
/// assert_eq!(oracle.counts().distinct, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Oracle {
    evaluator: Arc<dyn Evaluator>,
    counts: Counts,
}

impl Oracle {
    /// Starts counting from zero.
    pub fn new(evaluator: impl Evaluator + 'static) -> Self {
        Self::shared(Arc::new(evaluator))
    }

    /// Starts counting from zero on an evaluator that others use too.
    #[must_use]
    pub fn shared(evaluator: Arc<dyn Evaluator>) -> Self {
        Self {
            evaluator,
            counts: Counts::default(),
        }
    }

    /// Returns what has been counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Computes ∇f at one point `[D]`.
    ///
    /// # Errors
    /// If the evaluator fails.
    pub fn gradient(&mut self, point: &Tensor) -> Result<Tensor> {
        let mut gradients = self.gradients(std::slice::from_ref(point))?;
        Ok(gradients.swap_remove(0))
    }

    /// Computes ∇f at each point, in their order: one round.
    ///
    /// # Errors
    /// If the evaluator fails.
    pub fn gradients(&mut self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut distinct: Vec<Tensor> = Vec::with_capacity(points.len());
        let mut which = Vec::with_capacity(points.len());
        for point in points {
            let known = distinct.iter().position(|other| other.id() == point.id());
            which.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(point.clone());
            }
        }
        let gradients = self.evaluator.gradients(&distinct)?;
        self.counts.requested += points.len() as u64;
        self.counts.distinct += distinct.len() as u64;
        self.counts.rounds += 1;
        Ok(which.into_iter().map(|i| gradients[i].clone()).collect())
    }

    /// Computes ∇f at each row of `points` `[U, D]`, as one round. `requested` is added to
    /// [`Counts::requested`]: more than U if several window slots share a row.
    ///
    /// # Errors
    /// If the evaluator fails.
    pub fn stacked(&mut self, points: &Tensor, requested: usize) -> Result<Tensor> {
        let gradients = self.evaluator.stacked(points)?;
        self.count(points, requested)?;
        Ok(gradients)
    }

    fn count(&mut self, points: &Tensor, requested: usize) -> Result<()> {
        self.counts.requested += requested as u64;
        self.counts.distinct += points.dim(0)? as u64;
        self.counts.rounds += 1;
        Ok(())
    }

    /// Whether gradients depend on the step that asks for them ([`Evaluator::varies`]).
    pub(crate) fn varies(&self) -> bool {
        self.evaluator.varies()
    }

    /// Computes the gradient of a step at each row of `points` `[W, D]`, of the given one and those after it, as
    /// one round.
    pub(crate) fn stacked_from(&mut self, points: &Tensor, first_step: usize) -> Result<Tensor> {
        let gradients = self.evaluator.stacked_from(points, first_step)?;
        self.count(points, points.dim(0)?)?;
        Ok(gradients)
    }

    /// Computes a step's gradient at a point `[D]`.
    pub(crate) fn gradient_at(&mut self, point: &Tensor, step: usize) -> Result<Tensor> {
        if !self.varies() {
            return self.gradient(point);
        }
        Ok(self.stacked_from(&point.unsqueeze(0)?, step)?.get(0)?)
    }

    /// Counts gradients that were asked for at points whose gradient is known.
    pub(crate) fn again(&mut self, requested: usize) {
        self.counts.requested += requested as u64;
    }

    /// A surrogate's gradient at a point `[D]`, counted apart from all others.
    pub(crate) fn surrogate(
        &mut self,
        potential: &dyn Potential,
        point: &Tensor,
    ) -> Result<Tensor> {
        self.counts.surrogate += 1;
        potential.gradient(point)
    }
}

/// Counts what an evaluator computes.
impl<E: Evaluator + 'static> From<E> for Oracle {
    fn from(evaluator: E) -> Self {
        Self::new(evaluator)
    }
}

/// Counts what an evaluator computes that others use too.
impl From<Arc<dyn Evaluator>> for Oracle {
    fn from(evaluator: Arc<dyn Evaluator>) -> Self {
        Self::shared(evaluator)
    }
}

/// Computes gradients of a potential, those of a round in its bulk form.
impl<P: Potential + 'static> From<Arc<P>> for Oracle {
    fn from(potential: Arc<P>) -> Self {
        Self::new(Batched::new(potential))
    }
}

/// Computes gradients of a potential, those of a round in its bulk form.
impl From<Arc<dyn Potential>> for Oracle {
    fn from(potential: Arc<dyn Potential>) -> Self {
        Self::new(Batched::new(potential))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Quadratic, Sequential};
    use candle_core::Device;

    #[test]
    fn copies_of_a_point_are_requested_but_computed_once() {
        let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu).unwrap());
        let mut counted = Oracle::new(Sequential::new(f));
        let a = Tensor::new(&[1f64], &Device::Cpu).unwrap();
        let b = Tensor::new(&[3f64], &Device::Cpu).unwrap();
        let gradients = counted.gradients(&[a.clone(), b.clone(), b, a]).unwrap();
        let values: Vec<f64> = gradients
            .iter()
            .map(|g| g.to_vec1::<f64>().unwrap()[0])
            .collect();
        assert_eq!(values, [2.0, 6.0, 6.0, 2.0]);
        assert_eq!(
            counted.counts(),
            Counts {
                requested: 4,
                distinct: 2,
                rounds: 1,
                surrogate: 0
            }
        );
    }
    #[test]
    fn points_whose_gradient_is_known_are_requested_and_nothing_else() {
        let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu).unwrap());
        let mut counted = Oracle::new(Sequential::new(f));
        counted.again(3);
        let requested = Counts {
            requested: 3,
            ..Counts::default()
        };
        assert_eq!(counted.counts(), requested);
    }

    #[test]
    fn what_was_counted_since_is_the_difference_of_each_count() {
        let counts = |each: [u64; 4]| Counts {
            requested: each[0],
            distinct: each[1],
            rounds: each[2],
            surrogate: each[3],
        };
        let since = counts([10, 20, 30, 40]) - counts([1, 3, 5, 7]);
        assert_eq!(since, counts([9, 17, 25, 33]));
    }
}
