//! Steps of the recurrence as a window makes them, whether with gradients that were computed or guessed.

use super::corrector::Correction;
use super::sliding::Sliding;
use super::slots::{Particle, Slot, Trajectory};
use super::space::{Space, StepGradients, WindowSteps};
use crate::recurrence::Carried;
use crate::{Oracle, Result};

impl<S: Space> Sliding<S> {
    /// Line 12: steps of the recurrence from a state, which moves on, with gradients corrected around a
    /// slot for each step, or one for all; as they are, around none. One point after the other rather than
    /// by a sum for each, so that a point reached from another start of the window by the same gradients is
    /// the same to the last bit.
    pub(super) fn steps(
        &self,
        from: &mut Particle<S::Vector>,
        (first, count): (usize, usize),
        law: StepGradients<'_, S::Vector>,
        around: &[Slot<S::Vector>],
        oracle: &mut Oracle,
    ) -> Result<Trajectory<S::Vector>> {
        let correction = match around {
            [] => Correction::Nothing,
            _ => self.corrector.correction(),
        };
        if let Some(made) = self.together(from, (first, count), law, &correction, around)? {
            return Ok(made);
        }
        let mut made = Trajectory::default();
        let mut linear = None;
        for step in 0..count {
            let gradient = match law {
                StepGradients::Given(gradients) => &gradients[step],
                StepGradients::Constant(gradient) => gradient,
                StepGradients::Linear(gradient, slope) => {
                    let before = linear.as_ref().unwrap_or(gradient);
                    &*linear.insert(self.space.plus(before, slope)?)
                }
            };
            let gradient = match correction {
                Correction::Nothing => gradient.clone(),
                _ => {
                    let around = &around[step.min(around.len() - 1)];
                    self.corrector
                        .corrected(&self.space, gradient, around, &from.slot, oracle)?
                }
            };
            self.step(from, first + step, &gradient, &mut made)?;
        }
        Ok(made)
    }

    /// Several steps at once, where the space has something for that and nothing is asked at each.
    fn together(
        &self,
        from: &mut Particle<S::Vector>,
        (first, count): (usize, usize),
        gradients: StepGradients<'_, S::Vector>,
        correction: &Correction<'_, S::Model>,
        around: &[Slot<S::Vector>],
    ) -> Result<Option<Trajectory<S::Vector>>> {
        let around: Vec<S::Vector> = around.iter().map(|slot| slot.point.clone()).collect();
        let model = match correction {
            Correction::Asked => return Ok(None),
            Correction::Model(model) => Some((*model, &around[..])),
            Correction::Nothing => None,
        };
        let (Some(kinetic), Some(velocity), 1..) = (
            self.recurrence.flow_kinetic(),
            from.carried.velocity(),
            count,
        ) else {
            return Ok(None);
        };
        let walked = self.space.flow_steps(&WindowSteps {
            position: &from.slot.point,
            velocity,
            gradients,
            model,
            kinetic,
            pace: self.recurrence.pace(first, count),
        })?;
        let Some((points, velocities)) = walked else {
            return Ok(None);
        };
        let slots: Vec<_> = points.into_iter().map(Slot::new).collect();
        let carried: Vec<_> = velocities.into_iter().map(Carried::Velocity).collect();
        if let (Some(slot), Some(carried)) = (slots.last(), carried.last()) {
            *from = Particle {
                slot: slot.clone(),
                carried: carried.clone(),
            };
        }
        Ok(Some(Trajectory { slots, carried }))
    }

    /// One step of the recurrence.
    pub(super) fn step(
        &self,
        from: &mut Particle<S::Vector>,
        step: usize,
        gradient: &S::Vector,
        made: &mut Trajectory<S::Vector>,
    ) -> Result<()> {
        let at = (&from.slot.point, &from.carried);
        let (point, carried) = self
            .recurrence
            .next(&self.space, at, gradient, step, &self.rest)?;
        *from = Particle {
            slot: Slot::new(point),
            carried,
        };
        made.slots.push(from.slot.clone());
        made.carried.push(from.carried.clone());
        Ok(())
    }
}
