//! The pictures of windows: curves as Figures 5, 6 and 9 have them, and depth against width.

use super::labels::{name, varied};
use crate::show::shared::grouped;
use lab::experiments::windows::plan::Figures;
use lab::experiments::windows::{CurveRow, WindowRow};
use report::{Axis, Figure, FigureBlock, Panel, Series};

/// Something that a curve's record has, for an axis.
struct Quantity {
    name: &'static str,
    label: &'static str,
    of: fn(&CurveRow) -> Option<f64>,
}

const ACCURACY: Quantity = Quantity {
    name: "test_accuracy",
    label: "test accuracy",
    of: |curve| Some(curve.test_accuracy),
};
const LOSS: Quantity = Quantity {
    name: "train_loss",
    label: "training loss (mean cross-entropy)",
    of: |curve| Some(curve.train_loss),
};
const AGAINST: [Quantity; 2] = [
    Quantity {
        name: "time",
        label: "running time / s (median)",
        of: |curve| curve.wall_s,
    },
    Quantity {
        name: "rounds",
        label: "rounds (gradient evaluations one after the other)",
        of: |curve| Some(curve.rounds as f64),
    },
];

/// Draws test accuracy and training loss, against running time as the paper draws them and against
/// rounds, by the names the plan gives them; and depth speedup against window.
pub(super) fn figures(
    names: &Figures,
    rows: &[WindowRow],
    curves: &[CurveRow],
) -> Vec<FigureBlock> {
    let values = [(&names.test_accuracy, ACCURACY), (&names.train_loss, LOSS)];
    let values = values
        .into_iter()
        .filter_map(|(name, y)| Some((name.as_ref()?, y)));
    let mut all = Vec::new();
    for (name, y) in values {
        for x in AGAINST {
            let curve = |row: &WindowRow| {
                let mine = curves.iter().filter(|c| c.cell == row.cell);
                let points = mine.filter_map(|c| (x.of)(c).zip((y.of)(c)));
                Series::line(format!("{} on {}", row.method(), row.devices), points)
            };
            let panel = |of: Vec<&WindowRow>| {
                Panel::new(panel_name(of[0], rows), of.into_iter().map(curve))
            };
            let title = format!("{} against {}", y.label, x.name);
            let figure = Figure::new(&title, Axis::linear(x.label), Axis::linear(y.label))
                .panels(panels(rows).into_iter().map(panel));
            let alt = format!("{title}, a panel a data set, a line a method");
            all.push(FigureBlock::new(format!("{name}-{}", x.name), alt, figure));
        }
    }
    all.extend(names.depth.as_ref().map(|name| depth(name, rows)));
    all
}

/// Collects the rows of each panel: of one data set, kinetic energy and setting.
fn panels(rows: &[WindowRow]) -> Vec<Vec<&WindowRow>> {
    let key = |row: &WindowRow| {
        let setting = (row.seed, row.step_size.to_bits(), row.steps);
        (row.dataset.clone(), row.kinetic_energy.clone(), setting)
    };
    let panels = grouped(rows.iter().map(|row| (key(row), row))).into_iter();
    panels.map(|(_, rows)| rows).collect()
}

fn panel_name(row: &WindowRow, rows: &[WindowRow]) -> String {
    let kinetic = match row.kinetic_energy.as_str() {
        "half-l2-squared" => String::new(),
        other => format!(", φ = {other}"),
    };
    format!("{}{kinetic}{}", name(row, &[]).text(), varied(row, rows))
}

/// Draws depth speedup against window, a panel a data set, a line for each velocity, predictor and
/// tolerance. Windows in less memory are left out: their lines lie on those of the others; and so are
/// variations with one width alone, of which there is no line.
fn depth(name: &str, rows: &[WindowRow]) -> FigureBlock {
    let panel = |of: Vec<&WindowRow>| {
        let kept = of
            .iter()
            .filter(|r| r.storage.as_deref().is_none_or(|s| s == "points"));
        let points = kept.filter_map(|row| {
            let label = format!("{}, τ = {:e}", row.guess(), row.tolerance?);
            Some((label, (row.window as f64, row.depth_speedup?)))
        });
        let lines = grouped(points).into_iter();
        let series = lines.map(|(label, points)| Series::line(label, points));
        let panel = Panel::new(panel_name(of[0], rows), series);
        (varied(of[0], rows).is_empty() || has_lines(&panel)).then_some(panel)
    };
    let (x, y) = (
        Axis::linear("window W"),
        Axis::linear("depth speedup S·K / rounds"),
    );
    FigureBlock::new(
        name,
        "Depth speedup against the window's width, a line for each velocity, predictor and tolerance",
        Figure::new("Depth speedup against window", x, y)
            .panels(panels(rows).into_iter().filter_map(panel)),
    )
}

/// Says whether any series of a panel has more than one x.
fn has_lines(panel: &Panel) -> bool {
    let several = |s: &Series| s.points.iter().any(|(x, _)| *x != s.points[0].0);
    panel.series.iter().any(several)
}
