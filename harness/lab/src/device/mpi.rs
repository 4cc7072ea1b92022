//! Ranks of MPI, by the compiler wrapper and library of this machine.

use super::by_devices::ByDevices;
use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::request::{Request, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use optim::{DeviceRanks, Ranks};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a rank waits for the others within a round, in seconds, unless this variable says otherwise.
const PATIENCE: (&str, f64) = ("HARNESS_MPI_PATIENCE", 60.0);

/// Sent to rank 0 by one that has waited long.
const WAITING: i32 = 7;

/// Sent by rank 0 while it computes by itself, so that the others know that it can still be reached.
const ALIVE: i32 = 8;

/// Rows of tensors, from GPU to GPU.
const ROWS: i32 = 9;

/// How long what was said may be on its way.
const SAID: Duration = Duration::from_millis(500);

/// How long MPI may take to let a rank leave.
const LEAVE: Duration = Duration::from_secs(10);

/// How long MPI may take to end all ranks.
const ABORT: Duration = Duration::from_secs(5);

/// How long is asked again and again before a rank sleeps in between: longer than an exchange takes.
const SPIN: Duration = Duration::from_millis(20);

/// How long it sleeps then.
const SLEEP: Duration = Duration::from_micros(200);

/// This process among the others.
pub(super) struct JoinedRanks {
    pub ranks: Arc<MpiRanks>,
    /// Which of those on its host it is.
    pub local: usize,
    /// How many are on its host.
    pub here: usize,
}

/// Kept until the process ends: MPI is left when it is dropped.
static UNIVERSE: Mutex<Option<Universe>> = Mutex::new(None);

/// Held while MPI is called, which one thread may at a time; when it was called last for a rank's own sake.
static CALLS: Mutex<Option<Instant>> = Mutex::new(None);

/// Calls MPI.
fn calling<T>(call: impl FnOnce() -> T) -> T {
    let mut last = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = call();
    *last = Some(Instant::now());
    answer
}

/// Tells the other ranks every so often that this one is there, while it has nothing else to tell them: until MPI
/// is left.
fn tell_alive(others: std::ops::Range<i32>, every: Duration) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(every);
            let last = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
            let left = UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner);
            if left.is_none() {
                return;
            }
            if last.is_none_or(|last| last.elapsed() >= every) {
                let world = SimpleCommunicator::world();
                for rank in others.clone() {
                    world.process_at_rank(rank).send_with_tag(&1_u8, ALIVE);
                }
            }
        }
    });
}

/// Joins the ranks that this process was started with.
pub(super) fn join() -> Result<JoinedRanks> {
    let patience = patience()?;
    let (universe, _) = mpi::initialize_with_threading(Threading::Serialized)
        .context("MPI is initialised already")?;
    *UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner) = Some(universe);
    let world = SimpleCommunicator::world();
    // One MPI's starter makes of the other's programs so many runs of one rank each.
    let started = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]
        .iter()
        .find_map(|name| std::env::var(name).ok()?.parse::<i32>().ok());
    ensure!(
        started.is_none_or(|started| started == world.size()),
        "{} ranks were started and this program sees {}: it was built for another MPI than that of this mpirun \
         (`cargo clean --package mpi-sys`, then build with MPICC=the mpicc beside it)",
        started.unwrap_or_default(),
        world.size()
    );
    let beside = world.split_shared(world.rank());
    let host = mpi::environment::processor_name().unwrap_or_else(|_| "an unknown host".into());
    let mut ranks = MpiRanks {
        rank: world.rank() as usize,
        count: world.size() as usize,
        hosts: Vec::new(),
        patience,
    };
    ranks.hosts = ranks.hosts_of_all(&host)?;
    if ranks.rank == 0 {
        tell_alive(1..world.size(), patience / 4);
    }
    Ok(JoinedRanks {
        local: beside.rank() as usize,
        here: beside.size() as usize,
        ranks: Arc::new(ranks),
    })
}

/// Leaves MPI, so that a process that ends is not one that was lost. MPI waits for all ranks there, for ever if
/// one cannot be reached any more, and that of MPICH over TCP now and then though all can: this process then ends
/// by itself, with the exit code that it would have had, as all that it had to write is written.
pub fn leave(code: u8) {
    let universe = calling(|| {
        let mut universe = UNIVERSE.lock().unwrap_or_else(PoisonError::into_inner);
        universe.take()
    });
    if universe.is_some() && SimpleCommunicator::world().size() > 1 {
        end_after(
            LEAVE,
            code,
            "MPI does not come to its end, which changes nothing that was written",
        );
    }
    drop(universe);
}

/// Ends this process when so much time has gone by: MPI may wait for ever for what cannot be reached.
fn end_after(time: Duration, code: u8, why: &'static str) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        crate::progress::say(&format!(
            "harness: {why} (after {:.0} s)",
            time.as_secs_f64()
        ));
        std::process::exit(code.into());
    });
}

/// Ends the processes of all ranks that can be reached.
fn end_all() -> ! {
    // What was said last is passed on by those who started the ranks, who end with them.
    std::thread::sleep(SAID);
    end_after(ABORT, 1, "MPI cannot end the other ranks, which may go on");
    SimpleCommunicator::world().abort(1)
}

/// Ends the processes of all ranks, if this is one of several.
pub fn abandon() {
    let joined = UNIVERSE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some();
    if joined && SimpleCommunicator::world().size() > 1 {
        end_all();
    }
}

fn patience() -> Result<Duration> {
    let (name, usual) = PATIENCE;
    let seconds = match std::env::var(name) {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|s: &f64| (1e-3..=1e6).contains(s))
            .with_context(|| format!("{name}={text} is no number of seconds"))?,
        Err(_) => usual,
    };
    Ok(Duration::from_secs_f64(seconds))
}

/// The ranks of MPI, one of which is this process.
pub(super) struct MpiRanks {
    rank: usize,
    count: usize,
    hosts: Vec<String>,
    patience: Duration,
}

impl MpiRanks {
    fn hosts_of_all(&self, host: &str) -> Result<Vec<String>> {
        const ROOM: usize = 256;
        let mut own = host.as_bytes()[..host.len().min(ROOM)].to_vec();
        own.resize(ROOM, 0);
        let mut all = vec![0; ROOM * self.count];
        self.all_gather(&own, &mut all)?;
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .trim_end_matches('\0')
                .to_owned()
        };
        Ok(all.chunks_exact(ROOM).map(text).collect())
    }

    /// Whether every rank says yes.
    fn all_say(&self, yes: bool) -> Result<bool> {
        let mut all = vec![0; self.count];
        self.all_gather(&[u8::from(yes)], &mut all)?;
        Ok(all.iter().all(|said| *said == 1))
    }

    /// Waits for what was asked for, not longer than its patience after others were heard of: in a round, by what they
    /// bring; between rounds, by what rank 0 tells while it computes by itself.
    fn wait<'a, D: ?Sized, S: mpi::request::Scope<'a>>(&self, mut request: Request<'a, D, S>) {
        let mut begin = Instant::now();
        let mut told = false;
        loop {
            let waited = begin.elapsed();
            match calling(|| request.test()) {
                Ok(_) => {
                    if self.rank == 0 && waited > self.patience / 2 {
                        Self::forget_who_waited();
                    }
                    return;
                }
                Err(open) => request = open,
            }
            if waited < SPIN {
                std::thread::yield_now();
                continue;
            }
            std::thread::sleep(SLEEP);
            let first = SimpleCommunicator::world();
            let first = first.process_at_rank(0);
            // Rank 0 has to know who waits, to tell who does not answer.
            if self.rank > 0 && !told && waited > self.patience.mul_f64(0.8) {
                calling(|| first.send_with_tag(&1_u8, WAITING));
                told = true;
            }
            if self.rank > 0 && calling(|| first.immediate_probe_with_tag(ALIVE)).is_some() {
                calling(|| first.receive_with_tag::<u8>(ALIVE));
                (begin, told) = (Instant::now(), false);
            }
            let most = match self.rank {
                0 => self.patience,
                _ => self.patience.mul_f64(1.5),
            };
            if waited > most {
                self.give_up(waited);
            }
        }
    }

    /// Takes in what ranks told that waited with this one, so that they are not taken for waiting later.
    fn forget_who_waited() {
        let world = SimpleCommunicator::world();
        let waited = || world.any_process().immediate_probe_with_tag(WAITING);
        while let Some(status) = calling(waited) {
            let rank = world.process_at_rank(status.source_rank());
            calling(|| rank.receive_with_tag::<u8>(WAITING));
        }
    }

    /// Says who does not answer, and ends all ranks.
    fn give_up(&self, waited: Duration) -> ! {
        let world = SimpleCommunicator::world();
        let silent = |rank: &usize| {
            let source = world.process_at_rank(*rank as i32);
            source.immediate_probe_with_tag(WAITING).is_none()
        };
        let others: Vec<usize> = match self.rank {
            0 => (1..self.count).filter(silent).collect(),
            _ => vec![0],
        };
        let names: Vec<String> = others
            .iter()
            .map(|&rank| format!("rank {rank} ({})", self.hosts.get(rank).map_or("?", |h| h)))
            .collect();
        let who = match names.is_empty() {
            true => "each rank waits for another, which".to_owned(),
            false => names.join(", "),
        };
        crate::progress::say(&format!(
            "harness: {who} did not answer for {:.0} s: all ranks end; what was measured is kept, and the same command goes \
             on with it",
            waited.as_secs_f64()
        ));
        end_all()
    }
}

/// Ranks on GPUs of an MPI that is CUDA-aware: it carries tensors from GPU to GPU. Run where the CPU stands in for GPUs;
/// no such MPI has been at hand yet.
pub(super) struct CudaAwareRanks {
    ranks: Arc<MpiRanks>,
    gather: gpu::MpiGather,
}

impl CudaAwareRanks {
    /// Joins ranks whose MPI says of itself, on each, that it is CUDA-aware. Rows that all know are exchanged first.
    ///
    /// # Errors
    /// If one does not say so, or the rows do not come through.
    pub(super) fn join(ranks: Arc<MpiRanks>, device: &Device) -> Result<ByDevices<Self>> {
        /// As many as the rows of a window may be: short messages go another way.
        const NUMBERS: usize = 1 << 17;
        let (rank, count) = (ranks.rank, ranks.count);
        let gather = calling(|| gpu::MpiGather::of(rank, count));
        let all_say = ranks.all_say(gather.is_some())?;
        let gather = gather.filter(|_| all_say).context(
            "not every rank's MPI says that it is CUDA-aware (MPIX_Query_cuda_support): with --devices mpi:cuda gradients \
             go through the hosts' memory",
        )?;
        let aware = Self {
            ranks: ranks.clone(),
            gather,
        };
        let of = |rank: usize| (0..NUMBERS).map(move |i| (rank * NUMBERS + i) as f64);
        let own = Tensor::from_iter(of(rank), device)?.unsqueeze(0)?;
        // A rank that fails here ends them all.
        let gathered = aware.gathered(&own)?.flatten_all()?.to_vec1::<f64>()?;
        let right = gathered.iter().copied().eq((0..count).flat_map(of));
        ensure!(
            ranks.all_say(right)?,
            "MPI says that it is CUDA-aware, and numbers that were sent from GPU to GPU came out as others: with --devices \
             mpi:cuda they go through the hosts' memory"
        );
        Ok(ByDevices {
            ranks,
            devices: aware,
        })
    }

    /// By messages from one to the other: of these every MPI that is CUDA-aware takes a GPU's memory, of collective
    /// operations that do not block Open MPI's does not.
    fn gathered(&self, own: &Tensor) -> candle_core::Result<Tensor> {
        let world = SimpleCommunicator::world();
        let process = |rank: usize| world.process_at_rank(rank as i32);
        self.gather.gathered(own, |own, mut others| {
            let ranks: Vec<usize> = others.iter().map(|(rank, _)| *rank).collect();
            let (own, others) = (&own, &mut others);
            scope(|scope| {
                let receive = |(rank, part)| {
                    calling(|| process(rank).immediate_receive_into_with_tag(scope, part, ROWS))
                };
                let send =
                    |rank| calling(|| process(rank).immediate_send_with_tag(scope, own, ROWS));
                let parts = others.iter_mut().map(|(rank, part)| (*rank, part));
                let received: Vec<_> = parts.map(receive).collect();
                let sent: Vec<_> = ranks.into_iter().map(send).collect();
                received.into_iter().for_each(|part| self.ranks.wait(part));
                sent.into_iter().for_each(|part| self.ranks.wait(part));
            });
            Ok(())
        })
    }
}

impl DeviceRanks for CudaAwareRanks {
    fn all_gather(&self, own: &Tensor) -> optim::Result<Tensor> {
        let gathered = self.gathered(own);
        if let (Err(error), 2..) = (&gathered, self.ranks.count) {
            // The others wait for this rank's rows, and would never know why they do not come.
            crate::progress::say(&format!(
                "harness: rank {} cannot exchange its rows, so all ranks end: {error}",
                self.ranks.rank
            ));
            end_all();
        }
        Ok(gathered?)
    }
}

impl Ranks for MpiRanks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> optim::Result<()> {
        let world = SimpleCommunicator::world();
        scope(|scope| self.wait(calling(|| world.immediate_all_gather_into(scope, own, all))));
        Ok(())
    }

    fn broadcast(&self, message: &[u8]) -> optim::Result<Vec<u8>> {
        let world = SimpleCommunicator::world();
        let first = world.process_at_rank(0);
        let mut length = [message.len() as u64];
        scope(|scope| {
            self.wait(calling(|| {
                first.immediate_broadcast_into(scope, &mut length[..])
            }));
        });
        let mut message = message.to_vec();
        message.resize(length[0] as usize, 0);
        scope(|scope| {
            self.wait(calling(|| {
                first.immediate_broadcast_into(scope, &mut message[..])
            }));
        });
        Ok(message)
    }
}
