//! Devices: what a user asks for, what is there, what a cell runs on.

mod auto;
mod by_devices;
mod explained;
pub mod gpu;
mod memory;
#[cfg(feature = "mpi")]
mod mpi;
mod nccl;
mod request;

pub use auto::settled;
pub use explained::explained;
pub use memory::{MemoryNeed, check_dense, check_plan, check_room};
pub use nccl::NcclRanks;
pub use request::{RankDevice, Request, Share};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use optim::Ranks;
use request::label;
use std::sync::Arc;

/// The devices of a run, opened.
#[derive(Clone)]
pub struct Machine {
    kind: MachineKind,
    cores: usize,
}

/// What a machine computes on.
#[derive(Clone)]
enum MachineKind {
    /// At most so many workers, if there is a bound.
    Cpu { workers: Option<usize> },
    /// A device for each worker.
    Cuda { workers: Vec<OnGpu> },
    /// The device of one rank, beside others of other processes.
    Ranks {
        ranks: Arc<dyn Ranks>,
        device: Device,
        on: RankDevice,
        /// Whether there are more of them on a host than it has cores or GPUs.
        crowded: bool,
    },
}

/// A worker of a GPU.
#[derive(Clone)]
struct OnGpu {
    gpu: usize,
    device: Device,
}

/// What one cell runs on.
#[derive(Clone)]
pub struct Placement {
    /// How rows name it.
    pub label: String,
    /// One per worker; a single one for methods that run on one device.
    pub devices: Vec<Device>,
    /// The threads of the calling side, where they are bounded: a single-threaded worker's flow
    /// must not do its vector algebra with more threads than the worker has.
    threads: Option<Arc<rayon::ThreadPool>>,
    /// Whether there are more workers than cores.
    pub oversubscribed: bool,
    /// Whether the workers but the first are other processes.
    apart: bool,
}

impl Machine {
    /// Opens the devices.
    ///
    /// # Errors
    /// If this program was built without the backend, or a device is missing.
    pub fn open(request: Request) -> Result<Self> {
        let kind = match settled(request).0 {
            Request::Auto => MachineKind::Cpu { workers: None },
            Request::Cpu { workers } => MachineKind::Cpu { workers },
            Request::Cuda { gpus } => MachineKind::Cuda {
                workers: on_gpus(gpus)?,
            },
            Request::Mpi { on } => on_ranks(on)?,
        };
        Ok(Self {
            kind,
            cores: cores(),
        })
    }

    /// Of one rank of several, which computes on a core.
    #[must_use]
    pub fn on_ranks(ranks: Arc<dyn Ranks>) -> Self {
        Self {
            kind: MachineKind::Ranks {
                ranks,
                device: Device::Cpu,
                on: RankDevice::Core,
                crowded: false,
            },
            cores: cores(),
        }
    }

    /// The other ranks, if there are any.
    #[must_use]
    pub fn ranks(&self) -> Option<&Arc<dyn Ranks>> {
        match &self.kind {
            MachineKind::Ranks { ranks, .. } => Some(ranks),
            _ => None,
        }
    }

    /// cpu or cuda.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match &self.kind {
            MachineKind::Ranks { device, .. } if device.is_cpu() => "cpu",
            MachineKind::Ranks { .. } => "cuda",
            MachineKind::Cpu { .. } => "cpu",
            MachineKind::Cuda { .. } => "cuda",
        }
    }

    /// One device with all it has.
    #[must_use]
    pub fn whole(&self) -> Placement {
        let (label, device) = match &self.kind {
            MachineKind::Cpu { .. } => ("cpu".to_owned(), Device::Cpu),
            MachineKind::Ranks { device, .. } if device.is_cpu() => ("cpu".to_owned(), Device::Cpu),
            MachineKind::Ranks { device, .. } => ("cuda:0".to_owned(), device.clone()),
            MachineKind::Cuda { workers } => {
                let first = &workers[0];
                (format!("cuda:{}", first.gpu), first.device.clone())
            }
        };
        Placement {
            label,
            devices: vec![device],
            threads: None,
            oversubscribed: false,
            apart: false,
        }
    }

    /// The device that data and evaluation live on.
    #[must_use]
    pub fn home(&self) -> &Device {
        match &self.kind {
            MachineKind::Cpu { .. } => &Device::Cpu,
            MachineKind::Cuda { workers } => &workers[0].device,
            MachineKind::Ranks { device, .. } => device,
        }
    }

    /// Has every device compute something: after a failure, to tell a cell that cannot be computed from a
    /// device that is lost.
    ///
    /// # Errors
    /// If a device no longer computes.
    pub fn still_computes(&self) -> Result<()> {
        let MachineKind::Cuda { workers } = &self.kind else {
            return Ok(());
        };
        for worker in workers {
            computes(&worker.device)
                .with_context(|| format!("cuda:{} no longer computes", worker.gpu))?;
        }
        Ok(())
    }

    /// At most `wanted` workers.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn workers(&self, wanted: usize) -> Result<Placement> {
        match &self.kind {
            MachineKind::Cpu { workers } => {
                let count = wanted.min(workers.unwrap_or(wanted));
                let single = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
                Ok(Placement {
                    label: format!("cpu:{count}"),
                    devices: vec![Device::Cpu; count],
                    threads: Some(Arc::new(single)),
                    oversubscribed: count > self.cores,
                    apart: false,
                })
            }
            MachineKind::Ranks {
                ranks,
                device,
                on,
                crowded,
            } => {
                let (count, on_cpu) = (wanted.min(ranks.count()), device.is_cpu());
                let single = || rayon::ThreadPoolBuilder::new().num_threads(1).build();
                Ok(Placement {
                    label: format!("{}:{count}", on.name()),
                    devices: vec![device.clone(); count],
                    threads: on_cpu.then(single).transpose()?.map(Arc::new),
                    oversubscribed: *crowded,
                    apart: true,
                })
            }
            MachineKind::Cuda { workers } => {
                let busy = &workers[..wanted.min(workers.len())];
                let shares = shares(busy.iter().map(|worker| worker.gpu));
                Ok(Placement {
                    label: label(&shares),
                    devices: busy.iter().map(|worker| worker.device.clone()).collect(),
                    threads: None,
                    oversubscribed: shares.iter().any(|share| share.workers > 1),
                    apart: false,
                })
            }
        }
    }
}

/// Opens a GPU and has it compute something, so that what is in its way is said before a run begins.
fn open(gpu: usize) -> Result<Device> {
    let device = ::gpu::open(gpu)?;
    computes(&device)?;
    Ok(device)
}

/// Has a device compute something and waits for it.
fn computes(device: &Device) -> Result<()> {
    let two = (Tensor::new(&[1f32], device)? * 2.0)?.to_vec1::<f32>()?;
    ensure!(two == [2.0], "it computes 1 * 2 = {}", two[0]);
    Ok(())
}

/// How many workers each GPU has, in the order in which GPUs first occur.
fn shares(gpus: impl Iterator<Item = usize>) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for gpu in gpus {
        match shares.iter_mut().find(|share| share.gpu == gpu) {
            Some(share) => share.workers += 1,
            None => shares.push(Share { gpu, workers: 1 }),
        }
    }
    shares
}

/// Leaves the ranks that this process is one of, if it is, to end with this exit code: without this its end would be a
/// loss to the others.
#[cfg_attr(not(feature = "mpi"), expect(unused_variables))]
pub fn leave_ranks(code: u8) {
    #[cfg(feature = "mpi")]
    mpi::leave(code);
}

/// Ends all ranks, if this process is one of several: what it was to do it cannot.
pub fn abandon_ranks() {
    #[cfg(feature = "mpi")]
    mpi::abandon();
}

/// This process as one of the ranks that it was started with.
#[cfg(feature = "mpi")]
fn on_ranks(on: RankDevice) -> Result<MachineKind> {
    let mpi::JoinedRanks { ranks, local, here } = mpi::join()?;
    let there = match on {
        RankDevice::Gpu | RankDevice::GpuByMpi | RankDevice::GpuByNccl => gpu::count()?,
        RankDevice::Core => sysinfo::System::new_with_specifics(
            sysinfo::RefreshKind::nothing().with_cpu(sysinfo::CpuRefreshKind::nothing()),
        )
        .cpus()
        .len(),
    };
    let device = match on {
        RankDevice::Core => Device::Cpu,
        RankDevice::Gpu | RankDevice::GpuByMpi | RankDevice::GpuByNccl => {
            ensure!(there > 0, "rank {} finds no GPU on its host", ranks.rank());
            open(local % there).with_context(|| format!("opening cuda:{}", local % there))?
        }
    };
    let ranks: Arc<dyn Ranks> = match on {
        RankDevice::Core | RankDevice::Gpu => ranks,
        RankDevice::GpuByMpi => Arc::new(mpi::CudaAwareRanks::join(ranks, &device)?),
        RankDevice::GpuByNccl => {
            ensure!(
                here <= there,
                "{here} ranks of this host have {there} GPU(s), and NCCL takes one for each: --devices mpi:cuda lets them share"
            );
            Arc::new(NcclRanks::join(ranks, &device)?)
        }
    };
    Ok(MachineKind::Ranks {
        ranks,
        device,
        on,
        crowded: here > there,
    })
}

#[cfg(not(feature = "mpi"))]
fn on_ranks(_: RankDevice) -> Result<MachineKind> {
    anyhow::bail!(
        "this program was built without MPI: build it with `cargo build --release -p harness --features mpi`"
    )
}

/// Opens a device for every worker of the GPUs asked for, or of all.
fn on_gpus(asked: Option<Vec<Share>>) -> Result<Vec<OnGpu>> {
    let there = gpu::count()?;
    let asked = asked.unwrap_or_else(|| shares(0..there));
    let mut workers = Vec::new();
    for share in asked {
        ensure!(
            share.gpu < there,
            "there is no cuda:{}: this machine has {} GPU(s), counted from 0 (`harness doctor` lists them)",
            share.gpu,
            there
        );
        for _ in 0..share.workers {
            // A stream of its own, not the calling thread's: workers share the first device.
            let device = open(share.gpu).with_context(|| format!("opening cuda:{}", share.gpu))?;
            workers.push(OnGpu {
                gpu: share.gpu,
                device,
            });
        }
    }
    let devices: Vec<Device> = workers.iter().map(|worker| worker.device.clone()).collect();
    ::gpu::open_peers(&devices).context("letting GPUs reach one another's memory")?;
    Ok(workers)
}

impl Placement {
    /// Runs `work` with the threads that belong to this placement.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.threads {
            Some(threads) => threads.install(work),
            None => work(),
        }
    }

    /// Devices of which each can work beside the others: one for each worker, but no more on a CPU than
    /// there are cores for, and one of each GPU. A whole CPU is one for each of its threads.
    #[must_use]
    pub fn side_by_side(&self) -> Vec<Device> {
        let on_cpu = self.devices[0].is_cpu();
        if self.apart {
            return vec![self.devices[0].clone()];
        }
        match (on_cpu, &self.threads) {
            (true, None) => vec![Device::Cpu; rayon::current_num_threads()],
            (true, Some(_)) => vec![Device::Cpu; self.devices.len().min(cores())],
            (false, _) => {
                let mut apart: Vec<Device> = Vec::new();
                for device in &self.devices {
                    if apart
                        .iter()
                        .all(|other| other.location() != device.location())
                    {
                        apart.push(device.clone());
                    }
                }
                apart
            }
        }
    }

    /// Returns the device on which positions live.
    #[must_use]
    pub fn first(&self) -> &Device {
        &self.devices[0]
    }
}

/// The cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_of_a_gpu_are_counted_where_it_first_occurs() {
        let of = |gpus: &[usize]| label(&shares(gpus.iter().copied()));
        assert_eq!(of(&[0, 0, 0, 0]), "cuda:0x4");
        assert_eq!(of(&[2, 0, 0]), "cuda:2,0x2");
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn asking_for_cuda_without_it_says_how_to_build_it_in() {
        let Err(error) = Machine::open("cuda:0".parse().unwrap()) else {
            panic!("no CUDA here")
        };
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }

    #[test]
    fn more_workers_than_cores_are_marked_and_a_bound_is_kept() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        assert!(!machine.workers(1).unwrap().oversubscribed);
        assert!(machine.workers(cores() + 1).unwrap().oversubscribed);
        let bounded = Machine::open("cpu:2".parse().unwrap()).unwrap();
        assert_eq!(bounded.workers(8).unwrap().label, "cpu:2");
        assert_eq!(bounded.whole().label, "cpu");
    }

    #[test]
    fn no_more_workers_work_side_by_side_than_there_are_cores() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        let count = |placement: Placement| placement.side_by_side().len();
        assert_eq!(count(machine.workers(1).unwrap()), 1);
        assert_eq!(count(machine.workers(cores() + 3).unwrap()), cores());
        assert_eq!(count(machine.whole()), rayon::current_num_threads());
    }

    #[test]
    fn a_workers_threads_are_its_own_and_only_one() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        assert_eq!(
            machine.workers(3).unwrap().run(rayon::current_num_threads),
            1
        );
    }
}
