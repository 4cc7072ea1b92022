//! Single passes of a method over a data set: evaluated after each flow, timed, counted, or with free
//! gradients; and a probe of the machine. In which order passes are made is
//! the runner's.

use super::bench::{Gradients, Workbench};
use super::cell::{FlowRecord, WindowCell};
use super::plan::EvaluatorKind;
use super::ranks::{RankWork, RankWorkers};
use crate::capacity::{Account, Gpus, Probe, Sample, Snapshot, ThreadWorkers, Workers, spin};
use crate::clock::Clocked;
use crate::device::Placement;
use crate::progress::Watch;
use anyhow::Result;
use candle_core::Tensor;
use optim::{Bound, Method, Run, RunEnd};
use rows::statistics::median;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// An untimed run with everything written down.
pub(super) struct Evaluated {
    /// After each flow.
    pub flows: Vec<FlowRecord>,
    /// Where it ended.
    pub end: Tensor,
}

/// Runs a method and evaluates it after each flow. The inner error is the flow in which its numbers
/// stopped being finite.
pub(super) fn evaluated(
    bench: &Workbench,
    method: Box<dyn Method>,
    flows: usize,
    placement: &Placement,
    watch: &dyn Watch,
) -> Result<std::result::Result<Evaluated, usize>> {
    let mut records = Vec::with_capacity(flows);
    let mut run = limited(method, flows, placement);
    let end = run.observe(|seen| {
        let train_loss = bench.train_loss(seen.position())?;
        if seen.progress.termination.is_some() || !train_loss.is_finite() {
            return anyhow::Ok(ControlFlow::Break(seen.iterations as usize));
        }
        let counts = seen.progress.counts;
        records.push(FlowRecord {
            rounds: counts.rounds,
            requested: counts.requested,
            distinct: counts.distinct,
            surrogate: counts.surrogate,
            strides: seen.progress.strides.clone(),
            train_loss,
            test_accuracy: bench.test_accuracy(seen.position())?,
        });
        watch.step();
        Ok(ControlFlow::Continue(()))
    })?;
    if let RunEnd::Observer(flow) = end {
        return Ok(Err(flow));
    }
    Ok(Ok(Evaluated {
        flows: records,
        end: run.method().position().clone(),
    }))
}

/// A run of so many flows.
fn limited(
    method: Box<dyn Method>,
    flows: usize,
    placement: &Placement,
) -> Run<Clocked<'_, Box<dyn Method>>> {
    Run::new(Clocked::new(method, placement)).until(Bound::Iterations(flows as u64))
}

/// A timed run.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Timed {
    /// Seconds of each flow.
    pub seconds: Vec<f64>,
    /// What the kernel and the GPUs' driver say of it.
    pub account: Account,
}

/// Times each of `flows` flows.
pub(super) fn timed(
    placement: &Placement,
    flows: usize,
    method: Box<dyn Method>,
    watch: &dyn Watch,
) -> Result<Timed> {
    let before = Snapshot::now();
    let mut run = limited(method, flows, placement);
    run.observe(|_| {
        watch.step();
        anyhow::Ok(ControlFlow::<()>::Continue(()))
    })?;
    let seconds = run.method().seconds().to_vec();
    let account = Snapshot::now().since(&before);
    let account = account.with(&Gpus::among(&placement.devices));
    Ok(Timed { seconds, account })
}

/// What a cell's machine is probed by: one gradient on each of its workers, and, where they are cores,
/// as much arithmetic.
pub(super) struct Probes {
    gradients: Probe<Box<dyn Workers>>,
    cores: Option<Probe<Box<dyn Workers>>>,
}

/// `None` if the plan asks for no probe, if there is but one worker, which is always as fast as itself, or more
/// ranks than there are cores or GPUs for.
pub(super) fn probes(
    bench: &Workbench,
    cell: &WindowCell,
    placement: &Placement,
) -> Result<Option<Probes>> {
    let Some(seconds) = cell.probe_s else {
        return Ok(None);
    };
    let on_cores = cell.backend == "cpu";
    let workers = |work: RankWork| -> Result<Option<Box<dyn Workers>>> {
        if let (EvaluatorKind::Devices, Some(ranks)) = (cell.group, bench.ranks()) {
            let there = placement.devices.len() > 1 && !placement.oversubscribed;
            let workers = || RankWorkers::of(bench, cell, (ranks.clone(), work));
            return Ok(there.then(workers).transpose()?.map(|w| Box::new(w) as _));
        }
        let lone = bench.lone(cell, placement)?;
        Ok(match (lone.workers(), work) {
            (0 | 1, _) => None,
            (count, RankWork::Arithmetic) => Some(Box::new(ThreadWorkers::new(count, spin)?)),
            (count, RankWork::Gradient) => {
                Some(Box::new(ThreadWorkers::new(count, move |worker| {
                    lone.gradient(worker)
                })?))
            }
        })
    };
    let Some(gradients) = workers(RankWork::Gradient)? else {
        return Ok(None);
    };
    let cores = match on_cores {
        true => workers(RankWork::Arithmetic)?,
        false => None,
    };
    let probe = |workers| Probe::new(workers, seconds);
    Ok(Some(Probes {
        cores: cores.map(probe).transpose()?,
        gradients: probe(gradients)?,
    }))
}

impl Probes {
    /// A sample of each.
    pub(super) fn sample(&self) -> Result<(Sample, Option<Sample>)> {
        let cores = self.cores.as_ref().map(Probe::sample).transpose()?;
        Ok((self.gradients.sample()?, cores))
    }
}

/// Rounds of each flow of a cell's longer run; fewer than it asks for if it diverges, none if it has no
/// such run. Nothing is timed and nothing evaluated, so all slots are computed in one product on one
/// whole device, equal points once. Which rounds there are depends on the points alone, and where
/// gradients are computed changes those by rounding only.
pub(super) fn long_run(
    bench: &Workbench,
    cell: &WindowCell,
    watch: &dyn Watch,
) -> Result<Vec<u64>> {
    if cell.long_flows == 0 {
        return Ok(Vec::new());
    }
    watch.doing(&format!(
        "{}, counted over {} flows",
        cell.label(),
        cell.long_flows
    ));
    let cell = WindowCell {
        flows: cell.long_flows,
        ..cell.on_one_device()
    };
    let placement = bench.placement(&cell)?;
    let evaluator = bench.evaluator(&cell, &placement, Gradients::Real)?;
    let method = bench.method(&cell, &evaluator)?;
    let mut rounds = Vec::with_capacity(cell.flows);
    limited(method, cell.flows, &placement).observe(|seen| {
        watch.step();
        if seen.progress.termination.is_none() {
            rounds.push(seen.progress.counts.rounds);
        }
        anyhow::Ok(ControlFlow::<()>::Continue(()))
    })?;
    Ok(rounds)
}

/// Seconds of one round in which gradients cost nothing: exchange of points and gradients, window
/// update, norms, stride. The median over the cell's repeats, after one that is not counted.
pub(super) fn round_overhead(
    bench: &Workbench,
    cell: &WindowCell,
    placement: &Placement,
) -> Result<f64> {
    if cell.repeats == 0 {
        return Ok(0.0);
    }
    let evaluator = bench.evaluator(cell, placement, Gradients::Free)?;
    let mut samples = Vec::with_capacity(cell.repeats);
    for repeat in 0..=cell.repeats {
        let mut method = Clocked::new(bench.method(cell, &evaluator)?, placement);
        method.advance()?;
        if repeat > 0 {
            samples.push(method.seconds()[0] / method.counts().rounds as f64);
        }
    }
    Ok(median(&samples).unwrap_or_default())
}
