//! How the idealised method is shown: slopes, medians, and a picture against κ.

use super::shared::{failures, hue, in_words};
use lab::experiments::idealized::{IdealizedRow, MEASURES, SlopeRow, schemes};
use report::{
    Axis, Block, Dash, Document, Figure, FigureBlock, Mark, Panel, Series, Table, TableBlock,
};
use rows::Frame;
use rows::format::Format;
use rows::statistics::median;

/// Makes the report.
pub fn document(rows: &[IdealizedRow], slopes: &[SlopeRow]) -> Document {
    let mut blocks = vec![
        Block::Text(ORACLE.into()),
        slope_table(slopes).into(),
        medians(rows).into(),
    ];
    blocks.extend(figure(rows).map(Block::from));
    let frames = vec![Frame::of("rows", rows), Frame::of("slopes", slopes)];
    let what = |row: &IdealizedRow| format!("{} κ={}", row.scheme, row.condition);
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

const ORACLE: &str = "An iteration of *constant*, *chebyshev* and *random* is an exact flow, an \
oracle that only a quadratic has; one of the others is a gradient. An integrator's work is \
proportional to a flow's length, so flows are compared with gradients by their integration time \
(times √L), not by their number: with random times the number of flows hardly grows with κ \
because each gets longer.";

fn slope_table(slopes: &[SlopeRow]) -> TableBlock {
    let end = |value: f64| Format::Fixed(3).show(value);
    let table = Table::of(slopes)
        .words("method", |row| &row.scheme)
        .words("measure", |row| &row.measure)
        .number("power of κ", Format::Fixed(3), |row| Some(row.slope))
        .numbers("interval", |row| {
            let ends = row
                .slope_low
                .zip(row.slope_high)
                .filter(|_| row.starts >= 3);
            ends.map(|(low, high)| format!("[{}, {}]", end(low), end(high)))
        })
        .number("starts", Format::Whole, |row| Some(row.starts as f64));
    TableBlock::new(
        "How work grows with κ",
        table.build(),
        "½ is accelerated, 1 is not. Conjugate gradients end after as many iterations as \
         there are eigenvalues, so their power falls below ½ when κ is large for D. The time of \
         the Chebyshev flows grows as √κ ln κ, since the slower flows are longer too.",
    )
}

/// Returns the median over the starts of a measure.
fn middle(
    rows: &[IdealizedRow],
    scheme: &str,
    condition: f64,
    of: fn(&IdealizedRow) -> Option<f64>,
) -> Option<f64> {
    let here = rows
        .iter()
        .filter(|row| row.scheme == scheme && row.condition == condition)
        .filter(|row| row.status == "complete");
    median(&here.filter_map(of).collect::<Vec<f64>>())
}

fn conditions(rows: &[IdealizedRow]) -> Vec<f64> {
    let mut conditions: Vec<f64> = rows.iter().map(|row| row.condition).collect();
    conditions.sort_by(f64::total_cmp);
    conditions.dedup();
    conditions
}

/// A method's medians of one measure, for each condition number.
struct Work<'a> {
    scheme: &'a str,
    measure: &'static str,
    medians: Vec<Option<f64>>,
}

fn medians(rows: &[IdealizedRow]) -> TableBlock {
    let conditions = conditions(rows);
    let work = schemes(rows).into_iter().flat_map(|scheme| {
        let conditions = &conditions;
        MEASURES.into_iter().map(move |(measure, of)| Work {
            scheme,
            measure,
            medians: conditions
                .iter()
                .map(|&c| middle(rows, scheme, c, of))
                .collect(),
        })
    });
    let work: Vec<Work> = work
        .filter(|work| work.medians.iter().any(Option::is_some))
        .collect();
    let mut table = Table::of(&work)
        .words("method", |work| work.scheme)
        .words("measure", |work| work.measure);
    for (index, condition) in conditions.iter().enumerate() {
        let title = format!("κ = {condition}");
        table = table.number(title, Format::Whole, |work| work.medians[index]);
    }
    let note = "Medians over the starts; nothing where a run was capped.";
    TableBlock::new("Work to the target", table.build(), note)
}

/// Draws both measures against κ on logarithmic axes, with powers ½ and 1 to compare with.
fn figure(rows: &[IdealizedRow]) -> Option<FigureBlock> {
    let conditions = conditions(rows);
    let first = *conditions.first()?;
    let panel = |(measure, of): (&str, fn(&IdealizedRow) -> Option<f64>)| {
        let points = |scheme: &str| -> Vec<(f64, f64)> {
            let point = |&c: &f64| Some((c, middle(rows, scheme, c, of)?));
            conditions.iter().filter_map(point).collect()
        };
        let lines = schemes(rows)
            .into_iter()
            .map(|s| Series::line(in_words(s), points(s)).hue(hue(s, false)));
        let lines: Vec<Series> = lines.filter(|line| !line.points.is_empty()).collect();
        let begins = lines.iter().map(|line| line.points[0]);
        let begins = begins.filter(|(condition, _)| *condition == first);
        let lowest = begins.fold(f64::INFINITY, |low, (_, value)| low.min(value));
        // From the lowest of all lines on, so that they lie under them.
        let powers = [("∝ √κ", 0.5), ("∝ κ", 1.0)].map(|(label, power)| {
            let at = |&c: &f64| (c, lowest * (c / first).powf(power));
            let line = Series::line(label, conditions.iter().map(at));
            line.dash(Dash::Dotted).mark(Mark::None)
        });
        Panel::new(in_words(measure), lines.into_iter().chain(powers))
    };
    let figure = Figure::new(
        "Work to the target against κ",
        Axis::log("condition number κ"),
        Axis::log("iterations; √L · integration time"),
    );
    Some(FigureBlock::new(
        "idealized",
        "Iterations and integration time to the target against the condition number, a line \
         a method, with lines of slope one half and one",
        figure.panels(MEASURES.map(panel)),
    ))
}
