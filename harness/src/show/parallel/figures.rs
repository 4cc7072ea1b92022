//! Figures of windows over the steps of several methods: depth, what theory says of errors and exponents, and which
//! comes first to a loss.

use super::{Depth, Names, Race, depths, middle, widest};
use crate::show::shared::grouped;
use lab::experiments::parallel::ParallelRow;
use report::{Axis, Dash, Figure, FigureBlock, Hue, Mark, Panel, Series};

/// Depth against width, and seconds and rounds to the target.
pub(super) fn figures(rows: &[ParallelRow], races: &[Race<'_>], names: &Names) -> Vec<FigureBlock> {
    let mut all = vec![depth_figure(rows, names)];
    all.extend(bound_figure(rows));
    all.extend(exponent_figure(rows));
    let by = |of: fn(&Race<'_>) -> Option<f64>, name: &str, what: &str| -> Option<FigureBlock> {
        let panels = grouped(races.iter().map(|race| (race.place.as_str(), race)));
        let panels: Vec<Panel> = panels
            .into_iter()
            .filter_map(|(dataset, races)| {
                let lines = grouped(races.into_iter().map(|race| (race.method, race)));
                let lines = lines.into_iter().map(|(method, races)| {
                    let points = races.iter().filter_map(|r| Some((r.width as f64, of(r)?)));
                    Series::line(method, points)
                });
                let lines: Vec<Series> = lines.filter(|line| !line.points.is_empty()).collect();
                (!lines.is_empty()).then(|| Panel::new(dataset, lines))
            })
            .collect();
        if panels.is_empty() {
            return None;
        }
        let title = format!("{what} against window");
        let figure = Figure::new(&title, Axis::linear("window W"), Axis::log(what));
        let alt =
            format!("{title}, a panel a data set, a line a method, each at its best step size");
        Some(FigureBlock::new(name, alt, figure.panels(panels)))
    };
    all.extend(by(
        |race| race.seconds,
        "parallel-seconds",
        "seconds to the loss, on one device",
    ));
    all.extend(by(
        |race| Some(race.rounds),
        "parallel-rounds",
        "rounds to the loss",
    ));
    all
}

/// A line that theory draws.
fn limit(label: &str, points: [(f64, f64); 2]) -> Series {
    Series::line(label, points)
        .hue(Some(Hue::Grey))
        .dash(Dash::Dashed)
        .mark(Mark::None)
}

/// Each measured error beside what theory bounds it by.
fn bound_figure(rows: &[ParallelRow]) -> Option<FigureBlock> {
    let bounded = rows.iter().filter_map(|row| {
        let size = format!("{} θ = {}", row.method, row.step_size?);
        // An error of 0 has no place on a logarithmic axis, and is below any bound.
        let point = (row.error_bound?, row.error.filter(|error| *error > 0.0)?);
        Some((row.place(), (size, point)))
    });
    let panels = grouped(bounded).into_iter().map(|(place, points)| {
        let bounds = points.iter().map(|(_, (bound, _))| *bound);
        let low = bounds.clone().fold(f64::INFINITY, f64::min);
        let high = bounds.fold(0.0, f64::max);
        let sizes = grouped(points).into_iter();
        let mut all: Vec<Series> = sizes
            .map(|(size, points)| Series::scatter(size, points))
            .collect();
        all.push(limit("limit: the bound", [(low, low), (high, high)]));
        Panel::new(place, all)
    });
    let panels: Vec<Panel> = panels.collect();
    if panels.is_empty() {
        return None;
    }
    let figure = Figure::new(
        "The error of Picard windows against its bound on a quadratic",
        Axis::log("bound"),
        Axis::log("error"),
    );
    Some(FigureBlock::new(
        "parallel-bound",
        "The error of each window of flows on a quadratic against what theory bounds it by: all points lie below the line",
        figure.panels(panels),
    ))
}

/// The depth of the widest window against the exponent.
fn exponent_figure(rows: &[ParallelRow]) -> Option<FigureBlock> {
    let with = rows.iter().filter_map(|row| {
        let (most, depth) = widest(rows, row)?;
        let point = (row.exponent?, depth);
        Some((row.place(), (row.method.as_str(), most, point)))
    });
    let panels = grouped(with).into_iter().map(|(place, all)| {
        let most = all.iter().map(|(_, most, _)| *most).max().unwrap_or(1);
        let points = grouped(all.into_iter().map(|(method, _, point)| (method, point)));
        let series = points
            .into_iter()
            .map(|(method, points)| Series::scatter(method, points));
        Panel::new(format!("{place}, W = {most}"), series)
    });
    let panels: Vec<Panel> = panels.collect();
    if panels.is_empty() {
        return None;
    }
    let figure = Figure::new(
        "Depth of the widest window against the exponent",
        Axis::linear("largest Lyapunov exponent, a step"),
        Axis::log("depth: steps / rounds"),
    );
    Some(FigureBlock::new(
        "parallel-exponent",
        "The depth of the widest window against the largest Lyapunov exponent of the steps, a point a step size, a colour a \
         method",
        figure.panels(panels),
    ))
}

fn depth_figure(rows: &[ParallelRow], names: &Names) -> FigureBlock {
    let depths = depths(rows, names);
    let panels = grouped(depths.iter().map(|d| (d.first.place(), d)));
    let panel = |(place, depths): (String, Vec<&Depth<'_>>)| {
        // A method's deepest window of each width, at the step size that is best one step after the other; where there
        // is no target at its smallest.
        let raced = depths.iter().any(|d| d.first.target.is_some());
        let best = depths
            .iter()
            .filter(|d| !raced || d.first.best.contains("one"));
        let lines = grouped(best.map(|d| (d.first.method.as_str(), *d)));
        let lines = lines.into_iter().map(|(method, depths)| {
            let widths = grouped(
                depths
                    .iter()
                    .filter_map(|d| Some((d.first.window?, middle(&d.rows, |row| row.depth)?))),
            );
            let point = |(width, depths): &(u64, Vec<f64>)| {
                (*width as f64, depths.iter().copied().fold(1.0, f64::max))
            };
            let points = std::iter::once((1.0, 1.0)).chain(widths.iter().map(point));
            Series::line(method, points.collect::<Vec<_>>())
        });
        let mut lines: Vec<Series> = lines.collect();
        let ends = lines.iter().filter_map(|line| line.points.last());
        let widest = ends.map(|(width, _)| *width).fold(1.0, f64::max);
        lines.push(limit(
            "limit: a round a window",
            [(1.0, 1.0), (widest, widest)],
        ));
        Panel::new(place, lines)
    };
    let figure = Figure::new(
        "Depth speedup against window",
        Axis::log("window W"),
        Axis::log("depth: steps / rounds"),
    );
    FigureBlock::new(
        "parallel-depth",
        "Depth speedup against the window's width, a panel a data set, a line a method at the step size that is best \
         one step after the other in its deepest window of each width, below the line of windows that move by their whole \
         width",
        figure.panels(panels.into_iter().map(panel)),
    )
}
