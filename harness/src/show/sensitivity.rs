//! How the sensitivity to step sizes is shown: the best step and the width of the range about it, and a
//! picture of what each step leads to.

use super::shared::{failures, grouped, hue, over_runs};
use lab::experiments::descent::DescentRow;
use lab::experiments::identity::pairs;
use lab::experiments::sensitivity::StepWidthRow;
use report::{
    Axis, Block, Cell, Document, Figure, FigureBlock, Panel, Piece, Series, Table, TableBlock,
};
use rows::Frame;
use rows::format::Format;

/// Makes the report.
pub fn document(rows: &[DescentRow], widths: &[StepWidthRow]) -> Document {
    let blocks: Vec<Block> = vec![table(widths).into(), figure(rows).into()];
    let frames = vec![Frame::of("rows", rows), Frame::of("widths", widths)];
    let what = |row: &DescentRow| format!("{} {}", row.dataset, row.method);
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

fn table(widths: &[StepWidthRow]) -> TableBlock {
    let number = Format::Significant;
    let table = Table::of(widths)
        .words("problem", |row| &row.dataset)
        .words("method", |row| &row.method)
        .number("best step", number, |row| row.best_step)
        .number("value", number, |row| row.best_value)
        .number("from step", number, |row| row.least_step)
        .number("to step", number, |row| row.largest_step)
        .numbers("decades", decades)
        .numbers("each start's", |row| {
            let ends = row.width_low.zip(row.width_high);
            ends.map(|(low, high)| Piece::Spread(vec![low, high], Format::Fixed(2)))
        });
    let within = widths.first().map_or(1.0, |row| row.within);
    let note = format!(
        "*Value* is the median over the starting points after the last gradient, with the best step of \
         the grid. *From* and *to* are the steps about it, without a gap, whose medians are at most \
         {} times that: so many *decades* of steps serve about as well, to within a step of the grid. \
         A plus says that the range has an end of the grid, and may be wider.",
        Format::Exact.show(within)
    );
    TableBlock::new("Best steps, and the range about them", table.build(), note)
}

/// Shows a width, and that it may be a wider one.
fn decades(row: &StepWidthRow) -> Cell {
    let width = row.width.map(|w| Piece::Number(w, Format::Fixed(2)));
    let wider = row.at_end.unwrap_or_default().then_some(" +");
    Cell::from(width).then(wider)
}

/// Draws the value that each step leads to, a panel a data set and a line a method.
fn figure(rows: &[DescentRow]) -> FigureBlock {
    let panel = |(dataset, rows): (&String, Vec<&DescentRow>)| {
        let methods = grouped(rows.into_iter().map(|row| (row.method.as_str(), row)));
        Panel::new(dataset, methods.into_iter().map(series))
    };
    let panels = grouped(rows.iter().map(|row| (&row.dataset, row)));
    let figure = Figure::new(
        "What each step size leads to",
        Axis::log("step size"),
        Axis::log("value after the last gradient"),
    );
    let figure = figure
        .caption("Lines are medians over the starts, bands the least and the largest; no point where half of the runs diverge.");
    FigureBlock::new(
        "sensitivity",
        "The value after the last gradient against the step size, a line a method, a panel a data set",
        figure.panels(panels.into_iter().map(panel)),
    )
}

/// Draws one method; of a run that diverged the value is infinite, which is no point.
fn series((method, rows): (&str, Vec<&DescentRow>)) -> Series {
    let of = |key: &str| pairs(&rows[0].settings).find(|(name, _)| *name == key);
    let momentum = of("momentum").is_some_and(|(_, value)| value.parse() != Ok(0.0));
    let hue = of("method").and_then(|(_, kind)| hue(kind, momentum));
    let point = |row: &DescentRow| Some((row.step_size?, row.value.unwrap_or(f64::INFINITY)));
    let points = rows.into_iter().filter_map(point);
    let steps = grouped(points.map(|point| (point.0.to_bits(), point)));
    let steps: Vec<_> = steps.into_iter().map(|(_, points)| points).collect();
    over_runs(method, &steps, |_| 0).hue(hue)
}
