//! Plans: what an experiment consists of, read from YAML and validated into types that cannot be
//! wrong. No number of any experiment is written in Rust.

mod settings;
mod wire;

pub use settings::apply_settings;

use anyhow::{Context, Result, bail};
use optim::{Kinetic, Predictor, Velocity, WindowMethod};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of experiment a plan describes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Experiment {
    /// Windows of a flow against the sequential flow.
    Windows,
}

/// The element type that the numbers are computed in.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Precision {
    /// candle's name for it.
    #[must_use]
    pub fn dtype(self) -> candle_core::DType {
        match self {
            Self::F32 => candle_core::DType::F32,
            Self::F64 => candle_core::DType::F64,
        }
    }

    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.dtype().as_str()
    }
}

/// The model's free choices: bias and penalty.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Whether each class has an intercept.
    pub bias: bool,
    /// λ of λ/2 ‖Θ‖².
    pub l2: f64,
}

/// Where runs start.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(tag = "distribution", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Start {
    /// At 0.
    Zeros,
    /// Uniform in ± scale.
    Uniform {
        /// Half the width.
        scale: Scale,
    },
}

/// Half the width of a uniform start.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// 1/√(features).
    InverseSqrtFeatures,
    /// A number.
    #[serde(untagged)]
    Fixed(f64),
}

/// Which evaluator a row of the plan asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum EvaluatorKind {
    /// One point after the other: what `devices` and `batched` are with a window of 1.
    Sequential,
    /// One whole device, all points in one product.
    Batched,
    /// One worker per slot of the window.
    Devices,
}

impl EvaluatorKind {
    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Batched => "batched",
            Self::Devices => "devices",
        }
    }
}

/// One window to be compared with the sequential flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where its gradients are computed: `Batched` or `Devices`, also for width 1, to say on what
    /// the sequential flow runs.
    pub evaluator: EvaluatorKind,
    /// W.
    pub width: usize,
    /// How forces become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// What new slots hold.
    pub predictor: Predictor,
    /// τ.
    pub tolerance: f64,
}

/// How much of a plan is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Data sets, in order.
    pub datasets: Vec<String>,
    /// K by data set.
    pub flows: BTreeMap<String, usize>,
    /// K of the data sets that are not named.
    pub other_flows: Option<usize>,
    /// Timed runs of each cell.
    pub repeats: usize,
    /// Flows run before the clock starts.
    pub warmup_flows: usize,
    /// Whether its runs are long enough for verdicts.
    pub verdicts: bool,
}

impl Profile {
    /// K for a data set, if the profile says it.
    #[must_use]
    pub fn flows_of(&self, dataset: &str) -> Option<usize> {
        self.flows.get(dataset).copied().or(self.other_flows)
    }
}

/// How intervals are made.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Bootstrap resamples.
    pub resamples: usize,
    /// The interval's coverage, in (0, 1).
    pub confidence: f64,
}

/// Names of the plots, as the paper has them; they begin the files' names.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Of test accuracy.
    pub test_accuracy: String,
    /// Of training loss.
    pub train_loss: String,
}

/// When a measured figure counts as the paper's.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// The share by which a figure may fall short.
    pub relative_tolerance: f64,
}

/// A validated plan with its profile chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name it is reproduced by.
    pub target: String,
    /// Its kind.
    pub experiment: Experiment,
    /// What it shows.
    pub title: String,
    /// Where in the paper.
    pub source: String,
    /// The root seed.
    pub seed: u64,
    /// Element type.
    pub precision: Precision,
    /// The model.
    pub model: Model,
    /// The starting point.
    pub start: Start,
    /// φ.
    pub kinetic: Kinetic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// The split of each data set that does not use its default.
    pub splits: BTreeMap<String, String>,
    /// What is compared.
    pub windows: Vec<Window>,
    /// How much of it.
    pub profile: Profile,
    /// What the paper calls the plots.
    pub figures: Figures,
    /// How intervals are made.
    pub statistics: Statistics,
    /// When a figure counts as the paper's.
    pub verdict: VerdictRule,
}

/// What `harness list` shows of a plan.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The name it is reproduced by.
    pub target: String,
    /// What it shows.
    pub title: String,
    /// Where in the paper.
    pub source: String,
    /// Name and description of each profile, the default first.
    pub profiles: Vec<(String, String)>,
}

impl Plan {
    /// From YAML text, with `key=value` settings applied and a profile chosen (the plan's own
    /// default if `None`).
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn from_yaml(text: &str, settings: &[String], profile: Option<&str>) -> Result<Self> {
        let mut value: serde_yaml::Value = serde_yaml::from_str(text).context("not YAML")?;
        apply_settings(&mut value, settings)?;
        let wire: wire::Plan = serde_yaml::from_value(value)?;
        wire.validated(profile)
    }

    /// The summary of a plan in YAML.
    ///
    /// # Errors
    /// If the plan is not valid.
    pub fn summary(text: &str) -> Result<Summary> {
        let wire: wire::Plan = serde_yaml::from_str(text)?;
        wire.summary()
    }

    /// Leaves only the given data sets, in the given order, each once.
    ///
    /// # Errors
    /// If one has no number of flows in the plan.
    pub fn only(&mut self, datasets: &[String]) -> Result<()> {
        for name in datasets {
            if self.profile.flows_of(name).is_none() {
                let profile = &self.profile.name;
                bail!(
                    "profile `{profile}` says no number of flows for `{name}`: --set profiles.{profile}.flows.{name}=10 does"
                );
            }
        }
        let mut once: Vec<String> = Vec::new();
        for name in datasets {
            if !once.contains(name) {
                once.push(name.clone());
            }
        }
        self.profile.datasets = once;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE2: &str = include_str!("../../../configs/table2.yaml");

    fn refused(settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        format!(
            "{:#}",
            Plan::from_yaml(TABLE2, &settings, None).unwrap_err()
        )
    }

    #[test]
    fn the_plan_of_table_2_has_the_papers_numbers() {
        let plan = Plan::from_yaml(TABLE2, &[], None).unwrap();
        assert_eq!((plan.step_size, plan.steps), (0.1, 20));
        assert_eq!(plan.kinetic, Kinetic::HalfL2Squared);
        assert_eq!(plan.profile.datasets, ["a8a", "a9a", "mnist", "usps"]);
        assert!(plan.windows.iter().all(|w| w.tolerance == 1e-3));
        assert!(
            plan.windows
                .iter()
                .any(|w| w.evaluator == EvaluatorKind::Devices
                    && w.width == 4
                    && w.predictor == Predictor::Copy)
        );
    }

    #[test]
    fn every_profile_of_the_plan_is_valid() {
        for (name, _) in Plan::summary(TABLE2).unwrap().profiles {
            let plan = Plan::from_yaml(TABLE2, &[], Some(&name)).unwrap();
            assert_eq!(plan.profile.name, name);
            assert!(
                plan.profile
                    .datasets
                    .iter()
                    .all(|d| plan.profile.flows_of(d).is_some())
            );
        }
        assert_eq!(Plan::summary(TABLE2).unwrap().profiles[0].0, "default");
    }

    #[test]
    fn a_setting_changes_one_value() {
        let plan = Plan::from_yaml(TABLE2, &["flow.steps=7".into()], None).unwrap();
        assert_eq!(plan.steps, 7);
    }

    #[test]
    fn a_data_set_asked_for_twice_is_run_once() {
        let mut plan = Plan::from_yaml(TABLE2, &[], None).unwrap();
        plan.only(&["usps".into(), "a8a".into(), "usps".into()])
            .unwrap();
        assert_eq!(plan.profile.datasets, ["usps", "a8a"]);
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_the_key_that_says_so() {
        assert!(refused(&["flow.steps=0"]).contains("flow.steps"));
        assert!(refused(&["flow.step_size=-1"]).contains("flow.step_size"));
        assert!(refused(&["flow.kinetic_energy=l3"]).contains("half-l2-squared"));
        assert!(refused(&["tolerance=-1"]).contains("tolerance"));
        assert!(refused(&["statistics.confidence=95"]).contains("confidence"));
        assert!(refused(&["profiles.default.repeats=0"]).contains("repeats"));
        assert!(refused(&["no_such_key=1"]).contains("no_such_key"));
        assert!(refused(&["flow"]).contains("key=value"));
        assert!(refused(&["windows=[{evaluator: batched, window: 4}]"]).contains("window: 1"));
        assert!(refused(&["windows=[{evaluator: batched, window: 0}]"]).contains("window"));
        let unknown = Plan::from_yaml(TABLE2, &[], Some("fast"))
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("smoke"), "{unknown}");
    }
}
