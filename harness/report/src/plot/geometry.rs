//! Lines and areas in pixels: clipped to a panel, cut into dashes, thinned to what can be seen.

/// A point in pixels.
pub(super) type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Returns the point in its middle.
    pub(super) fn middle(&self) -> Point {
        (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        )
    }

    /// Says whether a point lies in it, within rounding.
    pub(super) fn holds(&self, (x, y): Point) -> bool {
        let slack = 0.01;
        (self.left - slack..=self.right + slack).contains(&x)
            && (self.top - slack..=self.bottom + slack).contains(&y)
    }

    /// Cuts off what of a line from `a` to `b` lies outside (Liang and Barsky).
    fn clip(&self, a: Point, b: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for (way, room) in [
            (-dx, a.0 - self.left),
            (dx, self.right - a.0),
            (-dy, a.1 - self.top),
            (dy, self.bottom - a.1),
        ] {
            if way == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if way < 0.0 {
                from = from.max(room / way);
            } else {
                to = to.min(room / way);
            }
        }
        let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
        (from <= to).then(|| (at(from), at(to)))
    }

    /// Returns the parts of a line through `points` that lie in it.
    pub(super) fn clip_line(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let mut parts: Vec<Vec<Point>> = Vec::new();
        let mut end = None;
        for pair in points.windows(2) {
            let Some((from, to)) = self.clip(pair[0], pair[1]) else {
                end = None;
                continue;
            };
            match parts.last_mut() {
                Some(part) if end == Some(from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
            end = Some(to);
        }
        parts
    }

    /// Returns the part of an area that lies in it (Sutherland and Hodgman).
    pub(super) fn clip_area(&self, area: &[Point]) -> Vec<Point> {
        type Side = fn(&Rect, Point) -> f64;
        let sides: [Side; 4] = [
            |r, p| p.0 - r.left,
            |r, p| r.right - p.0,
            |r, p| p.1 - r.top,
            |r, p| r.bottom - p.1,
        ];
        let mut area = area.to_vec();
        for depth in sides {
            let mut kept = Vec::with_capacity(area.len());
            for (i, &b) in area.iter().enumerate() {
                let a = area[(i + area.len() - 1) % area.len()];
                let (depth_a, depth_b) = (depth(self, a), depth(self, b));
                if (depth_a < 0.0) != (depth_b < 0.0) {
                    let t = depth_a / (depth_a - depth_b);
                    kept.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
                }
                if depth_b >= 0.0 {
                    kept.push(b);
                }
            }
            area = kept;
        }
        area
    }
}

/// Cuts a line into dashes: `pattern` has the length of a dash, of the gap after it, of the next dash, and so on,
/// and begins again at its end.
pub(super) fn dashes(line: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    let mut all = Vec::new();
    let mut dash: Vec<Point> = line.first().copied().into_iter().collect();
    let mut place = 0;
    let mut left = pattern[0];
    for pair in line.windows(2) {
        let (mut a, b) = (pair[0], pair[1]);
        let mut length = (b.0 - a.0).hypot(b.1 - a.1);
        while length > left {
            let t = left / length;
            a = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            length -= left;
            if place % 2 == 0 {
                dash.push(a);
                all.push(std::mem::take(&mut dash));
            } else {
                dash = vec![a];
            }
            place = (place + 1) % pattern.len();
            left = pattern[place];
        }
        left -= length;
        if place % 2 == 0 {
            dash.push(b);
        }
    }
    if dash.len() > 1 {
        all.push(dash);
    }
    all
}

/// Thins a line to as few points as it can be drawn from, so that a page of figures stays small.
pub(super) fn thin(line: &[Point]) -> Vec<Point> {
    straightened(&one_a_column(line))
}

/// Keeps, of a line with many more points than pixels, the first, last, lowest and highest point of every
/// column of pixels: what is drawn is the same. A line that goes back in x is left as it is.
fn one_a_column(line: &[Point]) -> Vec<Point> {
    let columns = match (line.first(), line.last()) {
        (Some(first), Some(last)) => last.0 - first.0,
        _ => return Vec::new(),
    };
    let forward = line.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    if !forward || (line.len() as f64) < 3.0 * columns {
        return line.to_vec();
    }
    let mut thinned = Vec::new();
    for column in line.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let place = |by: fn(f64, f64) -> bool| {
            (0..column.len()).fold(0, |best, i| {
                if by(column[i].1, column[best].1) {
                    i
                } else {
                    best
                }
            })
        };
        let mut keep = [
            0,
            place(|a, b| a < b),
            place(|a, b| a > b),
            column.len() - 1,
        ];
        keep.sort_unstable();
        for (i, &at) in keep.iter().enumerate() {
            if i == 0 || keep[i - 1] != at {
                thinned.push(column[at]);
            }
        }
    }
    thinned
}

/// Leaves out points that lie on the line between others, within less than can be seen (Douglas and Peucker).
fn straightened(line: &[Point]) -> Vec<Point> {
    const UNSEEN: f64 = 0.12;
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut keep = vec![false; line.len()];
    let mut open = vec![(0, line.len() - 1)];
    while let Some((from, to)) = open.pop() {
        (keep[from], keep[to]) = (true, true);
        let farthest = (from + 1..to)
            .map(|i| (distance(line[i], line[from], line[to]), i))
            .fold((UNSEEN, 0), |a, b| if b.0 > a.0 { b } else { a });
        if farthest.1 > 0 {
            open.extend([(from, farthest.1), (farthest.1, to)]);
        }
    }
    let kept = line.iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|(point, _)| *point).collect()
}

/// Measures how far a point is from the line between two others.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 10.0,
        bottom: 10.0,
    };

    #[test]
    fn a_line_that_leaves_the_panel_and_comes_back_is_two() {
        let line = [(0.0, 5.0), (2.0, 5.0), (4.0, 25.0), (6.0, 5.0), (8.0, 5.0)];
        assert_eq!(
            UNIT.clip_line(&line),
            [
                vec![(0.0, 5.0), (2.0, 5.0), (2.5, 10.0)],
                vec![(5.5, 10.0), (6.0, 5.0), (8.0, 5.0)],
            ]
        );
    }

    #[test]
    fn an_area_is_cut_at_the_panels_edge() {
        let area = UNIT.clip_area(&[(-5.0, 2.0), (5.0, 2.0), (5.0, 30.0), (-5.0, 30.0)]);
        assert!(area.iter().all(|&p| UNIT.holds(p)), "{area:?}");
        let corners = [(0.0, 2.0), (5.0, 2.0), (5.0, 10.0), (0.0, 10.0)];
        for corner in corners {
            assert!(area.contains(&corner), "{corner:?} is not in {area:?}");
        }
    }

    #[test]
    fn dashes_go_on_around_a_corner() {
        let cut = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 5.0)], &[4.0, 2.0]);
        assert_eq!(
            cut,
            [
                vec![(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)],
                vec![(3.0, 3.0), (3.0, 5.0)],
            ]
        );
    }

    #[test]
    fn thinning_keeps_peaks() {
        let line: Vec<Point> = (0..10_000)
            .map(|i| (f64::from(i) / 100.0, if i == 5_003 { 99.0 } else { 1.0 }))
            .collect();
        let thinned = thin(&line);
        assert!(thinned.len() <= 400, "{} points", thinned.len());
        assert!(thinned.iter().any(|p| p.1 == 99.0));
    }

    #[test]
    fn a_straight_line_needs_two_points_and_a_curve_more() {
        let line = |y: fn(f64) -> f64| -> Vec<Point> {
            (0..=100).map(|i| (f64::from(i), y(f64::from(i)))).collect()
        };
        assert_eq!(thin(&line(|x| 2.0 * x)), [(0.0, 0.0), (100.0, 200.0)]);
        let curve = line(|x| x * x / 100.0);
        let thinned = thin(&curve);
        assert!((4..40).contains(&thinned.len()), "{}", thinned.len());
        for p in curve {
            let off = thinned.windows(2).map(|w| distance(p, w[0], w[1]));
            assert!(off.fold(f64::INFINITY, f64::min) <= 0.12, "{p:?}");
        }
    }
}
