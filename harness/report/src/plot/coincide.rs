//! Which lines of a panel lie on one another, so that one would hide the other.

use super::axis::Range;
use super::panel::ranges;
use super::{Figure, Panel, Series, SeriesKind};

/// How far apart two lines may be and still be one to the eye, as a share of the panel's height.
const APART: f64 = 0.012;
/// How much of what both have in common has to be so near.
const SHARE: f64 = 0.5;

/// Lists the pairs of series, by their places in a panel, of which the later hides the earlier.
pub(super) fn coincident(figure: &Figure, panel: &Panel) -> Vec<(usize, usize)> {
    let Some((x, y)) = ranges(figure, panel) else {
        return Vec::new();
    };
    let placed: Vec<Vec<(f64, f64)>> = panel.series.iter().map(|s| places(s, x, y)).collect();
    let mut pairs = Vec::new();
    for later in 1..placed.len() {
        let on = |earlier: &usize| lie_on_one_another(&placed[*earlier], &placed[later]);
        pairs.extend((0..later).filter(on).map(|earlier| (earlier, later)));
    }
    pairs
}

/// Returns where the points of a line lie, in shares of the panel, from left to right; nothing of a series that is
/// no line.
fn places(series: &Series, x: Range, y: Range) -> Vec<(f64, f64)> {
    if series.kind != SeriesKind::Line {
        return Vec::new();
    }
    let place = |&(a, b): &(f64, f64)| x.place(a).zip(y.place(b));
    let mut places: Vec<(f64, f64)> = series.points.iter().filter_map(place).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
}

/// Says whether two lines are near each other along most of what they have in common.
fn lie_on_one_another(a: &[(f64, f64)], b: &[(f64, f64)]) -> bool {
    let mut near = 0;
    let mut compared = 0;
    // At the points of both, so that it does not depend on which comes first.
    for (line, other) in [(a, b), (b, a)] {
        for point in line {
            if let Some(height) = height_at(other, point.0) {
                compared += 1;
                near += usize::from((height - point.1).abs() <= APART);
            }
        }
    }
    compared >= 4 && near as f64 >= SHARE * compared as f64
}

/// Returns how high a line is at a place, between its points as it is drawn; `None` beyond its ends.
fn height_at(line: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = line.partition_point(|point| point.0 < x);
    let right = line.get(after)?;
    if right.0 == x {
        return Some(right.1);
    }
    let left = line.get(after.checked_sub(1)?)?;
    let share = (x - left.0) / (right.0 - left.0);
    Some(left.1 + share * (right.1 - left.1))
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    fn pairs(lines: &[&[(f64, f64)]]) -> Vec<(usize, usize)> {
        let series = lines.iter().map(|line| Series::line("", line.to_vec()));
        let figure = Figure::new("", Axis::linear("x"), Axis::linear("y")).series(series);
        coincident(&figure, &figure.panels[0])
    }

    #[test]
    fn lines_that_the_eye_cannot_tell_apart_coincide_also_with_points_elsewhere() {
        let rising = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (4.0, 4.0)];
        let same = [(0.5, 0.5), (1.5, 1.51), (3.0, 3.0)];
        let falling = [(0.0, 4.0), (2.0, 2.0), (4.0, 0.0)];
        assert_eq!(pairs(&[&rising, &falling, &same]), [(0, 2)]);
    }

    #[test]
    fn lines_that_only_cross_or_share_no_place_do_not() {
        let left = [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)];
        let right = [(3.0, 1.0), (4.0, 1.0), (5.0, 1.0)];
        assert!(pairs(&[&left, &right]).is_empty());
        let scattered = Series::scatter("", left);
        let figure = Figure::new("", Axis::linear("x"), Axis::linear("y"))
            .series([Series::line("", left), scattered]);
        assert!(coincident(&figure, &figure.panels[0]).is_empty());
    }
}
