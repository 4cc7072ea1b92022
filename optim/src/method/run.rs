//! The loop that runs a method until something ends it.

use crate::{Counts, Error, Method, Progress, Result, Termination};
use candle_core::Tensor;
use std::convert::Infallible;
use std::ops::ControlFlow;

/// Runs a [`Method`], one outer iteration after the other, until a [`Bound`] is met, the method stops of
/// itself, or an observer ends it.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Bound, HeavyBall, Kinetic, Quadratic, Run, RunEnd};
/// use std::ops::ControlFlow;
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu)?);
/// let start = Tensor::new(&[1f64], &Device::Cpu)?;
/// let descent = HeavyBall::new(f, Kinetic::HalfL2Squared, 0.25, 0.0, start)?;
///
/// let mut run = Run::new(descent).until(Bound::Gradients(300));
/// let end = run.observe(|seen| -> optim::Result<_> {
///     let x = seen.position().to_vec1::<f64>()?[0];
///     Ok(if x < 0.01 { ControlFlow::Break("small") } else { ControlFlow::Continue(()) })
/// })?;
/// assert_eq!(end, RunEnd::Observer("small"));
/// assert_eq!(run.iterations(), 7); // 2^-7 < 0.01
/// # Ok(())
/// # }
/// ```
pub struct Run<M> {
    method: M,
    bounds: Vec<Bound>,
    iterations: u64,
    /// Of the method before the run.
    before: Counts,
}

/// Bounds how long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many outer iterations.
    Iterations(u64),
    /// At most so many distinct gradients ([`Counts::distinct`]), except that an iteration that has
    /// begun is finished.
    Gradients(u64),
    /// At most so many rounds ([`Counts::rounds`]), except that an iteration that has begun is
    /// finished.
    Rounds(u64),
}

/// Says why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd<B = Infallible> {
    /// A bound was met.
    Bound(Bound),
    /// The method stopped of itself.
    Method(Termination),
    /// The observer ended it.
    Observer(B),
}

/// Shows an observer the state after an outer iteration.
pub struct Seen<'a, M> {
    /// The method.
    pub method: &'a M,
    /// Outer iterations of the run so far.
    pub iterations: u64,
    /// What the run has computed so far.
    pub counts: Counts,
    /// What this iteration did.
    pub progress: &'a Progress,
}

impl<M: Method> Seen<'_, M> {
    /// Returns where the method is, `[D]`.
    #[must_use]
    pub fn position(&self) -> &Tensor {
        self.method.position()
    }

    /// Says whether the method stops of itself after this iteration. It is `false` at the last
    /// iteration before a [`Bound`].
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.progress.termination.is_some()
    }
}

impl<M: Method> Run<M> {
    /// Makes a run of a method from where it is, without a bound.
    pub fn new(method: M) -> Self {
        Self {
            before: method.counts(),
            method,
            bounds: Vec::new(),
            iterations: 0,
        }
    }

    /// Ends the run at a bound too; the first that is met ends it.
    #[must_use]
    pub fn until(mut self, bound: Bound) -> Self {
        self.bounds.push(bound);
        self
    }

    /// Runs until a bound is met or the method stops of itself.
    ///
    /// Without a bound most methods never stop, not even when the position is no longer finite: give
    /// one, or use [`observe`](Self::observe). Only [`WindowedDescent`](crate::WindowedDescent) (at
    /// points that are not finite), [`ConjugateGradients`](crate::ConjugateGradients) (at the minimum) and
    /// [`TruncatedNewton`](crate::TruncatedNewton) (where no step that it finds goes down) stop of themselves.
    ///
    /// # Errors
    /// If the method fails.
    pub fn go(&mut self) -> Result<RunEnd> {
        self.observe(|_| Ok::<_, Error>(ControlFlow::Continue(())))
    }

    /// Runs as [`go`](Self::go) does, and shows an observer each iteration, the last one too; the observer
    /// may end the run. Called again, it goes on.
    ///
    /// # Errors
    /// If the method or the observer fails.
    pub fn observe<B, E: From<Error>>(
        &mut self,
        mut observer: impl FnMut(&Seen<'_, M>) -> std::result::Result<ControlFlow<B>, E>,
    ) -> std::result::Result<RunEnd<B>, E> {
        loop {
            if let Some(bound) = self.bounds.iter().find(|bound| self.meets(**bound)) {
                return Ok(RunEnd::Bound(*bound));
            }
            let progress = self.method.advance()?;
            self.iterations += 1;
            let seen = Seen {
                method: &self.method,
                iterations: self.iterations,
                counts: self.counts(),
                progress: &progress,
            };
            if let ControlFlow::Break(reason) = observer(&seen)? {
                return Ok(RunEnd::Observer(reason));
            }
            if let Some(termination) = progress.termination {
                return Ok(RunEnd::Method(termination));
            }
        }
    }

    fn meets(&self, bound: Bound) -> bool {
        let counts = self.counts();
        match bound {
            Bound::Iterations(most) => self.iterations >= most,
            Bound::Gradients(most) => counts.distinct >= most,
            Bound::Rounds(most) => counts.rounds >= most,
        }
    }

    /// Returns what the run has computed so far.
    pub fn counts(&self) -> Counts {
        self.method.counts() - self.before
    }

    /// Returns the number of outer iterations so far.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Returns where the method is, `[D]`.
    pub fn position(&self) -> &Tensor {
        self.method.position()
    }

    /// Returns the method.
    pub fn method(&self) -> &M {
        &self.method
    }

    /// Returns the method, to be used further.
    pub fn into_method(self) -> M {
        self.method
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConjugateGradients, HeavyBall, Kinetic, Oracle, Quadratic, Sequential};
    use candle_core::Device;
    use std::sync::Arc;

    fn counted(eigenvalues: &[f64]) -> Oracle {
        let f = Quadratic::diagonal(eigenvalues, &Device::Cpu).unwrap();
        Oracle::new(Sequential::new(Arc::new(f)))
    }

    fn descent(step_size: f64) -> HeavyBall {
        let start = Tensor::new(&[1f64, 1.0], &Device::Cpu).unwrap();
        let direction = Kinetic::HalfL2Squared;
        HeavyBall::new(counted(&[1.0, 2.0]), direction, step_size, 0.0, start).unwrap()
    }

    #[test]
    fn the_first_bound_that_is_met_ends_a_run_which_may_go_on() {
        let mut run = Run::new(descent(0.1))
            .until(Bound::Gradients(50))
            .until(Bound::Iterations(7));
        assert_eq!(run.go().unwrap(), RunEnd::Bound(Bound::Iterations(7)));
        assert_eq!((run.iterations(), run.counts().distinct), (7, 7));
        // What was computed before a run is not the run's.
        let mut further = Run::new(run.into_method()).until(Bound::Rounds(3));
        assert_eq!(further.go().unwrap(), RunEnd::Bound(Bound::Rounds(3)));
        assert_eq!(further.method().counts().distinct, 10);
    }

    #[test]
    fn a_run_without_room_for_an_iteration_makes_none() {
        let mut run = Run::new(descent(0.1)).until(Bound::Gradients(0));
        assert_eq!(run.go().unwrap(), RunEnd::Bound(Bound::Gradients(0)));
        assert_eq!(run.iterations(), 0);
    }

    #[test]
    fn a_method_that_computes_no_more_ends_its_run() {
        let start = Tensor::new(&[1f64, 1.0], &Device::Cpu).unwrap();
        let mut run = Run::new(ConjugateGradients::new(counted(&[1.0, 2.0]), start))
            .until(Bound::Iterations(100));
        let mut last = 0;
        let end = run.observe(|seen| {
            last += u64::from(seen.is_last());
            Ok::<_, Error>(ControlFlow::<()>::Continue(()))
        });
        assert_eq!(end.unwrap(), RunEnd::Method(Termination::Stationary));
        assert_eq!(last, 1);
    }

    #[test]
    fn an_observers_failure_is_the_runs() {
        let refuse = |_: &Seen<'_, HeavyBall>| -> Result<ControlFlow<()>> {
            Err(Error::setting("nothing", 0, "anything"))
        };
        assert!(Run::new(descent(0.1)).observe(refuse).is_err());
    }
}
