//! A recurrence taken one step after the other.

use crate::recurrence::{ByTensors, Carried};
use crate::{Counts, Oracle, Progress, Recurrence, Result};
use candle_core::Tensor;

/// What methods of one gradient a step have in common: all but how they are made.
pub(super) struct Stepwise {
    oracle: Oracle,
    recurrence: Recurrence,
    /// Where the next gradient is wanted.
    point: Tensor,
    carried: Carried<Tensor>,
    rest: Tensor,
    taken: usize,
}

impl Stepwise {
    /// From `start` `[D]`.
    pub(super) fn new(oracle: Oracle, recurrence: Recurrence, start: Tensor) -> Result<Self> {
        recurrence.check()?;
        let rest = start.zeros_like()?;
        Ok(Self {
            carried: Carried::before(&recurrence, &start, &rest),
            oracle,
            recurrence,
            point: start,
            rest,
            taken: 0,
        })
    }

    pub(super) fn recurrence(&mut self) -> &mut Recurrence {
        &mut self.recurrence
    }

    pub(super) fn step(&mut self) -> Result<Progress> {
        let before = self.oracle.counts();
        let gradient = self.oracle.gradient_at(&self.point, self.taken)?;
        let from = (&self.point, &self.carried);
        (self.point, self.carried) = self
            .recurrence
            .next(&ByTensors, from, &gradient, self.taken, &self.rest)?;
        self.taken += 1;
        Ok(Progress {
            counts: self.oracle.counts() - before,
            ..Progress::default()
        })
    }

    pub(super) fn carried(&self) -> &Carried<Tensor> {
        &self.carried
    }

    pub(super) fn position(&self) -> &Tensor {
        self.carried.position(&self.point)
    }

    pub(super) fn counts(&self) -> Counts {
        self.oracle.counts()
    }
}
