//! A plan of kind `windows` as it is written, and what makes it valid.

use super::plan::{
    Choice, EvaluatorKind, Figures, FlowSetting, Inference, PlacedWindow, WindowsPlan,
};
use crate::capacity::Limits;
use crate::plan::schema::{
    kernel, kinetic_energies, one_or_many, predictor, relative_to, window_method, window_storage,
    window_velocity,
};
use crate::plan::{
    LinearFit, Loss, Model, OneOrMany, Precision, Start, combinations, named, non_negative,
    positive,
};
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use optim::{Kernel, Kinetic, WindowMethod};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml::Mapping;
use std::collections::BTreeMap;

/// As it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowsForm {
    /// The element type that is computed in.
    precision: Precision,
    /// What is fitted to the data.
    problem: WindowsProblem,
    /// Where runs start.
    start: Start,
    /// The flow that is computed in windows.
    flow: FlowSettings,
    /// τ of windows that say none: by how much of what their `relative_to` says a point may change and has converged.
    tolerance: f64,
    /// The data sets.
    datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    #[serde(default)]
    splits: BTreeMap<String, String>,
    /// K: how many flows a run has, by data set; `other` stands for all that are not named.
    flows: BTreeMap<String, usize>,
    /// How often each window is timed; 0 counts and times nothing.
    repeats: usize,
    /// Flows before the clock runs.
    warmup_flows: usize,
    /// Flows of a longer run of which only rounds are counted, by data set.
    #[serde(default)]
    long_flows: BTreeMap<String, usize>,
    /// How much of the machine a timed run may lack before nothing is decided by its time.
    machine: Option<Limits>,
    /// What is compared with the sequential flow.
    #[schemars(with = "Vec<WindowKeys>")]
    windows: Vec<WindowSettings>,
    /// What is drawn.
    #[serde(default)]
    figures: Figures,
    /// Read by older programs, and in the manifests of their runs; claims say it now.
    #[serde(rename = "verdict")]
    #[schemars(skip)]
    _verdict: Option<IgnoredAny>,
    /// The share of a window's time that its own bookkeeping may take.
    overhead_below: Option<f64>,
    /// Other seeds, step sizes and lengths of flows.
    #[serde(default)]
    variations: Vec<Variation>,
    /// The windows of variations; all if there are none of their own.
    #[schemars(with = "Option<Vec<WindowKeys>>")]
    varied_windows: Option<Vec<WindowSettings>>,
    /// Which window is chosen for a data set: the fastest with a small enough error.
    choose: Option<Choice>,
    /// What the number of gradients behind the paper's own seconds is inferred with.
    inference: Option<Inference>,
}

/// What is set otherwise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Variation {
    /// What is added to the plan's seed, so that another seed of the plan is another seed of them all.
    #[serde(default)]
    seed_plus: u64,
    /// θ: the step size.
    step_size: Option<f64>,
    /// S: the steps of a flow.
    steps: Option<usize>,
    /// Its own windows, if not those of all variations.
    #[schemars(with = "Option<Vec<WindowKeys>>")]
    windows: Option<Vec<WindowSettings>>,
}

/// The loss, and the model's free choices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WindowsProblem {
    /// The loss; logistic if nothing is said.
    #[serde(default)]
    kind: Loss,
    /// Whether each column of weights has an intercept.
    #[serde(default)]
    bias: bool,
    /// λ: the penalty λ/2 ‖Θ‖² on the weights.
    #[serde(default)]
    l2: f64,
    /// What computes gradients; by the data and the device where nothing is said.
    #[serde(default, with = "named")]
    #[schemars(schema_with = "kernel")]
    kernel: Kernel,
}

impl WindowsProblem {
    fn fit(&self) -> LinearFit {
        LinearFit {
            loss: self.kind,
            model: Model {
                bias: self.bias,
                l2: self.l2,
                kernel: self.kernel,
            },
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FlowSettings {
    /// φ: the kinetic energy; each of a list is run.
    #[schemars(schema_with = "kinetic_energies")]
    kinetic_energy: OneOrMany<String>,
    /// θ: the step size.
    step_size: f64,
    /// S: the steps of a flow.
    steps: usize,
}

/// A window each of whose values may be a list: every combination is then a window.
type WindowSettings = Mapping;

/// The keys of a window, for those who write one: they are read as a [`PlacedWindow`]. Each may be a list, every
/// combination of which is a window.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = two_are_needed)]
#[allow(dead_code)]
pub struct WindowKeys {
    /// On what gradients are computed: one worker for each slot, or all of them in one product on one whole device.
    #[schemars(schema_with = "one_or_many::<EvaluatorKind>")]
    evaluator: (),
    /// W: how many steps are computed at once; 1 is the sequential flow.
    #[schemars(schema_with = "one_or_many::<usize>")]
    window: (),
    /// How gradients become points: picard if nothing is said, or secant.
    #[schemars(schema_with = "window_method")]
    method: Option<()>,
    /// With which velocity a window starts; carried if nothing is said.
    #[schemars(schema_with = "window_velocity")]
    velocity: Option<()>,
    /// What new slots hold; copies with picard, what the model predicts with secant, if nothing is said.
    #[schemars(schema_with = "predictor")]
    predictor: Option<()>,
    /// τ: by how much of what `relative_to` says a point may change and has converged.
    #[schemars(schema_with = "one_or_many::<f64>")]
    tolerance: Option<()>,
    /// What a change is compared with: the point's own size if nothing is said, or the window's progress to it.
    #[schemars(schema_with = "relative_to")]
    relative_to: Option<()>,
    /// M: to how many of the last gradients the secant method fits its model.
    #[schemars(schema_with = "one_or_many::<usize>")]
    memory: Option<()>,
    /// Whether the model is multiplied by the share of its last predictions that came true.
    #[schemars(schema_with = "one_or_many::<bool>")]
    damped: Option<()>,
    /// Whether a window may reach past the end of a flow.
    #[schemars(schema_with = "one_or_many::<bool>")]
    across_flows: Option<()>,
    /// What is kept of a window from round to round; points if nothing is said.
    #[schemars(schema_with = "window_storage")]
    storage: Option<()>,
    /// How many of its points may exist at a time; all if nothing is said.
    #[schemars(schema_with = "one_or_many::<usize>")]
    at_once: Option<()>,
    /// Rows of the surrogate that the secant method guesses by; none if nothing is said.
    #[schemars(schema_with = "one_or_many::<usize>")]
    surrogate_rows: Option<()>,
    /// Whether products of f32 are made in TF32, which GPUs have.
    #[schemars(schema_with = "one_or_many::<bool>")]
    tf32: Option<()>,
}

/// Of the keys of a window these two stand for nothing that is left out.
fn two_are_needed(schema: &mut Schema) {
    schema.insert(
        "required".into(),
        serde_json::json!(["evaluator", "window"]),
    );
}

/// The key of `flows` and `long_flows` that stands for every data set not named.
const OTHER: &str = "other";

impl WindowsForm {
    pub(super) fn validated(self) -> Result<WindowsPlan> {
        positive("flow.step_size", self.flow.step_size)?;
        non_negative("problem.l2", self.problem.l2)?;
        ensure!(
            self.flow.steps >= 1,
            "flow.steps is 0, but a flow has at least 1 step"
        );
        if let Some(share) = self.overhead_below {
            ensure!(
                (0.0..=1.0).contains(&share),
                "overhead_below is {share}, but is a share of the wall time"
            );
        }
        ensure!(!self.datasets.is_empty(), "datasets is empty");
        let windows = self.windows(&self.windows)?;
        let variations = self.variations(&windows)?;
        let mut flows = self.flows;
        let other_flows = flows.remove(OTHER);
        for dataset in &self.datasets {
            ensure!(
                flows.contains_key(dataset) || other_flows.is_some(),
                "flows has neither `{dataset}` nor `{OTHER}`: --set flows.{dataset}=10 says K for it"
            );
        }
        ensure!(
            other_flows != Some(0),
            "flows.{OTHER} is 0, but a run has at least 1 flow"
        );
        if let Some((dataset, _)) = flows.iter().find(|(_, count)| **count == 0) {
            bail!("flows.{dataset} is 0, but a run has at least 1 flow");
        }
        let mut long_flows = self.long_flows;
        if let Some((dataset, count)) = long_flows.iter().find(|(_, count)| **count < 2) {
            bail!(
                "long_flows.{dataset} is {count}, but a run with a last half has at least 2 flows"
            );
        }
        let other_long_flows = long_flows.remove(OTHER);
        let kinetic = self.flow.kinetic_energy.all();
        let kinetic: Vec<Kinetic> = kinetic
            .iter()
            .map(|name| name.parse().context("flow.kinetic_energy"))
            .collect::<Result<_>>()?;
        ensure!(!kinetic.is_empty(), "flow.kinetic_energy is empty");
        Ok(WindowsPlan {
            windows,
            variations,
            choose: self.choose,
            inference: self.inference.map(Inference::validated).transpose()?,
            kinetic,
            precision: self.precision,
            fit: self.problem.fit(),
            start: self.start.validated()?,
            step_size: self.flow.step_size,
            steps: self.flow.steps,
            datasets: self.datasets,
            splits: self.splits,
            flows,
            other_flows,
            repeats: self.repeats,
            warmup_flows: self.warmup_flows,
            long_flows,
            other_long_flows,
            machine: self.machine.map(Limits::validated).transpose()?,
            figures: self.figures,
            overhead_below: self.overhead_below,
        })
    }

    fn variations(&self, windows: &[PlacedWindow]) -> Result<Vec<FlowSetting>> {
        let windows = match &self.varied_windows {
            Some(own) => self.windows(own).context("varied_windows")?,
            None => windows.to_vec(),
        };
        let setting = |(i, variation): (usize, &Variation)| {
            let windows = match &variation.windows {
                Some(own) => self
                    .windows(own)
                    .with_context(|| format!("variations[{i}].windows"))?,
                None => windows.clone(),
            };
            let setting = FlowSetting {
                seed_plus: variation.seed_plus,
                step_size: variation.step_size.unwrap_or(self.flow.step_size),
                steps: variation.steps.unwrap_or(self.flow.steps),
                windows,
            };
            positive("step_size", setting.step_size).with_context(|| format!("variations[{i}]"))?;
            ensure!(
                setting.steps >= 1,
                "variations[{i}].steps is 0, but a flow has at least 1 step"
            );
            Ok(setting)
        };
        self.variations.iter().enumerate().map(setting).collect()
    }

    fn windows(&self, all: &[WindowSettings]) -> Result<Vec<PlacedWindow>> {
        ensure!(
            !all.is_empty(),
            "windows is empty: there is nothing to compare"
        );
        let mut windows: Vec<PlacedWindow> = Vec::new();
        for (i, settings) in all.iter().enumerate() {
            let mut settings = settings.clone();
            let tolerance = settings.entry("tolerance".into());
            tolerance.or_insert(self.tolerance.into());
            // A sequential flow has no tolerance or predictor: of a grid's many, one is enough.
            for settings in combinations(&settings)? {
                let window = placed(settings, self.precision);
                let window = window.with_context(|| format!("windows[{i}]"))?;
                let same = |w: &PlacedWindow| {
                    *w == window
                        || (w.is_sequential()
                            && window.is_sequential()
                            && w.evaluator == window.evaluator)
                };
                if !windows.iter().any(same) {
                    windows.push(window);
                }
            }
        }
        for window in &windows {
            let baseline = |w: &PlacedWindow| w.evaluator == window.evaluator && w.is_sequential();
            if !windows.iter().any(baseline) {
                let name = window.evaluator.name();
                bail!(
                    "windows has `evaluator: {name}` but not {{evaluator: {name}, window: 1}}, the sequential flow that it is compared with"
                );
            }
        }
        Ok(windows)
    }
}

/// A window of one combination of its values, for numbers of a precision.
pub fn placed(settings: Mapping, precision: Precision) -> Result<PlacedWindow> {
    let has_memory = settings.contains_key("memory");
    let placed: PlacedWindow = yaml::typed(&settings.into())?;
    let secant = matches!(placed.window.method, WindowMethod::Secant { .. });
    ensure!(
        has_memory || !secant,
        "`method: secant` needs `memory`, of how many gradients it makes its model"
    );
    placed.validated(precision)
}
