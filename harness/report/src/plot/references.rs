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
    for (at, lines) in spots(placed, plot, drawn) {
        canvas.rect(&at, WHITE, 0.75)?;
        for (i, text) in lines.iter().enumerate() {
            let at = (at.left + 2.0, at.top + (i as f64 + 0.5) * LINE_HEIGHT);
            canvas.text(text, at, Hand::new(SIZE, GREY, HPos::Left, VPos::Center))?;
        }
    }
    Ok(())
}

/// Where the labels stand, with their lines.
fn spots(placed: &[Placed], plot: &Rect, drawn: &[Point]) -> Vec<(Rect, Vec<String>)> {
    let mut taken: Vec<(Rect, Vec<String>)> = Vec::new();
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
            let labels = taken.iter().filter(|(t, _)| t.meets(b)).count();
            let crossed = placed.iter().filter(|p| crosses(p, b)).count();
            let points = drawn.iter().filter(|&&p| b.holds(p)).count();
            1_000_000 * labels + 1_000 * crossed + points
        };
        if let Some(best) = places(line, size, plot).into_iter().min_by_key(cost) {
            taken.push((best, text));
        }
    }
    taken
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 400.0,
        bottom: 300.0,
    };

    fn reference(across: Across) -> Reference {
        Reference {
            across,
            at: 0.0,
            label: "the paper: 1.95x".into(),
        }
    }

    #[test]
    fn labels_of_lines_close_to_each_other_do_not_overlap() {
        let (h, v) = (reference(Across::Horizontal), reference(Across::Vertical));
        let at = |reference, at| Placed { reference, at };
        let all = [at(&h, 100.0), at(&h, 104.0), at(&h, 108.0), at(&v, 390.0)];
        let spots = spots(&all, &PLOT, &[]);
        assert_eq!(spots.len(), 4);
        for (i, (a, _)) in spots.iter().enumerate() {
            assert!(PLOT.holds((a.left, a.top)) && PLOT.holds((a.right, a.bottom)));
            assert!(spots[..i].iter().all(|(b, _)| !a.meets(b)), "label {i}");
        }
    }

    #[test]
    fn a_label_goes_where_no_curve_is() {
        let h = reference(Across::Horizontal);
        let line = [Placed {
            reference: &h,
            at: 100.0,
        }];
        let drawn: Vec<Point> = (100..400).map(|x| (f64::from(x), 92.0)).collect();
        let (spot, _) = &spots(&line, &PLOT, &drawn)[0];
        assert!(drawn.iter().all(|&p| !spot.holds(p)), "{spot:?}");
    }
}
