//! From journal entries to rows of descents.

use super::measure::{DescentCell, Ended, Measured, Record};
use super::plan::{Contestant, DescentPlan, Metric, Part, Variant};
use crate::journal::Entry;
use crate::plan::Plan;
use crate::rows::schema;
use crate::statistics::median;
use anyhow::Result;

schema! {
    /// The end of one run: `rows.csv`, `rows.parquet`.
    DescentRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the whole run.";
        panel: String, "", "Which part of the figure; empty if it has but one.";
        dataset: String, "", "Data set or problem.";
        data_source: String, "", "real; surrogate: generated, no statement about the paper; synthetic: generated as the paper itself does.";
        start: u64, "", "Which starting point, counted from 0; methods share it.";
        method: String, "", "The method, as the paper calls it.";
        kinetic_energy: Option<String>, "", "φ, or the direction of a counterpart.";
        step_size: Option<f64>, "", "θ of a flow, η of a counterpart.";
        steps: Option<u64>, "", "S, of a flow.";
        integration_time: Option<f64>, "", "S·θ, of a flow.";
        momentum: Option<f64>, "", "β.";
        window: Option<u64>, "", "W, for flows computed a window at a time.";
        readings: String, "", "Under which readings of the paper these numbers are the method's, joined by +: those the plan names, own-best, and grid for all that it was chosen from.";
        precision: String, "", "f32 or f64.";
        seed: u64, "", "The root seed.";
        status: String, "", "complete, stopped or diverged after how many gradients, or failed with its reason.";
        iterations: Option<u64>, "", "Outer iterations: flows, or steps of a counterpart.";
        gradients: Option<u64>, "", "Gradients computed, every distinct point once.";
        wall_s: Option<f64>, "s", "Wall time of the run, without evaluation; none where methods shared their products.";
        value: Option<f64>, "", "Function value at the end: mean cross-entropy on the training rows, or the function itself.";
        best_value: Option<f64>, "", "The lowest value of any record.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly at the end.";
        distance: Option<f64>, "", "Distance to the solution at the end, where it is known; of matrix sensing relative to the solution.";
        area: Option<f64>, "", "Mean value over all records: lower is faster.";
        accuracy_area: Option<f64>, "", "Mean test accuracy over all records: higher is faster.";
        distance_area: Option<f64>, "", "Mean distance over all records: lower is faster.";
        mark_iteration: Option<u64>, "", "The outer iteration after which methods are compared too.";
        mark_value: Option<f64>, "", "Function value after that iteration.";
        mark_distance: Option<f64>, "", "Distance to the solution after that iteration.";
        swing: Option<f64>, "", "Largest over smallest value of the last records, the plan's tail: 1 is perfectly steady.";
        gradients_to_target: Option<u64>, "", "Gradients until the plan's target value was reached.";
        wall_to_target_s: Option<f64>, "s", "Wall time until then, without evaluation.";
    }
}

schema! {
    /// Where a run was after so many gradients: `curves.csv`, `curves.parquet`.
    DescentCurveRow {
        cell: String, "", "The cell's key.";
        panel: String, "", "Which part of the figure.";
        dataset: String, "", "Data set or problem.";
        data_source: String, "", "real, surrogate or synthetic.";
        start: u64, "", "Which starting point.";
        method: String, "", "The method.";
        kinetic_energy: Option<String>, "", "φ, or the direction of a counterpart.";
        step_size: Option<f64>, "", "θ or η.";
        integration_time: Option<f64>, "", "S·θ, of a flow.";
        readings: String, "", "As in the rows.";
        iterations: u64, "", "Outer iterations up to here.";
        gradients: u64, "", "Gradients up to here.";
        wall_s: Option<f64>, "s", "Wall time up to here, without evaluation; none where methods shared their products.";
        value: f64, "", "Function value.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly.";
        distance: Option<f64>, "", "Distance to the solution.";
    }
}

/// A run with its place in the plan.
struct Placed<'a> {
    part: &'a Part,
    contestant: &'a Contestant,
    readings: String,
    cell: DescentCell,
    entry: &'a Entry,
    measured: Option<Measured>,
}

/// Rows and curves of all entries, in the order of the plan.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(
    head: &Plan,
    plan: &DescentPlan,
    entries: &[Entry],
) -> Result<(Vec<DescentRow>, Vec<DescentCurveRow>)> {
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for placed in placed(plan, entries)? {
        rows.push(row(head, plan, &placed));
        curves.extend(curve(&placed));
    }
    Ok((rows, curves))
}

/// Finds each variant's entries. The same run may stand in several parts.
fn placed<'a>(plan: &'a DescentPlan, entries: &'a [Entry]) -> Result<Vec<Placed<'a>>> {
    let mut cells: Vec<(DescentCell, &Entry)> = Vec::new();
    for entry in entries {
        if !cells.iter().any(|(_, known)| known.key == entry.key) {
            cells.push((entry.cell()?, entry));
        }
    }
    let mut all = Vec::new();
    for part in &plan.parts {
        let of_part = |cell: &DescentCell| {
            cell.setting.problem == part.problem
                && cell.setting.start == part.start
                && cell.gradients == part.gradients
                && cell.record_every == part.record_every
        };
        for contestant in &part.contestants {
            let mut of_contestant = Vec::new();
            for variant in &contestant.variants {
                for (cell, entry) in &cells {
                    if of_part(cell) && cell.variant == *variant {
                        of_contestant.push(Placed {
                            part,
                            contestant,
                            readings: String::new(),
                            cell: cell.clone(),
                            entry,
                            measured: entry.measured()?,
                        });
                    }
                }
            }
            read(plan, contestant, &mut of_contestant);
            all.extend(of_contestant);
        }
    }
    Ok(all)
}

/// The name of the reading in which each method has the best of its own grid.
pub const OWN_BEST: &str = "own-best";
/// Marks what the best was chosen from.
pub const GRID: &str = "grid";

/// Says under which readings each variant of a contestant stands, data set by data set.
fn read(plan: &DescentPlan, contestant: &Contestant, runs: &mut [Placed<'_>]) {
    let mut names: Vec<String> = runs.iter().map(|r| r.cell.setting.name().into()).collect();
    names.dedup();
    for name in names {
        let best = best(plan, contestant, &name, runs);
        for run in runs.iter_mut().filter(|r| r.cell.setting.name() == name) {
            let variant = &run.cell.variant;
            let mut words: Vec<String> = Vec::new();
            if contestant.tuned {
                let here = |(reading, value): (&String, &f64)| {
                    (variant.step_size == Some(*value)).then(|| reading.clone())
                };
                words.extend(contestant.readings.iter().filter_map(here));
                if contestant.grid().contains(&variant) {
                    words.push(GRID.into());
                }
                if Some(variant) == best.as_ref() {
                    words.push(OWN_BEST.into());
                }
            } else {
                // A method without a grid is the same under every reading.
                words.extend(plan.readings());
                words.push(OWN_BEST.into());
            }
            run.readings = words.join("+");
        }
    }
}

/// The variant of a grid with the best median over the starts.
fn best(
    plan: &DescentPlan,
    contestant: &Contestant,
    dataset: &str,
    runs: &[Placed<'_>],
) -> Option<Variant> {
    let score = |variant: &Variant| -> Option<f64> {
        let of_variant =
            |r: &&Placed<'_>| r.cell.variant == *variant && r.cell.setting.name() == dataset;
        let ends: Vec<f64> = runs
            .iter()
            .filter(of_variant)
            .map(|r| r.score(plan))
            .collect();
        median(&ends)
    };
    let scored = contestant.grid().into_iter();
    let scored = scored.filter_map(|variant| Some((variant, score(variant)?)));
    let best = scored.min_by(|a, b| a.1.total_cmp(&b.1))?;
    best.1.is_finite().then(|| best.0.clone())
}

impl Placed<'_> {
    /// The number by which the best is chosen; less is better, and infinite is what diverged.
    fn score(&self, plan: &DescentPlan) -> f64 {
        let end = self.end();
        let Some(end) = end else { return f64::INFINITY };
        match plan.best.metric {
            Metric::Value => end.worth.value,
            Metric::Distance => end.worth.distance.unwrap_or(f64::INFINITY),
            Metric::TestAccuracy => -end.worth.test_accuracy.unwrap_or(0.0),
        }
    }

    /// The last record of a run that did not diverge.
    fn end(&self) -> Option<&Record> {
        let measured = self.measured.as_ref()?;
        match measured.ended {
            Some(Ended::Diverged) => None,
            _ => measured.records.last(),
        }
    }

    fn status(&self) -> String {
        let after = |measured: &Measured| measured.records.last().map_or(0, |r| r.gradients);
        match &self.measured {
            Some(m) if m.ended == Some(Ended::Diverged) => {
                format!("diverged after {} gradients", after(m))
            }
            Some(m) if m.ended == Some(Ended::Stopped) => {
                format!("stopped after {} gradients", after(m))
            }
            _ => self.entry.status(),
        }
    }
}

fn row(head: &Plan, plan: &DescentPlan, placed: &Placed<'_>) -> DescentRow {
    let (setting, variant) = (&placed.cell.setting, &placed.cell.variant);
    let records: &[Record] = placed.measured.as_ref().map_or(&[], |m| &m.records);
    let end = placed.end();
    let mean = |of: fn(&Record) -> Option<f64>| {
        let values: Vec<f64> = records.iter().filter_map(of).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        end.and(Some(mean)).filter(|mean| mean.is_finite())
    };
    let marked = records
        .iter()
        .find(|r| Some(r.iterations) == plan.mark_iteration && end.is_some());
    let alone = !placed.cell.lockstep;
    let timed = |record: Option<&Record>| record.filter(|_| alone).map(|r| r.wall_s);
    let target = plan.targets.get(setting.name());
    let reached = records
        .iter()
        .find(|r| target.is_some_and(|t| r.worth.value <= *t));
    DescentRow {
        experiment: head.target.clone(),
        profile: head.profile.name.clone(),
        cell: placed.entry.key.clone(),
        panel: placed.part.name.clone(),
        dataset: setting.name().into(),
        data_source: setting.data_source.clone(),
        start: setting.index,
        method: placed.contestant.name.clone(),
        kinetic_energy: variant.kinetic_energy.clone(),
        step_size: variant.step_size,
        steps: variant.steps.map(|s| s as u64),
        integration_time: variant.integration_time(),
        momentum: variant.momentum,
        window: variant.window.map(|w| w as u64),
        readings: placed.readings.clone(),
        precision: setting.precision.name().into(),
        seed: setting.seed,
        status: placed.status(),
        iterations: records.last().map(|r| r.iterations),
        gradients: records.last().map(|r| r.gradients),
        wall_s: timed(records.last()),
        value: end.map(|r| r.worth.value),
        best_value: records.iter().map(|r| r.worth.value).reduce(f64::min),
        test_accuracy: end.and_then(|r| r.worth.test_accuracy),
        distance: end.and_then(|r| r.worth.distance),
        area: mean(|r| Some(r.worth.value)),
        accuracy_area: mean(|r| r.worth.test_accuracy),
        distance_area: mean(|r| r.worth.distance),
        mark_iteration: plan.mark_iteration,
        mark_value: marked.map(|r| r.worth.value),
        mark_distance: marked.and_then(|r| r.worth.distance),
        swing: end.and(plan.tail).and_then(|tail| swing(records, tail)),
        gradients_to_target: reached.map(|r| r.gradients),
        wall_to_target_s: timed(reached),
    }
}

/// Largest over smallest value of the last share of the records.
fn swing(records: &[Record], tail: f64) -> Option<f64> {
    let last = (records.len() as f64 * tail).ceil() as usize;
    let values = || records.iter().rev().take(last).map(|r| r.worth.value);
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    (low > 0.0).then(|| high / low)
}

fn curve(placed: &Placed<'_>) -> Vec<DescentCurveRow> {
    let (setting, variant) = (&placed.cell.setting, &placed.cell.variant);
    let records: &[Record] = placed.measured.as_ref().map_or(&[], |m| &m.records);
    let row = |record: &Record| DescentCurveRow {
        cell: placed.entry.key.clone(),
        panel: placed.part.name.clone(),
        dataset: setting.name().into(),
        data_source: setting.data_source.clone(),
        start: setting.index,
        method: placed.contestant.name.clone(),
        kinetic_energy: variant.kinetic_energy.clone(),
        step_size: variant.step_size,
        integration_time: variant.integration_time(),
        readings: placed.readings.clone(),
        iterations: record.iterations,
        gradients: record.gradients,
        wall_s: (!placed.cell.lockstep).then_some(record.wall_s),
        value: record.worth.value,
        test_accuracy: record.worth.test_accuracy,
        distance: record.worth.distance,
    };
    records.iter().map(row).collect()
}
