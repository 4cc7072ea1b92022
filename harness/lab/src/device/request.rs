//! Devices as users name them: `auto`, `cpu`, `cpu:4`, `cuda`, `cuda:0,1,2,3`, `cuda:0x4`.

use anyhow::{Context, Result, bail, ensure};
use std::fmt;
use std::str::FromStr;

/// What `--devices` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// All GPUs that this program can use, else the CPU.
    Auto,
    /// The CPU; at most `workers` workers where given, else as many as a window has slots.
    Cpu {
        /// The bound.
        workers: Option<usize>,
    },
    /// The ranks of MPI that this process is one of.
    Mpi {
        /// What each computes on.
        on: RankDevice,
    },
    /// GPUs; all there are if `None`.
    Cuda {
        /// Which, in the order of the workers.
        gpus: Option<Vec<Share>>,
    },
}

/// What a rank of MPI computes on, and how gradients go from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankDevice {
    /// A core.
    Core,
    /// A GPU of its host, which ranks may share; gradients go through memory of the hosts that is pinned.
    Gpu,
    /// The same with an MPI that is CUDA-aware, which every rank's has to say of itself: gradients go from GPU to GPU.
    GpuByMpi,
    /// A GPU of its own; gradients go from one to another by NCCL.
    GpuByNccl,
}

impl RankDevice {
    /// How commands and rows name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "mpi",
            Self::Gpu => "mpi:cuda",
            Self::GpuByMpi => "mpi:cuda-aware",
            Self::GpuByNccl => "mpi:nccl",
        }
    }
}

/// A GPU and how many workers share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number, as CUDA counts.
    pub gpu: usize,
    /// Workers, each with a stream and a replica of its own: 1, or several *logical devices*,
    /// which compute what as many GPUs would but not as fast.
    pub workers: usize,
}

const HINT: &str = "write auto (all GPUs that can be used, else the CPU), cpu, cpu:N (at most N workers), cuda (all \
                    GPUs), cuda:0, cuda:0,1,2,3, cuda:0x4 (four workers that share a GPU), or mpi, mpi:cuda, \
                    mpi:cuda-aware, mpi:nccl (a core or a GPU for each rank of mpirun; in the last two gradients go from \
                    GPU to GPU, by an MPI that is CUDA-aware or by NCCL)";

fn number(text: &str) -> Result<usize> {
    text.trim()
        .parse()
        .with_context(|| format!("`{text}` is no number: {HINT}"))
}

impl FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (gpu, workers) = match text.split_once('x') {
            Some((gpu, workers)) => (number(gpu)?, number(workers)?),
            None => (number(text)?, 1),
        };
        ensure!(workers >= 1, "`{text}` has no worker: {HINT}");
        Ok(Self { gpu, workers })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.workers {
            1 => write!(f, "{}", self.gpu),
            workers => write!(f, "{}x{workers}", self.gpu),
        }
    }
}

impl FromStr for Request {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (backend, list) = match text.split_once(':') {
            Some((backend, list)) => (backend, Some(list)),
            None => (text, None),
        };
        match (backend, list) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu { workers: None }),
            ("cpu", Some(count)) => {
                let workers = number(count)?;
                ensure!(workers >= 1, "cpu:0 is no device: {HINT}");
                Ok(Self::Cpu {
                    workers: Some(workers),
                })
            }
            ("mpi", None) => Ok(Self::Mpi {
                on: RankDevice::Core,
            }),
            ("mpi", Some("cuda")) => Ok(Self::Mpi {
                on: RankDevice::Gpu,
            }),
            ("mpi", Some("cuda-aware")) => Ok(Self::Mpi {
                on: RankDevice::GpuByMpi,
            }),
            ("mpi", Some("nccl")) => Ok(Self::Mpi {
                on: RankDevice::GpuByNccl,
            }),
            ("cuda", None) => Ok(Self::Cuda { gpus: None }),
            ("cuda", Some(list)) => {
                let gpus = list
                    .split(',')
                    .map(str::parse)
                    .collect::<Result<Vec<Share>>>()?;
                let mut unique: Vec<usize> = gpus.iter().map(|share| share.gpu).collect();
                unique.sort_unstable();
                unique.dedup();
                ensure!(
                    unique.len() == gpus.len(),
                    "`{text}` names a GPU twice: {HINT}"
                );
                Ok(Self::Cuda { gpus: Some(gpus) })
            }
            _ => bail!("`{text}` is no device: {HINT}"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu { workers: None } => f.write_str("cpu"),
            Self::Cpu {
                workers: Some(count),
            } => write!(f, "cpu:{count}"),
            Self::Mpi { on } => f.write_str(on.name()),
            Self::Cuda { gpus: None } => f.write_str("cuda"),
            Self::Cuda { gpus: Some(gpus) } => f.write_str(&label(gpus)),
        }
    }
}

/// How rows name GPUs: `cuda:0,1`, `cuda:0x4`.
#[must_use]
pub fn label(gpus: &[Share]) -> String {
    let names: Vec<String> = gpus.iter().map(Share::to_string).collect();
    format!("cuda:{}", names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Request {
        text.parse().unwrap()
    }

    fn cuda(gpus: &[(usize, usize)]) -> Request {
        let share = |&(gpu, workers): &(usize, usize)| Share { gpu, workers };
        Request::Cuda {
            gpus: Some(gpus.iter().map(share).collect()),
        }
    }

    #[test]
    fn devices_are_named_as_users_name_them() {
        assert_eq!(of("auto"), Request::Auto);
        assert_eq!(of("cpu"), Request::Cpu { workers: None });
        assert_eq!(of("cpu:4"), Request::Cpu { workers: Some(4) });
        assert_eq!(of("cuda"), Request::Cuda { gpus: None });
        assert_eq!(of("cuda:2,0"), cuda(&[(2, 1), (0, 1)]));
        assert_eq!(of("cuda:0x4"), cuda(&[(0, 4)]));
        assert_eq!(of("cuda:0x2,1"), cuda(&[(0, 2), (1, 1)]));
    }

    #[test]
    fn a_request_is_shown_as_it_is_written() {
        for text in [
            "auto",
            "cpu",
            "cpu:4",
            "cuda",
            "cuda:0",
            "cuda:2,0",
            "cuda:0x4",
            "cuda:0x2,1",
            "mpi",
            "mpi:cuda",
            "mpi:cuda-aware",
            "mpi:nccl",
        ] {
            assert_eq!(of(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_device_is_answered_with_how_to_write_one() {
        for bad in [
            "",
            "gpu",
            "auto:2",
            "cpu:0",
            "cpu:x",
            "cuda:",
            "cuda:0,0",
            "cuda:-1",
            "cuda:0x0",
            "cuda:x4",
            "cuda:0x2,0",
            "mpi:4",
        ] {
            let error = format!("{:#}", bad.parse::<Request>().unwrap_err());
            assert!(error.contains("cuda:0,1,2,3"), "{bad}: {error}");
        }
    }
}
