//! What several kinds of experiments share in showing their rows: groups, lines of runs, curves over runs, failures.

use report::{Band, Cell, Hue, Panel, Piece, Series};
use rows::format::Format;
use rows::statistics::median;
use std::collections::HashMap;
use std::hash::Hash;

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

/// The records of curves by the run that they are of: a figure of many runs asks for each, and would else look at all
/// records every time.
pub(super) struct CurvesByRun<'a, K, R>(HashMap<K, Vec<&'a R>>);

impl<'a, K: Eq + Hash, R> CurvesByRun<'a, K, R> {
    /// Takes records apart by what tells their runs apart.
    pub(super) fn by(records: &'a [R], run: impl Fn(&'a R) -> K) -> Self {
        let mut runs: HashMap<K, Vec<&R>> = HashMap::new();
        for record in records {
            runs.entry(run(record)).or_default().push(record);
        }
        Self(runs)
    }

    /// Returns a run's records, in the order in which they were given.
    pub(super) fn of(&self, run: K) -> impl Iterator<Item = &'a R> {
        self.0.get(&run).into_iter().flatten().copied()
    }
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

/// Where a run was, at counts of its own.
pub(super) struct CountedRun {
    /// Points by rising counts.
    pub(super) points: Vec<(u64, (f64, f64))>,
    /// Whether it stays where it ended, as one that ended well does.
    pub(super) stays: bool,
}

impl CountedRun {
    /// Returns where it is at a count: between two of its own, where it was at the first.
    fn at(&self, count: u64) -> Option<(f64, f64)> {
        let after = self.points.partition_point(|(own, _)| *own <= count);
        let (last, point) = *self.points.get(after.checked_sub(1)?)?;
        (self.stays || after < self.points.len() || last == count).then_some(point)
    }
}

/// Reads runs at every count that one of them has, from where all have begun. So a median over runs is one over the
/// same runs all along, also where they count by steps of their own.
pub(super) fn stepped(runs: &[CountedRun]) -> Vec<Vec<(f64, f64)>> {
    let own = runs.iter().flat_map(|run| &run.points);
    let mut counts: Vec<u64> = own.map(|(count, _)| *count).collect();
    counts.sort_unstable();
    counts.dedup();
    let begins = runs.iter().filter_map(|run| run.points.first());
    let begin = begins.map(|(count, _)| *count).max();
    counts.retain(|count| Some(*count) >= begin);
    let at = |count: u64| runs.iter().filter_map(|run| run.at(count)).collect();
    counts.into_iter().map(at).collect()
}

/// Puts seconds along the x axes of panels into the unit that makes them numbers above one, and returns it.
pub(super) fn in_unit_of_time(panels: &mut [Panel]) -> &'static str {
    let series = panels.iter().flat_map(|panel| &panel.series);
    let largest = series
        .flat_map(|s| &s.points)
        .fold(0.0, |largest: f64, p| largest.max(p.0));
    let (unit, factor) = match largest {
        1.0.. => return "s",
        1e-3..1.0 => ("ms", 1e3),
        _ => ("µs", 1e6),
    };
    for series in panels.iter_mut().flat_map(|panel| &mut panel.series) {
        for point in &mut series.points {
            point.0 *= factor;
        }
        for end in &mut series.band {
            end.x *= factor;
        }
    }
    unit
}

/// What rows call things, and what a reader calls them.
const WORDS: [(&str, &str); 17] = [
    ("half-l2-squared", "½‖v‖²"),
    ("l2", "‖v‖₂"),
    ("l1", "‖v‖₁"),
    ("linf", "‖v‖∞"),
    ("gd", "GD"),
    ("hb", "HB"),
    ("cg", "conjugate gradients"),
    ("sgd", "SGD"),
    ("nesterov", "Nesterov"),
    ("chebyshev", "Chebyshev times"),
    ("constant", "constant times"),
    ("random", "random times"),
    ("gauss-seidel", "Gauss-Seidel"),
    ("jacobi", "Jacobi"),
    ("weighted-jacobi", "weighted Jacobi"),
    ("symplectic-euler", "symplectic Euler"),
    (
        "symplectic-euler-as-printed",
        "symplectic Euler, as printed",
    ),
];

/// Writes a name of rows in words: symbols as the papers print them, names in capitals, no hyphens.
pub(super) fn in_words(name: &str) -> String {
    let part = |part: &str| match WORDS.iter().find(|(name, _)| *name == part) {
        Some((_, words)) => (*words).to_owned(),
        None if part.chars().any(char::is_uppercase) => part.to_owned(),
        None => part.replace(['-', '_'], " "),
    };
    // A part stands between commas, or behind an equals sign.
    let side = |side: &str| side.split(" = ").map(part).collect::<Vec<_>>().join(" = ");
    name.split(", ").map(side).collect::<Vec<_>>().join(", ")
}

/// Says which colour a kind of method has in every figure; none of those that are told apart by something else.
pub(super) fn hue(kind: &str, momentum: bool) -> Option<Hue> {
    Some(match (kind, momentum) {
        ("hd-leapfrog" | "hamiltonian" | "chebyshev", _) => Hue::Blue,
        ("hd-stratified" | "random", _) => Hue::Vermilion,
        ("hd-euler" | "hd-picard" | "hd-secant" | "constant" | "symplectic-euler", _) => Hue::Sky,
        ("heavy-ball" | "baseline", true) | ("hb" | "classical-momentum", _) => Hue::Green,
        ("heavy-ball" | "baseline", false) | ("gd" | "gradient-descent", _) => Hue::Black,
        ("nesterov", _) => Hue::Orange,
        ("adam", _) => Hue::Pink,
        ("l-bfgs" | "cg", _) => Hue::Grey,
        _ => return None,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_count_by_steps_of_their_own_are_read_where_any_of_them_counts() {
        let run = |counts: &[u64], stays: bool| {
            let points = counts.iter().map(|&c| (c, (c as f64, 100.0 - c as f64)));
            CountedRun {
                points: points.collect(),
                stays,
            }
        };
        let groups = stepped(&[run(&[10, 20, 30], true), run(&[12, 22], true)]);
        // From where both have begun; the second stays at 22.
        assert_eq!(
            groups,
            [
                vec![(10.0, 90.0), (12.0, 88.0)],
                vec![(20.0, 80.0), (12.0, 88.0)],
                vec![(20.0, 80.0), (22.0, 78.0)],
                vec![(30.0, 70.0), (22.0, 78.0)],
            ]
        );
        // A median of such runs goes one way, as they do.
        let line = over_runs("", &groups, |_| 0).points;
        assert!(
            line.windows(2)
                .all(|w| w[0].0 <= w[1].0 && w[0].1 >= w[1].1),
            "{line:?}"
        );
        // One that diverged is in none after its end.
        let ended = stepped(&[run(&[10, 20, 30], true), run(&[10], false)]);
        assert_eq!(ended.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn names_of_rows_are_written_in_words_and_symbols() {
        for (name, words) in [
            ("linf", "‖v‖∞"),
            (
                "leapfrog, logistic, φ = linf",
                "leapfrog, logistic, φ = ‖v‖∞",
            ),
            ("gauss-seidel, textbook", "Gauss-Seidel, textbook"),
            (
                "successive-over-relaxation, as Coordinate HD",
                "successive over relaxation, as Coordinate HD",
            ),
            ("HD-LF", "HD-LF"),
            ("integration-time", "integration time"),
        ] {
            assert_eq!(in_words(name), words);
        }
    }
}
