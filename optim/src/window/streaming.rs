//! The window with as little memory as it needs.
//!
//! Kept from round to round are the start of the window, the velocity there, and one velocity for
//! each step of the window: points are summed up from them when their gradients are computed, a few
//! at a time, and forgotten again. While the gradients come in, the same steps are made anew with
//! them; a step's new velocity takes the place of the old one. Of the points made, only the
//! furthest before which all had converged is remembered: the next start.
//!
//! Sums are made in the same order as where points are kept, so the points are the same to the
//! last bit. Where velocities are kept in bf16 ([`Storage::Bf16`](super::Storage::Bf16)), guessed points are off by a
//! 256th of a step or less; the start, its velocity and all new sums are in full precision.

use super::flow::{FlowEnd, Slide, WindowedFlow};
use super::front::Streamed;
use super::settings::{Predictor, Velocity, Window};
use crate::{Oracle, Recurrence, Result, Termination};
use candle_core::Tensor;
use std::collections::VecDeque;
use std::ops::Range;

/// A window of which no points are kept.
pub(super) struct Streaming<S: Streamed> {
    space: S,
    recurrence: Recurrence,
    window: Window,
    /// The step within the flow at which the window starts.
    done: usize,
    position: S::Vector,
    velocity: S::Vector,
    rest: S::Vector,
    /// With which velocity each step of the window leads on; `None` for one that does not move,
    /// so that the point after it is the one before.
    steps: VecDeque<Option<S::Kept>>,
}

/// A point of the window as it was guessed before.
struct GuessedPoint<V> {
    position: V,
    /// Whether it is the one before it.
    copy: bool,
}

/// The window's recurrence, on its way through new gradients.
struct Walk<V> {
    position: V,
    velocity: V,
    /// The newest gradient, and the one before.
    gradients: [Option<V>; 2],
}

impl<S: Streamed> Streaming<S> {
    /// From `start` `[D]`, at rest.
    pub(super) fn new(space: S, flow: WindowedFlow, start: &Tensor) -> Result<Self> {
        let rest = space.vector(&start.zeros_like()?)?;
        Ok(Self {
            done: 0,
            position: space.vector(start)?,
            velocity: rest.clone(),
            rest,
            steps: VecDeque::new(),
            space,
            recurrence: flow.recurrence,
            window: flow.window,
        })
    }

    /// One step of the recurrence: the new point and velocity.
    fn step(
        &self,
        step: usize,
        position: &S::Vector,
        velocity: &S::Vector,
        gradient: &S::Vector,
    ) -> Result<(S::Vector, S::Vector)> {
        let velocity = self.kicked(step, velocity, gradient)?;
        let position = self.moved(position, &velocity)?;
        Ok((position, velocity))
    }

    fn kicked(&self, step: usize, velocity: &S::Vector, gradient: &S::Vector) -> Result<S::Vector> {
        let velocity = if step == 0 { &self.rest } else { velocity };
        let time = self.recurrence.kick(step);
        self.space.kicked(velocity, gradient, time)
    }

    fn moved(&self, position: &S::Vector, velocity: &S::Vector) -> Result<S::Vector> {
        let (kinetic, size) = (self.recurrence.kinetic, self.recurrence.step_size);
        self.space.drifted(position, velocity, kinetic, size)
    }

    /// Where a step of the window leads from a guessed point.
    fn after(&self, step: usize, position: &S::Vector) -> Result<S::Vector> {
        match &self.steps[step] {
            Some(kept) => self.moved(position, &self.space.restored(kept, &self.rest)?),
            None => Ok(position.clone()),
        }
    }

    /// ∇f `[U, D]` at the points from `guess` on that are not the point before them, one for each
    /// of some steps; `None` if all are.
    fn gradients(
        &self,
        guess: &GuessedPoint<S::Vector>,
        steps: Range<usize>,
        oracle: &mut Oracle,
    ) -> Result<Option<Tensor>> {
        let copies = self.steps.range(steps.start..steps.end - 1);
        let moving = copies.filter(|step| step.is_some()).count();
        let own = moving + usize::from(!guess.copy);
        if own == 0 {
            oracle.again(steps.len());
            return Ok(None);
        }
        let mut batch = self.space.batch(own, &self.rest)?;
        let mut position = guess.position.clone();
        if !guess.copy {
            self.space.put(&mut batch, &position)?;
        }
        for step in steps.start..steps.end - 1 {
            if self.steps[step].is_some() {
                position = self.after(step, &position)?;
                self.space.put(&mut batch, &position)?;
            }
        }
        let batch = self.space.filled(batch)?;
        oracle.stacked(&batch, steps.len()).map(Some)
    }

    /// Lines 9 to 26. Answers by how many steps the window moved, or why it cannot.
    fn round(&mut self, oracle: &mut Oracle) -> Result<std::result::Result<usize, Termination>> {
        let storage = self.window.method.storage();
        let left = self.recurrence.steps - self.done;
        let width = self.window.width.min(left);
        self.steps.resize(width.max(self.steps.len()), None);
        let mut front = self.space.front(&self.position, &self.velocity)?;
        let mut walk = Walk {
            position: self.position.clone(),
            velocity: self.velocity.clone(),
            gradients: [None, None],
        };
        let mut guess = GuessedPoint {
            position: self.position.clone(),
            copy: false,
        };
        let mut first = 0;
        while first < width {
            let count = storage.at_once().unwrap_or(width).min(width - first);
            let gradients = self.gradients(&guess, first..first + count, oracle)?;
            let mut own = 0;
            for step in first..first + count {
                let gradient = match (&walk.gradients[0], &gradients) {
                    (Some(last), _) if guess.copy => last.clone(),
                    (_, Some(gradients)) => {
                        own += 1;
                        self.space.row(gradients, own - 1)?
                    }
                    // Nothing is computed only where a gradient is known.
                    _ => self.rest.clone(),
                };
                let before = self.after(step, &guess.position)?;
                let (x, v) =
                    self.step(self.done + step, &walk.position, &walk.velocity, &gradient)?;
                self.space
                    .reach(&mut front, &x, &v, &before, self.window.tolerance)?;
                guess = GuessedPoint {
                    position: before,
                    copy: self.steps[step].is_none(),
                };
                self.steps[step] = Some(self.space.kept(&v, storage)?);
                let [newest, _] = walk.gradients;
                walk = Walk {
                    position: x,
                    velocity: v,
                    gradients: [Some(gradient), newest],
                };
            }
            first += count;
        }
        let reached = self.space.reached(front)?;
        if !reached.first_size.is_finite() {
            let step = self.done + 1;
            return Ok(Err(Termination::NotFinite { step }));
        }
        let wanted = reached.stride.min(left - width);
        self.steps.drain(..reached.stride);
        self.predict(wanted, self.done + width, walk)?;
        self.position = reached.position;
        self.velocity = match self.window.velocity {
            Velocity::Carried => reached.velocity,
            Velocity::AsPrinted => self.rest.clone(),
        };
        self.done += reached.stride;
        Ok(Ok(reached.stride))
    }

    /// Line 22, or the recurrence continued with guessed gradients, for the steps from `first` on.
    fn predict(&mut self, count: usize, first: usize, walk: Walk<S::Vector>) -> Result<()> {
        let storage = self.window.method.storage();
        let Walk {
            mut velocity,
            gradients,
            ..
        } = walk;
        let (mut gradient, slope) = match (self.window.method.predictor(), gradients) {
            (Some(Predictor::FrozenForce), [gradient, _]) => (gradient, None),
            (Some(Predictor::LinearForce), [Some(gradient), Some(before)]) => {
                let slope = self.space.minus(&gradient, &before)?;
                (Some(gradient), Some(slope))
            }
            (Some(Predictor::LinearForce), [gradient, None]) => (gradient, None),
            _ => (None, None),
        };
        for step in first..first + count {
            let Some(guess) = &mut gradient else {
                self.steps.push_back(None);
                continue;
            };
            if let Some(slope) = &slope {
                *guess = self.space.plus(guess, slope)?;
            }
            velocity = self.kicked(step, &velocity, guess)?;
            let kept = self.space.kept(&velocity, storage)?;
            self.steps.push_back(Some(kept));
        }
        Ok(())
    }
}

impl<S: Streamed> Slide for Streaming<S> {
    fn flow(&mut self, oracle: &mut Oracle) -> Result<FlowEnd> {
        let mut strides = Vec::new();
        let mut termination = None;
        while self.done < self.recurrence.steps && termination.is_none() {
            match self.round(oracle)? {
                Ok(stride) => strides.push(stride),
                Err(reason) => termination = Some(reason),
            }
        }
        self.done = 0;
        self.velocity = self.rest.clone();
        self.steps.clear();
        Ok(FlowEnd {
            position: self.space.tensor(&self.position)?,
            strides,
            termination,
        })
    }
}
