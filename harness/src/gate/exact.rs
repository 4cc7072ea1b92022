//! The exact tier: what has to be as recorded, to the last digit that is kept.

use super::baseline::{Baseline, Origin, RecordedExact, Values};
use super::setup::{FoundFlow, Lab};
use anyhow::{Context, Result, bail};
use lab::experiments::windows::cell::FlowRecord;
use lab::journal::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// What the exact tier found.
#[derive(Clone, Debug)]
pub struct ExactReport {
    /// What identifies the numbers of each data set.
    pub data: BTreeMap<String, String>,
    /// The flows by plan and name.
    pub flows: BTreeMap<String, BTreeMap<String, Values>>,
    /// What is not as recorded.
    pub moved: Vec<MovedNumber>,
    /// When that was recorded, if it was.
    pub since: Option<Origin>,
}

/// Something that is not as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedNumber {
    /// The plan, or `data`.
    pub plan: String,
    /// The flow, or the data set.
    pub flow: String,
    /// rounds, strides, losses, …
    pub what: String,
    /// Where first, and in how many places more.
    pub place: String,
    /// As recorded.
    pub recorded: String,
    /// As found.
    pub now: String,
    /// By how much.
    pub by: String,
}

impl ExactReport {
    /// Whether anything is not as recorded.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Whether nothing was run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// How many flows were run.
    #[must_use]
    pub fn count(&self) -> usize {
        self.flows.values().map(BTreeMap::len).sum()
    }

    /// What to record.
    ///
    /// # Errors
    /// If a flow could not be run.
    pub fn recorded(&self, origin: Origin) -> Result<RecordedExact> {
        for (name, values) in self.flows.values().flatten() {
            if values.status.starts_with(FAILED) {
                bail!("{name} {}: that is nothing to record", values.status);
            }
        }
        Ok(RecordedExact {
            origin,
            data: self.data.clone(),
            flows: self.flows.clone(),
        })
    }
}

/// How the status of a flow that could not be run begins.
const FAILED: &str = "failed";

/// Runs all flows of the tier and compares them with what is recorded.
pub(super) fn run(baseline: &Baseline, lab: &Lab) -> Result<ExactReport> {
    let mut report = ExactReport {
        data: BTreeMap::new(),
        flows: BTreeMap::new(),
        moved: Vec::new(),
        since: None,
    };
    for (plan, body) in &baseline.exact.plans {
        let found = lab
            .flows(plan, body)
            .with_context(|| format!("the plan {plan} of the exact tier"))?;
        let mut flows = BTreeMap::new();
        for flow in &found {
            let digest = flow.cell.data_digest.chars().take(16).collect();
            report.data.insert(flow.cell.dataset.clone(), digest);
            flows.insert(flow.full_name(), values(flow, baseline.exact.digits)?);
        }
        report.flows.insert(plan.clone(), flows);
    }
    let recorded = baseline.recorded.exact.as_ref();
    report.since = recorded.map(|recorded| recorded.origin.clone());
    report.moved = moved(&report, recorded);
    Ok(report)
}

/// What is compared of a flow.
fn values(found: &FoundFlow, digits: usize) -> Result<Values> {
    let status = |status: String| Values {
        status,
        ..Values::default()
    };
    let measured = match &found.outcome {
        Outcome::Measured(measured) => measured,
        Outcome::Diverged { flow } => return Ok(status(format!("diverged in flow {flow}"))),
        Outcome::Failed { error } | Outcome::LeftOut { why: error } => {
            return Ok(status(format!("{FAILED}: {error}")));
        }
    };
    let each = |of: fn(&FlowRecord) -> u64| measured.flows.iter().map(of).collect();
    let losses = measured.flows.iter().map(|f| rounded(f.train_loss, digits));
    Ok(Values {
        status: "complete".into(),
        rounds: each(|f| f.rounds),
        requested: each(|f| f.requested),
        distinct: each(|f| f.distinct),
        surrogate: each(|f| f.surrogate),
        strides: measured.flows.iter().map(|f| f.strides.clone()).collect(),
        losses: losses.collect::<Result<_>>()?,
    })
}

/// To so many significant digits.
fn rounded(value: f64, digits: usize) -> Result<f64> {
    Ok(format!("{value:.*e}", digits.saturating_sub(1)).parse()?)
}

/// Compares everything that was found with everything that is recorded.
fn moved(report: &ExactReport, recorded: Option<&RecordedExact>) -> Vec<MovedNumber> {
    let nothing = (BTreeMap::new(), BTreeMap::new());
    let (data, flows) = recorded.map_or((&nothing.0, &nothing.1), |r| (&r.data, &r.flows));
    let mut moved = Vec::new();
    for name in union(data.keys(), report.data.keys()) {
        let (was, is) = (data.get(name), report.data.get(name));
        if was != is {
            let text = |digest: Option<&String>| digest.cloned().unwrap_or_else(none);
            moved.push(MovedNumber {
                plan: "data".into(),
                flow: name.clone(),
                what: "digest".into(),
                place: String::new(),
                recorded: text(was),
                now: text(is),
                by: "other numbers".into(),
            });
        }
    }
    let empty = BTreeMap::new();
    for plan in union(flows.keys(), report.flows.keys()) {
        let was = flows.get(plan).unwrap_or(&empty);
        let is = report.flows.get(plan).unwrap_or(&empty);
        for flow in union(was.keys(), is.keys()) {
            let rows = differences(was.get(flow), is.get(flow));
            moved.extend(rows.into_iter().map(|row| MovedNumber {
                plan: plan.clone(),
                flow: flow.clone(),
                ..row
            }));
        }
    }
    moved
}

fn union<'a>(
    a: impl Iterator<Item = &'a String>,
    b: impl Iterator<Item = &'a String>,
) -> BTreeSet<&'a String> {
    a.chain(b).collect()
}

fn none() -> String {
    "none".into()
}

/// A row for each value of a flow that is not as recorded.
fn differences(was: Option<&Values>, is: Option<&Values>) -> Vec<MovedNumber> {
    let row = |what: &str, recorded: &str, now: &str| MovedNumber {
        plan: String::new(),
        flow: String::new(),
        what: what.into(),
        place: String::new(),
        recorded: recorded.into(),
        now: now.into(),
        by: String::new(),
    };
    let (was, is) = match (was, is) {
        (Some(was), Some(is)) => (was, is),
        (None, Some(is)) => return vec![row("flow", "not recorded", &is.status)],
        (Some(was), None) => return vec![row("flow", &was.status, "in no plan")],
        (None, None) => return Vec::new(),
    };
    if was.status != is.status {
        return vec![row("status", &was.status, &is.status)];
    }
    let counts = [
        ("rounds", &was.rounds, &is.rounds),
        ("requested gradients", &was.requested, &is.requested),
        ("distinct gradients", &was.distinct, &is.distinct),
        ("surrogate gradients", &was.surrogate, &is.surrogate),
    ];
    let mut all: Vec<MovedNumber> = counts
        .into_iter()
        .filter_map(|(what, was, is)| list(what, &places(was), &places(is), &integers))
        .collect();
    all.extend(list(
        "strides",
        &rounds(&was.strides),
        &rounds(&is.strides),
        &integers,
    ));
    all.extend(list(
        "loss",
        &places(&was.losses),
        &places(&is.losses),
        &relative,
    ));
    all
}

/// A value and where it stands.
type PlacedFlow<T> = (String, T);

fn places<T: Copy>(values: &[T]) -> Vec<PlacedFlow<T>> {
    let place = |(index, value): (usize, &T)| (format!("flow {}", index + 1), *value);
    values.iter().enumerate().map(place).collect()
}

fn rounds(strides: &[Vec<usize>]) -> Vec<PlacedFlow<u64>> {
    let mut all = Vec::new();
    for (flow, strides) in strides.iter().enumerate() {
        all.extend(strides.iter().enumerate().map(|(round, stride)| {
            let place = format!("flow {}, round {}", flow + 1, round + 1);
            (place, *stride as u64)
        }));
    }
    all
}

fn integers(was: u64, is: u64) -> String {
    format!("{:+}", i128::from(is) - i128::from(was))
}

fn relative(was: f64, is: f64) -> String {
    format!("{:+.1e} of it", (is - was) / was)
}

/// The first place in which two lists differ, and how many more there are.
fn list<T: Copy + PartialEq + std::fmt::Display>(
    what: &str,
    was: &[PlacedFlow<T>],
    is: &[PlacedFlow<T>],
    by: &dyn Fn(T, T) -> String,
) -> Option<MovedNumber> {
    let places = union(was.iter().map(|(place, _)| place), is.iter().map(|p| &p.0));
    // In the order in which they stand, not that of their names.
    let order: Vec<&String> = was.iter().chain(is).map(|(place, _)| place).collect();
    let at = |list: &[PlacedFlow<T>], place: &String| {
        let found = list.iter().find(|(other, _)| other == place);
        found.map(|(_, value)| *value)
    };
    let differ = |place: &&&String| at(was, place) != at(is, place);
    let count = places.iter().filter(differ).count();
    let first = order.iter().find(differ)?;
    let (was, is) = (at(was, first), at(is, first));
    let text = |value: Option<T>| value.map_or_else(none, |value| value.to_string());
    Some(MovedNumber {
        plan: String::new(),
        flow: String::new(),
        what: what.into(),
        place: match count {
            1 => (*first).clone(),
            more => format!("{first} and {} more", more - 1),
        },
        recorded: text(was),
        now: text(is),
        by: was.zip(is).map(|(was, is)| by(was, is)).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
