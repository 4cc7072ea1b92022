//! How rows of descents are shown: one table of medians over the starts, and the pictures.

use super::plan::{Against, DescentPlan, Metric, Picture};
use super::rows::{DescentCurveRow, DescentRow, OWN_BEST};
use crate::report::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use crate::rows::Frame;
use crate::statistics::{median, spread};

/// The whole report.
pub fn document(plan: &DescentPlan, rows: &[DescentRow], curves: &[DescentCurveRow]) -> Document {
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    blocks.push(Block::Table(TableBlock {
        caption: "Medians over the starting points".into(),
        table: table(rows),
        note: NOTE.into(),
        in_terminal: true,
    }));
    for picture in &plan.pictures {
        blocks.extend(figures(plan, picture, rows, curves).map(Block::Figure));
    }
    let failed = |row: &&DescentRow| row.status.starts_with("failed");
    let failure = |row: &DescentRow| format!("{} {}: {}", row.dataset, row.method, row.status);
    Document {
        blocks,
        frames: vec![Frame::of("rows", rows), Frame::of("curves", curves)],
        failures: rows.iter().filter(failed).map(failure).collect(),
        ..Document::default()
    }
}

const NOTE: &str = "Each number is the median over the starting points, with the least and the \
largest in brackets where they differ. *Reading* says under which readings of the paper a line is \
the method's: own-best is the best of its own grid, and all of the grid is in the table.";

/// Runs that differ in their starts only.
struct Line<'a> {
    first: &'a DescentRow,
    rows: Vec<&'a DescentRow>,
}

fn same_line(a: &DescentRow, b: &DescentRow) -> bool {
    a.panel == b.panel
        && a.dataset == b.dataset
        && a.method == b.method
        && a.kinetic_energy == b.kinetic_energy
        && a.step_size == b.step_size
        && a.steps == b.steps
}

fn lines(rows: &[DescentRow]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        match lines.iter_mut().find(|line| same_line(line.first, row)) {
            Some(line) => line.rows.push(row),
            None => lines.push(Line {
                first: row,
                rows: vec![row],
            }),
        }
    }
    lines
}

fn table(rows: &[DescentRow]) -> Table {
    let mut table = Table::new(&[
        "problem",
        "part",
        "φ",
        "method",
        "step size",
        "time",
        "reading",
        "value",
        "test acc.",
        "distance",
        "gradients to target",
        "time to target",
        "at the mark",
        "not complete",
    ]);
    let percent = |v: f64| format!("{:.2} %", 100.0 * v);
    for line in lines(rows) {
        let first = line.first;
        let short = line.rows.iter().filter(|r| r.status != "complete").count();
        table.push(vec![
            first.dataset.clone(),
            first.panel.clone(),
            first.kinetic_energy.clone().unwrap_or_default(),
            first.method.clone(),
            first.step_size.map_or_else(String::new, number),
            first.integration_time.map_or_else(String::new, number),
            first.readings.replace('+', ", "),
            line.spread(|r| r.value, number),
            line.spread(|r| r.test_accuracy, percent),
            line.spread(|r| r.distance, number),
            line.spread(|r| r.gradients_to_target.map(|g| g as f64), number),
            line.spread(|r| r.wall_to_target_s, |v| format!("{v:.3} s")),
            line.spread(|r| r.mark_distance.or(r.mark_value), number),
            if short > 0 {
                format!("{short} of {}: {}", line.rows.len(), line.ending())
            } else {
                String::new()
            },
        ]);
    }
    table.without_empty_columns()
}

impl Line<'_> {
    /// Median, and the ends where they differ in what is shown.
    fn spread(&self, of: fn(&DescentRow) -> Option<f64>, show: impl Fn(f64) -> String) -> String {
        let values: Vec<f64> = self.rows.iter().filter_map(|r| of(r)).collect();
        spread(&values, show)
    }

    /// How the first run ended that was not complete.
    fn ending(&self) -> String {
        let first = self.rows.iter().find(|r| r.status != "complete");
        first.map_or_else(String::new, |r| r.status.clone())
    }
}

/// Four significant digits.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !(1e-4..1e6).contains(&magnitude) {
        format!("{value:.2e}")
    } else {
        let digits = (3 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }
}

/// A picture's figures: one for each data set and each reading of the paper.
fn figures<'a>(
    plan: &'a DescentPlan,
    picture: &'a Picture,
    rows: &'a [DescentRow],
    curves: &'a [DescentCurveRow],
) -> impl Iterator<Item = FigureBlock> + 'a {
    let mut datasets: Vec<&str> = rows.iter().map(|r| r.dataset.as_str()).collect();
    datasets.dedup();
    let mut readings = plan.readings();
    readings.push(OWN_BEST.into());
    let several = (datasets.len() > 1, readings.len() > 1);
    let pairs: Vec<(&str, String)> = datasets
        .into_iter()
        .flat_map(|d| readings.clone().into_iter().map(move |r| (d, r)))
        .collect();
    pairs.into_iter().map(move |(dataset, reading)| {
        let mut name = picture.name.clone();
        let metric = picture.metric.label(plan.datasets.is_empty());
        let mut title = format!("{metric} on {dataset}");
        if several.0 {
            name = format!("{name}-{dataset}");
        }
        if several.1 {
            name = format!("{name}-{reading}");
            title = format!("{title}, {reading}");
        }
        let drawn: Vec<&DescentRow> = rows
            .iter()
            .filter(|r| r.dataset == dataset && r.readings.split('+').any(|w| w == reading))
            .collect();
        FigureBlock {
            name,
            alt: format!("{title}, against {}", picture.against.label()),
            figure: figure(picture, title, &drawn, curves, plan),
        }
    })
}

fn figure(
    picture: &Picture,
    title: String,
    rows: &[&DescentRow],
    curves: &[DescentCurveRow],
    plan: &DescentPlan,
) -> Figure {
    let mut panels: Vec<(String, Vec<&DescentRow>)> = Vec::new();
    for &row in rows {
        let name = panel_title(row, plan);
        match panels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, rows)) => rows.push(row),
            None => panels.push((name, vec![row])),
        }
    }
    let panel = |(title, rows): (String, Vec<&DescentRow>)| {
        Panel::new(title).all(series(picture, &rows, curves))
    };
    let metric = picture.metric.label(plan.datasets.is_empty());
    let y = match picture.logarithmic {
        true => Axis::log(metric),
        false => Axis::linear(metric),
    };
    let starts = rows.iter().map(|r| r.start + 1).max().unwrap_or(1) as usize;
    let band = match (starts, left_out(starts)) {
        (1, _) => String::new(),
        (_, 0) => "; band: from the least to the largest".into(),
        (_, out) => format!("; band: all of {starts} but the {out} least and the {out} largest"),
    };
    // A part of which nothing is left has no panel, but is not passed over.
    let gone = |row: &&DescentRow| row.value.is_none() && row.best_value.is_none();
    panels.retain(|(_, rows)| !rows.iter().all(gone));
    let mut gone: Vec<String> = rows
        .iter()
        .copied()
        .filter(gone)
        .map(|row| format!("{}: {}", panel_title(row, plan), row.method))
        .collect();
    gone.dedup();
    let gone = match gone.is_empty() {
        true => String::new(),
        false => format!(" Not to be drawn, diverged at once: {}.", gone.join("; ")),
    };
    Figure::new(title, Axis::linear(picture.against.label()), y)
        .caption(format!(
            "Line: median over the starting points{band}.{gone}"
        ))
        .panels(panels.into_iter().map(panel))
}

/// How many of the least and of the largest values a band leaves out: a quarter each, where there
/// are enough to speak of quarters.
fn left_out(values: usize) -> usize {
    match values {
        0..8 => 0,
        n => n / 4,
    }
}

/// The part's title; of a plan without parts the kinetic energy.
fn panel_title(row: &DescentRow, plan: &DescentPlan) -> String {
    let part = plan.parts.iter().find(|part| part.name == row.panel);
    match part.filter(|part| !part.name.is_empty()) {
        Some(part) => format!("({}) {}", part.name, part.title),
        None if plan.one_panel => row.dataset.clone(),
        None => match row.kinetic_energy.as_deref() {
            Some(kinetic) => format!("φ = {}", symbol(kinetic)),
            None => row.dataset.clone(),
        },
    }
}

/// A kinetic energy as the paper writes it.
fn symbol(kinetic: &str) -> &str {
    match kinetic {
        "half-l2-squared" => "½‖v‖²",
        "l2" => "‖v‖₂",
        "l1" => "‖v‖₁",
        "linf" => "‖v‖_∞",
        other => other,
    }
}

fn series(picture: &Picture, rows: &[&DescentRow], curves: &[DescentCurveRow]) -> Vec<Series> {
    let owned: Vec<DescentRow> = rows.iter().map(|r| (*r).clone()).collect();
    let lines = lines(&owned);
    let label = |line: &Line| {
        let same: Vec<&Line> = lines
            .iter()
            .filter(|l| l.first.method == line.first.method)
            .collect();
        let differ =
            |of: fn(&DescentRow) -> Option<f64>| same.iter().any(|l| of(l.first) != of(line.first));
        let mut label = line.first.method.clone();
        if differ(|r| r.step_size) {
            let size = line.first.step_size.map_or_else(String::new, number);
            label = format!("{label}, step {size}");
        } else if differ(|r| r.integration_time) {
            let time = line.first.integration_time.map_or_else(String::new, number);
            label = format!("{label}, time {time}");
        }
        label
    };
    let of_line = |line: &Line| {
        let keys: Vec<&str> = line.rows.iter().map(|r| r.cell.as_str()).collect();
        let mine = curves
            .iter()
            .filter(|c| c.panel == line.first.panel && keys.contains(&c.cell.as_str()));
        // Where the runs were at the same gradient: (x, y) of each.
        let mut at: Vec<(u64, Vec<(f64, f64)>)> = Vec::new();
        for curve in mine {
            let Some(point) = picture.point(curve) else {
                continue;
            };
            match at.iter_mut().find(|(g, _)| *g == curve.gradients) {
                Some((_, points)) => points.push(point),
                None => at.push((curve.gradients, vec![point])),
            }
        }
        at.sort_by_key(|(gradients, _)| *gradients);
        let middle = |points: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| {
            median(&points.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
        };
        let points = at
            .iter()
            .map(|(_, p)| (middle(p, |p| p.0), middle(p, |p| p.1)));
        let band = at.iter().filter(|(_, p)| p.len() > 1).map(|(_, p)| {
            let mut values: Vec<f64> = p.iter().map(|p| p.1).collect();
            values.sort_by(f64::total_cmp);
            let left_out = left_out(values.len());
            let (low, high) = (values[left_out], values[values.len() - 1 - left_out]);
            (middle(p, |p| p.0), low, high)
        });
        Series::line(label(line), points).band(band)
    };
    lines.iter().map(of_line).collect()
}

impl Picture {
    fn point(&self, curve: &DescentCurveRow) -> Option<(f64, f64)> {
        let x = match self.against {
            Against::Gradients => curve.gradients as f64,
            Against::Iterations => curve.iterations as f64,
            Against::WallS => curve.wall_s?,
        };
        let y = match self.metric {
            Metric::Value => Some(curve.value),
            Metric::Distance => curve.distance,
            Metric::TestAccuracy => curve.test_accuracy,
        };
        Some((x, y?))
    }
}

impl Metric {
    /// For an axis; `synthetic` if the problem is a function rather than data.
    fn label(self, synthetic: bool) -> &'static str {
        match self {
            Self::Value if synthetic => "function value",
            Self::Value => "training loss (mean cross-entropy)",
            Self::Distance => "distance to the solution",
            Self::TestAccuracy => "test accuracy",
        }
    }
}

impl Against {
    fn label(self) -> &'static str {
        match self {
            Self::Gradients => "gradient computations",
            Self::Iterations => "outer iterations (flows, or steps of a counterpart)",
            Self::WallS => "running time / s",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_four_digits_and_no_idle_zeros() {
        assert_eq!(number(0.01), "0.01");
        assert_eq!(number(0.301_234), "0.3012");
        assert_eq!(number(12_345.6), "12346");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(3.2e-9), "3.20e-9");
        assert_eq!(number(0.0), "0");
    }
}
