//! How good the estimate is of what as many devices as slots would do.

use super::labels::{kinetic, name};
use super::tables::{number, speedup};
use lab::experiments::windows::WindowRow;
use report::{Cell, Table, TableBlock};
use rows::format::Format;

const NOTE: &str = "*Modelled* is the estimate that stands for as many devices as slots where those are not there: \
rounds × (a gradient of one worker + a round without gradients). Here every slot had a core or \
device, so that it can be compared with what was measured. Above 1 it promises too much, as where \
workers share memory bandwidth or wait for the slowest; below 1 too little.";

/// Shows the estimate beside the measurement, where every slot had a core or device of its own; `None` where
/// there is no such row.
pub(super) fn table(rows: &[WindowRow]) -> Option<TableBlock> {
    let compared = rows
        .iter()
        .filter(|row| row.modelled_over_measured.is_some());
    let compared: Vec<&WindowRow> = compared.collect();
    let table = Table::of(&compared)
        .words("data set", |row| name(row, rows))
        .words("φ", |row| kinetic(row, rows))
        .words("window", |row| row.method())
        .words("on", |row| &row.devices)
        .number("depth", Format::Ratio, |row| row.depth_speedup)
        .number("modelled", Format::Ratio, |row| row.modelled_speedup)
        .modelled()
        .numbers("measured", |row| speedup(row))
        .number("modelled / measured", Format::Fixed(2), |row| {
            row.modelled_over_measured
        })
        .modelled()
        .numbers("capacity", |row| capacity(row))
        .build()
        .without_empty_columns();
    (!table.is_empty())
        .then(|| TableBlock::new("How good the estimate is", table, NOTE).not_in_terminal())
}

/// Shows how much of the machine a row's workers had: `97 %`, and a word if that is too little.
pub(super) fn capacity(row: &WindowRow) -> Cell {
    let share = number(row.capacity, Format::Percent(0));
    match row.disturbed {
        Some(true) if share.is_empty() => "disturbed".into(),
        Some(true) => share.then(", disturbed"),
        _ => share,
    }
}

#[cfg(test)]
mod tests {
    use super::super::window_row;
    use super::*;

    #[test]
    fn only_rows_with_a_device_for_each_slot_show_how_good_the_estimate_is() {
        let compared = WindowRow {
            modelled_over_measured: Some(1.042),
            capacity: Some(0.966),
            disturbed: Some(false),
            ..window_row()
        };
        let lacking = WindowRow {
            modelled_over_measured: None,
            ..window_row()
        };
        let block = table(&[lacking.clone(), compared]).unwrap();
        let texts = |title: &str| block.table.texts(title).unwrap();
        assert_eq!(texts("modelled / measured"), ["1.04"]);
        assert_eq!(texts("capacity"), ["97 %"]);
        assert!(table(&[lacking]).is_none());
        assert!(table(&[]).is_none());
    }

    #[test]
    fn a_disturbed_row_says_so_beside_its_capacity() {
        let row = |capacity, disturbed| WindowRow {
            capacity,
            disturbed,
            ..window_row()
        };
        assert_eq!(
            capacity(&row(Some(0.5), Some(true))).text(),
            "50 %, disturbed"
        );
        assert_eq!(capacity(&row(None, Some(true))).text(), "disturbed");
        assert_eq!(capacity(&row(None, None)).text(), "");
    }
}
