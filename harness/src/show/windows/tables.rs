//! The two tables of windows: as the paper prints its own, and every cell.

use super::labels::{kinetic, name};
use super::{estimate::capacity, judged::Speedups};
use lab::experiments::windows::{WindowRow, lacks_devices};
use report::{Cell, Piece, Table};
use rows::format::Format;
use rows::statistics::Interval;

/// A row of the paper's Table 2: its own method on one worker, and on as many as the paper had.
struct PrintedRow<'a> {
    one: Option<&'a WindowRow>,
    many: &'a WindowRow,
}

impl<'a> PrintedRow<'a> {
    /// Finds the row of one worker: the one that has the paper's time, where it is comparable at all.
    fn of(many: &'a WindowRow, rows: &'a [WindowRow]) -> Self {
        let single = rows
            .iter()
            .filter(|r| r.dataset == many.dataset && r.window == 1);
        let comparable = single.clone().find(|r| r.paper_wall_s.is_some());
        Self {
            one: comparable.or_else(|| single.into_iter().next()),
            many,
        }
    }
}

/// Shows the paper's own method on each data set, one worker against as many as the paper had.
pub(super) fn as_printed(rows: &[WindowRow], workers: u64, speedups: &Speedups) -> Table {
    let many = rows.iter().filter(|row| {
        row.window == workers && (row.paper_speedup.is_some() || row.paper_differs.is_some())
    });
    let printed: Vec<PrintedRow> = many.map(|many| PrintedRow::of(many, rows)).collect();
    Table::of(&printed)
        .words("data set", |row| name(row.many, &[]))
        .number("1 worker", Format::Seconds, |row| row.one?.wall_s)
        .numbers(format!("{workers} workers"), |row| {
            number(row.many.wall_s, Format::Seconds).then(mark(row.many))
        })
        .numbers("speedup", |row| speedup(row.many))
        .number("paper speedup", Format::Ratio, |row| row.many.paper_speedup)
        .words("verdict", |row| match speedups.get(&row.many.cell) {
            Some(claim) => claim.verdict.into(),
            None if speedups.is_empty() => Cell::default(),
            None => "none".into(),
        })
        .number("depth", Format::Ratio, |row| row.many.depth_speedup)
        .numbers("late", |row| long_ratio(row.many))
        .number("modelled", Format::Ratio, |row| row.many.modelled_speedup)
        .modelled()
        .number("modelled late", Format::Ratio, |row| row.many.modelled_late)
        .modelled()
        .detail()
        .number("paper 1 GPU", Format::Seconds, |row| row.one?.paper_wall_s)
        .detail()
        .number(format!("paper {workers} GPUs"), Format::Seconds, |row| {
            row.many.paper_wall_s
        })
        .detail()
        .build()
        .without_empty_columns()
}

/// Shows all that was measured.
pub(super) fn every_cell(rows: &[WindowRow]) -> Table {
    let mut tolerances = rows.iter().filter_map(|r| r.tolerance);
    let first = tolerances.next();
    let several = tolerances.any(|t| Some(t) != first);
    Table::of(rows)
        .words("data set", |row| name(row, rows))
        .words("φ", |row| kinetic(row, rows))
        .words("method", |row| row.method())
        .number("τ", Format::Exact, |row| row.tolerance.filter(|_| several))
        .words("on", |row| format!("{}{}", row.devices, mark(row)))
        .words("status", |row| {
            Some(&row.status).filter(|status| *status != "complete")
        })
        .number("wall", Format::Seconds, |row| row.wall_s)
        .numbers("speedup", speedup)
        .number("depth", Format::Ratio, |row| row.depth_speedup)
        .number("paper", Format::Ratio, |row| row.paper_speedup)
        .number("modelled", Format::Ratio, |row| row.modelled_speedup)
        .modelled()
        .number("flow error", Format::Power(0), |row| row.flow_error)
        .number("train loss", Format::Fixed(4), |row| row.train_loss)
        .detail()
        .number("test acc.", Format::Percent(2), |row| row.test_accuracy)
        .numbers("capacity", capacity)
        .number("rounds", Format::Whole, |row| row.rounds.map(|n| n as f64))
        .detail()
        .number("gradients", Format::Whole, |row| {
            row.distinct_gradients.map(|n| n as f64)
        })
        .detail()
        .numbers("memory", memory)
        .detail()
        .number("eff.", Format::Fixed(2), |row| row.efficiency)
        .detail()
        .numbers("floor", floor)
        .detail()
        .build()
        .without_empty_columns()
}

/// Makes a cell of a number, if there is one.
pub(super) fn number(value: Option<f64>, format: Format) -> Cell {
    value.map(|value| Piece::Number(value, format)).into()
}

/// The fewest timed runs of which an interval says anything.
const REPEATS: u64 = 3;

/// Shows a row's speedup with its interval; of too few runs without one.
pub(super) fn speedup(row: &WindowRow) -> Option<Piece> {
    let (median, low, high) = (row.speedup?, row.speedup_low?, row.speedup_high?);
    Some(match row.repeats {
        0..REPEATS => Piece::Number(median, Format::Ratio),
        _ => Piece::Interval(Interval { median, low, high }, Format::Ratio),
    })
}

/// Shows the depth speedup of the longer run, and over how many flows it was: `3.33x (K = 200)`.
fn long_ratio(row: &WindowRow) -> Option<Cell> {
    let flows = row.long_flows?;
    Some(number(row.depth_late, Format::Ratio).then(format!(" (K = {flows})")))
}

/// Marks what a reader has to be warned of.
fn mark(row: &WindowRow) -> &'static str {
    if row.oversubscribed || lacks_devices(row) {
        "*"
    } else {
        ""
    }
}

/// Shows the share of the wall time that nothing can be faster than, and what bounds it: `41 % ops`.
pub(super) fn floor(row: &WindowRow) -> Option<Cell> {
    let bound = match row.bound.as_deref()? {
        "memory" => " mem",
        "compute" => " ops",
        _ => " ovh",
    };
    Some(number(row.floor_share, Format::Percent(0)).then(bound))
}

/// Shows what a flow holds, and what one more step of a window takes: `1.2 MB, 19.5 B`.
fn memory(row: &WindowRow) -> Cell {
    let held = row.held_bytes.map(|bytes| bytes as f64);
    let more = number(row.bytes_per_point, Format::Fixed(1)).then(" B");
    let behind = if more.is_empty() { "" } else { ", " };
    number(held, Format::Bytes).then(behind).then(more)
}

#[cfg(test)]
mod tests {
    use super::super::window_row;
    use super::*;

    #[test]
    fn fewer_than_three_runs_have_no_interval() {
        let shown = |repeats: u64| {
            let row = WindowRow {
                repeats,
                speedup_low: Some(1.5),
                speedup_high: Some(2.25),
                ..window_row()
            };
            Cell::from(speedup(&row)).text()
        };
        assert_eq!(shown(2), "2.00x");
        assert_eq!(shown(3), "2.00x [1.50, 2.25]");
    }
}
