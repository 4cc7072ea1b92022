//! Draws one plot: axes, grid, bands, lines, marks.

use super::axis::Range;
use super::canvas::{Anchor, Canvas, FAINT, GREY, GRID, INK, TextBaseline, TextStyle};
use super::geometry::{Point, Rect, thin};
use super::legend::Legend;
use super::marks::{mark, stroke};
use super::text::{width, wrap};
use super::ticks::{Tick, ticks};
use super::{Band, Figure, Panel, Series, SeriesKind};

/// How opaque bands are.
pub(super) const BAND: f64 = 0.18;

const TITLE: f64 = 14.0;
pub(super) const TITLE_LINE: f64 = 18.0;
const LABEL: f64 = 12.0;
const LABEL_LINE: f64 = 15.0;
const TICK: f64 = 11.5;
const TICK_LENGTH: f64 = 4.0;
/// Free space around a panel.
const MARGIN: f64 = 12.0;
/// Room for half of the last number on the x axis.
const RIGHT: f64 = 24.0;

/// Breaks a panel's title into the lines it takes in an area of this width.
pub(super) fn title_lines(panel: &Panel, area_width: f64) -> Vec<String> {
    // Bold words are wider than others.
    wrap(&panel.title, 1.08 * TITLE, area_width - 2.0 * MARGIN)
}

/// What turns a panel's values into pixels.
struct Coordinates<'a> {
    plot: Rect,
    x: Range,
    y: Range,
    legend: &'a Legend,
}

/// Draws a panel into an area, with as much room for its title as its neighbours need.
pub(super) fn draw(
    canvas: &mut Canvas,
    figure: &Figure,
    panel: &Panel,
    legend: &Legend,
    area: &Rect,
    title_room: usize,
) {
    let centered = |size, baseline| TextStyle::new(size, INK, Anchor::Middle, baseline);
    let bold = TextStyle {
        bold: true,
        ..centered(TITLE, TextBaseline::Top)
    };
    let middle = (area.left + area.right) / 2.0;
    let title = title_lines(panel, area.width());
    for (i, line) in title.iter().enumerate() {
        let at = (middle, area.top + 4.0 + i as f64 * TITLE_LINE);
        canvas.text(line, at, bold);
    }
    let top = area.top + title_room as f64 * TITLE_LINE + MARGIN;
    let Some((x, y)) = ranges(figure, panel) else {
        return draw_gap(canvas, area, top);
    };
    let x_label = wrap(&figure.x.label, LABEL, area.width() - 2.0 * MARGIN - RIGHT);
    let bottom = area.bottom - x_label.len() as f64 * LABEL_LINE - TICK_LENGTH - TICK - 10.0;
    let y_label = wrap(&figure.y.label, LABEL, area.bottom - area.top);
    let y_ticks = ticks(&y, ((bottom - top) / 42.0) as usize);
    let y_labels = y_ticks.iter().filter_map(|t| t.label.as_deref());
    let left = area.left
        + MARGIN
        + y_label.len() as f64 * LABEL_LINE
        + y_labels.map(|l| width(l, TICK)).fold(0.0, f64::max)
        + TICK_LENGTH
        + 6.0;
    let plot = Rect {
        left,
        top,
        right: area.right - RIGHT,
        bottom,
    };
    let x_ticks = ticks(&x, (plot.width() / 64.0) as usize);
    let coordinates = Coordinates { plot, x, y, legend };
    coordinates.axes(canvas, &x_ticks, &y_ticks);
    for (i, line) in x_label.iter().rev().enumerate().rev() {
        let from_bottom = i as f64 * LABEL_LINE;
        let at = (plot.middle().0, area.bottom - 4.0 - from_bottom);
        canvas.text(line, at, centered(LABEL, TextBaseline::Bottom));
    }
    // Along the plot if it is long enough, along the whole panel if not.
    let longest = y_label.iter().map(|l| width(l, LABEL)).fold(0.0, f64::max);
    let along = if longest <= plot.height() {
        &plot
    } else {
        area
    };
    for (i, line) in y_label.iter().enumerate() {
        let x = area.left + MARGIN - 4.0 + i as f64 * LABEL_LINE;
        let upwards = TextStyle {
            upwards: true,
            ..centered(LABEL, TextBaseline::Top)
        };
        canvas.text(line, (x, along.middle().1), upwards);
    }
    for series in &panel.series {
        coordinates.band(canvas, series);
    }
    for series in &panel.series {
        coordinates.series(canvas, series);
    }
}

/// Says in place of a plot that there is nothing to show.
fn draw_gap(canvas: &mut Canvas, area: &Rect, top: f64) {
    let gap = Rect {
        left: area.left + 4.0 * MARGIN,
        top,
        right: area.right - RIGHT,
        bottom: area.bottom - 4.0 * MARGIN,
    };
    canvas.rect(&gap, FAINT, 1.0);
    let style = TextStyle::new(LABEL, GREY, Anchor::Middle, TextBaseline::Middle);
    canvas.text("nothing measured", gap.middle(), style);
}

/// Finds where both axes begin and end; `None` where there is nothing to show.
pub(super) fn ranges(figure: &Figure, panel: &Panel) -> Option<(Range, Range)> {
    x_range(figure, panel).zip(y_range(figure, panel))
}

/// Finds where the x axis begins and ends.
fn x_range(figure: &Figure, panel: &Panel) -> Option<Range> {
    let all = panel.series.iter().flat_map(|s| {
        let points = s.points.iter().map(|p| p.0);
        points.chain(s.band.iter().map(|b| b.x))
    });
    figure.x.range(all, true)
}

/// Finds where the y axis begins and ends: for what the x axis shows.
fn y_range(figure: &Figure, panel: &Panel) -> Option<Range> {
    let x = x_range(figure, panel)?;
    let shown = |value: f64| {
        x.place(value)
            .is_some_and(|at| (-1e-9..=1.0 + 1e-9).contains(&at))
    };
    let all = panel.series.iter().flat_map(|s| {
        let points = s.points.iter().filter(|p| shown(p.0)).map(|p| p.1);
        let band = s.band.iter().filter(|b| shown(b.x));
        points.chain(band.flat_map(|b| [b.low, b.high]))
    });
    figure.y.range(all, false)
}

impl Coordinates<'_> {
    fn px(&self, x: f64) -> Option<f64> {
        let at = self.x.place(x)?;
        Some(self.plot.left + at * self.plot.width())
    }

    fn py(&self, y: f64) -> Option<f64> {
        let at = self.y.place(y)?;
        Some(self.plot.bottom - at * self.plot.height())
    }

    fn axes(&self, canvas: &mut Canvas, x_ticks: &[Tick], y_ticks: &[Tick]) {
        let p = self.plot;
        let x_at = |t: &Tick| p.left + t.at * p.width();
        let y_at = |t: &Tick| p.bottom - t.at * p.height();
        // The faint lines first, so that none crosses over a strong one.
        for (strong, shade) in [(false, FAINT), (true, GRID)] {
            let mine = |t: &&Tick| t.label.is_some() == strong;
            for x in x_ticks.iter().filter(mine).map(x_at) {
                canvas.line(&[(x, p.top), (x, p.bottom)], shade, 1.0);
            }
            for y in y_ticks.iter().filter(mine).map(y_at) {
                canvas.line(&[(p.left, y), (p.right, y)], shade, 1.0);
            }
        }
        let below = TextStyle::new(TICK, INK, Anchor::Middle, TextBaseline::Top);
        let mut free_from = f64::NEG_INFINITY;
        for t in x_ticks {
            let Some(label) = &t.label else { continue };
            let x = x_at(t);
            canvas.line(&[(x, p.bottom), (x, p.bottom + TICK_LENGTH)], INK, 1.0);
            let half = width(label, TICK) / 2.0;
            if x - half >= free_from {
                canvas.text(label, (x, p.bottom + TICK_LENGTH + 3.0), below);
                free_from = x + half + 4.0;
            }
        }
        let beside = TextStyle::new(TICK, INK, Anchor::End, TextBaseline::Middle);
        let mut free_below = f64::INFINITY;
        for t in y_ticks {
            let Some(label) = &t.label else { continue };
            let y = y_at(t);
            canvas.line(&[(p.left - TICK_LENGTH, y), (p.left, y)], INK, 1.0);
            if y + TICK / 2.0 <= free_below {
                canvas.text(label, (p.left - TICK_LENGTH - 3.0, y), beside);
                free_below = y - TICK / 2.0;
            }
        }
        let corner = [(p.left, p.top), (p.left, p.bottom), (p.right, p.bottom)];
        canvas.line(&corner, INK, 1.0);
    }

    fn band(&self, canvas: &mut Canvas, series: &Series) {
        let place = |b: &Band| {
            let y = |v| Some(self.plot.bottom - self.y.place_of_end(v)? * self.plot.height());
            // A band that is all below a logarithmic axis is none.
            self.y.place_of_end(b.high).filter(|at| *at > -1.0)?;
            let x = self.px(b.x)?;
            Some([(x, y(b.low)?), (x, y(b.high)?)])
        };
        let placed: Vec<Option<[Point; 2]>> = series.band.iter().map(place).collect();
        let colour = self.legend.look(series).colour;
        for part in placed.split(Option::is_none) {
            let side =
                |end: usize| thin(&part.iter().flatten().map(|b| b[end]).collect::<Vec<_>>());
            let area: Vec<Point> = side(1)
                .into_iter()
                .chain(side(0).into_iter().rev())
                .collect();
            canvas.area(&self.plot.clip_area(&area), colour, BAND);
        }
    }

    fn series(&self, canvas: &mut Canvas, series: &Series) {
        let look = self.legend.look(series);
        let place = |&(x, y): &Point| Some((self.px(x)?, self.py(y)?));
        let placed: Vec<Option<Point>> = series.points.iter().map(place).collect();
        for part in placed.split(Option::is_none) {
            let part: Vec<Point> = part.iter().flatten().copied().collect();
            if series.kind == SeriesKind::Line {
                for line in self.plot.clip_line(&thin(&part)) {
                    stroke(canvas, &line, look);
                }
            }
            // A point between gaps is no line, and would not be seen without a mark.
            if series.is_marked() || part.len() == 1 {
                for point in part.into_iter().filter(|&p| self.plot.holds(p)) {
                    mark(canvas, point, look);
                }
            }
        }
    }
}
