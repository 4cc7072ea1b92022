//! Errors as a user can act on them.

/// What the driver answers where there is no GPU, or no driver.
const NO_DEVICE: &str = "NO_DEVICE";

/// What the other libraries answer where they are not.
const NOT_INITIALIZED: &str = "NOT_INITIALIZED";

/// What CUDA's driver answers, by a part of its name, and what can be done about it.
const ANSWERS: [(&str, &str); 7] = [
    (
        "UNSUPPORTED_PTX_VERSION",
        "the driver is older than this program's CUDA: a newer driver runs it, or a build with an older toolkit",
    ),
    (
        "NO_BINARY_FOR_GPU",
        "the program is built for newer GPUs: build it with CUDA_COMPUTE_CAP set to this one's capability, 80 for 8.0",
    ),
    (
        "INVALID_PTX",
        "the program is built for newer GPUs: build it with CUDA_COMPUTE_CAP set to this one's capability, 80 for 8.0",
    ),
    (
        "OUT_OF_MEMORY",
        "the GPU has no room: `nvidia-smi` shows who uses it; shorter windows and fewer workers take less",
    ),
    (
        "SYSTEM_DRIVER_MISMATCH",
        "the driver's library and its kernel module are of two versions: restart the machine",
    ),
    (
        NOT_INITIALIZED,
        "one of CUDA's libraries does not work with this driver: `nvidia-smi` shows the driver's version",
    ),
    (
        NO_DEVICE,
        "none is there, or CUDA_VISIBLE_DEVICES hides it: `nvidia-smi` shows which there are",
    ),
];

/// Writes an error in a line: with what can be done where CUDA's driver says no more than a name, and without
/// the addresses of calls that the tensor library adds when RUST_BACKTRACE is set.
#[must_use]
pub fn explained(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let plain = without_calls(&text);
    let absent = ::gpu::absent_libraries();
    match ANSWERS.iter().find(|(name, _)| plain.contains(name)) {
        Some((NO_DEVICE | NOT_INITIALIZED, _)) if !absent.is_empty() => {
            let doing = plain.split(": DriverError").next().unwrap_or_default();
            let absent = absent.join("; ");
            format!("{doing}: CUDA's libraries were not all found: {absent}")
        }
        Some((_, what)) => format!("{plain} ({what})"),
        None => plain,
    }
}

/// Leaves out lists of calls: lines of `12: name` and `at file` that begin with a call 0.
fn without_calls(text: &str) -> String {
    let mut kept = Vec::new();
    let mut calls = false;
    for line in text.lines() {
        let start = line.trim_start();
        let numbered = start.split_once(": ").is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        });
        calls = match calls {
            true => numbered || start.starts_with("at ") || start.is_empty(),
            false => numbered && start.starts_with("0: ") && line != start,
        };
        if !calls {
            kept.push(line);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn calls_are_left_out_and_what_stands_around_them_stays() {
        let text = "opening cuda:0: failed\n   0: <unknown>\n   1: main\n             at ./main.rs:3\n  12: start\n";
        assert_eq!(explained(&anyhow!("{text}")), "opening cuda:0: failed");
        assert_eq!(
            explained(&anyhow!("{text}\nand more")),
            "opening cuda:0: failed\nand more"
        );
        let lines = "the plan has\n0: a list\n1: of its own";
        assert_eq!(explained(&anyhow!("{lines}")), lines);
    }

    #[test]
    fn an_answer_of_the_driver_comes_with_what_can_be_done() {
        let text = "DriverError(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, \"…\")";
        let said = explained(&anyhow!(text).context("opening cuda:0"));
        assert!(said.starts_with("opening cuda:0: DriverError("), "{said}");
        assert!(said.contains("a newer driver runs it"), "{said}");
        assert_eq!(explained(&anyhow!("no file")), "no file");
    }
}
