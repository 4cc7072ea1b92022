//! What a window expects of steps at which no force was ever computed.

use super::settings::Predictor;
use super::sliding::{Sliding, Slot};
use super::space::{self, Space};
use crate::{Counted, Result};

/// What new slots are guessed from.
pub(super) enum Guess<V> {
    Copies,
    /// A force, and what is added to it at every step.
    Force(V, Option<V>),
    /// The model, around a known point; around nothing if there is none, where the surrogate
    /// stands for the force.
    Model(Option<Slot<V>>, Option<V>),
}

impl<S: Space> Sliding<S> {
    /// What a window with these forces expects of the steps after it.
    pub(super) fn guess(&self, gradients: &[S::Vector]) -> Guess<S::Vector> {
        let width = gradients.len();
        let Some(last) = gradients.last() else {
            return Guess::Copies;
        };
        match self.window.method.predictor() {
            // With one slot nothing is ever asked of a guess.
            _ if self.window.width == 1 => Guess::Copies,
            Some(Predictor::Copy) => Guess::Copies,
            Some(Predictor::FrozenForce) => Guess::Force(last.clone(), None),
            Some(Predictor::LinearForce) => {
                let before = width.checked_sub(2).map(|w| &gradients[w]);
                let slope = before.and_then(|before| self.space.minus(last, before).ok());
                Guess::Force(last.clone(), slope)
            }
            None => Guess::Model(Some(self.slots[width - 1].clone()), Some(last.clone())),
        }
    }

    /// Line 22, or the recurrence continued past the last of `slots` with guessed forces, from
    /// a step and the velocity before it.
    pub(super) fn predict(
        &self,
        count: usize,
        (first, mut v): (usize, S::Vector),
        mut guess: Guess<S::Vector>,
        slots: &mut Vec<Slot<S::Vector>>,
        forces: &mut Counted,
    ) -> Result<()> {
        let around = match &guess {
            Guess::Model(Some(around), _) => vec![around.point.clone()],
            _ => Vec::new(),
        };
        let (law, model) = match &guess {
            Guess::Force(force, None) => (Some(space::StepForces::Constant(force)), None),
            Guess::Force(force, Some(slope)) => {
                (Some(space::StepForces::Linear(force, slope)), None)
            }
            Guess::Model(Some(_), Some(force)) => {
                let model = self.memory.model().map(|model| (model, &around[..]));
                (Some(space::StepForces::Constant(force)), model)
            }
            _ => (None, None),
        };
        if let (Some(law), Some(last)) = (law, slots.last())
            && let Some((points, _)) = self.walked((&last.point, &v), law, model, (first, count))?
        {
            slots.extend(points.into_iter().map(Slot::new));
            return Ok(());
        }
        for step in first..first + count {
            let last = slots.len() - 1;
            let force = match &mut guess {
                Guess::Copies => {
                    slots.push(slots[last].clone());
                    continue;
                }
                Guess::Force(force, slope) => {
                    if let Some(slope) = slope {
                        *force = self.space.plus(force, slope)?;
                    }
                    force.clone()
                }
                Guess::Model(around, Some(force)) => {
                    self.modelled(&mut slots[last], force, around.as_ref(), forces)?
                }
                Guess::Model(..) => match self.surrogate_at(&mut slots[last], forces)? {
                    Some(force) => force,
                    None => self.rest.clone(),
                },
            };
            let (x, after) = self.step(step, &slots[last].point, &v, &force)?;
            slots.push(Slot::new(x));
            v = after;
        }
        Ok(())
    }
}
