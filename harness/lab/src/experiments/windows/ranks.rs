//! Windows on several ranks: what rank 0 tells the others to do, and their doing it.
//!
//! Rank 0 measures as ever. Where a cell's gradients are computed on all ranks, each of them makes the same method from
//! the same point and advances it alike; within a flow nothing but gradients goes between them, one exchange a round.

use super::bench::{Gradients, Workbench};
use super::cell::WindowCell;
use super::gradients::Lone;
use crate::capacity::{Workers, spin};
use crate::device::{Machine, Placement};
use anyhow::{Context, Result, bail, ensure};
use candle_core::Tensor;
use datasets::Dataset;
use optim::{Counts, Method, Progress, Ranks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// What rank 0 tells the others.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum RankOrder {
    /// Put the data set of a cell on the device.
    Bench(Box<WindowCell>),
    /// Make a cell's method, with free gradients or real ones, in the place of the last.
    Method { cell: Box<WindowCell>, free: bool },
    /// Advance it.
    Advance,
    /// Do some work so often beside the others, on as many ranks as the cell has workers.
    Probe {
        cell: Box<WindowCell>,
        work: RankWork,
        calls: usize,
    },
    /// It was the last.
    End,
}

/// What ranks are probed with.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(super) enum RankWork {
    /// Arithmetic that needs no memory.
    Arithmetic,
    /// A gradient at the starting point.
    Gradient,
}

impl RankOrder {
    fn written(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Tells all ranks.
    pub(super) fn tell(&self, ranks: &dyn Ranks) -> Result<()> {
        ranks.broadcast(&self.written()?)?;
        Ok(())
    }
}

/// A method that the other ranks advance beside this one.
pub(super) struct Together {
    ranks: Arc<dyn Ranks>,
    method: Box<dyn Method>,
    /// [`RankOrder::Advance`], as it is told.
    order: Vec<u8>,
}

impl Together {
    pub(super) fn new(ranks: Arc<dyn Ranks>, method: Box<dyn Method>) -> Result<Self> {
        Ok(Self {
            order: RankOrder::Advance.written()?,
            ranks,
            method,
        })
    }
}

impl Method for Together {
    fn advance(&mut self) -> optim::Result<Progress> {
        self.ranks.broadcast(&self.order)?;
        self.method.advance()
    }

    fn position(&self) -> &Tensor {
        self.method.position()
    }

    fn counts(&self) -> Counts {
        self.method.counts()
    }
}

/// The ranks as what a probe asks to work: rank 0 alone, or all at once.
pub(super) struct RankWorkers {
    ranks: Arc<dyn Ranks>,
    cell: WindowCell,
    work: RankWork,
    own: RankWorker,
}

impl RankWorkers {
    pub(super) fn of(
        bench: &Workbench,
        cell: &WindowCell,
        (ranks, work): (Arc<dyn Ranks>, RankWork),
    ) -> Result<Self> {
        Ok(Self {
            own: RankWorker::of(bench, cell)?,
            cell: cell.clone(),
            ranks,
            work,
        })
    }
}

impl Workers for RankWorkers {
    fn seconds(&self, at_once: bool, calls: usize) -> Result<f64> {
        if !at_once {
            return self.own.seconds(self.work, calls);
        }
        let order = RankOrder::Probe {
            cell: Box::new(self.cell.clone()),
            work: self.work,
            calls,
        };
        order.tell(self.ranks.as_ref())?;
        self.own.beside(self.ranks.as_ref(), self.work, calls)
    }
}

/// One rank's part of a probe.
struct RankWorker {
    lone: Lone,
    placement: Placement,
}

impl RankWorker {
    fn of(bench: &Workbench, cell: &WindowCell) -> Result<Self> {
        let placement = bench.placement(cell)?;
        Ok(Self {
            lone: bench.lone(cell, &placement)?,
            placement,
        })
    }

    /// Seconds of so many calls.
    fn seconds(&self, work: RankWork, calls: usize) -> Result<f64> {
        self.placement.run(|| {
            let begin = Instant::now();
            for call in 0..calls {
                match work {
                    RankWork::Arithmetic => spin(call)?,
                    RankWork::Gradient => self.lone.gradient(0)?,
                }
            }
            Ok(begin.elapsed().as_secs_f64())
        })
    }

    /// The same on every rank that the cell has work for: the seconds of the slowest, each from where they were
    /// all ready, as clocks of several hosts are not one.
    fn beside(&self, ranks: &dyn Ranks, work: RankWork, calls: usize) -> Result<f64> {
        let own = 0_f64.to_le_bytes();
        let mut all = vec![0; own.len() * ranks.count()];
        ranks.all_gather(&own, &mut all)?;
        let took = match ranks.rank() < self.placement.devices.len() {
            true => self.seconds(work, calls)?,
            false => 0.0,
        };
        ranks.all_gather(&took.to_le_bytes(), &mut all)?;
        let (seconds, _) = all.as_chunks();
        let seconds = seconds.iter().map(|bytes| f64::from_le_bytes(*bytes));
        Ok(seconds.fold(0.0, f64::max))
    }
}

/// Ends the other ranks' work when rank 0's ends, however it does.
pub struct Leader(Arc<dyn Ranks>);

impl Leader {
    /// Of the ranks of a machine, if it has any.
    #[must_use]
    pub fn of(machine: &Machine) -> Option<Self> {
        machine.ranks().map(|ranks| Self(ranks.clone()))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // One that is lost cannot be told.
        RankOrder::End.tell(self.0.as_ref()).ok();
    }
}

/// Makes sure that all ranks have the same of everything that is named, before any of them computes.
///
/// # Errors
/// If one has another.
pub fn agree(ranks: &dyn Ranks, same: &[(&str, String)]) -> Result<()> {
    const ROOM: usize = 256;
    let own: Vec<u8> = same
        .iter()
        .flat_map(|(_, value)| padded(value, ROOM))
        .collect();
    let mut all = vec![0; own.len() * ranks.count()];
    ranks.all_gather(&own, &mut all)?;
    let of = |rank: usize, field: usize| {
        let bytes = &all[rank * own.len() + field * ROOM..][..ROOM];
        let text = String::from_utf8_lossy(bytes);
        text.trim_end_matches('\0').to_owned()
    };
    for rank in 1..ranks.count() {
        for (field, (what, _)) in same.iter().enumerate() {
            let (first, there) = (of(0, field), of(rank, field));
            ensure!(
                first == there,
                "rank {rank} has another {what} than rank 0: {there}, not {first}"
            );
        }
    }
    Ok(())
}

fn padded(text: &str, room: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes()[..text.len().min(room)].to_vec();
    bytes.resize(room, 0);
    bytes
}

/// Does what rank 0 says until it says that it was the last: the work of every other rank. `load` gets the data
/// set of a digest, which is held no longer than it takes to put it on the device.
///
/// # Errors
/// If a gradient fails, or there is no such data set.
pub fn serve(machine: &Machine, load: impl Fn(&str) -> Result<Dataset>) -> Result<()> {
    let ranks = machine.ranks().context("this machine has no ranks")?;
    let mut bench: Option<Workbench> = None;
    let mut method: Option<(WindowCell, Box<dyn Method>)> = None;
    loop {
        match serde_json::from_slice(&ranks.broadcast(&[])?).context("an order of rank 0")? {
            RankOrder::Bench(like) => {
                method = None;
                // Before the new one is made, so that two data sets are never there at once.
                drop(bench.take());
                let dataset = load(&like.data_digest);
                let dataset = dataset.with_context(|| format!("no {} here", like.dataset))?;
                bench = Some(Workbench::of_rank(machine, &dataset, &like)?);
            }
            RankOrder::Method { cell, free } => {
                let bench = bench.as_ref().context("a method before its data")?;
                let gradients = match free {
                    true => Gradients::Free,
                    false => Gradients::Real,
                };
                let placement = bench.placement(&cell)?;
                let evaluator = bench.evaluator(&cell, &placement, gradients)?;
                method = Some((*cell.clone(), bench.own_method(&cell, &evaluator)?));
            }
            RankOrder::Advance => {
                let (Some(bench), Some((cell, method))) = (&bench, &mut method) else {
                    bail!("told to advance before there is a method");
                };
                bench.placement(cell)?.run(|| method.advance())?;
            }
            RankOrder::Probe { cell, work, calls } => {
                let bench = bench.as_ref().context("a probe before its data")?;
                RankWorker::of(bench, &cell)?.beside(ranks.as_ref(), work, calls)?;
            }
            RankOrder::End => return Ok(()),
        }
    }
}
