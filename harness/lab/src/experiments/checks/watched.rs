//! Where gradients are taken: an evaluator that writes down every point it is asked for, and that
//! can be told to answer one of them wrongly.

use candle_core::Tensor;
use optim::{Evaluator, Potential};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Points by round, in the order in which they were asked for.
pub type WatchedRounds = Vec<Vec<Vec<f64>>>;

/// One point after the other, each written down.
pub struct Watched {
    potential: Arc<dyn Potential>,
    /// Where 1 is added to every entry of the gradient.
    disturbed: Option<StepPlace>,
    rounds: Mutex<WatchedRounds>,
}

/// A place among the points that are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPlace {
    /// The round, from 0.
    pub round: usize,
    /// The point in it, from 0.
    pub point: usize,
}

impl Watched {
    /// With the gradients of `potential`, that at one place disturbed if one is named.
    pub fn new(potential: Arc<dyn Potential>, disturbed: Option<StepPlace>) -> Arc<Self> {
        Arc::new(Self {
            potential,
            disturbed,
            rounds: Mutex::default(),
        })
    }

    /// What was asked for so far.
    pub fn rounds(&self) -> WatchedRounds {
        self.written().clone()
    }

    fn written(&self) -> MutexGuard<'_, WatchedRounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Evaluator for Watched {
    fn gradients(&self, points: &[Tensor]) -> optim::Result<Vec<Tensor>> {
        let mut round = Vec::with_capacity(points.len());
        for point in points {
            round.push(point.to_vec1::<f64>()?);
        }
        let number = {
            let mut rounds = self.written();
            rounds.push(round);
            rounds.len() - 1
        };
        let gradient = |(index, point): (usize, &Tensor)| -> optim::Result<Tensor> {
            let gradient = self.potential.gradient(point)?;
            let here = StepPlace {
                round: number,
                point: index,
            };
            Ok(if self.disturbed == Some(here) {
                (gradient + 1.0)?
            } else {
                gradient
            })
        };
        points.iter().enumerate().map(gradient).collect()
    }
}
