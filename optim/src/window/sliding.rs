//! The window as it slides along the steps of one flow, or of one flow after the other.

use super::flow::{FlowEnd, Slide, WindowedFlow};
use super::predict::Guess;
use super::secant::{Known, Memory};
use super::settings::{Velocity, Window, WindowMethod};
use super::space::{self, Space};
use crate::{Oracle, Potential, Recurrence, Result, Termination};
use candle_core::Tensor;
use std::collections::VecDeque;
use std::sync::Arc;

/// Steps are counted from the start of the first flow; at every multiple of S the velocity is
/// reset, which is one more operation that the window knows.
pub(super) struct Sliding<S: Space> {
    pub(super) space: S,
    pub(super) recurrence: Recurrence,
    pub(super) window: Window,
    pub(super) surrogate: Option<Arc<dyn Potential>>,
    /// The step after which nothing is wanted any more.
    pub(super) last: usize,
    /// The step at which the window starts.
    pub(super) done: usize,
    /// The points after steps `done`, `done` + 1, …
    pub(super) slots: VecDeque<Slot<S::Vector>>,
    /// Before the step from the first slot.
    pub(super) velocity: S::Vector,
    pub(super) rest: S::Vector,
    pub(super) memory: Memory<S>,
    /// Ends of flows that the window has passed and nobody has asked for yet.
    pub(super) ends: VecDeque<S::Vector>,
}

#[derive(Clone)]
pub(super) struct Slot<V> {
    pub(super) point: V,
    /// The surrogate's gradient there, once it was computed.
    pub(super) surrogate: Option<V>,
}

impl<V> Slot<V> {
    pub(super) fn new(point: V) -> Self {
        Self {
            point,
            surrogate: None,
        }
    }
}

/// What a round came to.
enum Moved {
    By(usize),
    Nowhere(Termination),
}

impl<S: Space> Sliding<S> {
    /// From `start` `[D]`, at rest. Nothing is computed for steps after the last of `flows` flows.
    pub(super) fn new(
        space: S,
        flow: WindowedFlow,
        start: &Tensor,
        surrogate: Option<Arc<dyn Potential>>,
        flows: Option<usize>,
    ) -> Result<Self> {
        let rest = space.vector(&start.zeros_like()?)?;
        let (recurrence, method) = (flow.recurrence, flow.window.method);
        let secant = matches!(method, WindowMethod::Secant { .. });
        Ok(Self {
            surrogate: surrogate.filter(|_| secant),
            last: flows.map_or(usize::MAX, |flows| flows.saturating_mul(recurrence.steps)),
            done: 0,
            slots: [Slot::new(space.vector(start)?)].into(),
            velocity: rest.clone(),
            rest,
            memory: Memory::new(method.memory()).damped(method.damped()),
            ends: VecDeque::new(),
            space,
            recurrence,
            window: flow.window,
        })
    }

    fn is_secant(&self) -> bool {
        matches!(self.window.method, WindowMethod::Secant { .. })
    }

    /// The step after which a window that starts at `done` may not reach.
    fn limit(&self) -> usize {
        let end = (self.done / self.recurrence.steps + 1).saturating_mul(self.recurrence.steps);
        match self.window.across_flows {
            // Who asks for more flows than he said gets them.
            true if self.done < self.last => self.last,
            _ => end,
        }
    }

    /// Computes the gradients at the window's points, corrects the points, and moves past those that
    /// hardly changed: lines 9 to 26. Answers by how many steps.
    fn round(&mut self, oracle: &mut Oracle) -> Result<Moved> {
        self.open(oracle)?;
        let limit = self.limit();
        let width = self.window.width.min(limit - self.done);
        let window: Vec<S::Vector> = self.points(0..width);
        let gradients = self.gradients(&window, oracle)?;
        if self.is_secant() && self.window.width > 1 {
            self.learn(&window, &gradients, oracle)?;
        }
        let (mut new, velocities) = self.sweep(&gradients, oracle)?;
        let points: Vec<S::Vector> = new[1..].iter().map(|slot| slot.point.clone()).collect();
        let changes = self.space.changes(&points, &self.points(1..width + 1))?;
        // Only the first new point is exact; those after it may be wild guesses yet.
        if !changes.first_size.is_finite() {
            let step = self.done % self.recurrence.steps + 1;
            return Ok(Moved::Nowhere(Termination::NotFinite { step }));
        }
        let stride = changes.stride(self.window.tolerance);
        for (w, point) in points.iter().take(stride).enumerate() {
            if self.recurrence.is_first(self.done + w + 1) {
                self.ends.push_back(point.clone());
            }
        }
        let wanted = stride.min(limit - self.done - width);
        let guess = self.guess(&gradients);
        let last = velocities[width - 1].clone();
        self.predict(wanted, (self.done + width, last), guess, &mut new, oracle)?;
        self.velocity = match self.window.velocity {
            Velocity::Carried => velocities[stride - 1].clone(),
            Velocity::AsPrinted => self.rest.clone(),
        };
        self.slots = new.into_iter().skip(stride).collect();
        self.done += stride;
        Ok(Moved::By(stride))
    }

    /// Fills the window at the start of a flow.
    fn open(&mut self, oracle: &mut Oracle) -> Result<()> {
        let width = self.window.width.min(self.limit() - self.done);
        let missing = (width + 1).saturating_sub(self.slots.len());
        if missing == 0 {
            return Ok(());
        }
        let known = self.memory.newest();
        let guess = match (self.window.method.predictor(), known) {
            (None, Some(known)) => Guess::Model(
                Some(Slot {
                    point: known.point.clone(),
                    surrogate: known.surrogate.clone(),
                }),
                Some(known.gradient.clone()),
            ),
            (None, None) if self.surrogate.is_some() => Guess::Model(None, None),
            _ => Guess::Copies,
        };
        let at = (self.done + self.slots.len() - 1, self.velocity.clone());
        let mut slots = self.slots.iter().cloned().collect();
        self.predict(missing, at, guess, &mut slots, oracle)?;
        self.slots = slots.into();
        Ok(())
    }

    fn points(&self, slots: std::ops::Range<usize>) -> Vec<S::Vector> {
        let slots = self.slots.range(slots);
        slots.map(|slot| slot.point.clone()).collect()
    }

    /// ∇f at the window's points, computed once where several are the same point.
    fn gradients(&self, window: &[S::Vector], oracle: &mut Oracle) -> Result<Vec<S::Vector>> {
        let mut distinct: Vec<S::Vector> = Vec::with_capacity(window.len());
        let mut which = Vec::with_capacity(window.len());
        for point in window {
            let known = distinct.iter().position(|other| S::same(other, point));
            which.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(point.clone());
            }
        }
        let stacked = self.space.stacked(&distinct)?;
        let gradients = oracle.stacked(&stacked, window.len())?;
        let gradients = self.space.rows(&gradients)?;
        Ok(which.into_iter().map(|i| gradients[i].clone()).collect())
    }

    /// Hands the memory what the window has found out.
    fn learn(
        &mut self,
        window: &[S::Vector],
        gradients: &[S::Vector],
        oracle: &mut Oracle,
    ) -> Result<()> {
        let mut known = Vec::with_capacity(window.len());
        for (w, (point, gradient)) in window.iter().zip(gradients).enumerate() {
            let mut slot = self.slots[w].clone();
            let surrogate = self.surrogate_at(&mut slot, oracle)?;
            self.slots[w] = slot;
            if !window[..w].iter().any(|other| S::same(other, point)) {
                known.push(Known {
                    point: point.clone(),
                    gradient: gradient.clone(),
                    surrogate,
                });
            }
        }
        self.memory.learn(&self.space, known)
    }

    /// Line 12: the points after the window's start, from the gradients at its points. One point
    /// after the other rather than by a sum for each, so that a point reached from another start
    /// of the window by the same gradients is the same to the last bit. Answers the slots from the
    /// first on, and the velocity after each step.
    #[allow(clippy::type_complexity)]
    fn sweep(
        &self,
        gradients: &[S::Vector],
        oracle: &mut Oracle,
    ) -> Result<(Vec<Slot<S::Vector>>, Vec<S::Vector>)> {
        let mut new = vec![self.slots[0].clone()];
        let around = match self.memory.model() {
            Some(_) => self.points(0..gradients.len()),
            None => Vec::new(),
        };
        let model = self.memory.model().map(|model| (model, &around[..]));
        let start = (&self.slots[0].point, &self.velocity);
        let at = (self.done, gradients.len());
        if let Some((points, velocities)) =
            self.walked(start, space::StepGradients::Given(gradients), model, at)?
        {
            new.extend(points.into_iter().map(Slot::new));
            return Ok((new, velocities));
        }
        let mut velocities: Vec<S::Vector> = Vec::with_capacity(gradients.len());
        for (w, gradient) in gradients.iter().enumerate() {
            let gradient = match self.is_secant() && w > 0 {
                true => self.modelled(&mut new[w], gradient, Some(&self.slots[w]), oracle)?,
                false => gradient.clone(),
            };
            let before = velocities.last().unwrap_or(&self.velocity);
            let (x, v) = self.step(self.done + w, &new[w].point, before, &gradient)?;
            new.push(Slot::new(x));
            velocities.push(v);
        }
        Ok((new, velocities))
    }

    /// Several steps of the recurrence at once, from a position and a velocity, at a step and so
    /// many after it; `None` where the space has nothing for that, or a surrogate is asked at each.
    pub(super) fn walked(
        &self,
        (position, velocity): (&S::Vector, &S::Vector),
        gradients: space::StepGradients<'_, S::Vector>,
        model: Option<(&S::Model, &[S::Vector])>,
        (step, count): (usize, usize),
    ) -> Result<Option<space::Walked<S::Vector>>> {
        if self.surrogate.is_some() || count == 0 {
            return Ok(None);
        }
        self.space.recurrence(&space::WindowSteps {
            position,
            velocity,
            gradients,
            model,
            kinetic: self.recurrence.kinetic,
            pace: self.recurrence.pace(step, count),
        })
    }

    /// One step of the recurrence.
    pub(super) fn step(
        &self,
        step: usize,
        x: &S::Vector,
        v: &S::Vector,
        gradient: &S::Vector,
    ) -> Result<(S::Vector, S::Vector)> {
        let recurrence = &self.recurrence;
        let v = match recurrence.is_first(step) {
            true => &self.rest,
            false => v,
        };
        let v = self.space.kicked(v, gradient, recurrence.kick(step))?;
        let (kinetic, size) = (recurrence.kinetic, recurrence.step_size);
        let x = self.space.drifted(x, &v, kinetic, size)?;
        Ok((x, v))
    }

    /// The gradient at a slot, modelled around a point where it is `gradient`:
    /// g(p) + h(x) − h(p) + B(x − p).
    pub(super) fn modelled(
        &self,
        at: &mut Slot<S::Vector>,
        gradient: &S::Vector,
        around: Option<&Slot<S::Vector>>,
        oracle: &mut Oracle,
    ) -> Result<S::Vector> {
        let mut modelled = gradient.clone();
        let Some(around) = around else {
            return Ok(modelled);
        };
        if S::same(&at.point, &around.point) {
            return Ok(modelled);
        }
        if let (Some(here), Some(there)) = (self.surrogate_at(at, oracle)?, &around.surrogate) {
            let change = self.space.minus(&here, there)?;
            modelled = self.space.plus(&modelled, &change)?;
        }
        let away = self.space.minus(&at.point, &around.point)?;
        self.memory.modelled(&self.space, &modelled, &away)
    }

    /// The surrogate's gradient at a slot, if there is a surrogate.
    pub(super) fn surrogate_at(
        &self,
        slot: &mut Slot<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<Option<S::Vector>> {
        let Some(surrogate) = &self.surrogate else {
            return Ok(None);
        };
        if slot.surrogate.is_none() {
            let point = self.space.tensor(&slot.point)?;
            let gradient = oracle.surrogate(surrogate.as_ref(), &point)?;
            slot.surrogate = Some(self.space.vector(&gradient)?);
        }
        Ok(slot.surrogate.clone())
    }
}

impl<S: Space> Slide for Sliding<S> {
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
                        position: self.space.tensor(&self.slots[0].point)?,
                        strides,
                        termination: Some(termination),
                    });
                }
            }
        }
    }
}
