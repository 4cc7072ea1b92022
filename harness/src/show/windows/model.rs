//! How a model of windows on other devices is shown.

use lab::experiments::windows::model::{ComparedRow, PaperModelRow, PredictedRow};
use report::{Block, Document, Piece, Table, TableBlock};
use rows::Frame;
use rows::format::Format;
use rows::statistics::Interval;

const PREDICTED_NOTE: &str = "Nothing here is measured: it is modelled. A round is the gradients of ⌈W/devices⌉ points, of which each \
further one costs *further* gradients, an exchange, and moving the window; gradient, moves and depth are those of *basis*, the measured row \
on the fewest devices. Devices beyond W have nothing to do, and are not shown. No straggler, and nothing that devices share, is in it.";

const COMPARED_NOTE: &str = "Every measured row there is, by the same model, at the depth that it counted itself. Where *fitted*, the \
model's costs are of that row. Ranks that share cores (an asterisk) have less than the model gives them. Exchanges in microseconds.";

const PAPER_NOTE: &str = "Not measured, and not the paper's: what the paper's windows of four copies should have given on its four GPUs, by \
the depth that is counted here. A gradient takes as long as reading the data at the rate that `configs/table2.yaml` names; a window moves in no \
time, so it is at most so much. Gradients and exchanges in microseconds.";

/// Makes the document of a model's rows; `networks` says what exchanges cost, a sentence each.
#[must_use]
pub fn document(
    predicted: &[PredictedRow],
    compared: &[ComparedRow],
    paper: &[PaperModelRow],
    networks: Vec<String>,
) -> Document {
    let mut blocks = vec![Block::List(networks)];
    let mut table = |caption: &str, table: Table, note: &str| {
        if !table.is_empty() {
            blocks.push(TableBlock::new(caption, table, note).into());
        }
    };
    table(
        "On other devices (modelled)",
        by_devices(predicted),
        PREDICTED_NOTE,
    );
    table("Modelled beside measured", beside(compared), COMPARED_NOTE);
    table(
        "The paper's machine (modelled)",
        of_paper(paper),
        PAPER_NOTE,
    );
    blocks.extend(missed(compared).map(|text| Block::List(vec![text])));
    let mut frames = vec![
        Frame::of("predicted", predicted),
        Frame::of("compared", compared),
    ];
    if !paper.is_empty() {
        frames.push(Frame::of("paper", paper));
    }
    Document {
        target: "model".into(),
        title: "Windows on devices and networks that are not at hand: modelled, not measured"
            .into(),
        ..Document::made_of(blocks, frames, Vec::new())
    }
}

/// A line for each window, a column for each number of devices.
fn by_devices(rows: &[PredictedRow]) -> Table {
    let mut lines: Vec<&[PredictedRow]> = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let same = |row: &PredictedRow| row.devices > first.devices;
        let count = 1 + rest[1..].iter().take_while(|row| same(row)).count();
        let (line, others) = rest.split_at(count);
        lines.push(line);
        rest = others;
    }
    let mut table = Table::of(&lines)
        .words("data set", |line| &line[0].dataset)
        .words("φ", |line| several(rows, &line[0].kinetic_energy))
        .words("window", |line| {
            format!("W = {}, {}", line[0].window, line[0].method)
        })
        .words("basis", |line| &line[0].basis)
        .number("further", Format::Fixed(2), |line| {
            line[0].further_measured.then_some(line[0].further)
        })
        .number("depth", Format::Ratio, |line| Some(line[0].depth_speedup));
    let most = lines
        .iter()
        .map(|line| line.len())
        .max()
        .unwrap_or_default();
    for place in 0..most {
        let devices = lines
            .iter()
            .find_map(|line| line.get(place))
            .map_or(0, |row| row.devices);
        table = table
            .number(format!("on {devices}"), Format::Ratio, move |line| {
                let row = line.get(place)?;
                let all_busy = place > 0 && line[place - 1].devices >= row.window;
                (!all_busy).then_some(row.modelled_speedup)
            })
            .modelled();
    }
    table.build().without_empty_columns()
}

/// The kinetic energy where there are several.
fn several<'a>(rows: &[PredictedRow], own: &'a str) -> Option<&'a str> {
    let differ = rows.iter().any(|row| row.kinetic_energy != own);
    differ.then_some(own)
}

fn beside(rows: &[ComparedRow]) -> Table {
    let micros = |seconds: Option<f64>| Some(1e6 * seconds?);
    Table::of(rows)
        .words("data set", |row| &row.dataset)
        .words("window", |row| {
            format!("W = {}, {}", row.window, row.method)
        })
        .words("on", |row| {
            let mark = if row.oversubscribed { "*" } else { "" };
            format!("{}{mark}", row.devices)
        })
        .number("depth", Format::Ratio, |row| Some(row.depth_speedup))
        .number("exchange", Format::Fixed(0), |row| micros(row.exchange_s))
        .number("modelled", Format::Fixed(0), |row| {
            micros(row.modelled_exchange_s)
        })
        .modelled()
        .numbers("speedup", |row| {
            let (median, low, high) = (row.speedup, row.speedup_low, row.speedup_high);
            Piece::Interval(Interval { median, low, high }, Format::Ratio)
        })
        .number("modelled speedup", Format::Ratio, |row| {
            Some(row.modelled_speedup)
        })
        .modelled()
        .number("over measured", Format::Fixed(2), |row| {
            Some(row.modelled_over_measured)
        })
        .modelled()
        .words("", |row| if row.fitted { "fitted" } else { "" })
        .build()
        .without_empty_columns()
}

/// How far the model is off, over the rows that it was not fitted to and whose devices had a core each.
fn missed(rows: &[ComparedRow]) -> Option<String> {
    let tested = |row: &&ComparedRow| !row.fitted && !row.oversubscribed;
    let mut off: Vec<f64> = rows
        .iter()
        .filter(tested)
        .map(|row| row.modelled_over_measured)
        .collect();
    off.sort_by(f64::total_cmp);
    let (first, last) = (off.first()?, off.last()?);
    let median = rows::statistics::median(&off)?;
    let show = |ratio: f64| Format::Fixed(2).show(ratio);
    Some(format!(
        "Of {} rows that the model was not fitted to, and whose devices had a core each, it gives {} times what was measured in \
         the median, {} to {}.",
        off.len(),
        show(median),
        show(*first),
        show(*last)
    ))
}

fn of_paper(rows: &[PaperModelRow]) -> Table {
    Table::of(rows)
        .words("data set", |row| &row.dataset)
        .words("a gradient reads", |row| &row.reading)
        .number("gradient", Format::Rough, |row| Some(1e6 * row.gradient_s))
        .modelled()
        .number("exchange", Format::Rough, |row| Some(1e6 * row.exchange_s))
        .modelled()
        .words("network", |row| &row.network)
        .number("depth", Format::Ratio, |row| Some(row.depth_speedup))
        .number("modelled", Format::Ratio, |row| Some(row.modelled_speedup))
        .modelled()
        .number("printed", Format::Ratio, |row| Some(row.paper_speedup))
        .build()
}
