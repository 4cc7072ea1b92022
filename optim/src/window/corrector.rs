//! How a window makes gradients at guessed points good for the points that it corrects, and what it expects
//! of steps at which no gradient was computed. Each window method is one of these; the loop knows none.

use super::secant::{Known, Memory};
use super::settings::{Predictor, Window, WindowMethod};
use super::slots::Slot;
use super::space::Space;
use crate::{Oracle, Potential, Result};
use std::sync::Arc;

/// A window method.
pub(super) trait Corrector<S: Space>: Send {
    /// Takes in the gradients at a window's points, before the points are corrected by them.
    fn learn(
        &mut self,
        _space: &S,
        _window: &[Slot<S::Vector>],
        _gradients: &[S::Vector],
        _oracle: &mut Oracle,
    ) -> Result<()> {
        Ok(())
    }

    /// By what a gradient is corrected.
    fn correction(&self) -> Correction<'_, S::Model> {
        Correction::Nothing
    }

    /// The gradient at a slot, from a gradient around it: g(p) + h(x) − h(p) + B(x − p). Asked where the
    /// correction is not nothing.
    fn corrected(
        &self,
        _space: &S,
        gradient: &S::Vector,
        _around: &Slot<S::Vector>,
        _at: &Slot<S::Vector>,
        _oracle: &mut Oracle,
    ) -> Result<S::Vector> {
        Ok(gradient.clone())
    }

    /// What is expected of the first steps of a flow.
    fn first_guess(&self) -> Guess<S::Vector> {
        Guess::Copies
    }

    /// What is expected of the steps after a window's last slot, from the newest gradients, the last one last.
    fn guess(
        &self,
        space: &S,
        last: &Slot<S::Vector>,
        gradients: &[S::Vector],
    ) -> Result<Guess<S::Vector>>;

    /// The gradient at a slot where nothing else is known than what a corrector brings along.
    fn alone(
        &self,
        _space: &S,
        _at: &Slot<S::Vector>,
        _oracle: &mut Oracle,
    ) -> Result<Option<S::Vector>> {
        Ok(None)
    }
}

/// What lies between a gradient at a guessed point and the one at the corrected point.
pub(super) enum Correction<'a, M> {
    /// The one is taken for the other.
    Nothing,
    /// A linear model.
    Model(&'a M),
    /// What has to be asked at each point.
    Asked,
}

/// What new slots hold.
pub(super) enum Guess<V> {
    /// The point before them, line 22.
    Copies,
    /// The recurrence continued with a gradient and what is added to it at every step.
    Gradient(V, Option<V>),
    /// The recurrence continued with the gradient at a slot, corrected.
    Around(Slot<V>, V),
    /// The recurrence continued with what the corrector knows alone.
    Alone,
}

/// The method that a window asks for.
pub(super) fn of<S: Space + 'static>(
    window: &Window,
    surrogate: Option<Arc<dyn Potential>>,
) -> Box<dyn Corrector<S>> {
    match window.method {
        // With one slot nothing is corrected, and nothing is asked of a guess.
        _ if window.width == 1 => Box::new(PicardCorrector(Predictor::Copy)),
        WindowMethod::Picard { predictor, .. } => Box::new(PicardCorrector(predictor)),
        WindowMethod::Secant {
            memory,
            predictor,
            damped,
        } => Box::new(SecantCorrector {
            predictor,
            surrogate,
            memory: Memory::<S>::new(memory).damped(damped),
        }),
    }
}

/// Picard iteration, eq. (14): a gradient at a guessed point is taken for the one at the corrected point.
struct PicardCorrector(Predictor);

impl<S: Space> Corrector<S> for PicardCorrector {
    fn guess(
        &self,
        space: &S,
        _last: &Slot<S::Vector>,
        gradients: &[S::Vector],
    ) -> Result<Guess<S::Vector>> {
        predicted(space, self.0, gradients)
    }
}

/// What a predictor makes of the newest gradients.
fn predicted<S: Space>(
    space: &S,
    predictor: Predictor,
    gradients: &[S::Vector],
) -> Result<Guess<S::Vector>> {
    Ok(match (predictor, gradients) {
        (Predictor::Copy, _) | (_, []) => Guess::Copies,
        (Predictor::LinearForce, [.., before, last]) => {
            Guess::Gradient(last.clone(), Some(space.minus(last, before)?))
        }
        (_, [.., last]) => Guess::Gradient(last.clone(), None),
    })
}

/// Gradients modelled around guessed points, from those computed before and a surrogate's: `WINDOWS.md`.
struct SecantCorrector<S: Space> {
    predictor: Option<Predictor>,
    surrogate: Option<Arc<dyn Potential>>,
    memory: Memory<S>,
}

impl<S: Space> SecantCorrector<S> {
    /// The surrogate's gradient at a slot, if there is a surrogate.
    fn surrogate_at(
        &self,
        space: &S,
        slot: &Slot<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<Option<S::Vector>> {
        let Some(surrogate) = &self.surrogate else {
            return Ok(None);
        };
        if let Some(known) = slot.surrogate.get() {
            return Ok(Some(known.clone()));
        }
        let gradient = oracle.surrogate(surrogate.as_ref(), &space.tensor(&slot.point)?)?;
        let gradient = space.vector(&gradient)?;
        Ok(Some(slot.surrogate.get_or_init(|| gradient).clone()))
    }
}

impl<S: Space> Corrector<S> for SecantCorrector<S> {
    fn learn(
        &mut self,
        space: &S,
        window: &[Slot<S::Vector>],
        gradients: &[S::Vector],
        oracle: &mut Oracle,
    ) -> Result<()> {
        let mut known: Vec<Known<S::Vector>> = Vec::with_capacity(window.len());
        for (slot, gradient) in window.iter().zip(gradients) {
            if known.iter().any(|k| S::same(&k.slot.point, &slot.point)) {
                continue;
            }
            self.surrogate_at(space, slot, oracle)?;
            known.push(Known {
                slot: slot.clone(),
                gradient: gradient.clone(),
            });
        }
        self.memory.learn(space, known)
    }

    fn correction(&self) -> Correction<'_, S::Model> {
        match (&self.surrogate, self.memory.model()) {
            (Some(_), _) => Correction::Asked,
            (None, Some(model)) => Correction::Model(model),
            (None, None) => Correction::Nothing,
        }
    }

    fn corrected(
        &self,
        space: &S,
        gradient: &S::Vector,
        around: &Slot<S::Vector>,
        at: &Slot<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<S::Vector> {
        if S::same(&at.point, &around.point) {
            return Ok(gradient.clone());
        }
        let mut corrected = gradient.clone();
        if let (Some(here), Some(there)) = (
            self.surrogate_at(space, at, oracle)?,
            around.surrogate.get(),
        ) {
            corrected = space.plus(gradient, &space.minus(&here, there)?)?;
        }
        let away = space.minus(&at.point, &around.point)?;
        self.memory.modelled(space, &corrected, &away)
    }

    fn first_guess(&self) -> Guess<S::Vector> {
        match (self.predictor, self.memory.newest()) {
            (None, Some(known)) => Guess::Around(known.slot.clone(), known.gradient.clone()),
            (None, None) if self.surrogate.is_some() => Guess::Alone,
            _ => Guess::Copies,
        }
    }

    fn guess(
        &self,
        space: &S,
        last: &Slot<S::Vector>,
        gradients: &[S::Vector],
    ) -> Result<Guess<S::Vector>> {
        match (self.predictor, gradients.last()) {
            (Some(predictor), _) => predicted(space, predictor, gradients),
            (None, Some(gradient)) => Ok(Guess::Around(last.clone(), gradient.clone())),
            (None, None) => Ok(Guess::Copies),
        }
    }

    fn alone(
        &self,
        space: &S,
        at: &Slot<S::Vector>,
        oracle: &mut Oracle,
    ) -> Result<Option<S::Vector>> {
        self.surrogate_at(space, at, oracle)
    }
}
