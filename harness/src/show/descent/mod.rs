//! How rows of descents are shown: tables of medians over the starts, and the pictures.

mod lines;

use self::lines::{Line, identity, labels, lines, number, step_size, symbol, table_labels, time};
use lab::experiments::descent::plan::{Against, DescentPlan, Metric, Picture};
use lab::experiments::descent::{
    DescentCurveRow, DescentMarkRow, DescentRow, DescentRows, OWN_BEST,
};
use lab::experiments::identity::once;
use report::{Axis, Band, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use rows::Frame;
use rows::statistics::median;

/// The whole report.
pub fn document(plan: &DescentPlan, all: &DescentRows) -> Document {
    let (rows, curves) = (&all.rows, &all.curves);
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    blocks.push(Block::Table(TableBlock {
        caption: "Medians over the starting points".into(),
        table: table(rows),
        note: NOTE.into(),
        in_terminal: true,
    }));
    let mut frames = vec![Frame::of("rows", rows), Frame::of("curves", curves)];
    if plan.parts.iter().any(|part| !part.marks.is_empty()) {
        let what = metric_label(plan.best.metric, plan.datasets.is_empty());
        blocks.push(Block::Table(TableBlock {
            caption: format!("At the marks, by {what}: medians over the starting points"),
            table: marks_table(plan.best.metric, all),
            note: MARKS_NOTE.into(),
            in_terminal: false,
        }));
        frames.push(Frame::of("marks", &all.marks));
    }
    for picture in &plan.pictures {
        blocks.extend(figures(plan, picture, rows, curves).map(Block::Figure));
    }
    let failed = |row: &&DescentRow| row.status.starts_with("failed");
    let failure = |row: &DescentRow| format!("{} {}: {}", row.dataset, row.method, row.status);
    Document {
        blocks,
        frames,
        failures: rows.iter().filter(failed).map(failure).collect(),
        ..Document::default()
    }
}

const NOTE: &str = "Each number is the median over the starting points, with the least and the \
largest in brackets where they differ. *Reading* says under which readings of the paper a line is \
the method's: own-best is the best of its own grid, and all of the grid is in the table. *Tail* is \
the mean over the last share of the gradients that the plan says.";

const MARKS_NOTE: &str = "Where a run is after as many outer iterations (flows, or steps of a \
counterpart), and after as many gradients. Of a method with a grid the best at each mark is \
marked best. Where more than half of the runs have diverged it says so.";

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
        "value, tail",
        "test acc.",
        "test acc., tail",
        "distance",
        "distance, tail",
        "gradients to target",
        "time to target",
        "not complete",
    ]);
    let percent = |v: f64| format!("{:.2} %", 100.0 * v);
    let lines = lines(rows);
    for (line, label) in lines.iter().zip(table_labels(&lines)) {
        let first = line.first;
        let short = line.rows.iter().filter(|r| r.status != "complete").count();
        table.push(vec![
            first.dataset.clone(),
            first.panel.clone(),
            first.kinetic_energy.clone().unwrap_or_default(),
            label,
            step_size(first),
            time(first),
            first.readings.replace('+', ", "),
            line.spread(|r| r.value, number),
            line.spread(|r| r.tail_value, number),
            line.spread(|r| r.test_accuracy, percent),
            line.spread(|r| r.tail_accuracy, percent),
            line.spread(|r| r.distance, number),
            line.spread(|r| r.tail_distance, number),
            line.spread(|r| r.gradients_to_target.map(|g| g as f64), number),
            line.spread(|r| r.wall_to_target_s, |v| format!("{v:.3} s")),
            if short > 0 {
                format!("{short} of {}: {}", line.rows.len(), line.ending())
            } else {
                String::new()
            },
        ]);
    }
    table.without_empty_columns()
}

/// A line for each line of the table above, a column for each mark.
fn marks_table(by: Metric, all: &DescentRows) -> Table {
    let columns = once(all.marks.iter().map(|mark| (mark.axis.as_str(), mark.at)));
    let mut titles: Vec<String> = ["part", "φ", "method", "step size", "time", "problem"]
        .map(str::to_owned)
        .into();
    titles.extend(columns.iter().map(|(axis, at)| format!("{at} {axis}")));
    let mut table = Table::new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    let lines = lines(&all.rows);
    for (line, label) in lines.iter().zip(table_labels(&lines)) {
        let first = line.first;
        let mine = |mark: &&DescentMarkRow| {
            [&mark.panel, &mark.dataset, &mark.method, &mark.settings] == identity(first)
        };
        let marks: Vec<&DescentMarkRow> = all.marks.iter().filter(mine).collect();
        let tuned = marks
            .iter()
            .any(|mark| mark.readings.split('+').any(|w| w == "grid"));
        let cell = |(axis, at): &(&str, u64)| {
            let here = marks.iter().filter(|m| m.axis == *axis && m.at == *at);
            let here: Vec<&DescentMarkRow> = here.copied().collect();
            let best = here
                .iter()
                .any(|m| m.readings.split('+').any(|w| w == OWN_BEST));
            let scores = here.iter().map(|m| of_mark(by, m).unwrap_or(f64::INFINITY));
            match median(&scores.collect::<Vec<_>>()) {
                None => String::new(),
                Some(middle) if middle.is_infinite() => "diverged".into(),
                Some(middle) if tuned && best => format!("{}, best", number(middle)),
                Some(middle) => number(middle),
            }
        };
        let mut cells = vec![
            first.panel.clone(),
            first.kinetic_energy.clone().unwrap_or_default(),
            label,
            step_size(first),
            time(first),
            first.dataset.clone(),
        ];
        cells.extend(columns.iter().map(cell));
        if cells[6..].iter().any(|cell| !cell.is_empty()) {
            table.push(cells);
        }
    }
    table.without_empty_columns()
}

/// A picture's figures: one for each data set and each reading of the paper.
fn figures<'a>(
    plan: &'a DescentPlan,
    picture: &'a Picture,
    rows: &'a [DescentRow],
    curves: &'a [DescentCurveRow],
) -> impl Iterator<Item = FigureBlock> + 'a {
    let datasets = once(rows.iter().map(|r| r.dataset.as_str()));
    let mut readings = plan.readings();
    readings.push(OWN_BEST.into());
    let several = (datasets.len() > 1, readings.len() > 1);
    let pairs: Vec<(&str, String)> = datasets
        .into_iter()
        .flat_map(|d| readings.clone().into_iter().map(move |r| (d, r)))
        .collect();
    pairs.into_iter().map(move |(dataset, reading)| {
        let mut name = picture.name.clone();
        let metric = metric_label(picture.metric, plan.datasets.is_empty());
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
            alt: format!("{title}, against {}", against_label(picture.against)),
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
        Panel::new(title, series(picture, &rows, curves))
    };
    let metric = metric_label(picture.metric, plan.datasets.is_empty());
    let y = match picture.logarithmic {
        true => Axis::log(metric),
        false => Axis::linear(metric),
    };
    let starts = panels
        .iter()
        .map(|(_, rows)| once(rows.iter().map(|r| r.start)).len());
    let band = band(&starts.collect::<Vec<_>>());
    // A part of which nothing is left has no panel, but is not passed over.
    let gone = |row: &&DescentRow| row.value.is_none() && row.best_value.is_none();
    panels.retain(|(_, rows)| !rows.iter().all(gone));
    let gone = rows.iter().copied().filter(gone);
    let gone = once(gone.map(|row| format!("{}: {}", panel_title(row, plan), row.method)));
    let gone = match gone.is_empty() {
        true => String::new(),
        false => format!(" Not to be drawn, diverged at once: {}.", gone.join("; ")),
    };
    Figure::new(title, Axis::linear(against_label(picture.against)), y)
        .caption(format!(
            "Line: median over the starting points{band}.{gone}"
        ))
        .panels(panels.into_iter().map(panel))
}

/// What the bands of panels with as many starts reach over, in words.
fn band(starts: &[usize]) -> &'static str {
    let few = starts.iter().any(|&n| n > 1 && left_out(n) == 0);
    let many = starts.iter().any(|&n| left_out(n) > 0);
    match (few, many) {
        (false, false) => "",
        (true, false) => "; band: from the least to the largest",
        (false, true) => "; band: all but a quarter of them at either end",
        (true, true) => "; band: all but a quarter of them at either end, of fewer than 8 all",
    }
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

fn series(picture: &Picture, rows: &[&DescentRow], curves: &[DescentCurveRow]) -> Vec<Series> {
    let lines = lines(rows.iter().copied());
    let labels = labels(&lines);
    let of_line = |(line, label): (&Line, String)| {
        let keys: Vec<&str> = line.rows.iter().map(|r| r.cell.as_str()).collect();
        let mine = curves
            .iter()
            .filter(|c| c.panel == line.first.panel && keys.contains(&c.cell.as_str()));
        // Where the runs were at the same gradient: (x, y) of each.
        let mut at: Vec<(u64, Vec<(f64, f64)>)> = Vec::new();
        for curve in mine {
            let Some(point) = point(picture, curve) else {
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
            Band {
                x: middle(p, |p| p.0),
                low,
                high,
            }
        });
        Series::line(label, points).band(band)
    };
    lines.iter().zip(labels).map(of_line).collect()
}

/// Where a curve's record lies in a picture; `None` without a number.
fn point(picture: &Picture, curve: &DescentCurveRow) -> Option<(f64, f64)> {
    let x = match picture.against {
        Against::Gradients => curve.gradients as f64,
        Against::Iterations => curve.iterations as f64,
        Against::WallS => curve.wall_s?,
    };
    let y = match picture.metric {
        Metric::Value => Some(curve.value),
        Metric::Distance => curve.distance,
        Metric::TestAccuracy => curve.test_accuracy,
    };
    Some((x, y?))
}

fn of_mark(metric: Metric, mark: &DescentMarkRow) -> Option<f64> {
    match metric {
        Metric::Value => mark.value,
        Metric::Distance => mark.distance,
        Metric::TestAccuracy => mark.test_accuracy,
    }
}

/// Names a metric for an axis; `synthetic` if the problem is a function rather than data.
fn metric_label(metric: Metric, synthetic: bool) -> &'static str {
    match metric {
        Metric::Value if synthetic => "function value",
        Metric::Value => "training loss (mean cross-entropy)",
        Metric::Distance => "distance to the solution",
        Metric::TestAccuracy => "test accuracy",
    }
}

fn against_label(against: Against) -> &'static str {
    match against {
        Against::Gradients => "gradient computations",
        Against::Iterations => "outer iterations (flows, or steps of a counterpart)",
        Against::WallS => "running time / s",
    }
}

#[cfg(test)]
mod tests;
