//! Marks of points and samples of lines.

use super::canvas::Canvas;
use super::geometry::{Point, dashes};
use super::look::{Mark, Settled};

/// How wide a series' line is, in pixels.
pub(super) const LINE: f64 = 1.8;
/// How far a mark reaches from its point, in pixels.
const REACH: f64 = 3.4;

/// Draws a line, cut into its dashes.
pub(super) fn stroke(canvas: &mut Canvas, line: &[Point], look: Settled) {
    match look.dash.pattern() {
        [] => canvas.line(line, look.colour, LINE),
        pattern => {
            for dash in dashes(line, pattern) {
                canvas.line(&dash, look.colour, LINE);
            }
        }
    }
}

/// Draws the mark of a point.
pub(super) fn mark(canvas: &mut Canvas, (x, y): Point, look: Settled) {
    // Shapes of the same reach look larger the more corners they fill.
    let (reach, small, large) = (REACH, 0.85 * REACH, 1.25 * REACH);
    let places =
        |corners: &[Point]| -> Vec<Point> { corners.iter().map(|c| (x + c.0, y + c.1)).collect() };
    let mut shape = |corners: &[Point]| canvas.area(&places(corners), look.colour, 1.0);
    match look.mark {
        Mark::None => {}
        Mark::Circle => canvas.disc((x, y), 0.95 * reach, look.colour),
        Mark::Square => shape(&[
            (-small, -small),
            (small, -small),
            (small, small),
            (-small, small),
        ]),
        Mark::Diamond => shape(&[(0.0, -large), (large, 0.0), (0.0, large), (-large, 0.0)]),
        Mark::Triangle => shape(&[(0.0, -large), (large, reach), (-large, reach)]),
        Mark::Down => shape(&[(0.0, large), (large, -reach), (-large, -reach)]),
        Mark::Cross => {
            canvas.line(
                &places(&[(-reach, -reach), (reach, reach)]),
                look.colour,
                LINE,
            );
            canvas.line(
                &places(&[(-reach, reach), (reach, -reach)]),
                look.colour,
                LINE,
            );
        }
        Mark::Plus => {
            canvas.line(&places(&[(-large, 0.0), (large, 0.0)]), look.colour, LINE);
            canvas.line(&places(&[(0.0, -large), (0.0, large)]), look.colour, LINE);
        }
    }
}
