//! Where a round's time goes on ranks.

use super::labels::{kinetic, name};
use super::tables::speedup;
use lab::experiments::windows::WindowRow;
use report::{Table, TableBlock};
use rows::format::Format;

const NOTE: &str = "Each rank is a process with a device and a replica of the data; they move the window alike and exchange \
gradients once a round. *Gradient*, *waited* (for the slowest rank's gradients) and *exchange* are means over all rounds, as rank 0 saw them; *rest* is what a timed run's round took besides, with free gradients and without the exchange. *Modelled* is \
an estimate: rounds × (a gradient of one worker + a round with free gradients).";

/// Shows it for every row that was made on ranks; `None` where there is none.
pub(super) fn table(rows: &[WindowRow]) -> Option<TableBlock> {
    let on_ranks = rows.iter().filter(|row| row.rank_exchange_s.is_some());
    let on_ranks: Vec<&WindowRow> = on_ranks.collect();
    let table = Table::of(&on_ranks)
        .words("data set", |row| name(row, rows))
        .words("φ", |row| kinetic(row, rows))
        .words("window", |row| row.method())
        .words("on", |row| &row.devices)
        .number("gradient", Format::Seconds, |row| row.rank_gradient_s)
        .number("waited", Format::Seconds, |row| row.rank_waited_s)
        .number("exchange", Format::Seconds, |row| row.rank_exchange_s)
        .number("rest", Format::Seconds, |row| rest(row))
        .number("received", Format::Bytes, |row| row.rank_bytes)
        .number("depth", Format::Ratio, |row| row.depth_speedup)
        .numbers("speedup", |row| speedup(row))
        .number("modelled", Format::Ratio, |row| row.modelled_speedup)
        .modelled()
        .build()
        .without_empty_columns();
    (!table.is_empty()).then(|| TableBlock::new("Where a round's time goes", table, NOTE))
}

/// A round with free gradients less its exchange, which is not below 0 but for noise.
fn rest(row: &WindowRow) -> Option<f64> {
    Some((row.round_overhead_s? - row.rank_exchange_s?).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_on_ranks_are_shown_with_what_a_round_takes() {
        let alone = WindowRow::default();
        assert!(table(std::slice::from_ref(&alone)).is_none());
        let on_two = WindowRow {
            devices: "mpi:2".into(),
            rank_gradient_s: Some(0.002),
            rank_waited_s: Some(0.001),
            rank_exchange_s: Some(0.0005),
            round_overhead_s: Some(0.0007),
            rank_bytes: Some(2048.0),
            ..WindowRow::default()
        };
        let block = table(&[alone, on_two.clone()]).unwrap();
        let text = block.table.to_terminal();
        assert_eq!(text.matches("mpi:2").count(), 1);
        assert!(
            text.contains(" 2.00 ms ") && text.contains(" 500 µs "),
            "{text}"
        );
        assert!((rest(&on_two).unwrap() - 0.0002).abs() < 1e-12);
        let quick = WindowRow {
            round_overhead_s: Some(0.0001),
            ..on_two
        };
        assert_eq!(rest(&quick), Some(0.0));
    }
}
