//! What several kinds of experiments share in showing their rows: groups, lines of runs, curves over runs, failures.

use report::{Band, Cell, Piece, Series};
use rows::format::Format;
use rows::statistics::median;

/// Collects values under their keys, in the order in which the keys first occur.
pub(super) fn grouped<K: PartialEq, T>(
    pairs: impl IntoIterator<Item = (K, T)>,
) -> Vec<(K, Vec<T>)> {
    let mut groups: Vec<(K, Vec<T>)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

/// Runs that differ in their starts only.
pub(super) struct RunLine<'a, R> {
    /// What it is called in a table or a legend.
    pub(super) label: String,
    pub(super) first: &'a R,
    pub(super) rows: Vec<&'a R>,
}

/// Collects rows into lines, each called by its method, by what tells a run from all but those that start elsewhere.
pub(super) fn lines<'a, R, I: PartialEq>(
    rows: impl IntoIterator<Item = &'a R>,
    identity: impl Fn(&'a R) -> I,
) -> Vec<RunLine<'a, R>> {
    let groups = grouped(rows.into_iter().map(|row| (identity(row), row)));
    let line = |(_, rows): (I, Vec<&'a R>)| RunLine {
        label: String::new(),
        first: rows[0],
        rows,
    };
    groups.into_iter().map(line).collect()
}

/// Gives lines these labels.
pub(super) fn labelled<'a, R>(
    mut lines: Vec<RunLine<'a, R>>,
    labels: Vec<String>,
) -> Vec<RunLine<'a, R>> {
    for (line, label) in lines.iter_mut().zip(labels) {
        line.label = label;
    }
    lines
}

impl<R> RunLine<'_, R> {
    /// Shows the median over the starts, and the ends where they differ in what is shown.
    pub(super) fn spread(&self, of: fn(&R) -> Option<f64>, format: Format) -> Cell {
        let values = self.rows.iter().filter_map(|row| of(row)).collect();
        Piece::Spread(values, format).into()
    }
}

/// Draws a curve over runs: the median of each group of points, with a band from the least to the largest but for
/// as many at either end as `left_out` says of so many.
pub(super) fn over_runs(
    label: &str,
    groups: &[Vec<(f64, f64)>],
    left_out: fn(usize) -> usize,
) -> Series {
    let middle = |points: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| {
        median(&points.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    let x = |points: &[(f64, f64)]| middle(points, |p| p.0);
    let line = groups.iter().map(|p| (x(p), middle(p, |p| p.1)));
    let band = groups.iter().filter(|p| p.len() > 1).map(|p| {
        let mut values: Vec<f64> = p.iter().map(|p| p.1).collect();
        values.sort_by(f64::total_cmp);
        let out = left_out(values.len());
        Band {
            x: x(p),
            low: values[out],
            high: values[values.len() - 1 - out],
        }
    });
    Series::line(label, line).band(band)
}

/// Says of each row that failed what it was, and why.
pub(super) fn failures<R>(
    rows: &[R],
    status: fn(&R) -> &String,
    what: impl Fn(&R) -> String,
) -> Vec<String> {
    let failed = rows.iter().filter(|row| status(row).starts_with("failed"));
    failed
        .map(|row| format!("{}: {}", what(row), status(row)))
        .collect()
}
