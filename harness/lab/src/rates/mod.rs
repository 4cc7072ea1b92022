//! What a machine can do at most, measured: bytes read and operations done in a second. From it
//! and from counted work follows the least time that the work could take, see [`floor`].

pub mod floor;
pub mod measure;
mod probe;
pub mod settings;
pub mod store;

use crate::manifest::date;
use crate::plan::Precision;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The rates of one worker and of a whole device.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Rates {
    /// Seconds since 1970.
    pub measured_at: u64,
    /// What was measured, as rows name it: cpu or cuda:N.
    pub device: String,
    /// Threads of the whole device, where it has threads of ours.
    pub threads: usize,
    /// Whether workers are parts of the whole device, as a CPU's threads are, and share what it
    /// has; else each worker is a whole device.
    pub shared: bool,
    /// One worker.
    pub worker: Speeds,
    /// The whole device; never less than one worker.
    pub whole: Speeds,
}

/// What something can do at most in a second.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Speeds {
    /// Reading, by how much is read again and again; the larger, the slower.
    pub read: Vec<RateReading>,
    /// Bytes copied in a second, each read once and written once; for display.
    pub copy: f64,
    /// Operations in a second of an f32 matrix product.
    pub f32: f64,
    /// The same of f64.
    pub f64: f64,
}

/// How fast an array of one size is read.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct RateReading {
    /// The array's size.
    pub bytes: u64,
    /// Bytes in a second.
    pub bytes_per_s: f64,
}

/// The two rates that matter to one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Bytes in a second.
    pub bytes: f64,
    /// Operations in a second.
    pub operations: f64,
}

/// Those who compute the gradients of a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crew {
    /// How many they are.
    pub workers: usize,
    /// Each alone.
    pub each: Speed,
    /// All of them at once.
    pub together: Speed,
}

impl Speeds {
    /// The rates for data of `bytes` bytes: those of the largest array measured that is not
    /// larger, since a smaller one may lie in a faster cache and the rate has to be an upper bound.
    #[must_use]
    pub fn at(&self, bytes: f64, precision: Precision) -> Speed {
        let not_larger = self.read.iter().filter(|r| r.bytes as f64 <= bytes);
        let reading = not_larger.max_by_key(|r| r.bytes);
        let reading = reading.or_else(|| self.read.iter().min_by_key(|r| r.bytes));
        Speed {
            bytes: reading.map_or(f64::INFINITY, |r| r.bytes_per_s),
            operations: match precision {
                Precision::F32 => self.f32,
                Precision::F64 => self.f64,
            },
        }
    }

    /// Reading of what is in no cache, bytes in a second.
    #[must_use]
    pub fn memory(&self) -> f64 {
        let largest = self.read.iter().max_by_key(|r| r.bytes);
        largest.map_or(0.0, |r| r.bytes_per_s)
    }

    /// In ascending order of sizes, and none slower than a larger one: what a larger array can be
    /// read with, a smaller can, so that a slower figure is the measurement's disturbance.
    #[must_use]
    fn ordered(mut self) -> Self {
        self.read.sort_by_key(|r| r.bytes);
        let mut least = 0.0_f64;
        for reading in self.read.iter_mut().rev() {
            least = least.max(reading.bytes_per_s);
            reading.bytes_per_s = least;
        }
        self
    }

    /// Each rate at least the other's.
    #[must_use]
    fn at_least(mut self, other: &Self) -> Self {
        for mine in &mut self.read {
            for same in other.read.iter().filter(|other| other.bytes == mine.bytes) {
                mine.bytes_per_s = mine.bytes_per_s.max(same.bytes_per_s);
            }
        }
        self.copy = self.copy.max(other.copy);
        self.f32 = self.f32.max(other.f32);
        self.f64 = self.f64.max(other.f64);
        self
    }
}

impl Rates {
    /// These, and what an earlier measurement of the same machine found higher: then this one was
    /// disturbed.
    #[must_use]
    pub fn or_better(self, earlier: &Self) -> Self {
        Self {
            worker: self.worker.at_least(&earlier.worker),
            whole: self.whole.at_least(&earlier.whole),
            ..self
        }
    }

    /// One whole device, for data of `bytes` bytes.
    #[must_use]
    pub fn device(&self, bytes: f64, precision: Precision) -> Crew {
        let whole = self.whole.at(bytes, precision);
        Crew {
            workers: 1,
            each: whole,
            together: whole,
        }
    }

    /// `count` workers at once: as many times one worker's rates, and where they share a device not
    /// more than the device's.
    #[must_use]
    pub fn workers(&self, count: usize, bytes: f64, precision: Precision) -> Crew {
        let each = self.worker.at(bytes, precision);
        let whole = self.whole.at(bytes, precision);
        let together = |each: f64, whole: f64| {
            if self.shared {
                (count as f64 * each).min(whole)
            } else {
                count as f64 * each
            }
        };
        Crew {
            workers: count,
            each,
            together: Speed {
                bytes: together(each.bytes, whole.bytes),
                operations: together(each.operations, whole.operations),
            },
        }
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let giga = |rate: f64| match rate / 1e9 {
            g if g >= 99.5 => format!("{g:.0}"),
            g => format!("{g:.1}"),
        };
        let (by, one) = if self.shared {
            let one = |rate: f64| format!(" ({} by one)", giga(rate));
            (format!(" by {} threads", self.threads), Some(one))
        } else {
            (String::new(), None)
        };
        let of_one = |rate: f64| one.map_or_else(String::new, |one| one(rate));
        let (whole, worker) = (&self.whole, &self.worker);
        write!(
            f,
            "memory {} GB/s read{by}{}, {} GB/s copied, f32 products {} GFLOP/s{}, f64 {} GFLOP/s{}; measured {}",
            giga(whole.memory()),
            of_one(worker.memory()),
            giga(whole.copy),
            giga(whole.f32),
            of_one(worker.f32),
            giga(whole.f64),
            of_one(worker.f64),
            date(self.measured_at)
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn speeds(memory: f64, products: f64) -> Speeds {
        let reading = |bytes, bytes_per_s| RateReading { bytes, bytes_per_s };
        Speeds {
            read: vec![reading(1000, 10.0 * memory), reading(100_000, memory)],
            copy: memory / 2.0,
            f32: products,
            f64: products / 2.0,
        }
    }

    /// Two threads with 1.6 times the memory bandwidth and twice the operations of one.
    pub fn rates() -> Rates {
        Rates {
            measured_at: 1_782_864_000,
            device: "cpu".into(),
            threads: 2,
            shared: true,
            worker: speeds(20e9, 50e9),
            whole: speeds(32e9, 100e9),
        }
    }

    #[test]
    fn data_is_held_against_the_largest_array_that_is_not_larger() {
        let speeds = speeds(1.0, 8.0);
        let read = |bytes| speeds.at(bytes, Precision::F32).bytes;
        assert_eq!((read(100_000.0), read(1e9)), (1.0, 1.0), "memory");
        assert_eq!((read(99_999.0), read(1000.0)), (10.0, 10.0), "cache");
        assert_eq!(read(1.0), 10.0, "smaller than all");
        assert_eq!(speeds.at(1.0, Precision::F64).operations, 4.0);
        assert_eq!(speeds.memory(), 1.0);
    }

    #[test]
    fn workers_add_up_until_they_have_all_of_a_device_that_they_share() {
        let rates = rates();
        let together = |n| rates.workers(n, 1e6, Precision::F32).together;
        assert_eq!((together(1).bytes, together(1).operations), (20e9, 50e9));
        assert_eq!((together(2).bytes, together(4).bytes), (32e9, 32e9));
        assert_eq!(together(4).operations, 100e9);
        let devices = Rates {
            shared: false,
            ..rates
        };
        let four = devices.workers(4, 1e6, Precision::F32).together;
        assert_eq!((four.bytes, four.operations), (80e9, 200e9));
    }

    #[test]
    fn a_smaller_array_is_not_slower_and_a_whole_device_not_slower_than_a_part() {
        let reading = |bytes, bytes_per_s| RateReading { bytes, bytes_per_s };
        let disturbed = Speeds {
            read: vec![reading(300, 5.0), reading(100, 4.0), reading(200, 7.0)],
            ..speeds(1.0, 1.0)
        };
        let ordered = disturbed.ordered();
        let rates: Vec<f64> = ordered.read.iter().map(|r| r.bytes_per_s).collect();
        assert_eq!(rates, [7.0, 7.0, 5.0]);
        let whole = speeds(1.0, 9.0).at_least(&speeds(2.0, 3.0));
        assert_eq!((whole.memory(), whole.copy, whole.f32), (2.0, 1.0, 9.0));
    }

    #[test]
    fn a_disturbed_measurement_takes_no_rate_back() {
        let again = Rates {
            measured_at: 7,
            whole: speeds(30e9, 110e9),
            ..rates()
        };
        let both = again.or_better(&rates());
        assert_eq!((both.whole.memory(), both.whole.f32), (32e9, 110e9));
        assert_eq!(both.measured_at, 7);
    }

    #[test]
    fn rates_are_said_in_one_line() {
        assert_eq!(
            rates().to_string(),
            "memory 32.0 GB/s read by 2 threads (20.0 by one), 16.0 GB/s copied, f32 products 100 GFLOP/s (50.0 by one), f64 50.0 GFLOP/s (25.0 by one); measured 2026-07-01"
        );
    }
}
