//! How rows of windows are shown: Table 2, Figures 5, 6 and 9, the ablation.

mod choice;
mod estimate;
mod figures;
mod inference;
mod machine;

use choice::chosen;
use claims::{ClaimRow, Claims, RuleKind, TargetRows};
use estimate::capacity;
use figures::figures;
use lab::experiments::windows::{CurveRow, Maker, WindowRow, lacks_devices};
use report::{Block, Document, SURROGATE, Table, TableBlock};
use rows::Frame;
use std::collections::BTreeMap;

/// The whole report.
pub fn document(
    maker: &Maker<'_>,
    claims: &Claims,
    rows: &[WindowRow],
    curves: &[CurveRow],
) -> Document {
    let mut blocks = vec![Block::Text(setting(maker))];
    let frames = vec![Frame::of("rows", rows), Frame::of("curves", curves)];
    let speedups = speedups(maker, claims, &frames);
    let printed = as_printed(rows, maker.paper.workers, &speedups);
    let cells = Block::Table(TableBlock {
        caption: "Every cell".into(),
        table: every_cell(rows),
        note: CELLS_NOTE.into(),
        in_terminal: true,
    });
    if printed.is_empty() {
        blocks.push(cells);
        blocks.extend(machine::paragraph(rows).map(Block::Text));
    } else {
        blocks.push(Block::Table(TableBlock {
            caption: "As the paper prints it".into(),
            table: printed,
            note: format!(
                "{AS_PRINTED_NOTE} The paper's machine: {}.",
                maker.paper.machine
            ),
            in_terminal: true,
        }));
        blocks.push(Block::List(reasons(rows, &speedups)));
        blocks.extend(machine::paragraph(rows).map(Block::Text));
        blocks.push(cells);
    }
    if let Some(choice) = &maker.plan.choose {
        blocks.push(Block::Table(chosen(rows, *choice)));
    }
    blocks.extend(estimate::table(rows).map(Block::Table));
    if let Some(given) = &maker.plan.inference {
        let inferred = inference::table(maker.paper, given, maker.plan.steps);
        blocks.extend(inferred.map(Block::Table));
    }
    for figure in figures(&maker.plan.figures, rows, curves) {
        blocks.push(Block::Figure(figure));
    }
    let failed = |row: &&WindowRow| row.status.starts_with("failed");
    let failure = |row: &WindowRow| {
        let (dataset, window, devices) = (&row.dataset, row.window, &row.devices);
        format!("{dataset} W={window} on {devices}: {}", row.status)
    };
    Document {
        blocks,
        frames,
        failures: rows.iter().filter(failed).map(failure).collect(),
        ..Document::default()
    }
}

fn setting(maker: &Maker<'_>) -> String {
    let plan = maker.plan;
    let kinetic: Vec<&str> = plan.kinetic.iter().map(|k| k.name()).collect();
    format!(
        "Profile `{}`, S = {}, θ = {}, φ = {}.",
        maker.head.profile.name,
        plan.steps,
        plan.step_size,
        kinetic.join(", ")
    )
}

const AS_PRINTED_NOTE: &str = "Speedups are medians of paired ratios with a bootstrap interval. \
*Depth* is the depth speedup, steps / rounds: counted, not timed. *Late* is that of the last half of a \
longer run, of which rounds are counted and nothing is timed: the depth speedup grows with the number of \
flows. *Modelled* is not measured: it is an estimate from the measured cost of one gradient and of one \
round without gradients, as if every slot of the window had a device of its own and devices shared \
nothing (no memory bandwidth, no bus, no straggler); *modelled late* is the same at the depth of the \
longer run's last half. An asterisk marks more workers than cores, or fewer than slots.";

const CELLS_NOTE: &str = "A row without a window is the sequential flow; its speedup, each run \
against the one before, shows this machine's noise. *Efficiency* is speedup / depth speedup. \
*Gradients* counts distinct points. \
*Memory* is what a flow holds at most besides the data, and what one more step of the window takes \
of it for each number of a point (4 B are one copy of a model in f32). \
*Capacity* says how much of the machine was there: how fast workers are beside one another, against one \
alone; *disturbed*, that it, or what threads waited for a core, was not what the plan's `machine` allows. \
*Modelled* is an estimate, as if every slot had a device of its own. \
*Floor* is the share of the wall time that the counted work needs at the highest rates measured on \
this machine (100 %: nothing could be faster; more: the machine was slower when its rates were measured) \
and what that work is bound by: *mem* reading the \
data, *ops* computing; *ovh*, where the share is below the plan's `overhead_below`: neither.";

/// What the claims on one row's speedup came to, by the row's key.
fn speedups(maker: &Maker<'_>, claims: &Claims, frames: &[Frame]) -> BTreeMap<String, ClaimRow> {
    let judged = claims.on(TargetRows {
        target: maker.head.target.clone(),
        verdicts: maker.head.profile.verdicts,
        frames: frames.to_vec(),
    });
    let of_one_row =
        |claim: &ClaimRow| claim.judge == RuleKind::Speedup && !claim.rows.contains(' ');
    let speedups = judged.into_iter().filter(of_one_row);
    speedups.map(|claim| (claim.rows.clone(), claim)).collect()
}

/// A line for each row that the paper has a speedup for.
fn reasons(rows: &[WindowRow], speedups: &BTreeMap<String, ClaimRow>) -> Vec<String> {
    let line = |row: &WindowRow| match (&row.paper_differs, speedups.get(&row.cell)) {
        (Some(difference), _) => Some(format!(
            "{}: not compared with the paper: {difference}",
            row.dataset
        )),
        (None, Some(claim)) => Some(format!(
            "{}: {}: {}",
            row.dataset, claim.verdict, claim.note
        )),
        (None, None) => None,
    };
    rows.iter().filter_map(line).collect()
}

/// The paper's own method on each data set, one worker against as many as the paper had.
fn as_printed(rows: &[WindowRow], workers: u64, speedups: &BTreeMap<String, ClaimRow>) -> Table {
    let headers = [
        "data set".to_owned(),
        "1 worker".to_owned(),
        format!("{workers} workers"),
        "speedup".to_owned(),
        "depth".to_owned(),
        "late".to_owned(),
        "modelled".to_owned(),
        "modelled late".to_owned(),
        "paper 1 GPU".to_owned(),
        format!("paper {workers} GPUs"),
        "paper speedup".to_owned(),
        "verdict".to_owned(),
    ];
    let mut table = Table::new(&headers.each_ref().map(String::as_str));
    for many in rows
        .iter()
        .filter(|r| r.window == workers && (r.paper_speedup.is_some() || r.paper_differs.is_some()))
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
            long_ratio(many, many.depth_late),
            ratio(many.modelled_speedup),
            ratio(many.modelled_late),
            seconds(one.and_then(|r| r.paper_wall_s)),
            seconds(many.paper_wall_s),
            ratio(many.paper_speedup),
            match speedups.get(&many.cell) {
                Some(claim) => claim.verdict.to_string(),
                None if speedups.is_empty() => String::new(),
                None => "none".into(),
            },
        ]);
    }
    table.without_empty_columns()
}

/// A depth speedup of the longer run, and over how many flows it was: `3.33x (K = 200)`.
fn long_ratio(row: &WindowRow, depth: Option<f64>) -> String {
    let shown = depth.zip(row.long_flows);
    shown.map_or_else(String::new, |(depth, flows)| {
        format!("{depth:.2}x (K = {flows})")
    })
}

/// What a reader has to be warned of.
fn mark(row: &WindowRow) -> &'static str {
    if row.oversubscribed || lacks_devices(row) {
        "*"
    } else {
        ""
    }
}

fn every_cell(rows: &[WindowRow]) -> Table {
    let mut tolerances = rows.iter().filter_map(|r| r.tolerance);
    let first = tolerances.next();
    let several = tolerances.any(|t| Some(t) != first);
    let tolerance = |row: &WindowRow| match row.tolerance {
        Some(tolerance) if several => tolerance.to_string(),
        _ => String::new(),
    };
    let several = rows
        .iter()
        .any(|r| r.kinetic_energy != rows[0].kinetic_energy);
    let kinetic = |row: &WindowRow| match several {
        true => row.kinetic_energy.clone(),
        false => String::new(),
    };
    let mut table = Table::new(&[
        "data set",
        "φ",
        "method",
        "τ",
        "on",
        "rounds",
        "depth",
        "gradients",
        "flow error",
        "train loss",
        "test acc.",
        "memory",
        "wall",
        "speedup",
        "eff.",
        "capacity",
        "floor",
        "modelled",
        "paper",
        "status",
    ]);
    for row in rows {
        table.push(vec![
            name(row) + &varied(row, rows),
            kinetic(row),
            row.method(),
            tolerance(row),
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
            memory(row),
            seconds(row.wall_s),
            ratio_with_interval(row),
            number(row.efficiency, |v| format!("{v:.2}")),
            capacity(row),
            floor(row),
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

/// The share of the wall time that nothing can be faster than, and what bounds it: `41 % ops`.
pub(super) fn floor(row: &WindowRow) -> String {
    let (Some(share), Some(bound)) = (row.floor_share, &row.bound) else {
        return String::new();
    };
    let bound = match bound.as_str() {
        "memory" => "mem",
        "compute" => "ops",
        _ => "ovh",
    };
    format!("{:.0} % {bound}", 100.0 * share)
}

/// What a flow holds, and what one more step of a window takes: `1.2 MB, 19.5 B`.
fn memory(row: &WindowRow) -> String {
    let Some(held) = row.held_bytes else {
        return String::new();
    };
    let all = match held as f64 {
        v if v >= 1e6 => format!("{:.1} MB", v / 1e6),
        v => format!("{:.1} kB", v / 1e3),
    };
    match row.bytes_per_point {
        Some(more) => format!("{all}, {more:.1} B"),
        None => all,
    }
}

/// A row's data set, with a warning if it is generated.
pub(super) fn name(row: &WindowRow) -> String {
    match row.data_source.as_str() {
        "real" => row.dataset.clone(),
        _ => format!("{} ({SURROGATE})", row.dataset),
    }
}

/// What of the flow's setting is not the first row's, which is the plan's: `, θ = 0.05`.
pub(super) fn varied(row: &WindowRow, rows: &[WindowRow]) -> String {
    let mut text = String::new();
    let Some(own) = rows.first() else {
        return text;
    };
    if row.seed != own.seed {
        text.push_str(&format!(", seed {}", row.seed));
    }
    if row.step_size.to_bits() != own.step_size.to_bits() {
        text.push_str(&format!(", θ = {}", row.step_size));
    }
    if row.steps != own.steps {
        text.push_str(&format!(", S = {}", row.steps));
    }
    text
}

pub(super) fn number(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(String::new, show)
}

pub(super) fn ratio(value: Option<f64>) -> String {
    number(value, |v| format!("{v:.2}x"))
}

/// Three significant digits.
pub(super) fn seconds(value: Option<f64>) -> String {
    number(value, |v| match v {
        v if v >= 99.95 => format!("{v:.1} s"),
        v if v >= 9.995 => format!("{v:.1} s"),
        v if v >= 0.9995 => format!("{v:.2} s"),
        v => format!("{v:.3} s"),
    })
}

pub(super) fn ratio_with_interval(row: &WindowRow) -> String {
    match (row.speedup, row.speedup_low, row.speedup_high) {
        (Some(median), Some(low), Some(high)) => format!("{median:.2}x [{low:.2}, {high:.2}]"),
        _ => String::new(),
    }
}

/// The paper's own row, as if run on four devices.
#[cfg(test)]
fn window_row() -> WindowRow {
    WindowRow {
        dataset: "a8a".into(),
        data_source: "real".into(),
        backend: "cuda".into(),
        devices: "cuda:0,1,2,3".into(),
        evaluator: "devices".into(),
        workers: 4,
        window: 4,
        window_method: Some("picard".into()),
        velocity: Some("carried".into()),
        predictor: Some("copy".into()),
        tolerance: Some(0.001),
        storage: Some("points".into()),
        kinetic_energy: "half-l2-squared".into(),
        steps: 20,
        step_size: 0.1,
        flows: 2,
        precision: "f32".into(),
        status: "complete".into(),
        depth_speedup: Some(2.5),
        flow_error: Some(1e-4),
        repeats: 6,
        wall_s: Some(1.0),
        baseline_wall_s: Some(2.0),
        speedup: Some(2.0),
        speedup_low: Some(2.0),
        speedup_high: Some(2.0),
        modelled_speedup: Some(2.4),
        ..WindowRow::default()
    }
}
