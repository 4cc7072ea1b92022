//! What a plan of kind `windows` says, validated.

use super::wire::WindowsForm;
use crate::capacity::Limits;
use crate::plan::{LinearFit, Plan, Precision, Start, positive};
use anyhow::{Result, bail, ensure};
use optim::{Kinetic, RelativeTo, Velocity, Window, WindowForm, WindowMethod};
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which evaluator a window of the plan asks for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
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

/// A window to be compared with the sequential flow, and where its gradients are computed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct PlacedWindow {
    /// `Batched` or `Devices`, also for width 1, to say on what the sequential flow runs.
    pub evaluator: EvaluatorKind,
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Rows of the surrogate that the secant method guesses by; 0 if there is none.
    #[serde(default)]
    pub surrogate_rows: usize,
    /// Whether the products of f32 are made in TF32, which GPUs have: 10 bits behind the point
    /// instead of 23.
    #[serde(default)]
    pub tf32: bool,
    /// Keys that mean nothing here.
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

impl PlacedWindow {
    /// Itself, if it can be computed with numbers of this precision.
    pub(crate) fn validated(self, precision: Precision) -> Result<Self> {
        if let Some(key) = self.unknown.keys().next() {
            let mut known: Vec<&str> = WindowForm::KEYS.to_vec();
            known.extend(["evaluator", "surrogate_rows", "tf32"]);
            bail!(
                "`{key}` is no key of a window, which has {}",
                known.join(", ")
            );
        }
        ensure!(
            self.evaluator != EvaluatorKind::Sequential,
            "write `evaluator: devices` (one worker) or `evaluator: batched` (one whole device) with `window: 1` for the sequential flow"
        );
        let secant = matches!(self.window.method, WindowMethod::Secant { .. });
        ensure!(
            secant || self.surrogate_rows == 0,
            "surrogate_rows belongs to `method: secant`"
        );
        ensure!(
            precision == Precision::F32 || !self.tf32,
            "tf32 belongs to `precision: f32`"
        );
        Ok(self)
    }

    /// Whether it is the sequential flow.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        self.window.width == 1 && self.window.velocity == Velocity::Carried
    }

    /// Whether it is a window of Algorithm 5 as the paper runs it, a device for each slot.
    #[must_use]
    pub fn is_the_papers(&self) -> bool {
        !self.is_sequential()
            && self.evaluator == EvaluatorKind::Devices
            && self.window.method == WindowMethod::default()
            && self.window.velocity == Velocity::Carried
            && self.window.relative_to == RelativeTo::Size
            && !self.window.across_flows
    }
}

/// Names of the plots, as the paper has them; they begin the files' names. A plot without a name
/// is not drawn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Of test accuracy.
    pub test_accuracy: Option<String>,
    /// Of training loss.
    pub train_loss: Option<String>,
    /// Of the depth speedup against the window, for plans with many windows.
    pub depth: Option<String>,
}

/// A flow's settings, and what is compared with it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSetting {
    /// What is added to the plan's seed.
    pub seed_plus: u64,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// The windows.
    pub windows: Vec<PlacedWindow>,
}

/// Which window is chosen for a data set.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The largest flow error that it may have.
    pub flow_error: f64,
}

/// What the number of gradients behind the paper's own seconds is inferred with.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Inference {
    /// Bytes of one number of the data.
    pub bytes_per_entry: f64,
    /// How fast the data may have been read; each gives a number of gradients.
    pub readings: Vec<Reading>,
}

/// A way in which a gradient may read all data.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// From where.
    pub name: String,
    /// Bytes a second.
    pub bytes_per_s: f64,
    /// How often a gradient reads it.
    pub passes: f64,
}

impl Inference {
    /// Itself, if its numbers can be what they say.
    ///
    /// # Errors
    /// By the key of the first that cannot.
    pub fn validated(self) -> Result<Self> {
        positive("inference.bytes_per_entry", self.bytes_per_entry)?;
        for (index, reading) in self.readings.iter().enumerate() {
            let key = format!("inference.readings[{index}]");
            positive(&format!("{key}.bytes_per_s"), reading.bytes_per_s)?;
            positive(&format!("{key}.passes"), reading.passes)?;
        }
        Ok(self)
    }
}

/// A validated plan of windows.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowsPlan {
    /// Element type.
    pub precision: Precision,
    /// What is fitted to the data.
    pub fit: LinearFit,
    /// The starting point.
    pub start: Start,
    /// φ, one or several.
    pub kinetic: Vec<Kinetic>,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// Data sets, in order.
    pub datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    pub splits: BTreeMap<String, String>,
    /// K by data set.
    pub flows: BTreeMap<String, usize>,
    /// K of the data sets that are not named.
    pub other_flows: Option<usize>,
    /// Timed runs of each cell; 0 if rounds and gradients are counted and nothing is timed.
    pub repeats: usize,
    /// Flows run before the clock starts.
    pub warmup_flows: usize,
    /// Flows by data set of an untimed run of the paper's own windows, in which rounds are counted;
    /// none where there is no such run.
    pub long_flows: BTreeMap<String, usize>,
    /// The same of the data sets that are not named.
    pub other_long_flows: Option<usize>,
    /// How much of the machine a timed run may lack; older plans say nothing, and nothing is probed.
    pub machine: Option<Limits>,
    /// What is compared.
    pub windows: Vec<PlacedWindow>,
    /// What the paper calls the plots.
    pub figures: Figures,
    /// The share of the wall time below which the least time of the counted work does not bound
    /// it; older plans have none.
    pub overhead_below: Option<f64>,
    /// Other settings of the flow, each with some of the windows.
    pub variations: Vec<FlowSetting>,
    /// What the paper's own number of gradients is inferred with, where it is.
    pub inference: Option<Inference>,
    /// How the fastest window of each data set is chosen, where it is.
    pub choose: Option<Choice>,
}

impl WindowsPlan {
    /// From a plan's body.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        plan.body::<WindowsForm>()?.validated()
    }

    /// The plan's own setting, then its variations.
    #[must_use]
    pub fn settings(&self) -> Vec<FlowSetting> {
        let own = FlowSetting {
            seed_plus: 0,
            step_size: self.step_size,
            steps: self.steps,
            windows: self.windows.clone(),
        };
        [vec![own], self.variations.clone()].concat()
    }

    /// K for a data set, if the plan says it.
    #[must_use]
    pub fn flows_of(&self, dataset: &str) -> Option<usize> {
        self.flows.get(dataset).copied().or(self.other_flows)
    }

    /// Flows of the untimed run on a data set; 0 if there is none.
    #[must_use]
    pub fn long_flows_of(&self, dataset: &str) -> usize {
        let named = self.long_flows.get(dataset).copied();
        named.or(self.other_long_flows).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
