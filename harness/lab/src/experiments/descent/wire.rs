//! Plans of kind `descent` as they are written. Everything here is turned into the types of
//! `plan`, or refused by its key.

use super::marks::Marks;
use super::methods::MethodSpec;
use super::plan::{Best, Contestant, DescentPart, DescentPlan, Picture};
use super::problem::DescentProblem;
use crate::experiments::identity::repeated;
use crate::plan::{OneOrMany, Precision, Start, combinations, positive};
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescentForm {
    precision: Precision,
    problem: DescentProblem,
    start: Start,
    starts: u64,
    gradients: u64,
    record_every: u64,
    #[serde(default)]
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    #[serde(default)]
    methods: Vec<MethodForm>,
    #[serde(default)]
    parts: Vec<DescentPartForm>,
    best: Best,
    #[serde(default)]
    targets: BTreeMap<String, f64>,
    #[serde(default)]
    marks: Marks,
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
struct DescentPartForm {
    name: String,
    title: String,
    problem: Option<DescentProblem>,
    start: Option<Start>,
    starts: Option<u64>,
    gradients: Option<u64>,
    record_every: Option<u64>,
    marks: Option<Marks>,
    methods: Vec<MethodForm>,
}

#[derive(Debug, Deserialize)]
struct MethodForm {
    name: String,
    /// Of flows, in place of steps.
    integration_time: Option<OneOrMany<f64>>,
    #[serde(default)]
    tune: bool,
    #[serde(default)]
    readings: BTreeMap<String, f64>,
    /// The method's own numbers; each step size of a list is a method.
    #[serde(flatten)]
    numbers: Mapping,
}

impl DescentForm {
    pub(super) fn validated(mut self) -> Result<DescentPlan> {
        if let Some(tail) = self.tail {
            positive("tail", tail)?;
            ensure!(tail <= 1.0, "tail is {tail}, but is a share of a run");
        }
        for (dataset, target) in &self.targets {
            ensure!(
                target.is_finite(),
                "targets.{dataset} is {target}, but has to be a number"
            );
        }
        ensure!(
            self.methods.is_empty() != self.parts.is_empty(),
            "write either `methods`, or `parts` with methods of their own"
        );
        let parts = if self.parts.is_empty() {
            vec![DescentPartForm::whole(std::mem::take(&mut self.methods))]
        } else {
            std::mem::take(&mut self.parts)
        };
        once("parts", parts.iter().map(|part| &part.name))?;
        once(
            "pictures",
            self.pictures.iter().map(|picture| &picture.name),
        )?;
        once("datasets", &self.datasets)?;
        let parts: Result<Vec<DescentPart>> =
            parts.into_iter().map(|part| self.part(part)).collect();
        Ok(DescentPlan {
            precision: self.precision,
            datasets: self.datasets,
            splits: self.splits,
            parts: parts?,
            best: self.best,
            targets: self.targets,
            tail: self.tail,
            lockstep: self.lockstep,
            pictures: self.pictures,
            notes: self.notes,
            one_panel: self.one_panel,
        })
    }

    /// A part with what it does not say itself taken from the plan.
    fn part(&self, part: DescentPartForm) -> Result<DescentPart> {
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
        let contestants: Vec<Contestant> = part
            .methods
            .iter()
            .map(|m| m.contestant().with_context(|| format!("method {}", m.name)))
            .collect::<Result<_>>()?;
        ensure!(
            !contestants.is_empty(),
            "methods is empty: there is nothing to compare"
        );
        let runs = contestants
            .iter()
            .flat_map(|c| c.variants.iter().map(|v| (c.name.as_str(), v)));
        if let Some((name, variant)) = repeated(&runs.collect::<Vec<_>>()) {
            let numbers = crate::experiments::identity::settings(variant)?;
            bail!("methods: two that are named {name} are the same in all numbers ({numbers})");
        }
        let marks = part.marks.unwrap_or_else(|| self.marks.clone());
        let part = DescentPart {
            marks: marks.validated(&contestants)?,
            name: part.name,
            title: part.title,
            problem,
            start: part.start.unwrap_or(self.start).validated()?,
            starts: part.starts.unwrap_or(self.starts),
            gradients,
            record_every,
            contestants,
        };
        ensure!(part.starts >= 1, "starts is 0, but a run starts somewhere");
        part.refuse_one_start_as_several()?;
        Ok(part)
    }
}

/// Refuses names of a list that are not all different, by its key.
fn once<'a>(key: &str, names: impl IntoIterator<Item = &'a String>) -> Result<()> {
    match repeated(&names.into_iter().collect::<Vec<_>>()) {
        Some(name) => bail!("{key}: two are named `{name}`"),
        None => Ok(()),
    }
}

impl DescentPartForm {
    /// The one part of a plan that has no parts.
    fn whole(methods: Vec<MethodForm>) -> Self {
        Self {
            name: String::new(),
            title: String::new(),
            problem: None,
            start: None,
            starts: None,
            gradients: None,
            record_every: None,
            marks: None,
            methods,
        }
    }
}

impl DescentPart {
    /// From zeros a method that draws nothing makes the same run however often it starts.
    fn refuse_one_start_as_several(&self) -> Result<()> {
        let drawn_anew = matches!(self.problem, DescentProblem::MatrixSensing { .. });
        if self.starts == 1 || self.start != Start::Zeros || drawn_anew {
            return Ok(());
        }
        let variants = |c: &&Contestant| c.variants.iter().any(|v| !v.draws());
        match self.contestants.iter().find(variants) {
            Some(contestant) => bail!(
                "starts is {}, but with `start: {{distribution: zeros}}` all runs of {} are the same \
                 one: write starts: 1, or a start that is drawn",
                self.starts,
                contestant.name
            ),
            None => Ok(()),
        }
    }
}

impl MethodForm {
    fn contestant(&self) -> Result<Contestant> {
        let mut variants = Vec::new();
        for numbers in combinations(&self.numbers)? {
            variants.extend(self.timed(numbers)?);
        }
        let listed = variants.len();
        ensure!(
            self.readings.is_empty() || self.tune,
            "readings belong to a method whose step size is chosen from a list (tune: true)"
        );
        for (reading, &value) in &self.readings {
            positive(&format!("readings.{reading}"), value)?;
            if !variants.iter().any(|v| v.step_size() == Some(value)) {
                let mut numbers = self.numbers.clone();
                numbers.insert("step_size".into(), value.into());
                variants.push(spec(numbers)?);
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

    /// A method for each integration time, which says a flow's steps: S = ⌊η/θ⌋; the method as it is
    /// where there is none.
    fn timed(&self, numbers: Mapping) -> Result<Vec<MethodSpec>> {
        let Some(times) = &self.integration_time else {
            return Ok(vec![spec(numbers)?]);
        };
        ensure!(
            !numbers.contains_key("steps"),
            "a flow has either steps or an integration_time"
        );
        let with = |time: f64| {
            let mut numbers = numbers.clone();
            let size = numbers.get("step_size").and_then(Value::as_f64);
            let size = size.context("a flow has a step_size, the paper's θ")?;
            numbers.insert("steps".into(), steps(time, size)?.into());
            spec(numbers)
        };
        times.all().into_iter().map(with).collect()
    }
}

/// The steps of a flow as long as this.
fn steps(time: f64, size: f64) -> Result<u64> {
    positive("step_size", size)?;
    positive("integration_time", time)?;
    // A hair more, so that 0.01/0.001 is 10 and not 9.
    let steps = (time / size * (1.0 + 1e-9)).floor();
    ensure!(
        steps >= 1.0,
        "integration_time {time} is shorter than one step of {size}"
    );
    ensure!(
        steps <= 1e6,
        "integration_time {time} is {steps} steps of {size}, but a flow has at most 1000000"
    );
    Ok(steps as u64)
}

fn spec(numbers: Mapping) -> Result<MethodSpec> {
    let spec: MethodSpec = yaml::typed(&numbers.into())?;
    spec.check()?;
    Ok(spec)
}
