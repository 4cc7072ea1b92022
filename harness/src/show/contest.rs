//! How the rows of a contest are shown: contestants down, data sets across, a table for each task and baseline.

use super::shared::grouped;
use lab::experiments::contest::plan::ContestPlan;
use lab::experiments::contest::{ContestRow, TurnRow};
use lab::experiments::identity::once;
use report::{Block, Cell, Document, Piece, Table, TableBlock};
use rows::Frame;
use rows::format::Format;
use rows::statistics::Interval;

/// From so many timings on an interval of a median can cover 95 %: 1 − 2/2ⁿ is the chance that the median lies between
/// the least and the largest of n.
const ENOUGH: u64 = 6;

/// How the status of one begins that is left out.
const LEFT_OUT: &str = "left out";

/// Of fewer timings no interval is shown.
const SOME: u64 = 3;

/// Makes the report.
pub fn document(plan: &ContestPlan, rows: &[ContestRow], turns: &[TurnRow]) -> Document {
    let mut blocks = vec![Block::Text(setting(plan, rows))];
    blocks.extend(few(rows).map(Block::Text));
    blocks.extend(machine(rows).map(Block::Text));
    let left_out = reasons(rows, LEFT_OUT);
    if !left_out.is_empty() {
        blocks.push(Block::List(left_out));
    }
    for shown in tables(rows) {
        let block = TableBlock::new(shown.title, table(&shown.rows), shown.note);
        // On a terminal one baseline is enough.
        blocks.push(match shown.first {
            true => block.into(),
            false => block.not_in_terminal().into(),
        });
    }
    blocks.push(
        TableBlock::new(AGREEMENT, agreement(rows), AGREEMENT_NOTE)
            .not_in_terminal()
            .into(),
    );
    let versions = TableBlock::new("What contestants say of themselves", versions(rows), "");
    blocks.push(versions.not_in_terminal().into());
    let frames = vec![Frame::of("rows", rows), Frame::of("turns", turns)];
    Document::made_of(blocks, frames, reasons(rows, "failed"))
}

fn setting(plan: &ContestPlan, rows: &[ContestRow]) -> String {
    let flows = once(rows.iter().map(|row| (&row.dataset, row.flows)));
    let flows: Vec<String> = flows
        .iter()
        .map(|(dataset, flows)| format!("{flows} ({dataset})"))
        .collect();
    format!(
        "Each cell is the median time of the rounds, and how many times the baseline's time that is: the median of the rounds' \
         paired ratios, with its bootstrap interval. **Above 1x the baseline is faster, below 1x the contestant is.** In each \
         round all contestants were timed one after the other, in rotating order, on the same f32 data from the same start; \
         each may use all cores. None was timed before its gradients were within {:e} and its loss after the flow \
         within {:e} of this project's own in f64, relative. The flow is symplectic Euler, θ = {}, S = {}, K = {}. An asterisk: \
         something else used the machine.",
        plan.agreement.gradient,
        plan.agreement.loss,
        plan.step_size,
        plan.steps,
        flows.join(", ")
    )
}

/// Says that there are too few timings for intervals to cover what they say.
fn few(rows: &[ContestRow]) -> Option<String> {
    let timed = rows.iter().filter(|row| row.wall_s.is_some());
    let fewest = timed.map(|row| row.repeats).min()?;
    (fewest < ENOUGH).then(|| {
        format!(
            "**Of {fewest} timings an interval covers less than it says**: {ENOUGH} are the fewest with which that of a median \
             can cover 95 %."
        )
    })
}

/// Says how much of the machine was there.
fn machine(rows: &[ContestRow]) -> Option<String> {
    let known = rows.iter().filter(|row| row.disturbed.is_some()).count();
    let disturbed = rows
        .iter()
        .filter(|row| row.disturbed == Some(true))
        .count();
    let capacity: Vec<f64> = rows.iter().filter_map(|row| row.capacity).collect();
    let spread = Format::Percent(0).spread(&capacity);
    if known == 0 {
        return None;
    }
    let there = format!(
        "*How much of the machine was there*: right before the turns, threads on all cores were {spread} as fast beside one \
         another as one alone (median and range over rows; 100 %: all cores were free)."
    );
    Some(match disturbed {
        0 => format!("{there} No row was disturbed."),
        count => format!(
            "{there} **{count} of {known} rows were disturbed**: something else used the machine, and their times decide \
             nothing, least of all those of libraries whose threads wait for one another at barriers (PyTorch, \
             scikit-learn), which lose most by it. Run again on a quiet machine with `--fresh`."
        ),
    })
}

/// What one table shows.
struct TaskTable<'a> {
    title: String,
    /// How to read it.
    note: &'static str,
    rows: Vec<&'a ContestRow>,
    /// Whether it is beside the first of several baselines.
    first: bool,
}

/// The tables, in the order of tasks; of each task one for each baseline.
fn tables(rows: &[ContestRow]) -> Vec<TaskTable<'_>> {
    let mut keys = once(rows.iter().map(|row| (&row.task, row.points)));
    let place = |task: &str| {
        ["gradient", "flow", "time-to-loss"]
            .iter()
            .position(|of| *of == task)
    };
    keys.sort_by_key(|(task, points)| (place(task), *points));
    let mut all = Vec::new();
    for (task, points) in keys {
        let of_task: Vec<&ContestRow> = rows
            .iter()
            .filter(|row| row.task == *task && row.points == points)
            .collect();
        let baselines = once(of_task.iter().map(|row| row.baseline.as_deref()));
        for (index, baseline) in baselines.into_iter().enumerate() {
            let of = |row: &&ContestRow| row.baseline.as_deref() == baseline;
            let of: Vec<&ContestRow> = of_task.iter().copied().filter(of).collect();
            let beside = baseline.map_or_else(String::new, |name| format!(", beside {name}"));
            let (title, note) = match (task.as_str(), points) {
                ("gradient", Some(1)) => (
                    "One gradient".to_owned(),
                    "Of all training rows, at one point.",
                ),
                ("gradient", points) => (
                    format!("{} gradients at once", points.unwrap_or_default()),
                    "Of all training rows, at so many points, for all together.",
                ),
                ("flow", _) => (
                    "The whole flow".to_owned(),
                    "K flows from the same start, each from rest. Evaluating the loss is off the clock.",
                ),
                _ => (
                    "Time to the flow's loss".to_owned(),
                    "Until the loss is as low as where the flow ends; the baseline's time is that of all its K flows.",
                ),
            };
            all.push(TaskTable {
                title: format!("{title}{beside}"),
                note,
                rows: of,
                first: index == 0,
            });
        }
    }
    all
}

/// A line for each contestant, a column for each data set. A failure is a word here; its reason stands below.
fn table(rows: &[&ContestRow]) -> Table {
    let datasets = once(rows.iter().map(|row| &row.dataset));
    let mut lines = grouped(rows.iter().map(|row| (&row.label, *row)));
    // What all are compared with stands first.
    lines.sort_by_key(|(_, of)| of[0].baseline.as_ref() != Some(&of[0].contestant));
    let mut table = Table::of(&lines).words("contestant", |(label, _)| *label);
    for dataset in datasets {
        table = table.numbers(dataset, move |(_, of)| {
            of.iter()
                .find(|row| row.dataset == *dataset)
                .map(|row| shown(row))
        });
    }
    table.build()
}

/// Shows a time, how many times the baseline's that is, and how many iterations it took.
fn shown(row: &ContestRow) -> Cell {
    let Some(seconds) = row.wall_s else {
        return match (row.status.as_str(), row.loss) {
            ("not reached", Some(loss)) => format!("not reached ({loss:.4})").into(),
            (status, _) if status.starts_with("failed") => "failed".into(),
            (status, _) if status.starts_with(LEFT_OUT) => "left out".into(),
            _ => Cell::default(),
        };
    };
    let mut cell = Cell::from(duration(seconds));
    let interval = row
        .ratio_low
        .zip(row.ratio_high)
        .filter(|_| row.repeats >= SOME);
    if let Some(median) = row.ratio {
        let ratio = match interval {
            Some((low, high)) => Piece::Interval(Interval { median, low, high }, Format::Ratio),
            None => Piece::Number(median, Format::Ratio),
        };
        cell = cell.then(", ").then(ratio);
    }
    if let (Some(iterations), "time-to-loss") = (row.iterations, row.task.as_str()) {
        let s = if iterations == 1 { "" } else { "s" };
        cell = cell.then(format!(", {iterations} iteration{s}"));
    }
    if row.disturbed == Some(true) {
        cell = cell.then("*");
    }
    cell
}

/// Shows seconds with three digits, in a unit that suits.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 0.9995 => (s, "s"),
        s if s >= 0.9995e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

const AGREEMENT: &str = "How far each was from this project's own in f64, before it was timed";

const AGREEMENT_NOTE: &str = "Relative; of gradients in the 2-norm. Of a time to a loss there is nothing to agree with but the \
loss that was reached.";

/// A line for each contestant and task that was measured, a column for each data set.
fn agreement(rows: &[ContestRow]) -> Table {
    let measured: Vec<&ContestRow> = rows
        .iter()
        .filter(|row| row.loss.or(row.apart).is_some())
        .collect();
    let datasets = once(measured.iter().map(|row| &row.dataset));
    let key = |row: &'_ ContestRow| (row.label.clone(), row.task.clone(), row.points);
    let lines = grouped(measured.iter().map(|row| (key(row), *row)));
    let mut table = Table::of(&lines)
        .words("contestant", |((label, ..), _)| label)
        .words("task", |((_, task, points), _)| match points {
            Some(points) => format!("{task}, {points}"),
            None => task.clone(),
        });
    for dataset in datasets {
        table = table.numbers(dataset, move |(_, of)| {
            let row = of.iter().find(|row| row.dataset == *dataset)?;
            let number = |value: f64, format| Cell::from(Piece::Number(value, format));
            let apart = row.apart.map(|apart| number(apart, Format::Power(1)));
            let loss = row.loss.map(|loss| format!("loss {loss:.6}"));
            Some(match (apart, loss) {
                (Some(apart), Some(loss)) => apart.then(format!(" ({loss})")),
                (Some(apart), None) => apart,
                (None, loss) => loss.into(),
            })
        });
    }
    table.build()
}

/// What contestants say of themselves, each once.
fn versions(rows: &[ContestRow]) -> Table {
    let said = rows
        .iter()
        .filter_map(|row| Some((&row.label, row.versions.as_ref()?)));
    let said = once(said);
    Table::of(&said)
        .words("contestant", |(label, _)| *label)
        .words("versions", |(_, versions)| *versions)
        .build()
}

/// Each reason that begins so once for a contestant, with what it was the reason of.
fn reasons(rows: &[ContestRow], beginning: &str) -> Vec<String> {
    let these = rows.iter().filter(|row| row.status.starts_with(beginning));
    let what = |row: &ContestRow| match row.points {
        Some(points) => format!("{} {} of {points}", row.dataset, row.task),
        None => format!("{} {}", row.dataset, row.task),
    };
    let reasons = grouped(these.map(|row| ((&row.contestant, &row.status), what(row))));
    let line = |((name, status), of): ((&String, &String), Vec<String>)| {
        format!("{name} ({}): {status}", once(of).join(", "))
    };
    reasons.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(contestant: &str, dataset: &str) -> ContestRow {
        ContestRow {
            dataset: dataset.into(),
            task: "time-to-loss".into(),
            contestant: contestant.into(),
            label: format!("the {contestant}"),
            baseline: Some("ours".into()),
            status: "complete".into(),
            repeats: 8,
            iterations: Some(3),
            wall_s: Some(0.0412),
            ratio: Some(1.534),
            ratio_low: Some(1.47),
            ratio_high: Some(1.6),
            capacity: Some(0.97),
            disturbed: Some(false),
            ..ContestRow::default()
        }
    }

    fn texts(rows: &[&ContestRow], dataset: &str) -> Vec<String> {
        table(rows).texts(dataset).unwrap()
    }

    #[test]
    fn a_cell_has_the_time_the_ratio_with_its_interval_and_the_iterations() {
        let one = ContestRow {
            iterations: Some(1),
            disturbed: Some(true),
            ..row("lbfgs", "a8a")
        };
        let few = ContestRow {
            repeats: 2,
            iterations: None,
            ..row("few", "a8a")
        };
        let shown = texts(&[&row("newton", "a8a"), &one, &few], "a8a");
        assert_eq!(
            shown,
            [
                "41.2 ms, 1.53x [1.47, 1.60], 3 iterations",
                "41.2 ms, 1.53x [1.47, 1.60], 1 iteration*",
                "41.2 ms, 1.53x"
            ]
        );
    }

    #[test]
    fn one_without_a_time_says_why_in_a_word_and_its_reason_stands_once() {
        let without = |status: &str, dataset: &str| ContestRow {
            status: status.into(),
            wall_s: None,
            loss: Some(0.71234),
            ..row("odd", dataset)
        };
        let missed = without("not reached", "a8a");
        let failed = without("failed: it ended", "a9a");
        let again = without("failed: it ended", "usps");
        let absent = without("left out: it is not here", "mnist");
        let rows = [missed, failed, again, absent];
        let all: Vec<&ContestRow> = rows.iter().collect();
        let shown: Vec<String> = ["a8a", "a9a", "usps", "mnist"]
            .iter()
            .map(|dataset| texts(&all, dataset)[0].clone())
            .collect();
        assert_eq!(
            shown,
            ["not reached (0.7123)", "failed", "failed", "left out"]
        );
        let told = "odd (a9a time-to-loss, usps time-to-loss): failed: it ended";
        assert_eq!(reasons(&rows, "failed"), [told]);
        assert_eq!(reasons(&rows, LEFT_OUT).len(), 1);
    }

    #[test]
    fn the_baseline_stands_first_and_each_task_has_a_table_for_each_baseline() {
        let beside = |contestant: &str, baseline: &str, task: &str, points| ContestRow {
            task: task.into(),
            points,
            baseline: Some(baseline.into()),
            ..row(contestant, "a8a")
        };
        let rows = [
            beside("ours-window", "ours", "flow", None),
            beside("ours-window", "ours-window", "flow", None),
            beside("ours", "ours", "flow", None),
            beside("ours", "ours", "gradient", Some(4)),
            beside("ours", "ours", "gradient", Some(1)),
        ];
        let tables = tables(&rows);
        let titles: Vec<(&str, bool)> = tables
            .iter()
            .map(|of| (of.title.as_str(), of.first))
            .collect();
        assert_eq!(
            titles,
            [
                ("One gradient, beside ours", true),
                ("4 gradients at once, beside ours", true),
                ("The whole flow, beside ours", true),
                ("The whole flow, beside ours-window", false),
            ]
        );
        let first = table(&tables[2].rows).texts("contestant").unwrap();
        assert_eq!(first, ["the ours", "the ours-window"]);
    }

    #[test]
    fn a_disturbed_row_is_told_before_any_time() {
        let quiet = [row("a", "a8a"), row("b", "a8a")];
        assert!(machine(&quiet).unwrap().contains("No row was disturbed"));
        let busy = [
            row("a", "a8a"),
            ContestRow {
                disturbed: Some(true),
                ..row("b", "a8a")
            },
        ];
        assert!(
            machine(&busy)
                .unwrap()
                .contains("1 of 2 rows were disturbed")
        );
        let unknown = [ContestRow {
            disturbed: None,
            ..row("a", "a8a")
        }];
        assert_eq!(machine(&unknown), None);
        assert!(few(&quiet).is_none());
        assert!(
            few(&[ContestRow {
                repeats: 3,
                ..row("a", "a8a")
            }])
            .unwrap()
            .contains("Of 3 timings")
        );
    }

    #[test]
    fn times_have_three_digits_in_a_unit_that_suits() {
        let shown = [1.957, 0.0534, 0.000_214, 0.381, 12.34, 3.2e-6].map(duration);
        assert_eq!(
            shown,
            ["1.96 s", "53.4 ms", "214 µs", "381 ms", "12.3 s", "3.20 µs"]
        );
    }
}
