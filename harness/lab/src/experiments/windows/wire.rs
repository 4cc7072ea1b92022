//! A plan of kind `windows` as it is written, and what makes it valid.

use super::plan::{Choice, Figures, FlowSetting, Inference, PlacedWindow, WindowsPlan};
use crate::capacity::Limits;
use crate::plan::{Model, OneOrMany, Precision, Start, combinations, non_negative, positive};
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use optim::{Kinetic, WindowMethod};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml::Mapping;
use std::collections::BTreeMap;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowsForm {
    precision: Precision,
    problem: Model,
    start: Start,
    flow: FlowSettings,
    tolerance: f64,
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    flows: BTreeMap<String, usize>,
    repeats: usize,
    warmup_flows: usize,
    #[serde(default)]
    long_flows: BTreeMap<String, usize>,
    machine: Option<Limits>,
    windows: Vec<WindowSettings>,
    #[serde(default)]
    figures: Figures,
    /// Read by older programs, and in the manifests of their runs; claims say it now.
    #[serde(rename = "verdict")]
    _verdict: Option<IgnoredAny>,
    overhead_below: Option<f64>,
    #[serde(default)]
    variations: Vec<Variation>,
    /// The windows of variations; all if there are none of their own.
    varied_windows: Option<Vec<WindowSettings>>,
    choose: Option<Choice>,
    inference: Option<Inference>,
}

/// What is set otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variation {
    /// What is added to the plan's seed, so that another seed of the plan is another seed of them all.
    #[serde(default)]
    seed_plus: u64,
    step_size: Option<f64>,
    steps: Option<usize>,
    /// Its own windows, if not those of all variations.
    windows: Option<Vec<WindowSettings>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowSettings {
    kinetic_energy: OneOrMany<String>,
    step_size: f64,
    steps: usize,
}

/// A window each of whose values may be a list: every combination is then a window.
type WindowSettings = Mapping;

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
            model: self.problem,
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
                let window = self.placed(settings);
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

    fn placed(&self, settings: WindowSettings) -> Result<PlacedWindow> {
        let has_memory = settings.contains_key("memory");
        let placed: PlacedWindow = yaml::typed(&settings.into())?;
        let secant = matches!(placed.window.method, WindowMethod::Secant { .. });
        ensure!(
            has_memory || !secant,
            "`method: secant` needs `memory`, of how many gradients it makes its model"
        );
        placed.validated(self.precision)
    }
}
