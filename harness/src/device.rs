//! Devices as users name them: `cpu`, `cpu:4`, `cuda:0`, `cuda:0,1,2,3`.

use anyhow::{Context, Result, bail, ensure};
use candle_core::Device;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What `--devices` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The CPU; at most `workers` workers where given, else as many as a window has slots.
    Cpu {
        /// The bound.
        workers: Option<usize>,
    },
    /// These GPUs.
    Cuda {
        /// Their numbers, as CUDA counts them.
        ordinals: Vec<usize>,
    },
}

impl FromStr for Request {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let hint = "write cpu, cpu:N (at most N workers), cuda:0 or cuda:0,1,2,3";
        let (backend, list) = match text.split_once(':') {
            Some((backend, list)) => (backend, Some(list)),
            None => (text, None),
        };
        let number = |t: &str| {
            t.trim()
                .parse::<usize>()
                .with_context(|| format!("`{t}` is no number: {hint}"))
        };
        match (backend, list) {
            ("cpu", None) => Ok(Self::Cpu { workers: None }),
            ("cpu", Some(count)) => {
                let workers = number(count)?;
                ensure!(workers >= 1, "cpu:0 is no device: {hint}");
                Ok(Self::Cpu {
                    workers: Some(workers),
                })
            }
            ("cuda", list) => {
                let ordinals = list
                    .unwrap_or("0")
                    .split(',')
                    .map(number)
                    .collect::<Result<Vec<_>>>()?;
                let mut unique = ordinals.clone();
                unique.sort_unstable();
                unique.dedup();
                ensure!(
                    unique.len() == ordinals.len(),
                    "`{text}` names a GPU twice: {hint}"
                );
                Ok(Self::Cuda { ordinals })
            }
            _ => bail!("`{text}` is no device: {hint}"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { workers: None } => f.write_str("cpu"),
            Self::Cpu {
                workers: Some(count),
            } => write!(f, "cpu:{count}"),
            Self::Cuda { ordinals } => {
                let names: Vec<String> = ordinals.iter().map(usize::to_string).collect();
                write!(f, "cuda:{}", names.join(","))
            }
        }
    }
}

/// The devices of a run, opened.
#[derive(Clone)]
pub struct Machine {
    request: Request,
    devices: Vec<Device>,
    cores: usize,
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
}

impl Machine {
    /// Opens the devices.
    ///
    /// # Errors
    /// If this program was built without the backend, or a device is missing.
    pub fn open(request: Request) -> Result<Self> {
        let devices = match &request {
            Request::Cpu { .. } => vec![Device::Cpu],
            Request::Cuda { ordinals } => {
                ensure!(
                    cfg!(feature = "cuda"),
                    "this program was built without CUDA: build it with `cargo run --release --features cuda -p harness -- …` on a machine with the CUDA toolkit, or use --devices cpu"
                );
                // A stream of its own, not the calling thread's: workers share the first device.
                let open = |&i: &usize| {
                    Device::new_cuda_with_stream(i).with_context(|| {
                        format!("opening cuda:{i}: is it there (nvidia-smi), and its driver?")
                    })
                };
                ordinals.iter().map(open).collect::<Result<_>>()?
            }
        };
        Ok(Self {
            request,
            devices,
            cores: cores(),
        })
    }

    /// cpu or cuda.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.request {
            Request::Cpu { .. } => "cpu",
            Request::Cuda { .. } => "cuda",
        }
    }

    /// One device with all it has.
    #[must_use]
    pub fn whole(&self) -> Placement {
        let label = match &self.request {
            Request::Cpu { .. } => "cpu".to_owned(),
            Request::Cuda { ordinals } => format!("cuda:{}", ordinals[0]),
        };
        let devices = self.devices[..1].to_vec();
        Placement {
            label,
            devices,
            threads: None,
            oversubscribed: false,
        }
    }

    /// The device that data and evaluation live on.
    #[must_use]
    pub fn home(&self) -> &Device {
        &self.devices[0]
    }

    /// At most `wanted` workers.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn workers(&self, wanted: usize) -> Result<Placement> {
        match &self.request {
            Request::Cpu { workers } => {
                let count = wanted.min(workers.unwrap_or(wanted));
                let single = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
                Ok(Placement {
                    label: format!("cpu:{count}"),
                    devices: vec![Device::Cpu; count],
                    threads: Some(Arc::new(single)),
                    oversubscribed: count > self.cores,
                })
            }
            Request::Cuda { ordinals } => {
                let count = wanted.min(ordinals.len());
                let names: Vec<String> = ordinals[..count].iter().map(usize::to_string).collect();
                Ok(Placement {
                    label: format!("cuda:{}", names.join(",")),
                    devices: self.devices[..count].to_vec(),
                    threads: None,
                    oversubscribed: false,
                })
            }
        }
    }
}

impl Placement {
    /// Runs `work` with the threads that belong to this placement.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.threads {
            Some(threads) => threads.install(work),
            None => work(),
        }
    }

    /// Waits until the device on which positions live has done all it was asked.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn synchronize(&self) -> Result<()> {
        Ok(self.devices[0].synchronize()?)
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
    fn devices_are_named_as_users_name_them() {
        let of = |text: &str| text.parse::<Request>().unwrap();
        assert_eq!(of("cpu"), Request::Cpu { workers: None });
        assert_eq!(of("cpu:4"), Request::Cpu { workers: Some(4) });
        assert_eq!(of("cuda"), Request::Cuda { ordinals: vec![0] });
        assert_eq!(
            of("cuda:2,0"),
            Request::Cuda {
                ordinals: vec![2, 0]
            }
        );
    }

    #[test]
    fn what_is_no_device_is_answered_with_how_to_write_one() {
        for bad in ["", "gpu", "cpu:0", "cpu:x", "cuda:0,0", "cuda:-1"] {
            let error = format!("{:#}", bad.parse::<Request>().unwrap_err());
            assert!(error.contains("cuda:0,1,2,3"), "{bad}: {error}");
        }
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
    fn a_workers_threads_are_its_own_and_only_one() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        assert_eq!(
            machine.workers(3).unwrap().run(rayon::current_num_threads),
            1
        );
    }
}
