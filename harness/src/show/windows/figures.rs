//! The pictures of windows: curves as Figures 5, 6 and 9 have them, and depth against width.

use super::{name, varied};
use lab::experiments::windows::plan::Figures;
use lab::experiments::windows::{CurveRow, WindowRow};
use report::{Axis, Figure, FigureBlock, Panel, Series};

/// Test accuracy and training loss, against running time as the paper draws them and against
/// rounds, by the names the plan gives them; and depth speedup against window.
pub(super) fn figures(
    names: &Figures,
    rows: &[WindowRow],
    curves: &[CurveRow],
) -> Vec<FigureBlock> {
    type Column<N> = (N, &'static str, fn(&CurveRow) -> Option<f64>);
    let values: [Column<Option<&String>>; 2] = [
        (names.test_accuracy.as_ref(), "test accuracy", |c| {
            Some(c.test_accuracy)
        }),
        (
            names.train_loss.as_ref(),
            "training loss (mean cross-entropy)",
            |c| Some(c.train_loss),
        ),
    ];
    let against: [Column<&str>; 2] = [
        ("time", "running time / s (median)", |c| c.wall_s),
        (
            "rounds",
            "rounds (gradient evaluations one after the other)",
            |c| Some(c.rounds as f64),
        ),
    ];
    let mut all = Vec::new();
    for (value_name, y_label, y) in values {
        let Some(value_name) = value_name else {
            continue;
        };
        for (axis_name, x_label, x) in against {
            let panel =
                |of: &WindowRow| Panel::new(panel_name(of, rows), series(rows, curves, of, x, y));
            let title = format!("{y_label} against {axis_name}");
            let figure = Figure::new(title, Axis::linear(x_label), Axis::linear(y_label))
                .panels(panels(rows).into_iter().map(panel));
            all.push(FigureBlock {
                name: format!("{value_name}-{axis_name}"),
                alt: format!("{y_label} against {axis_name}, a panel a data set, a line a method"),
                figure,
            });
        }
    }
    all.extend(names.depth.as_ref().map(|name| depth(name, rows)));
    all
}

/// The first row of each data set and kinetic energy.
fn panels(rows: &[WindowRow]) -> Vec<&WindowRow> {
    let mut firsts: Vec<&WindowRow> = Vec::new();
    for row in rows {
        if !firsts.iter().any(|first| same_panel(first, row)) {
            firsts.push(row);
        }
    }
    firsts
}

fn same_panel(a: &WindowRow, b: &WindowRow) -> bool {
    let of = |row: &WindowRow| (row.seed, row.step_size.to_bits(), row.steps);
    a.dataset == b.dataset && a.kinetic_energy == b.kinetic_energy && of(a) == of(b)
}

fn panel_name(row: &WindowRow, rows: &[WindowRow]) -> String {
    let kinetic = match row.kinetic_energy.as_str() {
        "half-l2-squared" => String::new(),
        other => format!(", φ = {other}"),
    };
    format!("{}{kinetic}{}", name(row), varied(row, rows))
}

fn series(
    rows: &[WindowRow],
    curves: &[CurveRow],
    like: &WindowRow,
    x: fn(&CurveRow) -> Option<f64>,
    y: fn(&CurveRow) -> Option<f64>,
) -> Vec<Series> {
    let of_row = |row: &WindowRow| Series {
        label: format!("{} on {}", row.method(), row.devices),
        points: curves
            .iter()
            .filter(|c| c.cell == row.cell)
            .filter_map(|c| x(c).zip(y(c)))
            .collect(),
        ..Series::default()
    };
    rows.iter()
        .filter(|r| same_panel(r, like))
        .map(of_row)
        .collect()
}

/// Depth speedup against window, a panel a data set, a line for each velocity, predictor and
/// tolerance. Windows in less memory are left out: their lines lie on those of the others; and so are
/// variations with one width alone, of which there is no line.
fn depth(name: &str, rows: &[WindowRow]) -> FigureBlock {
    let panel = |of: &WindowRow| {
        let mut series: Vec<Series> = Vec::new();
        let kept = |r: &&WindowRow| r.storage.as_deref().is_none_or(|s| s == "points");
        for row in rows.iter().filter(|r| same_panel(r, of)).filter(kept) {
            let (Some(tolerance), Some(depth)) = (row.tolerance, row.depth_speedup) else {
                continue;
            };
            let label = format!("{}, τ = {tolerance:e}", row.guess());
            let point = (row.window as f64, depth);
            match series.iter_mut().find(|s| s.label == label) {
                Some(series) => series.points.push(point),
                None => series.push(Series {
                    label,
                    points: vec![point],
                    ..Series::default()
                }),
            }
        }
        Panel::new(panel_name(of, rows), series)
    };
    FigureBlock {
        name: name.to_owned(),
        alt: "Depth speedup against the window's width, a line for each velocity, predictor and tolerance".into(),
        figure: Figure::new(
            "Depth speedup against window",
            Axis::linear("window W"),
            Axis::linear("depth speedup S·K / rounds"),
        )
        .panels(panels(rows).into_iter().filter_map(|of| {
            let panel = panel(of);
            (varied(of, rows).is_empty() || has_lines(&panel)).then_some(panel)
        })),
    }
}

/// Whether any series of a panel has more than one x.
fn has_lines(panel: &Panel) -> bool {
    let several = |s: &Series| s.points.iter().any(|(x, _)| *x != s.points[0].0);
    panel.series.iter().any(several)
}
