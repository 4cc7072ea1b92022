//! Networks: what an exchange of gradients costs, as measured or by name.

use crate::configs::Configs;
use crate::experiments::windows::WindowRow;
use crate::plan::numbers::{self, Allowed, NumberTable};
use anyhow::{Context, Result};
use datasets::yaml;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an exchange between devices costs: a time for each of its steps, one after the other, and one for
/// each byte that a device receives.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Seconds of a step.
    pub latency_s: f64,
    /// Bytes a second that one device receives.
    pub bytes_per_s: f64,
}

impl Link {
    /// One that costs nothing.
    pub const FREE: Self = Self {
        latency_s: 0.0,
        bytes_per_s: f64::INFINITY,
    };

    /// Returns the seconds of an allgather between so many devices, of which each receives `received` bytes:
    /// by doubling, whose steps are the logarithm of their number.
    #[must_use]
    pub fn exchange_s(&self, devices: u64, received: f64) -> f64 {
        hops(devices) * self.latency_s + received / self.bytes_per_s
    }

    /// Fits one to the exchanges that were measured on ranks, each with a core of its own: by least squares of
    /// relative errors, neither number below 0. `None` where there are not two that differ.
    #[must_use]
    pub fn fitted(rows: &[WindowRow]) -> Option<Self> {
        let samples: Vec<[f64; 2]> = rows.iter().filter_map(relative_sample).collect();
        let sum = |of: fn(&[f64; 2]) -> f64| samples.iter().map(of).sum::<f64>();
        let (hops, bytes) = (sum(|s| s[0] * s[0]), sum(|s| s[1] * s[1]));
        let (both, by_hops, by_bytes) = (sum(|s| s[0] * s[1]), sum(|s| s[0]), sum(|s| s[1]));
        let determinant = hops * bytes - both * both;
        if samples.len() < 2 || determinant <= 1e-9 * hops * bytes {
            return None;
        }
        let mut latency = (by_hops * bytes - by_bytes * both) / determinant;
        let mut per_byte = (by_bytes * hops - by_hops * both) / determinant;
        if latency < 0.0 {
            (latency, per_byte) = (0.0, by_bytes / bytes);
        } else if per_byte < 0.0 {
            (latency, per_byte) = (by_hops / hops, 0.0);
        }
        Some(Self {
            latency_s: latency,
            bytes_per_s: 1.0 / per_byte,
        })
    }
}

/// Steps of an allgather by doubling.
fn hops(devices: u64) -> f64 {
    f64::from(devices.max(1).next_power_of_two().trailing_zeros())
}

/// Of a row with a measured exchange its steps and bytes, in units of its seconds.
fn relative_sample(row: &WindowRow) -> Option<[f64; 2]> {
    let seconds = row.rank_exchange_s.filter(|&seconds| seconds > 0.0)?;
    let bytes = row.rank_bytes.filter(|&bytes| bytes > 0.0)?;
    let alone = row.workers > 1 && !row.oversubscribed;
    alone.then(|| [hops(row.workers) / seconds, bytes / seconds])
}

/// The networks that have names, from `networks.yaml`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(transparent)]
pub struct Networks(pub BTreeMap<String, Link>);

const FILE: &str = "networks.yaml";

const NUMBERS: NumberTable = &[
    ("*.latency_s", Allowed::within(0.0, 60.0)),
    ("*.bytes_per_s", Allowed::within(0.0, 1e15).above()),
];

impl Networks {
    /// Reads them from a folder of configurations.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn read(configs: &Configs) -> Result<Self> {
        // A folder of configurations may be older than this file.
        let text = configs
            .read(FILE)
            .or_else(|_| Configs::compiled_in().read(FILE))?;
        Self::from_yaml(&text).with_context(|| format!("{FILE} ({})", configs.place()))
    }

    fn from_yaml(text: &str) -> Result<Self> {
        let value = yaml::load(text)?;
        numbers::check(&[NUMBERS], &value)?;
        Ok(yaml::typed(&value)?)
    }

    /// Returns the one of a name.
    ///
    /// # Errors
    /// If there is none, with the names there are.
    pub fn get(&self, name: &str) -> Result<Link> {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        self.0.get(name).copied().with_context(|| {
            format!(
                "there is no network `{name}`; there are measured, none, {} (networks.yaml)",
                known.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row on ranks that exchanged so many bytes in so many seconds.
    fn exchanged(workers: u64, bytes: f64, seconds: f64) -> WindowRow {
        WindowRow {
            workers,
            rank_bytes: Some(bytes),
            rank_exchange_s: Some(seconds),
            ..WindowRow::default()
        }
    }

    #[test]
    fn a_link_that_made_the_exchanges_is_found_again() {
        let link = Link {
            latency_s: 2e-6,
            bytes_per_s: 5e9,
        };
        let row = |workers, bytes| exchanged(workers, bytes, link.exchange_s(workers, bytes));
        let found = Link::fitted(&[row(2, 1e3), row(2, 1e6), row(8, 1e5)]).unwrap();
        assert!((found.latency_s / 2e-6 - 1.0).abs() < 1e-9);
        assert!((found.bytes_per_s / 5e9 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_fit_has_no_number_below_0() {
        // More bytes took less time.
        let rows = [exchanged(2, 1e6, 1e-5), exchanged(2, 1e3, 2e-5)];
        let found = Link::fitted(&rows).unwrap();
        assert_eq!(found.bytes_per_s, f64::INFINITY);
        assert!(found.latency_s > 1e-5 && found.latency_s < 2e-5);
        // More steps took less time.
        let rows = [exchanged(2, 1e6, 1e-3), exchanged(64, 1e6, 1e-5)];
        assert_eq!(Link::fitted(&rows).unwrap().latency_s, 0.0);
    }

    #[test]
    fn nothing_is_fitted_to_one_kind_of_exchange_or_to_ranks_that_share_cores() {
        let one = exchanged(2, 1e3, 1e-5);
        assert_eq!(Link::fitted(&[one.clone(), one.clone()]), None);
        let shared = WindowRow {
            oversubscribed: true,
            ..exchanged(4, 1e6, 1.0)
        };
        assert_eq!(Link::fitted(&[one, shared]), None);
    }

    #[test]
    fn an_exchange_takes_as_many_steps_as_the_devices_can_be_doubled() {
        let link = Link {
            latency_s: 1.0,
            bytes_per_s: 10.0,
        };
        let seconds = |devices| link.exchange_s(devices, 5.0);
        assert_eq!(
            [1, 2, 3, 4, 5, 64].map(seconds),
            [0.5, 1.5, 2.5, 2.5, 3.5, 6.5]
        );
        assert_eq!(Link::FREE.exchange_s(64, 1e12), 0.0);
    }

    #[test]
    fn the_compiled_in_networks_are_read_and_named_where_one_is_not_there() {
        let networks = Networks::read(&Configs::compiled_in()).unwrap();
        let error = networks.get("carrier-pigeon").unwrap_err().to_string();
        for name in networks.0.keys() {
            assert!(error.contains(name), "{error}");
            assert!(networks.get(name).unwrap().latency_s > 0.0);
        }
    }
}
