//! What a window expects of steps at which no gradient was ever computed.

use super::settings::Predictor;
use super::sliding::{Sliding, Slot};
use super::space::{self, Space};
use crate::{Oracle, Result};

/// What new slots are guessed from.
pub(super) enum Guess<V> {
    Copies,
    /// A gradient, and what is added to it at every step.
    Gradient(V, Option<V>),
    /// The model, around a known point; around nothing if there is none, where the surrogate
    /// stands for the gradient.
    Model(Option<Slot<V>>, Option<V>),
}

impl<S: Space> Sliding<S> {
    /// What a window with these gradients expects of the steps after it.
    pub(super) fn guess(&self, gradients: &[S::Vector]) -> Guess<S::Vector> {
        let width = gradients.len();
        let Some(last) = gradients.last() else {
            return Guess::Copies;
        };
        match self.window.method.predictor() {
            // With one slot nothing is ever asked of a guess.
            _ if self.window.width == 1 => Guess::Copies,
            Some(Predictor::Copy) => Guess::Copies,
            Some(Predictor::FrozenForce) => Guess::Gradient(last.clone(), None),
            Some(Predictor::LinearForce) => {
                let before = width.checked_sub(2).map(|w| &gradients[w]);
                let slope = before.and_then(|before| self.space.minus(last, before).ok());
                Guess::Gradient(last.clone(), slope)
            }
            None => Guess::Model(Some(self.slots[width - 1].clone()), Some(last.clone())),
        }
    }

    /// Line 22, or the recurrence continued past the last of `slots` with guessed gradients, from
    /// a step and the velocity before it.
    pub(super) fn predict(
        &self,
        count: usize,
        (first, mut v): (usize, S::Vector),
        mut guess: Guess<S::Vector>,
        slots: &mut Vec<Slot<S::Vector>>,
        oracle: &mut Oracle,
    ) -> Result<()> {
        let around = match &guess {
            Guess::Model(Some(around), _) => vec![around.point.clone()],
            _ => Vec::new(),
        };
        let (law, model) = match &guess {
            Guess::Gradient(gradient, None) => {
                (Some(space::StepGradients::Constant(gradient)), None)
            }
            Guess::Gradient(gradient, Some(slope)) => {
                (Some(space::StepGradients::Linear(gradient, slope)), None)
            }
            Guess::Model(Some(_), Some(gradient)) => {
                let model = self.memory.model().map(|model| (model, &around[..]));
                (Some(space::StepGradients::Constant(gradient)), model)
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
            let gradient = match &mut guess {
                Guess::Copies => {
                    slots.push(slots[last].clone());
                    continue;
                }
                Guess::Gradient(gradient, slope) => {
                    if let Some(slope) = slope {
                        *gradient = self.space.plus(gradient, slope)?;
                    }
                    gradient.clone()
                }
                Guess::Model(around, Some(gradient)) => {
                    self.modelled(&mut slots[last], gradient, around.as_ref(), oracle)?
                }
                Guess::Model(..) => match self.surrogate_at(&mut slots[last], oracle)? {
                    Some(gradient) => gradient,
                    None => self.rest.clone(),
                },
            };
            let (x, after) = self.step(step, &slots[last].point, &v, &gradient)?;
            slots.push(Slot::new(x));
            v = after;
        }
        Ok(())
    }
}
