//! Which window is the fastest on each data set, and why.

use super::labels::{name, varied};
use super::tables::{floor, number, speedup};
use lab::experiments::windows::WindowRow;
use lab::experiments::windows::plan::Choice;
use report::{Table, TableBlock};
use rows::format::Format;

/// Shows the fastest window of each data set, evaluator's group and setting, of those that end near
/// enough to the sequential flow.
pub(super) fn chosen(rows: &[WindowRow], choice: Choice) -> TableBlock {
    let table = Table::of(&best(rows, choice))
        .words("data set", |row| name(row, rows))
        .words("window", |row| row.method())
        .number("τ", Format::Exact, |row| row.tolerance)
        .words("on", |row| &row.devices)
        .number("flow error", Format::Power(0), |row| row.flow_error)
        .number("sequential", Format::Seconds, |row| row.baseline_wall_s)
        .number("wall", Format::Seconds, |row| row.wall_s)
        .number("depth", Format::Ratio, |row| row.depth_speedup)
        .numbers("a round costs", |row| {
            number(row.round_gradients, Format::Fixed(2)).then(" gradients")
        })
        .numbers("speedup", |row| speedup(row))
        .numbers("floor", |row| floor(row))
        .build();
    let note = format!(
        "Of all windows above with a flow error of at most {:e}, the one with the largest \
         median speedup. *A round costs* says how many sequential gradients one round of the \
         window takes the time of, all its gradients at once, corrections and predictions \
         included: the speedup is the depth speedup over this. The choice is made on the same \
         runs that are shown, so its speedup is a little flattered.",
        choice.flow_error
    );
    let caption = "The fastest window of each data set";
    TableBlock::new(caption, table.without_empty_columns(), note)
}

/// Chooses the fastest of each data set and group.
fn best(rows: &[WindowRow], choice: Choice) -> Vec<&WindowRow> {
    let near = |row: &&WindowRow| {
        row.evaluator != "sequential"
            && row.speedup.is_some()
            && row.flow_error.is_some_and(|e| e <= choice.flow_error)
    };
    let mut best: Vec<&WindowRow> = Vec::new();
    for row in rows.iter().filter(near) {
        let same = |other: &&mut &WindowRow| {
            other.dataset == row.dataset
                && other.evaluator == row.evaluator
                && other.kinetic_energy == row.kinetic_energy
                && varied(other, rows) == varied(row, rows)
        };
        match best.iter_mut().find(same) {
            Some(other) if row.speedup > other.speedup => *other = row,
            Some(_) => {}
            None => best.push(row),
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::window_row;
    use super::*;

    #[test]
    fn the_fastest_of_those_that_end_near_enough_is_chosen() {
        let row = |width: u64, speedup: f64, error: f64| WindowRow {
            window: width,
            speedup: Some(speedup),
            flow_error: Some(error),
            ..window_row()
        };
        let rows = [row(4, 2.0, 1e-4), row(8, 3.0, 5e-4), row(20, 9.0, 2e-3)];
        let choice = Choice { flow_error: 1e-3 };
        let best = best(&rows, choice);
        assert_eq!(best.len(), 1);
        assert_eq!(best[0].window, 8);
        assert!(super::best(&rows, Choice { flow_error: 0.0 }).is_empty());
    }
}
