//! Rows of windows over the steps of several methods.

use super::measure::{MeasuredParallel, ParallelCell, ParallelLook};
use super::plan::ParallelPlan;
use crate::experiments::identity::{once, settings};
use crate::journal::Entry;
use crate::plan::Plan;
use crate::seed::Seeds;
use anyhow::Result;
use optim::WindowForm;
use rows::schema;
use rows::statistics::{median, paired_ratio};

schema! {
    /// One method with one step size in one window from one start: `rows.csv`, `rows.parquet`.
    ParallelRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the whole run.";
        part: String, "", "The part of the plan that it is of; nothing of the plan's own problem.";
        dataset: String, "", "Data set or problem.";
        data_source: String, "", "real; surrogate: generated, no statement about the paper; synthetic: generated as the paper itself does.";
        start: u64, "", "Which starting point, counted from 0; all share it.";
        method: String, "", "The method, as the plan calls it.";
        kinetic_energy: Option<String>, "", "φ, or the direction of a counterpart.";
        step_size: Option<f64>, "", "θ of a flow, η of another method.";
        flow_steps: Option<u64>, "", "S, of a flow.";
        momentum: Option<f64>, "", "β.";
        settings: String, "", "The method with all its numbers, key=value.";
        window: Option<u64>, "", "W: steps computed at once; 1 is one after the other. None of a method that is no recurrence of one gradient a step.";
        corrector: Option<String>, "", "picard or secant: how gradients become points; none where W = 1.";
        predictor: Option<String>, "", "What new slots hold; none where W = 1.";
        tolerance: Option<f64>, "", "τ; none where W = 1.";
        relative_to: Option<String>, "", "What τ is a share of: the point's size, or the window's progress to it; none where W = 1.";
        memory: Option<u64>, "", "M of a secant window.";
        across_flows: bool, "", "Whether windows reach past the ends of iterations.";
        damped: Option<bool>, "", "Whether a secant window's model counts by the share of what it predicted that was found.";
        velocity: Option<String>, "", "With which velocity a window of a flow starts; none where W = 1.";
        storage: Option<String>, "", "What a window keeps from one round to the next: points, velocities from which they are summed up, or those in bf16.";
        at_once: Option<u64>, "", "How many of a window's gradients are computed, and exist, at a time; none if all of them.";
        evaluator: Option<String>, "", "batched: all points of a window in one product on one whole device; devices: a worker for each slot.";
        devices: String, "", "What it ran on.";
        precision: String, "", "f32 or f64.";
        seed: u64, "", "The root seed.";
        status: String, "", "complete, diverged, or failed with its reason.";
        best: String, "", "own where this step size takes the fewest rounds to the target in this window, one where it does one step after the other, joined by +; of medians over the starts.";
        steps: Option<u64>, "", "Steps up to which depth, error and gradients are counted: those that the method took one after the other to its target, or all.";
        rounds: Option<u64>, "", "Rounds up to there: batches of gradients computed one after the other.";
        depth: Option<f64>, "", "steps / rounds: how many times fewer rounds than steps.";
        gradients_a_step: Option<f64>, "", "Distinct gradients computed up to there, by step.";
        error: Option<f64>, "", "‖x − x_sequential‖/‖x_sequential‖ there; none where W = 1.";
        error_bound: Option<f64>, "", "What theory bounds error by there: of a flow's Picard window on a quadratic, where that is below 1.";
        value: Option<f64>, "", "Function value there; of a network the mean loss over the test images, each batch of them normalised by itself.";
        accuracy: Option<f64>, "", "Share of test rows, or of test images likewise, classified rightly there.";
        target: Option<f64>, "", "The value to be reached.";
        steps_to_target: Option<u64>, "", "Steps until it was first seen reached.";
        rounds_to_target: Option<u64>, "", "Rounds until then.";
        gradients_to_target: Option<u64>, "", "Distinct gradients until then.";
        wall_s: Option<f64>, "s", "Wall time to the target, or of all steps: median of the repeats, without evaluation.";
        baseline_wall_s: Option<f64>, "s", "The same of the method's steps one after the other on one whole device, taken in turns.";
        speedup: Option<f64>, "", "Median of the paired ratios of baseline to own time.";
        speedup_low: Option<f64>, "", "Lower end of its bootstrap interval; none of fewer than three repeats.";
        speedup_high: Option<f64>, "", "Upper end.";
        exponent: Option<f64>, "", "The largest Lyapunov exponent along the run, a step: the mean logarithm by which a small difference grows; of steps one after the other.";
        exponent_exact: Option<f64>, "", "What theory says it tends to: of flows, gradient descent and Heavy Ball on a quadratic.";
        held_bytes: Option<u64>, "B", "Host memory that an iteration takes at most, besides the data, a network's replicas and what gradients take while they are computed: points, gradients, what is carried. Of a device's own memory it counts nothing.";
        bytes_per_point: Option<f64>, "B", "(held_bytes − that of steps one after the other) / (W − 1) / D: what one more step of the window takes for each number of a point, which is itself 4 in f32 and 8 in f64.";
    }
}

/// Rows of all entries, data set by data set in the order of the journal.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(head: &Plan, plan: &ParallelPlan, entries: &[Entry]) -> Result<Vec<ParallelRow>> {
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        rows.push(row(head, plan, entry)?);
    }
    mark_best(&mut rows);
    Ok(rows)
}

fn row(head: &Plan, plan: &ParallelPlan, entry: &Entry) -> Result<ParallelRow> {
    let cell: ParallelCell = entry.cell()?;
    let measured: Option<MeasuredParallel> = entry.measured()?;
    let (setting, method) = (&cell.setting, &cell.mover.method);
    let placed = cell.mover.placed;
    let form = placed.map(|placed| WindowForm::from(placed.window));
    let wide = form.as_ref().filter(|form| form.window > 1);
    let measured = measured.as_ref();
    let reached = measured.and_then(|m| {
        let target = cell.target?;
        m.looks.iter().find(|look| look.value <= target)
    });
    // Of a method without a window its own steps.
    let counted = measured.and_then(|m| m.looks.iter().find(|l| l.steps >= m.sequential_steps));
    let ratio = measured.and_then(|m| {
        let pairs: Vec<(f64, f64)> = m
            .baseline_wall_s
            .iter()
            .copied()
            .zip(m.wall_s.iter().copied())
            .collect();
        let statistics = head.statistics.filter(|_| pairs.len() >= 3)?;
        let mut stream = Seeds::new(head.seed).stream(&["bootstrap", &entry.key]);
        paired_ratio(
            &pairs,
            statistics.resamples,
            statistics.confidence,
            &mut stream,
        )
    });
    let of = |of: fn(&ParallelLook) -> u64| counted.map(of);
    let share = |of: fn(&ParallelLook) -> (u64, u64)| {
        counted
            .map(of)
            .filter(|(_, by)| *by > 0)
            .map(|(a, by)| a as f64 / by as f64)
    };
    Ok(ParallelRow {
        experiment: head.target.clone(),
        profile: head.profile.name.clone(),
        cell: entry.key.clone(),
        part: cell.part.clone(),
        dataset: setting.name().into(),
        data_source: setting.data_source().into(),
        start: setting.index(),
        method: plan.name_of(&cell.part, method),
        kinetic_energy: method.kinetic_energy().map(|k| k.to_string()),
        step_size: method.step_size(),
        flow_steps: method.steps().map(|s| s as u64),
        momentum: method.momentum(),
        settings: settings(method)?,
        window: form.as_ref().map(|form| form.window as u64),
        corrector: wide.map(|form| form.method.clone()),
        predictor: wide.and_then(|form| form.predictor.clone()),
        tolerance: wide.map(|form| form.tolerance),
        relative_to: wide.map(|form| form.relative_to.clone()),
        memory: wide
            .filter(|form| form.memory > 0)
            .map(|form| form.memory as u64),
        across_flows: wide.is_some_and(|form| form.across_flows),
        damped: wide.map(|form| form.damped),
        velocity: wide.map(|form| form.velocity.clone()),
        storage: wide.map(|form| form.storage.clone()),
        at_once: wide.and_then(|form| form.at_once).map(|count| count as u64),
        evaluator: placed.map(|placed| placed.evaluator.name().to_owned()),
        devices: cell.devices.clone(),
        precision: setting.precision().name().into(),
        seed: setting.seed(),
        status: entry.status(),
        best: String::new(),
        steps: of(|look| look.steps),
        rounds: of(|look| look.rounds),
        depth: share(|look| (look.steps, look.rounds)),
        gradients_a_step: share(|look| (look.gradients, look.steps)),
        error: measured.and_then(|m| m.error),
        error_bound: measured.and_then(|m| m.error_bound),
        value: counted.map(|look| look.value),
        accuracy: counted.and_then(|look| look.accuracy),
        target: cell.target,
        steps_to_target: reached.map(|look| look.steps),
        rounds_to_target: reached.map(|look| look.rounds),
        gradients_to_target: reached.map(|look| look.gradients),
        wall_s: measured.and_then(|m| median(&m.wall_s)),
        baseline_wall_s: measured.and_then(|m| median(&m.baseline_wall_s)),
        speedup: ratio.map(|r| r.median),
        speedup_low: ratio.map(|r| r.low),
        speedup_high: ratio.map(|r| r.high),
        exponent: measured.and_then(|m| m.exponent),
        exponent_exact: measured.and_then(|m| m.exponent_exact),
        held_bytes: measured.and_then(|m| m.held).map(|held| held.bytes),
        bytes_per_point: measured
            .and_then(|m| m.held)
            .and_then(|held| held.per_point(form.as_ref()?.window as u64)),
    })
}

impl ParallelRow {
    /// What it is measured on, in words.
    #[must_use]
    pub fn place(&self) -> String {
        match self.part.as_str() {
            "" => self.dataset.clone(),
            part => format!("{}, {part}", self.dataset),
        }
    }

    /// The window as it is set, whatever moves in it; none of a method that has none.
    #[must_use]
    pub fn form(&self) -> Option<WindowForm> {
        let none = WindowForm::default();
        Some(WindowForm {
            window: self.window? as usize,
            method: self.corrector.clone().unwrap_or(none.method),
            velocity: self.velocity.clone().unwrap_or(none.velocity),
            predictor: self.predictor.clone(),
            tolerance: self.tolerance.unwrap_or_default(),
            relative_to: self.relative_to.clone().unwrap_or(none.relative_to),
            memory: self.memory.unwrap_or_default() as usize,
            damped: self.damped.unwrap_or_default(),
            across_flows: self.across_flows,
            storage: self.storage.clone().unwrap_or(none.storage),
            at_once: self.at_once.map(|count| count as usize),
        })
    }

    /// Whether both are of one window in one place, whatever moves in it.
    #[must_use]
    pub fn in_window_of(&self, other: &Self) -> bool {
        self.evaluator == other.evaluator && self.form() == other.form()
    }

    /// Whether it takes its steps one after the other on one whole device.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.window.is_none_or(|w| w == 1) && self.evaluator.as_deref() != Some("devices")
    }
}

/// Says which step size takes the fewest rounds to the target: in each window, and one step after the other.
fn mark_best(rows: &mut [ParallelRow]) {
    let groups = once(rows.iter().map(|row| (row.place(), row.method.clone())));
    for (place, method) in groups {
        let here: Vec<usize> = (0..rows.len())
            .filter(|&i| rows[i].place() == place && rows[i].method == method)
            .collect();
        let best = |of: &dyn Fn(&ParallelRow) -> bool| -> Option<String> {
            let of: Vec<&ParallelRow> = here.iter().map(|&i| &rows[i]).filter(|r| of(r)).collect();
            let all = once(of.iter().map(|row| row.settings.clone()));
            let scored = all.into_iter().filter_map(|settings| {
                let runs = of.iter().filter(|row| row.settings == settings);
                // A start from which the target is not reached is one too many.
                let rounds: Vec<f64> = runs
                    .map(|row| row.rounds_to_target.map_or(f64::INFINITY, |r| r as f64))
                    .collect();
                let middle = median(&rounds).filter(|middle| middle.is_finite())?;
                Some((settings, middle))
            });
            let best = scored.min_by(|a, b| a.1.total_cmp(&b.1));
            best.map(|(settings, _)| settings)
        };
        let alone = best(&ParallelRow::is_alone);
        let marked: Vec<(usize, String)> = here
            .iter()
            .map(|&i| {
                let row = &rows[i];
                let own = best(&|other| other.in_window_of(row));
                let words = [("own", own), ("one", alone.clone())];
                let words = words
                    .into_iter()
                    .filter(|(_, best)| best.as_ref() == Some(&row.settings))
                    .map(|(word, _)| word);
                (i, words.collect::<Vec<_>>().join("+"))
            })
            .collect();
        for (i, best) in marked {
            rows[i].best = best;
        }
    }
}
