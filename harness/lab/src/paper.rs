//! The papers' own printed figures, from `configs/paper.yaml`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All printed figures that are compared with.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Table 2.
    pub table2: Table2,
}

/// Table 2 of the paper.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Table2 {
    /// What it was measured on.
    pub machine: String,
    /// The number of workers whose speedup it gives.
    pub workers: u64,
    /// How its runs were made.
    pub setting: PaperSetting,
    /// Its columns.
    pub datasets: BTreeMap<String, Table2Column>,
}

/// What has to be the same for a row to be compared with the paper's.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PaperSetting {
    /// φ.
    pub kinetic_energy: String,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: u64,
    /// τ.
    pub tolerance: f64,
    /// What new slots of the window hold.
    pub predictor: String,
}

/// One data set of Table 2.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Table2Column {
    /// Which rows train and which test, as Table 1 counts them.
    pub split: String,
    /// Training rows as Table 1 prints them; manifests of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_rows: Option<u64>,
    /// Features as Table 1 prints them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<u64>,
    /// Seconds, by number of workers.
    pub wall_s: BTreeMap<u64, f64>,
    /// The printed ratio.
    pub speedup: f64,
}

impl Table2Column {
    /// Numbers of the training data, in millions, by the counts of Table 1.
    #[must_use]
    pub fn million_entries(&self) -> Option<f64> {
        let (rows, features) = self.train_rows.zip(self.features)?;
        Some((rows * features) as f64 / 1e6)
    }
}

impl Paper {
    /// From YAML.
    ///
    /// # Errors
    /// What is unknown or missing.
    pub fn from_yaml(text: &str) -> anyhow::Result<Self> {
        Ok(datasets::yaml::load(text)?)
    }
}
