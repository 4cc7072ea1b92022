//! Windows of a flow against the sequential flow: Table 2, Figures 5 and 6.

use crate::cell::{Cell, Place};
use crate::device::Machine;
use crate::journal::{Entry, Measured, Outcome};
use crate::paper::Table2;
use crate::plan::{EvaluatorKind, Plan};
use crate::rows::{CurveRow, WindowRow};
use crate::seed::Seeds;
use crate::statistics::{median, paired_ratio};
use anyhow::{Context, Result};
use datasets::Dataset;
use optim::{Velocity, WindowMethod};

/// The cells of a data set, baselines where the plan has them.
///
/// # Errors
/// If a placement cannot be made.
pub fn cells(plan: &Plan, machine: &Machine, dataset: &Dataset) -> Result<Vec<Cell>> {
    let flows = plan
        .profile
        .flows_of(&dataset.name)
        .with_context(|| format!("no number of flows for {}", dataset.name))?;
    plan.windows
        .iter()
        .map(|window| {
            let placement = match window.evaluator {
                EvaluatorKind::Devices => machine.workers(window.width)?,
                _ => machine.whole(),
            };
            let place = Place {
                dataset,
                backend: machine.backend(),
                placement: &placement,
            };
            Ok(Cell::new(plan, window, flows, &place))
        })
        .collect()
}

/// A row for each entry, in their order.
#[must_use]
pub fn rows(plan: &Plan, paper: &Table2, entries: &[Entry]) -> Vec<WindowRow> {
    entries
        .iter()
        .map(|entry| row(plan, paper, entry))
        .collect()
}

fn row(plan: &Plan, paper: &Table2, entry: &Entry) -> WindowRow {
    let mut row = unmeasured(entry);
    match &entry.outcome {
        Outcome::Measured(measured) => fill(&mut row, plan, entry, measured),
        Outcome::Diverged { flow } => row.status = format!("diverged in flow {flow}"),
        Outcome::Failed { error } => row.status = format!("failed: {error}"),
    }
    compare(&mut row, plan, paper, &entry.cell);
    row
}

/// What is known of a cell before it is measured.
fn unmeasured(entry: &Entry) -> WindowRow {
    let cell = &entry.cell;
    WindowRow {
        experiment: cell.experiment.clone(),
        profile: cell.profile.clone(),
        cell: entry.key.clone(),
        dataset: cell.dataset.clone(),
        data_split: cell.split.clone(),
        data_source: cell.data_source.clone(),
        backend: cell.backend.clone(),
        devices: cell.devices.clone(),
        evaluator: cell.evaluator.name().into(),
        workers: cell.workers as u64,
        window: cell.window as u64,
        window_method: of_window(cell, |c| c.window_method.to_string()),
        velocity: of_window(cell, |c| c.velocity.to_string()),
        predictor: of_window(cell, |c| c.predictor.to_string()),
        tolerance: of_window(cell, |c| c.tolerance),
        kinetic_energy: cell.kinetic.to_string(),
        steps: cell.steps as u64,
        step_size: cell.step_size,
        flows: cell.flows as u64,
        precision: cell.precision.name().into(),
        seed: cell.seed,
        status: "complete".into(),
        rounds: None,
        mean_stride: None,
        depth_speedup: None,
        requested_gradients: None,
        distinct_gradients: None,
        flow_error: None,
        train_loss: None,
        test_accuracy: None,
        repeats: cell.repeats as u64,
        wall_s: None,
        wall_s_min: None,
        wall_s_max: None,
        baseline_wall_s: None,
        speedup: None,
        speedup_low: None,
        speedup_high: None,
        efficiency: None,
        oversubscribed: cell.oversubscribed,
        gradient_s: None,
        round_overhead_s: None,
        modelled_wall_s: None,
        modelled_speedup: None,
        paper_wall_s: None,
        paper_speedup: None,
        verdict: None,
        verdict_note: None,
    }
}

fn fill(row: &mut WindowRow, plan: &Plan, entry: &Entry, measured: &Measured) {
    let sum =
        |of: fn(&crate::journal::FlowRecord) -> u64| measured.flows.iter().map(of).sum::<u64>();
    let rounds = sum(|f| f.rounds);
    let depth = (row.steps * row.flows) as f64 / rounds as f64;
    row.rounds = Some(rounds);
    row.mean_stride = Some(depth);
    row.depth_speedup = Some(depth);
    row.requested_gradients = Some(sum(|f| f.requested));
    row.distinct_gradients = Some(sum(|f| f.distinct));
    row.flow_error = measured.flow_error;
    row.train_loss = measured.flows.last().map(|f| f.train_loss);
    row.test_accuracy = measured.flows.last().map(|f| f.test_accuracy);
    let total = |runs: &[Vec<f64>]| {
        runs.iter()
            .map(|run| run.iter().sum())
            .collect::<Vec<f64>>()
    };
    let (wall, baseline) = (total(&measured.wall_s), total(&measured.baseline_wall_s));
    row.wall_s = median(&wall);
    row.wall_s_min = wall.iter().copied().reduce(f64::min);
    row.wall_s_max = wall.iter().copied().reduce(f64::max);
    row.baseline_wall_s = median(&baseline);
    row.repeats = wall.len() as u64;
    let pairs: Vec<(f64, f64)> = baseline.into_iter().zip(wall).collect();
    let mut stream = Seeds::new(plan.seed).stream(&["bootstrap", &entry.key]);
    let statistics = plan.statistics;
    let ratio = paired_ratio(
        &pairs,
        statistics.resamples,
        statistics.confidence,
        &mut stream,
    );
    row.speedup = ratio.map(|r| r.median);
    row.speedup_low = ratio.map(|r| r.low);
    row.speedup_high = ratio.map(|r| r.high);
    row.efficiency = ratio.map(|r| r.median / depth);
    let gradient = row
        .baseline_wall_s
        .map(|wall| wall / measured.baseline_gradients as f64);
    row.gradient_s = gradient;
    row.round_overhead_s = Some(measured.round_overhead_s);
    if cell_lacks_devices(row) {
        row.modelled_wall_s = gradient.map(|g| rounds as f64 * (g + measured.round_overhead_s));
        row.modelled_speedup = row
            .baseline_wall_s
            .zip(row.modelled_wall_s)
            .map(|(baseline, wall)| baseline / wall);
    }
}

/// Whether a window had fewer devices than slots, or several workers shared a core.
fn cell_lacks_devices(row: &WindowRow) -> bool {
    row.evaluator == EvaluatorKind::Devices.name()
        && (row.oversubscribed || row.workers < row.window)
}

/// Sets the paper's figures beside a row, and passes a verdict where the paper has a speedup.
fn compare(row: &mut WindowRow, plan: &Plan, paper: &Table2, cell: &Cell) {
    let Some(column) = paper.datasets.get(&row.dataset) else {
        return;
    };
    let papers_method = cell.group == EvaluatorKind::Devices
        && cell.window_method == WindowMethod::Picard
        && cell.velocity == Velocity::Carried
        && (cell.is_baseline() || cell.predictor.name() == paper.setting.predictor);
    if !papers_method {
        return;
    }
    let speedup = (row.window == paper.workers).then_some(column.speedup);
    let note = |row: &mut WindowRow, note: &str| {
        if speedup.is_some() {
            row.verdict_note = Some(note.to_owned());
        }
    };
    if let Some(difference) = other_setting(cell, paper, &column.split) {
        note(row, &format!("not compared with the paper: {difference}"));
        return;
    }
    row.paper_wall_s = column.wall_s.get(&row.window).copied();
    row.paper_speedup = speedup;
    if row.data_source != "real" {
        note(row, "no verdict: surrogate data");
    } else if !plan.profile.verdicts {
        note(
            row,
            &format!("no verdict: profile {} is too short for one", row.profile),
        );
    } else if let Some(speedup) = speedup {
        let (verdict, note) = judge(row, plan, speedup);
        row.verdict = Some(verdict.into());
        row.verdict_note = Some(note);
    }
}

/// What a cell does otherwise than the paper, if anything.
fn other_setting(cell: &Cell, paper: &Table2, split: &str) -> Option<String> {
    let setting = &paper.setting;
    let differs = |what: &str, here: String, there: String| {
        (here != there).then(|| format!("{what} is {here}, the paper's {there}"))
    };
    differs("the split", cell.split.clone(), split.to_owned())
        .or_else(|| {
            differs(
                "φ",
                cell.kinetic.to_string(),
                setting.kinetic_energy.clone(),
            )
        })
        .or_else(|| {
            differs(
                "θ",
                cell.step_size.to_string(),
                setting.step_size.to_string(),
            )
        })
        .or_else(|| differs("S", cell.steps.to_string(), setting.steps.to_string()))
        .or_else(|| {
            differs(
                "τ",
                cell.tolerance.to_string(),
                setting.tolerance.to_string(),
            )
        })
        .or_else(|| {
            cell.model
                .bias
                .then(|| "there is a bias, which the paper does not name".into())
        })
        .or_else(|| {
            (cell.model.l2 > 0.0)
                .then(|| "there is a penalty, which the paper does not name".into())
        })
}

/// Whether a row with the paper's method and setting has the paper's speedup: its whole interval
/// has to reach it, less the plan's tolerance, so that noise proves nothing.
fn judge(row: &WindowRow, plan: &Plan, paper: f64) -> (&'static str, String) {
    let (Some(speedup), Some(low), Some(high), Some(depth)) = (
        row.speedup,
        row.speedup_low,
        row.speedup_high,
        row.depth_speedup,
    ) else {
        return ("not testable here", row.status.clone());
    };
    let least = paper * (1.0 - plan.verdict.relative_tolerance);
    let measured = format!("{speedup:.2}x [{low:.2}, {high:.2}] on {}", row.devices);
    if cell_lacks_devices(row) {
        let bound = format!("at K = {} its depth speedup is {depth:.2}x", row.flows);
        let against = if depth >= least {
            "leaves room for"
        } else {
            "does not reach"
        };
        let note = format!(
            "needs {} devices or cores; measured {measured}; {bound}, which {against} the paper's {paper:.2}x",
            row.window
        );
        return ("not testable here", note);
    }
    let note = format!("measured {measured}, paper {paper:.2}x, needed {least:.2}x");
    let covered = 1.0 - 0.5_f64.powi(row.repeats as i32 - 1);
    if covered < plan.statistics.confidence {
        (
            "inconclusive",
            format!("{note}: {} pairs are too few for an interval", row.repeats),
        )
    } else if low >= least {
        ("reproduced", note)
    } else if high < least && low > 1.0 {
        (
            "partly",
            format!("{note}: faster than one worker, but by less"),
        )
    } else if high < least {
        ("not reproduced", note)
    } else {
        (
            "inconclusive",
            format!("{note}: the interval lies on both sides"),
        )
    }
}

/// A row for each flow of each measured entry.
#[must_use]
pub fn curves(entries: &[Entry]) -> Vec<CurveRow> {
    let mut all = Vec::new();
    for entry in entries {
        let Outcome::Measured(measured) = &entry.outcome else {
            continue;
        };
        let cell = &entry.cell;
        let (mut rounds, mut requested, mut distinct) = (0, 0, 0);
        for (index, flow) in measured.flows.iter().enumerate() {
            rounds += flow.rounds;
            requested += flow.requested;
            distinct += flow.distinct;
            let until = |run: &Vec<f64>| run.iter().take(index + 1).sum::<f64>();
            all.push(CurveRow {
                cell: entry.key.clone(),
                dataset: cell.dataset.clone(),
                data_source: cell.data_source.clone(),
                devices: cell.devices.clone(),
                evaluator: cell.evaluator.name().into(),
                window: cell.window as u64,
                predictor: of_window(cell, |c| c.predictor.to_string()),
                flow: index as u64 + 1,
                rounds,
                requested_gradients: requested,
                distinct_gradients: distinct,
                wall_s: median(&measured.wall_s.iter().map(until).collect::<Vec<_>>()),
                train_loss: flow.train_loss,
                test_accuracy: flow.test_accuracy,
            });
        }
    }
    all
}

/// What only a windowed flow has.
fn of_window<T>(cell: &Cell, of: impl Fn(&Cell) -> T) -> Option<T> {
    (!cell.is_baseline()).then(|| of(cell))
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
