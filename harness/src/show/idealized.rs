//! How the idealised method is shown: slopes, medians, and a picture against κ.

use lab::experiments::idealized::{IdealizedRow, MEASURES, SlopeRow, schemes};
use report::{
    Axis, Block, Dash, Document, Figure, FigureBlock, Mark, Panel, Series, Table, TableBlock,
};
use rows::Frame;
use rows::statistics::median;

/// The report.
pub fn document(rows: &[IdealizedRow], slopes: &[SlopeRow]) -> Document {
    let failed = rows.iter().filter(|row| row.status.starts_with("failed"));
    let mut blocks = vec![
        Block::Text(ORACLE.into()),
        Block::Table(slope_table(slopes)),
        Block::Table(medians(rows)),
    ];
    blocks.extend(figure(rows).map(Block::Figure));
    Document {
        blocks,
        failures: failed
            .map(|row| format!("{} κ={}: {}", row.scheme, row.condition, row.status))
            .collect(),
        frames: vec![Frame::of("rows", rows), Frame::of("slopes", slopes)],
        ..Document::default()
    }
}

const ORACLE: &str = "An iteration of *constant*, *chebyshev* and *random* is an exact flow, an \
oracle that only a quadratic has; one of the others is a gradient. An integrator's work is \
proportional to a flow's length, so flows are compared with gradients by their integration time \
(times √L), not by their number: with random times the number of flows hardly grows with κ \
because each gets longer.";

fn slope_table(slopes: &[SlopeRow]) -> TableBlock {
    let mut table = Table::new(&["method", "measure", "power of κ", "interval", "starts"]);
    for row in slopes {
        let interval = row.slope_low.zip(row.slope_high);
        table.push(vec![
            row.scheme.clone(),
            row.measure.clone(),
            format!("{:.3}", row.slope),
            interval.map_or_else(String::new, |(l, h)| format!("[{l:.3}, {h:.3}]")),
            row.starts.to_string(),
        ]);
    }
    TableBlock {
        caption: "How work grows with κ".into(),
        table,
        note: "½ is accelerated, 1 is not. Conjugate gradients end after as many iterations as \
               there are eigenvalues, so their power falls below ½ when κ is large for D. The time of \
               the Chebyshev flows grows as √κ ln κ, since the slower flows are longer too."
            .into(),
        in_terminal: true,
    }
}

/// The median over the starts of a measure.
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

fn medians(rows: &[IdealizedRow]) -> TableBlock {
    let conditions = conditions(rows);
    let names: Vec<String> = conditions.iter().map(|c| format!("κ = {c}")).collect();
    let mut headers = vec!["method", "measure"];
    headers.extend(names.iter().map(String::as_str));
    let mut table = Table::new(&headers);
    for scheme in schemes(rows) {
        for (measure, of) in MEASURES {
            let cells: Vec<String> = conditions
                .iter()
                .map(|&condition| {
                    middle(rows, scheme, condition, of)
                        .map_or_else(String::new, |value| format!("{value:.0}"))
                })
                .collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                table.push([vec![scheme.to_owned(), measure.to_owned()], cells].concat());
            }
        }
    }
    TableBlock {
        caption: "Work to the target".into(),
        table,
        note: "Medians over the starts; nothing where a run was capped.".into(),
        in_terminal: true,
    }
}

/// Both measures against κ on logarithmic axes, with powers ½ and 1 to compare with.
fn figure(rows: &[IdealizedRow]) -> Option<FigureBlock> {
    let conditions = conditions(rows);
    let first = *conditions.first()?;
    let panel = |(measure, of): (&str, fn(&IdealizedRow) -> Option<f64>)| {
        let mut series = Vec::new();
        let mut lowest = f64::INFINITY;
        for scheme in schemes(rows) {
            let points: Vec<(f64, f64)> = conditions
                .iter()
                .filter_map(|&c| Some((c, middle(rows, scheme, c, of)?)))
                .collect();
            if let Some(&(condition, value)) = points.first() {
                if condition == first {
                    lowest = lowest.min(value);
                }
                series.push(Series::line(scheme, points));
            }
        }
        // From the lowest of all lines on, so that they lie under them.
        for (label, power) in [("∝ √κ", 0.5), ("∝ κ", 1.0)] {
            let at = |&c: &f64| (c, lowest * (c / first).powf(power));
            let line = Series::line(label, conditions.iter().map(at));
            series.push(line.dash(Dash::Dotted).mark(Mark::None));
        }
        Panel::new(measure, series)
    };
    let figure = Figure::new(
        "Work to the target against κ",
        Axis::log("condition number κ"),
        Axis::log("iterations; √L · integration time"),
    )
    .panels(MEASURES.map(panel));
    Some(FigureBlock {
        name: "idealized".into(),
        alt: "Iterations and integration time to the target against the condition number, a line \
              a method, with lines of slope one half and one"
            .into(),
        figure,
    })
}
