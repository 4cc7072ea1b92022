//! How rows of windows are shown: Table 2, Figures 5 and 6.

use super::{Axis, Figure, Panel, Series, Table};
use crate::manifest::Manifest;
use crate::plan::{Figures, Plan};
use crate::rows::{CurveRow, Schema, WindowRow};
use std::fmt::Write;

/// Stands wherever a number is not about the paper's data.
const SURROGATE: &str = "SURROGATE DATA";

/// The whole report as Markdown.
#[must_use]
pub fn markdown(plan: &Plan, manifest: &Manifest, rows: &[WindowRow]) -> String {
    let mut out = format!("# {}: {}\n\n{}. ", plan.target, plan.title, plan.source);
    let _ = writeln!(
        out,
        "Profile `{}`, S = {}, θ = {}, φ = {}.\n",
        plan.profile.name, plan.steps, plan.step_size, plan.kinetic
    );
    if let Some(banner) = banner(rows) {
        let _ = writeln!(out, "> **{banner}**\n");
    }
    let paper = &manifest.paper.table2;
    let printed = as_printed(rows, paper.workers);
    if !printed.is_empty() {
        let _ = writeln!(
            out,
            "## As the paper prints it\n\n{}",
            printed.to_markdown()
        );
        let _ = writeln!(
            out,
            "{AS_PRINTED_NOTE} The paper's machine: {}.\n",
            paper.machine
        );
    }
    for line in verdicts(rows) {
        let _ = writeln!(out, "- {line}.");
    }
    let _ = writeln!(out, "\n## Every cell\n\n{}", every_cell(rows).to_markdown());
    let _ = writeln!(
        out,
        "{CELLS_NOTE}\n\n## Columns of `rows.csv` and `rows.parquet`\n"
    );
    for column in WindowRow::COLUMNS {
        let unit = if column.unit.is_empty() {
            String::new()
        } else {
            format!(" [{}]", column.unit)
        };
        let _ = writeln!(out, "- `{}`{unit}: {}", column.name, column.what);
    }
    let e = &manifest.environment;
    let _ = writeln!(
        out,
        "\n## Where these numbers come from\n\n- {} with {} cores, {}; {} build of commit `{}`, {}.",
        e.cpu, e.cores, e.os, e.build_profile, e.commit, e.rustc
    );
    for data in &manifest.data {
        let [train, test, features, classes] = data.shape;
        let _ = writeln!(
            out,
            "- {} ({}, split `{}`): {train} training and {test} test rows, {features} features, {classes} classes.",
            data.dataset, data.source, data.split
        );
    }
    out
}

const AS_PRINTED_NOTE: &str = "Speedups are medians of paired ratios with a bootstrap interval. \
*Depth speedup* is steps / rounds: counted, not timed. *Modelled* is not measured: it is an upper \
bound from the measured cost of one gradient and of one round without gradients, as if every slot \
of the window had a device of its own and devices shared nothing (no memory bandwidth, no bus, no \
straggler); it is given where there are fewer devices. An asterisk marks more workers than cores, \
or fewer than slots.";

const CELLS_NOTE: &str = "A row without a window is the sequential flow; its speedup, each run \
against the one before, shows this machine's noise. *Efficiency* is speedup / depth speedup. \
*Gradients* counts distinct points.";

/// The tables, for a terminal.
#[must_use]
pub fn terminal(plan: &Plan, manifest: &Manifest, rows: &[WindowRow]) -> String {
    let mut out = format!("{}: {}\n", plan.target, plan.title);
    let surrogate = banner(rows);
    let warn = |out: &mut String| {
        if let Some(banner) = &surrogate {
            let _ = writeln!(out, "*** {banner} ***");
        }
    };
    warn(&mut out);
    let _ = writeln!(out, "{}\n", every_cell(rows).to_terminal());
    let printed = as_printed(rows, manifest.paper.table2.workers);
    if !printed.is_empty() {
        let _ = writeln!(out, "As the paper prints it:\n{}", printed.to_terminal());
    }
    warn(&mut out);
    for line in verdicts(rows) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// A line for each row that the paper has a speedup for.
fn verdicts(rows: &[WindowRow]) -> Vec<String> {
    let line = |row: &WindowRow| {
        let note = row.verdict_note.as_ref()?;
        Some(match &row.verdict {
            Some(verdict) => format!("{}: {verdict}: {note}", row.dataset),
            None => format!("{}: {note}", row.dataset),
        })
    };
    rows.iter().filter_map(line).collect()
}

/// What has to be said before any number, if some data is generated.
fn banner(rows: &[WindowRow]) -> Option<String> {
    let mut names: Vec<&str> = rows
        .iter()
        .filter(|r| r.data_source != "real")
        .map(|r| r.dataset.as_str())
        .collect();
    names.dedup();
    (!names.is_empty()).then(|| {
        format!(
            "{SURROGATE}: {} generated, not real, and says nothing about the paper",
            names.join(", ")
        )
    })
}

/// The data sets, in the order of the rows.
fn datasets(rows: &[WindowRow]) -> Vec<String> {
    let mut names: Vec<String> = rows.iter().map(|r| r.dataset.clone()).collect();
    names.dedup();
    names
}

/// The paper's own method on each data set, one worker against as many as the paper had.
fn as_printed(rows: &[WindowRow], workers: u64) -> Table {
    let headers = [
        "data set".to_owned(),
        "1 worker".to_owned(),
        format!("{workers} workers"),
        "speedup".to_owned(),
        "depth".to_owned(),
        "modelled".to_owned(),
        "paper 1 GPU".to_owned(),
        format!("paper {workers} GPUs"),
        "paper speedup".to_owned(),
        "verdict".to_owned(),
    ];
    let mut table = Table::new(&headers.each_ref().map(String::as_str));
    for many in rows
        .iter()
        .filter(|r| r.window == workers && r.verdict_note.is_some())
    {
        // The one-worker row is the one that has the paper's time, where it is comparable at all.
        let mut single = rows
            .iter()
            .filter(|r| r.dataset == many.dataset && r.window == 1);
        let one = single
            .clone()
            .find(|r| r.paper_wall_s.is_some())
            .or_else(|| single.next());
        table.push(vec![
            name(many),
            seconds(one.and_then(|r| r.wall_s)),
            seconds(many.wall_s) + mark(many),
            ratio_with_interval(many),
            ratio(many.depth_speedup),
            ratio(many.modelled_speedup),
            seconds(one.and_then(|r| r.paper_wall_s)),
            seconds(many.paper_wall_s),
            ratio(many.paper_speedup),
            many.verdict.clone().unwrap_or_else(|| "none".into()),
        ]);
    }
    table
}

/// What a reader has to be warned of.
fn mark(row: &WindowRow) -> &'static str {
    let lacking = row.evaluator == "devices" && row.workers < row.window;
    if row.oversubscribed || lacking {
        "*"
    } else {
        ""
    }
}

fn every_cell(rows: &[WindowRow]) -> Table {
    let mut table = Table::new(&[
        "data set",
        "method",
        "on",
        "rounds",
        "depth",
        "gradients",
        "flow error",
        "train loss",
        "test acc.",
        "wall",
        "speedup",
        "eff.",
        "modelled",
        "paper",
        "status",
    ]);
    for row in rows {
        table.push(vec![
            name(row),
            method(row),
            row.devices.clone() + mark(row),
            row.rounds.map_or_else(String::new, |n| n.to_string()),
            ratio(row.depth_speedup),
            row.distinct_gradients
                .map_or_else(String::new, |n| n.to_string()),
            number(row.flow_error, |v| {
                if v == 0.0 {
                    "0".into()
                } else {
                    format!("{v:.0e}")
                }
            }),
            number(row.train_loss, |v| format!("{v:.4}")),
            number(row.test_accuracy, |v| format!("{:.2} %", 100.0 * v)),
            seconds(row.wall_s),
            ratio_with_interval(row),
            number(row.efficiency, |v| format!("{v:.2}")),
            ratio(row.modelled_speedup),
            ratio(row.paper_speedup),
            if row.status == "complete" {
                String::new()
            } else {
                row.status.clone()
            },
        ]);
    }
    table.without_empty_columns()
}

fn name(row: &WindowRow) -> String {
    match row.data_source.as_str() {
        "real" => row.dataset.clone(),
        _ => format!("{} ({SURROGATE})", row.dataset),
    }
}

fn method(row: &WindowRow) -> String {
    let predictor = row.predictor.as_deref().unwrap_or_default();
    match row.evaluator.as_str() {
        "sequential" => "sequential".into(),
        "batched" => format!("batched W={} {predictor}", row.window),
        _ => format!("W={} {predictor}", row.window),
    }
}

fn number(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(String::new, show)
}

fn ratio(value: Option<f64>) -> String {
    number(value, |v| format!("{v:.2}x"))
}

/// Three significant digits.
fn seconds(value: Option<f64>) -> String {
    number(value, |v| match v {
        v if v >= 99.95 => format!("{v:.1} s"),
        v if v >= 9.995 => format!("{v:.1} s"),
        v if v >= 0.9995 => format!("{v:.2} s"),
        v => format!("{v:.3} s"),
    })
}

fn ratio_with_interval(row: &WindowRow) -> String {
    match (row.speedup, row.speedup_low, row.speedup_high) {
        (Some(median), Some(low), Some(high)) => format!("{median:.2}x [{low:.2}, {high:.2}]"),
        _ => String::new(),
    }
}

/// Test accuracy and training loss, against running time as the paper draws them and against
/// rounds, by the names the plan gives them.
#[must_use]
pub fn figures(names: &Figures, rows: &[WindowRow], curves: &[CurveRow]) -> Vec<(String, Figure)> {
    type Shown<'a> = (&'a str, &'static str, fn(&CurveRow) -> Option<f64>);
    let values: [Shown; 2] = [
        (&names.test_accuracy, "test accuracy", |c| {
            Some(c.test_accuracy)
        }),
        (
            &names.train_loss,
            "training loss (mean cross-entropy)",
            |c| Some(c.train_loss),
        ),
    ];
    let against: [Shown; 2] = [
        ("time", "running time / s (median)", |c| c.wall_s),
        (
            "rounds",
            "rounds (gradient evaluations one after the other)",
            |c| Some(c.rounds as f64),
        ),
    ];
    let mut all = Vec::new();
    for (value_name, y_label, y) in values {
        for (axis_name, x_label, x) in against {
            let panel = |dataset: &String| {
                let row = rows.iter().find(|r| r.dataset == *dataset);
                Panel::new(row.map(name).unwrap_or_default())
                    .all(series(rows, curves, dataset, x, y))
            };
            let title = format!("{y_label} against {axis_name}");
            let figure = Figure::new(title, Axis::linear(x_label), Axis::linear(y_label))
                .note(banner(rows))
                .panels(datasets(rows).iter().map(panel));
            all.push((format!("{value_name}-{axis_name}"), figure));
        }
    }
    all
}

fn series(
    rows: &[WindowRow],
    curves: &[CurveRow],
    dataset: &str,
    x: fn(&CurveRow) -> Option<f64>,
    y: fn(&CurveRow) -> Option<f64>,
) -> Vec<Series> {
    let of_row = |row: &WindowRow| {
        let points = curves.iter().filter(|c| c.cell == row.cell);
        let points = points.filter_map(|c| x(c).zip(y(c)));
        Series::line(format!("{} on {}", method(row), row.devices), points)
    };
    rows.iter()
        .filter(|r| r.dataset == dataset)
        .map(of_row)
        .collect()
}
