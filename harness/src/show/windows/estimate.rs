//! How good the estimate is of what as many devices as slots would do.

use super::{name, ratio, ratio_with_interval, varied};
use lab::experiments::windows::WindowRow;
use report::{Table, TableBlock};

/// The estimate beside the measurement, where every slot had a core or device of its own; `None` where
/// there is no such row.
pub(super) fn table(rows: &[WindowRow]) -> Option<TableBlock> {
    let mut table = Table::new(&[
        "data set",
        "φ",
        "window",
        "on",
        "depth",
        "modelled",
        "measured",
        "modelled / measured",
        "capacity",
    ]);
    let several = rows
        .iter()
        .any(|r| r.kinetic_energy != rows[0].kinetic_energy);
    for row in rows {
        let Some(quotient) = row.modelled_over_measured else {
            continue;
        };
        table.push(vec![
            name(row) + &varied(row, rows),
            if several {
                row.kinetic_energy.clone()
            } else {
                String::new()
            },
            row.method(),
            row.devices.clone(),
            ratio(row.depth_speedup),
            ratio(row.modelled_speedup),
            ratio_with_interval(row),
            format!("{quotient:.2}"),
            capacity(row),
        ]);
    }
    (!table.is_empty()).then(|| TableBlock {
        caption: "How good the estimate is".into(),
        table: table.without_empty_columns(),
        note: "*Modelled* is the estimate that stands for as many devices as slots where those are not there: \
               rounds × (a gradient of one worker + a round without gradients). Here every slot had a core or \
               device, so that it can be compared with what was measured. Above 1 it promises too much, as where \
               workers share memory bandwidth or wait for the slowest; below 1 too little."
            .into(),
        in_terminal: false,
    })
}

/// How much of the machine a row's workers had: `97 %`, and a word if that is too little.
pub(super) fn capacity(row: &WindowRow) -> String {
    let share = row.capacity.map(|share| format!("{:.0} %", 100.0 * share));
    let disturbed = (row.disturbed == Some(true)).then(|| "disturbed".to_owned());
    let words: Vec<String> = share.into_iter().chain(disturbed).collect();
    words.join(", ")
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
        assert_eq!(block.table.rows().len(), 1);
        let row = &block.table.rows()[0];
        assert_eq!(row[row.len() - 2..], ["1.04", "97 %"]);
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
        assert_eq!(capacity(&row(Some(0.5), Some(true))), "50 %, disturbed");
        assert_eq!(capacity(&row(None, Some(true))), "disturbed");
        assert_eq!(capacity(&row(None, None)), "");
    }
}
