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
    /// The predictor of its runs.
    pub predictor: String,
    /// The number of workers whose speedup it gives.
    pub workers: u64,
    /// Its columns.
    pub datasets: BTreeMap<String, Table2Column>,
}

/// One data set of Table 2.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Table2Column {
    /// Seconds, by number of workers.
    pub wall_s: BTreeMap<u64, f64>,
    /// The printed ratio.
    pub speedup: f64,
}

impl Paper {
    /// From YAML.
    ///
    /// # Errors
    /// What is unknown or missing.
    pub fn from_yaml(text: &str) -> anyhow::Result<Self> {
        Ok(serde_yaml::from_str(text)?)
    }
}
