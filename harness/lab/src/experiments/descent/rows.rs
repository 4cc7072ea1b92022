//! From journal entries to rows of descents.

use super::marks::Mark;
use super::placing::{At, PlacedRun, placed, readings};
use super::plan::DescentPlan;
use super::record::Record;
use crate::experiments::identity::settings;
use crate::journal::Entry;
use crate::plan::Plan;
use anyhow::Result;
use rows::schema;

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
        settings: String, "", "The method with all its numbers, key=value: runs of one panel, data set, method and settings differ in their starts only.";
        readings: String, "", "Under which readings of the paper these numbers are the method's, joined by +: those the plan names, own-best, and grid for all that it was chosen from.";
        precision: String, "", "f32 or f64.";
        seed: u64, "", "The root seed.";
        status: String, "", "complete, stopped or diverged after how many gradients, or failed with its reason.";
        iterations: Option<u64>, "", "Outer iterations: flows, or steps of a counterpart.";
        gradients: Option<u64>, "", "Gradients computed, every distinct point once.";
        wall_s: Option<f64>, "s", "Wall time of the run, without evaluation; none where methods shared their products.";
        value: Option<f64>, "", "Function value at the end: the loss on the training rows, or the function itself.";
        best_value: Option<f64>, "", "The lowest value of any record.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly at the end.";
        test_loss: Option<f64>, "", "Loss on the test rows at the end, without its penalty, where numbers are predicted.";
        distance: Option<f64>, "", "Distance to the solution at the end, where it is known; of matrix sensing the one that the plan says.";
        area: Option<f64>, "", "Mean value over the gradients: lower is faster.";
        accuracy_area: Option<f64>, "", "Mean test accuracy over the gradients: higher is faster.";
        distance_area: Option<f64>, "", "Mean distance over the gradients: lower is faster.";
        tail_value: Option<f64>, "", "Mean value over the last gradients, the plan's tail: less a matter of luck than the value at the end.";
        tail_accuracy: Option<f64>, "", "Mean test accuracy over the tail.";
        tail_distance: Option<f64>, "", "Mean distance over the tail.";
        swing: Option<f64>, "", "Largest over smallest value of the tail: 1 is perfectly steady.";
        rising_share: Option<f64>, "", "Share of the records at which the value is above that of the record before: 0 is never.";
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
        settings: String, "", "The method with all its numbers, as in the rows.";
        readings: String, "", "As in the rows.";
        iterations: u64, "", "Outer iterations up to here.";
        gradients: u64, "", "Gradients up to here.";
        wall_s: Option<f64>, "s", "Wall time up to here, without evaluation; none where methods shared their products.";
        value: f64, "", "Function value.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly.";
        test_loss: Option<f64>, "", "Loss on the test rows, where numbers are predicted.";
        distance: Option<f64>, "", "Distance to the solution.";
    }
}

schema! {
    /// Where a run was at a mark: `marks.csv`, `marks.parquet`. A run that diverged before it has a row that
    /// says so; one that stopped before it has none.
    DescentMarkRow {
        cell: String, "", "The cell's key.";
        panel: String, "", "Which part of the figure.";
        dataset: String, "", "Data set or problem.";
        data_source: String, "", "real, surrogate or synthetic.";
        start: u64, "", "Which starting point.";
        method: String, "", "The method.";
        kinetic_energy: Option<String>, "", "φ, or the direction of a counterpart.";
        step_size: Option<f64>, "", "θ or η.";
        steps: Option<u64>, "", "S, of a flow.";
        integration_time: Option<f64>, "", "S·θ, of a flow.";
        momentum: Option<f64>, "", "β.";
        settings: String, "", "The method with all its numbers, as in the rows.";
        readings: String, "", "As in the rows, but own-best is the best of the grid at this mark.";
        status: String, "", "complete, diverged after how many gradients, or failed with its reason.";
        axis: String, "", "What the mark counts: iterations, which are flows or steps of a counterpart, or gradients.";
        at: u64, "", "How many of them.";
        iterations: Option<u64>, "", "Outer iterations up to there.";
        gradients: Option<u64>, "", "Gradients up to there.";
        value: Option<f64>, "", "Function value there.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly there.";
        distance: Option<f64>, "", "Distance to the solution there.";
        area: Option<f64>, "", "Mean value over the gradients up to there.";
        accuracy_area: Option<f64>, "", "Mean test accuracy over the gradients up to there.";
        distance_area: Option<f64>, "", "Mean distance over the gradients up to there.";
    }
}

/// All that there is to show of some runs.
#[derive(Clone, Debug, Default)]
pub struct DescentRows {
    /// Their ends.
    pub rows: Vec<DescentRow>,
    /// Their ways.
    pub curves: Vec<DescentCurveRow>,
    /// Where they were at the plan's marks.
    pub marks: Vec<DescentMarkRow>,
}

/// Rows of all entries: data set by data set, in the order of the plan.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(head: &Plan, plan: &DescentPlan, entries: &[Entry]) -> Result<DescentRows> {
    let mut all = DescentRows::default();
    for runs in placed(plan, entries)? {
        let settings = runs.iter().map(|run| settings(&run.cell.variant));
        let settings = settings.collect::<Result<Vec<String>>>()?;
        let by = plan.best.metric;
        let at_end = readings(plan, &runs, |run| run.score(by));
        for ((run, settings), readings) in runs.iter().zip(&settings).zip(at_end) {
            all.curves.extend(curve(run, settings, &readings));
            all.rows.push(row(head, plan, run, settings, readings));
        }
        let marks = runs.first().map(|run| run.part.marks.all());
        for mark in marks.into_iter().flatten() {
            let there = readings(plan, &runs, |run| run.score_at(by, mark));
            let each = runs.iter().zip(&settings).zip(there);
            all.marks
                .extend(each.filter_map(|((run, settings), readings)| {
                    mark_row(run, mark, settings.clone(), readings)
                }));
        }
    }
    Ok(all)
}

fn row(
    head: &Plan,
    plan: &DescentPlan,
    placed: &PlacedRun<'_>,
    settings: &str,
    readings: String,
) -> DescentRow {
    let (setting, variant) = (&placed.cell.setting, &placed.cell.variant);
    let records = placed.records();
    let end = placed.end();
    // Of a run that diverged a mean would say nothing.
    let whole = if end.is_some() { records } else { &[] };
    let last = plan.tail.map_or(&[][..], |tail| tail_of(whole, tail));
    let before = &whole[..whole.len() - last.len()];
    let tail = |of: fn(&Record) -> Option<f64>| mean(before.last(), last, of);
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
        kinetic_energy: variant.kinetic_energy().map(|k| k.to_string()),
        step_size: variant.step_size(),
        steps: variant.steps().map(|s| s as u64),
        integration_time: variant.integration_time(),
        momentum: variant.momentum(),
        window: variant.width().map(|w| w as u64),
        settings: settings.into(),
        readings,
        precision: setting.precision.name().into(),
        seed: setting.seed,
        status: placed.status(),
        iterations: records.last().map(|r| r.iterations),
        gradients: records.last().map(|r| r.gradients),
        wall_s: timed(records.last()),
        value: end.map(|r| r.worth.value),
        best_value: records.iter().map(|r| r.worth.value).reduce(f64::min),
        test_accuracy: end.and_then(|r| r.worth.test_accuracy),
        test_loss: end.and_then(|r| r.worth.test_loss),
        distance: end.and_then(|r| r.worth.distance),
        area: mean(None, whole, VALUE),
        accuracy_area: mean(None, whole, ACCURACY),
        distance_area: mean(None, whole, DISTANCE),
        tail_value: tail(VALUE),
        tail_accuracy: tail(ACCURACY),
        tail_distance: tail(DISTANCE),
        swing: swing(last),
        rising_share: rising_share(whole),
        gradients_to_target: reached.map(|r| r.gradients),
        wall_to_target_s: timed(reached),
    }
}

const VALUE: fn(&Record) -> Option<f64> = |record| Some(record.worth.value);
const ACCURACY: fn(&Record) -> Option<f64> = |record| record.worth.test_accuracy;
const DISTANCE: fn(&Record) -> Option<f64> = |record| record.worth.distance;

/// The mean over the gradients of what records say, each of which stands for the gradients since the
/// one before it; so it does not matter how many records there are.
fn mean(
    before: Option<&Record>,
    records: &[Record],
    of: fn(&Record) -> Option<f64>,
) -> Option<f64> {
    let mut from = before.map_or(0, |record| record.gradients);
    let (mut sum, mut gradients) = (0.0, 0.0);
    for record in records {
        let since = (record.gradients - from) as f64;
        sum += since * of(record)?;
        gradients += since;
        from = record.gradients;
    }
    Some(sum / gradients).filter(|mean| mean.is_finite())
}

/// The records of the last share of the gradients.
fn tail_of(records: &[Record], share: f64) -> &[Record] {
    let end = records.last().map_or(0, |record| record.gradients) as f64;
    let first = records
        .iter()
        .position(|r| r.gradients as f64 > (1.0 - share) * end);
    first.map_or(&[], |first| &records[first..])
}

/// Largest over smallest value.
fn swing(records: &[Record]) -> Option<f64> {
    let values = || records.iter().map(|r| r.worth.value);
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    (low > 0.0).then(|| high / low)
}

/// The share of the records, but for the first, that lie above the one before.
fn rising_share(records: &[Record]) -> Option<f64> {
    let pairs = records.windows(2);
    let rising = pairs.filter(|pair| pair[1].worth.value > pair[0].worth.value);
    let steps = records.len().checked_sub(1).filter(|steps| *steps > 0)?;
    Some(rising.count() as f64 / steps as f64)
}

fn curve<'a>(
    placed: &'a PlacedRun<'_>,
    settings: &'a str,
    readings: &'a str,
) -> impl Iterator<Item = DescentCurveRow> + 'a {
    let (setting, variant) = (&placed.cell.setting, &placed.cell.variant);
    placed
        .all_records()
        .iter()
        .map(move |record| DescentCurveRow {
            cell: placed.entry.key.clone(),
            panel: placed.part.name.clone(),
            dataset: setting.name().into(),
            data_source: setting.data_source.clone(),
            start: setting.index,
            method: placed.contestant.name.clone(),
            kinetic_energy: variant.kinetic_energy().map(|k| k.to_string()),
            step_size: variant.step_size(),
            integration_time: variant.integration_time(),
            settings: settings.into(),
            readings: readings.into(),
            iterations: record.iterations,
            gradients: record.gradients,
            wall_s: (!placed.cell.lockstep).then_some(record.wall_s),
            value: record.worth.value,
            test_accuracy: record.worth.test_accuracy,
            test_loss: record.worth.test_loss,
            distance: record.worth.distance,
        })
}

fn mark_row(
    placed: &PlacedRun<'_>,
    mark: Mark,
    settings: String,
    readings: String,
) -> Option<DescentMarkRow> {
    let (setting, variant) = (&placed.cell.setting, &placed.cell.variant);
    let (records, status): (&[Record], String) = match placed.at(mark)? {
        At::Reached(records) => (records, "complete".into()),
        At::Diverged => (&[], placed.diverged_after()),
        At::Failed => (&[], placed.entry.status()),
    };
    let there = records.last();
    Some(DescentMarkRow {
        cell: placed.entry.key.clone(),
        panel: placed.part.name.clone(),
        dataset: setting.name().into(),
        data_source: setting.data_source.clone(),
        start: setting.index,
        method: placed.contestant.name.clone(),
        kinetic_energy: variant.kinetic_energy().map(|k| k.to_string()),
        step_size: variant.step_size(),
        steps: variant.steps().map(|s| s as u64),
        integration_time: variant.integration_time(),
        momentum: variant.momentum(),
        settings,
        readings,
        status,
        axis: mark.axis.name().into(),
        at: mark.at,
        iterations: there.map(|r| r.iterations),
        gradients: there.map(|r| r.gradients),
        value: there.map(|r| r.worth.value),
        test_accuracy: there.and_then(|r| r.worth.test_accuracy),
        distance: there.and_then(|r| r.worth.distance),
        area: mean(None, records, VALUE),
        accuracy_area: mean(None, records, ACCURACY),
        distance_area: mean(None, records, DISTANCE),
    })
}
