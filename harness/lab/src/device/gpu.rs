//! The GPUs of this machine.

use anyhow::Result;
use candle_core::Device;
use std::fmt;
use std::process::Command;

/// A GPU as its driver describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its number, as CUDA counts.
    pub ordinal: usize,
    /// What its maker calls it.
    pub name: String,
    /// Major and minor compute capability.
    pub capability: (i32, i32),
    /// All of its memory, in bytes.
    pub memory_bytes: u64,
    /// What of it nobody uses, in bytes.
    pub free_bytes: u64,
}

/// `cuda:0 NVIDIA H200, 139.8 GiB, compute capability 9.0`.
impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = self.memory_bytes as f64 / f64::from(1 << 30);
        let (ordinal, name, (major, minor)) = (self.ordinal, &self.name, self.capability);
        write!(
            f,
            "cuda:{ordinal} {name}, {gib:.1} GiB, compute capability {major}.{minor}"
        )
    }
}

/// Shown when the program has no CUDA in it.
#[cfg(not(feature = "cuda"))]
pub(super) const NOT_BUILT_IN: &str = "this program was built without CUDA: build it with `cargo run \
    --release --features cuda -p harness -- …` on a machine with the CUDA toolkit (or `ci/cuda.sh bundle` on \
    one without), or use --devices cpu";

/// Counts the GPUs.
///
/// # Errors
/// If this program was built without CUDA, or there is no driver or no GPU.
pub fn count() -> Result<usize> {
    #[cfg(feature = "cuda")]
    {
        use anyhow::Context;
        use candle_core::cuda_backend::cudarc::driver::CudaContext;
        let count = CudaContext::device_count()
            .context("asking the CUDA driver for GPUs: is there one (nvidia-smi)?")?;
        anyhow::ensure!(count > 0, "the CUDA driver knows of no GPU");
        Ok(count.unsigned_abs() as usize)
    }
    #[cfg(not(feature = "cuda"))]
    anyhow::bail!(NOT_BUILT_IN)
}

/// Asks a GPU what it is.
///
/// # Errors
/// If this program was built without CUDA, or the GPU does not answer.
pub fn described(ordinal: usize) -> Result<Gpu> {
    #[cfg(feature = "cuda")]
    {
        use anyhow::Context;
        use candle_core::cuda_backend::cudarc::driver::{CudaContext, DriverError};
        let of = || -> std::result::Result<Gpu, DriverError> {
            let context = CudaContext::new(ordinal)?;
            let (free, _) = context.mem_get_info()?;
            Ok(Gpu {
                ordinal,
                name: context.name()?,
                capability: context.compute_capability()?,
                memory_bytes: context.total_mem()? as u64,
                free_bytes: free as u64,
            })
        };
        of().with_context(|| format!("asking cuda:{ordinal} what it is"))
    }
    #[cfg(not(feature = "cuda"))]
    anyhow::bail!("cuda:{ordinal}: {NOT_BUILT_IN}")
}

/// Which of the first `count` GPUs can read one another's memory; `None` for fewer than two.
#[must_use]
pub fn peer_access(count: usize) -> Option<String> {
    if count < 2 {
        return None;
    }
    match ::gpu::peers(count) {
        Ok(Some(peers)) => Some(peers_in_words(&peers)),
        Ok(None) => None,
        Err(error) => Some(format!("peer access: not known, {error}")),
    }
}

/// `can[i][j]`: whether GPU i can read the memory of GPU j.
fn peers_in_words(can: &[Vec<bool>]) -> String {
    let pairs = |i| (0..can.len()).filter(move |&j| j != i).map(move |j| (i, j));
    let without: Vec<String> = (0..can.len())
        .flat_map(pairs)
        .filter(|&(i, j)| !can[i][j])
        .map(|(i, j)| format!("{i} of {j}"))
        .collect();
    if without.is_empty() {
        "peer access: all GPUs of one another".into()
    } else {
        format!(
            "peer access: not {}; what these exchange goes through the host's memory",
            without.join(", ")
        )
    }
}

/// The name of a GPU that no other has, as `nvidia-smi` writes it; `None` of what is no GPU.
#[must_use]
pub fn uuid(device: &Device) -> Option<String> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        let uuid = device.cuda_stream().context().uuid().ok()?;
        return Some(uuid_in_words(uuid.bytes.map(|byte| byte as u8)));
    }
    let _ = device;
    None
}

/// `GPU-` and 32 digits in groups of 8, 4, 4, 4 and 12.
#[cfg_attr(not(feature = "cuda"), allow(dead_code))]
fn uuid_in_words(bytes: [u8; 16]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
    format!("GPU-{}", groups.join("-"))
}

/// The version of the kernel's driver, where it says so.
#[must_use]
pub fn driver() -> Option<String> {
    let version = std::fs::read_to_string("/sys/module/nvidia/version").ok()?;
    Some(version.trim().to_owned()).filter(|version| !version.is_empty())
}

/// Clocks of the GPUs' processors and memory, as `nvidia-smi` reads them; `None` without it.
#[must_use]
pub fn clocks() -> Option<String> {
    let mut command = Command::new("nvidia-smi");
    command.args([
        "--query-gpu=clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem",
        "--format=csv,noheader",
    ]);
    let out = command.output().ok().filter(|out| out.status.success())?;
    let lines: Vec<String> = String::from_utf8(out.stdout)
        .ok()?
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    (!lines.is_empty()).then(|| format!("sm, memory, and their highest: {}", lines.join("; ")))
}

/// The version of CUDA that this program speaks, as `13.0`; `None` without CUDA.
#[must_use]
pub fn cuda_version() -> Option<String> {
    #[cfg(feature = "cuda")]
    {
        let version = candle_core::cuda_backend::cudarc::driver::sys::CUDA_VERSION;
        Some(format!("{}.{}", version / 1000, version % 1000 / 10))
    }
    #[cfg(not(feature = "cuda"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_is_described_by_what_its_numbers_depend_on() {
        let gpu = Gpu {
            ordinal: 1,
            name: "A GPU".into(),
            capability: (9, 0),
            memory_bytes: 3 << 29,
            free_bytes: 1 << 30,
        };
        let wanted = "cuda:1 A GPU, 1.5 GiB, compute capability 9.0";
        assert_eq!(gpu.to_string(), wanted);
    }

    #[test]
    fn a_gpu_is_named_as_nvidia_smi_names_it() {
        let bytes = std::array::from_fn(|index| 0xf0 + index as u8);
        let wanted = "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff";
        assert_eq!(uuid_in_words(bytes), wanted);
        assert_eq!(uuid(&Device::Cpu), None);
    }

    #[test]
    fn pairs_of_gpus_that_cannot_reach_one_another_are_named() {
        let all = peers_in_words(&[vec![false, true], vec![true, false]]);
        assert!(all.contains("all GPUs"), "{all}");
        let some = [vec![true, false], vec![true, true]];
        let some = peers_in_words(&some);
        assert!(some.contains("not 0 of 1;"), "{some}");
        assert_eq!(peer_access(1), None);
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn without_cuda_the_answer_says_how_to_get_it() {
        let error = count().unwrap_err().to_string();
        assert!(error.contains("--features cuda"), "{error}");
        assert_eq!(cuda_version(), None);
    }
}
