//! From journal entries to rows.

use super::cell::{self, FlowRecord, MeasuredWindow, WindowCell};
use super::plan::{EvaluatorKind, WindowsPlan};
use super::schema::{CurveRow, WindowRow};
use crate::capacity::{self, Account, over_runs};
use crate::journal::Entry;
use crate::paper::Table2;
use crate::plan::{Plan, Statistics};
use crate::rates::Rates;
use crate::rates::floor::Rounds;
use crate::seed::Seeds;
use anyhow::Result;
use optim::WindowForm;
use rows::statistics::{median, paired_ratio};

/// What rows are made with besides the entries.
pub struct Maker<'a> {
    /// The plan's head.
    pub head: &'a Plan,
    /// Its body.
    pub plan: &'a WindowsPlan,
    /// How intervals are made.
    pub statistics: Statistics,
    /// The paper's figures.
    pub paper: &'a Table2,
    /// What the machine can do at most, if it was measured.
    pub rates: Option<&'a Rates>,
}

impl Maker<'_> {
    /// A row for each entry, in their order.
    ///
    /// # Errors
    /// If an entry is not of this kind.
    pub fn rows(&self, entries: &[Entry]) -> Result<Vec<WindowRow>> {
        entries.iter().map(|entry| self.row(entry)).collect()
    }

    fn row(&self, entry: &Entry) -> Result<WindowRow> {
        let cell: WindowCell = entry.cell()?;
        let mut row = unmeasured(self.head, entry, &cell);
        if let Some(measured) = entry.measured()? {
            self.fill(&mut row, &measured);
            self.floors(&mut row, &cell, &measured);
            self.machine(&mut row, &measured);
        }
        self.compare(&mut row, &cell);
        Ok(row)
    }

    /// Fills in what was measured, and what follows from it.
    fn fill(&self, row: &mut WindowRow, measured: &MeasuredWindow) {
        let sum = |of: fn(&FlowRecord) -> u64| measured.flows.iter().map(of).sum::<u64>();
        let rounds = sum(|f| f.rounds);
        let depth = (row.steps * row.flows) as f64 / rounds as f64;
        row.rounds = Some(rounds);
        row.mean_stride = Some(depth);
        row.depth_speedup = Some(depth);
        row.requested_gradients = Some(sum(|f| f.requested));
        row.distinct_gradients = Some(sum(|f| f.distinct));
        row.surrogate_gradients = Some(sum(|f| f.surrogate));
        row.kernel.clone_from(&measured.kernel);
        row.flow_error = measured.flow_error;
        row.held_bytes = measured.held.map(|held| held.bytes);
        row.bytes_per_point = measured.held.and_then(|held| held.per_point(row.window));
        row.train_loss = measured.flows.last().map(|f| f.train_loss);
        row.test_accuracy = measured.flows.last().and_then(|f| f.test_accuracy);
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
        let wall_is_known = !wall.is_empty();
        let pairs: Vec<(f64, f64)> = baseline.into_iter().zip(wall).collect();
        let mut stream = Seeds::new(self.head.seed).stream(&["bootstrap", &row.cell]);
        let statistics = self.statistics;
        let ratio = paired_ratio(
            &pairs,
            statistics.resamples,
            statistics.confidence,
            &mut stream,
        );
        row.speedup = ratio.map(|r| r.median);
        row.speedup_low = ratio.map(|r| r.low);
        row.speedup_high = ratio.map(|r| r.high);
        row.round_gradients = ratio.map(|r| depth / r.median);
        row.efficiency = ratio.map(|r| r.median / depth);
        let gradient = row
            .baseline_wall_s
            .map(|wall| wall / measured.baseline_gradients as f64);
        row.gradient_s = gradient;
        if wall_is_known {
            row.round_overhead_s = Some(measured.round_overhead_s);
        }
        if let Some(times) = measured.round_times.filter(|times| times.rounds > 0) {
            let each = |total: f64| Some(total / times.rounds as f64);
            row.rank_gradient_s = each(times.gradient_s);
            row.rank_waited_s = each(times.waited_s);
            row.rank_exchange_s = each(times.exchange_s);
            row.rank_bytes = each(times.bytes as f64);
        }
        longer(row, &measured.long_rounds);
        if row.evaluator == EvaluatorKind::Devices.name() {
            estimate(row, measured.round_overhead_s);
        }
    }

    /// Fills in how much of the machine was there.
    fn machine(&self, row: &mut WindowRow, measured: &MeasuredWindow) {
        let own = over_runs(&measured.accounts);
        let baseline = over_runs(&measured.baseline_accounts);
        row.capacity = capacity::capacity(measured.of_workers());
        row.gradient_capacity = capacity::capacity(&measured.probes);
        row.waited_share = own.waited_share;
        row.baseline_waited_share = baseline.waited_share;
        row.stolen_share = own.stolen_share;
        row.gpu_clock = own.gpu_clock;
        row.baseline_gpu_clock = baseline.gpu_clock;
        let worse = own.worse(&baseline);
        row.gpu_slowed = worse.gpu_slowed;
        row.gpu_shared = worse.gpu_shared;
        let Some(limits) = self.plan.machine else {
            return;
        };
        let own = Account {
            waited_share: own.waited_share.filter(|_| !row.oversubscribed),
            ..own
        };
        let of_either = [
            limits.disturbed(row.capacity, &own),
            limits.disturbed(None, &baseline),
        ];
        row.disturbed = of_either.into_iter().flatten().reduce(|a, b| a || b);
    }

    /// Fills in the least times, where there is a wall time to compare them with.
    fn floors(&self, row: &mut WindowRow, cell: &WindowCell, measured: &MeasuredWindow) {
        let (Some(rates), Some(work), Some(wall), Some(rounds), Some(gradients)) = (
            self.rates,
            &measured.work,
            row.wall_s,
            row.rounds,
            row.distinct_gradients,
        ) else {
            return;
        };
        // All passes read the same data, so what one reads says which cache it may lie in.
        let bytes = work.one.bytes;
        let crew = |workers| match cell.group {
            EvaluatorKind::Devices => rates.workers(workers, bytes, cell.precision),
            _ => rates.device(bytes, cell.precision),
        };
        let rounds = Rounds {
            rounds: rounds as f64,
            gradients: gradients as f64,
        };
        let floor = work.floor(rounds, &crew(cell.workers));
        let share = floor.seconds() / wall;
        row.floor_s = Some(floor.seconds());
        row.floor_share = Some(share);
        row.bound = Some(floor.bound(share, self.plan.overhead_below).to_string());
        row.gradient_floor_s = Some(work.gradient(&crew(1)).seconds());
    }
}

/// Whether a window had fewer devices than slots, or several workers shared a core.
#[must_use]
pub fn lacks_devices(row: &WindowRow) -> bool {
    row.evaluator == EvaluatorKind::Devices.name()
        && (row.oversubscribed || row.workers < row.window)
}

/// Fills in what the longer run says, if it ran to its end.
fn longer(row: &mut WindowRow, rounds: &[u64]) {
    if row.long_flows != Some(rounds.len() as u64) {
        return;
    }
    let depth = |rounds: &[u64]| {
        let steps = row.steps * rounds.len() as u64;
        Some(steps as f64 / rounds.iter().sum::<u64>() as f64)
    };
    row.depth_long = depth(rounds);
    row.depth_late = depth(&rounds[rounds.len() / 2..]);
}

/// Fills in what as many devices as slots would do, from the cost of a gradient and of a round without
/// gradients, and sets it beside what they did where there are as many.
fn estimate(row: &mut WindowRow, round_overhead_s: f64) {
    let (Some(gradient), Some(baseline), Some(depth), Some(rounds)) = (
        row.gradient_s,
        row.baseline_wall_s,
        row.depth_speedup,
        row.rounds,
    ) else {
        return;
    };
    let wall = rounds as f64 * (gradient + round_overhead_s);
    let speedup = baseline / wall;
    row.modelled_wall_s = Some(wall);
    row.modelled_speedup = Some(speedup);
    // What a round costs stays what it was.
    row.modelled_late = row.depth_late.map(|late| speedup * late / depth);
    if !lacks_devices(row) {
        row.modelled_over_measured = row.speedup.map(|measured| speedup / measured);
    }
}

/// What is known of a cell before it is measured.
fn unmeasured(head: &Plan, entry: &Entry, cell: &WindowCell) -> WindowRow {
    // What only a windowed flow has.
    let form = (!cell.is_baseline()).then(|| WindowForm::from(cell.window));
    WindowRow {
        experiment: head.target.clone(),
        profile: head.profile.name.clone(),
        cell: entry.key.clone(),
        dataset: cell.dataset.clone(),
        data_split: cell.split.clone(),
        data_source: cell.data_source.clone(),
        backend: cell.backend.clone(),
        devices: cell.devices.clone(),
        evaluator: cell.evaluator.name().into(),
        workers: cell.workers as u64,
        window: cell.window.width as u64,
        window_method: form.as_ref().map(|f| f.method.clone()),
        velocity: form.as_ref().map(|f| f.velocity.clone()),
        predictor: form.as_ref().and_then(|f| f.predictor.clone()),
        tolerance: form.as_ref().map(|f| f.tolerance),
        relative_to: form.as_ref().map(|f| f.relative_to.clone()),
        memory: form.as_ref().map(|f| f.memory as u64),
        damped: form.as_ref().map(|f| f.damped),
        surrogate_rows: form.as_ref().map(|_| cell.surrogate_rows as u64),
        across_flows: form.as_ref().map(|f| f.across_flows),
        storage: form.as_ref().map(|f| f.storage.clone()),
        at_once: form
            .as_ref()
            .and_then(|f| f.at_once)
            .map(|count| count as u64),
        tf32: form.as_ref().map(|_| cell.tf32),
        kinetic_energy: cell.kinetic.to_string(),
        steps: cell.steps as u64,
        step_size: cell.step_size,
        flows: cell.flows as u64,
        precision: cell.precision.name().into(),
        seed: cell.seed,
        status: entry.status(),
        repeats: cell.repeats as u64,
        oversubscribed: cell.oversubscribed,
        long_flows: (cell.long_flows > 0).then_some(cell.long_flows as u64),
        ..WindowRow::default()
    }
}

/// A row for each flow of each measured entry.
///
/// # Errors
/// If an entry is not of this kind.
pub fn curves(entries: &[Entry]) -> Result<Vec<CurveRow>> {
    let mut all = Vec::new();
    for entry in entries {
        let Some(measured) = entry.measured::<MeasuredWindow>()? else {
            continue;
        };
        let cell: WindowCell = entry.cell()?;
        let (mut rounds, mut requested, mut distinct) = (0, 0, 0);
        for (index, flow) in measured.flows.iter().enumerate() {
            rounds += flow.rounds;
            requested += flow.requested;
            distinct += flow.distinct;
            let form = (!cell.is_baseline()).then(|| WindowForm::from(cell.window));
            let until = |run: &Vec<f64>| run.iter().take(index + 1).sum::<f64>();
            all.push(CurveRow {
                cell: entry.key.clone(),
                dataset: cell.dataset.clone(),
                data_source: cell.data_source.clone(),
                devices: cell.devices.clone(),
                evaluator: cell.evaluator.name().into(),
                window: cell.window.width as u64,
                predictor: form.and_then(|form| form.predictor),
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
    Ok(all)
}

impl WindowRow {
    /// How the flow is computed, for tables and legends.
    #[must_use]
    pub fn method(&self) -> String {
        let (form, rows, tf32) = self.window_form();
        cell::method(&self.evaluator, &form, rows, tf32)
    }

    /// How its window guesses gradients and fills slots.
    #[must_use]
    pub fn guess(&self) -> String {
        let (form, rows, tf32) = self.window_form();
        cell::guess(&form, rows, tf32)
    }

    fn window_form(&self) -> (WindowForm, usize, bool) {
        let none = WindowForm::default();
        let form = WindowForm {
            window: self.window as usize,
            method: self.window_method.clone().unwrap_or(none.method),
            velocity: self.velocity.clone().unwrap_or(none.velocity),
            predictor: self.predictor.clone(),
            tolerance: self.tolerance.unwrap_or_default(),
            relative_to: self.relative_to.clone().unwrap_or(none.relative_to),
            memory: self.memory.unwrap_or_default() as usize,
            damped: self.damped.unwrap_or_default(),
            across_flows: self.across_flows.unwrap_or_default(),
            storage: self.storage.clone().unwrap_or(none.storage),
            at_once: self.at_once.map(|count| count as usize),
        };
        let rows = self.surrogate_rows.unwrap_or_default() as usize;
        (form, rows, self.tf32 == Some(true))
    }
}
