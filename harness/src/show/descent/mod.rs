//! How rows of descents are shown: tables of medians over the starts, and the pictures.

mod lines;

use self::lines::{Line, hue, identity, panel_lines, table_lines};
use super::shared::{
    CountedRun, CurvesByRun, failures, grouped, in_unit_of_time, in_words, over_runs, stepped,
};
use lab::experiments::descent::plan::{Against, DescentPlan, Metric, Picture};
use lab::experiments::descent::{
    DescentCurveRow, DescentMarkRow, DescentRow, DescentRows, OWN_BEST,
};
use lab::experiments::identity::once;
use report::{
    Axis, Block, Cell, Document, Figure, FigureBlock, Panel, Piece, Series, Table, TableBlock,
};
use rows::Frame;
use rows::format::Format;
use rows::statistics::median;

/// Makes the whole report.
pub fn document(plan: &DescentPlan, all: &DescentRows) -> Document {
    let (rows, curves) = (&all.rows, &all.curves);
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    blocks.push(TableBlock::new("Medians over the starting points", table(rows), NOTE).into());
    let mut frames = vec![Frame::of("rows", rows), Frame::of("curves", curves)];
    if plan.parts.iter().any(|part| !part.marks.is_empty()) {
        let what = metric_label(plan.best.metric, plan.datasets.is_empty());
        let caption = format!("At the marks, by {what}: medians over the starting points");
        let marks = TableBlock::new(caption, marks_table(plan.best.metric, all), MARKS_NOTE);
        blocks.push(marks.not_in_terminal().into());
        frames.push(Frame::of("marks", &all.marks));
    }
    let curves = CurvesByRun::by(curves, |record| {
        (record.panel.as_str(), record.cell.as_str())
    });
    for picture in &plan.pictures {
        blocks.extend(
            figures(plan, picture, rows, &curves)
                .into_iter()
                .map(Block::from),
        );
    }
    let what = |row: &DescentRow| format!("{} {}", row.dataset, row.method);
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

const NOTE: &str = "Each number is the median over the starting points, with the least and the \
largest in brackets where they differ. *Reading* says under which readings of the paper a line is \
the method's: own-best is the best of its own grid, and all of the grid is in the table. *Tail* is \
the mean over the last share of the gradients that the plan says.";

const MARKS_NOTE: &str = "Where a run is after as many outer iterations (flows, or steps of a \
counterpart), and after as many gradients. Of a method with a grid the best at each mark is \
marked best. Where more than half of the runs have diverged it says so.";

/// Records of curves by part and cell.
type DescentCurves<'a> = CurvesByRun<'a, (&'a str, &'a str), DescentCurveRow>;

/// Says whether a row or mark is under a reading of the paper.
fn is_under(readings: &str, reading: &str) -> bool {
    readings.split('+').any(|word| word == reading)
}

fn table(rows: &[DescentRow]) -> Table {
    let (number, percent) = (Format::Significant, Format::Percent(2));
    Table::of(&table_lines(rows))
        .words("problem", |line| &line.first.dataset)
        .words("part", |line| &line.first.panel)
        .words("φ", |line| {
            line.first.kinetic_energy.as_deref().map(in_words)
        })
        .words("method", |line| &line.label)
        .number("step size", number, |line| line.first.step_size)
        .number("time", number, |line| line.first.integration_time)
        .words("reading", |line| line.first.readings.replace('+', ", "))
        .detail()
        .numbers("value", |line| line.spread(|r| r.value, number))
        .numbers("value, tail", |line| line.spread(|r| r.tail_value, number))
        .numbers("test acc.", |line| {
            line.spread(|r| r.test_accuracy, percent)
        })
        .numbers("test acc., tail", |line| {
            line.spread(|r| r.tail_accuracy, percent)
        })
        .numbers("test loss", |line| line.spread(|r| r.test_loss, number))
        .numbers("distance", |line| line.spread(|r| r.distance, number))
        .numbers("distance, tail", |line| {
            line.spread(|r| r.tail_distance, number)
        })
        .detail()
        .numbers("gradients to target", |line| {
            line.spread(|r| r.gradients_to_target.map(|g| g as f64), number)
        })
        .numbers("time to target", |line| {
            line.spread(|r| r.wall_to_target_s, Format::Seconds)
        })
        .words("not complete", |line| {
            let mut unfinished = line.rows.iter().filter(|r| r.status != "complete");
            let count = unfinished.clone().count();
            let first = unfinished.next()?;
            Some(format!("{count} of {}: {}", line.rows.len(), first.status))
        })
        .build()
        .without_empty_columns()
}

/// A line of runs with its cell for each mark.
struct Marked<'a> {
    line: Line<'a>,
    cells: Vec<Cell>,
}

/// Makes a line for each line of the table above, a column for each mark.
fn marks_table(by: Metric, all: &DescentRows) -> Table {
    let columns = once(all.marks.iter().map(|mark| (mark.axis.as_str(), mark.at)));
    let marked = table_lines(&all.rows).into_iter().map(|line| {
        let mine = |mark: &&DescentMarkRow| {
            [&mark.panel, &mark.dataset, &mark.method, &mark.settings] == identity(line.first)
        };
        let marks: Vec<&DescentMarkRow> = all.marks.iter().filter(mine).collect();
        let tuned = marks.iter().any(|mark| is_under(&mark.readings, "grid"));
        let cell = |(axis, at): &(&str, u64)| {
            let here = marks.iter().filter(|m| m.axis == *axis && m.at == *at);
            let best = tuned && here.clone().any(|m| is_under(&m.readings, OWN_BEST));
            let scores = here.map(|m| of_mark(by, m).unwrap_or(f64::INFINITY));
            match median(&scores.collect::<Vec<_>>()) {
                None => Cell::default(),
                Some(middle) if middle.is_infinite() => "diverged".into(),
                Some(middle) => Cell::from(Piece::Number(middle, Format::Significant))
                    .then(best.then_some(", best")),
            }
        };
        let cells = columns.iter().map(cell).collect();
        Marked { line, cells }
    });
    let marked: Vec<Marked> = marked
        .filter(|marked| marked.cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    let number = Format::Significant;
    let mut table = Table::of(&marked)
        .words("part", |marked| &marked.line.first.panel)
        .words("φ", |marked| {
            marked.line.first.kinetic_energy.as_deref().map(in_words)
        })
        .words("method", |marked| &marked.line.label)
        .number("step size", number, |marked| marked.line.first.step_size)
        .number("time", number, |marked| marked.line.first.integration_time)
        .words("problem", |marked| &marked.line.first.dataset);
    for (index, (axis, at)) in columns.iter().enumerate() {
        let title = format!("{at} {axis}");
        table = table.numbers(title, |marked| marked.cells[index].clone());
    }
    table.build().without_empty_columns()
}

/// Draws a picture: a figure for each data set and each reading of the paper.
fn figures(
    plan: &DescentPlan,
    picture: &Picture,
    rows: &[DescentRow],
    curves: &DescentCurves<'_>,
) -> Vec<FigureBlock> {
    let datasets = once(rows.iter().map(|r| r.dataset.as_str()));
    let mut readings = plan.readings();
    readings.push(OWN_BEST.into());
    let metric = metric_label(picture.metric, plan.datasets.is_empty());
    let mut figures = Vec::new();
    for dataset in &datasets {
        for reading in &readings {
            let mut name = picture.name.clone();
            let mut title = format!(
                "{} on {}",
                in_short(picture.metric, plan),
                in_words(dataset)
            );
            if datasets.len() > 1 {
                name = format!("{name}-{dataset}");
            }
            if readings.len() > 1 {
                name = format!("{name}-{reading}");
                title = format!("{title}, {}", steps_read(reading));
            }
            let drawn = |r: &&DescentRow| r.dataset == *dataset && is_under(&r.readings, reading);
            let drawn: Vec<&DescentRow> = rows.iter().filter(drawn).collect();
            let alt = format!(
                "{title}: {metric} against {}",
                against_label(picture.against)
            );
            let figure = figure(picture, title, &drawn, curves, plan);
            figures.push(FigureBlock::new(name, alt, figure));
        }
    }
    figures
}

fn figure(
    picture: &Picture,
    title: String,
    rows: &[&DescentRow],
    curves: &DescentCurves<'_>,
    plan: &DescentPlan,
) -> Figure {
    let mut panels = grouped(rows.iter().map(|&row| (panel_title(row, plan), row)));
    let panel = |(title, rows): (String, Vec<&DescentRow>)| {
        Panel::new(title, series(picture, &rows, curves))
    };
    let metric = metric_label(picture.metric, plan.datasets.is_empty());
    let y = if picture.logarithmic {
        Axis::log(metric)
    } else {
        Axis::linear(metric)
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
    let gone = if gone.is_empty() {
        String::new()
    } else {
        format!(" Not to be drawn, diverged at once: {}.", gone.join("; "))
    };
    let mut panels: Vec<Panel> = panels.into_iter().map(panel).collect();
    if let [only] = &mut panels[..] {
        // The figure's title says it.
        only.title.clear();
    }
    let x = match picture.against {
        Against::WallS => format!("running time / {}", in_unit_of_time(&mut panels)),
        other => against_label(other).to_owned(),
    };
    let x = match picture.logarithmic && panels.iter().any(is_squeezed) {
        true => Axis::log(x),
        false => Axis::linear(x),
    };
    Figure::new(title, x, y)
        .caption(format!(
            "Line: median over the starting points{band}.{gone}"
        ))
        .panels(panels)
}

/// Says whether a linear axis would squeeze what happens in a panel: one of its lines ends before a tenth of the
/// longest, or half of them have gone most of their way in a seventh of it.
fn is_squeezed(panel: &Panel) -> bool {
    let end = |series: &Series| series.points.last().map_or(0.0, |point| point.0);
    let longest = panel.series.iter().map(end).fold(0.0, f64::max);
    let early = |series: &&Series| {
        let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else {
            return false;
        };
        let way = |point: &(f64, f64)| (point.1.ln() - first.1.ln()) / (last.1.ln() - first.1.ln());
        let most = series.points.iter().find(|point| way(point) >= 0.75);
        most.is_some_and(|point| point.0 < 0.15 * longest)
    };
    let lines = panel.series.iter().filter(|series| series.points.len() > 1);
    let short = lines.clone().any(|series| end(series) < 0.1 * longest);
    short || 2 * lines.clone().filter(early).count() >= lines.count().max(1)
}

/// Says what the bands of panels with as many starts reach over.
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

/// Counts how many of the least and of the largest values a band leaves out: a quarter each, where there
/// are enough to speak of quarters.
fn left_out(values: usize) -> usize {
    match values {
        0..8 => 0,
        n => n / 4,
    }
}

/// Returns the part's title; of a plan without parts the kinetic energy.
fn panel_title(row: &DescentRow, plan: &DescentPlan) -> String {
    let part = plan.parts.iter().find(|part| part.name == row.panel);
    match part.filter(|part| !part.name.is_empty()) {
        Some(part) => format!("({}) {}", part.name, part.title),
        None if plan.one_panel => row.dataset.clone(),
        None => match row.kinetic_energy.as_deref() {
            Some(kinetic) => format!("φ = {}", in_words(kinetic)),
            None => row.dataset.clone(),
        },
    }
}

fn series(picture: &Picture, rows: &[&DescentRow], curves: &DescentCurves<'_>) -> Vec<Series> {
    let of_line = |line: &Line<'_>| {
        let run = |row: &&DescentRow| {
            let mine = curves.of((row.panel.as_str(), row.cell.as_str()));
            let count = |c: &DescentCurveRow| match picture.against {
                Against::Iterations => c.iterations,
                Against::Gradients | Against::WallS => c.gradients,
            };
            let mut points: Vec<_> = mine
                .filter_map(|c| Some((count(c), point(picture, c)?)))
                .collect();
            points.sort_by_key(|(count, _)| *count);
            let stays = row.status == "complete";
            CountedRun { points, stays }
        };
        let runs: Vec<_> = line.rows.iter().map(run).collect();
        over_runs(&line.label, &stepped(&runs), left_out).hue(hue(line))
    };
    panel_lines(rows.iter().copied())
        .iter()
        .map(of_line)
        .collect()
}

/// Finds where a curve's record lies in a picture; `None` without a number.
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

/// Names a metric for a title.
fn in_short(metric: Metric, plan: &DescentPlan) -> &'static str {
    match metric {
        Metric::Value if !plan.datasets.is_empty() => "Training loss",
        Metric::Value => "Function value",
        Metric::Distance => "Distance to the solution",
        Metric::TestAccuracy => "Test accuracy",
    }
}

/// Says how a reading has the step sizes.
fn steps_read(reading: &str) -> String {
    match reading {
        OWN_BEST => "each at its own best step".into(),
        other => format!("steps {}", in_words(other)),
    }
}

fn against_label(against: Against) -> &'static str {
    match against {
        Against::Gradients => "gradient computations",
        Against::Iterations => "outer iterations (flows, or steps of a counterpart)",
        Against::WallS => "running time",
    }
}

#[cfg(test)]
mod tests;
