//! How rates are measured: `rates.yaml`.

use crate::configs::Configs;
use crate::plan::numbers::{self, Allowed, NumberTable};
use anyhow::{Context, Result, ensure};
use datasets::yaml;
use serde::{Deserialize, Serialize};

/// `rates.yaml`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Reading and copying.
    pub memory: MemoryProbes,
    /// Matrix products.
    pub products: ProductProbes,
}

/// Reading and copying.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MemoryProbes {
    /// How much is read, in MiB, ascending.
    pub sizes_mib: Vec<f64>,
    /// The least that one timed call reads, in MiB.
    pub call_mib: f64,
    /// Seconds for all sizes together, and as many for copying.
    pub seconds: f64,
}

/// Matrix products.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ProductProbes {
    /// The orders of the square matrices.
    pub orders: Vec<usize>,
    /// Seconds for all orders together, for each element type.
    pub seconds: f64,
}

/// What its numbers may be: what is read and multiplied has to be held.
const NUMBERS: NumberTable = &[
    ("memory.sizes_mib", Allowed::within(0.0, 65_536.0).above()),
    ("memory.call_mib", Allowed::within(0.0, 65_536.0).above()),
    ("products.orders", Allowed::count(1, 16_384)),
    ("*.seconds", Allowed::within(0.0, 3_600.0).above()),
];

/// The file's name.
const FILE: &str = "rates.yaml";

impl Settings {
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

    /// From YAML.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let value = yaml::load(text)?;
        numbers::check(&[NUMBERS], &value)?;
        let settings: Self = yaml::typed(&value)?;
        let sizes = &settings.memory.sizes_mib;
        ensure!(!sizes.is_empty(), "memory.sizes_mib is empty");
        ensure!(
            sizes.is_sorted(),
            "memory.sizes_mib is not in ascending order"
        );
        let orders = &settings.products.orders;
        ensure!(!orders.is_empty(), "products.orders is empty");
        Ok(settings)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// As little as can be measured.
    pub fn tiny() -> Settings {
        Settings::from_yaml(
            "memory: {sizes_mib: [0.01, 0.1], call_mib: 0.1, seconds: 0.001}\n\
             products: {orders: [8, 16], seconds: 0.001}",
        )
        .unwrap()
    }

    #[test]
    fn the_settings_that_are_compiled_in_are_valid() {
        let settings = Settings::read(&Configs::compiled_in()).unwrap();
        assert!(settings.memory.sizes_mib.last() >= Some(&256.0));
    }

    #[test]
    fn what_cannot_be_measured_is_refused_by_its_key() {
        let text = serde_yaml::to_string(&tiny()).unwrap();
        for (from, to, key) in [
            ("0.01", "-1", "memory.sizes_mib"),
            ("0.01", "1", "memory.sizes_mib"),
            ("- 8", "- 0", "products.orders"),
            ("- 8", "- 1000000000000000000", "products.orders"),
            ("0.001", "1e300", "memory.seconds"),
            ("orders", "order", "order"),
        ] {
            let error = Settings::from_yaml(&text.replacen(from, to, 1)).unwrap_err();
            assert!(format!("{error:#}").contains(key), "{error:#}");
        }
    }
}
