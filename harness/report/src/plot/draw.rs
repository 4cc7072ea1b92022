//! Lays a figure out: title, warning, panels, legend, caption, from top to bottom.

use super::canvas::{Anchor, Canvas, FONT, GREY, INK, RED, TextBaseline, TextStyle, UNITS};
use super::geometry::{Point, Rect};
use super::legend::Legend;
use super::panel::{self, TITLE_LINE, title_lines};
use super::text::wrap;
use super::{Figure, Panel};
use crate::escape::escaped;

/// How wide a figure of one column is, and how wide each of two columns.
const WIDTHS: [f64; 2] = [640.0, 480.0];
/// How high a panel is without its title.
const HEIGHT: f64 = 330.0;
const MARGIN: f64 = 14.0;
const TITLE: f64 = 17.0;
const NOTE: f64 = 13.0;
const CAPTION: f64 = 11.5;

/// Lines of text of one kind.
struct Lines {
    text: Vec<String>,
    line_height: f64,
}

impl Lines {
    fn new(text: &str, size: f64, room: f64) -> Self {
        Self {
            text: wrap(text, size, room),
            line_height: 1.3 * size,
        }
    }

    /// Measures their height with the gap below; nothing takes no room.
    fn height(&self) -> f64 {
        match self.text.len() {
            0 => 0.0,
            lines => lines as f64 * self.line_height + 6.0,
        }
    }

    fn draw(&self, canvas: &mut Canvas, at: Point, style: TextStyle) {
        for (i, line) in self.text.iter().enumerate() {
            canvas.text(line, (at.0, at.1 + i as f64 * self.line_height), style);
        }
    }
}

/// Draws the figure as an SVG document.
pub(super) fn svg(figure: &Figure, alt: &str) -> String {
    let columns = figure.panels.len().clamp(1, 2);
    let panel_width = WIDTHS[columns - 1];
    let width = columns as f64 * panel_width;
    let room = width - 2.0 * MARGIN;
    // Bold words are wider than others.
    let title = Lines::new(&figure.title, 1.08 * TITLE, room);
    let note = figure.note.as_deref().unwrap_or_default();
    let note = Lines::new(note, 1.08 * NOTE, room);
    let caption = Lines::new(&figure.caption, CAPTION, room);
    let legend = Legend::of(figure);
    let entries = legend.layout(room);
    let empty = [Panel::default()];
    let panels: &[Panel] = match figure.panels.as_slice() {
        [] => &empty,
        panels => panels,
    };
    let titles = panels.chunks(columns).map(|row| {
        let lines = row.iter().map(|p| title_lines(p, panel_width).len());
        lines.max().unwrap_or(0)
    });
    let titles: Vec<usize> = titles.collect();
    let row_height = |lines: usize| HEIGHT + lines as f64 * TITLE_LINE + 8.0;
    let head = MARGIN + title.height() + note.height();
    let body: f64 = titles.iter().map(|&lines| row_height(lines)).sum();
    let legend_top = head + body + 8.0;
    let caption_top = legend_top + entries.height + 4.0;
    let height = (caption_top + caption.height() + 6.0).ceil();

    let mut svg = String::new();
    let mut canvas = Canvas::new(&mut svg, width, height);
    // At the left, where a narrow screen that shows a part of the figure shows it.
    let plain = |size, colour| TextStyle::new(size, colour, Anchor::Start, TextBaseline::Top);
    let bold = |size, colour| TextStyle {
        bold: true,
        ..plain(size, colour)
    };
    title.draw(&mut canvas, (MARGIN, MARGIN), bold(TITLE, INK));
    let under_title = (MARGIN, MARGIN + title.height());
    note.draw(&mut canvas, under_title, bold(NOTE, RED));
    let mut top = head;
    for (row, &lines) in panels.chunks(columns).zip(&titles) {
        for (column, panel) in row.iter().enumerate() {
            let left = column as f64 * panel_width;
            let area = Rect {
                left,
                top,
                right: left + panel_width,
                bottom: top + row_height(lines) - 8.0,
            };
            panel::draw(&mut canvas, figure, panel, &legend, &area, lines);
        }
        top += row_height(lines);
    }
    legend.draw(&mut canvas, &entries, (MARGIN, legend_top));
    caption.draw(&mut canvas, (MARGIN, caption_top), plain(CAPTION, GREY));
    canvas.finish();
    named(&svg, figure, alt, (width, height))
}

/// Gives the document its size in pixels and its name, and says once what plotters says with every
/// line. Text cannot be mistaken for such an attribute: its quotation marks are escaped.
fn named(svg: &str, figure: &Figure, alt: &str, (width, height): (f64, f64)) -> String {
    let content = svg.split_once('\n').map_or("", |(_, content)| content);
    let content = content
        .replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(&format!(" font-family=\"{FONT}\""), "")
        .replace(" \"/>", "\"/>");
    let name = if alt.is_empty() { &figure.title } else { alt };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" font-family=\"{FONT}\" \
         stroke-linejoin=\"round\">\n<title>{}</title>\n{content}",
        escaped(name),
        width * UNITS,
        height * UNITS,
        escaped(&figure.title),
    )
}
