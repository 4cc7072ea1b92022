//! Plans of kind `descent` as they are written. Everything here is turned into the types of
//! `plan`, or refused by its key.

use super::marks::Marks;
use super::methods::MethodSpec;
use super::plan::{Against, Best, Contestant, DescentPart, DescentPlan, Metric, Picture};
use super::problem::DescentProblem;
use crate::experiments::identity::repeated;
use crate::plan::schema::listed;
use crate::plan::{Loss, OneOrMany, Precision, Start, combinations, positive};
use anyhow::{Context, Result, bail, ensure};
use datasets::yaml;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::json;
use serde_yaml::{Mapping, Value as YamlValue};
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescentForm {
    /// The element type that is computed in.
    #[serde(default = "double")]
    precision: Precision,
    /// What is minimised.
    problem: DescentProblem,
    /// Where runs start.
    #[serde(default = "at_zeros")]
    start: Start,
    /// How many starting points.
    #[serde(default = "one")]
    starts: u64,
    /// How many gradients each run may compute.
    gradients: u64,
    /// How many gradients lie between two evaluations; a fiftieth of all if nothing is said.
    record_every: Option<u64>,
    /// The data sets of a problem that is fitted to data.
    #[serde(default)]
    datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    #[serde(default)]
    splits: BTreeMap<String, String>,
    /// What is compared, in a plan without parts.
    #[serde(default)]
    methods: Vec<MethodForm>,
    /// The parts, each with methods of its own.
    #[serde(default)]
    parts: Vec<DescentPartForm>,
    /// How the best of a grid is chosen.
    #[serde(default)]
    best: Best,
    /// The value to be reached, by data set, where time to a target is asked for.
    #[serde(default)]
    targets: BTreeMap<String, f64>,
    /// Where runs are compared besides their ends.
    #[serde(default)]
    marks: Marks,
    /// The last share of a run over which means are taken and its steadiness is judged, if it is.
    tail: Option<f64>,
    /// Whether the methods of a start share one product for their gradients; then they have no time of their own.
    #[serde(default)]
    lockstep: bool,
    /// What is drawn; the function value, and where classes are predicted the test accuracy, if nothing is said.
    pictures: Option<Vec<Picture>>,
    /// What has to be said about it all.
    #[serde(default)]
    notes: Vec<String>,
    /// Whether methods of all kinetic energies share a panel.
    #[serde(default)]
    one_panel: bool,
}

/// How often a run is evaluated where a plan does not say it.
const RECORDS: u64 = 50;

fn at_zeros() -> Start {
    Start::Zeros
}

fn one() -> u64 {
    1
}

fn double() -> Precision {
    Precision::F64
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DescentPartForm {
    /// Its name in rows.
    name: String,
    /// What it shows.
    title: String,
    /// What is minimised, if not what the plan says.
    problem: Option<DescentProblem>,
    /// Where runs start, if not as the plan says.
    start: Option<Start>,
    /// How many starting points, if not as many as the plan says.
    starts: Option<u64>,
    /// How many gradients each run may compute, if not as many as the plan says.
    gradients: Option<u64>,
    /// How many gradients lie between two evaluations, if not as many as the plan says.
    record_every: Option<u64>,
    /// Where runs are compared, if not where the plan says.
    marks: Option<Marks>,
    /// What is compared.
    methods: Vec<MethodForm>,
}

#[derive(Debug, Deserialize)]
pub struct MethodForm {
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

impl JsonSchema for MethodForm {
    fn schema_name() -> Cow<'static, str> {
        "MethodForm".into()
    }

    /// Those of every method, each of whose numbers may be a list, with what any of them may have besides.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut methods = generator.subschema_for::<MethodSpec>().to_value();
        for method in methods["oneOf"].as_array_mut().into_iter().flatten() {
            let flows = method["properties"].get("steps").is_some();
            let Some(properties) = method["properties"].as_object_mut() else {
                continue;
            };
            for (key, of) in properties.iter_mut() {
                if key != "method" {
                    *of = listed(of.take());
                }
            }
            let more = json!({
                "name": {"type": "string", "description": "What tables and legends call it."},
                "tune": {
                    "type": "boolean",
                    "default": false,
                    "description": "Whether its lists are a grid from which the best is chosen, rather than things to compare.",
                },
                "readings": {
                    "type": "object",
                    "default": {},
                    "additionalProperties": {"type": "number"},
                    "description": "The step size that each reading of the paper gives it, by the reading's name.",
                },
            });
            properties.extend(more.as_object().cloned().unwrap_or_default());
            if flows {
                let mut time = listed(json!({"type": "number"}));
                time["description"] = "How long a flow is, in place of its steps.".into();
                properties.insert("integration_time".into(), time);
            }
            // Steps may be said by an integration time.
            let required = method["required"].as_array().into_iter().flatten();
            let mut required: Vec<serde_json::Value> =
                required.filter(|key| *key != "steps").cloned().collect();
            required.insert(0, "name".into());
            method["required"] = required.into();
            method["additionalProperties"] = false.into();
        }
        methods.try_into().unwrap_or_default()
    }
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
        let pictures = self
            .pictures
            .take()
            .unwrap_or_else(|| self.usual_pictures());
        once("pictures", pictures.iter().map(|picture| &picture.name))?;
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
            pictures,
            notes: self.notes,
            one_panel: self.one_panel,
        })
    }

    fn usual_pictures(&self) -> Vec<Picture> {
        let picture = |name: &str, metric, logarithmic| Picture {
            name: name.to_owned(),
            metric,
            against: Against::default(),
            logarithmic,
        };
        let mut pictures = vec![picture("value", Metric::Value, true)];
        let classes = |problem: &DescentProblem| {
            problem
                .fit()
                .is_some_and(|fit| fit.loss != Loss::LeastSquares)
        };
        if classes(&self.problem) {
            pictures.push(picture("accuracy", Metric::TestAccuracy, false));
        }
        pictures
    }

    /// A part with what it does not say itself taken from the plan.
    fn part(&self, part: DescentPartForm) -> Result<DescentPart> {
        let gradients = part.gradients.unwrap_or(self.gradients);
        let record_every = part.record_every.or(self.record_every);
        let record_every = record_every.unwrap_or((gradients / RECORDS).max(1));
        ensure!(
            (1..=gradients).contains(&record_every),
            "record_every is {record_every}, but lies between 1 and gradients ({gradients})"
        );
        let problem = part.problem.unwrap_or(self.problem).validated()?;
        ensure!(
            !(problem.needs_data() && self.datasets.is_empty()),
            "datasets is empty, but this problem is about data sets"
        );
        ensure!(
            problem.needs_data() || self.datasets.is_empty(),
            "`datasets` belongs to a problem that is fitted to data"
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

/// The schema of methods each of whose lists is a grid of its own accord, so that none says it.
pub fn methods_without(generator: &mut SchemaGenerator) -> Schema {
    let mut methods = generator.subschema_for::<Vec<MethodForm>>().to_value();
    let each = methods["items"]["oneOf"].as_array_mut();
    for method in each.into_iter().flatten() {
        if let Some(numbers) = method["properties"].as_object_mut() {
            numbers.retain(|key, _| !["tune", "readings"].contains(&key.as_str()));
        }
    }
    methods.try_into().unwrap_or_default()
}

impl MethodForm {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn contestant(&self) -> Result<Contestant> {
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
            let size = numbers.get("step_size").and_then(YamlValue::as_f64);
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
