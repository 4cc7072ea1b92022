//! How much a method depends on its step size: a run of `descent` for each step of a grid, and how
//! wide the range of steps is that serve a method about as well as its best.

use super::descent::plan::DescentPlan;
use super::descent::{self, Descent, DescentForm, DescentRow};
use super::identity::{once, repeated};
use crate::journal::Entry;
use crate::plan::{Plan, schema as plan_schema};
use anyhow::{Context as _, Result, bail, ensure};
use rows::schema;
use rows::statistics::median;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::borrow::Cow;

/// The body of a plan.
#[derive(Debug, Deserialize)]
pub(super) struct SensitivityForm {
    step_sizes: Vec<f64>,
    within: f64,
    gradients: u64,
    methods: Vec<Mapping>,
    /// What a plan of descents says in the same words.
    #[serde(flatten)]
    shared: Mapping,
}

impl JsonSchema for SensitivityForm {
    fn schema_name() -> Cow<'static, str> {
        "SensitivityForm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let descent = plan_schema::of::<DescentForm>();
        let mut properties = serde_json::json!({
            "step_sizes": {
                "type": "array",
                "items": {"type": "number"},
                "description": "The step sizes that each method is run with, upwards.",
            },
            "within": {
                "type": "number",
                "description": "How many times the best loss a step size may lead to and serves still.",
            },
        });
        for key in SHARED.into_iter().chain(["gradients", "methods"]) {
            properties[key] = descent["properties"][key].clone();
        }
        // The steps of all methods are the plan's.
        let methods = properties["methods"]["items"]["oneOf"].as_array_mut();
        for method in methods.into_iter().flatten() {
            if let Some(numbers) = method["properties"].as_object_mut() {
                numbers.retain(|key, _| !["step_size", "tune", "readings"].contains(&key.as_str()));
            }
            if let Some(required) = method["required"].as_array_mut() {
                required.retain(|key| key != "step_size");
            }
        }
        json_schema!({
            "type": "object",
            "properties": properties,
            "required": ["step_sizes", "within", "gradients", "methods", "precision", "problem", "start", "starts"],
            "additionalProperties": false,
        })
    }
}

/// The keys that are handed on as they are.
const SHARED: [&str; 7] = [
    "precision",
    "problem",
    "start",
    "starts",
    "datasets",
    "splits",
    "lockstep",
];

impl SensitivityForm {
    /// The descents of each method with each step size, looked at when their gradients are used up.
    fn descents(self) -> Result<Mapping> {
        let known = |key: &Value| key.as_str().is_some_and(|key| SHARED.contains(&key));
        if let Some(key) = self.shared.keys().find(|key| !known(key)) {
            let shared = SHARED.join(", ");
            bail!("unknown key {key:?}: there is step_sizes, within, gradients, methods, {shared}");
        }
        let steps = &self.step_sizes;
        ensure!(
            steps.len() >= 2 && steps.is_sorted_by(|a, b| a < b),
            "step_sizes is {steps:?}, but goes upwards, from one to another at least"
        );
        let methods: Result<Vec<Value>> = self.methods.iter().map(|m| over(steps, m)).collect();
        let names: Vec<_> = self.methods.iter().map(|m| m.get("name")).collect();
        ensure!(repeated(&names).is_none(), "methods: two have one name");
        let mut body = self.shared;
        body.insert("methods".into(), methods?.into());
        body.insert("gradients".into(), self.gradients.into());
        body.insert("record_every".into(), self.gradients.into());
        body.insert("best".into(), mapping([("metric", "value".into())]).into());
        body.insert("pictures".into(), Value::Sequence(Vec::new()));
        Ok(body)
    }
}

/// A method as a plan of descents has it, the best of whose step sizes is chosen.
fn over(steps: &[f64], method: &Mapping) -> Result<Value> {
    for (key, value) in method {
        ensure!(
            !["step_size", "tune", "readings"].contains(&key.as_str().unwrap_or_default()),
            "methods: {key:?} is not a method's own here: all have the steps of step_sizes"
        );
        ensure!(
            !value.is_sequence(),
            "methods: {key:?} is a list, but a method is one line of a plot: write it several times"
        );
    }
    let mut method = method.clone();
    let steps: Vec<Value> = steps.iter().map(|step| (*step).into()).collect();
    method.extend(mapping([
        ("step_size", steps.into()),
        ("tune", true.into()),
    ]));
    Ok(method.into())
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Mapping {
    let entries = entries.into_iter();
    entries.map(|(key, value)| (key.into(), value)).collect()
}

/// The experiment: descents, and what is made of their ends.
#[derive(Clone, Debug)]
pub struct Sensitivity {
    /// What the runs are.
    runs: Plan,
    plan: DescentPlan,
    within: f64,
}

impl Sensitivity {
    /// From its plan.
    ///
    /// # Errors
    /// Whatever of the plan cannot be run, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        let form: SensitivityForm = plan.body()?;
        let within = form.within;
        let runs = plan.handed_to("descent", form.descents()?);
        let plan = DescentPlan::new(&runs)?;
        Ok(Self { runs, plan, within })
    }

    /// What measures it: its runs are descents.
    ///
    /// # Errors
    /// If they cannot be run.
    pub fn descent(&self) -> Result<Descent> {
        Descent::new(&self.runs).context("the runs of its methods")
    }

    /// Rows of all entries, and of each method's range of steps.
    ///
    /// # Errors
    /// If an entry is not of this kind.
    pub fn rows(&self, entries: &[Entry]) -> Result<(Vec<DescentRow>, Vec<StepWidthRow>)> {
        let rows = descent::rows(&self.runs, &self.plan, entries)?.rows;
        let widths = widths(&rows, self.within);
        Ok((rows, widths))
    }
}

schema! {
    /// Which steps serve a method on a data set: `widths.csv`, `widths.parquet`.
    StepWidthRow {
        dataset: String, "", "Data set or problem.";
        data_source: String, "", "real, surrogate or synthetic.";
        method: String, "", "The method.";
        starts: u64, "", "How many starting points.";
        within: f64, "", "By which factor a value, which is no less than 0, may be above the method's best; from the plan.";
        best_step: Option<f64>, "", "The step size with the lowest median of the values over the starts; none if half of the runs or more diverge with each.";
        best_value: Option<f64>, "", "That median.";
        least_step: Option<f64>, "", "The least step of those about the best, without a gap, whose medians are within the factor.";
        largest_step: Option<f64>, "", "The largest of them.";
        width: Option<f64>, "decades", "log10(largest_step / least_step): a wide one is easy to tune.";
        width_low: Option<f64>, "decades", "The least width of any start by itself; none if one diverges with each step.";
        width_high: Option<f64>, "decades", "The largest.";
        at_end: Option<bool>, "", "Whether the range has the grid's first or last step, so that it may be wider than the grid shows.";
    }
}

/// The steps with which a method ends within a factor of its best, of those on a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
struct StepRange {
    best: f64,
    value: f64,
    least: f64,
    largest: f64,
}

impl StepRange {
    /// Of a curve of steps, upwards, and values, of which an infinite one is a run that diverged.
    fn of(curve: &[(f64, f64)], within: f64) -> Option<Self> {
        let finite = (0..curve.len()).filter(|&i| curve[i].1.is_finite());
        let best = finite.min_by(|&a, &b| curve[a].1.total_cmp(&curve[b].1))?;
        let serves = |i: &usize| curve[*i].1 <= within * curve[best].1;
        let least = (0..best).rev().take_while(serves).last().unwrap_or(best);
        let above = best + 1..curve.len();
        let largest = above.take_while(serves).last().unwrap_or(best);
        Some(Self {
            best: curve[best].0,
            value: curve[best].1,
            least: curve[least].0,
            largest: curve[largest].0,
        })
    }

    fn width(&self) -> f64 {
        (self.largest / self.least).log10()
    }
}

/// The range of steps of each method on each data set, by the medians over the starts.
fn widths(rows: &[DescentRow], within: f64) -> Vec<StepWidthRow> {
    let names = once(rows.iter().map(|row| (&row.dataset, &row.method)));
    let of = |(dataset, method)| {
        let here = |row: &&DescentRow| &row.dataset == dataset && &row.method == method;
        width(&rows.iter().filter(here).collect::<Vec<_>>(), within)
    };
    names.into_iter().filter_map(of).collect()
}

/// The medians over some runs by step size, upwards; infinite where half of them or more diverged.
fn medians<'a>(rows: impl Iterator<Item = &'a DescentRow> + Clone) -> Vec<(f64, f64)> {
    let mut steps = once(rows.clone().filter_map(|row| row.step_size));
    steps.sort_by(f64::total_cmp);
    let at = |step: f64| {
        let here = rows.clone().filter(|row| row.step_size == Some(step));
        let values = here.map(|row| row.value.unwrap_or(f64::INFINITY));
        Some((step, median(&values.collect::<Vec<_>>())?))
    };
    steps.into_iter().filter_map(at).collect()
}

/// The row of one method's runs on one data set.
fn width(rows: &[&DescentRow], within: f64) -> Option<StepWidthRow> {
    let first = rows.first()?;
    let all = medians(rows.iter().copied());
    let found = StepRange::of(&all, within);
    let starts = once(rows.iter().map(|row| row.start));
    let of_start = |start: &u64| {
        let mine = medians(rows.iter().copied().filter(|row| row.start == *start));
        Some(StepRange::of(&mine, within)?.width())
    };
    let each: Option<Vec<f64>> = starts.iter().map(of_start).collect();
    let end = |of: fn(f64, f64) -> f64| each.as_ref()?.iter().copied().reduce(of);
    let ends = all.first().zip(all.last());
    let is_at_end = |range: &StepRange| {
        ends.is_some_and(|(low, high)| range.least == low.0 || range.largest == high.0)
    };
    Some(StepWidthRow {
        dataset: first.dataset.clone(),
        data_source: first.data_source.clone(),
        method: first.method.clone(),
        starts: starts.len() as u64,
        within,
        best_step: found.map(|range| range.best),
        best_value: found.map(|range| range.value),
        least_step: found.map(|range| range.least),
        largest_step: found.map(|range| range.largest),
        width: found.map(|range| range.width()),
        width_low: end(f64::min),
        width_high: end(f64::max),
        at_end: found.as_ref().map(is_at_end),
    })
}

#[cfg(test)]
mod tests;
