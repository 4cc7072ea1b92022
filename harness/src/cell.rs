//! A cell: one thing that is measured, and the unit of resuming and verifying.

use crate::device::Placement;
use crate::environment::Environment;
use crate::plan::{EvaluatorKind, Model, Plan, Precision, Start, Window};
use optim::{Kinetic, Predictor, Velocity, WindowMethod};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Everything that a measurement depends on, besides the machine and the program.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Cell {
    /// The target it belongs to.
    pub experiment: String,
    /// The profile that asked for it.
    pub profile: String,
    /// Data set.
    pub dataset: String,
    /// Its split.
    pub split: String,
    /// real or surrogate.
    pub data_source: String,
    /// What identifies the data's numbers.
    pub data_digest: String,
    /// The root seed.
    pub seed: u64,
    /// Element type.
    pub precision: Precision,
    /// The model.
    pub model: Model,
    /// The starting point.
    pub start: Start,
    /// φ.
    #[serde(with = "named")]
    pub kinetic: Kinetic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K.
    pub flows: usize,
    /// cpu or cuda.
    pub backend: String,
    /// The placement's label.
    pub devices: String,
    /// How many workers compute gradients.
    pub workers: usize,
    /// Whether there are more workers than cores.
    pub oversubscribed: bool,
    /// What evaluates.
    pub evaluator: EvaluatorKind,
    /// What the sequential flow it is compared with runs on: `Devices` (one worker) or `Batched`
    /// (one whole device).
    pub group: EvaluatorKind,
    /// W.
    pub window: usize,
    /// How forces become points.
    #[serde(with = "named")]
    pub window_method: WindowMethod,
    /// With which velocity a window starts.
    #[serde(with = "named")]
    pub velocity: Velocity,
    /// What new slots hold.
    #[serde(with = "named")]
    pub predictor: Predictor,
    /// τ.
    pub tolerance: f64,
    /// Timed runs.
    pub repeats: usize,
    /// Flows before the clock starts.
    pub warmup_flows: usize,
}

/// What of a cell depends on the data set and the devices rather than on the plan.
pub struct Place<'a> {
    /// Data set.
    pub dataset: &'a datasets::Dataset,
    /// cpu or cuda.
    pub backend: &'a str,
    /// What it runs on.
    pub placement: &'a Placement,
}

impl Cell {
    /// The cell of one window of a plan.
    #[must_use]
    pub fn new(plan: &Plan, window: &Window, flows: usize, place: &Place<'_>) -> Self {
        let sequential = window.width == 1 && window.velocity == Velocity::Carried;
        Self {
            experiment: plan.target.clone(),
            profile: plan.profile.name.clone(),
            dataset: place.dataset.name.clone(),
            split: place.dataset.split.clone(),
            data_source: place.dataset.source.to_string(),
            data_digest: place.dataset.digest(),
            seed: plan.seed,
            precision: plan.precision,
            model: plan.model,
            start: plan.start,
            kinetic: plan.kinetic,
            step_size: plan.step_size,
            steps: plan.steps,
            flows,
            backend: place.backend.to_owned(),
            devices: place.placement.label.clone(),
            workers: place.placement.devices.len(),
            oversubscribed: place.placement.oversubscribed,
            evaluator: if sequential {
                EvaluatorKind::Sequential
            } else {
                window.evaluator
            },
            group: window.evaluator,
            window: window.width,
            window_method: window.method,
            velocity: window.velocity,
            predictor: window.predictor,
            tolerance: window.tolerance,
            repeats: plan.profile.repeats,
            warmup_flows: plan.profile.warmup_flows,
        }
    }

    /// Whether it is a sequential flow, the baseline of its group.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        self.evaluator == EvaluatorKind::Sequential
    }

    /// The key under which the journal knows it: equal only for the same cell, measured by the
    /// same program on the same kind of machine.
    #[must_use]
    pub fn key(&self, environment: &Environment) -> String {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(self).expect("names and numbers become JSON"));
        hash.update(environment.fingerprint());
        hash.finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// A short description for people: `usps  devices W=4 copy`.
    #[must_use]
    pub fn label(&self) -> String {
        match self.is_baseline() {
            true => format!("{} sequential on {}", self.dataset, self.devices),
            false => format!(
                "{} {} W={} {} on {}",
                self.dataset,
                self.evaluator.name(),
                self.window,
                self.predictor,
                self.devices
            ),
        }
    }
}

/// The names of `optim`'s enums in JSON.
mod named {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Display;
    use std::str::FromStr;

    pub fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
