//! Plans as they are written. Everything here is turned into the types of the module above, or
//! refused by its key.

use super::{
    EvaluatorKind, Experiment, Figures, Model, Precision, Profile, Scale, Start, Statistics,
    Summary, VerdictRule, Window,
};
use anyhow::{Context, Result, bail, ensure};
use optim::Velocity;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    target: String,
    experiment: Experiment,
    title: String,
    source: String,
    seed: u64,
    precision: Precision,
    problem: Model,
    start: Start,
    flow: FlowSettings,
    tolerance: f64,
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    windows: Vec<WindowSettings>,
    default_profile: String,
    profiles: BTreeMap<String, ProfileSettings>,
    figures: Figures,
    statistics: Statistics,
    verdict: VerdictRule,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowSettings {
    kinetic_energy: String,
    step_size: f64,
    steps: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowSettings {
    evaluator: EvaluatorKind,
    window: usize,
    method: Option<String>,
    velocity: Option<String>,
    predictor: Option<String>,
    tolerance: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileSettings {
    what: String,
    datasets: Option<Vec<String>>,
    flows: BTreeMap<String, usize>,
    repeats: usize,
    warmup_flows: usize,
    verdicts: bool,
}

/// The key of `flows` that stands for every data set not named.
const OTHER: &str = "other";

impl Plan {
    pub(super) fn summary(&self) -> Result<Summary> {
        self.profile(None)?;
        let describe = |(name, p): (&String, &ProfileSettings)| (name.clone(), p.what.clone());
        let mut profiles: Vec<_> = self.profiles.iter().map(describe).collect();
        profiles.sort_by_key(|(name, _)| *name != self.default_profile);
        Ok(Summary {
            target: self.target.clone(),
            title: self.title.clone(),
            source: self.source.clone(),
            profiles,
        })
    }

    pub(super) fn validated(self, profile: Option<&str>) -> Result<super::Plan> {
        positive("flow.step_size", self.flow.step_size)?;
        ensure!(
            self.flow.steps >= 1,
            "flow.steps is 0, but a flow has at least 1 step"
        );
        ensure!(
            self.problem.l2.is_finite() && self.problem.l2 >= 0.0,
            "problem.l2 is {}, but has to be 0 or positive",
            self.problem.l2
        );
        if let Start::Uniform {
            scale: Scale::Fixed(scale),
        } = self.start
        {
            positive("start.scale", scale)?;
        }
        let statistics = self.statistics;
        ensure!(
            statistics.resamples >= 1,
            "statistics.resamples is 0, but has to be at least 1"
        );
        ensure!(
            statistics.confidence > 0.0 && statistics.confidence < 1.0,
            "statistics.confidence is {}, but lies between 0 and 1",
            statistics.confidence
        );
        ensure!(
            (0.0..1.0).contains(&self.verdict.relative_tolerance),
            "verdict.relative_tolerance is {}, but is a share below 1",
            self.verdict.relative_tolerance
        );
        let profile = self.profile(profile)?;
        let windows = self.windows()?;
        Ok(super::Plan {
            profile,
            windows,
            kinetic: self
                .flow
                .kinetic_energy
                .parse()
                .context("flow.kinetic_energy")?,
            target: self.target,
            experiment: self.experiment,
            title: self.title,
            source: self.source,
            seed: self.seed,
            precision: self.precision,
            model: self.problem,
            start: self.start,
            step_size: self.flow.step_size,
            steps: self.flow.steps,
            splits: self.splits,
            figures: self.figures,
            statistics,
            verdict: self.verdict,
        })
    }

    fn profile(&self, name: Option<&str>) -> Result<Profile> {
        let name = name.unwrap_or(&self.default_profile);
        let Some(profile) = self.profiles.get(name) else {
            let known = self.profiles.keys().cloned().collect::<Vec<_>>().join(", ");
            bail!("`{name}` is no profile of {}: it has {known}", self.target);
        };
        let key = format!("profiles.{name}");
        let datasets = profile
            .datasets
            .clone()
            .unwrap_or_else(|| self.datasets.clone());
        ensure!(!datasets.is_empty(), "{key}.datasets is empty");
        ensure!(
            profile.repeats >= 1,
            "{key}.repeats is 0, but something has to be timed"
        );
        let mut flows = profile.flows.clone();
        let other_flows = flows.remove(OTHER);
        for dataset in &datasets {
            ensure!(
                flows.contains_key(dataset) || other_flows.is_some(),
                "{key}.flows has neither `{dataset}` nor `{OTHER}`"
            );
        }
        ensure!(
            other_flows != Some(0),
            "{key}.flows.{OTHER} is 0, but a run has at least 1 flow"
        );
        if let Some((dataset, _)) = flows.iter().find(|(_, count)| **count == 0) {
            bail!("{key}.flows.{dataset} is 0, but a run has at least 1 flow");
        }
        Ok(Profile {
            name: name.to_owned(),
            datasets,
            flows,
            other_flows,
            repeats: profile.repeats,
            warmup_flows: profile.warmup_flows,
            verdicts: profile.verdicts,
        })
    }

    fn windows(&self) -> Result<Vec<Window>> {
        ensure!(
            !self.windows.is_empty(),
            "windows is empty: there is nothing to compare"
        );
        let windows = self
            .windows
            .iter()
            .enumerate()
            .map(|(i, w)| self.window(w).with_context(|| format!("windows[{i}]")))
            .collect::<Result<Vec<_>>>()?;
        for window in &windows {
            let baseline = |w: &&Window| {
                w.evaluator == window.evaluator && w.width == 1 && w.velocity == Velocity::Carried
            };
            if windows.iter().find(baseline).is_none() {
                let name = window.evaluator.name();
                bail!(
                    "windows has `evaluator: {name}` but not {{evaluator: {name}, window: 1}}, the sequential flow that it is compared with"
                );
            }
        }
        Ok(windows)
    }

    fn window(&self, wire: &WindowSettings) -> Result<Window> {
        ensure!(
            wire.window >= 1,
            "window is 0, but a window has at least 1 slot"
        );
        if wire.evaluator == EvaluatorKind::Sequential {
            bail!(
                "write `evaluator: devices` (one worker) or `evaluator: batched` (one whole device) with `window: 1` for the sequential flow"
            );
        }
        let tolerance = wire.tolerance.unwrap_or(self.tolerance);
        ensure!(
            tolerance.is_finite() && tolerance >= 0.0,
            "tolerance is {tolerance}, but has to be 0 or positive"
        );
        let text = |o: &Option<String>| o.clone();
        Ok(Window {
            evaluator: wire.evaluator,
            width: wire.window,
            method: text(&wire.method).map_or(Ok(Default::default()), |t| t.parse())?,
            velocity: text(&wire.velocity).map_or(Ok(Default::default()), |t| t.parse())?,
            predictor: text(&wire.predictor).map_or(Ok(Default::default()), |t| t.parse())?,
            tolerance,
        })
    }
}

fn positive(key: &str, value: f64) -> Result<()> {
    ensure!(
        value.is_finite() && value > 0.0,
        "{key} is {value}, but has to be a positive number"
    );
    Ok(())
}
