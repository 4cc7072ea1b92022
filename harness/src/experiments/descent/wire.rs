//! Plans of kind `descent` as they are written. Everything here is turned into the types of
//! `plan`, or refused by its key.

use super::plan::{Best, Contestant, DescentPlan, MethodKind, Part, Picture, Problem, Variant};
use crate::plan::{OneOrMany, Precision, Start, positive};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire {
    precision: Precision,
    problem: Problem,
    start: Start,
    starts: u64,
    gradients: u64,
    record_every: u64,
    #[serde(default)]
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    #[serde(default)]
    methods: Vec<WireMethod>,
    #[serde(default)]
    parts: Vec<WirePart>,
    best: Best,
    #[serde(default)]
    targets: BTreeMap<String, f64>,
    mark_iteration: Option<u64>,
    tail: Option<f64>,
    #[serde(default)]
    lockstep: bool,
    pictures: Vec<Picture>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    one_panel: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePart {
    name: String,
    title: String,
    problem: Option<Problem>,
    start: Option<Start>,
    gradients: Option<u64>,
    record_every: Option<u64>,
    methods: Vec<WireMethod>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireMethod {
    name: String,
    method: MethodKind,
    kinetic_energy: Option<String>,
    step_size: Option<OneOrMany<f64>>,
    steps: Option<usize>,
    integration_time: Option<OneOrMany<f64>>,
    momentum: Option<f64>,
    window: Option<usize>,
    tolerance: Option<f64>,
    predictor: Option<String>,
    memory: Option<usize>,
    #[serde(default)]
    tune: bool,
    #[serde(default)]
    readings: BTreeMap<String, f64>,
}

impl Wire {
    pub(super) fn validated(self) -> Result<DescentPlan> {
        if let Some(tail) = self.tail {
            positive("tail", tail)?;
            ensure!(tail <= 1.0, "tail is {tail}, but is a share of a run");
        }
        ensure!(self.starts >= 1, "starts is 0, but a run starts somewhere");
        ensure!(
            self.methods.is_empty() != self.parts.is_empty(),
            "write either `methods`, or `parts` with methods of their own"
        );
        let parts = if self.parts.is_empty() {
            vec![WirePart {
                name: String::new(),
                title: String::new(),
                problem: None,
                start: None,
                gradients: None,
                record_every: None,
                methods: self.methods,
            }]
        } else {
            self.parts
        };
        let validated = |part: WirePart| -> Result<Part> {
            let gradients = part.gradients.unwrap_or(self.gradients);
            let record_every = part.record_every.unwrap_or(self.record_every);
            ensure!(
                (1..=gradients).contains(&record_every),
                "record_every is {record_every}, but lies between 1 and gradients ({gradients})"
            );
            let problem = part.problem.unwrap_or(self.problem).validated()?;
            ensure!(
                problem.needs_data() != self.datasets.is_empty(),
                "`datasets` belongs to a logistic problem, and to no other"
            );
            let contestants = part
                .methods
                .iter()
                .map(|m| m.contestant().with_context(|| format!("method {}", m.name)))
                .collect::<Result<_>>()?;
            Ok(Part {
                name: part.name,
                title: part.title,
                problem,
                start: part.start.unwrap_or(self.start).validated()?,
                gradients,
                record_every,
                contestants,
            })
        };
        let parts = parts
            .into_iter()
            .map(validated)
            .collect::<Result<Vec<_>>>()?;
        ensure!(
            parts.iter().all(|part| !part.contestants.is_empty()),
            "methods is empty: there is nothing to compare"
        );
        Ok(DescentPlan {
            precision: self.precision,
            starts: self.starts,
            datasets: self.datasets,
            splits: self.splits,
            parts,
            best: self.best,
            targets: self.targets,
            mark_iteration: self.mark_iteration,
            tail: self.tail,
            lockstep: self.lockstep,
            pictures: self.pictures,
            notes: self.notes,
            one_panel: self.one_panel,
        })
    }
}

impl WireMethod {
    fn contestant(&self) -> Result<Contestant> {
        let mut variants = if self.method.is_flow() {
            self.flows()?
        } else {
            ensure!(
                self.steps.is_none() && self.integration_time.is_none(),
                "steps and integration_time belong to flows"
            );
            match self.step_sizes()? {
                Some(sizes) => sizes
                    .into_iter()
                    .map(|size| self.variant(Some(size), None))
                    .collect(),
                None => vec![self.variant(None, None)],
            }
        };
        let listed = variants.len();
        ensure!(
            self.readings.is_empty() || self.tune,
            "readings belong to a method whose step size is chosen from a list (tune: true)"
        );
        for (reading, &value) in &self.readings {
            positive(&format!("readings.{reading}"), value)?;
            if !variants.iter().any(|v| v.step_size == Some(value)) {
                variants.push(self.variant(Some(value), None));
            }
        }
        Ok(Contestant {
            name: self.name.clone(),
            variants,
            listed,
            tuned: self.tune,
            readings: self.readings.clone(),
        })
    }

    fn step_sizes(&self) -> Result<Option<Vec<f64>>> {
        let Some(sizes) = &self.step_size else {
            return Ok(None);
        };
        for &size in &sizes.all() {
            positive("step_size", size)?;
        }
        Ok(Some(sizes.all()))
    }

    /// A flow's number of steps is said, or follows from its integration time: S = ⌊η/θ⌋.
    fn flows(&self) -> Result<Vec<Variant>> {
        let sizes = self
            .step_sizes()?
            .context("a flow has a step_size, the paper's θ")?;
        let mut variants = Vec::new();
        for size in sizes {
            match (self.steps, &self.integration_time) {
                (Some(steps), None) => variants.push(self.variant(Some(size), Some(steps))),
                (None, Some(times)) => {
                    for time in times.all() {
                        positive("integration_time", time)?;
                        // A hair more, so that 0.01/0.001 is 10 and not 9.
                        let steps = (time / size * (1.0 + 1e-9)).floor() as usize;
                        ensure!(
                            steps >= 1,
                            "integration_time {time} is shorter than one step of {size}"
                        );
                        ensure!(
                            steps <= 1_000_000,
                            "integration_time {time} is {steps} steps of {size}, but a flow has at most 1000000"
                        );
                        variants.push(self.variant(Some(size), Some(steps)));
                    }
                }
                _ => bail!("a flow has either steps or an integration_time"),
            }
        }
        Ok(variants)
    }

    fn variant(&self, step_size: Option<f64>, steps: Option<usize>) -> Variant {
        Variant {
            method: self.method,
            kinetic_energy: self.kinetic_energy.clone(),
            step_size,
            steps,
            momentum: self.momentum,
            window: self.window,
            tolerance: self.tolerance,
            predictor: self.predictor.clone(),
            memory: self.memory,
        }
    }
}
