//! The numbers of the comparison: `bench/peers/peers.yaml`.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// All that is compared, how often, and how closely contenders have to agree. The file says of
/// each number where it comes from.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PeerPlan {
    /// Root of the random streams from which points are drawn.
    pub seed: u64,
    /// Names in the registry of data sets.
    pub datasets: Vec<String>,
    /// Splits other than the default one, by data set.
    #[serde(default)]
    pub splits: BTreeMap<String, String>,
    /// Coordinates of a point are uniform in ± this / √features.
    pub start_scale: f64,
    /// The flow's discretisation.
    pub flow: FlowPlan,
    /// K, the number of flows of one timing, by data set; `other` for those not named.
    pub flows: BTreeMap<String, usize>,
    /// The window of the contender that has one.
    pub window: WindowPlan,
    /// The same for data sets that have one of their own.
    #[serde(default)]
    pub windows: BTreeMap<String, WindowPlan>,
    /// How gradients are timed.
    pub gradient: GradientPlan,
    /// The methods of the time to a loss.
    pub lbfgs: LbfgsPlan,
    /// How closely contenders have to agree before anything is timed.
    pub agreement: Agreement,
    /// How many times each contender is timed.
    pub rounds: usize,
    /// Seconds between two contenders' turns.
    pub rest_s: f64,
    /// Intervals of the paired ratios.
    pub statistics: PeerStatistics,
    /// What takes the place of the above under `--quick`.
    pub quick: Quick,
}

/// One flow.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FlowPlan {
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
}

/// A window, by the names that `optim` parses.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct WindowPlan {
    /// W.
    pub width: usize,
    /// What new slots hold.
    pub predictor: String,
    /// τ.
    pub tolerance: f64,
    /// How gradients become points.
    pub method: String,
    /// M, of the secant method.
    #[serde(default)]
    pub memory: usize,
    /// Rows of the surrogate; 0 for none.
    #[serde(default)]
    pub surrogate_rows: usize,
    /// Whether windows reach across flows.
    #[serde(default)]
    pub across_flows: bool,
}

/// How gradients are timed.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GradientPlan {
    /// At how many points at once.
    pub windows: Vec<usize>,
    /// For about how many seconds gradients are repeated in one timing.
    pub seconds: f64,
}

/// L-BFGS.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LbfgsPlan {
    /// Pairs remembered, where the library lets one say so.
    pub memory: usize,
    /// Iterations after which a loss counts as not reached.
    pub iterations: usize,
}

/// Relative differences that are let pass.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Of the loss after the flows.
    pub loss: f64,
    /// Of gradients, in the 2-norm.
    pub gradient: f64,
}

/// Bootstrap intervals.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PeerStatistics {
    /// Resamples.
    pub resamples: usize,
    /// Between 0 and 1.
    pub confidence: f64,
}

/// A short run.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Quick {
    /// Instead of [`PeerPlan::rounds`].
    pub rounds: usize,
}

impl PeerPlan {
    /// From YAML.
    ///
    /// # Errors
    /// What is unknown, missing or cannot be meant.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let plan: Self = datasets::yaml::load(text)?;
        let widest = plan.gradient.windows.iter().min();
        ensure!(
            widest.is_some_and(|&window| window >= 1),
            "gradient.windows has to name at least one number of points, each at least 1"
        );
        for name in &plan.datasets {
            plan.flows_of(name)?;
        }
        ensure!(
            plan.rounds >= 1 && plan.quick.rounds >= 1,
            "rounds has to be at least 1"
        );
        Ok(plan)
    }

    /// From a file.
    ///
    /// # Errors
    /// As [`from_yaml`](Self::from_yaml), and if the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self> {
        let doing = || format!("reading the plan {}", path.display());
        let text = std::fs::read_to_string(path).with_context(doing)?;
        Self::from_yaml(&text).with_context(doing)
    }

    /// K for a data set.
    ///
    /// # Errors
    /// If the plan has no number for it.
    pub fn flows_of(&self, dataset: &str) -> Result<usize> {
        let flows = self.flows.get(dataset).or_else(|| self.flows.get("other"));
        let flows = flows
            .with_context(|| format!("flows has no number for {dataset}, and none for `other`"))?;
        ensure!(*flows >= 1, "flows of {dataset} has to be at least 1");
        Ok(*flows)
    }

    /// The most points at which gradients are taken at once.
    #[must_use]
    pub fn widest(&self) -> usize {
        self.gradient.windows.iter().copied().max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../peers/peers.yaml");

    #[test]
    fn the_shipped_plan_is_understood_and_its_flow_is_the_papers() {
        let plan = PeerPlan::from_yaml(SHIPPED).unwrap();
        assert_eq!((plan.flow.step_size, plan.flow.steps), (0.1, 20));
        assert_eq!(plan.splits["mnist"], "paper");
        assert!(plan.gradient.windows.contains(&1));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let text = SHIPPED.replace("rest_s:", "rests:");
        assert!(PeerPlan::from_yaml(&text).is_err());
    }

    #[test]
    fn a_data_set_without_a_number_of_flows_is_told() {
        let plan = PeerPlan::from_yaml(SHIPPED).unwrap();
        let mut plan = PeerPlan {
            flows: BTreeMap::from([("a8a".into(), 3)]),
            ..plan
        };
        assert_eq!(plan.flows_of("a8a").unwrap(), 3);
        assert!(plan.flows_of("mine").is_err());
        plan.flows.insert("other".into(), 2);
        assert_eq!(plan.flows_of("mine").unwrap(), 2);
    }
}
