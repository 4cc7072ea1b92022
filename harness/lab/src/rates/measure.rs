//! Measures rates: the best of several calls, of several probes. The best and not the typical one,
//! since the floor that follows is what nothing beats, and all that disturbs a call makes it slower.

use super::probe::{Job, PRODUCTS, READERS, copy};
use super::settings::{MemoryProbes, ProductProbes, Settings};
use super::{RateReading, Rates, Speeds};
use crate::clock::fastest;
use crate::device::{Machine, Placement};
use crate::manifest::now;
use anyhow::Result;
use candle_core::DType;

/// Bytes in a MiB.
const MIB: f64 = 1_048_576.0;

/// Measures one worker and one whole device; it takes the seconds that the settings say, a few
/// times, and memory for the largest array.
///
/// # Errors
/// If the device fails, or has no room for the arrays.
pub fn measure(machine: &Machine, settings: &Settings, memory_bytes: u64) -> Result<Rates> {
    let shared = machine.backend() == "cpu";
    let (whole, one) = (machine.whole(), machine.workers(1)?);
    let worker = speeds(&one, settings, memory_bytes)?;
    let all = if shared {
        speeds(&whole, settings, memory_bytes)?.at_least(&worker)
    } else {
        // A worker is a whole device.
        worker.clone()
    };
    Ok(Rates {
        measured_at: now(),
        device: whole.label.clone(),
        threads: if shared {
            whole.run(rayon::current_num_threads)
        } else {
            1
        },
        shared,
        worker,
        whole: all,
    })
}

fn speeds(placement: &Placement, settings: &Settings, memory_bytes: u64) -> Result<Speeds> {
    placement.run(|| {
        let (read, copy) = memory(placement, &settings.memory, memory_bytes)?;
        let product = |dtype| products(placement, &settings.products, dtype);
        Ok(Speeds {
            read,
            copy,
            f32: product(DType::F32)?,
            f64: product(DType::F64)?,
        }
        .ordered())
    })
}

/// Reading of each size, and copying of the largest.
fn memory(
    placement: &Placement,
    settings: &MemoryProbes,
    memory_bytes: u64,
) -> Result<(Vec<RateReading>, f64)> {
    let device = &placement.devices[0];
    // A machine with little memory must not begin to swap; the smallest is measured in any case.
    let fits = |mib: &&f64| **mib * MIB <= memory_bytes as f64 / 4.0;
    let sizes: Vec<usize> = settings
        .sizes_mib
        .iter()
        .take(1)
        .chain(settings.sizes_mib.iter().skip(1).filter(fits))
        .map(|mib| (mib * MIB) as usize)
        .collect();
    let least = (settings.call_mib * MIB) as usize;
    let mut read = Vec::new();
    for &bytes in &sizes {
        let jobs = READERS
            .iter()
            .filter_map(|(_, reader)| reader(device, bytes, least).transpose());
        // Two of the probes are for each kind of device.
        let budget = settings.seconds / (2 * sizes.len()) as f64;
        read.push(RateReading {
            bytes: bytes as u64,
            bytes_per_s: best(placement, jobs, budget)?,
        });
    }
    let largest = sizes.last().copied().unwrap_or_default();
    let job = copy(device, largest);
    Ok((
        read,
        best(placement, std::iter::once(job), settings.seconds)?,
    ))
}

/// Operations in a second of the fastest product.
fn products(placement: &Placement, settings: &ProductProbes, dtype: DType) -> Result<f64> {
    let device = &placement.devices[0];
    let of_order = |&order: &usize| {
        PRODUCTS
            .iter()
            .filter_map(move |(_, product)| product(device, dtype, order).transpose())
    };
    let count = settings.orders.len() * PRODUCTS.len();
    let jobs = settings.orders.iter().flat_map(of_order);
    best(placement, jobs, settings.seconds / count as f64)
}

/// The highest rate of any job, each called for `seconds` seconds. Jobs are made one after the
/// other, so that the arrays of only one are there at a time.
fn best(
    placement: &Placement,
    jobs: impl Iterator<Item = Result<Job>>,
    seconds: f64,
) -> Result<f64> {
    let mut highest = 0.0_f64;
    for job in jobs {
        let mut job = job?;
        let took = fastest(placement, seconds, &mut job.call)?;
        highest = highest.max(job.amount / took);
    }
    // A whole number is the same number again when it is read from JSON.
    Ok(highest.round())
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::tiny;
    use super::*;

    #[test]
    fn one_worker_and_the_whole_device_are_measured() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        let rates = measure(&machine, &tiny(), 1 << 30).unwrap();
        assert_eq!(rates.device, "cpu");
        assert_eq!(rates.threads, rayon::current_num_threads());
        for speeds in [&rates.worker, &rates.whole] {
            assert_eq!(speeds.read.len(), 2);
            let all = speeds.read.iter().map(|r| r.bytes_per_s);
            for rate in all.chain([speeds.copy, speeds.f32, speeds.f64]) {
                assert!(rate.is_finite() && rate > 0.0, "{rates:?}");
            }
        }
        assert!(rates.whole.f32 >= rates.worker.f32);
    }

    #[test]
    fn arrays_that_would_fill_the_memory_are_left_out() {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        let rates = measure(&machine, &tiny(), 1 << 18).unwrap();
        assert_eq!(rates.whole.read.len(), 1);
    }
}
