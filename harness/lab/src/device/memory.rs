//! Whether a device has room for what is to be put on it, found out before it is.

use anyhow::{Result, ensure};
use candle_core::{DType, Device};

/// Bytes that a problem takes on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryNeed {
    /// Rows that stay there: training and test rows.
    pub rows: usize,
    /// Of these, the rows that gradients are computed on.
    pub train_rows: usize,
    /// Features, with that of the intercept if there is one.
    pub features: usize,
    /// C.
    pub classes: usize,
    /// Points whose gradients are computed there at once.
    pub points: usize,
    /// Element type.
    pub dtype: DType,
}

/// Arrays of the size of the logits that exist at once while gradients are composed of tensor
/// operations: logits, less their largest, exponentials, probabilities, targets, residuals.
const LOGITS: usize = 6;

impl MemoryNeed {
    /// All of it: data and labels, logits, points and gradients.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let element = self.dtype.size_in_bytes();
        let columns = self.points * self.classes;
        let data = self.rows * (self.features * element + size_of::<u32>());
        let logits = LOGITS * self.train_rows * columns * element;
        let points = 4 * self.features * columns * element;
        (data + logits + points) as u64
    }
}

/// Refuses what does not fit.
///
/// # Errors
/// If `what` needs more bytes than are free on the device called `name`, or the device cannot say.
pub fn check_room(name: &str, device: &Device, what: &str, need: MemoryNeed) -> Result<()> {
    match ::gpu::free_bytes(device)? {
        Some(free) => fits(name, what, need.bytes(), free),
        None => Ok(()),
    }
}

/// Refuses a plan whose measurements take more of this machine's memory than is available.
///
/// # Errors
/// If fewer bytes are available.
pub fn check_plan(target: &str, bytes: u64) -> Result<()> {
    plan_fits(target, bytes, available_bytes())
}

fn plan_fits(target: &str, bytes: u64, available: u64) -> Result<()> {
    ensure!(
        bytes <= available,
        "measuring {target} takes at least {:.2} GiB of memory beside its data, where {:.2} GiB are available: \
         nothing was measured; fewer gradients, starts or records, a narrower window or a smaller network take less",
        gib(bytes),
        gib(available)
    );
    Ok(())
}

/// Refuses to make a data set's sparse rows dense where this machine's memory has no room for them.
///
/// # Errors
/// If fewer bytes are available.
pub fn check_dense(dataset: &str, bytes: u64) -> Result<()> {
    dense_fits(dataset, bytes, available_bytes())
}

fn dense_fits(dataset: &str, bytes: u64, available: u64) -> Result<()> {
    ensure!(
        bytes <= available,
        "the rows of {dataset}, zeros and all, take {:.2} GiB, where {:.2} GiB of memory are available: \
         `--set problem.kernel=sparse` on a CPU leaves the zeros out, and precision f32 halves f64",
        gib(bytes),
        gib(available)
    );
    Ok(())
}

/// Returns the bytes of this machine's memory that can still be had, but no more than its container has.
fn available_bytes() -> u64 {
    let memory = sysinfo::MemoryRefreshKind::nothing().with_ram();
    let memory = sysinfo::RefreshKind::nothing().with_memory(memory);
    let system = sysinfo::System::new_with_specifics(memory);
    // The limit, not what is left of it: files that are merely cached count as used there.
    let container = system.cgroup_limits().map(|limits| limits.total_memory);
    let bytes = container.unwrap_or(u64::MAX).min(system.available_memory());
    // 0 of a system that does not say.
    if bytes == 0 { u64::MAX } else { bytes }
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

fn fits(name: &str, what: &str, need: u64, free: u64) -> Result<()> {
    ensure!(
        need <= free,
        "{what} needs about {:.2} GiB on {name}, where {:.2} GiB are free: a narrower window, precision f32, or a larger device would do",
        gib(need),
        gib(free)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mnist(points: usize) -> MemoryNeed {
        MemoryNeed {
            rows: 60_000,
            train_rows: 50_000,
            features: 784,
            classes: 10,
            points,
            dtype: DType::F32,
        }
    }

    #[test]
    fn a_need_is_data_logits_and_points() {
        let data = 60_000 * (784 * 4 + 4);
        let each = 6 * 50_000 * 10 * 4 + 4 * 784 * 10 * 4;
        assert_eq!(mnist(1).bytes(), data + each);
        assert_eq!(mnist(4).bytes() - mnist(1).bytes(), 3 * each);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_how_much_is_missing_and_what_would_help() {
        let need = mnist(4).bytes();
        assert!(fits("cuda:1", "mnist", need, need).is_ok());
        let error = fits("cuda:1", "mnist with W=4", need, need / 2).unwrap_err();
        let error = error.to_string();
        for part in [
            "cuda:1",
            "mnist with W=4",
            "0.22 GiB",
            "0.11 GiB",
            "narrower window",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_plan_that_would_not_fit_is_refused_before_it_is_measured() {
        assert!(plan_fits("mine", 1 << 30, 1 << 30).is_ok());
        let error = plan_fits("mine", 3 << 30, 1 << 30).unwrap_err().to_string();
        for part in ["mine", "3.00 GiB", "1.00 GiB", "nothing was measured"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn rows_that_would_not_fit_are_not_made_dense_and_what_would_help_is_said() {
        assert!(dense_fits("wide", 5 << 30, 5 << 30).is_ok());
        let error = dense_fits("wide", 16 << 30, 5 << 30).unwrap_err();
        let error = error.to_string();
        for part in ["wide", "16.00 GiB", "5.00 GiB", "problem.kernel=sparse"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(available_bytes() > 0);
    }

    #[test]
    fn on_the_cpu_nothing_is_refused() {
        let huge = MemoryNeed {
            rows: usize::MAX >> 20,
            ..mnist(1)
        };
        assert!(check_room("cpu", &Device::Cpu, "all", huge).is_ok());
    }
}
