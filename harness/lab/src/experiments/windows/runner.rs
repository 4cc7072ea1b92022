//! Times windows against the sequential flow.
//!
//! The cells of a *group* are compared with one sequential flow, their baseline. Each is run once
//! untimed, with loss and accuracy evaluated after every flow. Then all are timed in rounds, as
//! often as the plan says: A B C A D E A …, the baseline A next to every other run, so that a drift
//! of the machine's speed meets both halves of a pair; the order rotates from round to round. The
//! clock runs only while a flow is computed, and is read only when the device has finished what it
//! was asked. After each timed run of a window comes a probe of how much of the machine is there,
//! because a neighbour that takes a core from several workers may leave one worker as it is.
//!
//! A cell may have a longer run, of which only rounds are counted.

use super::bench::{CellEvaluator, Gradients, Workbench};
use super::cell::{MeasuredWindow, WindowCell};
use super::group::{GroupProgress, schedule};
use super::passes::{Evaluated, Probes, Timed, evaluated, long_run, probes, round_overhead, timed};
use crate::device::Placement;
use crate::experiments::held::{Held, held};
use crate::journal::Outcome;
use crate::kept::Keeper;
use crate::progress::Watch;
use anyhow::Result;
use candle_core::{DType, Tensor};

/// Measures the cells of one group; they differ in window, predictor and the like, not in what
/// they are compared with. Tells `watch` what it does, and goes on with what `keeper` has of the same
/// cells. The outcomes are in the order of the cells: one that fails is a failed outcome, and the others go on.
///
/// # Errors
/// If the baseline itself cannot be run, or progress cannot be kept.
pub fn measure(
    bench: &Workbench,
    cells: &[WindowCell],
    mut keeper: Keeper,
    watch: &dyn Watch,
) -> Result<Vec<Outcome<MeasuredWindow>>> {
    let Some(like) = cells.first() else {
        return Ok(Vec::new());
    };
    let mut progress = GroupProgress::of(cells, &keeper);
    let baseline = SequentialRuns::new(bench, like, watch)?;
    let mut contestants = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        if cell.is_baseline() {
            continue;
        }
        let known = progress.outcomes[index].take();
        let contestant = TimedContestant::new(bench, cell, index, (&baseline, known), watch);
        match contestant {
            Ok(Ok(contestant)) => {
                progress.outcomes[index] = Some(contestant.outcome());
                contestants.push(contestant);
            }
            Ok(Err(ended)) => progress.outcomes[index] = Some(ended),
            Err(error) => progress.outcomes[index] = Some(Outcome::failed(&error)),
        }
        keeper.keep(&progress)?;
    }
    timed_rounds(
        &baseline,
        &mut contestants,
        (&mut progress, &mut keeper),
        watch,
    )?;
    for (index, cell) in cells.iter().enumerate().filter(|(_, c)| c.is_baseline()) {
        progress.outcomes[index] = Some(baseline.outcome(bench, cell, &progress.baseline)?);
    }
    // Every index was a contestant's, a failure's or the baseline's.
    Ok(progress.outcomes.into_iter().flatten().collect())
}

/// How many flows `measure` runs, for estimating the time left.
#[must_use]
pub fn flows_of(cells: &[WindowCell]) -> usize {
    let Some(like) = cells.first() else { return 0 };
    let contestants = cells.iter().filter(|cell| !cell.is_baseline()).count();
    let long: usize = cells.iter().map(|cell| cell.long_flows).sum();
    let evaluated = (1 + contestants) * like.flows + long;
    if like.repeats == 0 {
        return evaluated;
    }
    let warm_up = (1 + contestants) * like.warmup_flows;
    let round = contestants + contestants.div_ceil(2).max(1);
    evaluated + warm_up + (1 + like.repeats * round) * like.flows
}

/// The sequential flow of a group.
struct SequentialRuns<'a> {
    bench: &'a Workbench,
    placement: Placement,
    evaluator: CellEvaluator,
    /// The untimed run; the inner error is the flow in which it diverged.
    run: std::result::Result<Evaluated, usize>,
    /// Bytes that a flow holds at most.
    held: u64,
}

impl<'a> SequentialRuns<'a> {
    fn new(bench: &'a Workbench, like: &WindowCell, watch: &dyn Watch) -> Result<Self> {
        let placement = bench.baseline_placement(like)?;
        watch.doing(&format!(
            "{} sequential on {}",
            like.dataset, placement.label
        ));
        let evaluator = bench.baseline_evaluator();
        let method = bench.sequential_flow(like, &evaluator)?;
        let run = evaluated(bench, method, like.flows, &placement, watch)?;
        let free = bench.free_evaluator();
        let held = held(&placement, || bench.sequential_flow(like, &free))?;
        Ok(Self {
            bench,
            placement,
            evaluator,
            run,
            held,
        })
    }

    fn timed(&self, cell: &WindowCell, flows: usize, watch: &dyn Watch) -> Result<Timed> {
        watch.doing(&format!(
            "{} sequential on {}, timed",
            cell.dataset, self.placement.label
        ));
        let method = self.bench.sequential_flow(cell, &self.evaluator)?;
        timed(&self.placement, flows, method, watch)
    }

    /// The baseline as a cell: each of its runs against the one before, which shows the noise.
    fn outcome(
        &self,
        bench: &Workbench,
        cell: &WindowCell,
        runs: &[Vec<Timed>],
    ) -> Result<Outcome<MeasuredWindow>> {
        let run = match &self.run {
            Ok(run) => run,
            Err(flow) => return Ok(Outcome::Diverged { flow: *flow }),
        };
        let later = runs.iter().flat_map(|runs| runs.iter().skip(1));
        let earlier = runs
            .iter()
            .flat_map(|runs| &runs[..runs.len().saturating_sub(1)]);
        Ok(Outcome::Measured(MeasuredWindow {
            flows: run.flows.clone(),
            flow_error: Some(0.0),
            wall_s: later.clone().map(|run| run.seconds.clone()).collect(),
            baseline_wall_s: earlier.clone().map(|run| run.seconds.clone()).collect(),
            accounts: later.map(|run| run.account).collect(),
            baseline_accounts: earlier.map(|run| run.account).collect(),
            baseline_gradients: gradients(cell),
            round_overhead_s: round_overhead(bench, cell, &self.placement)?,
            kernel: Some(bench.kernel().to_string()),
            held: Some(self.held(self.held)),
            work: Some(bench.work(cell)),
            interrupted: (runs.len() as u64).saturating_sub(1),
            ..MeasuredWindow::default()
        }))
    }

    /// What a flow holds, beside what the sequential one does.
    fn held(&self, bytes: u64) -> Held {
        Held {
            bytes,
            baseline_bytes: self.held,
            dimension: self.bench.dimension() as u64,
        }
    }
}

/// A cell that is compared with the baseline.
struct TimedContestant<'a> {
    bench: &'a Workbench,
    cell: &'a WindowCell,
    index: usize,
    placement: Placement,
    evaluator: CellEvaluator,
    probes: Option<Probes>,
    measured: MeasuredWindow,
    failure: Option<Outcome<MeasuredWindow>>,
}

impl<'a> TimedContestant<'a> {
    /// Runs it untimed, unless what came of that is known; the inner error is how it diverged, or failed before.
    fn new(
        bench: &'a Workbench,
        cell: &'a WindowCell,
        index: usize,
        (baseline, known): (&SequentialRuns<'_>, Option<Outcome<MeasuredWindow>>),
        watch: &dyn Watch,
    ) -> Result<std::result::Result<Self, Outcome<MeasuredWindow>>> {
        watch.doing(&cell.label());
        let placement = bench.placement(cell)?;
        let evaluator = bench.evaluator(cell, &placement, Gradients::Real)?;
        let measured = match known {
            Some(Outcome::Measured(measured)) => {
                (0..cell.flows + cell.long_flows).for_each(|_| watch.step());
                measured
            }
            Some(ended) => return Ok(Err(ended)),
            None => {
                let method = bench.method(cell, &evaluator)?;
                match evaluated(bench, method, cell.flows, &placement, watch)? {
                    Ok(run) => Self::untimed(bench, cell, &placement, (baseline, run), watch)?,
                    Err(flow) => return Ok(Err(Outcome::Diverged { flow })),
                }
            }
        };
        let probes = probes(bench, cell, &placement)?;
        Ok(Ok(Self {
            bench,
            cell,
            index,
            placement,
            evaluator,
            probes,
            measured,
            failure: None,
        }))
    }

    /// What is known of it before it is timed.
    fn untimed(
        bench: &Workbench,
        cell: &WindowCell,
        placement: &Placement,
        (baseline, run): (&SequentialRuns<'_>, Evaluated),
        watch: &dyn Watch,
    ) -> Result<MeasuredWindow> {
        let flow_error = match &baseline.run {
            Ok(sequential) => relative_distance(&run.end, &sequential.end)?,
            Err(_) => None,
        };
        let free = bench.free_evaluator();
        let bytes = held(placement, || bench.method(cell, &free))?;
        Ok(MeasuredWindow {
            flows: run.flows,
            flow_error,
            held: Some(baseline.held(bytes)),
            baseline_gradients: gradients(cell),
            round_overhead_s: round_overhead(bench, cell, placement)?,
            kernel: Some(bench.kernel().to_string()),
            work: Some(bench.work(cell)),
            long_rounds: long_run(bench, cell, watch)?,
            ..MeasuredWindow::default()
        })
    }

    /// One run; `None` if it failed, now or before.
    fn timed(&mut self, flows: usize, watch: &dyn Watch) -> Option<Timed> {
        if self.failure.is_some() {
            return None;
        }
        watch.doing(&format!("{}, timed", self.cell.label()));
        let run = self
            .bench
            .method(self.cell, &self.evaluator)
            .and_then(|method| timed(&self.placement, flows, method, watch));
        run.map_err(|error| self.failure = Some(Outcome::failed(&error)))
            .ok()
    }

    /// One run, and a probe of the machine that it ran on, which is written down.
    fn timed_and_probed(&mut self, watch: &dyn Watch) -> Option<Timed> {
        let run = self.timed(self.cell.flows, watch)?;
        self.measured.round_times = self.evaluator.round_times();
        match self.probes.as_ref().map(Probes::sample).transpose() {
            Ok(sample) => {
                if let Some((gradients, cores)) = sample {
                    self.measured.probes.push(gradients);
                    self.measured.core_probes.extend(cores);
                }
                Some(run)
            }
            Err(error) => {
                self.failure = Some(Outcome::failed(&error));
                None
            }
        }
    }

    /// What came of it up to now.
    fn outcome(&self) -> Outcome<MeasuredWindow> {
        let measured = || Outcome::Measured(self.measured.clone());
        self.failure.clone().unwrap_or_else(measured)
    }
}

/// Times baseline and contestants in rounds, from where the group has come to.
fn timed_rounds(
    baseline: &SequentialRuns<'_>,
    contestants: &mut [TimedContestant<'_>],
    (progress, keeper): (&mut GroupProgress, &mut Keeper),
    watch: &dyn Watch,
) -> Result<()> {
    let like = progress.cells[0].clone();
    if baseline.run.is_err() || like.repeats == 0 {
        return Ok(());
    }
    if progress.baseline.is_empty() {
        progress.contestants = contestants.iter().map(|c| c.index).collect();
    }
    let schedule = schedule(&progress.contestants, like.repeats);
    let left = schedule.get(progress.timed..).unwrap_or_default();
    let done = schedule.iter().take(progress.timed);
    let done = done.map(|pair| (pair.len() + 1) * like.flows).sum();
    (0..done).for_each(|_| watch.step());
    if left.is_empty() {
        return Ok(());
    }
    baseline.timed(&like, like.warmup_flows, watch)?;
    for contestant in contestants.iter_mut() {
        contestant.measured.interrupted = progress.baseline.len() as u64;
        contestant.timed(like.warmup_flows, watch);
    }
    let mut before = baseline.timed(&like, like.flows, watch)?;
    progress.baseline.push(vec![before.clone()]);
    for pair in left {
        let mut timed = Vec::new();
        for index in pair {
            // One that failed before an interruption is not there any more.
            if let Some(place) = contestants.iter().position(|c| c.index == *index) {
                timed.push((place, contestants[place].timed_and_probed(watch)));
            }
        }
        let after = baseline.timed(&like, like.flows, watch)?;
        // The first of the two ran next to the baseline before, the second next to the one after.
        for ((place, run), beside) in timed.into_iter().zip([&before, &after]) {
            let contestant = &mut contestants[place];
            if let Some(run) = run {
                let measured = &mut contestant.measured;
                measured.wall_s.push(run.seconds);
                measured.accounts.push(run.account);
                measured.baseline_wall_s.push(beside.seconds.clone());
                measured.baseline_accounts.push(beside.account);
            }
            progress.outcomes[contestant.index] = Some(contestant.outcome());
        }
        if let Some(runs) = progress.baseline.last_mut() {
            runs.push(after.clone());
        }
        before = after;
        progress.timed += 1;
        keeper.keep(progress)?;
    }
    Ok(())
}

/// Gradients of one sequential run.
fn gradients(cell: &WindowCell) -> u64 {
    (cell.flows * cell.steps) as u64
}

/// ‖a − b‖/‖b‖ in f64; `None` where that is no number.
fn relative_distance(a: &Tensor, b: &Tensor) -> Result<Option<f64>> {
    let b = b.to_dtype(DType::F64)?;
    let apart = (a.to_dtype(DType::F64)? - &b)?
        .sqr()?
        .sum_all()?
        .to_scalar::<f64>()?;
    let size = b.sqr()?.sum_all()?.to_scalar::<f64>()?;
    Ok(Some((apart / size).sqrt()).filter(|distance| distance.is_finite()))
}
