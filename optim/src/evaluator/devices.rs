//! Several devices, one thread and one replica of the potential each.

use super::Evaluator;
use super::exchange::{Exchange, PeerCopies};
use crate::{Error, Potential, Result};
use candle_core::{Device, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;

/// Computes gradients on several devices, each with a replica of the potential in a thread of its own, as
/// the paper's GPUs do.
///
/// Each device gets an equal share of neighbouring points (to within one) and computes it at once. A
/// share travels as one copy, and so do its gradients; between GPUs the host does not wait for these
/// copies, the devices' streams wait for one another. Each worker is a thread pool of one thread, so on a
/// CPU N workers are N single-threaded devices, whatever parallelism the tensor library would like to
/// use.
///
/// Open GPUs with [`Device::new_cuda_with_stream`]. [`Device::new_cuda`] uses CUDA's per-thread stream,
/// which is a different one in the worker's thread, so copies and computations would not be ordered.
pub struct Devices {
    workers: Vec<Worker>,
    exchange: Box<dyn Exchange>,
}

struct Worker {
    thread: rayon::ThreadPool,
    replica: Arc<dyn Potential>,
}

impl Devices {
    /// Starts a worker for each device and lets it make its own replica, in its own thread (CUDA
    /// contexts and streams belong to threads).
    ///
    /// # Errors
    /// If there is no device, a thread cannot be started, or a replica cannot be made.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// use optim::{Devices, Evaluator, Potential, Quadratic};
    /// use std::sync::Arc;
    /// # fn main() -> optim::Result<()> {
    /// let two = Devices::new(&[Device::Cpu, Device::Cpu], |device| {
    ///     Ok(Arc::new(Quadratic::diagonal(&[3.0], device)?) as Arc<dyn Potential>)
    /// })?;
    /// let points = [Tensor::new(&[1f64], &Device::Cpu)?, Tensor::new(&[2f64], &Device::Cpu)?];
    /// assert_eq!(two.gradients(&points)?[1].to_vec1::<f64>()?, [6.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(
        devices: &[Device],
        replicate: impl Fn(&Device) -> Result<Arc<dyn Potential>> + Sync,
    ) -> Result<Self> {
        if devices.is_empty() {
            return Err(Error::setting("devices", "empty", "at least one device"));
        }
        let start = |(index, device): (usize, &Device)| {
            let thread = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .thread_name(move |_| format!("device-{index}"))
                .build()
                .map_err(|error| Error::Worker {
                    device: index,
                    what: format!("could not start its thread: {error}"),
                })?;
            let replica = thread.install(|| replicate(device))?;
            Ok(Worker { thread, replica })
        };
        let workers = devices
            .iter()
            .enumerate()
            .map(start)
            .collect::<Result<_>>()?;
        Ok(Self {
            workers,
            exchange: Box::new(PeerCopies),
        })
    }

    /// Returns the number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Says whether there are no workers (there always is one).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }
}

/// How many of `points` each of `busy` workers gets.
pub(super) fn shares(points: usize, busy: usize) -> impl Iterator<Item = usize> {
    (0..busy).map(move |index| points / busy + usize::from(index < points % busy))
}

impl Evaluator for Devices {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let Some(first) = points.first() else {
            return Ok(Vec::new());
        };
        let stacked = match points {
            [_] => first.unsqueeze(0)?,
            points => Tensor::stack(points, 0)?,
        };
        let gradients = self.stacked(&stacked)?;
        (0..points.len()).map(|w| Ok(gradients.get(w)?)).collect()
    }

    fn stacked(&self, points: &Tensor) -> Result<Tensor> {
        let (count, home) = (points.dim(0)?, points.device());
        let busy = self.workers.len().min(count);
        // All are sent before any computes: what the first computes may be where the points are, and
        // the others' copies would wait for it.
        let mut sent = Vec::with_capacity(busy);
        let mut first = 0;
        for (index, share) in shares(count, busy).enumerate() {
            let there = self.workers[index].replica.device();
            let rows = points.narrow(0, first, share)?;
            let rows = self.exchange.bring(&rows, index, there);
            sent.push(rows.map_err(|error| failed(index, "could not be sent its points", &error))?);
            first += share;
        }
        let (send, receive) = mpsc::channel();
        for ((index, worker), share) in self.workers.iter().enumerate().zip(sent) {
            let (replica, send) = (worker.replica.clone(), send.clone());
            worker.thread.spawn(move || {
                // A panic (an assertion in a kernel, say) must not take the process down.
                let result = catch_unwind(AssertUnwindSafe(|| computed(replica.as_ref(), &share)));
                // Nobody is left to tell when the receiver has given up after another's error.
                send.send((index, result)).ok();
            });
        }
        drop(send);
        let mut found: Vec<Option<Tensor>> = vec![None; busy];
        for (index, result) in receive {
            let result = result.map_err(|_| Error::Worker {
                device: index,
                what: "panicked while computing gradients".into(),
            })?;
            found[index] =
                Some(result.map_err(|error| failed(index, "could not compute", &error))?);
        }
        let mut gradients = Vec::with_capacity(busy);
        for (index, share) in found.into_iter().enumerate() {
            let share = share.ok_or_else(|| Error::Worker {
                device: index,
                what: "ended without an answer".into(),
            })?;
            let here = self.exchange.bring(&share, index, home);
            let here = here.map_err(|error| failed(index, "could not send gradients", &error))?;
            gradients.push(here);
        }
        match &gradients[..] {
            [all] => Ok(all.clone()),
            shares => Ok(Tensor::cat(shares, 0)?),
        }
    }
}

fn failed(device: usize, doing: &str, error: &Error) -> Error {
    Error::Worker {
        device,
        what: format!("{doing}: {error}"),
    }
}

/// ∇f at the rows of `[U, D]`.
pub(super) fn computed(replica: &dyn Potential, points: &Tensor) -> Result<Tensor> {
    if points.dim(0)? == 1 {
        return Ok(replica.gradient(&points.get(0)?)?.unsqueeze(0)?);
    }
    replica.gradients(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cost, Quadratic};
    use candle_core::DType;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Broken(Quadratic);

    impl Potential for Broken {
        fn dimension(&self) -> usize {
            self.0.dimension()
        }
        fn dtype(&self) -> DType {
            self.0.dtype()
        }
        fn device(&self) -> &Device {
            self.0.device()
        }
        fn value(&self, point: &Tensor) -> Result<f64> {
            self.0.value(point)
        }
        fn gradient(&self, _: &Tensor) -> Result<Tensor> {
            panic!("a kernel's assertion")
        }
        fn cost(&self, points: usize) -> Cost {
            self.0.cost(points)
        }
    }

    fn points(n: usize) -> Vec<Tensor> {
        (0..n)
            .map(|i| Tensor::new(&[i as f64, 1.0], &Device::Cpu).unwrap())
            .collect()
    }

    #[test]
    fn gradients_come_back_in_the_order_of_their_points_however_few_the_workers() {
        for workers in 1..=4 {
            let devices = Devices::new(&vec![Device::Cpu; workers], |device| {
                Ok(Arc::new(Quadratic::diagonal(&[2.0, 5.0], device)?) as Arc<dyn Potential>)
            })
            .unwrap();
            for n in 1..=7 {
                let found: Vec<Vec<f64>> = devices
                    .gradients(&points(n))
                    .unwrap()
                    .iter()
                    .map(|g| g.to_vec1().unwrap())
                    .collect();
                let wanted: Vec<Vec<f64>> = (0..n).map(|i| vec![2.0 * i as f64, 5.0]).collect();
                assert_eq!(found, wanted, "{n} points on {workers} workers");
            }
        }
    }

    #[test]
    fn a_worker_that_panics_is_an_error_and_the_next_round_still_gets_an_answer() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let devices = Devices::new(&[Device::Cpu, Device::Cpu], |device| {
            Ok(Arc::new(Broken(Quadratic::diagonal(&[2.0, 5.0], device)?)) as Arc<dyn Potential>)
        })
        .unwrap();
        for _ in 0..2 {
            let error = devices.gradients(&points(2)).unwrap_err().to_string();
            assert!(error.contains("panicked"), "{error}");
        }
        std::panic::set_hook(hook);
    }

    /// Keeps account of what goes from where to where, as if every worker had a device of its own.
    #[derive(Default)]
    struct Account {
        copies: Mutex<Vec<(usize, usize)>>,
        /// The worker that cannot be reached.
        lost: Option<usize>,
    }

    impl Exchange for Arc<Account> {
        fn bring(&self, rows: &Tensor, worker: usize, _: &Device) -> Result<Tensor> {
            if self.lost == Some(worker) {
                return Err(Error::setting("copy", "lost", "a device that answers"));
            }
            let mut copies = self.copies.lock().unwrap();
            copies.push((worker, rows.dim(0)?));
            Ok(rows.force_contiguous()?)
        }
    }

    fn workers(count: usize, account: &Arc<Account>) -> Devices {
        let mut devices = Devices::new(&vec![Device::Cpu; count], |device| {
            Ok(Arc::new(Quadratic::diagonal(&[2.0, 5.0], device)?) as Arc<dyn Potential>)
        })
        .unwrap();
        devices.exchange = Box::new(account.clone());
        devices
    }

    #[test]
    fn a_share_of_points_and_one_of_gradients_is_all_that_goes_between_two_devices_in_a_round() {
        for (count, points, wanted) in [
            (4, 4, vec![1, 1, 1, 1]),
            (3, 7, vec![3, 2, 2]),
            (8, 3, vec![1, 1, 1]),
            (1, 5, vec![5]),
        ] {
            let account = Arc::new(Account::default());
            let devices = workers(count, &account);
            let rows: Vec<Vec<f64>> = (0..points).map(|i| vec![f64::from(i), 1.0]).collect();
            let rows = Tensor::new(rows, &Device::Cpu).unwrap();
            let found: Vec<Vec<f64>> = devices.stacked(&rows).unwrap().to_vec2().unwrap();
            for (i, gradient) in found.iter().enumerate() {
                assert_eq!(gradient[..], [2.0 * i as f64, 5.0], "{count} {points}");
            }
            let there = wanted.iter().copied().enumerate();
            let wanted: Vec<(usize, usize)> = there.clone().chain(there).collect();
            assert_eq!(*account.copies.lock().unwrap(), wanted, "{count} {points}");
        }
    }

    #[test]
    fn a_device_that_is_lost_is_named_and_the_others_are_not_waited_for_forever() {
        let account = Arc::new(Account {
            lost: Some(1),
            ..Account::default()
        });
        let devices = workers(3, &account);
        for _ in 0..2 {
            let error = devices.gradients(&points(3)).unwrap_err().to_string();
            assert!(
                error.contains("device 1") && error.contains("sent its points"),
                "{error}"
            );
        }
        let only_the_first = devices.gradients(&points(1)).unwrap();
        assert_eq!(only_the_first[0].to_vec1::<f64>().unwrap(), [0.0, 5.0]);
    }

    /// Fails from its third gradient on, as a device that is lost in mid-run.
    struct Fading(Quadratic, AtomicUsize);

    impl Potential for Fading {
        fn dimension(&self) -> usize {
            self.0.dimension()
        }
        fn dtype(&self) -> DType {
            self.0.dtype()
        }
        fn device(&self) -> &Device {
            self.0.device()
        }
        fn value(&self, point: &Tensor) -> Result<f64> {
            self.0.value(point)
        }
        fn gradient(&self, point: &Tensor) -> Result<Tensor> {
            match self.1.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => self.0.gradient(point),
                _ => Err(Error::setting("device", "gone", "one that answers")),
            }
        }
        fn cost(&self, points: usize) -> Cost {
            self.0.cost(points)
        }
    }

    #[test]
    fn a_window_whose_device_is_lost_in_mid_run_ends_with_an_error_that_names_it() {
        let made = AtomicUsize::new(0);
        let devices = Devices::new(&[Device::Cpu, Device::Cpu], |device| {
            let f = Quadratic::diagonal(&[2.0, 5.0], device)?;
            Ok(match made.fetch_add(1, Ordering::Relaxed) {
                0 => Arc::new(f) as Arc<dyn Potential>,
                _ => Arc::new(Fading(f, AtomicUsize::new(0))),
            })
        })
        .unwrap();
        let flow = crate::WindowedRecurrence {
            recurrence: crate::Recurrence::new(crate::Kinetic::HalfL2Squared, 0.1, 20),
            window: crate::Window {
                width: 2,
                method: crate::WindowMethod::picard(crate::Predictor::FrozenForce),
                ..crate::Window::default()
            },
        };
        let start = points(1).remove(0);
        let mut oracle = crate::Oracle::new(devices);
        let error = flow.from_rest(&start, &mut oracle).unwrap_err().to_string();
        assert!(
            error.contains("device 1") && error.contains("gone"),
            "{error}"
        );
    }

    #[test]
    fn no_device_is_refused() {
        let none = Devices::new(&[], |_| unreachable!());
        assert!(
            none.err()
                .unwrap()
                .to_string()
                .contains("at least one device")
        );
    }
}
