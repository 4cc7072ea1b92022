//! Windows on several ranks: what rank 0 tells the others to do, and their doing it.
//!
//! Rank 0 measures as ever. Where a cell's gradients are computed on all ranks, each of them makes the same method from
//! the same point and advances it alike; within a flow nothing but gradients goes between them, one exchange a round.

use super::bench::{Gradients, Workbench};
use super::cell::WindowCell;
use crate::device::Machine;
use anyhow::{Context, Result, bail, ensure};
use candle_core::Tensor;
use datasets::Dataset;
use optim::{Counts, Method, Progress, Ranks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What rank 0 tells the others.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum RankOrder {
    /// Put the data set of a cell on the device.
    Bench(Box<WindowCell>),
    /// Make a cell's method, with free gradients or real ones, in the place of the last.
    Method { cell: Box<WindowCell>, free: bool },
    /// Advance it.
    Advance,
    /// It was the last.
    End,
}

impl RankOrder {
    /// Tells all ranks.
    pub(super) fn tell(&self, ranks: &dyn Ranks) -> Result<()> {
        ranks.broadcast(&serde_json::to_vec(self)?)?;
        Ok(())
    }
}

/// A method that the other ranks advance beside this one.
pub(super) struct Together {
    pub(super) ranks: Arc<dyn Ranks>,
    pub(super) method: Box<dyn Method>,
}

impl Method for Together {
    fn advance(&mut self) -> optim::Result<Progress> {
        let order = serde_json::to_vec(&RankOrder::Advance).unwrap_or_default();
        self.ranks.broadcast(&order)?;
        self.method.advance()
    }

    fn position(&self) -> &Tensor {
        self.method.position()
    }

    fn counts(&self) -> Counts {
        self.method.counts()
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

/// Does what rank 0 says until it says that it was the last: the work of every other rank.
///
/// # Errors
/// If a gradient fails, or what is asked for is not one of these data sets.
pub fn serve(machine: &Machine, datasets: &[Dataset]) -> Result<()> {
    let ranks = machine.ranks().context("this machine has no ranks")?;
    let mut bench: Option<Workbench> = None;
    let mut method: Option<(WindowCell, Box<dyn Method>)> = None;
    loop {
        match serde_json::from_slice(&ranks.broadcast(&[])?).context("an order of rank 0")? {
            RankOrder::Bench(like) => {
                method = None;
                // Before the new one is made, so that two data sets are never there at once.
                drop(bench.take());
                let dataset = datasets
                    .iter()
                    .find(|data| data.digest() == like.data_digest);
                let dataset = dataset.with_context(|| format!("no {} here", like.dataset))?;
                bench = Some(Workbench::of_rank(machine, dataset, &like)?);
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
            RankOrder::End => return Ok(()),
        }
    }
}
