//! Several methods on one device, one product for the points of all of them.

use super::{Evaluator, together};
use crate::{Error, Potential, Result};
use candle_core::Tensor;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Computes the gradients of several methods at once, each in a thread of its own: when every
/// method that is still there has asked, all points are stacked into one product through
/// [`Potential::gradients`], so the data is read once for all of them. For comparing many methods
/// or step sizes on one device; the time of a method by itself cannot be told from it.
///
/// Every method has a [`Seat`]. A seat that is dropped is waited for no more. On a GPU each thread begins
/// with [`gpu::enter`].
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{Evaluator, Quadratic, evaluator::lockstep};
/// use std::sync::Arc;
/// # fn main() -> optim::Result<()> {
/// let f = Arc::new(Quadratic::diagonal(&[2.0], &Device::Cpu)?);
/// let point = |x: f64| Tensor::new(&[x], &Device::Cpu);
/// let mut seats = lockstep(f, 2).into_iter();
/// let (Some(first), Some(second)) = (seats.next(), seats.next()) else { unreachable!() };
/// std::thread::scope(|threads| -> optim::Result<()> {
///     let other = threads.spawn(move || second.gradients(&[point(5.0)?]));
///     assert_eq!(first.gradients(&[point(3.0)?])?[0].to_vec1::<f64>()?, [6.0]);
///     assert_eq!(other.join().unwrap()?[0].to_vec1::<f64>()?, [10.0]);
///     Ok(())
/// })
/// # }
/// ```
#[must_use]
pub fn lockstep(potential: Arc<dyn Potential>, seats: usize) -> Vec<Seat> {
    let table = Arc::new(GradientTable {
        potential,
        state: Mutex::new(LockstepState {
            seated: seats,
            asked: Vec::new(),
            answers: (0..seats).map(|_| None).collect(),
        }),
        served: Condvar::new(),
    });
    let seat = |index| Seat {
        table: table.clone(),
        index,
    };
    (0..seats).map(seat).collect()
}

/// The place of one method among those that are computed together.
pub struct Seat {
    table: Arc<GradientTable>,
    index: usize,
}

struct GradientTable {
    potential: Arc<dyn Potential>,
    state: Mutex<LockstepState>,
    served: Condvar,
}

struct LockstepState {
    /// Methods that are still there.
    seated: usize,
    /// Seats that wait, with their points.
    asked: Vec<(usize, Vec<Tensor>)>,
    /// What was computed for each seat and not yet taken; the error in words, because it is told
    /// to every seat.
    answers: Vec<Option<std::result::Result<Vec<Tensor>, String>>>,
}

impl Evaluator for Seat {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut state = self.table.lock()?;
        state.asked.push((self.index, points.to_vec()));
        self.table.serve(&mut state);
        loop {
            if let Some(answer) = state.answers[self.index].take() {
                return answer.map_err(|what| self.lost(what));
            }
            let waited = self.table.served.wait(state);
            state = waited.map_err(|_| self.lost("was waiting for one that panicked"))?;
        }
    }
}

impl Seat {
    fn lost(&self, what: impl Into<String>) -> Error {
        Error::Worker {
            device: self.index,
            what: what.into(),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Ok(mut state) = self.table.lock() {
            state.seated -= 1;
            self.table.serve(&mut state);
        }
    }
}

impl GradientTable {
    fn lock(&self) -> Result<MutexGuard<'_, LockstepState>> {
        self.state.lock().map_err(|_| Error::Worker {
            device: 0,
            what: "was beside one that panicked".into(),
        })
    }

    /// Computes what was asked, if nobody is left to wait for. In the order of the seats, so that
    /// it does not depend on who came last.
    fn serve(&self, state: &mut LockstepState) {
        if state.asked.is_empty() || state.asked.len() < state.seated {
            return;
        }
        let mut asked = std::mem::take(&mut state.asked);
        asked.sort_by_key(|(seat, _)| *seat);
        let points: Vec<Tensor> = asked
            .iter()
            .flat_map(|(_, points)| points.clone())
            .collect();
        let mut gradients = together(self.potential.as_ref(), &points).map(Vec::into_iter);
        for (seat, points) in asked {
            state.answers[seat] = Some(match &mut gradients {
                Ok(gradients) => Ok(gradients.take(points.len()).collect()),
                Err(error) => Err(format!("could not be served: {error}")),
            });
        }
        self.served.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeavyBall, Kinetic, Method, Oracle, Quadratic, Sequential};
    use candle_core::Device;

    fn potential() -> Arc<Quadratic> {
        Arc::new(Quadratic::diagonal(&[1.0, 10.0], &Device::Cpu).unwrap())
    }

    fn descent(oracle: Oracle, step_size: f64) -> HeavyBall {
        let start = Tensor::new(&[1f64, -2.0], &Device::Cpu).unwrap();
        HeavyBall::new(oracle, Kinetic::HalfL2Squared, step_size, 0.5, start).unwrap()
    }

    fn end(mut method: HeavyBall, steps: usize) -> Vec<f64> {
        for _ in 0..steps {
            method.advance().unwrap();
        }
        method.position().to_vec1().unwrap()
    }

    #[test]
    fn methods_of_different_lengths_each_end_where_they_end_alone() {
        let runs = [(0.01, 30), (0.05, 7), (0.1, 19)];
        let alone = runs.map(|(step, steps)| {
            let oracle = Oracle::new(Sequential::new(potential()));
            end(descent(oracle, step), steps)
        });
        let seats = lockstep(potential(), runs.len());
        let together: Vec<Vec<f64>> = std::thread::scope(|threads| {
            let of = |(seat, (step, steps))| {
                threads.spawn(move || end(descent(Oracle::new(seat), step), steps))
            };
            let running: Vec<_> = seats.into_iter().zip(runs).map(of).collect();
            running.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for (a, b) in alone.iter().flatten().zip(together.iter().flatten()) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn a_point_that_does_not_fit_is_an_error_for_all_and_nobody_waits_for_ever() {
        let mut seats = lockstep(potential(), 2).into_iter();
        let (first, second) = (seats.next().unwrap(), seats.next().unwrap());
        let point = |n: usize| Tensor::zeros(n, candle_core::DType::F64, &Device::Cpu).unwrap();
        let failed = std::thread::scope(|threads| {
            let other = threads.spawn(|| second.gradients(&[point(3)]).is_err());
            [first.gradients(&[point(2)]).is_err(), other.join().unwrap()]
        });
        assert_eq!(failed, [true, true]);
    }
}
