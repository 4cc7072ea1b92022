//! What `nvidia-smi` says of GPUs: before anything of this program runs on them, and after a timed run.

use crate::device::gpu;
use candle_core::Device;
use std::process::{Child, Command, Stdio};

/// A GPU as it is found; what is not said is not known.
#[derive(Clone, Debug, Default, PartialEq)]
struct FoundGpu {
    uuid: String,
    /// Share of the last second in which something ran on it, in percent.
    used: Option<u32>,
    /// The clock of its processors, as a share of the highest.
    clock: Option<f64>,
    /// Why its clocks are not higher, a bit a reason.
    reasons: Option<u64>,
}

/// The reasons for slower clocks that are the machine's own trouble: slowdown by hardware, heat (by
/// software and by hardware) and power brake, as `nvmlClocksEventReasons` has them in NVML's reference.
const SLOWED: u64 = 0x8 | 0x20 | 0x40 | 0x80;

/// The reason that comes of load: the GPU draws as much power as it may.
const POWER_CAP: u64 = 0x4;

/// What was asked of a GPU, in the order of a line of the answer.
const FIELDS: &str =
    "--query-gpu=uuid,utilization.gpu,clocks.sm,clocks.max.sm,clocks_throttle_reasons.active";

/// What is to be said of GPUs that others use or that are slowed down; `None` if there is nothing, or
/// nobody to ask.
pub(super) fn warning() -> Option<String> {
    in_words(&found(&answer(start(&[FIELDS])?)?))
}

/// The GPUs of a placement, to be asked how they are after a run on them.
#[derive(Clone, Debug)]
pub struct Gpus {
    uuids: Vec<String>,
}

/// How GPUs are right after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct GpuState {
    /// The clock of the slowest, as a share of its highest.
    pub clock: Option<f64>,
    /// Whether something else than load holds a clock down.
    pub slowed: Option<bool>,
    /// Whether another process computes, or could, on one of them.
    pub shared: Option<bool>,
}

impl Gpus {
    /// Those among some devices.
    #[must_use]
    pub fn among(devices: &[Device]) -> Self {
        let mut uuids: Vec<String> = devices.iter().filter_map(gpu::uuid).collect();
        uuids.sort();
        uuids.dedup();
        Self { uuids }
    }

    /// How they are now; of no GPUs, and where nobody can be asked, nothing is known. It takes a tenth
    /// of a second, so it is asked off the clock.
    pub(super) fn state(&self) -> GpuState {
        if self.uuids.is_empty() {
            return GpuState::default();
        }
        // Both at once, for they spend their time waiting for the driver.
        let gpus = start(&[FIELDS]);
        let processes = start(&["--query-compute-apps=gpu_uuid"]);
        let gpus = gpus.and_then(answer).unwrap_or_default();
        let processes = processes.and_then(answer).unwrap_or_default();
        self.of(&found(&gpus), &processes)
    }

    /// From a line for every GPU of the machine, and one for every process on any of them.
    fn of(&self, gpus: &[FoundGpu], processes: &str) -> GpuState {
        let ours: Vec<&FoundGpu> = gpus
            .iter()
            .filter(|gpu| self.uuids.contains(&gpu.uuid))
            .collect();
        let slowed = ours.iter().filter_map(|gpu| gpu.reasons);
        // This program is one of them, under what number depends on the container. Where the driver
        // does not show even this one, it would not show another.
        let others = self.uuids.iter().filter_map(|uuid| {
            let here = processes.lines().filter(|line| line.trim() == uuid);
            here.count().checked_sub(1)
        });
        GpuState {
            clock: ours.iter().filter_map(|gpu| gpu.clock).reduce(f64::min),
            slowed: slowed
                .map(|reasons| reasons & SLOWED != 0)
                .reduce(|a, b| a || b),
            shared: others.map(|count| count > 0).reduce(|a, b| a || b),
        }
    }
}

/// Asks `nvidia-smi`; `None` where there is none.
fn start(query: &[&str]) -> Option<Child> {
    let mut command = Command::new("nvidia-smi");
    command
        .args(query)
        .arg("--format=csv,noheader,nounits")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().ok()
}

fn answer(child: Child) -> Option<String> {
    let out = child.wait_with_output().ok()?;
    let out = Some(out).filter(|out| out.status.success())?;
    String::from_utf8(out.stdout).ok()
}

/// A GPU a line, as `GPU-5a…, 37, 1755, 1980, 0x0000000000000004`.
fn found(text: &str) -> Vec<FoundGpu> {
    let of = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        let megahertz = |index| {
            field(index)
                .parse::<f64>()
                .ok()
                .filter(|clock| *clock > 0.0)
        };
        let clock = megahertz(2).zip(megahertz(3));
        let reasons = field(4).trim_start_matches("0x");
        FoundGpu {
            uuid: field(0).to_owned(),
            used: field(1).parse().ok(),
            clock: clock.map(|(now, highest)| now / highest),
            reasons: u64::from_str_radix(reasons, 16).ok(),
        }
    };
    text.lines().map(of).collect()
}

fn in_words(gpus: &[FoundGpu]) -> Option<String> {
    let told: Vec<String> = gpus
        .iter()
        .enumerate()
        .filter_map(|(index, gpu)| {
            let mut words = Vec::new();
            if let Some(used) = gpu.used.filter(|used| *used > 0) {
                words.push(format!("is in use ({used} %)"));
            }
            if gpu
                .reasons
                .is_some_and(|reasons| reasons & (SLOWED | POWER_CAP) != 0)
            {
                words.push("is slowed down by power or heat".to_owned());
            }
            (!words.is_empty()).then(|| format!("GPU {index} {}", words.join(" and ")))
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "before this program uses it, {}: see `nvidia-smi`; times measured there may be too long",
            told.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: &str = "GPU-a, 0, 345, 1980, 0x0000000000000001\n\
                        GPU-b, 37, 1980, 1980, 0x0000000000000000\n\
                        GPU-c, 100, 990, 1980, 0x0000000000000024\n\
                        GPU-d, [N/A], [N/A], [N/A], [N/A]\n";

    fn gpus(uuids: &[&str]) -> Gpus {
        Gpus {
            uuids: uuids.iter().map(|&uuid| uuid.to_owned()).collect(),
        }
    }

    #[test]
    fn a_gpu_in_use_or_slowed_down_is_named_and_an_idle_one_is_not() {
        let gpus = found(FOUR);
        assert_eq!(gpus.len(), 4);
        let unknown = FoundGpu {
            uuid: "GPU-d".into(),
            ..FoundGpu::default()
        };
        assert_eq!(gpus[3], unknown);
        let words = in_words(&gpus).unwrap();
        assert!(words.contains("GPU 1 is in use (37 %),"), "{words}");
        let third = "GPU 2 is in use (100 %) and is slowed down by power or heat";
        assert!(words.contains(third), "{words}");
        assert!(
            !words.contains("GPU 0") && !words.contains("GPU 3"),
            "{words}"
        );
    }

    #[test]
    fn nothing_is_said_where_nothing_is_wrong_or_known() {
        assert_eq!(
            in_words(&found("GPU-a, 0, 345, 1980, 0x0000000000000001\n")),
            None
        );
        assert_eq!(in_words(&found("an error\n")), None);
    }

    #[test]
    fn after_a_run_the_slowest_of_its_own_gpus_counts_and_no_other() {
        let alone = "GPU-a\nGPU-b\nGPU-c\n";
        let state = gpus(&["GPU-b"]).of(&found(FOUR), alone);
        let quiet = GpuState {
            clock: Some(1.0),
            slowed: Some(false),
            shared: Some(false),
        };
        assert_eq!(state, quiet);
        let state = gpus(&["GPU-b", "GPU-c"]).of(&found(FOUR), alone);
        let hot = GpuState {
            clock: Some(0.5),
            slowed: Some(true),
            shared: Some(false),
        };
        assert_eq!(state, hot);
    }

    #[test]
    fn a_gpu_at_its_power_cap_is_loaded_and_not_slowed_down() {
        let capped = found("GPU-a, 100, 1500, 2000, 0x0000000000000004\n");
        let state = gpus(&["GPU-a"]).of(&capped, "GPU-a\n");
        assert_eq!((state.clock, state.slowed), (Some(0.75), Some(false)));
    }

    #[test]
    fn a_second_process_shares_a_gpu_and_one_elsewhere_does_not() {
        let shared = |processes| gpus(&["GPU-a", "GPU-b"]).of(&found(FOUR), processes).shared;
        assert_eq!(shared("GPU-a\nGPU-b\nGPU-c\nGPU-c\n"), Some(false));
        assert_eq!(shared("GPU-a\nGPU-b\nGPU-b\n"), Some(true));
        // A container may hide all processes, this one among them.
        assert_eq!(shared(""), None);
    }

    #[test]
    fn of_what_is_no_gpu_and_of_one_that_is_not_listed_nothing_is_known() {
        assert_eq!(Gpus::among(&[Device::Cpu]).state(), GpuState::default());
        let absent = gpus(&["MIG-e"]).of(&found(FOUR), "GPU-a\n");
        assert_eq!(absent, GpuState::default());
    }
}
