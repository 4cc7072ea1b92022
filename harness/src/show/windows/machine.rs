//! What is said below a table of how much of the machine was there.

use super::labels::name;
use lab::experiments::windows::WindowRow;
use rows::format::Format;

/// How many disturbed rows are named before the rest are only counted.
const NAMED: usize = 4;

/// Writes a paragraph on how much of the machine the timed rows had; `None` if nothing is known of it.
pub(super) fn paragraph(rows: &[WindowRow]) -> Option<String> {
    let known = rows.iter().filter(|row| row.disturbed.is_some()).count();
    if known == 0 {
        return None;
    }
    let all = |of: fn(&WindowRow) -> Option<f64>| rows.iter().filter_map(of).collect::<Vec<f64>>();
    let capacity = Format::Percent(0).spread(&all(|row| row.capacity));
    // More workers than cores wait by construction.
    let own = |row: &WindowRow| row.waited_share.filter(|_| !row.oversubscribed);
    let waited = Format::Percent(0).spread(&all(own));
    let mut sentences = Vec::new();
    if !capacity.is_empty() {
        sentences.push(format!(
            "*How much of the machine was there*: beside one another, workers were {capacity} as fast as one \
             alone (median and range over rows, by probes between the timed runs; 100 %: a core of its own for \
             each)."
        ));
    }
    if !waited.is_empty() {
        sentences.push(format!(
            "Where there was a core for each worker, threads waited {waited} of their time for one."
        ));
    }
    let disturbed: Vec<&WindowRow> = rows
        .iter()
        .filter(|row| row.disturbed == Some(true))
        .collect();
    sentences.push(match disturbed.len() {
        0 => "No timed row was disturbed.".into(),
        count => {
            let label = |row: &&WindowRow| format!("{} {} on {}", name(row, &[]).text(), row.method(), row.devices);
            let mut names: Vec<String> = disturbed.iter().take(NAMED).map(label).collect();
            if count > NAMED {
                names.push(format!("and {} more", count - NAMED));
            }
            format!(
                "**{count} of {known} timed rows were disturbed** ({}): something else used the machine or slowed it down, and \
                 their times decide nothing. Run again on a quiet machine with `--fresh`.",
                names.join("; ")
            )
        }
    });
    Some(sentences.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::window_row;
    use super::*;

    fn row(capacity: f64, disturbed: bool) -> WindowRow {
        WindowRow {
            capacity: Some(capacity),
            disturbed: Some(disturbed),
            waited_share: Some(0.01),
            ..window_row()
        }
    }

    #[test]
    fn a_quiet_machine_is_said_to_be_one() {
        let text = paragraph(&[row(0.97, false), row(0.99, false), row(0.98, false)]).unwrap();
        assert!(text.contains("98 % [97 %, 99 %]"), "{text}");
        assert!(text.contains("waited 1 % of their time"), "{text}");
        assert!(text.contains("No timed row was disturbed"), "{text}");
    }

    #[test]
    fn disturbed_rows_are_counted_and_named_with_what_to_do() {
        let rows = [row(0.97, false), row(0.5, true)];
        let text = paragraph(&rows).unwrap();
        assert!(text.contains("1 of 2 timed rows were disturbed"), "{text}");
        assert!(text.contains("a8a W=4 copy"), "{text}");
        assert!(text.contains("--fresh"), "{text}");
        let many = paragraph(&vec![row(0.5, true); 6]).unwrap();
        assert!(many.contains("and 2 more"), "{many}");
    }

    #[test]
    fn nothing_is_said_of_a_machine_of_which_nothing_is_known() {
        let unknown = WindowRow {
            disturbed: None,
            capacity: None,
            ..window_row()
        };
        assert_eq!(paragraph(&[unknown]), None);
    }
}
