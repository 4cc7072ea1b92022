//! Drawing in pixels. The SVG's own units are quarters of a pixel, because plotters knows only
//! whole ones and curves would be seen to step.

use super::geometry::{Point, Rect};
use anyhow::{Result, anyhow};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

/// Units of the SVG in a pixel.
pub(super) const UNITS: f64 = 4.0;

pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Words.
pub(super) const INK: RGBColor = RGBColor(26, 26, 26);
/// Words that matter less.
pub(super) const GREY: RGBColor = RGBColor(85, 85, 85);
/// Warnings.
pub(super) const RED: RGBColor = RGBColor(176, 0, 0);
/// The lines of a grid.
pub(super) const GRID: RGBColor = RGBColor(229, 229, 229);
/// The lines between those.
pub(super) const FAINT: RGBColor = RGBColor(243, 243, 243);

/// The font, as an SVG names it.
pub(super) const FONT: &str = "sans-serif";

/// A point in units.
type BackendCoord = (i32, i32);

/// The surface that a figure is drawn on.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// How a line of text is written.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    pub size: f64,
    pub colour: RGBColor,
    pub bold: bool,
    pub h: HPos,
    pub v: VPos,
    /// From the bottom upwards.
    pub upwards: bool,
}

impl Hand {
    pub(super) fn new(size: f64, colour: RGBColor, h: HPos, v: VPos) -> Self {
        Self {
            size,
            colour,
            bold: false,
            h,
            v,
            upwards: false,
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn upwards(self) -> Self {
        Self {
            upwards: true,
            ..self
        }
    }
}

fn units((x, y): Point) -> BackendCoord {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

fn stroke(colour: RGBColor, opacity: f64, width: f64) -> ShapeStyle {
    let width = (width * UNITS).round() as u32;
    ShapeStyle {
        stroke_width: width,
        ..ShapeStyle::from(&colour.mix(opacity))
    }
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing a figure: {error}")
}

impl<'a> Canvas<'a> {
    /// A white one of this size, whose SVG is written to `svg`.
    pub(super) fn new(svg: &'a mut String, width: f64, height: f64) -> Result<Self> {
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
        canvas.rect(&all, WHITE, 1.0)?;
        Ok(canvas)
    }

    /// Closes the document.
    pub(super) fn finish(mut self) -> Result<()> {
        self.backend.present().map_err(failed)
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, at: &Rect, colour: RGBColor, opacity: f64) -> Result<()> {
        let (from, to) = (units((at.left, at.top)), units((at.right, at.bottom)));
        self.backend
            .draw_rect(from, to, &stroke(colour, opacity, 0.0), true)
            .map_err(failed)
    }

    /// A line through points; points that fall on one another are drawn once.
    pub(super) fn line(&mut self, points: &[Point], colour: RGBColor, width: f64) -> Result<()> {
        let mut path: Vec<BackendCoord> = points.iter().copied().map(units).collect();
        path.dedup();
        if path.len() < 2 {
            return Ok(());
        }
        self.backend
            .draw_path(path, &stroke(colour, 1.0, width))
            .map_err(failed)
    }

    /// A filled area.
    pub(super) fn area(&mut self, points: &[Point], colour: RGBColor, opacity: f64) -> Result<()> {
        let mut path: Vec<BackendCoord> = points.iter().copied().map(units).collect();
        path.dedup();
        if path.len() < 3 {
            return Ok(());
        }
        self.backend
            .fill_polygon(path, &stroke(colour, opacity, 0.0))
            .map_err(failed)
    }

    /// A filled circle.
    pub(super) fn disc(&mut self, center: Point, radius: f64, colour: RGBColor) -> Result<()> {
        let radius = (radius * UNITS).round() as u32;
        self.backend
            .draw_circle(units(center), radius, &stroke(colour, 1.0, 0.0), true)
            .map_err(failed)
    }

    /// A line of text.
    pub(super) fn text(&mut self, text: &str, at: Point, hand: Hand) -> Result<()> {
        // plotters divides sizes by this on their way into an SVG.
        let font = (FONT, hand.size * UNITS * 1.24).into_font();
        let font = font.style(if hand.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        });
        let font = font.transform(if hand.upwards {
            FontTransform::Rotate270
        } else {
            FontTransform::None
        });
        let style = TextStyle::from(font)
            .color(&hand.colour)
            .pos(Pos::new(hand.h, hand.v));
        self.backend
            .draw_text(text, &style, units(at))
            .map_err(failed)
    }
}
