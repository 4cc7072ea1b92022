//! Marks of points and samples of lines.

use super::canvas::Canvas;
use super::geometry::{Point, dashes};
use super::look::{Mark, Settled};
use anyhow::Result;

/// How wide a series' line is, in pixels.
pub(super) const LINE: f64 = 1.8;
/// How far a mark reaches from its point, in pixels.
const REACH: f64 = 3.4;

/// A line, cut into its dashes.
pub(super) fn stroke(canvas: &mut Canvas, line: &[Point], look: Settled) -> Result<()> {
    match look.dash.pattern() {
        None => canvas.line(line, look.colour, LINE),
        Some(pattern) => dashes(line, pattern)
            .iter()
            .try_for_each(|dash| canvas.line(dash, look.colour, LINE)),
    }
}

/// The mark of a point.
pub(super) fn mark(canvas: &mut Canvas, (x, y): Point, look: Settled) -> Result<()> {
    // Shapes of the same reach look larger the more corners they fill.
    let (small, large) = (0.85 * REACH, 1.25 * REACH);
    let colour = look.colour;
    let shape = |canvas: &mut Canvas, corners: &[Point]| {
        let corners: Vec<Point> = corners.iter().map(|c| (x + c.0, y + c.1)).collect();
        canvas.area(&corners, colour, 1.0)
    };
    match look.mark {
        Mark::None => Ok(()),
        Mark::Circle => canvas.disc((x, y), 0.95 * REACH, colour),
        Mark::Square => shape(
            canvas,
            &[
                (-small, -small),
                (small, -small),
                (small, small),
                (-small, small),
            ],
        ),
        Mark::Diamond => shape(
            canvas,
            &[(0.0, -large), (large, 0.0), (0.0, large), (-large, 0.0)],
        ),
        Mark::Triangle => shape(canvas, &[(0.0, -large), (large, REACH), (-large, REACH)]),
        Mark::Down => shape(canvas, &[(0.0, large), (large, -REACH), (-large, -REACH)]),
        Mark::Cross => {
            canvas.line(
                &[(x - REACH, y - REACH), (x + REACH, y + REACH)],
                colour,
                LINE,
            )?;
            canvas.line(
                &[(x - REACH, y + REACH), (x + REACH, y - REACH)],
                colour,
                LINE,
            )
        }
        Mark::Plus => {
            canvas.line(&[(x - large, y), (x + large, y)], colour, LINE)?;
            canvas.line(&[(x, y - large), (x, y + large)], colour, LINE)
        }
    }
}
