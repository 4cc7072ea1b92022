//! How rows of windows are shown: Table 2, Figures 5, 6 and 9, the ablation.

mod choice;
mod estimate;
mod figures;
mod inference;
mod judged;
mod labels;
mod machine;
pub mod model;
mod ranks;
mod tables;

use super::shared::{failures, in_words};
use claims::Claims;
use lab::experiments::windows::{CurveRow, Maker, WindowRow};
use report::{Block, Document, TableBlock};
use rows::Frame;

/// Makes the whole report.
pub fn document(
    maker: &Maker<'_>,
    untestable: Option<String>,
    claims: &Claims,
    rows: &[WindowRow],
    curves: &[CurveRow],
) -> Document {
    let mut blocks = vec![Block::Text(setting(maker))];
    let frames = vec![Frame::of("rows", rows), Frame::of("curves", curves)];
    let speedups = judged::speedups(maker, untestable, claims, &frames);
    let printed = tables::as_printed(rows, maker.paper.workers, &speedups);
    let cells = TableBlock::new("Every cell", tables::every_cell(rows), CELLS_NOTE)
        .explaining("*", OVERSUBSCRIBED)
        .explaining("disturbed", DISTURBED)
        .into();
    let machine = machine::paragraph(rows).map(Block::Text);
    if printed.is_empty() {
        blocks.push(cells);
        blocks.extend(machine);
    } else {
        let (note, paper) = (AS_PRINTED_NOTE, &maker.paper.machine);
        let note = format!("{note} The paper's machine: {paper}.");
        let printed = TableBlock::new("As the paper prints it", printed, note);
        blocks.push(printed.explaining("*", OVERSUBSCRIBED).into());
        blocks.push(Block::List(judged::reasons(rows, &speedups)));
        blocks.extend(machine);
        blocks.push(cells);
    }
    if let Some(choice) = maker.plan.choose {
        blocks.push(choice::chosen(rows, choice).into());
    }
    blocks.extend(ranks::table(rows).map(Block::from));
    blocks.extend(estimate::table(rows).map(Block::from));
    if let Some(given) = &maker.plan.inference {
        let inferred = inference::table(maker.paper, given, maker.plan.steps);
        blocks.extend(inferred.map(Block::from));
    }
    let figures = figures::figures(&maker.plan.figures, rows, curves);
    blocks.extend(figures.into_iter().map(Block::from));
    let what = |row: &WindowRow| format!("{} W={} on {}", row.dataset, row.window, row.devices);
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

fn setting(maker: &Maker<'_>) -> String {
    let plan = maker.plan;
    let kinetic = plan.kinetic.iter().map(|k| in_words(&k.to_string()));
    let kinetic: Vec<String> = kinetic.collect();
    format!(
        "Profile `{}`, S = {}, θ = {}, φ = {}.",
        maker.head.profile.name,
        plan.steps,
        plan.step_size,
        kinetic.join(", ")
    )
}

const OVERSUBSCRIBED: &str = "more workers than cores, or fewer than slots: the time says nothing about so many devices, \
and no verdict is passed on it";

const DISTURBED: &str = "something else used the machine while it was timed: the time decides nothing; run again on a \
quiet machine with --fresh";

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
