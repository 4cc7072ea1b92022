//! The window as it slides along the steps of one flow, or of one flow after the other.
//!
//! The loop is written once: how gradients are corrected is a [`Corrector`]'s, what is kept of the window
//! [`Slots`]', and the arithmetic a [`Space`]'s.

use super::corrector::{self, Corrector, Guess};
use super::flow::{FlowEnd, Slide, WindowPlace, WindowedRecurrence};
use super::settings::{RelativeTo, Velocity, Window};
use super::slots::{Particle, Slot, Slots, Trajectory};
use super::space::{Space, StepGradients};
use crate::recurrence::Carried;
use crate::{Oracle, Potential, Recurrence, Result, Termination};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Steps are counted from the start of the first flow; at every multiple of S the velocity of a flow is
/// reset, which is one more operation that the window knows.
pub(super) struct Sliding<S: Space> {
    pub(super) space: S,
    pub(super) recurrence: Recurrence,
    window: Window,
    pub(super) corrector: Box<dyn Corrector<S>>,
    /// The step after which nothing is wanted any more.
    last: usize,
    /// The step at which the window starts.
    done: usize,
    start: Particle<S::Vector>,
    /// What is guessed of the points after the start.
    slots: Slots<S>,
    pub(super) rest: S::Vector,
    /// End points already computed but not yet returned.
    ends: VecDeque<S::Vector>,
}

/// How far a round has got: the furthest state before which every point had converged.
struct Reached<V> {
    state: Particle<V>,
    stride: usize,
    converged: bool,
}

/// A round on its way through the window.
struct Round<V> {
    /// What the new gradients have led to.
    new: Particle<V>,
    reached: Reached<V>,
    /// The point guessed where the new one is.
    guess: Slot<V>,
    /// The last slot at which a gradient was computed.
    known: Option<Slot<V>>,
    /// The last two gradients, the newest last.
    gradients: Vec<V>,
}

impl<V: Clone> Round<V> {
    fn of(start: &Particle<V>) -> Self {
        Self {
            new: start.clone(),
            reached: Reached {
                state: start.clone(),
                stride: 0,
                converged: true,
            },
            guess: start.slot.clone(),
            known: None,
            gradients: Vec::new(),
        }
    }
}

/// What a round came to.
enum Moved {
    By(usize),
    Nowhere(Termination),
}

impl<S: Space + 'static> Sliding<S> {
    /// From a place. Nothing is computed for steps after the last of `flows` iterations.
    pub(super) fn new(
        space: S,
        flow: WindowedRecurrence,
        from: &WindowPlace,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Self> {
        let (recurrence, window) = (flow.recurrence, flow.window);
        let ends = from.ends.iter().map(|end| space.vector(end));
        Ok(Self {
            corrector: corrector::of(&window, surrogate),
            last: flows.map_or(usize::MAX, |flows| {
                flows.saturating_mul(recurrence.iteration)
            }),
            done: from.done,
            start: Particle {
                slot: Slot::new(space.vector(&from.point)?),
                carried: from.carried.map(|tensor| space.vector(tensor))?,
            },
            slots: Slots::new(window.method.storage()),
            rest: space.vector(&from.point.zeros_like()?)?,
            ends: ends.collect::<Result<_>>()?,
            space,
            recurrence,
            window,
        })
    }
}

impl<S: Space> Sliding<S> {
    /// The step after which a window that starts at `done` may not reach.
    fn limit(&self) -> usize {
        let length = self.recurrence.iteration;
        let end = (self.done / length + 1).saturating_mul(length);
        match self.window.across_flows {
            // Asking for more flows than announced is allowed.
            true if self.done < self.last => self.last,
            _ => end,
        }
    }

    /// Computes the gradients at the window's points, corrects the points, and moves past those that
    /// hardly changed: lines 9 to 26.
    fn round(&mut self, oracle: &mut Oracle) -> Result<Moved> {
        let limit = self.limit();
        let width = self.window.width.min(limit - self.done);
        if self.slots.len() < width {
            let guess = self.corrector.first_guess();
            self.predict(self.start.clone(), 0..width, guess, oracle)?;
        }
        let mut round = Round::of(&self.start);
        let at_once = self.at_once(width);
        for first in (0..width).step_by(at_once) {
            let slots = first..width.min(first + at_once);
            self.correct(&mut round, slots, oracle)?;
            // Only the first new point is exact; those after it may be wild guesses yet.
            if round.reached.stride == 0 {
                let step = self.done % self.recurrence.iteration + 1;
                return Ok(Moved::Nowhere(Termination::NotFinite { step }));
            }
        }
        let Reached { state, stride, .. } = round.reached;
        let wanted = stride.min(limit - self.done - width);
        self.start = state;
        if self.window.velocity == Velocity::AsPrinted {
            self.start.carried = Carried::Velocity(self.rest.clone());
        }
        self.slots.pass(stride);
        self.done += stride;
        let last = round.known.as_ref().unwrap_or(&round.guess);
        let guess = self.corrector.guess(&self.space, last, &round.gradients)?;
        let kept = width - stride;
        self.predict(round.new, kept..kept + wanted, guess, oracle)?;
        Ok(Moved::By(stride))
    }

    /// Computes the gradients before some slots of the window, and makes the slots anew with them.
    fn correct(
        &mut self,
        round: &mut Round<S::Vector>,
        slots: Range<usize>,
        oracle: &mut Oracle,
    ) -> Result<()> {
        let (first, count) = (slots.start, slots.len());
        let old = self
            .slots
            .range(&self.space, &self.recurrence, &round.guess, slots)?;
        let mut window = vec![round.guess.clone()];
        window.extend(old);
        self.lay_together(round, &mut window)?;
        let old = window[1..].to_vec();
        round.guess = window.remove(count);
        let gradients = match oracle.varies() {
            true => self.of_steps(self.done + first, &window, oracle)?,
            false => self.gradients(round, &window, oracle)?,
        };
        self.corrector
            .learn(&self.space, &window, &gradients, oracle)?;
        let (at, law) = ((self.done + first, count), StepGradients::Given(&gradients));
        let made = self.steps(&mut round.new, at, law, &window, oracle)?;
        if round.reached.converged {
            self.reach(&mut round.reached, &made, &old)?;
        }
        self.slots.put(&self.space, first, &made)?;
        round.known = window.pop();
        let newest = gradients.len().saturating_sub(2);
        round.gradients.extend_from_slice(&gradients[newest..]);
        round
            .gradients
            .drain(..round.gradients.len().saturating_sub(2));
        Ok(())
    }

    /// Moves the points of a window that are read together into one place, and what else is one of them.
    fn lay_together(
        &self,
        round: &mut Round<S::Vector>,
        window: &mut [Slot<S::Vector>],
    ) -> Result<()> {
        let before: Vec<S::Vector> = window.iter().map(|slot| slot.point.clone()).collect();
        let Some(after) = self.space.together(&before.iter().collect::<Vec<_>>())? else {
            return Ok(());
        };
        let others = round.known.iter_mut().chain([&mut round.new.slot]);
        for slot in window.iter_mut().chain(others) {
            if let Some(place) = before.iter().position(|point| S::same(point, &slot.point)) {
                slot.point = after[place].clone();
            }
        }
        Ok(())
    }

    /// How many of so many points may exist at a time.
    fn at_once(&self, count: usize) -> usize {
        let at_once = self.window.method.storage().at_once();
        at_once.unwrap_or(count).clamp(1, count.max(1))
    }

    /// ∇f at the window's points, computed once where several are the same point.
    fn gradients(
        &self,
        round: &Round<S::Vector>,
        window: &[Slot<S::Vector>],
        oracle: &mut Oracle,
    ) -> Result<Vec<S::Vector>> {
        let mut distinct: Vec<&S::Vector> = round.known.iter().map(|slot| &slot.point).collect();
        let mut gradients: Vec<S::Vector> = round.gradients.last().into_iter().cloned().collect();
        let before = distinct.len();
        let mut which = Vec::with_capacity(window.len());
        for Slot { point, .. } in window {
            let known = distinct.iter().position(|other| S::same(other, point));
            which.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(point);
            }
        }
        match &distinct[before..] {
            [] => oracle.again(window.len()),
            new => {
                let new: Vec<S::Vector> = new.iter().map(|&point| point.clone()).collect();
                let computed = oracle.stacked(&self.space.stacked(&new)?, window.len())?;
                gradients.extend(self.space.rows(&computed)?);
            }
        }
        Ok(which.into_iter().map(|i| gradients[i].clone()).collect())
    }

    /// The gradient of each step at its point, from a step on: two steps at the same point have two.
    fn of_steps(
        &self,
        first: usize,
        window: &[Slot<S::Vector>],
        oracle: &mut Oracle,
    ) -> Result<Vec<S::Vector>> {
        let points: Vec<S::Vector> = window.iter().map(|slot| slot.point.clone()).collect();
        let computed = oracle.stacked_from(&self.space.stacked(&points)?, first)?;
        self.space.rows(&computed)
    }

    /// Line 19: goes on to the first new point that differs from the one guessed before.
    fn reach(
        &mut self,
        reached: &mut Reached<S::Vector>,
        made: &Trajectory<S::Vector>,
        old: &[Slot<S::Vector>],
    ) -> Result<()> {
        let points = |slots: &[Slot<S::Vector>]| -> Vec<S::Vector> {
            slots.iter().map(|slot| slot.point.clone()).collect()
        };
        let new = points(&made.slots);
        let old = points(old);
        let mut changes = self.space.changes(&new, &old)?;
        if self.window.relative_to == RelativeTo::Progress {
            let start = vec![self.start.slot.point.clone(); old.len()];
            let moved = self.space.changes(&old, &start)?.changes;
            // What has not moved and does not change has converged.
            changes.scales = moved.iter().map(|m| m.max(f64::MIN_POSITIVE)).collect();
        }
        if reached.stride == 0 && !changes.first_size.is_finite() {
            return Ok(());
        }
        let stride = changes.stride(self.window.tolerance);
        let reached_by = new.iter().zip(&made.carried).take(stride);
        for (step, (point, carried)) in (self.done + reached.stride + 1..).zip(reached_by) {
            if self.recurrence.is_end(step) {
                self.ends.push_back(carried.position(point).clone());
            }
        }
        reached.stride += stride;
        reached.converged = changes.converged(self.window.tolerance);
        reached.state = Particle {
            slot: made.slots[stride - 1].clone(),
            carried: made.carried[stride - 1].clone(),
        };
        Ok(())
    }

    /// Line 22, or the recurrence continued from a state with guessed gradients: fills slots.
    fn predict(
        &mut self,
        mut from: Particle<S::Vector>,
        slots: Range<usize>,
        mut guess: Guess<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<()> {
        let at_once = self.at_once(slots.len());
        for first in slots.clone().step_by(at_once) {
            let at = (self.done + first, at_once.min(slots.end - first));
            let made = self.expected(&mut from, at, &guess, oracle)?;
            self.slots.put(&self.space, first, &made)?;
            if let Guess::Gradient(gradient, Some(slope)) = &mut guess
                && first + at.1 < slots.end
            {
                for _ in 0..at.1 {
                    *gradient = self.space.plus(gradient, slope)?;
                }
            }
        }
        Ok(())
    }

    /// So many steps from a step on, as they are guessed.
    fn expected(
        &self,
        from: &mut Particle<S::Vector>,
        at: (usize, usize),
        guess: &Guess<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<Trajectory<S::Vector>> {
        match guess {
            Guess::Copies => Ok(Trajectory {
                slots: vec![from.slot.clone(); at.1],
                carried: Vec::new(),
            }),
            Guess::Gradient(gradient, None) => {
                self.steps(from, at, StepGradients::Constant(gradient), &[], oracle)
            }
            Guess::Gradient(gradient, Some(slope)) => {
                let law = StepGradients::Linear(gradient, slope);
                self.steps(from, at, law, &[], oracle)
            }
            Guess::Around(slot, gradient) => {
                let around = std::slice::from_ref(slot);
                self.steps(from, at, StepGradients::Constant(gradient), around, oracle)
            }
            Guess::Alone => {
                let mut made = Trajectory::default();
                for step in at.0..at.0 + at.1 {
                    let gradient = self.corrector.alone(&self.space, &from.slot, oracle)?;
                    let gradient = gradient.as_ref().unwrap_or(&self.rest);
                    self.step(from, step, gradient, &mut made)?;
                }
                Ok(made)
            }
        }
    }
}

impl<S: Space> Slide for Sliding<S> {
    fn place(&self) -> Result<WindowPlace> {
        let tensor = |vector: &S::Vector| self.space.tensor(vector);
        Ok(WindowPlace {
            point: tensor(&self.start.slot.point)?,
            carried: self.start.carried.map(tensor)?,
            done: self.done,
            ends: self.ends.iter().map(tensor).collect::<Result<_>>()?,
        })
    }

    fn flow(&mut self, oracle: &mut Oracle) -> Result<FlowEnd> {
        let mut strides = Vec::new();
        loop {
            if let Some(end) = self.ends.pop_front() {
                return Ok(FlowEnd {
                    position: self.space.tensor(&end)?,
                    strides,
                    termination: None,
                });
            }
            match self.round(oracle)? {
                Moved::By(stride) => strides.push(stride),
                Moved::Nowhere(termination) => {
                    return Ok(FlowEnd {
                        position: self
                            .space
                            .tensor(self.start.carried.position(&self.start.slot.point))?,
                        strides,
                        termination: Some(termination),
                    });
                }
            }
        }
    }
}
