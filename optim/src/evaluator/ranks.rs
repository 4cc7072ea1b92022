//! Several processes, each with a device and a replica of the potential: a round is one exchange of gradients.

use super::Evaluator;
use super::devices::{computed, shares};
use crate::{Error, Potential, Result};
use candle_core::Tensor;
use gpu::Staging;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Carries bytes between *ranks*, the processes of a run, counted from 0. All ranks make the same calls in the same
/// order.
pub trait Ranks: Send + Sync {
    /// Which of them this is.
    fn rank(&self) -> usize;

    /// How many there are.
    fn count(&self) -> usize;

    /// Gives every rank what each has, in their order; `own` is as long everywhere, and `all` as long as all of them.
    ///
    /// # Errors
    /// If a rank is lost, or does not answer in time.
    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> Result<()>;

    /// Gives every rank what rank 0 has, and answers it.
    ///
    /// # Errors
    /// As [`all_gather`](Self::all_gather).
    fn broadcast(&self, message: &[u8]) -> Result<Vec<u8>>;

    /// What gathers tensors from device to device, if there is such: else they go through the host's memory.
    fn on_devices(&self) -> Option<&dyn DeviceRanks> {
        None
    }
}

/// Carries tensors between the devices of ranks, without the host's memory in between.
pub trait DeviceRanks: Send + Sync {
    /// Gathers the rows of every rank, `[rows, D]` each, as many everywhere, in their order: `[ranks·rows, D]`.
    ///
    /// # Errors
    /// If a rank is lost, or the tensor is on another device.
    fn all_gather(&self, own: &Tensor) -> Result<Tensor>;
}

/// Where the time of rounds went, on one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RoundTimes {
    /// Rounds.
    pub rounds: u64,
    /// Seconds in which this rank computed gradients.
    pub gradient_s: f64,
    /// Seconds in which it waited for the slowest rank's gradients.
    pub waited_s: f64,
    /// Seconds of the exchange itself.
    pub exchange_s: f64,
    /// Bytes that this rank received.
    pub bytes: u64,
}

/// Computes gradients on several ranks, each an equal share of neighbouring points (to within one), and gives all of them
/// to every rank.
///
/// Every rank asks for the gradients of the same points: each moves the window by itself, alike, and nothing but gradients
/// goes between them. That they do is looked at in each round, at some of the points' numbers: where processors
/// round differently, windows would come apart without a word.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use optim::{AllGather, Evaluator, Quadratic, ThreadRanks};
/// use std::sync::Arc;
///
/// let found: Vec<Vec<f64>> = std::thread::scope(|threads| {
///     let rank = |ranks: ThreadRanks| {
///         let f = Arc::new(Quadratic::diagonal(&[3.0], &Device::Cpu)?);
///         let points = Tensor::new(&[[1f64], [2.0], [4.0]], &Device::Cpu)?;
///         let gradients = AllGather::new(f, Arc::new(ranks)).stacked(&points)?;
///         Ok::<_, optim::Error>(gradients.flatten_all()?.to_vec1()?)
///     };
///     let ranks: Vec<_> = ThreadRanks::of(2).into_iter().map(|r| threads.spawn(move || rank(r))).collect();
///     ranks.into_iter().map(|rank| rank.join().unwrap().unwrap()).collect()
/// });
/// assert_eq!(found, [[3.0, 6.0, 12.0], [3.0, 6.0, 12.0]]);
/// ```
pub struct AllGather {
    potential: Arc<dyn Potential>,
    ranks: Arc<dyn Ranks>,
    times: Mutex<RoundTimes>,
    staging: Staging,
}

impl AllGather {
    /// Evaluates on the potential's own device, beside the other ranks, which do the same.
    #[must_use]
    pub fn new(potential: Arc<dyn Potential>, ranks: Arc<dyn Ranks>) -> Self {
        Self {
            potential,
            ranks,
            times: Mutex::default(),
            staging: Staging::default(),
        }
    }

    /// Returns where the time of the rounds so far went.
    #[must_use]
    pub fn times(&self) -> RoundTimes {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands before a rank's gradients: the seconds that they took, and what the points looked like.
const HEAD: usize = 16;

impl Evaluator for AllGather {
    fn gradients(&self, points: &[Tensor]) -> Result<Vec<Tensor>> {
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let gradients = self.stacked(&Tensor::stack(points, 0)?)?;
        (0..points.len()).map(|w| Ok(gradients.get(w)?)).collect()
    }

    fn stacked(&self, points: &Tensor) -> Result<Tensor> {
        let (rank, count) = (self.ranks.rank(), self.ranks.count());
        let (width, dimension) = points.dims2()?;
        let parts: Vec<usize> = shares(width, count).collect();
        let begin = Instant::now();
        let own = match parts[rank] {
            0 => points.narrow(0, 0, 0)?,
            own => {
                let first = parts[..rank].iter().sum();
                computed(self.potential.as_ref(), &points.narrow(0, first, own)?)?
            }
        };
        // Every rank sends as many rows; of those that it has no points for, nothing is read.
        let most = width.div_ceil(count);
        if let Some(devices) = self.ranks.on_devices() {
            points.device().synchronize()?;
            let took = begin.elapsed().as_secs_f64();
            let missing = (most - parts[rank], dimension);
            let padded = match missing.0 {
                0 => own.contiguous()?,
                _ => Tensor::cat(
                    &[
                        own,
                        Tensor::zeros(missing, points.dtype(), points.device())?,
                    ],
                    0,
                )?,
            };
            let begin = Instant::now();
            let heads = self.exchange(took, points, Vec::new())?;
            let all = devices.all_gather(&padded)?;
            points.device().synchronize()?;
            let gathered = begin.elapsed().as_secs_f64();
            let others = (all.elem_count() - padded.elem_count()) * all.dtype().size_in_bytes();
            self.count(&heads, took, gathered, others as u64);
            let each = parts.iter().enumerate().filter(|(_, rows)| **rows > 0);
            let each = each.map(|(other, &rows)| Ok(all.narrow(0, other * most, rows)?));
            return Ok(Tensor::cat(&each.collect::<Result<Vec<Tensor>>>()?, 0)?);
        }
        let row = dimension * points.dtype().size_in_bytes();
        let mut rows = self.staging.bytes(&own)?;
        let took = begin.elapsed().as_secs_f64();
        rows.resize(row * most, 0);
        let begin = Instant::now();
        let heads = self.exchange(took, points, rows)?;
        self.count(&heads, took, begin.elapsed().as_secs_f64(), 0);
        let (dtype, device) = (points.dtype(), points.device());
        let filled = |mut rest: &mut [u8]| {
            for (part, rows) in heads.all.chunks_exact(HEAD + row * most).zip(parts) {
                let (here, behind) = rest.split_at_mut(row * rows);
                here.copy_from_slice(&part[HEAD..][..row * rows]);
                rest = behind;
            }
        };
        Ok(self
            .staging
            .tensor((width, dimension), dtype, device, filled)?)
    }
}

/// What all ranks have sent: of each its head, and what came behind.
struct Heads {
    all: Vec<u8>,
    /// Seconds of the rank that took longest.
    slowest: f64,
}

impl AllGather {
    /// Sends the seconds that gradients took, what the points look like, and what comes behind them.
    fn exchange(&self, took: f64, points: &Tensor, behind: Vec<u8>) -> Result<Heads> {
        let mut own = Vec::with_capacity(HEAD + behind.len());
        own.extend(took.to_le_bytes());
        own.extend(self.looks(points)?.to_le_bytes());
        own.extend(behind);
        let mut all = vec![0; own.len() * self.ranks.count()];
        self.ranks.all_gather(&own, &mut all)?;
        let mut slowest = took;
        for (other, part) in all.chunks_exact(own.len()).enumerate() {
            if part[8..HEAD] != own[8..HEAD] {
                return Err(Error::Worker {
                    device: other,
                    what: format!(
                        "moves its window otherwise than rank {}: their processors round differently, or they do not \
                         compute the same",
                        self.ranks.rank()
                    ),
                });
            }
            let seconds: [u8; 8] = part[..8].try_into().unwrap_or_default();
            slowest = slowest.max(f64::from_le_bytes(seconds));
        }
        Ok(Heads { all, slowest })
    }

    /// Some of a tensor's bits, the same for the same numbers: of two windows that came apart nearly all numbers differ.
    fn looks(&self, points: &Tensor) -> Result<u64> {
        /// How many numbers are looked at.
        const SOME: usize = 32;
        let flat = points.flatten_all()?;
        let (length, step) = (flat.dim(0)?, flat.dim(0)?.div_ceil(SOME).max(1));
        let places: Vec<u32> = (0..length).step_by(step).map(|i| i as u32).collect();
        let some = flat.index_select(&Tensor::new(places, flat.device())?, 0)?;
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Ok(self
            .staging
            .bytes(&some)?
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, hash))
    }

    /// Counts a round.
    fn count(&self, heads: &Heads, took: f64, gathered: f64, on_devices: u64) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        // The slowest may have begun earlier: then it is not waited for.
        let waited = (heads.slowest - took).clamp(0.0, gathered);
        let count = self.ranks.count();
        times.rounds += 1;
        times.gradient_s += took;
        times.waited_s += waited;
        times.exchange_s += gathered - waited;
        times.bytes += (heads.all.len() / count * (count - 1)) as u64 + on_devices;
    }
}

/// Ranks that are threads of one process: for tests, and to try out what is meant for several processes.
pub struct ThreadRanks {
    rank: usize,
    shared: Arc<SharedRanks>,
}

struct SharedRanks {
    barrier: std::sync::Barrier,
    slots: Vec<Mutex<Vec<u8>>>,
}

impl ThreadRanks {
    /// Makes so many, one for each thread.
    #[must_use]
    pub fn of(count: usize) -> Vec<Self> {
        let shared = Arc::new(SharedRanks {
            barrier: std::sync::Barrier::new(count),
            slots: (0..count).map(|_| Mutex::default()).collect(),
        });
        let rank = |rank| Self {
            rank,
            shared: shared.clone(),
        };
        (0..count).map(rank).collect()
    }

    fn slot(&self, rank: usize) -> std::sync::MutexGuard<'_, Vec<u8>> {
        let slot = self.shared.slots[rank].lock();
        slot.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ranks for ThreadRanks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.shared.slots.len()
    }

    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> Result<()> {
        *self.slot(self.rank) = own.to_vec();
        self.shared.barrier.wait();
        for (rank, part) in all.chunks_exact_mut(own.len()).enumerate() {
            let theirs = self.slot(rank);
            if theirs.len() != part.len() {
                return Err(Error::Worker {
                    device: rank,
                    what: format!("sends {} bytes where {} were due", theirs.len(), part.len()),
                });
            }
            part.copy_from_slice(&theirs);
        }
        // Nobody writes the next while another still reads.
        self.shared.barrier.wait();
        Ok(())
    }

    fn broadcast(&self, message: &[u8]) -> Result<Vec<u8>> {
        if self.rank == 0 {
            *self.slot(0) = message.to_vec();
        }
        self.shared.barrier.wait();
        let message = self.slot(0).clone();
        self.shared.barrier.wait();
        Ok(message)
    }
}

#[cfg(test)]
mod tests;
