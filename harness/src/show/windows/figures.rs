//! The pictures of windows: curves as Figures 5, 6 and 9 have them, and depth against width.

use super::labels::{name, varied};
use crate::show::shared::{CurvesByRun, grouped, in_unit_of_time, in_words, over_runs};
use lab::experiments::windows::plan::Figures;
use lab::experiments::windows::{CurveRow, WindowRow};
use report::{Axis, Figure, FigureBlock, Hue, Panel, Series};

/// Something that a curve's record has, for an axis.
struct Quantity {
    name: &'static str,
    title: &'static str,
    label: &'static str,
    of: fn(&CurveRow) -> Option<f64>,
}

const ACCURACY: Quantity = Quantity {
    name: "test_accuracy",
    title: "Test accuracy",
    label: "test accuracy",
    of: |curve| curve.test_accuracy,
};
const LOSS: Quantity = Quantity {
    name: "train_loss",
    title: "Training loss",
    label: "training loss (mean cross-entropy)",
    of: |curve| Some(curve.train_loss),
};
const TIME: Quantity = Quantity {
    name: "time",
    title: "running time",
    label: "running time",
    of: |curve| curve.wall_s,
};
const ROUNDS: Quantity = Quantity {
    name: "rounds",
    title: "rounds",
    label: "rounds (gradient evaluations one after the other)",
    of: |curve| Some(curve.rounds as f64),
};

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
    let curves = CurvesByRun::by(curves, |record| record.cell.as_str());
    let mut all = Vec::new();
    for (name, y) in values {
        for x in [TIME, ROUNDS] {
            let curve = |row: &WindowRow| {
                let mine = curves.of(&row.cell);
                let points = mine.filter_map(|c| (x.of)(c).zip((y.of)(c)));
                let sequential =
                    (row.evaluator == "sequential" && row.workers == 1).then_some(Hue::Black);
                Series::line(label(row), points).hue(sequential)
            };
            let panel = |of: Vec<&WindowRow>| {
                Panel::new(panel_name(of[0], rows), of.into_iter().map(curve))
            };
            let mut panels: Vec<Panel> = panels(rows).into_iter().map(panel).collect();
            let label = match x.name {
                "time" => format!("running time / {} (median)", in_unit_of_time(&mut panels)),
                _ => x.label.to_owned(),
            };
            let title = format!("{} against {}", y.title, x.title);
            let figure =
                Figure::new(&title, Axis::linear(label), Axis::linear(y.label)).panels(panels);
            let alt = format!("{title}, a panel a data set, a line a method");
            all.push(FigureBlock::new(format!("{name}-{}", x.name), alt, figure));
        }
    }
    all.extend(names.depth.as_ref().map(|name| depth(name, rows)));
    all
}

/// Names a row in a legend: its window, its prediction, and on how many devices.
fn label(row: &WindowRow) -> String {
    let method = row.method().replace("W=", "W = ").replace('-', " ");
    let on = match row.devices.strip_prefix("cpu:") {
        Some("1") => "1 worker".to_owned(),
        Some(count) => format!("{count} workers"),
        None if row.devices == "cpu" => "all cores".to_owned(),
        None => row.devices.clone(),
    };
    format!("{method}, {on}")
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
        other => format!(", φ = {}", in_words(other)),
    };
    format!("{}{kinetic}{}", name(row, &[]).text(), varied(row, rows))
}

/// Draws depth speedup against window, a panel a tolerance, a line for each way to guess what a new slot holds:
/// medians over the data sets, in the plan's own setting. Windows in less memory are left out: their lines lie on
/// those of the others.
fn depth(name: &str, rows: &[WindowRow]) -> FigureBlock {
    let own = |row: &&WindowRow| varied(row, rows).is_empty();
    let points = |row: &&WindowRow| row.storage.as_deref().is_none_or(|s| s == "points");
    let kept = rows.iter().filter(own).filter(points);
    let progress = |row: &WindowRow| row.relative_to.as_deref() == Some("progress");
    let counted = kept.filter_map(|row| {
        let tolerance = row.tolerance?.to_bits();
        Some(((tolerance, progress(row)), (row, row.depth_speedup?)))
    });
    let mut panels = grouped(counted);
    panels.sort_by(|((a, of), _), ((b, other), _)| {
        let sizes = f64::from_bits(*a).total_cmp(&f64::from_bits(*b));
        of.cmp(other).then(sizes)
    });
    type Counted<'a> = Vec<(&'a WindowRow, f64)>;
    let panel = |((tolerance, progress), rows): ((u64, bool), Counted<'_>)| {
        let lines = grouped(
            rows.into_iter()
                .map(|(row, depth)| (guess(row), (row.window, depth))),
        );
        let series = lines.into_iter().map(|(guess, points)| {
            let mut widths = grouped(points.into_iter().map(|(w, depth)| (w, (w as f64, depth))));
            widths.sort_by_key(|(width, _)| *width);
            let widths: Vec<_> = widths.into_iter().map(|(_, points)| points).collect();
            over_runs(&guess, &widths, |_| 0)
        });
        let of = if progress { " of progress" } else { "" };
        Panel::new(format!("τ = {}{of}", f64::from_bits(tolerance)), series)
    };
    let (x, y) = (
        Axis::linear("window W"),
        Axis::linear("depth speedup S·K / rounds"),
    );
    let figure = Figure::new("Depth speedup against window", x, y)
        .caption(
            "Line: median over the data sets and, of secant windows, over their memories and rows; band: from the \
             least to the largest. Other seeds, step sizes and numbers of steps are in the table.",
        )
        .panels(panels.into_iter().map(panel));
    FigureBlock::new(
        name,
        "Depth speedup against the window's width, a panel a tolerance, a line a way to guess what new slots hold",
        figure,
    )
}

/// Says how a window guesses: by what it predicts, or by a model of its gradients.
fn guess(row: &WindowRow) -> String {
    if row.window_method.as_deref() == Some("secant") {
        return "secant".into();
    }
    let predictor = in_words(row.predictor.as_deref().unwrap_or_default());
    match row.velocity.as_deref() {
        Some("carried") | None => format!("Picard, {predictor}"),
        Some(other) => format!("Picard, {predictor}, velocity {}", in_words(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::window_row;
    use super::*;

    #[test]
    fn depth_has_a_panel_a_tolerance_whatever_else_was_varied() {
        let mut rows = Vec::new();
        for (dataset, depth) in [("a8a", 2.0), ("usps", 4.0)] {
            for (seed, step_size) in [(1, 0.1), (2, 0.1), (1, 0.2)] {
                for (window, tolerance) in [(4, 0.001), (8, 0.001), (4, 0.01)] {
                    rows.push(WindowRow {
                        dataset: dataset.into(),
                        seed,
                        step_size,
                        window,
                        tolerance: Some(tolerance),
                        // Other settings would move the median.
                        depth_speedup: Some(match (seed, step_size) {
                            (1, 0.1) => depth,
                            _ => depth + 9.0,
                        }),
                        ..window_row()
                    });
                }
            }
        }
        rows.push(WindowRow {
            seed: 1,
            step_size: 0.1,
            tolerance: Some(0.001),
            relative_to: Some("progress".into()),
            depth_speedup: Some(1.0),
            ..window_row()
        });
        let panels = depth("depth", &rows).figure.panels;
        let titles: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles, ["τ = 0.001", "τ = 0.01", "τ = 0.001 of progress"]);
        let [line] = &panels[0].series[..] else {
            panic!("one way to guess is one line")
        };
        assert_eq!(line.label, "Picard, copy");
        assert_eq!(
            line.points,
            [(4.0, 3.0), (8.0, 3.0)],
            "the median of both data sets"
        );
        assert_eq!((line.band[0].low, line.band[0].high), (2.0, 4.0));
    }

    #[test]
    fn a_legend_says_in_words_what_a_row_is() {
        let row = WindowRow {
            devices: "cpu:4".into(),
            predictor: Some("linear-force".into()),
            ..window_row()
        };
        let label = label(&row);
        assert!(label.ends_with("W = 4 linear force, 4 workers"), "{label}");
    }
}
