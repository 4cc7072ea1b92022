//! The same work on one worker and on all at once.

use anyhow::{Context, Result, anyhow};
use rows::statistics::median;
use serde::{Deserialize, Serialize};
use std::sync::Barrier;
use std::time::Instant;

/// Workers that can do the same work one alone and all at once.
pub trait Workers {
    /// Does the work so often on the first worker alone, or on each of all at once, and returns the seconds from
    /// when the first begins to when the last ends.
    ///
    /// # Errors
    /// If a worker fails, panics or is lost.
    fn seconds(&self, at_once: bool, calls: usize) -> Result<f64>;
}

impl<W: Workers + ?Sized> Workers for Box<W> {
    fn seconds(&self, at_once: bool, calls: usize) -> Result<f64> {
        self.as_ref().seconds(at_once, calls)
    }
}

/// The same work on one worker and on all at once, as often as takes long enough to be measured.
pub struct Probe<W> {
    workers: W,
    /// How often each worker does the work in one half of a sample.
    calls: usize,
}

/// One sample: seconds of as many calls of the work on each worker.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct Sample {
    /// Of the first worker, while the others have nothing to do.
    pub alone_s: f64,
    /// Of all workers at once, from when the first begins to when the last ends.
    pub together_s: f64,
}

impl Sample {
    /// alone / together: 1 if every worker had a core, or a device, of its own.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        self.alone_s / self.together_s
    }
}

/// How much of the workers' cores was there: the median of the samples' shares; `None` of none.
///
/// It is 1 where W workers are as fast together as one is alone. With a neighbour on one of two cores,
/// two workers reach about 1/2. Work that reads memory lowers it on a quiet machine too, where workers
/// share that: of arithmetic it says how many cores were there, of gradients how far cores are from devices
/// that share nothing.
#[must_use]
pub fn capacity(samples: &[Sample]) -> Option<f64> {
    median(&samples.iter().map(Sample::capacity).collect::<Vec<_>>())
}

impl<W: Workers> Probe<W> {
    /// Finds out how many calls of the workers' work last at least `least_s` seconds.
    ///
    /// # Errors
    /// If the work fails.
    pub fn new(workers: W, least_s: f64) -> Result<Self> {
        // The first time finds caches cold and buffers unmapped.
        workers.seconds(true, 1)?;
        let mut calls = 1;
        loop {
            let seconds = workers.seconds(false, calls)?;
            if seconds >= least_s {
                return Ok(Self { workers, calls });
            }
            calls = more(calls, seconds, least_s);
        }
    }

    /// Takes a sample: one worker alone, then all at once.
    ///
    /// # Errors
    /// If the work fails or panics.
    pub fn sample(&self) -> Result<Sample> {
        Ok(Sample {
            alone_s: self.workers.seconds(false, self.calls)?,
            together_s: self.workers.seconds(true, self.calls)?,
        })
    }
}

/// Workers of this process, each in a pool of one thread of its own, as those of [`optim::Devices`] are. The work
/// is told the worker's number.
pub struct ThreadWorkers<F> {
    pools: Vec<rayon::ThreadPool>,
    work: F,
}

impl<F: Fn(usize) -> Result<()> + Sync> ThreadWorkers<F> {
    /// Starts so many.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(count: usize, work: F) -> Result<Self> {
        let start = |index: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
            let pool = pool.thread_name(move |_| format!("probe-{index}")).build();
            pool.context("starting a worker of the probe")
        };
        let pools = (0..count.max(1)).map(start).collect::<Result<_>>()?;
        Ok(Self { pools, work })
    }
}

impl<F: Fn(usize) -> Result<()> + Sync> Workers for ThreadWorkers<F> {
    fn seconds(&self, at_once: bool, calls: usize) -> Result<f64> {
        let count = if at_once { self.pools.len() } else { 1 };
        let begin = Barrier::new(count);
        let on = |worker: usize| -> Result<(Instant, Instant)> {
            begin.wait();
            let first = Instant::now();
            for _ in 0..calls {
                (self.work)(worker)?;
            }
            Ok((first, Instant::now()))
        };
        let on = &on;
        let times: Vec<Result<(Instant, Instant)>> = std::thread::scope(|scope| {
            let workers = self.pools[..count].iter().enumerate();
            let started: Vec<_> = workers
                .map(|(index, pool)| scope.spawn(move || pool.install(|| on(index))))
                .collect();
            let ended = started.into_iter().map(|thread| {
                let panicked = |_| anyhow!("a worker of the probe panicked");
                thread.join().map_err(panicked).flatten()
            });
            ended.collect()
        });
        let times: Vec<(Instant, Instant)> = times.into_iter().collect::<Result<_>>()?;
        let first = times.iter().map(|(first, _)| *first).min();
        let last = times.iter().map(|(_, last)| *last).max();
        let (first, last) = first.zip(last).context("a probe has a worker")?;
        Ok((last - first).as_secs_f64())
    }
}

/// How many calls to try next: as many as should be enough, and a little more.
fn more(calls: usize, seconds: f64, least_s: f64) -> usize {
    let wanted = (1.2 * calls as f64 * least_s / seconds.max(1e-9)).ceil();
    (wanted as usize).clamp(calls + 1, 1000 * calls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// A probe of threads.
    fn probe<F: Fn(usize) -> Result<()> + Sync>(
        count: usize,
        least_s: f64,
        work: F,
    ) -> Result<Probe<ThreadWorkers<F>>> {
        Probe::new(ThreadWorkers::new(count, work)?, least_s)
    }

    #[test]
    fn workers_that_only_wait_all_have_a_core_of_their_own() {
        // Sleeping takes no core, so a hundred sleep as fast as one.
        let sleep = |_| {
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        let sample = probe(100, 0.02, sleep).unwrap().sample().unwrap();
        assert!(sample.alone_s >= 0.02, "{sample:?}");
        assert!(sample.capacity() > 0.3, "{sample:?}");
    }

    #[test]
    fn workers_that_take_turns_at_one_core_have_their_share_of_it() {
        // A lock is a core that only one can have.
        let core = Mutex::new(());
        let turn = |_| {
            let _held = core.lock();
            std::thread::sleep(Duration::from_millis(5));
            Ok(())
        };
        let probe = probe(4, 0.001, turn).unwrap();
        let samples: Vec<Sample> = (0..3).map(|_| probe.sample().unwrap()).collect();
        let capacity = capacity(&samples).unwrap();
        assert!(capacity < 0.5, "{samples:?}");
    }

    #[test]
    fn a_neighbour_that_takes_one_core_of_two_halves_what_is_left_for_two_workers() {
        // The second worker's core gives it every other slice of time.
        let work = |worker| {
            std::thread::sleep(Duration::from_millis(60 * (worker as u64 + 1)));
            Ok(())
        };
        let sample = probe(2, 0.01, work).unwrap().sample().unwrap();
        assert!((sample.capacity() - 0.5).abs() < 0.25, "{sample:?}");
    }

    #[test]
    fn short_works_are_called_until_they_last_long_enough_to_be_measured() {
        let calls = AtomicUsize::new(0);
        let short = |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_micros(200));
            Ok(())
        };
        let probe = probe(2, 0.005, short).unwrap();
        assert!((1..=30).contains(&probe.calls), "{}", probe.calls);
        let before = calls.load(Ordering::Relaxed);
        let sample = probe.sample().unwrap();
        assert!(sample.alone_s >= probe.calls as f64 * 2e-4, "{sample:?}");
        let made = calls.load(Ordering::Relaxed) - before;
        assert_eq!(made, 3 * probe.calls, "one alone, and two at once");
    }

    #[test]
    fn each_worker_is_told_its_number_and_runs_single_threaded() {
        let seen = Mutex::new(Vec::new());
        let work = |worker| {
            seen.lock()
                .unwrap()
                .push((worker, rayon::current_num_threads()));
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        };
        probe(3, 1e-6, work).unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [(0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn a_work_that_fails_or_panics_is_an_error() {
        let failing = |_| anyhow::bail!("no such device");
        let Err(error) = probe(2, 0.001, failing) else {
            panic!("the work fails")
        };
        assert!(error.to_string().contains("no such device"), "{error}");
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let panicking = |_| panic!("a kernel's assertion");
        let result = probe(2, 0.001, panicking);
        std::panic::set_hook(hook);
        assert!(result.is_err_and(|e| e.to_string().contains("panicked")));
    }

    #[test]
    fn of_several_samples_the_middle_one_counts() {
        let sample = |together_s| Sample {
            alone_s: 1.0,
            together_s,
        };
        let samples = [sample(1.0), sample(2.0), sample(1.25)];
        assert_eq!(capacity(&samples), Some(0.8));
        assert_eq!(capacity(&[]), None);
    }
}
