//! A plan of kind `windows` as it is written, and what makes it valid.

use super::plan::{Choice, EvaluatorKind, Figures, Inference, Setting, Window, WindowsPlan};
use crate::capacity::Limits;
use crate::plan::{Model, OneOrMany, Precision, Start, non_negative, positive};
use anyhow::{Context, Result, bail, ensure};
use optim::{Kinetic, Predictor, Storage, Velocity, WindowMethod};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire {
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

/// Each value may be a list: every combination is then a window.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowSettings {
    evaluator: EvaluatorKind,
    window: OneOrMany<usize>,
    method: Option<OneOrMany<String>>,
    velocity: Option<OneOrMany<String>>,
    predictor: Option<OneOrMany<String>>,
    tolerance: Option<OneOrMany<f64>>,
    /// Of the secant method, which has to have one.
    memory: Option<OneOrMany<usize>>,
    /// Of the secant method.
    surrogate_rows: Option<OneOrMany<usize>>,
    across_flows: Option<OneOrMany<bool>>,
    /// Of Picard iteration within flows, where it is not `points`.
    storage: Option<OneOrMany<String>>,
    /// With such a storage.
    at_once: Option<OneOrMany<usize>>,
    /// On GPUs; elsewhere such a window is left out.
    tf32: Option<OneOrMany<bool>>,
}

/// The key of `flows` and `long_flows` that stands for every data set not named.
const OTHER: &str = "other";

impl Wire {
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

    fn variations(&self, windows: &[Window]) -> Result<Vec<Setting>> {
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
            let setting = Setting {
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

    fn windows(&self, all: &[WindowSettings]) -> Result<Vec<Window>> {
        ensure!(
            !all.is_empty(),
            "windows is empty: there is nothing to compare"
        );
        let mut windows: Vec<Window> = Vec::new();
        for (i, settings) in all.iter().enumerate() {
            let expanded = self
                .expanded(settings)
                .with_context(|| format!("windows[{i}]"))?;
            // A sequential flow has no tolerance or predictor: of a grid's many, one is enough.
            for window in expanded {
                let same = |w: &Window| {
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
            let baseline = |w: &Window| w.evaluator == window.evaluator && w.is_sequential();
            if !windows.iter().any(baseline) {
                let name = window.evaluator.name();
                bail!(
                    "windows has `evaluator: {name}` but not {{evaluator: {name}, window: 1}}, the sequential flow that it is compared with"
                );
            }
        }
        Ok(windows)
    }

    fn expanded(&self, wire: &WindowSettings) -> Result<Vec<Window>> {
        if wire.evaluator == EvaluatorKind::Sequential {
            bail!(
                "write `evaluator: devices` (one worker) or `evaluator: batched` (one whole device) with `window: 1` for the sequential flow"
            );
        }
        let tolerances = wire
            .tolerance
            .as_ref()
            .map_or(vec![self.tolerance], OneOrMany::all);
        for &tolerance in &tolerances {
            non_negative("tolerance", tolerance)?;
        }
        let across = wire.across_flows.as_ref();
        let across = across.map_or(vec![false], OneOrMany::all);
        let methods = named::<WindowMethod>(wire.method.as_ref())?;
        let mut like = Vec::new();
        for velocity in named::<Velocity>(wire.velocity.as_ref())? {
            for &method in &methods {
                for (predictor, memory, surrogate_rows) in wire.guesses(method, &methods)? {
                    for &tolerance in &tolerances {
                        like.extend(across.iter().map(|&across_flows| Window {
                            evaluator: wire.evaluator,
                            width: 1,
                            method,
                            velocity,
                            predictor,
                            tolerance,
                            memory,
                            surrogate_rows,
                            across_flows,
                            storage: Storage::Points,
                            at_once: None,
                            tf32: false,
                        }));
                    }
                }
            }
        }
        let stored = wire.stored()?;
        let tf32 = wire.tf32.as_ref().map_or(vec![false], OneOrMany::all);
        ensure!(
            self.precision == Precision::F32 || !tf32.contains(&true),
            "tf32 belongs to `precision: f32`"
        );
        let mut windows = Vec::new();
        for width in wire.window.all() {
            ensure!(width >= 1, "window is 0, but a window has at least 1 slot");
            for window in &like {
                let streamed = window.method == WindowMethod::Picard && !window.across_flows;
                ensure!(
                    streamed || stored == [(Storage::Points, None)],
                    "storage velocities and bf16 belong to `method: picard` within flows"
                );
                for &(storage, at_once) in &stored {
                    windows.extend(tf32.iter().map(|&tf32| Window {
                        width,
                        storage,
                        at_once,
                        tf32,
                        ..*window
                    }));
                }
            }
        }
        Ok(windows)
    }
}

impl WindowSettings {
    /// Every storage, with every number of forces at a time where it can have one.
    fn stored(&self) -> Result<Vec<(Storage, Option<usize>)>> {
        let counts = self.at_once.as_ref().map_or(Vec::new(), OneOrMany::all);
        ensure!(
            !counts.contains(&0),
            "at_once is 0, but forces are computed at least 1 at a time"
        );
        let mut stored = Vec::new();
        for storage in named::<Storage>(self.storage.as_ref())? {
            match storage {
                Storage::Points => stored.push((storage, None)),
                _ if counts.is_empty() => stored.push((storage, None)),
                _ => stored.extend(counts.iter().map(|&count| (storage, Some(count)))),
            }
        }
        ensure!(
            counts.is_empty()
                || stored
                    .iter()
                    .any(|(storage, _)| *storage != Storage::Points),
            "at_once belongs to `storage: velocities` or `storage: bf16`"
        );
        Ok(stored)
    }

    /// Every predictor, memory and surrogate that a method of a grid is combined with.
    fn guesses(
        &self,
        method: WindowMethod,
        all: &[WindowMethod],
    ) -> Result<Vec<(Predictor, usize, usize)>> {
        let predictors = named::<Predictor>(self.predictor.as_ref())?;
        if method == WindowMethod::Picard {
            ensure!(
                all.contains(&WindowMethod::Secant)
                    || (self.memory.is_none() && self.surrogate_rows.is_none()),
                "memory and surrogate_rows belong to `method: secant`"
            );
            // In a grid of both methods, the model is the secant method's.
            let of_picard = predictors.into_iter().filter(|p| *p != Predictor::Model);
            return Ok(of_picard.map(|predictor| (predictor, 0, 0)).collect());
        }
        let Some(memory) = &self.memory else {
            bail!("`method: secant` needs `memory`, of how many forces it makes its model");
        };
        let surrogates = self.surrogate_rows.as_ref();
        let surrogates = surrogates.map_or(vec![0], OneOrMany::all);
        let predictors = match (&self.predictor, all.contains(&WindowMethod::Picard)) {
            (Some(_), false) => predictors,
            // Its own, where the grid's are those of Picard iteration.
            _ => vec![Predictor::Model],
        };
        let mut guesses = Vec::new();
        for predictor in predictors {
            for &memory in &memory.all() {
                guesses.extend(surrogates.iter().map(|&rows| (predictor, memory, rows)));
            }
        }
        Ok(guesses)
    }
}

/// Names as values; the default where there are none.
fn named<T>(names: Option<&OneOrMany<String>>) -> Result<Vec<T>>
where
    T: FromStr<Err: Display + Send + Sync + std::error::Error + 'static> + Default,
{
    let Some(names) = names else {
        return Ok(vec![T::default()]);
    };
    let parse = |name: &String| name.parse::<T>().map_err(anyhow::Error::new);
    names.all().iter().map(parse).collect()
}
