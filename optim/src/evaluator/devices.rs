//! Several devices, one thread and one replica of the potential each.

use super::{Evaluator, together};
use crate::{Error, Potential, Result};
use candle_core::{Device, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;

/// One thread and one replica of the potential per device, as the paper's GPUs.
///
/// Points are dealt out in turn; a device that gets several computes them at once. Each worker
/// lives in a thread pool of one thread, so that on a CPU *N* workers are *N* single-threaded
/// devices, whatever parallelism the tensor library would like to use.
pub struct Devices {
    workers: Vec<Worker>,
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
        Ok(Self { workers })
    }

    /// The number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there are no workers (there always is one).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }
}

impl Evaluator for Devices {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        let busy = self.workers.len().min(points.len());
        // Workers have streams of their own: they may only read what has arrived.
        if let Some(point) = points.first() {
            point.device().synchronize()?;
        }
        let (send, receive) = mpsc::channel();
        for (index, worker) in self.workers.iter().take(busy).enumerate() {
            let share: Vec<Tensor> = points.iter().skip(index).step_by(busy).cloned().collect();
            let (replica, send) = (worker.replica.clone(), send.clone());
            worker.thread.spawn(move || {
                // A panic (an assertion in a kernel, say) must not take the process down.
                let result = catch_unwind(AssertUnwindSafe(|| on_device(replica.as_ref(), &share)));
                // Nobody is left to tell when the receiver has given up after another's error.
                send.send((index, result)).ok();
            });
        }
        drop(send);
        let mut gradients: Vec<Option<Tensor>> = vec![None; points.len()];
        for (index, result) in receive {
            let share = result.map_err(|_| Error::Worker {
                device: index,
                what: "panicked while computing gradients".into(),
            })??;
            for (slot, gradient) in share.into_iter().enumerate() {
                gradients[index + slot * busy] = Some(gradient);
            }
        }
        let missing = || Error::Worker {
            device: 0,
            what: "ended without an answer".into(),
        };
        gradients
            .into_iter()
            .map(|g| g.ok_or_else(missing))
            .collect()
    }
}

/// Brings points to the replica's device, computes, brings the gradients back.
fn on_device(replica: &dyn Potential, points: &[Tensor]) -> Result<Vec<Tensor>> {
    let home = points[0].device().clone();
    if home.same_device(replica.device()) {
        let gradients = together(replica, points)?;
        home.synchronize()?;
        return Ok(gradients);
    }
    let here = points
        .iter()
        .map(|p| Ok(p.to_device(replica.device())?))
        .collect::<Result<Vec<_>>>()?;
    let gradients = together(replica, &here)?
        .iter()
        .map(|g| Ok(g.to_device(&home)?))
        .collect::<Result<Vec<_>>>()?;
    // Neither may the caller read what has not arrived.
    replica.device().synchronize()?;
    home.synchronize()?;
    Ok(gradients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cost, Quadratic};
    use candle_core::DType;

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
