//! Ranks of MPI, by the compiler wrapper and library of this machine.

use anyhow::{Context, Result, ensure};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::request::{Request, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use optim::Ranks;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a rank waits for the others within a round, in seconds, unless this variable says otherwise.
const PATIENCE: (&str, f64) = ("HARNESS_MPI_PATIENCE", 60.0);

/// Sent to rank 0 by one that has waited long.
const WAITING: i32 = 7;

/// How long is asked again and again before a rank sleeps in between: longer than an exchange takes.
const SPIN: Duration = Duration::from_millis(20);

/// How long it sleeps then.
const SLEEP: Duration = Duration::from_micros(200);

/// This process among the others.
pub(super) struct JoinedRanks {
    pub ranks: Arc<dyn Ranks>,
    /// Which of those on its host it is.
    pub local: usize,
    /// How many are on its host.
    pub here: usize,
}

/// Kept until the process ends: MPI is left when it is dropped.
static UNIVERSE: Mutex<Option<Universe>> = Mutex::new(None);

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
    Ok(JoinedRanks {
        local: beside.rank() as usize,
        here: beside.size() as usize,
        ranks: Arc::new(ranks),
    })
}

/// Leaves MPI, so that a process that ends is not one that was lost.
pub fn leave() {
    drop(
        UNIVERSE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(),
    );
}

/// Ends the processes of all ranks, if this is one of several.
pub fn abandon() {
    let joined = UNIVERSE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some();
    if joined && SimpleCommunicator::world().size() > 1 {
        SimpleCommunicator::world().abort(1);
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

struct MpiRanks {
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

    /// Waits for what was asked for; where others take part in a round, not longer than its patience.
    fn wait<'a, D: ?Sized, S: mpi::request::Scope<'a>>(
        &self,
        mut request: Request<'a, D, S>,
        bounded: bool,
    ) {
        let begin = Instant::now();
        let mut told = false;
        loop {
            match request.test() {
                Ok(_) => return,
                Err(open) => request = open,
            }
            let waited = begin.elapsed();
            if waited < SPIN {
                std::thread::yield_now();
                continue;
            }
            std::thread::sleep(SLEEP);
            if !bounded {
                continue;
            }
            // Rank 0 has to know who waits, to tell who does not answer.
            if self.rank > 0 && !told && waited > self.patience.mul_f64(0.8) {
                let first = SimpleCommunicator::world();
                first.process_at_rank(0).send_with_tag(&1_u8, WAITING);
                told = true;
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
        crate::progress::say(&format!(
            "harness: {} did not answer for {:.0} s: all ranks end; what was measured is kept, and the same command goes \
             on with it",
            names.join(", "),
            waited.as_secs_f64()
        ));
        world.abort(1)
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
        scope(|scope| self.wait(world.immediate_all_gather_into(scope, own, all), true));
        Ok(())
    }

    fn broadcast(&self, message: &[u8]) -> optim::Result<Vec<u8>> {
        let world = SimpleCommunicator::world();
        let first = world.process_at_rank(0);
        // What rank 0 does between two orders may take it any time.
        let bounded = self.rank == 0;
        let mut length = [message.len() as u64];
        scope(|scope| {
            let request = first.immediate_broadcast_into(scope, &mut length[..]);
            self.wait(request, bounded);
        });
        let mut message = message.to_vec();
        message.resize(length[0] as usize, 0);
        scope(|scope| {
            let request = first.immediate_broadcast_into(scope, &mut message[..]);
            self.wait(request, true);
        });
        Ok(message)
    }
}
