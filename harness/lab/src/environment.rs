//! The machine and the program: what a measurement's wall times depend on.

use crate::device::{cores, gpu, gpu::Gpu};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What ran, and on what.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Environment {
    /// This program's version.
    pub version: String,
    /// The commit it was built from; `-changed` when its tree differed from the commit.
    pub commit: String,
    /// A hash of the sources it was built from.
    pub sources: String,
    /// release or debug.
    pub build_profile: String,
    /// The compiler.
    pub rustc: String,
    /// Versions of the crates that the numbers depend on.
    pub crates: BTreeMap<String, String>,
    /// Operating system.
    pub os: String,
    /// Processor.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: usize,
    /// Threads that one whole CPU device uses.
    pub threads: usize,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// GPUs that this program can use, with their memory and compute capability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<String>,
    /// Their driver, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_driver: Option<String>,
    /// Their clocks as read when the program started, where `nvidia-smi` says them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_clocks: Option<String>,
    /// The version of CUDA that this program speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cuda: Option<String>,
    /// The version of cuBLAS, which makes the products on GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cublas: Option<String>,
    /// The version of cuDNN, which makes convolutions on GPUs if the program was built with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cudnn: Option<String>,
}

/// The crates whose version is worth writing down.
const CRATES: &[&str] = &[
    "candle-core",
    "gemm",
    "pulp",
    "rayon",
    "rand_chacha",
    "polars",
    "plotters",
];

impl Environment {
    /// Looks at this machine and this program.
    #[must_use]
    pub fn current() -> Self {
        let system = sysinfo::System::new_with_specifics(
            sysinfo::RefreshKind::nothing()
                .with_memory(sysinfo::MemoryRefreshKind::nothing().with_ram())
                .with_cpu(sysinfo::CpuRefreshKind::nothing()),
        );
        let there = gpu::count().unwrap_or_default();
        let gpus: Vec<_> = (0..there)
            .filter_map(|gpu| gpu::described(gpu).ok())
            .collect();
        let gpus: Vec<String> = gpus.iter().map(Gpu::to_string).collect();
        let cpu = system
            .cpus()
            .first()
            .map(|cpu| cpu.brand().trim().to_owned());
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("HARNESS_COMMIT").into(),
            sources: env!("HARNESS_SOURCES").into(),
            build_profile: env!("HARNESS_PROFILE").into(),
            rustc: env!("HARNESS_RUSTC").into(),
            crates: locked_versions(include_str!("../../../Cargo.lock"), CRATES),
            os: sysinfo::System::long_os_version().unwrap_or_else(|| std::env::consts::OS.into()),
            cpu: cpu
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "unknown".into()),
            cores: cores(),
            threads: rayon::current_num_threads(),
            memory_bytes: system.total_memory(),
            gpu_driver: (!gpus.is_empty()).then(gpu::driver).flatten(),
            gpu_clocks: (!gpus.is_empty()).then(gpu::clocks).flatten(),
            cuda: gpu::cuda_version(),
            cublas: (!gpus.is_empty()).then(::gpu::cublas_version).flatten(),
            cudnn: (!gpus.is_empty()).then(::gpu::cudnn_version).flatten(),
            gpus,
        }
    }

    /// What makes two measurements of a cell comparable: the program, by its sources and not by
    /// its commit, and the kind of machine.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        [
            self.sources.as_str(),
            &self.rustc,
            &self.build_profile,
            &self.cpu,
            &self.cores.to_string(),
            &self.threads.to_string(),
            &self.gpus.join("\n"),
            self.gpu_driver.as_deref().unwrap_or_default(),
            self.cudnn.as_deref().unwrap_or_default(),
        ]
        .join("\n")
    }
}

/// Versions of the named packages in a Cargo.lock; the newest where there are several.
fn locked_versions(lock: &str, names: &[&str]) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        let value = line.split('"').nth(1).unwrap_or_default();
        if line.starts_with("name = ") {
            name = value;
        } else if line.starts_with("version = ") && names.contains(&name) {
            // The lock lists the versions of one package in ascending order.
            versions.insert(name.to_owned(), value.to_owned());
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_the_crates_that_compute_are_found() {
        let crates = Environment::current().crates;
        for name in CRATES {
            assert!(crates.contains_key(*name), "{name} is not in {crates:?}");
        }
    }

    #[test]
    fn other_sources_or_another_machine_are_another_fingerprint() {
        let here = Environment::current();
        let newer = Environment {
            sources: "another".into(),
            ..here.clone()
        };
        let elsewhere = Environment {
            cpu: "another".into(),
            ..here.clone()
        };
        assert_ne!(here.fingerprint(), newer.fingerprint());
        assert_ne!(here.fingerprint(), elsewhere.fingerprint());
        let with_a_gpu = Environment {
            gpus: vec!["cuda:0 a GPU".into()],
            ..here.clone()
        };
        assert_ne!(here.fingerprint(), with_a_gpu.fingerprint());
    }
}
