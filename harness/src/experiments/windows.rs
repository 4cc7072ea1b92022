//! Windows of a flow against the sequential flow: Table 2, Figures 5 and 6.

use crate::cell::{Cell, Place};
use crate::device::Machine;
use crate::journal::{Entry, Measured, Outcome};
use crate::paper::Table2;
use crate::plan::{EvaluatorKind, Plan, VerdictRule};
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
                devices: &placement.label,
                oversubscribed: placement.oversubscribed,
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
    compare(&mut row, plan.verdict, paper, &entry.cell);
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
        window: cell.window as u64,
        window_method: cell.window_method.to_string(),
        velocity: cell.velocity.to_string(),
        predictor: predictor_name(cell),
        tolerance: cell.tolerance,
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
    row.flow_error = Some(measured.flow_error);
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
    if row.oversubscribed {
        row.modelled_wall_s = gradient.map(|g| rounds as f64 * (g + measured.round_overhead_s));
        row.modelled_speedup = row
            .baseline_wall_s
            .zip(row.modelled_wall_s)
            .map(|(baseline, wall)| baseline / wall);
    }
}

/// Sets the paper's figures beside a row, and passes a verdict where the paper has a speedup.
fn compare(row: &mut WindowRow, rule: VerdictRule, paper: &Table2, cell: &Cell) {
    let Some(column) = paper.datasets.get(&row.dataset) else {
        return;
    };
    let papers_method = cell.group == EvaluatorKind::Devices
        && cell.window_method == WindowMethod::Picard
        && cell.velocity == Velocity::Carried
        && (cell.is_baseline() || cell.predictor.name() == paper.predictor);
    if !papers_method {
        return;
    }
    row.paper_wall_s = column.wall_s.get(&row.window).copied();
    if row.window != paper.workers {
        return;
    }
    row.paper_speedup = Some(column.speedup);
    if row.data_source != "real" {
        row.verdict_note = Some("surrogate data: no verdict".into());
        return;
    }
    let (verdict, note) = judge(row, rule, column.speedup);
    row.verdict = Some(verdict.into());
    row.verdict_note = Some(note);
}

/// Whether a row with the paper's method has the paper's speedup.
fn judge(row: &WindowRow, rule: VerdictRule, paper: f64) -> (&'static str, String) {
    let (Some(speedup), Some(low), Some(high), Some(depth)) = (
        row.speedup,
        row.speedup_low,
        row.speedup_high,
        row.depth_speedup,
    ) else {
        return ("not reproduced", row.status.clone());
    };
    let workers = row.window;
    let measured = format!("{speedup:.2}x [{low:.2}, {high:.2}] on {}", row.devices);
    let fewer = row.devices != format!("{}:{workers}", row.backend) && row.backend == "cpu";
    if row.oversubscribed || fewer {
        let bound = match depth >= paper * (1.0 - rule.relative_tolerance) {
            true => format!("its depth speedup {depth:.2}x leaves room for {paper:.2}x"),
            false => format!("its depth speedup {depth:.2}x bounds it below {paper:.2}x"),
        };
        let note = format!("needs {workers} devices or cores; measured {measured}; {bound}");
        return ("not testable here", note);
    }
    let least = paper * (1.0 - rule.relative_tolerance);
    let note = format!("measured {measured}, paper {paper:.2}x, needed {least:.2}x");
    if high >= least {
        ("reproduced", note)
    } else if low > 1.0 {
        ("partly", format!("{note}: faster, but by less"))
    } else {
        ("not reproduced", note)
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
                predictor: predictor_name(cell),
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

/// The predictor, or `none` for a flow without a window.
fn predictor_name(cell: &Cell) -> String {
    if cell.is_baseline() {
        "none".into()
    } else {
        cell.predictor.to_string()
    }
}
