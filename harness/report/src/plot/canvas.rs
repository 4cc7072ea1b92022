//! Drawing in pixels. The SVG's own units are quarters of a pixel, because plotters knows only
//! whole ones and curves would be seen to step.

use super::geometry::{Point, Rect};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle};
use std::fmt::Display;

/// Units of the SVG in a pixel.
pub(super) const UNITS: f64 = 4.0;

/// The font, as an SVG names it.
pub(super) const FONT: &str = "sans-serif";

/// A colour.
pub(super) type Colour = RGBColor;

pub(super) const WHITE: Colour = RGBColor(255, 255, 255);
/// Words.
pub(super) const INK: Colour = RGBColor(26, 26, 26);
/// Words that matter less.
pub(super) const GREY: Colour = RGBColor(85, 85, 85);
/// Warnings.
pub(super) const RED: Colour = RGBColor(176, 0, 0);
/// The lines of a grid.
pub(super) const GRID: Colour = RGBColor(229, 229, 229);
/// The lines between those.
pub(super) const FAINT: Colour = RGBColor(243, 243, 243);

/// The surface that a figure is drawn on.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// Which part of a line of text stands at its x.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Which part of a line of text stands at its y.
#[derive(Clone, Copy)]
pub(super) enum TextBaseline {
    Top,
    Middle,
    Bottom,
}

/// How a line of text is written.
#[derive(Clone, Copy)]
pub(super) struct TextStyle {
    pub size: f64,
    pub colour: Colour,
    pub anchor: Anchor,
    pub baseline: TextBaseline,
    pub bold: bool,
    /// Whether it runs from the bottom upwards.
    pub upwards: bool,
}

impl TextStyle {
    pub(super) fn new(size: f64, colour: Colour, anchor: Anchor, baseline: TextBaseline) -> Self {
        Self {
            size,
            colour,
            anchor,
            baseline,
            bold: false,
            upwards: false,
        }
    }
}

/// A point in units.
fn units((x, y): Point) -> (i32, i32) {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

/// Points in units; `None` if fewer than `least` are apart.
fn path(points: &[Point], least: usize) -> Option<Vec<(i32, i32)>> {
    let mut path: Vec<_> = points.iter().copied().map(units).collect();
    path.dedup();
    (path.len() >= least).then_some(path)
}

/// How a shape is drawn: with a line of a width in pixels, or filled.
fn style(colour: Colour, share: f64, width: f64) -> ShapeStyle {
    ShapeStyle {
        stroke_width: (width * UNITS).round() as u32,
        ..ShapeStyle::from(&colour.mix(share))
    }
}

/// What a shape's writer answers, which cannot be that it failed: it writes to a string.
fn drawn<E: Display>(answer: Result<(), E>) {
    if let Err(error) = answer {
        unreachable!("a string took no more: {error}");
    }
}

impl<'a> Canvas<'a> {
    /// Begins a white one of this size, whose SVG is written to `svg`.
    pub(super) fn new(svg: &'a mut String, width: f64, height: f64) -> Self {
        let (w, h) = units((width, height));
        let mut canvas = Self {
            backend: SVGBackend::with_string(svg, (w as u32, h as u32)),
        };
        let all = Rect {
            left: 0.0,
            top: 0.0,
            right: width,
            bottom: height,
        };
        canvas.rect(&all, WHITE, 1.0);
        canvas
    }

    /// Closes the document.
    pub(super) fn finish(mut self) {
        drawn(self.backend.present());
    }

    /// Draws a filled rectangle.
    pub(super) fn rect(&mut self, at: &Rect, colour: Colour, share: f64) {
        let (from, to) = (units((at.left, at.top)), units((at.right, at.bottom)));
        let filled = style(colour, share, 0.0);
        drawn(self.backend.draw_rect(from, to, &filled, true));
    }

    /// Draws a line through points; points that fall on one another are drawn once.
    pub(super) fn line(&mut self, points: &[Point], colour: Colour, width: f64) {
        if let Some(path) = path(points, 2) {
            drawn(self.backend.draw_path(path, &style(colour, 1.0, width)));
        }
    }

    /// Draws a filled area.
    pub(super) fn area(&mut self, points: &[Point], colour: Colour, share: f64) {
        if let Some(path) = path(points, 3) {
            drawn(self.backend.fill_polygon(path, &style(colour, share, 0.0)));
        }
    }

    /// Draws a filled circle.
    pub(super) fn disc(&mut self, center: Point, radius: f64, colour: Colour) {
        let radius = (radius * UNITS).round() as u32;
        let filled = style(colour, 1.0, 0.0);
        drawn(
            self.backend
                .draw_circle(units(center), radius, &filled, true),
        );
    }

    /// Writes a line of text.
    pub(super) fn text(&mut self, text: &str, at: Point, style: TextStyle) {
        let horizontal = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let vertical = match style.baseline {
            TextBaseline::Top => VPos::Top,
            TextBaseline::Middle => VPos::Center,
            TextBaseline::Bottom => VPos::Bottom,
        };
        // plotters divides sizes by this on their way into an SVG.
        let font = (FONT, style.size * UNITS * 1.24).into_font();
        let font = font.style(match style.bold {
            true => FontStyle::Bold,
            false => FontStyle::Normal,
        });
        let font = font.transform(match style.upwards {
            true => FontTransform::Rotate270,
            false => FontTransform::None,
        });
        let shown = plotters::style::TextStyle::from(font)
            .color(&style.colour)
            .pos(Pos::new(horizontal, vertical));
        drawn(self.backend.draw_text(text, &shown, units(at)));
    }
}
