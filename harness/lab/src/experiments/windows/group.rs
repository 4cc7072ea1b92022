//! What a group of cells that are timed together has come to, and what is left to do.

use super::cell::{MeasuredWindow, WindowCell};
use super::passes::Timed;
use crate::journal::Outcome;
use crate::kept::Keeper;
use serde::{Deserialize, Serialize};

/// What a group has come to: what is kept of it, so that it can go on after an interruption.
#[derive(Deserialize, Serialize)]
pub(super) struct GroupProgress {
    pub cells: Vec<WindowCell>,
    /// What came of each cell up to now; none of those that have not been run.
    pub outcomes: Vec<Option<Outcome<MeasuredWindow>>>,
    /// The sequential runs in order, one list for each time that the group was begun or gone on with: a run is
    /// beside the one before only if the same process made both.
    pub baseline: Vec<Vec<Timed>>,
    /// Which cells are timed, in the order of the first round; none before that.
    pub contestants: Vec<usize>,
    /// How many pairs of them, or single ones, have been timed.
    pub timed: usize,
}

impl GroupProgress {
    /// Of cells, as far as it was kept; a journal that has some of them by now makes it another group.
    pub fn of(cells: &[WindowCell], keeper: &Keeper) -> Self {
        match keeper.kept::<Self>() {
            Some(kept) if kept.cells == cells => kept,
            _ => Self {
                cells: cells.to_vec(),
                outcomes: vec![None; cells.len()],
                baseline: Vec::new(),
                contestants: Vec::new(),
                timed: 0,
            },
        }
    }
}

/// In which order contestants are timed: pairs that share the sequential runs around them, an empty one where the
/// sequential flow is alone. The order rotates from round to round.
pub(super) fn schedule(contestants: &[usize], rounds: usize) -> Vec<Vec<usize>> {
    if contestants.is_empty() {
        return vec![Vec::new(); rounds];
    }
    let round = |round: usize| {
        let mut order = contestants.to_vec();
        order.rotate_left(round % contestants.len());
        order.chunks(2).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    (0..rounds).flat_map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_times_each_contestant_once_beside_a_sequential_run() {
        let pairs = schedule(&[1, 2, 4], 2);
        assert_eq!(pairs, [vec![1, 2], vec![4], vec![2, 4], vec![1]]);
        assert_eq!(schedule(&[], 2), [const { Vec::<usize>::new() }; 2]);
    }
}
