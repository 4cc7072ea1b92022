//! One plot: axes, grid, bands, lines, marks.

use super::axis::{Axis, Range};
use super::canvas::{Canvas, FAINT, GREY, GRID, Hand, INK};
use super::geometry::{Point, Rect, thin};
use super::legend::Legend;
use super::marks::{mark, stroke};
use super::references::{self, Placed};
use super::text::{width, wrap};
use super::ticks::{Tick, ticks};
use super::{Across, Figure, Kind, Panel, Series};
use anyhow::Result;
use plotters::style::text_anchor::{HPos, VPos};

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

/// A panel's title in the lines it takes in an area of this width.
pub(super) fn title_lines(panel: &Panel, area_width: f64) -> Vec<String> {
    wrap(&panel.title, TITLE, area_width - 2.0 * MARGIN)
}

/// What a panel's coordinates are.
struct Frame<'a> {
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
) -> Result<()> {
    let middle = (area.left + area.right) / 2.0;
    let title = title_lines(panel, area.width());
    for (i, line) in title.iter().enumerate() {
        let at = (middle, area.top + 4.0 + i as f64 * TITLE_LINE);
        let hand = Hand::new(TITLE, INK, HPos::Center, VPos::Top).bold();
        canvas.text(line, at, hand)?;
    }
    let top = area.top + title_room as f64 * TITLE_LINE + MARGIN;
    let x_axis = panel.x.as_ref().unwrap_or(&figure.x);
    let y_axis = panel.y.as_ref().unwrap_or(&figure.y);
    let (Some(x), Some(y)) = (x_range(panel, x_axis), y_range(panel, x_axis, y_axis)) else {
        let gap = Rect {
            left: area.left + 4.0 * MARGIN,
            top,
            right: area.right - RIGHT,
            bottom: area.bottom - 4.0 * MARGIN,
        };
        canvas.rect(&gap, FAINT, 1.0)?;
        let at = ((gap.left + gap.right) / 2.0, (gap.top + gap.bottom) / 2.0);
        let hand = Hand::new(LABEL, GREY, HPos::Center, VPos::Center);
        return canvas.text("nothing measured", at, hand);
    };
    let x_label = wrap(&x_axis.label, LABEL, area.width() - 2.0 * MARGIN - RIGHT);
    let bottom = area.bottom - x_label.len() as f64 * LABEL_LINE - TICK_LENGTH - TICK - 10.0;
    let y_label = wrap(&y_axis.label, LABEL, area.bottom - area.top);
    let y_ticks = ticks(y_axis, &y, ((bottom - top) / 42.0) as usize);
    let widest = |ticks: &[Tick]| {
        let labels = ticks.iter().filter_map(|t| t.label.as_deref());
        labels.map(|l| width(l, TICK)).fold(0.0, f64::max)
    };
    let left = area.left
        + MARGIN
        + y_label.len() as f64 * LABEL_LINE
        + widest(&y_ticks)
        + TICK_LENGTH
        + 6.0;
    let plot = Rect {
        left,
        top,
        right: area.right - RIGHT,
        bottom,
    };
    let x_ticks = ticks(x_axis, &x, (plot.width() / 64.0) as usize);
    let frame = Frame { plot, x, y, legend };
    frame.axes(canvas, &x_ticks, &y_ticks)?;
    for (i, line) in x_label.iter().enumerate() {
        let from_bottom = (x_label.len() - 1 - i) as f64 * LABEL_LINE;
        let at = (
            (plot.left + plot.right) / 2.0,
            area.bottom - 4.0 - from_bottom,
        );
        canvas.text(line, at, Hand::new(LABEL, INK, HPos::Center, VPos::Bottom))?;
    }
    // Along the plot if it is long enough, along the whole panel if not.
    let longest = y_label.iter().map(|l| width(l, LABEL)).fold(0.0, f64::max);
    let y_middle = if longest <= plot.height() {
        (plot.top + plot.bottom) / 2.0
    } else {
        (area.top + area.bottom) / 2.0
    };
    for (i, line) in y_label.iter().enumerate() {
        let at = (area.left + MARGIN - 4.0 + i as f64 * LABEL_LINE, y_middle);
        let hand = Hand::new(LABEL, INK, HPos::Center, VPos::Top).upwards();
        canvas.text(line, at, hand)?;
    }
    frame.content(canvas, panel)
}

/// From where to where the x axis goes.
fn x_range(panel: &Panel, axis: &Axis) -> Option<Range> {
    let of_series = |s: &Series| {
        let points = s.points.iter().map(|p| p.0);
        points.chain(s.band.iter().map(|b| b.x)).collect::<Vec<_>>()
    };
    let series: Vec<f64> = panel.series.iter().flat_map(of_series).collect();
    axis.range(with_references(panel, Across::Vertical, series), true)
}

/// From where to where the y axis goes: for what the x axis shows.
fn y_range(panel: &Panel, x_axis: &Axis, axis: &Axis) -> Option<Range> {
    let x = x_range(panel, x_axis)?;
    let shown = |value: f64| {
        x.place(value)
            .is_some_and(|at| (-1e-9..=1.0 + 1e-9).contains(&at))
    };
    let of_series = |s: &Series| {
        let points = s.points.iter().filter(|p| shown(p.0)).map(|p| p.1);
        let band = s.band.iter().filter(|b| shown(b.x));
        let band = band.flat_map(|b| [b.low, b.high]);
        points.chain(band).collect::<Vec<_>>()
    };
    let series: Vec<f64> = panel.series.iter().flat_map(of_series).collect();
    axis.range(with_references(panel, Across::Horizontal, series), false)
}

/// A panel's values and its reference lines; lines alone are nothing to show.
fn with_references(panel: &Panel, across: Across, values: Vec<f64>) -> impl Iterator<Item = f64> {
    let lines: Vec<f64> = if values.is_empty() {
        Vec::new()
    } else {
        let all = panel.references.iter().filter(|r| r.across == across);
        all.map(|r| r.at).collect()
    };
    values.into_iter().chain(lines)
}

impl Frame<'_> {
    fn px(&self, x: f64) -> Option<f64> {
        let at = self.x.place(x)?;
        Some(self.plot.left + at * self.plot.width())
    }

    fn py(&self, y: f64) -> Option<f64> {
        let at = self.y.place(y)?;
        Some(self.plot.bottom - at * self.plot.height())
    }

    fn axes(&self, canvas: &mut Canvas, x_ticks: &[Tick], y_ticks: &[Tick]) -> Result<()> {
        let p = self.plot;
        let x_at = |t: &Tick| p.left + t.at * p.width();
        let y_at = |t: &Tick| p.bottom - t.at * p.height();
        let shade = |t: &Tick| if t.label.is_some() { GRID } else { FAINT };
        // The faint lines first, so that none crosses over a strong one.
        for strong in [false, true] {
            for t in x_ticks.iter().filter(|t| t.label.is_some() == strong) {
                canvas.line(&[(x_at(t), p.top), (x_at(t), p.bottom)], shade(t), 1.0)?;
            }
            for t in y_ticks.iter().filter(|t| t.label.is_some() == strong) {
                canvas.line(&[(p.left, y_at(t)), (p.right, y_at(t))], shade(t), 1.0)?;
            }
        }
        let mut free_from = f64::NEG_INFINITY;
        for t in x_ticks {
            let Some(label) = &t.label else { continue };
            let x = x_at(t);
            let ends = [(x, p.bottom), (x, p.bottom + TICK_LENGTH)];
            canvas.line(&ends, INK, 1.0)?;
            let half = width(label, TICK) / 2.0;
            if x - half < free_from {
                continue;
            }
            let hand = Hand::new(TICK, INK, HPos::Center, VPos::Top);
            canvas.text(label, (x, p.bottom + TICK_LENGTH + 3.0), hand)?;
            free_from = x + half + 4.0;
        }
        let mut free_below = f64::INFINITY;
        for t in y_ticks {
            let Some(label) = &t.label else { continue };
            let y = y_at(t);
            canvas.line(&[(p.left - TICK_LENGTH, y), (p.left, y)], INK, 1.0)?;
            if y + TICK / 2.0 > free_below {
                continue;
            }
            let hand = Hand::new(TICK, INK, HPos::Right, VPos::Center);
            canvas.text(label, (p.left - TICK_LENGTH - 3.0, y), hand)?;
            free_below = y - TICK / 2.0;
        }
        canvas.line(
            &[(p.left, p.top), (p.left, p.bottom), (p.right, p.bottom)],
            INK,
            1.0,
        )
    }

    fn content(&self, canvas: &mut Canvas, panel: &Panel) -> Result<()> {
        let placed: Vec<Placed> = panel
            .references
            .iter()
            .filter_map(|reference| {
                let at = match reference.across {
                    Across::Horizontal => self.py(reference.at),
                    Across::Vertical => self.px(reference.at),
                }?;
                let p = match reference.across {
                    Across::Horizontal => (self.plot.left, at),
                    Across::Vertical => (at, self.plot.top),
                };
                self.plot.holds(p).then_some(Placed { reference, at })
            })
            .collect();
        for series in &panel.series {
            self.band(canvas, series)?;
        }
        references::lines(canvas, &placed, &self.plot)?;
        let mut drawn = Vec::new();
        for series in &panel.series {
            drawn.extend(self.series(canvas, series)?);
        }
        references::labels(canvas, &placed, &self.plot, &drawn)
    }

    fn band(&self, canvas: &mut Canvas, series: &Series) -> Result<()> {
        let place = |b: &super::Band| {
            let y = |v| Some(self.plot.bottom - self.y.place_of_end(v)? * self.plot.height());
            // A band that is all below a logarithmic axis is none.
            self.y.place_of_end(b.high).filter(|at| *at > -1.0)?;
            Some((self.px(b.x)?, y(b.low)?, y(b.high)?))
        };
        let placed: Vec<Option<(f64, f64, f64)>> = series.band.iter().map(place).collect();
        let colour = self.legend.look(series).colour;
        for part in placed.split(Option::is_none) {
            let upper: Vec<Point> = part.iter().flatten().map(|b| (b.0, b.2)).collect();
            let lower: Vec<Point> = part.iter().flatten().map(|b| (b.0, b.1)).collect();
            let (upper, lower) = (thin(&upper), thin(&lower));
            let area: Vec<Point> = upper.into_iter().chain(lower.into_iter().rev()).collect();
            canvas.area(&self.plot.clip_area(&area), colour, BAND)?;
        }
        Ok(())
    }

    /// Draws a series; returns points all along it.
    fn series(&self, canvas: &mut Canvas, series: &Series) -> Result<Vec<Point>> {
        let look = self.legend.look(series);
        let place = |&(x, y): &(f64, f64)| Some((self.px(x)?, self.py(y)?));
        let placed: Vec<Option<Point>> = series.points.iter().map(place).collect();
        let mut drawn = Vec::new();
        for part in placed.split(Option::is_none) {
            let part: Vec<Point> = part.iter().flatten().copied().collect();
            if series.kind == Kind::Line {
                for line in self.plot.clip_line(&thin(&part)) {
                    stroke(canvas, &line, look)?;
                    drawn.extend(sampled(&line));
                }
            }
            // A point between gaps is no line, and would not be seen without a mark.
            if series.is_marked() || part.len() == 1 {
                for point in part.into_iter().filter(|&p| self.plot.holds(p)) {
                    mark(canvas, point, look)?;
                    drawn.push(point);
                }
            }
        }
        Ok(drawn)
    }
}

/// Points along a line, a few pixels apart.
fn sampled(line: &[Point]) -> Vec<Point> {
    let mut points = Vec::new();
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let steps = ((b.0 - a.0).hypot(b.1 - a.1) / 4.0).ceil().max(1.0);
        points.extend((0..steps as usize).map(|i| {
            let t = i as f64 / steps;
            (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))
        }));
    }
    points
}
