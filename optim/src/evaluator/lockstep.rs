//! Several methods on one device, one product for the points of all of them.

use super::{Evaluator, together};
use crate::{Error, Potential, Result};
use candle_core::Tensor;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        }),
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
}

struct LockstepState {
    /// Methods that are still there.
    seated: usize,
    asked: Vec<SeatRequest>,
}

/// What a seat that waits has asked for.
struct SeatRequest {
    seat: usize,
    points: Vec<Tensor>,
    /// Where it waits: each seat by itself, so that those that are answered do not wait for one another. Dropped
    /// without an answer, it says that whoever computed has panicked.
    answer: Sender<SeatAnswer>,
}

/// The gradients; the error in words, because it is told to every seat.
type SeatAnswer = std::result::Result<Vec<Tensor>, String>;

impl Evaluator for Seat {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let (sender, answer) = channel();
        let all = {
            let mut state = self.table.lock();
            state.asked.push(SeatRequest {
                seat: self.index,
                points: points.to_vec(),
                answer: sender,
            });
            state.complete()
        };
        self.table.serve(all);
        match answer.recv() {
            Ok(answer) => answer.map_err(|what| self.lost(what)),
            Err(_) => Err(self.lost("was waiting for one that panicked")),
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
        let all = {
            let mut state = self.table.lock();
            state.seated -= 1;
            state.complete()
        };
        self.table.serve(all);
    }
}

impl LockstepState {
    /// What was asked, in the order of the seats, so that it does not depend on who came last; nothing as long as
    /// somebody is waited for.
    fn complete(&mut self) -> Vec<SeatRequest> {
        if self.asked.len() < self.seated {
            return Vec::new();
        }
        let mut all = std::mem::take(&mut self.asked);
        all.sort_by_key(|asked| asked.seat);
        all
    }
}

impl GradientTable {
    /// Nothing is computed while this is held, and what is done under it leaves it whole.
    fn lock(&self) -> MutexGuard<'_, LockstepState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Computes what was asked, and answers.
    fn serve(&self, all: Vec<SeatRequest>) {
        if all.is_empty() {
            return;
        }
        let points = all.iter().flat_map(|asked| asked.points.clone());
        let points: Vec<Tensor> = points.collect();
        let mut gradients = together(self.potential.as_ref(), &points).map(Vec::into_iter);
        for SeatRequest { points, answer, .. } in all {
            let found = match &mut gradients {
                Ok(gradients) => Ok(gradients.take(points.len()).collect()),
                Err(error) => Err(format!("could not be served: {error}")),
            };
            // One that waits no more needs none.
            answer.send(found).ok();
        }
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

    /// Fails in a way that nobody expects.
    struct Broken(Arc<Quadratic>);

    impl Potential for Broken {
        fn dimension(&self) -> usize {
            self.0.dimension()
        }

        fn dtype(&self) -> candle_core::DType {
            self.0.dtype()
        }

        fn device(&self) -> &Device {
            self.0.device()
        }

        fn value(&self, point: &Tensor) -> Result<f64> {
            self.0.value(point)
        }

        fn gradient(&self, _: &Tensor) -> Result<Tensor> {
            std::panic::resume_unwind(Box::new("a kernel's assertion"))
        }

        fn cost(&self, points: usize) -> crate::Cost {
            self.0.cost(points)
        }
    }

    #[test]
    fn where_one_panics_the_others_are_told_and_do_not_wait() {
        let seats = lockstep(Arc::new(Broken(potential())), 3);
        let ends: Vec<_> = std::thread::scope(|threads| {
            let ask = |seat: Seat| {
                let point = Tensor::zeros(2, candle_core::DType::F64, &Device::Cpu).unwrap();
                threads.spawn(move || seat.gradients(&[point]).map_err(|e| e.to_string()))
            };
            let asked: Vec<_> = seats.into_iter().map(ask).collect();
            asked.into_iter().map(|seat| seat.join()).collect()
        });
        let told = |end: &&std::thread::Result<std::result::Result<_, String>>| matches!(end, Ok(Err(error)) if error.contains("one that panicked"));
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        assert_eq!(ends.iter().filter(told).count(), 2);
    }
}
