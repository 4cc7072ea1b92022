//! Lines to compare with, and where their labels hide least.

use super::canvas::{Canvas, GREY, Hand, WHITE};
use super::geometry::{Point, Rect, dashes};
use super::text::{width, wrap};
use super::{Across, Reference};
use anyhow::Result;
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: f64 = 11.0;
const LINE_HEIGHT: f64 = 13.5;
const WIDTH: f64 = 1.25;
const PATTERN: (f64, f64) = (5.0, 3.0);
/// Between a line and its label.
const GAP: f64 = 3.0;

/// A reference line with its place in the panel, in pixels along its axis.
pub(super) struct Placed<'a> {
    pub reference: &'a Reference,
    pub at: f64,
}

/// The lines.
pub(super) fn lines(canvas: &mut Canvas, placed: &[Placed], plot: &Rect) -> Result<()> {
    for line in placed {
        let ends = match line.reference.across {
            Across::Horizontal => [(plot.left, line.at), (plot.right, line.at)],
            Across::Vertical => [(line.at, plot.top), (line.at, plot.bottom)],
        };
        for dash in dashes(&ends, PATTERN) {
            canvas.line(&dash, GREY, WIDTH)?;
        }
    }
    Ok(())
}

/// The labels, each where it covers fewest of the `drawn` points and no other label.
pub(super) fn labels(
    canvas: &mut Canvas,
    placed: &[Placed],
    plot: &Rect,
    drawn: &[Point],
) -> Result<()> {
    let mut taken: Vec<Rect> = Vec::new();
    for line in placed {
        let text = wrap(&line.reference.label, SIZE, 0.6 * plot.width());
        if text.is_empty() {
            continue;
        }
        let size = (
            text.iter().map(|t| width(t, SIZE)).fold(0.0, f64::max) + 4.0,
            text.len() as f64 * LINE_HEIGHT,
        );
        let cost = |b: &Rect| {
            let labels = taken.iter().filter(|t| t.meets(b)).count();
            let crossed = placed.iter().filter(|p| crosses(p, b)).count();
            let points = drawn.iter().filter(|&&p| b.holds(p)).count();
            1_000_000 * labels + 1_000 * crossed + points
        };
        let places = places(line, size, plot);
        let Some(best) = places.into_iter().min_by_key(cost) else {
            continue;
        };
        canvas.rect(&best, WHITE, 0.75)?;
        for (i, text) in text.iter().enumerate() {
            let at = (best.left + 2.0, best.top + (i as f64 + 0.5) * LINE_HEIGHT);
            canvas.text(text, at, Hand::new(SIZE, GREY, HPos::Left, VPos::Center))?;
        }
        taken.push(best);
    }
    Ok(())
}

fn crosses(line: &Placed, label: &Rect) -> bool {
    match line.reference.across {
        Across::Horizontal => (label.top..=label.bottom).contains(&line.at),
        Across::Vertical => (label.left..=label.right).contains(&line.at),
    }
}

/// Where a label of this size can stand: along its line, on both sides of it, inside the panel;
/// the best first.
fn places(line: &Placed, (wide, high): (f64, f64), plot: &Rect) -> Vec<Rect> {
    let rect = |left: f64, top: f64| Rect {
        left,
        top,
        right: left + wide,
        bottom: top + high,
    };
    let along = |from: f64, room: f64| (0..=8).map(move |i| from + room * f64::from(i) / 8.0);
    let all: Vec<Rect> = match line.reference.across {
        Across::Horizontal => {
            let right = plot.right - GAP - wide;
            along(right, plot.left + GAP - right)
                .flat_map(|left| [rect(left, line.at - GAP - high), rect(left, line.at + GAP)])
                .collect()
        }
        Across::Vertical => {
            let top = plot.top + GAP;
            along(top, plot.bottom - GAP - high - top)
                .flat_map(|top| [rect(line.at + GAP, top), rect(line.at - GAP - wide, top)])
                .collect()
        }
    };
    all.into_iter()
        .filter(|r| plot.holds((r.left, r.top)) && plot.holds((r.right, r.bottom)))
        .collect()
}
