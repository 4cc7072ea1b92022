//! What `nvidia-smi` says of GPUs before anything of this program runs on them.

use std::process::Command;

/// A GPU as it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// Share of the last second in which something ran on it, in percent.
    used: u32,
    /// Whether power or heat holds its clocks down.
    throttled: bool,
}

/// The reasons for slower clocks that are the machine's: power cap, slowdown by hardware, heat (by
/// software and by hardware) and power brake, as `nvmlClocksEventReasons` has them in NVML's reference.
/// The others say that a GPU idles, or that somebody set its clocks.
const SLOWED: u64 = 0x4 | 0x8 | 0x20 | 0x40 | 0x80;

/// What is to be said of GPUs that others use or that are slowed down; `None` if there is nothing, or
/// nobody to ask.
pub(super) fn warning() -> Option<String> {
    let mut command = Command::new("nvidia-smi");
    command.args([
        "--query-gpu=utilization.gpu,clocks_throttle_reasons.active",
        "--format=csv,noheader,nounits",
    ]);
    let out = command.output().ok().filter(|out| out.status.success())?;
    in_words(&found(&String::from_utf8(out.stdout).ok()?))
}

/// A GPU a line, `37, 0x0000000000000004`; one that does not say it is passed over, but counted.
fn found(text: &str) -> Vec<Option<Found>> {
    let of = |line: &str| {
        let (used, reasons) = line.split_once(',')?;
        let reasons = reasons.trim().trim_start_matches("0x");
        Some(Found {
            used: used.trim().parse().ok()?,
            throttled: u64::from_str_radix(reasons, 16).ok()? & SLOWED != 0,
        })
    };
    text.lines().map(of).collect()
}

fn in_words(gpus: &[Option<Found>]) -> Option<String> {
    let known = gpus.iter().enumerate();
    let told: Vec<String> = known
        .filter_map(|(index, gpu)| {
            let gpu = (*gpu)?;
            let mut words = Vec::new();
            if gpu.used > 0 {
                words.push(format!("is in use ({} %)", gpu.used));
            }
            if gpu.throttled {
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

    #[test]
    fn a_gpu_in_use_or_slowed_down_is_named_and_an_idle_one_is_not() {
        let text = "0, 0x0000000000000001\n37, 0x0000000000000000\n100, 0x0000000000000024\n[N/A], [N/A]\n";
        let gpus = found(text);
        assert_eq!(gpus.len(), 4);
        assert_eq!(gpus[3], None);
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
        assert_eq!(in_words(&found("0, 0x0000000000000001\n")), None);
        assert_eq!(in_words(&found("an error\n")), None);
    }
}
